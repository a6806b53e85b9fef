//! How the product was used before and after a release (HLT-9).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use futures::StreamExt as _;
use futures::stream;
use jiff::Timestamp;
use keizoku_core::{AccountId, Recorded};
use keizoku_proto::StoredEvent as _;
use keizoku_proto::healthscore as proto;
use keizoku_proto::healthscore::event::Kind;
use keizoku_revenue::{AccountIx, AsOf, Book};
use keizoku_runtime::read_model::rusqlite::{self, Connection};
use keizoku_runtime::{Failure, Violations, names};
use uuid::Uuid;

use crate::adoption::{Looked, Segment, Window};
use crate::domain::releases::Release;
use crate::domain::{RELEASES, band_stream, chunk_stream, month_of};
use crate::scoring::{Band, Signal};
use crate::{HealthScores, history, resources};

const DEFAULT_DAYS: i32 = 30;
const DAYS: std::ops::RangeInclusive<i32> = 7..=180;
/// Accounts whose signals are read at once.
const AT_ONCE: usize = 64;

/// An account that a release is for.
struct Customer {
    id: AccountId,
    /// What was merged into it.
    aliases: Vec<AccountId>,
    tier: String,
    churned: bool,
}

/// In which months there are signals of an account, the first and the last.
type Months = HashMap<AccountId, (i32, i32)>;

impl HealthScores {
    pub(super) async fn release_adoption(
        &self,
        body: proto::GetReleaseAdoptionRequest,
    ) -> Result<proto::GetReleaseAdoptionResponse, Failure> {
        let mut violations = Violations::new();
        let id = violations.parse("name", names::parse_release(&body.name));
        let known_at = self.instant(&mut violations, "time", body.time.as_ref());
        let days = match body.days {
            0 => DEFAULT_DAYS,
            days => days,
        };
        if !DAYS.contains(&days) {
            let (least, most) = (DAYS.start(), DAYS.end());
            violations.add("days", format!("is {days}; {least} to {most} are allowed"));
        }
        let (id, known_at) = violations.finish(id.zip(known_at))?;
        self.freshness.wait(&body.consistency_tokens).await?;
        let fold = self.releases.as_known_at(&RELEASES, Some(known_at)).await?;
        let recorded = fold.state.find(id)?;
        let release = Arc::new(recorded.release.clone());
        // One at a time: each reads what there is of every account.
        let _turn = self.adoptions.lock().await;
        let (window, customers) = self.concerned(&release, days, known_at).await?;
        let (first, last) = window.instants();
        let months = (month_of(first), month_of(last));
        let found = self.model.read(move |rows| months_between(rows, months));
        let found = Arc::new(found.await?);
        let mut overall = Segment::of(release.measured.len());
        let mut segments: BTreeMap<String, Segment> = BTreeMap::new();
        let looked = stream::iter(customers)
            .map(|customer| self.looked_at(customer, &release, &window, &found, known_at));
        let mut looked = looked.buffer_unordered(AT_ONCE);
        while let Some(account) = looked.next().await {
            let account = account?;
            overall.count(&account);
            let segment = segments.entry(account.tier.clone());
            let segment = segment.or_insert_with(|| Segment::of(release.measured.len()));
            segment.count(&account);
        }
        let of = |(tier, segment): (&String, &Segment)| {
            resources::segment(tier, segment, &release.measured)
        };
        let adoption = proto::ReleaseAdoption {
            release: Some(resources::release(recorded)),
            days,
            first_date: Some(window.first.into()),
            last_date: Some(window.last.into()),
            complete: window.is_complete,
            overall: Some(resources::segment("", &overall, &release.measured)),
            segments: segments.iter().map(of).collect(),
        };
        Ok(proto::GetReleaseAdoptionResponse {
            adoption: Some(adoption),
            watermarks: self.freshness.watermarks(),
        })
    }

    /// The days around a release, and the accounts that were under contract on its day.
    async fn concerned(
        &self,
        release: &Arc<Release>,
        days: i32,
        known_at: Timestamp,
    ) -> Result<(Window, Vec<Customer>), Failure> {
        let release = Arc::clone(release);
        let ask = move |book: &Book| {
            let known = Some(known_at);
            let (zone, today) = (book.zone_at(known), book.today_at(known));
            let window = Window::around(release.date, days, today, zone);
            let (on, last) = (
                AsOf::known_at(known_at, release.date),
                AsOf::known_at(known_at, window.last),
            );
            let all = (0..book.len()).filter_map(|number| u32::try_from(number).ok());
            let customer = |account: AccountIx| {
                if !is_concerned(book, account, &release, on) {
                    return None;
                }
                let aliases = book.aliases(account, known).into_iter();
                Some(Customer {
                    id: book.account_id(account),
                    aliases: aliases.map(|alias| book.account_id(alias)).collect(),
                    tier: tier_of(book, account, on).to_owned(),
                    churned: !book.is_active(account, last),
                })
            };
            let customers = all.map(AccountIx).filter_map(customer).collect();
            (window, customers)
        };
        self.book.ask(ask).await
    }

    /// What an account did around a release.
    async fn looked_at(
        &self,
        customer: Customer,
        release: &Release,
        window: &Window,
        months: &Months,
        known_at: Timestamp,
    ) -> Result<Looked, Failure> {
        let (first, last) = window.instants();
        let (first, last) = (month_of(first), month_of(last));
        let mut signals: Vec<Signal> = Vec::new();
        for id in std::iter::once(customer.id).chain(customer.aliases) {
            let Some((earliest, latest)) = months.get(&id) else {
                continue;
            };
            for month in first.max(*earliest)..=last.min(*latest) {
                let stream = chunk_stream(id, month);
                let take = |event: &Recorded| take(&mut signals, event, known_at, release);
                self.for_each(&stream, take).await?;
            }
        }
        let mut changes: Vec<(Timestamp, Option<Band>)> = Vec::new();
        let take = |event: &Recorded| {
            if event.recorded_at <= known_at {
                changes.extend(band_change(event)?);
            }
            Ok(())
        };
        self.for_each(&band_stream(customer.id), take).await?;
        let uses = release.measured.iter();
        Ok(Looked {
            tier: customer.tier,
            churned: customer.churned,
            uses: uses
                .map(|series| window.values(signals.iter(), series))
                .collect(),
            band: window.bands(&changes),
        })
    }
}

/// Keeps the signals of an event that a release is measured by.
fn take(
    signals: &mut Vec<Signal>,
    event: &Recorded,
    known_at: Timestamp,
    release: &Release,
) -> Result<(), Failure> {
    if event.recorded_at > known_at {
        return Ok(());
    }
    let kind = Kind::from_bytes(&event.data).map_err(|error| Failure::internal(&error))?;
    let Kind::SignalsRecorded(recorded) = kind else {
        return Ok(());
    };
    let read = |(number, signal)| {
        let place = (event.position.0, number);
        let signal = history::signal_of(signal, event.recorded_at, place)?;
        release.measured.contains(&signal.series).then_some(signal)
    };
    signals.extend((0..).zip(recorded.signals).filter_map(read));
    Ok(())
}

/// The band that an event says, and since when.
fn band_change(event: &Recorded) -> Result<Option<(Timestamp, Option<Band>)>, Failure> {
    let kind = Kind::from_bytes(&event.data).map_err(|error| Failure::internal(&error))?;
    let Kind::HealthBandChanged(changed) = kind else {
        return Ok(None);
    };
    let since = changed.change_time.as_ref();
    let since = since.and_then(keizoku_proto::instant);
    let since = since.unwrap_or(event.recorded_at);
    Ok(Some((since, Band::of_number(changed.to))))
}

/// Whether a release is for an account: one that was not merged, and had the product under contract.
fn is_concerned(book: &Book, account: AccountIx, release: &Release, on: AsOf) -> bool {
    let known = on.known_at;
    if !book.is_opened(account, known) || book.survivor(account, known) != account {
        return false;
    }
    let is_tier = release.tiers.is_empty() || {
        let tier = tier_of(book, account, on);
        release.tiers.iter().any(|named| named == tier)
    };
    if !is_tier || release.product.is_empty() {
        return is_tier && book.is_active(account, on);
    }
    let mut views = book.subscriptions(account, on).into_iter();
    views.any(|view| view.active && book.products().name(view.product) == release.product)
}

fn tier_of(book: &Book, account: AccountIx, on: AsOf) -> &str {
    let (attributes, _) = book.attributes_on(account, on);
    book.tiers().name(attributes.tier.into())
}

/// The accounts that have signals between two months.
fn months_between(rows: &Connection, (first, last): (i32, i32)) -> rusqlite::Result<Months> {
    rows.prepare_cached("SELECT account, first, last FROM months WHERE last >= ?1 AND first <= ?2")?
        .query_map([first, last], |row| {
            let account = Uuid::from_bytes(row.get(0)?);
            Ok((account.into(), (row.get(1)?, row.get(2)?)))
        })?
        .collect()
}
