//! From a rule's audience to recipients, through the directory.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use keizoku_proto::notification::audience::To as Audience;
use keizoku_proto::notification::recipient::To;
use keizoku_proto::notification::{Channel, ChannelChoice, Recipient, Rule};

use crate::config::Config;
use crate::queries::{Directory, Person, Team};

/// The webhook that takes what nobody else can be told.
const DEFAULT_WEBHOOK: &str = "default";

/// Who owns what a fact is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Owner {
    /// Id of a person.
    User(String),
    /// Id of a team.
    Team(String),
    /// Nobody.
    #[default]
    Nobody,
}

/// Everything that routing looks at.
pub(crate) struct Router<'a> {
    pub(crate) directory: &'a Directory,
    /// Team of each person, by ids.
    pub(crate) team_of: &'a HashMap<String, String>,
    pub(crate) config: &'a Config,
}

/// What carries messages that travel one after the other: Slack takes one a second per channel, and
/// a lane that is stuck holds up no other (NTF-5, NTF-8).
pub(crate) fn lane(recipient: &Recipient) -> String {
    match (&recipient.to, recipient.channel()) {
        (_, Channel::Email) => "email".to_owned(),
        (Some(To::User(user)), _) => format!("slack:{user}"),
        (Some(To::SlackChannel(channel)), _) => format!("slack:{channel}"),
        (Some(To::Webhook(name)), _) => format!("webhook:{name}"),
        (Some(To::Endpoint(name)), _) => format!("endpoint:{name}"),
        (Some(To::Email(_)) | None, _) => "none".to_owned(),
    }
}

/// The kind of channel that a recipient is told by, as it is measured.
pub(crate) fn channel(recipient: &Recipient) -> &'static str {
    match (&recipient.to, recipient.channel()) {
        (None, _) => "none",
        (_, Channel::Email) | (Some(To::Email(_)), _) => "email",
        (Some(To::Webhook(_)), _) => "webhook",
        (Some(To::Endpoint(_)), _) => "endpoint",
        (Some(To::User(_) | To::SlackChannel(_)), _) => "slack",
    }
}

/// A recipient as a text: the same one is told once.
pub(crate) fn key(recipient: &Recipient) -> String {
    let to = match &recipient.to {
        Some(
            To::User(to)
            | To::SlackChannel(to)
            | To::Webhook(to)
            | To::Email(to)
            | To::Endpoint(to),
        ) => to,
        None => "",
    };
    format!("{}/{to}", recipient.channel().as_str_name())
}

/// The time zone in which a recipient works, where it is a person who has one.
pub(crate) fn time_zone(recipient: &Recipient, directory: &Directory) -> Option<TimeZone> {
    let Some(To::User(user)) = &recipient.to else {
        return None;
    };
    let person = directory.users.get(bare(user))?;
    TimeZone::get(&person.time_zone).ok()
}

/// What nobody can be told: it is planned all the same, so that it can be seen that it was not.
pub(crate) fn nowhere() -> Recipient {
    Recipient {
        channel: Channel::Unspecified.into(),
        to: None,
    }
}

impl Router<'_> {
    /// Whom a rule tells about what this owner owns, each once. Whoever cannot be reached is
    /// replaced: a person by the team, a team by those above it, and in the end by the
    /// organisation's default.
    pub(crate) fn recipients(&self, rule: &Rule, owner: &Owner) -> Vec<Recipient> {
        let choice = rule.channel();
        let mut found = Vec::new();
        for audience in &rule.audience {
            let Some(audience) = &audience.to else {
                continue;
            };
            let told = self.of(audience, owner, choice);
            let told = if told.is_empty() {
                self.organisation(choice)
            } else {
                told
            };
            found.extend(told);
        }
        let mut keys = std::collections::HashSet::new();
        found.retain(|recipient| keys.insert(key(recipient)));
        found
    }

    fn of(&self, audience: &Audience, owner: &Owner, choice: ChannelChoice) -> Vec<Recipient> {
        match audience {
            Audience::Owner(_) => match owner {
                Owner::User(user) => {
                    let told = self.user(user, choice);
                    if told.is_empty() {
                        self.owner_team(owner, choice)
                    } else {
                        told
                    }
                }
                Owner::Team(_) | Owner::Nobody => self.owner_team(owner, choice),
            },
            Audience::OwnerTeam(_) => self.owner_team(owner, choice),
            Audience::Team(team) => self.team(bare(team), choice),
            Audience::Role(role) => {
                let mut users: Vec<&String> = self
                    .directory
                    .users
                    .iter()
                    .filter(|(_, person)| person.role == *role)
                    .map(|(id, _)| id)
                    .collect();
                users.sort_unstable();
                users
                    .into_iter()
                    .flat_map(|user| self.user(user, choice))
                    .collect()
            }
            Audience::SlackChannel(channel) => self.slack_channel(channel).into_iter().collect(),
            Audience::Webhook(name) => self.webhook(name).into_iter().collect(),
            Audience::Email(address) => {
                self.email(To::Email(address.clone())).into_iter().collect()
            }
            Audience::Organisation(_) => self.organisation(choice),
            Audience::Endpoint(name) => self.endpoint(name).into_iter().collect(),
        }
    }

    fn owner_team(&self, owner: &Owner, choice: ChannelChoice) -> Vec<Recipient> {
        let team = match owner {
            Owner::User(user) => self.team_of.get(user),
            Owner::Team(team) => Some(team),
            Owner::Nobody => None,
        };
        team.map_or_else(Vec::new, |team| self.team(team, choice))
    }

    /// A person of the directory who has not departed.
    fn user(&self, user: &str, choice: ChannelChoice) -> Vec<Recipient> {
        let Some(person) = self.directory.users.get(user).filter(|found| found.active) else {
            return Vec::new();
        };
        let Person {
            email,
            slack_member_id,
            ..
        } = person;
        let to = To::User(format!("users/{user}"));
        let has_slack = self.config.slack.has_bot() && !slack_member_id.is_empty();
        let slack = has_slack.then(|| slack(to.clone()));
        let email = (!email.is_empty()).then(|| self.email(to)).flatten();
        chosen(choice, slack, || email.into_iter().collect())
    }

    /// A team's channel, or that of a team above it; by email its members.
    pub(crate) fn team(&self, team: &str, choice: ChannelChoice) -> Vec<Recipient> {
        let mut channel = None;
        let mut at = team;
        // A tree is never deeper than it has teams; past that it is a cycle.
        for _ in 0..=self.directory.teams.len() {
            let Some(Team {
                slack_channel,
                parent,
                ..
            }) = self.directory.teams.get(at)
            else {
                break;
            };
            if !slack_channel.is_empty() {
                channel = self.slack_channel(slack_channel);
                break;
            }
            at = parent;
        }
        chosen(choice, channel, || {
            let mut members: Vec<&String> = self
                .team_of
                .iter()
                .filter(|(_, of)| *of == team)
                .map(|(user, _)| user)
                .collect();
            members.sort_unstable();
            members
                .into_iter()
                .flat_map(|user| self.user(user, ChannelChoice::Email))
                .collect()
        })
    }

    /// What the configuration has for what nobody else can be told.
    fn organisation(&self, choice: ChannelChoice) -> Vec<Recipient> {
        let channel = &self.config.slack.default_channel;
        let by_bot = (!channel.is_empty())
            .then(|| self.slack_channel(channel))
            .flatten();
        let slack = by_bot.or_else(|| self.webhook(DEFAULT_WEBHOOK));
        let address = &self.config.smtp.default_address;
        let email = (!address.is_empty())
            .then(|| self.email(To::Email(address.clone())))
            .flatten();
        chosen(choice, slack, || email.into_iter().collect())
    }

    fn slack_channel(&self, channel: &str) -> Option<Recipient> {
        let to = To::SlackChannel(channel.to_owned());
        self.config.slack.has_bot().then(|| slack(to))
    }

    fn webhook(&self, name: &str) -> Option<Recipient> {
        let is_known = self.config.slack.webhooks.contains_key(name);
        is_known.then(|| slack(To::Webhook(name.to_owned())))
    }

    fn endpoint(&self, name: &str) -> Option<Recipient> {
        let is_known = self.config.endpoints.contains_key(name);
        is_known.then(|| Recipient {
            channel: Channel::Webhook.into(),
            to: Some(To::Endpoint(name.to_owned())),
        })
    }

    fn email(&self, to: To) -> Option<Recipient> {
        self.config.smtp.sends().then(|| Recipient {
            channel: Channel::Email.into(),
            to: Some(to),
        })
    }

    /// Whether a recipient that somebody names can be reached by what is configured.
    pub(crate) fn can_reach(&self, recipient: &Recipient) -> bool {
        match (&recipient.to, recipient.channel()) {
            (Some(To::Webhook(name)), Channel::Slack) => self.webhook(name).is_some(),
            (Some(To::SlackChannel(_) | To::User(_)), Channel::Slack) => {
                self.config.slack.has_bot()
            }
            (Some(To::User(_) | To::Email(_)), Channel::Email) => self.config.smtp.sends(),
            (Some(To::Endpoint(name)), Channel::Webhook) => self.endpoint(name).is_some(),
            _ => false,
        }
    }
}

fn slack(to: To) -> Recipient {
    Recipient {
        channel: Channel::Slack.into(),
        to: Some(to),
    }
}

fn chosen(
    choice: ChannelChoice,
    slack: Option<Recipient>,
    email: impl FnOnce() -> Vec<Recipient>,
) -> Vec<Recipient> {
    match choice {
        ChannelChoice::Slack => slack.into_iter().collect(),
        ChannelChoice::Email => email(),
        ChannelChoice::Both => slack.into_iter().chain(email()).collect(),
        ChannelChoice::SlackElseEmail | ChannelChoice::Unspecified => match slack {
            Some(slack) => vec![slack],
            None => email(),
        },
    }
}

/// `teams/{team}` as an id.
fn bare(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

#[cfg(test)]
#[path = "route_tests.rs"]
mod tests;
