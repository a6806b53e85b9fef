//! What a rule can name of a fact: typed fields by trigger, for filters and for a rule's own words.
//!
//! A new trigger has the fields of the customer and its owner by itself. What is its own is a list
//! here and the values in `happening.rs`.

use std::collections::BTreeMap;

use keizoku_core::{Day, Money};
use keizoku_proto::notification::{FieldType, RuleField, Trigger};

use crate::message::figures::{date, money};
use crate::message::template::Writer;

/// A field that a trigger has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field {
    /// `account.mrr`.
    pub(crate) name: &'static str,
    pub(crate) kind: FieldType,
    /// Whether there may be none.
    pub(crate) optional: bool,
    about: &'static str,
}

const fn field(name: &'static str, kind: FieldType, about: &'static str) -> Field {
    Field {
        name,
        kind,
        optional: false,
        about,
    }
}

const fn optional(name: &'static str, kind: FieldType, about: &'static str) -> Field {
    Field {
        name,
        kind,
        optional: true,
        about,
    }
}

use FieldType::{Date, Flag, Money as Amount, Number, Text};

const CUSTOMER: &[Field] = &[
    field("account.id", Text, "Id of the account."),
    field("account.name", Text, "The account's name."),
    field("account.tier", Text, "Its tier; empty: none."),
    field("account.mrr", Amount, "Its MRR."),
    field(
        "account.group_mrr",
        Amount,
        "MRR of its whole corporate group.",
    ),
    optional(
        "account.next_renewal",
        Date,
        "The earliest renewal of its contracts.",
    ),
    optional(
        "account.days_to_renewal",
        Number,
        "Days until that renewal.",
    ),
    field("owner.user", Text, "`users/{user}` who owns it; or empty."),
    field("owner.team", Text, "The owner's `teams/{team}`; or empty."),
    field("owner.team_name", Text, "That team's name; or empty."),
];

const RISK: &[Field] = &[
    field("risk.id", Text, "Id of the risk."),
    field("risk.name", Text, "The risk's name."),
];

const NEXT_ACTION: &[Field] = &[
    field("risk.next_action", Text, "What is done next; or empty."),
    optional(
        "risk.next_action_due",
        Date,
        "By when the next action is due.",
    ),
];

const EXPECTATION: &[Field] = &[field(
    "risk.leads_to_churn",
    Flag,
    "Whether it is now expected to end in churn.",
)];

const CLOSURE: &[Field] = &[
    field(
        "risk.completion",
        Text,
        "`completed`, `failed` or `not_a_risk`.",
    ),
    field("risk.result", Text, "How it landed."),
];

const SUGGESTION: &[Field] = &[
    field(
        "suggestion.name",
        Text,
        "Name of the risk that is suggested.",
    ),
    field(
        "suggestion.cause",
        Text,
        "Cause: `decision_maker_left` and the like.",
    ),
    field("suggestion.detail", Text, "Why it is suggested."),
];

const CONTRACT: &[Field] = &[
    field("contract.product", Text, "What the contract is about."),
    field("contract.mrr_lost", Amount, "MRR that ends with it."),
    optional("contract.end", Date, "First day without it."),
    optional("contract.days_to_end", Number, "Days until then."),
    field("contract.reason", Text, "Why, as somebody wrote it."),
];

const HEALTH: &[Field] = &[
    field("health.score", Number, "The score, from 0 to 100."),
    field("health.band", Text, "`red`, `yellow` or `green`."),
    field("health.previous_band", Text, "The band that it had before."),
];

const ONBOARDING: &[Field] = &[
    field("onboarding.id", Text, "Id of the onboarding."),
    field("onboarding.product", Text, "What it is for."),
];

const STALL: &[Field] = &[field(
    "onboarding.stalls",
    Number,
    "How many times it has stalled, this one included.",
)];

const RETURN: &[Field] = &[field(
    "onboarding.dormant",
    Flag,
    "Whether it went dormant: a relaunch did not help.",
)];

const COACHING: &[Field] = &[
    field("coaching.rule", Text, "Key of the coaching rule."),
    field(
        "coaching.has_task",
        Flag,
        "Whether the rule gave a task as well.",
    ),
];

const OVERDUE: &[Field] = &[field(
    "overdue.days",
    Number,
    "For how many days the next action has been overdue.",
)];

const DIGEST: &[Field] = &[
    field(
        "digest.overdue",
        Number,
        "How many next actions are overdue.",
    ),
    field("digest.deadlines", Number, "How many deadlines are ahead."),
    field(
        "digest.team",
        Text,
        "Name of the team that it is for; or empty.",
    ),
];

/// Every trigger that a rule can be about, in the order of people's lists.
pub(crate) const TRIGGERS: &[Trigger] = &[
    Trigger::RiskOpened,
    Trigger::RiskClosed,
    Trigger::LeadsToChurnChanged,
    Trigger::SuggestionMade,
    Trigger::CancellationAnnounced,
    Trigger::Churned,
    Trigger::HealthBandChanged,
    Trigger::HandOffRequested,
    Trigger::OnboardingStalled,
    Trigger::OnboardingReturned,
    Trigger::OnboardingCompleted,
    Trigger::OnboardingCoached,
    Trigger::NextActionOverdue,
    Trigger::WeeklyDigest,
];

/// The fields of a trigger.
pub(crate) fn of(trigger: Trigger) -> Vec<Field> {
    let groups: &[&[Field]] = match trigger {
        Trigger::Unspecified | Trigger::Test => &[],
        Trigger::WeeklyDigest => &[DIGEST],
        Trigger::RiskOpened | Trigger::LeadsToChurnChanged => {
            &[CUSTOMER, RISK, EXPECTATION, NEXT_ACTION]
        }
        Trigger::RiskClosed => &[CUSTOMER, RISK, CLOSURE],
        Trigger::NextActionOverdue => &[CUSTOMER, RISK, NEXT_ACTION, OVERDUE],
        Trigger::SuggestionMade => &[CUSTOMER, SUGGESTION],
        Trigger::HealthBandChanged => &[CUSTOMER, HEALTH],
        Trigger::HandOffRequested | Trigger::OnboardingCompleted => &[CUSTOMER, ONBOARDING],
        Trigger::OnboardingStalled => &[CUSTOMER, ONBOARDING, STALL],
        Trigger::OnboardingReturned => &[CUSTOMER, ONBOARDING, RETURN],
        Trigger::OnboardingCoached => &[CUSTOMER, ONBOARDING, COACHING],
        Trigger::CancellationAnnounced | Trigger::Churned => &[CUSTOMER, CONTRACT],
    };
    groups.concat()
}

/// Whether a trigger follows a schedule, and no fact.
pub(crate) fn is_scheduled(trigger: Trigger) -> bool {
    matches!(trigger, Trigger::WeeklyDigest | Trigger::NextActionOverdue)
}

/// The names of a trigger's fields, for whoever named another one.
pub(crate) fn names(trigger: Trigger) -> String {
    let fields = of(trigger);
    let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
    names.join(", ")
}

impl Field {
    /// The field as clients see it.
    pub(crate) fn resource(self) -> RuleField {
        RuleField {
            name: self.name.to_owned(),
            r#type: self.kind.into(),
            optional: self.optional,
            description: self.about.to_owned(),
        }
    }
}

/// The value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Text(String),
    Number(i64),
    Flag(bool),
    Money(Money),
    Date(Day),
}

/// What a fact says in fields; one that is not there has no value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Values(BTreeMap<&'static str, Value>);

/// Longest text of a field, in characters: work on it has a bound.
const LONGEST: usize = 1_000;

impl Values {
    pub(crate) fn text(&mut self, name: &'static str, text: &str) {
        let text = text.chars().take(LONGEST).collect();
        self.0.insert(name, Value::Text(text));
    }

    pub(crate) fn number(&mut self, name: &'static str, number: impl Into<i64>) {
        self.0.insert(name, Value::Number(number.into()));
    }

    pub(crate) fn count(&mut self, name: &'static str, count: usize) {
        self.number(name, i64::try_from(count).unwrap_or(i64::MAX));
    }

    pub(crate) fn flag(&mut self, name: &'static str, flag: bool) {
        self.0.insert(name, Value::Flag(flag));
    }

    pub(crate) fn money(&mut self, name: &'static str, amount: Money) {
        self.0.insert(name, Value::Money(amount));
    }

    /// A date, and how many days there are until then, where it is known.
    pub(crate) fn date(&mut self, name: &'static str, day: Option<Day>) {
        if let Some(day) = day {
            self.0.insert(name, Value::Date(day));
        }
    }

    /// Days from `today` until a date, where it is known.
    pub(crate) fn days_to(&mut self, name: &'static str, day: Option<Day>, today: Day) {
        if let Some(day) = day {
            self.number(name, day.days_since(today));
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.0.iter().map(|(name, value)| (*name, value))
    }

    /// All of them as JSON, by the name before their dot: amounts in minor units, dates as texts.
    pub(crate) fn json(&self) -> String {
        let mut groups = serde_json::Map::new();
        for (name, value) in self.iter() {
            let Some((group, name)) = name.split_once('.') else {
                continue;
            };
            let value = match value {
                Value::Text(text) => text.as_str().into(),
                Value::Number(number) => (*number).into(),
                Value::Flag(flag) => (*flag).into(),
                Value::Money(amount) => amount.minor().into(),
                Value::Date(day) => day.to_string().into(),
            };
            let group = groups
                .entry(group)
                .or_insert_with(|| serde_json::Value::Object(serde_json::Map::new()));
            if let Some(group) = group.as_object_mut() {
                group.insert(name.to_owned(), value);
            }
        }
        serde_json::Value::Object(groups).to_string()
    }

    /// A field as people read it; a dash where there is none.
    pub(crate) fn written(&self, name: &str, writer: &Writer) -> String {
        match self.get(name) {
            Some(Value::Text(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Flag(flag)) => writer.locale.yes_or_no(*flag).to_owned(),
            Some(Value::Money(amount)) => money(*amount, &writer.currency),
            Some(Value::Date(day)) => date(*day, writer.locale),
            None => "—".to_owned(),
        }
    }
}
