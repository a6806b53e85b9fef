//! Rules: `rules`, `enable`, `disable`, `edit-rule`.

use clap::{ArgGroup, ValueEnum};
use keizoku_proto::notification::audience::To;
use keizoku_proto::notification::{
    Audience, Channel, ChannelChoice, DisableRuleRequest, EnableRuleRequest, ListRulesRequest,
    Rule, Schedule, UpdateRuleRequest,
};

use super::named;
use crate::cli::context::Context;
use crate::cli::format;
use crate::cli::output::answer;
use crate::cli::table::Table;
use crate::client::call;
use crate::error::Failure;

const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Arguments of `keizoku notification rules`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keizoku notification rules")]
pub struct ListArgs {}

/// Arguments of `keizoku notification enable` and `disable`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku notification disable suggestion-made
  keizoku notification enable suggestion-made")]
pub struct SwitchArgs {
    /// Key of the rule
    rule: String,
}

/// Arguments of `keizoku notification edit-rule`.
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("change").required(true).multiple(true).args([
    "audience", "channel", "locale", "schedule", "resend_ambiguous",
]))]
#[command(after_help = "\
Examples:
  keizoku notification edit-rule churned --audience owner-team --audience role:manager
  keizoku notification edit-rule risk-opened --audience slack:#cs-risks --channel slack
  keizoku notification edit-rule weekly-digest --schedule 'tue 08:30' --locale en")]
pub struct EditArgs {
    /// Key of the rule
    rule: String,
    /// Whom it tells, instead of whom it told: owner, owner-team, organisation, team:NAME, role:ROLE,
    /// slack:#CHANNEL, webhook:NAME or email:ADDRESS; may be given several times
    #[arg(long, value_name = "WHO")]
    audience: Vec<String>,
    /// How
    #[arg(long, value_enum)]
    channel: Option<Choice>,
    /// Language: ja, en, or empty for the organisation's
    #[arg(long, value_name = "LOCALE")]
    locale: Option<String>,
    /// When a digest goes out: `mon 09:00`
    #[arg(long, value_name = "WHEN")]
    schedule: Option<String>,
    /// Whether a message is sent again, labelled, when nobody knows whether it arrived
    #[arg(long, value_name = "BOOL")]
    resend_ambiguous: Option<bool>,
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

impl ListArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = ListRulesRequest {
            consistency_tokens: context.tokens(),
        };
        let response = call(async || {
            context
                .connection
                .notifications()
                .list_rules(request.clone())
                .await
        })
        .await?;
        let mut table = Table::new(["Rule", "On", "Audience", "Channel", "Language", "When"]);
        for rule in &response.rules {
            table.row([
                format::id(&rule.name).to_owned(),
                if rule.enabled { "yes" } else { "no" }.to_owned(),
                audience_text(context, &rule.audience).await,
                format::enum_name(rule.channel().as_str_name(), "CHANNEL_CHOICE_"),
                if rule.locale.is_empty() {
                    format::NOTHING
                } else {
                    &rule.locale
                }
                .to_owned(),
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
    pub(super) async fn run(self, context: &Context, on: bool) -> Result<(), Failure> {
        let name = named("rules/", &self.rule);
        let request_id = context.request_id();
        if on {
            let request = EnableRuleRequest {
                name,
                request_id,
                ..EnableRuleRequest::default()
            };
            let response = call(async || {
                context
                    .connection
                    .notifications()
                    .enable_rule(request.clone())
                    .await
            })
            .await?;
            let text = format!(
                "{} is on: it tells about what is recorded from now on.\n",
                self.rule
            );
            answer!(context, notification::EnableRuleResponse, &response, text)
        } else {
            let request = DisableRuleRequest {
                name,
                request_id,
                ..DisableRuleRequest::default()
            };
            let response = call(async || {
                context
                    .connection
                    .notifications()
                    .disable_rule(request.clone())
                    .await
            })
            .await?;
            let text = format!("{} is off.\n", self.rule);
            answer!(context, notification::DisableRuleResponse, &response, text)
        }
    }
}

impl EditArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let mut rule = Rule {
            name: named("rules/", &self.rule),
            ..Rule::default()
        };
        let mut update_mask = Vec::new();
        if !self.audience.is_empty() {
            for who in &self.audience {
                rule.audience.push(audience(context, who).await?);
            }
            update_mask.push("audience".to_owned());
        }
        if let Some(channel) = self.channel {
            rule.channel = ChannelChoice::from(channel).into();
            update_mask.push("channel".to_owned());
        }
        if let Some(locale) = self.locale {
            rule.locale = locale;
            update_mask.push("locale".to_owned());
        }
        if let Some(schedule) = &self.schedule {
            rule.schedule = Some(self::schedule(schedule)?);
            update_mask.push("schedule".to_owned());
        }
        if let Some(resend) = self.resend_ambiguous {
            rule.resend_ambiguous = resend;
            update_mask.push("resend_ambiguous".to_owned());
        }
        let request = UpdateRuleRequest {
            rule: Some(rule),
            update_mask,
            request_id: context.request_id(),
            ..UpdateRuleRequest::default()
        };
        let response = call(async || {
            context
                .connection
                .notifications()
                .update_rule(request.clone())
                .await
        })
        .await?;
        let text = format!(
            "{} is changed: it applies to what is recorded from now on.\n",
            self.rule
        );
        answer!(context, notification::UpdateRuleResponse, &response, text)
    }
}

async fn audience(context: &Context, who: &str) -> Result<Audience, Failure> {
    let to = match who.split_once(':') {
        None if who == "owner" => To::Owner(true),
        None if who == "owner-team" => To::OwnerTeam(true),
        None if who == "organisation" => To::Organisation(true),
        Some(("team", team)) => To::Team(context.team(team).await?),
        Some(("role", role)) => To::Role(role.to_owned()),
        Some(("slack", channel)) => To::SlackChannel(channel.to_owned()),
        Some(("webhook", name)) => To::Webhook(name.to_owned()),
        Some(("email", address)) => To::Email(address.to_owned()),
        _ => {
            return Err(Failure::Usage(format!(
                "`{who}` is no audience: owner, owner-team, organisation, team:NAME, role:ROLE, \
                 slack:#CHANNEL, webhook:NAME or email:ADDRESS"
            )));
        }
    };
    Ok(Audience { to: Some(to) })
}

async fn audience_text(context: &Context, audience: &[Audience]) -> String {
    let people = context.people().await;
    let text = |entry: &Audience| match &entry.to {
        Some(To::Owner(_)) => "owner".to_owned(),
        Some(To::OwnerTeam(_)) => "owner-team".to_owned(),
        Some(To::Organisation(_)) => "organisation".to_owned(),
        Some(To::Team(team)) => format!("team:{}", crate::cli::context::named(&people, team)),
        Some(To::Role(role)) => format!("role:{role}"),
        Some(To::SlackChannel(channel)) => format!("slack:{channel}"),
        Some(To::Webhook(name)) => format!("webhook:{name}"),
        Some(To::Email(address)) => format!("email:{address}"),
        None => String::new(),
    };
    let entries: Vec<String> = audience.iter().map(text).collect();
    entries.join(", ")
}

/// Reads `mon 09:00`.
fn schedule(text: &str) -> Result<Schedule, Failure> {
    let parse = || {
        let (day, time) = text.split_once(' ')?;
        let day = day.to_lowercase();
        let weekday = WEEKDAYS.iter().position(|known| day.starts_with(known))?;
        let (hour, minute) = time.trim().split_once(':')?;
        Some(Schedule {
            weekday: u32::try_from(weekday).ok()? + 1,
            hour: hour.parse().ok()?,
            minute: minute.parse().ok()?,
        })
    };
    parse().ok_or_else(|| {
        Failure::Usage(format!(
            "`{text}` is no schedule; write it like `mon 09:00`"
        ))
    })
}

fn schedule_text(schedule: Schedule) -> String {
    let day = usize::try_from(schedule.weekday)
        .ok()
        .and_then(|day| WEEKDAYS.get(day.checked_sub(1)?));
    let day = day.copied().unwrap_or(format::NOTHING);
    format!("{day} {:02}:{:02}", schedule.hour, schedule.minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_read_as_they_are_written() {
        let read = schedule("Tuesday 08:30").unwrap();
        assert_eq!(schedule_text(read), "tue 08:30");
        for text in ["", "09:00", "mon", "mon 9", "someday 09:00"] {
            assert!(schedule(text).is_err(), "{text}");
        }
    }
}
