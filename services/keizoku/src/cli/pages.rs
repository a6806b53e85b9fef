//! Lists that come page by page, put together into one answer.

use keizoku_proto::{accounts, forecast, healthscore, notification, onboarding, risk};

use crate::error::Failure;

/// Largest page that the services give.
const LARGEST: usize = 1_000;

/// How much of a list to show.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Limit {
    /// How many to show; 0 for all.
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
}

/// An answer that is a page of a list.
pub(super) trait Page {
    type Item;
    fn items(&mut self) -> &mut Vec<Self::Item>;
    fn next(&mut self) -> &mut String;
}

macro_rules! pages {
    ($($package:ident :: $answer:ident { $items:ident: $item:ident }),+ $(,)?) => {$(
        impl Page for $package::$answer {
            type Item = $package::$item;
            fn items(&mut self) -> &mut Vec<Self::Item> {
                &mut self.$items
            }
            fn next(&mut self) -> &mut String {
                &mut self.next_page_token
            }
        }
    )+};
}

pages! {
    accounts::ListAccountsResponse { accounts: Account },
    accounts::ListDealsResponse { deals: Deal },
    accounts::ListContactsResponse { contacts: Contact },
    accounts::ListContactLogResponse { entries: ContactLogEntry },
    risk::ListRisksResponse { risks: Risk },
    risk::ListRiskHistoryResponse { changes: RiskChange },
    risk::SearchKnowledgeResponse { risks: Risk },
    risk::ListSuggestionsResponse { suggestions: Suggestion },
    forecast::ListForecastAccountsResponse { accounts: ForecastAccount },
    forecast::ListDeadlinesResponse { deadlines: Deadline },
    forecast::ListQualityIssuesResponse { issues: QualityIssue },
    healthscore::ListHealthHistoryResponse { steps: HealthStep },
    healthscore::ListHealthResponse { accounts: HealthSummary },
    healthscore::ListReleasesResponse { releases: Release },
    notification::ListDeliveriesResponse { deliveries: Delivery },
    onboarding::ListOnboardingsResponse { onboardings: Onboarding },
    onboarding::ListTemplatesResponse { templates: Template },
    onboarding::ListContentsResponse { contents: Content },
    onboarding::ListSeminarsResponse { seminars: Seminar },
    onboarding::ListLearningResponse { entries: LearningEntry },
    onboarding::ListProgrammesResponse { programmes: Programme },
    onboarding::ListProgrammeTasksResponse { tasks: ProgrammeTask },
    onboarding::ListProgrammeTemplatesResponse { templates: ProgrammeTemplate },
}

impl Limit {
    /// Everything there is.
    pub(super) const ALL: Self = Self { limit: 0 };

    /// Asks for pages until there are enough; `fetch` takes a page size and a page token.
    pub(super) async fn collect<P: Page>(
        &self,
        mut fetch: impl AsyncFnMut(i32, String) -> Result<P, Failure>,
    ) -> Result<P, Failure> {
        let wanted = if self.limit == 0 {
            usize::MAX
        } else {
            self.limit
        };
        let size = |missing: usize| i32::try_from(missing.min(LARGEST)).unwrap_or(i32::MAX);
        let mut answer = fetch(size(wanted), String::new()).await?;
        while !answer.next().is_empty() && answer.items().len() < wanted {
            let token = std::mem::take(answer.next());
            let mut page = fetch(size(wanted - answer.items().len()), token).await?;
            answer.items().append(page.items());
            *answer.next() = std::mem::take(page.next());
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn of(limit: usize) -> (usize, bool) {
        let total = 2_500;
        let fetch = async |size: i32, token: String| {
            let start: usize = token.parse().unwrap_or(0);
            let end = (start + usize::try_from(size).unwrap()).min(total);
            let next = if end < total {
                end.to_string()
            } else {
                String::new()
            };
            Ok(risk::ListRisksResponse {
                risks: vec![risk::Risk::default(); end - start],
                next_page_token: next,
                ..risk::ListRisksResponse::default()
            })
        };
        let answer = Limit { limit }.collect(fetch).await.unwrap();
        (answer.risks.len(), answer.next_page_token.is_empty())
    }

    #[tokio::test]
    async fn pages_are_put_together_up_to_the_limit() {
        assert_eq!(of(50).await, (50, false));
        assert_eq!(of(1_200).await, (1_200, false));
        assert_eq!(of(0).await, (2_500, true));
        assert_eq!(of(9_999).await, (2_500, true));
    }
}
