//! `keizoku health history`: a chart of how a score went.

use jiff::tz::TimeZone;
use keizoku_proto::healthscore::{ListHealthHistoryRequest, ListHealthHistoryResponse};

use super::instant;
use crate::cli::chart::bar;
use crate::cli::context::Context;
use crate::cli::format;
use crate::cli::output::{Style, answer};
use crate::cli::pages::Limit;
use crate::cli::table::Table;
use crate::cli::time::Moment;
use crate::client::call;
use crate::error::Failure;

/// Cells of the longest bar.
const WIDTH: u32 = 40;
const HIGHEST: i64 = 100;

/// Arguments of `keizoku health history`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku health history 緑川印刷
  keizoku health history 緑川印刷 --from 2026-10-01 --limit 0")]
pub struct Args {
    /// The account: name, id or external id
    account: String,
    /// From when on [default: the beginning]
    #[arg(long, value_name = "TIME")]
    from: Option<Moment>,
    /// Until when [default: now]
    #[arg(long, value_name = "TIME")]
    to: Option<Moment>,
    #[command(flatten)]
    limit: Limit,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let account = context.account(&self.account).await?;
        let from = instant(context, self.from)
            .await?
            .map(keizoku_proto::timestamp);
        let to = instant(context, self.to)
            .await?
            .map(keizoku_proto::timestamp);
        let fetch = async |page_size, page_token| {
            let request = ListHealthHistoryRequest {
                account: account.clone(),
                from_time: from,
                to_time: to,
                page_size,
                page_token,
                consistency_tokens: context.tokens(),
            };
            let mut api = context.connection.health_scores();
            call(async || api.list_health_history(request.clone()).await).await
        };
        let response: ListHealthHistoryResponse = self.limit.collect(fetch).await?;
        let zone = context.zone().await?;
        let text = || chart(&response, &zone, context.style);
        answer!(
            context,
            healthscore::ListHealthHistoryResponse,
            &response,
            text()
        )
    }
}

fn chart(response: &ListHealthHistoryResponse, zone: &TimeZone, style: Style) -> String {
    let mut table = Table::new(["From", "Score", "Band", "0 to 100"]);
    for step in &response.steps {
        let score = step
            .score
            .map_or_else(|| format::NOTHING.to_owned(), |score| score.to_string());
        let length = i64::from(step.score.unwrap_or_default());
        table.row([
            format::instant(step.time.as_ref(), zone),
            score,
            format::enum_name(step.band().as_str_name(), "BAND_"),
            bar(length, HIGHEST, WIDTH, style),
        ]);
    }
    table.render(style) + &format::more(response.steps.len(), None, &response.next_page_token)
}

#[cfg(test)]
mod tests {
    use keizoku_proto::healthscore::{Band, HealthStep};

    use super::*;

    #[test]
    fn hlt_5_a_history_is_drawn_in_local_time_and_says_where_there_was_no_score() {
        let step = |at: &str, score: Option<i32>, band: Band| HealthStep {
            time: Some(keizoku_proto::timestamp(at.parse().unwrap())),
            score,
            band: band.into(),
            ..HealthStep::default()
        };
        let response = ListHealthHistoryResponse {
            steps: vec![
                step("2026-11-21T15:00:00Z", Some(50), Band::Yellow),
                step("2026-11-22T15:00:00Z", None, Band::Unspecified),
            ],
            ..ListHealthHistoryResponse::default()
        };
        let drawn = chart(
            &response,
            &TimeZone::get("Asia/Tokyo").unwrap(),
            Style::ASCII,
        );
        let lines: Vec<&str> = drawn.lines().collect();
        let scored = lines
            .iter()
            .find(|line| line.contains("2026-11-22 00:00"))
            .unwrap();
        assert!(
            scored.contains("50") && scored.contains("YELLOW"),
            "{drawn}"
        );
        assert_eq!(scored.matches('#').count(), 20, "{drawn}");
        let none = lines
            .iter()
            .find(|line| line.contains("2026-11-23 00:00"))
            .unwrap();
        assert!(!none.contains('#') && none.contains('-'), "{drawn}");
    }
}
