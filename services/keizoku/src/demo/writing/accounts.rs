//! Customers, what they bought, and their people.

use keizoku_proto::accounts::{
    AccountFields, AddContactRequest, ContactFields, CreateAccountRequest, LogContactRequest,
    MarkContactDepartedRequest, RecordContractFactRequest, StartSubscriptionRequest,
    SubscriptionTerms,
};
use keizoku_proto::common::Money;

use super::super::Customer;
use super::super::companies::Owner;
use super::super::contracts::{Fact, Terms};
use super::super::people::POOL;
use super::Writer;
use super::directory::Directory;
use crate::client::call;
use crate::error::Failure;

impl Writer<'_> {
    /// Records an account.
    pub(super) async fn account(
        &self,
        customer: &Customer,
        directory: &Directory,
    ) -> Result<Vec<String>, Failure> {
        let Customer {
            number, company, ..
        } = customer;
        let what = format!("account-{number}");
        let person = |place: Option<usize>| {
            let name = place.and_then(|place| directory.people.get(place));
            name.cloned().unwrap_or_default()
        };
        let (owner, pool) = match company.owner {
            Owner::Person(place) => (person(Some(place)), String::new()),
            Owner::Pool => (String::new(), directory.teams[POOL].clone()),
        };
        let request = CreateAccountRequest {
            account_id: self.id(&what),
            account: Some(AccountFields {
                display_name: company.name.clone(),
                kana: company.kana.clone(),
                corporate_number: company.corporate_number.clone(),
                group: company.group.clone(),
                tier: company.tier.key().to_owned(),
                touch_model: company.touch.into(),
                industry: company.industry.to_owned(),
                region: company.region.to_owned(),
                sales_channel: company.channel.to_owned(),
                external_ids: vec![self.external_id(&what)],
                owner,
                pool,
                associate: person(company.associate),
                onboarding_specialist: person(company.specialist),
            }),
            request_id: self.request_id(&what),
        };
        let create = async || {
            self.connection
                .accounts()
                .create_account(request.clone())
                .await
        };
        Ok(vec![call(create).await?.consistency_token])
    }

    /// Records contracts and what happened to them, in order. As a person would: imported facts would hide
    /// the revenue metrics for a year.
    pub(super) async fn contracts(&self, customer: &Customer) -> Result<Vec<String>, Failure> {
        let mut tokens = Vec::new();
        for contract in &customer.contracts {
            let what = format!("contract-{}-{}", customer.number, contract.product);
            let request = StartSubscriptionRequest {
                parent: self.account_name(customer),
                subscription_id: self.id(&what),
                product: contract.product.to_owned(),
                start_date: Some(contract.start.into()),
                mrr: Some(yen(contract.mrr)),
                terms: Some(terms(contract.terms)),
                external_id: self.external_id(&what),
                request_id: self.request_id(&what),
            };
            let api = || self.connection.accounts();
            let start = async || api().start_subscription(request.clone()).await;
            let answer = call(start).await?;
            tokens.push(answer.consistency_token);
            let name = answer.subscription.unwrap_or_default().name;
            for (place, fact) in contract.facts.iter().enumerate() {
                let request_id = self.request_id(&format!("{what}-{place}"));
                let request = recorded(name.clone(), fact, request_id);
                let record = async || api().record_contract_fact(request.clone()).await;
                tokens.push(call(record).await?.consistency_token);
            }
        }
        Ok(tokens)
    }

    /// Records the customer's people, and who spoke with them.
    pub(super) async fn contacts(&self, customer: &Customer) -> Result<Vec<String>, Failure> {
        let parent = self.account_name(customer);
        let mut tokens = Vec::new();
        for (place, contact) in customer.company.contacts.iter().enumerate() {
            let what = format!("contact-{}-{place}", customer.number);
            let request = AddContactRequest {
                parent: parent.clone(),
                contact_id: self.id(&what),
                contact: Some(ContactFields {
                    display_name: contact.name.clone(),
                    title: contact.title.to_owned(),
                    email: contact.email.clone(),
                    phone: contact.phone.clone(),
                    roles: vec![contact.role.into()],
                    external_id: self.external_id(&what),
                }),
                request_id: self.request_id(&what),
            };
            let add = async || {
                self.connection
                    .contacts()
                    .add_contact(request.clone())
                    .await
            };
            tokens.push(call(add).await?.consistency_token);
        }
        for (place, talk) in customer.talks.iter().enumerate() {
            let what = format!("talk-{}-{place}", customer.number);
            let request = LogContactRequest {
                parent: parent.clone(),
                entry_id: self.id(&what),
                direction: talk.direction.into(),
                channel: talk.channel.into(),
                contacts: vec![self.contact_name(customer, talk.with)],
                contact_date: Some(talk.day.into()),
                subject: talk.subject.to_owned(),
                text: String::new(),
                request_id: self.request_id(&what),
            };
            let log = async || {
                self.connection
                    .contacts()
                    .log_contact(request.clone())
                    .await
            };
            tokens.push(call(log).await?.consistency_token);
        }
        Ok(tokens)
    }

    /// Says who of the customer's people has left.
    pub(super) async fn departures(&self, customer: &Customer) -> Result<Vec<String>, Failure> {
        let Some((place, day)) = customer.departure else {
            return Ok(Vec::new());
        };
        let request = MarkContactDepartedRequest {
            name: self.contact_name(customer, place),
            departure_date: Some(day.into()),
            request_id: self.request_id(&format!("departure-{}", customer.number)),
            ..MarkContactDepartedRequest::default()
        };
        let mark = async || {
            self.connection
                .contacts()
                .mark_contact_departed(request.clone())
                .await
        };
        Ok(vec![call(mark).await?.consistency_token])
    }

    /// Resource name of one of the customer's people.
    pub(super) fn contact_name(&self, customer: &Customer, place: usize) -> String {
        let id = self.id(&format!("contact-{}-{place}", customer.number));
        format!("{}/contacts/{id}", self.account_name(customer))
    }
}

fn recorded(name: String, fact: &Fact, request_id: String) -> RecordContractFactRequest {
    let (code, reason) = fact.reason.unwrap_or_default();
    RecordContractFactRequest {
        name,
        kind: fact.kind.into(),
        effective_date: Some(fact.day.into()),
        mrr: fact.mrr.map(yen),
        terms: fact.terms.map(terms),
        reason_code: code.to_owned(),
        reason: reason.to_owned(),
        etag: String::new(),
        request_id,
    }
}

fn yen(minor_units: i64) -> Money {
    Money {
        minor_units,
        currency_code: String::new(),
    }
}

fn terms(terms: Terms) -> SubscriptionTerms {
    SubscriptionTerms {
        next_renewal_date: Some(terms.renewal.into()),
        notice_deadline: Some(terms.notice_deadline().into()),
        term_months: terms.months,
        auto_renew: terms.auto_renew,
    }
}
