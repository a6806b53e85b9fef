//! Accounts of which nobody has sent a signal for days (FC-10): when that begins, and what was said of it.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use keizoku_core::{AccountId, Ctx, Day, Decider};
use keizoku_proto::healthscore::event::Kind;
use keizoku_proto::healthscore::{SignalsFellSilent, SilenceEnded};
use keizoku_runtime::Never;

use crate::reactions::SENDER;
use crate::scoring::{Latest, Signal};

/// The newest signal that somebody sent: what this service notes about onboardings by itself says nothing of
/// sources that fell silent.
#[must_use]
pub fn newest(latest: &Latest) -> Option<&Arc<Signal>> {
    let sent = latest.all().filter(|signal| signal.source != SENDER);
    sent.max_by_key(|signal| signal.occurred_at)
}

/// The first instant of the local date that is so many days after that of a signal; `None` past the end of time.
#[must_use]
pub fn begins(newest: Timestamp, zone: &TimeZone, days: u32) -> Option<Timestamp> {
    let last_heard = Day::of(newest, zone).date();
    let silent = last_heard.checked_add(jiff::Span::new().days(i64::from(days)));
    Some(silent.ok()?.to_zoned(zone.clone()).ok()?.timestamp())
}

/// What was said of the silence of one account.
pub struct Silence;

/// Since when its signals have been silent; none while they are not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State(Option<Timestamp>);

/// The signals of an account have been silent since then, or are not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Say {
    /// Whose.
    pub account: AccountId,
    /// Since when.
    pub since: Option<Timestamp>,
    /// When the newest of them occurred.
    pub newest: Option<Timestamp>,
}

impl Decider for Silence {
    type State = State;
    type Command = Say;
    type Event = Kind;
    type Error = Never;

    /// What was said is not said again.
    fn decide(state: &State, say: Say, _ctx: &Ctx) -> Result<Vec<Kind>, Never> {
        if say.since == state.0 {
            return Ok(Vec::new());
        }
        let account_id = say.account.to_string();
        Ok(vec![match say.since {
            Some(since) => Kind::SignalsFellSilent(SignalsFellSilent {
                account_id,
                silent_since: Some(keizoku_proto::timestamp(since)),
                last_signal_time: say.newest.map(keizoku_proto::timestamp),
            }),
            None => Kind::SilenceEnded(SilenceEnded { account_id }),
        }])
    }

    fn evolve(state: &mut State, event: &Kind, at: Timestamp) {
        match event {
            Kind::SignalsFellSilent(silent) => {
                let since = silent.silent_since.as_ref();
                let since = since.and_then(keizoku_proto::instant);
                state.0 = Some(since.unwrap_or(at));
            }
            Kind::SilenceEnded(_) => state.0 = None,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use keizoku_core::{Actor, Given, Origin};
    use keizoku_proto::healthscore::SignalKind;
    use uuid::Uuid;

    use super::*;
    use crate::scoring::testing::{at, signal};

    fn say(since: Option<i64>) -> Say {
        let instant = |second| Timestamp::from_second(second).unwrap();
        Say {
            account: Uuid::from_u128(7).into(),
            since: since.map(instant),
            newest: Some(instant(1)),
        }
    }

    #[test]
    fn fc_10_silence_begins_with_a_local_date() {
        let tokyo = TimeZone::get("Asia/Tokyo").unwrap();
        let begins = |newest: &str, zone: &TimeZone, days| {
            let begins = begins(newest.parse().unwrap(), zone, days);
            begins.map(|at| at.to_string())
        };
        // In Tokyo it was the first of November already, for the whole day.
        for newest in ["2026-10-31T15:00:00Z", "2026-11-01T14:59:59Z"] {
            let since = begins(newest, &tokyo, 30);
            assert_eq!(since.as_deref(), Some("2026-11-30T15:00:00Z"));
        }
        // The clock goes forward in between: it is a date all the same.
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let since = begins("2027-03-27T12:00:00Z", &berlin, 2);
        assert_eq!(since.as_deref(), Some("2027-03-28T22:00:00Z"));
    }

    #[test]
    fn fc_10_what_the_service_notes_by_itself_breaks_no_silence() {
        let mut latest = Latest::default();
        assert_eq!(newest(&latest), None);
        let mut own = signal(SignalKind::OnboardingState, 50, at(9));
        own.source = SENDER.to_owned();
        latest.take(&Arc::new(own));
        assert_eq!(newest(&latest), None);
        for (kind, day) in [(SignalKind::Nps, 5), (SignalKind::CsmPulse, 3)] {
            latest.take(&Arc::new(signal(kind, 1, at(day))));
        }
        let newest = newest(&latest).map(|signal| signal.occurred_at);
        assert_eq!(newest, Some(at(5)));
    }

    #[test]
    fn fc_10_each_silence_is_recorded_once() {
        let ctx = Ctx {
            now: "2026-11-22T00:00:00Z".parse().unwrap(),
            today: "2026-11-22".parse().unwrap(),
            actor: Actor::new("service", "healthscore"),
            origin: Origin::Schedule,
            request_id: Uuid::from_u128(1),
        };
        let given = Given::<Silence>::nothing(ctx);
        assert_eq!(given.when(say(None)), Ok(Vec::new()));
        let fell = given.when(say(Some(5))).unwrap();
        assert!(
            matches!(&fell[..], [Kind::SignalsFellSilent(_)]),
            "{fell:?}"
        );
        let given = given.events(fell);
        assert_eq!(given.when(say(Some(5))), Ok(Vec::new()));
        let later = given.when(say(Some(6))).unwrap();
        assert!(
            matches!(&later[..], [Kind::SignalsFellSilent(_)]),
            "{later:?}"
        );
        let given = given.events(later);
        let ended = given.when(say(None)).unwrap();
        assert!(matches!(&ended[..], [Kind::SilenceEnded(_)]), "{ended:?}");
        let given = given.events(ended);
        let again = given.when(say(Some(6))).unwrap();
        assert!(
            matches!(&again[..], [Kind::SignalsFellSilent(_)]),
            "{again:?}"
        );
    }
}
