//! What the service does about events of the onboarding service: signals (RX-4, RX-8). Pure.

use jiff::Timestamp;
use keizoku_core::{Day, WorkingDays};
use keizoku_proto::healthscore::{RecordedSignal, SignalKind};
use keizoku_proto::onboarding::event::Kind;
use keizoku_proto::onboarding::{ExpectationGap, Plan};
use uuid::Uuid;

/// Which system the signals come from.
pub(crate) const SENDER: &str = "onboarding";
/// How much of an onboarding that is complete is done, in percent.
const COMPLETE: i64 = 100;

/// What the service knows of an onboarding.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Onboarding {
    /// Id of the account.
    pub(crate) account_id: String,
    /// Product.
    pub(crate) product: String,
    /// Keys of its phases, in order.
    pub(crate) phases: Vec<String>,
    /// When it began.
    pub(crate) start: Option<Day>,
    /// Working days that its first plan expects; another plan does not move the target.
    pub(crate) expected_working_days: u32,
}

impl Onboarding {
    /// Keys of the phases of a plan, in order.
    pub(crate) fn phases_of(plan: Option<&Plan>) -> Vec<String> {
        let phases = plan.map_or(&[][..], |plan| &plan.phases);
        phases.iter().map(|phase| phase.key.clone()).collect()
    }

    /// Working days that a plan expects of all its phases.
    pub(crate) fn expected_of(plan: Option<&Plan>) -> u32 {
        let phases = plan.map_or(&[][..], |plan| &plan.phases);
        let days = phases.iter().map(|phase| phase.expected_working_days);
        days.fold(0, u32::saturating_add)
    }

    /// How much of it is done in a phase, in percent: the phases before it.
    fn done_in(&self, phase: &str) -> i64 {
        let before = self.phases.iter().position(|key| key == phase);
        let of = |count: usize| i64::try_from(count).unwrap_or_default();
        COMPLETE * of(before.unwrap_or_default()) / of(self.phases.len()).max(1)
    }
}

/// Whether something may follow from an event.
pub(crate) fn matters(event: &Kind) -> bool {
    matches!(
        event,
        Kind::OnboardingStarted(_)
            | Kind::PhaseChanged(_)
            | Kind::TemplateChanged(_)
            | Kind::OnboardingCompleted(_)
            | Kind::KickoffHeld(_)
            | Kind::ExpectationGapRated(_)
    )
}

/// The signal that follows from an event, which is `id` and was recorded at `at`.
pub(crate) fn react(
    event: &Kind,
    id: Uuid,
    at: Timestamp,
    known: &Onboarding,
    working_days: &WorkingDays,
) -> Option<RecordedSignal> {
    let signal = |kind: SignalKind, value: i64| RecordedSignal {
        kind: kind.into(),
        value,
        occur_time: Some(keizoku_proto::timestamp(at)),
        source: SENDER.to_owned(),
        key: id.to_string(),
        ..RecordedSignal::default()
    };
    let state = |done: i64| {
        let expected = known.expected_working_days;
        let target = known.start.map(|start| working_days.after(start, expected));
        RecordedSignal {
            subject: known.product.clone(),
            target_date: target.map(Into::into),
            ..signal(SignalKind::OnboardingState, done)
        }
    };
    let gap = |gap: Option<&ExpectationGap>| {
        gap.map(|gap| signal(SignalKind::ExpectationGap, i64::from(gap.rating)))
    };
    match event {
        Kind::OnboardingStarted(_) => Some(state(0)),
        Kind::PhaseChanged(changed) => {
            let to = changed.step.as_ref().map(|step| step.to.as_str());
            Some(state(known.done_in(to.unwrap_or_default())))
        }
        Kind::TemplateChanged(changed) => Some(state(known.done_in(&changed.phase))),
        Kind::OnboardingCompleted(_) => Some(state(COMPLETE)),
        Kind::KickoffHeld(held) => gap(held
            .kickoff
            .as_ref()
            .and_then(|kickoff| kickoff.gap.as_ref())),
        Kind::ExpectationGapRated(rated) => gap(rated.gap.as_ref()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use keizoku_proto::onboarding::{
        ExpectationGapRated, Kickoff, KickoffHeld, OnboardingCompleted, OnboardingHeld,
        OnboardingStarted, PhaseChanged, PhaseStep, TemplatePhase,
    };

    use super::*;

    fn plan() -> Plan {
        let phase = |key: &str| TemplatePhase {
            key: key.to_owned(),
            expected_working_days: 5,
            ..TemplatePhase::default()
        };
        Plan {
            phases: ["kickoff", "decide", "prepare"].map(phase).into(),
            ..Plan::default()
        }
    }

    fn known() -> Onboarding {
        Onboarding {
            account_id: Uuid::from_u128(1).to_string(),
            product: "Core".to_owned(),
            phases: Onboarding::phases_of(Some(&plan())),
            start: "2026-11-02".parse().ok(),
            expected_working_days: Onboarding::expected_of(Some(&plan())),
        }
    }

    fn signal(event: &Kind) -> Option<RecordedSignal> {
        let at = "2026-11-22T00:00:00Z".parse().unwrap();
        react(
            event,
            Uuid::from_u128(7),
            at,
            &known(),
            &WorkingDays::default(),
        )
    }

    fn to(phase: &str) -> Kind {
        Kind::PhaseChanged(PhaseChanged {
            step: Some(PhaseStep {
                to: phase.to_owned(),
                ..PhaseStep::default()
            }),
            ..PhaseChanged::default()
        })
    }

    #[test]
    fn rx_4_how_far_an_onboarding_is_becomes_a_signal_with_its_first_target() {
        for (event, done) in [
            (Kind::OnboardingStarted(OnboardingStarted::default()), 0),
            (to("decide"), 33),
            (to("prepare"), 66),
            (to("kickoff"), 0),
            (
                Kind::OnboardingCompleted(OnboardingCompleted::default()),
                100,
            ),
        ] {
            let signal = signal(&event).unwrap();
            assert_eq!(signal.kind(), SignalKind::OnboardingState);
            assert_eq!((signal.value, signal.subject.as_str()), (done, "Core"));
            // Three weeks, and two holidays.
            let target = keizoku_proto::optional_day(signal.target_date.as_ref()).unwrap();
            assert_eq!(target, "2026-11-25".parse().ok());
            assert_eq!(signal.key, Uuid::from_u128(7).to_string());
        }
        let held = Kind::OnboardingHeld(OnboardingHeld::default());
        assert_eq!(signal(&held), None);
    }

    #[test]
    fn rx_4_the_expectation_gap_becomes_a_signal_at_kickoff_and_closing() {
        let gap = Some(ExpectationGap {
            rating: 2,
            ..ExpectationGap::default()
        });
        let kickoff = Kickoff {
            gap: gap.clone(),
            ..Kickoff::default()
        };
        for event in [
            Kind::KickoffHeld(KickoffHeld {
                kickoff: Some(kickoff),
                ..KickoffHeld::default()
            }),
            Kind::ExpectationGapRated(ExpectationGapRated {
                gap,
                ..ExpectationGapRated::default()
            }),
        ] {
            let signal = signal(&event).unwrap();
            assert_eq!(
                (signal.kind(), signal.value),
                (SignalKind::ExpectationGap, 2)
            );
            assert!(signal.subject.is_empty());
        }
        let without = Kind::KickoffHeld(KickoffHeld::default());
        assert_eq!(signal(&without), None);
    }
}
