//! What a contract allows, and what an import records.

use keizoku_core::Given;

use super::*;
use crate::testing::{ctx, day};

fn started(mrr: i64) -> SubscriptionStarted {
    SubscriptionStarted {
        subscription_id: "s".to_owned(),
        account_id: "a".to_owned(),
        product: "Core".to_owned(),
        external_id: "crm:1".to_owned(),
        effective_date: Some(day("2025-04-01").into()),
        mrr,
        terms: Some(terms("2027-04-01")),
    }
}

fn terms(renewal: &str) -> Terms {
    Terms {
        next_renewal_date: Some(day(renewal).into()),
        ..Terms::default()
    }
}

fn running(mrr: i64) -> Given<Subscription> {
    Given::nothing(ctx()).commands([Command::Start(started(mrr))])
}

fn record(happening: Happening, on: &str) -> Command {
    Command::Record(happening, Some(day(on)))
}

fn yen(amount: i64) -> Money {
    Money::from_minor(amount)
}

fn churned() -> Happening {
    Happening::Churned {
        code: "budget".to_owned(),
        reason: "予算削減".to_owned(),
    }
}

fn announced() -> Happening {
    Happening::CancellationAnnounced {
        code: "budget".to_owned(),
        reason: "予算削減".to_owned(),
    }
}

fn import(mrr: i64, end: Option<&str>) -> Command {
    let end = end.map(|date| (day(date), "budget".to_owned(), "予算削減".to_owned()));
    Command::Import(Import {
        started: started(mrr),
        end,
        changed_on: day("2026-11-22"),
    })
}

fn mrr_on(given: &Given<Subscription>, on: &str) -> Option<Money> {
    given.state().standing_on(day(on)).mrr
}

#[test]
fn acc_5_a_fact_states_the_mrr_from_its_date_until_the_next() {
    let given = running(100).commands([
        record(Happening::Expanded(yen(150)), "2026-12-01"),
        record(Happening::Expanded(yen(120)), "2026-06-01"),
    ]);
    let mrr = ["2026-05-31", "2026-06-01", "2026-12-01"].map(|on| mrr_on(&given, on));
    assert_eq!(mrr, [Some(yen(100)), Some(yen(120)), Some(yen(150))]);
}

#[test]
fn acc_5_on_the_same_date_the_later_recorded_wins() {
    let given = running(100).commands([
        record(Happening::Expanded(yen(150)), "2026-06-01"),
        record(Happening::Downsized(yen(120)), "2026-06-01"),
    ]);
    assert_eq!(mrr_on(&given, "2026-06-01"), Some(yen(120)));
}

#[test]
fn acc_5_the_date_of_churn_is_the_first_day_without_mrr() {
    let given = running(100).commands([record(churned(), "2026-09-01")]);
    assert_eq!(
        (mrr_on(&given, "2026-08-31"), mrr_on(&given, "2026-09-01")),
        (Some(yen(100)), None)
    );
}

#[test]
fn acc_5_facts_that_do_not_fit_are_refused() {
    let ended = running(100).commands([record(churned(), "2026-09-01")]);
    for happening in [Happening::Expanded(yen(150)), announced(), churned()] {
        assert!(matches!(
            ended.when(record(happening, "2026-10-01")),
            Err(Error::DoesNotFit(_))
        ));
    }
    let less = running(100).when(record(Happening::Expanded(yen(100)), "2026-10-01"));
    assert!(matches!(less, Err(Error::DoesNotFit(_))));
    let twice = running(100).when(record(
        Happening::Reactivated(yen(1), Terms::default()),
        "2026-10-01",
    ));
    assert!(matches!(twice, Err(Error::DoesNotFit(_))));
}

#[test]
fn acc_5_a_voided_fact_does_not_count() {
    let given = running(100).commands([
        record(churned(), "2026-09-01"),
        Command::Void {
            fact: 2,
            reason: "wrong customer".to_owned(),
        },
    ]);
    assert_eq!(mrr_on(&given, "2026-10-01"), Some(yen(100)));
    let again = given.when(Command::Void {
        fact: 2,
        reason: String::new(),
    });
    assert_eq!(again, Err(Error::NoFact(2)));
}

#[test]
fn acc_5_an_announced_end_may_be_confirmed_as_churn_on_its_day() {
    let given = running(100).commands([record(announced(), "2027-01-25")]);
    assert!(given.when(record(churned(), "2027-01-25")).is_ok());
    assert!(given.when(record(churned(), "2027-02-01")).is_err());
}

fn arrived(date: &str) -> Command {
    Command::EndArrived(day(date))
}

#[test]
fn rx_7_an_announced_end_becomes_a_churn_on_its_date_and_once() {
    // Today is 2026-11-22.
    let given = running(100).commands([record(announced(), "2026-11-22")]);
    let events = given.when(arrived("2026-11-22")).unwrap();
    let [Kind::SubscriptionChurned(event)] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(event.effective_date, Some(day("2026-11-22").into()));
    assert_eq!(event.reason_code, "budget");
    assert_eq!(event.reason, "予算削減");
    let churned = given.events(events);
    assert_eq!(churned.when(arrived("2026-11-22")), Ok(Vec::new()));
}

#[test]
fn rx_7_what_does_not_end_then_or_is_recorded_already_becomes_nothing() {
    let ahead = running(100).commands([record(announced(), "2026-11-23")]);
    assert_eq!(ahead.when(arrived("2026-11-23")), Ok(Vec::new()), "ahead");
    let end = || running(100).commands([record(announced(), "2026-11-20")]);
    assert_eq!(end().when(arrived("2026-11-19")), Ok(Vec::new()), "moved");
    let by_hand = end().commands([record(churned(), "2026-11-20")]);
    assert_eq!(by_hand.when(arrived("2026-11-20")), Ok(Vec::new()));
    let taken_back = end().commands([Command::Void {
        fact: 2,
        reason: "解約せず".to_owned(),
    }]);
    assert_eq!(taken_back.when(arrived("2026-11-20")), Ok(Vec::new()));
    let running = running(100);
    assert_eq!(running.when(arrived("2026-11-20")), Ok(Vec::new()));
}

#[test]
fn acc_7_rx_7_an_import_moves_an_end_that_was_recorded_as_churn() {
    let ended = running(100).commands([
        record(announced(), "2026-11-20"),
        arrived("2026-11-20"),
        import(100, Some("2026-11-30")),
    ]);
    assert_eq!(mrr_on(&ended, "2026-11-29"), Some(yen(100)));
    assert_eq!(mrr_on(&ended, "2026-11-30"), None);
    let again = ended.when(import(100, Some("2026-11-30")));
    assert_eq!(again, Ok(Vec::new()));
}

#[test]
fn acc_7_the_same_import_again_changes_nothing() {
    for end in [None, Some("2026-09-01"), Some("2027-01-25")] {
        let given = Given::<Subscription>::nothing(ctx()).commands([import(100, end)]);
        assert_eq!(given.when(import(100, end)), Ok(Vec::new()), "{end:?}");
        assert_eq!(
            given.on(day("2027-06-01")).when(import(100, end)),
            Ok(Vec::new()),
            "later, {end:?}"
        );
    }
}

#[test]
fn acc_7_a_changed_mrr_becomes_an_expansion_or_downsizing_on_the_imports_date() {
    let given = Given::<Subscription>::nothing(ctx()).commands([import(100, None)]);
    let more = given.when(import(150, None)).unwrap();
    assert_eq!(
        more,
        [fact_event(
            "s",
            Happening::Expanded(yen(150)),
            day("2026-11-22")
        )]
    );
    let less = given.when(import(50, None)).unwrap();
    assert_eq!(
        less,
        [fact_event(
            "s",
            Happening::Downsized(yen(50)),
            day("2026-11-22")
        )]
    );
}

#[test]
fn acc_7_an_end_that_moves_or_is_taken_back_voids_the_old_one() {
    let given = Given::<Subscription>::nothing(ctx()).commands([import(100, Some("2027-01-25"))]);
    let moved = given.when(import(100, Some("2027-02-25"))).unwrap();
    assert!(matches!(
        moved.as_slice(),
        [Kind::ContractFactVoided(_), Kind::CancellationAnnounced(_)]
    ));
    let kept = given.commands([import(100, None)]);
    assert_eq!(mrr_on(&kept, "2027-03-01"), Some(yen(100)));
}
