//! `keizoku organisation`: GEN-1.

use clap::Subcommand;
use keizoku_proto::accounts::{ConfigureOrganisationRequest, GetOrganisationRequest, Organisation};

use super::card::Card;
use super::context::Context;
use super::format;
use super::output::{answer, change};
use crate::client::call;
use crate::error::Failure;

/// What to do with the organisation's settings.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The settings
    Show(ShowArgs),
    /// Change settings from now on; history is not rewritten
    Set(SetArgs),
}

/// Arguments of `keizoku organisation show`.
#[derive(Debug, clap::Args)]
pub struct ShowArgs {}

/// Arguments of `keizoku organisation set`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keizoku organisation set --name 継続株式会社 --time-zone Asia/Tokyo
  keizoku organisation set --gross-margin 72.5
  keizoku organisation set --tiers Enterprise,Mid,SMB
  keizoku organisation set --signals-silent-after 14")]
#[command(group(clap::ArgGroup::new("settings").required(true).multiple(true).args(["name", "time_zone", "currency", "locale", "gross_margin", "tiers", "signals_silent_after"])))]
pub struct SetArgs {
    /// The company's name
    #[arg(long)]
    name: Option<String>,
    /// IANA time zone
    #[arg(long)]
    time_zone: Option<String>,
    /// Reporting currency (ISO 4217); fixed once amounts are recorded
    #[arg(long)]
    currency: Option<String>,
    /// Locale of messages
    #[arg(long, value_parser = ["ja", "en"])]
    locale: Option<String>,
    /// Gross margin in percent
    #[arg(long, value_name = "PERCENT", value_parser = margin)]
    gross_margin: Option<u32>,
    /// Tiers in order, with commas between them
    #[arg(long, value_delimiter = ',')]
    tiers: Option<Vec<String>>,
    /// After how many days without a signal an account is an issue of data quality
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3650))]
    signals_silent_after: Option<u32>,
    /// Refuse when the settings have changed since this etag was read
    #[arg(long, default_value = "", hide_default_value = true)]
    etag: String,
}

impl Command {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Show(_) => {
                let request = GetOrganisationRequest {};
                let response = call(async || {
                    context
                        .connection
                        .directory()
                        .get_organisation(request)
                        .await
                })
                .await?;
                let text = text(response.organisation.as_ref());
                answer!(context, accounts::GetOrganisationResponse, &response, text)
            }
            Self::Set(args) => args.run(context).await,
        }
    }
}

impl SetArgs {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let changed = [
            ("display_name", self.name.is_some()),
            ("time_zone", self.time_zone.is_some()),
            ("reporting_currency", self.currency.is_some()),
            ("locale", self.locale.is_some()),
            ("gross_margin_ppm", self.gross_margin.is_some()),
            ("tiers", self.tiers.is_some()),
            (
                "signals_silent_after_days",
                self.signals_silent_after.is_some(),
            ),
        ];
        let update_mask = changed
            .into_iter()
            .filter(|(_, is)| *is)
            .map(|(field, _)| field.to_owned());
        let organisation = Organisation {
            display_name: self.name.unwrap_or_default(),
            time_zone: self.time_zone.unwrap_or_default(),
            reporting_currency: self.currency.unwrap_or_default(),
            locale: self.locale.unwrap_or_default(),
            gross_margin_ppm: self.gross_margin,
            tiers: self.tiers.unwrap_or_default(),
            signals_silent_after_days: self.signals_silent_after,
            ..Organisation::default()
        };
        let request = ConfigureOrganisationRequest {
            organisation: Some(organisation),
            update_mask: update_mask.collect(),
            etag: self.etag,
            request_id: context.request_id(),
        };
        change!(
            context,
            directory.configure_organisation,
            request,
            accounts::ConfigureOrganisationResponse,
            |response| text(response.organisation.as_ref())
        )
    }
}

fn text(organisation: Option<&Organisation>) -> String {
    let Some(organisation) = organisation else {
        return "Nothing is set yet.\n".to_owned();
    };
    let margin = organisation
        .gross_margin_ppm
        .map(|ppm| format::percent_of_ppm(ppm.into()));
    let name = organisation.display_name.as_str();
    let mut card = Card::new(if name.is_empty() { "(no name)" } else { name });
    card.field("time zone", organisation.time_zone.as_str())
        .field("currency", organisation.reporting_currency.as_str())
        .field("locale", organisation.locale.as_str())
        .field(
            "gross margin",
            margin.unwrap_or_else(|| "not set".to_owned()),
        )
        .field("tiers", organisation.tiers.join(", "))
        .field(
            "signals silent after",
            organisation.signals_silent_after_days.map_or_else(
                || "30 days (default)".to_owned(),
                |days| format!("{days} days"),
            ),
        );
    card.render()
}

/// A margin: a percentage of 100 at most.
fn margin(text: &str) -> Result<u32, String> {
    percentage(text).and_then(|ppm| {
        if ppm <= 1_000_000 {
            Ok(ppm)
        } else {
            Err("is more than 100 percent".to_owned())
        }
    })
}

/// A percentage with up to four decimals, in parts per million.
pub(super) fn percentage(text: &str) -> Result<u32, String> {
    const DECIMALS: usize = 4;
    let refused = || "is not a percentage with up to four decimals".to_owned();
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || decimals.len() > DECIMALS || !digits(decimals) || !digits(whole) {
        return Err(refused());
    }
    let ppm = format!("{whole}{decimals:0<DECIMALS$}").parse();
    ppm.map_err(|_| refused())
}

#[cfg(test)]
mod tests {
    use super::margin;

    #[test]
    fn a_margin_is_a_percentage() {
        assert_eq!(margin("72.5"), Ok(725_000));
        assert_eq!(margin("100"), Ok(1_000_000));
        for text in ["100.1", "-1", "1.23456", "", "seventy"] {
            assert!(margin(text).is_err(), "{text}");
        }
    }
}
