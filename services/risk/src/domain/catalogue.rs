//! The catalogue of risk types: configurable at run time, always ending in "other" (RISK-1).

use jiff::Timestamp;
use keizoku_core::{Ctx, Decider};
use keizoku_proto::common::ErrorReason;
use keizoku_proto::risk::event::Kind;
use keizoku_proto::risk::{RiskType, RiskTypeDefined};
use keizoku_runtime::DomainError;

/// All risk types.
pub struct Catalogue;

/// Key of the type that always ends the catalogue.
pub const OTHER: &str = "other";

/// Types of a new organisation: key and label.
const DEFAULTS: [(&str, &str); 9] = [
    ("low_usage", "利用低下"),
    ("expectation_gap", "期待値ギャップ"),
    ("onboarding_unfinished", "オンボーディング未了"),
    ("missing_feature", "機能不足"),
    ("price", "価格"),
    ("competitor", "競合"),
    ("champion_left", "担当者の異動・退職"),
    ("reorganisation", "組織再編"),
    (OTHER, "その他"),
];

/// The catalogue, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// Types; [`OTHER`] is the last one.
    pub types: Vec<RiskType>,
}

impl Default for State {
    fn default() -> Self {
        let types = DEFAULTS.map(|(key, label)| RiskType {
            key: key.to_owned(),
            label: label.to_owned(),
            manual_url: String::new(),
            active: true,
        });
        Self {
            types: types.into(),
        }
    }
}

impl State {
    /// The type with this key.
    #[must_use]
    pub fn by_key(&self, key: &str) -> Option<&RiskType> {
        self.types.iter().find(|known| known.key == key)
    }

    /// The type with this label.
    #[must_use]
    pub fn by_label(&self, label: &str) -> Option<&RiskType> {
        self.types.iter().find(|known| known.label == label)
    }
}

/// "Other" stays as it is, but for its manual.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`other` always ends the catalogue: it stays active and keeps its key")]
pub struct OtherIsFixed;

impl DomainError for OtherIsFixed {
    fn reason(&self) -> ErrorReason {
        ErrorReason::RiskTypeOtherIsFixed
    }
}

impl Decider for Catalogue {
    type State = State;
    type Command = RiskType;
    type Event = Kind;
    type Error = OtherIsFixed;

    fn decide(state: &State, wanted: RiskType, _ctx: &Ctx) -> Result<Vec<Kind>, OtherIsFixed> {
        if wanted.key == OTHER && !wanted.active {
            return Err(OtherIsFixed);
        }
        if state.by_key(&wanted.key) == Some(&wanted) {
            return Ok(Vec::new());
        }
        Ok(vec![Kind::RiskTypeDefined(RiskTypeDefined {
            r#type: Some(wanted),
        })])
    }

    fn evolve(state: &mut State, event: &Kind, _at: Timestamp) {
        let Kind::RiskTypeDefined(RiskTypeDefined {
            r#type: Some(defined),
        }) = event
        else {
            return;
        };
        let mut types = state.types.iter_mut();
        if let Some(known) = types.find(|known| known.key == defined.key) {
            known.clone_from(defined);
        } else {
            let before_other = state.types.len().saturating_sub(1);
            state.types.insert(before_other, defined.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn risk_1_the_catalogue_always_ends_in_other() {
        let mut state = State::default();
        let new = RiskType {
            key: "m_and_a".to_owned(),
            label: "合併".to_owned(),
            ..RiskType::default()
        };
        let event = Kind::RiskTypeDefined(RiskTypeDefined { r#type: Some(new) });
        Catalogue::evolve(&mut state, &event, Timestamp::UNIX_EPOCH);
        assert_eq!(
            state.types.last().map(|last| last.key.as_str()),
            Some(OTHER)
        );
        assert!(state.by_label("合併").is_some());
    }
}
