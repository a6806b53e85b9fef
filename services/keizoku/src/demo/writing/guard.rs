//! A demo must not mix with real data by mistake.

use keizoku_proto::accounts::ListAccountsRequest;

use super::super::Options;
use crate::client::{Connection, call};
use crate::error::Failure;

const PAGE: i32 = 1_000;

/// Refuses a server that has accounts of anybody else; those of the same demo are where it goes on.
pub(super) async fn check(connection: &Connection, options: &Options) -> Result<(), Failure> {
    if options.add {
        return Ok(());
    }
    let ours = format!("{}:", options.key());
    let mut request = ListAccountsRequest {
        order_by: "create_time".to_owned(),
        page_size: PAGE,
        ..ListAccountsRequest::default()
    };
    loop {
        let page =
            call(async || connection.accounts().list_accounts(request.clone()).await).await?;
        let is_ours = |ids: &[String]| ids.iter().any(|id| id.starts_with(&ours));
        let other = page
            .accounts
            .iter()
            .find(|account| !is_ours(&account.external_ids));
        if let Some(other) = other {
            return Err(Failure::Lookup(refusal(
                page.total_size,
                &other.external_ids,
            )));
        }
        if page.next_page_token.is_empty() {
            return Ok(());
        }
        request.page_token = page.next_page_token;
    }
}

fn refusal(accounts: i64, external_ids: &[String]) -> String {
    let mut demos = external_ids.iter().filter_map(|id| id.split_once(':'));
    let demo = demos.find(|(key, _)| key.starts_with("demo-"));
    let whose = demo.map_or_else(String::new, |(key, _)| format!(" of another demo, {key}"));
    format!(
        "the server has accounts already: {accounts}{whose}\n  try: a server of its own, such as \
         `keizoku serve` with an empty --data; `--add` writes the demo beside them.\n  A run that \
         broke off goes on with the same --accounts, --seed, --months and --until: they are in the \
         demo's name, demo-SEED-ACCOUNTSxMONTHS-UNTIL."
    )
}

#[cfg(test)]
mod tests {
    use super::refusal;

    #[test]
    fn a_refusal_names_the_demo_that_is_there() {
        let ids = ["demo-7-60x24-2026-11-22:account-3".to_owned()];
        assert!(refusal(60, &ids).contains("60 of another demo, demo-7-60x24-2026-11-22\n"));
        assert!(refusal(1, &["salesforce:0015".to_owned()]).contains("already: 1\n"));
    }
}
