//! Which accounts a figure is about (FC-4).

use clap::ValueEnum;
use keizoku_proto::forecast::{self, ForecastFilter};

use super::context::Context;
use crate::error::Failure;

/// Filters of figures; they combine.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Which accounts")]
pub(super) struct Filter {
    /// Of this team and its subteams (name or id)
    #[arg(long, value_name = "TEAM")]
    team: Option<String>,
    /// Owned by this person or pool (name, email or id; `me`: you)
    #[arg(long, value_name = "OWNER")]
    owner: Option<String>,
    /// Of this tier
    #[arg(long)]
    tier: Option<String>,
    /// Only this product: its MRR, its renewal
    #[arg(long)]
    product: Option<String>,
    /// Of this region
    #[arg(long)]
    region: Option<String>,
    /// Sold over this channel: `direct`, or `partner:` and a name
    #[arg(long)]
    channel: Option<String>,
    /// Of this industry
    #[arg(long)]
    industry: Option<String>,
    /// Only risks of this type count (key or label)
    #[arg(long, value_name = "TYPE")]
    risk_type: Option<String>,
    /// Whose onboarding, of whatever product, stands here
    #[arg(long, value_enum)]
    onboarding: Option<Onboarding>,
    /// Whose health score is in this band
    #[arg(long, value_enum)]
    band: Option<Band>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Band {
    /// Without a score
    None,
    /// Below 40
    Red,
    /// Below 70
    Yellow,
    /// From 70 on
    Green,
}

impl Band {
    fn proto(self) -> forecast::BandFilter {
        match self {
            Self::None => forecast::BandFilter::None,
            Self::Red => forecast::BandFilter::Red,
            Self::Yellow => forecast::BandFilter::Yellow,
            Self::Green => forecast::BandFilter::Green,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Onboarding {
    /// Without any
    None,
    /// It goes on
    InProgress,
    /// It waits until a date
    OnHold,
    /// It is done
    Completed,
    /// It was handed back
    Returned,
    /// It is dormant
    Dormant,
    /// It ended with its account
    Ended,
}

impl Onboarding {
    fn proto(self) -> forecast::OnboardingFilter {
        match self {
            Self::None => forecast::OnboardingFilter::None,
            Self::InProgress => forecast::OnboardingFilter::InProgress,
            Self::OnHold => forecast::OnboardingFilter::OnHold,
            Self::Completed => forecast::OnboardingFilter::Completed,
            Self::Returned => forecast::OnboardingFilter::Returned,
            Self::Dormant => forecast::OnboardingFilter::Dormant,
            Self::Ended => forecast::OnboardingFilter::Ended,
        }
    }
}

impl Filter {
    pub(super) async fn resolve(&self, context: &Context) -> Result<ForecastFilter, Failure> {
        let text = |option: &Option<String>| option.clone().unwrap_or_default();
        let mut filter = ForecastFilter {
            tier: text(&self.tier),
            product: text(&self.product),
            region: text(&self.region),
            sales_channel: text(&self.channel),
            industry: text(&self.industry),
            ..ForecastFilter::default()
        };
        if let Some(team) = &self.team {
            filter.team = context.team(team).await?;
        }
        if let Some(owner) = &self.owner {
            filter.owner = context.owner(owner).await?;
        }
        if let Some(kind) = &self.risk_type {
            filter.risk_type = context.risk_type(kind).await?;
        }
        if let Some(onboarding) = self.onboarding {
            filter.onboarding = onboarding.proto().into();
        }
        if let Some(band) = self.band {
            filter.band = band.proto().into();
        }
        Ok(filter)
    }

    /// What was asked for, for headers; empty without a filter.
    pub(super) fn describe(&self) -> String {
        let (onboarding, band) = (shown(self.onboarding), shown(self.band));
        let parts = [
            ("team", &self.team),
            ("owner", &self.owner),
            ("tier", &self.tier),
            ("product", &self.product),
            ("region", &self.region),
            ("channel", &self.channel),
            ("industry", &self.industry),
            ("risk type", &self.risk_type),
            ("onboarding", &onboarding),
            ("band", &band),
        ];
        let named =
            |(label, value): (&str, &Option<String>)| Some(format!("{label} {}", value.as_ref()?));
        parts
            .into_iter()
            .filter_map(named)
            .collect::<Vec<_>>()
            .join(", ")
    }
}

/// A choice as it is written on the command line.
fn shown(choice: Option<impl ValueEnum>) -> Option<String> {
    let value = choice?.to_possible_value()?;
    Some(value.get_name().to_owned())
}
