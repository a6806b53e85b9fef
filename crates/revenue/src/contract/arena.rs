use hashbrown::HashTable;
use keizoku_core::Day;
use uuid::Uuid;

use super::{Contract, Fact, FactKind, Level, Steps};
use crate::fenwick::Fenwick;
use crate::store::{Chunked, IdTable, dense};
use crate::time::Known;

/// A subscription: whose it is and where its facts begin.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subscription {
    pub(crate) account: u32,
    pub(crate) product: u32,
    /// The account's next subscription, or [`Subscription::LAST`].
    pub(crate) next: u32,
    first_fact: u32,
}

impl Subscription {
    /// Marks the end of a chain.
    pub(crate) const LAST: u32 = u32::MAX;
}

/// Accounts whose history is read ahead at once: their first facts fit into the first-level cache.
pub(crate) const READ_AHEAD: usize = 64;

/// All subscriptions and their facts, and MRR by day as it is known now.
#[derive(Debug, Clone, Default)]
pub(crate) struct Contracts {
    ids: IdTable,
    subscriptions: Chunked<Subscription>,
    facts: Chunked<Fact>,
    voids: Voids,
    mrr_by_day: Fenwick,
    /// How many facts were there when they were last moved together.
    together: usize,
    before: Vec<(Day, Level)>,
    after: Vec<(Day, Level)>,
}

impl Contracts {
    /// The number of a subscription, once it has started.
    pub(crate) fn find(&self, id: Uuid) -> Option<u32> {
        self.ids.find(id)
    }

    /// A subscription that is new, at the head of its account's chain, which continues at `next`.
    pub(crate) fn add(&mut self, id: Uuid, account: u32, product: u32, next: u32) -> u32 {
        self.ids.add(id);
        self.subscriptions.push(Subscription {
            account,
            product,
            next,
            first_fact: Fact::LAST,
        })
    }

    pub(crate) fn id(&self, subscription: u32) -> Uuid {
        self.ids.id(subscription)
    }

    pub(crate) fn get(&self, subscription: u32) -> Subscription {
        self.subscriptions[subscription]
    }

    /// Adds a fact where it belongs: by effective date, then by recording order.
    pub(crate) fn record(&mut self, subscription: u32, mut fact: Fact) {
        self.note_steps_before(subscription);
        let (mut previous, mut next) = (None, self.subscriptions[subscription].first_fact);
        while next != Fact::LAST {
            let other = &self.facts[next];
            if (other.effective, other.revision) > (fact.effective, fact.revision) {
                break;
            }
            (previous, next) = (Some(next), other.next);
        }
        fact.next = next;
        let index = self.facts.push(fact);
        match previous {
            Some(previous) => self.facts[previous].next = index,
            None => self.subscriptions[subscription].first_fact = index,
        }
        self.keep_by_day(subscription);
    }

    /// Voids the fact with this revision; whether there is one that was not void yet.
    pub(crate) fn void(&mut self, subscription: u32, revision: u64, recorded: i64) -> bool {
        let found = self
            .chain(subscription)
            .find(|(_, fact)| u64::from(fact.revision) == revision && !fact.is_voided());
        let Some((index, _)) = found else {
            return false;
        };
        self.note_steps_before(subscription);
        self.facts[index].set_voided();
        self.voids.insert(index, recorded);
        self.keep_by_day(subscription);
        true
    }

    /// The facts that count as known, in order.
    pub(crate) fn facts(&self, subscription: u32, known: Known) -> impl Iterator<Item = &Fact> {
        self.chain(subscription)
            .filter(move |(index, fact)| self.counts(*index, fact, known))
            .map(|(_, fact)| fact)
    }

    /// When each fact that begins a subscription was recorded, from when on it holds, and when it was
    /// voided.
    pub(crate) fn beginnings(
        &self,
        subscription: u32,
    ) -> impl Iterator<Item = (i64, Day, Option<i64>)> {
        let begins = |fact: &Fact| matches!(fact.kind(), FactKind::Started | FactKind::Reactivated);
        self.chain(subscription)
            .filter(move |(_, fact)| begins(fact))
            .map(|(index, fact)| {
                let voided = fact.is_voided().then(|| self.voids.when(index)).flatten();
                (fact.recorded, fact.effective, voided)
            })
    }

    /// Every fact that was ever recorded, in order, voided or not.
    pub(crate) fn ever(&self, subscription: u32) -> impl Iterator<Item = &Fact> {
        self.chain(subscription).map(|(_, fact)| fact)
    }

    /// The contract on a date, as known.
    pub(crate) fn on(&self, subscription: u32, known: Known, on: Day) -> Contract<'_> {
        Contract::on(self.facts(subscription, known), on)
    }

    /// The changes of a subscription's MRR, as known.
    pub(crate) fn steps(
        &self,
        subscription: u32,
        known: Known,
    ) -> impl Iterator<Item = (Day, Level)> {
        Steps::of(self.facts(subscription, known))
    }

    /// The organisation's MRR at the end of a day, as known now.
    pub(crate) fn mrr_at_the_end_of(&self, day: Day) -> i64 {
        self.mrr_by_day.up_to(day)
    }

    pub(crate) fn len(&self) -> usize {
        self.subscriptions.len()
    }

    pub(crate) fn facts_len(&self) -> usize {
        self.facts.len()
    }

    pub(crate) fn bytes_of_subscriptions(&self) -> usize {
        self.ids.bytes() + self.subscriptions.bytes()
    }

    pub(crate) fn bytes_of_facts(&self) -> usize {
        self.facts.bytes() + self.voids.bytes()
    }

    pub(crate) fn bytes_of_days(&self) -> usize {
        self.mrr_by_day.bytes()
    }

    /// Touches the first facts of at most [`READ_AHEAD`] subscriptions, whose numbers become those
    /// of their accounts' next ones; answers something that depends on all of them.
    pub(crate) fn touch(&self, subscriptions: &mut Vec<u32>) -> u32 {
        let touched = self.touch_first_facts(subscriptions);
        for number in subscriptions.iter_mut() {
            *number = self.subscriptions[*number].next;
        }
        subscriptions.retain(|number| *number != Subscription::LAST);
        touched
    }

    /// The same of subscriptions alone.
    pub(crate) fn touch_first_facts(&self, subscriptions: &[u32]) -> u32 {
        let mut first_facts = [Fact::LAST; READ_AHEAD];
        for (first, number) in first_facts.iter_mut().zip(subscriptions) {
            *first = self.subscriptions[*number].first_fact;
        }
        let touched = first_facts.iter().map(|fact| self.facts.get(*fact));
        touched.flatten().fold(0, |all, fact| all ^ fact.revision)
    }

    /// Facts recorded since they were last moved together.
    pub(crate) fn scattered(&self) -> usize {
        self.facts.len() - self.together
    }

    /// The same contracts with the facts next to each other in the order of these subscriptions,
    /// which must be all.
    pub(crate) fn compacted(&self, order: impl Iterator<Item = u32>) -> CompactedFacts {
        let mut subscriptions = self.subscriptions.clone();
        let mut facts = Chunked::default();
        let mut voids = Voids::default();
        for number in order {
            let subscription = &mut subscriptions[number];
            let mut next = subscription.first_fact;
            let mut place = dense(facts.len());
            subscription.first_fact = if next == Fact::LAST {
                Fact::LAST
            } else {
                place
            };
            while next != Fact::LAST {
                let mut fact = self.facts[next];
                if let Some(recorded) = self.voids.when(next) {
                    voids.insert(place, recorded);
                }
                next = fact.next;
                place += 1;
                fact.next = if next == Fact::LAST {
                    Fact::LAST
                } else {
                    place
                };
                facts.push(fact);
            }
        }
        CompactedFacts {
            subscriptions,
            facts,
            voids,
        }
    }

    /// Puts what was compacted in its place, and answers what was there; nothing may have been
    /// recorded meanwhile.
    pub(crate) fn put(&mut self, compacted: CompactedFacts) -> CompactedFacts {
        let CompactedFacts {
            subscriptions,
            facts,
            voids,
        } = compacted;
        self.together = facts.len();
        CompactedFacts {
            subscriptions: std::mem::replace(&mut self.subscriptions, subscriptions),
            facts: std::mem::replace(&mut self.facts, facts),
            voids: std::mem::replace(&mut self.voids, voids),
        }
    }

    fn chain(&self, subscription: u32) -> impl Iterator<Item = (u32, &Fact)> {
        let mut next = self.subscriptions[subscription].first_fact;
        std::iter::from_fn(move || {
            let index = next;
            let fact = (index != Fact::LAST).then(|| &self.facts[index])?;
            next = fact.next;
            Some((index, fact))
        })
    }

    fn counts(&self, index: u32, fact: &Fact, known: Known) -> bool {
        known.includes(fact.recorded) && !(fact.is_voided() && self.voids.are_known(index, known))
    }

    fn note_steps_before(&mut self, subscription: u32) {
        let mut steps = std::mem::take(&mut self.before);
        steps.clear();
        steps.extend(self.steps(subscription, Known::NOW));
        self.before = steps;
    }

    /// Takes the difference between the steps before and now over into what is kept by day.
    fn keep_by_day(&mut self, subscription: u32) {
        let mut steps = std::mem::take(&mut self.after);
        steps.clear();
        steps.extend(self.steps(subscription, Known::NOW));
        let same = self
            .before
            .iter()
            .zip(&steps)
            .take_while(|(old, new)| old == new)
            .count();
        let common = same.checked_sub(1).map_or(0, |last| steps[last].1.mrr);
        for (steps, sign) in [(&self.before, -1), (&steps, 1)] {
            let mut mrr = common;
            for (day, level) in &steps[same..] {
                self.mrr_by_day.add(*day, sign * (level.mrr - mrr));
                mrr = level.mrr;
            }
        }
        self.after = steps;
    }
}

/// Subscriptions, and their facts next to each other.
#[derive(Debug)]
pub(crate) struct CompactedFacts {
    subscriptions: Chunked<Subscription>,
    facts: Chunked<Fact>,
    voids: Voids,
}

/// When facts were voided.
#[derive(Debug, Clone, Default)]
struct Voids {
    by_fact: HashTable<(u32, i64)>,
}

impl Voids {
    fn insert(&mut self, fact: u32, recorded: i64) {
        self.by_fact
            .insert_unique(spread(fact), (fact, recorded), |(fact, _)| spread(*fact));
    }

    fn are_known(&self, fact: u32, known: Known) -> bool {
        known == Known::NOW
            || self
                .when(fact)
                .is_some_and(|recorded| known.includes(recorded))
    }

    fn when(&self, fact: u32) -> Option<i64> {
        let found = self.by_fact.find(spread(fact), |(other, _)| *other == fact);
        found.map(|(_, recorded)| *recorded)
    }

    fn bytes(&self) -> usize {
        self.by_fact.allocation_size()
    }
}

fn spread(number: u32) -> u64 {
    let mixed = u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 32)
}
