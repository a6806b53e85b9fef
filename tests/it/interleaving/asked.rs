//! What is asked for: filters, orders and times.

use jiff::Zoned;
use keizoku_proto::accounts::AccountFilter;
use keizoku_proto::common::AsOf;
use keizoku_proto::forecast::{
    BandFilter, Basis, ForecastFilter, GetForecastRequest, OnboardingFilter, Scenario,
};
use keizoku_proto::google::r#type::Date;
use keizoku_proto::risk::{
    Completion, LeadsToChurn, RiskFilter, RiskState, SearchKnowledgeRequest,
};
use keizoku_testkit::day;

use super::history::{Cast, NOVEMBER, OCTOBER};

/// The default, but for what `change` does to it.
fn with<T: Default>(change: impl FnOnce(&mut T)) -> T {
    let mut value = T::default();
    change(&mut value);
    value
}

fn as_of(known_at: Option<&str>, on: Option<Date>) -> AsOf {
    let known_at = known_at.map(|known_at| {
        let known_at: Zoned = known_at.parse().unwrap();
        keizoku_proto::timestamp(known_at.timestamp())
    });
    AsOf { known_at, on }
}

impl Cast {
    pub(super) fn in_the_field(&self) -> ForecastFilter {
        with(|filter: &mut ForecastFilter| filter.team.clone_from(&self.field.name))
    }

    fn forecast_filters(&self) -> [ForecastFilter; 10] {
        [
            ForecastFilter::default(),
            self.in_the_field(),
            with(|filter: &mut ForecastFilter| filter.owner.clone_from(&self.kato.name)),
            with(|filter: &mut ForecastFilter| filter.tier = "Enterprise".to_owned()),
            with(|filter: &mut ForecastFilter| filter.product = "Add-on".to_owned()),
            with(|filter: &mut ForecastFilter| filter.region = "関西".to_owned()),
            with(|filter: &mut ForecastFilter| filter.industry = "印刷".to_owned()),
            with(|filter: &mut ForecastFilter| filter.risk_type = "price".to_owned()),
            with(|filter: &mut ForecastFilter| filter.band = BandFilter::Red.into()),
            with(|filter: &mut ForecastFilter| {
                filter.onboarding = OnboardingFilter::OnHold.into();
            }),
        ]
    }

    /// On both bases: with every filter, in every scenario, and at several times.
    pub(super) fn forecasts(&self) -> Vec<GetForecastRequest> {
        let times = [
            as_of(Some(OCTOBER), None),
            as_of(Some(NOVEMBER), None),
            as_of(Some(NOVEMBER), Some(day(2026, 12, 1))),
            as_of(None, Some(day(2026, 9, 30))),
        ];
        let mut all = Vec::new();
        for basis in [Basis::Account, Basis::Group] {
            let mut ask = |change: &dyn Fn(&mut GetForecastRequest)| {
                all.push(with(|forecast: &mut GetForecastRequest| {
                    forecast.basis = basis.into();
                    change(forecast);
                }));
            };
            for filter in self.forecast_filters() {
                ask(&|forecast| forecast.filter = Some(filter.clone()));
            }
            ask(&|forecast| forecast.scenario = Scenario::Announced.into());
            for scenario in [
                Scenario::LeadsToChurn,
                Scenario::UnknownAtPresent,
                Scenario::Red,
            ] {
                for as_of in times {
                    ask(&|forecast| {
                        forecast.scenario = scenario.into();
                        forecast.as_of = Some(as_of);
                    });
                }
            }
        }
        all
    }

    pub(super) fn risk_filters(&self) -> [(RiskFilter, &'static str); 13] {
        let leads = LeadsToChurn::LeadsToChurn.into();
        let (open, closed) = (RiskState::Open.into(), RiskState::Closed.into());
        let (survivor, duplicate) = (&self.survivor.name, &self.duplicate.name);
        [
            (RiskFilter::default(), "update_time desc"),
            (with(|filter: &mut RiskFilter| filter.state = open), ""),
            (
                with(|filter: &mut RiskFilter| filter.state = closed),
                "display_name",
            ),
            (
                with(|filter: &mut RiskFilter| filter.account.clone_from(survivor)),
                "",
            ),
            (
                with(|filter: &mut RiskFilter| filter.account.clone_from(duplicate)),
                "open_date",
            ),
            (
                with(|filter: &mut RiskFilter| filter.owner.clone_from(&self.kato.name)),
                "",
            ),
            (
                with(|filter: &mut RiskFilter| filter.owner.clone_from(&self.field.name)),
                "",
            ),
            (
                with(|filter: &mut RiskFilter| filter.owner.clone_from(&self.east.name)),
                "",
            ),
            (
                with(|filter: &mut RiskFilter| filter.leads_to_churn = leads),
                "",
            ),
            (
                with(|filter: &mut RiskFilter| filter.r#type = "price".to_owned()),
                "",
            ),
            (
                with(|filter: &mut RiskFilter| filter.completion = Completion::Failed.into()),
                "",
            ),
            (with(|filter: &mut RiskFilter| filter.overdue = true), ""),
            (
                with(|filter: &mut RiskFilter| filter.no_next_action = true),
                "",
            ),
        ]
    }

    pub(super) fn searches() -> [SearchKnowledgeRequest; 6] {
        [
            SearchKnowledgeRequest::default(),
            with(|search: &mut SearchKnowledgeRequest| search.query = "合意".to_owned()),
            with(|search: &mut SearchKnowledgeRequest| search.tier = "SMB".to_owned()),
            with(|search: &mut SearchKnowledgeRequest| search.tier = "Enterprise".to_owned()),
            with(|search: &mut SearchKnowledgeRequest| search.industry = "持株会社".to_owned()),
            with(|search: &mut SearchKnowledgeRequest| search.industry = "印刷".to_owned()),
        ]
    }

    pub(super) fn account_filters(&self) -> [(AccountFilter, &'static str); 8] {
        [
            (AccountFilter::default(), ""),
            (AccountFilter::default(), "create_time desc"),
            (
                with(|filter: &mut AccountFilter| filter.team.clone_from(&self.field.name)),
                "",
            ),
            (
                with(|filter: &mut AccountFilter| filter.owner.clone_from(&self.kato.name)),
                "",
            ),
            (
                with(|filter: &mut AccountFilter| filter.tier = "Enterprise".to_owned()),
                "",
            ),
            (
                with(|filter: &mut AccountFilter| filter.group = "G1".to_owned()),
                "",
            ),
            (
                with(|filter: &mut AccountFilter| filter.query = "あおば".to_owned()),
                "",
            ),
            (
                with(|filter: &mut AccountFilter| filter.needs_owner = true),
                "",
            ),
        ]
    }
}
