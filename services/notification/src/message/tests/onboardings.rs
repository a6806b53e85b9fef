//! What people receive about onboardings.

use keizoku_proto::notification::Message;
use keizoku_proto::onboarding::{Destination, StallCause};
use uuid::Uuid;

use super::super::template::{self, About, Left, Responsible, Stalled, Writer};
use super::{customer, day, hanako};

pub(super) fn messages(writer: &Writer) -> Vec<(&'static str, Message)> {
    let about = || About {
        customer: customer(),
        product: "Core".to_owned(),
        path: format!(
            "accounts/{}/onboardings/{}",
            customer().id,
            Uuid::from_u128(3)
        ),
        owner: hanako(),
    };
    let stalled = Stalled {
        since: Some(day("2026-11-25")),
        cause: StallCause::NoContact,
        times: 2,
        last_contact: Some(day("2026-11-10")),
    };
    let left = |dormant| Left {
        date: Some(day("2026-11-25")),
        last_contact: None,
        destination: Destination::RenewalSales,
        dormant,
    };
    let csm = Responsible::User("users/kimura".to_owned());
    let won = Some(day("2026-11-24"));
    let felt = "申請が半日で終わるようになった";
    vec![
        (
            "hand-off-requested",
            template::hand_off_requested(writer, &about(), won, &csm),
        ),
        (
            "onboarding-stalled",
            template::onboarding_stalled(writer, &about(), &stalled),
        ),
        (
            "onboarding-returned",
            template::onboarding_returned(writer, &about(), &left(false)),
        ),
        (
            "onboarding-dormant",
            template::onboarding_returned(writer, &about(), &left(true)),
        ),
        (
            "onboarding-completed",
            template::onboarding_completed(writer, &about(), won, felt),
        ),
    ]
}
