//! Accounts that may be one customer twice.

use keizoku_core::AccountId;
use keizoku_revenue::AccountIx;
use unicode_normalization::UnicodeNormalization as _;

use super::issue::{Finder, Fixer, Issue, IssueKind};

/// What accounts share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SharedKey {
    /// Their 法人番号.
    CorporateNumber,
    /// Their plain name.
    Name,
    /// The domain of their contacts' addresses.
    Domain,
}

impl SharedKey {
    fn kind(self) -> IssueKind {
        match self {
            Self::CorporateNumber => IssueKind::DuplicateCorporateNumber,
            Self::Name => IssueKind::DuplicateName,
            Self::Domain => IssueKind::DuplicateDomain,
        }
    }
}

/// Accounts that share something which ought to tell them apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// What.
    pub key: SharedKey,
    /// Its value.
    pub value: String,
    /// Which accounts, merged ones too, and since when each has had it, in microseconds.
    pub accounts: Vec<(AccountId, i64)>,
}

/// Legal forms, as they are after NFKC; they stand before a name or after it.
const LEGAL_FORMS: [&str; 10] = [
    "株式会社",
    "有限会社",
    "合同会社",
    "合資会社",
    "合名会社",
    "一般社団法人",
    "一般財団法人",
    "(株)",
    "(有)",
    "(同)",
];

/// The same in Latin letters, in lower case: words that stand after a name.
const LATIN_FORMS: [&str; 6] = [" inc", " corp", " corporation", " co ltd", " ltd", " kk"];

/// Domains of which everybody can have an address.
const PUBLIC_DOMAINS: [&str; 14] = [
    "gmail.com",
    "googlemail.com",
    "yahoo.co.jp",
    "yahoo.com",
    "ymail.ne.jp",
    "outlook.com",
    "outlook.jp",
    "hotmail.com",
    "hotmail.co.jp",
    "icloud.com",
    "me.com",
    "docomo.ne.jp",
    "ezweb.ne.jp",
    "softbank.ne.jp",
];

/// A name without its legal form, width, case and punctuation; empty where nothing else is left.
#[must_use]
pub fn plain_name(name: &str) -> String {
    let mut plain: String = name.nfkc().flat_map(char::to_lowercase).collect();
    plain.retain(|letter| !matches!(letter, '.' | ','));
    let mut plain = plain.trim();
    // Twice: "株式会社 あおば Inc." has two.
    for _ in 0..2 {
        for form in LEGAL_FORMS {
            plain = plain.strip_prefix(form).unwrap_or(plain).trim();
            plain = plain.strip_suffix(form).unwrap_or(plain).trim();
        }
        for form in LATIN_FORMS {
            plain = plain.strip_suffix(form).unwrap_or(plain).trim();
        }
    }
    plain
        .chars()
        .filter(|letter| letter.is_alphanumeric())
        .collect()
}

/// The domain of an e-mail address, in lower case; `None` for one that everybody can have.
#[must_use]
pub fn domain(address: &str) -> Option<String> {
    let (_, domain) = address.trim().rsplit_once('@')?;
    let domain = domain.to_lowercase();
    let is_own = !domain.is_empty() && !PUBLIC_DOMAINS.contains(&domain.as_str());
    is_own.then_some(domain)
}

pub(super) fn find(
    finder: &Finder<'_>,
    shared: &[Shared],
    wanted: &impl Fn(IssueKind) -> bool,
    issues: &mut Vec<Issue>,
) {
    for shared in shared {
        let kind = shared.key.kind();
        if wanted(kind) {
            issues.extend(issue(finder, kind, shared));
        }
    }
}

/// The issue of accounts that are still several when those that were merged are one.
fn issue(finder: &Finder<'_>, kind: IssueKind, shared: &Shared) -> Option<Issue> {
    let Finder { book, as_of, .. } = finder;
    let mut accounts: Vec<(AccountIx, i64)> = Vec::new();
    for (id, since) in &shared.accounts {
        let Some(account) = book.account(*id) else {
            continue;
        };
        let survivor = book.survivor(account, as_of.known_at);
        match accounts.iter_mut().find(|(other, _)| *other == survivor) {
            Some((_, first)) => *first = (*first).min(*since),
            None => accounts.push((survivor, *since)),
        }
    }
    if accounts.len() < 2 || kind == IssueKind::DuplicateDomain && is_one_group(finder, &accounts) {
        return None;
    }
    // There were two of them once the second one came.
    let mut since: Vec<i64> = accounts.iter().map(|(_, since)| *since).collect();
    since.sort_unstable();
    let mut by_mrr: Vec<_> = accounts
        .iter()
        .map(|(account, _)| (finder.mrr(*account), book.account_id(*account), *account))
        .collect();
    by_mrr.sort_unstable_by_key(|(mrr, id, _)| (std::cmp::Reverse(*mrr), *id));
    let (mrr, _, account) = by_mrr[0];
    Some(Issue {
        kind,
        account: Some(account),
        risk: None,
        others: by_mrr[1..].iter().map(|(_, _, other)| *other).collect(),
        shared: shared.value.clone(),
        since: finder.day(since[1]),
        mrr,
        // A merge cannot be taken back: it is for CS Ops.
        fixer: Fixer::Ops,
    })
}

/// Companies of one group share a domain rightly.
fn is_one_group(finder: &Finder<'_>, accounts: &[(AccountIx, i64)]) -> bool {
    let group = |account| finder.book.attributes_on(account, finder.as_of).0.group;
    let first = group(accounts[0].0);
    first != 0 && accounts.iter().all(|(account, _)| group(*account) == first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fc_10_a_plain_name_has_no_legal_form_width_or_case() {
        let same = [
            "株式会社あおば製作所",
            "あおば製作所(株)",
            "㈱ あおば製作所",
            "(株)あおば製作所",
            "あおば製作所 株式会社",
            "あおば製作所",
        ];
        for name in same {
            assert_eq!(plain_name(name), "あおば製作所", "{name}");
        }
        for name in ["ＡＣＭＥ Inc.", "Acme, Co., Ltd.", "acme"] {
            assert_eq!(plain_name(name), "acme", "{name}");
        }
        assert_eq!(plain_name("Incubate"), "incubate", "the form is a word");
        assert_eq!(plain_name("株式会社"), "");
    }

    #[test]
    fn fc_10_a_domain_that_everybody_can_have_says_nothing() {
        assert_eq!(domain("a@Aoba.co.jp "), Some("aoba.co.jp".to_owned()));
        assert_eq!(domain("a@gmail.com"), None);
        assert_eq!([domain("aoba"), domain("a@")], [None, None]);
    }
}
