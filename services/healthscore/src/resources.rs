//! Scores and scorecards as the resources that clients see.

use std::collections::BTreeMap;

use jiff::Timestamp;
use keizoku_core::AccountId;
use keizoku_proto::healthscore as proto;
use keizoku_runtime::{Fold, names};

use crate::adoption::{BeforeAfter, Segment, Use};
use crate::domain::scorecards::Card;
use crate::domain::{overriding, releases};
use crate::grpc::rate;
use crate::scoring::{
    Band, Cap, Evaluation, Line, Measure, SeriesKey, Signal, Standing, Step, Track,
};

/// What the cap is called among contributions.
const CAP: &str = "unfinished_onboarding_cap";
const CAP_NAME: &str = "オンボーディング未了 / Onboarding unfinished";
const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

pub(crate) fn health(
    account: AccountId,
    track: &Track,
    overriding: &Fold<overriding::State>,
    at: Timestamp,
) -> proto::Health {
    let card = track.situation.card.as_ref();
    let evaluation = track.evaluation.as_ref();
    let contributions = card
        .zip(evaluation)
        .map(|(card, evaluation)| contributions(card.card.measures(), evaluation, at));
    proto::Health {
        account: names::account(account),
        time: Some(keizoku_proto::timestamp(at)),
        score: evaluation
            .and_then(|evaluation| evaluation.score)
            .map(i32::from),
        band: band(track.band).into(),
        contributions: contributions.unwrap_or_default(),
        fresh_weight: number(evaluation.map_or(0, |evaluation| evaluation.fresh_weight)),
        scorecard: card.map(|card| card.key.clone()).unwrap_or_default(),
        scorecard_version: card.map_or(0, |card| card.version),
        next_change_time: track.changes_at.map(keizoku_proto::timestamp),
        r#override: overridden(overriding, at),
        etag: keizoku_runtime::call::etag(overriding.revision),
    }
}

fn contributions(
    measures: &[Measure],
    evaluation: &Evaluation,
    at: Timestamp,
) -> Vec<proto::Contribution> {
    let lines = measures.iter().zip(&evaluation.lines);
    let lines = lines.map(|(measure, line)| contribution(measure, line, at));
    lines
        .chain(evaluation.cap.as_ref().map(|cap| capped(cap, at)))
        .collect()
}

fn contribution(measure: &Measure, line: &Line, at: Timestamp) -> proto::Contribution {
    let signal = line.signal.as_deref();
    let standing = match line.standing {
        Standing::Fresh => proto::Standing::Fresh,
        Standing::Dropped => proto::Standing::Dropped,
        Standing::Neutral => proto::Standing::Neutral,
        Standing::Zero => proto::Standing::Zero,
        Standing::Missing => proto::Standing::Missing,
    };
    proto::Contribution {
        measure: measure.declared.key.clone(),
        display_name: measure.declared.display_name.clone(),
        points: number(line.contribution),
        weight: number(measure.weight),
        standing: standing.into(),
        signal: signal.map(recorded),
        age_days: signal.map(|signal| age(signal, at)),
        stale_time: signal.map(|signal| keizoku_proto::timestamp(measure.stale_at(signal))),
        curve_value_milli: line
            .judged
            .map(|value| i64::try_from(value).unwrap_or(i64::MAX)),
        curve_points_milli: line.points,
        expected_value_milli: line.expected,
    }
}

fn capped(cap: &Cap, at: Timestamp) -> proto::Contribution {
    proto::Contribution {
        measure: CAP.to_owned(),
        display_name: CAP_NAME.to_owned(),
        points: number(cap.contribution),
        standing: proto::Standing::Fresh.into(),
        signal: Some(recorded(&cap.signal)),
        age_days: Some(age(&cap.signal, at)),
        ..proto::Contribution::default()
    }
}

fn age(signal: &Signal, at: Timestamp) -> i32 {
    number(at.duration_since(signal.occurred_at).as_secs() / SECONDS_PER_DAY)
}

/// A signal as it is recorded.
pub(crate) fn recorded(signal: &Signal) -> proto::RecordedSignal {
    proto::RecordedSignal {
        kind: signal.series.kind.into(),
        subject: signal.series.subject.clone(),
        value: signal.value,
        occur_time: Some(keizoku_proto::timestamp(signal.occurred_at)),
        source: signal.source.clone(),
        key: signal.key.clone(),
        text: signal.text.clone(),
        target_date: signal.target.map(Into::into),
    }
}

/// What a person set, where it is in effect.
pub(crate) fn overridden(
    fold: &Fold<overriding::State>,
    at: Timestamp,
) -> Option<proto::HealthOverride> {
    let set = fold.state.in_effect(at)?;
    let author = fold.author(fold.revision);
    Some(proto::HealthOverride {
        score: set.score.into(),
        reason: set.reason.clone(),
        expire_time: Some(keizoku_proto::timestamp(set.expires_at)),
        create_time: Some(keizoku_proto::timestamp(set.set_at)),
        actor: author
            .map(|author| author.actor.clone())
            .unwrap_or_default(),
    })
}

pub(crate) fn step(step: &Step) -> proto::HealthStep {
    let (scorecard, scorecard_version) = step.card.clone().unwrap_or_default();
    proto::HealthStep {
        time: Some(keizoku_proto::timestamp(step.at)),
        score: step.score.map(i32::from),
        band: band(step.band).into(),
        scorecard,
        scorecard_version,
    }
}

/// What moved a score from one to the other, the largest change first; the changes add up to it. Without
/// a score at one of the two, nothing did.
pub(crate) fn changes(
    before: &proto::Health,
    after: &proto::Health,
) -> Vec<proto::ContributionChange> {
    if before.score.is_none() || after.score.is_none() {
        return Vec::new();
    }
    let of = |health: &proto::Health, measure: &str| {
        health
            .contributions
            .iter()
            .find(|one| one.measure == measure)
            .cloned()
    };
    let mut measures: Vec<&str> = Vec::new();
    for one in before.contributions.iter().chain(&after.contributions) {
        if !measures.contains(&one.measure.as_str()) {
            measures.push(&one.measure);
        }
    }
    let change = |measure: &str| {
        let (before, after) = (of(before, measure), of(after, measure));
        let points = |one: &Option<proto::Contribution>| one.as_ref().map_or(0, |one| one.points);
        let points = points(&after) - points(&before);
        proto::ContributionChange {
            measure: measure.to_owned(),
            points,
            before,
            after,
        }
    };
    let mut changes: Vec<_> = measures.into_iter().map(change).collect();
    changes.retain(|change| change.points != 0);
    changes.sort_by_key(|change| std::cmp::Reverse(change.points.abs()));
    changes
}

pub(crate) fn scorecard(key: &str, card: &Card) -> proto::ScorecardHistory {
    let shown = |at: Timestamp| (at > Timestamp::MIN).then(|| keizoku_proto::timestamp(at));
    let versions = (1..)
        .zip(&card.versions)
        .map(|(number, version)| proto::ScorecardVersion {
            version: number,
            scorecard: Some(version.declared.clone()),
            publish_time: shown(version.published_at),
        });
    let in_effect = card.number_at(Timestamp::MAX);
    proto::ScorecardHistory {
        key: key.to_owned(),
        draft: card.draft.clone(),
        versions: versions.collect(),
        version_in_effect: in_effect.map_or(0, |(_, version)| version),
        effective_time: in_effect.and_then(|(since, _)| shown(since)),
        roll_back_reason: card.roll_back_reason.clone(),
    }
}

/// A release as it was recorded.
pub(crate) fn release(recorded: &releases::Recorded) -> proto::Release {
    let release = &recorded.release;
    proto::Release {
        name: names::release(release.id),
        kind: release.kind.into(),
        display_name: release.display_name.clone(),
        date: Some(release.date.into()),
        measured: release.measured.iter().map(measured).collect(),
        tiers: release.tiers.clone(),
        product: release.product.clone(),
        create_time: Some(keizoku_proto::timestamp(recorded.recorded_at)),
        void_reason: recorded.void_reason.clone(),
    }
}

/// A kind of use.
pub(crate) fn measured(series: &SeriesKey) -> proto::MeasuredUse {
    proto::MeasuredUse {
        signal: series.kind.into(),
        subject: series.subject.clone(),
    }
}

/// A segment around a release that is measured by these.
pub(crate) fn segment(tier: &str, segment: &Segment, by: &[SeriesKey]) -> proto::SegmentAdoption {
    let uses = by.iter().zip(&segment.uses);
    let bands = |counts: &BTreeMap<Option<Band>, i64>| {
        let of = |band| counts.get(&band).copied().unwrap_or_default();
        Some(proto::BandCounts {
            red: of(Some(Band::Red)),
            yellow: of(Some(Band::Yellow)),
            green: of(Some(Band::Green)),
            without_score: of(None),
        })
    };
    proto::SegmentAdoption {
        tier: tier.to_owned(),
        accounts: segment.accounts,
        churned: segment.churned,
        uses: uses
            .map(|(series, found)| use_change(series, found, segment.accounts))
            .collect(),
        bands_before: bands(&segment.bands.before),
        bands_after: bands(&segment.bands.after),
    }
}

fn use_change(series: &SeriesKey, found: &Use, accounts: i64) -> proto::UseChange {
    let BeforeAfter { before, after } = found.used;
    let (compared, medians) = found.medians();
    proto::UseChange {
        measured: Some(measured(series)),
        used_before: Some(rate(before, accounts)),
        used_after: Some(rate(after, accounts)),
        started: found.started,
        stopped: found.stopped,
        silent_before: found.silent.before,
        silent_after: found.silent.after,
        compared,
        median_before: medians.before,
        median_after: medians.after,
    }
}

pub(crate) fn band(band: Option<Band>) -> proto::Band {
    match band {
        None => proto::Band::Unspecified,
        Some(Band::Red) => proto::Band::Red,
        Some(Band::Yellow) => proto::Band::Yellow,
        Some(Band::Green) => proto::Band::Green,
    }
}

fn number(value: i64) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}
