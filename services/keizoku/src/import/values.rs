//! Texts of a CRM export into values: amounts, dates, instants, corporate numbers.
//!
//! Every error is the sentence that a person reads beside file, line and column.

use jiff::Timestamp;
use keizoku_core::{Day, Money};

/// Full-width digits, comma and point as their half-width twins; everything else as it is.
pub(super) fn half_width(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            '０'..='９' => char::from_u32(u32::from(letter) - 0xFEE0).unwrap_or(letter),
            '，' => ',',
            '．' => '.',
            other => other,
        })
        .collect()
}

/// An amount in whole units of the currency: digits, with or without separators of thousands, and
/// with a fraction only when that is zero.
pub(super) fn amount(text: &str) -> Result<i64, String> {
    let plain = half_width(text);
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, "0"));
    let shown = shortened(text);
    if whole.starts_with(['-', '－', '−']) {
        return Err(format!("`{shown}` is negative"));
    }
    if fraction.is_empty() || !is_digits(fraction) || !is_grouped(whole) {
        return Err(format!("`{shown}` is not an amount"));
    }
    if fraction.bytes().any(|digit| digit != b'0') {
        return Err(format!("`{shown}` has a fraction; amounts are whole"));
    }
    let digits: String = whole.chars().filter(|letter| *letter != ',').collect();
    let max = Money::MAX_MRR;
    match digits
        .trim_start_matches('0')
        .parse()
        .or_else(|_| zero_or_huge(&digits))
    {
        Ok(amount) if amount <= max.minor() => Ok(amount),
        _ => Err(format!("`{shown}` is more than {max}")),
    }
}

/// What is left of digits that no `i64` takes: only zeros, or too many of them.
fn zero_or_huge(digits: &str) -> Result<i64, ()> {
    if digits.bytes().all(|digit| digit == b'0') {
        Ok(0)
    } else {
        Err(())
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Digits, or digits in groups of three with commas between them.
fn is_grouped(text: &str) -> bool {
    let mut groups = text.split(',');
    let first = groups.next().unwrap_or_default();
    if !text.contains(',') {
        return is_digits(text);
    }
    is_digits(first) && first.len() <= 3 && groups.all(|group| group.len() == 3 && is_digits(group))
}

/// A date as `YYYY-MM-DD` or `YYYY/M/D`.
pub(super) fn date(text: &str) -> Result<Day, String> {
    let shown = shortened(text);
    let parts = parts_of_date(text)
        .ok_or_else(|| format!("`{shown}` is not a date (YYYY-MM-DD or YYYY/M/D)"))?;
    let [year, month, day] = parts;
    Day::from_ymd(year, month, day).map_err(|_| {
        format!(
            "`{shown}` does not exist, or is not between {} and {}",
            Day::MIN,
            Day::MAX
        )
    })
}

fn parts_of_date(text: &str) -> Option<[i32; 3]> {
    let dashed = text.contains('-');
    let parts: Vec<&str> = text.split(if dashed { '-' } else { '/' }).collect();
    let [year, month, day] = parts[..] else {
        return None;
    };
    let short = |part: &str| {
        if dashed {
            part.len() == 2
        } else {
            matches!(part.len(), 1 | 2)
        }
    };
    let fits = year.len() == 4 && short(month) && short(day);
    if !fits || !parts.iter().all(|part| is_digits(part)) {
        return None;
    }
    Some([year.parse().ok()?, month.parse().ok()?, day.parse().ok()?])
}

/// An instant in ISO 8601 with an offset: `+0000`, `+09:00` or `Z`.
pub(super) fn instant(text: &str) -> Result<Timestamp, String> {
    ["%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%dT%H:%M:%S%.f%:z"]
        .iter()
        .find_map(|format| Timestamp::strptime(format, text).ok())
        .or_else(|| text.ends_with('Z').then(|| text.parse().ok()).flatten())
        .ok_or_else(|| {
            format!(
                "`{}` is not an instant with an offset (2026-11-20T09:00:00.000+0000)",
                shortened(text)
            )
        })
}

/// A corporate number (法人番号): 13 digits, the first of which checks the others.
pub(super) fn corporate_number(text: &str) -> Result<String, String> {
    let number = half_width(text);
    let shown = shortened(text);
    if number.len() != 13 || !is_digits(&number) {
        return Err(format!("`{shown}` is not 13 digits"));
    }
    let weighted: u32 = number
        .bytes()
        .skip(1)
        .enumerate()
        .map(|(place, digit)| u32::from(digit - b'0') * if place % 2 == 0 { 2 } else { 1 })
        .sum();
    let check = 9 - weighted % 9;
    if u32::from(number.as_bytes()[0] - b'0') == check {
        Ok(number)
    } else {
        Err(format!(
            "the check digit of `{shown}` is wrong; it would be {check}"
        ))
    }
}

/// A text for one line: line breaks and other control characters become spaces.
pub(super) fn single_line(text: &str) -> String {
    let spaced: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    spaced
        .split(' ')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A long text: lines end with LF, and no control characters but tabs stay.
pub(super) fn long_text(text: &str) -> String {
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    lines
        .chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .collect()
}

/// A value as a message shows it: one line, not too long.
pub(super) fn shortened(text: &str) -> String {
    const LONGEST: usize = 40;
    let line = single_line(text);
    if line.chars().count() <= LONGEST {
        return line;
    }
    line.chars().take(LONGEST).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_with_separators_fractions_of_zero_and_full_width_digits() {
        let read = [
            "0",
            "000",
            "1,234,567",
            "１，２００",
            "5000.00",
            "７００．０",
            "1000000000000",
        ]
        .map(amount);
        assert_eq!(
            read.map(|amount| amount.unwrap()),
            [0, 0, 1_234_567, 1_200, 5_000, 700, 1_000_000_000_000]
        );
    }

    #[test]
    fn refused_amounts_say_why() {
        for (text, why) in [
            ("-5000", "negative"),
            ("－５０００", "negative"),
            ("12.5", "has a fraction"),
            ("1000000000001", "is more than 1,000,000,000,000"),
            ("99999999999999999999", "is more than"),
            ("12,34", "not an amount"),
            ("1,0000", "not an amount"),
            (",100", "not an amount"),
            ("100.", "not an amount"),
            (".00", "not an amount"),
            ("+5", "not an amount"),
            ("1e3", "not an amount"),
            ("￥1000", "not an amount"),
            ("1 000", "not an amount"),
            ("", "not an amount"),
            ("十万", "not an amount"),
        ] {
            let message = amount(text).unwrap_err();
            assert!(message.contains(why), "{text}: {message}");
        }
    }

    #[test]
    fn dates_in_both_forms() {
        for text in ["2026-02-03", "2026/2/3", "2026/02/03"] {
            assert_eq!(date(text).unwrap().to_string(), "2026-02-03");
        }
        for text in [
            "2026-2-3",
            "2026-02-30",
            "2026/02-03",
            "20260203",
            "未定",
            "2026-13-01",
            "2026-02-03T00:00:00",
        ] {
            assert!(date(text).is_err(), "{text}");
        }
    }

    #[test]
    fn instants_need_an_offset() {
        for text in [
            "2026-11-20T00:00:00.000+0000",
            "2026-11-20T09:00:00+09:00",
            "2026-11-20T00:00:00Z",
            "2026-11-20T00:00:00+0000",
        ] {
            assert_eq!(
                instant(text).unwrap().to_string(),
                "2026-11-20T00:00:00Z",
                "{text}"
            );
        }
        for text in ["", "2026-11-20", "2026-11-20T00:00:00", "きのう"] {
            assert!(instant(text).is_err(), "{text}");
        }
    }

    #[test]
    fn acc_1_a_corporate_number_has_a_check_digit() {
        // The National Tax Agency's own number.
        assert_eq!(corporate_number("7000012050002").unwrap(), "7000012050002");
        assert_eq!(
            corporate_number("７０００01205０００２").unwrap(),
            "7000012050002"
        );
        assert!(
            corporate_number("8000012050002")
                .unwrap_err()
                .contains("would be 7")
        );
        assert!(
            corporate_number("700001205000")
                .unwrap_err()
                .contains("13 digits")
        );
    }

    #[test]
    fn names_fit_on_one_line() {
        assert_eq!(
            single_line("能勢\r\n製作所　\u{b}(株)"),
            "能勢 製作所　 (株)"
        );
        assert_eq!(long_text("一\r\n二\u{b}\r三"), "一\n二\n三");
    }
}
