//! `keizoku onboarding list`.

use clap::ValueEnum;
use keizoku_proto::onboarding::{
    ListOnboardingsRequest, ListOnboardingsResponse, Onboarding, OnboardingFilter, OnboardingState,
    Standing,
};

use super::{locale, title};
use crate::cli::context::{Context, named};
use crate::cli::format;
use crate::cli::output::answer;
use crate::cli::pages::Limit;
use crate::cli::table::Table;
use crate::client::call;
use crate::error::Failure;

/// Arguments of `keizoku onboarding list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku onboarding list
  keizoku onboarding list --standing stalled
  keizoku onboarding list --owner 'Enterprise East' --state on-hold
  keizoku onboarding list --account 緑川印刷 --all")]
pub struct Args {
    /// Completed and ended ones too
    #[arg(long)]
    all: bool,
    /// In this state
    #[arg(long, value_enum)]
    state: Option<State>,
    /// Who get on like this
    #[arg(long, value_enum)]
    standing: Option<StandingArg>,
    /// Of this account
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,
    /// Of this product
    #[arg(long, default_value = "", hide_default_value = true)]
    product: String,
    /// Of this person, or this team and its subteams
    #[arg(long, value_name = "OWNER")]
    owner: Option<String>,
    /// In the phase with this key
    #[arg(
        long,
        value_name = "KEY",
        default_value = "",
        hide_default_value = true
    )]
    phase: String,
    #[command(flatten)]
    limit: Limit,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    /// 進行中
    InProgress,
    /// 保留中
    OnHold,
    /// 完了
    Completed,
    /// 差し戻し
    Returned,
    /// 休眠
    Dormant,
    /// 解約により終了
    Ended,
}

/// How an onboarding gets on.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum StandingArg {
    /// 停滞
    Stalled,
    /// 遅延
    Late,
    /// 順調
    OnTrack,
    /// 連絡不通
    Unreachable,
    /// 再開後も連絡不通
    Dormant,
}

impl From<StandingArg> for Standing {
    fn from(standing: StandingArg) -> Self {
        match standing {
            StandingArg::Stalled => Self::Stalled,
            StandingArg::Late => Self::Late,
            StandingArg::OnTrack => Self::OnTrack,
            StandingArg::Unreachable => Self::Unreachable,
            StandingArg::Dormant => Self::Dormant,
        }
    }
}

impl From<State> for OnboardingState {
    fn from(state: State) -> Self {
        match state {
            State::InProgress => Self::InProgress,
            State::OnHold => Self::OnHold,
            State::Completed => Self::Completed,
            State::Returned => Self::Returned,
            State::Dormant => Self::Dormant,
            State::Ended => Self::Ended,
        }
    }
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let state = self.state.map_or(OnboardingState::Unspecified, Into::into);
        let mut filter = OnboardingFilter {
            state: state.into(),
            product: self.product,
            phase: self.phase,
            standing: self
                .standing
                .map_or(Standing::Unspecified, Into::into)
                .into(),
            include_completed: self.all,
            ..OnboardingFilter::default()
        };
        if let Some(account) = &self.account {
            filter.account = context.account(account).await?;
        }
        if let Some(owner) = &self.owner {
            filter.owner = context.owner(owner).await?;
        }
        let fetch = async |page_size, page_token| {
            let request = ListOnboardingsRequest {
                filter: Some(filter.clone()),
                page_size,
                page_token,
                consistency_tokens: context.tokens(),
            };
            let mut client = context.connection.onboardings();
            call(async || client.list_onboardings(request.clone()).await).await
        };
        let response: ListOnboardingsResponse = self.limit.collect(fetch).await?;
        let text = async {
            if response.onboardings.is_empty() {
                return "No onboarding fits. `keizoku onboarding start` starts one; --all shows \
                        completed ones too.\n"
                    .to_owned();
            }
            let total = Some(response.total_size);
            let more = format::more(response.onboardings.len(), total, &response.next_page_token);
            table(context, &response.onboardings).await + &more
        };
        answer!(
            context,
            onboarding::ListOnboardingsResponse,
            &response,
            text.await
        )
    }
}

/// Onboardings, a line each.
async fn table(context: &Context, onboardings: &[Onboarding]) -> String {
    let (people, locale) = (context.people().await, locale(context).await);
    let mut table = Table::new([
        "Account",
        "Product",
        "State",
        "Standing",
        ">Quiet",
        "Phase",
        ">Days",
        ">Expected",
        "Missing",
        "Owner",
        "Id",
    ]);
    for onboarding in onboardings {
        let state = onboarding.state();
        let progress = onboarding.progress.as_ref();
        let phase = onboarding
            .phases
            .iter()
            .find(|phase| phase.key == onboarding.phase);
        let expected = phase.map(|phase| format!("{} wd", phase.expected_working_days));
        table.row([
            onboarding.account_display_name.clone(),
            onboarding.product.clone(),
            format::enum_name(state.as_str_name(), "ONBOARDING_STATE_"),
            progress.map_or_else(String::new, super::show::standing),
            progress.map_or_else(String::new, |progress| {
                format!("{} wd", progress.quiet_working_days)
            }),
            phase
                .map(|phase| title(phase.title.as_ref(), &locale).to_owned())
                .unwrap_or_default(),
            phase
                .map(|phase| phase.days.to_string())
                .unwrap_or_default(),
            expected.unwrap_or_default(),
            super::show::missing(onboarding, &locale),
            named(&people, &onboarding.owner).to_owned(),
            format::id(&onboarding.name).to_owned(),
        ]);
    }
    table.render(context.style)
}
