//! Which accounts a question is about, and which of their risks (FC-4).

use keizoku_core::{TeamId, UserId};
use keizoku_revenue::{AccountIx, AsOf, Book, Columns, Owner, OwnerScope, ProductMatch, Row};

use crate::boards::Boards;
use crate::health::BandFilter;
use crate::onboardings::OnboardingFilter;

/// Conditions that combine; `None` does not restrict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// The account owner's team, with subteams.
    pub team: Option<TeamId>,
    /// The account's owner or pool.
    pub owner: Option<OwnerFilter>,
    /// Key of the tier.
    pub tier: Option<String>,
    /// Product: restricts MRR and renewal, and leaves out accounts without it.
    pub product: Option<String>,
    /// Region.
    pub region: Option<String>,
    /// Sales channel.
    pub sales_channel: Option<String>,
    /// Industry.
    pub industry: Option<String>,
    /// Key of a risk type: only risks of this type count.
    pub risk_type: Option<String>,
    /// Where its onboardings stand.
    pub onboarding: Option<OnboardingFilter>,
    /// The band of its health score.
    pub band: Option<BandFilter>,
}

/// Who owns an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnerFilter {
    /// A user.
    User(UserId),
    /// A pool.
    Pool(TeamId),
}

/// A filter in the numbers of one book, on one date.
#[derive(Debug, Clone)]
pub(crate) struct Selection {
    scope: Option<OwnerScope>,
    owner: Option<Owner>,
    tier: Option<u16>,
    segments: Option<Vec<bool>>,
    /// By number of an account, whether its onboardings and its band are as asked.
    accounts: Option<Vec<bool>>,
    /// Only MRR of this product.
    pub(crate) product: Option<ProductMatch>,
    /// Its number.
    pub(crate) product_number: Option<u32>,
    /// Something was named that no account can have.
    nothing: bool,
}

impl Selection {
    pub(crate) fn of(filter: &Filter, book: &Book, boards: Boards<'_>, as_of: AsOf) -> Self {
        let directory = book.directory();
        let team = filter.team.map(|team| directory.team(team));
        let owner = filter.owner.map(|owner| match owner {
            OwnerFilter::User(user) => directory.user(user).map(Owner::user),
            OwnerFilter::Pool(team) => directory.team(team).map(Owner::pool),
        });
        let tier = filter.tier.as_ref().map(|tier| book.tiers().find(tier));
        let product = filter
            .product
            .as_ref()
            .map(|product| book.products().find(product));
        let nothing = team == Some(None)
            || owner == Some(None)
            || tier == Some(None)
            || product == Some(None);
        Self {
            scope: team.flatten().map(|team| directory.owners_in(team, as_of)),
            owner: owner.flatten(),
            tier: tier
                .flatten()
                .map(|tier| u16::try_from(tier).unwrap_or(u16::MAX)),
            segments: segments(filter, book),
            accounts: accounts(filter, book, boards, as_of),
            product: product.flatten().map(|product| book.product_match(product)),
            product_number: product.flatten(),
            nothing,
        }
    }

    /// Whether all that an account with these products has is of the product, if one is given.
    #[inline]
    pub(crate) fn has_all_in_product(&self, products: u16) -> bool {
        self.product
            .as_ref()
            .is_none_or(|product| product.is_all_of(products))
    }

    /// Whether it may be that only a part is, as the account has other products as well.
    #[inline]
    pub(crate) fn may_have_part(&self, products: u16) -> bool {
        self.product
            .as_ref()
            .is_some_and(|product| product.is_part_of(products))
    }

    /// Strikes out the rows that the filter does not leave, condition by condition, so that each
    /// runs over one column.
    pub(crate) fn mark(&self, columns: &Columns<'_>, selected: &mut [bool]) {
        if self.nothing {
            selected.fill(false);
        }
        if let Some(asked) = self.tier {
            for (selected, tier) in selected.iter_mut().zip(columns.tiers()) {
                *selected &= *tier == asked;
            }
        }
        if let Some(asked) = self.owner {
            for (selected, owner) in selected.iter_mut().zip(columns.owners()) {
                *selected &= *owner == asked;
            }
        }
        if let Some(segments) = &self.segments {
            for (selected, segment) in selected.iter_mut().zip(columns.segments()) {
                *selected &= segments[*segment as usize];
            }
        }
        if let Some(asked) = &self.accounts {
            let asked = &asked[columns.first() as usize..];
            for (selected, is_asked) in selected.iter_mut().zip(asked) {
                *selected &= *is_asked;
            }
        }
        if let Some(scope) = &self.scope {
            for (selected, owner) in selected.iter_mut().zip(columns.owners()) {
                *selected &= scope.contains(*owner);
            }
        }
    }

    /// Whether the filter leaves an account, apart from its products.
    #[inline]
    pub(crate) fn includes(&self, account: AccountIx, row: &Row) -> bool {
        self.includes_account(account, row.owner, row.tier, row.segment)
    }

    /// The same for an account whose attributes are known.
    #[inline]
    pub(crate) fn includes_account(
        &self,
        account: AccountIx,
        owner: Owner,
        tier: u16,
        segment: u32,
    ) -> bool {
        !self.nothing
            && self.tier.is_none_or(|asked| asked == tier)
            && self.owner.is_none_or(|asked| asked == owner)
            && self
                .accounts
                .as_ref()
                .is_none_or(|asked| asked[account.0 as usize])
            && self
                .segments
                .as_ref()
                .is_none_or(|segments| segments[segment as usize])
            && self
                .scope
                .as_ref()
                .is_none_or(|scope| scope.contains(owner))
    }
}

/// By number of an account, whether the filter leaves it; `None` where it looks at neither
/// onboardings nor bands.
fn accounts(filter: &Filter, book: &Book, boards: Boards<'_>, as_of: AsOf) -> Option<Vec<bool>> {
    let onboarding = filter
        .onboarding
        .map(|asked| boards.onboardings.accounts(book, as_of, asked));
    let band = filter
        .band
        .map(|asked| boards.health.accounts(book, as_of, asked));
    match (onboarding, band) {
        (Some(mut both), Some(band)) => {
            for (left, other) in both.iter_mut().zip(band) {
                *left &= other;
            }
            Some(both)
        }
        (one, other) => one.or(other),
    }
}

/// By number of a segment, whether the filter leaves it; `None` where it does not look at any.
fn segments(filter: &Filter, book: &Book) -> Option<Vec<bool>> {
    let Filter {
        region,
        industry,
        sales_channel,
        ..
    } = filter;
    if region.is_none() && industry.is_none() && sales_channel.is_none() {
        return None;
    }
    let segments = book.segments();
    // A name that no account has matches no number.
    let number = |name: &Option<String>, names: &keizoku_revenue::store::Names| {
        name.as_ref()
            .map(|name| names.find(name).unwrap_or(u32::MAX))
    };
    let region = number(region, &segments.regions);
    let industry = number(industry, &segments.industries);
    let channel = number(sales_channel, &segments.channels);
    let is_left = |segment: &keizoku_revenue::Segment| {
        region.is_none_or(|region| region == segment.region)
            && industry.is_none_or(|industry| industry == segment.industry)
            && channel.is_none_or(|channel| channel == segment.channel)
    };
    Some(segments.all().iter().map(is_left).collect())
}
