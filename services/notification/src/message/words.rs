//! A rule's own words: a text with fields in their places, `{{account.name}}`.
//!
//! Values enter as values, like everywhere in messages: a field that says `{{…}}` is that text.

use keizoku_proto::notification::{Message, RuleTemplate, Trigger};

use super::line;
use super::template::Writer;
use crate::fields::{self, Values};

/// Longest text of a rule, in characters.
pub(crate) const LONGEST: usize = 500;

/// A part of a text.
enum Part<'a> {
    Text(&'a str),
    Field(&'a str),
}

/// Takes a text apart; `Err` where a field is not closed.
fn parts(text: &str) -> Result<Vec<Part<'_>>, String> {
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, after)) = after.split_once("}}") else {
            return Err("has a `{{` without `}}`".to_owned());
        };
        parts.push(Part::Text(before));
        parts.push(Part::Field(name.trim()));
        rest = after;
    }
    parts.push(Part::Text(rest));
    Ok(parts)
}

/// Says what is wrong with a text of a rule.
pub(crate) fn check(text: &str, trigger: Trigger) -> Result<(), String> {
    let known = fields::of(trigger);
    for part in parts(text)? {
        if let Part::Field(name) = part
            && !known.iter().any(|field| field.name == name)
        {
            let names = fields::names(trigger);
            return Err(format!("names the field `{name}`; there are: {names}"));
        }
    }
    Ok(())
}

/// Puts a rule's own words in the place of the trigger's.
pub(crate) fn apply(
    message: &mut Message,
    template: &RuleTemplate,
    values: &Values,
    writer: &Writer,
) {
    let written = |text: &str| {
        let parts = parts(text).unwrap_or_default().into_iter();
        let texts = parts.map(|part| match part {
            Part::Text(text) => text.to_owned(),
            Part::Field(name) => values.written(name, writer),
        });
        line(&texts.collect::<String>(), LONGEST)
    };
    if !template.title.is_empty() {
        message.title = written(&template.title);
    }
    if !template.note.is_empty() {
        message.footer = written(&template.note);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::locale::Locale;

    fn writer() -> Writer {
        Writer {
            locale: Locale::Ja,
            today: "2026-11-25".parse().unwrap(),
            base_url: String::new(),
            currency: "JPY".to_owned(),
        }
    }

    #[test]
    fn ntf_2_a_rule_s_own_words_stand_in_the_place_of_the_trigger_s() {
        let mut values = Values::default();
        values.text("account.name", "緑川印刷 {{account.mrr}} <!channel>");
        values.money("account.mrr", keizoku_core::Money::from_minor(1_200_000));
        let mut message = Message {
            title: "リスク登録".to_owned(),
            footer: "なぜ".to_owned(),
            ..Message::default()
        };
        let template = RuleTemplate {
            title: "至急: {{ account.name }}({{account.mrr}}、更新{{account.next_renewal}})"
                .to_owned(),
            note: String::new(),
        };
        apply(&mut message, &template, &values, &writer());
        let title = "至急: 緑川印刷 {{account.mrr}} <!channel>(¥1,200,000、更新—)";
        assert_eq!(
            (message.title.as_str(), message.footer.as_str()),
            (title, "なぜ")
        );
    }

    #[test]
    fn ntf_2_words_that_name_a_missing_field_are_refused() {
        let check = |text| check(text, Trigger::RiskOpened);
        assert_eq!(check("{{account.name}} と {{ risk.name }}"), Ok(()));
        let said = check("{{account.nothing}}").unwrap_err();
        assert!(
            said.contains("`account.nothing`") && said.contains("account.mrr"),
            "{said}"
        );
        assert!(check("{{account.name").unwrap_err().contains("without"));
    }
}
