//! Looks again at onboardings when something of them changed, and when a day comes on which something
//! may have come of them, so that stalls and hand-backs are events (ONB-7). Figures do not wait for
//! that: they change because the day does (GEN-8).
//!
//! The read model has the days. Whoever changes what decides sets the day to the first there is; a
//! look sets it to the next one on which something may come, unless something changed meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use jiff::Timestamp;
use keizoku_core::{Day, OnboardingId, Origin, derive_id};
use keizoku_log::EventLog;
use keizoku_runtime::effect::RETRY;
use keizoku_runtime::read_model::rusqlite::{self, Connection, Transaction, params};
use keizoku_runtime::telemetry::metrics::EFFECT_WAITING;
use keizoku_runtime::token::Followed;
use keizoku_runtime::{Call, Cause, Failure, Lifecycle, Token};

use crate::domain::leaving;
use crate::domain::onboarding::Command;
use crate::{Onboardings, SOURCE, domain};

/// Onboardings looked at before their days are noted.
const PAGE: i64 = 200;

/// The day of an onboarding of which nothing can come any more by itself.
const NEVER: i64 = i64::MAX;

/// Looks again when there is a reason to.
pub(crate) struct Watch {
    pub(crate) onboardings: Arc<Onboardings>,
    pub(crate) log: Arc<dyn EventLog>,
    /// How far the model has read the own log.
    pub(crate) own: Followed,
    /// How far it has read the accounts log.
    pub(crate) accounts: Followed,
    /// How far it has read what signals say of use.
    pub(crate) uses: Followed,
    /// Whether onboardings were looked at while that had yet to be read.
    pub(crate) looked_without_uses: AtomicBool,
    pub(crate) lifecycle: Lifecycle,
}

/// An onboarding to look at.
struct Due {
    id: String,
    /// How many changes there had been.
    touched: i64,
}

/// What waits on a day.
struct Waiting {
    due: Vec<Due>,
    count: u64,
    next: Option<Day>,
}

impl Watch {
    /// Looks for as long as the process runs.
    pub(crate) fn run(self) {
        let lifecycle = self.lifecycle.clone();
        let waiting = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&waiting);
        let labels = [("effect", "onboarding_watch")];
        lifecycle
            .telemetry()
            .gauge(EFFECT_WAITING, &labels, move || {
                counted.load(Ordering::Relaxed)
            });
        lifecycle.until_stop(self.for_ever(waiting));
    }

    async fn for_ever(self, waiting: Arc<AtomicU64>) {
        self.onboardings.list_freshness.ready().await;
        self.onboardings.change_freshness.ready().await;
        // Limits and holidays may be others than before the start.
        let mut anew = true;
        let (mut own, mut accounts) = (self.own.progress.clone(), self.accounts.progress.clone());
        let mut uses = self.uses.progress.clone();
        loop {
            own.mark_unchanged();
            accounts.mark_unchanged();
            uses.mark_unchanged();
            if self.onboardings.uses_are_read().await {
                anew |= self.looked_without_uses.swap(false, Ordering::Relaxed);
            }
            let next = match self.pass(anew, &waiting).await {
                Ok(next) => next,
                Err(failure) => {
                    let error = failure.message();
                    tracing::warn!(error, "onboardings wait to be looked at; trying again");
                    tokio::time::sleep(RETRY).await;
                    continue;
                }
            };
            anew = false;
            let next_day = async {
                match next {
                    Some(next) => self.onboardings.calendar.reach(next).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = own.changed() => if changed.is_err() { return },
                changed = accounts.changed() => if changed.is_err() { return },
                () = next_day => {}
                changed = uses.changed() => if changed.is_err() { return },
            }
        }
    }

    /// Looks at everything whose day has come; answers when the next one does.
    async fn pass(&self, anew: bool, waiting: &AtomicU64) -> Result<Option<Timestamp>, Failure> {
        let model = &self.onboardings.model;
        if anew {
            model.note(all_anew).await?;
        }
        loop {
            self.read_all().await?;
            let today = self.onboardings.calendar.today();
            self.touch_accounts(today).await?;
            let found = model.read(move |rows| due(rows, today)).await?;
            waiting.store(found.count, Ordering::Relaxed);
            if found.due.is_empty() {
                let zone = self.onboardings.calendar.zone();
                let first = |day: Day| day.date().to_zoned(zone).ok();
                return Ok(found.next.and_then(first).map(|first| first.timestamp()));
            }
            let mut looked = Vec::new();
            for due in found.due {
                let next = self.look(&due.id).await?;
                looked.push((due, next.map_or(NEVER, |day| day.number().into())));
            }
            model.note(move |rows| note(rows, &looked)).await?;
        }
    }

    /// Waits until model and book have what the logs have.
    async fn read_all(&self) -> Result<(), Failure> {
        let head = self.log.head().borrow().position;
        self.own.reach(head).await;
        let read = self.accounts.now();
        let token = Token::of(read.log_id, read.position).encode();
        self.onboardings.change_freshness.wait(&[token]).await
    }

    /// Whatever changed of an account is a reason to look at its onboardings.
    async fn touch_accounts(&self, today: Day) -> Result<(), Failure> {
        let model = &self.onboardings.model;
        loop {
            let changed = model.read(move |rows| changed_accounts(rows, today));
            let changed = changed.await?;
            if changed.is_empty() {
                return Ok(());
            }
            let mut touched = Vec::new();
            for (number, account) in changed {
                let accounts = account.parse().map_or_else(
                    |_| Vec::new(),
                    |account| self.onboardings.book.with_aliases(account),
                );
                touched.push((number, accounts));
            }
            model.note(move |rows| touch(rows, &touched)).await?;
        }
    }

    /// Records what has come of an onboarding; answers on which day to look again.
    async fn look(&self, id: &str) -> Result<Option<Day>, Failure> {
        let Ok(id) = id.parse::<OnboardingId>() else {
            return Ok(None);
        };
        let this = &self.onboardings;
        let stream = domain::onboarding_stream(id);
        // The model may have heard of a command that is only about to be remembered.
        let fold = this.onboardings.refresh(&stream).await?;
        let now = this.book.now();
        let Some(mut around) = this.circumstances(&fold.state, now).await? else {
            return Ok(None);
        };
        let uses_are_read = this.uses_are_read().await;
        if !uses_are_read {
            // Everything is looked at again once they are.
            self.looked_without_uses.store(true, Ordering::Relaxed);
            if around.deeds_count {
                // Somebody may have signed in.
                return Ok(None);
            }
        }
        around.coaching = this.coaching_of(&fold.state, now, uses_are_read).await?;
        let mut state = fold.state.clone();
        if !leaving::observe(&state, &around).is_empty() {
            let revision = fold.revision.0.to_be_bytes();
            let day = around.on.number().to_be_bytes();
            let about = id.uuid();
            let parts = [&about.as_bytes()[..], &revision, &day];
            let request_id = derive_id("onboarding-observed", &parts);
            let call = Call::own(SOURCE, Origin::Schedule, request_id, Cause::default());
            let command = Command::Observe(around.clone());
            let done = this.onboardings.execute(stream, command, call).await?;
            self.lifecycle.reached("onboarding.observed.after");
            state = done.fold.state.clone();
        }
        Ok(leaving::next_look(&state, &around))
    }
}

/// What is due up to a day, and when the next is.
fn due(rows: &Connection, today: Day) -> rusqlite::Result<Waiting> {
    let today = i64::from(today.number());
    let due = rows
        .prepare_cached(
            "SELECT id, touched FROM watched WHERE due <= ?1 ORDER BY due, id LIMIT ?2",
        )?
        .query_map(params![today, PAGE], |row| {
            Ok(Due {
                id: row.get(0)?,
                touched: row.get(1)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let count: i64 = rows
        .prepare_cached("SELECT count(*) FROM watched WHERE due <= ?1")?
        .query_row([today], |row| row.get(0))?;
    let next: Option<i64> = rows
        .prepare_cached(
            "SELECT min(day) FROM (SELECT min(due) AS day FROM watched WHERE due > ?1
             UNION ALL SELECT min(day) FROM changed_accounts WHERE day > ?1)",
        )?
        .query_row([today], |row| row.get(0))?;
    let next = next.and_then(|day| u16::try_from(day).ok());
    Ok(Waiting {
        due,
        count: count.unsigned_abs(),
        next: next.and_then(Day::from_number),
    })
}

fn all_anew(rows: &Transaction<'_>) -> rusqlite::Result<()> {
    rows.execute("UPDATE watched SET due = 0", []).map(drop)
}

/// Some of what changed of accounts up to a day: its number, and the account.
fn changed_accounts(rows: &Connection, today: Day) -> rusqlite::Result<Vec<(i64, String)>> {
    let changed = "SELECT number, account_id FROM changed_accounts WHERE day <= ?1 LIMIT ?2";
    rows.prepare_cached(changed)?
        .query_map(params![today.number(), PAGE], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect()
}

fn touch(rows: &Transaction<'_>, touched: &[(i64, Vec<String>)]) -> rusqlite::Result<()> {
    let mut set = rows.prepare_cached(
        "UPDATE watched SET due = 0, touched = touched + 1
         WHERE id IN (SELECT id FROM onboardings WHERE account_id = ?1)",
    )?;
    let mut delete = rows.prepare_cached("DELETE FROM changed_accounts WHERE number = ?1")?;
    for (number, accounts) in touched {
        for account in accounts {
            set.execute([account])?;
        }
        delete.execute([number])?;
    }
    Ok(())
}

fn note(rows: &Transaction<'_>, looked: &[(Due, i64)]) -> rusqlite::Result<()> {
    let mut set =
        rows.prepare_cached("UPDATE watched SET due = ?3 WHERE id = ?1 AND touched = ?2")?;
    for (due, next) in looked {
        set.execute(params![due.id, due.touched, next])?;
    }
    Ok(())
}
