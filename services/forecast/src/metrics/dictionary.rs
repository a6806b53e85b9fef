/// One entry of the metric dictionary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Definition {
    /// Id.
    pub id: &'static str,
    /// Version.
    pub version: &'static str,
    /// Name in Japanese; 継続率 never stands alone.
    pub label_ja: &'static str,
    /// Name in English.
    pub label_en: &'static str,
    /// Formula of one month.
    pub month: &'static str,
    /// Formula of the trailing twelve months.
    pub trailing: &'static str,
    /// Edge cases.
    pub edge_cases: &'static str,
}

const SUM: &str = "sum of the 12 months";

/// The metric dictionary, in the order in which figures are answered.
///
/// `m(a,d)` is the MRR of account `a` at the end of local date `d`. Month M has the days F to L
/// (for the current month L is today); `o = m(a, F−1)`, `c = m(a, L)`, and `o12` is `o` of the
/// oldest of the 12 months M−11 to M.
pub const DEFINITIONS: [Definition; 15] = [
    entry(
        "opening_mrr",
        ["期首MRR", "Opening MRR"],
        ["Σ o", "Σ o12"],
        "What takes effect on F is not in it; equals the closing MRR of M−1 as known at the same instant.",
    ),
    entry(
        "new_mrr",
        ["新規MRR", "New MRR"],
        ["Σ c where o = 0, c > 0 and m(a,d) = 0 for every d < F", SUM],
        "A start and restart inside M is new.",
    ),
    entry(
        "reactivation_mrr",
        ["再開MRR", "Reactivation MRR"],
        ["Σ c where o = 0, c > 0 and m(a,d) > 0 for some d < F", SUM],
        "No grace period: late paperwork is corrected by backdating.",
    ),
    entry(
        "expansion_mrr",
        ["拡大MRR", "Expansion MRR"],
        ["Σ max(c − o, 0) where o > 0", SUM],
        "Includes price rises and cross-sell. Unknown before the first import.",
    ),
    entry(
        "contraction_mrr",
        ["縮小MRR", "Contraction MRR"],
        ["Σ (o − c) where o > c > 0", SUM],
        "One of several products ended: contraction, not churn. Unknown before the first import.",
    ),
    entry(
        "churn_mrr",
        ["解約MRR", "Churned MRR"],
        ["Σ o where o > 0, c = 0", SUM],
        "In the month of the effective date, not of the announcement; includes falling to 0 yen. \
         With a product filter it is product churn.",
    ),
    entry(
        "closing_mrr",
        ["期末MRR", "Closing MRR"],
        ["Σ c", "closing MRR of M"],
        "opening + new + reactivation + expansion − contraction − churn, per month and over 12.",
    ),
    entry(
        "gross_revenue_churn_rate",
        [
            "グロス収益チャーンレート(月次)",
            "Gross revenue churn rate (monthly)",
        ],
        [
            "(churn + contraction) ÷ opening",
            "Σ(churn + contraction) ÷ Σ opening over the 12: the average monthly rate",
        ],
        "Never annual; is not 1 − GRR of 12 months.",
    ),
    entry(
        "grr",
        ["売上継続率(GRR)", "Gross revenue retention (GRR)"],
        [
            "Σ min(o, c) over o > 0 ÷ opening",
            "Σ min(o12, c) over o12 > 0 ÷ Σ o12",
        ],
        "At most 1; the cohort is fixed at its start, and only its two ends count.",
    ),
    entry(
        "nrr",
        ["売上継続率(NRR)", "Net revenue retention (NRR)"],
        ["Σ c over o > 0 ÷ opening", "Σ c over o12 > 0 ÷ Σ o12"],
        "New customers never count; a member of the cohort that was lost and is back by L counts with c.",
    ),
    entry(
        "logo_retention",
        ["社数継続率", "Logo retention"],
        [
            "accounts with o > 0 and c > 0 ÷ accounts with o > 0",
            "the same with o12",
        ],
        "Accounts, not groups.",
    ),
    entry(
        "ltv",
        ["LTV(顧客生涯価値)", "Lifetime value"],
        [
            "the trailing figure at L",
            "(closing ÷ accounts with c > 0) × gross margin ÷ average monthly churn rate",
        ],
        "Rounded half-even to the yen once; the margin is the one in effect on L. No value without \
         margin, without loss, or with fewer than 12 complete months.",
    ),
    entry(
        "onboarding_completion_rate",
        ["オンボーディング完了率", "Onboarding completion rate"],
        [
            "onboardings with a target date in F to L that were completed on or before it ÷ all with \
             a target date in F to L",
            "sum of the numerators ÷ sum of the denominators of the 12 months",
        ],
        "The target date is the first plan's: the working days of its phases after the start; a \
         re-plan or hold does not move it. Stalled, returned, dormant and churned ones stay in the \
         denominator; a merged account's leave where the one that stays has one for the product. In the \
         current month only targets before today count.",
    ),
    entry(
        "onboardings_completed_to_date",
        [
            "完了済みオンボーディング数",
            "Onboardings completed to date",
        ],
        [
            "onboardings with a target date in the whole month that were completed by L, late ones too",
            SUM,
        ],
        "Stands beside the completion rate: in the current month also those whose target is ahead. \
         Late ones of earlier months count once they are completed by the last month's L.",
    ),
    entry(
        "at_risk_mrr",
        ["解約リスクMRR", "MRR at risk"],
        [
            "Σ m(a, L) over active accounts with an open LEADS_TO_CHURN risk at the end of L",
            "not defined",
        ],
        "Each account once; own MRR, not the group's.",
    ),
];

const fn entry(
    id: &'static str,
    [label_ja, label_en]: [&'static str; 2],
    [month, trailing]: [&'static str; 2],
    edge_cases: &'static str,
) -> Definition {
    Definition {
        id,
        version: "v1",
        label_ja,
        label_en,
        month,
        trailing,
        edge_cases,
    }
}
