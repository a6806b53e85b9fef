//! What only an import can record: deals, and the people who won them.

use std::collections::HashMap;
use std::time::Instant;

use keizoku_proto::accounts::import_records_request::Record;
use keizoku_proto::accounts::{DealTerms, ImportRecordsRequest, ImportedDeal};

use super::super::Customer;
use super::super::dealings::Deal;
use super::{Writer, remember};
use crate::error::Failure;
use crate::import::progress::Meter;
use crate::import::send::{self, Outcome, Upsert};

impl Writer<'_> {
    /// Records the deals of all customers.
    pub(super) async fn deals(&mut self) -> Result<(), Failure> {
        let began = Instant::now();
        let customers = self.told.customers.iter();
        let deals = customers.flat_map(|customer| {
            let deals = customer.deals.iter().enumerate();
            deals.map(move |(place, deal)| (customer, place, deal))
        });
        let records = deals.map(|(customer, place, deal)| self.deal(customer, place, deal));
        let rows = (0..).zip(records);
        let rows = rows.map(|(row, record)| ImportRecordsRequest {
            row,
            record: Some(record),
        });
        let rows: Vec<_> = rows.collect();
        let count = rows.len() as u64;
        let meter = self.options.progress.start("deals", count);
        self.import("deals", rows, Some(meter)).await?;
        self.wrote("deals", count, began);
        Ok(())
    }

    fn deal(&self, customer: &Customer, place: usize, deal: &Deal) -> Record {
        let salesperson = customer
            .company
            .salesperson
            .and_then(|place| self.told.staff.get(place));
        Record::Deal(ImportedDeal {
            external_id: self.external_id(&format!("deal-{}-{place}", customer.number)),
            account_external_id: self.external_id(&format!("account-{}", customer.number)),
            terms: Some(DealTerms {
                display_name: deal.name.clone(),
                stage: deal.stage.to_owned(),
                kind: deal.kind.to_owned(),
                close_date: Some(deal.close.into()),
                amount: Some(deal.amount),
                product: deal.product.to_owned(),
                ..DealTerms::default()
            }),
            salesperson_external_id: salesperson
                .map(|person| self.external_id(&person.key))
                .unwrap_or_default(),
            won: deal.is_won,
        })
    }

    /// Sends rows as an import does; the answer is what each became, by its number. A row that is refused
    /// ends the run: all of them are right.
    pub(super) async fn import<R: Upsert>(
        &mut self,
        name: &str,
        rows: Vec<R>,
        mut meter: Option<Meter>,
    ) -> Result<HashMap<u64, String>, Failure> {
        let (mut names, mut refused) = (HashMap::new(), None);
        let recent = &mut self.recent;
        send::send(self.connection, rows, |answer| {
            if let Some(meter) = &mut meter {
                meter.tick();
            }
            if let Outcome::Rejected { reason, message } = answer.outcome {
                refused.get_or_insert_with(|| format!("{name}: {message} ({reason})"));
            }
            remember(recent, answer.token);
            names.insert(answer.row, answer.name);
        })
        .await?;
        if let Some(meter) = meter {
            meter.finish();
        }
        refused.map_or(Ok(names), |refusal| Err(Failure::Answer(refusal)))
    }
}
