//! `keizoku onboarding lead-times`.

use keizoku_core::Day;
use keizoku_proto::onboarding::{
    Distribution, GetLeadTimesRequest, GetLeadTimesResponse, LeadTimes,
};

use super::{locale, title};
use crate::cli::context::Context;
use crate::cli::format;
use crate::cli::output::answer;
use crate::cli::table::Table;
use crate::cli::time::AsOf;
use crate::client::call;
use crate::error::Failure;

/// Arguments of `keizoku onboarding lead-times`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku onboarding lead-times
  keizoku onboarding lead-times --owner 'Enterprise East' --from 2026-10-01 --until 2026-12-31
  keizoku onboarding lead-times --product Core --json")]
pub struct Args {
    /// Of this product
    #[arg(long, default_value = "", hide_default_value = true)]
    product: String,
    /// Of this person, or this team and its subteams
    #[arg(long, value_name = "OWNER")]
    owner: Option<String>,
    /// Only what ended on this date or later (YYYY-MM-DD)
    #[arg(long, value_name = "DATE")]
    from: Option<Day>,
    /// Only what ended on this date or earlier (YYYY-MM-DD)
    #[arg(long, value_name = "DATE")]
    until: Option<Day>,
    #[command(flatten)]
    as_of: AsOf,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let owner = match &self.owner {
            Some(owner) => context.owner(owner).await?,
            None => String::new(),
        };
        let request = GetLeadTimesRequest {
            product: self.product,
            owner,
            from_date: self.from.map(Into::into),
            until_date: self.until.map(Into::into),
            as_of: self.as_of.resolve(context).await?,
            consistency_tokens: context.tokens(),
        };
        let mut client = context.connection.onboardings();
        let response: GetLeadTimesResponse =
            call(async || client.get_lead_times(request.clone()).await).await?;
        answer!(
            context,
            onboarding::GetLeadTimesResponse,
            &response,
            text(context, &response).await
        )
    }
}

async fn text(context: &Context, response: &GetLeadTimesResponse) -> String {
    let locale = locale(context).await;
    let mut table = Table::new([
        "Tier",
        "Template, version",
        "Calendar days",
        ">Count",
        ">Median",
        ">p90",
    ]);
    for group in &response.groups {
        rows(&mut table, group, &locale);
    }
    if table.is_empty() {
        return "There are no onboardings.\n".to_owned();
    }
    if let Some(all) = response.all.as_ref().filter(|_| response.groups.len() > 1) {
        rows(&mut table, all, &locale);
    }
    let read = format::watermarks(&response.watermarks, context.now());
    format!("{}Read: {read}\n", table.render(context.style))
}

/// The lead times of a tier and version, and the time in each of its phases.
fn rows(table: &mut Table, group: &LeadTimes, locale: &str) {
    let (tier, version) = if group.template.is_empty() {
        ("all".to_owned(), String::new())
    } else {
        let template = format::id(&group.template);
        let short: String = template.chars().take(8).collect();
        (
            group.tier.clone(),
            format!("{short}, {}", group.template_version),
        )
    };
    let ends = [
        ("won to end of closing", &group.from_won),
        ("kickoff to end of closing", &group.from_kickoff),
    ];
    let ends = ends.map(|(name, time)| (name.to_owned(), *time));
    let phases = group.phases.iter().map(|phase| {
        let name = title(phase.title.as_ref(), locale);
        (format!("  in {name}"), phase.time)
    });
    for (number, (name, time)) in ends.into_iter().chain(phases).enumerate() {
        let [count, median, p90] = figures(time);
        let is_first = number == 0;
        table.row([
            if is_first {
                tier.clone()
            } else {
                String::new()
            },
            if is_first {
                version.clone()
            } else {
                String::new()
            },
            name,
            count,
            median,
            p90,
        ]);
    }
}

/// Nothing where nothing has ended: that is not 0 days.
fn figures(time: Option<Distribution>) -> [String; 3] {
    time.map_or_else(
        || ["0".to_owned(), "–".to_owned(), "–".to_owned()],
        |time| [time.count, time.median_days, time.p90_days].map(|days| days.to_string()),
    )
}
