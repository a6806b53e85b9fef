//! What a refusal says, to programs and to people; and that nothing is written with it.

mod accounts;
mod answers;
mod directory;
mod imports;
mod pages;
mod refusals;
mod risks;
mod tokens;

use keizoku_proto::risk::{CloseRiskRequest, Completion};
use keizoku_testkit::{Cluster, Refusal, Scene, day};
use tonic::Code;

/// A Sunday morning.
const NOW: &str = "2026-11-22T09:00[Asia/Tokyo]";
/// An id that nobody has.
const NOBODY: &str = "0197f0a0-0000-7000-8000-000000000001";

async fn scene(name: &str) -> (Cluster, Scene) {
    let cluster = Cluster::at(NOW).await;
    let scene = Scene::new(name, cluster.api("csm").await);
    (cluster, scene)
}

/// A refusal of this kind, complete with its details.
#[track_caller]
fn is(refusal: &Refusal, code: Code, reason: &str) {
    assert_eq!(refusal.kind(), (code, reason), "{}", refusal.message);
    assert_eq!(refusal.domain, "keizoku");
    assert!(!refusal.message.is_empty());
    assert_eq!(refusal.names_precondition, code == Code::FailedPrecondition);
}

/// A closing that says everything it must.
fn close(risk: &str, on: (i32, i32, i32), scene: &Scene) -> CloseRiskRequest {
    CloseRiskRequest {
        name: risk.to_owned(),
        completion: Completion::Completed.into(),
        completion_date: Some(day(on.0, on.1, on.2)),
        result: "継続".to_owned(),
        request_id: scene.ids.fresh(),
        ..CloseRiskRequest::default()
    }
}
