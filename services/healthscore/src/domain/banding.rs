//! What was said of the band of one account: each change once, in their order (HLT-5).

use jiff::Timestamp;
use keizoku_core::{AccountId, Ctx, Decider};
use keizoku_proto::healthscore::event::Kind;
use keizoku_proto::healthscore::{Band as Wire, HealthBandChanged};
use keizoku_runtime::Never;

use crate::resources;
use crate::scoring::{Band, Step};

/// What was said of the band of one account.
pub struct Banding;

/// What was said last.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    told: Option<(Timestamp, Wire)>,
}

/// From this step on, an account is in this band.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Whose.
    pub account: AccountId,
    /// The band, with the score behind it.
    pub step: Step,
}

impl Decider for Banding {
    type State = State;
    type Command = Change;
    type Event = Kind;
    type Error = Never;

    /// What comes again, and what lies before what was said, is not said. The log of the accounts may
    /// tell later what a band should have been: then it changes when that is heard.
    fn decide(state: &State, change: Change, _ctx: &Ctx) -> Result<Vec<Kind>, Never> {
        let Change { account, step } = change;
        let told = state.told.unwrap_or((Timestamp::MIN, Wire::Unspecified));
        let to = resources::band(step.band);
        if step.at < told.0 || told.1 == to {
            return Ok(Vec::new());
        }
        let (scorecard, scorecard_version) = step.card.unwrap_or_default();
        Ok(vec![Kind::HealthBandChanged(HealthBandChanged {
            account_id: account.to_string(),
            from: told.1.into(),
            to: to.into(),
            score: step.score.map(i32::from),
            change_time: Some(keizoku_proto::timestamp(step.at)),
            scorecard,
            scorecard_version,
        })])
    }

    fn evolve(state: &mut State, event: &Kind, at: Timestamp) {
        if let Kind::HealthBandChanged(changed) = event {
            let changed_at = changed
                .change_time
                .as_ref()
                .and_then(keizoku_proto::instant);
            state.told = Some((changed_at.unwrap_or(at), changed.to()));
        }
    }
}

/// The changes of a band that have to be said, of an account of which `told` was said last. Whoever was
/// never spoken of is spoken of as of now: history that nobody heard of is not told afterwards.
#[must_use]
pub fn untold(changes: Vec<Step>, now: Step, told: Option<(Option<Band>, Timestamp)>) -> Vec<Step> {
    let Some((mut band, since)) = told else {
        let last = changes.into_iter().next_back();
        return last.filter(|_| now.band.is_some()).into_iter().collect();
    };
    let mut untold: Vec<Step> = changes;
    untold.retain(|step| step.at >= since);
    untold.push(now);
    untold.retain(|step| std::mem::replace(&mut band, step.band) != step.band);
    untold
}

#[cfg(test)]
mod tests {
    use keizoku_core::{Actor, Given, Origin};
    use uuid::Uuid;

    use super::*;

    fn ctx() -> Ctx {
        Ctx {
            now: "2026-11-22T00:00:00Z".parse().unwrap(),
            today: "2026-11-22".parse().unwrap(),
            actor: Actor::new("service", "healthscore"),
            origin: Origin::Schedule,
            request_id: Uuid::from_u128(1),
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn step(second: i64, band: Option<Band>) -> Step {
        Step {
            at: at(second),
            score: band.map(|_| 50),
            band,
            card: Some(("mid".to_owned(), 1)),
        }
    }

    fn change(second: i64, band: Option<Band>) -> Change {
        Change {
            account: Uuid::from_u128(7).into(),
            step: step(second, band),
        }
    }

    fn told(events: &[Kind]) -> Vec<(Wire, Wire)> {
        let bands = |event: &Kind| match event {
            Kind::HealthBandChanged(changed) => (changed.from(), changed.to()),
            other => panic!("{other:?}"),
        };
        events.iter().map(bands).collect()
    }

    #[test]
    fn hlt_5_each_change_of_a_band_is_recorded_once() {
        let given = Given::<Banding>::nothing(ctx()).commands([change(1, Some(Band::Yellow))]);
        assert_eq!(given.when(change(1, Some(Band::Yellow))), Ok(Vec::new()));
        let red = given.when(change(5, Some(Band::Red))).unwrap();
        assert_eq!(told(&red), [(Wire::Yellow, Wire::Red)]);
        let given = given.events(red);
        for repeated in [change(1, Some(Band::Yellow)), change(5, Some(Band::Red))] {
            assert_eq!(given.when(repeated), Ok(Vec::new()));
        }
        let none = given.when(change(5, None)).unwrap();
        assert_eq!(
            told(&none),
            [(Wire::Red, Wire::Unspecified)],
            "at the same instant"
        );
    }

    #[test]
    fn hlt_5_what_is_said_goes_on_from_what_was_said_last() {
        use Band::{Green, Red, Yellow};
        let changes = || {
            vec![
                step(1, Some(Green)),
                step(2, Some(Red)),
                step(3, Some(Yellow)),
            ]
        };
        let now = || step(9, Some(Yellow));
        let said = |told: Option<(Option<Band>, i64)>| {
            let told = told.map(|(band, second)| (band, at(second)));
            let steps = untold(changes(), now(), told).into_iter();
            steps.map(|step| (step.at, step.band)).collect::<Vec<_>>()
        };
        assert_eq!(
            said(None),
            [(at(3), Some(Yellow))],
            "history is not told afterwards"
        );
        assert_eq!(
            said(Some((Some(Green), 1))),
            [(at(2), Some(Red)), (at(3), Some(Yellow))]
        );
        assert_eq!(said(Some((Some(Yellow), 3))), []);
        assert_eq!(
            said(Some((Some(Red), 4))),
            [(at(9), Some(Yellow))],
            "it was said too early"
        );
        let gone = untold(Vec::new(), step(9, None), None);
        assert_eq!(gone, [], "who never had a band loses none");
    }
}
