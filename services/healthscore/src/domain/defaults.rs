//! The scorecards of a new organisation, one per tier and one for the rest.
//!
//! They were in effect from the beginning, so they never change: history would be rewritten. Whoever
//! wants another publishes a new version.

use keizoku_proto::healthscore::{
    CurvePoint, JourneyPoint, Measure, MeasureKind, Scorecard, SignalKind, WhenStale,
};

/// Keys and scorecards.
pub(crate) fn scorecards() -> [(&'static str, Scorecard); 4] {
    [
        (
            "enterprise",
            touched("エンタープライズ / Enterprise", "Enterprise", 300),
        ),
        ("everyone", touched("その他 / Everyone else", "", 60)),
        ("mid", touched("ミッド / Mid", "Mid", 60)),
        ("smb", at_low_touch()),
    ]
}

/// For customers whom a CSM meets.
fn touched(display_name: &str, tier: &str, active_users: i64) -> Scorecard {
    Scorecard {
        display_name: display_name.to_owned(),
        tiers: if tier.is_empty() {
            Vec::new()
        } else {
            vec![tier.to_owned()]
        },
        measures: vec![
            onboarding(20),
            active(active_users, 25),
            sign_ins(active_users * 4, 10),
            measure(
                "expectation_gap",
                "期待値ギャップ",
                (MeasureKind::Relationship, SignalKind::ExpectationGap),
                10,
                &[(0, 100), (1, 70), (2, 30), (3, 0)],
                365,
            ),
            measure(
                "csm_pulse",
                "CSM の見立て",
                (MeasureKind::Relationship, SignalKind::CsmPulse),
                15,
                &[(1, 0), (3, 50), (5, 100)],
                90,
            ),
            measure(
                "nps",
                "NPS",
                (MeasureKind::Sentiment, SignalKind::Nps),
                10,
                &[(-100, 0), (0, 50), (50, 100)],
                180,
            ),
            tickets(10),
        ],
        unfinished_onboarding_cap: 60,
    }
}

/// For customers who help themselves: what they do says more than what anybody thinks.
fn at_low_touch() -> Scorecard {
    Scorecard {
        display_name: "スモール / SMB".to_owned(),
        tiers: vec!["SMB".to_owned()],
        measures: vec![
            onboarding(20),
            active(10, 30),
            sign_ins(40, 20),
            measure(
                "contents",
                "コンテンツ",
                (MeasureKind::Adoption, SignalKind::ContentAttendance),
                10,
                &[(0, 0), (3, 100)],
                90,
            ),
            measure(
                "seminars",
                "セミナー",
                (MeasureKind::Adoption, SignalKind::SeminarAttendance),
                10,
                &[(0, 30), (1, 100)],
                180,
            ),
            tickets(10),
        ],
        unfinished_onboarding_cap: 60,
    }
}

fn onboarding(weight: i32) -> Measure {
    let signal = (MeasureKind::Onboarding, SignalKind::OnboardingState);
    measure(
        "onboarding",
        "オンボーディング",
        signal,
        weight,
        &[(0, 20), (100, 100)],
        3_650,
    )
}

/// Active users along the journey: few at first, `expected` after half a year (HLT-4).
fn active(expected: i64, weight: i32) -> Measure {
    let signal = (MeasureKind::Adoption, SignalKind::ActiveUsers);
    let curve = [(0, 0), (50, 40), (100, 90), (120, 100)];
    Measure {
        journey: journey(expected),
        when_stale: WhenStale::Zero.into(),
        ..measure(
            "active_users",
            "アクティブユーザー",
            signal,
            weight,
            &curve,
            14,
        )
    }
}

fn sign_ins(expected: i64, weight: i32) -> Measure {
    let signal = (MeasureKind::Adoption, SignalKind::SignIns);
    let curve = [(0, 0), (100, 100)];
    Measure {
        journey: journey(expected),
        ..measure("sign_ins", "サインイン", signal, weight, &curve, 14)
    }
}

fn tickets(weight: i32) -> Measure {
    let signal = (MeasureKind::Support, SignalKind::SupportTickets);
    measure(
        "support_tickets",
        "サポート問い合わせ",
        signal,
        weight,
        &[(0, 100), (3, 70), (10, 0)],
        30,
    )
}

fn journey(expected: i64) -> Vec<JourneyPoint> {
    let stages = [(0, 1), (90, expected / 2), (180, expected)];
    stages
        .map(|(age_days, expected_value)| JourneyPoint {
            age_days,
            expected_value,
        })
        .into()
}

fn measure(
    key: &str,
    display_name: &str,
    (kind, signal): (MeasureKind, SignalKind),
    weight: i32,
    curve: &[(i64, i32)],
    stale_after_days: i32,
) -> Measure {
    Measure {
        key: key.to_owned(),
        display_name: display_name.to_owned(),
        kind: kind.into(),
        signal: signal.into(),
        weight,
        curve: curve
            .iter()
            .map(|(value, points)| CurvePoint {
                value: *value,
                points: *points,
            })
            .collect(),
        stale_after_days,
        when_stale: WhenStale::Drop.into(),
        ..Measure::default()
    }
}
