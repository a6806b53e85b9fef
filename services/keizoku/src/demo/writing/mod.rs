//! A company to a server, kind by kind: what refers to something comes after it.

mod accounts;
mod directory;
mod guard;
mod onboardings;
mod records;
mod risks;
mod signals;

use std::collections::VecDeque;
use std::pin::pin;
use std::time::Instant;

use futures::StreamExt as _;
use keizoku_core::derive_id;

use super::{Customer, Options, Report, Stage, Told};
use crate::client::{Connection, settle};
use crate::error::Failure;

/// Customers written at once: enough to fill the log's groups.
const IN_FLIGHT: usize = 64;
/// More than a server has in flight: the latest change of all is among the latest answers.
const MOST_RECENT: usize = 512;

/// Writes one demo.
struct Writer<'a> {
    connection: &'a Connection,
    options: &'a Options,
    told: &'a Told,
    key: String,
    recent: VecDeque<String>,
    report: Report,
}

pub(super) async fn run(connection: &Connection, options: &Options) -> Result<Report, Failure> {
    let key = options.key();
    guard::check(connection, options).await?;
    let told = options.tell();
    let report = Report {
        demo: key.clone(),
        ..Report::default()
    };
    let mut writer = Writer {
        connection,
        options,
        told: &told,
        key,
        recent: VecDeque::new(),
        report,
    };
    writer.write().await?;
    Ok(writer.report)
}

impl Writer<'_> {
    async fn write(&mut self) -> Result<(), Failure> {
        let directory = self.directory().await?;
        self.settle().await;
        let named = &directory;
        self.each("accounts", async |writer, customer| {
            writer.account(customer, named).await
        })
        .await?;
        self.each("contacts", async |writer, customer| {
            writer.contacts(customer).await
        })
        .await?;
        self.settle().await;
        // Before the contracts: a contract that ended ends its customer's onboarding.
        self.each("onboardings", async |writer, customer| {
            writer.onboarding(customer).await
        })
        .await?;
        self.settle().await;
        self.each("contracts", async |writer, customer| {
            writer.contracts(customer).await
        })
        .await?;
        self.deals().await?;
        // The impact of a closed risk is frozen as it goes in: what it is made of must be there.
        let of_accounts = self.settle().await;
        let risks = &self.risks(named, &of_accounts).await?;
        self.each("postponements", async |writer, customer| {
            writer.put_off(customer, risks).await
        })
        .await?;
        self.settle().await;
        self.signals(&of_accounts).await?;
        let of_signals = self.settle().await;
        self.each("departures", async |writer, customer| {
            writer.departures(customer).await
        })
        .await?;
        self.leavers(named).await?;
        let of_accounts = self.settle().await;
        self.report.consistency_tokens = [of_signals, of_accounts].concat();
        Ok(())
    }

    /// Writes something of each customer, many customers at once. What is written answers tokens.
    async fn each(
        &mut self,
        name: &'static str,
        write: impl AsyncFn(&Self, &Customer) -> Result<Vec<String>, Failure>,
    ) -> Result<(), Failure> {
        let told = self.told;
        let mut meter = self
            .options
            .progress
            .start(name, told.customers.len() as u64);
        let began = Instant::now();
        let (mut written, mut recent) = (0, self.recent.clone());
        {
            let (this, write) = (&*self, &write);
            let customers = futures::stream::iter(&told.customers);
            let writes = customers.map(|customer| async move { write(this, customer).await });
            let mut done = pin!(writes.buffer_unordered(IN_FLIGHT));
            while let Some(tokens) = done.next().await {
                for token in tokens? {
                    written += 1;
                    remember(&mut recent, token);
                }
                meter.tick();
            }
        }
        self.recent = recent;
        meter.finish();
        self.wrote(name, written, began);
        Ok(())
    }

    fn wrote(&mut self, name: &'static str, written: u64, began: Instant) {
        let milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.report.stages.push(Stage {
            name,
            written,
            milliseconds,
        });
    }

    /// The request id of one change: the same in every run of this demo.
    fn request_id(&self, what: &str) -> String {
        derive_id("demo-request", &[self.key.as_bytes(), what.as_bytes()]).to_string()
    }

    /// The id of something that this demo makes.
    fn id(&self, what: &str) -> String {
        derive_id("demo", &[self.key.as_bytes(), what.as_bytes()]).to_string()
    }

    /// The id in "another system", which tells what belongs to this demo.
    fn external_id(&self, what: &str) -> String {
        format!("{}:{what}", self.key)
    }

    /// Resource name of a customer's account.
    fn account_name(&self, customer: &Customer) -> String {
        format!(
            "accounts/{}",
            self.id(&format!("account-{}", customer.number))
        )
    }

    /// Waits until the services have read what was written, as far as they can be reached, and answers the
    /// tokens: those of this stage alone, because a question refuses tokens of logs that its service does
    /// not read.
    async fn settle(&mut self) -> Vec<String> {
        let tokens: Vec<String> = self.recent.drain(..).collect();
        if !tokens.is_empty() {
            settle(self.connection, &tokens).await;
        }
        tokens
    }
}

fn remember(recent: &mut VecDeque<String>, token: String) {
    if token.is_empty() || recent.back() == Some(&token) {
        return;
    }
    if recent.len() == MOST_RECENT {
        recent.pop_front();
    }
    recent.push_back(token);
}
