//! Figures and dates as people write them.

use keizoku_core::{Day, Money, Rate};

use super::locale::Locale;

/// Currencies without minor units; every other one has a hundred of them.
const WITHOUT_MINOR_UNITS: [&str; 5] = ["JPY", "KRW", "VND", "CLP", "ISK"];

/// An amount with its currency: `¥1,200,000`, `USD 1,200.00`.
pub(crate) fn money(amount: Money, currency: &str) -> String {
    let minor = amount.minor();
    let sign = if minor < 0 { "-" } else { "" };
    let whole =
        |units: u64| Money::from_minor(i64::try_from(units).unwrap_or(i64::MAX)).to_string();
    let units = minor.unsigned_abs();
    match currency {
        "JPY" => format!("{sign}¥{}", whole(units)),
        code if WITHOUT_MINOR_UNITS.contains(&code) => format!("{code} {sign}{}", whole(units)),
        code => format!("{code} {sign}{}.{:02}", whole(units / 100), units % 100),
    }
}

/// A rate in percent with two decimals.
pub(crate) fn percent(rate: Rate) -> String {
    // Parts per million to hundredths of a percent, half up: it is text, and no figure.
    let hundredths = (rate.ppm() + 50).div_euclid(100);
    format!("{}.{:02}%", hundredths / 100, hundredths.rem_euclid(100))
}

/// A date with its weekday: `2026/12/01(火)`, `Tue 2026-12-01`.
pub(crate) fn date(day: Day, locale: Locale) -> String {
    let date = day.date();
    let weekday = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or(0);
    match locale {
        Locale::Ja => {
            let weekday = ["月", "火", "水", "木", "金", "土", "日"][weekday];
            format!("{}({weekday})", date.strftime("%Y/%m/%d"))
        }
        Locale::En => {
            let weekday = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][weekday];
            format!("{weekday} {date}")
        }
    }
}

/// A date, and how far away it is.
pub(crate) fn date_from(day: Day, today: Day, locale: Locale) -> String {
    let away = locale.days_away(day.days_since(today));
    let date = date(day, locale);
    match locale {
        Locale::Ja => format!("{date} {away}"),
        Locale::En => format!("{date} ({away})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_written_as_people_write_them() {
        assert_eq!(money(Money::from_minor(1_200_000), "JPY"), "¥1,200,000");
        assert_eq!(money(Money::from_minor(-5), "USD"), "USD -0.05");
        assert_eq!(percent(Rate::new(1, 3).unwrap()), "33.33%");
        assert_eq!(percent(Rate::new(1, 200).unwrap()), "0.50%");
        let day: Day = "2026-12-01".parse().unwrap();
        let today: Day = "2026-11-25".parse().unwrap();
        assert_eq!(date_from(day, today, Locale::Ja), "2026/12/01(火) あと6日");
        assert_eq!(
            date_from(today, day, Locale::En),
            "Wed 2026-11-25 (6 days ago)"
        );
    }
}
