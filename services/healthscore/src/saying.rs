//! What the keeper says of accounts in the own log, so that others need not follow every signal: bands, use of
//! the product, and signals that fell silent. Each decider knows what was said before.

use jiff::Timestamp;
use keizoku_core::{AccountId, Day, Origin, derive_id};
use keizoku_runtime::{Call, Cause, Failure};

use crate::domain::banding::Change;
use crate::domain::{band_stream, silence, silence_stream, use_stream, uses};
use crate::keeper::Keeper;
use crate::scoring::{Course, Step};
use crate::{SOURCE, resources};

impl Keeper {
    /// Records that a band changed.
    pub(crate) async fn tell(
        &self,
        account: AccountId,
        step: Step,
        cause: Cause,
        is_first: bool,
    ) -> Result<(), Failure> {
        let band = i32::from(resources::band(step.band)).to_be_bytes();
        let at = step.at.as_microsecond().to_be_bytes();
        let id = derive_id("health-band", &[account.uuid().as_bytes(), &at, &band]);
        let origin = match cause.event {
            Some(_) => Origin::Reaction,
            None => Origin::Schedule,
        };
        let call = Call::own(SOURCE, origin, id, cause);
        let (stream, change) = (band_stream(account), Change { account, step });
        let bands = &self.health.bands;
        let told = if is_first {
            bands.create(stream, change, call).await
        } else {
            bands.execute(stream, change, call).await
        };
        told.map(drop)
    }

    /// The local date of a sign-in that is known now, and was not where a course was left: on another date at least.
    pub(crate) fn sign_in_since(&self, left: &Course, now: &Course, at: Timestamp) -> Option<Day> {
        let signed_in = now.signed_in?;
        let book = self.health.book.read();
        let zone = book.zone_at(Some(at));
        let day = Day::of(signed_in, zone);
        let known = left.signed_in.map(|known| Day::of(known, zone));
        (Some(day) > known).then_some(day)
    }

    /// Records what an account is known to use since now.
    pub(crate) async fn say_uses(&self, say: uses::Say, cause: Cause) -> Result<(), Failure> {
        let id = self.health.entropy.uuid();
        let call = Call::own(SOURCE, Origin::Reaction, id, cause);
        let stream = use_stream(say.account);
        let said = self.health.uses.execute(stream, say, call).await;
        said.map(drop)
    }

    /// The instant from which on the signals of an account have been, or will be, silent: none without signals.
    pub(crate) fn silence(&self, course: &Course, at: Timestamp) -> Option<Timestamp> {
        let newest = silence::newest(&course.latest)?;
        let book = self.health.book.read();
        let settings = book.settings_at(Some(at));
        silence::begins(
            newest.occurred_at,
            &settings.zone,
            settings.silent_after_days,
        )
    }

    /// Records that signals fell silent, or are not any more (FC-10).
    pub(crate) async fn say_silence(
        &self,
        account: AccountId,
        since: Option<Timestamp>,
        course: &Course,
    ) -> Result<(), Failure> {
        let newest = silence::newest(&course.latest);
        let command = silence::Say {
            account,
            since,
            newest: newest.map(|newest| newest.occurred_at),
        };
        // The same may be said again later: what was said last decides.
        let id = self.health.entropy.uuid();
        let call = Call::own(SOURCE, Origin::Schedule, id, Cause::default());
        let stream = silence_stream(account);
        let said = self.health.silences.execute(stream, command, call).await;
        said.map(drop)
    }
}
