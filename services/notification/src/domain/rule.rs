//! One rule: who is told about what, and how (NTF-2).

use jiff::Timestamp;
use keizoku_core::{Ctx, Decider};
use keizoku_proto::common::ErrorReason;
use keizoku_proto::notification::audience::To;
use keizoku_proto::notification::event::Kind;
use keizoku_proto::notification::{
    Audience, ChannelChoice, Rule as Terms, RuleDefined, Schedule, Trigger,
};
use keizoku_runtime::DomainError;

/// Who is told about what, and how.
pub struct Rule;

/// A rule, with every earlier version: a fact is told about as the rule was when it was recorded.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    versions: Vec<(Timestamp, Terms)>,
}

/// What somebody wants of a rule.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Makes a built-in rule active, unless it was ever defined.
    Define(&'static str),
    /// Switches it on or off.
    Switch(&'static str, bool),
    /// Changes it; what is absent stays.
    Change(&'static str, Box<Change>),
}

/// What of a rule somebody changes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Change {
    /// Whom it tells.
    pub audience: Option<Vec<Audience>>,
    /// How.
    pub channel: Option<ChannelChoice>,
    /// `ja`, `en`, or empty for the organisation's.
    pub locale: Option<String>,
    /// When a digest goes out.
    pub schedule: Option<Schedule>,
    /// Whether ambiguous messages are sent again.
    pub resend_ambiguous: Option<bool>,
}

/// Nothing is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("never happens")]
pub struct Never(std::convert::Infallible);

impl DomainError for Never {
    fn reason(&self) -> ErrorReason {
        match self.0 {}
    }
}

impl State {
    /// The rule as it is, and since when.
    #[must_use]
    pub fn current(&self) -> Option<&(Timestamp, Terms)> {
        self.versions.last()
    }

    /// The rule that applies to what was recorded at an instant: the one that was active before.
    #[must_use]
    pub fn applying_to(&self, recorded_at: Timestamp) -> Option<&Terms> {
        let mut versions = self.versions.iter().rev();
        let (_, terms) = versions.find(|(since, _)| *since < recorded_at)?;
        terms.enabled.then_some(terms)
    }
}

impl Decider for Rule {
    type State = State;
    type Command = Command;
    type Event = Kind;
    type Error = Never;

    fn decide(state: &State, command: Command, _ctx: &Ctx) -> Result<Vec<Kind>, Never> {
        let key = command.key();
        let known = state.current().map(|(_, terms)| terms.clone());
        let is_defined = known.is_some();
        let before = known.unwrap_or_else(|| terms_of(key));
        let mut wanted = before.clone();
        match command {
            Command::Define(_) => {}
            Command::Switch(_, enabled) => wanted.enabled = enabled,
            Command::Change(_, change) => change.apply_to(&mut wanted),
        }
        if is_defined && wanted == before {
            return Ok(Vec::new());
        }
        Ok(vec![Kind::RuleDefined(RuleDefined {
            key: key.to_owned(),
            rule: Some(wanted),
        })])
    }

    fn evolve(state: &mut State, event: &Kind, at: Timestamp) {
        if let Kind::RuleDefined(RuleDefined {
            rule: Some(terms), ..
        }) = event
        {
            state.versions.push((at, terms.clone()));
        }
    }
}

impl Command {
    fn key(&self) -> &'static str {
        match self {
            Self::Define(key) | Self::Switch(key, _) | Self::Change(key, _) => key,
        }
    }
}

impl Change {
    fn apply_to(self, terms: &mut Terms) {
        if let Some(audience) = self.audience {
            terms.audience = audience;
        }
        if let Some(channel) = self.channel {
            terms.channel = channel.into();
        }
        if let Some(locale) = self.locale {
            terms.locale = locale;
        }
        if let Some(schedule) = self.schedule {
            terms.schedule = Some(schedule);
        }
        if let Some(resend) = self.resend_ambiguous {
            terms.resend_ambiguous = resend;
        }
    }
}

/// The rule of this key as it is until somebody changes it.
#[must_use]
pub fn terms_of(key: &str) -> Terms {
    let found = built_in().into_iter().find(|(known, _)| *known == key);
    found.map(|(_, terms)| terms).unwrap_or_default()
}

/// The rules that every deployment has, by key. The team is told what happens in it; the owner
/// what the owner did not do.
#[must_use]
pub fn built_in() -> Vec<(&'static str, Terms)> {
    let owner = || To::Owner(true);
    let team = || To::OwnerTeam(true);
    let rule = |key, trigger: Trigger, to: Vec<To>| {
        let audience = to.into_iter().map(|to| Audience { to: Some(to) });
        let terms = Terms {
            trigger: trigger.into(),
            enabled: true,
            audience: audience.collect(),
            channel: ChannelChoice::SlackElseEmail.into(),
            resend_ambiguous: true,
            ..Terms::default()
        };
        (key, terms)
    };
    let monday_at_nine = Schedule {
        weekday: 1,
        hour: 9,
        minute: 0,
    };
    let mut digest = rule(
        "weekly-digest",
        Trigger::WeeklyDigest,
        vec![owner(), team()],
    );
    digest.1.schedule = Some(monday_at_nine);
    vec![
        rule("risk-opened", Trigger::RiskOpened, vec![team()]),
        rule("risk-closed", Trigger::RiskClosed, vec![team()]),
        rule(
            "leads-to-churn-changed",
            Trigger::LeadsToChurnChanged,
            vec![team()],
        ),
        rule("suggestion-made", Trigger::SuggestionMade, vec![owner()]),
        rule(
            "cancellation-announced",
            Trigger::CancellationAnnounced,
            vec![owner(), team()],
        ),
        rule("churned", Trigger::Churned, vec![owner(), team()]),
        rule(
            "hand-off-requested",
            Trigger::HandOffRequested,
            vec![owner()],
        ),
        rule(
            "onboarding-stalled",
            Trigger::OnboardingStalled,
            vec![owner()],
        ),
        rule(
            "onboarding-returned",
            Trigger::OnboardingReturned,
            vec![owner(), team()],
        ),
        rule(
            "onboarding-completed",
            Trigger::OnboardingCompleted,
            vec![team()],
        ),
        digest,
    ]
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use keizoku_core::Given;

    use super::*;
    use crate::testing::{ctx, now};

    const KEY: &str = "risk-opened";

    fn defined() -> Given<Rule> {
        Given::nothing(ctx()).commands([Command::Define(KEY)])
    }

    #[test]
    fn ntf_2_a_rule_applies_to_what_is_recorded_after_it_became_active() {
        let mut state = defined().state().clone();
        let later = now() + SignedDuration::from_secs(60);
        assert!(
            state.applying_to(now()).is_none(),
            "not to what came before"
        );
        assert!(state.applying_to(later).is_some());
        let off = Rule::decide(&state, Command::Switch(KEY, false), &ctx()).unwrap();
        Rule::evolve(&mut state, &off[0], later);
        assert!(state.applying_to(later).is_some(), "it was active then");
        let after = later + SignedDuration::from_secs(1);
        assert!(state.applying_to(after).is_none());
        let on = Rule::decide(&state, Command::Switch(KEY, true), &ctx()).unwrap();
        let much_later = after + SignedDuration::from_secs(60);
        Rule::evolve(&mut state, &on[0], much_later);
        assert!(
            state.applying_to(after).is_none(),
            "what happened while it was off is not told about later"
        );
    }

    #[test]
    fn ntf_2_a_later_version_does_not_undo_what_somebody_changed() {
        let off = defined().commands([Command::Switch(KEY, false)]);
        assert_eq!(off.when(Command::Define(KEY)), Ok(vec![]));
    }

    #[test]
    fn ntf_2_what_changes_nothing_is_no_change() {
        assert_eq!(defined().when(Command::Switch(KEY, true)), Ok(vec![]));
        let same = Change {
            locale: Some(String::new()),
            ..Change::default()
        };
        assert_eq!(
            defined().when(Command::Change(KEY, Box::new(same))),
            Ok(vec![])
        );
    }

    #[test]
    fn ntf_2_a_rule_can_be_changed_before_any_channel_is_configured() {
        let off = Given::<Rule>::nothing(ctx()).commands([Command::Switch(KEY, false)]);
        assert_eq!(off.when(Command::Define(KEY)), Ok(vec![]));
        let later = now() + SignedDuration::from_secs(60);
        assert!(off.state().applying_to(later).is_none());
    }
}
