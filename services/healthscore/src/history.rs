//! What a score is computed from: read from the log and from the book, as known at an instant.

use std::sync::Arc;

use jiff::Timestamp;
use keizoku_core::{AccountId, Recorded, Revision};
use keizoku_proto::StoredEvent as _;
use keizoku_proto::healthscore::event::Kind;
use keizoku_proto::healthscore::{RecordedSignal, SignalKind};
use keizoku_revenue::{AccountIx, AsOf, Book};
use keizoku_runtime::Failure;
use keizoku_runtime::read_model::rusqlite::OptionalExtension as _;

use crate::HealthScores;
use crate::domain::{chunk_stream, month_of, scorecards};
use crate::scoring::{SeriesKey, Signal, Situation, Track, track};

/// Events read from a stream at once.
const PAGE: usize = 1_000;

/// An account as it is known at an instant, with the signals of everything that it is.
pub(crate) struct History {
    account: AccountIx,
    /// The account's id.
    pub(crate) id: AccountId,
    signals: Vec<Arc<Signal>>,
}

impl HealthScores {
    /// The history of an account, merged or not, up to an instant; `None` where it was not known then.
    pub(crate) async fn history(
        &self,
        account: AccountId,
        until: Timestamp,
    ) -> Result<Option<History>, Failure> {
        let Some((account, parts)) = self.parts(account, until) else {
            return Ok(None);
        };
        let mut signals = Vec::new();
        for (id, joined_at) in &parts {
            self.read(*id, *joined_at, until, &mut signals).await?;
        }
        signals.sort_by_key(|signal| (signal.recorded_at, signal.place));
        let signals = signals.into_iter().map(Arc::new).collect();
        Ok(Some(History {
            account,
            id: parts[0].0,
            signals,
        }))
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

    /// Reads the signals of an account that were known by an instant. Those of an account that was
    /// merged count from the merge on: what was shown before stays as it was.
    async fn read(
        &self,
        account: AccountId,
        joined_at: Timestamp,
        until: Timestamp,
        signals: &mut Vec<Signal>,
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
        for month in first..=last.min(month_of(until)) {
            let stream = chunk_stream(account, month);
            let mut after = Revision::NONE;
            loop {
                let page = self.log.read_stream(&stream, after, PAGE).await;
                let page = page.map_err(|error| Failure::internal(&error))?;
                for event in page.iter().filter(|event| event.recorded_at <= until) {
                    take(event, joined_at, signals)?;
                }
                match page.last() {
                    Some(last) if page.len() == PAGE => after = last.revision,
                    _ => break,
                }
            }
        }
        Ok(())
    }

    /// Follows the score of an account up to an instant.
    pub(crate) fn follow(
        &self,
        history: &History,
        cards: &scorecards::State,
        until: Timestamp,
    ) -> Track {
        let book = self.book.read();
        let situation = |at| situation(&book, history.account, cards, at);
        track(&history.signals, &cards.moments(), situation, until)
    }
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

fn take(event: &Recorded, joined_at: Timestamp, signals: &mut Vec<Signal>) -> Result<(), Failure> {
    let kind = Kind::from_bytes(&event.data).map_err(|error| Failure::internal(&error))?;
    let Kind::SignalsRecorded(recorded) = kind else {
        return Ok(());
    };
    let recorded_at = event.recorded_at.max(joined_at);
    let read = |(number, signal)| signal_of(signal, recorded_at, (event.position.0, number));
    signals.extend((0..).zip(recorded.signals).filter_map(read));
    Ok(())
}

/// A signal as it was recorded; none of a kind that a newer version wrote.
fn signal_of(signal: RecordedSignal, recorded_at: Timestamp, place: (u64, u32)) -> Option<Signal> {
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
