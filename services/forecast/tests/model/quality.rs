//! What is wrong with records (FC-10).

use keizoku_core::{Day, UserId};
use keizoku_forecast::quality::{
    Fixer, Issue, IssueKind, QualityQuestion, Shared, SharedKey, quality,
};
use keizoku_proto::accounts::event::Kind as AccountsKind;
use keizoku_proto::accounts::{ImportReported, RejectedRows, UserDeparted, UserReturned};
use keizoku_proto::date;
use keizoku_proto::risk::event::Kind as RiskKind;
use keizoku_proto::risk::{Completion, NextAction, NextActionScheduled};
use keizoku_revenue::AsOf;

use crate::given::*;

const TODAY: &str = "2026-11-22";
const DAY: i64 = 24 * 60 * 60;

fn go_to(history: &mut History, on: &str) {
    history.second = i64::from(day(on).days_since(day(TODAY))) * DAY;
}

/// Two teams with a user each. Account 0 is in order: the first user's, 100 a month, renews ahead.
fn in_order() -> History {
    let mut history = History::default();
    go_to(&mut history, "2026-06-01");
    for number in 0..2 {
        history.accounts(team_defined(team(number), None));
        history.accounts(registered(user(number), team(number)));
    }
    customer(&mut history, 0, user(0), 100, "2027-03-31");
    history
}

fn customer(history: &mut History, number: u128, owner: UserId, mrr: i64, renewal: &str) {
    let mut attributes = attributes("", "Mid", owner);
    if owner == user(9) {
        attributes.owner_id.clear();
    }
    history.accounts(opened(account(number), attributes, "関東"));
    let (id, of, since) = (subscription(number), account(number), day("2025-04-01"));
    let terms = terms(Some(day(renewal)), 0);
    history.accounts(started(id, of, "core", since, mrr, terms));
}

/// Nobody.
const NOBODY: u128 = 9;

fn departed(who: UserId) -> AccountsKind {
    AccountsKind::UserDeparted(UserDeparted {
        user_id: who.to_string(),
    })
}

fn scheduled(number: u128, due: &str) -> RiskKind {
    RiskKind::NextActionScheduled(NextActionScheduled {
        risk_id: risk_id(number).to_string(),
        next_action: Some(NextAction {
            due_date: Some(date(day(due))),
            text: "電話".to_owned(),
        }),
    })
}

fn question(on: &str) -> QualityQuestion {
    QualityQuestion {
        as_of: AsOf::now(day(on)),
        kinds: Vec::new(),
        team: None,
        fixer: None,
        at_least_days: 0,
    }
}

/// Kind, account, since and fixer of each issue.
type Found = (IssueKind, u128, Option<Day>, Fixer);

fn short(history: &History, issues: &[Issue]) -> Vec<Found> {
    let (book, _) = history.read(day(TODAY));
    let number = |issue: &Issue| {
        let id = book.account_id(issue.account.unwrap());
        (0..20).find(|number| account(*number) == id).unwrap()
    };
    issues
        .iter()
        .map(|issue| (issue.kind, number(issue), issue.since, issue.fixer))
        .collect()
}

fn found_by(history: &History, question: &QualityQuestion, shared: &[Shared]) -> Vec<Found> {
    let (book, board) = history.read(day(TODAY));
    let found = quality(&book, (&board).into(), question, shared);
    let counted: usize = found.counts.iter().map(|(_, count)| count).sum();
    assert_eq!(counted, found.issues.len());
    short(history, &found.issues)
}

fn found(history: &History) -> Vec<Found> {
    found_by(history, &question(TODAY), &[])
}

#[test]
fn fc_10_records_in_order_have_no_issue() {
    assert_eq!(found(&in_order()), []);
}

#[test]
fn fc_10_accounts_without_an_owner_are_for_cs_ops_since_they_have_none() {
    let mut history = in_order();
    customer(&mut history, 1, user(NOBODY), 50, "2027-03-31");
    let mut nobodys = attributes("", "Mid", user(0));
    nobodys.owner_id.clear();
    history.accounts(attributes_changed(
        account(0),
        nobodys.clone(),
        day("2026-10-01"),
    ));
    // Another tier since: the owner is missing all the same.
    nobodys.tier = "SMB".to_owned();
    history.accounts(attributes_changed(account(0), nobodys, day("2026-11-01")));
    let expected = [
        (IssueKind::NoOwner, 0, Some(day("2026-10-01")), Fixer::Ops),
        (IssueKind::NoOwner, 1, Some(day("2026-06-01")), Fixer::Ops),
    ];
    assert_eq!(found(&history), expected, "the one with more MRR first");
    let before = question("2026-09-30");
    assert_eq!(found_by(&history, &before, &[]).len(), 1, "as it was then");
}

#[test]
fn fc_10_what_somebody_left_behind_is_for_the_team_until_the_return() {
    let mut history = in_order();
    go_to(&mut history, "2026-11-10");
    history.accounts(departed(user(0)));
    let left = (
        IssueKind::DepartedOwner,
        0,
        Some(day("2026-11-10")),
        Fixer::Team(team(0)),
    );
    assert_eq!(found(&history), [left]);
    history.accounts(AccountsKind::UserReturned(UserReturned {
        user_id: user(0).to_string(),
    }));
    assert_eq!(found(&history), []);
    let known = AsOf::known_at(at(history.second - 1), day(TODAY));
    let then = QualityQuestion {
        as_of: known,
        ..question(TODAY)
    };
    assert_eq!(
        found_by(&history, &then, &[]),
        [left],
        "as known in between"
    );
}

#[test]
fn fc_10_a_renewal_in_the_past_is_for_the_owner() {
    let mut history = in_order();
    customer(&mut history, 1, user(1), 50, "2026-11-21");
    customer(&mut history, 2, user(1), 50, TODAY);
    // The end of this one was announced: it does not renew.
    customer(&mut history, 3, user(1), 50, "2026-10-31");
    history.accounts(announced(subscription(3), day("2026-12-31")));
    let passed = (
        IssueKind::RenewalPassed,
        1,
        Some(day("2026-11-21")),
        Fixer::User(user(1)),
    );
    assert_eq!(found(&history), [passed]);
    let tomorrow = found_by(&history, &question("2026-11-23"), &[]);
    assert_eq!(tomorrow.len(), 2);
}

#[test]
fn fc_10_no_mrr_is_a_contract_without_any_or_no_contract() {
    let mut history = in_order();
    customer(&mut history, 1, user(1), 0, "2027-03-31");
    go_to(&mut history, "2026-11-01");
    let owner = attributes("", "Mid", user(1));
    history.accounts(opened(account(2), owner, "関東"));
    // This one had a contract, which has ended: nothing is missing.
    customer(&mut history, 3, user(1), 50, "2027-03-31");
    history.accounts(churned(subscription(3), day("2026-11-01")));
    let expected = [
        (
            IssueKind::NoMrr,
            1,
            Some(day("2025-04-01")),
            Fixer::User(user(1)),
        ),
        (
            IssueKind::NoMrr,
            2,
            Some(day("2026-11-01")),
            Fixer::User(user(1)),
        ),
    ];
    assert_eq!(found(&history), expected);
}

#[test]
fn fc_10_risks_are_warned_about_as_their_own_rule_says() {
    let mut history = in_order();
    go_to(&mut history, "2026-10-20");
    history.risk(risk_opened(
        risk_id(0),
        account(0),
        LEADS,
        "usage",
        day("2026-10-20"),
    ));
    let without = |since| {
        (
            IssueKind::RiskWithoutNextAction,
            0,
            Some(day(since)),
            Fixer::Ops,
        )
    };
    let untouched = |since| (IssueKind::RiskUntouched, 0, Some(day(since)), Fixer::Ops);
    let opened = [without("2026-10-20"), untouched("2026-11-19")];
    assert_eq!(found(&history), opened, "nobody owns it: CS Ops");
    assert_eq!(
        found_by(&history, &question("2026-11-18"), &[]),
        opened[..1]
    );
    // Put off twice, brought forward, put off again.
    for (on, due) in [
        ("2026-10-21", "2026-11-01"),
        ("2026-10-22", "2026-11-02"),
        ("2026-10-23", "2026-11-03"),
        ("2026-10-24", "2026-11-02"),
    ] {
        go_to(&mut history, on);
        history.risk(scheduled(0, due));
    }
    assert_eq!(found(&history), []);
    go_to(&mut history, "2026-11-02");
    history.risk(scheduled(0, "2026-12-01"));
    let postponed = (
        IssueKind::RiskPostponed,
        0,
        Some(day("2026-11-02")),
        Fixer::Ops,
    );
    assert_eq!(found(&history), [postponed]);
    // Closed and reopened, it starts anew; and a closed one is nobody's concern.
    history.risk(risk_closed(
        risk_id(0),
        Completion::Completed,
        day("2026-11-02"),
    ));
    assert_eq!(found(&history), []);
    history.risk(risk_reopened(risk_id(0)));
    assert_eq!(found(&history), []);
}

#[test]
fn fc_10_an_open_risk_of_a_lost_customer_is_a_mistake_since_the_loss() {
    let mut history = in_order();
    go_to(&mut history, "2026-11-20");
    history.risk(risk_opened(
        risk_id(0),
        account(0),
        LEADS,
        "usage",
        day("2026-11-20"),
    ));
    history.risk(scheduled(0, "2026-12-01"));
    history.accounts(churned(subscription(0), day("2026-11-21")));
    let lost = (
        IssueKind::RiskOnInactiveAccount,
        0,
        Some(day("2026-11-21")),
        Fixer::Ops,
    );
    assert_eq!(found(&history), [lost]);
}

fn shared(key: SharedKey, numbers: &[(u128, &str)]) -> Shared {
    let accounts = numbers.iter().map(|(number, on)| {
        let second = i64::from(day(on).days_since(day(TODAY))) * DAY;
        (account(*number), at(second).as_microsecond())
    });
    Shared {
        key,
        value: "あおば".to_owned(),
        accounts: accounts.collect(),
    }
}

#[test]
fn fc_10_duplicates_are_one_issue_since_there_are_two_until_they_are_merged() {
    let mut history = in_order();
    customer(&mut history, 1, user(1), 500, "2027-03-31");
    customer(&mut history, 2, user(1), 50, "2027-03-31");
    let dates = [(0, "2026-06-01"), (1, "2026-07-01"), (2, "2026-08-01")];
    let name = shared(SharedKey::Name, &dates);
    let question = question(TODAY);
    let (book, board) = history.read(day(TODAY));
    let issues = quality(
        &book,
        (&board).into(),
        &question,
        std::slice::from_ref(&name),
    )
    .issues;
    let expected = (
        IssueKind::DuplicateName,
        1,
        Some(day("2026-07-01")),
        Fixer::Ops,
    );
    assert_eq!(
        short(&history, &issues),
        [expected],
        "named after the largest"
    );
    assert_eq!((issues[0].others.len(), issues[0].mrr), (2, 500));
    // Of one team is what one of them is of.
    let of_team = QualityQuestion {
        team: Some(team(0)),
        ..question.clone()
    };
    assert_eq!(
        quality(
            &book,
            (&board).into(),
            &of_team,
            std::slice::from_ref(&name)
        )
        .issues
        .len(),
        1
    );

    history.accounts(merged(account(2), account(1)));
    let issues = found_by(&history, &question, std::slice::from_ref(&name));
    assert_eq!(issues, [expected]);
    history.accounts(merged(account(0), account(1)));
    assert_eq!(found_by(&history, &question, &[name]), []);
}

#[test]
fn fc_10_companies_of_one_group_share_a_domain_rightly() {
    let mut history = in_order();
    customer(&mut history, 1, user(1), 500, "2027-03-31");
    let dates = [(0, "2026-06-01"), (1, "2026-07-01")];
    let domain = [shared(SharedKey::Domain, &dates)];
    let question = question(TODAY);
    assert_eq!(found_by(&history, &question, &domain).len(), 1);
    for number in 0..2 {
        let of_group = attributes("G", "Mid", user(number));
        history.accounts(attributes_changed(
            account(number),
            of_group,
            day("2026-10-01"),
        ));
    }
    assert_eq!(found_by(&history, &question, &domain), []);
    let number = [shared(SharedKey::CorporateNumber, &dates)];
    assert_eq!(found_by(&history, &question, &number).len(), 1);
}

#[test]
fn fc_10_filters_combine() {
    use IssueKind::{NoOwner, RenewalPassed};

    let mut history = in_order();
    customer(&mut history, 1, user(1), 50, "2026-11-21");
    customer(&mut history, 2, user(0), 70, "2026-10-01");
    customer(&mut history, 3, user(NOBODY), 90, "2026-10-01");
    let ask = |change: &dyn Fn(&mut QualityQuestion)| {
        let mut question = question(TODAY);
        change(&mut question);
        let found = found_by(&history, &question, &[]);
        found
            .into_iter()
            .map(|(kind, account, _, _)| (kind, account))
            .collect::<Vec<_>>()
    };
    let all = [
        (NoOwner, 3),
        (RenewalPassed, 3),
        (RenewalPassed, 2),
        (RenewalPassed, 1),
    ];
    assert_eq!(ask(&|_| ()), all);
    assert_eq!(ask(&|question| question.kinds = vec![NoOwner]), all[..1]);
    assert_eq!(ask(&|question| question.team = Some(team(0))), all[2..3]);
    assert_eq!(
        ask(&|question| question.fixer = Some(Fixer::User(user(1)))),
        all[3..]
    );
    assert_eq!(ask(&|question| question.fixer = Some(Fixer::Ops)), all[..2]);
    assert_eq!(ask(&|question| question.at_least_days = 2), all[..3]);
}

fn import_reported(system: &str, rejected: &[(&str, i64)]) -> AccountsKind {
    let rejected = rejected.iter().map(|(reason, rows)| RejectedRows {
        file: "Account.csv".to_owned(),
        reason: (*reason).to_owned(),
        rows: *rows,
    });
    AccountsKind::ImportReported(ImportReported {
        system: system.to_owned(),
        rejected: rejected.collect(),
    })
}

#[test]
fn fc_10_a_system_s_import_has_failed_since_one_last_went_in_whole() {
    let mut history = in_order();
    for (on, rejected) in [
        ("2026-09-01", &[("name_missing", 3)][..]),
        ("2026-09-10", &[]),
        ("2026-10-01", &[("name_missing", 2)]),
        ("2026-10-20", &[("name_missing", 1), ("tier_unknown", 4)]),
    ] {
        go_to(&mut history, on);
        history.accounts(import_reported("salesforce", rejected));
    }
    go_to(&mut history, "2026-11-01");
    history.accounts(import_reported("other", &[("name_missing", 1)]));
    history.accounts(import_reported("other", &[]));
    let (book, board) = history.read(day(TODAY));
    let ops = QualityQuestion {
        fixer: Some(Fixer::Ops),
        ..question(TODAY)
    };
    let found = quality(&book, (&board).into(), &ops, &[]).issues;
    let [issue] = &found[..] else {
        panic!("{found:?}");
    };
    assert_eq!((issue.kind, issue.account), (IssueKind::FailedImport, None));
    assert_eq!(
        (issue.shared.as_str(), issue.since),
        ("salesforce", Some(day("2026-10-01")))
    );
    let failed: Vec<_> = book.failed_imports(None).collect();
    let rows: Vec<_> = failed[0].rejected.iter().map(|of| of.rows).collect();
    assert_eq!(rows, [1, 4], "what did not go in the last time");
    // A team's issues are those of its accounts; and between the two failures all was well.
    let of_team = QualityQuestion {
        team: Some(team(0)),
        ..question(TODAY)
    };
    assert_eq!(quality(&book, (&board).into(), &of_team, &[]).issues, []);
    let known = |on: &str| {
        let known_at = day(on).last_instant(book.zone_at(None)).unwrap();
        book.failed_imports(Some(known_at)).count()
    };
    assert_eq!(
        [
            known("2026-09-01"),
            known("2026-09-10"),
            known("2026-10-01")
        ],
        [1, 0, 1]
    );
}
