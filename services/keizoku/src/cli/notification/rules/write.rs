//! `keizoku notification rule create` and `change`.

use clap::{ArgGroup, ValueEnum};
use keizoku_proto::notification::{
    ChannelChoice, CreateRuleRequest, GetRuleRequest, Rule, RuleTemplate, Trigger,
    UpdateRuleRequest,
};

use super::texts::{audience, hours, schedule};
use super::{named, tell, trigger};
use crate::cli::context::Context;
use crate::client::call;
use crate::error::Failure;

/// What a rule says; all of it but the trigger can be changed.
#[derive(Debug, clap::Args)]
pub(super) struct Terms {
    /// Whom it tells (when it is changed: instead of whom it told): owner, owner-team, organisation,
    /// team:NAME, role:ROLE, slack:#CHANNEL, webhook:NAME, email:ADDRESS or endpoint:NAME; may be given
    /// several times
    #[arg(long, value_name = "WHO")]
    audience: Vec<String>,
    /// How
    #[arg(long, value_enum)]
    channel: Option<Choice>,
    /// Language: ja, en, or empty for the organisation's
    #[arg(long, value_name = "LOCALE")]
    locale: Option<String>,
    /// When a digest goes out: `mon 09:00`, or `daily 09:00` for every working day
    #[arg(long, value_name = "WHEN")]
    schedule: Option<String>,
    /// Which facts it tells about, in CEL: `account.mrr >= 1000000`; empty for all of them
    #[arg(long = "if", value_name = "FILTER")]
    filter: Option<String>,
    /// Its own title, in which `{{account.name}}` stands for that field; empty for the usual one
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Its own words below the message; empty for the usual ones
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// In which hours it sends, where the recipient is: `09:00-18:30`, `working-days 09:00-18:30`; empty for
    /// at any time
    #[arg(long, value_name = "HOURS")]
    hours: Option<String>,
    /// Minutes in which what comes for the same recipient is one message; 0 for none
    #[arg(long, value_name = "MINUTES")]
    group: Option<u32>,
    /// How many days a next action stays overdue before it is told about
    #[arg(long, value_name = "DAYS")]
    overdue_days: Option<u32>,
    /// Whether a message is sent again, labelled, when nobody knows whether it arrived
    #[arg(long, value_name = "BOOL")]
    resend_ambiguous: Option<bool>,
}

/// Arguments of `keizoku notification rule create`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku notification rule create big-customers --trigger risk-opened \\
    --if 'account.mrr >= 1000000' --audience role:admin --title '大口顧客のリスク: {{account.name}}'
  keizoku notification rule create escalation --trigger next-action-overdue --overdue-days 3 \\
    --schedule 'daily 09:00' --audience role:admin --group 10
  keizoku notification rule create churn --trigger churned --audience slack:#churn --disabled

`keizoku notification rule try` takes the same options and sends nothing.")]
pub struct CreateArgs {
    /// Key of the new rule, for ever: small letters, digits and hyphens
    rule: String,
    /// What it is about: risk-opened, churned and so on; `rule fields` has them
    #[arg(long, value_parser = trigger)]
    trigger: Trigger,
    /// Leave it switched off for now
    #[arg(long)]
    disabled: bool,
    #[command(flatten)]
    terms: Terms,
}

/// Arguments of `keizoku notification rule change`.
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("change").required(true).multiple(true).args([
    "audience", "channel", "locale", "schedule", "filter", "title", "note", "hours",
    "group", "overdue_days", "resend_ambiguous",
]))]
#[command(after_help = "\
Examples:
  keizoku notification rule change churned --audience owner-team --audience role:admin
  keizoku notification rule change risk-opened --if 'account.tier != \"free\"'
  keizoku notification rule change weekly-digest --schedule 'tue 08:30' --locale en")]
pub struct ChangeArgs {
    /// Key of the rule
    rule: String,
    #[command(flatten)]
    terms: Terms,
}

/// How a rule chooses between channels.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Choice {
    /// Slack where a recipient can be reached there, else email
    SlackElseEmail,
    /// Slack only
    Slack,
    /// Email only
    Email,
    /// Both
    Both,
}

impl From<Choice> for ChannelChoice {
    fn from(choice: Choice) -> Self {
        match choice {
            Choice::SlackElseEmail => Self::SlackElseEmail,
            Choice::Slack => Self::Slack,
            Choice::Email => Self::Email,
            Choice::Both => Self::Both,
        }
    }
}

impl Terms {
    /// The rule with what was said of it, and the names of that.
    pub(super) async fn into_rule(self, context: &Context) -> Result<(Rule, Vec<String>), Failure> {
        let mut rule = Rule {
            resend_ambiguous: true,
            ..Rule::default()
        };
        let mut said = Vec::new();
        if !self.audience.is_empty() {
            for who in &self.audience {
                rule.audience.push(audience(context, who).await?);
            }
            said.push("audience");
        }
        if let Some(channel) = self.channel {
            rule.channel = ChannelChoice::from(channel).into();
            said.push("channel");
        }
        if let Some(locale) = self.locale {
            rule.locale = locale;
            said.push("locale");
        }
        if let Some(text) = &self.schedule {
            rule.schedule = Some(schedule(text)?);
            said.push("schedule");
        }
        if let Some(filter) = self.filter {
            rule.filter = filter;
            said.push("filter");
        }
        if self.title.is_some() || self.note.is_some() {
            rule.template = Some(RuleTemplate {
                title: self.title.unwrap_or_default(),
                note: self.note.unwrap_or_default(),
            });
            said.push("template");
        }
        if let Some(text) = &self.hours {
            rule.sending_hours = hours(text)?;
            said.push("sending_hours");
        }
        if let Some(minutes) = self.group {
            rule.group_minutes = minutes;
            said.push("group_minutes");
        }
        if let Some(days) = self.overdue_days {
            rule.overdue_days = days;
            said.push("overdue_days");
        }
        if let Some(resend) = self.resend_ambiguous {
            rule.resend_ambiguous = resend;
            said.push("resend_ambiguous");
        }
        Ok((rule, said.into_iter().map(str::to_owned).collect()))
    }
}

impl CreateArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let (rule, _) = self.terms.into_rule(context).await?;
        let request = CreateRuleRequest {
            rule: Some(Rule {
                trigger: self.trigger.into(),
                enabled: !self.disabled,
                ..rule
            }),
            rule_id: self.rule.clone(),
            request_id: context.request_id(),
        };
        let state = if self.disabled {
            "switched off"
        } else {
            "on: it tells about what is recorded from now on"
        };
        tell!(
            context,
            create_rule,
            request,
            notification::CreateRuleResponse,
            |response| format!("{} is made, and {state}.\n", self.rule)
        )
    }
}

/// A rule as it is.
async fn known(context: &Context, name: &str) -> Result<Rule, Failure> {
    let request = GetRuleRequest {
        name: name.to_owned(),
    };
    let answer = call(async || {
        let mut api = context.connection.notifications();
        api.get_rule(request.clone()).await
    })
    .await?;
    Ok(answer.rule.unwrap_or_default())
}

impl ChangeArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let name = named("rules/", &self.rule);
        let is_half_of_words = self.terms.title.is_some() != self.terms.note.is_some();
        let names_title = self.terms.title.is_some();
        let (mut rule, update_mask) = self.terms.into_rule(context).await?;
        let mut etag = String::new();
        if is_half_of_words {
            // Title and note are one field: the half that was not named stays.
            let known = known(context, &name).await?;
            let words = known.template.unwrap_or_default();
            if let Some(template) = &mut rule.template {
                if names_title {
                    template.note = words.note;
                } else {
                    template.title = words.title;
                }
            }
            etag = known.etag;
        }
        let request = UpdateRuleRequest {
            rule: Some(Rule { name, ..rule }),
            update_mask,
            etag,
            request_id: context.request_id(),
        };
        tell!(
            context,
            update_rule,
            request,
            notification::UpdateRuleResponse,
            |response| format!(
                "{} is changed: it applies to what is recorded from now on.\n",
                self.rule
            )
        )
    }
}
