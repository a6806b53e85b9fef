//! `keizoku health explain`.

use keizoku_proto::healthscore::{CompareHealthRequest, CompareHealthResponse, Contribution};

use super::{instant, scored};
use crate::cli::context::Context;
use crate::cli::format;
use crate::cli::output::{Style, answer};
use crate::cli::table::Table;
use crate::cli::time::Moment;
use crate::client::call;
use crate::error::Failure;

/// Arguments of `keizoku health explain`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku health explain 緑川印刷 --from 2026-10-31
  keizoku health explain 緑川印刷 --from 2026-09-30 --to 2026-10-31")]
pub struct Args {
    /// The account: name, id or external id
    account: String,
    /// The earlier time
    #[arg(long, value_name = "TIME")]
    from: Moment,
    /// The later time [default: now]
    #[arg(long, value_name = "TIME")]
    to: Option<Moment>,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let from = self.from.instant(&context.zone().await?)?;
        let request = CompareHealthRequest {
            account: context.account(&self.account).await?,
            from_time: Some(keizoku_proto::timestamp(from)),
            to_time: instant(context, self.to)
                .await?
                .map(keizoku_proto::timestamp),
            consistency_tokens: context.tokens(),
        };
        let sent = async || {
            context
                .connection
                .health_scores()
                .compare_health(request.clone())
                .await
        };
        let response = call(sent).await?;
        answer!(
            context,
            healthscore::CompareHealthResponse,
            &response,
            text(&response, context.style)
        )
    }
}

fn text(response: &CompareHealthResponse, style: Style) -> String {
    let [before, after] =
        [&response.before, &response.after].map(|health| health.clone().unwrap_or_default());
    let moved = [&before, &after].map(|health| scored(health.score, health.band()));
    let moved = moved.join(" -> ");
    if before.score.is_none() || after.score.is_none() {
        return format!(
            "{moved}\n\nThere is nothing to compare without two scores: \
             `keizoku health show ACCOUNT --at TIME` says what was missing.\n"
        );
    }
    if response.changes.is_empty() {
        return format!("{moved}\n\nNothing that counts has changed.\n");
    }
    let mut table = Table::new(["Points", "Measure", "Before", "After"]);
    for change in &response.changes {
        let name = change.after.as_ref().or(change.before.as_ref());
        table.row([
            format!("{:+}", change.points),
            name.map(|one| one.display_name.clone()).unwrap_or_default(),
            value(change.before.as_ref()),
            value(change.after.as_ref()),
        ]);
    }
    format!("{moved}\n\n{}", table.render(style))
}

/// The value of a signal and how it counted.
fn value(one: Option<&Contribution>) -> String {
    let shown = one.and_then(|one| {
        let standing = format::enum_name(one.standing().as_str_name(), "STANDING_").to_lowercase();
        Some(format!("{} ({standing})", one.signal.as_ref()?.value))
    });
    shown.unwrap_or_else(|| format::NOTHING.to_owned())
}

#[cfg(test)]
mod tests {
    use keizoku_proto::healthscore::{Band, ContributionChange, Health};

    use super::*;

    fn health(score: Option<i32>) -> Health {
        let band = score.map_or(Band::Unspecified, |_| Band::Green).into();
        Health {
            score,
            band,
            ..Health::default()
        }
    }

    #[test]
    fn hlt_6_what_moved_a_score_is_listed_and_why_nothing_is() {
        let mut response = CompareHealthResponse {
            before: Some(health(None)),
            after: Some(health(Some(97))),
            changes: Vec::new(),
        };
        let without = text(&response, Style::ASCII);
        assert!(without.contains("no score -> 97 GREEN"), "{without}");
        assert!(without.contains("health show"), "{without}");

        response.before = Some(health(Some(90)));
        let same = text(&response, Style::ASCII);
        assert!(same.contains("Nothing that counts has changed"), "{same}");

        let signed_in = Contribution {
            display_name: "サインイン".to_owned(),
            ..Contribution::default()
        };
        response.changes = vec![ContributionChange {
            after: Some(signed_in),
            points: 7,
            ..ContributionChange::default()
        }];
        let moved = text(&response, Style::ASCII);
        assert!(
            moved.contains("+7") && moved.contains("サインイン"),
            "{moved}"
        );
    }
}
