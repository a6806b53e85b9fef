//! The accounts behind a forecast.

use keizoku_proto::forecast::{
    GetForecastRequest, ListForecastAccountsRequest, ListForecastAccountsResponse,
};

use crate::cli::context::{Context, named};
use crate::cli::format;
use crate::cli::output::answer;
use crate::cli::pages::Limit;
use crate::cli::table::Table;
use crate::client::call;
use crate::error::Failure;

pub(super) async fn show(
    context: &Context,
    forecast: GetForecastRequest,
    bucket: &str,
    limit: &Limit,
) -> Result<(), Failure> {
    let fetch = async |page_size, page_token| {
        let request = ListForecastAccountsRequest {
            forecast: Some(forecast.clone()),
            bucket: bucket.to_uppercase(),
            page_size,
            page_token,
        };
        call(async || {
            context
                .connection
                .forecasts()
                .list_forecast_accounts(request.clone())
                .await
        })
        .await
    };
    let response: ListForecastAccountsResponse = limit.collect(fetch).await?;
    answer!(
        context,
        forecast::ListForecastAccountsResponse,
        &response,
        text(context, &response).await
    )
}

async fn text(context: &Context, response: &ListForecastAccountsResponse) -> String {
    let people = context.people().await;
    let mut table = Table::new([
        "Renewal",
        "Date",
        "Account",
        ">MRR",
        "Announced",
        ">Leads",
        ">Unknown",
        "Owner",
        "Id",
    ]);
    for account in &response.accounts {
        table.row([
            account.bucket.clone(),
            format::date(account.date.as_ref()),
            account.account_display_name.clone(),
            format::money(account.mrr.as_ref()),
            if account.announced { "yes" } else { "" }.to_owned(),
            account.leads_to_churn_risks.to_string(),
            account.unknown_risks.to_string(),
            named(&people, &account.owner).to_owned(),
            format::id(&account.account).to_owned(),
        ]);
    }
    if table.is_empty() {
        return "No account is in it. Without --accounts, the forecast shows which buckets hold some.\n"
            .to_owned();
    }
    let more = format::more(
        response.accounts.len(),
        Some(response.total_size),
        &response.next_page_token,
    );
    table.render(context.style) + &more
}
