//! That an account has churned, recorded when the first day without MRR came (RX-7).

use jiff::Timestamp;
use keizoku_core::{AccountId, Ctx, Day, Decider};
use keizoku_proto::accounts::AccountChurned;
use keizoku_proto::accounts::event::Kind;
use keizoku_runtime::Never;

/// What was recorded of an account's churn.
pub struct Churn;

/// The date came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrived {
    /// The account.
    pub account: AccountId,
    /// The first day without MRR.
    pub date: Day,
}

impl Decider for Churn {
    /// The date that was recorded last.
    type State = Option<Day>;
    type Command = Arrived;
    type Event = Kind;
    type Error = Never;

    fn decide(recorded: &Option<Day>, arrived: Arrived, _ctx: &Ctx) -> Result<Vec<Kind>, Never> {
        if *recorded == Some(arrived.date) {
            return Ok(Vec::new());
        }
        Ok(vec![Kind::AccountChurned(AccountChurned {
            account_id: arrived.account.to_string(),
            churn_date: Some(arrived.date.into()),
        })])
    }

    fn evolve(recorded: &mut Option<Day>, event: &Kind, _at: Timestamp) {
        if let Kind::AccountChurned(churned) = event {
            let date = keizoku_proto::optional_day(churned.churn_date.as_ref());
            *recorded = date.ok().flatten();
        }
    }
}

#[cfg(test)]
mod tests {
    use keizoku_core::Given;
    use uuid::Uuid;

    use super::*;
    use crate::testing::{ctx, day};

    fn arrived(date: &str) -> Arrived {
        Arrived {
            account: Uuid::from_u128(1).into(),
            date: day(date),
        }
    }

    #[test]
    fn rx_7_a_churn_is_recorded_once_and_another_one_again() {
        let churned = Given::<Churn>::nothing(ctx()).commands([arrived("2026-11-20")]);
        assert_eq!(churned.when(arrived("2026-11-20")), Ok(Vec::new()));
        // The account came back and left again.
        let again = churned.when(arrived("2027-03-01")).unwrap();
        assert!(matches!(&again[..], [Kind::AccountChurned(_)]));
    }
}
