//! Contents, and who completed them.

use std::sync::Arc;

use keizoku_proto::onboarding as proto;
use keizoku_runtime::page::Page;
use keizoku_runtime::{Call, Failure, Fold, Violations, call};
use tonic::Request;
use uuid::Uuid;

use super::participant;
use crate::api::learning as api;
use crate::domain::completion;
use crate::domain::content::{Command, State};
use crate::queries::learning::{self, Contents};
use crate::{Onboardings, domain};

/// A content in a version, or the newest one for 0; `None` when it has no such version.
fn content(id: Uuid, fold: &Fold<State>, version: u32) -> Option<proto::Content> {
    let (version, (item, published)) = fold.state.version(version)?;
    Some(proto::Content {
        name: format!("onboardingContents/{id}"),
        version,
        latest_version: fold.state.latest(),
        item: Some(proto::ContentItem::clone(item)),
        publish_time: Some(keizoku_proto::timestamp(*published)),
        etag: call::etag(fold.revision),
    })
}

impl Onboardings {
    pub(super) async fn publish_content(
        &self,
        request: Request<proto::PublishContentRequest>,
    ) -> Result<proto::PublishContentResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let item = api::item(&mut violations, body.item.as_ref());
        let request_id = violations.finish(request_id)?;
        let call = Call::of("PublishContent", &request, request_id, &body.etag)?;
        let id = domain::content_id(&item.key);
        let stream = domain::content_stream(id);
        let command = Command::Publish(item);
        let outcome = self.contents.execute(stream, command, call).await?;
        Ok(proto::PublishContentResponse {
            content: content(id, &outcome.fold, 0),
            consistency_token: outcome.token.encode(),
        })
    }

    /// A content that there is.
    pub(super) async fn content(&self, id: Uuid, name: &str) -> Result<Arc<Fold<State>>, Failure> {
        let fold = self.contents.refresh(&domain::content_stream(id)).await?;
        if fold.state.latest() == 0 {
            return Err(Failure::not_found(name));
        }
        Ok(fold)
    }

    pub(super) async fn get_content(
        &self,
        body: proto::GetContentRequest,
    ) -> Result<proto::GetContentResponse, Failure> {
        let mut violations = Violations::new();
        let name = api::content_name(&mut violations, &body.name);
        let id = violations.finish(name)?;
        self.list_freshness.wait(&body.consistency_tokens).await?;
        let fold = self.content(id, &body.name).await?;
        let content = content(id, &fold, body.version);
        if content.is_none() {
            return Err(Failure::not_found(&body.name).with("version", body.version.to_string()));
        }
        Ok(proto::GetContentResponse { content })
    }

    pub(super) async fn list_contents(
        &self,
        body: proto::ListContentsRequest,
    ) -> Result<proto::ListContentsResponse, Failure> {
        let binding = proto::ListContentsRequest {
            page_size: 0,
            page_token: String::new(),
            consistency_tokens: Vec::new(),
            ..body.clone()
        };
        let page = Page::of(body.page_size, &body.page_token, &binding)?;
        self.list_freshness.wait(&body.consistency_tokens).await?;
        let which = Contents {
            feature: body.feature,
            purpose: body.purpose,
            include_retired: body.include_retired,
        };
        let ids = self
            .model
            .read(move |rows| learning::contents(rows, &which))
            .await?;
        let mut contents = Vec::new();
        for id in ids.iter().skip(page.offset).take(page.size) {
            let fold = self.contents.recall(&domain::content_stream(*id)).await?;
            contents.extend(content(*id, &fold, 0));
        }
        Ok(proto::ListContentsResponse {
            contents,
            next_page_token: page.next(ids.len()),
        })
    }

    pub(super) async fn complete_content(
        &self,
        request: Request<proto::CompleteContentRequest>,
    ) -> Result<proto::CompleteContentResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let name = api::content_name(&mut violations, &body.name);
        let learner = api::learner(&mut violations, "participant", &body.participant);
        let date = violations.day("date", body.date.as_ref());
        let (request_id, (id, learner)) = violations.finish(request_id.zip(name.zip(learner)))?;
        let call = Call::of("CompleteContent", &request, request_id, "")?;
        let stream = domain::completion_stream(id, &learner);
        let outcome = if let Some(done) = self.completions.admit(&stream, &call).await? {
            done
        } else {
            let fold = self.content(id, &body.name).await?;
            let tokens = &body.consistency_tokens;
            self.require_learners(std::iter::once(&learner), tokens)
                .await?;
            let command = completion::Command::Complete(proto::ContentCompleted {
                content_id: id.to_string(),
                version: fold.state.latest(),
                learner: Some(learner),
                date: date.map(Into::into),
            });
            self.completions.execute(stream, command, call).await?
        };
        let completed = outcome.fold.state.clone().unwrap_or_default();
        let fold = self.contents.recall(&domain::content_stream(id)).await?;
        let item = fold.state.version(completed.version);
        let item = item.map(|(_, (item, _))| proto::ContentItem::clone(item));
        let (item, learner) = (
            item.unwrap_or_default(),
            completed.learner.unwrap_or_default(),
        );
        Ok(proto::CompleteContentResponse {
            entry: Some(proto::LearningEntry {
                source: format!("onboardingContents/{id}"),
                title: item.title,
                feature: item.feature,
                purpose: item.purpose,
                participant: participant(&learner.account_id, &learner.contact_id),
                date: completed.date,
            }),
            consistency_token: outcome.token.encode(),
        })
    }
}
