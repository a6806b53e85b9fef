//! Who calls, and who that is in the directory (ACC-6, GEN-6).

use std::sync::Arc;

use keizoku_core::UserId;
use keizoku_proto::accounts as proto;
use keizoku_runtime::{Call, Failure, Outcome, call};
use tonic::Request;

use crate::domain::{self, caller, user};
use crate::{Accounts, resources};

impl Accounts {
    /// Executes a command by which a person becomes a caller, if nobody else is.
    ///
    /// Commands that do so take turns, and each goes on to its end: between a claim and the entry that says
    /// so nobody else may take the claim for one that was left over.
    pub(super) async fn become_caller(
        self: &Arc<Self>,
        subject: String,
        user: UserId,
        command: user::Command,
        call: Call,
    ) -> Result<Outcome<user::State>, Failure> {
        let this = Arc::clone(self);
        let work = async move {
            let _turn = this.claiming_callers.lock().await;
            this.claim_caller(&subject, user, &call).await?;
            this.users
                .execute(domain::user_stream(user), command, call)
                .await
        };
        self.lifecycle.in_place(Box::pin(work)).await
    }

    /// Claims a caller for a person; a claim that was left over is taken over.
    async fn claim_caller(&self, subject: &str, user: UserId, call: &Call) -> Result<(), Failure> {
        let stream = domain::caller_stream(subject);
        let claim = self.callers.refresh(&stream).await?;
        let abandoned_by = match claim.state.user.filter(|holder| *holder != user) {
            Some(holder) => {
                let fold = self.users.refresh(&domain::user_stream(holder)).await?;
                (fold.state.profile.subject != subject).then_some(holder)
            }
            None => None,
        };
        let command = caller::Command { user, abandoned_by };
        // A request that comes again after its claim went to somebody else must claim anew.
        let part = call.part(&format!("caller after {}", claim.revision.0));
        self.callers.execute(stream, command, part).await?;
        Ok(())
    }

    pub(super) async fn caller(
        &self,
        request: Request<proto::GetCallerRequest>,
    ) -> Result<proto::GetCallerResponse, Failure> {
        let tokens = &request.get_ref().consistency_tokens;
        self.list_freshness.wait(tokens).await?;
        let actor = call::actor_of(&request).as_str().to_owned();
        let user = match actor.strip_prefix("user:") {
            Some(subject) => self.who_is(subject).await?,
            None => None,
        };
        Ok(proto::GetCallerResponse { actor, user })
    }

    /// Who in the directory is a caller: whoever has the claim, while their entry says so.
    async fn who_is(&self, subject: &str) -> Result<Option<proto::User>, Failure> {
        let claim = self
            .callers
            .refresh(&domain::caller_stream(subject))
            .await?;
        let Some(user) = claim.state.user else {
            return Ok(None);
        };
        let fold = self.users.refresh(&domain::user_stream(user)).await?;
        let is_so = fold.state.profile.subject == subject;
        Ok(is_so.then(|| resources::user(&fold)))
    }
}
