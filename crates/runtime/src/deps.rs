//! What the services of a process share.

use std::sync::Arc;
use std::time::Duration;

use keizoku_bus::Bus;
use keizoku_core::{Decider, Entropy};
use keizoku_log::EventLog;
use keizoku_proto::StoredEvent;

use crate::book::{self, BookModel};
use crate::projector::{self, Projection};
use crate::token::Followed;
use crate::{Calendar, DomainError, Executor, Freshness, Lifecycle, SharedBook};

/// What every service of a process is built from, beside its own log.
#[derive(Clone)]
pub struct Deps {
    /// Where events come from, the service's own included.
    pub bus: Arc<dyn Bus>,
    /// The process's book: its replica of the accounts service's facts.
    pub book: SharedBook,
    /// How far the book has been read.
    pub book_freshness: Freshness,
    /// What time and day it is.
    pub calendar: Calendar,
    /// Where unpredictable ids come from.
    pub entropy: Arc<dyn Entropy>,
    /// When to stop.
    pub lifecycle: Lifecycle,
}

impl Deps {
    /// The same for every service of a process, with a book that follows `bus`.
    #[must_use]
    pub fn new(
        bus: Arc<dyn Bus>,
        calendar: Calendar,
        entropy: Arc<dyn Entropy>,
        lifecycle: Lifecycle,
    ) -> Self {
        let deps = Self {
            bus,
            book: BookModel::new(calendar.clone()),
            book_freshness: Freshness::default(),
            calendar,
            entropy,
            lifecycle,
        };
        let follower = Arc::<BookModel>::clone(&deps.book);
        let reading = deps.project(book::SOURCE, follower, Duration::ZERO);
        deps.book_freshness.add(book::SOURCE, reading);
        deps
    }

    /// Executes the commands of one kind of aggregate on the service's log.
    #[must_use]
    pub fn executor<D>(&self, log: &Arc<dyn EventLog>) -> Arc<Executor<D>>
    where
        D: Decider + 'static,
        D::Command: Clone + Send + 'static,
        D::Event: StoredEvent,
        D::Error: DomainError,
    {
        Executor::new(
            Arc::clone(log),
            self.calendar.clone(),
            self.lifecycle.clone(),
        )
    }

    /// Keeps a read model in step with a source, in batches that are `pace` apart unless somebody waits.
    pub fn project(
        &self,
        source: &'static str,
        model: Arc<dyn Projection>,
        pace: Duration,
    ) -> Followed {
        projector::project(&self.lifecycle, Arc::clone(&self.bus), source, model, pace)
    }
}
