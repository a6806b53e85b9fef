//! Which accounts a forecast is about, by where their onboardings stand (FC-4).

use keizoku_core::OnboardingId;
use keizoku_forecast::churn::{Question, forecast};
use keizoku_forecast::onboardings::{OnboardingBoard, OnboardingFilter, OnboardingState};
use keizoku_forecast::{Board as _, Boards, Filter};
use keizoku_proto::date;
use keizoku_proto::onboarding::event::Kind;
use keizoku_proto::onboarding::{
    Completion, HandBack, Hold, OnboardingCompleted, OnboardingEnded, OnboardingHeld,
    OnboardingRelaunched, OnboardingResumed, OnboardingReturned, OnboardingStarted,
    OnboardingWentDormant, Relaunch,
};
use keizoku_revenue::{AsOf, Book};
use uuid::Uuid;

use crate::given::*;

const TODAY: &str = "2026-11-22";

fn id(number: u128) -> OnboardingId {
    Uuid::from_u128(0x0b00_0000 + number).into()
}

fn onboarding_started(number: u128, of: u128, on: &str) -> Kind {
    Kind::OnboardingStarted(OnboardingStarted {
        onboarding_id: id(number).to_string(),
        account_id: account(of).to_string(),
        start_date: Some(date(day(on))),
        ..OnboardingStarted::default()
    })
}

fn held(number: u128, from: &str, until: &str) -> Kind {
    Kind::OnboardingHeld(OnboardingHeld {
        onboarding_id: id(number).to_string(),
        hold: Some(Hold {
            from_date: Some(date(day(from))),
            until_date: Some(date(day(until))),
            reason: String::new(),
        }),
    })
}

fn resumed(number: u128, on: &str) -> Kind {
    Kind::OnboardingResumed(OnboardingResumed {
        onboarding_id: id(number).to_string(),
        date: Some(date(day(on))),
    })
}

fn completed(number: u128, on: &str) -> Kind {
    Kind::OnboardingCompleted(OnboardingCompleted {
        onboarding_id: id(number).to_string(),
        completion: Some(Completion {
            date: Some(date(day(on))),
            evidence: None,
        }),
        ..OnboardingCompleted::default()
    })
}

/// Six customers who pay 1, 2, 4, 8, 16 and 32, so that a sum says which of them count.
fn customers() -> History {
    let mut history = History::default();
    for number in 0..6 {
        let owner = attributes("", "Mid", user(0));
        history.accounts(opened(account(number), owner, "関東"));
        let (id, of, since) = (subscription(number), account(number), day("2025-04-01"));
        let terms = terms(Some(day("2027-03-31")), 0);
        history.accounts(started(id, of, "core", since, 1 << number, terms));
    }
    history
}

/// Customer 0 has none; 1 goes on; 2 is on hold from the 10th to the 30th; 3 was on hold until it
/// went on early; 4 is done; 5 is done with one product and goes on with another.
fn board(book: &mut Book) -> OnboardingBoard {
    let kinds = [
        onboarding_started(1, 1, "2026-10-01"),
        onboarding_started(2, 2, "2026-10-01"),
        held(2, "2026-11-10", "2026-11-30"),
        onboarding_started(3, 3, "2026-10-01"),
        held(3, "2026-11-10", "2026-11-30"),
        resumed(3, "2026-11-15"),
        onboarding_started(4, 4, "2026-10-01"),
        completed(4, "2026-11-20"),
        onboarding_started(5, 5, "2026-10-01"),
        completed(5, "2026-11-20"),
        onboarding_started(6, 5, "2026-11-21"),
    ];
    read(book, &kinds)
}

fn read(book: &mut Book, kinds: &[Kind]) -> OnboardingBoard {
    let mut board = OnboardingBoard::default();
    for (second, kind) in (1i64..).zip(kinds) {
        board
            .apply(at(1_000 + second), kind, |id| book.intern(id))
            .unwrap();
    }
    board
}

const IN_PROGRESS: OnboardingFilter = OnboardingFilter::Some(OnboardingState::InProgress);
const ON_HOLD: OnboardingFilter = OnboardingFilter::Some(OnboardingState::OnHold);
const COMPLETED: OnboardingFilter = OnboardingFilter::Some(OnboardingState::Completed);

/// MRR of the accounts that each filter leaves: none, in progress, on hold, completed.
fn mrr(history: &History, as_of: AsOf) -> [i64; 4] {
    let filters = [OnboardingFilter::None, IN_PROGRESS, ON_HOLD, COMPLETED];
    mrr_of(history, board, as_of, filters)
}

fn mrr_of<const N: usize>(
    history: &History,
    board: impl FnOnce(&mut Book) -> OnboardingBoard,
    as_of: AsOf,
    filters: [OnboardingFilter; N],
) -> [i64; N] {
    let (mut book, risks) = history.read(day(TODAY));
    let onboardings = board(&mut book);
    let boards = Boards {
        onboardings: &onboardings,
        ..Boards::from(&risks)
    };
    filters.map(|onboarding| {
        let question = Question {
            as_of,
            filter: Filter {
                onboarding: Some(onboarding),
                ..Filter::default()
            },
            ..on(TODAY)
        };
        forecast(&book, boards, &question).current_mrr.minor()
    })
}

#[test]
fn fc_4_a_filter_leaves_the_accounts_with_an_onboarding_in_a_state() {
    let now = AsOf::now(day(TODAY));
    assert_eq!(mrr(&customers(), now), [1, 2 + 8 + 32, 4, 16 + 32]);
}

#[test]
fn fc_4_on_a_date_in_the_past_an_onboarding_stood_where_it_did_then() {
    let on = |text| mrr(&customers(), AsOf::now(day(text)));
    assert_eq!(on("2026-09-30"), [63, 0, 0, 0], "none had begun");
    assert_eq!(on("2026-11-09"), [1, 62, 0, 0]);
    assert_eq!(on("2026-11-10"), [1, 2 + 16 + 32, 4 + 8, 0]);
    assert_eq!(on("2026-11-15"), [1, 2 + 8 + 16 + 32, 4, 0]);
    // Ahead, what is known of the pause ends.
    assert_eq!(on("2026-12-01"), [1, 2 + 4 + 8 + 32, 0, 16 + 32]);
}

#[test]
fn fc_6_onboardings_are_those_that_were_known_then() {
    let known = |second: i64| mrr(&customers(), AsOf::known_at(at(1_000 + second), day(TODAY)));
    assert_eq!(known(0), [63, 0, 0, 0]);
    assert_eq!(
        known(2),
        [57, 2 + 4, 0, 0],
        "the pause was not recorded yet"
    );
    assert_eq!(known(3), [57, 2, 4, 0]);
}

#[test]
fn acc_8_an_onboarding_of_a_merged_account_is_that_of_the_one_that_stays() {
    let mut history = customers();
    history.accounts(merged(account(1), account(0)));
    let now = AsOf::now(day(TODAY));
    assert_eq!(mrr(&history, now), [0, 1 + 2 + 8 + 32, 4, 16 + 32]);
}

fn returned(number: u128, on: &str) -> Kind {
    Kind::OnboardingReturned(OnboardingReturned {
        onboarding_id: id(number).to_string(),
        hand_back: Some(left(on)),
        ..OnboardingReturned::default()
    })
}

fn went_dormant(number: u128, on: &str) -> Kind {
    Kind::OnboardingWentDormant(OnboardingWentDormant {
        onboarding_id: id(number).to_string(),
        hand_back: Some(left(on)),
        ..OnboardingWentDormant::default()
    })
}

fn left(on: &str) -> HandBack {
    HandBack {
        date: Some(date(day(on))),
        ..HandBack::default()
    }
}

fn relaunched(number: u128, on: &str) -> Kind {
    Kind::OnboardingRelaunched(OnboardingRelaunched {
        onboarding_id: id(number).to_string(),
        relaunch: Some(Relaunch {
            date: Some(date(day(on))),
            reason: String::new(),
        }),
        ..OnboardingRelaunched::default()
    })
}

fn ended(number: u128, on: &str) -> Kind {
    Kind::OnboardingEnded(OnboardingEnded {
        onboarding_id: id(number).to_string(),
        churn_date: Some(date(day(on))),
        ..OnboardingEnded::default()
    })
}

#[test]
fn fc_4_an_onboarding_that_was_left_is_not_in_progress_until_it_is_relaunched() {
    let kinds = [
        onboarding_started(1, 1, "2026-07-01"),
        held(1, "2026-10-01", "2026-12-31"),
        returned(1, "2026-10-10"),
        onboarding_started(2, 2, "2026-07-01"),
        returned(2, "2026-10-10"),
        relaunched(2, "2026-10-20"),
        onboarding_started(3, 3, "2026-03-01"),
        returned(3, "2026-06-10"),
        relaunched(3, "2026-06-20"),
        went_dormant(3, "2026-10-20"),
        onboarding_started(4, 4, "2026-07-01"),
        ended(4, "2026-10-20"),
    ];
    let left = [
        OnboardingState::InProgress,
        OnboardingState::OnHold,
        OnboardingState::Returned,
        OnboardingState::Dormant,
        OnboardingState::Ended,
    ];
    let on = |text| {
        let as_of = AsOf::now(day(text));
        let read = |book: &mut Book| read(book, &kinds);
        mrr_of(&customers(), read, as_of, left.map(OnboardingFilter::Some))
    };
    assert_eq!(on(TODAY), [4, 0, 2, 8, 16]);
    assert_eq!(on("2026-10-15"), [8 + 16, 0, 2 + 4, 0, 0]);
    assert_eq!(on("2026-10-05"), [4 + 8 + 16, 2, 0, 0, 0]);
    assert_eq!(on("2026-06-15"), [0, 0, 8, 0, 0]);
}
