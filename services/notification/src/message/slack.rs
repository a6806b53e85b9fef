//! Block Kit. Text of users stands in plain text elements, which Slack does not parse.

use keizoku_proto::notification::{Message, MessageSection};
use serde_json::{Value, json};

use super::locale::Locale;
use super::{line, lines};

/// Longest header that Slack takes, in characters.
const LONGEST_HEADER: usize = 150;
/// Longest text of a notification on a phone's lock screen, more is cut there anyway.
const LONGEST_PREVIEW: usize = 300;

/// The body of a request: blocks to read, and a text for the notification on a phone.
pub(crate) fn payload(message: &Message, is_resent: bool) -> Value {
    let locale = Locale::of(&message.locale);
    let title = line(
        &format!("{} {}", message.mark, message.title),
        LONGEST_HEADER,
    );
    let mut blocks = Vec::new();
    if is_resent {
        blocks.push(context(locale.resent()));
    }
    blocks.push(json!({ "type": "header", "text": plain(&title) }));
    blocks.push(rich_text(message));
    if !message.footer.is_empty() {
        blocks.push(context(&message.footer));
    }
    json!({
        "text": escaped(&preview(message, &title, is_resent, locale)),
        "blocks": blocks,
        "unfurl_links": false,
        "unfurl_media": false,
        "parse": "none",
        "link_names": false,
        "mrkdwn": false,
    })
}

fn preview(message: &Message, title: &str, is_resent: bool, locale: Locale) -> String {
    let label = if is_resent { locale.resent() } else { "" };
    let facts = message
        .facts
        .iter()
        .map(|fact| format!("{}: {}", fact.label, fact.value));
    let parts = [label.to_owned(), title.to_owned()]
        .into_iter()
        .chain(facts);
    let parts: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
    line(&parts.join(" / "), LONGEST_PREVIEW)
}

/// Everything between title and footer. One section, with line breaks of its own: a phone shows it
/// as it is.
fn rich_text(message: &Message) -> Value {
    let mut elements = Vec::new();
    let mut facts = Vec::new();
    for fact in &message.facts {
        let label = format!("{}: ", fact.label);
        facts.push(json!({ "type": "text", "text": label, "style": { "bold": true } }));
        facts.push(text(&format!("{}\n", fact.value)));
    }
    if !facts.is_empty() {
        elements.push(section(&facts));
    }
    if !message.quote.is_empty() {
        elements.push(json!({
            "type": "rich_text_quote",
            "elements": [text(&lines(&message.quote, 1_000))],
        }));
    }
    for list in &message.sections {
        elements.extend(self::list(list));
    }
    if !message.url.is_empty() {
        elements.push(section(&[link(&message.url, &message.url_label)]));
    }
    json!({ "type": "rich_text", "elements": elements })
}

fn list(list: &MessageSection) -> [Value; 2] {
    let heading = json!({ "type": "text", "text": list.heading, "style": { "bold": true } });
    let entries: Vec<Value> = list
        .entries
        .iter()
        .map(|entry| {
            let words = if entry.url.is_empty() {
                text(&entry.text)
            } else {
                link(&entry.url, &entry.text)
            };
            section(&[words])
        })
        .collect();
    [
        section(&[heading]),
        json!({ "type": "rich_text_list", "style": "bullet", "elements": entries }),
    ]
}

fn section(elements: &[Value]) -> Value {
    json!({ "type": "rich_text_section", "elements": elements })
}

fn text(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

fn link(url: &str, words: &str) -> Value {
    json!({ "type": "link", "url": url, "text": words })
}

fn plain(text: &str) -> Value {
    json!({ "type": "plain_text", "text": text, "emoji": false })
}

fn context(text: &str) -> Value {
    json!({ "type": "context", "elements": [plain(text)] })
}

/// The notification's text is the one that Slack may parse: nothing in it may look like a mention.
fn escaped(text: &str) -> String {
    const JOINED: &str = "@\u{2060}";
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('@', JOINED)
}
