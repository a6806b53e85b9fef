//! Accounts whose signals fell silent, at both times (FC-10).

use keizoku_core::Day;
use keizoku_forecast::health::HealthBoard;
use keizoku_forecast::quality::{IssueKind, QualityQuestion, quality};
use keizoku_forecast::{Board as _, Boards};
use keizoku_proto::healthscore::event::Kind;
use keizoku_proto::healthscore::{SignalsFellSilent, SilenceEnded};
use keizoku_proto::timestamp;
use keizoku_revenue::{AsOf, Book};

use crate::given::*;

const TODAY: &str = "2026-11-22";

fn fell_silent(of: u128, since: &str) -> Kind {
    let since: jiff::Timestamp = since.parse().unwrap();
    Kind::SignalsFellSilent(SignalsFellSilent {
        account_id: account(of).to_string(),
        silent_since: Some(timestamp(since)),
        ..SignalsFellSilent::default()
    })
}

fn ended(of: u128) -> Kind {
    Kind::SilenceEnded(SilenceEnded {
        account_id: account(of).to_string(),
    })
}

/// Which of the first accounts are silent, and since when.
fn silent(book: &Book, boards: Boards<'_>, as_of: AsOf) -> Vec<(u128, Option<Day>)> {
    let question = QualityQuestion {
        as_of,
        kinds: vec![IssueKind::SignalsSilent],
        team: None,
        fixer: None,
        at_least_days: 0,
    };
    let issues = quality(book, boards, &question, &[]).issues;
    let short = issues.iter().map(|issue| {
        let id = book.account_id(issue.account.unwrap());
        let number = (0..9).find(|number| account(*number) == id);
        (number.unwrap(), issue.since)
    });
    short.collect()
}

#[test]
fn fc_10_an_active_account_is_silent_at_both_times() {
    let mut history = History::default();
    history.second -= 300 * 24 * 60 * 60;
    for (number, mrr) in [(0, 100), (1, 200), (2, 300)] {
        let attributes = attributes("", "Mid", user(0));
        history.accounts(opened(account(number), attributes, "関東"));
        let (id, since) = (subscription(number), day("2025-04-01"));
        let terms = terms(Some(day("2027-03-31")), 0);
        history.accounts(started(id, account(number), "core", since, mrr, terms));
    }
    let (mut book, risks) = history.read(day(TODAY));
    let mut health = HealthBoard::default();
    let said = [
        (
            "2026-11-01T00:00:05Z",
            fell_silent(0, "2026-10-31T15:00:00Z"),
        ),
        (
            "2026-11-03T00:00:05Z",
            fell_silent(1, "2026-11-02T15:00:00Z"),
        ),
        ("2026-11-10T06:00:00Z", ended(1)),
        // Nobody has ever opened it.
        (
            "2026-11-11T06:00:00Z",
            fell_silent(7, "2026-11-10T15:00:00Z"),
        ),
    ];
    for (recorded_at, kind) in said {
        let recorded_at = recorded_at.parse().unwrap();
        health
            .apply(recorded_at, &kind, |id| book.intern(id))
            .unwrap();
    }
    let boards = Boards {
        health: &health,
        ..Boards::from(&risks)
    };
    let first = (0, Some(day("2026-11-01")));
    let second = (1, Some(day("2026-11-03")));
    assert_eq!(silent(&book, boards, AsOf::now(day(TODAY))), [first]);
    let on = |date: &str| AsOf {
        on: day(date),
        ..AsOf::now(day(TODAY))
    };
    // The one with more MRR comes first.
    assert_eq!(silent(&book, boards, on("2026-11-09")), [second, first]);
    assert_eq!(silent(&book, boards, on("2026-11-10")), [first]);
    assert_eq!(silent(&book, boards, on("2026-11-02")), [first]);
    assert_eq!(silent(&book, boards, on("2026-10-31")), []);
    let known = |at: &str| AsOf {
        known_at: Some(at.parse().unwrap()),
        on: day("2026-11-09"),
    };
    let found = silent(&book, boards, known("2026-11-09T15:00:00Z"));
    assert_eq!(found, [second, first]);
    let found = silent(&book, boards, known("2026-11-02T00:00:00Z"));
    assert_eq!(found, [first], "it was said a day later");
}
