//! Messages: their words (one template per trigger and locale), and the format that each channel
//! puts around them.
//!
//! Text of users enters a message as a value and is only ever escaped into a format, never parsed:
//! no text can become markup, a mention, a header or another message (NTF-7).

pub(crate) mod email;
pub(crate) mod figures;
pub(crate) mod group;
pub(crate) mod locale;
pub(crate) mod slack;
pub(crate) mod template;
pub(crate) mod words;

use keizoku_proto::notification::Message;

/// The message with the names of people in their places.
pub(crate) fn with_names(mut message: Message, name: impl Fn(&str) -> String) -> Message {
    let fill = |text: &mut String, user: &mut String| {
        if !user.is_empty() {
            let separator = if text.is_empty() { "" } else { " " };
            *text = format!("{text}{separator}{}", name(user));
            user.clear();
        }
    };
    for fact in &mut message.facts {
        fill(&mut fact.value, &mut fact.user);
    }
    for section in &mut message.sections {
        fill(&mut section.heading, &mut section.user);
        for entry in &mut section.entries {
            fill(&mut entry.text, &mut entry.user);
        }
    }
    message
}

/// A text in one line, at most `longest` characters long, without anything that is not to be seen.
pub(crate) fn line(text: &str, longest: usize) -> String {
    let words: Vec<&str> = text
        .split(|letter: char| letter.is_whitespace() || is_invisible(letter))
        .filter(|word| !word.is_empty())
        .collect();
    shortened(&words.join(" "), longest)
}

/// A text of several lines, at most `longest` characters long.
pub(crate) fn lines(text: &str, longest: usize) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let seen = text
        .chars()
        .filter(|letter| *letter == '\n' || !is_invisible(*letter));
    shortened(seen.collect::<String>().trim(), longest)
}

/// Control characters, and those that turn the direction of what follows or hide what is there.
fn is_invisible(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn shortened(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(longest.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests;
