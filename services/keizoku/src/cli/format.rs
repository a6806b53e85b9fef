//! Values of the API as people read them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use keizoku_proto::common::{Money, NoValueReason, Origin, Rate, SourceWatermark};
use keizoku_proto::google::r#type::Date;

/// Currencies without minor units; every other one has a hundred of them.
const WITHOUT_MINOR_UNITS: [&str; 5] = ["JPY", "KRW", "VND", "CLP", "ISK"];

/// What stands where there is nothing.
pub(super) const NOTHING: &str = "-";

/// A date, or nothing.
pub(super) fn date(date: Option<&Date>) -> String {
    date.map_or_else(
        || NOTHING.to_owned(),
        |date| format!("{:04}-{:02}-{:02}", date.year, date.month, date.day),
    )
}

/// An amount with separators of thousands; an empty currency is one without minor units.
pub(super) fn money(amount: Option<&Money>) -> String {
    let Some(money) = amount else {
        return NOTHING.to_owned();
    };
    let code = money.currency_code.as_str();
    let whole = |units: i64| keizoku_core::Money::from_minor(units).to_string();
    if code.is_empty() || WITHOUT_MINOR_UNITS.contains(&code) {
        return whole(money.minor_units);
    }
    let sign = if money.minor_units < 0 && money.minor_units > -100 {
        "-"
    } else {
        ""
    };
    let cents = money.minor_units.unsigned_abs() % 100;
    format!("{sign}{}.{cents:02}", whole(money.minor_units / 100))
}

/// An amount with its currency in front.
pub(super) fn money_with_currency(amount: Option<&Money>) -> String {
    let code = amount.map_or("", |money| money.currency_code.as_str());
    if code.is_empty() {
        money(amount)
    } else {
        format!("{code} {}", money(amount))
    }
}

/// A rate in percent with two decimals, or nothing.
pub(super) fn percent(rate: Option<&Rate>) -> String {
    rate.and_then(|rate| rate.ppm)
        .map_or_else(|| NOTHING.to_owned(), percent_of_ppm)
}

/// Parts per million in percent with two decimals.
pub(super) fn percent_of_ppm(ppm: i64) -> String {
    let hundredths = (ppm.unsigned_abs() + 50) / 100;
    let sign = if ppm < 0 && hundredths > 0 { "-" } else { "" };
    format!("{sign}{}.{:02}%", hundredths / 100, hundredths % 100)
}

/// Why there is no value, in words; empty when there is one.
pub(super) fn no_value(reason: NoValueReason) -> &'static str {
    match reason {
        NoValueReason::Unspecified => "",
        NoValueReason::ZeroDenominator => "nothing to divide by",
        NoValueReason::InsufficientHistory => "the history does not reach back far enough",
        NoValueReason::NoLossObserved => "nothing was lost",
        NoValueReason::MarginUnset => "the gross margin is not set",
        NoValueReason::TooFewLosses => "too few losses are known",
    }
}

/// An instant as the organisation's clocks showed it.
pub(super) fn instant(at: Option<&prost_types::Timestamp>, zone: &TimeZone) -> String {
    at.and_then(keizoku_proto::instant).map_or_else(
        || NOTHING.to_owned(),
        |at| zone.to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string(),
    )
}

/// An enum's value without the prefix that all its values share.
pub(super) fn enum_name(full: &str, prefix: &str) -> String {
    match full.strip_prefix(prefix).unwrap_or(full) {
        "UNSPECIFIED" => NOTHING.to_owned(),
        name => name.to_owned(),
    }
}

/// How far the sources behind an answer had been read, and how old that is.
pub(super) fn watermarks(watermarks: &[SourceWatermark], now: Timestamp) -> String {
    let of_one = |mark: &SourceWatermark| {
        let age = mark
            .recorded_at
            .as_ref()
            .and_then(keizoku_proto::instant)
            .map(|at| format!(", last event {} ago", age(now, at)))
            .unwrap_or_default();
        let behind = match mark.head.saturating_sub(mark.position) {
            0 => "up to date".to_owned(),
            events => format!("{events} events behind"),
        };
        format!("{} {behind}{age}", mark.source)
    };
    if watermarks.is_empty() {
        return "nothing has been read yet".to_owned();
    }
    watermarks.iter().map(of_one).collect::<Vec<_>>().join("; ")
}

/// How long ago something was, in its largest unit.
fn age(now: Timestamp, then: Timestamp) -> String {
    let seconds = (now.as_second() - then.as_second()).max(0);
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// The last part of a resource name.
pub(super) fn id(resource: &str) -> &str {
    resource.rsplit('/').next().unwrap_or(resource)
}

/// Who recorded something, and how where nobody entered it (GEN-6).
pub(super) fn author(actor: &str, origin: Origin) -> String {
    match origin {
        Origin::Unspecified | Origin::User => actor.to_owned(),
        Origin::Import | Origin::Reaction | Origin::Schedule => {
            let how = enum_name(origin.as_str_name(), "ORIGIN_").to_lowercase();
            format!("{actor} ({how})")
        }
    }
}

/// What to say under a list that was not shown to its end.
pub(super) fn more(shown: usize, total: Option<i64>, next_page_token: &str) -> String {
    match (next_page_token.is_empty(), total) {
        (true, _) => String::new(),
        (false, Some(total)) => format!("{shown} of {total}; --limit 0 shows all\n"),
        (false, None) => format!("the first {shown}; --limit 0 shows all\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gen_3_amounts_have_the_decimals_of_their_currency() {
        let shown = |minor_units, code: &str| {
            money(Some(&Money {
                minor_units,
                currency_code: code.to_owned(),
            }))
        };
        assert_eq!(shown(1_234_567, "JPY"), "1,234,567");
        assert_eq!(shown(1_234_567, ""), "1,234,567");
        assert_eq!(shown(1_234_567, "USD"), "12,345.67");
        assert_eq!(shown(-5, "EUR"), "-0.05");
        assert_eq!(shown(-1_205, "EUR"), "-12.05");
    }

    #[test]
    fn gen_4_rates_are_shown_in_percent() {
        assert_eq!(percent_of_ppm(12_345), "1.23%");
        assert_eq!(percent_of_ppm(1_000_000), "100.00%");
        assert_eq!(percent_of_ppm(-50), "-0.01%");
        assert_eq!(percent(Some(&Rate::default())), "-");
    }

    #[test]
    fn gen_6_an_author_is_shown_with_how_it_came_about() {
        assert_eq!(author("user:hanako", Origin::User), "user:hanako");
        assert_eq!(author("user:ops", Origin::Import), "user:ops (import)");
    }

    #[test]
    fn fc_11_a_watermark_says_how_far_and_how_old() {
        let now: Timestamp = "2026-11-22T00:10:00Z".parse().unwrap();
        let then = keizoku_proto::timestamp("2026-11-22T00:00:00Z".parse().unwrap());
        let mark = SourceWatermark {
            source: "risk".to_owned(),
            position: 5,
            head: 7,
            recorded_at: Some(then),
            ..SourceWatermark::default()
        };
        assert_eq!(
            watermarks(&[mark], now),
            "risk 2 events behind, last event 10 min ago"
        );
    }
}
