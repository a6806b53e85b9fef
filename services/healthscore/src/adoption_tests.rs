use keizoku_proto::healthscore::SignalKind;

use super::*;

fn tokyo() -> TimeZone {
    TimeZone::get("Asia/Tokyo").unwrap()
}

fn window(today: &str) -> Window {
    let (release, today) = ("2026-10-01".parse().unwrap(), today.parse().unwrap());
    Window::around(release, 30, today, &tokyo())
}

fn series(subject: &str) -> SeriesKey {
    SeriesKey {
        kind: SignalKind::FeatureUse,
        subject: subject.to_owned(),
    }
}

fn signal(value: i64, at: &str, place: u64) -> Signal {
    let occurred_at: Timestamp = at.parse().unwrap();
    Signal {
        series: series("申請"),
        value,
        occurred_at,
        recorded_at: occurred_at,
        place: (place, 0),
        target: None,
        source: String::new(),
        key: String::new(),
        text: String::new(),
    }
}

fn looked(before: Option<i64>, after: Option<i64>) -> Looked {
    Looked {
        tier: "Mid".to_owned(),
        churned: false,
        uses: vec![BeforeAfter { before, after }],
        band: BeforeAfter {
            before: Some(Band::Yellow),
            after: Some(Band::Green),
        },
    }
}

#[test]
fn hlt_9_days_around_a_release_are_local_and_end_today() {
    let whole = window("2026-10-31");
    let days = (whole.first.to_string(), whole.last.to_string());
    assert_eq!(days, ("2026-09-01".to_owned(), "2026-10-30".to_owned()));
    assert!(whole.is_complete, "its last day has passed");
    assert!(!window("2026-10-30").is_complete);
    let young = window("2026-10-05");
    assert_eq!(
        (young.last.to_string(), young.is_complete),
        ("2026-10-05".to_owned(), false)
    );
    let from: Timestamp = "2026-08-31T15:00:00Z".parse().unwrap();
    assert_eq!(whole.instants().0, from);
}

#[test]
fn hlt_9_a_value_is_the_last_of_its_days_and_other_series_do_not_count() {
    let at_the_border = "2026-09-30T15:00:00Z";
    let mut other = signal(99, "2026-10-20T00:00:00Z", 9);
    other.series = series("経費");
    let signals = [
        signal(8, "2026-08-31T14:59:59Z", 1), // too early
        signal(3, "2026-09-30T14:59:59Z", 2),
        signal(2, "2026-09-02T00:00:00Z", 3),
        signal(5, at_the_border, 4),
        signal(6, at_the_border, 5),
        signal(7, "2026-10-30T15:00:00Z", 6), // too late
        other,
    ];
    let of = |signals: &[Signal]| window("2026-12-01").values(signals.iter(), &series("申請"));
    let expected = BeforeAfter {
        before: Some(3),
        after: Some(6),
    };
    assert_eq!(of(&signals), expected);
    let reversed: Vec<Signal> = signals.iter().rev().cloned().collect();
    assert_eq!(of(&reversed), expected, "in any order");
    assert_eq!(of(&[]), BeforeAfter::default());
}

#[test]
fn hlt_9_use_before_and_after_adds_up_and_silence_is_no_use() {
    let mut segment = Segment::of(1);
    for (before, after) in [
        (None, Some(4)),
        (Some(0), Some(2)),
        (Some(10), Some(12)),
        (Some(3), Some(0)),
        (Some(7), None),
        (None, None),
    ] {
        segment.count(&looked(before, after));
    }
    let gone = Looked {
        churned: true,
        ..looked(Some(5), Some(5))
    };
    segment.count(&gone);
    let found = &segment.uses[0];
    assert_eq!((segment.accounts, segment.churned), (7, 1));
    assert_eq!((found.used.before, found.used.after), (4, 3));
    assert_eq!(
        (found.started, found.stopped),
        (2, 3),
        "whoever churned stopped"
    );
    assert_eq!(
        found.used.before + found.started - found.stopped,
        found.used.after
    );
    assert_eq!((found.silent.before, found.silent.after), (2, 2));
    let (compared, medians) = found.medians();
    assert_eq!(compared, 4);
    assert_eq!((medians.before, medians.after), (Some(5), Some(5)));
    assert_eq!(
        segment.bands.before,
        BTreeMap::from([(Some(Band::Yellow), 7)])
    );
    assert_eq!(
        segment.bands.after,
        BTreeMap::from([(Some(Band::Green), 6)])
    );
}

#[test]
fn hlt_9_bands_are_those_that_held_when_the_day_began_and_at_the_end() {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let changes = [
        (at("2026-08-01T00:00:00Z"), Some(Band::Red)),
        (at("2026-09-30T15:00:00Z"), Some(Band::Yellow)),
        (at("2026-10-30T15:00:00Z"), None),
    ];
    let window = window("2026-12-01");
    let expected = BeforeAfter {
        before: Some(Band::Red),
        after: Some(Band::Yellow),
    };
    assert_eq!(window.bands(&changes), expected);
    assert_eq!(window.bands(&[]), BeforeAfter::default());
}
