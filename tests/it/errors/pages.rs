//! Page by page: everything once, and only with the token's own question.

use std::collections::BTreeSet;

use keizoku_proto::accounts::{
    AccountFilter, ListAccountsRequest, ListContactLogRequest, ListContactsRequest,
    ListDealsRequest,
};
use keizoku_proto::forecast::{
    ListDeadlinesRequest, ListForecastAccountsRequest, ListQualityIssuesRequest,
};
use keizoku_proto::risk::{
    ListRiskHistoryRequest, ListRisksRequest, ListSuggestionsRequest, NextAction,
    ScheduleNextActionRequest, SearchKnowledgeRequest,
};
use keizoku_testkit::{day, refused};
use tonic::Code;

use super::scene;

#[tokio::test]
async fn every_entry_is_on_exactly_one_page() {
    let (_cluster, scene) = scene("pages").await;
    let mut names = BTreeSet::new();
    for number in 0..23 {
        let account = scene.account(&format!("会社{number}"), |_| ()).await;
        scene.risk(&account, "競合", |_| ()).await;
        names.insert(account.name);
    }
    let mut listed = Vec::new();
    let mut request = ListAccountsRequest {
        page_size: 5,
        order_by: "display_name desc".to_owned(),
        consistency_tokens: scene.account_tokens(),
        ..ListAccountsRequest::default()
    };
    let mut sizes = Vec::new();
    loop {
        let page = scene.api.accounts().list_accounts(request.clone()).await;
        let page = page.unwrap().into_inner();
        assert_eq!(page.total_size, 23);
        sizes.push(page.accounts.len());
        listed.extend(page.accounts.into_iter().map(|account| account.name));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(sizes, [5, 5, 5, 5, 3]);
    assert_eq!(listed.len(), 23);
    assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), names);

    let mut risks = BTreeSet::new();
    let mut request = ListRisksRequest {
        page_size: 10,
        consistency_tokens: scene.tokens(),
        ..ListRisksRequest::default()
    };
    loop {
        let page = scene.api.risks().list_risks(request.clone()).await.unwrap();
        let page = page.into_inner();
        let before = risks.len();
        risks.extend(page.risks.iter().map(|risk| risk.name.clone()));
        assert_eq!(risks.len(), before + page.risks.len(), "a risk came twice");
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(risks.len(), 23);
}

#[tokio::test]
async fn a_page_token_belongs_to_its_filter_and_order() {
    let (_cluster, scene) = scene("bound").await;
    for number in 0..3 {
        let account = scene
            .account(&format!("会社{number}"), |fields| {
                fields.region = "東京都".to_owned();
            })
            .await;
        scene.risk(&account, "競合", |_| ()).await;
    }
    let first = ListAccountsRequest {
        page_size: 1,
        filter: Some(AccountFilter {
            region: "東京都".to_owned(),
            ..AccountFilter::default()
        }),
        consistency_tokens: scene.account_tokens(),
        ..ListAccountsRequest::default()
    };
    let mut accounts = scene.api.accounts();
    let page = accounts.list_accounts(first.clone()).await.unwrap();
    let token = page.into_inner().next_page_token;
    let with_token = ListAccountsRequest {
        page_token: token,
        ..first.clone()
    };
    // Another size is the same question.
    let wider = ListAccountsRequest {
        page_size: 2,
        ..with_token.clone()
    };
    let rest = accounts.list_accounts(wider).await.unwrap().into_inner();
    assert_eq!(rest.accounts.len(), 2);

    let other_filter = ListAccountsRequest {
        filter: None,
        ..with_token.clone()
    };
    let other_order = ListAccountsRequest {
        order_by: "create_time".to_owned(),
        ..with_token.clone()
    };
    let made_up = ListAccountsRequest {
        page_token: "AAAA".to_owned(),
        ..first
    };
    for request in [other_filter, other_order, made_up] {
        let refusal = refused(accounts.list_accounts(request).await);
        assert_eq!(
            refusal.kind(),
            (Code::InvalidArgument, "PAGE_TOKEN_MISMATCH")
        );
    }
}

#[tokio::test]
async fn no_list_takes_the_page_token_of_another_list() {
    let (_cluster, scene) = scene("lists").await;
    let account = scene.account("あおば製作所", |_| ()).await;
    let name = scene.risk(&account, "競合", |_| ()).await.name;
    scene.account("みなと食品", |_| ()).await;
    let first = ListAccountsRequest {
        page_size: 1,
        consistency_tokens: scene.account_tokens(),
        ..ListAccountsRequest::default()
    };
    let page = scene.api.accounts().list_accounts(first).await.unwrap();
    let page_token = page.into_inner().next_page_token;
    assert!(!page_token.is_empty());
    let token = || page_token.clone();
    let (mut risks, mut forecasts) = (scene.api.risks(), scene.api.forecasts());
    let deals = ListDealsRequest {
        page_token: token(),
        ..ListDealsRequest::default()
    };
    let list = ListRisksRequest {
        page_token: token(),
        ..ListRisksRequest::default()
    };
    let history = ListRiskHistoryRequest {
        name,
        page_token: token(),
        ..ListRiskHistoryRequest::default()
    };
    let search = SearchKnowledgeRequest {
        page_token: token(),
        ..SearchKnowledgeRequest::default()
    };
    let suggestions = ListSuggestionsRequest {
        page_token: token(),
        ..ListSuggestionsRequest::default()
    };
    let people = ListContactsRequest {
        parent: "accounts/-".to_owned(),
        page_token: token(),
        ..ListContactsRequest::default()
    };
    let log = ListContactLogRequest {
        parent: "accounts/-".to_owned(),
        page_token: token(),
        ..ListContactLogRequest::default()
    };
    let behind = ListForecastAccountsRequest {
        page_token: token(),
        ..ListForecastAccountsRequest::default()
    };
    let deadlines = ListDeadlinesRequest {
        page_token: token(),
        ..ListDeadlinesRequest::default()
    };
    let quality = ListQualityIssuesRequest {
        page_token: token(),
        ..ListQualityIssuesRequest::default()
    };
    let refusals = [
        refused(scene.api.accounts().list_deals(deals).await),
        refused(scene.api.contacts().list_contacts(people).await),
        refused(scene.api.contacts().list_contact_log(log).await),
        refused(risks.list_risks(list).await),
        refused(risks.list_risk_history(history).await),
        refused(risks.search_knowledge(search).await),
        refused(risks.list_suggestions(suggestions).await),
        refused(forecasts.list_forecast_accounts(behind).await),
        refused(forecasts.list_deadlines(deadlines).await),
        refused(forecasts.list_quality_issues(quality).await),
    ];
    for refusal in refusals {
        let expected = (Code::InvalidArgument, "PAGE_TOKEN_MISMATCH");
        assert_eq!(refusal.kind(), expected, "{}", refusal.message);
    }
}

#[tokio::test]
async fn a_page_token_of_one_risk_s_history_is_of_no_use_for_another_s() {
    let (_cluster, scene) = scene("history").await;
    let account = scene.account("あおば製作所", |_| ()).await;
    let mut names = Vec::new();
    for name in ["競合", "価格"] {
        let risk = scene.risk(&account, name, |_| ()).await;
        for number in 1..=3 {
            let schedule = ScheduleNextActionRequest {
                name: risk.name.clone(),
                next_action: Some(NextAction {
                    due_date: Some(day(2026, 12, number)),
                    text: String::new(),
                }),
                request_id: scene.ids.fresh(),
                ..ScheduleNextActionRequest::default()
            };
            scene
                .api
                .risks()
                .schedule_next_action(schedule)
                .await
                .unwrap();
        }
        names.push(risk.name);
    }
    let ask = |name: &str, token: String| ListRiskHistoryRequest {
        name: name.to_owned(),
        page_size: 2,
        page_token: token,
    };
    let page = scene
        .api
        .risks()
        .list_risk_history(ask(&names[0], String::new()))
        .await;
    let page = page.unwrap().into_inner();
    assert_eq!(page.changes.len(), 2);
    let other = ask(&names[1], page.next_page_token);
    let refusal = refused(scene.api.risks().list_risk_history(other).await);
    assert_eq!(refusal.reason, "PAGE_TOKEN_MISMATCH");
}

#[tokio::test]
async fn sizes_that_make_no_sense_are_refused() {
    let (_cluster, scene) = scene("sizes").await;
    for page_size in [-1, 1_001, i32::MAX, i32::MIN] {
        let list = ListAccountsRequest {
            page_size,
            ..ListAccountsRequest::default()
        };
        let refusal = refused(scene.api.accounts().list_accounts(list).await);
        assert_eq!(refusal.fields, ["page_size"]);
        let search = SearchKnowledgeRequest {
            page_size,
            ..SearchKnowledgeRequest::default()
        };
        let refusal = refused(scene.api.risks().search_knowledge(search).await);
        assert_eq!(refusal.fields, ["page_size"]);
    }
    let list = ListAccountsRequest {
        order_by: "mrr".to_owned(),
        ..ListAccountsRequest::default()
    };
    let refusal = refused(scene.api.accounts().list_accounts(list).await);
    assert_eq!(refusal.fields, ["order_by"]);
    let list = ListRisksRequest {
        order_by: "owner; DROP TABLE risks".to_owned(),
        ..ListRisksRequest::default()
    };
    let refusal = refused(scene.api.risks().list_risks(list).await);
    assert_eq!(refusal.fields, ["order_by"]);
}
