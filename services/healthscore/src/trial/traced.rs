//! How the score of one account went by a scorecard that is tried out.

use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use keizoku_core::Day;
use keizoku_revenue::{AccountIx, AsOf, Book};

use super::observed::{Observed, SeriesTable};
use crate::scoring::{Band, CardInEffect, Course, Scorecard, Situation};

/// Signals wait that long for others that occurred before them: files of a day come in any order.
const SETTLES: SignedDuration = SignedDuration::from_hours(24 * 8);
/// Signals of an account that are followed together: to fetch what is known of it from memory takes longer
/// than to follow one.
const TOGETHER: usize = 56;

/// A scorecard that is tried out, and whom it is for.
#[derive(Debug, Clone)]
pub(crate) struct Applies {
    pub(crate) card: CardInEffect,
    /// Tiers that others are in effect for, where it is for all the rest.
    pub(crate) others: Vec<String>,
}

impl Applies {
    /// A scorecard as if it had always been in effect; `others` are for these tiers.
    pub(crate) fn always(
        key: &str,
        version: u32,
        card: Arc<Scorecard>,
        others: Vec<String>,
    ) -> Self {
        let card = CardInEffect {
            key: key.to_owned(),
            version,
            since: Timestamp::MIN,
            card,
        };
        Self { card, others }
    }

    fn to(&self, tier: &str) -> bool {
        let tiers = &self.card.card.declared().tiers;
        match tiers.as_slice() {
            [] => !self.others.iter().any(|other| other == tier),
            tiers => tiers.iter().any(|named| named == tier),
        }
    }
}

/// An account whose score is followed.
#[derive(Debug)]
pub(crate) struct Traced {
    course: Course,
    /// Signals that have yet to be followed.
    waiting: Vec<Observed>,
    /// When so many wait, they are.
    enough: usize,
    /// What held from when on, as known now.
    held: Vec<(Timestamp, Situation)>,
    moments: Vec<Timestamp>,
    /// Its bands, from when on.
    pub(crate) bands: Vec<(Timestamp, Option<Band>)>,
    /// Whether signals came so late that it has to be followed anew.
    pub(crate) is_disordered: bool,
}

impl Traced {
    /// An account of which no signal has been seen.
    pub(crate) fn new(book: &Book, account: AccountIx, applies: &Applies) -> Self {
        let zone = book.zone_at(None);
        let mut held: Vec<(Timestamp, Situation)> = Vec::new();
        let beginning = [Timestamp::MIN].into_iter();
        for at in beginning.chain(book.turning_points(account, None)) {
            let situation = situation(book, account, applies, zone, at);
            let is_same = |(_, last): &(Timestamp, Situation)| {
                last.contract_start == situation.contract_start
                    && last.card.is_some() == situation.card.is_some()
            };
            if !held.last().is_some_and(is_same) {
                held.push((at, situation));
            }
        }
        Self {
            course: Course::default(),
            waiting: Vec::new(),
            enough: TOGETHER,
            moments: held.iter().skip(1).map(|(at, _)| *at).collect(),
            held,
            bands: Vec::new(),
            is_disordered: false,
        }
    }

    /// Takes signals in.
    pub(super) fn take(&mut self, signals: &[Observed], series: &SeriesTable) {
        let Some(newest) = signals.iter().map(|signal| signal.occurred_at).max() else {
            return;
        };
        let left_at = self.course.at.unwrap_or(Timestamp::MIN);
        self.is_disordered |= signals.iter().any(|signal| signal.occurred_at <= left_at);
        self.waiting.extend_from_slice(signals);
        if self.waiting.len() >= self.enough {
            let until = newest.checked_sub(SETTLES).unwrap_or(Timestamp::MIN);
            self.go_on(until, series);
            self.enough = TOGETHER.max(2 * self.waiting.len());
        }
    }

    /// Follows the score up to an instant.
    pub(super) fn go_on(&mut self, until: Timestamp, series: &SeriesTable) {
        self.waiting
            .sort_unstable_by_key(|signal| (signal.occurred_at, signal.place));
        let settled = self
            .waiting
            .partition_point(|signal| signal.occurred_at <= until);
        let held = &self.held;
        let situation = |at| {
            let since = held.partition_point(|(since, _)| *since <= at);
            &held[since.saturating_sub(1)].1
        };
        let settled = self.waiting.drain(..settled);
        let arrivals: Vec<_> = settled
            .filter_map(|signal| series.signal(&signal))
            .collect();
        let steps = self
            .course
            .advance(&arrivals, &self.moments, situation, until);
        for step in steps {
            if self.bands.last().map(|(_, band)| *band) != Some(step.band) {
                self.bands.push((step.at, step.band));
            }
        }
    }

    /// The band at an instant; none without a score.
    pub(crate) fn band_at(&self, at: Timestamp) -> Option<Band> {
        let since = self.bands.partition_point(|(since, _)| *since <= at);
        self.bands.get(since.checked_sub(1)?)?.1
    }
}

fn situation(
    book: &Book,
    account: AccountIx,
    applies: &Applies,
    zone: &TimeZone,
    at: Timestamp,
) -> Situation {
    let as_of = AsOf::now(Day::of(at, zone));
    let (attributes, _) = book.attributes_on(account, as_of);
    let tier = book.tiers().name(attributes.tier.into());
    let starts = book.subscriptions(account, as_of).into_iter();
    Situation {
        card: applies.to(tier).then(|| applies.card.clone()),
        zone: zone.clone(),
        contract_start: starts.filter_map(|view| view.start).min(),
    }
}

#[cfg(test)]
#[path = "traced_tests.rs"]
mod tests;
