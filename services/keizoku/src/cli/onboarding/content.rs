//! `keizoku onboarding content`: what customers learn from by themselves (ONB-9).

use clap::ValueEnum;
use keizoku_core::Day;
use keizoku_proto::onboarding::{
    CompleteContentRequest, Content, ContentItem, ContentKind, ListContentsRequest,
    ListContentsResponse, ListLearningRequest, ListLearningResponse, PublishContentRequest,
};

use super::title::{Title, locale, title};
use crate::cli::context::{Context, named};
use crate::cli::format;
use crate::cli::output::{answer, change};
use crate::cli::pages::Limit;
use crate::cli::table::Table;
use crate::client::call;
use crate::error::Failure;

/// What to do with contents.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// The contents, in their newest versions
    List(ListArgs),
    /// Publish a content, or its next version
    Publish(PublishArgs),
    /// Record that somebody worked through a content
    Complete(CompleteArgs),
    /// What people of an account completed and attended
    Learned(LearnedArgs),
}

impl Command {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::List(args) => args.run(context).await,
            Self::Publish(args) => args.run(context).await,
            Self::Complete(args) => args.run(context).await,
            Self::Learned(args) => args.run(context).await,
        }
    }
}

/// Arguments of `keizoku onboarding content list`.
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    /// About this feature
    #[arg(long, default_value = "", hide_default_value = true)]
    feature: String,
    /// For this purpose
    #[arg(long, default_value = "", hide_default_value = true)]
    purpose: String,
    /// Retired ones too
    #[arg(long)]
    retired: bool,
    #[command(flatten)]
    limit: Limit,
}

impl ListArgs {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let fetch = async |page_size, page_token| {
            let request = ListContentsRequest {
                feature: self.feature.clone(),
                purpose: self.purpose.clone(),
                include_retired: self.retired,
                page_size,
                page_token,
                consistency_tokens: context.tokens(),
            };
            let mut client = context.connection.learning();
            call(async || client.list_contents(request.clone()).await).await
        };
        let response: ListContentsResponse = self.limit.collect(fetch).await?;
        answer!(
            context,
            onboarding::ListContentsResponse,
            &response,
            table(context, &response.contents).await
        )
    }
}

async fn table(context: &Context, contents: &[Content]) -> String {
    let locale = locale(context).await;
    let mut table = Table::new([
        "Title", "Kind", "Product", "Feature", "Purpose", ">Version", "Key",
    ]);
    for content in contents {
        let item = content.item.clone().unwrap_or_default();
        table.row([
            title(item.title.as_ref(), &locale).to_owned(),
            format::enum_name(item.kind().as_str_name(), "CONTENT_KIND_"),
            item.product,
            item.feature,
            item.purpose,
            content.version.to_string(),
            item.key,
        ]);
    }
    table.render(context.style)
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// 記事
    Article,
    /// 動画
    Video,
    /// レッスン
    Lesson,
}

impl From<Kind> for ContentKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Article => Self::Article,
            Kind::Video => Self::Video,
            Kind::Lesson => Self::Lesson,
        }
    }
}

/// Arguments of `keizoku onboarding content publish`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku onboarding content publish first_request lesson --ja 最初の申請 --feature 申請 --purpose 設定")]
pub struct PublishArgs {
    /// Identifies it in all versions: lower-case letters, digits or `_`
    key: String,
    /// What it is
    kind: Kind,
    #[command(flatten)]
    title: Title,
    /// For this product only
    #[arg(long, default_value = "", hide_default_value = true)]
    product: String,
    /// The feature that it is about
    #[arg(long, default_value = "", hide_default_value = true)]
    feature: String,
    /// What it is for
    #[arg(long, default_value = "", hide_default_value = true)]
    purpose: String,
    /// Where it is
    #[arg(long, default_value = "", hide_default_value = true)]
    url: String,
    /// It is offered no longer
    #[arg(long)]
    retired: bool,
    /// Refuse when the content has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl PublishArgs {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = PublishContentRequest {
            item: Some(ContentItem {
                key: self.key,
                kind: ContentKind::from(self.kind).into(),
                title: Some(self.title.into()),
                product: self.product,
                feature: self.feature,
                purpose: self.purpose,
                url: self.url,
                retired: self.retired,
            }),
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            learning.publish_content,
            request,
            onboarding::PublishContentResponse,
            |response| table(context, response.content.as_slice()).await
        )
    }
}

/// Who learned.
#[derive(Debug, clap::Args)]
pub(super) struct Participant {
    /// The account
    account: String,
    /// Who of the account: name, email, id or external id
    #[arg(long)]
    contact: Option<String>,
}

impl Participant {
    /// `accounts/{account}`, or `accounts/{account}/contacts/{contact}`.
    pub(super) async fn resolve(&self, context: &Context) -> Result<String, Failure> {
        let account = context.account(&self.account).await?;
        match &self.contact {
            Some(contact) => context.contact(&account, contact).await,
            None => Ok(account),
        }
    }
}

/// Arguments of `keizoku onboarding content complete`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku onboarding content complete first_request 緑川印刷 --contact '山田 花子'")]
pub struct CompleteArgs {
    /// Key of the content
    key: String,
    #[command(flatten)]
    who: Participant,
    /// When (YYYY-MM-DD) [default: today]
    #[arg(long, value_name = "DATE")]
    date: Option<Day>,
}

impl CompleteArgs {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let id = keizoku_onboarding::domain::content_id(&self.key);
        let request = CompleteContentRequest {
            name: format!("onboardingContents/{id}"),
            participant: self.who.resolve(context).await?,
            date: self.date.map(Into::into),
            request_id: context.request_id(),
            consistency_tokens: context.tokens(),
        };
        change!(
            context,
            learning.complete_content,
            request,
            onboarding::CompleteContentResponse,
            |response| {
                let entry = response.entry.clone().unwrap_or_default();
                let locale = locale(context).await;
                let title = title(entry.title.as_ref(), &locale);
                format!(
                    "{title}: completed on {}\n",
                    format::date(entry.date.as_ref())
                )
            }
        )
    }
}

/// Arguments of `keizoku onboarding content learned`.
#[derive(Debug, clap::Args)]
pub struct LearnedArgs {
    /// The account
    account: String,
    #[command(flatten)]
    limit: Limit,
}

impl LearnedArgs {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let parent = context.account(&self.account).await?;
        let fetch = async |page_size, page_token| {
            let request = ListLearningRequest {
                parent: parent.clone(),
                page_size,
                page_token,
                consistency_tokens: context.tokens(),
            };
            let mut client = context.connection.learning();
            call(async || client.list_learning(request.clone()).await).await
        };
        let response: ListLearningResponse = self.limit.collect(fetch).await?;
        let text = async {
            let locale = locale(context).await;
            let people = context.contact_names(&parent).await;
            let mut table = Table::new(["Date", "Title", "Feature", "Purpose", "Who"]);
            for entry in &response.entries {
                let who = Some(entry.participant.as_str()).filter(|who| *who != parent);
                table.row([
                    format::date(entry.date.as_ref()),
                    title(entry.title.as_ref(), &locale).to_owned(),
                    entry.feature.clone(),
                    entry.purpose.clone(),
                    who.map_or_else(String::new, |who| named(&people, who).to_owned()),
                ]);
            }
            table.render(context.style)
        };
        answer!(
            context,
            onboarding::ListLearningResponse,
            &response,
            text.await
        )
    }
}
