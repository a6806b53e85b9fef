//! FC-9 and FC-13.

use keizoku_core::{Day, RiskId};
use keizoku_forecast::deadlines::{DeadlineKind, DeadlineQuestion, deadlines};
use keizoku_forecast::report::{ReportFilter, ReportedRisk, risk_report};
use keizoku_forecast::risks::Completion;
use keizoku_forecast::{Filter, OwnerId};
use keizoku_proto::risk::event::Kind as RiskKind;
use keizoku_proto::risk::{self, Completion as WireCompletion, NextAction};
use keizoku_revenue::AsOf;

use crate::given::*;

const TODAY: &str = "2026-11-22";

fn assigned(id: RiskId, owner: OwnerId) -> RiskKind {
    let (user_id, team_id) = match owner {
        OwnerId::Nobody => (String::new(), String::new()),
        OwnerId::User(user) => (user.to_string(), String::new()),
        OwnerId::Team(team) => (String::new(), team.to_string()),
    };
    let owner = Some(risk::RiskOwner { user_id, team_id });
    RiskKind::RiskAssigned(risk::RiskAssigned {
        risk_id: id.to_string(),
        owner,
    })
}

fn scheduled(id: RiskId, on: Option<Day>) -> RiskKind {
    let next_action = on.map(|on| NextAction {
        due_date: Some(keizoku_proto::date(on)),
        text: "call".to_owned(),
    });
    RiskKind::NextActionScheduled(risk::NextActionScheduled {
        risk_id: id.to_string(),
        next_action,
    })
}

/// User 1 is in team 2, below team 1; user 3 in team 3.
fn teams() -> History {
    let mut history = History::default();
    history.accounts(team_defined(team(1), None));
    history.accounts(team_defined(team(2), Some(team(1))));
    history.accounts(team_defined(team(3), None));
    history.accounts(registered(user(1), team(2)));
    history.accounts(registered(user(3), team(3)));
    history.accounts(opened(account(1), attributes("", "Mid", user(1)), "関東"));
    history
}

fn ids(risks: &[ReportedRisk]) -> Vec<RiskId> {
    risks.iter().map(|risk| risk.risk).collect()
}

/// Risks 1 (user 1, opened six days ago, overdue), 2 (user 3, opened seven days ago and closed
/// today), 3 (team 1, overdue for longer), 4 (nobody's, nothing scheduled).
fn week() -> History {
    let mut history = teams();
    let opened_on = ["2026-11-16", "2026-11-15", "2026-10-01", "2026-10-01"];
    for (number, on) in (1..).zip(opened_on) {
        history.risk(risk_opened(
            risk_id(number),
            account(1),
            LEADS,
            "usage",
            day(on),
        ));
    }
    history.risk(assigned(risk_id(1), OwnerId::User(user(1))));
    history.risk(scheduled(risk_id(1), Some(day("2026-11-21"))));
    history.risk(assigned(risk_id(2), OwnerId::User(user(3))));
    history.risk(scheduled(risk_id(2), Some(day("2026-11-01"))));
    history.risk(assigned(risk_id(3), OwnerId::Team(team(1))));
    history.risk(scheduled(risk_id(3), Some(day("2026-11-20"))));
    history.risk(risk_closed(
        risk_id(2),
        WireCompletion::Completed,
        day(TODAY),
    ));
    history
}

#[test]
fn fc_9_opened_and_closed_in_seven_days_by_the_risks_own_dates() {
    let (book, board) = week().read(day(TODAY));
    let report = risk_report(
        &book,
        &board,
        AsOf::now(day(TODAY)),
        &ReportFilter::default(),
    );
    assert_eq!(
        (report.since, report.until),
        (day("2026-11-16"), day(TODAY))
    );
    assert_eq!(ids(&report.opened), [risk_id(1)]);
    assert_eq!(ids(&report.closed), [risk_id(2)]);
    assert_eq!(report.closed[0].completion, Some(Completion::Completed));
    assert_eq!(
        (report.closed[0].result.as_str(), report.closed[0].date),
        ("landed", day(TODAY))
    );
    assert_eq!(
        ids(&report.overdue),
        [risk_id(3), risk_id(1)],
        "longest first"
    );
    assert_eq!(
        (report.total.open, report.total.without_next_action),
        (3, 1)
    );
}

#[test]
fn fc_9_by_the_risk_owners_team_with_subteams() {
    let (book, board) = week().read(day(TODAY));
    let filter = ReportFilter {
        team: Some(team(1)),
        owner: None,
    };
    let report = risk_report(&book, &board, AsOf::now(day(TODAY)), &filter);
    assert_eq!(ids(&report.overdue), [risk_id(3), risk_id(1)]);
    assert_eq!(report.closed, []);
    let by_team: Vec<_> = report
        .by_team
        .iter()
        .map(|(team, counts)| (*team, counts.overdue))
        .collect();
    assert_eq!(by_team, [(Some(team(1)), 1), (Some(team(2)), 1)]);
    let filter = ReportFilter {
        team: None,
        owner: Some(user(3)),
    };
    let report = risk_report(&book, &board, AsOf::now(day(TODAY)), &filter);
    assert_eq!(report.by_owner.len(), 1);
    assert_eq!((report.total.open, report.total.closed), (0, 1));
}

#[test]
fn fc_9_a_reopened_risk_is_open_and_not_closed() {
    let mut history = week();
    history.risk(risk_reopened(risk_id(2)));
    let (book, board) = history.read(day(TODAY));
    let report = risk_report(
        &book,
        &board,
        AsOf::now(day(TODAY)),
        &ReportFilter::default(),
    );
    assert_eq!(report.closed, []);
    assert_eq!(ids(&report.overdue), [risk_id(2), risk_id(3), risk_id(1)]);
    let before = AsOf::known_at(at(history.second - 1), day(TODAY));
    let report = risk_report(&book, &board, before, &ReportFilter::default());
    assert_eq!(ids(&report.closed), [risk_id(2)]);
}

/// Account 1 renews in 100 days with notice in 70, account 2 in 20 days; account 2 is at risk.
fn contracts() -> History {
    let mut history = teams();
    history.accounts(opened(account(2), attributes("", "SMB", user(3)), "関西"));
    let begins = day("2026-01-01");
    for (number, days) in [(1, 100), (2, 20), (3, 10)] {
        let of = account(number.min(2));
        let terms = terms(Some(day(TODAY).plus_days(days)), 0);
        history.accounts(started(subscription(number), of, "core", begins, 10, terms));
    }
    history.risk(risk_opened(
        risk_id(1),
        account(2),
        LEADS,
        "usage",
        day(TODAY),
    ));
    history
}

fn question(within_days: u16) -> DeadlineQuestion {
    let as_of = AsOf::now(day(TODAY));
    DeadlineQuestion {
        as_of,
        within_days,
        kind: None,
        filter: Filter::default(),
    }
}

fn shown(history: &History, question: &DeadlineQuestion) -> Vec<(u128, DeadlineKind, i32, u32)> {
    let (book, board) = history.read(day(TODAY));
    let page = deadlines(&book, &board, question, 0, 100);
    assert_eq!(page.total, page.deadlines.len());
    let number =
        |id: keizoku_core::SubscriptionId| id.uuid().as_u128() - subscription(0).uuid().as_u128();
    page.deadlines
        .iter()
        .map(|one| {
            (
                number(one.subscription),
                one.kind,
                one.date.days_since(day(TODAY)),
                one.within,
            )
        })
        .collect()
}

#[test]
fn fc_13_renewals_and_notice_deadlines_at_risk_first_then_by_date() {
    let expected = [
        (3, DeadlineKind::Renewal, 10, 30),
        (2, DeadlineKind::Renewal, 20, 30),
        (1, DeadlineKind::Notice, 70, 90),
    ];
    assert_eq!(shown(&contracts(), &question(90)), expected);
    assert_eq!(shown(&contracts(), &question(30)), expected[..2]);
    let all = shown(&contracts(), &question(366));
    assert_eq!(all[3], (1, DeadlineKind::Renewal, 100, 0));
    let only = DeadlineQuestion {
        kind: Some(DeadlineKind::Notice),
        ..question(90)
    };
    assert_eq!(shown(&contracts(), &only), expected[2..]);
}

#[test]
fn fc_13_a_contract_with_an_announced_end_has_no_deadline() {
    let mut history = contracts();
    history.accounts(announced(subscription(3), day(TODAY).plus_days(10)));
    assert_eq!(
        shown(&history, &question(30)),
        [(2, DeadlineKind::Renewal, 20, 30)]
    );
}

#[test]
fn fc_13_a_filter_leaves_out_other_accounts() {
    let filter = Filter {
        tier: Some("Mid".to_owned()),
        ..Filter::default()
    };
    let question = DeadlineQuestion {
        filter,
        ..question(90)
    };
    assert_eq!(
        shown(&contracts(), &question),
        [(1, DeadlineKind::Notice, 70, 90)]
    );
}
