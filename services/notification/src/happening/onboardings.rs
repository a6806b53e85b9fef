//! Events of onboardings: whom they concern, and their words.

use keizoku_core::Day;
use keizoku_proto::google::r#type::Date;
use keizoku_proto::notification::{Message, Trigger};
use keizoku_proto::onboarding::{self, event::Kind as Event};
use keizoku_runtime::effect::NotYet;

use super::{Happening, Kind, parsed, responsible};
use crate::fields::Values;
use crate::message::template::{
    self, About, Coached, Customer, Left, Responsible, Stalled, Writer,
};
use crate::queries::Directory;
use crate::route::Owner;

/// Reads an event of an onboarding, which says itself what it is about.
pub(super) fn read(event: Event) -> Result<Happening, NotYet> {
    let (trigger, account, id) = match &event {
        Event::HandOffRequested(e) => (Trigger::HandOffRequested, &e.account_id, &e.onboarding_id),
        Event::OnboardingStalled(e) => {
            (Trigger::OnboardingStalled, &e.account_id, &e.onboarding_id)
        }
        Event::OnboardingReturned(e) => {
            (Trigger::OnboardingReturned, &e.account_id, &e.onboarding_id)
        }
        Event::OnboardingWentDormant(e) => {
            (Trigger::OnboardingReturned, &e.account_id, &e.onboarding_id)
        }
        Event::OnboardingCompleted(e) => (
            Trigger::OnboardingCompleted,
            &e.account_id,
            &e.onboarding_id,
        ),
        Event::CoachingRuleHeld(e) => (Trigger::OnboardingCoached, &e.account_id, &e.onboarding_id),
        _ => return Err(NotYet::Unread),
    };
    let account = parsed(account)?;
    Ok(Happening {
        trigger,
        subject: format!("accounts/{account}/onboardings/{id}"),
        account,
        kind: Kind::Onboarding(event),
    })
}

/// The salesperson of a requested hand-off, or who has the onboarding; `None` where that is nobody.
pub(super) fn owner(event: &Event) -> Option<Owner> {
    let assignment = match event {
        Event::HandOffRequested(e) if !e.salesperson_id.is_empty() => {
            return Some(Owner::User(e.salesperson_id.clone()));
        }
        Event::HandOffRequested(e) => &e.assignment,
        Event::OnboardingStalled(e) => &e.assignment,
        Event::OnboardingReturned(e) => &e.assignment,
        Event::OnboardingWentDormant(e) => &e.assignment,
        Event::OnboardingCompleted(e) => &e.assignment,
        Event::CoachingRuleHeld(e) => &e.assignment,
        _ => return None,
    };
    assigned(assignment.as_ref())
}

fn assigned(assignment: Option<&onboarding::Assignment>) -> Option<Owner> {
    let assignment = assignment?;
    match (
        assignment.owner_user_id.as_str(),
        assignment.owner_team_id.as_str(),
    ) {
        ("", "") => None,
        ("", team) => Some(Owner::Team(team.to_owned())),
        (user, _) => Some(Owner::User(user.to_owned())),
    }
}

/// The words about an onboarding.
pub(super) fn write(
    writer: &Writer,
    customer: &Customer,
    path: &str,
    event: &Event,
    owner: Responsible,
    directory: &Directory,
) -> Message {
    let about = |product: &str| About {
        customer: customer.clone(),
        product: product.to_owned(),
        path: path.to_owned(),
        owner,
    };
    match event {
        Event::OnboardingStalled(e) => {
            let stalled = Stalled {
                since: day(e.date.as_ref()),
                cause: e.cause(),
                times: e.times,
                last_contact: day(e.last_contact_date.as_ref()),
            };
            template::onboarding_stalled(writer, &about(&e.product), &stalled)
        }
        Event::OnboardingReturned(e) => {
            let hand_back = e.hand_back.unwrap_or_default();
            let left = left(&hand_back, false);
            template::onboarding_returned(writer, &about(&e.product), &left)
        }
        Event::OnboardingWentDormant(e) => {
            let hand_back = e.hand_back.unwrap_or_default();
            let left = left(&hand_back, true);
            template::onboarding_returned(writer, &about(&e.product), &left)
        }
        Event::OnboardingCompleted(e) => {
            let completion = e.completion.clone().unwrap_or_default();
            let date = day(completion.date.as_ref());
            let evidence = completion.evidence.unwrap_or_default();
            template::onboarding_completed(writer, &about(&e.product), date, &evidence.effect_felt)
        }
        Event::CoachingRuleHeld(e) => {
            let coached = Coached {
                date: day(e.date.as_ref()),
                message: e.message.clone().unwrap_or_default(),
                task: e.task.clone(),
            };
            template::onboarding_coached(writer, &about(&e.product), &coached)
        }
        event => {
            let asked = match event {
                Event::HandOffRequested(e) => e.clone(),
                _ => onboarding::HandOffRequested::default(),
            };
            let csm = assigned(asked.assignment.as_ref()).unwrap_or_default();
            let csm = responsible(&csm, directory);
            let won = day(asked.won_date.as_ref());
            template::hand_off_requested(writer, &about(&asked.product), won, &csm)
        }
    }
}

/// What an onboarding says in the fields that rules can name.
pub(super) fn values(values: &mut Values, event: &Event) {
    let (id, product) = match event {
        Event::HandOffRequested(e) => (&e.onboarding_id, &e.product),
        Event::OnboardingStalled(e) => {
            values.number("onboarding.stalls", e.times);
            (&e.onboarding_id, &e.product)
        }
        Event::OnboardingReturned(e) => {
            values.flag("onboarding.dormant", false);
            (&e.onboarding_id, &e.product)
        }
        Event::OnboardingWentDormant(e) => {
            values.flag("onboarding.dormant", true);
            (&e.onboarding_id, &e.product)
        }
        Event::OnboardingCompleted(e) => (&e.onboarding_id, &e.product),
        Event::CoachingRuleHeld(e) => {
            values.text("coaching.rule", &e.rule);
            values.flag("coaching.has_task", e.task.is_some());
            (&e.onboarding_id, &e.product)
        }
        _ => return,
    };
    values.text("onboarding.id", id);
    values.text("onboarding.product", product);
}

fn left(hand_back: &onboarding::HandBack, dormant: bool) -> Left {
    Left {
        date: day(hand_back.date.as_ref()),
        last_contact: day(hand_back.last_contact_date.as_ref()),
        destination: hand_back.destination(),
        dormant,
    }
}

fn day(date: Option<&Date>) -> Option<Day> {
    keizoku_proto::optional_day(date).ok().flatten()
}
