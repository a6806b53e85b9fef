//! Scorecards as files that people write: the format of the example, which is the scorecard for Mid that
//! comes with Keizoku.

use ::config::{Config, ConfigError, File, FileFormat};
use keizoku_proto::healthscore::{
    CurvePoint, JourneyPoint, Measure, MeasureKind, Scorecard, SignalKind, WhenStale,
};
use serde::Deserialize;

/// A scorecard that documents every key.
pub const EXAMPLE: &str = include_str!("example-scorecard.toml");

/// Why a file is no scorecard. What is wrong with the scorecard itself, the service says.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is no TOML, or keys are missing or unknown.
    #[error(transparent)]
    Unreadable(#[from] ConfigError),
    /// A word is none of those that it can be.
    #[error("measure `{measure}`: `{word}` is no {field}; use {allowed}")]
    Unknown {
        /// Key of the measure.
        measure: String,
        /// The key in the file.
        field: &'static str,
        /// What stands there.
        word: String,
        /// What can.
        allowed: String,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    display_name: String,
    #[serde(default)]
    tiers: Vec<String>,
    unfinished_onboarding_cap: i32,
    measure: Vec<Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    key: String,
    display_name: String,
    kind: String,
    signal: String,
    #[serde(default)]
    subject: String,
    weight: i32,
    curve: Vec<(i64, i32)>,
    #[serde(default)]
    journey: Vec<(i32, i64)>,
    stale_after_days: i32,
    when_stale: String,
}

/// Reads a scorecard from TOML.
///
/// # Errors
/// When it is no TOML, keys are missing or unknown, or a word means nothing.
pub fn read(text: &str) -> Result<Scorecard, FileError> {
    let file = File::from_str(text, FileFormat::Toml);
    let read: Contents = Config::builder()
        .add_source(file)
        .build()?
        .try_deserialize()?;
    let measures = read.measure.into_iter().map(measure);
    Ok(Scorecard {
        display_name: read.display_name,
        tiers: read.tiers,
        measures: measures.collect::<Result<_, _>>()?,
        unfinished_onboarding_cap: read.unfinished_onboarding_cap,
    })
}

fn measure(row: Row) -> Result<Measure, FileError> {
    let kinds = words("MEASURE_KIND_", MeasureKind::as_str_name);
    let signals = words("SIGNAL_KIND_", SignalKind::as_str_name);
    let policies = words("WHEN_STALE_", WhenStale::as_str_name);
    let curve = row.curve.iter().map(|(value, points)| CurvePoint {
        value: *value,
        points: *points,
    });
    let journey = row.journey.iter();
    let journey = journey.map(|(age_days, expected_value)| JourneyPoint {
        age_days: *age_days,
        expected_value: *expected_value,
    });
    Ok(Measure {
        kind: number_of(&row.key, "kind", &row.kind, &kinds)?,
        signal: number_of(&row.key, "signal", &row.signal, &signals)?,
        when_stale: number_of(&row.key, "when_stale", &row.when_stale, &policies)?,
        curve: curve.collect(),
        journey: journey.collect(),
        key: row.key,
        display_name: row.display_name,
        subject: row.subject,
        weight: row.weight,
        stale_after_days: row.stale_after_days,
    })
}

/// The words of an enum, as files write them, in the order of their numbers from 1 on.
fn words<E: TryFrom<i32>>(prefix: &str, name: fn(&E) -> &'static str) -> Vec<String> {
    let values = (1..).map_while(|number| E::try_from(number).ok());
    let word = |value: E| name(&value).trim_start_matches(prefix).to_lowercase();
    values.map(word).collect()
}

/// The number of a word.
fn number_of(
    measure: &str,
    field: &'static str,
    word: &str,
    words: &[String],
) -> Result<i32, FileError> {
    let found = (1..).zip(words).find(|(_, known)| *known == word);
    found
        .map(|(number, _)| number)
        .ok_or_else(|| FileError::Unknown {
            measure: measure.to_owned(),
            field,
            word: word.to_owned(),
            allowed: words.join(", "),
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::shipped;

    #[test]
    fn hlt_2_the_example_is_the_scorecard_for_mid_that_comes_with_keizoku() {
        let (_, mid) = shipped()
            .into_iter()
            .find(|(key, _)| *key == "mid")
            .unwrap();
        assert_eq!(read(EXAMPLE).unwrap(), mid);
    }

    #[test]
    fn hlt_2_a_file_that_is_none_is_told_what_is_wrong() {
        let told = |change: fn(&str) -> String| read(&change(EXAMPLE)).unwrap_err().to_string();
        let unknown = told(|file| file.replace("signal = \"nps\"", "signal = \"mood\""));
        assert!(
            unknown.contains("measure `nps`: `mood` is no signal"),
            "{unknown}"
        );
        assert!(unknown.contains("csm_pulse, support_tickets"), "{unknown}");
        let missing = told(|file| file.replacen("weight = 20", "", 1));
        assert!(missing.contains("weight"), "{missing}");
        let surplus = told(|file| file.replacen("weight = 20", "weight = 20\ncolour = 1", 1));
        assert!(surplus.contains("colour"), "{surplus}");
    }
}
