//! Line by line. Each change is made alone, from the state of the tables.

use keizoku_proto::forecast::{GetForecastResponse, Scenario};
use keizoku_proto::risk::{LeadsToChurn, RiskState};
use keizoku_testkit::day;

use super::example::{Example, TODAY, rows};

fn table(rows: &[(&str, i64, i64)]) -> Vec<(String, i64, i64)> {
    rows.iter()
        .map(|(key, mrr, ppm)| ((*key).to_owned(), *mrr, *ppm))
        .collect()
}

fn row(answer: &GetForecastResponse, key: &str) -> (i64, i64) {
    let found = rows(answer).into_iter().find(|(found, ..)| found == key);
    let (_, mrr, ppm) = found.unwrap_or_else(|| panic!("{key} is missing: {answer:?}"));
    (mrr, ppm)
}

fn opening(answer: &GetForecastResponse) -> i64 {
    answer.opening_mrr.as_ref().unwrap().minor_units
}

pub(crate) async fn fc_2_by_account_an_account_counts_once_in_the_month_of_its_renewal(
    example: Example,
) {
    let answer = example.forecast().answer().await;
    let expected = table(&[
        ("OVERDUE", 400_000, 80_000),
        ("2026-12", 300_000, 60_000),
        ("2027-03", 1_200_000, 240_000),
        ("UNKNOWN", 100_000, 20_000),
        ("TOTAL", 2_000_000, 400_000),
    ]);
    assert_eq!(rows(&answer), expected);
    let counts: Vec<_> = answer.buckets.iter().map(|bucket| bucket.count).collect();
    assert_eq!(counts, [1, 1, 2, 1]);
    assert_eq!(opening(&answer), 5_000_000);
    assert_eq!(answer.current_mrr.unwrap().minor_units, 5_000_000);
    assert_eq!((answer.active_accounts, answer.at_risk_accounts), (7, 5));
    assert_eq!(answer.on, Some(TODAY));
    assert!(!answer.stale);
}

pub(crate) async fn fc_3_by_group_a_group_counts_once_at_its_earliest_renewal(example: Example) {
    let answer = example.forecast().by_group().answer().await;
    let expected = table(&[
        ("OVERDUE", 400_000, 80_000),
        ("2026-12", 500_000, 100_000),
        ("2027-03", 1_000_000, 200_000),
        ("UNKNOWN", 100_000, 20_000),
        ("TOTAL", 2_000_000, 400_000),
    ]);
    assert_eq!(rows(&answer), expected);
    let counts: Vec<_> = answer.buckets.iter().map(|bucket| bucket.count).collect();
    assert_eq!(counts, [1, 1, 1, 1]);
}

pub(crate) async fn fc_4_a_team_has_its_accounts_over_the_whole_organisation_s_mrr(
    example: Example,
) {
    let answer = example.forecast().team(&example.east).answer().await;
    let expected = table(&[
        ("OVERDUE", 400_000, 80_000),
        ("2026-12", 300_000, 60_000),
        ("2027-03", 200_000, 40_000),
        ("UNKNOWN", 0, 0),
        ("TOTAL", 900_000, 180_000),
    ]);
    assert_eq!(rows(&answer), expected);
    assert_eq!(opening(&answer), 5_000_000);
}

pub(crate) async fn risk_2_the_impact_is_the_group_over_the_month_s_opening(example: Example) {
    let impact = example.risk("R1").await.group_mrr_impact.unwrap();
    assert_eq!((impact.numerator, impact.denominator), (500_000, 5_000_000));
    assert_eq!(impact.ppm, Some(100_000));
}

pub(crate) async fn risk_2_adding_up_the_raw_impacts_is_wrong(example: Example) {
    let mut sum = 0;
    for key in example.risks.keys() {
        let risk = example.risk(key).await;
        let counts =
            risk.state() == RiskState::Open && risk.leads_to_churn() == LeadsToChurn::LeadsToChurn;
        sum += risk
            .group_mrr_impact
            .and_then(|impact| impact.ppm)
            .filter(|_| counts)
            .unwrap_or(0);
    }
    assert_eq!(sum, 600_000);
    let answer = example.forecast().by_group().answer().await;
    assert_eq!(row(&answer, "TOTAL"), (2_000_000, 400_000));
}

pub(crate) async fn risk_3_the_closed_risk_r8_counts_nowhere(example: Example) {
    let closed = example.risk("R8").await;
    assert_eq!(closed.state(), RiskState::Closed);
    let everything = example.forecast().scenario(Scenario::UnknownAtPresent);
    let rows = everything.rows().await;
    assert!(rows.iter().all(|(key, ..)| key != "2027-06"), "{rows:?}");
}

pub(crate) async fn fc_1_r4_becomes_leads_to_churn(example: Example) {
    example.assess("R4", LeadsToChurn::LeadsToChurn).await;
    let answer = example.forecast().answer().await;
    assert_eq!(row(&answer, "2026-12"), (800_000, 160_000));
    assert_eq!(answer.at_risk_accounts, 6);
}

pub(crate) async fn fc_3_r3_is_closed_and_its_group_still_counts_whole(example: Example) {
    example.close("R3").await;
    let by_account = example.forecast().answer().await;
    assert_eq!(row(&by_account, "TOTAL"), (1_800_000, 360_000));
    let by_group = example.forecast().by_group().answer().await;
    assert_eq!(row(&by_group, "TOTAL"), (2_000_000, 400_000));
}

pub(crate) async fn fc_6_an_expansion_this_month_leaves_the_denominator_and_what_was_known(
    example: Example,
) {
    example.later();
    example.expand_a1(day(2026, 11, 10)).await;
    let now = example.forecast().answer().await;
    assert_eq!(row(&now, "2026-12"), (400_000, 80_000));
    assert_eq!(opening(&now), 5_000_000);
    let before = example.forecast().known_then().answer().await;
    assert_eq!(row(&before, "2026-12"), (300_000, 60_000));
    assert_eq!(before.on, Some(TODAY));
}

pub(crate) async fn fc_6_an_expansion_last_month_moves_the_denominator(example: Example) {
    example.later();
    example.expand_a1(day(2026, 10, 20)).await;
    let now = example.forecast().answer().await;
    assert_eq!(opening(&now), 5_100_000);
    assert_eq!(row(&now, "2026-12"), (400_000, 78_431));
    let before = example.forecast().known_then().answer().await;
    assert_eq!(opening(&before), 5_000_000);
}

pub(crate) async fn fc_6_on_the_first_of_december_the_denominator_is_december_s(example: Example) {
    let on = day(2026, 12, 1);
    let with_r4 = |on| {
        let question = example.forecast().scenario(Scenario::UnknownAtPresent);
        question.on(on).answer()
    };
    let december = with_r4(on).await;
    assert_eq!(december.on, Some(on));
    assert_eq!(opening(&december), 5_000_000);
    // A3 renews on the 15th: still ahead, so it is in December and not overdue.
    assert_eq!(row(&december, "2026-12"), (800_000, 160_000));
    assert_eq!(row(&december, "OVERDUE"), (400_000, 80_000));

    // An expansion in November is in December's opening, not in November's.
    example.later();
    example.expand_a1(day(2026, 11, 10)).await;
    let december = with_r4(on).await;
    assert_eq!(opening(&december), 5_100_000);
    let november = with_r4(TODAY).await;
    assert_eq!(opening(&november), 5_000_000);

    // The day after the 15th it is overdue; on the day itself it is not.
    let sixteenth = with_r4(day(2026, 12, 16)).await;
    assert_eq!(row(&sixteenth, "OVERDUE").0, 900_000);
    let fifteenth = with_r4(day(2026, 12, 15)).await;
    assert_eq!(row(&fifteenth, "OVERDUE").0, 400_000);
}

pub(crate) async fn gen_8_the_figures_are_the_same_after_a_restart(example: Example) {
    let before = example.forecast().by_group().answer().await;
    let example = example.restarted().await;
    let after = example.forecast().by_group().answer().await;
    assert_eq!(after, before);
}
