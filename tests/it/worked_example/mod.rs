//! The worked forecast: every line of the specification's example, on its own day.

pub(crate) mod example;
pub(crate) mod lines;

/// Every line as a test of its own, on the example as `$recorded` makes it.
macro_rules! every_line {
    ($recorded:path) => {
        $crate::worked_example::every_line! { $recorded =>
            fc_2_by_account_an_account_counts_once_in_the_month_of_its_renewal
            fc_3_by_group_a_group_counts_once_at_its_earliest_renewal
            fc_4_a_team_has_its_accounts_over_the_whole_organisation_s_mrr
            risk_2_the_impact_is_the_group_over_the_month_s_opening
            risk_2_adding_up_the_raw_impacts_is_wrong
            risk_3_the_closed_risk_r8_counts_nowhere
            fc_1_r4_becomes_leads_to_churn
            fc_3_r3_is_closed_and_its_group_still_counts_whole
            fc_6_an_expansion_this_month_leaves_the_denominator_and_what_was_known
            fc_6_an_expansion_last_month_moves_the_denominator
            fc_6_on_the_first_of_december_the_denominator_is_december_s
            gen_8_the_figures_are_the_same_after_a_restart
        }
    };
    ($recorded:path => $($line:ident)+) => {$(
        #[tokio::test]
        async fn $line() {
            $crate::worked_example::lines::$line($recorded().await).await;
        }
    )+};
}
pub(crate) use every_line;

every_line!(crate::worked_example::example::Example::on_its_day);
