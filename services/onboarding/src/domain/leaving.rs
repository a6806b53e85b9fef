//! Stalls, hand-back, dormancy and relaunch (ONB-7), and the end with the account (RX-5).

use keizoku_core::{Ctx, Day};
use keizoku_proto::onboarding::event::Kind;
use keizoku_proto::onboarding::{
    HandBack, OnboardingEnded, OnboardingPickedUp, OnboardingRelaunched, OnboardingReturned,
    OnboardingStalled, OnboardingWentDormant, Relaunch, Standing,
};

use super::coached;
use super::onboarding::{Error, State};
use super::stall::{Circumstances, coming, progress};

/// What has come of an onboarding since somebody last looked: events for what changed. Nothing comes of history on the
/// day on which it is written down, so that there is time to say what came next.
#[must_use]
pub fn observe(state: &State, around: &Circumstances) -> Vec<Kind> {
    let on = around.on;
    if state.written_down == Some(on) || state.hand_back.is_some() || state.held_on(on).is_some() {
        return Vec::new();
    }
    let (Some(now), Some(coming)) = (progress(state, around), coming(state, around)) else {
        return Vec::new();
    };
    let mut come = match (now.standing(), state.stalled()) {
        (Standing::Unreachable, _) => {
            let hand_back = HandBack {
                date: Some(coming.unreachable.into()),
                destination: around.destination.into(),
                last_contact_date: now.last_contact_date,
            };
            return vec![leave(state, hand_back)];
        }
        (Standing::Stalled, None) => {
            let date = coming.stalled;
            let earlier = state.stalls.iter().filter(|stall| stall.from != date);
            vec![Kind::OnboardingStalled(OnboardingStalled {
                onboarding_id: state.id.clone(),
                account_id: state.account_id.clone(),
                product: state.product.clone(),
                date: Some(date.into()),
                cause: coming.cause.into(),
                times: u32::try_from(earlier.count() + 1).unwrap_or(u32::MAX),
                last_contact_date: now.last_contact_date,
                assignment: Some(state.assignment.clone()),
            })]
        }
        (Standing::Late | Standing::OnTrack, Some(_)) => {
            vec![Kind::OnboardingPickedUp(OnboardingPickedUp {
                onboarding_id: state.id.clone(),
                account_id: state.account_id.clone(),
                product: state.product.clone(),
                date: Some(on.into()),
            })]
        }
        _ => Vec::new(),
    };
    come.extend(coached::observe(state, around));
    come
}

/// The next day on which that may come to something else, if nothing happens until then.
#[must_use]
pub fn next_look(state: &State, around: &Circumstances) -> Option<Day> {
    if state.has_left() || state.completion.is_some() {
        return None;
    }
    let coming = coming(state, around)?;
    let held_until = state.held_on(around.on).map(|held| held.until.plus_days(1));
    let written_down = state.written_down.map(|day| day.plus_days(1));
    let days = [
        Some(coming.stalled),
        Some(coming.unreachable),
        held_until,
        written_down,
        coached::next_look(state, around),
    ];
    let ahead = days.into_iter().flatten().filter(|day| *day > around.on);
    ahead.min()
}

/// A second failure, after a relaunch, makes it dormant.
fn leave(state: &State, hand_back: HandBack) -> Kind {
    let (onboarding_id, account_id) = (state.id.clone(), state.account_id.clone());
    let (product, hand_back) = (state.product.clone(), Some(hand_back));
    let assignment = Some(state.assignment.clone());
    if state.relaunches.is_empty() {
        Kind::OnboardingReturned(OnboardingReturned {
            onboarding_id,
            account_id,
            product,
            hand_back,
            assignment,
        })
    } else {
        Kind::OnboardingWentDormant(OnboardingWentDormant {
            onboarding_id,
            account_id,
            product,
            hand_back,
            assignment,
        })
    }
}

pub(super) fn relaunch(state: &State, reason: String, ctx: &Ctx) -> Result<Vec<Kind>, Error> {
    if !state.has_left() {
        return Err(Error::GoesOn);
    }
    Ok(vec![Kind::OnboardingRelaunched(OnboardingRelaunched {
        onboarding_id: state.id.clone(),
        account_id: state.account_id.clone(),
        product: state.product.clone(),
        relaunch: Some(Relaunch {
            date: Some(ctx.today.into()),
            reason,
        }),
    })])
}

pub(super) fn end(state: &State, churn_date: Day) -> Vec<Kind> {
    if state.completion.is_some() || state.ended.is_some() {
        return Vec::new();
    }
    vec![Kind::OnboardingEnded(OnboardingEnded {
        onboarding_id: state.id.clone(),
        account_id: state.account_id.clone(),
        product: state.product.clone(),
        churn_date: Some(churn_date.into()),
    })]
}

#[cfg(test)]
#[path = "leaving_tests.rs"]
mod tests;
