//! The red scenario (FC-5) and the filter by band (FC-4).

use keizoku_core::Money;
use keizoku_forecast::churn::{Basis, BucketKey, Question, Scenario, accounts, expected, forecast};
use keizoku_forecast::health::{Band, BandFilter, HealthBoard};
use keizoku_forecast::hindsight::PartFlag;
use keizoku_forecast::onboardings::OnboardingBoard;
use keizoku_forecast::risks::RiskBoard;
use keizoku_forecast::{Board as _, Boards, Filter};
use keizoku_proto::healthscore::event::Kind;
use keizoku_proto::healthscore::{self, HealthBandChanged};
use keizoku_proto::timestamp;
use keizoku_revenue::{AsOf, Book};
use proptest::prelude::*;

use crate::expected::learned;
use crate::given::*;
use crate::hindsight::TODAY as LATER;
use crate::properties::{history_of, questions, steps};

const TODAY: &str = "2026-11-22";
const DAY: i64 = 24 * 60 * 60;

/// An account's band from an instant on, recorded a second later.
type Banded = (u128, i64, healthscore::Band);

const RED: healthscore::Band = healthscore::Band::Red;
const GREEN: healthscore::Band = healthscore::Band::Green;
const NONE: healthscore::Band = healthscore::Band::Unspecified;

fn bands(book: &mut Book, changes: &[Banded]) -> HealthBoard {
    let mut board = HealthBoard::default();
    for (of, second, to) in changes {
        let kind = Kind::HealthBandChanged(HealthBandChanged {
            account_id: account(*of).to_string(),
            to: (*to).into(),
            change_time: Some(timestamp(at(*second))),
            ..HealthBandChanged::default()
        });
        let recorded = at(second + 1);
        board.apply(recorded, &kind, |id| book.intern(id)).unwrap();
    }
    board
}

fn boards<'a>(
    risks: &'a RiskBoard,
    onboardings: &'a OnboardingBoard,
    health: &'a HealthBoard,
) -> Boards<'a> {
    Boards {
        onboardings,
        health,
        ..Boards::from(risks)
    }
}

/// Four customers who pay 1, 2, 4 and 8 and renew in March: the second one has a risk that leads to
/// churn, the third one's end in January was announced.
fn customers() -> History {
    let mut history = History::default();
    for number in 0..4 {
        let owner = attributes(["", "G"][usize::from(number == 3)], "Mid", user(0));
        history.accounts(opened(account(number), owner, "関東"));
        let (id, of, since) = (subscription(number), account(number), day("2025-04-01"));
        let terms = terms(Some(day("2027-03-31")), 0);
        history.accounts(started(id, of, "core", since, 1 << number, terms));
    }
    history.risk(risk_opened(
        risk_id(1),
        account(1),
        LEADS,
        "usage",
        day(TODAY),
    ));
    history.accounts(announced(subscription(2), day("2027-01-15")));
    history
}

/// MRR by bucket of a scenario where the first three are red and the last one is green.
fn buckets(scenario: Scenario, basis: Basis, as_of: AsOf) -> Vec<(String, i64)> {
    let (mut book, risks) = customers().read(day(TODAY));
    let changes = [(0, 100, RED), (1, 100, RED), (2, 100, RED), (3, 100, GREEN)];
    let bands = bands(&mut book, &changes);
    let onboardings = OnboardingBoard::default();
    let question = Question {
        as_of,
        scenario,
        basis,
        ..on(TODAY)
    };
    let answer = forecast(&book, boards(&risks, &onboardings, &bands), &question);
    let filled = answer.buckets.into_iter().filter(|bucket| bucket.count > 0);
    filled
        .map(|bucket| (bucket.key.unwrap().to_string(), bucket.mrr.minor()))
        .collect()
}

#[test]
fn fc_5_the_red_scenario_adds_the_rest_of_red_accounts_without_an_open_risk() {
    let now = AsOf::now(day(TODAY));
    let by = |scenario| buckets(scenario, Basis::Account, now);
    let bucket = |key: &str, mrr| (key.to_owned(), mrr);
    let unknown = [bucket("2027-01", 4), bucket("2027-03", 2)];
    assert_eq!(by(Scenario::UnknownAtPresent), unknown);
    let red = [bucket("2027-01", 4), bucket("2027-03", 2 + 1)];
    assert_eq!(
        by(Scenario::Red),
        red,
        "each yen once, and no green account"
    );
    assert_eq!(buckets(Scenario::Red, Basis::Group, now), red);
}

#[test]
fn fc_6_an_account_was_red_when_that_was_known() {
    let march = |as_of| {
        let found = buckets(Scenario::Red, Basis::Account, as_of);
        found.into_iter().find(|(key, _)| key == "2027-03")
    };
    let known = |second| march(AsOf::known_at(at(second), day(TODAY)));
    assert_eq!(
        known(100),
        Some(("2027-03".to_owned(), 2)),
        "not recorded yet"
    );
    assert_eq!(known(101), Some(("2027-03".to_owned(), 3)));
    let yesterday = march(AsOf::now(day("2026-11-21")));
    assert_eq!(
        yesterday, None,
        "neither was the risk there nor was anybody red"
    );
}

#[test]
fn fc_4_a_filter_leaves_the_accounts_in_a_band() {
    let (mut book, risks) = customers().read(day(TODAY));
    let changes = [
        (0, -5 * DAY, GREEN),
        (0, 100, RED),
        (1, 100, RED),
        (1, 200, NONE),
        (3, 100, GREEN),
    ];
    let bands = bands(&mut book, &changes);
    let onboardings = OnboardingBoard::default();
    let boards = boards(&risks, &onboardings, &bands);
    let mrr = |band, as_of| {
        let filter = Filter {
            band: Some(band),
            ..Filter::default()
        };
        let question = Question {
            as_of,
            filter,
            ..on(TODAY)
        };
        forecast(&book, boards, &question).current_mrr.minor()
    };
    let all = [
        BandFilter::None,
        BandFilter::Some(Band::Red),
        BandFilter::Some(Band::Yellow),
        BandFilter::Some(Band::Green),
    ];
    let now = AsOf::now(day(TODAY));
    assert_eq!(all.map(|band| mrr(band, now)), [2 + 4, 1, 0, 8]);
    let past = AsOf::now(day("2026-11-21"));
    assert_eq!(all.map(|band| mrr(band, past)), [2 + 4 + 8, 0, 0, 1]);
    let both = Filter {
        band: Some(BandFilter::None),
        onboarding: Some(keizoku_forecast::onboardings::OnboardingFilter::None),
        ..Filter::default()
    };
    let question = Question {
        filter: both,
        ..on(TODAY)
    };
    assert_eq!(forecast(&book, boards, &question).current_mrr.minor(), 6);
}

#[test]
fn fc_5_parts_of_red_accounts_have_a_rate_of_their_own() {
    let history = learned();
    let (mut book, risks) = history.read(day(LATER));
    // The two whose contracts come up next month; one of them has had no risk of its own since.
    let bands = bands(&mut book, &[(60, 0, RED), (61, 0, RED)]);
    let onboardings = OnboardingBoard::default();
    let question = Question {
        as_of: AsOf::now(day(LATER)),
        scenario: Scenario::UnknownAtPresent,
        ..on(LATER)
    };
    let answer = expected(&book, boards(&risks, &onboardings, &bands), &question);
    let line = answer.line.unwrap();
    let red = line
        .rates
        .iter()
        .filter(|used| used.rate.key.band == Some(Band::Red));
    let red: Vec<_> = red
        .map(|used| {
            (
                used.rate.key.flag,
                used.rate.sample,
                used.rate.rate.ppm(),
                used.mrr.minor(),
            )
        })
        .collect();
    // None like them was ever seen: the overall rate alone.
    let shown = [
        (PartFlag::LeadsToChurn, 0, 500_000, 520),
        (PartFlag::UnknownAtPresent, 0, 500_000, 527),
    ];
    assert_eq!(red, shown);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn fc_5_every_yen_is_in_one_part_of_the_red_scenario(
        steps in steps(), question in questions(), red in prop::collection::vec(0..6u128, 0..6),
    ) {
        let (mut book, risks) = history_of(&steps).read(day(TODAY));
        let changes: Vec<_> = red.iter().map(|of| (*of, -400 * DAY, RED)).collect();
        let bands = bands(&mut book, &changes);
        let onboardings = OnboardingBoard::default();
        let boards = boards(&risks, &onboardings, &bands);
        let ask = |scenario| {
            let question = Question { scenario, basis: Basis::Account, ..question.clone() };
            (forecast(&book, boards, &question), accounts(&book, boards, &question, None, 0, 1_000))
        };
        let (unknown, red) = (ask(Scenario::UnknownAtPresent), ask(Scenario::Red));
        prop_assert!(red.0.total.mrr <= red.0.current_mrr, "no yen twice");
        prop_assert_eq!(red.0.current_mrr, unknown.0.current_mrr);
        let added = red.1.accounts.iter().filter(|entry| !unknown.1.accounts.contains(entry));
        let added: Vec<_> = added.collect();
        let of_red: Money = added.iter().map(|entry| entry.mrr).sum();
        if added.iter().all(|entry| !entry.announced) {
            prop_assert_eq!(red.0.total.mrr, unknown.0.total.mrr + of_red);
        }
        prop_assert!(added.iter().all(|entry| entry.open_risks.leads_to_churn == 0));
        for bucket in &red.0.buckets {
            let key: Option<BucketKey> = bucket.key;
            let behind = red.1.accounts.iter().filter(|entry| Some(entry.bucket) == key);
            let mrr: Money = behind.map(|entry| entry.mrr).sum();
            prop_assert_eq!(mrr, bucket.mrr);
        }
    }
}
