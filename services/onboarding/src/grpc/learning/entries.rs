//! What people of an account learned from.

use keizoku_proto::onboarding as proto;
use keizoku_runtime::page::Page;
use keizoku_runtime::{Failure, Violations, names};
use uuid::Uuid;

use super::participant;
use crate::queries::learning::{self, Learned};
use crate::{Onboardings, domain};

impl Onboardings {
    pub(super) async fn list_learning(
        &self,
        body: proto::ListLearningRequest,
    ) -> Result<proto::ListLearningResponse, Failure> {
        let mut violations = Violations::new();
        let account = violations.parse("parent", names::parse_account(&body.parent));
        let account = violations.finish(account)?;
        let binding = proto::ListLearningRequest {
            parent: body.parent.clone(),
            ..proto::ListLearningRequest::default()
        };
        let page = Page::of(body.page_size, &body.page_token, &binding)?;
        self.wait(&body.consistency_tokens).await?;
        if !self.book.has_account(account) {
            return Err(Failure::not_found(&body.parent));
        }
        let ids = self.book.with_aliases(account);
        let window = (page.offset, page.size);
        let (total, learned) = self
            .model
            .read(move |rows| learning::learned(rows, &ids, window))
            .await?;
        let mut entries = Vec::new();
        for learned in learned {
            entries.push(self.entry(learned).await?);
        }
        Ok(proto::ListLearningResponse {
            entries,
            next_page_token: page.next(total),
            watermarks: self.list_freshness.watermarks(),
        })
    }

    async fn entry(&self, learned: Learned) -> Result<proto::LearningEntry, Failure> {
        let id: Uuid = learned.source.parse().unwrap_or_default();
        let (source, title, feature, purpose) = if learned.is_seminar {
            let fold = self.seminars.recall(&domain::seminar_stream(id)).await?;
            let plan = fold.state.plan.clone();
            let source = format!("seminars/{id}");
            (source, plan.title, plan.feature, plan.purpose)
        } else {
            let fold = self.contents.recall(&domain::content_stream(id)).await?;
            let item = fold.state.version(0);
            let item = item.map(|(_, (item, _))| proto::ContentItem::clone(item));
            let item = item.unwrap_or_default();
            let source = format!("onboardingContents/{id}");
            (source, item.title, item.feature, item.purpose)
        };
        Ok(proto::LearningEntry {
            source,
            title,
            feature,
            purpose,
            participant: participant(&learned.account, &learned.contact),
            date: learned.date.map(Into::into),
        })
    }
}
