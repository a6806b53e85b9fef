//! What is recorded once: accounts, contracts and risks that keep referring to one another.

use keizoku_proto::accounts::{
    Account, AccountFields, ConfigureOrganisationRequest, FactKind, Organisation, Subscription,
    SubscriptionTerms, Team, UpdateAccountRequest, User,
};
use keizoku_proto::google::r#type::Date;
use keizoku_proto::risk::{Completion, LeadsToChurn, OpenRiskRequest, Risk};
use keizoku_testkit::{Cluster, Scene, day};

use super::health;
use super::onboardings;
use super::steps::*;

/// When the history begins, goes on and is complete. It is Sydney's organisation: its last evening
/// in Tokyo is its next morning there.
pub(super) const BEGINNING: &str = "2026-09-15T10:00[Asia/Tokyo]";
pub(super) const OCTOBER: &str = "2026-10-20T10:00[Asia/Tokyo]";
pub(super) const NOVEMBER: &str = "2026-11-10T10:00[Asia/Tokyo]";
pub(super) const NOW: &str = "2026-11-22T22:30[Asia/Tokyo]";

/// Whom questions are about.
pub(super) struct Cast {
    pub(super) field: Team,
    pub(super) east: Team,
    pub(super) kato: User,
    pub(super) survivor: Account,
    pub(super) duplicate: Account,
    /// Accounts with health scores, and a release.
    pub(super) scored: Vec<String>,
    pub(super) release: String,
}

/// What of the first month the later ones go on with.
struct Begun {
    accounts: [Account; 6],
    subscriptions: Vec<Subscription>,
    risks: Vec<Risk>,
    suggestions: Vec<keizoku_proto::risk::Suggestion>,
}

pub(super) async fn record(cluster: &Cluster, scene: &Scene) -> Cast {
    let field = scene.team("Field").await;
    let east = subteam(scene, "East", &field).await;
    let west = scene.team("West").await;
    let [suzuki, sato, kato] = [
        scene.user("鈴木", &east).await,
        scene.user("佐藤", &west).await,
        scene.user("加藤", &east).await,
    ];
    let mut begun = begin(scene, [&suzuki, &sato, &kato], &west).await;
    cluster.set(OCTOBER);
    let release = october(scene, &mut begun, &kato).await;
    cluster.set(NOVEMBER);
    let hikari = november(scene, &begun, &sato).await;
    cluster.set(NOW);
    finish(scene, &begun, &hikari).await;
    let departed = User {
        active: false,
        ..suzuki
    };
    update_user(scene, departed, "active", None).await;
    let moved = User {
        team: west.name.clone(),
        ..kato.clone()
    };
    update_user(scene, moved, "team", Some(day(2026, 11, 20))).await;
    let scored = begun.accounts.iter().chain([&hikari]);
    let scored = scored.map(|account| account.name.clone()).collect();
    let [.., duplicate, _] = begun.accounts;
    Cast {
        scored,
        release,
        field,
        east,
        kato,
        survivor: hikari,
        duplicate,
    }
}

async fn subteam(scene: &Scene, name: &str, parent: &Team) -> Team {
    let request = keizoku_proto::accounts::DefineTeamRequest {
        team: Some(Team {
            display_name: name.to_owned(),
            parent: parent.name.clone(),
            ..Team::default()
        }),
        request_id: scene.ids.fresh(),
    };
    let answer = change!(scene, directory.define_team, changed_accounts, request);
    answer.team.unwrap()
}

/// Accounts as they are filed: name, group, tier, industry, region.
const FILED: [(&str, &str, &str, &str, &str); 6] = [
    ("あおば製作所", "G1", "Enterprise", "製造", "関東"),
    ("あおば販売", "G1", "Mid", "小売", "関東"),
    ("北斗物流", "", "Mid", "物流", "北海道"),
    ("みなと食品", "G2", "SMB", "食品", "関西"),
    ("みなと食品(旧)", "", "Mid", "飲料", "関西"),
    ("こだま商事", "", "SMB", "商社", "関東"),
];

/// Subscriptions: index of the account, product, MRR, renewal.
const SIGNED: [(usize, &str, i64, Date); 7] = [
    (0, "Core", 300_000, day(2026, 12, 31)),
    (0, "Add-on", 50_000, day(2027, 2, 28)),
    (1, "Core", 200_000, day(2027, 1, 31)),
    (2, "Core", 500_000, day(2026, 12, 15)),
    (3, "Core", 1_000_000, day(2027, 3, 31)),
    (4, "Add-on", 120_000, day(2026, 12, 20)),
    (5, "Core", 400_000, day(2026, 10, 31)),
];

fn owned(
    (_, group, tier, industry, region): (&str, &str, &str, &str, &str),
    owner: &str,
    pool: &str,
) -> impl FnOnce(&mut AccountFields) {
    let [group, tier, industry, region, owner, pool] =
        [group, tier, industry, region, owner, pool].map(str::to_owned);
    |fields| {
        (fields.group, fields.tier) = (group, tier);
        (fields.industry, fields.region) = (industry, region);
        (fields.owner, fields.pool) = (owner, pool);
    }
}

fn risk_of(kind: &str, flag: LeadsToChurn, due: Option<Date>) -> impl FnOnce(&mut OpenRiskRequest) {
    let kind = kind.to_owned();
    move |risk| {
        risk.r#type = kind;
        risk.leads_to_churn = flag.into();
        risk.next_action = due.map(action);
    }
}

const LEADS: LeadsToChurn = LeadsToChurn::LeadsToChurn;
const UNKNOWN: LeadsToChurn = LeadsToChurn::UnknownAtPresent;

async fn begin(scene: &Scene, [suzuki, sato, kato]: [&User; 3], pool: &Team) -> Begun {
    let request = ConfigureOrganisationRequest {
        organisation: Some(Organisation {
            time_zone: "Australia/Sydney".to_owned(),
            ..Organisation::default()
        }),
        update_mask: vec!["time_zone".to_owned()],
        request_id: scene.ids.fresh(),
        ..ConfigureOrganisationRequest::default()
    };
    change!(
        scene,
        directory.configure_organisation,
        changed_accounts,
        request
    );
    let owners = [
        (suzuki.name.as_str(), ""),
        (suzuki.name.as_str(), ""),
        (sato.name.as_str(), ""),
        ("", pool.name.as_str()),
        (sato.name.as_str(), ""),
        (kato.name.as_str(), ""),
    ];
    let mut accounts = Vec::new();
    for (filed, (owner, pool)) in FILED.into_iter().zip(owners) {
        accounts.push(scene.account(filed.0, owned(filed, owner, pool)).await);
    }
    let accounts: [Account; 6] = accounts.try_into().unwrap();
    let mut subscriptions = Vec::new();
    for (account, product, mrr, renewal) in SIGNED {
        let terms = SubscriptionTerms {
            next_renewal_date: Some(renewal),
            notice_deadline: (account == 3).then_some(day(2027, 2, 28)),
            term_months: 12,
            auto_renew: account == 1,
        };
        let signed = |request: &mut keizoku_proto::accounts::StartSubscriptionRequest| {
            request.product = product.to_owned();
            request.terms = Some(terms);
        };
        subscriptions.push(scene.subscription(&accounts[account], mrr, signed).await);
    }
    let due = Some(day(2026, 11, 12));
    let filed = [
        (0, "利用率の低下", risk_of("low_usage", LEADS, due)),
        (0, "値上げへの不満", risk_of("price", LEADS, None)),
        (2, "競合の提案", risk_of("competitor", UNKNOWN, due)),
        (4, "担当者の退職", risk_of("champion_left", LEADS, None)),
        (5, "機能の不足", risk_of("missing_feature", LEADS, None)),
        (3, "組織の再編", risk_of("reorganisation", LEADS, due)),
    ];
    let mut risks = Vec::new();
    for (account, name, fields) in filed {
        risks.push(scene.risk(&accounts[account], name, fields).await);
    }
    for account in [0, 4] {
        let started = onboardings::start(scene, &accounts[account], day(2026, 9, 1)).await;
        onboardings::hold(scene, &started).await;
        onboardings::done(scene, &started, "read_hand_off").await;
        onboardings::speak(scene, &accounts[account], day(2026, 9, 10)).await;
        onboardings::declare(scene, &started, "申請").await;
    }
    health::begin(scene, &accounts).await;
    let started = onboardings::start(scene, &accounts[5], day(2026, 9, 14)).await;
    onboardings::hold(scene, &started).await;
    let mut suggestions = Vec::new();
    for account in [1, 5, 4] {
        suggestions.push(suggest(scene, &accounts[account], "contact-left").await);
    }
    Begun {
        accounts,
        subscriptions,
        risks,
        suggestions,
    }
}

/// Owners, tiers and groups change at several times, contracts backwards.
async fn october(scene: &Scene, begun: &mut Begun, kato: &User) -> String {
    let [_, sales, hokuto, _, duplicate, kodama] = &begun.accounts;
    assign(scene, hokuto, day(2026, 10, 1), |to| {
        to.owner = Some(kato.name.clone());
    })
    .await;
    assign(scene, sales, day(2026, 11, 1), |to| {
        to.tier = Some("Enterprise".to_owned());
    })
    .await;
    close(
        scene,
        &begun.risks[1],
        Completion::Completed,
        day(2026, 10, 19),
    )
    .await;
    close(
        scene,
        &begun.risks[3],
        Completion::Completed,
        day(2026, 10, 20),
    )
    .await;
    assign(scene, kodama, day(2026, 11, 15), |to| {
        to.group = Some("G1".to_owned());
    })
    .await;
    accept(scene, &begun.suggestions[0]).await;
    dismiss(scene, &begun.suggestions[1]).await;
    let [core, ..] = &begun.subscriptions[..] else {
        panic!("the first month signs subscriptions");
    };
    let larger = fact(
        scene,
        core,
        FactKind::Expanded,
        day(2026, 9, 1),
        Some(400_000),
    )
    .await;
    begun.subscriptions[0] = larger;
    let known_differently = scene.risk(duplicate, "窓口が二つ", risk_of("price", UNKNOWN, None));
    begun.risks.push(known_differently.await);
    reopen(scene, &begun.risks[1]).await;
    health::october(scene, &begun.accounts).await
}

/// A new account with a risk at once; the duplicate is merged between closing and reopening.
async fn november(scene: &Scene, begun: &Begun, sato: &User) -> Account {
    let fields = ("ひかり印刷", "", "SMB", "印刷", "関西");
    let hikari = scene.account(fields.0, owned(fields, &sato.name, "")).await;
    let risk = scene
        .risk(&hikari, "予算の削減", risk_of("price", LEADS, None))
        .await;
    let signed = scene.subscription(&hikari, 250_000, |request| {
        let terms = request.terms.get_or_insert_default();
        terms.next_renewal_date = Some(day(2027, 1, 15));
    });
    signed.await;
    let [.., minato, duplicate, _] = &begun.accounts;
    health::november(scene, &begun.accounts, &hikari).await;
    merge(scene, duplicate, minato).await;
    reopen(scene, &begun.risks[3]).await;
    close(scene, &risk, Completion::Failed, day(2026, 11, 10)).await;
    let hokuto = &begun.subscriptions[3];
    fact(
        scene,
        hokuto,
        FactKind::CancellationAnnounced,
        day(2026, 12, 31),
        None,
    )
    .await;
    void(scene, &begun.subscriptions[0]).await;
    hikari
}

/// A survivor is merged too; an account is lost backwards; a name changes.
async fn finish(scene: &Scene, begun: &Begun, hikari: &Account) {
    let [aoba, _, _, minato, ..] = &begun.accounts;
    let risks = &begun.risks;
    scene
        .risk(minato, "請求の誤り", risk_of("price", LEADS, None))
        .await;
    merge(scene, minato, hikari).await;
    close(scene, &risks[6], Completion::Completed, day(2026, 11, 21)).await;
    close(scene, &risks[4], Completion::Failed, day(2026, 11, 20)).await;
    amend(scene, &risks[4], "競合へ移った").await;
    let kodama = &begun.subscriptions[6];
    fact(scene, kodama, FactKind::Churned, day(2026, 11, 15), None).await;
    assess(scene, &risks[2], LEADS).await;
    schedule(scene, &risks[1], day(2026, 11, 18)).await;
    onboardings::speak(scene, minato, day(2026, 11, 20)).await;
    let request = UpdateAccountRequest {
        name: aoba.name.clone(),
        account: Some(AccountFields {
            display_name: "あおばホールディングス".to_owned(),
            industry: "持株会社".to_owned(),
            ..AccountFields::default()
        }),
        update_mask: vec!["display_name".to_owned(), "industry".to_owned()],
        request_id: scene.ids.fresh(),
        ..UpdateAccountRequest::default()
    };
    change!(scene, accounts.update_account, changed_accounts, request);
    close(scene, &risks[0], Completion::NotARisk, day(2026, 11, 22)).await;
    suggest(scene, hikari, "contact-left").await;
    health::finish(scene, &begun.accounts).await;
}
