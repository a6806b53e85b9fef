//! A stream, folded.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use keizoku_core::{Decider, Recorded, Revision};
use keizoku_proto::{StoredEvent, common};
use prost::Message as _;
use uuid::Uuid;

use crate::Failure;

/// A stream, folded: the state, and every request that ever changed it.
#[derive(Debug, Clone, Default)]
pub struct Fold<S> {
    /// What decisions depend on.
    pub state: S,
    /// Revision of the last event.
    pub revision: Revision,
    /// When the first event was recorded.
    pub created_at: Option<Timestamp>,
    /// When the last event was recorded.
    pub updated_at: Option<Timestamp>,
    pub(crate) requests: HashMap<Uuid, Done>,
    /// From which revision on who recorded: most streams are one author's, or few authors'.
    authors: Vec<(Revision, Arc<Author>)>,
}

/// Who recorded an event, and how it came about (GEN-6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// Who: `user:…`, `service:…`, `schedule:…`.
    pub actor: String,
    /// How it came about.
    pub origin: common::Origin,
}

impl<S> Fold<S> {
    /// Who recorded the event with this number in the stream; `None` when there is none.
    #[must_use]
    pub fn author(&self, event: Revision) -> Option<&Author> {
        if event == Revision::NONE || event > self.revision {
            return None;
        }
        let until = self.authors.partition_point(|(from, _)| *from <= event);
        let (_, author) = self.authors.get(until.checked_sub(1)?)?;
        Some(author)
    }

    /// Takes in what one request recorded.
    pub(crate) fn grow<D>(
        &mut self,
        events: &[D::Event],
        metadata: &common::EventMetadata,
        recorded_at: Timestamp,
    ) where
        D: Decider<State = S>,
    {
        for event in events {
            D::evolve(&mut self.state, event, recorded_at);
        }
        self.sign(self.revision.plus(1), metadata);
        self.revision = self.revision.plus(events.len());
        self.created_at.get_or_insert(recorded_at);
        self.updated_at = Some(recorded_at);
        let id = Uuid::from_slice(&metadata.request_id);
        if let (Ok(id), Ok(hash)) = (id, metadata.request_hash.as_slice().try_into()) {
            let revision = self.revision;
            self.requests.insert(id, Done { revision, hash });
        }
    }

    /// Notes who recorded the events from `first` on.
    fn sign(&mut self, first: Revision, metadata: &common::EventMetadata) {
        let (actor, origin) = (&metadata.actor, metadata.origin());
        let same =
            |(_, last): &(Revision, Arc<Author>)| last.actor == *actor && last.origin == origin;
        if !self.authors.last().is_some_and(same) {
            let actor = actor.clone();
            self.authors
                .push((first, Arc::new(Author { actor, origin })));
        }
    }
}

/// A request that was done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Done {
    pub(crate) revision: Revision,
    pub(crate) hash: [u8; 16],
}

/// Takes in one event as the log holds it.
pub(crate) fn fold_in<D>(fold: &mut Fold<D::State>, event: &Recorded) -> Result<(), Failure>
where
    D: Decider,
    D::Event: StoredEvent,
{
    let decoded = D::Event::from_bytes(&event.data).map_err(|error| Failure::internal(&error))?;
    let metadata = common::EventMetadata::decode(event.metadata.as_slice())
        .map_err(|error| Failure::internal(&error))?;
    fold.grow::<D>(&[decoded], &metadata, event.recorded_at);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(actor: &str, origin: common::Origin) -> common::EventMetadata {
        common::EventMetadata {
            actor: actor.to_owned(),
            origin: origin.into(),
            ..common::EventMetadata::default()
        }
    }

    #[test]
    fn gen_6_every_event_keeps_its_author() {
        let mut fold = Fold::<()>::default();
        for (number, metadata) in [
            (1, by("user:ops", common::Origin::Import)),
            (2, by("user:ops", common::Origin::Import)),
            (3, by("user:ops", common::Origin::User)),
            (4, by("user:hanako", common::Origin::User)),
        ] {
            fold.revision = Revision(number);
            fold.sign(fold.revision, &metadata);
        }
        let shown = |number| {
            let author = fold.author(Revision(number));
            author.map(|author| (author.actor.as_str(), author.origin))
        };
        assert_eq!(shown(0), None);
        assert_eq!(shown(1), Some(("user:ops", common::Origin::Import)));
        assert_eq!(shown(2), shown(1));
        assert_eq!(shown(3), Some(("user:ops", common::Origin::User)));
        assert_eq!(shown(4), Some(("user:hanako", common::Origin::User)));
        assert_eq!(shown(5), None);
        assert_eq!(fold.authors.len(), 3, "kept once for all that follow");
    }
}
