//! Onboardings completed in time (FC-8).

use keizoku_forecast::metrics::{NoValue, Value, revenue_metrics};
use keizoku_forecast::onboardings::OnboardingBoard;
use keizoku_forecast::{Board as _, Boards, Filter};
use keizoku_proto::date;
use keizoku_proto::onboarding::event::Kind;
use keizoku_proto::onboarding::{
    Completion, HandBack, OnboardingCompleted, OnboardingReturned, OnboardingStarted, Plan,
    TemplateChanged, TemplatePhase,
};
use keizoku_revenue::AsOf;
use uuid::Uuid;

use crate::given::*;

const TODAY: &str = "2026-11-22";

fn id(number: u128) -> String {
    Uuid::from_u128(0x0b00_0000 + number).to_string()
}

fn plan(days: [u32; 2]) -> Plan {
    let phases = days.map(|expected_working_days| TemplatePhase {
        expected_working_days,
        ..TemplatePhase::default()
    });
    Plan {
        phases: phases.into(),
        ..Plan::default()
    }
}

/// Expected to take five working days.
fn begun(number: u128, product: &str, on: &str) -> Kind {
    Kind::OnboardingStarted(OnboardingStarted {
        onboarding_id: id(number),
        account_id: account(number).to_string(),
        product: product.to_owned(),
        plan: Some(plan([2, 3])),
        start_date: Some(date(day(on))),
        ..OnboardingStarted::default()
    })
}

fn completed(number: u128, on: &str) -> Kind {
    Kind::OnboardingCompleted(OnboardingCompleted {
        onboarding_id: id(number),
        completion: Some(Completion {
            date: Some(date(day(on))),
            evidence: None,
        }),
        ..OnboardingCompleted::default()
    })
}

fn returned(number: u128, on: &str) -> Kind {
    Kind::OnboardingReturned(OnboardingReturned {
        onboarding_id: id(number),
        hand_back: Some(HandBack {
            date: Some(date(day(on))),
            ..HandBack::default()
        }),
        ..OnboardingReturned::default()
    })
}

fn planned_anew(number: u128) -> Kind {
    Kind::TemplateChanged(TemplateChanged {
        onboarding_id: id(number),
        plan: Some(plan([20, 30])),
        date: Some(date(day("2026-10-06"))),
        ..TemplateChanged::default()
    })
}

/// Three were to be completed by the 13th of October, as the 12th is a holiday: the first one was,
/// the second one a day later, the third one never. The fourth one has until the 24th of November,
/// as the 23rd is a holiday, and is done; the fifth one was done on its last day, November 13.
fn kinds() -> Vec<Kind> {
    vec![
        begun(1, "core", "2026-10-05"),
        begun(2, "core", "2026-10-05"),
        begun(3, "core", "2026-10-05"),
        planned_anew(2),
        completed(1, "2026-10-13"),
        completed(2, "2026-10-14"),
        returned(3, "2026-10-20"),
        begun(4, "core", "2026-11-16"),
        begun(5, "plus", "2026-11-06"),
        completed(5, "2026-11-13"),
        completed(4, "2026-11-20"),
    ]
}

fn customers() -> History {
    let mut history = History::default();
    for number in 0..6 {
        let tier = if number == 1 { "SMB" } else { "Mid" };
        history.accounts(opened(
            account(number),
            attributes("", tier, user(0)),
            "関東",
        ));
        let (id, of, since) = (subscription(number), account(number), day("2025-04-01"));
        history.accounts(started(id, of, "core", since, 100, terms(None, 0)));
    }
    history
}

/// Numerator and denominator of the rate, and how many are completed to date.
type Shown = (Result<(i64, i64), NoValue>, i64);

/// Of a month and of the twelve that end with it.
fn shown(history: &History, as_of: AsOf, month: &str, filter: &Filter) -> [Shown; 2] {
    let (mut book, risks) = history.read(day(TODAY));
    let mut onboardings = OnboardingBoard::default();
    for (second, kind) in (1i64..).zip(kinds()) {
        let intern = |id| book.intern(id);
        onboardings
            .apply(at(1_000 + second), &kind, intern)
            .unwrap();
    }
    let boards = Boards {
        onboardings: &onboardings,
        ..Boards::from(&risks)
    };
    let month = day(&format!("{month}-01")).month();
    let found = revenue_metrics(&book, boards, as_of, month, filter).unwrap();
    let of = |id: &str| {
        let mut metrics = found.metrics.iter();
        let metric = metrics.find(|metric| metric.id == id).unwrap();
        [metric.month.value, metric.trailing.unwrap().value]
    };
    let rates = of("onboarding_completion_rate");
    let counts = of("onboardings_completed_to_date");
    [0, 1].map(|place| {
        let rate = rates[place].map(|value| match value {
            Value::Rate(rate) => (rate.numerator(), rate.denominator()),
            other => panic!("{other:?}"),
        });
        let Ok(Value::Count(count)) = counts[place] else {
            panic!("{:?}", counts[place]);
        };
        (rate, count)
    })
}

fn now(month: &str) -> [Shown; 2] {
    let everybody = Filter::default();
    shown(&customers(), AsOf::now(day(TODAY)), month, &everybody)
}

#[test]
fn fc_8_onboardings_count_by_their_original_target_and_only_completed_in_time() {
    assert_eq!(now("2026-10"), [(Ok((1, 3)), 2); 2]);
}

#[test]
fn fc_8_in_the_running_month_targets_before_today_count_and_what_is_done_stands_beside() {
    let [month, trailing] = now("2026-11");
    assert_eq!(month, (Ok((1, 1)), 2));
    assert_eq!(trailing, (Ok((2, 4)), 4));
    let everybody = Filter::default();
    let on = |date: &str| {
        let [month, _] = shown(&customers(), AsOf::now(day(date)), "2026-11", &everybody);
        month
    };
    assert_eq!(on("2026-11-13"), (Err(NoValue::ZeroDenominator), 1));
    assert_eq!(on("2026-11-14"), (Ok((1, 1)), 1));
}

#[test]
fn fc_8_what_was_completed_is_as_it_was_known_then() {
    let known = |second: i64| {
        let as_of = AsOf::known_at(at(1_000 + second), day(TODAY));
        let [month, _] = shown(&customers(), as_of, "2026-10", &Filter::default());
        month
    };
    assert_eq!(known(0), (Err(NoValue::ZeroDenominator), 0));
    assert_eq!(known(4), (Ok((0, 3)), 0));
    assert_eq!(known(5), (Ok((1, 3)), 1));
}

#[test]
fn fc_8_a_filter_s_onboardings_have_their_own_denominator() {
    let of = |filter: Filter, month: &str| {
        let [month, _] = shown(&customers(), AsOf::now(day(TODAY)), month, &filter);
        month
    };
    let smb = Filter {
        tier: Some("SMB".to_owned()),
        ..Filter::default()
    };
    assert_eq!(of(smb, "2026-10"), (Ok((1, 1)), 1));
    let core = Filter {
        product: Some("core".to_owned()),
        ..Filter::default()
    };
    assert_eq!(of(core, "2026-11"), (Err(NoValue::ZeroDenominator), 1));
}

#[test]
fn fc_8_a_merged_duplicate_s_onboarding_leaves() {
    let october = |duplicate, survivor| {
        let mut history = customers();
        history.accounts(merged(account(duplicate), account(survivor)));
        let [month, _] = shown(
            &history,
            AsOf::now(day(TODAY)),
            "2026-10",
            &Filter::default(),
        );
        month
    };
    assert_eq!(october(1, 2), (Ok((0, 2)), 1));
    // The one that stays has none: it goes on with its duplicate's.
    assert_eq!(october(1, 0), (Ok((1, 3)), 2));
}
