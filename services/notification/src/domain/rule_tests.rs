//! Rules over time: what applies to a fact, and what nobody can do.

use jiff::SignedDuration;
use keizoku_core::Given;

use super::*;
use crate::testing::{ctx, now};

const KEY: &str = "risk-opened";

fn defined() -> Given<Rule> {
    Given::nothing(ctx()).commands([Command::Define(KEY.to_owned())])
}

#[test]
fn ntf_2_a_rule_applies_to_what_is_recorded_after_it_became_active() {
    let mut state = defined().state().clone();
    let later = now() + SignedDuration::from_secs(60);
    assert!(
        state.applying_to(now()).is_none(),
        "not to what came before"
    );
    assert!(state.applying_to(later).is_some());
    let off = Rule::decide(&state, Command::Switch(KEY.to_owned(), false), &ctx()).unwrap();
    Rule::evolve(&mut state, &off[0], later);
    assert!(state.applying_to(later).is_some(), "it was active then");
    let after = later + SignedDuration::from_secs(1);
    assert!(state.applying_to(after).is_none());
    let on = Rule::decide(&state, Command::Switch(KEY.to_owned(), true), &ctx()).unwrap();
    let much_later = after + SignedDuration::from_secs(60);
    Rule::evolve(&mut state, &on[0], much_later);
    assert!(
        state.applying_to(after).is_none(),
        "what happened while it was off is not told about later"
    );
}

#[test]
fn ntf_2_a_later_version_does_not_undo_what_somebody_changed() {
    let off = defined().commands([Command::Switch(KEY.to_owned(), false)]);
    assert_eq!(off.when(Command::Define(KEY.to_owned())), Ok(vec![]));
}

#[test]
fn ntf_2_what_changes_nothing_is_no_change() {
    assert_eq!(
        defined().when(Command::Switch(KEY.to_owned(), true)),
        Ok(vec![])
    );
    let same = Change {
        locale: Some(String::new()),
        ..Change::default()
    };
    assert_eq!(
        defined().when(Command::Change(KEY.to_owned(), Box::new(same))),
        Ok(vec![])
    );
}

#[test]
fn ntf_2_a_rule_can_be_changed_before_any_channel_is_configured() {
    let off = Given::<Rule>::nothing(ctx()).commands([Command::Switch(KEY.to_owned(), false)]);
    assert_eq!(off.when(Command::Define(KEY.to_owned())), Ok(vec![]));
    let later = now() + SignedDuration::from_secs(60);
    assert!(off.state().applying_to(later).is_none());
}

fn own() -> Command {
    let terms = terms_of("churned");
    Command::Create("lost-deals".to_owned(), Box::new(terms))
}

#[test]
fn ntf_2_a_key_is_taken_for_ever() {
    let created = Given::<Rule>::nothing(ctx()).commands([own()]);
    assert_eq!(created.when(own()), Err(Error::Exists));
    let retired = created.commands([Command::Retire("lost-deals".to_owned())]);
    assert_eq!(retired.when(own()), Err(Error::Exists));
}

#[test]
fn ntf_2_a_retired_rule_tells_about_nothing_new_and_never_changes() {
    let mut state = State::default();
    let key = || "lost-deals".to_owned();
    let created = Rule::decide(&state, own(), &ctx()).unwrap();
    Rule::evolve(&mut state, &created[0], now());
    let retired_at = now() + SignedDuration::from_secs(60);
    let retired = Rule::decide(&state, Command::Retire(key()), &ctx()).unwrap();
    Rule::evolve(&mut state, &retired[0], retired_at);
    assert!(state.is_retired());
    assert!(
        state.applying_to(retired_at).is_some(),
        "it was active then"
    );
    let later = retired_at + SignedDuration::from_secs(1);
    assert!(state.applying_to(later).is_none());
    let decide = |command| Rule::decide(&state, command, &ctx());
    assert_eq!(decide(Command::Switch(key(), true)), Err(Error::Retired));
    assert_eq!(decide(Command::Retire(key())), Ok(vec![]));
}

#[test]
fn ntf_2_what_comes_with_keizoku_is_switched_off_and_not_retired() {
    let retire = Command::Retire(KEY.to_owned());
    assert_eq!(defined().when(retire), Err(Error::BuiltIn));
}

#[test]
fn ntf_2_filter_and_words_are_changed_alone_and_taken_away_again() {
    let words = RuleTemplate {
        title: "{{account.name}}".to_owned(),
        ..RuleTemplate::default()
    };
    let wanted = Change {
        filter: Some("account.mrr > 0".to_owned()),
        template: Some(words.clone()),
        ..Change::default()
    };
    let change = |change| Command::Change(KEY.to_owned(), Box::new(change));
    let changed = defined().commands([change(wanted)]);
    let (_, terms) = changed.state().current().unwrap();
    assert_eq!(
        (terms.filter.as_str(), &terms.template),
        ("account.mrr > 0", &Some(words))
    );
    assert_eq!(
        terms.audience,
        terms_of(KEY).audience,
        "what is not named stays"
    );
    let without = Change {
        filter: Some(String::new()),
        template: Some(RuleTemplate::default()),
        ..Change::default()
    };
    let back = changed.commands([change(without)]);
    assert_eq!(back.state().current().unwrap().1, terms_of(KEY));
}
