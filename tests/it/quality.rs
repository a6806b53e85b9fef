//! What is wrong with records, since when, and who should mend it (FC-10).

use keizoku_proto::accounts::{
    Account, AddContactRequest, ContactFields, MergeAccountsRequest, UpdateUserRequest, User,
};
use keizoku_proto::common::AsOf;
use keizoku_proto::forecast::{
    ListQualityIssuesRequest, ListQualityIssuesResponse, QualityIssue, QualityIssueKind,
};
use keizoku_testkit::{Cluster, Scene, day, refused};

const MORNING: &str = "2026-11-22T09:00[Asia/Tokyo]";
const NEXT_DAY: &str = "2026-11-23T09:00[Asia/Tokyo]";

async fn issues(
    scene: &Scene,
    change: impl FnOnce(&mut ListQualityIssuesRequest),
) -> ListQualityIssuesResponse {
    let mut request = ListQualityIssuesRequest {
        consistency_tokens: scene.tokens(),
        ..ListQualityIssuesRequest::default()
    };
    change(&mut request);
    let answer = scene.api.forecasts().list_quality_issues(request).await;
    answer.unwrap().into_inner()
}

fn kinds(answer: &ListQualityIssuesResponse) -> Vec<QualityIssueKind> {
    answer.issues.iter().map(QualityIssue::kind).collect()
}

/// An account of a user's with a contract that renews ahead.
async fn customer(scene: &Scene, name: &str, owner: &User, mrr: i64) -> Account {
    let account = scene
        .account(name, |account| account.owner.clone_from(&owner.name))
        .await;
    scene
        .subscription(&account, mrr, |request| {
            let terms = request.terms.get_or_insert_default();
            terms.next_renewal_date = Some(day(2027, 3, 31));
        })
        .await;
    account
}

async fn contact(scene: &Scene, account: &Account, email: &str) {
    let request = AddContactRequest {
        parent: account.name.clone(),
        contact: Some(ContactFields {
            display_name: "山田".to_owned(),
            email: email.to_owned(),
            ..ContactFields::default()
        }),
        request_id: scene.ids.fresh(),
        ..AddContactRequest::default()
    };
    let added = scene.api.contacts().add_contact(request).await.unwrap();
    scene.changed_accounts(added.into_inner().consistency_token);
}

#[tokio::test]
async fn fc_10_one_customer_twice_is_found_by_name_and_domain_until_they_are_merged() {
    let cluster = Cluster::at(MORNING).await;
    let scene = Scene::new("quality", cluster.api("ops").await);
    let team = scene.team("東日本").await;
    let user = scene.user("鈴木", &team).await;
    let one = customer(&scene, "株式会社あおば製作所", &user, 300_000).await;
    contact(&scene, &one, "yamada@aoba.example.jp").await;
    let before = issues(&scene, |_| ()).await;
    assert_eq!(before.issues, [], "everything is in order");

    cluster.set(NEXT_DAY);
    let twin = customer(&scene, "あおば製作所(株)", &user, 100_000).await;
    contact(&scene, &twin, "yamada@AOBA.example.jp").await;
    let found = issues(&scene, |_| ()).await;
    let both = [
        QualityIssueKind::DuplicateName,
        QualityIssueKind::DuplicateDomain,
    ];
    assert_eq!(kinds(&found), both);
    let issue = &found.issues[0];
    assert_eq!(issue.account, one.name, "the one with more MRR");
    assert_eq!(issue.account_display_name, "株式会社あおば製作所");
    assert_eq!(issue.duplicates[0].account, twin.name);
    assert_eq!(issue.duplicates[0].account_display_name, "あおば製作所(株)");
    assert_eq!(issue.since, Some(day(2026, 11, 23)));
    assert_eq!(
        (issue.shared.as_str(), issue.fixer.as_str()),
        ("あおば製作所", "roles/ops")
    );
    assert_eq!(found.issues[1].shared, "aoba.example.jp");
    assert!(!found.watermarks.is_empty(), "FC-11");

    // As of the day before nobody had heard of the second one.
    let known_at = before.watermarks[0].recorded_at;
    let then = issues(&scene, |request| {
        request.as_of = Some(AsOf {
            known_at,
            ..AsOf::default()
        });
    });
    assert_eq!(then.await.issues, []);

    let merge = MergeAccountsRequest {
        duplicate: twin.name,
        survivor: one.name,
        request_id: scene.ids.fresh(),
    };
    let merged = scene.api.accounts().merge_accounts(merge).await.unwrap();
    scene.changed_accounts(merged.into_inner().consistency_token);
    assert_eq!(issues(&scene, |_| ()).await.issues, []);
}

#[tokio::test]
async fn fc_10_what_somebody_left_behind_is_listed_for_the_team_page_by_page() {
    let cluster = Cluster::at(MORNING).await;
    let scene = Scene::new("quality", cluster.api("ops").await);
    let team = scene.team("東日本").await;
    let user = scene.user("鈴木", &team).await;
    for (name, mrr) in [("あおば製作所", 100_000), ("北斗物流", 300_000)] {
        customer(&scene, name, &user, mrr).await;
    }
    let leaves = UpdateUserRequest {
        user: Some(User {
            active: false,
            ..user
        }),
        update_mask: vec!["active".to_owned()],
        request_id: scene.ids.fresh(),
        ..UpdateUserRequest::default()
    };
    let left = scene.api.directory().update_user(leaves).await.unwrap();
    scene.changed_accounts(left.into_inner().consistency_token);
    let mut shown = Vec::new();
    let mut page_token = String::new();
    loop {
        let page = issues(&scene, |request| {
            request.kinds = vec![QualityIssueKind::DepartedOwner.into()];
            request.fixer.clone_from(&team.name);
            request.page_size = 1;
            request.page_token.clone_from(&page_token);
        });
        let page = page.await;
        assert_eq!((page.total_size, page.counts[0].count), (2, 2));
        shown.extend(page.issues);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let names = shown
        .iter()
        .map(|issue| issue.account_display_name.as_str());
    assert_eq!(names.collect::<Vec<_>>(), ["北斗物流", "あおば製作所"]);
    assert!(shown.iter().all(|issue| issue.fixer == team.name));
}

#[tokio::test]
async fn fc_10_every_wrong_field_of_the_question_is_named() {
    let cluster = Cluster::at(MORNING).await;
    let scene = Scene::new("quality", cluster.api("ops").await);
    let wrong = ListQualityIssuesRequest {
        kinds: vec![1, 99],
        team: "users/1".to_owned(),
        fixer: "teams/0197f0a0-0000-7000-8000-000000000003".to_owned(),
        ..ListQualityIssuesRequest::default()
    };
    let refusal = refused(scene.api.forecasts().list_quality_issues(wrong).await);
    assert_eq!(refusal.fields, ["fixer", "kinds[1]", "team"]);
}
