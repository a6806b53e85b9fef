//! Which coaching rules hold of an onboarding, and from which day on (ONB-9).

use keizoku_core::Day;
use keizoku_proto::onboarding::event::Kind;
use keizoku_proto::onboarding::{
    CoachedTask, CoachingCondition, CoachingLack, CoachingRule, CoachingRuleHeld, CoachingStart,
};

use super::onboarding::State;
use super::stall::{Circumstances, later_by_holds};

/// What decides whether coaching rules hold, beside the onboarding and the day.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Around {
    /// The rules that are on, each with the first day on which it can hold.
    pub rules: Vec<(CoachingRule, Day)>,
    /// Touch model of the account.
    pub touch_model: i32,
    /// Tier of the account; empty when there is none.
    pub tier: String,
    /// Features of the seminars that people of the account attended; empty for one about none.
    pub attended: Vec<String>,
    /// Keys of the contents that they completed.
    pub completed: Vec<String>,
    /// Features that signals said to be used; none while what they said has yet to be read.
    pub used: Option<Vec<String>>,
}

impl Around {
    fn is_for(&self, rule: &CoachingRule) -> bool {
        let (models, tiers) = (&rule.touch_models, &rule.tiers);
        (models.is_empty() || models.contains(&self.touch_model))
            && (tiers.is_empty() || tiers.contains(&self.tier))
    }

    fn lacks(&self, condition: &CoachingCondition) -> bool {
        let done = match condition.lack() {
            CoachingLack::Seminar => Some(&self.attended),
            CoachingLack::Content => Some(&self.completed),
            CoachingLack::FeatureUse => self.used.as_ref(),
            // A newer version knows it; this one does not.
            CoachingLack::Unspecified => None,
        };
        let Some(done) = done else { return false };
        let subject = &condition.subject;
        !done.iter().any(|of| subject.is_empty() || of == subject)
    }
}

/// The rules that are for the onboarding and have not held yet, each with the day on which its days are over.
/// What was over before the rule was there, or before history was written down, never holds.
fn ahead<'r>(
    state: &State,
    around: &'r Circumstances,
) -> impl Iterator<Item = (&'r CoachingRule, Day)> {
    let coaching = &around.coaching;
    let rules = coaching.rules.iter().filter(|(rule, _)| {
        let mut held = state.coached.iter();
        coaching.is_for(rule) && !held.any(|held| held.rule == rule.key)
    });
    rules.filter_map(|(rule, since)| {
        let day = day_of(state, rule)?;
        let counts = day >= *since && state.written_down.is_none_or(|written| day > written);
        counts.then_some((rule, day))
    })
}

/// The day on which the days of a rule are over; those in a hold do not count.
fn day_of(state: &State, rule: &CoachingRule) -> Option<Day> {
    let begun = match rule.start() {
        CoachingStart::Onboarding => state.start?,
        CoachingStart::DealWon => state.won?,
        CoachingStart::Unspecified => return None,
    };
    let since = Some(begun).max(state.relaunched())?;
    let days = i32::try_from(rule.days).ok()?;
    Some(later_by_holds(state, since, since.plus_days(days)))
}

/// The rules that hold now and did not before: an event each.
pub(super) fn observe(state: &State, around: &Circumstances) -> Vec<Kind> {
    let hold = ahead(state, around).filter(|(rule, day)| {
        let mut conditions = rule.conditions.iter();
        *day <= around.on && conditions.all(|condition| around.coaching.lacks(condition))
    });
    hold.map(|(rule, day)| {
        let task = rule.task.clone().map(|task| {
            let due = around.working_days.after(around.on, task.due_working_days);
            CoachedTask {
                // No task of a template has a key with a dot.
                key: format!("coaching.{}", rule.key),
                party: task.party,
                title: task.title,
                due_date: Some(due.into()),
            }
        });
        Kind::CoachingRuleHeld(CoachingRuleHeld {
            onboarding_id: state.id.clone(),
            account_id: state.account_id.clone(),
            product: state.product.clone(),
            rule: rule.key.clone(),
            date: Some(day.into()),
            task,
            assignment: Some(state.assignment.clone()),
            message: rule.message.clone(),
        })
    })
    .collect()
}

/// The next day on which a rule may come to hold.
pub(super) fn next_look(state: &State, around: &Circumstances) -> Option<Day> {
    let days = ahead(state, around).map(|(_, day)| day);
    days.filter(|day| *day > around.on).min()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use keizoku_core::{Ctx, Given};
    use keizoku_proto::onboarding::{Destination, OnboardingStarted, Plan};

    use super::*;
    use crate::domain::coaching::shipped;
    use crate::domain::leaving;
    use crate::domain::onboarding::{Command, Onboarding};
    use crate::testing::{ctx, day};

    /// Begun on Monday, 2 November 2026: its fourteen days are over on the 16th.
    fn running(change: impl FnOnce(&mut OnboardingStarted)) -> Given<Onboarding> {
        let mut start = OnboardingStarted {
            onboarding_id: "o".to_owned(),
            plan: Some(Plan {
                phases: crate::template_file::shipped().unwrap().phases,
                ..Plan::default()
            }),
            start_date: Some(day("2026-11-02").into()),
            ..OnboardingStarted::default()
        };
        change(&mut start);
        let ctx = Ctx {
            today: day("2026-11-10"),
            ..ctx()
        };
        Given::nothing(ctx).commands([Command::Start(start)])
    }

    /// At low touch, with "no seminar after 14 days", as it was on since a day.
    fn around(on: &str, since: &str) -> Circumstances {
        Circumstances {
            // So that nothing stalls.
            last_contact: Some(day("2026-11-10")),
            last_deed: None,
            deeds_count: false,
            stalled_from: 100,
            unreachable_after_months: 100,
            destination: Destination::Sales,
            working_days: Arc::default(),
            coaching: Around {
                rules: vec![(shipped().remove(1), day(since))],
                touch_model: 3,
                ..Around::default()
            },
            on: day(on),
        }
    }

    fn held(given: &Given<Onboarding>, around: &Circumstances) -> Vec<CoachingRuleHeld> {
        let events = given.when(Command::Observe(around.clone())).unwrap();
        let held = events.into_iter().filter_map(|event| match event {
            Kind::CoachingRuleHeld(held) => Some(held),
            _ => None,
        });
        held.collect()
    }

    #[test]
    fn onb_9_a_rule_holds_once_when_its_days_are_over_and_its_task_is_one_like_others() {
        let given = running(|_| ());
        let before = around("2026-11-15", "2026-11-02");
        assert_eq!(held(&given, &before), Vec::new());
        assert_eq!(next_look(given.state(), &before), Some(day("2026-11-16")));
        assert_eq!(
            leaving::next_look(given.state(), &before),
            Some(day("2026-11-16"))
        );
        // Noticed a day late: the day is that of the rule, and there is time from now on.
        let then = around("2026-11-17", "2026-11-02");
        let found = held(&given, &then);
        assert_eq!(found.len(), 1);
        let task = found[0].task.clone().unwrap();
        assert_eq!(found[0].date, Some(day("2026-11-16").into()));
        assert_eq!(task.key, "coaching.seminar_after_14_days");
        assert_eq!(task.due_date, Some(day("2026-11-20").into()));
        let given = given.commands([Command::Observe(then.clone())]);
        assert_eq!(held(&given, &then), Vec::new(), "once");
        assert_eq!(next_look(given.state(), &then), None);
        let late = |given: &Given<Onboarding>| {
            let around = around("2026-11-24", "2026-11-02");
            let progress = super::super::stall::progress(given.state(), &around).unwrap();
            progress.overdue_tasks.contains(&task.key)
        };
        assert!(late(&given));
        let done = Command::CompleteTask {
            task: task.key.clone(),
            date: None,
            note: String::new(),
        };
        assert!(!late(&given.commands([done])));
    }

    #[test]
    fn onb_9_whoever_attended_or_is_of_another_kind_is_not_coached() {
        let given = running(|_| ());
        let changed = |change: fn(&mut Around)| {
            let mut around = around("2026-11-16", "2026-11-02");
            change(&mut around.coaching);
            held(&given, &around).len()
        };
        assert_eq!(changed(|_| ()), 1);
        assert_eq!(changed(|with| with.attended = vec![String::new()]), 0);
        assert_eq!(changed(|with| with.completed = vec!["first".to_owned()]), 1);
        assert_eq!(changed(|with| with.touch_model = 1), 0);
        let smb = |with: &mut Around| with.rules[0].0.tiers = vec!["SMB".to_owned()];
        assert_eq!(changed(smb), 0, "it is of no tier");
        let about = |with: &mut Around| {
            with.rules[0].0.conditions[0].subject = "申請".to_owned();
            with.attended = vec!["経費".to_owned()];
        };
        assert_eq!(changed(about), 1, "a seminar about something else");
        let unused = |with: &mut Around| {
            with.rules[0].0.conditions[0].set_lack(CoachingLack::FeatureUse);
            with.rules[0].0.conditions[0].subject = "申請".to_owned();
            with.used = Some(vec!["経費".to_owned()]);
        };
        assert_eq!(changed(unused), 1, "another feature is used");
        let used = |with: &mut Around| {
            with.rules[0].0.conditions[0].set_lack(CoachingLack::FeatureUse);
            with.used = Some(vec!["経費".to_owned()]);
        };
        assert_eq!(changed(used), 0, "some feature is");
        let unread = |with: &mut Around| {
            with.rules[0].0.conditions[0].set_lack(CoachingLack::FeatureUse);
        };
        assert_eq!(changed(unread), 0, "nobody knows yet");
        let won = |with: &mut Around| with.rules[0].0.set_start(CoachingStart::DealWon);
        assert_eq!(changed(won), 0, "nobody knows when it was won");
    }

    #[test]
    fn onb_9_a_rule_may_tell_instead_of_giving_a_task() {
        let given = running(|_| ());
        let mut around = around("2026-11-16", "2026-11-02");
        let rule = &mut around.coaching.rules[0].0;
        let task = rule.task.take().unwrap();
        rule.message.clone_from(&task.title);
        let found = held(&given, &around);
        assert_eq!((&found[0].task, &found[0].message), (&None, &task.title));
        let given = given.commands([Command::Observe(around.clone())]);
        assert_eq!(held(&given, &around), Vec::new(), "once");
    }

    #[test]
    fn onb_9_a_hold_pauses_the_days_of_a_rule() {
        let hold = Command::Hold {
            until: day("2026-11-14"),
            reason: "決算".to_owned(),
        };
        // Held from the tenth on: five days.
        let given = running(|_| ()).commands([hold]);
        let on = |date| around(date, "2026-11-02");
        assert_eq!(held(&given, &on("2026-11-20")), Vec::new());
        let found = held(&given, &on("2026-11-21"));
        assert_eq!(found[0].date, Some(day("2026-11-21").into()));
        let during = Command::Hold {
            until: day("2026-12-31"),
            reason: "決算".to_owned(),
        };
        let given = running(|_| ()).commands([during]);
        assert_eq!(held(&given, &on("2026-12-31")), Vec::new());
    }

    #[test]
    fn onb_9_what_was_over_before_the_rule_or_before_history_was_written_is_not_coached() {
        let given = running(|_| ());
        assert_eq!(held(&given, &around("2026-11-18", "2026-11-16")).len(), 1);
        let later = around("2026-11-18", "2026-11-17");
        assert_eq!(held(&given, &later), Vec::new());
        let written =
            |date: &'static str| running(move |start| start.history_date = Some(day(date).into()));
        let on = around("2026-11-20", "2026-11-02");
        assert_eq!(held(&written("2026-11-16"), &on), Vec::new());
        assert_eq!(held(&written("2026-11-15"), &on).len(), 1, "it goes on");
    }
}
