//! Initiatives (FC-12).

use keizoku_core::{InitiativeId, derive_id};
use keizoku_proto::accounts as proto;
use keizoku_runtime::names::{self, Owner};
use keizoku_runtime::{Call, Failure, Violations, call};
use tonic::Request;

use crate::api::Chartered;
use crate::domain::initiative::Command;
use crate::{Accounts, api, domain, resources};

impl Accounts {
    pub(super) async fn charter_initiative(
        &self,
        request: Request<proto::CharterInitiativeRequest>,
    ) -> Result<proto::CharterInitiativeResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let wanted = body.initiative.clone().unwrap_or_default();
        let request_id = violations.request_id(&body.request_id);
        let id = (!wanted.name.is_empty())
            .then(|| violations.parse("initiative.name", names::parse_initiative(&wanted.name)))
            .flatten();
        let chartered = api::charter(&mut violations, &wanted);
        let (request_id, chartered) = violations.finish(request_id.zip(chartered))?;
        let call = Call::of("CharterInitiative", &request, request_id, &wanted.etag)?;
        let (id, command) = if let Some(id) = id {
            (id, Command::Replace(chartered.charter.clone()))
        } else {
            let id: InitiativeId = derive_id("initiative", &[request_id.as_bytes()]).into();
            let created = proto::InitiativeChartered {
                initiative_id: id.to_string(),
                charter: Some(chartered.charter.clone()),
            };
            (id, Command::Create(created))
        };
        let stream = domain::initiative_stream(id);
        let outcome = match self.require_chartered(&chartered).await {
            Ok(()) => self.initiatives.execute(stream, command, call).await?,
            Err(failure) => self.initiatives.done_or(&stream, &call, failure).await?,
        };
        self.settle(&outcome.token).await?;
        let etag = call::etag(outcome.fold.revision);
        Ok(proto::CharterInitiativeResponse {
            initiative: Some(resources::initiative(id, &outcome.fold.state.charter, etag)),
            consistency_token: outcome.token.encode(),
        })
    }

    /// Makes sure that whom a charter names is there.
    async fn require_chartered(&self, chartered: &Chartered) -> Result<(), Failure> {
        match chartered.owner {
            Owner::User(user) => self.require_user(&user.to_string()).await?,
            Owner::Team(team) => self.require_team(&team.to_string()).await?,
        }
        if let Some(team) = chartered.team {
            self.require_team(&team.to_string()).await?;
        }
        for account in &chartered.accounts {
            self.require_account(*account, &names::account(*account))
                .await?;
        }
        Ok(())
    }

    pub(super) async fn list_initiatives(
        &self,
        body: proto::ListInitiativesRequest,
    ) -> Result<proto::ListInitiativesResponse, Failure> {
        self.book_freshness.wait(&body.consistency_tokens).await?;
        let as_of = self.as_of(body.as_of.as_ref())?;
        let book = self.book.read();
        let found = book.initiatives(as_of.known_at);
        let mut found: Vec<_> = found
            .filter(|one| body.include_withdrawn || !one.is_withdrawn())
            .collect();
        found.sort_by_key(|one| (std::cmp::Reverse(one.first), one.id));
        let shown = found
            .into_iter()
            .map(|one| resources::initiative(one.id, &one.charter, call::etag(one.revision)));
        Ok(proto::ListInitiativesResponse {
            initiatives: shown.collect(),
        })
    }
}
