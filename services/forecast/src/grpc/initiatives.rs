//! The RPC about initiatives.

use keizoku_proto::forecast as proto;
use keizoku_runtime::Failure;

use crate::{Service, api, initiatives, replies};

impl Service {
    pub(super) async fn initiative(
        &self,
        request: proto::GetInitiativeRequest,
    ) -> Result<proto::GetInitiativeResponse, Failure> {
        let tokens = request.consistency_tokens.clone();
        // Bands are among the figures.
        let freshness = self.freshness_with(false, true);
        let answer = self
            .ask(&freshness, &tokens, move |book, boards| {
                let (as_of, id) = api::initiative_question(book, &request)?;
                let initiative = book
                    .initiative(id, as_of.known_at)
                    .ok_or_else(|| Failure::not_found(&request.name))?;
                let outcome = initiatives::outcome(book, boards, as_of, initiative);
                let currency = &book.settings_at(as_of.known_at).currency;
                Ok(replies::initiative(book, initiative, &outcome, currency))
            })
            .await?;
        Ok(proto::GetInitiativeResponse {
            watermarks: freshness.watermarks(),
            ..answer
        })
    }
}
