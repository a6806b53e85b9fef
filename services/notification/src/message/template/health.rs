//! Messages about how customers do.

use keizoku_proto::healthscore::Band;
use keizoku_proto::notification::Message;

use super::super::line;
use super::super::locale::Locale;
use super::{Customer, Responsible, Writer, fact};

/// A band that became another one.
#[derive(Debug, Clone, Default)]
pub(crate) struct BandChange {
    pub(crate) from: Band,
    pub(crate) to: Band,
    /// 0 to 100.
    pub(crate) score: i32,
    pub(crate) owner: Responsible,
}

/// A customer's health band became another one.
pub(crate) fn health_band_changed(
    writer: &Writer,
    customer: &Customer,
    change: &BandChange,
) -> Message {
    let labels = writer.locale.labels();
    let name = line(&customer.name, 60);
    let [from, to] = [change.from, change.to].map(|band| band_name(band, writer.locale));
    let title = match (change.to > change.from, writer.locale) {
        (true, Locale::Ja) => format!("ヘルススコアが改善({from}→{to}): {name}"),
        (true, Locale::En) => format!("Health is better ({from} to {to}): {name}"),
        (false, Locale::Ja) => format!("ヘルススコアが悪化({from}→{to}): {name}"),
        (false, Locale::En) => format!("Health is worse ({from} to {to}): {name}"),
    };
    let mark = match change.to {
        Band::Green => "🟢",
        Band::Red => "🔴",
        Band::Yellow | Band::Unspecified => "🟡",
    };
    let mut message = writer.message(mark, title, &format!("accounts/{}", customer.id));
    message.facts = writer.customer(customer);
    let score = match writer.locale {
        Locale::Ja => format!("{}点({from}→{to})", change.score),
        Locale::En => format!("{} of 100 ({from} to {to})", change.score),
    };
    message.facts.push(fact(labels.health, &score));
    message
        .facts
        .push(writer.responsible(labels.owner, &change.owner));
    if change.to < change.from {
        let to_do = match writer.locale {
            Locale::Ja => "スコアの内訳を見て、下がった理由を確かめてください",
            Locale::En => "see what the score is made of, and find out why it fell",
        };
        message.facts.push(fact(labels.to_do, to_do));
    }
    message.footer = writer.footer(
        "スコアの帯が変わるたびに届きます。",
        "this comes whenever the band of a score changes.",
    );
    message
}

fn band_name(band: Band, locale: Locale) -> &'static str {
    match (band, locale) {
        (Band::Red, Locale::Ja) => "赤",
        (Band::Yellow, Locale::Ja) => "黄",
        (Band::Green, Locale::Ja) => "緑",
        (Band::Unspecified, Locale::Ja) => "なし",
        (Band::Red, Locale::En) => "red",
        (Band::Yellow, Locale::En) => "yellow",
        (Band::Green, Locale::En) => "green",
        (Band::Unspecified, Locale::En) => "none",
    }
}
