//! A full disk: reads stay up, writes say so, and go on when there is room, without a restart.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use keizoku_proto::risk::{GetRiskRequest, LeadsToChurn, ListRisksRequest, OpenRiskRequest};
use keizoku_testkit::{Refusal, Scene, Serve, SmallDisk, logs};
use tonic::Code;

/// Larger than what the logs can still use of blocks that they have.
const MOST_WRITES: usize = 500;

/// Takes every byte that is left.
fn fill(disk: &Path) -> std::path::PathBuf {
    let ballast = disk.join("ballast");
    let mut file = File::create(&ballast).unwrap();
    let block = [0; 4096];
    while file.write_all(&block).is_ok() {}
    drop(file);
    ballast
}

fn open(scene: &Scene, account: &str) -> OpenRiskRequest {
    OpenRiskRequest {
        parent: account.to_owned(),
        display_name: "競合".to_owned(),
        leads_to_churn: LeadsToChurn::LeadsToChurn.into(),
        detail: "長".repeat(10_000),
        request_id: scene.ids.fresh(),
        ..OpenRiskRequest::default()
    }
}

#[tokio::test]
async fn reads_stay_up_and_writes_go_on_when_there_is_room() {
    let disk = match SmallDisk::mount("8m", "") {
        Ok(disk) => disk,
        Err(reason) => {
            println!("skipped: nothing may be mounted here: {reason}");
            return;
        }
    };
    let data = disk.path().join("data");
    let server = Serve::on(&data).start();
    let scene = Scene::new("disk full", server.api("csm").await);
    let account = scene.account("あおば製作所", |_| ()).await;
    let mut risks = scene.api.risks();
    let mut there = vec![scene.risk(&account, "競合", |_| ()).await.name];

    let ballast = fill(disk.path());
    let mut refused = None;
    for _ in 0..MOST_WRITES {
        let request = open(&scene, &account.name);
        match risks.open_risk(request.clone()).await {
            Ok(opened) => there.push(opened.into_inner().risk.unwrap().name),
            Err(status) => {
                refused = Some((request, Refusal::from(&status)));
                break;
            }
        }
    }
    let (request, refusal) = refused.expect("the disk fills up");
    assert_eq!(
        refusal.kind(),
        (Code::ResourceExhausted, "STORAGE_FULL"),
        "{refusal:?}"
    );
    let again = risks.open_risk(request.clone()).await.unwrap_err();
    assert_eq!(again.code(), Code::ResourceExhausted, "still");

    let get = |name: &str| GetRiskRequest {
        name: name.to_owned(),
        ..GetRiskRequest::default()
    };
    for name in &there {
        risks.get_risk(get(name)).await.unwrap();
    }
    risks.list_risks(ListRisksRequest::default()).await.unwrap();

    std::fs::remove_file(ballast).unwrap();
    let opened = risks.open_risk(request).await.unwrap().into_inner();
    there.push(opened.risk.unwrap().name);
    let list = ListRisksRequest {
        page_size: 1_000,
        consistency_tokens: vec![opened.consistency_token],
        ..ListRisksRequest::default()
    };
    let listed = risks.list_risks(list).await.unwrap().into_inner();
    assert_eq!(listed.total_size, i64::try_from(there.len()).unwrap());
    assert_eq!(
        logs::heads(&data)["risk"],
        // The first three say since when the service reacts to accounts, onboardings and health scores.
        3 + there.len() as u64,
        "refusals left nothing"
    );

    drop((scene, risks));
    assert_eq!(server.stop().await.code(), Some(0));
    let server = Serve::on(&data).start();
    let api = server.api("csm").await;
    for name in &there {
        api.risks().get_risk(get(name)).await.unwrap();
    }
}
