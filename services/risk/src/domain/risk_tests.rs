//! What may be done to a risk, and when.

use keizoku_core::{Actor, Given, Origin};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn ctx() -> Ctx {
    Ctx {
        now: "2026-11-22T03:00:00Z".parse().unwrap(),
        today: day("2026-11-22"),
        actor: Actor::new("user", "hanako"),
        origin: Origin::User,
        request_id: Uuid::from_u128(1),
    }
}

fn opened() -> RiskOpened {
    let description = RiskDescription {
        display_name: "競合を検討中".to_owned(),
        ..RiskDescription::default()
    };
    RiskOpened {
        risk_id: "r".to_owned(),
        account_id: "a".to_owned(),
        description: Some(description),
        leads_to_churn: LeadsToChurn::UnknownAtPresent.into(),
        open_date: Some(day("2026-11-01").into()),
        ..RiskOpened::default()
    }
}

#[expect(clippy::unnecessary_wraps, reason = "what a command and a state hold")]
fn action(due: &str) -> Option<NextAction> {
    Some(NextAction {
        due_date: Some(day(due).into()),
        text: "電話で状況を確認".to_owned(),
    })
}

fn completed(date: &str) -> Completed {
    Completed {
        completion: Completion::Completed,
        date: day(date),
        result: "継続で合意".to_owned(),
    }
}

fn impact() -> FrozenImpact {
    FrozenImpact {
        group_mrr: 500_000,
        opening_mrr: 5_000_000,
    }
}

fn open() -> Given<Risk> {
    Given::nothing(ctx()).commands([Command::Open(opened())])
}

fn closed_risk() -> Given<Risk> {
    open().commands([Command::Close(completed("2026-11-20"), impact())])
}

fn every_change() -> Vec<Command> {
    let change = DescriptionChange {
        remarks: Some("new".to_owned()),
        ..DescriptionChange::default()
    };
    vec![
        Command::Revise(change),
        Command::Assign(RiskOwner {
            user_id: "u".to_owned(),
            ..RiskOwner::default()
        }),
        Command::Assess(LeadsToChurn::LeadsToChurn, String::new()),
        Command::Schedule(action("2026-12-01")),
        Command::Close(completed("2026-11-21"), impact()),
    ]
}

#[test]
fn risk_3_a_completion_closes_the_risk() {
    let given = closed_risk();
    assert!(!given.state().is_open());
    assert_eq!(
        given.state().closure.as_ref().map(|c| c.impact),
        Some(impact())
    );
}

#[test]
fn risk_3_a_completion_date_cannot_lie_in_the_future_or_before_the_opening() {
    for date in ["2026-11-23", "2026-10-31"] {
        let refused = open().when(Command::Close(completed(date), impact()));
        assert_eq!(refused, Err(Error::ImpossibleDate(day(date))));
    }
}

#[test]
fn risk_4_a_closed_risk_refuses_every_other_change() {
    for change in every_change() {
        assert_eq!(
            closed_risk().when(change.clone()),
            Err(Error::Closed),
            "{change:?}"
        );
        assert!(open().when(change).is_ok());
    }
}

#[test]
fn risk_4_a_closure_can_be_amended() {
    let amend = Command::Amend {
        completion: Some(Completion::Failed),
        date: None,
        result: None,
    };
    let given = closed_risk().commands([amend.clone()]);
    let closure = given.state().closure.clone().unwrap();
    assert_eq!(
        (closure.completion, closure.result.as_str()),
        (Completion::Failed, "継続で合意")
    );
    assert_eq!(closure.impact, impact());
    assert_eq!(given.when(amend.clone()), Ok(Vec::new()));
    assert_eq!(open().when(amend), Err(Error::Open));
}

#[test]
fn risk_4_a_reopened_risk_keeps_its_earlier_closure() {
    let given = closed_risk().commands([Command::Reopen("解約の連絡あり".to_owned())]);
    assert!(given.state().is_open());
    let (closure, reason) = &given.state().earlier_closures[0];
    assert_eq!(
        (closure.completion, reason.as_str()),
        (Completion::Completed, "解約の連絡あり")
    );
    assert_eq!(
        open().when(Command::Reopen("no".to_owned())),
        Err(Error::Open)
    );
}

#[test]
fn rx_5_a_risk_of_a_churned_account_asks_once_to_be_closed_as_failed() {
    let ask = |date| Command::RequestClosure(day(date));
    let asked = open().commands([ask("2026-11-20")]);
    let request = asked.state().closure_request.unwrap();
    assert_eq!(request.completion, Completion::Failed);
    assert_eq!(request.churn_date, day("2026-11-20"));
    assert!(asked.state().is_open(), "a person closes it");
    assert_eq!(asked.when(ask("2026-11-20")), Ok(Vec::new()));
    // The account came back and left again.
    assert!(
        asked
            .when(ask("2026-11-21"))
            .is_ok_and(|events| events.len() == 1)
    );
    let closed = asked.commands([Command::Close(completed("2026-11-22"), impact())]);
    assert_eq!(closed.state().closure_request, None);
    assert_eq!(closed.when(ask("2026-11-21")), Ok(Vec::new()));
    // Whoever opens it again knows why.
    let reopened = closed.commands([Command::Reopen("再交渉".to_owned())]);
    assert_eq!(reopened.state().closure_request, None);
}

#[test]
fn risk_7_overdue_is_before_today_and_only_while_open() {
    let overdue = |due: &str| {
        open()
            .commands([Command::Schedule(action(due))])
            .state()
            .is_overdue(day("2026-11-22"))
    };
    assert_eq!(
        [overdue("2026-11-21"), overdue("2026-11-22")],
        [true, false]
    );
    let closed = open().commands([
        Command::Schedule(action("2026-11-02")),
        Command::Close(completed("2026-11-20"), impact()),
    ]);
    assert!(!closed.state().is_overdue(day("2026-11-22")));
}

#[test]
fn risk_7_only_moves_to_a_later_date_are_postponements() {
    let dates = [
        "2026-12-01",
        "2026-12-02",
        "2026-11-30",
        "2026-12-05",
        "2026-12-09",
    ];
    let given = open().commands(dates.map(|due| Command::Schedule(action(due))));
    assert_eq!(given.state().postponements, 3);
}

#[test]
fn acc_7_the_same_import_again_changes_nothing() {
    let import = |completed| {
        Command::Import(Box::new(Import {
            opened: opened(),
            completed,
        }))
    };
    for completion in [None, Some((completed("2026-11-20"), impact()))] {
        let given = Given::<Risk>::nothing(ctx()).commands([import(completion.clone())]);
        assert_eq!(given.when(import(completion)), Ok(Vec::new()));
    }
}

#[test]
fn acc_7_an_import_closes_reopens_and_amends() {
    let import = |completed| {
        Command::Import(Box::new(Import {
            opened: opened(),
            completed,
        }))
    };
    let kinds = |given: &Given<Risk>, command| given.when(command).unwrap();
    let close = Some((completed("2026-11-20"), impact()));
    assert!(matches!(
        kinds(&open(), import(close)).as_slice(),
        [Kind::RiskClosed(_)]
    ));
    assert!(matches!(
        kinds(&closed_risk(), import(None)).as_slice(),
        [Kind::RiskReopened(_)]
    ));
    let other = Some((completed("2026-11-19"), impact()));
    assert!(matches!(
        kinds(&closed_risk(), import(other)).as_slice(),
        [Kind::ClosureAmended(_)]
    ));
}

fn commands() -> impl Strategy<Value = Command> {
    let dates =
        || prop::sample::select(vec!["2026-10-01", "2026-11-20", "2026-11-22", "2026-12-24"]);
    prop_oneof![
        Just(Command::Open(opened())),
        prop::sample::select(every_change()),
        dates().prop_map(|date| Command::Schedule(action(date))),
        dates().prop_map(|date| Command::Close(completed(date), impact())),
        Just(Command::Reopen("again".to_owned())),
        dates().prop_map(|date| Command::RequestClosure(day(date))),
        dates().prop_map(|date| Command::Amend {
            completion: None,
            date: Some(day(date)),
            result: None
        }),
    ]
}

proptest! {
    /// Whatever is tried: open and closed exclude each other, closures are complete, and a command
    /// that was accepted has nothing left to do when it is tried again, or is refused.
    #[test]
    fn risk_3_and_4_hold_after_any_commands(commands in prop::collection::vec(commands(), 0..40)) {
        let mut given = Given::<Risk>::nothing(ctx());
        for command in commands {
            let Ok(events) = given.when(command.clone()) else { continue };
            given = given.events(events);
            let state = given.state();
            if let Some(closure) = &state.closure {
                prop_assert!(!state.is_open());
                prop_assert_eq!(state.closure_request, None);
                prop_assert!(closure.completion_date.is_some_and(|date| date <= day("2026-11-22")));
                prop_assert!(!closure.result.is_empty());
            }
            if !matches!(command, Command::Schedule(_)) {
                prop_assert!(given.when(command).map_or(true, |events| events.is_empty()));
            }
        }
    }
}
