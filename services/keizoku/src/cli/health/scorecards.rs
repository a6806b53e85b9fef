//! `keizoku health scorecards`.

use keizoku_proto::healthscore::{ListScorecardsRequest, ListScorecardsResponse};

use crate::cli::context::Context;
use crate::cli::format;
use crate::cli::output::answer;
use crate::cli::table::Table;
use crate::client::call;
use crate::error::Failure;

/// Arguments of `keizoku health scorecards`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku health scorecards
  keizoku health scorecards --json         with curves, journeys, drafts and all versions")]
pub struct Args {}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = ListScorecardsRequest {};
        let sent = async || {
            context
                .connection
                .health_scores()
                .list_scorecards(request)
                .await
        };
        let response = call(sent).await?;
        answer!(
            context,
            healthscore::ListScorecardsResponse,
            &response,
            text(&response, context)
        )
    }
}

fn text(response: &ListScorecardsResponse, context: &Context) -> String {
    let mut table = Table::new([
        "Key",
        "Version",
        "Draft",
        "Tiers",
        "Measure",
        "Weight",
        "Stale after",
    ]);
    for card in &response.scorecards {
        let in_effect = card
            .versions
            .iter()
            .find(|one| one.version == card.version_in_effect);
        let Some(scorecard) = in_effect.and_then(|version| version.scorecard.as_ref()) else {
            continue;
        };
        for (number, measure) in scorecard.measures.iter().enumerate() {
            let first = |text: String| if number == 0 { text } else { String::new() };
            let rest = "all others".to_owned();
            let tiers = Some(scorecard.tiers.join(", ")).filter(|tiers| !tiers.is_empty());
            let draft = card.draft.as_ref().map_or(format::NOTHING, |_| "yes");
            table.row([
                first(card.key.clone()),
                first(card.version_in_effect.to_string()),
                first(draft.to_owned()),
                first(tiers.unwrap_or(rest)),
                measure.display_name.clone(),
                measure.weight.to_string(),
                format!("{} d", measure.stale_after_days),
            ]);
        }
    }
    table.render(context.style)
}
