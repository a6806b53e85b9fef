//! Whom rules tell, by what the directory and the configuration have.

use keizoku_proto::notification::Audience as Entry;

use super::*;
use crate::secret::Secret;

struct World {
    directory: Directory,
    team_of: HashMap<String, String>,
    config: Config,
}

fn person(slack: &str, email: &str, role: &str) -> Person {
    Person {
        email: email.to_owned(),
        slack_member_id: slack.to_owned(),
        role: role.to_owned(),
        active: true,
        ..Person::default()
    }
}

fn world() -> World {
    let mut directory = Directory::default();
    let users = [
        ("hanako", person("U1", "hanako@example.com", "csm")),
        ("jiro", person("", "jiro@example.com", "csm")),
        ("boss", person("U9", "boss@example.com", "ops")),
    ];
    for (id, person) in users {
        directory.users.insert(id.to_owned(), person);
    }
    let team = |parent: &str, channel: &str| Team {
        parent: parent.to_owned(),
        slack_channel: channel.to_owned(),
        ..Team::default()
    };
    directory.teams.insert("cs".to_owned(), team("", "#cs"));
    directory.teams.insert("east".to_owned(), team("cs", ""));
    directory.teams.insert("lone".to_owned(), team("", ""));
    let teams = [("hanako", "east"), ("jiro", "lone"), ("boss", "cs")];
    let mut config = Config::default();
    config.slack.bot_token = Secret::of("env:TOKEN");
    config.slack.default_channel = "#all".to_owned();
    config.smtp.host = "mail.example.com".to_owned();
    World {
        directory,
        team_of: teams
            .map(|(user, team)| (user.to_owned(), team.to_owned()))
            .into(),
        config,
    }
}

impl World {
    fn told(&self, to: Audience, choice: ChannelChoice, owner: &Owner) -> Vec<String> {
        let rule = Rule {
            audience: vec![Entry { to: Some(to) }],
            channel: choice.into(),
            ..Rule::default()
        };
        let router = Router {
            directory: &self.directory,
            team_of: &self.team_of,
            config: &self.config,
        };
        let told = router.recipients(&rule, owner);
        told.iter()
            .map(|recipient| key(recipient).replace("CHANNEL_", ""))
            .collect()
    }
}

fn user(id: &str) -> Owner {
    Owner::User(id.to_owned())
}

const EITHER: ChannelChoice = ChannelChoice::SlackElseEmail;

#[test]
fn ntf_2_an_owner_is_told_directly_by_slack_or_else_by_email() {
    let world = world();
    let told = |id| world.told(Audience::Owner(true), EITHER, &user(id));
    assert_eq!(told("hanako"), ["SLACK/users/hanako"]);
    assert_eq!(told("jiro"), ["EMAIL/users/jiro"]);
    let both = world.told(Audience::Owner(true), ChannelChoice::Both, &user("hanako"));
    assert_eq!(both, ["SLACK/users/hanako", "EMAIL/users/hanako"]);
}

#[test]
fn ntf_2_a_team_is_told_in_its_channel_or_in_that_of_a_team_above() {
    let world = world();
    let told = |id| world.told(Audience::OwnerTeam(true), EITHER, &user(id));
    assert_eq!(told("hanako"), ["SLACK/#cs"]);
    assert_eq!(told("jiro"), ["EMAIL/users/jiro"], "by email its members");
    let pool = Owner::Team("east".to_owned());
    assert_eq!(
        world.told(Audience::Owner(true), EITHER, &pool),
        ["SLACK/#cs"]
    );
    let named = Audience::Team("teams/east".to_owned());
    assert_eq!(world.told(named, EITHER, &Owner::Nobody), ["SLACK/#cs"]);
}

#[test]
fn ntf_2_whoever_cannot_be_reached_is_replaced() {
    let mut world = world();
    world.directory.users.get_mut("hanako").unwrap().active = false;
    let told = world.told(Audience::Owner(true), EITHER, &user("hanako"));
    assert_eq!(told, ["SLACK/#cs"], "the team of somebody who departed");
    let nobodys = world.told(Audience::OwnerTeam(true), EITHER, &Owner::Nobody);
    assert_eq!(nobodys, ["SLACK/#all"], "the organisation's default");
    world.config = Config::default();
    assert!(
        world
            .told(Audience::Owner(true), EITHER, &user("jiro"))
            .is_empty()
    );
    let hook = Secret::of("env:HOOK");
    world
        .config
        .slack
        .webhooks
        .insert("default".to_owned(), hook);
    let told = world.told(Audience::Owner(true), EITHER, &user("jiro"));
    assert_eq!(
        told,
        ["SLACK/default"],
        "without a bot, the default webhook"
    );
}

#[test]
fn ntf_2_everybody_with_a_role_is_told_once() {
    let world = world();
    let told = world.told(Audience::Role("csm".to_owned()), EITHER, &Owner::Nobody);
    assert_eq!(told, ["SLACK/users/hanako", "EMAIL/users/jiro"]);
    let rule = Rule {
        audience: vec![
            Entry {
                to: Some(Audience::OwnerTeam(true)),
            },
            Entry {
                to: Some(Audience::SlackChannel("#cs".to_owned())),
            },
        ],
        ..Rule::default()
    };
    let router = Router {
        directory: &world.directory,
        team_of: &world.team_of,
        config: &world.config,
    };
    assert_eq!(router.recipients(&rule, &user("hanako")).len(), 1);
}
