//! Templates of programmes.

use keizoku_proto::onboarding as proto;
use keizoku_runtime::page::Page;
use keizoku_runtime::{Call, Failure, Violations};
use tonic::Request;

use crate::api::enablement as api;
use crate::domain::template::Command;
use crate::queries::enablement as queries;
use crate::resources::programme as resources;
use crate::template_file::NEW_MEMBER;
use crate::{Onboardings, domain};

impl Onboardings {
    pub(super) async fn publish_programme_template(
        &self,
        request: Request<proto::PublishProgrammeTemplateRequest>,
    ) -> Result<proto::PublishProgrammeTemplateResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let version = api::version(&mut violations, body);
        let request_id = violations.finish(request_id)?;
        let call = Call::of("PublishProgrammeTemplate", &request, request_id, &body.etag)?;
        let id = domain::programme_template_id(&version.programme);
        self.ship(id).await?;
        let stream = domain::template_stream(id);
        let command = Command::Publish(version);
        let outcome = self.templates.execute(stream, command, call).await?;
        Ok(proto::PublishProgrammeTemplateResponse {
            template: resources::template(id, &outcome.fold, 0),
            consistency_token: outcome.token.encode(),
        })
    }

    pub(super) async fn get_programme_template(
        &self,
        body: proto::GetProgrammeTemplateRequest,
    ) -> Result<proto::GetProgrammeTemplateResponse, Failure> {
        let mut violations = Violations::new();
        let name = api::template_name(&mut violations, &body.name);
        let id = violations.finish(name)?;
        self.list_freshness.wait(&body.consistency_tokens).await?;
        let fold = self.template(id).await?;
        let template = resources::template(id, &fold, body.version);
        if template.is_none() {
            return Err(Failure::not_found(&body.name).with("version", body.version.to_string()));
        }
        Ok(proto::GetProgrammeTemplateResponse { template })
    }

    pub(super) async fn list_programme_templates(
        &self,
        body: proto::ListProgrammeTemplatesRequest,
    ) -> Result<proto::ListProgrammeTemplatesResponse, Failure> {
        let binding = proto::ListProgrammeTemplatesRequest::default();
        let page = Page::of(body.page_size, &body.page_token, &binding)?;
        self.list_freshness.wait(&body.consistency_tokens).await?;
        let mut ids = self.model.read(queries::templates).await?;
        let shipped = domain::programme_template_id(NEW_MEMBER);
        if !ids.contains(&shipped) {
            ids.push(shipped);
        }
        let mut templates = Vec::new();
        for id in ids.iter().skip(page.offset).take(page.size) {
            let fold = self.template(*id).await?;
            templates.extend(resources::template(*id, &fold, 0));
        }
        Ok(proto::ListProgrammeTemplatesResponse {
            templates,
            next_page_token: page.next(ids.len()),
        })
    }
}
