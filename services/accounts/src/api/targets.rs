//! Targets among the organisation's settings (FC-13): what is wrong with some.

use keizoku_core::Month;
use keizoku_proto::accounts::target::Goal;
use keizoku_proto::accounts::{Target, TargetMetric};
use keizoku_revenue::Directory;
use keizoku_runtime::Violations;
use keizoku_runtime::names;

/// More targets than this are not looked at by anybody.
const MOST: usize = 100;

/// Months of one target, at most.
const MONTHS: u16 = 12;

/// The whole, in parts per million, and more than any retention with growth will be.
const WHOLE: u32 = 1_000_000;
const MOST_NRR: u32 = 10 * WHOLE;

/// Notes what is wrong with targets, each by its place.
pub(crate) fn check_targets(
    violations: &mut Violations,
    targets: &[Target],
    directory: &Directory,
) {
    if targets.len() > MOST {
        violations.add("organisation.targets", format!("are more than {MOST}"));
        return;
    }
    for (place, target) in targets.iter().enumerate() {
        let field = |name: &str| format!("organisation.targets[{place}].{name}");
        if !target.team.is_empty() {
            let team = violations.parse(&field("team"), names::parse_team(&target.team));
            if team.is_some_and(|team| directory.team(team).is_none()) {
                violations.add(&field("team"), "is not in the directory");
            }
        }
        check_goal(violations, target, &field("goal"), &field("metric"));
        let mut month =
            |name: &str, text: &str| violations.parse::<Month, _>(&field(name), text.parse());
        let months =
            month("first_month", &target.first_month).zip(month("last_month", &target.last_month));
        if let Some((first, last)) = months {
            if last < first {
                violations.add(&field("last_month"), "is before the first month");
            } else if last.number() - first.number() >= MONTHS {
                violations.add(
                    &field("last_month"),
                    format!("makes it longer than {MONTHS} months"),
                );
            }
        }
        // Months as text are in order.
        let is_same = |other: &Target| {
            (&other.team, other.metric) == (&target.team, target.metric)
                && other.first_month <= target.last_month
                && target.first_month <= other.last_month
        };
        if targets[..place].iter().any(is_same) {
            violations.add(
                &field("first_month"),
                "overlaps another target of the same team and metric",
            );
        }
    }
}

fn check_goal(violations: &mut Violations, target: &Target, goal: &str, metric: &str) {
    let of_rate = |violations: &mut Violations, most: u32| match target.goal {
        Some(Goal::RatePpm(ppm)) if ppm > most => {
            violations.add(goal, format!("is more than {most} parts per million"));
        }
        Some(Goal::RatePpm(_)) => {}
        Some(Goal::Amount(_)) | None => violations.add(goal, "must be a rate for this metric"),
    };
    match target.metric() {
        TargetMetric::Grr | TargetMetric::LogoRetention => of_rate(violations, WHOLE),
        TargetMetric::Nrr => of_rate(violations, MOST_NRR),
        TargetMetric::ExpansionMrr => match target.goal {
            Some(Goal::Amount(amount)) if amount > 0 => {}
            Some(Goal::Amount(_)) => violations.add(goal, "must be above 0"),
            Some(Goal::RatePpm(_)) | None => {
                violations.add(goal, "must be an amount for this metric");
            }
        },
        TargetMetric::Unspecified => violations.add(
            metric,
            "is required: GRR, NRR, LOGO_RETENTION or EXPANSION_MRR",
        ),
    }
}
