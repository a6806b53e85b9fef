//! `keizoku health release show`: adoption before and after.

use std::fmt::Write as _;

use keizoku_proto::healthscore::{
    BandCounts, GetReleaseAdoptionRequest, GetReleaseAdoptionResponse, ReleaseAdoption,
    SegmentAdoption, UseChange,
};

use crate::cli::context::Context;
use crate::cli::format;
use crate::cli::output::{Style, answer};
use crate::cli::table::Table;
use crate::cli::time::Moment;
use crate::client::call;
use crate::error::Failure;

/// Arguments of `keizoku health release show`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku health release show RELEASE-ID
  keizoku health release show RELEASE-ID --days 90
  keizoku health release show RELEASE-ID --at 2026-10-31     what was known then")]
pub struct Args {
    /// The release, by its id
    release: String,
    /// Days to look at before, and after, 7 to 180 [default: 30]
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    days: i32,
    /// As of when: an instant, a local time, or the end of a date [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<Moment>,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let time = crate::cli::health::instant(context, self.at).await?;
        let request = GetReleaseAdoptionRequest {
            name: super::name(&self.release),
            days: self.days,
            time: time.map(keizoku_proto::timestamp),
            consistency_tokens: context.tokens(),
        };
        let mut api = context.connection.health_scores();
        let response: GetReleaseAdoptionResponse =
            call(async || api.get_release_adoption(request.clone()).await).await?;
        let adoption = response.adoption.clone().unwrap_or_default();
        answer!(
            context,
            healthscore::GetReleaseAdoptionResponse,
            &response,
            text(&adoption, context.style)
        )
    }
}

fn text(adoption: &ReleaseAdoption, style: Style) -> String {
    let release = adoption.release.clone().unwrap_or_default();
    let mut text = format!(
        "{}, for {}\n",
        super::line(&release),
        super::segments(&release)
    );
    if !release.void_reason.is_empty() {
        let _ = writeln!(text, "It was taken back: {}", release.void_reason);
    }
    let _ = writeln!(
        text,
        "{} days before, from {}; after until {}{}\n",
        adoption.days,
        format::date(adoption.first_date.as_ref()),
        format::date(adoption.last_date.as_ref()),
        if adoption.complete { "" } else { ", so far" }
    );
    let overall = adoption.overall.clone().unwrap_or_default();
    let segments = || {
        let named = adoption.segments.iter().map(|segment| {
            let tier = Some(segment.tier.as_str()).filter(|tier| !tier.is_empty());
            (tier.unwrap_or(format::NOTHING), segment)
        });
        std::iter::once(("all", &overall)).chain(named)
    };
    for (number, measured) in release.measured.iter().enumerate() {
        let _ = writeln!(text, "{}", super::measured(measured));
        let mut table = Table::new([
            "Tier",
            ">Accounts",
            ">Used before",
            ">Used after",
            ">Started",
            ">Stopped",
            ">Median before",
            ">Median after",
            ">Of",
        ]);
        for (tier, segment) in segments() {
            if let Some(change) = segment.uses.get(number) {
                table.row(used(tier, segment, change));
            }
        }
        text.push_str(&table.render(style));
        text.push('\n');
    }
    let mut table = Table::new([
        "Tier",
        ">Red",
        ">Yellow",
        ">Green",
        ">No score",
        ">Red after",
        ">Yellow after",
        ">Green after",
        ">No score after",
        ">Churned",
    ]);
    for (tier, segment) in segments() {
        let [before, after] = [&segment.bands_before, &segment.bands_after]
            .map(|bands| counts(&bands.unwrap_or_default()));
        let [red, yellow, green, none] = before;
        let [red_after, yellow_after, green_after, none_after] = after;
        let tier = tier.to_owned();
        table.row([
            tier,
            red,
            yellow,
            green,
            none,
            red_after,
            yellow_after,
            green_after,
            none_after,
            segment.churned.to_string(),
        ]);
    }
    text + &table.render(style)
}

fn used(tier: &str, segment: &SegmentAdoption, change: &UseChange) -> [String; 9] {
    let value = |value: Option<i64>| value.map_or(format::NOTHING.to_owned(), |it| it.to_string());
    [
        tier.to_owned(),
        segment.accounts.to_string(),
        format::percent(change.used_before.as_ref()),
        format::percent(change.used_after.as_ref()),
        change.started.to_string(),
        change.stopped.to_string(),
        value(change.median_before),
        value(change.median_after),
        change.compared.to_string(),
    ]
}

fn counts(bands: &BandCounts) -> [String; 4] {
    [bands.red, bands.yellow, bands.green, bands.without_score].map(|count| count.to_string())
}
