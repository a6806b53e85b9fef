//! The tables, and the question in SQL. Everything stays in SQLite's cache.

use keizoku_proto::forecast::{Basis, Scenario};
use keizoku_runtime::read_model::rusqlite::{self, Connection, params, params_from_iter};

use super::now::Now;
use super::{Only, Question};
use crate::population::{TEAMS, TOP_TEAMS, team_of};

const SCHEMA: &str = "
    PRAGMA cache_size = -2000000; PRAGMA temp_store = MEMORY;
    PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
    CREATE TABLE account (
        id INTEGER PRIMARY KEY, mrr INTEGER NOT NULL, month INTEGER, grp INTEGER NOT NULL,
        owner INTEGER NOT NULL, team INTEGER NOT NULL, tier INTEGER NOT NULL,
        region INTEGER NOT NULL, industry INTEGER NOT NULL, announced INTEGER NOT NULL);
    CREATE TABLE subscription (
        account INTEGER NOT NULL, product INTEGER NOT NULL, mrr INTEGER NOT NULL, month INTEGER);
    CREATE TABLE risk (
        account INTEGER NOT NULL, type INTEGER NOT NULL, flag INTEGER NOT NULL);";

const INDEXES: &str = "
    CREATE INDEX account_owner ON account (owner);
    CREATE INDEX account_team ON account (team);
    CREATE INDEX account_group ON account (grp, mrr, month);
    CREATE INDEX account_announced ON account (announced) WHERE announced;
    CREATE INDEX subscription_account ON subscription (account, product, mrr, month);
    CREATE INDEX risk_flag ON risk (flag, account);
    CREATE INDEX risk_type ON risk (type, flag, account);
    ANALYZE;";

/// One row of the answer: month, count, MRR.
pub(crate) type Bucket = (Option<i64>, i64, i64);

pub(crate) struct Tables(Connection);

impl Tables {
    pub(crate) fn of(now: &Now) -> rusqlite::Result<Self> {
        // A private temporary database: in memory, as far as the cache goes.
        let mut db = Connection::open("")?;
        db.execute_batch(SCHEMA)?;
        let rows = db.transaction()?;
        {
            let mut insert = rows.prepare("INSERT INTO subscription VALUES (?1, ?2, ?3, ?4)")?;
            for row in &now.subscriptions {
                insert.execute(params![
                    number(row.account),
                    number(row.product),
                    row.mrr,
                    row.month
                ])?;
            }
            let mut insert = rows.prepare("INSERT INTO risk VALUES (?1, ?2, ?3)")?;
            for row in &now.risks {
                insert.execute(params![number(row.account), number(row.kind), row.flag])?;
            }
            let mut insert = rows
                .prepare("INSERT INTO account VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?;
            let sums = sums(now);
            for (id, (row, sum)) in now.accounts.iter().zip(sums).enumerate() {
                insert.execute(params![
                    number(id),
                    sum.mrr,
                    sum.month,
                    row.group,
                    row.owner.cast_signed(),
                    team_of(row.owner).cast_signed(),
                    number(row.tier),
                    number(row.region),
                    number(row.industry),
                    sum.announced
                ])?;
            }
        }
        rows.commit()?;
        db.execute_batch(INDEXES)?;
        Ok(Self(db))
    }

    pub(crate) fn ask(&self, question: &Question) -> rusqlite::Result<Vec<Bucket>> {
        let (sql, values) = sql(question);
        let mut statement = self.0.prepare_cached(&sql)?;
        let rows = statement.query_map(params_from_iter(values), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
        rows.collect()
    }
}

/// A number as SQLite has them.
fn number(place: usize) -> i64 {
    i64::try_from(place).unwrap_or(0)
}

#[derive(Clone, Default)]
struct Sum {
    mrr: i64,
    month: Option<u16>,
    announced: bool,
}

fn sums(now: &Now) -> Vec<Sum> {
    let mut sums = vec![Sum::default(); now.accounts.len()];
    for row in now.subscriptions.iter().filter(|row| row.mrr > 0) {
        let sum = &mut sums[row.account];
        sum.mrr += row.mrr;
        sum.month = [sum.month, row.month].into_iter().flatten().min();
        sum.announced |= row.announced;
    }
    sums
}

fn sql(question: &Question) -> (String, Vec<i64>) {
    let mut values = Vec::new();
    let mut of_type = "";
    let mut from = "account a";
    let mut counted = "a.mrr, a.month";
    let filter = match question.only {
        Only::All => "",
        Only::Team(team) => {
            let teams: Vec<u64> = (0..TEAMS)
                .filter(|other| *other == team || team < TOP_TEAMS && other % TOP_TEAMS == team)
                .collect();
            // As many as a top team has, so that the statement stays the same.
            let last = teams.last().copied().unwrap_or(team);
            let padded = teams.into_iter().chain(std::iter::repeat(last));
            values.extend(padded.take(12).map(u64::cast_signed));
            "AND a.team IN (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        }
        Only::Owner(user) => {
            values.push(user.cast_signed());
            "AND a.owner = ?"
        }
        Only::Tier(tier) => {
            values.push(number(tier));
            "AND a.tier = ?"
        }
        Only::RegionAndIndustry(region, industry) => {
            values.extend([number(region), number(industry)]);
            "AND a.region = ? AND a.industry = ?"
        }
        Only::Product(product) => {
            values.push(number(product));
            from = "account a JOIN subscription s ON s.account = a.id";
            counted = "s.mrr, s.month";
            "AND s.mrr > 0 AND s.product = ?"
        }
        Only::RiskType(kind) => {
            values.push(number(kind));
            of_type = "type = ? AND";
            ""
        }
    };
    let flags = match question.scenario {
        Scenario::Announced => "flag < 0",
        Scenario::Unspecified | Scenario::LeadsToChurn => "flag = 1",
        // Nobody has a health band here, so nobody is red.
        Scenario::UnknownAtPresent | Scenario::Red => "flag IN (1, 2)",
    };
    let at_risk = format!(
        "a.mrr > 0 {filter} AND a.id IN (
             SELECT id FROM account WHERE announced
             UNION SELECT account FROM risk WHERE {of_type} {flags})"
    );
    let sql = match question.basis {
        Basis::Group => {
            // Of the whole group, what the product of the filter brings.
            let of_group = match question.only {
                Only::Product(product) => {
                    values.insert(0, number(product));
                    "account a JOIN subscription s ON s.account = a.id
                     AND s.mrr > 0 AND s.product = ?"
                }
                _ => "account a",
            };
            format!(
                "SELECT month, COUNT(*), SUM(mrr) FROM (
                     SELECT MIN(month) AS month, SUM(mrr) AS mrr
                     FROM (SELECT a.grp, {counted} FROM {of_group})
                     WHERE grp IN (SELECT a.grp FROM {from} WHERE {at_risk}) GROUP BY grp)
                 GROUP BY month"
            )
        }
        Basis::Unspecified | Basis::Account => format!(
            "SELECT month, COUNT(*), SUM(mrr) FROM (
                 SELECT {counted} FROM {from} WHERE {at_risk})
             GROUP BY month"
        ),
    };
    (sql, values)
}
