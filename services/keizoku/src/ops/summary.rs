//! An event in one line, for people.

use prost_reflect::{DynamicMessage, EnumDescriptor, Kind, ReflectMessage as _, Value};

/// Fields and values in their order, ids at the end: what people look for comes first. The id that
/// the event's stream tells already is left out.
pub(super) fn of(message: &DynamicMessage, stream: &str) -> String {
    let mut parts = Parts {
        subject: stream.rsplit_once('-').map_or("", |(_, id)| id),
        texts: Vec::new(),
        ids: Vec::new(),
    };
    parts.add(message);
    parts.texts.append(&mut parts.ids);
    // A text of a user's must not end the line, nor reach the terminal as a command.
    parts.texts.join(" ").replace(char::is_control, " ")
}

struct Parts<'a> {
    subject: &'a str,
    texts: Vec<String>,
    ids: Vec<String>,
}

impl Parts<'_> {
    fn add(&mut self, message: &DynamicMessage) {
        for (field, value) in message.fields() {
            let kind = field.kind();
            match value {
                Value::Message(inner) => match date(inner) {
                    Some(date) => self.texts.push(format!("{}={date}", field.name())),
                    None => self.add(inner),
                },
                Value::List(values) => {
                    let values: Vec<String> =
                        values.iter().map(|value| shown(value, &kind)).collect();
                    self.texts
                        .push(format!("{}={}", field.name(), values.join(",")));
                }
                value => self.add_plain(field.name(), &shown(value, &kind)),
            }
        }
    }

    fn add_plain(&mut self, name: &str, value: &str) {
        let Some(what) = name.strip_suffix("_id").filter(|what| *what != "external") else {
            return self.texts.push(format!("{name}={value}"));
        };
        if value.replace('-', "") != self.subject {
            self.ids.push(format!("{what}={value}"));
        }
    }
}

fn shown(value: &Value, kind: &Kind) -> String {
    match (value, kind) {
        (Value::EnumNumber(number), Kind::Enum(names)) => enum_name(names, *number),
        (Value::String(text), _) => {
            let parts_it =
                |letter: char| letter.is_whitespace() || letter.is_control() || letter == '=';
            if text.contains(parts_it) {
                format!("\"{text}\"")
            } else {
                text.clone()
            }
        }
        (Value::Bool(value), _) => value.to_string(),
        (Value::I32(value), _) => value.to_string(),
        (Value::I64(value), _) => value.to_string(),
        (Value::U32(value), _) => value.to_string(),
        (Value::U64(value), _) => value.to_string(),
        (Value::Message(inner), _) => date(inner).unwrap_or_else(|| "{…}".to_owned()),
        _ => "…".to_owned(),
    }
}

/// An enum's value without the prefix that all its values share.
fn enum_name(names: &EnumDescriptor, number: i32) -> String {
    let Some(value) = names.get_value(number) else {
        return number.to_string();
    };
    let mut prefix = String::new();
    for letter in names.name().chars() {
        if letter.is_ascii_uppercase() && !prefix.is_empty() {
            prefix.push('_');
        }
        prefix.push(letter.to_ascii_uppercase());
    }
    prefix.push('_');
    let name = value.name();
    name.strip_prefix(&prefix).unwrap_or(name).to_owned()
}

fn date(message: &DynamicMessage) -> Option<String> {
    if message.descriptor().full_name() != "google.type.Date" {
        return None;
    }
    let part = |name| message.get_field_by_name(name)?.as_i32();
    let (year, month, day) = (part("year")?, part("month")?, part("day")?);
    Some(format!("{year:04}-{month:02}-{day:02}"))
}

#[cfg(test)]
mod tests {
    use keizoku_proto::{StoredEvent as _, risk};

    use super::super::{Service, event};
    use super::*;

    #[test]
    fn an_event_is_told_in_one_line() {
        let opened = risk::event::Kind::RiskOpened(risk::RiskOpened {
            risk_id: "01980000-0000-7000-8000-000000000001".to_owned(),
            account_id: "01980000-0000-7000-8000-000000000002".to_owned(),
            description: Some(risk::RiskDescription {
                display_name: "担当者が\u{1b}[31m退職".to_owned(),
                r#type: "champion left".to_owned(),
                ..risk::RiskDescription::default()
            }),
            leads_to_churn: risk::LeadsToChurn::UnknownAtPresent.into(),
            open_date: Some("2026-11-02".parse::<keizoku_core::Day>().unwrap().into()),
            ..risk::RiskOpened::default()
        });
        let (message, _) = event::contents(Service::Risk, &opened.to_bytes()).unwrap();
        assert_eq!(
            of(&message, "risk-01980000000070008000000000000001"),
            "display_name=\"担当者が [31m退職\" type=\"champion left\" \
             leads_to_churn=UNKNOWN_AT_PRESENT open_date=2026-11-02 \
             account=01980000-0000-7000-8000-000000000002"
        );
    }
}
