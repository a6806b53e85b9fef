//! The weekly digest: once its time has come, what the replicas know is put together and frozen.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use keizoku_core::{AccountId, Day, Origin};
use keizoku_proto::notification::audience::To as Audience;
use keizoku_proto::notification::{
    DigestSkipped, FactRouted, Message, Recipient, Rule as Terms, Trigger,
};
use keizoku_revenue::{AsOf, Book, SubscriptionView};
use keizoku_runtime::token::Progress;
use keizoku_runtime::{Cause, Failure, Token};
use tokio::sync::watch;

use crate::domain::fact;
use crate::domain::{fact_stream, own_call, rule_stream};
use crate::fields::Values;
use crate::happening::{account_owner, risk_owner};
use crate::judge::{Verdict, in_words_of};
use crate::message::template::{self, Deadline, DeadlineKind, Digest, Overdue, Writer};
use crate::planner::{Desk, Place, Plan, edition_key};
use crate::queries::Directory;
use crate::route::Owner;
use crate::schedule::{self, Local, Slot};

/// How far ahead deadlines are told of: the nearest of FC-13's three.
const WITHIN_DAYS: i32 = 30;

/// Wait before trying again what failed for a passing reason.
const RETRY: Duration = Duration::from_secs(5);

/// What one digest says, and to whom.
pub(crate) struct Edition {
    pub(crate) recipients: Vec<Recipient>,
    /// Tells editions to the same recipient apart.
    part: String,
    digest: Digest,
    values: Values,
    pub(crate) verdict: Verdict,
}

/// Everything that digests are cut from.
struct Material {
    overdue: Vec<(Owner, Overdue)>,
    deadlines: Vec<(Owner, Deadline)>,
}

impl Desk {
    /// Sends digests for as long as the process runs.
    pub(crate) async fn digest_for_ever(self: Arc<Self>) {
        self.book_freshness.ready().await;
        let mut own = self.own.clone();
        loop {
            own.mark_unchanged();
            let next = match self.digest_due().await {
                Ok(next) => next,
                Err(failure) => {
                    tracing::warn!(error = failure.message(), "the digest waits; trying again");
                    tokio::time::sleep(RETRY).await;
                    continue;
                }
            };
            let next_due = async {
                match next {
                    Some(next) => self.calendar.reach(next).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                // A rule may have changed.
                changed = own.changed() => if changed.is_err() { return },
                () = next_due => {}
            }
        }
    }

    /// Sends what is due; answers when something is due next.
    async fn digest_due(&self) -> Result<Option<Timestamp>, Failure> {
        let Some(activated) = self.active_since().await? else {
            return Ok(None);
        };
        let mut next_due: Option<Timestamp> = None;
        for key in self.rule_keys().await? {
            let key = key.as_str();
            // The model may have heard of a command that is only about to be remembered.
            let fold = self.rules.refresh(&rule_stream(key)).await?;
            let Some((since, terms)) = fold.state.current() else {
                continue;
            };
            let is_on = terms.enabled && !fold.state.is_retired();
            let (true, Some(schedule)) = (is_on, terms.schedule) else {
                continue;
            };
            let (zone, now) = (self.calendar.zone(), self.calendar.now());
            let local = Local {
                zone: &zone,
                working_days: self.calendar.working_days(),
            };
            let handled = self.digested().get(key).copied();
            let after = handled.unwrap_or(activated).max(*since);
            let mut due = schedule::due_between(&schedule, after, now, local);
            let newest = due.pop();
            for missed in due {
                self.skip(key, missed).await?;
            }
            if let Some(newest) = newest {
                // What is late is seen while it is waited for.
                self.measures.digest_is_due(newest.due);
                let step = self.lifecycle.telemetry().step("notification.digest", "");
                step.note("rule", key.to_owned());
                let cause = Cause::default().within(step.traceparent());
                let publishing = async {
                    match terms.trigger() {
                        Trigger::NextActionOverdue => {
                            self.escalate(key, terms, newest, cause).await
                        }
                        _ => self.publish(key, terms, newest, cause).await,
                    }
                };
                step.around(publishing).await?;
                self.digested().insert(key.to_owned(), newest.due);
            }
            let upcoming = schedule::next(&schedule, now, local).due;
            next_due = Some(next_due.map_or(upcoming, |next| next.min(upcoming)));
        }
        self.measures
            .digest_is_due(next_due.unwrap_or(Timestamp::MAX));
        Ok(next_due)
    }

    fn digested(&self) -> MutexGuard<'_, HashMap<String, Timestamp>> {
        self.digested.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// After a time away only the newest digest goes out (NTF-8).
    async fn skip(&self, rule: &str, slot: Slot) -> Result<(), Failure> {
        let stream = fact_stream(slot.id(rule), rule);
        let skipped = DigestSkipped {
            rule: rule.to_owned(),
            due_time: Some(keizoku_proto::timestamp(slot.due)),
        };
        let call = own_call(Origin::Schedule, stream.id(), Cause::default());
        let command = fact::Command::Skip(skipped);
        self.facts.create(stream, command, call).await.map(drop)
    }

    async fn publish(
        &self,
        rule: &str,
        terms: &Terms,
        slot: Slot,
        cause: Cause,
    ) -> Result<(), Failure> {
        self.read_all().await?;
        let directory = self.queries.directory().await?;
        let editions = self.editions(terms, &directory).await?;
        let passes = |edition: &&Edition| edition.verdict != Verdict::FilteredOut;
        let passing: Vec<&Edition> = editions.iter().filter(passes).collect();
        let told = |edition: &&Edition| edition.recipients.clone();
        let keys = |edition: &&Edition| -> Vec<String> {
            let told = edition.recipients.iter();
            told.map(|told| edition_key(told, &edition.part)).collect()
        };
        let fact = slot.id(rule);
        let recipients: Vec<Recipient> = passing.iter().flat_map(told).collect();
        let plan = Plan {
            rule,
            terms,
            routed: FactRouted {
                rule: rule.to_owned(),
                fact_id: fact.to_string(),
                send_times: self.send_times(terms, slot.due, &recipients, &directory),
                recipients,
                editions: passing.iter().flat_map(keys).collect(),
                due_time: Some(keizoku_proto::timestamp(slot.due)),
                ..FactRouted::default()
            },
            fact,
            origin: Origin::Schedule,
            cause,
            trigger: Trigger::WeeklyDigest,
            subject: format!("rules/{rule}"),
            account_id: String::new(),
            event_time: slot.due,
        };
        // Another process, or this one before a crash, may have frozen others.
        let frozen = self.freeze(&plan).await?;
        let writer = self.writer(&terms.locale).await?;
        for edition in &editions {
            let told = edition.recipients.iter();
            let is_frozen =
                |told: &&Recipient| frozen.editions.contains(&edition_key(told, &edition.part));
            for recipient in told.filter(is_frozen) {
                let message = edition.write(rule, terms, &writer);
                let key = edition_key(recipient, &edition.part);
                let index = frozen.editions.iter().position(|known| *known == key);
                let index = index.unwrap_or(usize::MAX);
                let place = Place::of(&frozen, index, recipient, &edition.part);
                self.deliver(&plan, place, message, &edition.values).await?;
            }
        }
        Ok(())
    }

    /// Waits until the replicas have read what was recorded before the digest was due.
    pub(crate) async fn read_all(&self) -> Result<(), Failure> {
        let is_up_to_date =
            |progress: &Progress| !progress.log_id.is_nil() && progress.position >= progress.head;
        for source in [&self.accounts, &self.risk] {
            let mut source: watch::Receiver<Progress> = source.clone();
            // The sender is gone only when the process stops.
            let _ = source.wait_for(is_up_to_date).await;
        }
        let read = *self.accounts.borrow();
        let token = Token::of(read.log_id, read.position).encode();
        self.book_freshness.wait(&[token]).await
    }

    /// A digest for everybody whom the rule tells and who has something to do.
    pub(crate) async fn editions(
        &self,
        terms: &Terms,
        directory: &Directory,
    ) -> Result<Vec<Edition>, Failure> {
        let material = self.material(directory).await?;
        let team_of = self.teams_of(directory);
        let mut editions = Vec::new();
        for audience in &terms.audience {
            let only = Terms {
                audience: vec![audience.clone()],
                ..terms.clone()
            };
            match &audience.to {
                Some(Audience::Owner(_)) => {
                    for user in material.users() {
                        let owner = Owner::User(user);
                        let mut digest = material.of(|other| *other == owner);
                        digest.is_personal = true;
                        editions.push(self.edition(&only, directory, &owner, digest));
                    }
                }
                Some(Audience::OwnerTeam(_)) => {
                    for team in material.teams(&team_of) {
                        let mut digest =
                            material.of(|owner| team_of_owner(owner, &team_of) == Some(&team));
                        digest.team = directory
                            .teams
                            .get(&team)
                            .map_or_else(String::new, |found| found.display_name.clone());
                        editions.push(self.edition(&only, directory, &Owner::Team(team), digest));
                    }
                }
                Some(_) => {
                    let digest = material.of(|_| true);
                    editions.push(self.edition(&only, directory, &Owner::Nobody, digest));
                }
                None => {}
            }
        }
        editions.retain(|edition| !edition.digest.is_empty());
        Ok(editions)
    }

    fn edition(
        &self,
        terms: &Terms,
        directory: &Directory,
        owner: &Owner,
        digest: Digest,
    ) -> Edition {
        let part = match owner {
            Owner::User(user) => format!("/users/{user}"),
            Owner::Team(team) => format!("/teams/{team}"),
            Owner::Nobody => String::new(),
        };
        let values = digest.values();
        Edition {
            recipients: self.recipients(terms, directory, owner),
            part,
            verdict: self.filters.judge(terms, &values),
            values,
            digest,
        }
    }

    async fn material(&self, directory: &Directory) -> Result<Material, Failure> {
        let today = self.calendar.today();
        let risks = self.queries.overdue(today).await?;
        let at_risk = self.queries.at_risk().await?;
        let at_risk: HashSet<AccountId> = at_risk.iter().filter_map(|id| id.parse().ok()).collect();
        let found = self
            .book
            .ask(move |book| deadlines(book, today, &at_risk))
            .await?;
        let mut accounts: Vec<String> = risks.iter().map(|risk| risk.account_id.clone()).collect();
        accounts.extend(
            found
                .iter()
                .map(|(_, deadline)| deadline.account.to_string()),
        );
        let names = self.queries.account_names(accounts).await?;
        let name = |id: &str| names.get(id).cloned().unwrap_or_default();
        let deadlines = found.into_iter().map(|(owner, mut deadline)| {
            deadline.account_name = name(&deadline.account.to_string());
            (owner, deadline)
        });
        let book = self.book.read();
        let overdue = risks.into_iter().filter_map(|risk| {
            let account: AccountId = risk.account_id.parse().ok()?;
            let of_account = || account_owner(&book, account, AsOf::now(today));
            let owner = risk_owner(&risk, of_account);
            let overdue = Overdue {
                account,
                account_name: name(&risk.account_id),
                risk: risk.id,
                risk_name: risk.display_name,
                action: risk.action,
                due: risk.due?,
                owner: user_name(&owner),
            };
            Some((owner, overdue))
        });
        let mut overdue: Vec<(Owner, Overdue)> = overdue.collect();
        // By owner, as people read them; then what is due longest.
        let called = |found: &Overdue| {
            let user = found.owner.strip_prefix("users/").unwrap_or_default();
            directory
                .users
                .get(user)
                .map(|person| person.display_name.clone())
        };
        overdue.sort_by_cached_key(|(_, found)| {
            (
                called(found),
                found.owner.clone(),
                found.due,
                found.risk.clone(),
            )
        });
        Ok(Material {
            overdue,
            deadlines: deadlines.collect(),
        })
    }
}

impl Edition {
    pub(crate) fn write(&self, rule: &str, terms: &Terms, writer: &Writer) -> Message {
        let message = template::weekly(writer, &self.digest);
        let problem = self.verdict.problem();
        in_words_of(rule, terms, problem, message, (&self.values, writer))
    }
}

impl Material {
    fn owners(&self) -> impl Iterator<Item = &Owner> {
        let overdue = self.overdue.iter().map(|(owner, _)| owner);
        overdue.chain(self.deadlines.iter().map(|(owner, _)| owner))
    }

    /// Everybody with something to do, in a fixed order.
    fn users(&self) -> Vec<String> {
        let users = self.owners().filter_map(|owner| match owner {
            Owner::User(user) => Some(user.clone()),
            Owner::Team(_) | Owner::Nobody => None,
        });
        sorted(users)
    }

    fn teams(&self, team_of: &HashMap<String, String>) -> Vec<String> {
        let teams = self
            .owners()
            .filter_map(|owner| team_of_owner(owner, team_of).cloned());
        sorted(teams)
    }

    fn of(&self, is_meant: impl Fn(&Owner) -> bool) -> Digest {
        let overdue = self.overdue.iter().filter(|(owner, _)| is_meant(owner));
        let deadlines = self.deadlines.iter().filter(|(owner, _)| is_meant(owner));
        Digest {
            is_personal: false,
            team: String::new(),
            overdue: overdue.map(|(_, found)| found.clone()).collect(),
            deadlines: deadlines.map(|(_, found)| found.clone()).collect(),
            within_days: WITHIN_DAYS,
        }
    }
}

fn sorted(ids: impl Iterator<Item = String>) -> Vec<String> {
    let mut ids: Vec<String> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn team_of_owner<'a>(owner: &'a Owner, team_of: &'a HashMap<String, String>) -> Option<&'a String> {
    match owner {
        Owner::User(user) => team_of.get(user),
        Owner::Team(team) => Some(team),
        Owner::Nobody => None,
    }
}

fn user_name(owner: &Owner) -> String {
    match owner {
        Owner::User(user) => format!("users/{user}"),
        Owner::Team(_) | Owner::Nobody => String::new(),
    }
}

/// Renewals and notice deadlines ahead (FC-13): at-risk accounts first, then by date. A contract
/// whose end was announced has none: notice was given, and it does not renew.
fn deadlines(book: &Book, today: Day, at_risk: &HashSet<AccountId>) -> Vec<(Owner, Deadline)> {
    let as_of = AsOf::now(today);
    let last = today.plus_days(WITHIN_DAYS);
    let at_risk: HashSet<AccountId> = at_risk
        .iter()
        .filter_map(|account| book.account(*account))
        .map(|account| book.account_id(book.survivor(account, None)))
        .collect();
    let mut found = Vec::new();
    book.scan(as_of, |account, _| {
        let id = book.account_id(account);
        book.for_each_active(account, as_of, |subscription: &SubscriptionView| {
            let dates = [
                (DeadlineKind::Notice, subscription.notice_deadline),
                (DeadlineKind::Renewal, subscription.next_renewal),
            ];
            for (kind, date) in dates {
                let ahead = date.filter(|date| today <= *date && *date <= last);
                let Some(date) = ahead.filter(|_| subscription.end.is_none()) else {
                    continue;
                };
                let owner = account_owner(book, id, as_of);
                let deadline = Deadline {
                    account: id,
                    account_name: String::new(),
                    product: book.products().name(subscription.product).to_owned(),
                    kind,
                    date,
                    mrr: subscription.mrr,
                    at_risk: at_risk.contains(&id),
                    owner: user_name(&owner),
                };
                found.push((owner, deadline));
            }
        });
    });
    found
        .sort_unstable_by_key(|(_, found)| (!found.at_risk, found.date, found.account, found.kind));
    found
}
