//! Messages about contracts that end.

use keizoku_core::{Day, Money};
use keizoku_proto::notification::Message;

use super::super::figures::money;
use super::super::line;
use super::super::locale::Locale;
use super::{Customer, LONGEST, Responsible, Writer, fact};

/// A contract that ends.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ending {
    pub(crate) product: String,
    /// First day without MRR.
    pub(crate) end: Option<Day>,
    /// What it paid until then.
    pub(crate) lost: Money,
    pub(crate) reason: String,
    pub(crate) owner: Responsible,
}

/// A customer said that a contract ends.
pub(crate) fn cancellation_announced(
    writer: &Writer,
    customer: &Customer,
    ending: &Ending,
) -> Message {
    let about = about(customer, ending, writer.locale);
    let title = match writer.locale {
        Locale::Ja => format!("解約の申し出: {about}"),
        Locale::En => format!("Cancellation announced: {about}"),
    };
    let to_do = match writer.locale {
        Locale::Ja => "理由を確かめ、解約日までの対応をリスクに登録してください",
        Locale::En => "find out why, and file a risk with what is done until it ends",
    };
    let mut message = written(writer, customer, ending, "📣", title);
    let to_do = fact(writer.locale.labels().to_do, to_do);
    message.facts.push(to_do);
    message.footer = writer.footer(
        "フォーキャストの「申し出済み」に入ります。",
        "the forecast counts it as announced.",
    );
    message
}

/// A contract ended.
pub(crate) fn churned(writer: &Writer, customer: &Customer, ending: &Ending) -> Message {
    let about = about(customer, ending, writer.locale);
    let title = match writer.locale {
        Locale::Ja => format!("解約: {about}"),
        Locale::En => format!("Churned: {about}"),
    };
    let to_do = match writer.locale {
        Locale::Ja => "この顧客の未完了のリスクに、結果を入れて終了してください",
        Locale::En => "close the customer's open risks with their result",
    };
    let mut message = written(writer, customer, ending, "📉", title);
    message
        .facts
        .push(fact(writer.locale.labels().to_do, to_do));
    message.footer = writer.footer(
        "理由は解約分析に使われます。",
        "the reason goes into the churn analysis.",
    );
    message
}

fn about(customer: &Customer, ending: &Ending, locale: Locale) -> String {
    let (customer, product) = (line(&customer.name, 60), line(&ending.product, 60));
    match locale {
        Locale::Ja => format!("{customer}({product})"),
        Locale::En => format!("{customer} ({product})"),
    }
}

fn written(
    writer: &Writer,
    customer: &Customer,
    ending: &Ending,
    mark: &str,
    title: String,
) -> Message {
    let labels = writer.locale.labels();
    let path = format!("accounts/{}", customer.id);
    let mut message = writer.message(mark, title, &path);
    message.facts = writer.customer(customer);
    message.facts.push(fact(labels.contract, &ending.product));
    if let Some(end) = ending.end {
        message.facts.push(fact(labels.end, &writer.date(end)));
    }
    let lost = money(ending.lost, &writer.currency);
    message.facts.push(fact(labels.lost, &lost));
    let reason = line(&ending.reason, LONGEST);
    message.facts.push(fact(labels.reason, &reason));
    message
        .facts
        .push(writer.responsible(labels.owner, &ending.owner));
    message
}
