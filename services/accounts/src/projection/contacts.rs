//! Rows of contacts and of the contact log (ACC-11).

use keizoku_core::{Day, Position};
use keizoku_proto::accounts::{
    ContactAdded, ContactDeparted, ContactDirection, ContactLogged, ContactProfile,
};
use keizoku_proto::google::r#type::Date;
use keizoku_runtime::read_model::rusqlite::{self, Transaction, params};

use super::normalise;

/// Roles as they are stored: a bit for each. A role of a newer version has none here.
pub(crate) fn bits(roles: &[i32]) -> i64 {
    let bit = |role: &i32| {
        let place = u32::try_from(*role).ok()?;
        1_i64.checked_shl(place)
    };
    roles.iter().filter_map(bit).fold(0, |bits, bit| bits | bit)
}

pub(super) fn added(rows: &Transaction<'_>, e: &ContactAdded, at: i64) -> rusqlite::Result<()> {
    rows.prepare_cached("INSERT INTO contacts VALUES (?1, ?2, '', 0, NULL, ?3)")?
        .execute(params![e.contact_id, e.account_id, at])?;
    profile(rows, &e.contact_id, e.profile.as_ref())
}

pub(super) fn profile(
    rows: &Transaction<'_>,
    id: &str,
    profile: Option<&ContactProfile>,
) -> rusqlite::Result<()> {
    let profile = profile.cloned().unwrap_or_default();
    let name = normalise(&profile.display_name);
    rows.prepare_cached("UPDATE contacts SET sort_name = ?2, roles = ?3 WHERE id = ?1")?
        .execute(params![id, name, bits(&profile.roles)])?;
    Ok(())
}

pub(super) fn departed(rows: &Transaction<'_>, e: &ContactDeparted) -> rusqlite::Result<()> {
    departure(rows, &e.contact_id, number(e.departure_date.as_ref()))
}

pub(super) fn departure(
    rows: &Transaction<'_>,
    id: &str,
    day: Option<u16>,
) -> rusqlite::Result<()> {
    rows.prepare_cached("UPDATE contacts SET departure_date = ?2 WHERE id = ?1")?
        .execute(params![id, day])?;
    Ok(())
}

pub(super) fn logged(
    rows: &Transaction<'_>,
    e: &ContactLogged,
    position: Position,
) -> rusqlite::Result<()> {
    let two_way = e.direction() == ContactDirection::TwoWay;
    let day = number(e.contact_date.as_ref()).unwrap_or_default();
    let position = i64::try_from(position.0).unwrap_or(i64::MAX);
    rows.prepare_cached("INSERT INTO contact_log VALUES (?1, ?2, ?3, ?4, ?5, 0)")?
        .execute(params![e.entry_id, e.account_id, day, position, two_way])?;
    for contact in &e.contact_ids {
        rows.prepare_cached("INSERT OR IGNORE INTO contact_log_contacts VALUES (?1, ?2)")?
            .execute([contact, &e.entry_id])?;
    }
    Ok(())
}

pub(super) fn voided(rows: &Transaction<'_>, entry: &str) -> rusqlite::Result<()> {
    rows.prepare_cached("UPDATE contact_log SET voided = 1 WHERE id = ?1")?
        .execute([entry])?;
    Ok(())
}

fn number(date: Option<&Date>) -> Option<u16> {
    let day = keizoku_proto::optional_day(date).ok().flatten();
    day.map(Day::number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acc_11_every_role_has_a_bit_of_its_own() {
        assert_eq!(bits(&[]), 0);
        assert_eq!(bits(&[1, 3]), 0b1010);
        assert_eq!(bits(&[-1, 99]), 0, "of a newer version");
    }
}
