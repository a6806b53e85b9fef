//! What a refusal says, to programs and to people; and that nothing is written with it.

mod answers;
mod pages;
mod refusals;
mod tokens;

use keizoku_testkit::{Cluster, Scene};

/// A Sunday morning.
const NOW: &str = "2026-11-22T09:00[Asia/Tokyo]";

async fn scene(name: &str) -> (Cluster, Scene) {
    let cluster = Cluster::at(NOW).await;
    let scene = Scene::new(name, cluster.api("csm").await);
    (cluster, scene)
}
