//! A made-up Salesforce export of any size, as CSV with a byte order mark, quotes and CRLF.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

const USERS: u64 = 200;
const TEAMS: u64 = 20;
const INDUSTRIES: [&str; 6] = ["製造", "流通", "小売", "金融", "医療", "教育"];
const STATES: [&str; 5] = ["東京都", "大阪府", "愛知県", "福岡県", "北海道"];
const TIERS: [&str; 3] = ["Enterprise", "Mid", "SMB"];
const PRODUCTS: [&str; 4] = ["Core", "Analytics", "Support", "Mobile"];

/// Writes users, accounts and subscriptions: how many rows those are.
///
/// Three accounts of ten belong to a corporate group, and three of ten have a second subscription.
pub(crate) fn write(folder: &Path, accounts: u64) -> io::Result<u64> {
    std::fs::create_dir_all(folder)?;
    let users = write_users(folder)?;
    let subscriptions = write_subscriptions(folder, accounts)?;
    write_accounts(folder, accounts)?;
    Ok(users + accounts + subscriptions)
}

struct Csv(BufWriter<File>);

impl Csv {
    fn create(path: &Path, header: &[&str]) -> io::Result<Self> {
        let mut csv = Self(BufWriter::new(File::create(path)?));
        csv.0.write_all("\u{feff}".as_bytes())?;
        csv.row(header)?;
        Ok(csv)
    }

    fn row(&mut self, values: &[&str]) -> io::Result<()> {
        for (place, value) in values.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            write!(self.0, "{comma}\"{value}\"")?;
        }
        self.0.write_all(b"\r\n")
    }

    fn finish(mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn write_users(folder: &Path) -> io::Result<u64> {
    let header = [
        "Id",
        "LastName",
        "FirstName",
        "Email",
        "IsActive",
        "UserRole",
        "SlackMemberId__c",
    ];
    let mut csv = Csv::create(&folder.join("User.csv"), &header)?;
    for number in 0..USERS {
        let email = format!("user{number}@example.com");
        let team = format!("Team {}", number % TEAMS);
        let id = user(number);
        csv.row(&[&id, "佐々木", "陽菜", &email, "true", &team, ""])?;
    }
    csv.finish()?;
    Ok(USERS)
}

fn write_accounts(folder: &Path, accounts: u64) -> io::Result<()> {
    let header = [
        "Id",
        "Name",
        "ParentId",
        "OwnerId",
        "Industry",
        "BillingState",
        "CorporateNumber__c",
        "Tier__c",
        "TouchModel__c",
        "SalesChannel__c",
        "Description",
        "CreatedDate",
        "IsDeleted",
    ];
    let mut csv = Csv::create(&folder.join("Account.csv"), &header)?;
    for number in 0..accounts {
        let parent = match number % 10 {
            1..4 => account(number - number % 10),
            _ => String::new(),
        };
        csv.row(&[
            &account(number),
            &format!("株式会社サンプル{number}"),
            &parent,
            &user(number * 7 % USERS),
            pick(&INDUSTRIES, number),
            pick(&STATES, number / 7),
            "",
            pick(&TIERS, number / 5),
            "mid",
            "direct",
            "先方の部長と面談, 次回までに確認",
            "2024-07-18T08:14:46.000+0000",
            "false",
        ])?;
    }
    csv.finish()
}

fn write_subscriptions(folder: &Path, accounts: u64) -> io::Result<u64> {
    let header = [
        "Id",
        "Account__c",
        "Product__c",
        "MRR__c",
        "CurrencyIsoCode",
        "StartDate__c",
        "NextRenewalDate__c",
        "Status__c",
        "EndDate__c",
        "CancelReason__c",
    ];
    let mut csv = Csv::create(&folder.join("Subscription__c.csv"), &header)?;
    let mut rows = 0;
    for number in 0..accounts {
        for place in 0..=u64::from(number % 10 < 3) {
            csv.row(&[
                &format!("a0S5g{rows:013}"),
                &account(number),
                pick(&PRODUCTS, number + place),
                &(10_000 + rows * 37 % 990_000).to_string(),
                "JPY",
                &format!("2025-{:02}-{:02}", 1 + rows % 12, 1 + rows % 28),
                &format!("2027-{:02}-{:02}", 1 + rows % 12, 1 + rows % 28),
                "Active",
                "",
                "",
            ])?;
            rows += 1;
        }
    }
    csv.finish()?;
    Ok(rows)
}

fn pick<'a>(names: &[&'a str], number: u64) -> &'a str {
    let place = number % names.len() as u64;
    names[usize::try_from(place).unwrap_or(0)]
}

fn user(number: u64) -> String {
    format!("0055g{number:013}")
}

fn account(number: u64) -> String {
    format!("0015g{number:013}")
}
