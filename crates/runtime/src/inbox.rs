//! What has arrived from a source and waits to be taken in by a model.

use futures::StreamExt as _;
use keizoku_bus::{Delivery, Subscription};
use uuid::Uuid;

use crate::projector::Stopped;

/// Events from which on no more are gathered.
const FULL: usize = 4_096;

/// Gathers what a source delivers, also while a model takes in what came before: a follower that
/// reads on only afterwards falls behind the log's tail, and then each page costs a query.
pub(crate) struct Inbox {
    deliveries: Subscription,
    gathered: Delivery,
    is_empty: bool,
    /// Why nothing more will come.
    failed: Option<Stopped>,
}

impl Inbox {
    /// What `deliveries` bring of the log `log_id`.
    pub(crate) fn new(deliveries: Subscription, log_id: Uuid) -> Self {
        Self {
            deliveries,
            gathered: nothing(log_id),
            is_empty: true,
            failed: None,
        }
    }

    /// Waits until there is something, be it only that the head moved.
    pub(crate) async fn begin(&mut self) -> Result<(), Stopped> {
        while self.is_empty {
            if let Some(failed) = self.failed.take() {
                return Err(failed);
            }
            self.receive().await?;
        }
        Ok(())
    }

    /// Waits until there is no room.
    pub(crate) async fn fill(&mut self) -> Result<(), Stopped> {
        while self.gathered.events.len() < FULL {
            self.receive().await?;
        }
        Ok(())
    }

    /// Gathers until it is dropped, or nothing more will come.
    pub(crate) async fn gather(&mut self) -> Stopped {
        match self.fill().await {
            Ok(()) => std::future::pending().await,
            Err(failed) => failed,
        }
    }

    /// Nothing more will come; what was gathered is still to be taken.
    pub(crate) fn fail(&mut self, why: Stopped) {
        self.failed = Some(why);
    }

    /// Hands over what was gathered.
    pub(crate) fn take(&mut self) -> Delivery {
        self.is_empty = true;
        let rest = nothing(self.gathered.log_id);
        std::mem::replace(&mut self.gathered, rest)
    }

    async fn receive(&mut self) -> Result<(), Stopped> {
        let more = self.deliveries.next().await.ok_or(Stopped::Ended)??;
        if more.log_id != self.gathered.log_id {
            return Err(Stopped::OtherLog);
        }
        self.gathered.events.extend(more.events);
        self.gathered.head = more.head;
        self.is_empty = false;
        Ok(())
    }
}

fn nothing(log_id: Uuid) -> Delivery {
    Delivery {
        log_id,
        events: Vec::new(),
        head: keizoku_core::Position::START,
    }
}
