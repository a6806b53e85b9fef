//! What a score is computed from: read from the log and from the book, as known at an instant.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use keizoku_core::{AccountId, Position, Recorded, Revision, StreamId};
use keizoku_proto::StoredEvent as _;
use keizoku_proto::common::EventMetadata;
use keizoku_proto::healthscore::event::Kind;
use keizoku_proto::healthscore::{RecordedSignal, SignalKind};
use keizoku_revenue::{AccountIx, AsOf, Book};
use keizoku_runtime::read_model::rusqlite::OptionalExtension as _;
use keizoku_runtime::{Cause, Failure, book};
use prost::Message as _;

use crate::HealthScores;
use crate::domain::{chunk_stream, month_of, scorecards};
use crate::queue::{Arrivals, Snapshot};
use crate::scoring::{Course, SeriesKey, Signal, Situation, Track, track};

/// Events read from a stream at once.
const PAGE: usize = 1_000;

/// An account as it is known at an instant, and how to follow its score up to there.
pub(crate) struct History {
    account: AccountIx,
    /// The account's id.
    pub(crate) id: AccountId,
    /// Where following begins: the beginning, or where it was left.
    pub(crate) course: Course,
    /// The signals that were recorded since, of everything that the account is.
    pub(crate) arrived: Arrived,
    /// How far the accounts' log had been heard where it was left; none from the beginning.
    left: Option<Left>,
}

/// How far the read model is known to have heard the accounts' log: it knows whether a course has to begin anew
/// for something up to there.
#[derive(Debug, Clone, Copy)]
struct Left {
    position: Position,
    /// Nothing that comes later was recorded before.
    recorded_at: Timestamp,
}

/// Signals in the order of recording, and when and why the last of them came.
#[derive(Debug, Default)]
pub(crate) struct Arrived {
    pub(crate) signals: Vec<Arc<Signal>>,
    pub(crate) last: Option<(Timestamp, Cause)>,
}

impl Arrived {
    /// Takes the signals of one event in, which count from `joined_at` on at the earliest.
    fn take(&mut self, event: &Recorded, joined_at: Timestamp) -> Result<(), Failure> {
        let kind = Kind::from_bytes(&event.data).map_err(|error| Failure::internal(&error))?;
        let Kind::SignalsRecorded(recorded) = kind else {
            return Ok(());
        };
        let recorded_at = event.recorded_at.max(joined_at);
        let read = |(number, signal)| signal_of(signal, recorded_at, (event.position.0, number));
        let signals = (0..).zip(recorded.signals).filter_map(read);
        self.signals.extend(signals.map(Arc::new));
        if self
            .last
            .as_ref()
            .is_none_or(|(last, _)| *last <= recorded_at)
        {
            let metadata = EventMetadata::decode(event.metadata.as_slice()).unwrap_or_default();
            self.last = Some((recorded_at, Cause::by(event.id, &metadata)));
        }
        Ok(())
    }

    fn sort(&mut self) {
        self.signals
            .sort_by_key(|signal| (signal.recorded_at, signal.place));
    }
}

/// What of the own log counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UpTo {
    /// What had been recorded by this instant.
    pub(crate) instant: Timestamp,
    /// What the read model has.
    pub(crate) position: Position,
}

impl UpTo {
    /// Everything that had been recorded by an instant.
    pub(crate) const fn instant(instant: Timestamp) -> Self {
        let position = Position(u64::MAX);
        Self { instant, position }
    }

    fn includes(&self, event: &Recorded) -> bool {
        event.recorded_at <= self.instant && event.position <= self.position
    }
}

/// Signals of all accounts that were recorded one after the other, read in one piece: in it is most of what
/// arrives while much does.
#[derive(Debug, Default)]
pub(crate) struct Lately {
    /// Nothing up to here is in it, and everything from there to `until`.
    after: Position,
    until: Position,
    streams: HashMap<String, Vec<Arc<Recorded>>>,
}

impl Lately {
    /// The events of a stream, if all that arrived in it is here.
    fn events(&self, stream: &StreamId, arrivals: Arrivals) -> Option<&[Arc<Recorded>]> {
        let has_all = self.after < arrivals.first && arrivals.last <= self.until;
        let events = || self.streams.get(&stream.to_string()).map(Vec::as_slice);
        has_all.then(|| events().unwrap_or_default())
    }
}

impl HealthScores {
    /// Signals from a position on, in at most `limit` events of any kind.
    pub(crate) async fn lately(&self, from: Position, limit: usize) -> Result<Lately, Failure> {
        let after = Position(from.0.saturating_sub(1));
        let events = self.log.read_all(after, limit).await;
        let events = events.map_err(|error| Failure::internal(&error))?;
        let until = events.last().map_or(after, |last| last.position);
        let mut streams: HashMap<String, Vec<Arc<Recorded>>> = HashMap::new();
        for event in events {
            if event.category() == "signals" {
                streams.entry(event.stream.clone()).or_default().push(event);
            }
        }
        Ok(Lately {
            after,
            until,
            streams,
        })
    }

    /// The history of an account, merged or not, up to an instant; `None` where it was not known then. It
    /// begins where the read model was left, where that answers the question.
    pub(crate) async fn history(
        &self,
        account: AccountId,
        until: Timestamp,
    ) -> Result<Option<History>, Failure> {
        let Some((_, parts)) = self.parts(account, until) else {
            return Ok(None);
        };
        let id = parts[0].0;
        let heard = self.list_freshness.recorded_at(book::SOURCE);
        let heard = heard.unwrap_or(Timestamp::MIN);
        if parts.iter().any(|(_, joined_at)| *joined_at >= heard) {
            // The model may have yet to hear of it.
            return self.whole_history(account, UpTo::instant(until)).await;
        }
        let snapshot = self.model.read(move |rows| Snapshot::of(rows, &[id]));
        let snapshot = snapshot.await?.into_iter().next().unwrap_or_default();
        match self
            .resumed(id, &snapshot, &Lately::default(), until)
            .await?
        {
            Some((course, arrived)) => {
                let left = Left {
                    position: snapshot.read[1],
                    recorded_at: heard,
                };
                let history = self.resumed_history(id, course, arrived);
                Ok(history.map(|history| History {
                    left: Some(left),
                    ..history
                }))
            }
            None => self.whole_history(account, UpTo::instant(until)).await,
        }
    }

    /// The history of an account that was not merged, from where it was left.
    pub(crate) fn resumed_history(
        &self,
        id: AccountId,
        course: Course,
        arrived: Arrived,
    ) -> Option<History> {
        let account = self.book.read().account(id)?;
        Some(History {
            account,
            id,
            course,
            arrived,
            left: None,
        })
    }

    /// The same from the beginning.
    pub(crate) async fn whole_history(
        &self,
        account: AccountId,
        up_to: UpTo,
    ) -> Result<Option<History>, Failure> {
        let Some((account, parts)) = self.parts(account, up_to.instant) else {
            return Ok(None);
        };
        let mut arrived = Arrived::default();
        for (id, joined_at) in &parts {
            self.read(*id, *joined_at, up_to, &mut arrived).await?;
        }
        arrived.sort();
        Ok(Some(History {
            account,
            id: parts[0].0,
            course: Course::default(),
            arrived,
            left: None,
        }))
    }

    /// How to go on from where the read model was left, or from the beginning when everything has yet to be
    /// taken in; `None` where that does not answer what holds at `until`, or where something is to be taken in
    /// that was recorded before it was left.
    pub(crate) async fn resumed(
        &self,
        account: AccountId,
        snapshot: &Snapshot,
        lately: &Lately,
        until: Timestamp,
    ) -> Result<Option<(Course, Arrived)>, Failure> {
        let course = match &snapshot.course {
            Some(course) => course.clone(),
            None if snapshot.is_new
                && snapshot.heard.is_none()
                && self.is_alone(account, until) =>
            {
                Course::default()
            }
            None => return Ok(None),
        };
        let left_at = course.at.unwrap_or(Timestamp::MIN);
        let is_late = snapshot.heard.is_some_and(|heard| heard <= left_at);
        if until < left_at || is_late {
            return Ok(None);
        }
        let mut arrived = Arrived::default();
        for arrivals in &snapshot.arrivals {
            let stream = chunk_stream(account, arrivals.month);
            let mut take = |event: &Recorded| {
                let is_new = (arrivals.first..=arrivals.last).contains(&event.position);
                if is_new && event.recorded_at <= until {
                    arrived.take(event, Timestamp::MIN)?;
                }
                Ok(())
            };
            match lately.events(&stream, *arrivals) {
                Some(events) => events.iter().try_for_each(|event| take(event))?,
                None => self.for_each(&stream, take).await?,
            }
        }
        arrived.sort();
        let first = arrived.signals.first();
        let is_late = first.is_some_and(|signal| signal.recorded_at <= left_at);
        Ok((!is_late).then_some((course, arrived)))
    }

    /// Whether nothing was merged into an account, nor it into another.
    fn is_alone(&self, account: AccountId, until: Timestamp) -> bool {
        let parts = self.parts(account, until);
        parts.is_some_and(|(_, parts)| parts.len() == 1 && parts[0].0 == account)
    }

    /// The id of the account that an account is at an instant, merged or not; `None` where it was not known
    /// then.
    pub(crate) fn known_as(&self, account: AccountId, until: Timestamp) -> Option<AccountId> {
        let (_, parts) = self.parts(account, until)?;
        Some(parts[0].0)
    }

    /// The account that an account is at an instant, and everything that was merged into it with the
    /// instant of that; itself first.
    fn parts(
        &self,
        account: AccountId,
        until: Timestamp,
    ) -> Option<(AccountIx, Vec<(AccountId, Timestamp)>)> {
        let book = self.book.read();
        let known = Some(until);
        let account = book
            .account(account)
            .filter(|account| book.is_opened(*account, known))?;
        let survivor = book.survivor(account, known);
        let mut parts = vec![(book.account_id(survivor), Timestamp::MIN)];
        for alias in book.aliases(survivor, known) {
            let joined_at = book.merged_at(alias, known).unwrap_or(until);
            parts.push((book.account_id(alias), joined_at));
        }
        Some((survivor, parts))
    }

    /// Reads the signals of an account that count. Those of an account that was merged count from the
    /// merge on: what was shown before stays as it was.
    async fn read(
        &self,
        account: AccountId,
        joined_at: Timestamp,
        up_to: UpTo,
        arrived: &mut Arrived,
    ) -> Result<(), Failure> {
        let key = account.uuid().into_bytes();
        let months = self.model.read(move |rows| {
            rows.prepare_cached("SELECT first, last FROM months WHERE account = ?1")?
                .query_row([key], |row| {
                    Ok((row.get::<_, i32>(0)?, row.get::<_, i32>(1)?))
                })
                .optional()
        });
        let Some((first, last)) = months.await? else {
            return Ok(());
        };
        for month in first..=last.min(month_of(up_to.instant)) {
            let take = |event: &Recorded| {
                if up_to.includes(event) {
                    arrived.take(event, joined_at)?;
                }
                Ok(())
            };
            self.for_each(&chunk_stream(account, month), take).await?;
        }
        Ok(())
    }

    /// Calls `visit` for each event of a stream.
    pub(crate) async fn for_each(
        &self,
        stream: &StreamId,
        mut visit: impl FnMut(&Recorded) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut after = Revision::NONE;
        loop {
            let page = self.log.read_stream(stream, after, PAGE).await;
            let page = page.map_err(|error| Failure::internal(&error))?;
            page.iter().try_for_each(&mut visit)?;
            match page.last() {
                Some(last) if page.len() == PAGE => after = last.revision,
                _ => return Ok(()),
            }
        }
    }

    /// Follows the score of an account up to an instant.
    pub(crate) fn follow(
        &self,
        history: &History,
        cards: &scorecards::State,
        until: Timestamp,
    ) -> Track {
        let course = history.course.clone();
        // What came later says nothing of when this score would change.
        let known_at = Some(until);
        self.with_situations(history, cards, known_at, |moments, situation| {
            track(course, &history.arrived.signals, moments, situation, until)
        })
    }

    /// The same from where the read model was left; `None` where that is not what following from the beginning
    /// comes to: the book, or the scorecards, know of something that was recorded before, and of which the
    /// model has yet to hear.
    pub(crate) fn follow_on(
        &self,
        history: &History,
        cards: &scorecards::State,
        until: Timestamp,
    ) -> Option<Track> {
        let known_at = Some(until);
        let track = self.with_situations(history, cards, known_at, |moments, situation| {
            let course = history.course.clone();
            let signals = &history.arrived.signals;
            let stands = course.stands(situation);
            stands.then(|| track(course, signals, moments, situation, until))
        });
        // The book had no more than this when it was asked.
        let read_to = self.book.read_to();
        let left_at = history.course.at;
        let is_heard =
            |left: Left| read_to <= left.position || left_at.is_none_or(|at| at < left.recorded_at);
        track.filter(|_| history.left.is_none_or(is_heard))
    }

    /// Whether what is known of the instant at which a course was left is what it took in there.
    pub(crate) fn stands(&self, history: &History, cards: &scorecards::State) -> bool {
        let book = self.book.read();
        let holds = |at| situation(&book, history.account, cards, at);
        history.course.stands(holds)
    }

    /// Calls `follow` with the moments of an account, as known, and with what holds for it at each.
    pub(crate) fn with_situations<T>(
        &self,
        history: &History,
        cards: &scorecards::State,
        known_at: Option<Timestamp>,
        follow: impl FnOnce(&[Timestamp], &dyn Fn(Timestamp) -> Situation) -> T,
    ) -> T {
        let book = self.book.read();
        let moments = moments(&book, history.account, cards, known_at);
        follow(&moments, &|at| situation(&book, history.account, cards, at))
    }
}

/// The instants at which something else than signals changes for an account, in order.
fn moments(
    book: &Book,
    account: AccountIx,
    cards: &scorecards::State,
    known_at: Option<Timestamp>,
) -> Vec<Timestamp> {
    let mut moments = book.turning_points(account, known_at);
    let published = cards.moments().into_iter();
    moments.extend(published.filter(|at| known_at.is_none_or(|known_at| *at <= known_at)));
    moments.sort_unstable();
    moments
}

/// What held for an account at an instant, as known then.
fn situation(
    book: &Book,
    account: AccountIx,
    cards: &scorecards::State,
    at: Timestamp,
) -> Situation {
    let known = Some(at);
    let as_of = AsOf::known_at(at, book.today_at(known));
    let (attributes, _) = book.attributes_on(account, as_of);
    let starts = book.subscriptions(account, as_of).into_iter();
    Situation {
        card: cards.in_effect(book.tiers().name(attributes.tier.into()), at),
        zone: book.zone_at(known).clone(),
        contract_start: starts.filter_map(|subscription| subscription.start).min(),
    }
}

/// A signal as it was recorded; none of a kind that a newer version wrote.
pub(crate) fn signal_of(
    signal: RecordedSignal,
    recorded_at: Timestamp,
    place: (u64, u32),
) -> Option<Signal> {
    let kind = SignalKind::try_from(signal.kind).ok()?;
    Some(Signal {
        series: SeriesKey {
            kind,
            subject: signal.subject,
        },
        value: signal.value,
        occurred_at: keizoku_proto::instant(&signal.occur_time?)?,
        recorded_at,
        place,
        target: keizoku_proto::optional_day(signal.target_date.as_ref())
            .ok()
            .flatten(),
        source: signal.source,
        key: signal.key,
        text: signal.text,
    })
}
