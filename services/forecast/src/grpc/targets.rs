//! The RPC about targets.

use keizoku_proto::forecast as proto;
use keizoku_runtime::Failure;

use crate::{Service, api, replies, targets};

impl Service {
    pub(super) async fn targets(
        &self,
        request: proto::GetTargetsRequest,
    ) -> Result<proto::GetTargetsResponse, Failure> {
        let tokens = request.consistency_tokens.clone();
        let answer = self
            .ask(&self.freshness, &tokens, move |book, boards| {
                let (as_of, team) = api::target_question(book, &request)?;
                let currency = &book.settings_at(as_of.known_at).currency;
                let standings = targets::standings(book, boards, as_of, team);
                Ok(replies::targets(&standings, currency))
            })
            .await?;
        Ok(proto::GetTargetsResponse {
            watermarks: self.freshness.watermarks(),
            ..answer
        })
    }
}
