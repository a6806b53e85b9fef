//! Several facts in one message: a line for each, so that none is lost (NTF-6).

use keizoku_proto::notification::{Message, MessageEntry, MessageSection};

use super::line;
use super::locale::Locale;
use crate::domain::delivery::State;

/// Longest line about a fact, in characters.
const LONGEST: usize = 300;

/// The words of a delivery: those of its fact, or a line about each of its facts.
pub(crate) fn of(state: &State) -> Option<Message> {
    let messages: Vec<&Message> = state.messages().collect();
    match messages[..] {
        [] => None,
        [message] => Some(message.clone()),
        [first, ..] => Some(together(first, &messages)),
    }
}

fn together(first: &Message, messages: &[&Message]) -> Message {
    let locale = Locale::of(&first.locale);
    let count = messages.len();
    let title = match locale {
        Locale::Ja => format!("{}ほか{}件", first.title, count - 1),
        Locale::En => format!("{}, and {} more", first.title, count - 1),
    };
    let heading = match locale {
        Locale::Ja => format!("まとめてお知らせします({count}件)"),
        Locale::En => format!("{count} at once"),
    };
    let section = MessageSection {
        heading,
        entries: messages.iter().map(|message| entry(message)).collect(),
        ..MessageSection::default()
    };
    Message {
        locale: first.locale.clone(),
        mark: first.mark.clone(),
        title,
        sections: vec![section],
        footer: first.footer.clone(),
        ..Message::default()
    }
}

/// What happened, with what is known of it, and the person of it last: a name is put after the text.
fn entry(message: &Message) -> MessageEntry {
    let known = message.facts.iter().filter(|fact| fact.user.is_empty());
    let known: Vec<String> = known
        .map(|fact| format!("{}: {}", fact.label, fact.value))
        .collect();
    let title = format!("{} {}", message.mark, message.title);
    let text = if known.is_empty() {
        title
    } else {
        format!("{title} ({})", known.join(" / "))
    };
    let mut people = message.facts.iter().map(|fact| &fact.user);
    let user = people.find(|user| !user.is_empty());
    MessageEntry {
        text: line(&text, LONGEST),
        user: user.cloned().unwrap_or_default(),
        url: message.url.clone(),
    }
}

#[cfg(test)]
mod tests {
    use keizoku_proto::notification::{DeliveryPlanned, FactGrouped, MessageFact};

    use super::*;

    fn message(title: &str) -> Message {
        let fact = |label: &str, value: &str, user: &str| MessageFact {
            label: label.to_owned(),
            value: value.to_owned(),
            user: user.to_owned(),
        };
        Message {
            locale: "ja".to_owned(),
            mark: "⚠️".to_owned(),
            title: title.to_owned(),
            facts: vec![fact("MRR", "¥100", ""), fact("担当", "", "users/hanako")],
            url: format!("https://example.com/{title}"),
            ..Message::default()
        }
    }

    #[test]
    fn ntf_6_every_grouped_fact_has_its_line() {
        let mut state = State {
            planned: Some(DeliveryPlanned {
                message: Some(message("一")),
                ..DeliveryPlanned::default()
            }),
            ..State::default()
        };
        assert_eq!(
            of(&state),
            Some(message("一")),
            "one fact is its own message"
        );
        for title in ["二", "三"] {
            state.grouped.push(FactGrouped {
                message: Some(message(title)),
                ..FactGrouped::default()
            });
        }
        let together = of(&state).unwrap();
        assert_eq!(together.title, "一ほか2件");
        let entries = &together.sections[0].entries;
        let texts: Vec<&str> = entries.iter().map(|entry| entry.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "⚠️ 一 (MRR: ¥100)",
                "⚠️ 二 (MRR: ¥100)",
                "⚠️ 三 (MRR: ¥100)"
            ]
        );
        assert!(entries.iter().all(|entry| entry.user == "users/hanako"));
        assert_eq!(entries[1].url, "https://example.com/二");
    }
}
