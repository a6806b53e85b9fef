//! What an account is: `create`, `edit`.

use clap::ValueEnum;
use keizoku_proto::accounts::{
    AccountFields, CreateAccountRequest, TouchModel, UpdateAccountRequest,
};

use super::show;
use crate::cli::context::Context;
use crate::cli::output::change;
use crate::error::Failure;

/// What of an account is entered as it is.
#[derive(Debug, clap::Args)]
struct Profile {
    /// Reading of the name
    #[arg(long)]
    kana: Option<String>,
    /// 法人番号: 13 digits with a valid check digit
    #[arg(long)]
    corporate_number: Option<String>,
    /// How the customer is looked after
    #[arg(long, value_enum)]
    touch: Option<Touch>,
    /// Industry
    #[arg(long)]
    industry: Option<String>,
    /// Region or branch
    #[arg(long)]
    region: Option<String>,
    /// `direct`, or `partner:` and the partner's name
    #[arg(long)]
    channel: Option<String>,
    /// Id in another system, such as `salesforce:0015…`; may be repeated
    #[arg(long = "external-id", value_name = "ID")]
    external_ids: Vec<String>,
    /// The CSM's associate (name, email or id)
    #[arg(long)]
    associate: Option<String>,
    /// The onboarding specialist (name, email or id)
    #[arg(long)]
    onboarding_specialist: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(in crate::cli) enum Touch {
    /// In person
    High,
    /// In person now and then
    Mid,
    /// Mostly one to many
    Low,
    /// By the product and automation alone
    Tech,
}

impl From<Touch> for TouchModel {
    fn from(touch: Touch) -> Self {
        match touch {
            Touch::High => Self::High,
            Touch::Mid => Self::Mid,
            Touch::Low => Self::Low,
            Touch::Tech => Self::Tech,
        }
    }
}

impl Profile {
    /// The fields, and the names of those that were given.
    async fn resolve(
        self,
        context: &Context,
    ) -> Result<(AccountFields, Vec<&'static str>), Failure> {
        let given = [
            ("kana", self.kana.is_some()),
            ("corporate_number", self.corporate_number.is_some()),
            ("touch_model", self.touch.is_some()),
            ("industry", self.industry.is_some()),
            ("region", self.region.is_some()),
            ("sales_channel", self.channel.is_some()),
            ("external_ids", !self.external_ids.is_empty()),
            ("associate", self.associate.is_some()),
            (
                "onboarding_specialist",
                self.onboarding_specialist.is_some(),
            ),
        ];
        let touch = self.touch.map_or(TouchModel::Unspecified, Into::into);
        let fields = AccountFields {
            kana: self.kana.unwrap_or_default(),
            corporate_number: self.corporate_number.unwrap_or_default(),
            touch_model: touch.into(),
            industry: self.industry.unwrap_or_default(),
            region: self.region.unwrap_or_default(),
            sales_channel: self.channel.unwrap_or_default(),
            external_ids: self.external_ids,
            associate: person(context, self.associate).await?,
            onboarding_specialist: person(context, self.onboarding_specialist).await?,
            ..AccountFields::default()
        };
        Ok((
            fields,
            given
                .into_iter()
                .filter(|(_, is)| *is)
                .map(|(field, _)| field)
                .collect(),
        ))
    }
}

async fn person(context: &Context, text: Option<String>) -> Result<String, Failure> {
    match text.as_deref() {
        None | Some("") => Ok(String::new()),
        Some(text) => context.user(text).await,
    }
}

/// Arguments of `keizoku account create`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku account create --name '(株)緑川印刷' --tier Mid --owner '木村 葵' --external-id hubspot:17")]
pub struct CreateArgs {
    /// Name
    #[arg(long)]
    name: String,
    /// Key of the corporate group
    #[arg(long, default_value = "", hide_default_value = true)]
    group: String,
    /// Tier
    #[arg(long, default_value = "", hide_default_value = true)]
    tier: String,
    /// Who looks after it: a person, or a team as a pool (name, email or id)
    #[arg(long)]
    owner: Option<String>,
    #[command(flatten)]
    profile: Profile,
}

impl CreateArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let (mut account, _) = self.profile.resolve(context).await?;
        account.display_name = self.name;
        account.group = self.group;
        account.tier = self.tier;
        if let Some(owner) = &self.owner {
            let owner = context.owner(owner).await?;
            let is_pool = owner.starts_with("teams/");
            *(if is_pool {
                &mut account.pool
            } else {
                &mut account.owner
            }) = owner;
        }
        let request = CreateAccountRequest {
            account: Some(account),
            request_id: context.request_id(),
            ..CreateAccountRequest::default()
        };
        change!(
            context,
            accounts.create_account,
            request,
            accounts::CreateAccountResponse,
            |response| show::text(context, response.account.as_ref()).await?
        )
    }
}

/// Arguments of `keizoku account edit`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku account edit 緑川印刷 --industry 製造 --touch high

Owner, group and tier are changed by `keizoku account assign`.")]
#[command(group(clap::ArgGroup::new("changes").required(true).multiple(true).args([
    "name", "kana", "corporate_number", "touch", "industry", "region", "channel", "external_ids",
    "associate", "onboarding_specialist",
])))]
pub struct EditArgs {
    /// The account: name, id or external id
    account: String,
    /// New name
    #[arg(long)]
    name: Option<String>,
    /// Refuse when the account has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
    #[command(flatten)]
    profile: Profile,
}

impl EditArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let name = context.account(&self.account).await?;
        let (mut account, mut fields) = self.profile.resolve(context).await?;
        if let Some(name) = self.name {
            account.display_name = name;
            fields.push("display_name");
        }
        let request = UpdateAccountRequest {
            name,
            account: Some(account),
            update_mask: fields.into_iter().map(str::to_owned).collect(),
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            accounts.update_account,
            request,
            accounts::UpdateAccountResponse,
            |response| show::text(context, response.account.as_ref()).await?
        )
    }
}
