//! From facts to planned deliveries.
//!
//! A plan is two steps, each once for ever: the rule's recipients are frozen in the fact's own
//! stream, then each recipient's message in the delivery's. A crash between any two steps repeats
//! what was done, and the log answers that it was.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::Timestamp;
use keizoku_core::{Entropy, Origin, Position, StreamId, derive_id};
use keizoku_log::EventLog;
use keizoku_proto::common::ErrorReason;
use keizoku_proto::notification::recipient::To;
use keizoku_proto::notification::{
    DeliveryPlanned, FactRouted, Message, Recipient, Rule as Terms, SuppressionReason, Trigger,
};
use keizoku_revenue::AsOf;
use keizoku_runtime::effect::{Effect, NotYet};
use keizoku_runtime::token::Progress;
use keizoku_runtime::{
    Calendar, Call, Cause, Executor, Failure, Freshness, Lifecycle, Outcome, SharedBook, Token,
    intake,
};
use tokio::sync::watch;
use uuid::Uuid;

use crate::config::Config;
use crate::domain::activation::Activation;
use crate::domain::delivery::{Command, Delivery, State as DeliveryState};
use crate::domain::endpoint::Endpoint;
use crate::domain::fact::{self, Fact};
use crate::domain::rule::{self, Rule};
use crate::domain::{
    ACTIVATION, delivery_id, delivery_stream, fact_stream, group_id, own_call, rule_stream,
};
use crate::fields::Values;
use crate::happening::Happening;
use crate::hours;
use crate::judge::{Filters, Verdict, in_words_of};
use crate::measures::Measures;
use crate::message::locale::Locale;
use crate::message::template::Writer;
use crate::projection;
use crate::queries::{Directory, Queries};
use crate::route::{self, Owner, Router};
use crate::schedule::Local;

/// Everything that plans, sends and answers share.
pub(crate) struct Desk {
    pub(crate) config: Config,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) activation: Arc<Executor<Activation>>,
    pub(crate) rules: Arc<Executor<Rule>>,
    pub(crate) facts: Arc<Executor<Fact>>,
    pub(crate) deliveries: Arc<Executor<Delivery>>,
    pub(crate) endpoints: Arc<Executor<Endpoint>>,
    pub(crate) queries: Queries,
    pub(crate) book: SharedBook,
    pub(crate) book_freshness: Freshness,
    pub(crate) calendar: Calendar,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) lifecycle: Lifecycle,
    /// How far the own model has read each source.
    pub(crate) accounts: watch::Receiver<Progress>,
    pub(crate) risk: watch::Receiver<Progress>,
    pub(crate) own: watch::Receiver<Progress>,
    /// Until when each digest's slots have been handled by this process.
    pub(crate) digested: Mutex<HashMap<String, Timestamp>>,
    pub(crate) filters: Filters,
    pub(crate) measures: Measures,
}

/// A fact or a digest's slot, under one rule.
pub(crate) struct Plan<'a> {
    pub(crate) rule: &'a str,
    pub(crate) terms: &'a Terms,
    pub(crate) routed: FactRouted,
    pub(crate) fact: Uuid,
    pub(crate) origin: Origin,
    /// What the plan follows from.
    pub(crate) cause: Cause,
    pub(crate) trigger: Trigger,
    pub(crate) subject: String,
    pub(crate) account_id: String,
    /// When it was recorded, or due.
    pub(crate) event_time: Timestamp,
}

/// An instant as events hold it.
type PlannedTime = prost_reflect::prost_types::Timestamp;

/// Where one message goes, and when: as it was frozen.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    recipient: &'a Recipient,
    /// Tells messages of one fact to one recipient apart.
    part: &'a str,
    send_time: Option<Timestamp>,
    /// Whether other facts may be told in the same message.
    is_grouped: bool,
}

impl<'a> Place<'a> {
    /// That of a recipient who stands there in the frozen list.
    pub(crate) fn of(
        frozen: &FactRouted,
        index: usize,
        recipient: &'a Recipient,
        part: &'a str,
    ) -> Self {
        let send_time = frozen.send_times.get(index);
        // A program takes each fact by itself, and nobody is told nowhere.
        let is_person = !matches!(recipient.to, Some(To::Endpoint(_)) | None);
        Self {
            recipient,
            part,
            send_time: send_time.and_then(keizoku_proto::instant),
            is_grouped: frozen.grouped && is_person && part.is_empty(),
        }
    }
}

/// Plans whatever has to be told.
pub(crate) struct Planner(pub(crate) Arc<Desk>);

#[async_trait]
impl Effect for Planner {
    fn name(&self) -> &'static str {
        "notification"
    }

    async fn is_on(&self) -> Result<bool, Failure> {
        Ok(self.0.active_since().await?.is_some())
    }

    async fn is_history(&self, fact: &intake::Fact) -> Result<bool, Failure> {
        let since = self.0.active_since().await?;
        Ok(since.is_some_and(|since| fact.recorded_at <= since))
    }

    async fn deal(&self, fact: &intake::Fact) -> Result<(), NotYet> {
        self.0.plan(fact).await
    }
}

/// A recipient and which of a fact's messages to it, as a text.
pub(crate) fn edition_key(recipient: &Recipient, part: &str) -> String {
    format!("{}{part}", route::key(recipient))
}

impl Plan<'_> {
    /// The command that freezes the recipients, and its stream.
    fn routing(&self) -> (StreamId, Call) {
        let stream = fact_stream(self.fact, self.rule);
        let call = own_call(self.origin, stream.id(), self.cause.clone());
        (stream, call)
    }
}

impl Desk {
    /// Since when facts are told about; `None` while nothing is sent.
    pub(crate) async fn active_since(&self) -> Result<Option<Timestamp>, Failure> {
        Ok(self.activation.recall(&ACTIVATION).await?.state.since)
    }

    /// Waits until the own model has read all that is in the own log.
    pub(crate) async fn read_own(&self) -> Result<(), Failure> {
        let read_to = self.log.head().borrow().position;
        let mut own = self.own.clone();
        let reached = own.wait_for(|progress| progress.position >= read_to || progress.parked);
        match reached.await {
            Ok(progress) if !progress.parked => Ok(()),
            // Parked, or the process stops.
            _ => {
                let message = "the own log cannot be read any further";
                Err(Failure::unavailable(ErrorReason::Unavailable, message))
            }
        }
    }

    /// The keys of all rules, retired ones included: those that come with Keizoku first.
    pub(crate) async fn rule_keys(&self) -> Result<Vec<String>, Failure> {
        // A rule that was made before a fact must not be missed because its row comes later.
        self.read_own().await?;
        let built_in = rule::built_in().into_iter().map(|(key, _)| key.to_owned());
        let mut keys: Vec<String> = built_in.collect();
        let known = self.queries.rule_keys().await?;
        keys.extend(known.into_iter().filter(|key| !rule::is_built_in(key)));
        Ok(keys)
    }

    /// All rules, as they apply to what was recorded at an instant.
    async fn rules_at(&self, recorded_at: Timestamp) -> Result<Vec<(String, Terms)>, Failure> {
        let mut rules = Vec::new();
        for key in self.rule_keys().await? {
            let fold = self.rules.recall(&rule_stream(&key)).await?;
            if let Some(terms) = fold.state.applying_to(recorded_at) {
                rules.push((key, terms.clone()));
            }
        }
        Ok(rules)
    }

    /// What messages in a rule's language are written with.
    pub(crate) async fn writer(&self, locale: &str) -> Result<Writer, Failure> {
        let locale = if locale.is_empty() {
            self.queries.locale().await?
        } else {
            locale.to_owned()
        };
        let currency = self.book.read().settings_at(None).currency.clone();
        Ok(Writer {
            locale: Locale::of(&locale),
            today: self.calendar.today(),
            base_url: self.config.base_url.clone(),
            currency,
        })
    }

    /// The team of everybody in the directory.
    pub(crate) fn teams_of(&self, directory: &Directory) -> HashMap<String, String> {
        let book = self.book.read();
        let as_of = self.book.now();
        let teams = book.directory();
        let team_of = |user: &String| {
            let ix = teams.user(user.parse().ok()?)?;
            let team = teams.team_of_user(ix, as_of)?;
            Some((user.clone(), teams.team_id(team).to_string()))
        };
        directory.users.keys().filter_map(team_of).collect()
    }

    /// Freezes whom a rule tells, and answers it: what was frozen first.
    pub(crate) async fn freeze(&self, plan: &Plan<'_>) -> Result<FactRouted, Failure> {
        let command = fact::Command::Route(plan.routed.clone());
        let (stream, call) = plan.routing();
        let outcome = self.facts.create(stream, command, call).await?;
        self.lifecycle.reached("notification.plan.after");
        match &outcome.fold.state {
            fact::State::Routed(routed) => Ok((**routed).clone()),
            fact::State::Unheard | fact::State::Skipped => Ok(FactRouted::default()),
        }
    }

    /// Plans one message, unless it is planned.
    pub(crate) async fn deliver(
        &self,
        plan: &Plan<'_>,
        place: Place<'_>,
        message: Message,
        values: &Values,
    ) -> Result<Outcome<DeliveryState>, Failure> {
        let recipient = place.recipient;
        let id = delivery_id(plan.fact, plan.rule, &edition_key(recipient, place.part));
        let planned = DeliveryPlanned {
            delivery_id: id.to_string(),
            rule: plan.rule.to_owned(),
            trigger: plan.trigger.into(),
            subject: plan.subject.clone(),
            account_id: plan.account_id.clone(),
            recipient: Some(recipient.clone()),
            message: Some(message),
            resend_ambiguous: plan.terms.resend_ambiguous,
            fields_json: match recipient.to {
                Some(To::Endpoint(_)) => values.json(),
                _ => String::new(),
            },
            event_time: Some(keizoku_proto::timestamp(plan.event_time)),
            send_time: place.send_time.map(keizoku_proto::timestamp),
            fact_id: String::new(),
        };
        if let (true, Some(send_time)) = (place.is_grouped, place.send_time)
            && let Some(outcome) = self.group(plan, &planned, send_time).await?
        {
            return Ok(outcome);
        }
        let (routed, routing) = plan.routing();
        let call = own_call(plan.origin, id, routing.followed(&routed));
        let stream = delivery_stream(id);
        let planning = call.followed(&stream);
        let command = Command::Plan(Box::new(planned));
        let outcome = self
            .deliveries
            .create(stream.clone(), command, call)
            .await?;
        if recipient.to.is_none() {
            let request_id = derive_id("suppress", &[id.as_bytes()]);
            let call = own_call(plan.origin, request_id, planning);
            let command = Command::Suppress(SuppressionReason::NoAddress);
            let suppressed = self.deliveries.execute(stream, command, call).await?;
            self.measures.suppressed(recipient);
            return Ok(suppressed);
        }
        Ok(outcome)
    }

    /// Tells a fact in the message of others; `None` where that takes no more, and it is one of its own.
    async fn group(
        &self,
        plan: &Plan<'_>,
        planned: &DeliveryPlanned,
        send_time: Timestamp,
    ) -> Result<Option<Outcome<DeliveryState>>, Failure> {
        let recipient = planned.recipient.clone().unwrap_or_default();
        let id = group_id(plan.rule, &route::key(&recipient), send_time);
        let planned = DeliveryPlanned {
            delivery_id: id.to_string(),
            fact_id: plan.fact.to_string(),
            ..planned.clone()
        };
        let (routed, routing) = plan.routing();
        // The fact's own: each is told there once.
        let request_id = derive_id("group", &[id.as_bytes(), plan.fact.as_bytes()]);
        let call = own_call(plan.origin, request_id, routing.followed(&routed));
        let command = Command::Group(Box::new(planned));
        let stream = delivery_stream(id);
        match self.deliveries.execute(stream, command, call).await {
            Ok(outcome) => Ok(Some(outcome)),
            Err(failure) if failure.reason() == ErrorReason::AttemptNotOpen => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// When each recipient's message is sent; nothing where all are sent at once.
    pub(crate) fn send_times(
        &self,
        terms: &Terms,
        recorded_at: Timestamp,
        recipients: &[Recipient],
        directory: &Directory,
    ) -> Vec<PlannedTime> {
        // What is heard of late, after a time away, is grouped as it is heard of.
        let heard_at = recorded_at.max(self.calendar.now());
        let working_days = self.calendar.working_days();
        let times = recipients.iter().map(|recipient| {
            let own = route::time_zone(recipient, directory);
            let zone = own.unwrap_or_else(|| self.calendar.zone());
            let local = Local {
                zone: &zone,
                working_days,
            };
            hours::send_time(terms, heard_at, local).map(keizoku_proto::timestamp)
        });
        // All of them, or none: that depends on the rule alone.
        times.collect::<Option<Vec<_>>>().unwrap_or_default()
    }

    async fn plan(&self, fact: &intake::Fact) -> Result<(), NotYet> {
        let rules = self.rules_at(fact.recorded_at).await?;
        let happening = Happening::of(&fact.source, &fact.data, &self.queries).await?;
        let trigger = happening.trigger;
        let told = rules.iter().filter(|(_, terms)| terms.trigger() == trigger);
        for (rule, terms) in told {
            let account = happening.account.to_string();
            let names = self.queries.account_names(vec![account.clone()]).await?;
            let name = names.get(&account).ok_or(NotYet::Unread)?;
            self.book_has(fact, &happening).await?;
            let telemetry = self.lifecycle.telemetry();
            let step = telemetry.step("notification.plan", &fact.metadata.traceparent);
            step.note("rule", rule.clone());
            let directory = self.queries.directory().await?;
            let team_of = self.teams_of(&directory);
            let as_of = AsOf::now(self.calendar.today());
            let values = {
                let book = self.book.read();
                happening.values(name, &book, &directory, &team_of, as_of)
            };
            let verdict = self.filters.judge(terms, &values);
            let recipients = if verdict == Verdict::FilteredOut {
                Vec::new()
            } else {
                self.route(terms, &directory, &happening)
            };
            let plan = Plan {
                rule,
                terms,
                routed: FactRouted {
                    send_times: self.send_times(terms, fact.recorded_at, &recipients, &directory),
                    grouped: terms.group_minutes > 0,
                    rule: rule.clone(),
                    fact_id: fact.event_id.to_string(),
                    source: fact.source.clone(),
                    position: fact.position.0,
                    recipients,
                    filtered_out: verdict == Verdict::FilteredOut,
                    filter_problem: verdict.problem().to_owned(),
                    ..FactRouted::default()
                },
                // An event's id is its own within its stream, and names follow from requests: with
                // its log's name and its place it is unique.
                fact: derive_id(&fact.source, &[fact.event_id.as_bytes()]),
                origin: Origin::Reaction,
                cause: Cause::by(fact.event_id, &fact.metadata).within(step.traceparent()),
                trigger,
                subject: happening.subject.clone(),
                account_id: account,
                event_time: fact.recorded_at,
            };
            let writer = self.writer(&terms.locale).await?;
            let planning = async {
                let frozen = self.freeze(&plan).await?;
                for (index, recipient) in frozen.recipients.iter().enumerate() {
                    let message = {
                        let book = self.book.read();
                        happening.write(&writer, name, &book, &directory, as_of)
                    };
                    let problem = &frozen.filter_problem;
                    let message = in_words_of(rule, terms, problem, message, (&values, &writer));
                    let place = Place::of(&frozen, index, recipient, "");
                    self.deliver(&plan, place, message, &values).await?;
                }
                Ok::<_, Failure>(())
            };
            step.around(planning).await?;
        }
        Ok(())
    }

    /// Waits until the book has read what the own model has: a message says what the book knows of the
    /// customer. Where the own model is behind, it moves on later, and wakes the planner.
    async fn book_has(&self, fact: &intake::Fact, happening: &Happening) -> Result<(), NotYet> {
        let read = *self.accounts.borrow();
        let of_fact = if fact.source == projection::ACCOUNTS {
            fact.position
        } else {
            Position::START
        };
        let position = read.position.max(of_fact);
        let token = Token::of(read.log_id, position).encode();
        self.book_freshness.wait(&[token]).await?;
        let book = self.book.read();
        let is_known = book.account(happening.account);
        if is_known.is_some_and(|ix| book.is_opened(ix, None)) {
            Ok(())
        } else {
            Err(NotYet::Unread)
        }
    }

    fn route(&self, terms: &Terms, directory: &Directory, happening: &Happening) -> Vec<Recipient> {
        let owner = happening.owner(&self.book.read(), AsOf::now(self.calendar.today()));
        self.recipients(terms, directory, &owner)
    }

    /// Whom a rule tells; somebody who is nowhere, where there is nobody.
    pub(crate) fn recipients(
        &self,
        terms: &Terms,
        directory: &Directory,
        owner: &Owner,
    ) -> Vec<Recipient> {
        let team_of = self.teams_of(directory);
        let router = Router {
            directory,
            team_of: &team_of,
            config: &self.config,
        };
        let told = router.recipients(terms, owner);
        if told.is_empty() {
            vec![route::nowhere()]
        } else {
            told
        }
    }
}
