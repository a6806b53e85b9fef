//! The service's RPCs: parse, execute, reply.

mod endpoints;
mod rules;

use keizoku_proto::common::ErrorReason;
use keizoku_proto::notification as proto;
use keizoku_proto::notification::notification_service_server::NotificationService;
use keizoku_proto::notification::{DeliveryPlanned, DeliveryState, Trigger};
use keizoku_runtime::page::Page;
use keizoku_runtime::{Call, DomainError, Failure, Fold, Violations, names};
use tonic::{Request, Response, Status};

use crate::domain::delivery::{Command, State};
use crate::domain::delivery_stream;
use crate::message::template;
use crate::queries::DeliveryFilter;
use crate::route::Router;
use crate::{Service, api, resources};

/// The channel is not configured.
#[derive(Debug, thiserror::Error)]
#[error(
    "nothing in the configuration's section [notification] reaches this recipient; `keizoku config` explains its keys"
)]
struct NotConfigured;

impl DomainError for NotConfigured {
    fn reason(&self) -> ErrorReason {
        ErrorReason::ChannelNotConfigured
    }
}

impl Service {
    async fn get(
        &self,
        request: proto::GetDeliveryRequest,
    ) -> Result<proto::GetDeliveryResponse, Failure> {
        let mut violations = Violations::new();
        let id = api::delivery(&mut violations, &request.name);
        let id = violations.finish(id)?;
        let fold = self.desk.deliveries.recall(&delivery_stream(id)).await?;
        Ok(proto::GetDeliveryResponse {
            delivery: Some(shown(&fold, &request.name)?),
        })
    }

    async fn list(
        &self,
        request: proto::ListDeliveriesRequest,
    ) -> Result<proto::ListDeliveriesResponse, Failure> {
        let mut violations = Violations::new();
        let state = DeliveryState::try_from(request.state).unwrap_or_default();
        if request.state != i32::from(state) {
            violations.add("state", "is not a state that deliveries have");
        }
        let rule = (!request.rule.is_empty())
            .then(|| api::rule_key(&mut violations, "rule", &request.rule));
        let account = (!request.account.is_empty())
            .then(|| violations.parse("account", names::parse_account(&request.account)));
        violations.check()?;
        let binding = proto::ListDeliveriesRequest {
            page_size: 0,
            page_token: String::new(),
            consistency_tokens: Vec::new(),
            ..request.clone()
        };
        let page = Page::of(request.page_size, &request.page_token, &binding)?;
        self.freshness.wait(&request.consistency_tokens).await?;
        let filter = DeliveryFilter {
            state: (state != DeliveryState::Unspecified).then(|| state.into()),
            ambiguous: request.ambiguous,
            rule: rule.flatten(),
            account: account.flatten().map(|account| account.to_string()),
        };
        let (ids, total) = self.desk.queries.deliveries(filter, &page).await?;
        let mut deliveries = Vec::with_capacity(ids.len());
        for id in ids {
            let fold = self.desk.deliveries.recall(&delivery_stream(id)).await?;
            deliveries.push(resources::delivery(&fold));
        }
        Ok(proto::ListDeliveriesResponse {
            deliveries,
            next_page_token: page.next(total),
            total_size: i32::try_from(total).unwrap_or(i32::MAX),
            watermarks: self.freshness.watermarks(),
        })
    }

    async fn redrive(
        &self,
        request: Request<proto::RedriveDeliveryRequest>,
    ) -> Result<proto::RedriveDeliveryResponse, Failure> {
        let body = request.get_ref();
        let mut violations = Violations::new();
        let request_id = violations.request_id(&body.request_id);
        let id = api::delivery(&mut violations, &body.name);
        let (request_id, id) = violations.finish(request_id.zip(id))?;
        let call = Call::of("RedriveDelivery", &request, request_id, &body.etag)?;
        let stream = delivery_stream(id);
        let known = self.desk.deliveries.recall(&stream).await?;
        shown(&known, &body.name)?;
        let outcome = self
            .desk
            .deliveries
            .execute(stream, Command::Redrive, call)
            .await?;
        Ok(proto::RedriveDeliveryResponse {
            delivery: Some(resources::delivery(&outcome.fold)),
            consistency_token: outcome.token.encode(),
        })
    }

    async fn send_test(
        &self,
        request: Request<proto::SendTestMessageRequest>,
    ) -> Result<proto::SendTestMessageResponse, Failure> {
        let body = request.get_ref();
        let mut violations = Violations::new();
        let request_id = violations.request_id(&body.request_id);
        let recipient = api::recipient(&mut violations, body.recipient.clone());
        let locale = api::locale(&mut violations, "locale", &body.locale);
        let (request_id, recipient) = violations.finish(request_id.zip(recipient))?;
        let call = Call::of("SendTestMessage", &request, request_id, "")?;
        let directory = self.desk.queries.directory().await?;
        let team_of = std::collections::HashMap::new();
        let router = Router {
            directory: &directory,
            team_of: &team_of,
            config: &self.desk.config,
        };
        if !router.can_reach(&recipient) {
            return Err(NotConfigured.into());
        }
        let id = keizoku_core::derive_id("test-message", &[request_id.as_bytes()]);
        let planned = DeliveryPlanned {
            delivery_id: id.to_string(),
            trigger: Trigger::Test.into(),
            recipient: Some(recipient),
            message: Some(template::test(&self.desk.writer(&locale).await?)),
            fields_json: "{}".to_owned(),
            event_time: Some(keizoku_proto::timestamp(self.desk.calendar.now())),
            ..DeliveryPlanned::default()
        };
        let command = Command::Plan(Box::new(planned));
        let outcome = self
            .desk
            .deliveries
            .create(delivery_stream(id), command, call)
            .await?;
        Ok(proto::SendTestMessageResponse {
            delivery: Some(resources::delivery(&outcome.fold)),
            consistency_token: outcome.token.encode(),
        })
    }
}

fn shown(fold: &Fold<State>, name: &str) -> Result<proto::Delivery, Failure> {
    if fold.state.planned.is_none() {
        return Err(Failure::not_found(name));
    }
    Ok(resources::delivery(fold))
}

/// Answers an RPC.
fn reply<T>(answer: Result<T, Failure>) -> Result<Response<T>, Status> {
    answer.map(Response::new).map_err(Status::from)
}

#[tonic::async_trait]
impl NotificationService for Service {
    async fn list_rules(
        &self,
        request: Request<proto::ListRulesRequest>,
    ) -> Result<Response<proto::ListRulesResponse>, Status> {
        reply(self.rules(request.into_inner()).await)
    }
    async fn get_rule(
        &self,
        request: Request<proto::GetRuleRequest>,
    ) -> Result<Response<proto::GetRuleResponse>, Status> {
        reply(self.get_one_rule(&request.into_inner()).await)
    }
    async fn list_rule_fields(
        &self,
        request: Request<proto::ListRuleFieldsRequest>,
    ) -> Result<Response<proto::ListRuleFieldsResponse>, Status> {
        reply(rules::fields_of(request.into_inner()))
    }
    async fn try_rule(
        &self,
        request: Request<proto::TryRuleRequest>,
    ) -> Result<Response<proto::TryRuleResponse>, Status> {
        reply(self.try_out(request.into_inner()).await)
    }
    async fn create_rule(
        &self,
        request: Request<proto::CreateRuleRequest>,
    ) -> Result<Response<proto::CreateRuleResponse>, Status> {
        reply(self.create(request).await)
    }
    async fn retire_rule(
        &self,
        request: Request<proto::RetireRuleRequest>,
    ) -> Result<Response<proto::RetireRuleResponse>, Status> {
        reply(self.retire(request).await)
    }
    async fn enable_rule(
        &self,
        request: Request<proto::EnableRuleRequest>,
    ) -> Result<Response<proto::EnableRuleResponse>, Status> {
        reply(self.enable(request).await)
    }
    async fn disable_rule(
        &self,
        request: Request<proto::DisableRuleRequest>,
    ) -> Result<Response<proto::DisableRuleResponse>, Status> {
        reply(self.disable(request).await)
    }
    async fn update_rule(
        &self,
        request: Request<proto::UpdateRuleRequest>,
    ) -> Result<Response<proto::UpdateRuleResponse>, Status> {
        reply(self.update(request).await)
    }
    async fn get_delivery(
        &self,
        request: Request<proto::GetDeliveryRequest>,
    ) -> Result<Response<proto::GetDeliveryResponse>, Status> {
        reply(self.get(request.into_inner()).await)
    }
    async fn list_deliveries(
        &self,
        request: Request<proto::ListDeliveriesRequest>,
    ) -> Result<Response<proto::ListDeliveriesResponse>, Status> {
        reply(self.list(request.into_inner()).await)
    }
    async fn redrive_delivery(
        &self,
        request: Request<proto::RedriveDeliveryRequest>,
    ) -> Result<Response<proto::RedriveDeliveryResponse>, Status> {
        reply(self.redrive(request).await)
    }
    async fn send_test_message(
        &self,
        request: Request<proto::SendTestMessageRequest>,
    ) -> Result<Response<proto::SendTestMessageResponse>, Status> {
        reply(self.send_test(request).await)
    }
    async fn list_endpoints(
        &self,
        _request: Request<proto::ListEndpointsRequest>,
    ) -> Result<Response<proto::ListEndpointsResponse>, Status> {
        reply(self.endpoints().await)
    }
    async fn enable_endpoint(
        &self,
        request: Request<proto::EnableEndpointRequest>,
    ) -> Result<Response<proto::EnableEndpointResponse>, Status> {
        reply(self.enable_one_endpoint(request).await)
    }
}
