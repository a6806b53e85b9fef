//! What a person calls something, into its resource name.

use std::fmt::Write as _;

use keizoku_proto::accounts::{
    AccountFilter, Initiative, ListAccountsRequest, ResolveExternalIdRequest,
};
use keizoku_proto::onboarding::{
    GetOnboardingRequest, ListOnboardingsRequest, ListProgrammesRequest, OnboardingFilter,
    ProgrammeFilter,
};
use keizoku_proto::risk::{GetRiskRequest, ListRiskTypesRequest, ListRisksRequest, RiskFilter};
use tonic::Code;
use uuid::Uuid;

use super::context::Context;
use crate::client::call;
use crate::error::Failure;

/// Who calls, where a person is named.
const ME: &str = "me";

/// Something that may be meant.
struct Candidate<'a> {
    resource: &'a str,
    /// What it may be called by.
    called: Vec<&'a str>,
    /// What to show of it when several are meant.
    shown: String,
}

impl Context {
    /// A team by name or id.
    pub(super) async fn team(&self, text: &str) -> Result<String, Failure> {
        if let Some(name) = resource("teams", text) {
            return Ok(name);
        }
        pick("team", text, &self.teams().await?)
    }

    /// A person by name, email or id; `me` for who calls.
    pub(super) async fn user(&self, text: &str) -> Result<String, Failure> {
        if text == ME {
            return self.me().await;
        }
        if let Some(name) = resource("users", text) {
            return Ok(name);
        }
        pick("person", text, &self.users().await?)
    }

    /// A person or a team; `me` for who calls.
    pub(super) async fn owner(&self, text: &str) -> Result<String, Failure> {
        if text == ME {
            return self.me().await;
        }
        if text.starts_with("users/") || text.starts_with("teams/") {
            return Ok(text.to_owned());
        }
        let mut candidates = self.users().await?;
        candidates.extend(self.teams().await?);
        pick("person or team", text, &candidates)
    }

    async fn me(&self) -> Result<String, Failure> {
        let caller = self.caller().await?;
        let nobody = || {
            let actor = &caller.actor;
            Failure::Lookup(format!(
                "`{ME}` is nobody in the directory: {actor} is not linked to a person; `keizoku user me` says how"
            ))
        };
        caller.user.map(|user| user.name).ok_or_else(nobody)
    }

    async fn teams(&self) -> Result<Vec<Candidate<'_>>, Failure> {
        let teams = self.directory().await?.teams.iter();
        let candidates = teams.map(|team| Candidate {
            resource: &team.name,
            called: vec![&team.display_name],
            shown: format!("{} ({})", team.display_name, team.name),
        });
        Ok(candidates.collect())
    }

    async fn users(&self) -> Result<Vec<Candidate<'_>>, Failure> {
        let users = self.directory().await?.users.iter();
        let candidates = users.map(|user| Candidate {
            resource: &user.name,
            called: vec![&user.display_name, &user.email, &user.external_id],
            shown: format!("{} <{}> ({})", user.display_name, user.email, user.name),
        });
        Ok(candidates.collect())
    }

    /// An account by id, external id or unique name.
    pub(super) async fn account(&self, text: &str) -> Result<String, Failure> {
        if let Some(name) = resource("accounts", text) {
            return Ok(name);
        }
        if text.trim().is_empty() {
            let advice = "name an account by its name, id or external id";
            return Err(Failure::Lookup(advice.to_owned()));
        }
        for external_id in external_ids(text) {
            let request = ResolveExternalIdRequest { external_id };
            let found = call(async || {
                self.connection
                    .accounts()
                    .resolve_external_id(request.clone())
                    .await
            });
            match found.await {
                Ok(answer) => return Ok(answer.account),
                Err(Failure::Refused { status, .. }) if status.code() == Code::NotFound => {}
                Err(failure) => return Err(failure),
            }
        }
        let request = ListAccountsRequest {
            filter: Some(AccountFilter {
                query: text.to_owned(),
                ..AccountFilter::default()
            }),
            page_size: 50,
            consistency_tokens: self.tokens(),
            ..ListAccountsRequest::default()
        };
        let found = call(async || {
            self.connection
                .accounts()
                .list_accounts(request.clone())
                .await
        })
        .await?;
        let candidates: Vec<Candidate<'_>> = found
            .accounts
            .iter()
            .map(|account| Candidate {
                resource: &account.name,
                called: vec![&account.display_name],
                shown: format!("{} ({})", account.display_name, account.name),
            })
            .collect();
        // What the server found by words in it is meant when it is the only one.
        match &candidates[..] {
            [only] if found.next_page_token.is_empty() => Ok(only.resource.to_owned()),
            [] => pick("account", text, &[]),
            _ => exactly(text, &candidates).ok_or_else(|| {
                ambiguous(
                    text,
                    &candidates.iter().collect::<Vec<_>>(),
                    found.total_size,
                )
            }),
        }
    }

    /// A contact of an account by name, email, id or external id, departed ones too.
    pub(super) async fn contact(&self, account: &str, text: &str) -> Result<String, Failure> {
        if text.starts_with("accounts/") {
            return Ok(text.to_owned());
        }
        if let Ok(id) = Uuid::try_parse(text) {
            return Ok(format!("{account}/contacts/{id}"));
        }
        let contacts = self.contacts(account).await?;
        let candidates: Vec<Candidate<'_>> = contacts
            .iter()
            .map(|contact| Candidate {
                resource: &contact.name,
                called: vec![&contact.display_name, &contact.email, &contact.external_id],
                shown: format!(
                    "{} {} ({})",
                    contact.display_name, contact.title, contact.name
                ),
            })
            .collect();
        pick("contact of the account", text, &candidates)
    }

    /// A risk by id, resource name or external id.
    pub(super) async fn risk(&self, text: &str) -> Result<String, Failure> {
        if text.starts_with("accounts/") && !text.starts_with("accounts/-/") {
            return Ok(text.to_owned());
        }
        if let Ok(id) = Uuid::try_parse(text.trim_start_matches("accounts/-/risks/")) {
            let request = GetRiskRequest {
                name: format!("accounts/-/risks/{id}"),
                consistency_tokens: self.tokens(),
                ..GetRiskRequest::default()
            };
            let answer =
                call(async || self.connection.risks().get_risk(request.clone()).await).await?;
            return Ok(answer.risk.unwrap_or_default().name);
        }
        for external_id in external_ids(text) {
            let request = ListRisksRequest {
                filter: Some(RiskFilter {
                    external_id,
                    ..RiskFilter::default()
                }),
                consistency_tokens: self.tokens(),
                ..ListRisksRequest::default()
            };
            let answer =
                call(async || self.connection.risks().list_risks(request.clone()).await).await?;
            if let [risk] = &answer.risks[..] {
                return Ok(risk.name.clone());
            }
        }
        Err(Failure::Lookup(format!(
            "`{text}` is no risk; name it by id or external id (`keizoku risk list` shows them)"
        )))
    }

    /// A type of risk by key or label.
    pub(super) async fn risk_type(&self, text: &str) -> Result<String, Failure> {
        let request = ListRiskTypesRequest {
            consistency_tokens: self.tokens(),
        };
        let answer = call(async || {
            self.connection
                .risks()
                .list_risk_types(request.clone())
                .await
        })
        .await?;
        let types: Vec<_> = answer
            .types
            .into_iter()
            .filter_map(|statistics| statistics.r#type)
            .collect();
        let candidates: Vec<Candidate<'_>> = types
            .iter()
            .map(|kind| Candidate {
                resource: &kind.key,
                called: vec![&kind.key, &kind.label],
                shown: format!("{} ({})", kind.label, kind.key),
            })
            .collect();
        pick("risk type", text, &candidates)
    }

    /// An onboarding by id, or by its account where that has one only.
    pub(super) async fn onboarding(&self, text: &str) -> Result<String, Failure> {
        if text.contains("/onboardings/") && !text.starts_with("accounts/-/") {
            return Ok(text.to_owned());
        }
        if let Ok(id) = Uuid::try_parse(text.trim_start_matches("accounts/-/onboardings/")) {
            let request = GetOnboardingRequest {
                name: format!("accounts/-/onboardings/{id}"),
                consistency_tokens: self.tokens(),
                ..GetOnboardingRequest::default()
            };
            let answer = call(async || {
                self.connection
                    .onboardings()
                    .get_onboarding(request.clone())
                    .await
            });
            return Ok(answer.await?.onboarding.unwrap_or_default().name);
        }
        let request = ListOnboardingsRequest {
            filter: Some(OnboardingFilter {
                account: self.account(text).await?,
                include_completed: true,
                ..OnboardingFilter::default()
            }),
            consistency_tokens: self.tokens(),
            ..ListOnboardingsRequest::default()
        };
        let answer = call(async || {
            self.connection
                .onboardings()
                .list_onboardings(request.clone())
                .await
        });
        let found = answer.await?.onboardings;
        if let [only] = &found[..] {
            return Ok(only.name.clone());
        }
        let mut advice = format!("{text} has no onboarding; `keizoku onboarding start` starts one");
        if !found.is_empty() {
            advice = format!("{text} has several onboardings; name one by its id:");
            for one in &found {
                let _ = write!(advice, "\n  {} ({})", one.name, one.product);
            }
        }
        Err(Failure::Lookup(advice))
    }

    /// A programme by id, or by its member where that has one only that goes on, or else one only.
    pub(super) async fn programme(&self, text: &str) -> Result<String, Failure> {
        if let Some(name) = resource("programmes", text) {
            return Ok(name);
        }
        let request = ListProgrammesRequest {
            filter: Some(ProgrammeFilter {
                member: self.user(text).await?,
                include_ended: true,
                ..ProgrammeFilter::default()
            }),
            consistency_tokens: self.tokens(),
            ..ListProgrammesRequest::default()
        };
        let answer = call(async || {
            self.connection
                .enablement()
                .list_programmes(request.clone())
                .await
        });
        let found = answer.await?.programmes;
        let mut going_on = found.iter().filter(|one| one.end.is_none());
        match (going_on.next(), going_on.next(), &found[..]) {
            (Some(only), None, _) | (None, _, [only]) => return Ok(only.name.clone()),
            _ => {}
        }
        let mut advice = format!("{text} has no programme; `keizoku enablement start` starts one");
        if !found.is_empty() {
            advice = format!("{text} has several programmes; name one by its id:");
            for one in &found {
                let _ = write!(advice, "\n  {} ({})", one.name, one.key);
            }
        }
        Err(Failure::Lookup(advice))
    }
}

/// Which of some initiatives is meant by a name or id.
pub(super) fn initiative(text: &str, all: &[Initiative]) -> Result<usize, Failure> {
    let candidates: Vec<Candidate<'_>> = all
        .iter()
        .map(|one| Candidate {
            resource: &one.name,
            called: vec![&one.display_name],
            shown: format!("{} ({})", one.display_name, one.name),
        })
        .collect();
    let name =
        resource("initiatives", text).map_or_else(|| pick("initiative", text, &candidates), Ok)?;
    let place = all.iter().position(|one| one.name == name);
    place.ok_or_else(|| Failure::Lookup(format!("there is no initiative {name}")))
}

/// The resource name, where the text is one or is a bare id.
fn resource(collection: &str, text: &str) -> Option<String> {
    if text
        .strip_prefix(collection)
        .is_some_and(|rest| rest.starts_with('/'))
    {
        return Some(text.to_owned());
    }
    Uuid::try_parse(text)
        .ok()
        .map(|id| format!("{collection}/{id}"))
}

/// What external ids a text may be: as it is, or a bare id of Salesforce.
fn external_ids(text: &str) -> Vec<String> {
    let bare =
        matches!(text.len(), 15 | 18) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if text.contains(':') {
        vec![text.to_owned()]
    } else if bare {
        vec![format!("salesforce:{text}"), text.to_owned()]
    } else {
        Vec::new()
    }
}

/// The one that is called exactly so, or else the only one whose name contains the text.
fn pick(kind: &str, text: &str, candidates: &[Candidate<'_>]) -> Result<String, Failure> {
    if let Some(resource) = exactly(text, candidates) {
        return Ok(resource);
    }
    let wanted = text.to_lowercase();
    let found = called(candidates, |name| {
        !wanted.is_empty() && name.contains(&wanted)
    });
    match &found[..] {
        [only] => Ok(only.resource.to_owned()),
        [] => Err(Failure::Lookup(format!(
            "there is no {kind} called `{text}`"
        ))),
        several => Err(ambiguous(text, several, 0)),
    }
}

/// The only one that is called exactly so, upper and lower case being the same.
fn exactly(text: &str, candidates: &[Candidate<'_>]) -> Option<String> {
    let wanted = text.to_lowercase();
    match called(candidates, |name| name == wanted)[..] {
        [only] => Some(only.resource.to_owned()),
        _ => None,
    }
}

fn called<'c, 'n>(
    candidates: &'c [Candidate<'n>],
    fits: impl Fn(&str) -> bool,
) -> Vec<&'c Candidate<'n>> {
    let any = |candidate: &&Candidate<'_>| {
        let mut names = candidate.called.iter();
        names.any(|name| fits(&name.to_lowercase()))
    };
    candidates.iter().filter(any).collect()
}

/// Says which ones may be meant; `total` where there are more than these.
fn ambiguous(text: &str, several: &[&Candidate<'_>], total: i64) -> Failure {
    const SHOWN: usize = 10;
    let total = usize::try_from(total).unwrap_or(0).max(several.len());
    let mut message = format!("`{text}` may be any of {total}; name one by its id:");
    for candidate in several.iter().take(SHOWN) {
        message.push_str("\n  ");
        message.push_str(&candidate.shown);
    }
    if total > SHOWN {
        message.push_str("\n  …");
    }
    Failure::Lookup(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<String, String> {
        let candidate = |resource, name| Candidate {
            resource,
            called: vec![name],
            shown: format!("{name} ({resource})"),
        };
        let candidates = [
            candidate("teams/1", "SMB"),
            candidate("teams/2", "SMB East"),
            candidate("teams/3", "Kyushu"),
        ];
        pick("team", text, &candidates).map_err(|failure| failure.to_string())
    }

    #[test]
    fn a_name_is_taken_when_only_one_is_meant() {
        assert_eq!(of("smb").unwrap(), "teams/1");
        assert_eq!(of("kyu").unwrap(), "teams/3");
        assert!(of("Tokai").unwrap_err().contains("no team called `Tokai`"));
        let several = of("s").unwrap_err();
        assert!(
            several.contains("any of 3") && several.contains("\n  SMB East (teams/2)"),
            "{several}"
        );
    }

    #[test]
    fn ids_are_recognised() {
        let id = "0197f0a0-0000-7000-8000-000000000001";
        assert_eq!(resource("teams", id), Some(format!("teams/{id}")));
        assert_eq!(resource("teams", "Tokai"), None);
        assert_eq!(
            external_ids("0015iiMAyrPWuUNAG1")[0],
            "salesforce:0015iiMAyrPWuUNAG1"
        );
        assert_eq!(external_ids("hubspot:17"), ["hubspot:17"]);
        assert!(external_ids("緑川印刷").is_empty());
    }
}
