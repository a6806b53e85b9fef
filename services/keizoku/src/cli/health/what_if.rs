//! `keizoku health what-if`: a scorecard tried out over all history (HLT-8).

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};

use futures::StreamExt as _;
use keizoku_proto::healthscore::try_scorecard_response::Answer;
use keizoku_proto::healthscore::{
    Band, ScorecardTrial, TrialDoubt, TrialProgress, TryScorecardRequest,
};

use crate::cli::card::Card;
use crate::cli::context::Context;
use crate::cli::format;
use crate::cli::output::{Style, answer};
use crate::cli::table::Table;
use crate::error::Failure;

/// Arguments of `keizoku health what-if`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku health what-if mid                       the draft
  keizoku health what-if mid --version 1           what is in effect, to compare with
  keizoku health what-if mid --days 60 --limit 0   with every churn")]
pub struct Args {
    /// Key of the scorecard
    key: String,
    /// A version of it instead of the draft
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    version: u32,
    /// Days before the churn at which a warning counts
    #[arg(long, default_value_t = 90)]
    days: i32,
    /// How many churns to show; 0 for all
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = TryScorecardRequest {
            key: self.key,
            version: self.version,
            horizon_days: self.days,
            consistency_tokens: context.tokens(),
        };
        let mut api = context.connection.health_scores();
        let mut answers = api.try_scorecard(request).await?.into_inner();
        let mut trial = ScorecardTrial::default();
        while let Some(next) = answers.next().await {
            match next?.answer {
                Some(Answer::Progress(progress)) => tell(&progress),
                Some(Answer::Trial(found)) => trial = found,
                None => {}
            }
        }
        tell(&TrialProgress::default());
        answer!(
            context,
            healthscore::ScorecardTrial,
            &trial,
            text(&trial, self.limit, context.style)
        )
    }
}

/// Says how far it is, to people only; nothing when it is over.
fn tell(progress: &TrialProgress) {
    let mut out = std::io::stderr();
    if !out.is_terminal() {
        return;
    }
    let percent = 100 * progress.done / progress.total.max(1);
    let line = if progress.total == 0 {
        "\r\u{1b}[K".to_owned()
    } else {
        format!("\rscoring all history: {percent} %")
    };
    // Nobody needs it.
    drop(out.write_all(line.as_bytes()).and_then(|()| out.flush()));
}

fn text(trial: &ScorecardTrial, limit: usize, style: Style) -> String {
    let version = match trial.version {
        0 => "the draft".to_owned(),
        version => format!("version {version}"),
    };
    let days = trial.horizon_days;
    let mut card = Card::new(format!("{}, {version}", trial.key));
    let of = |rate: Option<&keizoku_proto::common::Rate>| {
        let parts = rate.map(|rate| format!("{} of {}", rate.numerator, rate.denominator));
        format!("{} ({})", format::percent(rate), parts.unwrap_or_default())
    };
    card.field("red before churn", of(trial.recall.as_ref()))
        .field("churned when red", of(trial.precision.as_ref()))
        .field("churned at all", of(trial.base_rate.as_ref()));
    if let (Some(median), Some(least)) = (trial.median_lead_days, trial.least_lead_days) {
        card.field(
            "warned before",
            format!("{median} days (median), {least} (nine of ten)"),
        );
    }
    card.field(
        "looked at",
        format!(
            "{} signals of {} accounts since {}",
            trial.signals,
            trial.accounts,
            format::date(trial.first_signal_date.as_ref())
        ),
    );
    let mut text = card.render();
    let _ = writeln!(
        text,
        "\nRed before churn: of {} churned accounts, those that were red {days} days before \
         ({} without a score; {} left out: no contract or no signals yet).\nChurned when red: of \
         the accounts that were red on the first of a month, those that churned within {days} \
         days; churned at all: the same of every account with a score.",
        trial.churned, trial.churned_without_score, trial.churned_left_out
    );
    for doubt in trial.doubts() {
        let _ = writeln!(text, "CAREFUL: {}", warning(doubt));
    }
    if !trial.churns.is_empty() {
        text.push('\n');
        text.push_str(&churns(trial, limit, style));
    }
    text
}

fn warning(doubt: TrialDoubt) -> &'static str {
    match doubt {
        TrialDoubt::Unspecified => "this version does not know what is doubtful about it",
        TrialDoubt::FewChurns => "fewer than 30 churns; the rates may be chance",
        TrialDoubt::ShortHistory => "less than a year of signals that can be judged",
        TrialDoubt::LateSignals => {
            "more than a tenth of the signals came a week or more after they occurred; nobody knew \
             them then"
        }
        TrialDoubt::ManyWithoutScore => "more than a fifth of the churned had no score",
        TrialDoubt::NoBetterThanChance => "who was red churned no more often than all",
    }
}

fn churns(trial: &ScorecardTrial, limit: usize, style: Style) -> String {
    let shown = if limit == 0 { usize::MAX } else { limit };
    let before = format!("{} days before", trial.horizon_days);
    let mut table = Table::new(["Churned", "Account", &before, ">Red for", "Id"]);
    for churn in trial.churns.iter().take(shown) {
        let lead = churn.lead_days.map(|days| format!("{days} d"));
        table.row([
            format::date(churn.churn_date.as_ref()),
            churn.account_display_name.clone(),
            match churn.band() {
                Band::Unspecified => format::NOTHING.to_owned(),
                band => format::enum_name(band.as_str_name(), "BAND_"),
            },
            lead.unwrap_or_else(|| "never".to_owned()),
            format::id(&churn.account).to_owned(),
        ]);
    }
    let count = trial.churns.len();
    let more = count.saturating_sub(shown);
    let more = if more > 0 {
        format!("and {more} more; --limit 0 shows {count}\n")
    } else {
        String::new()
    };
    table.render(style) + &more
}
