//! What people receive about onboardings.

use keizoku_proto::notification::Message;
use keizoku_proto::onboarding::{CoachedTask, Destination, LocalizedText, StallCause};
use uuid::Uuid;

use super::super::template::{self, About, Coached, Left, Responsible, Stalled, Writer};
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
    let both = |ja: &str, en: &str| LocalizedText {
        ja: ja.to_owned(),
        en: en.to_owned(),
    };
    let coached = Coached {
        date: Some(day("2026-11-25")),
        message: both(
            "セミナー未参加で、申請がまだ使われていません。つまずきを聞いてください",
            "Nobody attended a seminar, and requests are not used yet: ask what holds them up",
        ),
        task: Some(CoachedTask {
            key: "coaching.unused_after_14_days".to_owned(),
            title: Some(both("最初の使い方を案内する", "Show a first use")),
            due_date: Some(day("2026-11-30").into()),
            ..CoachedTask::default()
        }),
    };
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
        (
            "onboarding-coached",
            template::onboarding_coached(writer, &about(), &coached),
        ),
    ]
}
