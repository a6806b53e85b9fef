//! The organisation's settings (GEN-1): events like everything else.

use jiff::Timestamp;
use keizoku_core::{Ctx, Decider};
use keizoku_proto::accounts::event::Kind;
use keizoku_proto::accounts::{Organisation as Settings, OrganisationConfigured};
use keizoku_proto::common::ErrorReason;
use keizoku_runtime::DomainError;

/// The organisation that runs this deployment.
pub struct Organisation;

/// The settings in force.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// All of them; `etag` is empty.
    pub settings: Settings,
}

impl Default for State {
    fn default() -> Self {
        let settings = Settings {
            display_name: String::new(),
            time_zone: "Asia/Tokyo".to_owned(),
            reporting_currency: "JPY".to_owned(),
            locale: "ja".to_owned(),
            gross_margin_ppm: None,
            tiers: ["Enterprise", "Mid", "SMB"].map(str::to_owned).into(),
            etag: String::new(),
            targets: Vec::new(),
            signals_silent_after_days: None,
        };
        Self { settings }
    }
}

/// A setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The company's name.
    DisplayName,
    /// IANA time zone.
    TimeZone,
    /// Currency of all amounts.
    ReportingCurrency,
    /// Message locale.
    Locale,
    /// Gross margin.
    GrossMargin,
    /// Catalogue of tiers.
    Tiers,
    /// Targets.
    Targets,
    /// Days without a signal.
    SignalsSilentAfter,
}

/// Changes some settings.
#[derive(Debug, Clone)]
pub struct Configure {
    /// New values.
    pub settings: Settings,
    /// Which of them count.
    pub fields: Vec<Field>,
    /// Whether amounts were recorded, in the currency of today.
    pub amounts_recorded: bool,
}

/// Amounts are recorded: they would mean something else in another currency.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the reporting currency stays {0}: amounts are recorded in it")]
pub struct CurrencyFixed(pub String);

impl DomainError for CurrencyFixed {
    fn reason(&self) -> ErrorReason {
        ErrorReason::CurrencyUnsupported
    }
}

impl Decider for Organisation {
    type State = State;
    type Command = Configure;
    type Event = Kind;
    type Error = CurrencyFixed;

    fn decide(state: &State, command: Configure, _ctx: &Ctx) -> Result<Vec<Kind>, CurrencyFixed> {
        let mut settings = state.settings.clone();
        for field in command.fields {
            let new = &command.settings;
            match field {
                Field::DisplayName => settings.display_name.clone_from(&new.display_name),
                Field::TimeZone => settings.time_zone.clone_from(&new.time_zone),
                Field::ReportingCurrency => {
                    settings
                        .reporting_currency
                        .clone_from(&new.reporting_currency);
                }
                Field::Locale => settings.locale.clone_from(&new.locale),
                Field::GrossMargin => settings.gross_margin_ppm = new.gross_margin_ppm,
                Field::Tiers => settings.tiers.clone_from(&new.tiers),
                Field::Targets => settings.targets.clone_from(&new.targets),
                Field::SignalsSilentAfter => {
                    settings.signals_silent_after_days = new.signals_silent_after_days;
                }
            }
        }
        if settings.reporting_currency != state.settings.reporting_currency
            && command.amounts_recorded
        {
            return Err(CurrencyFixed(state.settings.reporting_currency.clone()));
        }
        if settings == state.settings {
            return Ok(Vec::new());
        }
        let organisation = Some(settings);
        Ok(vec![Kind::OrganisationConfigured(OrganisationConfigured {
            organisation,
        })])
    }

    fn evolve(state: &mut State, event: &Kind, _at: Timestamp) {
        if let Kind::OrganisationConfigured(OrganisationConfigured {
            organisation: Some(settings),
        }) = event
        {
            state.settings = settings.clone();
        }
    }
}
