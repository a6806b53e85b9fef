//! Email: a subject, and the same words as text and as HTML.

use std::fmt::Write as _;
use std::sync::LazyLock;

use keizoku_proto::notification::Message;
use minijinja::{Environment, context};

use super::locale::Locale;
use super::{line, lines};

/// Longest subject that mail programs show in a list, and more.
const LONGEST_SUBJECT: usize = 150;

/// The layout; values are escaped because its name ends in `.html`.
static LAYOUT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    if let Err(error) = environment.add_template("email.html", include_str!("email.html")) {
        tracing::error!(%error, "the layout of emails cannot be read");
    }
    environment
});

/// An email's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Email {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

/// Puts a message into an email's format.
pub(crate) fn render(message: &Message, is_resent: bool) -> Email {
    let locale = Locale::of(&message.locale);
    let resent = if is_resent { locale.resent() } else { "" };
    let title = line(
        &format!("{} {}", message.mark, message.title),
        LONGEST_SUBJECT,
    );
    let label = if is_resent {
        locale.resent_subject()
    } else {
        ""
    };
    Email {
        subject: format!("{label}{title}"),
        text: text(message, &title, resent),
        html: html(message, &title, resent),
    }
}

fn text(message: &Message, title: &str, resent: &str) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    if !resent.is_empty() {
        let _ = writeln!(text, "{resent}\n");
    }
    let _ = writeln!(text, "{title}\n");
    for fact in &message.facts {
        let _ = writeln!(text, "{}: {}", fact.label, fact.value);
    }
    if !message.quote.is_empty() {
        text.push('\n');
        for quoted in lines(&message.quote, 4_000).lines() {
            let _ = writeln!(text, "> {quoted}");
        }
    }
    for section in &message.sections {
        let _ = writeln!(text, "\n■ {}", section.heading);
        for entry in &section.entries {
            let _ = writeln!(text, "- {}", entry.text);
            if !entry.url.is_empty() {
                let _ = writeln!(text, "  {}", entry.url);
            }
        }
    }
    if !message.url.is_empty() {
        let _ = writeln!(text, "\n{}: {}", message.url_label, message.url);
    }
    if !message.footer.is_empty() {
        let _ = writeln!(text, "\n-- \n{}", message.footer);
    }
    text
}

fn html(message: &Message, title: &str, resent: &str) -> String {
    let facts: Vec<_> = message
        .facts
        .iter()
        .map(|fact| context! { label => fact.label.as_str(), value => fact.value.as_str() })
        .collect();
    let sections: Vec<_> = message
        .sections
        .iter()
        .map(|section| {
            let entries: Vec<_> = section
                .entries
                .iter()
                .map(|entry| context! { text => entry.text.as_str(), url => entry.url.as_str() })
                .collect();
            context! { heading => section.heading.as_str(), entries => entries }
        })
        .collect();
    let values = context! {
        locale => message.locale.as_str(),
        title => title,
        resent => resent,
        facts => facts,
        quote => lines(&message.quote, 4_000),
        sections => sections,
        url => message.url.as_str(),
        url_label => message.url_label.as_str(),
        footer => message.footer.as_str(),
    };
    let rendered = LAYOUT
        .get_template("email.html")
        .and_then(|layout| layout.render(values));
    rendered.unwrap_or_else(|error| {
        // The text says the same.
        tracing::error!(%error, "an email has no HTML");
        String::new()
    })
}
