//! `keizoku notification rule`: who is told about what (NTF-2).

mod texts;
mod tries;
mod write;

use clap::Subcommand;
use keizoku_proto::notification::{
    Channel, DisableRuleRequest, EnableRuleRequest, GetRuleRequest, ListRuleFieldsRequest,
    ListRulesRequest, RetireRuleRequest, Rule, Trigger,
};

use self::texts::{audience_text, hours_text, schedule_text};
use super::named;
use crate::cli::card::Card;
use crate::cli::context::Context;
use crate::cli::format;
use crate::cli::output::answer;
use crate::cli::table::Table;
use crate::client::call;
use crate::error::Failure;

/// Sends a change of a rule, and prints its answer. Whoever asks for rules next sees it.
macro_rules! tell {
    (
        $context:expr, $rpc:ident, $request:expr, notification::$message:ident,
        |$response:ident| $text:expr
    ) => {{
        let request = $request;
        let sent = async || {
            let mut api = $context.connection.notifications();
            api.$rpc(request.clone()).await
        };
        let $response = $crate::client::call(sent).await?;
        $crate::cli::output::answer!($context, notification::$message, &$response, $text)
    }};
}
use tell;

/// What to do with rules.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// All rules
    List(ListArgs),
    /// One rule, with its filter and its own words
    Show(ShowArgs),
    /// What filters and words can name
    Fields(FieldsArgs),
    /// Try a rule, or the draft of one, out on the past; nothing is sent
    Try(tries::Args),
    /// Make a rule of your own: it tells about what is recorded from now on
    Create(write::CreateArgs),
    /// Change all of a rule but its trigger
    Change(write::ChangeArgs),
    /// Switch a rule on: it tells about what is recorded from now on
    Enable(SwitchArgs),
    /// Switch a rule off
    Disable(SwitchArgs),
    /// Take a rule of your own out of use for ever
    Retire(RetireArgs),
}

impl Command {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::List(args) => args.run(context).await,
            Self::Show(args) => args.run(context).await,
            Self::Fields(args) => args.run(context).await,
            Self::Try(args) => args.run(context).await,
            Self::Create(args) => args.run(context).await,
            Self::Change(args) => args.run(context).await,
            Self::Enable(args) => args.run(context, true).await,
            Self::Disable(args) => args.run(context, false).await,
            Self::Retire(args) => args.run(context).await,
        }
    }
}

/// Arguments of `keizoku notification rule list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku notification rule list")]
pub struct ListArgs {
    /// Retired ones, too
    #[arg(long)]
    all: bool,
}

/// Arguments of `keizoku notification rule show`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku notification rule show big-customers")]
pub struct ShowArgs {
    /// Key of the rule
    rule: String,
}

/// Arguments of `keizoku notification rule fields`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku notification rule fields
  keizoku notification rule fields --trigger churned")]
pub struct FieldsArgs {
    /// Only those of this trigger
    #[arg(long, value_name = "TRIGGER", value_parser = trigger)]
    trigger: Option<Trigger>,
}

/// Arguments of `keizoku notification rule enable` and `disable`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku notification rule disable suggestion-made
  keizoku notification rule enable suggestion-made")]
pub struct SwitchArgs {
    /// Key of the rule
    rule: String,
}

/// Arguments of `keizoku notification rule retire`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku notification rule retire big-customers")]
pub struct RetireArgs {
    /// Key of the rule
    rule: String,
}

/// Reads `risk-opened`.
fn trigger(text: &str) -> Result<Trigger, String> {
    let name = text.to_uppercase().replace('-', "_");
    let found = Trigger::from_str_name(&format!("TRIGGER_{name}"));
    found.ok_or_else(|| "`keizoku notification rule fields` has the triggers".to_owned())
}

/// `risk-opened`.
fn trigger_text(trigger: Trigger) -> String {
    let name = trigger.as_str_name().trim_start_matches("TRIGGER_");
    name.to_lowercase().replace('_', "-")
}

impl FieldsArgs {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = ListRuleFieldsRequest {
            trigger: self.trigger.map_or(0, Into::into),
        };
        let response = call(async || {
            let mut api = context.connection.notifications();
            api.list_rule_fields(request).await
        })
        .await?;
        let mut table = Table::new(["Trigger", "Field", "Type", "May be none", "Says"]);
        for of in &response.triggers {
            for field in &of.fields {
                table.row([
                    trigger_text(of.trigger()),
                    field.name.clone(),
                    format::enum_name(field.r#type().as_str_name(), "FIELD_TYPE_"),
                    if field.optional {
                        "yes"
                    } else {
                        format::NOTHING
                    }
                    .to_owned(),
                    field.description.clone(),
                ]);
            }
        }
        let text = table.render(context.style);
        answer!(
            context,
            notification::ListRuleFieldsResponse,
            &response,
            text
        )
    }
}

impl ShowArgs {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = GetRuleRequest {
            name: named("rules/", &self.rule),
        };
        let response = call(async || {
            let mut api = context.connection.notifications();
            api.get_rule(request.clone()).await
        })
        .await?;
        let rule = response.rule.clone().unwrap_or_default();
        let zone = context.zone().await?;
        let words = rule.template.clone().unwrap_or_default();
        let state = match (rule.retired, rule.enabled) {
            (true, _) => "retired",
            (false, true) => "on",
            (false, false) => "off",
        };
        let mut card = Card::new(format::id(&rule.name));
        card.field("state", state)
            .field("about", trigger_text(rule.trigger()))
            .field("only if", rule.filter.clone())
            .field("tells", audience_text(context, &rule.audience).await)
            .field(
                "by",
                format::enum_name(rule.channel().as_str_name(), "CHANNEL_CHOICE_"),
            )
            .field("language", rule.locale.clone())
            .field(
                "when",
                rule.schedule.map_or_else(String::new, schedule_text),
            )
            .field(
                "hours",
                rule.sending_hours.map_or_else(String::new, hours_text),
            )
            .field("grouped", minutes_text(rule.group_minutes))
            .field("overdue", days_text(rule.overdue_days))
            .field("title", words.title)
            .field("note", words.note)
            .field(
                "as it is since",
                format::instant(rule.active_since.as_ref(), &zone),
            )
            .field("etag", rule.etag.clone());
        answer!(
            context,
            notification::GetRuleResponse,
            &response,
            card.render()
        )
    }
}

impl RetireArgs {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = RetireRuleRequest {
            name: named("rules/", &self.rule),
            request_id: context.request_id(),
            ..RetireRuleRequest::default()
        };
        tell!(
            context,
            retire_rule,
            request,
            notification::RetireRuleResponse,
            |response| format!("{} is retired.\n", self.rule)
        )
    }
}

impl ListArgs {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = ListRulesRequest {
            consistency_tokens: context.tokens(),
            include_retired: self.all,
        };
        let response = call(async || {
            context
                .connection
                .notifications()
                .list_rules(request.clone())
                .await
        })
        .await?;
        let mut table = Table::new(["Rule", "On", "About", "Only if", "Tells", "By", "When"]);
        for rule in &response.rules {
            table.row([
                format::id(&rule.name).to_owned(),
                match (rule.retired, rule.enabled) {
                    (true, _) => "retired",
                    (false, true) => "yes",
                    (false, false) => "no",
                }
                .to_owned(),
                trigger_text(rule.trigger()),
                filter_text(rule),
                audience_text(context, &rule.audience).await,
                format::enum_name(rule.channel().as_str_name(), "CHANNEL_CHOICE_"),
                rule.schedule
                    .map_or_else(|| format::NOTHING.to_owned(), schedule_text),
            ]);
        }
        let channels: Vec<String> = response
            .channels()
            .map(|channel: Channel| format::enum_name(channel.as_str_name(), "CHANNEL_"))
            .collect();
        let configured = if channels.is_empty() {
            "\nNo channel is configured, so that nothing is sent; see the section [notification] of `keizoku config`.\n".to_owned()
        } else {
            format!("\nConfigured: {}\n", channels.join(", "))
        };
        let text = table.render(context.style) + &configured;
        answer!(context, notification::ListRulesResponse, &response, text)
    }
}

impl SwitchArgs {
    async fn run(self, context: &Context, on: bool) -> Result<(), Failure> {
        let name = named("rules/", &self.rule);
        let request_id = context.request_id();
        if on {
            let request = EnableRuleRequest {
                name,
                request_id,
                ..EnableRuleRequest::default()
            };
            return tell!(
                context,
                enable_rule,
                request,
                notification::EnableRuleResponse,
                |response| format!(
                    "{} is on: it tells about what is recorded from now on.\n",
                    self.rule
                )
            );
        }
        let request = DisableRuleRequest {
            name,
            request_id,
            ..DisableRuleRequest::default()
        };
        tell!(
            context,
            disable_rule,
            request,
            notification::DisableRuleResponse,
            |response| format!("{} is off.\n", self.rule)
        )
    }
}

fn minutes_text(minutes: u32) -> String {
    match minutes {
        0 => String::new(),
        minutes => format!("what comes within {minutes} min is one message"),
    }
}

fn days_text(days: u32) -> String {
    match days {
        0 => String::new(),
        days => format!("for {days} days"),
    }
}

/// A filter as far as a table has room for it.
fn filter_text(rule: &Rule) -> String {
    match rule.filter.chars().count() {
        0 => format::NOTHING.to_owned(),
        1..=40 => rule.filter.clone(),
        _ => rule.filter.chars().take(39).chain(['…']).collect(),
    }
}
