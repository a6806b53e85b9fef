//! Text of users never breaks out of a message (NTF-7).

use keizoku_proto::onboarding::{CoachedTask, LocalizedText};
use proptest::prelude::*;

use super::*;
use crate::message::template::Coached;

/// Texts that would break out, were they not escaped.
fn hostile() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "<!here>",
        "<!channel>",
        "<@U0BOSS>",
        "@channel",
        "@everyone",
        "*bold*",
        "_it_",
        "~no~",
        "`code`",
        "> quote",
        "<https://evil.example|click>",
        ":tada:",
        "&lt;!here&gt;",
        "</td><script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "{{ facts }}",
        "{% raw %}",
        "x\r\nBcc: all@example.com",
        "\nSubject: other",
        "\r\n.\r\nMAIL FROM:<x>",
        "=cmd|'/C calc'!A0",
        "\u{202e}gnp.exe",
        "\0",
        "\u{2028}",
    ]);
    prop::collection::vec(
        prop_oneof![known.prop_map(str::to_owned), any::<String>()],
        1..4,
    )
    .prop_map(|parts| parts.concat())
}

fn hostile_messages(text: &str) -> Vec<Message> {
    let writer = writer(Locale::Ja);
    let mut customer = customer();
    customer.name = text.to_owned();
    let opened = Opened {
        id: Uuid::nil().to_string(),
        name: text.to_owned(),
        detail: text.to_owned(),
        owner: Responsible::Team(text.to_owned()),
        action: Action {
            text: text.to_owned(),
            due: None,
        },
        ..Opened::default()
    };
    let closed = Closed {
        name: text.to_owned(),
        result: text.to_owned(),
        ..Closed::default()
    };
    let flag = Flag {
        name: text.to_owned(),
        reason: text.to_owned(),
        ..Flag::default()
    };
    let suggested = Suggested {
        name: text.to_owned(),
        detail: text.to_owned(),
        ..Suggested::default()
    };
    let ending = Ending {
        product: text.to_owned(),
        reason: text.to_owned(),
        ..Ending::default()
    };
    let change = BandChange {
        owner: Responsible::Team(text.to_owned()),
        ..BandChange::default()
    };
    let about = About {
        customer: customer.clone(),
        product: text.to_owned(),
        path: String::new(),
        owner: Responsible::Team(text.to_owned()),
    };
    let words = LocalizedText {
        ja: text.to_owned(),
        en: text.to_owned(),
    };
    let coached = Coached {
        date: None,
        message: words.clone(),
        task: Some(CoachedTask {
            title: Some(words),
            ..CoachedTask::default()
        }),
    };
    let mut week = digest(false);
    text.clone_into(&mut week.team);
    for found in &mut week.overdue {
        text.clone_into(&mut found.account_name);
        text.clone_into(&mut found.risk_name);
        text.clone_into(&mut found.action);
    }
    for found in &mut week.deadlines {
        text.clone_into(&mut found.account_name);
        text.clone_into(&mut found.product);
    }
    vec![
        template::risk_opened(&writer, &customer, &opened),
        template::risk_closed(&writer, &customer, &closed),
        template::leads_to_churn_changed(&writer, &customer, &flag),
        template::suggestion_made(&writer, &customer, &suggested),
        template::cancellation_announced(&writer, &customer, &ending),
        template::churned(&writer, &customer, &ending),
        template::health_band_changed(&writer, &customer, &change),
        template::onboarding_completed(&writer, &about, None, text),
        template::onboarding_coached(&writer, &about, &coached),
        template::weekly(&writer, &week),
    ]
}

/// The types of elements that Slack parses are not among those that hold text of users.
fn check_slack(value: &serde_json::Value) {
    match value {
        serde_json::Value::Object(fields) => {
            let kind = fields.get("type").and_then(serde_json::Value::as_str);
            assert!(
                !matches!(
                    kind,
                    Some("mrkdwn" | "user" | "usergroup" | "broadcast" | "channel" | "emoji")
                ),
                "{value}"
            );
            if kind == Some("link") {
                let url = fields["url"].as_str().unwrap();
                assert!(url.starts_with("https://keizoku.example.com/"), "{url}");
            }
            fields.values().for_each(check_slack);
        }
        serde_json::Value::Array(values) => values.iter().for_each(check_slack),
        _ => {}
    }
}

proptest! {
    #[test]
    fn ntf_7_text_of_users_never_breaks_out(text in hostile()) {
        // Never empty: what has no reason has a line less.
        let text = format!("x{text}");
        let harmless = hostile_messages("x");
        for (message, harmless) in hostile_messages(&text).into_iter().zip(harmless) {
            let message = with_names(message, |_| text.clone());
            let harmless = with_names(harmless, |_| "x".to_owned());

            let payload = slack::payload(&message, false);
            check_slack(&payload);
            let preview = payload["text"].as_str().unwrap();
            prop_assert!(!preview.contains(['<', '>', '\n', '\r']), "{preview}");
            for mention in ["@channel", "@here", "@everyone"] {
                prop_assert!(!preview.contains(mention), "{preview}");
            }
            let header = payload["blocks"][0]["text"]["text"].as_str().unwrap();
            prop_assert!(header.chars().count() <= 150);

            let email = email::render(&message, false);
            let expected = email::render(&harmless, false);
            prop_assert!(!email.subject.contains(char::is_control), "{:?}", email.subject);
            // Markup of the layout and none besides: as much as around a harmless text.
            let markup = |html: &str| html.matches(['<', '>', '"']).count();
            prop_assert_eq!(markup(&email.html), markup(&expected.html), "{}", email.html);
        }
    }
}
