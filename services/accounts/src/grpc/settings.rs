//! Checks of the organisation's settings (GEN-1).

use jiff::tz::TimeZone;
use keizoku_proto::accounts as proto;
use keizoku_revenue::Directory;
use keizoku_runtime::Violations;
use keizoku_runtime::parse::SHORT_TEXT;

use crate::api;
use crate::domain::organisation::Field;

/// The settings that a mask names; what is wrong with them is told.
pub(super) fn setting_fields(
    violations: &mut Violations,
    settings: &proto::Organisation,
    mask: &[String],
    teams: &Directory,
) -> Vec<Field> {
    violations.update_mask(mask, "ConfigureOrganisation", |violations, path| {
        Some(match path {
            "display_name" => {
                let name = &settings.display_name;
                violations.text("organisation.display_name", name, SHORT_TEXT);
                Field::DisplayName
            }
            "time_zone" => {
                if TimeZone::get(&settings.time_zone).is_err() {
                    violations.add(
                        "organisation.time_zone",
                        "is not a time zone, such as `Asia/Tokyo`",
                    );
                }
                Field::TimeZone
            }
            "reporting_currency" => {
                let code = &settings.reporting_currency;
                if code.len() != 3 || !code.bytes().all(|letter| letter.is_ascii_uppercase()) {
                    violations.add(
                        "organisation.reporting_currency",
                        "is not an ISO 4217 code, such as `JPY`",
                    );
                }
                Field::ReportingCurrency
            }
            "locale" => {
                if !["ja", "en"].contains(&settings.locale.as_str()) {
                    violations.add("organisation.locale", "must be `ja` or `en`");
                }
                Field::Locale
            }
            "gross_margin_ppm" => {
                if settings
                    .gross_margin_ppm
                    .is_some_and(|margin| margin > 1_000_000)
                {
                    violations.add(
                        "organisation.gross_margin_ppm",
                        "is more than the whole: 1,000,000",
                    );
                }
                Field::GrossMargin
            }
            "tiers" => {
                if settings.tiers.is_empty()
                    || settings.tiers.iter().any(|tier| tier.trim().is_empty())
                {
                    violations.add(
                        "organisation.tiers",
                        "must name at least one tier, and no empty one",
                    );
                }
                for tier in &settings.tiers {
                    violations.text("organisation.tiers", tier, SHORT_TEXT);
                }
                Field::Tiers
            }
            "targets" => {
                api::check_targets(violations, &settings.targets, teams);
                Field::Targets
            }
            "signals_silent_after_days" => {
                let days = settings.signals_silent_after_days;
                if days.is_some_and(|days| !(1..=3_650).contains(&days)) {
                    violations.add(
                        "organisation.signals_silent_after_days",
                        "must be between 1 and 3,650 days",
                    );
                }
                Field::SignalsSilentAfter
            }
            _ => return None,
        })
    })
}
