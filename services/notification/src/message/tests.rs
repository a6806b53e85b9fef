//! What people receive: every trigger in every language and channel as a file to read, and what
//! users write into it.
//!
//! `UPDATE_GOLDENS=1 cargo test -p keizoku-notification` writes the files anew.

mod hostile;
mod onboardings;

use std::path::PathBuf;

use keizoku_core::{Day, Money, Rate};
use keizoku_proto::healthscore::Band;
use keizoku_proto::notification::Message;
use keizoku_proto::risk::{Completion, LeadsToChurn};
use uuid::Uuid;

use super::locale::Locale;
use super::template::{
    self, About, Action, BandChange, Closed, Customer, Deadline, DeadlineKind, Digest, Ending,
    Escalated, Flag, Opened, Overdue, Responsible, Suggested, Writer,
};
use super::{email, slack, with_names};

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn writer(locale: Locale) -> Writer {
    Writer {
        locale,
        today: day("2026-11-25"),
        base_url: "https://keizoku.example.com/".to_owned(),
        currency: "JPY".to_owned(),
    }
}

fn customer() -> Customer {
    Customer {
        id: Uuid::from_u128(1).into(),
        name: "緑川印刷".to_owned(),
        mrr: Money::from_minor(1_200_000),
        next_renewal: Some(day("2027-03-31")),
        impact: Rate::new(1_850_000, 410_000_000).ok(),
    }
}

fn hanako() -> Responsible {
    Responsible::User("users/hanako".to_owned())
}

fn action() -> Action {
    Action {
        text: "後任の鈴木様に電話".to_owned(),
        due: Some(day("2026-12-01")),
    }
}

/// Every trigger, by the name of its file.
fn messages(writer: &Writer) -> Vec<(&'static str, Message)> {
    let risks = risk_messages(writer).into_iter();
    let onboardings = onboardings::messages(writer);
    let others = other_messages(writer);
    risks.chain(onboardings).chain(others).collect()
}

fn risk_messages(writer: &Writer) -> Vec<(&'static str, Message)> {
    let id = Uuid::from_u128(2).to_string();
    let name = "担当者が退職".to_owned();
    let customer = customer();
    let closed = |completion, result: &str| Closed {
        id: id.clone(),
        name: name.clone(),
        completion,
        result: result.to_owned(),
        owner: hanako(),
        impact: Rate::new(1_850_000, 410_000_000).ok(),
    };
    let flag = |now, reason: &str| Flag {
        id: id.clone(),
        name: name.clone(),
        now,
        reason: reason.to_owned(),
        owner: hanako(),
        action: action(),
    };
    vec![
        (
            "risk-opened",
            template::risk_opened(
                writer,
                &customer,
                &Opened {
                    id: id.clone(),
                    name: name.clone(),
                    detail: "推進者の佐藤様が11月末で退職。\n後任は総務の鈴木様。".to_owned(),
                    leads_to_churn: LeadsToChurn::LeadsToChurn,
                    owner: hanako(),
                    action: action(),
                },
            ),
        ),
        (
            "risk-closed-completed",
            template::risk_closed(
                writer,
                &customer,
                &closed(
                    Completion::Completed,
                    "後任の方と活用計画を作り、更新の内諾を得た",
                ),
            ),
        ),
        (
            "risk-closed-failed",
            template::risk_closed(
                writer,
                &customer,
                &closed(
                    Completion::Failed,
                    "後任の方に価値を伝えきれず、解約となった",
                ),
            ),
        ),
        (
            "risk-closed-not-a-risk",
            template::risk_closed(
                writer,
                &customer,
                &closed(Completion::NotARisk, "異動ではなく育休だった"),
            ),
        ),
        (
            "leads-to-churn",
            template::leads_to_churn_changed(
                writer,
                &customer,
                &flag(LeadsToChurn::LeadsToChurn, "後任の方と3週間連絡がつかない"),
            ),
        ),
        (
            "leads-to-churn-unknown",
            template::leads_to_churn_changed(
                writer,
                &customer,
                &flag(LeadsToChurn::UnknownAtPresent, "後任の方と面談できた"),
            ),
        ),
        (
            "suggestion-made",
            template::suggestion_made(
                writer,
                &customer,
                &Suggested {
                    name: "決裁者が退職".to_owned(),
                    detail: "決裁者の佐藤様が退職されました。".to_owned(),
                    owner: hanako(),
                },
            ),
        ),
    ]
}

/// What is not about risks.
fn other_messages(writer: &Writer) -> Vec<(&'static str, Message)> {
    let customer = customer();
    let ending = Ending {
        product: "Core".to_owned(),
        end: Some(day("2027-03-31")),
        lost: Money::from_minor(900_000),
        reason: "予算削減により来期は継続しない".to_owned(),
        owner: hanako(),
    };
    let escalated = Escalated {
        id: Uuid::from_u128(2).to_string(),
        name: "担当者が退職".to_owned(),
        owner: hanako(),
        action: Action {
            due: Some(day("2026-11-20")),
            ..action()
        },
        days: 5,
    };
    let health = |from, to, score| {
        let change = BandChange {
            from,
            to,
            score,
            owner: hanako(),
        };
        template::health_band_changed(writer, &customer, &change)
    };
    vec![
        (
            "cancellation-announced",
            template::cancellation_announced(writer, &customer, &ending),
        ),
        ("churned", template::churned(writer, &customer, &ending)),
        ("health-worse", health(Band::Yellow, Band::Red, 31)),
        ("health-better", health(Band::Yellow, Band::Green, 74)),
        (
            "next-action-overdue",
            template::next_action_overdue(writer, &customer, &escalated),
        ),
        (
            "weekly-digest-owner",
            template::weekly(writer, &digest(true)),
        ),
        (
            "weekly-digest-team",
            template::weekly(writer, &digest(false)),
        ),
        ("test", template::test(writer)),
    ]
}

fn digest(is_personal: bool) -> Digest {
    let overdue = |risk: u128, account: &str, name: &str, due: &str, owner: &str| Overdue {
        account: Uuid::from_u128(risk).into(),
        account_name: account.to_owned(),
        risk: Uuid::from_u128(risk + 100).to_string(),
        risk_name: name.to_owned(),
        action: "定例を再設定".to_owned(),
        due: day(due),
        owner: owner.to_owned(),
    };
    let deadline = |account: u128, name: &str, kind, date: &str, at_risk| Deadline {
        account: Uuid::from_u128(account).into(),
        account_name: name.to_owned(),
        product: "Core".to_owned(),
        kind,
        date: day(date),
        mrr: Money::from_minor(450_000),
        at_risk,
        owner: "users/hanako".to_owned(),
    };
    let mut found = vec![overdue(
        3,
        "青山製作所",
        "利用低下",
        "2026-11-20",
        "users/hanako",
    )];
    if !is_personal {
        found.push(overdue(
            4,
            "白金商事",
            "定例が止まった",
            "2026-11-24",
            "users/jiro",
        ));
        found.push(overdue(5, "銀座物産", "機能不足", "2026-11-24", ""));
    }
    Digest {
        is_personal,
        team: if is_personal { "" } else { "Enterprise East" }.to_owned(),
        overdue: found,
        deadlines: vec![
            deadline(3, "青山製作所", DeadlineKind::Notice, "2026-11-30", true),
            deadline(6, "赤坂工業", DeadlineKind::Renewal, "2026-12-15", false),
        ],
        within_days: 30,
    }
}

fn named(message: Message) -> Message {
    with_names(message, |user| {
        let name = if user == "users/hanako" {
            "山田花子"
        } else {
            "木村次郎"
        };
        name.to_owned()
    })
}

fn golden(name: &str, text: &str) {
    let docs = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/notifications");
    let file = docs.join(name);
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(
        kept, text,
        "{name}: UPDATE_GOLDENS=1 writes it anew; read it before it is committed"
    );
}

#[test]
fn ntf_7_every_trigger_in_every_language_and_channel_reads_as_it_did() {
    for locale in [Locale::Ja, Locale::En] {
        for (name, message) in messages(&writer(locale)) {
            let message = named(message);
            let place = format!("{}/{name}", locale.code());
            let payload = serde_json::to_string_pretty(&slack::payload(&message, false)).unwrap();
            golden(&format!("{place}.slack.json"), &format!("{payload}\n"));
            let email = email::render(&message, false);
            golden(
                &format!("{place}.txt"),
                &format!("Subject: {}\n\n{}", email.subject, email.text),
            );
            golden(&format!("{place}.html"), &email.html);
        }
    }
}

/// The words of a message without those that hold a link: what is read without following one.
fn words(message: &str) -> String {
    // As a reader of HTML sees it.
    let message = message.replace("&#x2f;", "/");
    let words = message.split(|c: char| c.is_whitespace() || c == '"');
    let words = words.filter(|word| !word.contains("https://keizoku.example.com/"));
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn gen_7_who_cannot_follow_a_link_knows_who_what_and_how_much() {
    for (locale, renewal) in [(Locale::Ja, "2027/03/31"), (Locale::En, "2027-03-31")] {
        for (name, message) in messages(&writer(locale)) {
            let message = named(message);
            let email = email::render(&message, false);
            let payload = slack::payload(&message, false).to_string();
            for read in [&email.text, &email.html, &payload].map(|told| words(told)) {
                for id in ["users/", "accounts/", "risks/", "00000000-0000"] {
                    assert!(!read.contains(id), "{name}: {id} in {read}");
                }
                // A digest is about many customers, and a test about none.
                if name == "test" || name.starts_with("weekly-digest") {
                    continue;
                }
                for fact in ["緑川印刷", "1,200,000", renewal, "0.45%", "山田花子"] {
                    assert!(read.contains(fact), "{name}: no {fact} in {read}");
                }
            }
        }
    }
}

#[test]
fn ntf_4_a_message_that_is_sent_again_says_so_in_every_channel() {
    for (locale, label) in [(Locale::Ja, "再送"), (Locale::En, "Sent again")] {
        let message = named(messages(&writer(locale)).remove(0).1);
        let payload = slack::payload(&message, true);
        assert!(payload["text"].as_str().unwrap().starts_with(label));
        assert!(payload["blocks"][0].to_string().contains(label));
        let email = email::render(&message, true);
        assert!(email.subject.contains(label) && email.text.starts_with(label));
        assert!(email.html.contains(label));
    }
}
