//! RPCs that look back.

use keizoku_proto::forecast as proto;
use keizoku_runtime::{Failure, Violations};

use crate::{Service, api, hindsight, replies};

impl Service {
    pub(super) async fn backtest(
        &self,
        request: proto::GetBacktestRequest,
    ) -> Result<proto::GetBacktestResponse, Failure> {
        let tokens = request.consistency_tokens.clone();
        let freshness = self.freshness_of(request.filter.as_ref(), true);
        let answer = self
            .ask(&freshness, &tokens, move |book, boards| {
                let question = api::backtest_question(book, &request)?;
                let test = hindsight::backtest(book, boards, &question).map_err(|not_over| {
                    let mut violations = Violations::new();
                    violations.add("last_month", not_over.to_string());
                    violations.into_failure()
                })?;
                let currency = &book.settings_at(question.as_of.known_at).currency;
                Ok(replies::backtest(&test, currency))
            })
            .await?;
        Ok(proto::GetBacktestResponse {
            watermarks: freshness.watermarks(),
            ..answer
        })
    }
}
