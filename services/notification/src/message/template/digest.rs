//! The weekly digest: overdue next actions, and the deadlines ahead.

use keizoku_core::{AccountId, Day, Money};
use keizoku_proto::notification::{Message, MessageEntry, MessageSection};

use super::super::figures::{date_from, money};
use super::super::line;
use super::super::locale::Locale;
use super::{Writer, risk_path};
use crate::fields::Values;

/// Entries of a list that a phone still shows; the rest is counted.
const MOST_ENTRIES: usize = 10;
/// Lists of a message; Slack takes fifty blocks and so many characters.
const MOST_SECTIONS: usize = 10;
/// Longest name in a list, in characters.
const LONGEST_NAME: usize = 40;

/// An open risk whose next action was due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Overdue {
    pub(crate) account: AccountId,
    pub(crate) account_name: String,
    pub(crate) risk: String,
    pub(crate) risk_name: String,
    pub(crate) action: String,
    pub(crate) due: Day,
    /// `users/{user}`; empty when a team owns it, or nobody.
    pub(crate) owner: String,
}

/// What comes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum DeadlineKind {
    /// The last day on which notice can be given.
    Notice,
    /// The contract renews.
    Renewal,
}

/// A renewal or notice deadline ahead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deadline {
    pub(crate) account: AccountId,
    pub(crate) account_name: String,
    pub(crate) product: String,
    pub(crate) kind: DeadlineKind,
    pub(crate) date: Day,
    pub(crate) mrr: Money,
    /// Whether the account has an open risk that leads to churn.
    pub(crate) at_risk: bool,
    /// `users/{user}`; empty when a team owns the account, or nobody.
    pub(crate) owner: String,
}

/// What somebody is told about a week.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Digest {
    /// Whether it is a person's own.
    pub(crate) is_personal: bool,
    /// Whose it is otherwise: a team's name; empty for everybody's.
    pub(crate) team: String,
    /// By owner, then by date.
    pub(crate) overdue: Vec<Overdue>,
    /// At-risk accounts first, then by date.
    pub(crate) deadlines: Vec<Deadline>,
    /// How far ahead the deadlines were looked for.
    pub(crate) within_days: i32,
}

impl Digest {
    /// Whether there is nothing to say.
    pub(crate) fn is_empty(&self) -> bool {
        self.overdue.is_empty() && self.deadlines.is_empty()
    }

    /// What rules can name of it.
    pub(crate) fn values(&self) -> Values {
        let mut values = Values::default();
        values.count("digest.overdue", self.overdue.len());
        values.count("digest.deadlines", self.deadlines.len());
        values.text("digest.team", &self.team);
        values
    }
}

/// Overdue next actions by owner, and the deadlines ahead.
pub(crate) fn weekly(writer: &Writer, digest: &Digest) -> Message {
    let (overdue, deadlines) = (digest.overdue.len(), digest.deadlines.len());
    let date = writer.date(writer.today);
    let everybody = match writer.locale {
        Locale::Ja => "全体",
        Locale::En => "Everybody",
    };
    let team = if digest.team.is_empty() {
        everybody
    } else {
        &digest.team
    };
    let team = line(team, LONGEST_NAME);
    let title = match (writer.locale, digest.is_personal) {
        (Locale::Ja, true) => format!("今週の対応: 期限超過{overdue}件、期日{deadlines}件"),
        (Locale::Ja, false) => {
            format!("{team} 今週の対応: 期限超過{overdue}件、期日{deadlines}件")
        }
        (Locale::En, true) => format!("This week: {overdue} overdue, {deadlines} deadlines"),
        (Locale::En, false) => {
            format!("{team}, this week: {overdue} overdue, {deadlines} deadlines")
        }
    };
    let mut message = writer.message("🗓️", title, "risks");
    message.sections = sections(writer, digest);
    message.footer = match writer.locale {
        Locale::Ja => format!(
            "Keizokuの週次ダイジェスト({date})。終わったら次のアクションを更新してください。"
        ),
        Locale::En => format!(
            "Keizoku's weekly digest of {date}. Please update next actions once they are done."
        ),
    };
    message
}

fn sections(writer: &Writer, digest: &Digest) -> Vec<MessageSection> {
    let mut sections = Vec::new();
    let by_owner = digest.overdue.chunk_by(|a, b| a.owner == b.owner);
    for risks in by_owner {
        let entries = risks.iter().map(|risk| overdue(writer, risk));
        let heading = match writer.locale {
            Locale::Ja => "期限を過ぎた次のアクション",
            Locale::En => "Overdue next actions",
        };
        let owner = risks.first().map_or("", |risk| risk.owner.as_str());
        let mut section = section(writer, heading, entries);
        if !digest.is_personal {
            owner.clone_into(&mut section.user);
            if owner.is_empty() {
                let nobody = match writer.locale {
                    Locale::Ja => "(担当者なし)",
                    Locale::En => "(no single owner)",
                };
                section.heading = format!("{heading} {nobody}");
            }
        }
        sections.push(section);
    }
    if sections.len() > MOST_SECTIONS {
        let cut: usize = sections[MOST_SECTIONS..]
            .iter()
            .map(|cut| cut.entries.len())
            .sum();
        sections.truncate(MOST_SECTIONS);
        if let Some(last) = sections.last_mut() {
            last.entries.push(words(writer.locale.and_more(cut)));
        }
    }
    if !digest.deadlines.is_empty() {
        let within = digest.within_days;
        let heading = match writer.locale {
            Locale::Ja => format!("{within}日以内の更新日・通知期限(解約見込みの顧客から)"),
            Locale::En => {
                format!("Renewals and notice deadlines within {within} days, at risk first")
            }
        };
        let entries = digest
            .deadlines
            .iter()
            .map(|found| deadline(writer, found, digest.is_personal));
        sections.push(section(writer, &heading, entries));
    }
    sections
}

fn section(
    writer: &Writer,
    heading: &str,
    entries: impl ExactSizeIterator<Item = MessageEntry>,
) -> MessageSection {
    let more = entries.len().saturating_sub(MOST_ENTRIES);
    let mut entries: Vec<MessageEntry> = entries.take(MOST_ENTRIES).collect();
    if more > 0 {
        entries.push(words(writer.locale.and_more(more)));
    }
    MessageSection {
        heading: heading.to_owned(),
        user: String::new(),
        entries,
    }
}

fn words(text: String) -> MessageEntry {
    MessageEntry {
        text,
        ..MessageEntry::default()
    }
}

fn overdue(writer: &Writer, risk: &Overdue) -> MessageEntry {
    let due = date_from(risk.due, writer.today, writer.locale);
    let account = line(&risk.account_name, LONGEST_NAME);
    let name = line(&risk.risk_name, LONGEST_NAME);
    let action = line(&risk.action, LONGEST_NAME * 2);
    let action = if action.is_empty() {
        String::new()
    } else {
        format!(" — {action}")
    };
    MessageEntry {
        text: match writer.locale {
            Locale::Ja => format!("{due} {account}「{name}」{action}"),
            Locale::En => format!("{due} {account}: {name}{action}"),
        },
        user: String::new(),
        url: writer.url(&risk_path(risk.account, &risk.risk)),
    }
}

fn deadline(writer: &Writer, found: &Deadline, is_personal: bool) -> MessageEntry {
    let date = date_from(found.date, writer.today, writer.locale);
    let kind = match (found.kind, writer.locale) {
        (DeadlineKind::Notice, Locale::Ja) => "通知期限",
        (DeadlineKind::Renewal, Locale::Ja) => "更新",
        (DeadlineKind::Notice, Locale::En) => "notice deadline",
        (DeadlineKind::Renewal, Locale::En) => "renewal",
    };
    let account = line(&found.account_name, LONGEST_NAME);
    let product = line(&found.product, LONGEST_NAME);
    let mrr = money(found.mrr, &writer.currency);
    let mark = if found.at_risk { "⚠️ " } else { "" };
    MessageEntry {
        text: match writer.locale {
            Locale::Ja => format!("{mark}{date} {kind} {account}({product}) MRR {mrr}"),
            Locale::En => format!("{mark}{date} {kind}: {account} ({product}), MRR {mrr}"),
        },
        user: if is_personal {
            String::new()
        } else {
            found.owner.clone()
        },
        url: writer.url(&format!("accounts/{}", found.account)),
    }
}
