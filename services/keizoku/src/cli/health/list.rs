//! `keizoku health list`.

use clap::ValueEnum;
use jiff::tz::TimeZone;
use keizoku_proto::healthscore::{
    Band, HealthFilter, HealthSummary, ListHealthRequest, ListHealthResponse,
};

use crate::cli::context::{Context, named};
use crate::cli::format;
use crate::cli::output::answer;
use crate::cli::pages::Limit;
use crate::cli::table::Table;
use crate::client::call;
use crate::error::Failure;

/// Arguments of `keizoku health list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku health list                      the lowest scores first
  keizoku health list --band red --team 'Enterprise East'
  keizoku health list --band none          who has no score
  keizoku health list --sort -band-since   who changed last")]
pub struct Args {
    /// In this band; again for another one
    #[arg(long = "band", value_enum)]
    bands: Vec<BandArg>,
    /// Of this team and its subteams
    #[arg(long, value_name = "TEAM")]
    team: Option<String>,
    /// Looked after by this person, or by this team as a pool
    #[arg(long, value_name = "OWNER")]
    owner: Option<String>,
    /// Of this tier
    #[arg(long, default_value = "", hide_default_value = true)]
    tier: String,
    /// Order; with `-` in front reversed
    #[arg(
        long,
        value_enum,
        value_name = "KEY",
        default_value = "score",
        allow_hyphen_values = true
    )]
    sort: Sort,
    #[command(flatten)]
    limit: Limit,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum BandArg {
    /// 赤
    Red,
    /// 黄
    Yellow,
    /// 緑
    Green,
    /// スコアなし
    None,
}

impl From<BandArg> for Band {
    fn from(band: BandArg) -> Self {
        match band {
            BandArg::Red => Self::Red,
            BandArg::Yellow => Self::Yellow,
            BandArg::Green => Self::Green,
            BandArg::None => Self::Unspecified,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Sort {
    /// The lowest scores first
    Score,
    /// The highest first
    #[value(name = "-score")]
    ScoreReversed,
    /// Who is in a band for longest first
    BandSince,
    /// Who came into a band last first
    #[value(name = "-band-since")]
    BandSinceReversed,
}

impl Sort {
    fn order_by(self) -> &'static str {
        match self {
            Self::Score => "score",
            Self::ScoreReversed => "score desc",
            Self::BandSince => "band_since",
            Self::BandSinceReversed => "band_since desc",
        }
    }
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let bands = self.bands.iter().map(|band| Band::from(*band).into());
        let mut filter = HealthFilter {
            bands: bands.collect(),
            tier: self.tier,
            ..HealthFilter::default()
        };
        if let Some(team) = &self.team {
            filter.team = context.team(team).await?;
        }
        if let Some(owner) = &self.owner {
            filter.owner = context.owner(owner).await?;
        }
        let fetch = async |page_size, page_token| {
            let request = ListHealthRequest {
                filter: Some(filter.clone()),
                order_by: self.sort.order_by().to_owned(),
                page_size,
                page_token,
                consistency_tokens: context.tokens(),
            };
            let mut api = context.connection.health_scores();
            call(async || api.list_health(request.clone()).await).await
        };
        let response: ListHealthResponse = self.limit.collect(fetch).await?;
        let zone = context.zone().await?;
        let text = async {
            if response.accounts.is_empty() {
                return "No account fits. Accounts are listed once there is a signal of them: \
                        `keizoku health ingest` brings signals in.\n"
                    .to_owned();
            }
            let total = Some(response.total_size);
            let more = format::more(response.accounts.len(), total, &response.next_page_token);
            table(context, &response.accounts, &zone).await + &more
        };
        answer!(
            context,
            healthscore::ListHealthResponse,
            &response,
            text.await
        )
    }
}

/// Accounts, a line each.
async fn table(context: &Context, accounts: &[HealthSummary], zone: &TimeZone) -> String {
    let people = context.people().await;
    let mut table = Table::new([
        "Account", ">Score", "Band", "Since", "Set to", "Changes", "Tier", "Owner", "Id",
    ]);
    for account in accounts {
        let score = |score: Option<i32>| {
            score.map_or_else(|| format::NOTHING.to_owned(), |score| score.to_string())
        };
        table.row([
            account.account_display_name.clone(),
            score(account.score),
            match account.band() {
                Band::Unspecified => format::NOTHING.to_owned(),
                band => format::enum_name(band.as_str_name(), "BAND_"),
            },
            format::instant(account.band_since.as_ref(), zone),
            score(account.override_score),
            format::instant(account.next_change_time.as_ref(), zone),
            account.tier.clone(),
            named(&people, &account.owner).to_owned(),
            format::id(&account.account).to_owned(),
        ]);
    }
    table.render(context.style)
}
