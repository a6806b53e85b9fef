//! The template of a product and tier, or of a kind of programme, version by version (ONB-3, ONB-10).

use std::sync::Arc;

use jiff::Timestamp;
use keizoku_core::{Ctx, Decider};
use keizoku_proto::common::ErrorReason;
use keizoku_proto::onboarding::event::Kind;
use keizoku_proto::onboarding::{HandOffQuestion, Plan, TemplatePhase, TemplatePublished};
use keizoku_runtime::DomainError;

/// How onboardings of a product and tier, or programmes of a kind, go.
pub struct Template;

/// A template's versions.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// Product; empty for every product without its own.
    pub product: String,
    /// Tier; empty for every tier without its own.
    pub tier: String,
    /// Key of the kind of programme (ONB-10); empty for onboardings.
    pub programme: String,
    /// Version 1 first, each with the instant at which it was published; what comes with Keizoku has
    /// none until it is recorded.
    pub versions: Vec<(Arc<Plan>, Option<Timestamp>)>,
}

impl State {
    /// A version, or the newest one for 0.
    #[must_use]
    pub fn version(&self, number: u32) -> Option<&(Arc<Plan>, Option<Timestamp>)> {
        if number == 0 {
            return self.versions.last();
        }
        let mut versions = self.versions.iter();
        versions.find(|(plan, _)| plan.version == number)
    }

    /// As if a version had been published; nothing is recorded.
    #[must_use]
    pub fn presuming(mut self, version: Version) -> Self {
        self.product.clone_from(&version.product);
        self.tier.clone_from(&version.tier);
        self.programme.clone_from(&version.programme);
        let plan = version.into_plan(self.latest() + 1);
        self.versions.push((Arc::new(plan), None));
        self
    }

    /// Number of the newest version; 0 while there is none.
    #[must_use]
    pub fn latest(&self) -> u32 {
        self.versions.last().map_or(0, |(plan, _)| plan.version)
    }
}

/// What somebody wants of a template.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Publishes the next version, whose phases are as they must be.
    Publish(Version),
    /// Publishes the first version, unless there is one: what comes with Keizoku.
    Ship(Version),
}

/// A version to publish.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Version {
    /// Id of the template.
    pub template_id: String,
    /// Product; empty for every product without its own.
    pub product: String,
    /// Tier; empty for every tier without its own.
    pub tier: String,
    /// The phases.
    pub phases: Vec<TemplatePhase>,
    /// What the hand-off must answer.
    pub questions: Vec<HandOffQuestion>,
    /// Key of the kind of programme (ONB-10); empty for onboardings.
    pub programme: String,
}

impl Version {
    fn into_plan(self, version: u32) -> Plan {
        Plan {
            template_id: self.template_id,
            version,
            phases: self.phases,
            questions: self.questions,
        }
    }
}

/// A template takes every version whose phases are as they must be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {}

impl DomainError for Error {
    fn reason(&self) -> ErrorReason {
        match *self {}
    }
}

impl Decider for Template {
    type State = State;
    type Command = Command;
    type Event = Kind;
    type Error = Error;

    fn decide(state: &State, command: Command, _ctx: &Ctx) -> Result<Vec<Kind>, Error> {
        let version = match command {
            Command::Ship(_) if !state.versions.is_empty() => return Ok(Vec::new()),
            Command::Publish(version) | Command::Ship(version) => version,
        };
        let newest = state.versions.last();
        let same =
            |plan: &Plan| plan.phases == version.phases && plan.questions == version.questions;
        if newest.is_some_and(|(plan, _)| same(plan)) {
            return Ok(Vec::new());
        }
        Ok(vec![Kind::TemplatePublished(TemplatePublished {
            product: version.product.clone(),
            tier: version.tier.clone(),
            programme: version.programme.clone(),
            plan: Some(version.into_plan(state.latest() + 1)),
        })])
    }

    fn evolve(state: &mut State, event: &Kind, at: Timestamp) {
        if let Kind::TemplatePublished(published) = event {
            state.product.clone_from(&published.product);
            state.tier.clone_from(&published.tier);
            state.programme.clone_from(&published.programme);
            let plan = published.plan.clone().unwrap_or_default();
            state.versions.push((Arc::new(plan), Some(at)));
        }
    }
}

#[cfg(test)]
mod tests {
    use keizoku_core::Given;

    use super::*;
    use crate::template_file;
    use crate::testing::ctx;

    fn version(days: u32) -> Version {
        let mut phases = template_file::shipped().unwrap().phases;
        phases[0].expected_working_days = days;
        Version {
            phases,
            ..Version::default()
        }
    }

    #[test]
    fn onb_3_versions_follow_one_another_and_stay_as_they_were() {
        let given = Given::<Template>::nothing(ctx())
            .commands([Command::Publish(version(5)), Command::Publish(version(9))]);
        let state = given.state();
        assert_eq!(state.latest(), 2);
        let days = |number| {
            let (plan, _) = state.version(number).unwrap();
            plan.phases[0].expected_working_days
        };
        assert_eq!((days(1), days(2), days(0)), (5, 9, 9));
        assert!(state.version(3).is_none());
        assert_eq!(
            given.when(Command::Publish(version(9))),
            Ok(Vec::new()),
            "the same again is no version"
        );
    }

    #[test]
    fn onb_2_the_shipped_template_is_published_once() {
        let given = Given::<Template>::nothing(ctx()).commands([Command::Ship(version(5))]);
        assert_eq!(given.state().latest(), 1);
        assert_eq!(given.when(Command::Ship(version(9))), Ok(Vec::new()));
    }
}
