//! A subscription as another system holds it, against what is known: only differences are
//! recorded (ACC-7).

use keizoku_core::{Day, Money};
use keizoku_proto::accounts::event::Kind;
use keizoku_proto::accounts::{FactKind, SubscriptionStarted, Terms};

use super::subscription::{Error, Fact, Happening, Import, State, fact_event, void_event};

const CORRECTED: &str = "corrected by an import";

/// The events that make the subscription be like the import says.
pub(super) fn differences(state: &State, import: Import, today: Day) -> Result<Vec<Kind>, Error> {
    let Import {
        started,
        end,
        changed_on,
    } = import;
    if !state.exists() {
        let id = started.subscription_id.clone();
        let mut events = vec![Kind::SubscriptionStarted(started)];
        events.extend(end.map(|end| end_event(&id, end, today)));
        return Ok(events);
    }
    if state.account_id != started.account_id || state.product != started.product {
        return Err(Error::Moved);
    }
    let mut events = Vec::new();
    // An end that is taken back or moved goes first: changes must find the contract running.
    let known_day = state.end().map(|fact| fact.effective);
    let wanted_day = end.as_ref().map(|(day, ..)| *day);
    if let Some(day) = known_day.filter(|_| known_day != wanted_day) {
        let void = |fact: &Fact| void_event(&state.id, fact.number, CORRECTED.to_owned());
        events.extend(state.ends_on(day).map(void));
    }
    events.extend(changed_start(state, &started));
    // Changes from a date on which the contract has ended would count nowhere.
    if wanted_day.is_none_or(|end| changed_on < end) {
        events.extend(changed_amount_or_terms(state, &started, changed_on));
    }
    if let Some(end) = end.filter(|_| known_day != wanted_day) {
        events.push(end_event(&state.id, end, today));
    }
    Ok(events)
}

/// Another first day is a correction: the old start is void.
fn changed_start(state: &State, started: &SubscriptionStarted) -> Vec<Kind> {
    let first = state
        .facts
        .iter()
        .find(|f| f.kind == FactKind::Started && f.voided.is_none());
    match first {
        Some(known) if started.effective_date == Some(known.effective.into()) => Vec::new(),
        Some(known) => {
            let mut corrected = started.clone();
            corrected.mrr = known.mrr.unwrap_or(Money::ZERO).minor();
            corrected.terms = known.terms;
            vec![
                void_event(&state.id, known.number, CORRECTED.to_owned()),
                Kind::SubscriptionStarted(corrected),
            ]
        }
        None => vec![Kind::SubscriptionStarted(started.clone())],
    }
}

/// A new renewal date is a renewal; another amount an expansion or downsizing; else the terms.
fn changed_amount_or_terms(state: &State, started: &SubscriptionStarted, on: Day) -> Option<Kind> {
    let (known_mrr, known_terms) = last_stated(state)?;
    let mrr = Money::from_minor(started.mrr);
    let terms = started.terms.unwrap_or_default();
    let happening = if terms.next_renewal_date != known_terms.next_renewal_date {
        Happening::Renewed(mrr, terms)
    } else if mrr > known_mrr {
        Happening::Expanded(mrr)
    } else if mrr < known_mrr {
        Happening::Downsized(mrr)
    } else if terms != known_terms {
        Happening::TermsChanged(terms)
    } else {
        return None;
    };
    Some(fact_event(&state.id, happening, on))
}

/// Amount and terms that were stated for the latest date, whether or not that has come.
fn last_stated(state: &State) -> Option<(Money, Terms)> {
    let mut facts: Vec<_> = state
        .facts
        .iter()
        .filter(|fact| fact.voided.is_none())
        .collect();
    facts.sort_by_key(|fact| fact.effective);
    let mrr = facts.iter().rev().find_map(|fact| fact.mrr)?;
    let terms = facts.iter().rev().find_map(|fact| fact.terms);
    Some((mrr, terms.unwrap_or_default()))
}

fn end_event(id: &str, (day, code, reason): (Day, String, String), today: Day) -> Kind {
    let happening = if day > today {
        Happening::CancellationAnnounced { code, reason }
    } else {
        Happening::Churned { code, reason }
    };
    fact_event(id, happening, day)
}
