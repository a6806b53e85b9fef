//! Scorecards: what a score is computed by (HLT-2). Nothing invalid can be one.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use keizoku_proto::healthscore::{self as proto, MeasureKind, SignalKind, WhenStale};

use super::{Curve, SeriesKey, Signal};

/// Weights of a scorecard together.
pub(super) const WHOLE: i64 = 100;
const MOST_MEASURES: usize = 30;
const MOST_POINTS: usize = 50;
const LONGEST_NAME: usize = 100;
const LONGEST_STALENESS: i32 = 3_650;
/// Largest value of a signal, a curve or a journey, up or down.
pub(crate) const LARGEST_VALUE: i64 = 1_000_000_000_000;

/// A scorecard that can be computed by.
#[derive(Debug, Clone, PartialEq)]
pub struct Scorecard {
    declared: proto::Scorecard,
    measures: Vec<Measure>,
    cap: u8,
}

/// One thing that a scorecard looks at.
#[derive(Debug, Clone, PartialEq)]
pub struct Measure {
    /// Key and names, as declared.
    pub declared: proto::Measure,
    /// Weight, of 100.
    pub weight: i64,
    /// The signals that it looks at.
    pub series: SeriesKey,
    /// What a value is worth.
    pub curve: Curve,
    /// What is expected, by days since the contract's start (HLT-4).
    pub journey: Option<Curve>,
    /// Days after which a value is stale.
    pub stale_after_days: i32,
    /// What becomes of it then.
    pub when_stale: WhenStale,
}

/// What is wrong with one field of a scorecard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// The field, from the scorecard down.
    pub field: String,
    /// What is wrong, and what to do about it.
    pub problem: String,
}

impl Scorecard {
    /// Reads a scorecard.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(declared: proto::Scorecard) -> Result<Self, Vec<Flaw>> {
        let mut flaws = Flaws::default();
        flaws.require_name("display_name", &declared.display_name);
        flaws.require_distinct("tiers", declared.tiers.iter().map(String::as_str));
        let tier_is_named = declared.tiers.iter().all(|tier| !tier.trim().is_empty());
        flaws.require(tier_is_named, "tiers", "holds one without a name");
        let count = declared.measures.len();
        let in_number = (1..=MOST_MEASURES).contains(&count);
        flaws.require(
            in_number,
            "measures",
            format!("are {count}; 1 to {MOST_MEASURES} are allowed"),
        );
        let keys = declared.measures.iter().map(|measure| measure.key.as_str());
        flaws.require_distinct("measures.key", keys);
        let sum: i64 = declared
            .measures
            .iter()
            .map(|measure| i64::from(measure.weight))
            .sum();
        let problem = format!("sum to {sum}; make them sum to {WHOLE}");
        flaws.require(sum == WHOLE, "measures.weight", problem);
        let cap = flaws.percent(
            "unfinished_onboarding_cap",
            declared.unfinished_onboarding_cap,
        );
        let read = |(index, measure)| Measure::read(&mut flaws, index, measure);
        let measures: Vec<_> = declared
            .measures
            .iter()
            .enumerate()
            .filter_map(read)
            .collect();
        match cap {
            Some(cap) if flaws.0.is_empty() => Ok(Self {
                declared,
                measures,
                cap,
            }),
            _ => Err(flaws.0),
        }
    }

    /// The scorecard as it was declared.
    #[must_use]
    pub fn declared(&self) -> &proto::Scorecard {
        &self.declared
    }

    /// What it looks at, in the order in which it is explained.
    #[must_use]
    pub fn measures(&self) -> &[Measure] {
        &self.measures
    }

    /// Whether signals of a series can change a score: by a measure, or as an onboarding that caps it.
    #[must_use]
    pub fn looks_at(&self, series: &SeriesKey) -> bool {
        let mut measures = self.measures.iter();
        series.kind == SignalKind::OnboardingState
            || measures.any(|measure| measure.series == *series)
    }

    /// Highest score while an onboarding is unfinished past its target (HLT-3).
    #[must_use]
    pub fn cap(&self) -> u8 {
        self.cap
    }

    /// The tiers that both are for: a segment must have one scorecard.
    #[must_use]
    pub fn overlap(&self, other: &Self) -> Vec<&str> {
        let (own, others) = (&self.declared.tiers, &other.declared.tiers);
        if own.is_empty() && others.is_empty() {
            return vec!["every other tier"];
        }
        own.iter()
            .filter(|tier| others.contains(tier))
            .map(String::as_str)
            .collect()
    }
}

impl Measure {
    /// The first instant at which a value is stale.
    #[must_use]
    pub fn stale_at(&self, signal: &Signal) -> Timestamp {
        let fresh_for = SignedDuration::from_hours(24 * i64::from(self.stale_after_days));
        signal
            .occurred_at
            .checked_add(fresh_for)
            .unwrap_or(Timestamp::MAX)
    }

    fn read(flaws: &mut Flaws, index: usize, declared: &proto::Measure) -> Option<Self> {
        let field = |name: &str| format!("measures[{index}].{name}");
        flaws.require_name(&field("key"), &declared.key);
        flaws.require_name(&field("display_name"), &declared.display_name);
        let kind_is_stated = declared.kind() != MeasureKind::Unspecified;
        flaws.require(kind_is_stated, &field("kind"), "is required");
        let series = SeriesKey {
            kind: declared.signal(),
            subject: declared.subject.clone(),
        };
        let signal_is_stated = series.kind != SignalKind::Unspecified;
        flaws.require(signal_is_stated, &field("signal"), "is required");
        let names_feature = (series.kind == SignalKind::FeatureUse) != series.subject.is_empty();
        let problem = "is required for FEATURE_USE, and empty for every other signal";
        flaws.require(names_feature, &field("subject"), problem);
        let weight = i64::from(declared.weight);
        let has_weight = (1..=WHOLE).contains(&weight);
        flaws.require(
            has_weight,
            &field("weight"),
            format!("is {weight}; 1 to {WHOLE} are allowed"),
        );
        let points = declared
            .curve
            .iter()
            .map(|point| (point.value, i64::from(point.points)));
        let curve = flaws.curve(&field("curve"), points.collect(), "value", 0..=WHOLE);
        let stages = declared.journey.iter();
        let stages: Vec<_> = stages
            .map(|point| (i64::from(point.age_days), point.expected_value))
            .collect();
        let has_journey = !stages.is_empty();
        let journey = has_journey
            .then(|| flaws.curve(&field("journey"), stages, "age_days", 1..=LARGEST_VALUE))
            .flatten();
        let stale_after_days = declared.stale_after_days;
        let problem = format!("is {stale_after_days}; 1 to {LONGEST_STALENESS} are allowed");
        let goes_stale = (1..=LONGEST_STALENESS).contains(&stale_after_days);
        flaws.require(goes_stale, &field("stale_after_days"), problem);
        let when_stale = declared.when_stale();
        let policy_is_stated = when_stale != WhenStale::Unspecified;
        flaws.require(
            policy_is_stated,
            &field("when_stale"),
            "is required: DROP, NEUTRAL or ZERO",
        );
        Some(Self {
            declared: declared.clone(),
            weight,
            series,
            curve: curve?,
            journey,
            stale_after_days,
            when_stale,
        })
    }
}

/// What was found so far.
#[derive(Debug, Default)]
struct Flaws(Vec<Flaw>);

impl Flaws {
    fn require(&mut self, holds: bool, field: &str, problem: impl Into<String>) {
        if !holds {
            let (field, problem) = (field.to_owned(), problem.into());
            self.0.push(Flaw { field, problem });
        }
    }

    fn require_name(&mut self, field: &str, name: &str) {
        let length = name.trim().chars().count();
        let problem = format!("is {length} characters long; 1 to {LONGEST_NAME} are allowed");
        self.require((1..=LONGEST_NAME).contains(&length), field, problem);
    }

    fn require_distinct<'a>(&mut self, field: &str, names: impl Iterator<Item = &'a str>) {
        let mut seen = BTreeSet::new();
        for name in names {
            self.require(seen.insert(name), field, format!("holds `{name}` twice"));
        }
    }

    fn percent(&mut self, field: &str, number: i32) -> Option<u8> {
        let percent = u8::try_from(number)
            .ok()
            .filter(|percent| i64::from(*percent) <= WHOLE);
        self.require(
            percent.is_some(),
            field,
            format!("is {number}; 0 to {WHOLE} are allowed"),
        );
        percent
    }

    fn curve(
        &mut self,
        field: &str,
        points: Vec<(i64, i64)>,
        x: &str,
        heights: std::ops::RangeInclusive<i64>,
    ) -> Option<Curve> {
        let count = points.len();
        let in_number = (1..=MOST_POINTS).contains(&count);
        self.require(
            in_number,
            field,
            format!("has {count} points; 1 to {MOST_POINTS} are allowed"),
        );
        for (number, (at, height)) in points.iter().enumerate() {
            let in_range = heights.contains(height);
            let problem = format!(
                "is at {height}; {} to {} are allowed",
                heights.start(),
                heights.end()
            );
            self.require(in_range, &format!("{field}[{number}]"), problem);
            let problem = format!("has {x} {at}, which is out of range");
            self.require(
                (-LARGEST_VALUE..=LARGEST_VALUE).contains(at),
                &format!("{field}[{number}]"),
                problem,
            );
            let increases = number == 0 || points[number - 1].0 < *at;
            let problem =
                format!("has {x} {at}, which is not above the one before; sort the points by it");
            self.require(increases, &format!("{field}[{number}]"), problem);
        }
        Curve::through(points)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{card, measure};
    use super::*;

    fn flaws(change: impl FnOnce(&mut proto::Scorecard)) -> Vec<String> {
        let mut declared = card(vec![
            measure("a", SignalKind::Nps, 60),
            measure("b", SignalKind::SignIns, 40),
        ]);
        change(&mut declared);
        let flaws = Scorecard::read(declared).err().unwrap_or_default();
        flaws
            .into_iter()
            .map(|flaw| format!("{}: {}", flaw.field, flaw.problem))
            .collect()
    }

    #[test]
    fn hlt_2_weights_must_sum_to_100_and_it_says_so_when_they_do_not() {
        assert_eq!(flaws(|_| {}), [""; 0]);
        let found = flaws(|card| card.measures[0].weight = 50);
        assert_eq!(found, ["measures.weight: sum to 90; make them sum to 100"]);
    }

    #[test]
    fn hlt_2_everything_that_is_wrong_with_a_scorecard_is_said_at_once() {
        let found = flaws(|card| {
            card.display_name = " ".to_owned();
            card.unfinished_onboarding_cap = 101;
            card.tiers = vec!["Mid".to_owned(), "Mid".to_owned()];
            card.measures[0].curve[1].value = card.measures[0].curve[0].value;
            card.measures[1].curve[0].points = 101;
            card.measures[1].key = "a".to_owned();
            card.measures[1].weight = 0;
            card.measures[1].subject = "export".to_owned();
            card.measures[1].stale_after_days = 0;
            card.measures[1].when_stale = 0;
        });
        let fields: Vec<&str> = found
            .iter()
            .filter_map(|line| line.split(':').next())
            .collect();
        assert_eq!(
            fields,
            [
                "display_name",
                "tiers",
                "measures.key",
                "measures.weight",
                "unfinished_onboarding_cap",
                "measures[0].curve[1]",
                "measures[1].subject",
                "measures[1].weight",
                "measures[1].curve[0]",
                "measures[1].stale_after_days",
                "measures[1].when_stale",
            ]
        );
    }

    #[test]
    fn hlt_2_scorecards_overlap_where_both_name_a_tier_or_neither_does() {
        let of = |tiers: &[&str]| {
            let mut declared = card(vec![measure("a", SignalKind::Nps, 100)]);
            declared.tiers = tiers.iter().map(ToString::to_string).collect();
            Scorecard::read(declared).unwrap()
        };
        assert_eq!(of(&["Mid", "SMB"]).overlap(&of(&["SMB"])), ["SMB"]);
        assert!(of(&["Mid"]).overlap(&of(&["SMB"])).is_empty());
        assert!(of(&["Mid"]).overlap(&of(&[])).is_empty());
        assert!(!of(&[]).overlap(&of(&[])).is_empty());
    }
}
