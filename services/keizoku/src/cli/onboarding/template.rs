//! Templates: `templates`, `template`, `publish-template`, `change-template`.

use std::path::{Path, PathBuf};

use keizoku_onboarding::template_file::{self, TemplateFile};
use keizoku_proto::onboarding::{
    ChangeTemplateVersionRequest, GetTemplateRequest, ListTemplatesRequest, ListTemplatesResponse,
    PublishTemplateRequest, Template, TemplatePhase,
};

use super::{locale, show, title};
use crate::cli::context::Context;
use crate::cli::format;
use crate::cli::output::{answer, change};
use crate::cli::pages::Limit;
use crate::cli::table::Table;
use crate::client::call;
use crate::error::Failure;

/// Arguments of `keizoku onboarding templates`.
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    #[command(flatten)]
    limit: Limit,
}

impl ListArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let fetch = async |page_size, page_token| {
            let request = ListTemplatesRequest {
                page_size,
                page_token,
                consistency_tokens: context.tokens(),
            };
            let mut client = context.connection.onboardings();
            call(async || client.list_templates(request.clone()).await).await
        };
        let response: ListTemplatesResponse = self.limit.collect(fetch).await?;
        let text = || {
            let mut table = Table::new(["Product", "Tier", ">Version", ">Phases", "Id"]);
            for template in &response.templates {
                table.row([
                    every(&template.product),
                    every(&template.tier),
                    template.version.to_string(),
                    template.phases.len().to_string(),
                    format::id(&template.name).to_owned(),
                ]);
            }
            table.render(context.style)
        };
        answer!(
            context,
            onboarding::ListTemplatesResponse,
            &response,
            text()
        )
    }
}

fn every(name: &str) -> String {
    if name.is_empty() { "(every)" } else { name }.to_owned()
}

/// Arguments of `keizoku onboarding template`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku onboarding template ID
  keizoku onboarding template ID --version 1
  keizoku onboarding template --example > mine.toml")]
pub struct ShowArgs {
    /// The template: its id (`keizoku onboarding templates` lists them)
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
            return crate::cli::output::print(template_file::SHIPPED);
        }
        let request = GetTemplateRequest {
            name: resource_name(&self.template.unwrap_or_default()),
            version: self.version,
            consistency_tokens: context.tokens(),
        };
        let mut client = context.connection.onboardings();
        let response = call(async || client.get_template(request.clone()).await).await?;
        let template = response.template.clone().unwrap_or_default();
        answer!(
            context,
            onboarding::GetTemplateResponse,
            &response,
            text(context, &template).await
        )
    }
}

/// A template that somebody wrote.
pub(in crate::cli) fn read(path: &Path) -> Result<TemplateFile, Failure> {
    let file = std::fs::read_to_string(path).map_err(|error| unusable(path, &error))?;
    template_file::read(&file).map_err(|error| unusable(path, &error))
}

/// That it is none, and why.
pub(in crate::cli) fn unusable(path: &Path, why: &dyn std::fmt::Display) -> Failure {
    Failure::Usage(format!("{} cannot be used: {why}", path.display()))
}

fn resource_name(text: &str) -> String {
    if text.contains('/') {
        text.to_owned()
    } else {
        format!("onboardingTemplates/{text}")
    }
}

/// Phases and tasks, a line each.
pub(in crate::cli) fn phases(phases: &[TemplatePhase], locale: &str) -> Table {
    let mut table = Table::new(["Phase, task", "Key", "Who", ">Working days"]);
    for phase in phases {
        table.row([
            title(phase.title.as_ref(), locale).to_owned(),
            phase.key.clone(),
            String::new(),
            phase.expected_working_days.to_string(),
        ]);
        for task in &phase.tasks {
            table.row([
                format!("  {}", title(task.title.as_ref(), locale)),
                task.key.clone(),
                format::enum_name(task.party().as_str_name(), "TASK_PARTY_"),
                match task.due_months {
                    0 => task.due_working_days.to_string(),
                    months => format!("{months} months in all"),
                },
            ]);
        }
    }
    table
}

async fn text(context: &Context, template: &Template) -> String {
    let table = phases(&template.phases, &locale(context).await);
    format!(
        "{} {}, version {} of {} ({})\n{}",
        every(&template.product),
        every(&template.tier),
        template.version,
        template.latest_version,
        format::id(&template.name),
        table.render(context.style)
    )
}

/// Arguments of `keizoku onboarding publish-template`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku onboarding template --example > mine.toml
  keizoku onboarding publish-template mine.toml --product Core --tier Enterprise

Onboardings that run keep their version; `keizoku onboarding change-template` moves one.")]
pub struct PublishArgs {
    /// The template as TOML
    file: PathBuf,
    /// For this product only
    #[arg(long, default_value = "", hide_default_value = true)]
    product: String,
    /// For this tier only
    #[arg(long, default_value = "", hide_default_value = true)]
    tier: String,
    /// Refuse when the template has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl PublishArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let read = read(&self.file)?;
        let request = PublishTemplateRequest {
            phases: read.phases,
            questions: read.questions,
            product: self.product,
            tier: self.tier,
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            onboardings.publish_template,
            request,
            onboarding::PublishTemplateResponse,
            |response| text(context, &response.template.clone().unwrap_or_default()).await
        )
    }
}

/// Arguments of `keizoku onboarding change-template`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku onboarding change-template 緑川印刷")]
pub struct ChangeArgs {
    /// The onboarding: its id, or its account where that has one only
    onboarding: String,
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
    /// Refuse when the onboarding has changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl ChangeArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = ChangeTemplateVersionRequest {
            name: context.onboarding(&self.onboarding).await?,
            version: self.version,
            phase: self.phase,
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            onboardings.change_template_version,
            request,
            onboarding::ChangeTemplateVersionResponse,
            |response| show::text(context, response.onboarding.as_ref()).await
        )
    }
}
