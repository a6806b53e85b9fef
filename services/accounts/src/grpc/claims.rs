//! External ids, each of which belongs to one account.

use keizoku_core::AccountId;
use keizoku_proto::common::ErrorReason;
use keizoku_runtime::{Call, Failure};

use crate::Accounts;
use crate::domain::{self, claim};

impl Accounts {
    /// Claims an external id for an account; a claim that was left over is taken over.
    pub(crate) async fn claim(
        &self,
        external_id: &str,
        account: AccountId,
        call: &Call,
    ) -> Result<(), Failure> {
        let stream = domain::claim_stream(external_id);
        let holder = self.claims.recall(&stream).await?.state.account;
        let abandoned_by = match holder {
            Some(holder) if holder != account => {
                let fold = self
                    .accounts
                    .recall(&domain::account_stream(holder))
                    .await?;
                let carries = fold
                    .state
                    .profile
                    .external_ids
                    .iter()
                    .any(|id| id == external_id);
                (!carries).then_some(holder)
            }
            _ => None,
        };
        let external_id = external_id.to_owned();
        let command = claim::Command {
            external_id,
            account,
            abandoned_by,
        };
        self.claims
            .execute(stream, command, call.part("claim"))
            .await?;
        Ok(())
    }

    /// The account that has an external id of an import: who has it already, or else `account`,
    /// which claims it.
    pub(crate) async fn holder_or_claim(
        &self,
        external_id: &str,
        account: AccountId,
        call: &Call,
    ) -> Result<AccountId, Failure> {
        let stream = domain::claim_stream(external_id);
        let command = claim::Command {
            external_id: external_id.to_owned(),
            account,
            abandoned_by: None,
        };
        let claimed = self
            .claims
            .upsert(stream.clone(), command, call.part("claim"));
        match claimed.await {
            Ok(_) => Ok(account),
            Err(taken) if taken.reason() == ErrorReason::ExternalIdTaken => {
                let claim = self.claims.recall(&stream).await?;
                Ok(claim.state.account.unwrap_or(account))
            }
            Err(failure) => Err(failure),
        }
    }
}
