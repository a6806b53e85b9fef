//! Which column means what: the mapping file laid over the embedded default.

use std::collections::HashMap;
use std::path::Path;

use config::{Config, File, FileFormat};
use serde::Deserialize;

use super::Unusable;

/// The default, which documents every key.
const DEFAULT: &str = include_str!("default-mapping.toml");

/// Columns, values and options of an import; `default-mapping.toml` says what each key means.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    pub(super) format: Format,
    pub(super) user: UserMapping,
    pub(super) account: AccountMapping,
    pub(super) subscription: SubscriptionMapping,
    pub(super) risk: RiskMapping,
    pub(super) deal: DealMapping,
    pub(super) contact: ContactMapping,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Format {
    pub(super) external_id_prefix: String,
    pub(super) currency: String,
    pub(super) time_zone: String,
    pub(super) true_values: Vec<String>,
    pub(super) no_date: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UserMapping {
    pub(super) file: String,
    pub(super) id: String,
    pub(super) names: Vec<String>,
    pub(super) email: String,
    pub(super) active: String,
    pub(super) team: String,
    pub(super) slack_member_id: String,
    pub(super) role: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountMapping {
    pub(super) file: String,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) owner: String,
    pub(super) parent: String,
    pub(super) corporate_number: String,
    pub(super) tier: String,
    pub(super) touch_model: String,
    pub(super) industry: String,
    pub(super) region: String,
    pub(super) sales_channel: String,
    pub(super) deleted: String,
    pub(super) kana: String,
    pub(super) tiers: HashMap<String, String>,
    pub(super) touch_models: HashMap<String, Touch>,
    pub(super) sales_channels: HashMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SubscriptionMapping {
    pub(super) file: String,
    pub(super) id: String,
    pub(super) account: String,
    pub(super) product: String,
    pub(super) mrr: String,
    pub(super) start_date: String,
    pub(super) next_renewal_date: String,
    pub(super) end_date: String,
    pub(super) end_date_is_last_day: bool,
    pub(super) status: String,
    pub(super) cancelled: Vec<String>,
    pub(super) currency: String,
    pub(super) reason_code: String,
    pub(super) default_reason_code: String,
    pub(super) default_product: String,
    pub(super) term_months: String,
    pub(super) auto_renew: String,
    pub(super) notice_deadline: String,
    pub(super) change_date: String,
    pub(super) reason_codes: HashMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RiskMapping {
    pub(super) file: String,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) account: String,
    pub(super) owner: String,
    pub(super) leads_to_churn: String,
    pub(super) r#type: String,
    pub(super) detail: String,
    pub(super) next_action_date: String,
    pub(super) next_action_text: String,
    pub(super) remarks: String,
    pub(super) completion: String,
    pub(super) completion_date: String,
    pub(super) result: String,
    pub(super) created: String,
    pub(super) leads_to_churn_values: HashMap<String, Flag>,
    pub(super) completions: HashMap<String, Ending>,
    pub(super) types: HashMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DealMapping {
    pub(super) file: String,
    pub(super) id: String,
    pub(super) account: String,
    pub(super) name: String,
    pub(super) stage: String,
    pub(super) won: Vec<String>,
    pub(super) close_date: String,
    pub(super) amount: String,
    pub(super) product: String,
    pub(super) salesperson: String,
    pub(super) kind: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ContactMapping {
    pub(super) file: String,
    pub(super) id: String,
    pub(super) account: String,
    pub(super) names: Vec<String>,
    pub(super) title: String,
    pub(super) email: String,
    pub(super) phone: String,
    pub(super) roles: String,
    pub(super) departed: String,
    pub(super) deleted: String,
    pub(super) role_values: HashMap<String, Role>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Role {
    DecisionMaker,
    Administrator,
    User,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Touch {
    High,
    Mid,
    Low,
    Tech,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Flag {
    Leads,
    Unknown,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Ending {
    Completed,
    Failed,
    NotARisk,
}

impl Mapping {
    /// The default, or a file laid over it.
    ///
    /// # Errors
    /// When the file cannot be read, is no TOML, or holds a key that does not exist.
    pub fn load(file: Option<&Path>) -> Result<Self, Unusable> {
        let default = File::from_str(DEFAULT, FileFormat::Toml);
        let mut sources = Config::builder().add_source(default);
        if let Some(path) = file {
            let text = std::fs::read_to_string(path)
                .map_err(|error| broken(path, &format!("cannot be read: {error}")))?;
            sources = sources.add_source(File::from_str(&text, FileFormat::Toml));
        }
        let place = file.unwrap_or(Path::new("default-mapping.toml"));
        sources
            .build()
            .and_then(Config::try_deserialize)
            .map_err(|error| broken(place, error.to_string().trim_end()))
    }

    /// A value through a table of values; others stay as they are.
    pub(super) fn translated(table: &HashMap<String, String>, value: &str) -> String {
        table.get(value).map_or(value, String::as_str).to_owned()
    }
}

impl Format {
    pub(super) fn external_id(&self, id: &str) -> String {
        if id.is_empty() {
            String::new()
        } else {
            format!("{}{id}", self.external_id_prefix)
        }
    }

    pub(super) fn is_true(&self, text: &str) -> bool {
        self.true_values
            .iter()
            .any(|value| value.eq_ignore_ascii_case(text))
    }
}

fn broken(path: &Path, problem: &str) -> Unusable {
    Unusable::new(
        path.display(),
        problem,
        "correct the mapping; `keizoku import mapping` prints the default with every key explained",
    )
}

/// The default mapping, to start one's own from.
#[must_use]
pub fn default_mapping() -> &'static str {
    DEFAULT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<Mapping, Unusable> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Mapping::load(Some(file.path()))
    }

    #[test]
    fn a_file_only_holds_what_differs() {
        let mapping = load(
            "[subscription]\nend_date_is_last_day = true\nmrr = \"月額\"\n\
             [risk.completions]\n\"Won.Back\" = \"completed\"",
        )
        .unwrap();
        assert!(mapping.subscription.end_date_is_last_day);
        assert_eq!(mapping.subscription.mrr, "月額");
        assert_eq!(mapping.subscription.start_date, "StartDate__c");
        assert_eq!(mapping.risk.completions.len(), 4);
        assert!(mapping.risk.completions.contains_key("Won.Back"));
    }

    #[test]
    fn a_key_that_does_not_exist_is_refused_by_name() {
        let message = load("[account]\nnmae = \"Name\"").unwrap_err().to_string();
        assert!(message.contains("nmae"), "{message}");
        let message = load("[risk.completions]\nx = \"maybe\"")
            .unwrap_err()
            .to_string();
        assert!(message.contains("maybe"), "{message}");
    }
}
