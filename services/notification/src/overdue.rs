//! Escalation: next actions that stay overdue, told once for each date that they were due on (NTF-6).

use keizoku_core::{AccountId, Day, Origin, derive_id};
use keizoku_proto::notification::{FactRouted, Message, Recipient, Rule as Terms, Trigger};
use keizoku_revenue::AsOf;
use keizoku_runtime::{Cause, Failure};
use uuid::Uuid;

use crate::fields::Values;
use crate::happening::fields::{customer as customer_values, open_risk, owned_by};
use crate::happening::{account_owner, customer, responsible, risk_owner};
use crate::judge::{Verdict, in_words_of};
use crate::message::template::{self, Action, Customer, Escalated, Responsible, Writer};
use crate::planner::{Desk, Place, Plan};
use crate::queries::{Directory, RiskRow};
use crate::schedule::Slot;

/// A next action that is overdue for long enough.
pub(crate) struct Escalation {
    row: RiskRow,
    account: AccountId,
    due: Day,
    days: i32,
    customer: Customer,
    owner: Responsible,
    values: Values,
    pub(crate) verdict: Verdict,
    pub(crate) recipients: Vec<Recipient>,
}

impl Escalation {
    /// Its id: a next action that is put off, and overdue again, is another one.
    fn fact(&self) -> Uuid {
        let due = self.due.to_string();
        derive_id("overdue", &[self.row.id.as_bytes(), due.as_bytes()])
    }

    /// Resource name of the risk.
    pub(crate) fn subject(&self) -> String {
        format!("accounts/{}/risks/{}", self.account, self.row.id)
    }

    pub(crate) fn account(&self) -> String {
        self.account.to_string()
    }

    pub(crate) fn write(
        &self,
        rule: &str,
        terms: &Terms,
        writer: &Writer,
        problem: &str,
    ) -> Message {
        let escalated = Escalated {
            id: self.row.id.clone(),
            name: self.row.display_name.clone(),
            owner: self.owner.clone(),
            action: Action {
                text: self.row.action.clone(),
                due: Some(self.due),
            },
            days: self.days,
        };
        let message = template::next_action_overdue(writer, &self.customer, &escalated);
        in_words_of(rule, terms, problem, message, (&self.values, writer))
    }
}

impl Desk {
    /// Tells about what has been overdue for as long as a rule says.
    pub(crate) async fn escalate(
        &self,
        rule: &str,
        terms: &Terms,
        slot: Slot,
        cause: Cause,
    ) -> Result<(), Failure> {
        self.read_all().await?;
        let directory = self.queries.directory().await?;
        let writer = self.writer(&terms.locale).await?;
        for overdue in self.overdue(terms, &directory).await? {
            if overdue.verdict == Verdict::FilteredOut {
                // Nothing is frozen: a filter may say yes when more days have passed.
                continue;
            }
            let fact = overdue.fact();
            let recipients = overdue.recipients.clone();
            let plan = Plan {
                rule,
                terms,
                routed: FactRouted {
                    rule: rule.to_owned(),
                    fact_id: fact.to_string(),
                    send_times: self.send_times(terms, slot.due, &recipients, &directory),
                    grouped: terms.group_minutes > 0,
                    recipients,
                    due_time: Some(keizoku_proto::timestamp(slot.due)),
                    filter_problem: overdue.verdict.problem().to_owned(),
                    ..FactRouted::default()
                },
                fact,
                origin: Origin::Schedule,
                cause: cause.clone(),
                trigger: Trigger::NextActionOverdue,
                subject: overdue.subject(),
                account_id: overdue.account(),
                event_time: slot.due,
            };
            let frozen = self.freeze(&plan).await?;
            for (index, recipient) in frozen.recipients.iter().enumerate() {
                let message = overdue.write(rule, terms, &writer, &frozen.filter_problem);
                let place = Place::of(&frozen, index, recipient, "");
                self.deliver(&plan, place, message, &overdue.values).await?;
            }
        }
        Ok(())
    }

    /// What has been overdue for as long as a rule says, longest first.
    pub(crate) async fn overdue(
        &self,
        terms: &Terms,
        directory: &Directory,
    ) -> Result<Vec<Escalation>, Failure> {
        let today = self.calendar.today();
        let days = i32::try_from(terms.overdue_days).unwrap_or(i32::MAX);
        let mut risks = self.queries.overdue(today).await?;
        risks.retain(|risk| risk.due.is_some_and(|due| today.days_since(due) >= days));
        let accounts = risks.iter().map(|risk| risk.account_id.clone()).collect();
        let names = self.queries.account_names(accounts).await?;
        let team_of = self.teams_of(directory);
        let as_of = AsOf::now(today);
        let book = self.book.read();
        let found = risks.into_iter().filter_map(|row| {
            let account: AccountId = row.account_id.parse().ok()?;
            let due = row.due?;
            let name = names.get(&row.account_id).map_or("", String::as_str);
            let owner = risk_owner(&row, || account_owner(&book, account, as_of));
            let mut values = Values::default();
            customer_values(&mut values, (account, name), &book, as_of);
            owned_by(&mut values, &owner, directory, &team_of);
            open_risk(&mut values, &row);
            let days = today.days_since(due);
            values.number("overdue.days", days);
            Some(Escalation {
                account,
                due,
                days,
                customer: customer(&book, account, name, as_of),
                owner: responsible(&owner, directory),
                verdict: self.filters.judge(terms, &values),
                recipients: self.recipients(terms, directory, &owner),
                values,
                row,
            })
        });
        Ok(found.collect())
    }
}
