//! The book against the naive reading, on random histories.

use jiff::{SignedDuration, Timestamp};
use keizoku_core::{AccountId, Day};
use keizoku_revenue::{AccountIx, AccountView, AsOf, Book};
use proptest::prelude::*;

use crate::given::*;
use crate::naive::{Naive, NaiveAccount};

const ACCOUNTS: u128 = 5;
const SUBSCRIPTIONS: u128 = 6;

/// One thing that may happen; what cannot happen yet is left out.
#[derive(Debug, Clone)]
enum Step {
    Open(u128, u8),
    Attributes(u128, u8, Day),
    Profile(u128, u8),
    Merge(u128, u128),
    Start(u128, u128, Day, i64, Option<Day>, bool),
    Fact(u128, u8, Day, i64, Option<Day>, bool),
    Void(u128, u64),
}

fn days() -> impl Strategy<Value = Day> {
    // From 2026-01-01; few enough for facts to meet on the same date.
    (0..700i32).prop_map(|days| day("2026-01-01").plus_days(days))
}

fn steps() -> impl Strategy<Value = Vec<(Step, bool)>> {
    let accounts = 0..ACCOUNTS;
    let step = prop_oneof![
        2 => (accounts.clone(), any::<u8>()).prop_map(|(of, what)| Step::Open(of, what)),
        2 => (accounts.clone(), any::<u8>(), days())
            .prop_map(|(of, what, on)| Step::Attributes(of, what, on)),
        1 => (accounts.clone(), any::<u8>()).prop_map(|(of, what)| Step::Profile(of, what)),
        1 => (accounts.clone(), accounts.clone()).prop_map(|(one, other)| Step::Merge(one, other)),
        4 => (0..SUBSCRIPTIONS, accounts, days(), 0..9i64, prop::option::of(days()), any::<bool>())
            .prop_map(|(id, of, on, mrr, renews, auto)| Step::Start(id, of, on, mrr, renews, auto)),
        8 => (0..SUBSCRIPTIONS, 0..8u8, days(), 0..9i64, prop::option::of(days()), any::<bool>())
            .prop_map(|(id, what, on, mrr, renews, auto)| Step::Fact(id, what, on, mrr, renews, auto)),
        2 => (0..SUBSCRIPTIONS, 1..8u64).prop_map(|(id, fact)| Step::Void(id, fact)),
    ];
    prop::collection::vec((step, any::<bool>()), 0..40)
}

fn attributes(what: u8) -> keizoku_proto::accounts::AccountAttributes {
    let group = ["", "G", "H"][usize::from(what % 3)];
    let owner = (what & 64 == 0).then(|| user(u128::from(what % 2)));
    owned(
        group,
        owner,
        (what & 128 != 0 && owner.is_none()).then(|| team(0)),
    )
}

fn log_of(steps: &[(Step, bool)]) -> Log {
    let mut log = Log::default();
    let mut merged_away: Vec<u128> = Vec::new();
    for (step, with_the_last) in steps {
        let is_open = |log: &Log, of: &u128| log.revision(&format!("account-{}", account(*of))) > 0;
        let has_started = |log: &Log, id: &u128| log.revision(&of_subscription(*id)) > 0;
        let kind = match step {
            Step::Open(of, what) if !is_open(&log, of) => opened(account(*of), attributes(*what)),
            Step::Attributes(of, what, on) if is_open(&log, of) => {
                attributes_changed(account(*of), attributes(*what), *on)
            }
            Step::Profile(of, what) if is_open(&log, of) => revised(
                account(*of),
                profile(["関東", "関西"][usize::from(what % 2)], "製造"),
            ),
            // As the service does it: an account is merged once, into one that stays.
            Step::Merge(one, other)
                if one != other && !merged_away.contains(one) && !merged_away.contains(other) =>
            {
                merged_away.push(*one);
                merged(account(*one), account(*other))
            }
            Step::Start(id, of, on, mrr, renews, auto) if !has_started(&log, id) => {
                let product = ["core", "add-on"][usize::try_from(*id).unwrap() % 2];
                let terms = terms(*renews, *renews, if *auto { 5 } else { 0 }, *auto);
                started(subscription(*id), account(*of), product, *on, *mrr, terms)
            }
            Step::Fact(id, what, on, mrr, renews, auto) if has_started(&log, id) => {
                let terms = terms(*renews, None, 1, *auto);
                let id = subscription(*id);
                match what {
                    0 => expanded(id, *on, *mrr),
                    1 => downsized(id, *on, *mrr),
                    2 => renewed(id, *on, *mrr, terms),
                    3 | 4 => announced(id, *on),
                    5 => churned(id, *on),
                    6 => reactivated(id, *on, *mrr, terms),
                    _ => terms_changed(id, *on, terms),
                }
            }
            Step::Void(id, fact) if *fact <= log.revision(&of_subscription(*id)) => {
                voided(subscription(*id), *fact)
            }
            _ => continue,
        };
        if *with_the_last {
            log.write_with_the_last(kind)
        } else {
            log.write(kind)
        };
    }
    log
}

fn of_subscription(id: u128) -> String {
    format!("subscription-{}", subscription(id))
}

fn shown(view: &AccountView) -> NaiveAccount {
    let mut announced: Vec<(Day, i64)> = view
        .split
        .announced()
        .map(|part| (part.end, part.mrr.minor()))
        .collect();
    announced.sort_unstable();
    NaiveAccount {
        active: view.active,
        mrr: view.mrr.minor(),
        next_renewal: view.next_renewal,
        announced,
        rest: view
            .split
            .rest
            .map(|rest| (rest.mrr.minor(), rest.next_renewal)),
    }
}

/// What can be asked of an account, with ids and names instead of this book's numbers.
fn answers(book: &Book, id: AccountId, as_of: AsOf) -> impl PartialEq + std::fmt::Debug + use<> {
    let account = book.account(id)?;
    let view = book.account_on(account, as_of, None);
    let segment = book.segments().all()[view.segment as usize];
    let owner = view
        .attributes
        .owner
        .as_user()
        .map(|user| book.directory().user_id(user));
    // An account that nobody named is one of which nothing is known.
    (book.is_opened(account, as_of.known_at) || view.active).then(|| {
        (
            book.account_id(view.account),
            shown(&view),
            owner,
            book.groups().name(view.attributes.group).to_owned(),
            book.segments().regions.name(segment.region).to_owned(),
            book.group_mrr(account, as_of),
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn gen_5_every_account_at_both_times_is_what_a_naive_reading_says(
        steps in steps(), on in days(), known in prop::option::of(0..40i64), today in days(),
    ) {
        let log = log_of(&steps);
        let book = log.book(today);
        let as_of = AsOf { known_at: known.map(at), on };
        let naive = Naive::new(&log.events, as_of.known_at);
        for number in 0..ACCOUNTS {
            let Some(ix) = book.account(account(number)) else { continue };
            let survivor = naive.survivor(account(number));
            for (product, name) in [(None, None), (book.products().find("core"), Some("core"))] {
                if name.is_some() && product.is_none() {
                    continue;
                }
                let view = book.account_on(ix, as_of, product);
                prop_assert_eq!(book.account_id(view.account), survivor);
                prop_assert_eq!(shown(&view), naive.account(survivor, on, name));
            }
            let view = book.account_on(ix, as_of, None);
            prop_assert_eq!(book.summary_on(ix, as_of), view.summary());
            let group = naive.attributes(survivor, on).group;
            prop_assert_eq!(book.groups().name(view.attributes.group), &group);
            let of_group: i64 = (0..ACCOUNTS).map(account)
                .filter(|other| naive.survivor(*other) == *other)
                .filter(|other| *other == survivor || !group.is_empty())
                .filter(|other| naive.attributes(*other, on).group == group)
                .map(|other| naive.account(other, on, None).mrr)
                .sum();
            prop_assert_eq!(book.group_mrr(ix, as_of).minor(), of_group);
        }
        let month = on.month();
        let opening = naive.organisation(month.first_day().plus_days(-1));
        prop_assert_eq!(book.opening_mrr_at(month, as_of.known_at).minor(), opening);
    }

    #[test]
    fn the_rows_of_now_are_the_fold_of_history(steps in steps(), start in days(), jumps in prop::collection::vec(-1..90i32, 0..6)) {
        let log = log_of(&steps);
        let mut today = start;
        let mut book = Book::new(today);
        let mut jumps = jumps.into_iter();
        for (number, event) in log.events.iter().enumerate() {
            apply(&mut book, event);
            if number % 7 == 3 {
                today = today.plus_days(jumps.next().unwrap_or(0));
                book.roll_to(today);
            }
            rows_are_folds(&book)?;
        }
        for jump in jumps {
            today = today.plus_days(jump);
            book.roll_to(today);
            rows_are_folds(&book)?;
        }
        let rebuilt = log.book(today);
        for on in [-200, -30, 0, 30, 200].map(|days| today.plus_days(days)) {
            prop_assert_eq!(scanned(&book, AsOf::now(on)), scanned(&rebuilt, AsOf::now(on)));
        }
    }

    #[test]
    fn gen_5_as_of_an_instant_is_a_book_that_stopped_reading_then(
        steps in steps(), on in days(), known in 0..40i64,
    ) {
        let log = log_of(&steps);
        let whole = log.book(on);
        let read: Vec<Written> =
            log.events.iter().filter(|event| event.recorded_at <= at(known)).cloned().collect();
        let stopped = book_of(&read, on);
        for id in (0..ACCOUNTS).map(account) {
            let then = answers(&whole, id, AsOf::known_at(at(known), on));
            prop_assert_eq!(then, answers(&stopped, id, AsOf::now(on)));
            let survives = |book: &Book, known| {
                let account = book.account(id)?;
                (book.survivor(account, known) == account).then(|| book.turning_points(account, known))
            };
            if let Some(points) = survives(&stopped, None) {
                prop_assert_eq!(survives(&whole, Some(at(known))), Some(points));
            }
        }
        let month = on.month();
        prop_assert_eq!(whole.opening_mrr_at(month, Some(at(known))), stopped.opening_mrr(month));
    }

    #[test]
    fn hlt_5_between_two_turning_points_attributes_and_first_day_of_contract_stay_as_they_are(
        steps in steps(), moments in prop::collection::vec((0..45i64, 0..720i64, 0..24i64), 1..12)
    ) {
        let book = log_of(&steps).book(day("2026-06-01"));
        let holds = |account, instant: Timestamp| {
            let as_of = AsOf::known_at(instant, book.today_at(Some(instant)));
            let starts = book.subscriptions(account, as_of).into_iter();
            (book.attributes_on(account, as_of).0, starts.filter_map(|view| view.start).min())
        };
        for (seconds, days, hours) in moments {
            let instant = at(seconds) + SignedDuration::from_hours(24 * (days - 260) + hours);
            let named = (0..ACCOUNTS).filter_map(|number| book.account(account(number)));
            for account in named.filter(|account| book.survivor(*account, None) == *account) {
                let points = book.turning_points(account, None);
                prop_assert!(points.is_sorted_by(|one, other| one < other));
                let before = points.iter().rev().find(|point| **point <= instant);
                let before = before.copied().unwrap_or(at(-1_000_000_000));
                prop_assert_eq!(holds(account, before), holds(account, instant), "at {}", instant);
            }
        }
    }

    #[test]
    fn rx_9_any_order_that_keeps_the_streams_gives_the_same_answers(
        steps in steps(), on in days(), picks in prop::collection::vec(any::<usize>(), 60),
    ) {
        let log = log_of(&steps);
        let book = log.book(on);
        let shuffled = book_of(&interleaved(&log.events, &picks), on);
        for id in (0..ACCOUNTS).map(account) {
            for as_of in [AsOf::now(on), AsOf::known_at(at(8), on)] {
                prop_assert_eq!(answers(&book, id, as_of), answers(&shuffled, id, as_of));
            }
        }
        prop_assert_eq!(book.opening_mrr(on.month()), shuffled.opening_mrr(on.month()));
    }

    #[test]
    fn a_scan_shows_every_active_account_once(
        steps in steps(), on in days(), known in prop::option::of(0..40i64), today in days(),
    ) {
        let book = log_of(&steps).book(today);
        let as_of = AsOf { known_at: known.map(at), on };
        let accounts = (0..ACCOUNTS).filter_map(|number| book.account(account(number)));
        let views = accounts
            .filter(|ix| book.survivor(*ix, as_of.known_at) == *ix)
            .map(|ix| book.account_on(ix, as_of, None))
            .filter(|view| view.active);
        let mut expected: Vec<_> = views
            .map(|view| (view.account, view.mrr.minor(), view.next_renewal, view.split.has_announced()))
            .collect();
        expected.sort_unstable();
        prop_assert_eq!(scanned(&book, as_of), expected);
    }
}

/// Account, MRR, next renewal, and whether an end was announced.
fn scanned(book: &Book, as_of: AsOf) -> Vec<(AccountIx, i64, Option<Day>, bool)> {
    let mut shown = Vec::new();
    book.scan(as_of, |account, row| {
        let renewal = book.next_renewal(account, &row.core(), as_of.on);
        shown.push((account, row.mrr, renewal, row.has_announced_end()));
    });
    shown
}

fn rows_are_folds(book: &Book) -> Result<(), TestCaseError> {
    for number in 0..ACCOUNTS {
        let Some(ix) = book.account(account(number)) else {
            continue;
        };
        let row = book.row(ix);
        if book.survivor(ix, None) != ix {
            prop_assert!(!row.is_active());
            continue;
        }
        let view = book.account_on(ix, AsOf::now(book.today()), None);
        prop_assert_eq!(book.summary_on(ix, AsOf::now(book.today())), view.summary());
        prop_assert_eq!(
            (
                row.mrr,
                row.renewal,
                row.is_active(),
                row.has_announced_end()
            ),
            (
                view.mrr.minor(),
                view.next_renewal,
                view.active,
                view.split.has_announced()
            ),
        );
        let now = AsOf::now(book.today());
        prop_assert_eq!(book.is_active(ix, now), view.active);
        prop_assert_eq!(book.attributes_on(ix, now), (view.attributes, view.segment));
        let of_group = (0..ACCOUNTS).filter_map(|other| book.account(account(other)));
        let of_group = of_group.filter(|other| book.survivor(*other, None) == *other);
        let views = of_group.map(|other| book.account_on(other, now, None));
        let group = view.attributes.group;
        let of_group = views
            .filter(|other| other.account == ix || group != 0 && other.attributes.group == group);
        let of_group = of_group.map(|view| view.mrr.minor()).sum::<i64>();
        prop_assert_eq!(book.group_mrr(ix, now).minor(), of_group);
    }
    Ok(())
}

/// The events in another order in which every stream keeps its own.
fn interleaved(events: &[Written], picks: &[usize]) -> Vec<Written> {
    let mut left: Vec<Written> = events.to_vec();
    let mut order = Vec::new();
    let mut picks = picks.iter().cycle();
    while !left.is_empty() {
        let pick = picks.next().unwrap() % left.len();
        let first = left
            .iter()
            .position(|event| event.stream == left[pick].stream)
            .unwrap();
        order.push(left.remove(first));
    }
    order
}
