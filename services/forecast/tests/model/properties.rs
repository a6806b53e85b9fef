//! The model against the naive reading, on random histories and questions.

use keizoku_core::{Day, Money};
use keizoku_forecast::churn::{Basis, Question, Scenario, accounts, forecast};
use keizoku_forecast::risks::RiskBoard;
use keizoku_forecast::{Filter, OwnerFilter};
use keizoku_proto::risk::Completion;
use keizoku_revenue::{AsOf, Book};
use proptest::prelude::*;

use crate::given::*;
use crate::naive::{Buckets, Naive};

const ACCOUNTS: u128 = 6;
const RISKS: u128 = 8;
const TODAY: &str = "2026-11-22";

/// One thing that may happen, from the numbers of things and what to do with them.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    what: u8,
    one: u128,
    other: u128,
    choice: usize,
    on: Day,
    mrr: i64,
}

/// Around today; few enough for dates to meet.
pub(crate) fn days() -> impl Strategy<Value = Day> {
    (-400..400i32).prop_map(|days| day(TODAY).plus_days(days))
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..24u8, 0..10u128, 0..ACCOUNTS, 0..12usize, days(), 0..9i64).prop_map(
        |(what, one, other, choice, on, mrr)| Step {
            what,
            one,
            other,
            choice,
            on,
            mrr,
        },
    );
    prop::collection::vec(step, 0..60)
}

/// Two teams, one below the other, with a user each; and what the steps make of that.
pub(crate) fn history_of(steps: &[Step]) -> History {
    let mut history = History::default();
    history.accounts(team_defined(team(0), None));
    history.accounts(team_defined(team(1), Some(team(0))));
    history.accounts(registered(user(0), team(0)));
    history.accounts(registered(user(1), team(1)));
    let (mut open, mut merged_away, mut filed) = (Vec::new(), Vec::new(), Vec::new());
    for Step {
        what,
        one,
        other,
        choice,
        on,
        mrr,
    } in steps
    {
        let (on, choice) = (*on, *choice);
        let of = account(*other);
        let sub = subscription(*one);
        let risk = risk_id(one % RISKS);
        let group = ["", "G", "H"][choice % 3];
        let tier = ["Mid", "SMB"][choice % 2];
        let attributes = attributes(group, tier, user(one % 2));
        let has_started = history.revision(sub) > 0;
        let renewal = (choice % 4 > 0).then(|| on.plus_days(i32::try_from(choice).unwrap() * 40));
        match what {
            0..=2 if !open.contains(other) => {
                open.push(*other);
                history.accounts(opened(of, attributes, ["関東", "関西"][choice % 2]));
            }
            3 if open.contains(other) => {
                history.accounts(attributes_changed(of, attributes, on));
            }
            4 if one % ACCOUNTS != *other
                && !merged_away.contains(&(one % ACCOUNTS))
                && !merged_away.contains(other) =>
            {
                merged_away.push(one % ACCOUNTS);
                history.accounts(merged(account(one % ACCOUNTS), of));
            }
            5..=9 if !has_started => {
                let product = ["core", "add-on", "support"][choice % 3];
                let months = u32::from(choice > 8);
                history.accounts(started(sub, of, product, on, *mrr, terms(renewal, months)));
            }
            10 | 11 if has_started => {
                history.accounts(expanded(sub, on, *mrr));
            }
            12 | 13 if has_started => {
                history.accounts(announced(sub, on));
            }
            14 if has_started => {
                history.accounts(churned(sub, on));
            }
            15 if has_started => {
                history.accounts(reactivated(sub, on, *mrr));
            }
            16 if has_started => {
                history.accounts(voided(sub, u64::try_from(choice % 4).unwrap()));
            }
            17..=20 if !filed.contains(&risk) => {
                filed.push(risk);
                let flag = [LEADS, UNKNOWN][choice % 2];
                history.risk(risk_opened(
                    risk,
                    of,
                    flag,
                    ["usage", "price"][choice % 2],
                    on,
                ));
            }
            21 => history.risk(assessed(risk, [LEADS, UNKNOWN][choice % 2])),
            22 => history.risk(risk_closed(risk, Completion::Failed, on)),
            23 => history.risk(risk_reopened(risk)),
            _ => {}
        }
    }
    history
}

pub(crate) fn questions() -> impl Strategy<Value = Question> {
    let maybe = |names: [&'static str; 2]| {
        prop::option::weighted(
            0.2,
            prop::sample::select(names.to_vec()).prop_map(str::to_owned),
        )
    };
    let filter = (
        prop::option::weighted(0.2, (0..2u128).prop_map(team)),
        prop::option::weighted(
            0.2,
            (0..2u128).prop_map(|number| OwnerFilter::User(user(number))),
        ),
        maybe(["Mid", "SMB"]),
        maybe(["core", "none"]),
        maybe(["関東", "北海道"]),
        maybe(["usage", "price"]),
    )
        .prop_map(|(team, owner, tier, product, region, risk_type)| Filter {
            team,
            owner,
            tier,
            product,
            region,
            risk_type,
            ..Filter::default()
        });
    let on = prop_oneof![1 => Just(day(TODAY)), 1 => days()];
    let known_at = prop::option::weighted(0.3, (0..70i64).prop_map(at));
    let basis = prop::sample::select(vec![Basis::Account, Basis::Group]);
    let scenario = prop::sample::select(vec![
        Scenario::Announced,
        Scenario::LeadsToChurn,
        Scenario::UnknownAtPresent,
        Scenario::Red,
    ]);
    (on, known_at, basis, scenario, filter).prop_map(|(on, known_at, basis, scenario, filter)| {
        Question {
            as_of: AsOf { known_at, on },
            basis,
            scenario,
            filter,
        }
    })
}

fn buckets(book: &Book, board: &RiskBoard, question: &Question) -> Buckets {
    let forecast = forecast(book, board, question);
    let filled = forecast.buckets.iter().filter(|bucket| bucket.count > 0);
    filled
        .map(|bucket| (bucket.key.unwrap(), (bucket.count, bucket.mrr.minor())))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn fc_2_to_fc_6_any_forecast_is_the_naive_one(
        steps in steps(), question in questions(), days_before in 0..90i32, rolled_after in 0..60usize,
    ) {
        let history = history_of(&steps);
        // Time goes by while the logs are read, and what was read is moved together.
        let mut book = Book::new(day(TODAY).plus_days(-days_before));
        let mut board = RiskBoard::default();
        for (number, (recorded_at, event)) in history.events.iter().enumerate() {
            if number == rolled_after {
                book.roll_to(day(TODAY).plus_days(-days_before / 2));
                let compacted = book.compacted();
    book.put_compacted(compacted);
            }
            apply(&mut book, &mut board, *recorded_at, event);
        }
        book.roll_to(day(TODAY));
        let naive = Naive::new(&history, &book, &question);
        prop_assert_eq!(buckets(&book, &board, &question), naive.buckets());
        let answer = forecast(&book, &board, &question);
        let figures = (answer.current_mrr.minor(), answer.active_accounts, answer.at_risk_accounts);
        prop_assert_eq!(figures, naive.figures());
    }

    #[test]
    fn fc_6_the_answer_is_the_one_that_was_given_then(
        steps in steps(), question in questions(), known in 0..70i64,
    ) {
        let history = history_of(&steps);
        let (book, board) = history.read(day(TODAY));
        let (old_book, old_board) = history.known_at(at(known), day(TODAY));
        let now = Question { as_of: AsOf::now(question.as_of.on), ..question };
        let then = Question { as_of: AsOf::known_at(at(known), now.as_of.on), ..now.clone() };
        prop_assert_eq!(forecast(&book, &board, &then), forecast(&old_book, &old_board, &now));
    }

    #[test]
    fn rx_9_the_answer_is_the_same_whichever_log_is_read_first(
        steps in steps(), question in questions(),
    ) {
        let history = history_of(&steps);
        let (book, board) = history.read(day(TODAY));
        let is_risk = |event: &&(jiff::Timestamp, Event)| matches!(event.1, Event::Risk(_));
        let risks_first = history.events.iter().filter(is_risk)
            .chain(history.events.iter().filter(|event| !is_risk(event)));
        let (other_book, other_board) = read(risks_first, day(TODAY));
        let expected = forecast(&book, &board, &question);
        prop_assert_eq!(forecast(&other_book, &other_board, &question), expected);
        let page = |book, board| accounts(book, board, &question, None, 0, 1_000);
        prop_assert_eq!(page(&other_book, &other_board), page(&book, &board));
    }

    #[test]
    fn the_accounts_behind_a_forecast_add_up_to_it(
        steps in steps(), question in questions(), size in 1..4usize,
    ) {
        let (book, board) = history_of(&steps).read(day(TODAY));
        let answer = forecast(&book, &board, &question);
        let all = accounts(&book, &board, &question, None, 0, 1_000).accounts;
        for bucket in &answer.buckets {
            let page = accounts(&book, &board, &question, bucket.key, 0, 1_000);
            let mrr: Money = page.accounts.iter().map(|account| account.mrr).sum();
            prop_assert_eq!(mrr, bucket.mrr);
            if question.basis == Basis::Account {
                prop_assert_eq!(i64::try_from(page.total).unwrap(), bucket.count);
            }
        }
        let mut paged = Vec::new();
        while paged.len() < all.len() {
            let page = accounts(&book, &board, &question, None, paged.len(), size);
            prop_assert_eq!(page.total, all.len());
            paged.extend(page.accounts);
        }
        prop_assert_eq!(&paged, &all);
        prop_assert!(all.is_sorted_by_key(|entry| (entry.date.is_none(), entry.date, entry.account)));
    }
}

/// More accounts than one thread looks at.
const MANY: u128 = 17_000;

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn fc_2_to_fc_6_it_does_not_matter_which_thread_looks_at_an_account(
        steps in steps(), question in questions(), between in 0..60usize,
    ) {
        let history = history_of(&steps);
        let (book, board) = history.read(day(TODAY));
        let (mut wide, mut wide_board) = (Book::new(day(TODAY)), RiskBoard::default());
        for (number, (recorded_at, event)) in history.events.iter().enumerate() {
            if number == between {
                (0..MANY).for_each(|number| {
                    wide.intern(account(1_000 + number));
                });
            }
            apply(&mut wide, &mut wide_board, *recorded_at, event);
        }
        prop_assert_eq!(
            forecast(&wide, &wide_board, &question),
            forecast(&book, &board, &question)
        );
        prop_assert_eq!(
            accounts(&wide, &wide_board, &question, None, 0, 1_000),
            accounts(&book, &board, &question, None, 0, 1_000)
        );
    }
}
