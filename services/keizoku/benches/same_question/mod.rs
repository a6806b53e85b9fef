//! A question to the forecast, and the same question to SQLite.

pub(crate) mod now;
pub(crate) mod tables;

use keizoku_core::Day;
use keizoku_proto::common::AsOf;
use keizoku_proto::date;
use keizoku_proto::forecast::{Basis, ForecastFilter, GetForecastRequest, Scenario};

use crate::population::{self, Dice, INDUSTRIES, PRODUCTS, REGIONS, TEAMS, TIERS, TYPES, USERS};

/// What a question is restricted to, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Only {
    All,
    Team(u64),
    Owner(u64),
    Tier(usize),
    RegionAndIndustry(usize, usize),
    Product(usize),
    RiskType(usize),
}

/// How many kinds of filter there are.
pub(crate) const KINDS: usize = 7;

impl Only {
    /// Another filter at each call: the kinds take turns.
    fn turn(number: usize, dice: &mut Dice) -> Self {
        match number % KINDS {
            0 => Self::All,
            1 => Self::Team(dice.below(TEAMS)),
            2 => Self::Owner(dice.below(USERS)),
            3 => Self::Tier(place(dice, TIERS.len())),
            4 => Self::RegionAndIndustry(place(dice, REGIONS.len()), place(dice, INDUSTRIES.len())),
            5 => Self::Product(place(dice, PRODUCTS.len())),
            _ => Self::RiskType(place(dice, TYPES.len())),
        }
    }

    /// What the kind is called.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Team(_) => "team",
            Self::Owner(_) => "owner",
            Self::Tier(_) => "tier",
            Self::RegionAndIndustry(..) => "region and industry",
            Self::Product(_) => "product",
            Self::RiskType(_) => "risk type",
        }
    }

    fn filter(self) -> ForecastFilter {
        let mut filter = ForecastFilter::default();
        match self {
            Self::All => {}
            Self::Team(team) => filter.team = format!("teams/{}", population::team(team)),
            Self::Owner(user) => filter.owner = format!("users/{}", population::user(user)),
            Self::Tier(tier) => TIERS[tier].clone_into(&mut filter.tier),
            Self::RegionAndIndustry(region, industry) => {
                REGIONS[region].clone_into(&mut filter.region);
                INDUSTRIES[industry].clone_into(&mut filter.industry);
            }
            Self::Product(product) => PRODUCTS[product].clone_into(&mut filter.product),
            Self::RiskType(of) => TYPES[of].clone_into(&mut filter.risk_type),
        }
        filter
    }
}

fn place(dice: &mut Dice, len: usize) -> usize {
    usize::try_from(dice.below(len as u64)).unwrap_or(0)
}

/// One question; `on` is absent for today.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question {
    pub(crate) only: Only,
    pub(crate) basis: Basis,
    pub(crate) scenario: Scenario,
    pub(crate) on: Option<Day>,
}

impl Question {
    /// Another filter at each call, about today and about a date in the year ahead in turn.
    pub(crate) fn turn(number: usize, dice: &mut Dice, today: Day) -> Self {
        let ahead = 1 + i32::try_from(dice.below(365)).unwrap_or(0);
        Self {
            only: Only::turn(number, dice),
            basis: if dice.one_in(2) {
                Basis::Account
            } else {
                Basis::Group
            },
            scenario: match dice.below(3) {
                0 => Scenario::Announced,
                1 => Scenario::LeadsToChurn,
                _ => Scenario::UnknownAtPresent,
            },
            on: (number / KINDS % 2 == 1).then(|| today.plus_days(ahead)),
        }
    }

    pub(crate) fn request(&self) -> GetForecastRequest {
        GetForecastRequest {
            as_of: Some(AsOf {
                known_at: None,
                on: self.on.map(date),
            }),
            basis: self.basis.into(),
            scenario: self.scenario.into(),
            filter: Some(self.only.filter()),
            consistency_tokens: Vec::new(),
            expected: false,
        }
    }
}
