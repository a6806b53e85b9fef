//! Answers to standard output: text for people, canonical protobuf JSON for programs.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::LazyLock;

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use serde::{Serialize, Serializer};

use crate::error::Failure;

/// How text looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    /// Print JSON instead of text.
    pub(super) json: bool,
    /// More than ASCII may be drawn.
    pub(super) unicode: bool,
}

/// Prints an answer: the message as JSON, or the text, which is only made when it is asked for.
macro_rules! answer {
    ($context:expr, $package:ident :: $message:ident, $response:expr, $text:expr) => {{
        let response: &keizoku_proto::$package::$message = $response;
        if $context.style.json {
            let name = concat!(
                "keizoku.",
                stringify!($package),
                ".v1.",
                stringify!($message)
            );
            $crate::cli::output::print(&$crate::cli::output::json(name, response)?)
        } else {
            $crate::cli::output::print(&$text)
        }
    }};
}

/// Sends a change, waits until the next command sees it, and prints its answer.
macro_rules! change {
    (
        $context:expr, $client:ident.$rpc:ident, $request:expr, $package:ident::$message:ident,
        |$response:ident| $text:expr
    ) => {{
        let request = $request;
        let sent = async || $context.connection.$client().$rpc(request.clone()).await;
        let $response = $crate::client::call(sent).await?;
        $context.settle(&$response.consistency_token).await;
        $crate::cli::output::answer!($context, $package::$message, &$response, $text)
    }};
}

pub(super) use {answer, change};

impl Style {
    /// Drawing is for terminals, unless somebody asks for none.
    pub(super) fn of_standard_output(json: bool, ascii: bool) -> Self {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            json,
            unicode: io::stdout().is_terminal() && !ascii && !no_color,
        }
    }

    #[cfg(test)]
    pub(super) const ASCII: Self = Self {
        json: false,
        unicode: false,
    };
    #[cfg(test)]
    pub(super) const UNICODE: Self = Self {
        json: false,
        unicode: true,
    };
}

static DESCRIPTORS: LazyLock<DescriptorPool> =
    LazyLock::new(|| DescriptorPool::decode(keizoku_proto::DESCRIPTORS).unwrap_or_default());

/// A message whose JSON is canonical: enums by name, 64-bit integers as strings, zeros and empty
/// lists included.
pub(super) struct Canonical(DynamicMessage);

impl Canonical {
    /// The message called `name`.
    pub(super) fn of(name: &str, message: &impl Message) -> Result<Self, Failure> {
        let descriptor = DESCRIPTORS
            .get_message_by_name(name)
            .ok_or_else(|| unprintable(&format!("there is no message {name}")))?;
        let message = DynamicMessage::decode(descriptor, message.encode_to_vec().as_slice());
        message.map(Self).map_err(|error| unprintable(&error))
    }
}

impl Serialize for Canonical {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let options = SerializeOptions::new().skip_default_fields(false);
        self.0.serialize_with_options(serializer, &options)
    }
}

/// A message as JSON.
pub(super) fn json(name: &str, message: &impl Message) -> Result<String, Failure> {
    pretty(&Canonical::of(name, message)?)
}

/// JSON on several lines.
pub(super) fn pretty(value: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|error| unprintable(&error))?;
    Ok(text + "\n")
}

fn unprintable(error: &dyn std::fmt::Display) -> Failure {
    Failure::Answer(format!("cannot print the answer as JSON: {error}"))
}

/// Prints a text. A reader that has gone (`| head`) has seen enough: that is no error.
///
/// # Errors
/// When it cannot be written.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Write {
            place: "standard output".to_owned(),
            source: error,
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use keizoku_proto::forecast::{Bucket, GetForecastResponse};

    use super::*;

    #[test]
    fn messages_become_canonical_json() {
        let bucket = Bucket {
            key: "2026-12".to_owned(),
            count: 3,
            ..Bucket::default()
        };
        let response = GetForecastResponse {
            buckets: vec![bucket],
            ..GetForecastResponse::default()
        };
        let text = json("keizoku.forecast.v1.GetForecastResponse", &response).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["buckets"][0]["count"], "3");
        assert_eq!(value["activeAccounts"], "0");
        assert!(json("keizoku.Nothing", &response).is_err());
    }
}
