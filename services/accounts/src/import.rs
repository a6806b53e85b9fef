//! Upserts from another system: many rows in flight, each answered when it is durable (ACC-7).
//!
//! Ids follow from the other system's ids, so a row finds what an earlier import made of it
//! without a lookup, and the same file again has nothing to do.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt as _;
use futures::stream::BoxStream;
use keizoku_core::{
    AccountId, Actor, ContactId, DealId, SubscriptionId, TeamId, UserId, derive_id,
};
use keizoku_proto::accounts as proto;
use keizoku_proto::accounts::import_records_request::Record;
use keizoku_proto::common::ImportOutcome;
use keizoku_runtime::call::actor_of;
use keizoku_runtime::parse::{LONG_TEXT, SHORT_TEXT};
use keizoku_runtime::{Call, Failure, Outcome, Token, Violations, names};
use tonic::{Request, Status, Streaming};
use uuid::Uuid;

use crate::domain::{self, account, contact, deal, subscription, team, user};
use crate::{Accounts, api, resources};

/// Rows worked on at once: enough to fill the log's groups.
const IN_FLIGHT: usize = 256;

/// What a row became.
struct Imported {
    name: String,
    outcome: ImportOutcome,
    token: Token,
}

/// Why a row was refused: for programs and for people.
struct Rejected {
    reason: &'static str,
    message: String,
}

enum RowError {
    Rejected(Rejected),
    Failed(Failure),
}

impl From<Failure> for RowError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

fn rejected(reason: &'static str, message: impl Into<String>) -> RowError {
    RowError::Rejected(Rejected {
        reason,
        message: message.into(),
    })
}

/// One import: who does it, and the accounts that it has met.
struct Import {
    accounts: Arc<Accounts>,
    actor: Actor,
    run: Uuid,
    known: Mutex<HashMap<String, AccountId>>,
}

impl Accounts {
    /// Works on a stream of rows.
    pub(crate) fn import(
        self: Arc<Self>,
        request: Request<Streaming<proto::ImportRecordsRequest>>,
    ) -> BoxStream<'static, Result<proto::ImportRecordsResponse, Status>> {
        let actor = actor_of(&request);
        let run = self.entropy.uuid();
        let import = Arc::new(Import {
            accounts: self,
            actor,
            run,
            known: Mutex::default(),
        });
        let rows = request.into_inner();
        let answers = rows.map(move |row| {
            let import = Arc::clone(&import);
            let lifecycle = import.accounts.lifecycle.clone();
            lifecycle.in_place(Box::pin(async move { import.row(row?).await }))
        });
        answers.buffer_unordered(IN_FLIGHT).boxed()
    }
}

impl Import {
    async fn row(
        &self,
        request: proto::ImportRecordsRequest,
    ) -> Result<proto::ImportRecordsResponse, Status> {
        let row = request.row;
        let done = match request.record {
            Some(Record::User(record)) => self.user(record).await,
            Some(Record::Account(record)) => self.account(record).await,
            Some(Record::Subscription(record)) => self.subscription(record).await,
            Some(Record::Deal(record)) => self.deal(record).await,
            Some(Record::Contact(record)) => self.contact(record).await,
            None => Err(rejected("record_missing", "the row holds no record")),
        };
        match done {
            Ok(Imported {
                name,
                outcome,
                token,
            }) => Ok(proto::ImportRecordsResponse {
                row,
                outcome: outcome.into(),
                name,
                consistency_token: token.encode(),
                ..proto::ImportRecordsResponse::default()
            }),
            Err(RowError::Rejected(Rejected { reason, message })) => {
                Ok(proto::ImportRecordsResponse {
                    row,
                    outcome: ImportOutcome::Rejected.into(),
                    reason: reason.to_owned(),
                    message,
                    ..proto::ImportRecordsResponse::default()
                })
            }
            // The row's own fault: the others go on.
            Err(RowError::Failed(failure)) if failure.is_refusal() => {
                Ok(proto::ImportRecordsResponse {
                    row,
                    outcome: ImportOutcome::Rejected.into(),
                    reason: failure.reason_name().to_lowercase(),
                    message: failure.message().to_owned(),
                    ..proto::ImportRecordsResponse::default()
                })
            }
            Err(RowError::Failed(failure)) => Err(failure.into()),
        }
    }

    async fn user(&self, record: proto::ImportedUser) -> Result<Imported, RowError> {
        let profile = record.profile.clone().unwrap_or_default();
        require_short(&[
            ("external_id", &record.external_id),
            ("display_name", &profile.display_name),
            ("email", &profile.email),
            ("slack_member_id", &profile.slack_member_id),
            ("role", &profile.role),
            ("team", &record.team),
        ])?;
        let call = Call::import("ImportUser", &self.actor, self.run, &record);
        let id: UserId = require_id("user", &record.external_id)?.into();
        let mut token = Token::default();
        let team_id = if record.team.is_empty() {
            String::new()
        } else {
            let (id, defined) = self.team(&record.team, &call).await?;
            token.merge(&defined);
            id
        };
        let mut profile = profile;
        profile.external_id = record.external_id;
        let team = (team_id, self.accounts.today());
        let command = user::Command::Set {
            id: id.to_string(),
            profile,
            team,
            active: record.active,
        };
        let outcome = self
            .accounts
            .users
            .upsert(domain::user_stream(id), command, call)
            .await?;
        Ok(imported(names::user(id), &outcome, token))
    }

    /// The team of that name, created when it is new.
    async fn team(&self, name: &str, call: &Call) -> Result<(String, Token), Failure> {
        let id: TeamId = derive_id("team", &[name.as_bytes()]).into();
        let stream = domain::team_stream(id);
        if self
            .accounts
            .teams
            .recall(&stream)
            .await?
            .state
            .defined
            .is_some()
        {
            return Ok((id.to_string(), Token::default()));
        }
        let team = proto::TeamDefined {
            team_id: id.to_string(),
            display_name: name.to_owned(),
            ..proto::TeamDefined::default()
        };
        let define = team::Define {
            team,
            ancestors: Vec::new(),
        };
        let outcome = self
            .accounts
            .teams
            .execute(stream, define, call.part("team"))
            .await?;
        Ok((id.to_string(), outcome.token))
    }

    async fn account(&self, record: proto::ImportedAccount) -> Result<Imported, RowError> {
        let call = Call::import("ImportAccount", &self.actor, self.run, &record);
        let derived: AccountId = require_id("account", &record.external_id)?.into();
        let mut profile = record.profile.unwrap_or_default();
        require_short(&[
            ("external_id", &record.external_id),
            ("display_name", &profile.display_name),
            ("kana", &profile.kana),
            ("industry", &profile.industry),
            ("region", &profile.region),
            ("sales_channel", &profile.sales_channel),
            ("group", &record.group),
            ("tier", &record.tier),
        ])?;
        let mut violations = Violations::new();
        api::touch_model(&mut violations, profile.touch_model);
        violations.check()?;
        if profile.display_name.trim().is_empty() {
            return Err(rejected("name_missing", "the account has no name"));
        }
        if !profile.corporate_number.is_empty()
            && !api::is_corporate_number(&profile.corporate_number)
        {
            return Err(rejected(
                "corporate_number_invalid",
                "the corporate number's check digit is wrong",
            ));
        }
        let owner: UserId = require_id("user", &record.owner_external_id)
            .map_err(|_| rejected("owner_unknown", "the account names no owner"))?
            .into();
        // A departed owner is kept: the account shows in the reassignment queue (ACC-6).
        if self
            .accounts
            .users
            .recall(&domain::user_stream(owner))
            .await?
            .state
            .id
            .is_empty()
        {
            return Err(rejected(
                "owner_unknown",
                format!("the owner {} is not known", record.owner_external_id),
            ));
        }
        let id = self
            .accounts
            .holder_or_claim(&record.external_id, derived, &call)
            .await?;
        self.meet(&record.external_id, id);
        profile.external_ids = vec![record.external_id];
        // People are named by ids of this system, which the other one does not know.
        profile.associate_id.clear();
        profile.onboarding_specialist_id.clear();
        let attributes = proto::AccountAttributes {
            group: record.group,
            tier: record.tier,
            owner_id: owner.to_string(),
            pool_id: String::new(),
        };
        let opened = proto::AccountOpened {
            account_id: id.to_string(),
            profile: Some(profile),
            attributes: Some(attributes),
        };
        let stream = domain::account_stream(id);
        let command = account::Command::Import(opened);
        let outcome = self.accounts.accounts.upsert(stream, command, call).await?;
        Ok(imported(names::account(id), &outcome, Token::default()))
    }

    async fn subscription(
        &self,
        record: proto::ImportedSubscription,
    ) -> Result<Imported, RowError> {
        require_short(&[
            ("external_id", &record.external_id),
            ("product", &record.product),
            ("reason_code", &record.reason_code),
        ])?;
        let call = Call::import("ImportSubscription", &self.actor, self.run, &record);
        let id: SubscriptionId = require_id("subscription", &record.external_id)?.into();
        let account = self.account_of(&record.account_external_id).await?;
        let mut violations = Violations::new();
        violations.text("reason", &record.reason, LONG_TEXT);
        let terms = api::imported_terms(&mut violations, record.terms.as_ref());
        violations.check()?;
        let mut violations = Violations::new();
        let mrr = violations.mrr("mrr", record.mrr);
        if mrr.is_none() {
            return Err(rejected("mrr_invalid", format!("{} is no MRR", record.mrr)));
        }
        let start = violations.required_day("start_date", record.start_date.as_ref());
        let end = violations.day("end_date", record.end_date.as_ref());
        let changed_on = violations.day(
            "change_effective_date",
            record.change_effective_date.as_ref(),
        );
        let Ok(start) = violations.finish(start) else {
            return Err(rejected(
                "date_invalid",
                "a date of the subscription does not exist",
            ));
        };
        let started = proto::SubscriptionStarted {
            subscription_id: id.to_string(),
            account_id: account.to_string(),
            product: record.product,
            external_id: record.external_id,
            effective_date: Some(start.into()),
            mrr: record.mrr,
            terms: Some(terms),
        };
        let or = |text: String, default: &str| {
            if text.is_empty() {
                default.to_owned()
            } else {
                text
            }
        };
        let code = or(record.reason_code, "unknown");
        let reason = or(record.reason, &code);
        let import = subscription::Import {
            started,
            end: end.map(|end| (end, code, reason)),
            changed_on: changed_on.unwrap_or(self.accounts.today()),
        };
        let stream = domain::subscription_stream(id);
        let command = subscription::Command::Import(import);
        let outcome = self
            .accounts
            .subscriptions
            .upsert(stream, command, call)
            .await?;
        Ok(imported(
            names::subscription(account, id),
            &outcome,
            Token::default(),
        ))
    }

    async fn deal(&self, record: proto::ImportedDeal) -> Result<Imported, RowError> {
        let call = Call::import("ImportDeal", &self.actor, self.run, &record);
        let id: DealId = require_id("deal", &record.external_id)?.into();
        let account = self.account_of(&record.account_external_id).await?;
        let mut terms = record.terms.unwrap_or_default();
        require_short(&[
            ("external_id", &record.external_id),
            ("display_name", &terms.display_name),
            ("stage", &terms.stage),
            ("kind", &terms.kind),
            ("product", &terms.product),
        ])?;
        let mut violations = Violations::new();
        violations.day("close_date", terms.close_date.as_ref());
        if let Some(amount) = terms.amount {
            violations.mrr("amount", amount);
        }
        violations.check()?;
        if !record.salesperson_external_id.is_empty() {
            let salesperson = derive_id("user", &[record.salesperson_external_id.as_bytes()]);
            terms.salesperson_id = salesperson.to_string();
        }
        let deal = proto::DealRecorded {
            deal_id: id.to_string(),
            account_id: account.to_string(),
            external_id: record.external_id,
            terms: Some(terms),
        };
        let stream = domain::deal_stream(id);
        let command = deal::Command::Set {
            deal,
            won: record.won,
        };
        let outcome = self.accounts.deals.upsert(stream, command, call).await?;
        Ok(imported(
            names::deal(account, id),
            &outcome,
            Token::default(),
        ))
    }

    async fn contact(&self, record: proto::ImportedContact) -> Result<Imported, RowError> {
        let call = Call::import("ImportContact", &self.actor, self.run, &record);
        let id: ContactId = require_id("contact", &record.external_id)?.into();
        let account = self.account_of(&record.account_external_id).await?;
        let mut violations = Violations::new();
        let profile = api::contacts::imported(&mut violations, &record);
        violations.check()?;
        let stream = domain::contact_stream(id);
        let known = self.accounts.contacts.recall(&stream).await?;
        if known.state.exists() && known.state.account_id != account.to_string() {
            return Err(rejected(
                "contact_moved",
                "the contact belonged to another account before; give it a new id there",
            ));
        }
        let contact = proto::ContactAdded {
            contact_id: id.to_string(),
            account_id: account.to_string(),
            profile: Some(profile),
        };
        let command = contact::Command::Import {
            contact,
            departed: record.departed,
        };
        let outcome = self.accounts.contacts.upsert(stream, command, call).await?;
        Ok(imported(
            resources::contacts::contact_name(&outcome.fold.state),
            &outcome,
            Token::default(),
        ))
    }

    fn meet(&self, external_id: &str, account: AccountId) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(external_id.to_owned(), account);
    }

    async fn account_of(&self, external_id: &str) -> Result<AccountId, RowError> {
        let met = self
            .known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(external_id)
            .copied();
        if let Some(account) = met {
            return Ok(account);
        }
        let claim = self
            .accounts
            .claims
            .recall(&domain::claim_stream(external_id))
            .await?;
        let unknown = || {
            rejected(
                "account_unknown",
                format!("the account {external_id} is not known"),
            )
        };
        let account = claim.state.account.ok_or_else(unknown)?;
        self.meet(external_id, account);
        Ok(account)
    }
}

/// Refuses texts that no person could enter either.
fn require_short(texts: &[(&str, &str)]) -> Result<(), Failure> {
    let mut violations = Violations::new();
    for (field, text) in texts {
        violations.text(field, text, SHORT_TEXT);
    }
    violations.check()
}

fn require_id(kind: &str, external_id: &str) -> Result<Uuid, RowError> {
    if external_id.is_empty() {
        return Err(rejected("id_missing", "the record has no id"));
    }
    Ok(derive_id(kind, &[external_id.as_bytes()]))
}

fn imported<S>(name: String, outcome: &Outcome<S>, mut token: Token) -> Imported {
    token.merge(&outcome.token);
    Imported {
        name,
        outcome: outcome.of_import(),
        token,
    }
}
