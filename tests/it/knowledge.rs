//! What was learnt from closed risks: search, win rates, and how it is shown (RISK-8).

use keizoku_proto::accounts::{AccountFields, AssignAccountRequest, MergeAccountsRequest};
use keizoku_proto::risk::{
    AmendClosureRequest, CloseRiskRequest, Completion, ListRiskTypesRequest, OpenRiskRequest,
    ReopenRiskRequest, Risk, RiskTypeStatistics, SearchKnowledgeRequest,
};
use keizoku_testkit::{Cluster, Scene, day, run};

const NOW: &str = "2026-11-22T09:00[Asia/Tokyo]";

async fn close(scene: &Scene, risk: &Risk, completion: Completion, result: &str) {
    let request = CloseRiskRequest {
        name: risk.name.clone(),
        completion: completion.into(),
        completion_date: Some(day(2026, 11, 22)),
        result: result.to_owned(),
        request_id: scene.ids.fresh(),
        ..CloseRiskRequest::default()
    };
    let closed = scene.api.risks().close_risk(request).await.unwrap();
    scene.changed_risks(closed.into_inner().consistency_token);
}

/// Names of the closed risks that fit, in alphabetical order.
async fn found(scene: &Scene, ask: impl FnOnce(&mut SearchKnowledgeRequest)) -> Vec<String> {
    let mut request = SearchKnowledgeRequest {
        consistency_tokens: scene.tokens(),
        ..SearchKnowledgeRequest::default()
    };
    ask(&mut request);
    let answer = scene.api.risks().search_knowledge(request).await.unwrap();
    let risks = answer.into_inner().risks.into_iter();
    let mut names: Vec<String> = risks.map(|risk| risk.display_name).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn risk_8_words_of_any_length_and_width_are_found_in_closed_risks_only() {
    let cluster = Cluster::at(NOW).await;
    let scene = Scene::new("words", cluster.api("csm").await);
    let account = scene.account("あおば製作所", |_| ()).await;
    let price = scene
        .risk(&account, "値上げ", |r| {
            r.detail = "競合のＳａａＳへ乗り換えを検討".to_owned();
        })
        .await;
    close(&scene, &price, Completion::Completed, "ﾃﾞｰﾀ移行を支援した").await;
    scene.risk(&account, "競合のSaaS", |_| ()).await;

    let words = [
        "競",
        "討",
        "競合",
        "乗り換",
        "値上げ",
        "saas",
        "ＳＡＡＳ",
        "データ",
        "ﾃﾞｰﾀ",
        "支援 競合",
        "移行*",
    ];
    for word in words {
        let hits = found(&scene, |ask| ask.query = word.to_owned()).await;
        assert_eq!(hits, ["値上げ"], "{word}");
    }
    for word in ["解約", "合競", "支援 解約", "競合 OR 解約"] {
        let hits = found(&scene, |ask| ask.query = word.to_owned()).await;
        assert!(hits.is_empty(), "{word}: {hits:?}");
    }

    let reopen = ReopenRiskRequest {
        name: price.name,
        reason: "再び検討".to_owned(),
        request_id: scene.ids.fresh(),
        ..ReopenRiskRequest::default()
    };
    let reopened = scene.api.risks().reopen_risk(reopen).await.unwrap();
    scene.changed_risks(reopened.into_inner().consistency_token);
    let hits = found(&scene, |ask| ask.query = "競合".to_owned()).await;
    assert!(hits.is_empty(), "open again: {hits:?}");
}

#[tokio::test]
async fn risk_8_by_type_completion_and_industry() {
    let cluster = Cluster::at(NOW).await;
    let scene = Scene::new("filters", cluster.api("csm").await);
    let maker = scene
        .account("あおば製作所", |a| a.industry = "製造".to_owned())
        .await;
    let shop = scene
        .account("みなと食品", |a| a.industry = "小売".to_owned())
        .await;
    for (account, name, kind, completion) in [
        (&maker, "甲", "price", Completion::Completed),
        (&maker, "乙", "competitor", Completion::Failed),
        (&shop, "丙", "price", Completion::Failed),
    ] {
        let risk = scene
            .risk(account, name, |r| r.r#type = kind.to_owned())
            .await;
        close(&scene, &risk, completion, "終了").await;
    }
    let price = found(&scene, |ask| ask.r#type = "price".to_owned()).await;
    assert_eq!(price, ["丙", "甲"]);
    let failed = found(&scene, |ask| ask.completion = Completion::Failed.into()).await;
    assert_eq!(failed, ["丙", "乙"]);
    let making = found(&scene, |ask| ask.industry = "製造".to_owned()).await;
    assert_eq!(making, ["乙", "甲"]);
    let all = found(&scene, |ask| {
        ask.r#type = "price".to_owned();
        ask.completion = Completion::Failed.into();
        ask.industry = "小売".to_owned();
        ask.query = "終了".to_owned();
    })
    .await;
    assert_eq!(all, ["丙"]);
}

async fn statistics(scene: &Scene, key: &str) -> RiskTypeStatistics {
    let request = ListRiskTypesRequest {
        consistency_tokens: scene.tokens(),
    };
    let answer = scene.api.risks().list_risk_types(request).await.unwrap();
    let mut types = answer.into_inner().types.into_iter();
    let of_key = types.find(|of| of.r#type.as_ref().is_some_and(|known| known.key == key));
    of_key.unwrap()
}

#[tokio::test]
async fn risk_8_a_type_shows_win_rate_and_time_to_close_over_current_closures() {
    let cluster = Cluster::at("2026-11-12T09:00[Asia/Tokyo]").await;
    let scene = Scene::new("statistics", cluster.api("csm").await);
    let account = scene.account("あおば製作所", |_| ()).await;
    let mut risks = Vec::new();
    for name in ["甲", "乙", "丙", "丁"] {
        let of_type = |r: &mut OpenRiskRequest| r.r#type = "price".to_owned();
        risks.push(scene.risk(&account, name, of_type).await);
    }
    cluster.set(NOW);
    let completions = [
        Completion::Completed,
        Completion::Completed,
        Completion::Failed,
        Completion::NotARisk,
    ];
    for (risk, completion) in risks.iter().zip(completions) {
        close(&scene, risk, completion, "終了").await;
    }
    let shown = statistics(&scene, "price").await;
    let counts = (shown.open, shown.completed, shown.failed, shown.not_a_risk);
    assert_eq!(counts, (0, 2, 1, 1));
    let rate = shown.win_rate.unwrap();
    assert_eq!((rate.numerator, rate.denominator), (2, 3));
    assert_eq!(rate.ppm, Some(666_667));
    assert_eq!(shown.median_days_to_close, Some(10));

    // A closure that was amended counts as it is now, one that was undone not at all.
    let amend = AmendClosureRequest {
        name: risks[0].name.clone(),
        completion: Completion::Failed.into(),
        request_id: scene.ids.fresh(),
        ..AmendClosureRequest::default()
    };
    scene.api.risks().amend_closure(amend).await.unwrap();
    let reopen = ReopenRiskRequest {
        name: risks[1].name.clone(),
        reason: "再燃".to_owned(),
        request_id: scene.ids.fresh(),
        ..ReopenRiskRequest::default()
    };
    let reopened = scene.api.risks().reopen_risk(reopen).await.unwrap();
    scene.changed_risks(reopened.into_inner().consistency_token);
    let shown = statistics(&scene, "price").await;
    let counts = (shown.open, shown.completed, shown.failed, shown.not_a_risk);
    assert_eq!(counts, (1, 0, 2, 1));
    assert_eq!(shown.win_rate.unwrap().ppm, Some(0));
    let unused = statistics(&scene, "competitor").await;
    assert_eq!(unused.win_rate.unwrap().ppm, None);
    assert_eq!(unused.median_days_to_close, None);
}

#[tokio::test]
async fn risk_8_a_search_on_the_command_line_shows_how_it_landed() {
    let cluster = Cluster::at(NOW).await;
    let scene = Scene::new("landed", cluster.api("csm").await);
    let account = scene.account("あおば製作所", |_| ()).await;
    let risk = scene
        .risk(&account, "競合", |r| r.r#type = "competitor".to_owned())
        .await;
    close(&scene, &risk, Completion::Completed, "三年契約で継続").await;
    let places = cluster.endpoints();
    let endpoint = places.risk.unwrap_or(places.all);
    let mut search: Vec<String> = ["risk", "search", "競合"].map(str::to_owned).into();
    for token in scene.tokens() {
        search.extend(["--after".to_owned(), token]);
    }
    let output = tokio::task::spawn_blocking(move || run(&endpoint, search)).await;
    let text = String::from_utf8(output.unwrap().stdout).unwrap();
    let line = text.lines().nth(1).unwrap();
    for shown in [
        "2026-11-22",
        "COMPLETED",
        "三年契約で継続",
        "あおば製作所",
        "competitor",
    ] {
        assert!(line.contains(shown), "`{shown}` is not in\n{text}");
    }
}

#[tokio::test]
async fn risk_8_the_tier_is_the_one_in_effect_also_of_a_merged_account() {
    let cluster = Cluster::at(NOW).await;
    let scene = Scene::new("tier", cluster.api("csm").await);
    let of_tier =
        |tier: &'static str| move |fields: &mut AccountFields| fields.tier = tier.to_owned();
    let grows = scene.account("あおば製作所", of_tier("Mid")).await;
    let duplicate = scene.account("みなと食品", of_tier("SMB")).await;
    let stays = scene
        .account("みなと食品株式会社", of_tier("Enterprise"))
        .await;
    for (account, name) in [(&grows, "甲"), (&duplicate, "乙")] {
        let risk = scene.risk(account, name, |_| ()).await;
        close(&scene, &risk, Completion::Completed, "終了").await;
    }
    let assign = AssignAccountRequest {
        name: grows.name,
        tier: Some("Enterprise".to_owned()),
        effective_date: Some(day(2026, 12, 1)),
        request_id: scene.ids.fresh(),
        ..AssignAccountRequest::default()
    };
    let assigned = scene.api.accounts().assign_account(assign).await.unwrap();
    scene.changed_accounts(assigned.into_inner().consistency_token);
    let merge = MergeAccountsRequest {
        duplicate: duplicate.name,
        survivor: stays.name,
        request_id: scene.ids.fresh(),
    };
    let merged = scene.api.accounts().merge_accounts(merge).await.unwrap();
    scene.changed_accounts(merged.into_inner().consistency_token);

    let of = async |tier: &str| found(&scene, |ask| ask.tier = tier.to_owned()).await;
    assert_eq!(of("Mid").await, ["甲"], "until December");
    assert_eq!(of("Enterprise").await, ["乙"], "as the account that stays");
    assert!(of("SMB").await.is_empty());
    cluster.set("2026-12-01T00:00[Asia/Tokyo]");
    assert!(of("Mid").await.is_empty());
    assert_eq!(of("Enterprise").await, ["乙", "甲"]);
}
