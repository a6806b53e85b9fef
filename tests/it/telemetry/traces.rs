//! One trace from the caller over the RPC and the log to the models.

use std::collections::BTreeSet;

use keizoku_proto::accounts::{DefineTeamRequest, Team};
use keizoku_proto::common::EventMetadata;
use keizoku_proto::risk::{LeadsToChurn, OpenRiskRequest};
use keizoku_testkit::peer::{Posted, SlackPeer, SmtpPeer};
use keizoku_testkit::{Cluster, Scene, logs};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message as _;
use tempfile::TempDir;
use tonic::Request;

use super::collector::{Collector, attributes};
use super::{NOW, tell, telling};
use crate::notification::world::configure;

const DEFINE_TEAM: &str = "keizoku.accounts.v1.DirectoryService/DefineTeam";
const OPEN_RISK: &str = "keizoku.risk.v1.RiskService/OpenRisk";
const CALLER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn hex(bytes: &[u8]) -> String {
    let digits = |text: String, byte: &u8| text + &format!("{byte:02x}");
    bytes.iter().fold(String::new(), digits)
}

fn named<'s>(spans: &'s [Span], name: &str) -> Vec<&'s Span> {
    spans.iter().filter(|span| span.name == name).collect()
}

/// Defines a team as a caller that traces, and asks until every model has read it.
async fn define_team(cluster: &Cluster) -> Scene {
    let scene = Scene::new("traces", cluster.api("csm").await);
    let mut request = Request::new(DefineTeamRequest {
        team: Some(Team {
            display_name: "東日本".to_owned(),
            ..Team::default()
        }),
        request_id: scene.ids.fresh(),
    });
    request
        .metadata_mut()
        .insert("traceparent", CALLER.parse().unwrap());
    let answer = scene.api.directory().define_team(request).await.unwrap();
    let tokens = vec![answer.into_inner().consistency_token];
    keizoku_cli::client::settle(&scene.api, &tokens).await;
    scene
}

async fn stored_traceparent(cluster: Cluster) -> String {
    let folder = cluster.stop().await;
    let events = logs::events(folder.path(), "accounts").await;
    EventMetadata::decode(&*events.last().unwrap().metadata)
        .unwrap()
        .traceparent
}

#[tokio::test]
async fn a_change_is_one_trace_from_its_caller_to_the_models() {
    let (collector, address) = Collector::start().await;
    let cluster = telling(address).await;
    drop(define_team(&cluster).await);
    let stored = stored_traceparent(cluster).await;

    let spans = collector.spans();
    let [server] = named(&spans, DEFINE_TEAM)[..] else {
        panic!("{spans:?}");
    };
    assert_eq!(server.kind(), SpanKind::Server);
    let (trace, id) = (hex(&server.trace_id), hex(&server.span_id));
    assert_eq!(trace, "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(hex(&server.parent_span_id), "00f067aa0ba902b7");
    let told = attributes(&server.attributes);
    assert_eq!(told["rpc.response.status_code"], "OK");
    assert_eq!(
        stored,
        format!("00-{trace}-{id}-01"),
        "what is beside the event"
    );

    // The services' own appends at the start are traces of their own.
    let mut appends = named(&spans, "log.append");
    appends.retain(|append| append.trace_id == server.trace_id);
    let [append] = appends[..] else {
        panic!("{appends:?}");
    };
    let applied = named(&spans, "model.apply");
    let of_trace = applied.iter().filter(|span| hex(&span.trace_id) == trace);
    let models: BTreeSet<_> = of_trace
        .clone()
        .map(|span| attributes(&span.attributes)["model"].clone())
        .collect();
    let expected = [
        "accounts",
        "book",
        "forecast",
        "healthscore",
        "onboarding",
        "risk",
    ];
    assert_eq!(models, BTreeSet::from(expected.map(str::to_owned)));
    for span in of_trace.chain([&append]) {
        assert_eq!(hex(&span.trace_id), trace);
        assert_eq!(hex(&span.parent_span_id), id);
        assert!(span.end_time_unix_nano >= span.start_time_unix_nano);
    }
    let services = collector.services.lock().unwrap();
    assert!(services.iter().all(|name| name == "keizoku") && !services.is_empty());
}

/// Without a collector the caller's own trace goes beside the event, as it was.
#[tokio::test]
async fn nothing_is_sent_where_nothing_is_configured() {
    let (collector, _) = Collector::start().await;
    let cluster = Cluster::at(NOW).await;
    drop(define_team(&cluster).await);
    assert_eq!(stored_traceparent(cluster).await, CALLER);
    assert!(collector.spans().is_empty() && collector.metrics().is_empty());
}

#[tokio::test]
async fn a_collector_that_is_away_is_no_reason_to_stop() {
    let (_, address) = Collector::start().await;
    let nobody = std::net::SocketAddr::new(address.ip(), 1);
    let cluster = telling(nobody).await;
    let scene = define_team(&cluster).await;
    scene.account("あおば製作所", |_| ()).await;
    drop(scene);
    cluster.stop().await;
}

/// What is on the way from an RPC over a message to Slack, however many processes it takes.
#[tokio::test]
async fn a_message_is_in_the_trace_of_what_caused_it() {
    let (collector, address) = Collector::start().await;
    let (slack, smtp) = (SlackPeer::start().await, SmtpPeer::plain().await);
    let secrets = TempDir::new().unwrap();
    let cluster = Cluster::configured(NOW, |_, config| {
        tell(config, address);
        configure(config, secrets.path(), &slack, &smtp);
        config.notification.slack.default_channel = "#customer-success".to_owned();
    })
    .await;
    cluster.set("2026-11-22T09:01[Asia/Tokyo]");
    let scene = Scene::new("message", cluster.api("csm").await);
    open_risk(&scene).await;
    let posted = slack.wait_for(1).await;
    drop(scene);
    cluster.stop().await;
    let trace = MessageTrace::of(&collector, &posted[0]);
    assert_eq!(trace.models_of("risk"), ["notification"]);
}

/// Files a risk as a caller that traces.
pub(crate) async fn open_risk(scene: &Scene) {
    let account = scene.account("あおば製作所", |_| ()).await;
    let mut request = Request::new(OpenRiskRequest {
        parent: account.name,
        display_name: "担当者が退職".to_owned(),
        leads_to_churn: LeadsToChurn::LeadsToChurn.into(),
        request_id: scene.ids.fresh(),
        consistency_tokens: scene.tokens(),
        ..OpenRiskRequest::default()
    });
    request
        .metadata_mut()
        .insert("traceparent", CALLER.parse().unwrap());
    scene.api.risks().open_risk(request).await.unwrap();
}

/// The trace of [`CALLER`] up to a message that Slack got.
pub(crate) struct MessageTrace {
    spans: Vec<Span>,
    rpc: String,
}

impl MessageTrace {
    /// Checks the way from the RPC over the log and the plan to the message.
    pub(crate) fn of(collector: &Collector, posted: &Posted) -> Self {
        let mut spans = collector.spans();
        spans.retain(|span| hex(&span.trace_id) == CALLER[3..35]);
        let one = |name: &str| match named(&spans, name)[..] {
            [span] => span.clone(),
            ref other => panic!("{name}: {other:?}"),
        };
        let rpc = one(OPEN_RISK);
        assert_eq!(hex(&rpc.parent_span_id), CALLER[36..52]);
        let plan = one("notification.plan");
        assert_eq!(plan.parent_span_id, rpc.span_id);
        assert_eq!(attributes(&plan.attributes)["rule"], "risk-opened");
        let send = one("notification.send");
        assert_eq!(send.kind(), SpanKind::Client);
        assert_eq!(send.parent_span_id, plan.span_id);
        let told = attributes(&send.attributes);
        assert_eq!(told["channel"], "slack");
        assert_eq!(told["outcome"], "delivered");
        assert_eq!(
            posted.traceparent,
            format!("00-{}-{}-01", &CALLER[3..35], hex(&send.span_id)),
            "what Slack was told"
        );
        let appends = |of: &Span| {
            let appends = named(&spans, "log.append").into_iter();
            appends
                .filter(|append| append.parent_span_id == of.span_id)
                .count()
        };
        // Recipients and words; the attempt and its end.
        assert_eq!((appends(&rpc), appends(&plan), appends(&send)), (1, 2, 2));
        let rpc = hex(&rpc.span_id);
        Self { spans, rpc }
    }

    /// Names of the notification service's models that took the risk in, as parts of the RPC.
    pub(crate) fn models_of(&self, source: &str) -> Vec<String> {
        let applied = named(&self.spans, "model.apply").into_iter();
        let ours = applied.filter(|span| hex(&span.parent_span_id) == self.rpc);
        let told = ours.map(|span| attributes(&span.attributes));
        let mut models: Vec<String> = told
            .filter(|told| told["source"] == source)
            .map(|told| told["model"].clone())
            .filter(|model| model.starts_with("notification"))
            .collect();
        models.sort();
        models
    }

    /// Logs whose relays published something of the RPC.
    pub(crate) fn relayed(&self) -> Vec<String> {
        let published = named(&self.spans, "relay.publish").into_iter();
        let ours = published.filter(|span| hex(&span.parent_span_id) == self.rpc);
        ours.map(|span| attributes(&span.attributes)["log"].clone())
            .collect()
    }
}
