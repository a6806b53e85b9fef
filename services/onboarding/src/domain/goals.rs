//! What the customer declared, and what became of it (ONB-4): which feature it wants to use by when.
//! Whoever reviews a goal says what use was found; a met one leads to the next goal, an unmet one to a
//! next action.

use keizoku_core::{Ctx, Day};
use keizoku_proto::onboarding::event::Kind;
use keizoku_proto::onboarding::{Declaration, GoalDeclared, GoalReview, GoalReviewed};

use super::course::possible;
use super::onboarding::{Error, State};

/// What follows from a review.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// The goal is met: the next one, with its id.
    Goal(String, Declaration),
    /// It is not: what is done, and by when.
    Action(String, Day),
}

/// A review, as somebody records it.
#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    /// Id of the goal.
    pub goal_id: String,
    /// What the feature is used for and how much, as it was found.
    pub used: String,
    /// When; today when absent.
    pub date: Option<Day>,
    /// What follows.
    pub next: Next,
}

pub(super) fn declare(state: &State, goal_id: String, declaration: Declaration) -> Vec<Kind> {
    vec![declared(state, goal_id, declaration, String::new())]
}

fn declared(
    state: &State,
    goal_id: String,
    declaration: Declaration,
    follows_goal_id: String,
) -> Kind {
    Kind::GoalDeclared(GoalDeclared {
        onboarding_id: state.id.clone(),
        account_id: state.account_id.clone(),
        product: state.product.clone(),
        goal_id,
        declaration: Some(declaration),
        follows_goal_id,
    })
}

pub(super) fn review(state: &State, review: Review, ctx: &Ctx) -> Result<Vec<Kind>, Error> {
    let Review {
        goal_id,
        used,
        date,
        next,
    } = review;
    let mut goals = state.goals.iter();
    let is_open = goals.any(|goal| goal.goal_id == goal_id && goal.review.is_none());
    if !is_open {
        return Err(Error::GoalNotOpen(goal_id));
    }
    let date = possible(date, state.start, ctx.today)?;
    let mut found = GoalReview {
        met: matches!(next, Next::Goal(..)),
        r#use: used,
        date: Some(date.into()),
        ..GoalReview::default()
    };
    if let Next::Action(action, by) = &next {
        found.next_action.clone_from(action);
        found.next_action_date = Some((*by).into());
    }
    let mut events = vec![Kind::GoalReviewed(GoalReviewed {
        onboarding_id: state.id.clone(),
        account_id: state.account_id.clone(),
        product: state.product.clone(),
        goal_id: goal_id.clone(),
        review: Some(found),
    })];
    if let Next::Goal(id, declaration) = next {
        events.push(declared(state, id, declaration, goal_id));
    }
    Ok(events)
}

#[cfg(test)]
mod tests {
    use keizoku_core::Given;
    use keizoku_proto::onboarding::{OnboardingStarted, Plan};

    use super::*;
    use crate::domain::course::Refusal;
    use crate::domain::onboarding::{Command, Onboarding};
    use crate::template_file;
    use crate::testing::{ctx, day};

    fn wants(feature: &str) -> Declaration {
        Declaration {
            feature: feature.to_owned(),
            due_date: Some(day("2026-12-31").into()),
            looks_like: "紙の申請がなくなる".to_owned(),
        }
    }

    fn running() -> Given<Onboarding> {
        let start = OnboardingStarted {
            onboarding_id: "o".to_owned(),
            plan: Some(Plan {
                phases: template_file::shipped().unwrap().phases,
                ..Plan::default()
            }),
            start_date: Some(day("2026-11-02").into()),
            ..OnboardingStarted::default()
        };
        let declare = Command::Declare("g1".to_owned(), wants("申請"));
        Given::nothing(ctx()).commands([Command::Start(start), declare])
    }

    fn reviewed(goal: &str, next: Next) -> Command {
        Command::Review(Review {
            goal_id: goal.to_owned(),
            used: "8割が申請に使う".to_owned(),
            date: None,
            next,
        })
    }

    #[test]
    fn onb_4_a_met_goal_leads_to_the_next_one() {
        let next = Next::Goal("g2".to_owned(), wants("経費"));
        let given = running().commands([reviewed("g1", next.clone())]);
        let goals = &given.state().goals;
        assert_eq!(goals.len(), 2);
        assert!(goals[0].review.as_ref().is_some_and(|review| review.met));
        assert_eq!(goals[1].follows_goal_id, "g1");
        assert_eq!(goals[1].review, None);
        let again = given.when(reviewed("g1", next));
        assert_eq!(again, Err(Error::GoalNotOpen("g1".to_owned())));
    }

    #[test]
    fn onb_4_an_unmet_goal_leads_to_a_next_action() {
        let next = Next::Action("部長に使い方を見せる".to_owned(), day("2026-12-04"));
        let given = running().commands([reviewed("g1", next.clone())]);
        let [goal] = given.state().goals.as_slice() else {
            panic!("{:?}", given.state().goals);
        };
        let review = goal.review.clone().unwrap();
        assert!(!review.met);
        assert_eq!(review.next_action, "部長に使い方を見せる");
        assert_eq!(review.next_action_date, Some(day("2026-12-04").into()));
        let unknown = given.when(reviewed("g9", next));
        assert_eq!(unknown, Err(Error::GoalNotOpen("g9".to_owned())));
    }

    #[test]
    fn onb_4_a_review_is_of_a_day_that_was() {
        let mut review = Review {
            goal_id: "g1".to_owned(),
            used: String::new(),
            date: Some(day("2026-11-25")),
            next: Next::Action("次".to_owned(), day("2026-12-04")),
        };
        let tomorrow = running().when(Command::Review(review.clone()));
        assert_eq!(
            tomorrow,
            Err(Refusal::ImpossibleDate(day("2026-11-25")).into())
        );
        review.date = Some(day("2026-11-01"));
        let before = running().when(Command::Review(review));
        assert_eq!(
            before,
            Err(Refusal::ImpossibleDate(day("2026-11-01")).into())
        );
    }
}
