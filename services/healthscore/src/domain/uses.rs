//! Which features an account is known to have used, each said once (ONB-9), and on which days somebody signed in
//! (ONB-7).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use keizoku_core::{AccountId, Ctx, Day, Decider};
use keizoku_proto::healthscore::event::Kind;
use keizoku_proto::healthscore::{FeatureFirstUsed, SignInSeen, SignalKind};
use keizoku_runtime::Never;

use crate::scoring::{Latest, Signal};

/// Features that signals tell are used, of which nothing known before told that; with when the first of these
/// signals occurred.
#[must_use]
pub fn news(known: &Latest, arrived: &[Arc<Signal>]) -> BTreeMap<String, Timestamp> {
    let mut news = BTreeMap::new();
    for signal in arrived {
        let tells = signal.series.kind == SignalKind::FeatureUse && signal.value > 0;
        if tells && known.of(&signal.series).is_none_or(|last| last.value <= 0) {
            let first = news.entry(signal.series.subject.clone());
            let first = first.or_insert(signal.occurred_at);
            *first = (*first).min(signal.occurred_at);
        }
    }
    news
}

/// What was said of the use of the product by one account.
pub struct Uses;

/// What was said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    features: BTreeSet<String>,
    signed_in: Option<Day>,
}

/// What signals tell of an account's use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Say {
    /// Which account.
    pub account: AccountId,
    /// Features that it uses, each with when the first signal occurred.
    pub features: BTreeMap<String, Timestamp>,
    /// A local date on which, or after which, somebody signed in.
    pub signed_in: Option<Day>,
}

impl Decider for Uses {
    type State = State;
    type Command = Say;
    type Event = Kind;
    type Error = Never;

    /// What was said is not said again.
    fn decide(state: &State, say: Say, _ctx: &Ctx) -> Result<Vec<Kind>, Never> {
        let new = say.features.into_iter();
        let new = new.filter(|(feature, _)| !state.features.contains(feature));
        let mut said: Vec<Kind> = new
            .map(|(feature, at)| {
                Kind::FeatureFirstUsed(FeatureFirstUsed {
                    account_id: say.account.to_string(),
                    feature,
                    signal_time: Some(keizoku_proto::timestamp(at)),
                })
            })
            .collect();
        let later = say.signed_in.filter(|day| Some(*day) > state.signed_in);
        said.extend(later.map(|day| {
            Kind::SignInSeen(SignInSeen {
                account_id: say.account.to_string(),
                date: Some(day.into()),
            })
        }));
        Ok(said)
    }

    fn evolve(state: &mut State, event: &Kind, _at: Timestamp) {
        match event {
            Kind::FeatureFirstUsed(used) => {
                state.features.insert(used.feature.clone());
            }
            Kind::SignInSeen(seen) => {
                let date = keizoku_proto::optional_day(seen.date.as_ref());
                state.signed_in = state.signed_in.max(date.ok().flatten());
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use keizoku_core::{Actor, Given, Origin};
    use uuid::Uuid;

    use super::*;
    use crate::scoring::testing::{at, signal};

    fn ctx() -> Ctx {
        Ctx {
            now: at(9),
            today: "2026-01-10".parse().unwrap(),
            actor: Actor::new("service", "healthscore"),
            origin: Origin::Reaction,
            request_id: Uuid::from_u128(1),
        }
    }

    fn use_of(feature: &str, value: i64, day: i64) -> Arc<Signal> {
        let mut signal = signal(SignalKind::FeatureUse, value, at(day));
        feature.clone_into(&mut signal.series.subject);
        Arc::new(signal)
    }

    #[test]
    fn onb_9_only_what_tells_of_use_that_nobody_knew_of_is_news() {
        let mut known = Latest::default();
        for signal in [use_of("申請", 5, 1), use_of("承認", 0, 1)] {
            known.take(&signal);
        }
        let mut users = signal(SignalKind::ActiveUsers, 9, at(3));
        users.series.subject = "経費".to_owned();
        let arrived = [
            use_of("申請", 6, 2),
            use_of("承認", 0, 2),
            use_of("承認", 2, 4),
            use_of("承認", 1, 3),
            use_of("経費", 0, 3),
            Arc::new(users),
        ];
        let expected = BTreeMap::from([("承認".to_owned(), at(3))]);
        assert_eq!(news(&known, &arrived), expected);
    }

    #[test]
    fn onb_9_each_feature_is_said_to_be_used_once() {
        let say = |features: &[&str]| Say {
            account: Uuid::from_u128(7).into(),
            features: features
                .iter()
                .map(|feature| ((*feature).to_owned(), at(3)))
                .collect(),
            signed_in: None,
        };
        let said = |events: Vec<Kind>| -> Vec<String> {
            let feature = |event| match event {
                Kind::FeatureFirstUsed(used) => used.feature,
                other => panic!("{other:?}"),
            };
            events.into_iter().map(feature).collect()
        };
        let given = Given::<Uses>::nothing(ctx());
        assert_eq!(said(given.when(say(&["申請"])).unwrap()), ["申請"]);
        let given = given.commands([say(&["申請"])]);
        assert_eq!(given.when(say(&["申請"])), Ok(Vec::new()));
        let more = given.when(say(&["承認", "申請"])).unwrap();
        assert_eq!(said(more), ["承認"]);
    }

    #[test]
    fn onb_7_a_sign_in_is_said_once_for_each_day_and_never_of_an_earlier_one() {
        let say = |day: &str| Say {
            account: Uuid::from_u128(7).into(),
            features: BTreeMap::new(),
            signed_in: day.parse().ok(),
        };
        let given = Given::<Uses>::nothing(ctx()).commands([say("2026-01-05")]);
        for day in ["2026-01-05", "2026-01-04"] {
            assert_eq!(given.when(say(day)), Ok(Vec::new()), "{day}");
        }
        let later = given.when(say("2026-01-06")).unwrap();
        assert!(matches!(&later[..], [Kind::SignInSeen(_)]), "{later:?}");
    }
}
