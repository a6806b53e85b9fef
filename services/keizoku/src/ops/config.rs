//! `keizoku config`: the configuration in effect, as a file that can be handed to a server.

mod access;
mod limits;
mod nats;
mod notification;
mod onboarding;
mod telemetry;
mod tls;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use keizoku_runtime::server::Reflection;
use keizoku_runtime::telemetry::LogFormat;
use serde_json::Value;

use super::{Refusal, nearest};
use crate::server::config::{CalendarConfig, Config, LogConfig, StorageConfig};

const EXAMPLES: &str = "\
Examples:
  keizoku config > keizoku.toml                every key with its default, to start from
  keizoku config --config keizoku.toml         what a server makes of the file and the environment
  KEIZOKU__LOG__FORMAT=json keizoku config

The command line of `keizoku serve` comes last, and is not known here.";

const HEADER: &str = "\
# Keizoku's configuration, for `keizoku serve --config FILE`.
# KEIZOKU__KEY in the environment comes before the file (KEIZOKU__LOG__FORMAT for format in [log]),
# and the command line of `keizoku serve` before both.
";

/// Variables of the environment that are keys begin so.
const PREFIX: &str = "KEIZOKU__";

/// Arguments of `keizoku config`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Configuration file
    #[arg(long, value_name = "FILE.toml", env = "KEIZOKU_CONFIG")]
    config: Option<PathBuf>,
}

/// A key, its meaning, and its value as TOML.
struct Key {
    name: &'static str,
    about: &'static str,
    value: String,
}

impl Args {
    pub(super) fn run(&self) -> Result<(), Refusal> {
        let file = self.config.as_deref();
        let environment: Vec<String> = std::env::vars_os()
            .filter_map(|(name, _)| name.into_string().ok())
            .collect();
        require_known_keys(file, &environment)?;
        let config = Config::load(file).map_err(|error| {
            Refusal::unusable("the configuration cannot be used")
                .because(error)
                .advising(
                    "`keizoku config` without a file prints one in which every key is explained",
                )
        })?;
        super::print(&render(&config)).map(drop)
    }
}

/// The whole configuration: a section's name, empty for the first, and its keys. Taken apart by
/// name, so that a key cannot be added without its place here.
fn sections(config: &Config) -> Vec<(&'static str, Vec<Key>)> {
    let Config {
        data_dir,
        listen,
        log: LogConfig { format, filter },
        storage: StorageConfig { unsafe_no_sync },
        calendar: CalendarConfig { holidays_file },
        nats,
        access,
        tls,
        reflection,
        limits,
        telemetry,
        onboarding,
        notification,
    } = config;
    let format = match format {
        LogFormat::Plain => "plain",
        LogFormat::Json => "json",
    };
    let mut sections = vec![
        (
            "",
            vec![
                key(
                    "data_dir",
                    "Directory of logs and read models; created when it does not exist.",
                    path_value(data_dir),
                ),
                key(
                    "listen",
                    "Address and port of the gRPC API. Off loopback only with [tls] and [access].\n\
                     Port 0 takes a free one.",
                    quoted(&listen.to_string()),
                ),
                key(
                    "reflection",
                    "Whether clients may ask which RPCs there are: \"on\", \"off\", or \"auto\" for on loopback only.",
                    quoted(match reflection {
                        Reflection::Auto => "auto",
                        Reflection::On => "on",
                        Reflection::Off => "off",
                    }),
                ),
            ],
        ),
        (
            "log",
            vec![
                key(
                    "format",
                    "How the process's own log looks: \"plain\" for people, \"json\" for machines.",
                    quoted(format),
                ),
                key(
                    "filter",
                    "Which lines: a level (error, warn, info, debug, trace), also by module as in\n\
                     \"info,keizoku_log=debug\".",
                    quoted(filter),
                ),
            ],
        ),
        (
            "storage",
            vec![key(
                "unsafe_no_sync",
                "Answers before a change is on disk, so that a power cut loses acknowledged changes.\n\
                 For the test of durability alone.",
                unsafe_no_sync.to_string(),
            )],
        ),
        (
            "calendar",
            vec![key(
                "holidays_file",
                "File with holidays, a line each as \"2026-11-23,勤労感謝の日\", also as the Cabinet Office\n\
                 publishes them (in UTF-8). Empty: Japan's, of the years that have been published.",
                path_value(holidays_file),
            )],
        ),
        ("nats", nats::keys(nats)),
        ("limits", limits::keys(limits)),
        ("access", access::keys(access)),
        ("tls", tls::keys(tls)),
        ("telemetry", telemetry::keys(telemetry)),
        ("onboarding", onboarding::keys(onboarding)),
    ];
    sections.extend(notification::sections(notification));
    sections
}

fn key(name: &'static str, about: &'static str, value: String) -> Key {
    Key { name, about, value }
}

/// The configuration as a file.
fn render(config: &Config) -> String {
    let mut text = HEADER.to_owned();
    for ((section, keys), (_, defaults)) in
        sections(config).iter().zip(sections(&Config::default()))
    {
        if !section.is_empty() {
            let _ = writeln!(text, "\n[{section}]");
        }
        for (index, (key, default)) in keys.iter().zip(defaults).enumerate() {
            if section.is_empty() || index > 0 {
                text.push('\n');
            }
            for line in key.about.lines() {
                let _ = writeln!(text, "# {line}");
            }
            let _ = writeln!(
                text,
                "# Default: {}\n{} = {}",
                default.value, key.name, key.value
            );
        }
    }
    text
}

/// A path as a TOML string.
fn path_value(path: &Path) -> String {
    quoted(&path.to_string_lossy())
}

/// A TOML string.
fn quoted(text: &str) -> String {
    // JSON's strings are TOML's but for one control character, which TOML wants escaped.
    Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

/// Refuses keys that do not exist, all of them at once, with what may have been meant.
fn require_known_keys(file: Option<&Path>, environment: &[String]) -> Result<(), Refusal> {
    let defaults = sections(&Config::default());
    let known: Vec<String> = defaults
        .iter()
        .flat_map(|(section, keys)| keys.iter().map(move |key| path(section, key.name)))
        .collect();
    let mut unknown = Vec::new();
    if let Some(file) = file {
        let table = parse(file)?;
        let place = file.display().to_string();
        collect_unknown("", &table, &known, &mut |key| {
            unknown.push((key, place.clone()));
        });
    }
    for variable in environment {
        if let Some(key) = variable.strip_prefix(PREFIX) {
            let key = key.to_lowercase().replace("__", ".");
            if !known.contains(&key) {
                unknown.push((key, format!("the environment, as {variable}")));
            }
        }
    }
    if unknown.is_empty() {
        return Ok(());
    }
    let told = unknown.iter().map(|(key, place)| {
        let meant = nearest::of(key, known.iter().map(String::as_str));
        let meant = meant.map_or_else(String::new, |known| format!(": did you mean `{known}`?"));
        format!("there is no key `{key}` (in {place}){meant}")
    });
    let told: Vec<String> = told.collect();
    let advice = format!(
        "the keys are {}; `keizoku config` explains them",
        known.join(", ")
    );
    Err(Refusal::unusable(told.join("\n       ")).advising(advice))
}

fn parse(file: &Path) -> Result<Value, Refusal> {
    let name = file.display();
    if !file.is_file() {
        return Err(Refusal::unusable(format!("there is no file {name}")));
    }
    let source = config::File::from(file).format(config::FileFormat::Toml);
    config::Config::builder()
        .add_source(source)
        .build()
        .and_then(config::Config::try_deserialize)
        .map_err(|error| Refusal::unusable(format!("{name} cannot be read as TOML")).because(error))
}

fn collect_unknown(
    prefix: &str,
    table: &Value,
    known: &[String],
    unknown: &mut impl FnMut(String),
) {
    let Value::Object(entries) = table else {
        return;
    };
    for (name, value) in entries {
        let key = path(prefix, name);
        let within = format!("{key}.");
        if known.iter().any(|known| known.starts_with(&within)) {
            collect_unknown(&key, value, known, unknown);
        } else if !known.contains(&key) {
            unknown(key);
        }
    }
}

fn path(section: &str, key: &str) -> String {
    if section.is_empty() {
        key.to_owned()
    } else {
        format!("{section}.{key}")
    }
}
