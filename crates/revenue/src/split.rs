use keizoku_core::{Day, Money};

/// An account's active subscriptions: each with an announced end, and the others together (FC-5).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Split {
    // Nearly always there is one, and it needs no memory of its own.
    first: Option<AnnouncedPart>,
    more: Vec<AnnouncedPart>,
    /// The active subscriptions without an announced end; `None` where there is none.
    pub rest: Option<RestPart>,
}

/// An active subscription that will end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnnouncedPart {
    /// First day without MRR.
    pub end: Day,
    /// Its MRR until then.
    pub mrr: Money,
}

/// The active subscriptions without an announced end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RestPart {
    /// Their MRR.
    pub mrr: Money,
    /// Their earliest renewal.
    pub next_renewal: Option<Day>,
}

impl Split {
    /// What will be lost for certain, in no order.
    pub fn announced(&self) -> impl Iterator<Item = AnnouncedPart> {
        self.first.into_iter().chain(self.more.iter().copied())
    }

    /// Whether an end was announced.
    #[must_use]
    pub fn has_announced(&self) -> bool {
        self.first.is_some()
    }

    /// MRR of all active subscriptions.
    #[must_use]
    pub fn mrr(&self) -> Money {
        let announced: Money = self.announced().map(|part| part.mrr).sum();
        announced + self.rest.map_or(Money::ZERO, |rest| rest.mrr)
    }

    /// Whether no subscription is active.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.first.is_none() && self.rest.is_none()
    }

    /// Adds an active subscription.
    pub(crate) fn add(&mut self, mrr: Money, announced: Option<Day>, renewal: Option<Day>) {
        let Some(end) = announced else {
            let rest = self.rest.get_or_insert_default();
            rest.mrr += mrr;
            rest.next_renewal = earliest(rest.next_renewal, renewal);
            return;
        };
        let part = AnnouncedPart { end, mrr };
        if self.first.is_none() {
            self.first = Some(part);
        } else {
            self.more.push(part);
        }
    }

    pub(crate) fn bytes_of_more(&self) -> usize {
        self.more.capacity() * size_of::<AnnouncedPart>()
    }
}

/// The earlier of two dates, where an unknown one comes last.
pub(crate) fn earliest(one: Option<Day>, other: Option<Day>) -> Option<Day> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (known, None) | (None, known) => known,
    }
}
