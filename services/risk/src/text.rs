//! Japanese text search without a dictionary (RISK-8): NFKC and lower case, overlapping pairs of
//! letters, looked up as a phrase; a single letter by prefix.

use unicode_normalization::UnicodeNormalization as _;

/// Full- and half-width, case and composition do not matter after this.
#[must_use]
pub(crate) fn normalise(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).collect()
}

/// Runs of letters and digits; everything else separates.
fn runs(normalised: &str) -> impl Iterator<Item = Vec<char>> + '_ {
    normalised
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|run| !run.is_empty())
        .map(|run| run.chars().collect())
}

/// The tokens that a text is found by: every pair of neighbours, and the last letter of each run.
#[must_use]
pub(crate) fn tokens(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 3);
    for run in runs(&normalise(text)) {
        for pair in run.windows(2) {
            out.extend(pair);
            out.push(' ');
        }
        out.extend(run.last());
        out.push(' ');
    }
    out
}

/// The FTS5 query that finds all words of `query`; `None` when it has none.
#[must_use]
pub(crate) fn query(query: &str) -> Option<String> {
    let terms: Vec<String> = runs(&normalise(query)).map(|run| term(&run)).collect();
    (!terms.is_empty()).then(|| terms.join(" AND "))
}

/// Letters and digits only, so nothing in a term can be FTS5 syntax.
fn term(run: &[char]) -> String {
    if let [letter] = run {
        return format!("\"{letter}\"*");
    }
    let pairs: Vec<String> = run.windows(2).map(|pair| pair.iter().collect()).collect();
    format!("\"{}\"", pairs.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn risk_8_width_and_case_do_not_matter() {
        assert_eq!(normalise("ＳａａＳ ｶﾀｶﾅ"), "saas カタカナ");
    }

    #[test]
    fn risk_8_words_become_phrases_of_pairs() {
        assert_eq!(tokens("解約防止").trim(), "解約 約防 防止 止");
        assert_eq!(query("約防止").as_deref(), Some("\"約防 防止\""));
        assert_eq!(query("約").as_deref(), Some("\"約\"*"));
        assert_eq!(
            query("解約 OR \"x\" NEAR(").as_deref(),
            Some("\"解約\" AND \"or\" AND \"x\"* AND \"ne ea ar\"")
        );
        assert_eq!(query(" 、。"), None);
    }
}
