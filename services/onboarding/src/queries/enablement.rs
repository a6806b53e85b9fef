//! What questions about programmes for new members ask the read model (ONB-10).

use keizoku_proto::onboarding::{ProgrammeFilter, ProgrammeState};
use keizoku_runtime::names::{self, Owner};
use keizoku_runtime::read_model::rusqlite::{self, Connection};
use keizoku_runtime::{Failure, Violations};
use uuid::Uuid;

use super::Select;
use crate::Onboardings;

/// Ids of the templates of programmes, by key.
pub(crate) fn templates(rows: &Connection) -> rusqlite::Result<Vec<Uuid>> {
    let ids: Vec<String> = rows
        .prepare_cached("SELECT id FROM templates WHERE programme <> '' ORDER BY programme")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(ids.iter().filter_map(|id| id.parse().ok()).collect())
}

/// Ids of the programmes that may fit.
pub(crate) fn programmes(rows: &Connection, select: &Select) -> rusqlite::Result<Vec<Uuid>> {
    let ids = select.ids_in(rows, "programmes")?;
    Ok(ids.iter().filter_map(|id| id.parse().ok()).collect())
}

impl Onboardings {
    /// The question behind a list of programmes.
    pub(crate) fn select_programmes(&self, filter: &ProgrammeFilter) -> Result<Select, Failure> {
        let mut violations = Violations::new();
        let mut select = Select::default();
        match filter.state() {
            ProgrammeState::Unspecified if filter.include_ended => {}
            ProgrammeState::Completed => select.equals("ended", 1),
            ProgrammeState::Ended => select.equals("ended", 2),
            ProgrammeState::Unspecified | ProgrammeState::InProgress => select.equals("ended", 0),
        }
        if !filter.member.is_empty()
            && let Some(member) =
                violations.parse("filter.member", names::parse_owner(&filter.member))
        {
            match member {
                Owner::User(user) => select.equals("member", user.to_string()),
                Owner::Team(team) => select.one_of(&[("member", self.book.members(team).0)]),
            }
        }
        for (column, wanted) in [("mentor", &filter.mentor), ("lead", &filter.lead)] {
            let field = format!("filter.{column}");
            if !wanted.is_empty()
                && let Some(user) = violations.parse(&field, names::parse_user(wanted))
            {
                select.equals(column, user.to_string());
            }
        }
        for (column, wanted) in [("key", &filter.key), ("phase", &filter.phase)] {
            if !wanted.is_empty() {
                select.equals(column, wanted.clone());
            }
        }
        violations.check()?;
        Ok(select)
    }
}
