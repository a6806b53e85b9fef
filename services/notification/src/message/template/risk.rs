//! Messages about risks.

use keizoku_core::Rate;
use keizoku_proto::notification::Message;
use keizoku_proto::risk::{Completion, LeadsToChurn};

use super::super::locale::Locale;
use super::super::{line, lines};
use super::{Action, Customer, LONGEST, Responsible, Writer, fact, risk_path};

/// Longest quotation, in characters: the whole text is behind the link.
const LONGEST_QUOTE: usize = 500;

/// A risk that was filed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Opened {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) detail: String,
    pub(crate) leads_to_churn: LeadsToChurn,
    pub(crate) owner: Responsible,
    pub(crate) action: Action,
}

/// A risk that was closed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Closed {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) completion: Completion,
    pub(crate) result: String,
    pub(crate) owner: Responsible,
    /// The impact that was frozen.
    pub(crate) impact: Option<Rate>,
}

/// A risk whose expectation changed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flag {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) now: LeadsToChurn,
    pub(crate) reason: String,
    pub(crate) owner: Responsible,
    pub(crate) action: Action,
}

/// A next action that stays overdue.
#[derive(Debug, Clone, Default)]
pub(crate) struct Escalated {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) owner: Responsible,
    pub(crate) action: Action,
    pub(crate) days: i32,
}

/// A suggestion.
#[derive(Debug, Clone, Default)]
pub(crate) struct Suggested {
    pub(crate) name: String,
    pub(crate) detail: String,
    pub(crate) owner: Responsible,
}

fn expectation(flag: LeadsToChurn, locale: Locale) -> &'static str {
    match (flag, locale) {
        (LeadsToChurn::LeadsToChurn, Locale::Ja) => "解約につながる",
        (LeadsToChurn::LeadsToChurn, Locale::En) => "leads to churn",
        (_, Locale::Ja) => "現時点では不明",
        (_, Locale::En) => "unknown at present",
    }
}

/// `緑川印刷「担当者が退職」`
fn about(customer: &Customer, name: &str, locale: Locale) -> String {
    let (customer, name) = (line(&customer.name, 60), line(name, 80));
    match locale {
        Locale::Ja => format!("{customer}「{name}」"),
        Locale::En => format!("{customer}: {name}"),
    }
}

/// A risk was filed.
pub(crate) fn risk_opened(writer: &Writer, customer: &Customer, risk: &Opened) -> Message {
    let labels = writer.locale.labels();
    let about = about(customer, &risk.name, writer.locale);
    let title = match writer.locale {
        Locale::Ja => format!("リスク登録: {about}"),
        Locale::En => format!("Risk filed: {about}"),
    };
    let path = risk_path(customer.id, &risk.id);
    let mut message = writer.message("⚠️", title, &path);
    message.facts = writer.customer(customer);
    let expected = expectation(risk.leads_to_churn, writer.locale);
    message.facts.push(fact(labels.expectation, expected));
    message
        .facts
        .push(writer.responsible(labels.owner, &risk.owner));
    message.facts.push(writer.next_action(&risk.action));
    message.quote = lines(&risk.detail, LONGEST_QUOTE);
    message.footer = writer.footer(
        "担当チームにリスクが登録されました。似た経験があれば担当に声をかけてください。",
        "a risk was filed in your team. If you have seen the like, tell the owner.",
    );
    message
}

/// A risk was closed; a success is celebrated, so that colleagues can praise.
pub(crate) fn risk_closed(writer: &Writer, customer: &Customer, risk: &Closed) -> Message {
    let labels = writer.locale.labels();
    let about = about(customer, &risk.name, writer.locale);
    let (mark, title) = match (risk.completion, writer.locale) {
        (Completion::Completed, Locale::Ja) => ("🎉", format!("解約を防ぎました! {about}")),
        (Completion::Completed, Locale::En) => ("🎉", format!("Churn averted! {about}")),
        (Completion::Failed, Locale::Ja) => ("📕", format!("リスク終了(失敗): {about}")),
        (Completion::Failed, Locale::En) => ("📕", format!("Risk closed as failed: {about}")),
        (_, Locale::Ja) => ("☑️", format!("リスクではありませんでした: {about}")),
        (_, Locale::En) => ("☑️", format!("Not a risk after all: {about}")),
    };
    let path = risk_path(customer.id, &risk.id);
    let mut message = writer.message(mark, title, &path);
    let closed = Customer {
        impact: risk.impact,
        ..customer.clone()
    };
    message.facts = writer.customer(&closed);
    message
        .facts
        .push(writer.responsible(labels.owner, &risk.owner));
    message
        .facts
        .push(fact(labels.result, &line(&risk.result, LONGEST_QUOTE)));
    message.footer = match risk.completion {
        Completion::Completed => writer.footer(
            "ぜひ担当にひとこと声をかけてください。何が効いたかはナレッジ検索で読めます。",
            "a word of praise goes a long way. What worked is in the knowledge search.",
        ),
        Completion::Failed => writer.footer(
            "次に活かせることがないか、チームで振り返ってください。",
            "please look back as a team: what would help the next time?",
        ),
        _ => writer.footer(
            "対応は不要になりました。",
            "nothing more needs to be done about it.",
        ),
    };
    message
}

/// The expectation of churn changed.
pub(crate) fn leads_to_churn_changed(writer: &Writer, customer: &Customer, risk: &Flag) -> Message {
    let labels = writer.locale.labels();
    let about = about(customer, &risk.name, writer.locale);
    let leads = risk.now == LeadsToChurn::LeadsToChurn;
    let (mark, title) = match (leads, writer.locale) {
        (true, Locale::Ja) => ("🔴", format!("解約につながる見込みに変わりました: {about}")),
        (true, Locale::En) => ("🔴", format!("Now expected to churn: {about}")),
        (false, Locale::Ja) => (
            "🟡",
            format!("解約見込みが「現時点では不明」に変わりました: {about}"),
        ),
        (false, Locale::En) => (
            "🟡",
            format!("No longer expected to churn, unknown at present: {about}"),
        ),
    };
    let path = risk_path(customer.id, &risk.id);
    let mut message = writer.message(mark, title, &path);
    message.facts = writer.customer(customer);
    if !risk.reason.is_empty() {
        message
            .facts
            .push(fact(labels.reason, &line(&risk.reason, LONGEST)));
    }
    message
        .facts
        .push(writer.responsible(labels.owner, &risk.owner));
    message.facts.push(writer.next_action(&risk.action));
    message.footer = writer.footer(
        "解約フォーキャストの数字が変わります。",
        "the churn forecast changes with it.",
    );
    message
}

/// A reaction suggested a risk.
pub(crate) fn suggestion_made(writer: &Writer, customer: &Customer, risk: &Suggested) -> Message {
    let labels = writer.locale.labels();
    let about = about(customer, &risk.name, writer.locale);
    let title = match writer.locale {
        Locale::Ja => format!("リスクの提案: {about}"),
        Locale::En => format!("Suggested risk: {about}"),
    };
    let mut message = writer.message("💡", title, &format!("accounts/{}", customer.id));
    message.facts = writer.customer(customer);
    message
        .facts
        .push(writer.responsible(labels.owner, &risk.owner));
    let to_do = match writer.locale {
        Locale::Ja => "リスクとして採用するか、理由を添えて却下してください",
        Locale::En => "accept it as a risk, or dismiss it with a reason",
    };
    message.facts.push(fact(labels.to_do, to_do));
    message.quote = lines(&risk.detail, LONGEST_QUOTE);
    message.footer = writer.footer(
        "採用されるまでフォーキャストには数えられません。",
        "no forecast counts it until somebody accepts it.",
    );
    message
}

/// A next action stays overdue.
pub(crate) fn next_action_overdue(
    writer: &Writer,
    customer: &Customer,
    risk: &Escalated,
) -> Message {
    let labels = writer.locale.labels();
    let about = about(customer, &risk.name, writer.locale);
    let days = risk.days;
    let title = match (writer.locale, days) {
        (Locale::Ja, _) => format!("次のアクションが{days}日超過: {about}"),
        (Locale::En, 1) => format!("Next action 1 day overdue: {about}"),
        (Locale::En, _) => format!("Next action {days} days overdue: {about}"),
    };
    let path = risk_path(customer.id, &risk.id);
    let mut message = writer.message("⏰", title, &path);
    message.facts = writer.customer(customer);
    message
        .facts
        .push(writer.responsible(labels.owner, &risk.owner));
    message.facts.push(writer.next_action(&risk.action));
    message.footer = writer.footer(
        "期限を過ぎたままです。担当と次の一手を決めてください。",
        "it stays overdue: please settle with the owner what is done next.",
    );
    message
}
