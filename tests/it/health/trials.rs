//! A scorecard tried out over all history, against who really churned (HLT-8).

use keizoku_proto::accounts::{Account, FactKind, RecordContractFactRequest};
use keizoku_proto::google::r#type::Date;
use keizoku_proto::healthscore::try_scorecard_response::Answer;
use keizoku_proto::healthscore::{
    Band, CurvePoint, DraftScorecardRequest, Measure, MeasureKind, Scorecard, ScorecardTrial,
    SignalKind, TrialDoubt, TryScorecardRequest, WhenStale,
};
use keizoku_testkit::{day, logs, refused};
use tonic::Code;

use super::lists::list;
use super::world::World;

/// By NPS alone, which never goes stale.
fn by_nps(tiers: &[&str]) -> Scorecard {
    let point = |value, points| CurvePoint { value, points };
    Scorecard {
        display_name: "NPS".to_owned(),
        tiers: tiers.iter().map(ToString::to_string).collect(),
        measures: vec![Measure {
            key: "nps".to_owned(),
            display_name: "NPS".to_owned(),
            kind: MeasureKind::Sentiment.into(),
            signal: SignalKind::Nps.into(),
            weight: 100,
            curve: vec![point(-100, 0), point(100, 100)],
            stale_after_days: 3_650,
            when_stale: WhenStale::Drop.into(),
            ..Measure::default()
        }],
        unfinished_onboarding_cap: 60,
    }
}

async fn draft(world: &World, scorecard: Scorecard) {
    let request = DraftScorecardRequest {
        key: "mid".to_owned(),
        scorecard: Some(scorecard),
        request_id: world.scene.ids.fresh(),
        ..DraftScorecardRequest::default()
    };
    let mut api = world.scene.api.health_scores();
    api.draft_scorecard(request).await.unwrap();
}

/// A customer of a tier since a date, who churned if `end` says when.
async fn customer(world: &World, tier: &str, start: Date, end: Option<Date>) -> Account {
    let named = |account: &mut keizoku_proto::accounts::AccountFields| {
        account.tier = tier.to_owned();
    };
    let account = world.scene.account("顧客", named).await;
    let since = |request: &mut keizoku_proto::accounts::StartSubscriptionRequest| {
        request.start_date = Some(start);
    };
    let subscription = world.scene.subscription(&account, 1, since).await;
    if let Some(end) = end {
        let request = RecordContractFactRequest {
            name: subscription.name,
            kind: FactKind::Churned.into(),
            effective_date: Some(end),
            reason_code: "budget".to_owned(),
            reason: "予算削減".to_owned(),
            request_id: world.scene.ids.fresh(),
            ..RecordContractFactRequest::default()
        };
        let recorded = world
            .scene
            .api
            .accounts()
            .record_contract_fact(request)
            .await;
        let token = recorded.unwrap().into_inner().consistency_token;
        world.scene.changed_accounts(token);
    }
    account
}

async fn says(world: &World, account: &Account, nps: i64, at: &str) {
    let mut signal = world.signal(SignalKind::Nps, nps, at);
    signal.account.clone_from(&account.name);
    world.send_one(vec![signal]).await;
}

async fn tried(world: &World, change: impl FnOnce(&mut TryScorecardRequest)) -> ScorecardTrial {
    let mut request = TryScorecardRequest {
        key: "mid".to_owned(),
        consistency_tokens: world.scene.tokens(),
        ..TryScorecardRequest::default()
    };
    change(&mut request);
    let mut api = world.scene.api.health_scores();
    let mut answers = api.try_scorecard(request).await.unwrap().into_inner();
    let (mut progress, mut trial) = (Vec::new(), None);
    while let Some(answer) = answers.message().await.unwrap() {
        match answer.answer.unwrap() {
            Answer::Progress(told) => progress.push(told),
            Answer::Trial(found) => trial = Some(found),
        }
    }
    let last = progress.last().unwrap();
    assert_eq!(last.done, last.total, "{progress:?}");
    trial.unwrap()
}

#[tokio::test]
async fn hlt_8_a_draft_is_compared_with_who_really_churned() {
    let world = World::new().await;
    let (spring, may) = (day(2025, 4, 1), "2026-05-10T00:00:00Z");
    let caught = customer(&world, "Mid", spring, Some(day(2026, 10, 1))).await;
    let missed = customer(&world, "Mid", spring, Some(day(2026, 11, 1))).await;
    let well = customer(&world, "Mid", spring, None).await;
    let badly = customer(&world, "Mid", spring, None).await;
    // Not old enough for a warning; of another scorecard.
    let young = customer(&world, "Mid", day(2026, 8, 1), Some(day(2026, 10, 1))).await;
    let other = customer(&world, "SMB", spring, None).await;
    says(&world, &caught, -100, may).await;
    says(&world, &missed, 100, may).await;
    says(&world, &well, 100, may).await;
    says(&world, &badly, -100, may).await;
    says(&world, &young, -100, "2026-08-02T00:00:00Z").await;
    says(&world, &other, -100, may).await;
    draft(&world, by_nps(&["Mid"])).await;
    // Bands that follow from the signals are recorded before anybody looks.
    list(&world, |_| ()).await;
    let heads = logs::heads(world.cluster.folder());
    let trial = tried(&world, |_| ()).await;
    assert_eq!(
        logs::heads(world.cluster.folder()),
        heads,
        "nothing is recorded"
    );
    assert_eq!(
        (trial.signals, trial.accounts, trial.horizon_days),
        (6, 5, 90)
    );
    assert_eq!((trial.churned, trial.churned_left_out), (2, 1));
    assert_eq!(trial.churned_without_score, 0);
    let rate = |rate: Option<keizoku_proto::common::Rate>| {
        rate.map(|rate| (rate.numerator, rate.denominator)).unwrap()
    };
    assert_eq!(rate(trial.recall), (1, 2));
    // On the first of June, July and August, two were red. In the 90 days after one of these six, one
    // churned; four had a score.
    assert_eq!(rate(trial.precision), (1, 6));
    assert_eq!(rate(trial.base_rate), (1, 12));
    assert_eq!(trial.median_lead_days, Some(144));
    let [latest, earlier] = trial.churns.as_slice() else {
        panic!("{:?}", trial.churns)
    };
    assert_eq!(
        (&latest.account, latest.band()),
        (&missed.name, Band::Green)
    );
    assert_eq!(latest.lead_days, None);
    assert_eq!(
        (&earlier.account, earlier.band()),
        (&caught.name, Band::Red)
    );
    assert_eq!(earlier.churn_date, Some(day(2026, 10, 1)));
    assert_eq!(earlier.account_display_name, "顧客");
    let doubts: Vec<_> = trial.doubts().collect();
    let expected = [
        TrialDoubt::FewChurns,
        TrialDoubt::ShortHistory,
        TrialDoubt::LateSignals,
    ];
    assert_eq!(doubts, expected);

    // Two weeks before its churn, everybody who was red is.
    let near = tried(&world, |request| request.horizon_days = 14).await;
    assert_eq!((near.churned, near.churned_left_out), (3, 0));
    assert_eq!(rate(near.recall), (2, 3));
}

#[tokio::test]
async fn hlt_8_signals_in_any_order_come_to_the_same() {
    let world = World::new().await;
    let churned = customer(&world, "Mid", day(2025, 4, 1), Some(day(2026, 10, 1))).await;
    draft(&world, by_nps(&["Mid"])).await;
    // Red in spring and again from the sixth of June; the last signal comes first.
    for (nps, at) in [
        (-100, "2026-06-06T00:00:00Z"),
        (100, "2026-05-05T00:00:00Z"),
        (-100, "2026-04-04T00:00:00Z"),
    ] {
        says(&world, &churned, nps, at).await;
    }
    let trial = tried(&world, |_| ()).await;
    assert_eq!(trial.median_lead_days, Some(117));
    assert_eq!(trial.churns[0].band(), Band::Red);
}

#[tokio::test]
async fn hlt_8_what_cannot_be_tried_is_refused_with_its_reason() {
    let world = World::new().await;
    let refusal = async |key: &str, version: u32, horizon_days: i32| {
        let request = TryScorecardRequest {
            key: key.to_owned(),
            version,
            horizon_days,
            ..TryScorecardRequest::default()
        };
        let tried = world.scene.api.health_scores().try_scorecard(request).await;
        refused(tried.map(|answer| answer.map(drop)))
    };
    assert_eq!(refusal("mid", 0, 0).await.reason, "SCORECARD_WITHOUT_DRAFT");
    assert_eq!(
        refusal("mid", 9, 0).await.reason,
        "SCORECARD_VERSION_UNKNOWN"
    );
    assert_eq!(refusal("nobody", 1, 0).await.reason, "SCORECARD_UNKNOWN");
    let flaws = refusal("", 1, 366).await;
    assert_eq!(flaws.code, Code::InvalidArgument);
    for field in ["key", "horizon_days"] {
        assert!(flaws.message.contains(field), "{}", flaws.message);
    }
}
