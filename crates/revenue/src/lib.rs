//! Contract facts as MRR: on any date, as known at any instant (GEN-5).
//!
//! A [`Book`] is a model of the accounts service's log. *Used by* the accounts, risk and forecast
//! services, which share one per process. *Guarantees*: pure (no IO, no clock); any order of events
//! that keeps each stream's own gives the same answers; the rows of now always equal the fold of
//! history; no figure depends on a tick (GEN-8). *Fails* with [`Unreadable`] at an event that was
//! written by a newer version or that no service records, and then stays as it was.

mod attributes;
mod book;
mod by_place;
mod calendar;
mod contract;
mod directory;
mod entry;
mod fenwick;
mod hindsight;
mod identity;
mod imports;
mod initiatives;
mod memory;
mod owner;
mod products;
mod questions;
mod read_ahead;
mod reading;
mod row;
mod rows;
mod scan;
mod segment;
mod settings;
mod split;
pub mod store;
mod targets;
mod time;
mod turning_points;
mod upkeep;
mod view;

pub use attributes::Attributes;
pub use book::{AccountIx, Book, Compacted};
pub use contract::Terms;
pub use directory::{Directory, OwnerScope};
pub use entry::{Decoded, Entry, Unreadable};
pub use hindsight::SubscriptionIx;
pub use imports::FailedImport;
pub use initiatives::{Cohort, Initiative};
pub use memory::Memory;
pub use owner::{Owner, TeamIx, UserIx};
pub use products::ProductMatch;
pub use row::{Marks, Row, RowCore};
pub use rows::Columns;
pub use segment::{Segment, Segments};
pub use settings::Settings;
pub use split::{AnnouncedPart, RestPart, Split};
pub use targets::{Goal, Target, TargetMetric};
pub use time::AsOf;
pub use view::{AccountSummary, AccountView, SubscriptionView};
