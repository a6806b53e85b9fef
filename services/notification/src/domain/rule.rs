//! One rule: who is told about what, and how (NTF-2).

use jiff::Timestamp;
use keizoku_core::{Ctx, Decider};
use keizoku_proto::common::ErrorReason;
use keizoku_proto::notification::audience::To;
use keizoku_proto::notification::event::Kind;
use keizoku_proto::notification::{
    Audience, ChannelChoice, Rule as Terms, RuleDefined, RuleRetired, RuleTemplate, Schedule,
    SendingHours, Trigger,
};
use keizoku_runtime::DomainError;
use tonic::Code;

/// Who is told about what, and how.
pub struct Rule;

/// A rule, with every earlier version: a fact is told about as the rule was when it was recorded.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    versions: Vec<(Timestamp, Terms)>,
    /// Since when it is out of use for ever.
    retired_at: Option<Timestamp>,
}

/// What somebody wants of the rule of a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Makes a built-in rule active, unless it was ever defined.
    Define(String),
    /// Makes a rule of somebody's own.
    Create(String, Box<Terms>),
    /// Switches it on or off.
    Switch(String, bool),
    /// Changes it; what is absent stays.
    Change(String, Box<Change>),
    /// Takes it out of use for ever.
    Retire(String),
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
    /// Which facts it tells about; empty for every one.
    pub filter: Option<String>,
    /// Its own words; empty ones for the trigger's.
    pub template: Option<RuleTemplate>,
    /// In which hours it sends; `Some(None)` for at any time.
    pub sending_hours: Option<Option<SendingHours>>,
    /// Minutes in which facts become one message; 0 for none.
    pub group_minutes: Option<u32>,
    /// How many days a next action stays overdue before it is told about.
    pub overdue_days: Option<u32>,
}

/// Why a rule does not take a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The key is taken.
    #[error("there is, or was, a rule of this key; keys are never used again")]
    Exists,
    /// It comes with Keizoku.
    #[error("the rule comes with Keizoku: it can be switched off, and not be retired")]
    BuiltIn,
    /// It is out of use.
    #[error("the rule was retired: nothing of it changes any more")]
    Retired,
}

impl DomainError for Error {
    fn code(&self) -> Code {
        match self {
            Self::Exists => Code::AlreadyExists,
            Self::BuiltIn | Self::Retired => Code::FailedPrecondition,
        }
    }

    fn reason(&self) -> ErrorReason {
        match self {
            Self::Exists => ErrorReason::AlreadyExists,
            Self::BuiltIn => ErrorReason::RuleBuiltIn,
            Self::Retired => ErrorReason::RuleRetired,
        }
    }
}

impl State {
    /// The rule as it is, and since when.
    #[must_use]
    pub fn current(&self) -> Option<&(Timestamp, Terms)> {
        self.versions.last()
    }

    /// Whether it is out of use.
    #[must_use]
    pub fn is_retired(&self) -> bool {
        self.retired_at.is_some()
    }

    /// The rule that applies to what was recorded at an instant: the one that was active before.
    #[must_use]
    pub fn applying_to(&self, recorded_at: Timestamp) -> Option<&Terms> {
        if self.retired_at.is_some_and(|retired| retired < recorded_at) {
            return None;
        }
        let mut versions = self.versions.iter().rev();
        let (_, terms) = versions.find(|(since, _)| *since < recorded_at)?;
        terms.enabled.then_some(terms)
    }
}

impl Decider for Rule {
    type State = State;
    type Command = Command;
    type Event = Kind;
    type Error = Error;

    fn decide(state: &State, command: Command, _ctx: &Ctx) -> Result<Vec<Kind>, Error> {
        let known = state.current().map(|(_, terms)| terms.clone());
        if let (Command::Create(..), Some(_)) = (&command, &known) {
            return Err(Error::Exists);
        }
        let (key, wanted) = match command {
            Command::Retire(key) if is_built_in(&key) => return Err(Error::BuiltIn),
            Command::Retire(_) if state.is_retired() => return Ok(Vec::new()),
            Command::Retire(key) => return Ok(vec![Kind::RuleRetired(RuleRetired { key })]),
            _ if state.is_retired() => return Err(Error::Retired),
            Command::Create(key, terms) => (key, *terms),
            Command::Define(key) => {
                let wanted = known.clone().unwrap_or_else(|| terms_of(&key));
                (key, wanted)
            }
            Command::Switch(key, enabled) => {
                let wanted = known.clone().unwrap_or_else(|| terms_of(&key));
                (key, Terms { enabled, ..wanted })
            }
            Command::Change(key, change) => {
                let mut wanted = known.clone().unwrap_or_else(|| terms_of(&key));
                change.apply_to(&mut wanted);
                (key, wanted)
            }
        };
        if known.is_some_and(|known| known == wanted) {
            return Ok(Vec::new());
        }
        let rule = Some(wanted);
        Ok(vec![Kind::RuleDefined(RuleDefined { key, rule })])
    }

    fn evolve(state: &mut State, event: &Kind, at: Timestamp) {
        match event {
            Kind::RuleDefined(RuleDefined {
                rule: Some(terms), ..
            }) => state.versions.push((at, terms.clone())),
            Kind::RuleRetired(_) => state.retired_at = Some(at),
            _ => {}
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
        if let Some(filter) = self.filter {
            terms.filter = filter;
        }
        if let Some(template) = self.template {
            let says_something = template != RuleTemplate::default();
            terms.template = says_something.then_some(template);
        }
        if let Some(hours) = self.sending_hours {
            terms.sending_hours = hours;
        }
        if let Some(minutes) = self.group_minutes {
            terms.group_minutes = minutes;
        }
        if let Some(days) = self.overdue_days {
            terms.overdue_days = days;
        }
    }
}

/// The rule of this key as it is until somebody changes it.
#[must_use]
pub fn terms_of(key: &str) -> Terms {
    let found = built_in().into_iter().find(|(known, _)| *known == key);
    found.map(|(_, terms)| terms).unwrap_or_default()
}

/// Whether a rule comes with Keizoku.
#[must_use]
pub fn is_built_in(key: &str) -> bool {
    built_in().iter().any(|(known, _)| *known == key)
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
            "health-band-changed",
            Trigger::HealthBandChanged,
            vec![owner()],
        ),
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
        rule(
            "onboarding-coached",
            Trigger::OnboardingCoached,
            vec![owner()],
        ),
        digest,
    ]
}

#[cfg(test)]
#[path = "rule_tests.rs"]
mod tests;
