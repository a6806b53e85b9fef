//! An account: what it is, and who looks after it from which date on (ACC-1, ACC-2).

use jiff::Timestamp;
use keizoku_core::{Ctx, Day, Decider};
use keizoku_proto::accounts::event::Kind;
use keizoku_proto::accounts::{
    AccountAttributes, AccountAttributesChanged, AccountOpened, AccountProfile, AccountRevised,
};

use super::Existence;

/// One customer company.
pub struct Account;

/// What is known of an account.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// Id as text; empty while there is no such account.
    pub id: String,
    /// What it is.
    pub profile: AccountProfile,
    /// Group, tier and owner, each from a date on; the first from the beginning. In order.
    pub attributes: Vec<(Day, AccountAttributes)>,
}

impl State {
    /// Whether the account was opened.
    #[must_use]
    pub fn exists(&self) -> bool {
        !self.id.is_empty()
    }

    /// Group, tier and owner on a date.
    #[must_use]
    pub fn attributes_on(&self, on: Day) -> AccountAttributes {
        let until = self.attributes.partition_point(|(from, _)| *from <= on);
        until
            .checked_sub(1)
            .map(|last| self.attributes[last].1.clone())
            .unwrap_or_default()
    }
}

/// A change of group, tier or owner; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Assignment {
    /// Key of the corporate group.
    pub group: Option<String>,
    /// Key of the tier.
    pub tier: Option<String>,
    /// Id of the owning user and of the owning pool; one of them is empty (ACC-2).
    pub owner: Option<(String, String)>,
}

impl Assignment {
    fn apply(&self, attributes: &AccountAttributes) -> AccountAttributes {
        let mut changed = attributes.clone();
        if let Some(group) = &self.group {
            changed.group.clone_from(group);
        }
        if let Some(tier) = &self.tier {
            changed.tier.clone_from(tier);
        }
        if let Some((user, pool)) = &self.owner {
            changed.owner_id.clone_from(user);
            changed.pool_id.clone_from(pool);
        }
        changed
    }

    /// The part of the change that still holds once `next` begins after `previous`: what `next`
    /// itself changed is not overruled.
    fn inherited(&self, previous: &AccountAttributes, next: &AccountAttributes) -> Self {
        let owner = |a: &AccountAttributes| (a.owner_id.clone(), a.pool_id.clone());
        Self {
            group: self.group.clone().filter(|_| previous.group == next.group),
            tier: self.tier.clone().filter(|_| previous.tier == next.tier),
            owner: self
                .owner
                .clone()
                .filter(|_| owner(previous) == owner(next)),
        }
    }
}

/// A part of the profile that a person changes.
#[derive(Debug, Clone, PartialEq)]
pub enum ProfileChange {
    /// Name.
    DisplayName(String),
    /// Reading.
    Kana(String),
    /// 法人番号.
    CorporateNumber(String),
    /// Touch model, as in the proto.
    TouchModel(i32),
    /// Industry.
    Industry(String),
    /// Region.
    Region(String),
    /// Sales channel.
    SalesChannel(String),
    /// External ids, all of them.
    ExternalIds(Vec<String>),
    /// Associate.
    Associate(String),
    /// Onboarding specialist.
    OnboardingSpecialist(String),
}

impl ProfileChange {
    fn apply(self, profile: &mut AccountProfile) {
        match self {
            Self::DisplayName(name) => profile.display_name = name,
            Self::Kana(kana) => profile.kana = kana,
            Self::CorporateNumber(number) => profile.corporate_number = number,
            Self::TouchModel(model) => profile.touch_model = model,
            Self::Industry(industry) => profile.industry = industry,
            Self::Region(region) => profile.region = region,
            Self::SalesChannel(channel) => profile.sales_channel = channel,
            Self::ExternalIds(ids) => profile.external_ids = ids,
            Self::Associate(user) => profile.associate_id = user,
            Self::OnboardingSpecialist(user) => profile.onboarding_specialist_id = user,
        }
    }
}

/// What somebody wants of an account.
#[derive(Debug, Clone)]
pub enum Command {
    /// Records it.
    Open(AccountOpened),
    /// Changes what it is.
    Revise(Vec<ProfileChange>),
    /// Changes who looks after it, from a date on (default: today).
    Assign(Assignment, Option<Day>),
    /// Makes it be like this, whatever it was; what another system does not know stays.
    Import(AccountOpened),
}

impl Decider for Account {
    type State = State;
    type Command = Command;
    type Event = Kind;
    type Error = Existence;

    fn decide(state: &State, command: Command, ctx: &Ctx) -> Result<Vec<Kind>, Existence> {
        match command {
            Command::Open(_) if state.exists() => Err(Existence::exists("account", &state.id)),
            Command::Import(opened) if state.exists() => Ok(import(state, &opened, ctx.today)),
            Command::Open(opened) | Command::Import(opened) => {
                Ok(vec![Kind::AccountOpened(opened)])
            }
            _ if !state.exists() => Err(Existence::Unknown("account")),
            Command::Revise(changes) => Ok(revise(state, changes)),
            Command::Assign(assignment, from) => {
                Ok(assign(state, &assignment, from.unwrap_or(ctx.today)))
            }
        }
    }

    fn evolve(state: &mut State, event: &Kind, _at: Timestamp) {
        match event {
            Kind::AccountOpened(opened) => {
                state.id.clone_from(&opened.account_id);
                state.profile = opened.profile.clone().unwrap_or_default();
                let attributes = opened.attributes.clone().unwrap_or_default();
                state.attributes = vec![(Day::MIN, attributes)];
            }
            Kind::AccountRevised(revised) => {
                state.profile = revised.profile.clone().unwrap_or_default();
            }
            Kind::AccountAttributesChanged(changed) => {
                let from = changed
                    .effective_date
                    .as_ref()
                    .and_then(|date| keizoku_proto::day(date).ok());
                let entry = (
                    from.unwrap_or(Day::MIN),
                    changed.attributes.clone().unwrap_or_default(),
                );
                // On the same date the later recorded one wins; what it replaces counts no more,
                // also not for what a change before that date hands on.
                let place = state.attributes.partition_point(|(day, _)| *day < entry.0);
                match state.attributes.get_mut(place) {
                    Some(known) if known.0 == entry.0 => *known = entry,
                    _ => state.attributes.insert(place, entry),
                }
            }
            _ => {}
        }
    }
}

fn revise(state: &State, changes: Vec<ProfileChange>) -> Vec<Kind> {
    let mut profile = state.profile.clone();
    for change in changes {
        change.apply(&mut profile);
    }
    if profile == state.profile {
        return Vec::new();
    }
    let account_id = state.id.clone();
    vec![Kind::AccountRevised(AccountRevised {
        account_id,
        profile: Some(profile),
    })]
}

/// The change on its date, and on every later date that would otherwise undo it.
fn assign(state: &State, assignment: &Assignment, from: Day) -> Vec<Kind> {
    let changed = |from: Day, attributes| {
        Kind::AccountAttributesChanged(AccountAttributesChanged {
            account_id: state.id.clone(),
            attributes: Some(attributes),
            effective_date: Some(from.into()),
        })
    };
    let mut events = Vec::new();
    let mut previous = state.attributes_on(from);
    let mut assignment = assignment.clone();
    let new = assignment.apply(&previous);
    if new != previous {
        events.push(changed(from, new));
    }
    for (day, next) in state.attributes.iter().filter(|(day, _)| *day > from) {
        assignment = assignment.inherited(&previous, next);
        let new = assignment.apply(next);
        if new != *next {
            events.push(changed(*day, new));
        }
        previous = next.clone();
    }
    events
}

fn import(state: &State, opened: &AccountOpened, today: Day) -> Vec<Kind> {
    let mut profile = opened.profile.clone().unwrap_or_default();
    // What other systems or people added stays.
    for id in &state.profile.external_ids {
        if !profile.external_ids.contains(id) {
            profile.external_ids.push(id.clone());
        }
    }
    profile.external_ids.sort();
    let known = &state.profile;
    profile.associate_id.clone_from(&known.associate_id);
    profile
        .onboarding_specialist_id
        .clone_from(&known.onboarding_specialist_id);
    let mut events = Vec::new();
    if profile != *known {
        let account_id = state.id.clone();
        events.push(Kind::AccountRevised(AccountRevised {
            account_id,
            profile: Some(profile),
        }));
    }
    let wanted = opened.attributes.clone().unwrap_or_default();
    let assignment = Assignment {
        group: Some(wanted.group),
        tier: Some(wanted.tier),
        owner: Some((wanted.owner_id, wanted.pool_id)),
    };
    let current = state.attributes_on(today);
    if assignment.apply(&current) != current {
        events.extend(assign(state, &assignment, today));
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ctx, day};
    use keizoku_core::Given;

    fn attributes(owner: &str, tier: &str) -> AccountAttributes {
        AccountAttributes {
            owner_id: owner.to_owned(),
            tier: tier.to_owned(),
            ..AccountAttributes::default()
        }
    }

    fn opened(owner: &str, tier: &str) -> AccountOpened {
        let profile = AccountProfile {
            display_name: "あおば製作所".to_owned(),
            ..AccountProfile::default()
        };
        AccountOpened {
            account_id: "a".to_owned(),
            profile: Some(profile),
            attributes: Some(attributes(owner, tier)),
        }
    }

    fn owner(user: &str) -> Assignment {
        Assignment {
            owner: Some((user.to_owned(), String::new())),
            ..Assignment::default()
        }
    }

    fn tier(tier: &str) -> Assignment {
        Assignment {
            tier: Some(tier.to_owned()),
            ..Assignment::default()
        }
    }

    #[test]
    fn gen_5_an_owner_holds_from_its_date() {
        let given = Given::<Account>::nothing(ctx()).commands([
            Command::Open(opened("suzuki", "SMB")),
            Command::Assign(owner("sato"), Some(day("2026-12-01"))),
        ]);
        let owner_on = |date| given.state().attributes_on(day(date)).owner_id;
        assert_eq!(
            [owner_on("2026-11-30"), owner_on("2026-12-01")],
            ["suzuki", "sato"]
        );
    }

    #[test]
    fn gen_5_a_backdated_owner_survives_later_changes_of_the_tier_only() {
        let given = Given::<Account>::nothing(ctx()).commands([
            Command::Open(opened("suzuki", "SMB")),
            Command::Assign(tier("Mid"), Some(day("2026-06-01"))),
            Command::Assign(owner("tanaka"), Some(day("2026-09-01"))),
            Command::Assign(owner("sato"), Some(day("2026-03-01"))),
        ]);
        let on = |date| given.state().attributes_on(day(date));
        assert_eq!(on("2026-02-28"), attributes("suzuki", "SMB"));
        assert_eq!(on("2026-03-01"), attributes("sato", "SMB"));
        assert_eq!(on("2026-06-01"), attributes("sato", "Mid"));
        assert_eq!(on("2026-09-01"), attributes("tanaka", "Mid"));
    }

    #[test]
    fn gen_5_an_owner_is_handed_on_past_a_date_that_was_corrected() {
        let given = Given::<Account>::nothing(ctx()).commands([
            Command::Open(opened("suzuki", "SMB")),
            Command::Assign(tier("Mid"), Some(day("2027-01-01"))),
            Command::Assign(owner("sato"), Some(day("2026-11-22"))),
            Command::Assign(owner("tanaka"), Some(day("2026-11-23"))),
        ]);
        let on = |date| given.state().attributes_on(day(date));
        assert_eq!(on("2026-11-22"), attributes("sato", "SMB"));
        assert_eq!(on("2027-01-01"), attributes("tanaka", "Mid"));
    }

    #[test]
    fn acc_7_the_same_import_again_changes_nothing() {
        let given =
            Given::<Account>::nothing(ctx()).commands([Command::Import(opened("suzuki", "SMB"))]);
        assert_eq!(
            given.when(Command::Import(opened("suzuki", "SMB"))),
            Ok(Vec::new())
        );
        let changed = given.when(Command::Import(opened("sato", "SMB"))).unwrap();
        assert!(matches!(
            changed.as_slice(),
            [Kind::AccountAttributesChanged(_)]
        ));
    }
}
