//! A deployment with both channels on loopback, a team with a channel, and two people in it.

use std::path::Path;
use std::time::Duration;

use keizoku_cli::server::config::Config;
use keizoku_notification::config::Security;
use keizoku_notification::secret::Secret;
use keizoku_proto::accounts::{
    Account, DefineTeamRequest, RegisterUserRequest, SubscriptionTerms, Team, User,
};
use keizoku_proto::notification::{Delivery, DeliveryState, ListDeliveriesRequest};
use keizoku_proto::risk::{
    AssessRiskRequest, CloseRiskRequest, Completion, LeadsToChurn, NextAction, OpenRiskRequest,
    Risk, SuggestRiskRequest,
};
use keizoku_testkit::peer::{SlackPeer, SmtpPeer};
use keizoku_testkit::{Cluster, Scene, day};
use tempfile::TempDir;

/// A Wednesday, when the deployment is started for the first time.
const BEFORE: &str = "2026-11-25T11:59[Asia/Tokyo]";
/// A minute later, when things begin to happen.
pub(crate) const NOW: &str = "2026-11-25T12:00[Asia/Tokyo]";

/// A deployment and both peers.
pub(crate) struct World {
    pub(crate) cluster: Cluster,
    pub(crate) scene: Scene,
    pub(crate) slack: SlackPeer,
    pub(crate) smtp: SmtpPeer,
    pub(crate) hanako: User,
    pub(crate) account: Account,
    /// The account's subscription, by name.
    pub(crate) subscription: String,
    /// Files of secrets.
    _secrets: TempDir,
}

/// Writes a secret into a file, and says where it is.
pub(crate) fn secret(folder: &Path, name: &str, value: &str) -> Secret {
    let path = folder.join(name);
    std::fs::write(&path, value).unwrap();
    Secret::of(&format!("file:{}", path.display()))
}

/// Both channels, as configured in most tests.
pub(crate) fn configure(config: &mut Config, folder: &Path, slack: &SlackPeer, smtp: &SmtpPeer) {
    let notification = &mut config.notification;
    notification.base_url = "https://keizoku.example.com".to_owned();
    notification.allow_private_addresses = true;
    notification.slack.bot_token = secret(folder, "token", "xoxb-secret");
    notification.slack.api_url = slack.url("/api/");
    let url = slack.url("/services/T0/B0/secret");
    let webhook = secret(folder, "webhook", &url);
    notification
        .slack
        .webhooks
        .insert("default".to_owned(), webhook);
    notification.smtp.host = "127.0.0.1".to_owned();
    notification.smtp.port = smtp.port();
    notification.smtp.security = Security::None;
    notification.smtp.from = "Keizoku <keizoku@example.com>".to_owned();
}

impl World {
    /// With both channels.
    pub(crate) async fn new(name: &str) -> Self {
        Self::configured(name, |_| {}).await
    }

    /// With both channels, and what `change` does to them.
    pub(crate) async fn configured(name: &str, change: impl FnOnce(&mut Config)) -> Self {
        let (slack, smtp) = (SlackPeer::start().await, SmtpPeer::plain().await);
        let secrets = TempDir::new().unwrap();
        let cluster = Cluster::configured(BEFORE, |_, config| {
            configure(config, secrets.path(), &slack, &smtp);
            change(config);
        })
        .await;
        cluster.set(NOW);
        let scene = Scene::new(name, cluster.api("ops").await);
        let team = team(&scene, "Enterprise East", "#cs-east").await;
        let hanako = user(&scene, "山田花子", "U0HANAKO", "hanako@example.com", &team).await;
        let owner = hanako.name.clone();
        let account = scene
            .account("緑川印刷", |account| account.owner = owner)
            .await;
        let subscription = scene
            .subscription(&account, 1_200_000, |subscription| {
                let renewal = Some(day(2026, 12, 10));
                subscription.terms = Some(SubscriptionTerms {
                    next_renewal_date: renewal,
                    ..SubscriptionTerms::default()
                });
            })
            .await;
        Self {
            cluster,
            scene,
            slack,
            smtp,
            hanako,
            account,
            subscription: subscription.name,
            _secrets: secrets,
        }
    }

    /// Moves the clock.
    pub(crate) fn set(&self, now: &str) {
        self.cluster.set(now);
    }

    /// Waits until notification has heard of every change whose token the scene remembers: what the clock
    /// brings next is told as of then.
    pub(crate) async fn heard(&self) {
        let read = ListDeliveriesRequest {
            consistency_tokens: self.scene.tokens(),
            ..ListDeliveriesRequest::default()
        };
        let mut api = self.scene.api.notifications();
        api.list_deliveries(read).await.unwrap();
    }

    /// A risk of the account with a next action.
    pub(crate) async fn risk(&self, name: &str) -> Risk {
        self.risk_with(name, |_| {}).await
    }

    pub(crate) async fn risk_with(
        &self,
        name: &str,
        change: impl FnOnce(&mut OpenRiskRequest),
    ) -> Risk {
        self.scene
            .risk(&self.account, name, |request| {
                request.next_action = Some(NextAction {
                    due_date: Some(day(2026, 12, 1)),
                    text: "後任に電話".to_owned(),
                });
                change(request);
            })
            .await
    }

    /// A suggestion, which is told to Hanako.
    pub(crate) async fn suggest(&self, name: &str) {
        let request = SuggestRiskRequest {
            parent: self.account.name.clone(),
            cause: "decision_maker_left".to_owned(),
            display_name: name.to_owned(),
            detail: "佐藤部長が11月末で退職".to_owned(),
            request_id: self.scene.ids.fresh(),
            ..SuggestRiskRequest::default()
        };
        self.scene.api.risks().suggest_risk(request).await.unwrap();
    }

    pub(crate) async fn assess(&self, risk: &Risk, flag: LeadsToChurn, reason: &str) {
        let request = AssessRiskRequest {
            name: risk.name.clone(),
            leads_to_churn: flag.into(),
            reason: reason.to_owned(),
            request_id: self.scene.ids.fresh(),
            ..AssessRiskRequest::default()
        };
        self.scene.api.risks().assess_risk(request).await.unwrap();
    }

    pub(crate) async fn close(&self, risk: &Risk, completion: Completion, result: &str) {
        let request = CloseRiskRequest {
            name: risk.name.clone(),
            completion: completion.into(),
            completion_date: Some(day(2026, 11, 25)),
            result: result.to_owned(),
            request_id: self.scene.ids.fresh(),
            ..CloseRiskRequest::default()
        };
        self.scene.api.risks().close_risk(request).await.unwrap();
    }

    /// All deliveries, oldest first, once `is_so` holds for them.
    pub(crate) async fn deliveries(&self, is_so: impl Fn(&[Delivery]) -> bool) -> Vec<Delivery> {
        deliveries(&self.scene, is_so).await
    }

    /// Waits until so many deliveries stand there.
    pub(crate) async fn settled(&self, count: usize, state: DeliveryState) -> Vec<Delivery> {
        self.deliveries(|found| {
            found.iter().filter(|found| found.state() == state).count() == count
        })
        .await
    }

    /// Stops it, does something to its directory or configuration, and starts it again.
    pub(crate) async fn restarted(self, between: impl FnOnce(&Path, &mut Config)) -> Self {
        self.again(async |cluster| cluster.restart_after(between).await)
            .await
    }

    /// Stops it, and starts it again when the clock shows `now`.
    pub(crate) async fn away_until(self, now: &str) -> Self {
        self.again(async |cluster| cluster.restart_at(now).await)
            .await
    }

    async fn again(self, restart: impl AsyncFnOnce(Cluster) -> Cluster) -> Self {
        let cluster = restart(self.cluster).await;
        let scene = Scene::new("restarted", cluster.api("ops").await);
        Self {
            cluster,
            scene,
            ..self
        }
    }
}

/// All deliveries, oldest first, once `is_so` holds for them.
///
/// Asked again and again: each answer takes a turn of the server, which does its work in between.
pub(crate) async fn deliveries(
    scene: &Scene,
    is_so: impl Fn(&[Delivery]) -> bool,
) -> Vec<Delivery> {
    let mut found = Vec::new();
    let asking = async {
        loop {
            let request = ListDeliveriesRequest {
                page_size: 1_000,
                ..ListDeliveriesRequest::default()
            };
            let answer = scene.api.notifications().list_deliveries(request).await;
            found = answer.unwrap().into_inner().deliveries;
            found.reverse();
            if is_so(&found) {
                return;
            }
        }
    };
    // A bound on hanging, not a measure.
    let asked = tokio::time::timeout(Duration::from_mins(1), asking).await;
    assert!(asked.is_ok(), "it never came to that: {found:#?}");
    found
}

pub(crate) async fn team(scene: &Scene, name: &str, slack_channel: &str) -> Team {
    let request = DefineTeamRequest {
        team: Some(Team {
            display_name: name.to_owned(),
            slack_channel: slack_channel.to_owned(),
            ..Team::default()
        }),
        request_id: scene.ids.fresh(),
    };
    let answer = scene.api.directory().define_team(request).await.unwrap();
    let answer = answer.into_inner();
    scene.changed_accounts(answer.consistency_token);
    answer.team.unwrap()
}

pub(crate) async fn user(scene: &Scene, name: &str, slack: &str, email: &str, team: &Team) -> User {
    let request = RegisterUserRequest {
        user: Some(User {
            display_name: name.to_owned(),
            email: email.to_owned(),
            slack_member_id: slack.to_owned(),
            role: "csm".to_owned(),
            team: team.name.clone(),
            ..User::default()
        }),
        request_id: scene.ids.fresh(),
        ..RegisterUserRequest::default()
    };
    let answer = scene.api.directory().register_user(request).await.unwrap();
    let answer = answer.into_inner();
    scene.changed_accounts(answer.consistency_token);
    answer.user.unwrap()
}
