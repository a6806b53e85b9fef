//! Data through the API, with defaults for everything that a test does not care about.

use std::sync::{Mutex, PoisonError};

use keizoku_cli::client::Connection;
use keizoku_proto::accounts::{
    Account, AccountFields, CreateAccountRequest, DefineTeamRequest, RegisterUserRequest,
    StartSubscriptionRequest, Subscription, Team, User,
};
use keizoku_proto::common::Money;
use keizoku_proto::google::r#type::Date;
use keizoku_proto::risk::{LeadsToChurn, OpenRiskRequest, Risk};

use crate::RequestIds;

/// A connection, request ids, and the tokens of what was done over it.
pub struct Scene {
    /// Clients of every service.
    pub api: Connection,
    /// Where request ids come from.
    pub ids: RequestIds,
    tokens: Mutex<[String; 2]>,
}

impl Scene {
    /// A scene over `api`; `name` tells its request ids from those of other scenes.
    #[must_use]
    pub fn new(name: &str, api: Connection) -> Self {
        Self {
            api,
            ids: RequestIds::of(name),
            tokens: Mutex::default(),
        }
    }

    /// Tokens of the latest changes: a question that takes them includes everything done so far.
    pub fn tokens(&self) -> Vec<String> {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens
            .iter()
            .filter(|token| !token.is_empty())
            .cloned()
            .collect()
    }

    /// The token of the latest change of accounts or of the directory: what those services know.
    pub fn account_tokens(&self) -> Vec<String> {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        vec![tokens[0].clone()]
    }

    /// Remembers the token of a change of accounts or of the directory.
    pub fn changed_accounts(&self, token: String) {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)[0] = token;
    }

    /// Remembers the token of a change of risks.
    pub fn changed_risks(&self, token: String) {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)[1] = token;
    }

    /// A team.
    pub async fn team(&self, name: &str) -> Team {
        let request = DefineTeamRequest {
            team: Some(Team {
                display_name: name.to_owned(),
                ..Team::default()
            }),
            request_id: self.ids.fresh(),
        };
        let answer = self.api.directory().define_team(request).await;
        let answer = answer.expect("a team can be defined").into_inner();
        self.changed_accounts(answer.consistency_token);
        answer.team.expect("an answer holds the team")
    }

    /// A CSM of a team.
    pub async fn user(&self, name: &str, team: &Team) -> User {
        let request = RegisterUserRequest {
            user: Some(User {
                display_name: name.to_owned(),
                email: "csm@example.com".to_owned(),
                role: "csm".to_owned(),
                team: team.name.clone(),
                ..User::default()
            }),
            request_id: self.ids.fresh(),
            ..RegisterUserRequest::default()
        };
        let answer = self.api.directory().register_user(request).await;
        let answer = answer.expect("a user can be registered").into_inner();
        self.changed_accounts(answer.consistency_token);
        answer.user.expect("an answer holds the user")
    }

    /// An account, with what `change` does to it.
    pub async fn account(&self, name: &str, change: impl FnOnce(&mut AccountFields)) -> Account {
        let mut account = AccountFields {
            display_name: name.to_owned(),
            ..AccountFields::default()
        };
        change(&mut account);
        let request = CreateAccountRequest {
            account: Some(account),
            request_id: self.ids.fresh(),
            ..CreateAccountRequest::default()
        };
        let answer = self.api.accounts().create_account(request).await;
        let answer = answer.expect("an account can be created").into_inner();
        self.changed_accounts(answer.consistency_token);
        answer.account.expect("an answer holds the account")
    }

    /// A subscription of `mrr` yen since 2025-04-01 without a renewal date, and what `change` does.
    pub async fn subscription(
        &self,
        account: &Account,
        mrr: i64,
        change: impl FnOnce(&mut StartSubscriptionRequest),
    ) -> Subscription {
        let mut request = StartSubscriptionRequest {
            parent: account.name.clone(),
            product: "Core".to_owned(),
            start_date: Some(day(2025, 4, 1)),
            mrr: Some(yen(mrr)),
            request_id: self.ids.fresh(),
            ..StartSubscriptionRequest::default()
        };
        change(&mut request);
        let answer = self.api.accounts().start_subscription(request).await;
        let answer = answer.expect("a subscription can be started").into_inner();
        self.changed_accounts(answer.consistency_token);
        answer
            .subscription
            .expect("an answer holds the subscription")
    }

    /// A risk that leads to churn, and what `change` does to it.
    pub async fn risk(
        &self,
        account: &Account,
        name: &str,
        change: impl FnOnce(&mut OpenRiskRequest),
    ) -> Risk {
        let mut request = OpenRiskRequest {
            parent: account.name.clone(),
            display_name: name.to_owned(),
            leads_to_churn: LeadsToChurn::LeadsToChurn.into(),
            request_id: self.ids.fresh(),
            consistency_tokens: self.tokens(),
            ..OpenRiskRequest::default()
        };
        change(&mut request);
        let answer = self.api.risks().open_risk(request).await;
        let answer = answer.expect("a risk can be opened").into_inner();
        self.changed_risks(answer.consistency_token);
        answer.risk.expect("an answer holds the risk")
    }
}

/// A date on the wire.
#[must_use]
pub const fn day(year: i32, month: i32, day: i32) -> Date {
    Date { year, month, day }
}

/// An amount in the default currency.
#[must_use]
pub fn yen(amount: i64) -> Money {
    Money {
        minor_units: amount,
        currency_code: "JPY".to_owned(),
    }
}
