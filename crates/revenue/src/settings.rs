//! The organisation's settings (GEN-1) as known at any instant.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use keizoku_core::Day;
use keizoku_proto::accounts::Organisation;

use crate::targets::Target;
use crate::time::Known;

/// The organisation's settings, ready for use.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Time zone of every local date.
    pub zone: TimeZone,
    /// ISO 4217 code of the reporting currency.
    pub currency: String,
    /// Language of what is written for people: `ja` or `en`.
    pub locale: String,
    /// Gross margin in parts per million.
    pub gross_margin_ppm: Option<u32>,
    /// Tiers, in order.
    pub tiers: Vec<String>,
    /// Targets, in order.
    pub targets: Vec<Target>,
    /// After how many days without a signal an account is silent (FC-10).
    pub silent_after_days: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            zone: zone_named("Asia/Tokyo").unwrap_or_else(|| TimeZone::fixed(Offset::constant(9))),
            currency: "JPY".to_owned(),
            locale: "ja".to_owned(),
            gross_margin_ppm: None,
            tiers: Vec::new(),
            targets: Vec::new(),
            silent_after_days: 30,
        }
    }
}

impl Settings {
    /// An empty or unknown time zone or currency keeps the default.
    pub(crate) fn of(organisation: &Organisation) -> Self {
        let default = Self::default();
        let currency = &organisation.reporting_currency;
        Self {
            zone: zone_named(&organisation.time_zone).unwrap_or(default.zone),
            currency: if currency.is_empty() {
                default.currency
            } else {
                currency.clone()
            },
            locale: if organisation.locale.is_empty() {
                default.locale
            } else {
                organisation.locale.clone()
            },
            gross_margin_ppm: organisation.gross_margin_ppm,
            tiers: organisation.tiers.clone(),
            targets: organisation.targets.iter().filter_map(Target::of).collect(),
            silent_after_days: organisation
                .signals_silent_after_days
                .unwrap_or(default.silent_after_days),
        }
    }
}

fn zone_named(name: &str) -> Option<TimeZone> {
    if name.is_empty() {
        None
    } else {
        TimeZone::get(name).ok()
    }
}

/// Settings since they were recorded.
#[derive(Debug, Clone, Default)]
pub(crate) struct SettingsHistory {
    initial: Settings,
    versions: Vec<(i64, Settings)>,
}

impl SettingsHistory {
    pub(crate) fn record(&mut self, settings: Settings, recorded: i64) {
        self.versions.push((recorded, settings));
    }

    /// When settings were recorded, in microseconds.
    pub(crate) fn recorded(&self) -> impl Iterator<Item = i64> {
        self.versions.iter().map(|(recorded, _)| *recorded)
    }

    /// Every time zone that the organisation was ever in, as known, each once.
    pub(crate) fn zones(&self, known: Known) -> Vec<TimeZone> {
        let mut zones = vec![self.initial.zone.clone()];
        for (recorded, settings) in &self.versions {
            if known.includes(*recorded) && !zones.contains(&settings.zone) {
                zones.push(settings.zone.clone());
            }
        }
        zones
    }

    pub(crate) fn at(&self, known: Known) -> &Settings {
        let last = self
            .versions
            .iter()
            .rev()
            .find(|(recorded, _)| known.includes(*recorded));
        last.map_or(&self.initial, |(_, settings)| settings)
    }

    /// The settings in effect at the end of a local date, as known.
    pub(crate) fn in_effect_on(&self, known: Known, on: Day) -> &Settings {
        let zone = &self.at(known).zone;
        let had_begun = |recorded: i64| {
            Timestamp::from_microsecond(recorded).is_ok_and(|instant| Day::of(instant, zone) <= on)
        };
        let mut versions = self.versions.iter().rev();
        versions
            .find(|(recorded, _)| known.includes(*recorded) && had_begun(*recorded))
            .map_or(&self.initial, |(_, settings)| settings)
    }
}
