//! A churn date arrives: the end of the contract, and with the last one the account's churn, are
//! recorded as events (RX-7). Figures do not wait for it: they change because the date does (GEN-8).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use keizoku_core::{AccountId, Day, Origin, Recorded, SubscriptionId, derive_id};
use keizoku_proto::StoredEvent as _;
use keizoku_proto::accounts::event::Kind;
use keizoku_revenue::{AsOf, Book};
use keizoku_runtime::effect::RETRY;
use keizoku_runtime::reaction::Reactions;
use keizoku_runtime::read_model::rusqlite::{self, Row, Transaction, params};
use keizoku_runtime::read_model::{HandlerError, ReadModel};
use keizoku_runtime::telemetry::metrics::EFFECT_WAITING;
use keizoku_runtime::token::Progress;
use keizoku_runtime::{Call, Cause, Failure, Token, intake};
use tokio::sync::watch;

use crate::domain::{churn, churn_stream, subscription, subscription_stream};
use crate::{Accounts, SOURCE};

/// Dates dealt with at once.
const PAGE: i64 = 200;

/// An end that was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ChurnDate {
    number: i64,
    subscription: SubscriptionId,
    date: Day,
    recorded_at: Timestamp,
    imported: bool,
}

impl ChurnDate {
    /// The instant at which the date had come and was known; `None` where nothing follows from it,
    /// because it is history: it had come before it was imported, or before `since`.
    fn arrived(&self, zone: &TimeZone, since: Timestamp) -> Option<Timestamp> {
        let came = first_instant(self.date, zone)?;
        let was_past = self.imported && self.recorded_at >= came;
        let arrived = came.max(self.recorded_at);
        (!was_past && arrived > since).then_some(arrived)
    }
}

/// When an account churned: as known when the date came, and still true. What is read anew later, from
/// a log that knows more by then, comes to the same or to nothing.
fn churn(book: &Book, account: AccountId, arrived: Timestamp) -> Option<churn::Arrived> {
    let then = AsOf {
        known_at: Some(arrived),
        on: Day::of(arrived, book.zone_at(None)),
    };
    let ix = book.account(account)?;
    let date = book.churned_on(ix, then)?;
    book.churned_on(ix, AsOf::now(book.today()))?;
    let account = book.account_id(book.survivor(ix, then.known_at));
    Some(churn::Arrived { account, date })
}

fn first_instant(day: Day, zone: &TimeZone) -> Option<Timestamp> {
    let first = day.date().to_zoned(zone.clone()).ok()?;
    Some(first.timestamp())
}

/// Notes an end whose date may come.
pub(crate) fn note(rows: &Transaction<'_>, event: &Recorded) -> Result<(), HandlerError> {
    let (subscription, date) = match Kind::from_bytes(&event.data)? {
        Kind::CancellationAnnounced(e) => (e.subscription_id, e.effective_date),
        Kind::SubscriptionChurned(e) => (e.subscription_id, e.effective_date),
        _ => return Ok(()),
    };
    let Ok(Some(date)) = keizoku_proto::optional_day(date.as_ref()) else {
        return Ok(()); // the book says so, and parks
    };
    rows.prepare_cached(
        "INSERT INTO churn_dates (subscription_id, date, recorded_at, imported)
         VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![
        subscription,
        date.number(),
        event.recorded_at.as_microsecond(),
        intake::is_imported(event)
    ])?;
    Ok(())
}

/// Records churns when their dates come.
pub(crate) struct Arrivals {
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) reactions: Reactions<Kind>,
    /// How far the own model has read the own log.
    pub(crate) own: watch::Receiver<Progress>,
}

impl Arrivals {
    /// Records churns for as long as the process runs.
    pub(crate) fn run(self) {
        let lifecycle = self.accounts.lifecycle.clone();
        let waiting = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&waiting);
        let labels = [("effect", "churn_dates")];
        lifecycle
            .telemetry()
            .gauge(EFFECT_WAITING, &labels, move || {
                counted.load(Ordering::Relaxed)
            });
        lifecycle.until_stop(self.for_ever(waiting));
    }

    async fn for_ever(self, waiting: Arc<AtomicU64>) {
        self.accounts.book_freshness.ready().await;
        let mut own = self.own.clone();
        loop {
            own.mark_unchanged();
            let next = match self.pass(&waiting).await {
                Ok(next) => next,
                Err(failure) => {
                    let error = failure.message();
                    tracing::warn!(error, "churn dates that have come wait; trying again");
                    tokio::time::sleep(RETRY).await;
                    continue;
                }
            };
            let next_date = async {
                match next {
                    Some(next) => self.accounts.calendar.reach(next).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                // Another end may be known, or another time zone.
                changed = own.changed() => if changed.is_err() { return },
                () = next_date => {}
            }
        }
    }

    /// Deals with the dates that have come; answers when the next one does.
    async fn pass(&self, waiting: &AtomicU64) -> Result<Option<Timestamp>, Failure> {
        let since = self.reactions.dealt_until(SOURCE).await?;
        let since = since.unwrap_or(Timestamp::MAX);
        loop {
            self.read_all().await?;
            let (zone, today) = (self.accounts.calendar.zone(), self.accounts.today());
            let (dates, count, next) = self.accounts.churn_dates(today).await?;
            waiting.store(count, Ordering::Relaxed);
            if dates.is_empty() {
                return Ok(next.and_then(|day| first_instant(day, &zone)));
            }
            for date in &dates {
                if let Some(arrived) = date.arrived(&zone, since) {
                    self.record(date, arrived).await?;
                    self.accounts.lifecycle.reached("churn.recorded.after");
                }
            }
            self.accounts.forget_churn_dates(dates).await?;
        }
    }

    /// Waits until the book has what the own model has.
    async fn read_all(&self) -> Result<(), Failure> {
        let read = *self.own.borrow();
        let token = Token::of(read.log_id, read.position).encode();
        self.accounts.book_freshness.wait(&[token]).await
    }

    async fn record(&self, date: &ChurnDate, arrived: Timestamp) -> Result<(), Failure> {
        let call = |name: &str, about: &[u8]| {
            let day = date.date.number().to_be_bytes();
            let id = derive_id("churn-date", &[name.as_bytes(), about, &day]);
            Call::own(SOURCE, Origin::Schedule, id, Cause::default())
        };
        let id = date.subscription;
        let ended = call("subscription", id.uuid().as_bytes());
        let command = subscription::Command::EndArrived(date.date);
        let stream = subscription_stream(id);
        let subscriptions = &self.accounts.subscriptions;
        let outcome = match subscriptions.execute(stream, command, ended).await {
            Ok(outcome) => outcome,
            Err(failure) if failure.is_refusal() => return Ok(()), // it never began
            Err(failure) => return Err(failure),
        };
        let Ok(account) = outcome.fold.state.account_id.parse::<AccountId>() else {
            return Ok(());
        };
        let Some(churned) = churn(&self.accounts.book.read(), account, arrived) else {
            return Ok(());
        };
        let stream = churn_stream(churned.account);
        let date = churned.date.number().to_be_bytes();
        let id = derive_id("account-churned", &[stream.id().as_bytes(), &date]);
        let call = Call::own(SOURCE, Origin::Schedule, id, Cause::default());
        self.accounts
            .churns
            .execute(stream, churned, call)
            .await
            .map(drop)
    }
}

impl Accounts {
    /// Some of the dates that have come, how many there are, and the date after them.
    async fn churn_dates(&self, today: Day) -> Result<(Vec<ChurnDate>, u64, Option<Day>), Failure> {
        self.model
            .read(move |rows| {
                let today = today.number();
                let dates = rows
                    .prepare_cached(
                        "SELECT number, subscription_id, date, recorded_at, imported
                         FROM churn_dates WHERE date <= ?1 ORDER BY date, number LIMIT ?2",
                    )?
                    .query_map(params![today, PAGE], churn_date)?
                    .collect::<rusqlite::Result<_>>()?;
                let count: i64 = rows
                    .prepare_cached("SELECT count(*) FROM churn_dates WHERE date <= ?1")?
                    .query_row([today], |row| row.get(0))?;
                let next: Option<u16> = rows
                    .prepare_cached("SELECT min(date) FROM churn_dates WHERE date > ?1")?
                    .query_row([today], |row| row.get(0))?;
                Ok((dates, count.unsigned_abs(), next.and_then(Day::from_number)))
            })
            .await
    }

    async fn forget_churn_dates(&self, dates: Vec<ChurnDate>) -> Result<(), Failure> {
        let model: &Arc<ReadModel> = &self.model;
        model
            .note(move |rows| {
                let mut delete =
                    rows.prepare_cached("DELETE FROM churn_dates WHERE number = ?1")?;
                for date in dates {
                    delete.execute([date.number])?;
                }
                Ok(())
            })
            .await
    }
}

fn churn_date(row: &Row<'_>) -> rusqlite::Result<ChurnDate> {
    // Nothing but ids, dates and instants was ever written there.
    let id: String = row.get(1)?;
    Ok(ChurnDate {
        number: row.get(0)?,
        subscription: id.parse().unwrap_or_else(|_| uuid::Uuid::nil().into()),
        date: Day::from_number(row.get(2)?).unwrap_or(Day::MIN),
        recorded_at: Timestamp::from_microsecond(row.get(3)?).unwrap_or(Timestamp::UNIX_EPOCH),
        imported: row.get(4)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::day;

    fn recorded(at: &str, imported: bool) -> ChurnDate {
        ChurnDate {
            number: 1,
            subscription: uuid::Uuid::from_u128(1).into(),
            date: day("2026-11-25"),
            recorded_at: at.parse().unwrap(),
            imported,
        }
    }

    fn arrived(date: ChurnDate, since: &str) -> Option<String> {
        let zone = TimeZone::get("Asia/Tokyo").unwrap();
        let at = date.arrived(&zone, since.parse().unwrap())?;
        Some(at.to_string())
    }

    const COMES: &str = "2026-11-24T15:00:00Z";

    #[test]
    fn rx_7_a_date_comes_at_local_midnight_or_when_it_is_recorded_later() {
        let ahead = recorded("2026-11-01T00:00:00Z", false);
        let long_ago = "2026-01-01T00:00:00Z";
        assert_eq!(arrived(ahead, long_ago).as_deref(), Some(COMES));
        let later = "2026-11-26T03:00:00Z";
        let backdated = recorded(later, false);
        assert_eq!(arrived(backdated, long_ago).as_deref(), Some(later));
    }

    #[test]
    fn rx_7_rx_8_history_is_none_of_its_business() {
        let long_ago = "2026-01-01T00:00:00Z";
        // Imported after the date: history. Imported before: the date comes like any other.
        assert_eq!(arrived(recorded(COMES, true), long_ago), None);
        let ahead = recorded("2026-11-01T00:00:00Z", true);
        assert_eq!(arrived(ahead, long_ago).as_deref(), Some(COMES));
        // It had come before this installation recorded such dates.
        let ahead = recorded("2026-11-01T00:00:00Z", false);
        assert_eq!(arrived(ahead, COMES), None);
    }
}
