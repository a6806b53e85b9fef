//! Charters: read, changed and written back, unless somebody else changed them meanwhile.

use keizoku_core::Day;
use keizoku_proto::accounts::{CharterInitiativeRequest, Cohort, Initiative};

use super::{cohort, found};
use crate::cli::context::{Context, named};
use crate::cli::format;
use crate::cli::output::change;
use crate::error::Failure;

const EXAMPLES: &str = "\
Examples:
  keizoku initiative charter '定着支援' --owner 鈴木 --from 2026-12-01 --to 2027-02-28 \\
    --purpose 'SMB は導入三か月で使わなくなる' --expect 'SMB の解約率を半分に' --tier SMB
  keizoku initiative charter '役員訪問' --owner 鈴木 --from 2026-12-01 --to 2027-03-31 \\
    --purpose '更新前に会う' --expect '全社が更新' --account 緑川印刷 --account salesforce:001A";

/// For which accounts: some that are named, or all customers for whom every condition holds.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "For which accounts")]
struct CohortArgs {
    /// This one (name, id or external id); may be given several times
    #[arg(long, value_name = "ACCOUNT", conflicts_with_all = ["team", "tier", "product", "region", "channel", "industry"])]
    account: Vec<String>,
    /// Of this team and its subteams (name or id)
    #[arg(long, value_name = "TEAM")]
    team: Option<String>,
    /// Of this tier
    #[arg(long)]
    tier: Option<String>,
    /// With this product: then only its MRR counts
    #[arg(long)]
    product: Option<String>,
    /// Of this region
    #[arg(long)]
    region: Option<String>,
    /// Sold over this channel: `direct`, or `partner:` and a name
    #[arg(long)]
    channel: Option<String>,
    /// Of this industry
    #[arg(long)]
    industry: Option<String>,
}

/// Arguments of `keizoku initiative charter`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct CharterArgs {
    /// What it is called
    name: String,
    /// Why it is done
    #[arg(long)]
    purpose: String,
    /// Who answers for it: a person or a team (name, email or id)
    #[arg(long)]
    owner: String,
    /// First day (YYYY-MM-DD)
    #[arg(long, value_name = "DATE")]
    from: Day,
    /// Last day (YYYY-MM-DD)
    #[arg(long, value_name = "DATE")]
    to: Day,
    /// What it should change, and by how much
    #[arg(long, value_name = "EFFECT")]
    expect: String,
    #[command(flatten)]
    cohort: CohortArgs,
}

/// Arguments of `keizoku initiative change`.
#[derive(Debug, clap::Args)]
pub struct ChangeArgs {
    /// The initiative: name or id
    initiative: String,
    /// New name
    #[arg(long)]
    rename: Option<String>,
    /// Why it is done
    #[arg(long)]
    purpose: Option<String>,
    /// Who answers for it: a person or a team (name, email or id)
    #[arg(long)]
    owner: Option<String>,
    /// First day (YYYY-MM-DD)
    #[arg(long, value_name = "DATE")]
    from: Option<Day>,
    /// Last day (YYYY-MM-DD)
    #[arg(long, value_name = "DATE")]
    to: Option<Day>,
    /// What it should change, and by how much
    #[arg(long, value_name = "EFFECT")]
    expect: Option<String>,
    /// Take it up again after it was given up
    #[arg(long)]
    resume: bool,
    #[command(flatten)]
    cohort: CohortArgs,
}

/// Arguments of `keizoku initiative withdraw`.
#[derive(Debug, clap::Args)]
pub struct WithdrawArgs {
    /// The initiative: name or id
    initiative: String,
    /// Why
    #[arg(long)]
    reason: String,
}

impl CharterArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let initiative = Initiative {
            display_name: self.name,
            purpose: self.purpose,
            owner: context.owner(&self.owner).await?,
            first_date: Some(self.from.into()),
            last_date: Some(self.to.into()),
            cohort: self.cohort.resolve(context).await?,
            expected_effect: self.expect,
            ..Initiative::default()
        };
        write(context, initiative).await
    }
}

impl ChangeArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let mut initiative = found(context, &self.initiative).await?;
        if let Some(owner) = &self.owner {
            initiative.owner = context.owner(owner).await?;
        }
        if let Some(cohort) = self.cohort.resolve(context).await? {
            initiative.cohort = Some(cohort);
        }
        initiative.display_name = self.rename.unwrap_or(initiative.display_name);
        initiative.purpose = self.purpose.unwrap_or(initiative.purpose);
        initiative.expected_effect = self.expect.unwrap_or(initiative.expected_effect);
        initiative.first_date = self.from.map(Into::into).or(initiative.first_date);
        initiative.last_date = self.to.map(Into::into).or(initiative.last_date);
        if self.resume {
            initiative.withdrawal_reason.clear();
        }
        write(context, initiative).await
    }
}

impl WithdrawArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let mut initiative = found(context, &self.initiative).await?;
        initiative.withdrawal_reason = self.reason;
        write(context, initiative).await
    }
}

impl CohortArgs {
    /// `None` where nothing was given.
    async fn resolve(&self, context: &Context) -> Result<Option<Cohort>, Failure> {
        let text = |option: &Option<String>| option.clone().unwrap_or_default();
        let mut cohort = Cohort {
            tier: text(&self.tier),
            product: text(&self.product),
            region: text(&self.region),
            sales_channel: text(&self.channel),
            industry: text(&self.industry),
            ..Cohort::default()
        };
        if let Some(team) = &self.team {
            cohort.team = context.team(team).await?;
        }
        for account in &self.account {
            cohort.accounts.push(context.account(account).await?);
        }
        Ok((cohort != Cohort::default()).then_some(cohort))
    }
}

async fn write(context: &Context, initiative: Initiative) -> Result<(), Failure> {
    let request = CharterInitiativeRequest {
        initiative: Some(initiative),
        request_id: context.request_id(),
    };
    let people = context.people().await;
    change!(
        context,
        directory.charter_initiative,
        request,
        accounts::CharterInitiativeResponse,
        |response| {
            let written = response.initiative.clone().unwrap_or_default();
            let state = if written.withdrawal_reason.is_empty() {
                "is chartered"
            } else {
                "is given up"
            };
            format!(
                "{} {state}: {} to {}, {} ({}).\n",
                written.display_name,
                format::date(written.first_date.as_ref()),
                format::date(written.last_date.as_ref()),
                cohort(&written, |team| named(&people, team).to_owned()),
                written.name,
            )
        }
    )
}
