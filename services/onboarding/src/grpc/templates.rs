//! Templates, and which of them fits.

use std::sync::Arc;

use keizoku_core::{AccountId, Origin, derive_id};
use keizoku_proto::common::ErrorReason;
use keizoku_proto::onboarding as proto;
use keizoku_runtime::page::Page;
use keizoku_runtime::{Call, Cause, DomainError, Failure, Fold, Violations, book, names};
use tonic::Request;
use uuid::Uuid;

use crate::domain::template::{Command, State, Version};
use crate::{Onboardings, api, domain, queries, resources};

/// The tier is not in the catalogue.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not in the catalogue of tiers")]
struct TierUnknown(String);

impl DomainError for TierUnknown {
    fn reason(&self) -> ErrorReason {
        ErrorReason::TierUnknown
    }
}

impl Onboardings {
    pub(super) async fn publish_template(
        &self,
        request: Request<proto::PublishTemplateRequest>,
    ) -> Result<proto::PublishTemplateResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let version = api::version(&mut violations, body);
        let request_id = violations.finish(request_id)?;
        let call = Call::of("PublishTemplate", &request, request_id, &body.etag)?;
        let id = domain::template_id(&version.product, &version.tier);
        self.ship(id).await?;
        let stream = domain::template_stream(id);
        let outcome = if let Some(done) = self.templates.admit(&stream, &call).await? {
            done
        } else {
            self.require_tier(&version.tier).await?;
            let command = Command::Publish(version);
            self.templates.execute(stream, command, call).await?
        };
        Ok(proto::PublishTemplateResponse {
            template: resources::template(id, &outcome.fold, 0),
            consistency_token: outcome.token.encode(),
        })
    }

    fn shipped(&self, id: Uuid) -> Option<&Version> {
        let id = id.to_string();
        self.shipped
            .iter()
            .find(|shipped| shipped.template_id == id)
    }

    /// Records what comes with Keizoku for a template as its first version, unless it has one (ONB-2).
    pub(super) async fn ship(&self, id: Uuid) -> Result<(), Failure> {
        let Some(shipped) = self.shipped(id) else {
            return Ok(());
        };
        let stream = domain::template_stream(id);
        if self.templates.recall(&stream).await?.state.latest() > 0 {
            return Ok(());
        }
        let request_id = derive_id("shipped-template", &[]);
        let call = Call::own(
            crate::SOURCE,
            Origin::Schedule,
            request_id,
            Cause::default(),
        );
        let command = Command::Ship(shipped.clone());
        self.templates.execute(stream, command, call).await?;
        Ok(())
    }

    /// A template with its versions; where one comes with Keizoku, it has that.
    pub(super) async fn template(&self, id: Uuid) -> Result<Arc<Fold<State>>, Failure> {
        let mut fold = self.templates.refresh(&domain::template_stream(id)).await?;
        if fold.state.latest() == 0
            && let Some(shipped) = self.shipped(id)
        {
            let fold = Arc::make_mut(&mut fold);
            fold.state = State::default().presuming(shipped.clone());
        }
        Ok(fold)
    }

    pub(super) async fn require_tier(&self, tier: &str) -> Result<(), Failure> {
        // Which tiers there are is only known once the settings have been read.
        self.change_freshness.wait(&[]).await?;
        // And what a list has shown is not forgotten.
        let lists = &self.list_freshness;
        self.change_freshness.keep_up(book::SOURCE, lists).await;
        let book = self.book.read();
        let tiers = &book.settings_at(None).tiers;
        // An organisation that never said has the tiers that come with Keizoku.
        if tier.is_empty() || tiers.is_empty() || tiers.iter().any(|known| known == tier) {
            Ok(())
        } else {
            Err(TierUnknown(tier.to_owned()).into())
        }
    }

    pub(super) async fn get_template(
        &self,
        body: proto::GetTemplateRequest,
    ) -> Result<proto::GetTemplateResponse, Failure> {
        let mut violations = Violations::new();
        let name = violations.parse("name", names::parse_onboarding_template(&body.name));
        let id = violations.finish(name)?;
        self.list_freshness.wait(&body.consistency_tokens).await?;
        let fold = self.template(id).await?;
        let template = resources::template(id, &fold, body.version);
        if template.is_none() {
            return Err(Failure::not_found(&body.name).with("version", body.version.to_string()));
        }
        Ok(proto::GetTemplateResponse { template })
    }

    pub(super) async fn list_templates(
        &self,
        body: proto::ListTemplatesRequest,
    ) -> Result<proto::ListTemplatesResponse, Failure> {
        let binding = proto::ListTemplatesRequest::default();
        let page = Page::of(body.page_size, &body.page_token, &binding)?;
        self.list_freshness.wait(&body.consistency_tokens).await?;
        let mut ids = self.model.read(queries::templates).await?;
        let for_everything = domain::template_id("", "");
        if !ids.contains(&for_everything) {
            ids.push(for_everything);
        }
        let mut templates = Vec::new();
        for id in ids.iter().skip(page.offset).take(page.size) {
            let fold = self.template(*id).await?;
            templates.extend(resources::template(*id, &fold, 0));
        }
        Ok(proto::ListTemplatesResponse {
            templates,
            next_page_token: page.next(ids.len()),
        })
    }

    /// The newest version of the template that fits best (ONB-3).
    pub(crate) async fn plan_for(
        &self,
        account: AccountId,
        product: &str,
    ) -> Result<proto::Plan, Failure> {
        let tier = self.tier_of(account, self.book.now());
        self.ship(domain::template_id("", "")).await?;
        for (product, tier) in [(product, &*tier), (product, ""), ("", &*tier), ("", "")] {
            let stream = domain::template_stream(domain::template_id(product, tier));
            let fold = self.templates.recall(&stream).await?;
            if let Some((plan, _)) = fold.state.version(0) {
                return Ok(proto::Plan::clone(plan));
            }
        }
        Err(Failure::not_found("onboardingTemplates/-"))
    }
}
