//! Templates of programmes: `templates`, `template`, `publish-template`, `change-template`.

use std::path::PathBuf;

use keizoku_onboarding::template_file;
use keizoku_proto::onboarding::{
    ChangeProgrammeTemplateRequest, GetProgrammeTemplateRequest, ListProgrammeTemplatesRequest,
    ListProgrammeTemplatesResponse, ProgrammeTemplate, PublishProgrammeTemplateRequest,
};

use super::show;
use crate::cli::context::Context;
use crate::cli::format;
use crate::cli::onboarding::template::{phases, read, unusable};
use crate::cli::onboarding::title::locale;
use crate::cli::output::{answer, change};
use crate::cli::pages::Limit;
use crate::cli::table::Table;
use crate::client::call;
use crate::error::Failure;

/// Arguments of `keizoku enablement templates`.
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    #[command(flatten)]
    limit: Limit,
}

impl ListArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let response = templates(context, &self.limit).await?;
        let text = || {
            let mut table = Table::new(["Key", ">Version", ">Phases", "Id"]);
            for template in &response.templates {
                table.row([
                    template.key.clone(),
                    template.version.to_string(),
                    template.phases.len().to_string(),
                    format::id(&template.name).to_owned(),
                ]);
            }
            table.render(context.style)
        };
        answer!(
            context,
            onboarding::ListProgrammeTemplatesResponse,
            &response,
            text()
        )
    }
}

async fn templates(
    context: &Context,
    limit: &Limit,
) -> Result<ListProgrammeTemplatesResponse, Failure> {
    let fetch = async |page_size, page_token| {
        let request = ListProgrammeTemplatesRequest {
            page_size,
            page_token,
            consistency_tokens: context.tokens(),
        };
        let mut client = context.connection.enablement();
        call(async || client.list_programme_templates(request.clone()).await).await
    };
    limit.collect(fetch).await
}

/// Arguments of `keizoku enablement template`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku enablement template new_member
  keizoku enablement template new_member --version 1
  keizoku enablement template --example > mine.toml")]
pub struct ShowArgs {
    /// The template: its key or id (`keizoku enablement templates` lists them)
    #[arg(required_unless_present = "example")]
    template: Option<String>,
    /// Another version than the newest
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    version: u32,
    /// Print the file of the one that comes with Keizoku, which explains every key
    #[arg(long)]
    example: bool,
}

impl ShowArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        if self.example {
            return crate::cli::output::print(template_file::SHIPPED_PROGRAMME);
        }
        let request = GetProgrammeTemplateRequest {
            name: named(context, &self.template.unwrap_or_default()).await?,
            version: self.version,
            consistency_tokens: context.tokens(),
        };
        let mut client = context.connection.enablement();
        let response = call(async || client.get_programme_template(request.clone()).await).await?;
        let template = response.template.clone().unwrap_or_default();
        answer!(
            context,
            onboarding::GetProgrammeTemplateResponse,
            &response,
            text(context, &template).await
        )
    }
}

/// Resource name of the template with a key or id.
async fn named(context: &Context, text: &str) -> Result<String, Failure> {
    let known = templates(context, &Limit::ALL).await?.templates;
    let is_meant = |template: &&ProgrammeTemplate| {
        let names = [&*template.key, &*template.name, format::id(&template.name)];
        names.contains(&text)
    };
    let found = known.iter().find(is_meant);
    found.map(|template| template.name.clone()).ok_or_else(|| {
        let keys: Vec<&str> = known.iter().map(|template| &*template.key).collect();
        let keys = keys.join(", ");
        Failure::Lookup(format!("there is no template `{text}`; there is {keys}"))
    })
}

async fn text(context: &Context, template: &ProgrammeTemplate) -> String {
    let table = phases(&template.phases, &locale(context).await);
    format!(
        "{}, version {} of {} ({})\n{}",
        template.key,
        template.version,
        template.latest_version,
        format::id(&template.name),
        table.render(context.style)
    )
}

/// Arguments of `keizoku enablement publish-template`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku enablement template --example > mine.toml
  keizoku enablement publish-template mine.toml --template new_member")]
pub struct PublishArgs {
    /// The file
    file: PathBuf,
    /// Key of the template; that of one that there is: its next version
    #[arg(long, value_name = "KEY")]
    template: String,
    /// Refuse when the template has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl PublishArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let read = read(&self.file)?;
        if !read.questions.is_empty() {
            return Err(unusable(
                &self.file,
                &"questions are of customers' hand-offs",
            ));
        }
        let request = PublishProgrammeTemplateRequest {
            key: self.template,
            phases: read.phases,
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            enablement.publish_programme_template,
            request,
            onboarding::PublishProgrammeTemplateResponse,
            |response| text(context, &response.template.clone().unwrap_or_default()).await
        )
    }
}

/// Arguments of `keizoku enablement change-template`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku enablement change-template 田中")]
pub struct ChangeArgs {
    /// The programme: its member, or its id
    programme: String,
    /// The version [default: the newest]
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    version: u32,
    /// Key of the phase in which it goes on [default: the present one's]
    #[arg(
        long,
        value_name = "KEY",
        default_value = "",
        hide_default_value = true
    )]
    phase: String,
    /// Refuse when the programme has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl ChangeArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = ChangeProgrammeTemplateRequest {
            name: context.programme(&self.programme).await?,
            version: self.version,
            phase: self.phase,
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            enablement.change_programme_template,
            request,
            onboarding::ChangeProgrammeTemplateResponse,
            |response| show::text(context, response.programme.as_ref()).await
        )
    }
}
