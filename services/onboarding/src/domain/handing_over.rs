//! From Sales to the customer's success: the hand-off, the kickoff, and how far expectations are from
//! what was sold (ONB-1).

use keizoku_core::{Ctx, Day};
use keizoku_proto::onboarding::event::Kind;
use keizoku_proto::onboarding::{
    ExpectationGap, ExpectationGapRated, HandOff, HandOffRecorded, HandOffRequested, Kickoff,
    KickoffHeld, OnboardingStarted,
};

use super::course::possible;
use super::onboarding::{Error, State, start};

/// A hand-off, as a won deal requests it.
#[derive(Debug, Clone, PartialEq)]
pub struct Requested {
    /// The onboarding to start where there is none, with the deal that it follows from.
    pub started: OnboardingStarted,
    /// Id of the salesperson; empty when the deal names nobody.
    pub salesperson_id: String,
}

/// A kickoff, as somebody records it.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// What the customer wants.
    pub confirmed_wants: String,
    /// The gap to what it was sold.
    pub gap: Rated,
    /// When; today when absent.
    pub date: Option<Day>,
    /// Why the hand-off need not be complete; empty when it is.
    pub override_reason: String,
}

/// A gap, as somebody rates it.
#[derive(Debug, Clone, PartialEq)]
pub struct Rated {
    /// 0 to 3.
    pub rating: u32,
    /// In what.
    pub note: String,
}

impl Rated {
    fn on(self, date: Day) -> ExpectationGap {
        ExpectationGap {
            rating: self.rating,
            note: self.note,
            date: Some(date.into()),
        }
    }
}

/// The first deal of the account and product is what its onboarding follows from; one that was started
/// before the deal was won is asked for, too.
pub(super) fn request(state: &State, requested: Requested, ctx: &Ctx) -> Result<Vec<Kind>, Error> {
    let Requested {
        started,
        salesperson_id,
    } = requested;
    if state.completion.is_some() || !state.deal_id.is_empty() {
        return Ok(Vec::new());
    }
    let mut asked = HandOffRequested {
        onboarding_id: started.onboarding_id.clone(),
        account_id: started.account_id.clone(),
        product: started.product.clone(),
        deal_id: started.deal_id.clone(),
        won_date: started.won_date,
        salesperson_id,
        assignment: started.assignment.clone(),
    };
    if !state.exists() {
        let mut events = start(started, ctx)?;
        events.push(Kind::HandOffRequested(asked));
        return Ok(events);
    }
    asked.onboarding_id.clone_from(&state.id);
    asked.account_id.clone_from(&state.account_id);
    asked.product.clone_from(&state.product);
    asked.assignment = Some(state.assignment.clone());
    Ok(vec![Kind::HandOffRequested(asked)])
}

pub(super) fn hand_off(state: &State, hand_off: HandOff) -> Vec<Kind> {
    if state.hand_off == hand_off {
        return Vec::new();
    }
    vec![Kind::HandOffRecorded(HandOffRecorded {
        onboarding_id: state.id.clone(),
        hand_off: Some(hand_off),
    })]
}

pub(super) fn kickoff(state: &State, held: Held, ctx: &Ctx) -> Result<Vec<Kind>, Error> {
    let date = possible(held.date, None, ctx.today)?;
    let missing = state.hand_off_missing();
    if !missing.is_empty() && held.override_reason.is_empty() {
        return Err(Error::HandOffIncomplete(missing));
    }
    let kickoff = Kickoff {
        date: Some(date.into()),
        confirmed_wants: held.confirmed_wants,
        gap: Some(held.gap.on(date)),
        // A reason for what is not so would mislead.
        override_reason: if missing.is_empty() {
            String::new()
        } else {
            held.override_reason
        },
    };
    if state.kickoff.as_ref() == Some(&kickoff) {
        return Ok(Vec::new());
    }
    Ok(vec![Kind::KickoffHeld(KickoffHeld {
        onboarding_id: state.id.clone(),
        account_id: state.account_id.clone(),
        product: state.product.clone(),
        kickoff: Some(kickoff),
    })])
}

pub(super) fn rate(
    state: &State,
    gap: Rated,
    date: Option<Day>,
    ctx: &Ctx,
) -> Result<Vec<Kind>, Error> {
    let gap = gap.on(possible(date, state.start, ctx.today)?);
    if state.closing_gap.as_ref() == Some(&gap) {
        return Ok(Vec::new());
    }
    Ok(vec![Kind::ExpectationGapRated(ExpectationGapRated {
        onboarding_id: state.id.clone(),
        account_id: state.account_id.clone(),
        product: state.product.clone(),
        gap: Some(gap),
    })])
}
