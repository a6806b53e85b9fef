//! What an import is made from: files that look as they should, and what only the organisation
//! knows.

use jiff::tz::TimeZone;
use keizoku_core::Day;
use keizoku_proto::accounts::GetOrganisationRequest;

use super::source::{Export, Table};
use super::{Options, Unusable, accounts, contacts, deals, risks, subscriptions, users};
use crate::client::{Connection, call};
use crate::error::Failure;

/// What only the organisation knows.
pub(super) struct Settings {
    pub(super) currency: String,
    pub(super) time_zone: TimeZone,
    pub(super) date: Option<Day>,
}

/// The files of an export that look as they should.
pub(super) struct Files {
    pub(super) users: Table,
    pub(super) accounts: Table,
    pub(super) subscriptions: Table,
    pub(super) deals: Option<Table>,
    pub(super) risks: Option<Table>,
    pub(super) contacts: Option<Table>,
}

impl Files {
    pub(super) fn open(options: &Options) -> Result<Self, Unusable> {
        let mapping = &options.mapping;
        let export = Export::open(&options.directory)?;
        let required = [
            &mapping.user.file,
            &mapping.account.file,
            &mapping.subscription.file,
        ];
        export.require(&required.map(String::as_str))?;
        let needed = |name: &str| {
            let vanished = || Unusable::new(name, "is not there any more", "export again");
            export.table(name)?.ok_or_else(vanished)
        };
        let files = Self {
            users: needed(&mapping.user.file)?,
            accounts: needed(&mapping.account.file)?,
            subscriptions: needed(&mapping.subscription.file)?,
            deals: export.table(&mapping.deal.file)?,
            risks: export.table(&mapping.risk.file)?,
            contacts: export.table(&mapping.contact.file)?,
        };
        users::check(&files.users, &mapping.user)?;
        accounts::check(&files.accounts, &mapping.account)?;
        subscriptions::check(&files.subscriptions, &mapping.subscription)?;
        files
            .deals
            .iter()
            .try_for_each(|table| deals::check(table, &mapping.deal))?;
        files
            .risks
            .iter()
            .try_for_each(|table| risks::check(table, &mapping.risk))?;
        files
            .contacts
            .iter()
            .try_for_each(|table| contacts::check(table, &mapping.contact))?;
        Ok(files)
    }
}

impl Settings {
    pub(super) fn of_mapping(options: &Options) -> Result<Self, Unusable> {
        let format = &options.mapping.format;
        let time_zone = TimeZone::get(&format.time_zone).map_err(|_| {
            let problem = format!("there is no time zone `{}`", format.time_zone);
            Unusable::new(
                "format.time_zone",
                problem,
                "write it like `Asia/Tokyo` in the mapping",
            )
        })?;
        Ok(Self {
            currency: format.currency.clone(),
            time_zone,
            date: options.date,
        })
    }

    /// The organisation's own, and the mapping's where it has none.
    pub(super) async fn of_server(
        connection: &Connection,
        options: &Options,
    ) -> Result<Self, Failure> {
        let mut settings = Self::of_mapping(options)?;
        let answer = call(async || {
            connection
                .directory()
                .get_organisation(GetOrganisationRequest {})
                .await
        })
        .await?;
        let organisation = answer.organisation.unwrap_or_default();
        if !organisation.reporting_currency.is_empty() {
            settings.currency = organisation.reporting_currency;
        }
        if let Ok(time_zone) = TimeZone::get(&organisation.time_zone) {
            settings.time_zone = time_zone;
        }
        Ok(settings)
    }
}
