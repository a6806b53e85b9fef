//! The RPC about data quality.

use jiff::Timestamp;
use keizoku_proto::forecast as proto;
use keizoku_runtime::Failure;
use keizoku_runtime::page::Page;

use crate::quality::quality;
use crate::{Service, api, replies};

impl Service {
    pub(super) async fn quality(
        &self,
        mut request: proto::ListQualityIssuesRequest,
    ) -> Result<proto::ListQualityIssuesResponse, Failure> {
        let tokens = std::mem::take(&mut request.consistency_tokens);
        let binding = proto::ListQualityIssuesRequest {
            page_size: 0,
            page_token: String::new(),
            ..request.clone()
        };
        let page = Page::of(request.page_size, &request.page_token, &binding)?;
        let (offset, size) = (page.offset, page.size);
        let known_at = request.as_of.as_ref().and_then(|as_of| as_of.known_at);
        // A time that is none is refused with everything else that is wrong.
        let known_at = known_at.and_then(|at| Timestamp::new(at.seconds, at.nanos).ok());
        let shared = self.names.shared(&tokens, known_at).await?;
        let silent = i32::from(proto::QualityIssueKind::SignalsSilent);
        let asks_for_silent = request.kinds.is_empty() || request.kinds.contains(&silent);
        let freshness = self.freshness_with(false, asks_for_silent);
        let (mut answer, total) = self
            .ask(&freshness, &tokens, move |book, boards| {
                let question = api::quality_question(book, &request)?;
                let as_of = question.as_of;
                let currency = &book.settings_at(as_of.known_at).currency;
                let found = quality(book, boards, &question, &shared);
                let shown = found.issues.iter().skip(offset).take(size);
                let shown = shown
                    .map(|issue| replies::issue(book, boards.risks, issue, as_of, currency))
                    .collect();
                let answer = proto::ListQualityIssuesResponse {
                    issues: shown,
                    counts: found.counts.iter().map(replies::issue_count).collect(),
                    ..proto::ListQualityIssuesResponse::default()
                };
                Ok((answer, found.issues.len()))
            })
            .await?;
        self.names.fill(&tokens, answer.issues.iter_mut()).await?;
        let others = answer.issues.iter_mut();
        let others = others.flat_map(|issue| issue.duplicates.iter_mut());
        self.names.fill(&tokens, others).await?;
        Ok(proto::ListQualityIssuesResponse {
            next_page_token: page.next(total),
            total_size: i64::try_from(total).unwrap_or(i64::MAX),
            watermarks: freshness.watermarks(),
            ..answer
        })
    }
}
