//! A subscription and the facts of its contract (ACC-3, ACC-5).

use jiff::Timestamp;
use keizoku_core::{Ctx, Day, Decider, Money};
use keizoku_proto::accounts::event::Kind;
use keizoku_proto::accounts::{
    CancellationAnnounced, ContractFactVoided, FactKind, SubscriptionChurned,
    SubscriptionDownsized, SubscriptionExpanded, SubscriptionReactivated, SubscriptionRenewed,
    SubscriptionStarted, SubscriptionTermsChanged, Terms,
};
use keizoku_proto::common::ErrorReason;
use keizoku_runtime::DomainError;
use tonic::Code;

use super::Existence;

/// One product that an account has bought.
pub struct Subscription;

/// What is known of a subscription.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// Id as text; empty while there is no such subscription.
    pub id: String,
    /// Id of the account.
    pub account_id: String,
    /// Product.
    pub product: String,
    /// Id in another system.
    pub external_id: String,
    /// Every fact that was recorded, in that order, voided ones included.
    pub facts: Vec<Fact>,
    revision: u64,
}

/// One fact of the contract.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// Its number: the event's revision in the stream.
    pub number: u64,
    /// What happened.
    pub kind: FactKind,
    /// From when it holds.
    pub effective: Day,
    /// MRR from then on, where the fact states one.
    pub mrr: Option<Money>,
    /// Renewal and terms from then on, where the fact states them.
    pub terms: Option<Terms>,
    /// Why a customer leaves: key and words.
    pub reason: Option<(String, String)>,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// When and why it was voided.
    pub voided: Option<Voided>,
}

/// A fact was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voided {
    /// Number of the event that says so: its revision in the stream.
    pub number: u64,
    /// When it was recorded.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// How a contract stands on a date.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Standing {
    /// MRR while it runs; `None` before it starts and after it ended.
    pub mrr: Option<Money>,
    /// Whether it ever ran by then.
    pub started: bool,
    /// Renewal and terms in force.
    pub terms: Terms,
}

impl State {
    /// Whether the subscription was started.
    #[must_use]
    pub fn exists(&self) -> bool {
        !self.id.is_empty()
    }

    /// Facts that count, by effective date; on the same date the later recorded one comes later.
    fn timeline(&self) -> Vec<&Fact> {
        let mut facts: Vec<&Fact> = self.facts.iter().filter(|f| f.voided.is_none()).collect();
        facts.sort_by_key(|fact| fact.effective);
        facts
    }

    /// How the contract stands on a date.
    #[must_use]
    pub fn standing_on(&self, on: Day) -> Standing {
        let mut standing = Standing::default();
        for fact in self
            .timeline()
            .into_iter()
            .take_while(|fact| fact.effective <= on)
        {
            match fact.kind {
                FactKind::Started | FactKind::Reactivated => {
                    standing.mrr = fact.mrr;
                    standing.started = true;
                }
                FactKind::CancellationAnnounced | FactKind::Churned => standing.mrr = None,
                _ if standing.mrr.is_none() => continue,
                _ => standing.mrr = fact.mrr.or(standing.mrr),
            }
            if let Some(terms) = &fact.terms {
                standing.terms = *terms;
            }
        }
        standing
    }

    /// The end that counts: the first day without MRR after the contract last began to run.
    #[must_use]
    pub fn end(&self) -> Option<&Fact> {
        let mut end: Option<&Fact> = None;
        for fact in self.timeline() {
            match fact.kind {
                FactKind::Started | FactKind::Reactivated => end = None,
                FactKind::CancellationAnnounced | FactKind::Churned if end.is_none() => {
                    end = Some(fact);
                }
                _ => {}
            }
        }
        end
    }

    /// What says that it ends on a date: an end that was announced may be recorded as churn, too.
    pub(super) fn ends_on(&self, day: Day) -> impl Iterator<Item = &Fact> {
        let is_end = |kind| matches!(kind, FactKind::CancellationAnnounced | FactKind::Churned);
        let facts = self.facts.iter().filter(|fact| fact.voided.is_none());
        facts.filter(move |fact| fact.effective == day && is_end(fact.kind))
    }
}

/// What somebody says happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Happening {
    /// More is paid.
    Expanded(Money),
    /// Less is paid.
    Downsized(Money),
    /// Renewed, with the amount and terms from then on.
    Renewed(Money, Terms),
    /// It will end.
    CancellationAnnounced {
        /// Key for churn analysis.
        code: String,
        /// In words.
        reason: String,
    },
    /// It ended.
    Churned {
        /// Key for churn analysis.
        code: String,
        /// In words.
        reason: String,
    },
    /// It runs again.
    Reactivated(Money, Terms),
    /// Renewal or terms changed.
    TermsChanged(Terms),
}

/// What somebody wants of a subscription.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Starts it.
    Start(SubscriptionStarted),
    /// Records a fact from a date on (default: today).
    Record(Happening, Option<Day>),
    /// The date of an announced end has come (RX-7).
    EndArrived(Day),
    /// Voids a fact.
    Void {
        /// Its number.
        fact: u64,
        /// Why.
        reason: String,
    },
    /// Makes it be like this, whatever it was (ACC-7).
    Import(Import),
}

/// A subscription as another system holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    /// What it is, from its first day on.
    pub started: SubscriptionStarted,
    /// First day without MRR, with key and words for the reason.
    pub end: Option<(Day, String, String)>,
    /// From when differences hold.
    pub changed_on: Day,
}

/// Why a subscription is not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is there already, or it is not there.
    #[error(transparent)]
    Existence(#[from] Existence),
    /// The fact does not fit the contract on its date.
    #[error("{0}")]
    DoesNotFit(&'static str),
    /// There is no such fact, or it is void.
    #[error("there is no fact {0}, or it is void already")]
    NoFact(u64),
    /// Another system's record now belongs to another account or product.
    #[error(
        "the record belongs to another account or product than before; end it and use another id"
    )]
    Moved,
}

impl DomainError for Error {
    fn code(&self) -> Code {
        match self {
            Self::Existence(error) => error.code(),
            Self::DoesNotFit(_) | Self::NoFact(_) | Self::Moved => Code::FailedPrecondition,
        }
    }
    fn reason(&self) -> ErrorReason {
        match self {
            Self::Existence(error) => error.reason(),
            Self::NoFact(_) => ErrorReason::FactUnknown,
            Self::DoesNotFit(_) | Self::Moved => ErrorReason::FactDoesNotFit,
        }
    }
}

impl Decider for Subscription {
    type State = State;
    type Command = Command;
    type Event = Kind;
    type Error = Error;

    fn decide(state: &State, command: Command, ctx: &Ctx) -> Result<Vec<Kind>, Error> {
        match command {
            Command::Start(_) if state.exists() => {
                Err(Existence::exists("subscription", &state.id).into())
            }
            Command::Start(started) => Ok(vec![Kind::SubscriptionStarted(started)]),
            Command::Import(import) => {
                super::subscription_import::differences(state, import, ctx.today)
            }
            _ if !state.exists() => Err(Existence::Unknown("subscription").into()),
            Command::Record(happening, effective) => {
                let effective = effective.unwrap_or(ctx.today);
                fits(state, &happening, effective)?;
                Ok(vec![fact_event(&state.id, happening, effective)])
            }
            Command::EndArrived(day) => Ok(arrived(state, day, ctx.today).into_iter().collect()),
            Command::Void { fact, reason } => {
                let known = state
                    .facts
                    .iter()
                    .any(|f| f.number == fact && f.voided.is_none());
                if known {
                    Ok(vec![void_event(&state.id, fact, reason)])
                } else {
                    Err(Error::NoFact(fact))
                }
            }
        }
    }

    fn evolve(state: &mut State, event: &Kind, at: Timestamp) {
        state.revision += 1;
        if let Kind::SubscriptionStarted(started) = event {
            state.id.clone_from(&started.subscription_id);
            state.account_id.clone_from(&started.account_id);
            state.product.clone_from(&started.product);
            state.external_id.clone_from(&started.external_id);
        }
        if let Kind::ContractFactVoided(voided) = event
            && let Some(fact) = state
                .facts
                .iter_mut()
                .find(|fact| fact.number == voided.fact)
        {
            fact.voided = Some(Voided {
                number: state.revision,
                at,
                reason: voided.reason.clone(),
            });
        }
        if let Some(fact) = fact_of(event, state.revision, at) {
            state.facts.push(fact);
        }
    }
}

/// Whether a happening makes sense on its date.
fn fits(state: &State, happening: &Happening, effective: Day) -> Result<(), Error> {
    let standing = state.standing_on(effective);
    let does_not_fit = |why| Err(Error::DoesNotFit(why));
    match (happening, standing.mrr) {
        (Happening::Reactivated(..), Some(_)) => does_not_fit("the subscription runs on that date"),
        (Happening::Reactivated(..), None) if !standing.started => {
            does_not_fit("the subscription had not started by that date")
        }
        (Happening::Reactivated(..), None) => Ok(()),
        // The announced end itself may be confirmed as churn.
        (Happening::Churned { .. }, None) if announced_on(state, effective) => Ok(()),
        (_, None) => does_not_fit(
            "the subscription does not run on that date: void its end first, or reactivate it",
        ),
        (Happening::Expanded(mrr), Some(known)) if *mrr <= known => {
            does_not_fit("an expansion states more MRR than before")
        }
        (Happening::Downsized(mrr), Some(known)) if *mrr >= known => {
            does_not_fit("a downsizing states less MRR than before")
        }
        _ => Ok(()),
    }
}

/// The churn that an announced end becomes on its date, unless somebody recorded it, or the end was
/// voided or moved.
fn arrived(state: &State, day: Day, today: Day) -> Option<Kind> {
    let mut ends = state.ends_on(day);
    if day > today || !announced_on(state, day) || ends.any(|fact| fact.kind == FactKind::Churned) {
        return None;
    }
    let (code, reason) = state.end()?.reason.clone().unwrap_or_default();
    let churned = Happening::Churned { code, reason };
    Some(fact_event(&state.id, churned, day))
}

fn announced_on(state: &State, day: Day) -> bool {
    state
        .end()
        .is_some_and(|end| end.effective == day && end.kind == FactKind::CancellationAnnounced)
}

/// The event that records a happening.
pub(super) fn fact_event(id: &str, happening: Happening, effective: Day) -> Kind {
    let subscription_id = id.to_owned();
    let effective_date = Some(effective.into());
    match happening {
        Happening::Expanded(mrr) => {
            let mrr = mrr.minor();
            Kind::SubscriptionExpanded(SubscriptionExpanded {
                subscription_id,
                effective_date,
                mrr,
            })
        }
        Happening::Downsized(mrr) => {
            let mrr = mrr.minor();
            Kind::SubscriptionDownsized(SubscriptionDownsized {
                subscription_id,
                effective_date,
                mrr,
            })
        }
        Happening::Renewed(mrr, terms) => {
            let (mrr, terms) = (mrr.minor(), Some(terms));
            Kind::SubscriptionRenewed(SubscriptionRenewed {
                subscription_id,
                effective_date,
                mrr,
                terms,
            })
        }
        Happening::Reactivated(mrr, terms) => {
            let (mrr, terms) = (mrr.minor(), Some(terms));
            Kind::SubscriptionReactivated(SubscriptionReactivated {
                subscription_id,
                effective_date,
                mrr,
                terms,
            })
        }
        Happening::TermsChanged(terms) => {
            let terms = Some(terms);
            Kind::SubscriptionTermsChanged(SubscriptionTermsChanged {
                subscription_id,
                effective_date,
                terms,
            })
        }
        Happening::CancellationAnnounced {
            code: reason_code,
            reason,
        } => Kind::CancellationAnnounced(CancellationAnnounced {
            subscription_id,
            effective_date,
            reason_code,
            reason,
        }),
        Happening::Churned {
            code: reason_code,
            reason,
        } => Kind::SubscriptionChurned(SubscriptionChurned {
            subscription_id,
            effective_date,
            reason_code,
            reason,
        }),
    }
}

/// The event that voids a fact.
pub(super) fn void_event(id: &str, fact: u64, reason: String) -> Kind {
    Kind::ContractFactVoided(ContractFactVoided {
        subscription_id: id.to_owned(),
        fact,
        reason,
    })
}

/// The fact that an event records, if it records one.
fn fact_of(event: &Kind, number: u64, recorded_at: Timestamp) -> Option<Fact> {
    let reason = |code: &String, text: &String| Some((code.clone(), text.clone()));
    let (kind, effective, mrr, terms, reason) = match event {
        Kind::SubscriptionStarted(e) => (
            FactKind::Started,
            &e.effective_date,
            Some(e.mrr),
            e.terms,
            None,
        ),
        Kind::SubscriptionExpanded(e) => (
            FactKind::Expanded,
            &e.effective_date,
            Some(e.mrr),
            None,
            None,
        ),
        Kind::SubscriptionDownsized(e) => (
            FactKind::Downsized,
            &e.effective_date,
            Some(e.mrr),
            None,
            None,
        ),
        Kind::SubscriptionRenewed(e) => (
            FactKind::Renewed,
            &e.effective_date,
            Some(e.mrr),
            e.terms,
            None,
        ),
        Kind::SubscriptionReactivated(e) => (
            FactKind::Reactivated,
            &e.effective_date,
            Some(e.mrr),
            e.terms,
            None,
        ),
        Kind::SubscriptionTermsChanged(e) => (
            FactKind::TermsChanged,
            &e.effective_date,
            None,
            e.terms,
            None,
        ),
        Kind::CancellationAnnounced(e) => {
            let reason = reason(&e.reason_code, &e.reason);
            (
                FactKind::CancellationAnnounced,
                &e.effective_date,
                None,
                None,
                reason,
            )
        }
        Kind::SubscriptionChurned(e) => (
            FactKind::Churned,
            &e.effective_date,
            None,
            None,
            reason(&e.reason_code, &e.reason),
        ),
        _ => return None,
    };
    let effective = keizoku_proto::day(effective.as_ref()?).ok()?;
    let mrr = mrr.map(Money::from_minor);
    Some(Fact {
        number,
        kind,
        effective,
        mrr,
        terms,
        reason,
        recorded_at,
        voided: None,
    })
}

#[cfg(test)]
#[path = "subscription_tests.rs"]
mod tests;
