//! The report that a CSM hands to a customer (HLT-10).

use jiff::Timestamp;
use keizoku_core::Day;
use keizoku_proto::healthscore as proto;
use keizoku_runtime::read_model::rusqlite::{self, Connection};
use keizoku_runtime::{Failure, Violations, account_names, names};

use crate::HealthScores;
use crate::goals as declarations;
use crate::history::UpTo;
use crate::report::{Declared, Goal, Report, Words, render, series};

/// The first year that a report can be of.
const FIRST_YEAR: i16 = 2000;

impl HealthScores {
    pub(super) async fn roi_report(
        &self,
        body: proto::GetRoiReportRequest,
    ) -> Result<proto::GetRoiReportResponse, Failure> {
        let mut violations = Violations::new();
        let account = violations.parse("account", names::parse_account(&body.account));
        let (today, zone) = (self.calendar.today(), self.calendar.zone());
        let this_year = today.month().year();
        let year = match i16::try_from(body.year) {
            Ok(0) => this_year,
            Ok(year) if (FIRST_YEAR..=this_year).contains(&year) => year,
            _ => {
                let problem = format!("is {}; {FIRST_YEAR} to {this_year} are allowed", body.year);
                violations.add("year", problem);
                this_year
            }
        };
        if !matches!(body.locale.as_str(), "" | "ja" | "en") {
            violations.add("locale", "must be ja or en");
        }
        let account = violations.finish(account)?;
        self.goal_freshness.wait(&body.consistency_tokens).await?;
        let now = self.calendar.now();
        let last_day = Day::from_ymd(year.into(), 12, 31)
            .unwrap_or(today)
            .min(today);
        let until = last_day.last_instant(&zone).unwrap_or(Timestamp::MAX);
        let until = UpTo::instant(until.min(now));
        // What is recorded later about that year counts, too.
        let history = self.whole_history(account, UpTo::instant(now)).await?;
        let history = history.ok_or_else(|| Failure::not_found(&body.account))?;
        let (id, mut signals) = (history.id, history.arrived.signals);
        signals.retain(|signal| signal.occurred_at <= until.instant);
        let ids = self.book.with_aliases(id);
        let read = move |rows: &Connection| {
            let declared = declarations::of_account(rows, &ids)?;
            Ok((goals(rows, &ids)?, declared))
        };
        let (mut goals, declared) = self.model.read(read).await?;
        goals.retain(|goal| goal.is_of(year));
        let first_day = Day::from_ymd(year.into(), 1, 1).unwrap_or(Day::MIN);
        let days = [first_day, last_day];
        let declared = declared.iter();
        let declared = declared.filter_map(|goal| Declared::of(goal, &signals, days, &zone));
        let declared = declared.collect();
        let (book, own) = (&self.book_freshness, &self.list_freshness);
        let customer = account_names::known_to(book, &self.model, own, &id.to_string()).await?;
        let words = match body.locale.as_str() {
            "" => Words::of(&self.book.read().settings_at(None).locale),
            locale => Words::of(locale),
        };
        let report = Report {
            series: series(&signals, year, &zone),
            customer: customer.clone(),
            year,
            until: last_day,
            goals,
            declared,
        };
        Ok(proto::GetRoiReportResponse {
            html: render(&report, words),
            account_display_name: customer,
            year: year.into(),
        })
    }
}

/// The onboardings of an account, whose ids these are, in the order in which they began.
fn goals(rows: &Connection, ids: &[String]) -> rusqlite::Result<Vec<Goal>> {
    let quoted: Vec<String> = ids.iter().map(|id| format!("\"{id}\"")).collect();
    rows.prepare_cached(
        "SELECT product, wanted, start, completed, issue_set, product_used, effect_felt
         FROM onboardings WHERE account_id IN (SELECT value FROM json_each(?1))
         ORDER BY start, id",
    )?
    .query_map([format!("[{}]", quoted.join(","))], |row| {
        let day = |number: Option<u16>| number.and_then(Day::from_number);
        Ok(Goal {
            product: row.get(0)?,
            wanted: row.get(1)?,
            start: day(row.get(2)?),
            completed: day(row.get(3)?),
            evidence: [row.get(4)?, row.get(5)?, row.get(6)?],
        })
    })?
    .collect()
}
