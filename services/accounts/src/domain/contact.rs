//! People at an account (ACC-11).

use jiff::Timestamp;
use keizoku_core::{Ctx, Day, Decider};
use keizoku_proto::accounts::event::Kind;
use keizoku_proto::accounts::{
    ContactAdded, ContactDeparted, ContactProfile, ContactReturned, ContactRevised,
};

use super::Existence;

/// One person at an account.
pub struct Contact;

/// What is known of a contact.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// Id as text; empty while there is no such contact.
    pub id: String,
    /// Id of the account.
    pub account_id: String,
    /// Who it is.
    pub profile: ContactProfile,
    /// The first day on which the person is no longer there, where that is known.
    pub departure: Option<Day>,
}

impl State {
    /// Whether the contact was added.
    #[must_use]
    pub fn exists(&self) -> bool {
        !self.id.is_empty()
    }

    /// Whether the person has left by a date.
    #[must_use]
    pub fn is_departed(&self, on: Day) -> bool {
        self.departure.is_some_and(|departure| departure <= on)
    }
}

/// A part of the profile that a person changes.
#[derive(Debug, Clone, PartialEq)]
pub enum ProfileChange {
    /// Name.
    DisplayName(String),
    /// Title or department.
    Title(String),
    /// Email address.
    Email(String),
    /// Phone number.
    Phone(String),
    /// Roles as in the proto, all of them.
    Roles(Vec<i32>),
    /// Id in another system.
    ExternalId(String),
}

impl ProfileChange {
    fn apply(self, profile: &mut ContactProfile) {
        match self {
            Self::DisplayName(name) => profile.display_name = name,
            Self::Title(title) => profile.title = title,
            Self::Email(email) => profile.email = email,
            Self::Phone(phone) => profile.phone = phone,
            Self::Roles(roles) => profile.roles = roles,
            Self::ExternalId(id) => profile.external_id = id,
        }
    }
}

/// What somebody wants of a contact.
#[derive(Debug, Clone)]
pub enum Command {
    /// Adds the person.
    Add(ContactAdded),
    /// Makes the contact be like another system says (ACC-7); what that leaves empty stays.
    Import {
        /// The person there.
        contact: ContactAdded,
        /// Whether the person has left, where that system says so.
        departed: Option<bool>,
    },
    /// Changes what is known.
    Revise(Vec<ProfileChange>),
    /// The person is no longer there from a day on (default: today).
    Depart(Option<Day>),
    /// The person is there after all, or again.
    Return,
}

impl Decider for Contact {
    type State = State;
    type Command = Command;
    type Event = Kind;
    type Error = Existence;

    fn decide(state: &State, command: Command, ctx: &Ctx) -> Result<Vec<Kind>, Existence> {
        match command {
            Command::Add(_) if state.exists() => Err(Existence::exists("contact", &state.id)),
            Command::Add(added) => Ok(vec![Kind::ContactAdded(added)]),
            Command::Import { contact, departed } => {
                Ok(import(state, contact, departed, ctx.today))
            }
            _ if !state.exists() => Err(Existence::Unknown("contact")),
            Command::Revise(changes) => Ok(revise(state, changes)),
            Command::Depart(day) => {
                let day = day.unwrap_or(ctx.today);
                if state.departure == Some(day) {
                    return Ok(Vec::new());
                }
                Ok(vec![departed(state, day)])
            }
            Command::Return if state.departure.is_none() => Ok(Vec::new()),
            Command::Return => Ok(vec![returned(state)]),
        }
    }

    fn evolve(state: &mut State, event: &Kind, _at: Timestamp) {
        match event {
            Kind::ContactAdded(added) => {
                state.id.clone_from(&added.contact_id);
                state.account_id.clone_from(&added.account_id);
                state.profile = added.profile.clone().unwrap_or_default();
            }
            Kind::ContactRevised(revised) => {
                state.profile = revised.profile.clone().unwrap_or_default();
            }
            Kind::ContactDeparted(departed) => {
                let day = keizoku_proto::optional_day(departed.departure_date.as_ref());
                state.departure = day.ok().flatten();
            }
            Kind::ContactReturned(_) => state.departure = None,
            _ => {}
        }
    }
}

fn departed(state: &State, day: Day) -> Kind {
    Kind::ContactDeparted(ContactDeparted {
        contact_id: state.id.clone(),
        account_id: state.account_id.clone(),
        roles: state.profile.roles.clone(),
        departure_date: Some(day.into()),
    })
}

fn returned(state: &State) -> Kind {
    let contact_id = state.id.clone();
    Kind::ContactReturned(ContactReturned { contact_id })
}

/// The events that make the contact be like another system says.
fn import(state: &State, contact: ContactAdded, has_left: Option<bool>, today: Day) -> Vec<Kind> {
    let (mut then, mut events) = (state.clone(), Vec::new());
    if state.exists() {
        let changes = stated(contact.profile.unwrap_or_default());
        events.extend(revise(state, changes));
    } else {
        events.push(Kind::ContactAdded(contact));
    }
    for event in &events {
        Contact::evolve(&mut then, event, Timestamp::UNIX_EPOCH);
    }
    match has_left {
        Some(true) if !then.is_departed(today) => events.push(departed(&then, today)),
        Some(false) if then.is_departed(today) => events.push(returned(&then)),
        _ => {}
    }
    events
}

/// What another system states of a contact.
fn stated(profile: ContactProfile) -> Vec<ProfileChange> {
    let texts = [
        (
            profile.display_name,
            ProfileChange::DisplayName as fn(String) -> ProfileChange,
        ),
        (profile.title, ProfileChange::Title),
        (profile.email, ProfileChange::Email),
        (profile.phone, ProfileChange::Phone),
    ];
    let texts = texts.into_iter().filter(|(text, _)| !text.is_empty());
    let roles = (!profile.roles.is_empty()).then_some(ProfileChange::Roles(profile.roles));
    texts
        .map(|(text, change)| change(text))
        .chain(roles)
        .collect()
}

fn revise(state: &State, changes: Vec<ProfileChange>) -> Vec<Kind> {
    let mut profile = state.profile.clone();
    for change in changes {
        change.apply(&mut profile);
    }
    if profile == state.profile {
        return Vec::new();
    }
    let contact_id = state.id.clone();
    vec![Kind::ContactRevised(ContactRevised {
        contact_id,
        profile: Some(profile),
    })]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ctx, day};
    use keizoku_core::Given;
    use keizoku_proto::accounts::ContactRole;

    fn added() -> ContactAdded {
        let profile = ContactProfile {
            display_name: "山田 花子".to_owned(),
            roles: vec![ContactRole::DecisionMaker.into()],
            ..ContactProfile::default()
        };
        ContactAdded {
            contact_id: "c".to_owned(),
            account_id: "a".to_owned(),
            profile: Some(profile),
        }
    }

    fn given() -> Given<Contact> {
        Given::nothing(ctx()).commands([Command::Add(added())])
    }

    #[test]
    fn acc_11_a_contact_is_added_once_and_revised_by_difference() {
        let again = given().when(Command::Add(added()));
        assert_eq!(again, Err(Existence::exists("contact", "c")));
        let title = |title: &str| Command::Revise(vec![ProfileChange::Title(title.to_owned())]);
        let revised = given().when(title("部長")).unwrap();
        assert!(matches!(revised.as_slice(), [Kind::ContactRevised(e)]
            if e.profile.as_ref().is_some_and(|p| p.title == "部長" && p.roles.len() == 1)));
        let same = given().commands([title("部長")]).when(title("部長"));
        assert_eq!(same, Ok(Vec::new()));
    }

    #[test]
    fn acc_11_acc_7_an_import_records_what_another_system_says_and_leaves_the_rest() {
        let import = |title: &str, departed| {
            let mut contact = added();
            contact.profile = Some(ContactProfile {
                title: title.to_owned(),
                ..ContactProfile::default()
            });
            Command::Import { contact, departed }
        };
        let known = given();
        assert_eq!(known.when(import("", None)), Ok(Vec::new()), "says nothing");
        let known = known.commands([import("部長", Some(true))]);
        let State {
            profile, departure, ..
        } = known.state();
        assert_eq!((profile.title.as_str(), profile.roles.len()), ("部長", 1));
        assert_eq!(*departure, Some(day("2026-11-22")));
        assert_eq!(known.when(import("部長", Some(true))), Ok(Vec::new()));
        assert_eq!(known.when(import("", None)), Ok(Vec::new()), "still away");
        assert_eq!(
            known.commands([import("", Some(false))]).state().departure,
            None
        );

        // Somebody here knows that the person will leave: the other system does not deny it.
        let leaves = given().commands([Command::Depart(Some(day("2026-12-01")))]);
        assert_eq!(leaves.when(import("", Some(false))), Ok(Vec::new()));
        let new = Given::<Contact>::nothing(ctx());
        let contact = added();
        let events = new.when(Command::Import {
            contact,
            departed: Some(true),
        });
        assert!(
            matches!(
                &events.unwrap()[..],
                [Kind::ContactAdded(_), Kind::ContactDeparted(_)]
            ),
            "gone already"
        );
    }

    #[test]
    fn acc_11_nobody_is_not_changed() {
        let given = Given::<Contact>::nothing(ctx());
        for command in [
            Command::Revise(Vec::new()),
            Command::Depart(None),
            Command::Return,
        ] {
            assert_eq!(given.when(command), Err(Existence::Unknown("contact")));
        }
    }

    #[test]
    fn acc_11_a_contact_departs_on_a_day_which_can_be_corrected_and_taken_back() {
        let tomorrow = Some(day("2026-11-23"));
        let departed = given().commands([Command::Depart(tomorrow)]);
        assert!(!departed.state().is_departed(day("2026-11-22")));
        assert!(departed.state().is_departed(day("2026-11-23")));
        assert_eq!(departed.when(Command::Depart(tomorrow)), Ok(Vec::new()));

        // Without a date it is today, 2026-11-22.
        let corrected = departed.commands([Command::Depart(None)]);
        assert!(corrected.state().is_departed(day("2026-11-22")));
        let back = corrected.commands([Command::Return]);
        assert_eq!(back.state().departure, None);
        assert_eq!(back.when(Command::Return), Ok(Vec::new()));
    }

    #[test]
    fn acc_11_a_departure_says_what_the_person_was() {
        let events = given().when(Command::Depart(None)).unwrap();
        let expected = ContactDeparted {
            contact_id: "c".to_owned(),
            account_id: "a".to_owned(),
            roles: vec![ContactRole::DecisionMaker.into()],
            departure_date: Some(day("2026-11-22").into()),
        };
        assert_eq!(events, [Kind::ContactDeparted(expected)]);
    }
}
