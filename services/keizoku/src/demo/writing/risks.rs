//! Risks, as another system holds them: with their own dates, and without messages about each.

use std::collections::HashMap;
use std::time::Instant;

use keizoku_core::Day;
use keizoku_proto::risk::{
    ImportRisksRequest, NextAction, RiskDescription, ScheduleNextActionRequest,
};

use super::super::Customer;
use super::super::companies::Owner;
use super::super::people::POOL;
use super::super::risks::Risk;
use super::Writer;
use super::directory::Directory;
use crate::client::call;
use crate::error::Failure;

/// Resource names of risks, by customer and place.
pub(super) type Names = HashMap<(usize, usize), String>;

impl Writer<'_> {
    /// Records the risks of all customers.
    pub(super) async fn risks(
        &mut self,
        directory: &Directory,
        of_accounts: &[String],
    ) -> Result<Names, Failure> {
        let began = Instant::now();
        let tokens: Vec<String> = of_accounts.last().cloned().into_iter().collect();
        let customers = self.told.customers.iter();
        let risks = customers.flat_map(|customer| {
            let risks = customer.risks.iter().enumerate();
            risks.map(move |(place, risk)| (customer, place, risk))
        });
        let (mut rows, mut places) = (Vec::new(), HashMap::new());
        for (row, (customer, place, risk)) in (0..).zip(risks) {
            places.insert(row, (customer.number, place));
            rows.push(ImportRisksRequest {
                row,
                owner: owner(customer, directory),
                consistency_tokens: tokens.clone(),
                ..self.risk(customer, place, risk)
            });
        }
        let count = rows.len() as u64;
        let meter = self.options.progress.start("risks", count);
        let names = self.import("risks", rows, Some(meter)).await?;
        self.wrote("risks", count, began);
        let by_customer = names
            .into_iter()
            .filter_map(|(row, name)| Some((*places.get(&row)?, name)));
        Ok(by_customer.collect())
    }

    fn risk(&self, customer: &Customer, place: usize, risk: &Risk) -> ImportRisksRequest {
        let closure = risk.closure;
        ImportRisksRequest {
            external_id: self.risk_id(customer, place),
            account: self.account_name(customer),
            description: Some(RiskDescription {
                display_name: risk.name.to_owned(),
                r#type: risk.kind.to_owned(),
                detail: risk.detail.to_owned(),
                remarks: String::new(),
            }),
            leads_to_churn: risk.flag.into(),
            next_action: risk.next_action.map(|next| action(next.due, next.text)),
            open_date: Some(risk.opened.into()),
            completion: closure.map_or_else(Default::default, |closure| closure.completion.into()),
            completion_date: closure.map(|closure| closure.day.into()),
            result: closure.map_or_else(String::new, |closure| closure.result.to_owned()),
            ..ImportRisksRequest::default()
        }
    }

    /// Puts next actions off, from date to date up to the one that stands: how often it was done is in
    /// the risk's history, with today's time.
    pub(super) async fn put_off(
        &self,
        customer: &Customer,
        names: &Names,
    ) -> Result<Vec<String>, Failure> {
        let mut tokens = Vec::new();
        for (place, risk) in customer.risks.iter().enumerate() {
            let Some(next) = risk.next_action.filter(|_| !risk.put_off_from.is_empty()) else {
                continue;
            };
            let Some(name) = names.get(&(customer.number, place)) else {
                continue;
            };
            let dates = risk.put_off_from.iter().copied().chain([next.due]);
            for (turn, due) in dates.enumerate() {
                let request = ScheduleNextActionRequest {
                    name: name.clone(),
                    next_action: Some(action(due, next.text)),
                    request_id: self.request_id(&format!("{name}-{turn}")),
                    ..ScheduleNextActionRequest::default()
                };
                let schedule = async || {
                    self.connection
                        .risks()
                        .schedule_next_action(request.clone())
                        .await
                };
                tokens.push(call(schedule).await?.consistency_token);
            }
        }
        Ok(tokens)
    }

    fn risk_id(&self, customer: &Customer, place: usize) -> String {
        self.external_id(&format!("risk-{}-{place}", customer.number))
    }
}

/// Whoever looks after the customer has its risks.
fn owner(customer: &Customer, directory: &Directory) -> String {
    match customer.company.owner {
        Owner::Person(place) => directory.people[place].clone(),
        Owner::Pool => directory.teams[POOL].clone(),
    }
}

fn action(due: Day, text: &str) -> NextAction {
    NextAction {
        due_date: Some(due.into()),
        text: text.to_owned(),
    }
}
