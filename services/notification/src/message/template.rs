//! What a message says: one function per trigger, in both languages side by side.

mod contract;
mod digest;
mod health;
mod onboarding;
mod risk;

use keizoku_core::{AccountId, Day, Money, Rate};
use keizoku_proto::notification::{Message, MessageFact};

use super::figures::{date, date_from, money, percent};
use super::line;
use super::locale::Locale;

pub(crate) use contract::{Ending, cancellation_announced, churned};
pub(crate) use digest::{Deadline, DeadlineKind, Digest, Overdue, weekly};
pub(crate) use health::{BandChange, health_band_changed};
pub(crate) use onboarding::{
    About, Coached, Left, Stalled, hand_off_requested, onboarding_coached, onboarding_completed,
    onboarding_returned, onboarding_stalled,
};
pub(crate) use risk::{
    Closed, Escalated, Flag, Opened, Suggested, leads_to_churn_changed, next_action_overdue,
    risk_closed, risk_opened, suggestion_made,
};

/// Longest value in a message, in characters.
const LONGEST: usize = 300;

/// What every message is written with.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    pub(crate) locale: Locale,
    /// Today, where the organisation is.
    pub(crate) today: Day,
    /// Where the console is; empty when it is nowhere.
    pub(crate) base_url: String,
    /// The reporting currency.
    pub(crate) currency: String,
}

/// The customer that a message is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Customer {
    pub(crate) id: AccountId,
    pub(crate) name: String,
    pub(crate) mrr: Money,
    pub(crate) next_renewal: Option<Day>,
    /// Group-total MRR ÷ the organisation's opening MRR of the month (RISK-2).
    pub(crate) impact: Option<Rate>,
}

/// Who has to do something: a person by id, a team by name, or nobody yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Responsible {
    /// `users/{user}`.
    User(String),
    /// The name of a team.
    Team(String),
    /// Nobody.
    #[default]
    Nobody,
}

/// What is done next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Action {
    pub(crate) text: String,
    pub(crate) due: Option<Day>,
}

impl Writer {
    fn message(&self, mark: &str, title: String, path: &str) -> Message {
        let url = self.url(path);
        Message {
            locale: self.locale.code().to_owned(),
            mark: mark.to_owned(),
            title,
            url_label: if url.is_empty() {
                String::new()
            } else {
                self.locale.labels().open_record.to_owned()
            },
            url,
            ..Message::default()
        }
    }

    /// Where a record is shown; empty where there is no console.
    fn url(&self, path: &str) -> String {
        if self.base_url.is_empty() || path.is_empty() {
            return String::new();
        }
        format!("{}/{path}", self.base_url.trim_end_matches('/'))
    }

    /// Name, MRR, renewal and impact of a customer.
    fn customer(&self, customer: &Customer) -> Vec<MessageFact> {
        let labels = self.locale.labels();
        let renewal = customer.next_renewal.map_or_else(
            || labels.unknown.to_owned(),
            |day| date_from(day, self.today, self.locale),
        );
        let mut facts = vec![
            fact(labels.customer, &customer.name),
            fact(labels.mrr, &money(customer.mrr, &self.currency)),
            fact(labels.renewal, &renewal),
        ];
        facts.extend(self.impact(customer.impact));
        facts
    }

    fn impact(&self, impact: Option<Rate>) -> Option<MessageFact> {
        impact.map(|rate| fact(self.locale.labels().impact, &percent(rate)))
    }

    fn responsible(&self, label: &str, who: &Responsible) -> MessageFact {
        let (value, user) = match who {
            Responsible::User(user) => (String::new(), user.clone()),
            Responsible::Team(team) => (team.clone(), String::new()),
            Responsible::Nobody => (self.locale.labels().nobody.to_owned(), String::new()),
        };
        MessageFact {
            user,
            ..fact(label, &value)
        }
    }

    /// What is done next, and until when; or that somebody has to say so.
    fn next_action(&self, action: &Action) -> MessageFact {
        let label = self.locale.labels().next_action;
        let due = action
            .due
            .map(|day| date_from(day, self.today, self.locale));
        let value = match (self.locale, action.text.is_empty(), due) {
            (_, false, Some(due)) => format!("{} — {due}", line(&action.text, LONGEST)),
            (_, true, Some(due)) => due,
            (Locale::Ja, false, None) => {
                format!(
                    "{} — 期限が未設定です。期限を決めてください",
                    line(&action.text, LONGEST)
                )
            }
            (Locale::En, false, None) => {
                format!(
                    "{} — no date yet: please set one",
                    line(&action.text, LONGEST)
                )
            }
            (Locale::Ja, true, None) => "未設定です。内容と期限を決めてください".to_owned(),
            (Locale::En, true, None) => "none yet: please say what is done, and by when".to_owned(),
        };
        MessageFact {
            value,
            ..fact(label, "")
        }
    }

    fn date(&self, day: Day) -> String {
        date(day, self.locale)
    }

    fn footer(&self, why_ja: &str, why_en: &str) -> String {
        match self.locale {
            Locale::Ja => format!("Keizokuからのお知らせ: {why_ja}"),
            Locale::En => format!("From Keizoku: {why_en}"),
        }
    }
}

fn fact(label: &str, value: &str) -> MessageFact {
    MessageFact {
        label: label.to_owned(),
        value: line(value, LONGEST),
        user: String::new(),
    }
}

fn risk_path(account: AccountId, risk: &str) -> String {
    format!("accounts/{account}/risks/{risk}")
}

/// A message to try out a channel.
pub(crate) fn test(writer: &Writer) -> Message {
    let title = match writer.locale {
        Locale::Ja => "Keizokuのテスト送信です",
        Locale::En => "This is a test from Keizoku",
    };
    let mut message = writer.message("✅", title.to_owned(), "");
    message.footer = writer.footer(
        "届いていれば設定は正しく、何もする必要はありません。",
        "if you can read this, the channel works. There is nothing to do.",
    );
    message
}
