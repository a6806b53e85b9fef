//! What customers learn from by themselves, version by version (ONB-9).

use std::sync::Arc;

use jiff::Timestamp;
use keizoku_core::{Ctx, Decider};
use keizoku_proto::onboarding::event::Kind;
use keizoku_proto::onboarding::{ContentItem, ContentPublished};
use keizoku_runtime::Never;

use super::content_id;

/// An article, a video or a lesson.
pub struct Content;

/// A content's versions.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// Version 1 first, each with the instant at which it was published.
    pub versions: Vec<(Arc<ContentItem>, Timestamp)>,
}

impl State {
    /// Number of the newest version; 0 while there is none.
    #[must_use]
    pub fn latest(&self) -> u32 {
        u32::try_from(self.versions.len()).unwrap_or(u32::MAX)
    }

    /// A version with its number, or the newest one for 0.
    #[must_use]
    pub fn version(&self, number: u32) -> Option<(u32, &(Arc<ContentItem>, Timestamp))> {
        let number = if number == 0 { self.latest() } else { number };
        let place = usize::try_from(number).ok()?.checked_sub(1)?;
        Some((number, self.versions.get(place)?))
    }
}

/// What somebody wants of a content.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Publishes the next version, which is as it must be.
    Publish(ContentItem),
}

impl Decider for Content {
    type State = State;
    type Command = Command;
    type Event = Kind;
    type Error = Never;

    fn decide(state: &State, command: Command, _ctx: &Ctx) -> Result<Vec<Kind>, Never> {
        let Command::Publish(item) = command;
        let newest = state.versions.last();
        if newest.is_some_and(|(newest, _)| **newest == item) {
            return Ok(Vec::new());
        }
        Ok(vec![Kind::ContentPublished(ContentPublished {
            content_id: content_id(&item.key).to_string(),
            version: state.latest() + 1,
            item: Some(item),
        })])
    }

    fn evolve(state: &mut State, event: &Kind, at: Timestamp) {
        if let Kind::ContentPublished(published) = event {
            let item = published.item.clone().unwrap_or_default();
            state.versions.push((Arc::new(item), at));
        }
    }
}

#[cfg(test)]
mod tests {
    use keizoku_core::Given;

    use super::*;
    use crate::testing::ctx;

    fn item(feature: &str) -> ContentItem {
        ContentItem {
            key: "first_request".to_owned(),
            feature: feature.to_owned(),
            ..ContentItem::default()
        }
    }

    #[test]
    fn onb_9_versions_of_a_content_follow_one_another_and_stay_as_they_were() {
        let given = Given::<Content>::nothing(ctx()).commands([
            Command::Publish(item("申請")),
            Command::Publish(item("経費")),
        ]);
        let feature = |number| {
            let (number, (item, _)) = given.state().version(number)?;
            Some((number, item.feature.clone()))
        };
        assert_eq!(feature(1), Some((1, "申請".to_owned())));
        assert_eq!(feature(0), Some((2, "経費".to_owned())));
        assert_eq!(feature(3), None);
        let same = given.when(Command::Publish(item("経費")));
        assert_eq!(same, Ok(Vec::new()), "the same again is no version");
    }
}
