//! Requests that look back.

use keizoku_proto::forecast as proto;
use keizoku_revenue::Book;
use keizoku_runtime::{Failure, Violations};

use super::{as_of, filter, month, require_known, scenario};
use crate::hindsight::{BacktestQuestion, Line};

/// Months looked at unless asked otherwise, and at most.
const MONTHS: (u8, u8) = (12, 36);

/// Months ahead that a forecast was given unless asked otherwise, and at most.
const HORIZON: (u8, u8) = (1, 12);

/// Which forecasts somebody wants to see beside what happened.
pub(crate) fn backtest_question(
    book: &Book,
    request: &proto::GetBacktestRequest,
) -> Result<BacktestQuestion, Failure> {
    let mut violations = Violations::new();
    let as_of = as_of(&mut violations, book, request.as_of.as_ref());
    let last = if request.last_month.is_empty() {
        Some(as_of.on.min(book.today_at(as_of.known_at)).month().plus(-1))
    } else {
        month(&mut violations, "last_month", &request.last_month, as_of)
    };
    let line = if request.expected {
        if request.scenario != i32::from(proto::Scenario::Unspecified) {
            violations.add("scenario", "is not asked for together with `expected`");
        }
        Line::Expected
    } else {
        Line::Scenario(scenario(&mut violations, request.scenario))
    };
    let months = within(&mut violations, "months", request.months, MONTHS);
    let horizon = within(&mut violations, "horizon", request.horizon, HORIZON);
    let filter = filter(&mut violations, request.filter.as_ref());
    require_known(&mut violations, book, &filter);
    violations.finish(last.map(|last| BacktestQuestion {
        as_of,
        last,
        months,
        horizon,
        line,
        filter,
    }))
}

/// A number of months; 0 is the default.
fn within(violations: &mut Violations, field: &str, asked: u32, (default, most): (u8, u8)) -> u8 {
    match u8::try_from(asked) {
        Ok(0) => default,
        Ok(months) if months <= most => months,
        _ => {
            violations.add(field, format!("is more than {most}"));
            default
        }
    }
}
