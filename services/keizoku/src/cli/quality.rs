//! `keizoku quality`: FC-10.

use std::collections::HashMap;

use clap::ValueEnum;
use keizoku_proto::forecast::{
    ListQualityIssuesRequest, ListQualityIssuesResponse, QualityIssue, QualityIssueKind,
};

use super::context::{Context, named};
use super::format;
use super::output::{Style, answer};
use super::pages::Limit;
use super::table::Table;
use super::time::AsOf;
use crate::client::call;
use crate::error::Failure;

/// CS Ops, as the one who should mend something.
const OPS: &str = "roles/ops";

const EXAMPLES: &str = "\
Examples:
  keizoku quality
  keizoku quality --kind duplicate-name --kind duplicate-domain
  keizoku quality --fixer 鈴木 --older-than 14
  keizoku quality --fixer ops --limit 0 --json";

/// Arguments of `keizoku quality`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Only this kind; may be given several times
    #[arg(long, value_enum)]
    kind: Vec<Kind>,
    /// Of accounts of this team and its subteams (name or id)
    #[arg(long, value_name = "TEAM")]
    team: Option<String>,
    /// Only what this person or team should mend (name, email or id), or `ops`
    #[arg(long, value_name = "WHO")]
    fixer: Option<String>,
    /// Only what has been wrong for so many days
    #[arg(long, value_name = "DAYS", default_value_t = 0)]
    older_than: u32,
    #[command(flatten)]
    limit: Limit,
    #[command(flatten)]
    as_of: AsOf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// Accounts with the same corporate number
    DuplicateCorporateNumber,
    /// Accounts with the same name, but for its legal form
    DuplicateName,
    /// Accounts whose contacts have addresses of the same domain
    DuplicateDomain,
    /// Nobody looks after it
    NoOwner,
    /// Its owner has departed
    DepartedOwner,
    /// The renewal has passed
    RenewalPassed,
    /// No MRR, or no contract at all
    NoMrr,
    /// An open risk of an account that is not active
    RiskOnInactiveAccount,
    /// An open risk without a next action
    RiskWithoutNextAction,
    /// An open risk that was put off three times or more
    RiskPostponed,
    /// An open risk that nobody has touched for thirty days
    RiskUntouched,
    /// The last import of a system left rows out that are wrong
    FailedImport,
    /// No signal has occurred for as many days as the settings allow
    SignalsSilent,
}

impl Kind {
    fn proto(self) -> QualityIssueKind {
        match self {
            Self::DuplicateCorporateNumber => QualityIssueKind::DuplicateCorporateNumber,
            Self::DuplicateName => QualityIssueKind::DuplicateName,
            Self::DuplicateDomain => QualityIssueKind::DuplicateDomain,
            Self::NoOwner => QualityIssueKind::NoOwner,
            Self::DepartedOwner => QualityIssueKind::DepartedOwner,
            Self::RenewalPassed => QualityIssueKind::RenewalPassed,
            Self::NoMrr => QualityIssueKind::NoMrr,
            Self::RiskOnInactiveAccount => QualityIssueKind::RiskOnInactiveAccount,
            Self::RiskWithoutNextAction => QualityIssueKind::RiskWithoutNextAction,
            Self::RiskPostponed => QualityIssueKind::RiskPostponed,
            Self::RiskUntouched => QualityIssueKind::RiskUntouched,
            Self::FailedImport => QualityIssueKind::FailedImport,
            Self::SignalsSilent => QualityIssueKind::SignalsSilent,
        }
    }
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let mut request = ListQualityIssuesRequest {
            as_of: self.as_of.resolve(context).await?,
            kinds: self.kind.iter().map(|kind| kind.proto().into()).collect(),
            at_least_days: self.older_than,
            consistency_tokens: context.tokens(),
            ..ListQualityIssuesRequest::default()
        };
        if let Some(team) = &self.team {
            request.team = context.team(team).await?;
        }
        request.fixer = match self.fixer.as_deref() {
            None => String::new(),
            Some("ops") => OPS.to_owned(),
            Some(who) => context.owner(who).await?,
        };
        let fetch = async |page_size, page_token| {
            let page = ListQualityIssuesRequest {
                page_size,
                page_token,
                ..request.clone()
            };
            call(async || {
                context
                    .connection
                    .forecasts()
                    .list_quality_issues(page.clone())
                    .await
            })
            .await
        };
        let response: ListQualityIssuesResponse = self.limit.collect(fetch).await?;
        let text = async {
            let people = context.people().await;
            render(&response, &people, context.style)
        };
        answer!(
            context,
            forecast::ListQualityIssuesResponse,
            &response,
            text.await
        )
    }
}

fn render(
    response: &ListQualityIssuesResponse,
    people: &HashMap<String, String>,
    style: Style,
) -> String {
    if response.issues.is_empty() {
        return "Nothing is wrong with the records that were asked for.\n".to_owned();
    }
    let mut counts = Table::new(["Issue", ">Count"]);
    for count in &response.counts {
        counts.row([name(count.kind()), count.count.to_string()]);
    }
    let mut table = Table::new([
        "Issue", "Account", ">MRR", "Cause", "Since", ">Days", "Who", "Id",
    ]);
    for issue in &response.issues {
        let who = match issue.fixer.as_str() {
            OPS => "CS Ops",
            fixer => named(people, fixer),
        };
        let subject = if issue.risk.is_empty() {
            &issue.account
        } else {
            &issue.risk
        };
        table.row([
            name(issue.kind()),
            issue.account_display_name.clone(),
            format::money(issue.mrr.as_ref()),
            cause(issue),
            format::date(issue.since.as_ref()),
            issue.age_days.to_string(),
            who.to_owned(),
            format::id(subject).to_owned(),
        ]);
    }
    let more = format::more(
        response.issues.len(),
        Some(response.total_size),
        &response.next_page_token,
    );
    format!("{}\n{}{more}", counts.render(style), table.render(style))
}

fn name(kind: QualityIssueKind) -> String {
    format::enum_name(kind.as_str_name(), "QUALITY_ISSUE_KIND_")
        .to_lowercase()
        .replace('_', " ")
}

/// What is wrong, in words.
fn cause(issue: &QualityIssue) -> String {
    let others = || {
        let names = issue.duplicates.iter();
        let names: Vec<_> = names
            .map(|other| other.account_display_name.as_str())
            .collect();
        format!("{} with {}", issue.shared, names.join(", "))
    };
    match issue.kind() {
        QualityIssueKind::DuplicateCorporateNumber
        | QualityIssueKind::DuplicateName
        | QualityIssueKind::DuplicateDomain => others(),
        QualityIssueKind::NoOwner => "nobody looks after it".to_owned(),
        QualityIssueKind::DepartedOwner => "the owner has departed".to_owned(),
        QualityIssueKind::RenewalPassed => "renewed, ended, or a wrong date?".to_owned(),
        QualityIssueKind::NoMrr => "a contract without MRR, or none".to_owned(),
        QualityIssueKind::RiskOnInactiveAccount => "close it, or correct the contract".to_owned(),
        QualityIssueKind::RiskWithoutNextAction => "nobody does anything next".to_owned(),
        QualityIssueKind::RiskPostponed => "put off three times or more".to_owned(),
        QualityIssueKind::RiskUntouched => "unchanged for thirty days".to_owned(),
        QualityIssueKind::FailedImport => {
            let rejected = issue.rejected.iter();
            let rows: Vec<_> = rejected
                .map(|of| format!("{} of {}: {}", of.rows, of.file, of.reason))
                .collect();
            format!("import of {}: {}", issue.shared, rows.join(", "))
        }
        QualityIssueKind::SignalsSilent => "does its source still send signals?".to_owned(),
        QualityIssueKind::Unspecified => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use keizoku_proto::common::Money;
    use keizoku_proto::forecast::{DuplicateAccount, QualityIssueCount};
    use keizoku_proto::google::r#type::Date;

    use super::*;

    #[test]
    fn fc_10_each_issue_has_its_cause_its_age_and_who_mends_it() {
        let issue = QualityIssue {
            kind: QualityIssueKind::DuplicateName.into(),
            account: "accounts/a".to_owned(),
            account_display_name: "株式会社あおば".to_owned(),
            duplicates: vec![DuplicateAccount {
                account: "accounts/b".to_owned(),
                account_display_name: "あおば(株)".to_owned(),
            }],
            shared: "あおば".to_owned(),
            since: Some(Date {
                year: 2026,
                month: 11,
                day: 20,
            }),
            age_days: 2,
            fixer: OPS.to_owned(),
            mrr: Some(Money {
                minor_units: 1_000,
                currency_code: "JPY".to_owned(),
            }),
            ..QualityIssue::default()
        };
        let response = ListQualityIssuesResponse {
            issues: vec![issue],
            counts: vec![QualityIssueCount {
                kind: QualityIssueKind::DuplicateName.into(),
                count: 1,
            }],
            total_size: 1,
            ..ListQualityIssuesResponse::default()
        };
        let expected = "\
Issue           Count
duplicate name      1

Issue           Account           MRR  Cause                   Since       Days  Who     Id
duplicate name  株式会社あおば  1,000  あおば with あおば(株)  2026-11-20     2  CS Ops  a
";
        assert_eq!(render(&response, &HashMap::new(), Style::ASCII), expected);
    }
}
