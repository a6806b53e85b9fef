//! What tells accounts apart, or ought to: rows of the service's own read model, with their
//! history, so that possible duplicates are answered as of any instant (FC-10).
//!
//! Of contacts only the domain of the address is kept: personal data stays in their streams.

use jiff::Timestamp;
use keizoku_core::{AccountId, Recorded};
use keizoku_proto::StoredEvent as _;
use keizoku_proto::accounts::event::Kind;
use keizoku_proto::accounts::{AccountProfile, ContactProfile};
use keizoku_runtime::read_model::HandlerError;
use keizoku_runtime::read_model::rusqlite::{self, Connection, OptionalExtension as _, params};

use crate::quality::{Shared, SharedKey, domain, plain_name};

/// The table, for the schema of a read model. `holder` is the account, or the contact that the
/// value comes from; `until_at` is NULL for what still holds. Instants are microseconds.
pub(crate) const TABLE: &str = "
    CREATE TABLE account_keys (
        key INTEGER NOT NULL,
        holder TEXT NOT NULL,
        from_at INTEGER NOT NULL,
        until_at INTEGER,
        value TEXT NOT NULL,
        account TEXT NOT NULL,
        PRIMARY KEY (key, holder, from_at)
    ) WITHOUT ROWID;
    CREATE INDEX account_keys_by_value ON account_keys (key, value, account, from_at, until_at);
";

const NUMBER: i64 = 1;
const NAME: i64 = 2;
const DOMAIN: i64 = 3;

/// Writes what an event of the accounts log says of keys.
pub(crate) fn handle(rows: &Connection, event: &Recorded) -> Result<(), HandlerError> {
    if !matches!(event.category(), "account" | "contact") {
        return Ok(());
    }
    let at = event.recorded_at.as_microsecond();
    match Kind::from_bytes(&event.data)? {
        Kind::AccountOpened(opened) => account(rows, &opened.account_id, opened.profile, at)?,
        Kind::AccountRevised(revised) => account(rows, &revised.account_id, revised.profile, at)?,
        Kind::ContactAdded(added) => {
            let found = domain_of(added.profile);
            write(
                rows,
                DOMAIN,
                &added.contact_id,
                &added.account_id,
                &found,
                at,
            )?;
        }
        Kind::ContactRevised(revised) => {
            let found = domain_of(revised.profile);
            if let Some(account) = account_of(rows, &revised.contact_id)? {
                write(rows, DOMAIN, &revised.contact_id, &account, &found, at)?;
            }
        }
        _ => {}
    }
    Ok(())
}

fn domain_of(profile: Option<ContactProfile>) -> String {
    let address = profile.map(|profile| profile.email).unwrap_or_default();
    domain(&address).unwrap_or_default()
}

fn account(
    rows: &Connection,
    id: &str,
    profile: Option<AccountProfile>,
    at: i64,
) -> rusqlite::Result<()> {
    let profile = profile.unwrap_or_default();
    let name = plain_name(&profile.display_name);
    write(rows, NUMBER, id, id, &profile.corporate_number, at)?;
    write(rows, NAME, id, id, &name, at)
}

/// Ends what held of a key until now, if it is another value, and begins the new one.
fn write(
    rows: &Connection,
    key: i64,
    holder: &str,
    account: &str,
    value: &str,
    at: i64,
) -> rusqlite::Result<()> {
    let held: Option<String> = rows
        .prepare_cached(
            "SELECT value FROM account_keys WHERE key = ?1 AND holder = ?2 AND until_at IS NULL",
        )?
        .query_row(params![key, holder], |row| row.get(0))
        .optional()?;
    // A contact's row is there without a value, too: it says of which account the contact is.
    let is_nothing_new = match &held {
        Some(held) => held == value,
        None => value.is_empty() && key != DOMAIN,
    };
    if is_nothing_new {
        return Ok(());
    }
    rows.prepare_cached(
        "UPDATE account_keys SET until_at = ?3 WHERE key = ?1 AND holder = ?2 AND until_at IS NULL",
    )?
    .execute(params![key, holder, at])?;
    rows.prepare_cached("INSERT OR REPLACE INTO account_keys VALUES (?1, ?2, ?3, NULL, ?4, ?5)")?
        .execute(params![key, holder, at, value, account])?;
    Ok(())
}

/// The account that a contact belongs to.
fn account_of(rows: &Connection, contact: &str) -> rusqlite::Result<Option<String>> {
    rows.prepare_cached(
        "SELECT account FROM account_keys WHERE key = ?1 AND holder = ?2 AND until_at IS NULL",
    )?
    .query_row(params![DOMAIN, contact], |row| row.get(0))
    .optional()
}

/// What several accounts shared, as known.
pub(crate) fn shared(
    rows: &Connection,
    known_at: Option<Timestamp>,
) -> rusqlite::Result<Vec<Shared>> {
    let known = known_at.map_or(i64::MAX, Timestamp::as_microsecond);
    let mut statement = rows.prepare_cached(
        "SELECT k.key, k.value, k.account, MIN(k.from_at) FROM account_keys k
         JOIN (SELECT key, value FROM account_keys
               WHERE value <> '' AND from_at <= ?1 AND (until_at IS NULL OR until_at > ?1)
               GROUP BY key, value HAVING MIN(account) <> MAX(account)) d
         ON k.key = d.key AND k.value = d.value
         WHERE k.from_at <= ?1 AND (k.until_at IS NULL OR k.until_at > ?1)
         GROUP BY k.key, k.value, k.account ORDER BY k.key, k.value, k.account",
    )?;
    let mut found = statement.query([known])?;
    let mut all: Vec<Shared> = Vec::new();
    while let Some(row) = found.next()? {
        let (key, value, account): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let key = match key {
            NUMBER => SharedKey::CorporateNumber,
            NAME => SharedKey::Name,
            _ => SharedKey::Domain,
        };
        let Ok(account) = account.parse::<AccountId>() else {
            continue;
        };
        let one = (account, row.get(3)?);
        match all.last_mut() {
            Some(last) if last.key == key && last.value == value => last.accounts.push(one),
            _ => all.push(Shared {
                key,
                value,
                accounts: vec![one],
            }),
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "00000000-0000-0000-0000-00000000000a";
    const B: &str = "00000000-0000-0000-0000-00000000000b";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn named(rows: &Connection, id: &str, name: &str, number: &str, second: i64) {
        let profile = AccountProfile {
            display_name: name.to_owned(),
            corporate_number: number.to_owned(),
            ..AccountProfile::default()
        };
        account(rows, id, Some(profile), at(second).as_microsecond()).unwrap();
    }

    #[test]
    fn fc_10_accounts_share_a_key_from_the_instant_on_until_it_changes() {
        let rows = Connection::open_in_memory().unwrap();
        rows.execute_batch(TABLE).unwrap();
        named(&rows, A, "あおば製作所", "", 1);
        named(&rows, B, "株式会社あおば製作所", "", 5);
        named(&rows, B, "(株)あおば製作所", "", 6);
        named(&rows, B, "みどり印刷", "", 9);
        let known = |second| shared(&rows, second);
        assert_eq!(known(Some(at(4))).unwrap(), []);
        let found = known(Some(at(8))).unwrap();
        assert_eq!(found.len(), 1, "nobody has no number in common");
        assert_eq!(
            (found[0].key, found[0].value.as_str()),
            (SharedKey::Name, "あおば製作所")
        );
        let since = [(A, 1), (B, 5)].map(|(id, second)| {
            (
                id.parse::<AccountId>().unwrap(),
                at(second).as_microsecond(),
            )
        });
        assert_eq!(
            found[0].accounts, since,
            "another form of it is the same name"
        );
        assert_eq!(known(None).unwrap(), []);
    }

    #[test]
    fn fc_10_a_contact_without_an_address_still_belongs_to_its_account() {
        let rows = Connection::open_in_memory().unwrap();
        rows.execute_batch(TABLE).unwrap();
        write(&rows, DOMAIN, "c1", A, "", 1).unwrap();
        write(&rows, DOMAIN, "c2", B, "aoba.co.jp", 2).unwrap();
        write(&rows, DOMAIN, "c3", B, "aoba.co.jp", 3).unwrap();
        assert_eq!(
            shared(&rows, None).unwrap(),
            [],
            "two contacts of one account"
        );
        let account = account_of(&rows, "c1").unwrap().unwrap();
        write(&rows, DOMAIN, "c1", &account, "aoba.co.jp", 4).unwrap();
        let found = shared(&rows, None).unwrap();
        assert_eq!(found[0].accounts.len(), 2);
        assert_eq!(found[0].accounts[1].1, 2, "since the first of its contacts");
    }
}
