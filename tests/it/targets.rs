//! Targets among the settings, and where each stands (FC-13).

use keizoku_proto::accounts::target::Goal;
use keizoku_proto::accounts::{
    ConfigureOrganisationRequest, FactKind, Organisation, RecordContractFactRequest, Target,
    TargetMetric,
};
use keizoku_proto::forecast::figure::Value;
use keizoku_proto::forecast::{GetTargetsRequest, GetTargetsResponse, TargetStatus};
use keizoku_testkit::{Cluster, Scene, day, logs, refused, yen};

const NOVEMBER: &str = "2026-11-22T09:00[Asia/Tokyo]";

fn target(team: &str, metric: TargetMetric, goal: Goal) -> Target {
    Target {
        team: team.to_owned(),
        metric: metric.into(),
        first_month: "2026-04".to_owned(),
        last_month: "2027-03".to_owned(),
        goal: Some(goal),
    }
}

fn setting(scene: &Scene, targets: Vec<Target>) -> ConfigureOrganisationRequest {
    ConfigureOrganisationRequest {
        organisation: Some(Organisation {
            targets,
            ..Organisation::default()
        }),
        update_mask: vec!["targets".to_owned()],
        request_id: scene.ids.fresh(),
        ..ConfigureOrganisationRequest::default()
    }
}

async fn standings(scene: &Scene, team: &str) -> GetTargetsResponse {
    let request = GetTargetsRequest {
        team: team.to_owned(),
        consistency_tokens: scene.tokens(),
        ..GetTargetsRequest::default()
    };
    let answer = scene.api.forecasts().get_targets(request).await;
    answer.unwrap().into_inner()
}

#[tokio::test]
async fn fc_13_a_team_s_targets_are_set_and_say_where_they_stand() {
    let cluster = Cluster::at(NOVEMBER).await;
    let scene = Scene::new("targets", cluster.api("ops").await);
    let team = scene.team("東日本").await;
    let user = scene.user("鈴木", &team).await;
    let account = scene
        .account("あおば製作所", |account| {
            account.owner.clone_from(&user.name);
        })
        .await;
    let subscription = scene.subscription(&account, 100_000, |_| ()).await;
    let downsized = RecordContractFactRequest {
        name: subscription.name,
        kind: FactKind::Downsized.into(),
        effective_date: Some(day(2026, 6, 1)),
        mrr: Some(yen(96_000)),
        request_id: scene.ids.fresh(),
        ..RecordContractFactRequest::default()
    };
    let downsized = scene.api.accounts().record_contract_fact(downsized).await;
    scene.changed_accounts(downsized.unwrap().into_inner().consistency_token);
    let targets = vec![
        target(&team.name, TargetMetric::Grr, Goal::RatePpm(900_000)),
        target("", TargetMetric::ExpansionMrr, Goal::Amount(50_000)),
    ];
    let request = setting(&scene, targets.clone());
    let set = scene.api.directory().configure_organisation(request).await;
    let set = set.unwrap().into_inner();
    assert_eq!(set.organisation.unwrap().targets, targets);
    scene.changed_accounts(set.consistency_token);

    let all = standings(&scene, "").await;
    assert!(!all.watermarks.is_empty(), "FC-11");
    let shown: Vec<_> = all
        .standings
        .iter()
        .map(|standing| (standing.metric.as_str(), standing.status()))
        .collect();
    let expected = [
        ("grr", TargetStatus::OnTrack),
        ("expansion_mrr", TargetStatus::Behind),
    ];
    assert_eq!(shown, expected);
    assert_eq!(all.standings[0].target, Some(targets[0].clone()));
    let figure = all.standings[0].figure.as_ref().unwrap();
    let Some(Value::Rate(rate)) = &figure.value else {
        panic!("{figure:?}");
    };
    assert_eq!((rate.numerator, rate.denominator), (96_000, 100_000));
    assert_eq!(standings(&scene, &team.name).await.standings.len(), 1);

    let request = setting(&scene, Vec::new());
    let none = scene.api.directory().configure_organisation(request).await;
    scene.changed_accounts(none.unwrap().into_inner().consistency_token);
    assert_eq!(standings(&scene, "").await.standings, []);
}

#[tokio::test]
async fn fc_13_every_flaw_of_every_target_is_named() {
    let cluster = Cluster::at(NOVEMBER).await;
    let scene = Scene::new("targets", cluster.api("ops").await);
    let heads = logs::heads(cluster.folder());
    let grr = |goal| target("", TargetMetric::Grr, goal);
    let nobody = "teams/0197f0a0-0000-7000-8000-000000000003";
    let targets = vec![
        target("users/1", TargetMetric::Unspecified, Goal::RatePpm(1)),
        target(nobody, TargetMetric::Nrr, Goal::Amount(1)),
        grr(Goal::RatePpm(1_000_001)),
        Target {
            last_month: "2027-04".to_owned(),
            ..target("", TargetMetric::ExpansionMrr, Goal::Amount(0))
        },
        Target {
            first_month: "2027-03".to_owned(),
            last_month: "2026-04".to_owned(),
            ..target("", TargetMetric::LogoRetention, Goal::RatePpm(1))
        },
        Target {
            first_month: "April".to_owned(),
            last_month: "2028-03".to_owned(),
            ..grr(Goal::RatePpm(1))
        },
        Target {
            first_month: "2027-03".to_owned(),
            last_month: "2027-05".to_owned(),
            ..grr(Goal::RatePpm(1))
        },
    ];
    let request = setting(&scene, targets);
    let refusal = refused(scene.api.directory().configure_organisation(request).await);
    let named = [
        "0].metric",
        "0].team",
        "1].goal",
        "1].team",
        "2].goal",
        "3].goal",
        "3].last_month",
        "4].last_month",
        "5].first_month",
        "6].first_month",
    ];
    let named = named.map(|field| format!("organisation.targets[{field}"));
    assert_eq!(refusal.fields, named);
    assert_eq!(logs::heads(cluster.folder()), heads);
    let unknown = GetTargetsRequest {
        team: nobody.to_owned(),
        ..GetTargetsRequest::default()
    };
    let refusal = refused(scene.api.forecasts().get_targets(unknown).await);
    assert_eq!(refusal.fields, ["team"]);
}
