//! Scores that people set (HLT-7).

use keizoku_core::AccountId;
use keizoku_proto::healthscore as proto;
use keizoku_runtime::parse::LONG_TEXT;
use keizoku_runtime::{Call, Failure, Violations, call, names};
use tonic::Request;

use crate::domain::override_stream;
use crate::domain::overriding::Command;
use crate::{HealthScores, resources};

impl HealthScores {
    pub(super) async fn override_health(
        &self,
        request: Request<proto::OverrideHealthRequest>,
    ) -> Result<proto::OverrideHealthResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let account = violations.parse("account", names::parse_account(&body.account));
        let score = u8::try_from(body.score).ok().filter(|score| *score <= 100);
        if score.is_none() {
            violations.add("score", format!("is {}; 0 to 100 are allowed", body.score));
        }
        let reason = violations.required_text("reason", &body.reason, LONG_TEXT);
        if body.expire_time.is_none() {
            violations.add("expire_time", "is required");
        }
        let expires_at = violations.instant("expire_time", body.expire_time.as_ref());
        let ((request_id, account), (score, expires_at)) =
            violations.finish(request_id.zip(account).zip(score.zip(expires_at)))?;
        let call = Call::of("OverrideHealth", &request, request_id, &body.etag)?;
        let account = self.survivor(account, &body.account)?;
        let stream = override_stream(account);
        let done = match self.overridings.admit(&stream, &call).await? {
            Some(done) => done,
            None if expires_at <= self.calendar.now() => {
                let mut violations = Violations::new();
                violations.add("expire_time", "is not in the future");
                return Err(violations.into_failure());
            }
            None => {
                let command = Command::Set {
                    account,
                    score,
                    reason,
                    expires_at,
                };
                self.overridings.execute(stream, command, call).await?
            }
        };
        let set_at = done.fold.updated_at.unwrap_or_default();
        Ok(proto::OverrideHealthResponse {
            r#override: resources::overridden(&done.fold, set_at),
            etag: call::etag(done.fold.revision),
            consistency_token: done.token.encode(),
        })
    }

    pub(super) async fn clear_override(
        &self,
        request: Request<proto::ClearHealthOverrideRequest>,
    ) -> Result<proto::ClearHealthOverrideResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let account = violations.parse("account", names::parse_account(&body.account));
        let (request_id, account) = violations.finish(request_id.zip(account))?;
        let call = Call::of("ClearHealthOverride", &request, request_id, &body.etag)?;
        let account = self.survivor(account, &body.account)?;
        let command = Command::Clear { account };
        let done = self
            .overridings
            .execute(override_stream(account), command, call)
            .await?;
        Ok(proto::ClearHealthOverrideResponse {
            etag: call::etag(done.fold.revision),
            consistency_token: done.token.encode(),
        })
    }

    /// The account that an account is now.
    fn survivor(&self, account: AccountId, name: &str) -> Result<AccountId, Failure> {
        self.survivor_now(account)
            .ok_or_else(|| Failure::not_found(name))
    }

    /// The same; `None` where nobody knows the account.
    pub(crate) fn survivor_now(&self, account: AccountId) -> Option<AccountId> {
        let book = self.book.read();
        let known = book
            .account(account)
            .filter(|account| book.is_opened(*account, None))?;
        Some(book.account_id(book.survivor(known, None)))
    }
}
