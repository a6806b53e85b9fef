use keizoku_core::Money;
use keizoku_revenue::{AsOf, Owner};

use crate::given::*;

const TODAY: &str = "2026-11-22";

/// Accounts 1, 2, … with one subscription each of 100, 200, …, all in a group.
fn grouped(accounts: u128) -> Log {
    let mut log = Log::default();
    for number in 1..=accounts {
        let mrr = i64::try_from(number).unwrap() * 100;
        log.write(opened(account(number), owned("G", None, None)));
        let begins = day("2026-01-01");
        log.write(started(
            subscription(number),
            account(number),
            "core",
            begins,
            mrr,
            renews("2027-01-01"),
        ));
    }
    log
}

#[test]
fn acc_2_the_team_is_the_owners_or_the_pool() {
    let mut log = Log::default();
    log.write(team_defined(team(1), None));
    log.write(team_defined(team(2), Some(team(1))));
    log.write(registered(user(1), team(1)));
    log.write(team_changed(user(1), team(2), day("2026-06-01")));
    log.write(opened(account(1), owned("", Some(user(1)), None)));
    log.write(opened(account(2), owned("", None, Some(team(1)))));
    let book = log.book(day(TODAY));
    let directory = book.directory();
    let team_of = |number, on| {
        let as_of = AsOf::now(day(on));
        let view = book.account_on(book.account(account(number)).unwrap(), as_of, None);
        directory
            .team_of_owner(view.attributes.owner, as_of)
            .map(|team| directory.team_id(team))
    };
    assert_eq!(team_of(1, "2026-05-31"), Some(team(1)));
    assert_eq!(team_of(1, "2026-06-01"), Some(team(2)));
    assert_eq!(team_of(2, TODAY), Some(team(1)));
}

#[test]
fn fc_4_a_team_includes_its_subteams() {
    let mut log = Log::default();
    log.write(team_defined(team(1), None));
    log.write(team_defined(team(2), Some(team(1))));
    log.write(team_defined(team(3), None));
    log.write(registered(user(1), team(2)));
    log.write(registered(user(2), team(3)));
    let book = log.book(day(TODAY));
    let directory = book.directory();
    let scope = directory.owners_in(directory.team(team(1)).unwrap(), AsOf::now(day(TODAY)));
    let owner = |number| Owner::user(directory.user(user(number)).unwrap());
    assert!(scope.contains(owner(1)) && !scope.contains(owner(2)));
    assert!(scope.contains(Owner::pool(directory.team(team(2)).unwrap())));
    assert!(!scope.contains(Owner::NOBODY));
}

#[test]
fn fc_4_teams_in_a_circle_come_to_an_end() {
    let mut log = Log::default();
    log.write(team_defined(team(1), Some(team(2))));
    log.write(team_defined(team(2), Some(team(1))));
    log.write(team_defined(team(3), None));
    let book = log.book(day(TODAY));
    let directory = book.directory();
    let scope = directory.owners_in(directory.team(team(3)).unwrap(), AsOf::now(day(TODAY)));
    assert!(!scope.contains_team(directory.team(team(1)).unwrap()));
}

#[test]
fn acc_4_the_group_total_is_that_of_all_active_members() {
    let mut log = grouped(3);
    log.write(churned(subscription(3), day("2026-11-01")));
    log.write(opened(account(4), owned("", None, None)));
    let begins = day("2026-01-01");
    log.write(started(
        subscription(4),
        account(4),
        "core",
        begins,
        7,
        renews("2027-01-01"),
    ));
    let book = log.book(day(TODAY));
    let group_mrr = |number, on| {
        book.group_mrr(book.account(account(number)).unwrap(), AsOf::now(day(on)))
            .minor()
    };
    assert_eq!(group_mrr(1, TODAY), 300);
    assert_eq!(
        group_mrr(3, TODAY),
        300,
        "also asked of the member that left"
    );
    assert_eq!(group_mrr(2, "2026-10-31"), 600);
    assert_eq!(group_mrr(4, TODAY), 7, "its own where it has no group");
}

#[test]
fn gen_5_a_group_holds_from_its_effective_date() {
    let mut log = grouped(2);
    log.write(attributes_changed(
        account(2),
        owned("H", None, None),
        day("2026-06-01"),
    ));
    let book = log.book(day(TODAY));
    let first = book.account(account(1)).unwrap();
    let group_mrr = |as_of| book.group_mrr(first, as_of).minor();
    assert_eq!(group_mrr(AsOf::now(day("2026-05-31"))), 300);
    assert_eq!(group_mrr(AsOf::now(day(TODAY))), 100);
    assert_eq!(
        group_mrr(AsOf::known_at(at(4), day(TODAY))),
        300,
        "before it was recorded"
    );
}

#[test]
fn gen_5_region_and_industry_are_those_known_then() {
    let mut log = grouped(1);
    log.write(revised(account(1), profile("関西", "流通")));
    let book = log.book(day(TODAY));
    let ix = book.account(account(1)).unwrap();
    let region = |as_of| {
        let segment = book.account_on(ix, as_of, None).segment;
        let segments = book.segments();
        segments
            .regions
            .name(segments.all()[segment as usize].region)
            .to_owned()
    };
    assert_eq!(region(AsOf::now(day("2020-01-01"))), "関西");
    assert_eq!(region(AsOf::known_at(at(2), day(TODAY))), "関東");
    assert_eq!(region(AsOf::known_at(at(0), day(TODAY))), "");
}

#[test]
fn acc_8_a_merged_account_is_the_survivor_at_every_date() {
    let mut log = grouped(3);
    log.write(merged(account(1), account(2)));
    log.write(merged(account(2), account(3)));
    let book = log.book(day(TODAY));
    let ix = |number| book.account(account(number)).unwrap();
    for on in ["2026-01-01", TODAY, "2027-05-05"] {
        assert_eq!(
            [1, 2, 3].map(|number| mrr(&book, account(number), on)),
            [600; 3]
        );
    }
    let before = AsOf::known_at(at(6), day(TODAY));
    assert_eq!(
        book.account_on(ix(3), before, None).mrr,
        Money::from_minor(300)
    );
    assert_eq!(book.survivor(ix(1), None), ix(3));
    assert_eq!(book.survivor(ix(1), Some(at(7))), ix(2));
    assert_eq!(
        book.group_mrr(ix(1), AsOf::now(day(TODAY))),
        Money::from_minor(600)
    );
    assert!(!book.row(ix(1)).is_active() && book.row(ix(3)).has_aliases());
    assert_eq!(book.subscriptions(ix(2), AsOf::now(day(TODAY))).len(), 3);
    let mut shown = Vec::new();
    book.scan(AsOf::now(day(TODAY)), |account, row| {
        shown.push((account, row.mrr));
    });
    assert_eq!(shown, [(ix(3), 600)]);
}

#[test]
fn an_account_that_another_source_names_first_is_the_same_account() {
    let log = grouped(1);
    let mut book = keizoku_revenue::Book::new(day(TODAY));
    let named = book.intern(account(1));
    assert!(!book.is_opened(named, None));
    for event in &log.events {
        apply(&mut book, event);
    }
    assert_eq!(book.account(account(1)), Some(named));
    assert_eq!(book.row(named).mrr, 100);
}

#[test]
fn a_reset_book_keeps_the_numbers_of_its_accounts() {
    let log = grouped(2);
    let mut book = log.book(day(TODAY));
    let second = book.account(account(2)).unwrap();
    book.reset();
    assert!(!book.is_opened(second, None) && !book.row(second).is_active());
    for event in &log.events {
        apply(&mut book, event);
    }
    assert_eq!(book.account(account(2)), Some(second));
    assert_eq!(book.row(second).mrr, 200);
}
