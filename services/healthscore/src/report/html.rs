//! The report as one file of HTML, which holds everything that it shows, and prints on A4.

use std::sync::LazyLock;

use keizoku_core::Day;
use keizoku_proto::healthscore::SignalKind;
use minijinja::{Environment, Value, context};

use super::{Declared, Goal, Report, Series};

/// The language of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Words {
    /// Japanese.
    Ja,
    /// English.
    En,
}

/// Height of the longest bar.
const HEIGHT: i64 = 60;
/// Width of a month.
const WIDTH: i64 = 24;

/// The layout; values are escaped because its name ends in `.html`.
static LAYOUT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    if let Err(error) = environment.add_template("report.html", include_str!("report.html")) {
        tracing::error!(%error, "the layout of reports cannot be read");
    }
    environment
});

impl Words {
    /// The language of this code; Japanese unless it is `en`.
    pub(crate) fn of(code: &str) -> Self {
        if code == "en" { Self::En } else { Self::Ja }
    }

    fn pick(self, ja: &'static str, en: &'static str) -> &'static str {
        match self {
            Self::Ja => ja,
            Self::En => en,
        }
    }

    fn kind(self, kind: SignalKind) -> &'static str {
        match kind {
            SignalKind::ActiveUsers => self.pick("アクティブユーザー", "Active users"),
            SignalKind::SignIns => self.pick("サインイン", "Sign-ins"),
            SignalKind::FeatureUse => self.pick("機能の利用", "Use of a feature"),
            SignalKind::ContentAttendance => self.pick("コンテンツの完了", "Contents completed"),
            SignalKind::SeminarAttendance => self.pick("セミナーへの参加", "Seminars attended"),
            SignalKind::Nps => "NPS",
            // What is for colleagues only.
            SignalKind::Unspecified
            | SignalKind::OnboardingState
            | SignalKind::ExpectationGap
            | SignalKind::VoiceOfCustomer
            | SignalKind::CsmPulse
            | SignalKind::SupportTickets => "",
        }
    }

    fn date(self, day: Day) -> String {
        let date = day.date();
        match self {
            Self::Ja => format!("{}年{}月{}日", date.year(), date.month(), date.day()),
            Self::En => day.to_string(),
        }
    }
}

/// The report as HTML.
pub(crate) fn render(report: &Report, words: Words) -> String {
    let goals: Vec<_> = report.goals.iter().map(|goal| shown(goal, words)).collect();
    let declared: Vec<_> = report.declared.iter().map(|one| met(one, words)).collect();
    let series: Vec<_> = report.series.iter().map(|one| drawn(one, words)).collect();
    let period = format!(
        "{} – {}",
        words.date(Day::from_ymd(report.year.into(), 1, 1).unwrap_or(Day::MIN)),
        words.date(report.until)
    );
    let values = context! {
        locale => words.pick("ja", "en"),
        title => words.pick("活用レポート", "What you achieved"),
        heading_goals => words.pick("目標と成果", "Goals, and what came of them"),
        heading_use => words.pick("ご利用状況", "How you use it"),
        no_goals => words.pick("この年に確認された目標はまだありません。", "No goals were confirmed in this year yet."),
        no_use => words.pick("この年のご利用データはまだありません。", "There are no figures of this year yet."),
        heading_declared => words.pick("宣言した活用", "What you declared"),
        feature => words.pick("使いたい機能", "Feature"),
        due => words.pick("いつまでに", "By when"),
        use_of => words.pick("利用 (宣言時 → 現在)", "Use (then → now)"),
        outcome => words.pick("結果", "Outcome"),
        declared => declared,
        wanted => words.pick("実現したいこと", "What you wanted"),
        monthly => words.pick("各月の最後の値", "the last value of each month"),
        customer => report.customer.as_str(),
        width => WIDTH * 12,
        height => HEIGHT + 32,
        baseline => HEIGHT + 14,
        label => HEIGHT + 26,
        period => period,
        goals => goals,
        series => series,
    };
    let layout = LAYOUT.get_template("report.html");
    let rendered = layout.and_then(|layout| layout.render(values));
    rendered.unwrap_or_else(|error| {
        tracing::error!(%error, "a report cannot be rendered");
        String::new()
    })
}

fn shown(goal: &Goal, words: Words) -> Value {
    let [issue, used, felt] = &goal.evidence;
    let evidence = [
        (words.pick("課題の設定", "The issue"), issue),
        (words.pick("活用", "The use"), used),
        (words.pick("効果の実感", "The effect"), felt),
    ];
    let evidence: Vec<_> = evidence
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(label, text)| context! { label => label, text => text.as_str() })
        .collect();
    let completed = goal.completed.map(|day| words.date(day));
    let completed = completed.map(|day| match words {
        Words::Ja => format!("{day} 完了"),
        Words::En => format!("completed {day}"),
    });
    let in_progress = words.pick("進行中", "in progress").to_owned();
    let start = goal.start.map(|day| words.date(day));
    let dates = [start, Some(completed.unwrap_or(in_progress))];
    let dates: Vec<String> = dates.into_iter().flatten().collect();
    context! {
        product => goal.product.as_str(),
        wanted => goal.wanted.as_str(),
        dates => dates.join(" – "),
        evidence => evidence,
    }
}

fn met(declared: &Declared, words: Words) -> Value {
    let outcome = declared.found.as_ref().map(|found| {
        if found.met {
            words.pick("達成", "met")
        } else {
            words.pick("継続中", "goes on")
        }
    });
    let found = declared.found.clone().unwrap_or_default();
    let value = |value: Option<i64>| value.map_or_else(|| "–".to_owned(), |it| it.to_string());
    let [then, now] = declared.used.map(value);
    context! {
        feature => declared.feature.as_str(),
        looks_like => declared.looks_like.as_str(),
        due => declared.due.map_or_else(String::new, |day| words.date(day)),
        used => format!("{then} → {now}"),
        outcome => outcome.unwrap_or(words.pick("進行中", "in progress")),
        is_met => found.met,
        date => found.date.map_or_else(String::new, |day| words.date(day)),
        found => found.used,
    }
}

fn drawn(series: &Series, words: Words) -> Value {
    let (kind, subject) = (words.kind(series.key.kind), &series.key.subject);
    let title = if subject.is_empty() {
        kind.to_owned()
    } else {
        format!("{kind}: {subject}")
    };
    let change = series
        .ends()
        .map(|(first, last)| format!("{first} → {last}"));
    // From the lowest value where one is below zero.
    let lowest = series.months.iter().flatten().copied().min().unwrap_or(0);
    let lowest = lowest.min(0);
    let range = (series.highest() - lowest).max(1);
    let bar = |(month, value): (i64, &Option<i64>)| {
        let above = value.map_or(0, |value| value - lowest);
        let height = i64::try_from(i128::from(above) * i128::from(HEIGHT) / i128::from(range));
        let height = height.unwrap_or(HEIGHT);
        context! {
            month => month,
            x => (month - 1) * WIDTH,
            y => HEIGHT + 14 - height,
            height => height,
            value => value.map_or_else(String::new, |value| value.to_string()),
        }
    };
    let bars: Vec<_> = (1..).zip(&series.months).map(bar).collect();
    context! {
        title => title,
        change => change.unwrap_or_default(),
        bars => bars,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Found;
    use super::*;
    use crate::scoring::SeriesKey;

    fn report(text: &str) -> Report {
        let mut months = [None; 12];
        (months[0], months[5]) = (Some(20), Some(-10));
        Report {
            customer: text.to_owned(),
            year: 2026,
            until: "2026-11-22".parse().unwrap(),
            goals: vec![Goal {
                product: text.to_owned(),
                wanted: text.to_owned(),
                start: "2026-04-01".parse().ok(),
                completed: "2026-07-31".parse().ok(),
                evidence: [text.to_owned(), String::new(), text.to_owned()],
            }],
            declared: vec![
                Declared {
                    feature: text.to_owned(),
                    due: "2026-06-30".parse().ok(),
                    looks_like: text.to_owned(),
                    found: Some(Found {
                        met: true,
                        date: "2026-06-20".parse().ok(),
                        used: text.to_owned(),
                    }),
                    used: [None, Some(80)],
                },
                Declared {
                    feature: text.to_owned(),
                    ..Declared::default()
                },
            ],
            series: vec![Series {
                key: SeriesKey {
                    kind: SignalKind::FeatureUse,
                    subject: text.to_owned(),
                },
                months,
            }],
        }
    }

    #[test]
    fn hlt_10_a_report_says_goals_dates_effect_and_use_in_both_languages_and_needs_no_other_file() {
        let ja = render(&report("緑川印刷"), Words::Ja);
        for said in [
            "緑川印刷",
            "2026年7月31日 完了",
            "効果の実感",
            "20 → -10",
            "機能の利用",
            "2026年6月30日",
            "達成",
            "2026年6月20日",
            "– → 80",
            "進行中",
        ] {
            assert!(ja.contains(said), "{said}: {ja}");
        }
        let en = render(&report("Midorikawa"), Words::En);
        for said in [
            "completed 2026-07-31",
            "The effect",
            "Use of a feature: Midorikawa",
            "What you declared",
            "in progress",
        ] {
            assert!(en.contains(said), "{said}: {en}");
        }
        for html in [&ja, &en] {
            assert!(html.contains("@page"), "it prints: {html}");
            for other in ["<link", "<script", "src=", "http:", "https:", "url("] {
                assert!(!html.contains(other), "{other}: {html}");
            }
        }
        let mut nothing = report("緑川印刷");
        (nothing.goals, nothing.series) = (Vec::new(), Vec::new());
        nothing.declared.clear();
        let nothing = render(&nothing, Words::Ja);
        assert!(nothing.contains("目標はまだありません"), "{nothing}");
        assert!(!nothing.contains("宣言した活用"), "{nothing}");
    }

    #[test]
    fn hlt_10_text_of_users_never_breaks_out() {
        let markup = |html: &str| html.matches(['<', '>', '"']).count();
        let harmless = markup(&render(&report("x"), Words::Ja));
        for hostile in [
            "</style><script>alert(1)</script>",
            "\"><img src=x>",
            "{{ zone }}",
        ] {
            let html = render(&report(hostile), Words::Ja);
            assert_eq!(markup(&html), harmless, "{html}");
        }
    }

    #[test]
    fn hlt_10_a_goal_is_of_the_years_in_which_it_was_worked_on() {
        let goal = report("x").goals.remove(0);
        assert_eq!(
            [2025, 2026, 2027].map(|year| goal.is_of(year)),
            [false, true, false]
        );
        let open = Goal {
            completed: None,
            ..goal
        };
        assert!(open.is_of(2027));
    }
}
