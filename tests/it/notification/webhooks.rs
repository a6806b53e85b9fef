//! Outgoing webhooks: what stands in them, and receivers on bad days (NTF-3). Signatures are verified by
//! the published library in `e2e_notification`, where the clock is real.

use keizoku_notification::config::EndpointConfig;
use keizoku_proto::notification::audience::To;
use keizoku_proto::notification::recipient::To as Target;
use keizoku_proto::notification::{
    Audience, Channel, CreateRuleRequest, Delivery, DeliveryState, EnableEndpointRequest,
    ListEndpointsRequest, Recipient, RedriveDeliveryRequest, Rule, SendTestMessageRequest,
    SuppressionReason, Trigger,
};
use keizoku_testkit::peer::{Posted, SlackAnswer, SlackPeer};
use keizoku_testkit::refused;
use tempfile::TempDir;
use tonic::Code;

use super::world::{World, secret};

const SECRETS: [&str; 2] = [
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
];

/// A deployment whose filed risks go to the endpoint `crm` as well.
struct Hooked {
    world: World,
    crm: SlackPeer,
    _secrets: TempDir,
}

impl Hooked {
    async fn new(name: &str) -> Self {
        let (crm, secrets) = (SlackPeer::start().await, TempDir::new().unwrap());
        let kept = ["new", "old"].into_iter().zip(SECRETS);
        let kept = kept.map(|(name, value)| secret(secrets.path(), name, value));
        let endpoint = EndpointConfig::at(&crm.url("/hooks/keizoku"), kept.collect());
        let world = World::configured(name, |config| {
            let endpoints = &mut config.notification.endpoints;
            endpoints.insert("crm".to_owned(), endpoint);
        })
        .await;
        let to = To::Endpoint("crm".to_owned());
        let request = CreateRuleRequest {
            rule: Some(Rule {
                trigger: Trigger::RiskOpened.into(),
                enabled: true,
                audience: vec![Audience { to: Some(to) }],
                resend_ambiguous: true,
                ..Rule::default()
            }),
            rule_id: "to-the-crm".to_owned(),
            request_id: world.scene.ids.fresh(),
        };
        let mut api = world.scene.api.notifications();
        api.create_rule(request).await.unwrap();
        world.set("2026-11-25T12:01[Asia/Tokyo]");
        Self {
            world,
            crm,
            _secrets: secrets,
        }
    }

    async fn got(&self, count: usize) -> Vec<Posted> {
        self.crm.wait_for(count).await
    }
}

/// What went to the endpoint, or was to.
fn ours(found: &[Delivery]) -> Vec<&Delivery> {
    let is_ours = |one: &&Delivery| one.rule == "rules/to-the-crm";
    found.iter().filter(is_ours).collect()
}

#[tokio::test]
async fn ntf_3_a_webhook_says_what_happened_in_a_stable_document() {
    let hooked = Hooked::new("document").await;
    let risk = hooked.world.risk("担当者が退職").await;
    let got = hooked.got(1).await;
    let posted = &got[0];
    assert_eq!(posted.path, "/hooks/keizoku");
    let kind = posted.header("content-type");
    assert_eq!(kind, "application/json; charset=utf-8");
    let found = hooked.world.settled(2, DeliveryState::Delivered).await;
    let sent = ours(&found)[0];
    let id = sent.name.strip_prefix("deliveries/").unwrap();
    assert_eq!(posted.header("webhook-id"), id);
    // The attempt's own time: 12:01 in Tokyo.
    assert_eq!(posted.header("webhook-timestamp"), "1795575660");
    let signatures: Vec<&str> = posted.header("webhook-signature").split(' ').collect();
    assert_eq!(signatures.len(), 2, "one by each secret");
    let is_signature = |one: &&str| one.starts_with("v1,") && one.len() == 47;
    assert!(signatures.iter().all(is_signature), "{signatures:?}");
    let body = &posted.body;
    assert_eq!(body["type"], "risk_opened");
    assert_eq!(body["timestamp"], "2026-11-25T03:01:00Z");
    let data = &body["data"];
    assert_eq!(data["version"], 1);
    assert_eq!(data["delivery"], sent.name);
    assert_eq!(data["rule"], "rules/to-the-crm");
    assert_eq!(data["subject"], risk.name);
    assert_eq!(data["account"], hooked.world.account.name);
    assert_eq!(data["fields"]["account"]["mrr"], 1_200_000);
    assert_eq!(data["fields"]["account"]["next_renewal"], "2026-12-10");
    assert_eq!(data["fields"]["owner"]["user"], hooked.world.hanako.name);
    assert!(data["fields"]["risk"]["leads_to_churn"].is_boolean());
    assert_eq!(
        data["message"]["title"],
        "リスク登録: 緑川印刷「担当者が退職」"
    );
    let raw = &posted.raw;
    assert!(!raw.contains("山田"), "no names of people: {raw}");
}

#[tokio::test]
async fn ntf_3_ntf_4_a_webhook_that_is_sent_again_keeps_its_id_and_body() {
    let hooked = Hooked::new("again").await;
    let busy = SlackAnswer::Http(503, "retry-after: 7", "busy");
    let unauthorised = SlackAnswer::Http(401, "", "deploying");
    let answers = [busy, unauthorised, SlackAnswer::ResetTaken];
    hooked.crm.answer_next_with(answers);
    hooked.world.risk("担当者が退職").await;
    let times = ["12:01:07", "12:02:00", "12:04:00", "12:05:00"];
    for (count, next) in (1..).zip(times) {
        hooked.got(count).await;
        let is_known = |one: &&Delivery| {
            let state = one.state();
            one.attempts as usize == count && state != DeliveryState::Attempting
        };
        hooked
            .world
            .deliveries(|found| ours(found).iter().any(is_known))
            .await;
        hooked.world.set(&format!("2026-11-25T{next}[Asia/Tokyo]"));
    }
    let found = hooked.world.settled(2, DeliveryState::Delivered).await;
    let sent = ours(&found)[0];
    assert_eq!((sent.attempts, sent.ambiguous_attempts), (4, 1), "listed");
    let got = hooked.got(4).await;
    for posted in &got {
        assert_eq!(posted.header("webhook-id"), got[0].header("webhook-id"));
        assert_eq!(posted.raw, got[0].raw);
    }
    let times: Vec<&str> = got
        .iter()
        .map(|one| one.header("webhook-timestamp"))
        .collect();
    assert!(times[0] < times[1] && times[1] < times[2], "{times:?}");
    let signature = |number: usize| got[number].header("webhook-signature");
    assert_ne!(signature(0), signature(1), "each attempt has its time");
}

#[tokio::test]
async fn ntf_3_an_endpoint_that_is_gone_is_disabled_until_somebody_enables_it() {
    let hooked = Hooked::new("gone").await;
    let world = &hooked.world;
    let gone = SlackAnswer::Http(410, "", "moved away");
    hooked.crm.answer_next_with([gone]);
    world.risk("担当者が退職").await;
    let found = world.settled(1, DeliveryState::GivenUp).await;
    assert_eq!(ours(&found)[0].problem, "HTTP 410: moved away");
    let mut api = world.scene.api.notifications();
    let listed = api.list_endpoints(ListEndpointsRequest {}).await.unwrap();
    let listed = &listed.into_inner().endpoints[0];
    assert!(!listed.enabled && listed.disable_time.is_some());
    assert_eq!(listed.name, "endpoints/crm");
    assert_eq!(listed.problem, "HTTP 410: moved away");
    world.set("2026-11-25T12:02[Asia/Tokyo]");
    world.risk("その間のリスク").await;
    let found = world.settled(1, DeliveryState::Suppressed).await;
    let suppressed = ours(&found)[1];
    let reason = suppressed.suppression_reason();
    assert_eq!(reason, SuppressionReason::EndpointDisabled);
    assert_eq!(hooked.crm.got_number(), 1, "it is written to no more");
    let enable = |name: &str| EnableEndpointRequest {
        name: name.to_owned(),
        request_id: world.scene.ids.fresh(),
    };
    let unknown = refused(api.enable_endpoint(enable("endpoints/nothing")).await);
    assert_eq!(unknown.kind(), (Code::NotFound, "NOT_FOUND"));
    let enabled = api.enable_endpoint(enable("endpoints/crm")).await.unwrap();
    assert!(enabled.into_inner().endpoint.unwrap().enabled);
    let redrive = RedriveDeliveryRequest {
        name: suppressed.name.clone(),
        request_id: world.scene.ids.fresh(),
        ..RedriveDeliveryRequest::default()
    };
    api.redrive_delivery(redrive).await.unwrap();
    let got = hooked.got(2).await;
    assert!(got[1].raw.contains("その間のリスク"));
}

#[tokio::test]
async fn ntf_3_an_endpoint_on_this_machine_is_refused_unless_allowed() {
    let secrets = TempDir::new().unwrap();
    let kept = secret(secrets.path(), "secret", SECRETS[0]);
    let crm = SlackPeer::start().await;
    let url = crm.url("/").replace("http:", "https:");
    let world = World::configured("guarded", |config| {
        config.notification.allow_private_addresses = false;
        let endpoint = EndpointConfig::at(&url, vec![kept]);
        let endpoints = &mut config.notification.endpoints;
        endpoints.insert("crm".to_owned(), endpoint);
    })
    .await;
    let request = SendTestMessageRequest {
        recipient: Some(Recipient {
            channel: Channel::Webhook.into(),
            to: Some(Target::Endpoint("crm".to_owned())),
        }),
        request_id: world.scene.ids.fresh(),
        ..SendTestMessageRequest::default()
    };
    let mut api = world.scene.api.notifications();
    let mut wrong = request.clone();
    wrong.recipient.as_mut().unwrap().channel = Channel::Email.into();
    let refusal = refused(api.send_test_message(wrong).await);
    assert_eq!(refusal.fields, ["recipient.endpoint"]);
    api.send_test_message(request).await.unwrap();
    let given_up = world.settled(1, DeliveryState::GivenUp).await;
    let problem = &given_up[0].problem;
    let words = "not an address of the open internet";
    assert!(problem.contains(words), "{problem}");
    assert_eq!(crm.got_number(), 0);
}
