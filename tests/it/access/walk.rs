//! The walk over all descriptors, and what clients use to find their way.

use keizoku_proto::common::Access;
use keizoku_testkit::{Cluster, Refusal, logs};
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor, Value};
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use super::garbage::Garbage;
use super::raw::{Raw, unreadable};

pub(super) const NOW: &str = "2026-11-22T09:00[Asia/Tokyo]";

pub(super) fn pool() -> DescriptorPool {
    DescriptorPool::decode(keizoku_proto::DESCRIPTORS).unwrap()
}

pub(super) fn rpcs(pool: &DescriptorPool) -> Vec<MethodDescriptor> {
    let services: Vec<_> = pool.services().collect();
    services
        .iter()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .collect()
}

pub(super) fn path(rpc: &MethodDescriptor) -> String {
    format!("/{}/{}", rpc.parent_service().full_name(), rpc.name())
}

/// Whether it only reads: what viewers may call.
fn reads(pool: &DescriptorPool, rpc: &MethodDescriptor) -> bool {
    let option = pool
        .get_extension_by_name("keizoku.common.v1.access")
        .unwrap();
    let access = rpc.options().get_extension(&option).into_owned();
    access == Value::EnumNumber(Access::Viewer.into())
}

/// A refusal that a program can act on: never a bug, never somebody else's words.
pub(super) fn check_refusal(call: &str, refusal: &Refusal) {
    assert!(
        !matches!(
            refusal.code,
            Code::Internal | Code::Unknown | Code::Unimplemented | Code::DataLoss | Code::Cancelled
        ),
        "{call}: {refusal:?}"
    );
    assert_eq!(refusal.domain, "keizoku", "{call}: {refusal:?}");
    assert!(!refusal.reason.is_empty(), "{call}: {refusal:?}");
    assert!(!refusal.message.is_empty(), "{call}: {refusal:?}");
}

/// Calls every RPC with what `messages` makes of its request type, each twice.
async fn walk(messages: impl Fn(&MethodDescriptor) -> Vec<DynamicMessage>) {
    let cluster = Cluster::at(NOW).await;
    let raw = Raw::to(&cluster).await;
    let pool = pool();
    let rpcs = rpcs(&pool);
    assert!(rpcs.len() > 30, "{}", rpcs.len());
    let heads = logs::heads(cluster.folder());
    for rpc in &rpcs {
        let path = path(rpc);
        for message in messages(rpc) {
            let bytes = prost::Message::encode_to_vec(&message);
            let first = call(&raw, &pool, rpc, bytes.clone()).await;
            let second = call(&raw, &pool, rpc, bytes).await;
            assert_eq!(first, second, "{path} answers twice differently");
            let after = logs::heads(cluster.folder());
            assert_eq!(after, heads, "{path} wrote something");
        }
    }
}

/// Calls an RPC; the code with which it refused, if it did.
async fn call(
    raw: &Raw,
    pool: &DescriptorPool,
    rpc: &MethodDescriptor,
    bytes: Vec<u8>,
) -> Option<Code> {
    let path = path(rpc);
    match raw.call(&path, bytes).await {
        Ok(_) => {
            // A stream of rows is answered row by row, refusals included.
            assert!(
                reads(pool, rpc) || rpc.is_server_streaming(),
                "{path} took it"
            );
            None
        }
        Err(status) => {
            check_refusal(&path, &Refusal::from(&status));
            Some(status.code())
        }
    }
}

#[tokio::test]
async fn every_rpc_answers_an_empty_request_and_writes_nothing() {
    walk(|rpc| vec![DynamicMessage::new(rpc.input())]).await;
}

#[tokio::test]
async fn every_rpc_answers_hostile_fields_and_writes_nothing() {
    walk(|rpc| Garbage::Hostile.messages(&rpc.input())).await;
}

#[tokio::test]
async fn every_rpc_answers_huge_fields_and_writes_nothing() {
    walk(|rpc| Garbage::Huge.messages(&rpc.input())).await;
}

/// Bytes that are no message at all: the transport refuses them before the service sees them.
#[tokio::test]
async fn no_rpc_is_harmed_by_bytes_that_are_no_message() {
    let cluster = Cluster::at(NOW).await;
    let mut raw = Raw::to(&cluster).await;
    let heads = logs::heads(cluster.folder());
    let pool = pool();
    let rpcs = rpcs(&pool).into_iter();
    let rpcs = rpcs.filter(|rpc| rpc.input().fields().len() > 0);
    for (number, rpc) in rpcs.enumerate() {
        if number % 15 == 14 {
            // A connection that brings so many of them is listened to at a pace.
            raw = Raw::to(&cluster).await;
        }
        let path = path(&rpc);
        for bytes in [unreadable(), vec![0xff; 64]] {
            let answer = raw.call(&path, bytes).await;
            assert!(answer.is_err(), "{path} took it");
            let code = answer.err().map(|status| status.code());
            assert_ne!(code, Some(Code::Unimplemented), "{path}");
        }
    }
    // It still works.
    let organisation = "/keizoku.accounts.v1.DirectoryService/GetOrganisation";
    assert_eq!(raw.call(organisation, Vec::new()).await.unwrap().len(), 1);
    assert_eq!(logs::heads(cluster.folder()), heads);
}

#[tokio::test]
async fn what_no_proto_declares_is_not_there() {
    let cluster = Cluster::at(NOW).await;
    let raw = Raw::to(&cluster).await;
    for path in [
        "/keizoku.risk.v1.RiskService/DropTables",
        "/keizoku.risk.v2.RiskService/OpenRisk",
        "/keizoku.risk.v1.RiskService",
        "/",
    ] {
        let refusal = Refusal::from(&raw.call(path, Vec::new()).await.unwrap_err());
        assert_eq!(refusal.code, Code::Unimplemented, "{path}");
        assert_eq!(refusal.domain, "keizoku", "{path}");
    }
}

#[tokio::test]
async fn reflection_lists_every_service_and_health_serves() {
    let cluster = Cluster::at(NOW).await;
    let raw = Raw::to(&cluster).await;
    let ask = |request| ServerReflectionRequest {
        host: String::new(),
        message_request: Some(request),
    };
    let mut questions = vec![ask(MessageRequest::ListServices(String::new()))];
    let expected: Vec<String> = pool()
        .services()
        .map(|service| service.full_name().to_owned())
        .collect();
    let symbols = expected
        .iter()
        .cloned()
        .map(MessageRequest::FileContainingSymbol);
    questions.extend(symbols.map(ask));
    let mut reflection = ServerReflectionClient::new(raw.channel());
    let answers = reflection
        .server_reflection_info(tokio_stream::iter(questions))
        .await;
    let mut answers = answers.unwrap().into_inner();
    let listed = answers.message().await.unwrap().unwrap();
    let Some(MessageResponse::ListServicesResponse(listed)) = listed.message_response else {
        panic!("{listed:?}");
    };
    let listed: Vec<String> = listed
        .service
        .into_iter()
        .map(|service| service.name)
        .collect();
    for service in &expected {
        assert!(listed.contains(service), "{service} is not in {listed:?}");
        let described = answers.message().await.unwrap().unwrap().message_response;
        assert!(
            matches!(described, Some(MessageResponse::FileDescriptorResponse(_))),
            "{service}: {described:?}"
        );
    }

    let mut health = HealthClient::new(raw.channel());
    let checked = health.check(HealthCheckRequest::default()).await.unwrap();
    assert_eq!(checked.into_inner().status(), ServingStatus::Serving);
}
