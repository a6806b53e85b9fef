//! How long onboardings take (ONB-8).

use keizoku_core::OnboardingId;
use keizoku_proto::onboarding as proto;
use keizoku_runtime::{Failure, Violations};

use crate::lead_times::{Summary, Window};
use crate::{Onboardings, domain};

impl Onboardings {
    pub(super) async fn lead_times(
        &self,
        body: proto::GetLeadTimesRequest,
    ) -> Result<proto::GetLeadTimesResponse, Failure> {
        let mut violations = Violations::new();
        let from = violations.day("from_date", body.from_date.as_ref());
        let until = violations.day("until_date", body.until_date.as_ref());
        if from.zip(until).is_some_and(|(from, until)| from > until) {
            violations.add("until_date", "must not lie before from_date");
        }
        violations.check()?;
        let as_of = self.as_of(body.as_of.as_ref())?;
        let filter = proto::OnboardingFilter {
            product: body.product.clone(),
            owner: body.owner.clone(),
            include_completed: true,
            ..proto::OnboardingFilter::default()
        };
        let select = self.select(&filter, "")?;
        self.wait(&body.consistency_tokens).await?;
        let window = Window {
            from,
            until,
            on: as_of.on,
        };
        let mut summary = Summary::default();
        let ids = self.model.read(move |rows| select.ids(rows)).await?;
        for id in ids.iter().filter_map(|id| id.parse::<OnboardingId>().ok()) {
            let stream = domain::onboarding_stream(id);
            let fold = self
                .onboardings
                .as_known_at(&stream, as_of.known_at)
                .await?;
            if fold.state.exists() {
                summary.add(&fold.state, window);
            }
        }
        let (all, groups) = summary.told();
        Ok(proto::GetLeadTimesResponse {
            all: Some(all),
            groups,
            watermarks: self.list_freshness.watermarks(),
        })
    }
}
