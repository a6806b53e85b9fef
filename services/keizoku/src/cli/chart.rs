//! Bars of a chart in a terminal.

use super::output::Style;

/// Eighths of a block, from one to eight.
const EIGHTHS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/// A bar as long as `value` is beside `largest`, which fills `width`.
pub(super) fn bar(value: i64, largest: i64, width: u32, style: Style) -> String {
    let steps_per_cell: i128 = if style.unicode { 8 } else { 1 };
    let (value, largest) = (i128::from(value.max(0)), i128::from(largest.max(1)));
    let steps = (value * i128::from(width) * steps_per_cell).div_euclid(largest);
    // Something that is there is seen, however small it is.
    let steps = if value > 0 { steps.max(1) } else { 0 };
    let whole = usize::try_from(steps / steps_per_cell).unwrap_or(0);
    let rest = usize::try_from(steps % steps_per_cell).unwrap_or(0);
    let mut bar = if style.unicode {
        EIGHTHS[7].to_string()
    } else {
        "#".to_owned()
    }
    .repeat(whole);
    if rest > 0 {
        bar.push(EIGHTHS[rest - 1]);
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_proportional_and_never_invisible() {
        assert_eq!(bar(100, 100, 4, Style::UNICODE), "████");
        assert_eq!(bar(3, 16, 4, Style::UNICODE), "▊");
        assert_eq!(bar(1, 1_000_000, 4, Style::UNICODE), "▏");
        assert_eq!(bar(0, 100, 4, Style::UNICODE), "");
        assert_eq!(bar(50, 100, 4, Style::ASCII), "##");
        assert_eq!(bar(1, 100, 4, Style::ASCII), "#");
        assert_eq!(bar(5, 0, 4, Style::ASCII), "####".repeat(5));
    }
}
