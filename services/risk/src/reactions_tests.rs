use keizoku_proto::accounts::{AccountChurned, ContactReturned};
use uuid::Uuid;

use super::*;

const CONTACT: &str = "00000000-0000-0000-0000-000000000007";

fn account() -> AccountId {
    Uuid::from_u128(1).into()
}

fn departed(roles: &[ContactRole]) -> Kind {
    let day: Day = "2026-11-30".parse().unwrap();
    Kind::ContactDeparted(ContactDeparted {
        contact_id: CONTACT.to_owned(),
        account_id: account().to_string(),
        roles: roles.iter().map(|role| (*role).into()).collect(),
        departure_date: Some(day.into()),
    })
}

fn known(locale: &str) -> Known {
    Known {
        locale: locale.to_owned(),
        leaver_type: "champion_left".to_owned(),
        ..Known::default()
    }
}

fn suggested(roles: &[ContactRole], locale: &str) -> Option<RiskSuggested> {
    let mut intents = react(&departed(roles), &known(locale));
    assert!(intents.len() <= 1);
    match intents.pop()? {
        Intent::Suggest(suggested) => Some(suggested),
        other => panic!("{other:?}"),
    }
}

#[test]
fn rx_6_a_decision_maker_or_administrator_who_leaves_is_a_suggestion() {
    use ContactRole::{Administrator, DecisionMaker, User};
    for (roles, name) in [
        (&[DecisionMaker][..], "意思決定者の離任"),
        (&[Administrator, User], "管理者の離任"),
        (&[DecisionMaker, Administrator], "意思決定者・管理者の離任"),
    ] {
        let suggested = suggested(roles, "ja").unwrap();
        assert_eq!(suggested.display_name, name);
        assert!(suggested.detail.contains("2026-11-30"), "{suggested:?}");
        assert_eq!(suggested.cause, format!("contact_left:{CONTACT}"));
        let id = suggestion_id(account(), &suggested.cause);
        assert_eq!(suggested.suggestion_id, id.to_string());
        assert_eq!(suggested.r#type, "champion_left");
    }
    assert_eq!(suggested(&[User], "ja"), None);
    assert_eq!(suggested(&[], "ja"), None);
    let english = suggested(&[Administrator], "en").unwrap();
    assert_eq!(english.display_name, "Administrator left");
}

#[test]
fn rx_6_risk_9_the_cause_clears_when_the_person_is_back() {
    let back = Kind::ContactReturned(ContactReturned {
        contact_id: CONTACT.to_owned(),
    });
    assert_eq!(react(&back, &known("ja")), [], "nobody who mattered");
    let known = Known {
        account_of_contact: Some(account()),
        ..known("ja")
    };
    let cause = format!("contact_left:{CONTACT}");
    let account = account();
    assert_eq!(
        react(&back, &known),
        [Intent::ClearCause { account, cause }]
    );
}

#[test]
fn rx_5_every_open_risk_of_a_churned_account_asks_for_closure() {
    let churn_date: Day = "2026-12-01".parse().unwrap();
    let churned = Kind::AccountChurned(AccountChurned {
        account_id: account().to_string(),
        churn_date: Some(churn_date.into()),
    });
    assert_eq!(react(&churned, &known("ja")), []);
    let open_risks: Vec<RiskId> = [1, 2].map(|id| Uuid::from_u128(id).into()).into();
    let ask = |risk: &RiskId| Intent::RequestClosure {
        risk: *risk,
        churn_date,
    };
    let expected: Vec<Intent> = open_risks.iter().map(ask).collect();
    let known = Known {
        open_risks,
        ..known("ja")
    };
    assert_eq!(react(&churned, &known), expected);
}
