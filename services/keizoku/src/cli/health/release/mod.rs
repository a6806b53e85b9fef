//! `keizoku health release`: what came out, and how use went around it (HLT-9).

mod list;
mod record;
mod show;

use clap::Subcommand;
use keizoku_proto::healthscore::{MeasuredUse, Release, SignalKind};

use crate::cli::context::Context;
use crate::cli::format;
use crate::error::Failure;

/// What to do with releases.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Record a feature, a webinar or a content that came out
    Record(record::RecordArgs),
    /// Releases, the latest first
    List(list::Args),
    /// How the product was used before and after a release, per tier
    Show(show::Args),
    /// Take a release back that was recorded by mistake
    Void(record::VoidArgs),
}

impl Command {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Record(args) => args.run(context).await,
            Self::List(args) => args.run(context).await,
            Self::Show(args) => args.run(context).await,
            Self::Void(args) => args.run(context).await,
        }
    }
}

/// The resource name of a release, which may be given by its id.
fn name(id: &str) -> String {
    let id = id.strip_prefix("releases/").unwrap_or(id);
    format!("releases/{id}")
}

/// A kind of use, as people write and read it.
fn measured(measured: &MeasuredUse) -> String {
    let kind = format::enum_name(measured.signal().as_str_name(), "SIGNAL_KIND_");
    if measured.subject.is_empty() {
        kind
    } else {
        format!("{kind}:{}", measured.subject)
    }
}

/// Reads a kind of use: `FEATURE_USE:申請`, in upper or lower case, with `-` or `_`.
fn parse_measured(text: &str) -> Result<MeasuredUse, String> {
    let (kind, subject) = text.split_once(':').unwrap_or((text, ""));
    let kind = kind.to_uppercase().replace([' ', '-'], "_");
    let signal = SignalKind::from_str_name(&format!("SIGNAL_KIND_{kind}"));
    let signal = signal.ok_or_else(|| {
        "no kind of use; feature-use:FEATURE, active-users, sign-ins, content-attendance and \
         seminar-attendance are"
            .to_owned()
    })?;
    Ok(MeasuredUse {
        signal: signal.into(),
        subject: subject.to_owned(),
    })
}

/// What a release is for, as people read it.
fn segments(release: &Release) -> String {
    let tiers = Some(release.tiers.join(", ")).filter(|tiers| !tiers.is_empty());
    let tiers = tiers.unwrap_or_else(|| "all".to_owned());
    if release.product.is_empty() {
        tiers
    } else {
        format!("{tiers}; {}", release.product)
    }
}

/// A release in one line.
fn line(release: &Release) -> String {
    let kind = format::enum_name(release.kind().as_str_name(), "RELEASE_KIND_");
    let date = format::date(release.date.as_ref());
    format!("{} ({kind}, {date})", release.display_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_of_use_is_read_as_it_is_written() {
        for (text, kind, subject) in [
            ("feature-use:申請", SignalKind::FeatureUse, "申請"),
            ("SIGN_INS", SignalKind::SignIns, ""),
            ("feature use:a:b", SignalKind::FeatureUse, "a:b"),
        ] {
            let read = parse_measured(text).unwrap();
            assert_eq!((read.signal(), read.subject.as_str()), (kind, subject));
            assert_eq!(parse_measured(&measured(&read)), Ok(read));
        }
        assert!(parse_measured("clicks").is_err());
    }
}
