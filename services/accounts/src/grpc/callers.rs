//! Who calls, and who that is in the directory (ACC-6, GEN-6).

use keizoku_core::UserId;
use keizoku_proto::accounts as proto;
use keizoku_runtime::read_model::rusqlite::types::Value;
use keizoku_runtime::{Failure, call};
use tonic::Request;

use crate::domain::{self, user::SubjectTaken};
use crate::queries::ids;
use crate::{Accounts, SOURCE, resources};

impl Accounts {
    /// Makes sure that nobody else in the directory is this caller. Of two who become it in the same instant
    /// both are taken in, and neither is recognised.
    pub(super) async fn require_free(&self, subject: &str, by: UserId) -> Result<(), Failure> {
        if subject.is_empty() {
            return Ok(());
        }
        // The book has every change that was answered.
        self.list_freshness
            .keep_up(SOURCE, &self.book_freshness)
            .await;
        let by = by.to_string();
        match self.who_is(subject).await?.into_iter().find(|id| *id != by) {
            None => Ok(()),
            Some(user) => Err(SubjectTaken { user }.into()),
        }
    }

    /// Ids of those in the directory who are a caller.
    async fn who_is(&self, subject: &str) -> Result<Vec<String>, Failure> {
        let subject = vec![Value::from(subject.to_owned())];
        let sql = "SELECT id FROM users WHERE subject = ?1 AND subject <> '' ORDER BY id";
        self.model.read(move |rows| ids(rows, sql, subject)).await
    }

    pub(super) async fn caller(
        &self,
        request: Request<proto::GetCallerRequest>,
    ) -> Result<proto::GetCallerResponse, Failure> {
        let tokens = &request.get_ref().consistency_tokens;
        self.list_freshness.wait(tokens).await?;
        let actor = call::actor_of(&request).as_str().to_owned();
        let found = match actor.strip_prefix("user:") {
            Some(subject) => self.who_is(subject).await?,
            None => Vec::new(),
        };
        let user = match &found[..] {
            [only] => only.parse().ok(),
            _ => None,
        };
        let user = match user {
            Some(id) => {
                let fold = self.users.recall(&domain::user_stream(id)).await?;
                Some(resources::user(&fold))
            }
            None => None,
        };
        Ok(proto::GetCallerResponse { actor, user })
    }
}
