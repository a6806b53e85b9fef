//! Signals as clients send them into signals to record: everything that is wrong with one at once.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use keizoku_core::{AccountId, Day};
use keizoku_proto::healthscore::{RecordedSignal, Signal, SignalKind};
use keizoku_runtime::Violations;
use keizoku_runtime::parse::{LONG_TEXT, SHORT_TEXT};

use crate::scoring::LARGEST_VALUE;

/// Why a signal is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rejection {
    /// Stable, for programs.
    pub(crate) reason: &'static str,
    /// For people: what is wrong, and what to do about it.
    pub(crate) message: String,
}

impl Rejection {
    pub(crate) fn new(reason: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { reason, message }
    }
}

/// An account that signals are recorded for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Customer {
    pub(crate) id: AccountId,
    /// First day of its first contract; none before there is one.
    pub(crate) contract_start: Option<Day>,
}

/// The values that a kind of signal can have.
fn values(kind: SignalKind) -> std::ops::RangeInclusive<i64> {
    match kind {
        SignalKind::Unspecified
        | SignalKind::ActiveUsers
        | SignalKind::FeatureUse
        | SignalKind::SignIns
        | SignalKind::SupportTickets
        | SignalKind::ContentAttendance
        | SignalKind::SeminarAttendance => 0..=LARGEST_VALUE,
        SignalKind::OnboardingState => 0..=100,
        SignalKind::ExpectationGap => 0..=3,
        SignalKind::Nps | SignalKind::VoiceOfCustomer => -100..=100,
        SignalKind::CsmPulse => 1..=5,
    }
}

/// Whether signals of a kind say of what.
pub(crate) fn has_subject(kind: SignalKind) -> bool {
    matches!(kind, SignalKind::FeatureUse | SignalKind::OnboardingState)
}

/// Reads a signal.
pub(crate) fn recorded(signal: &Signal) -> Result<(RecordedSignal, Timestamp), Rejection> {
    let mut violations = Violations::new();
    let kind = signal.kind();
    if kind == SignalKind::Unspecified {
        violations.add("kind", "is required");
    }
    let subject = violations.text("subject", &signal.subject, SHORT_TEXT);
    if has_subject(kind) == subject.is_empty() {
        violations.add(
            "subject",
            "is required for FEATURE_USE and ONBOARDING_STATE, and empty otherwise",
        );
    }
    let allowed = values(kind);
    if !allowed.contains(&signal.value) {
        let (least, most) = (allowed.start(), allowed.end());
        violations.add(
            "value",
            format!("is {}; {least} to {most} are allowed", signal.value),
        );
    }
    let occurred_at = violations.instant("occur_time", signal.occur_time.as_ref());
    if signal.occur_time.is_none() {
        violations.add("occur_time", "is required");
    }
    let source = violations.required_text("source", &signal.source, SHORT_TEXT);
    let key = violations.required_text("key", &signal.key, SHORT_TEXT);
    let text = violations.text("text", &signal.text, LONG_TEXT);
    if kind != SignalKind::VoiceOfCustomer && !text.is_empty() {
        violations.add("text", "is for VOICE_OF_CUSTOMER only");
    }
    let target = violations.day("target_date", signal.target_date.as_ref());
    if kind != SignalKind::OnboardingState && signal.target_date.is_some() {
        violations.add("target_date", "is for ONBOARDING_STATE only");
    }
    let occurred_at = violations
        .finish(occurred_at)
        .map_err(|failure| Rejection::new("invalid_fields", failure.message()))?;
    let recorded = RecordedSignal {
        kind: kind.into(),
        subject,
        value: signal.value,
        occur_time: Some(keizoku_proto::timestamp(occurred_at)),
        source,
        key,
        text,
        target_date: target.map(Into::into),
    };
    Ok((recorded, occurred_at))
}

/// Refuses what cannot have happened yet, or not to a customer.
pub(crate) fn check_time(
    occurred_at: Timestamp,
    customer: Customer,
    now: Timestamp,
    zone: &TimeZone,
) -> Result<(), Rejection> {
    if occurred_at > now {
        let message =
            format!("occurred at {occurred_at}, and it is {now}; check the sender's clock");
        return Err(Rejection::new("in_the_future", message));
    }
    let day = Day::of(occurred_at, zone);
    match customer.contract_start {
        Some(start) if start <= day => Ok(()),
        Some(start) => {
            let message = format!("occurred on {day}, and the account's contract began on {start}");
            Err(Rejection::new("before_contract", message))
        }
        None => {
            let message =
                "the account has no contract that has begun; record its subscription first";
            Err(Rejection::new("before_contract", message))
        }
    }
}

#[cfg(test)]
mod tests {
    use keizoku_proto::google::r#type::Date;

    use super::*;

    fn nps() -> Signal {
        Signal {
            kind: SignalKind::Nps.into(),
            value: 100,
            occur_time: Some(keizoku_proto::timestamp(Timestamp::UNIX_EPOCH)),
            source: "survey".to_owned(),
            key: "1".to_owned(),
            ..Signal::default()
        }
    }

    #[test]
    fn hlt_1_everything_that_is_wrong_with_a_signal_is_said_at_once() {
        assert!(recorded(&nps()).is_ok());
        let wrong = Signal {
            value: 101,
            subject: "export".to_owned(),
            occur_time: None,
            source: String::new(),
            key: " ".to_owned(),
            text: "no".to_owned(),
            target_date: Some(Date {
                year: 2026,
                month: 2,
                day: 1,
            }),
            ..nps()
        };
        let rejection = recorded(&wrong).unwrap_err();
        assert_eq!(rejection.reason, "invalid_fields");
        for field in [
            "subject",
            "value",
            "occur_time",
            "source",
            "key",
            "text",
            "target_date",
        ] {
            assert!(
                rejection.message.contains(&format!("{field}: ")),
                "{field}: {}",
                rejection.message
            );
        }
    }

    #[test]
    fn hlt_1_values_are_in_the_unit_of_their_kind() {
        for (kind, least, most) in [
            (SignalKind::Nps, -100, 100),
            (SignalKind::CsmPulse, 1, 5),
            (SignalKind::ExpectationGap, 0, 3),
            (SignalKind::SignIns, 0, LARGEST_VALUE),
        ] {
            let of = |value| {
                recorded(&Signal {
                    kind: kind.into(),
                    value,
                    ..nps()
                })
            };
            assert!(of(least).is_ok() && of(most).is_ok(), "{kind:?}");
            assert!(of(least - 1).is_err() && of(most + 1).is_err(), "{kind:?}");
        }
    }

    #[test]
    fn hlt_1_a_signal_is_neither_from_the_future_nor_from_before_the_contract() {
        let tokyo = TimeZone::get("Asia/Tokyo").unwrap();
        let now = "2026-11-22T00:00:00Z".parse().unwrap();
        let since = |start: Option<&str>| Customer {
            id: uuid::Uuid::nil().into(),
            contract_start: start.map(|start| start.parse().unwrap()),
        };
        let check = |at: &str, start| {
            check_time(at.parse().unwrap(), since(start), now, &tokyo).map_err(|no| no.reason)
        };
        let start = Some("2026-11-01");
        assert_eq!(check("2026-11-22T00:00:00Z", start), Ok(()));
        assert_eq!(check("2026-11-22T00:00:01Z", start), Err("in_the_future"));
        assert_eq!(
            check("2026-10-31T15:00:00Z", start),
            Ok(()),
            "midnight in Tokyo"
        );
        assert_eq!(check("2026-10-31T14:59:59Z", start), Err("before_contract"));
        assert_eq!(check("2026-11-02T00:00:00Z", None), Err("before_contract"));
    }
}
