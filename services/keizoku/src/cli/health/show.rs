//! `keizoku health show`.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use keizoku_proto::healthscore::{Contribution, GetHealthRequest, Health, SignalKind};

use super::{instant, scored};
use crate::cli::card::Card;
use crate::cli::context::{Context, named};
use crate::cli::format;
use crate::cli::output::answer;
use crate::cli::table::Table;
use crate::cli::time::Moment;
use crate::client::call;
use crate::error::Failure;

/// Arguments of `keizoku health show`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku health show 緑川印刷
  keizoku health show 緑川印刷 --at 2026-10-31")]
pub struct Args {
    /// The account: name, id or external id
    account: String,
    /// As it was then: an instant, a local time, or the end of a date
    #[arg(long, value_name = "TIME")]
    at: Option<Moment>,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = GetHealthRequest {
            account: context.account(&self.account).await?,
            time: instant(context, self.at)
                .await?
                .map(keizoku_proto::timestamp),
            consistency_tokens: context.tokens(),
        };
        let sent = async || {
            context
                .connection
                .health_scores()
                .get_health(request.clone())
                .await
        };
        let response = call(sent).await?;
        let (zone, people) = (context.zone().await?, context.people().await);
        let text = || {
            let read = format::watermarks(&response.watermarks, context.now());
            let health = response.health.clone().unwrap_or_default();
            format!(
                "{}\n{}Read: {read}\n",
                summary(&health, &zone, &people),
                made_of(&health, context)
            )
        };
        answer!(context, healthscore::GetHealthResponse, &response, text())
    }
}

fn summary(health: &Health, zone: &TimeZone, people: &HashMap<String, String>) -> String {
    let mut card = Card::new(scored(health.score, health.band()));
    if let Some(set) = &health.r#override {
        let until = format::instant(set.expire_time.as_ref(), zone);
        card.field(
            "OVERRIDE",
            format!("{} until {until}: {}", set.score, set.reason),
        )
        .field("set by", named(people, &set.actor));
    }
    card.field("as of", format::instant(health.time.as_ref(), zone))
        .field(
            "scorecard",
            format!("{} version {}", health.scorecard, health.scorecard_version),
        )
        .field("fresh", format!("{} of 100", health.fresh_weight));
    if health.next_change_time.is_some() {
        card.field(
            "changes",
            format::instant(health.next_change_time.as_ref(), zone),
        );
    }
    card.render()
}

fn made_of(health: &Health, context: &Context) -> String {
    let mut table = Table::new(["Points", "Measure", "Weight", "Value", "Age", "Counts"]);
    for one in &health.contributions {
        let standing = format::enum_name(one.standing().as_str_name(), "STANDING_").to_lowercase();
        let age = one
            .age_days
            .map_or_else(String::new, |days| format!("{days} d"));
        table.row([
            one.points.to_string(),
            one.display_name.clone(),
            one.weight.to_string(),
            value(one),
            age,
            standing,
        ]);
    }
    table.render(context.style)
}

/// The signal's value, and what was expected.
fn value(one: &Contribution) -> String {
    let Some(signal) = &one.signal else {
        return format::NOTHING.to_owned();
    };
    let value = signal.value;
    match one.expected_value_milli {
        Some(expected) => format!("{value} of {} expected", expected / 1_000),
        None if signal.kind() == SignalKind::OnboardingState => format!("{value} %"),
        None => value.to_string(),
    }
}
