//! What people read, in the organisation's language.

use keizoku_proto::onboarding::LocalizedText;

use crate::cli::context::Context;

/// In which language people read titles: the organisation's, where it can be asked.
pub(in crate::cli) async fn locale(context: &Context) -> String {
    let organisation = context.organisation().await;
    organisation.map_or_else(|_| "ja".to_owned(), |known| known.locale.clone())
}

/// A title in a language, or else in the one that there is.
pub(in crate::cli) fn title<'t>(title: Option<&'t LocalizedText>, locale: &str) -> &'t str {
    let Some(LocalizedText { ja, en }) = title else {
        return "";
    };
    let (first, second) = if locale == "en" { (en, ja) } else { (ja, en) };
    if first.is_empty() { second } else { first }
}

/// A title that is given.
#[derive(Debug, clap::Args)]
pub(super) struct Title {
    /// The title in Japanese
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    ja: String,
    /// The title in English
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    en: String,
}

impl From<Title> for LocalizedText {
    fn from(Title { ja, en }: Title) -> Self {
        Self { ja, en }
    }
}
