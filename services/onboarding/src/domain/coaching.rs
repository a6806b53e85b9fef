//! The coaching rules of the organisation, and those that come with Keizoku (ONB-9).

use std::collections::BTreeMap;

use jiff::Timestamp;
use keizoku_core::{Ctx, Day, Decider};
use keizoku_proto::accounts::TouchModel;
use keizoku_proto::onboarding::event::Kind;
use keizoku_proto::onboarding::{
    CoachingCondition, CoachingLack, CoachingRule, CoachingRuleSet, CoachingRuleStatus,
    CoachingStart, CoachingTask, LocalizedText, TaskParty,
};
use keizoku_runtime::Never;

/// The rules together: there are few, and whoever asks for one asks for all.
pub struct Coaching;

/// What the organisation said of rules.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// By their keys, each with the local date on which it was said.
    said: BTreeMap<String, (CoachingRule, Option<Day>)>,
}

impl State {
    /// Every rule by key, with those that come with Keizoku.
    #[must_use]
    pub fn all(&self) -> Vec<CoachingRuleStatus> {
        let said = self.said.values().map(|(rule, since)| CoachingRuleStatus {
            rule: Some(rule.clone()),
            built_in: false,
            active_since: since.filter(|_| rule.enabled).map(Into::into),
        });
        let untouched = shipped()
            .into_iter()
            .filter(|rule| !self.said.contains_key(&rule.key))
            .map(|rule| CoachingRuleStatus {
                rule: Some(rule),
                built_in: true,
                active_since: None,
            });
        let mut all: Vec<_> = said.chain(untouched).collect();
        all.sort_by(|a, b| key(a).cmp(key(b)));
        all
    }

    /// The rules that are on, each with the first day on which it can hold.
    #[must_use]
    pub fn active(&self) -> Vec<(CoachingRule, Day)> {
        let on = self.said.values().filter(|(rule, _)| rule.enabled);
        on.filter_map(|(rule, since)| Some((rule.clone(), (*since)?)))
            .collect()
    }
}

/// Key of a rule that is listed.
pub(crate) fn key(status: &CoachingRuleStatus) -> &str {
    status.rule.as_ref().map_or("", |rule| rule.key.as_str())
}

/// What somebody wants of the rules.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Defines or changes a rule, which is as it must be.
    Set(CoachingRule),
}

impl Decider for Coaching {
    type State = State;
    type Command = Command;
    type Event = Kind;
    type Error = Never;

    fn decide(state: &State, command: Command, ctx: &Ctx) -> Result<Vec<Kind>, Never> {
        let Command::Set(rule) = command;
        let known = state.said.get(&rule.key);
        if known.is_some_and(|(known, _)| *known == rule) {
            return Ok(Vec::new());
        }
        Ok(vec![Kind::CoachingRuleSet(CoachingRuleSet {
            rule: Some(rule),
            date: Some(ctx.today.into()),
        })])
    }

    fn evolve(state: &mut State, event: &Kind, _at: Timestamp) {
        if let Kind::CoachingRuleSet(set) = event {
            let rule = set.rule.clone().unwrap_or_default();
            let date = keizoku_proto::optional_day(set.date.as_ref());
            let date = date.ok().flatten();
            state.said.insert(rule.key.clone(), (rule, date));
        }
    }
}

/// The rules that come with Keizoku, switched off: an organisation switches on what it wants.
#[must_use]
pub fn shipped() -> Vec<CoachingRule> {
    use CoachingLack::{Content, FeatureUse, Seminar};
    use CoachingStart::{DealWon, Onboarding};
    let rule = |key: &str, (start, days), lack: &[CoachingLack], (ja, en): (&str, &str)| {
        let lacks = lack.iter().map(|lack| CoachingCondition {
            lack: (*lack).into(),
            subject: String::new(),
        });
        CoachingRule {
            key: key.to_owned(),
            touch_models: vec![TouchModel::Low.into(), TouchModel::Tech.into()],
            tiers: Vec::new(),
            start: CoachingStart::into(start),
            days,
            conditions: lacks.collect(),
            task: Some(CoachingTask {
                title: Some(LocalizedText {
                    ja: ja.to_owned(),
                    en: en.to_owned(),
                }),
                party: TaskParty::Csm.into(),
                due_working_days: 3,
            }),
            enabled: false,
            message: None,
        }
    };
    vec![
        rule(
            "content_after_7_days",
            (Onboarding, 7),
            &[Content],
            ("最初の教材を案内する", "Point them to a first content"),
        ),
        rule(
            "seminar_after_14_days",
            (Onboarding, 14),
            &[Seminar],
            ("セミナーに招待する", "Invite them to a seminar"),
        ),
        rule(
            "unused_after_14_days",
            (Onboarding, 14),
            &[Seminar, FeatureUse],
            (
                "使い始められない理由を聞き、最初の使い方を案内する",
                "Ask what keeps them from starting, and show a first use",
            ),
        ),
        rule(
            "nothing_30_days_after_the_deal",
            (DealWon, 30),
            &[Seminar, Content],
            (
                "電話で状況を聞き、学び方を一緒に決める",
                "Call them, and agree how they learn",
            ),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use keizoku_core::Given;

    use super::*;
    use crate::testing::{ctx, day};

    #[test]
    fn onb_9_rules_that_come_with_keizoku_are_off_and_say_what_they_want_in_both_languages() {
        let all = State::default().all();
        assert_eq!(all.len(), 4);
        assert!(all.is_sorted_by_key(key));
        assert_eq!(State::default().active(), Vec::new());
        for status in all {
            let rule = status.rule.unwrap();
            let title = rule.task.unwrap().title.unwrap();
            assert!(status.built_in && !rule.enabled && status.active_since.is_none());
            assert!(!title.ja.is_empty() && !title.en.is_empty());
        }
    }

    #[test]
    fn onb_9_a_rule_is_active_since_it_was_last_said() {
        let mut rule = shipped().remove(1);
        rule.enabled = true;
        let given = Given::<Coaching>::nothing(ctx()).commands([Command::Set(rule.clone())]);
        let active = given.state().active();
        assert_eq!(active, [(rule.clone(), day("2026-11-24"))]);
        assert_eq!(
            given.state().all().len(),
            4,
            "it takes the place of its own"
        );
        assert_eq!(given.when(Command::Set(rule.clone())), Ok(Vec::new()));
        rule.enabled = false;
        let off = given.commands([Command::Set(rule)]);
        assert_eq!(off.state().active(), Vec::new());
    }
}
