//! What customers do and say, week by week: it goes down before most of those who leave do (HLT-1).

use jiff::Timestamp;
use jiff::tz::TimeZone;
use keizoku_core::{Day, Month};
use keizoku_proto::healthscore::SignalKind;

use super::chance::Chance;
use super::companies::Tier;
use super::contracts::MAIN;
use super::course::{Course, Fate, Window};
use super::onboardings::Onboarding;
use super::words;

/// A signal, without the account that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signal {
    pub(super) kind: SignalKind,
    pub(super) subject: &'static str,
    pub(super) value: i64,
    pub(super) at: Timestamp,
    pub(super) source: &'static str,
    pub(super) key: String,
    pub(super) text: &'static str,
    pub(super) target: Option<Day>,
}

/// Whom the signals are about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) seed: u64,
    pub(super) number: usize,
    pub(super) tier: Tier,
    pub(super) course: &'a Course,
    pub(super) onboarding: &'a Onboarding,
}

/// Hour of the day, UTC: noon in Japan.
const HOUR: i8 = 3;
const DAYS_OF_WEEK: i32 = 7;

/// The months of a period, the last first.
pub(super) fn months(window: Window) -> impl Iterator<Item = Month> {
    let (first, mut month) = (window.first.month(), window.last.month().plus(1));
    std::iter::from_fn(move || {
        month = month.plus(-1);
        (month >= first).then_some(month)
    })
}

/// The signals of a customer in a month.
pub(super) fn in_month(subject: Subject<'_>, month: Month, window: Window) -> Vec<Signal> {
    let Subject { course, .. } = subject;
    let number = subject.number as u64 * 4_096 + u64::from(month.number());
    let mut chance = Chance::of(subject.seed, "signals", number);
    let first = month
        .first_day()
        .max(window.first)
        .max(course.start.plus_days(1));
    // Weeks are counted from the end: the last one is as fresh as can be.
    let last = window.last.plus_days(-1);
    let until = month.last_day().min(course.until(window)).min(last);
    let until = until.min(last.plus_days(-silent_days(subject.number, course.fate)));
    let mut told = Teller {
        subject,
        chance: &mut chance,
        signals: Vec::new(),
    };
    told.onboarding(month, last);
    let ahead = last.days_since(until).rem_euclid(DAYS_OF_WEEK);
    let mut day = until.plus_days(ahead - DAYS_OF_WEEK * i32::from(ahead > 0));
    while day >= first && day <= until {
        told.week(day);
        let weeks_ago = last.days_since(day) / DAYS_OF_WEEK;
        told.occasionally(
            day,
            weeks_ago + i32::try_from(subject.number % 13).unwrap_or(0),
        );
        day = day.plus_days(-DAYS_OF_WEEK);
    }
    told.signals
}

/// For how many days nothing has been heard of a customer: of a few of those who do well, because something on the way
/// broke (FC-10).
fn silent_days(number: usize, fate: Fate) -> i32 {
    const SILENT: i32 = 45;
    SILENT * i32::from(fate == Fate::Steady && number % 20 == 7)
}

struct Teller<'a> {
    subject: Subject<'a>,
    chance: &'a mut Chance,
    signals: Vec<Signal>,
}

impl Teller<'_> {
    fn tell(
        &mut self,
        day: Day,
        kind: SignalKind,
        value: i64,
        source: &'static str,
    ) -> &mut Signal {
        let at = day.date().at(HOUR, 0, 0, 0).to_zoned(TimeZone::UTC);
        let signal = Signal {
            kind,
            subject: "",
            value,
            at: at.map_or(Timestamp::UNIX_EPOCH, |at| at.timestamp()),
            source,
            key: format!("{day}-{}", kind.as_str_name()),
            text: "",
            target: None,
        };
        let place = self.signals.len();
        self.signals.push(signal);
        &mut self.signals[place]
    }

    /// How the onboarding went.
    fn onboarding(&mut self, month: Month, last: Day) {
        let Subject { onboarding, .. } = self.subject;
        let is_now = |day: Day| day.month() == month && day <= last;
        for (day, done) in onboarding.progress.iter().filter(|(day, _)| is_now(*day)) {
            let signal = self.tell(*day, SignalKind::OnboardingState, *done, "crm");
            signal.subject = MAIN;
            signal.target = Some(onboarding.target);
            // Several phases may be left on one day.
            signal.key = format!("{day}-onboarding-{done}");
        }
        for (day, gap) in onboarding.rated().filter(|(day, _)| is_now(*day)) {
            self.tell(day, SignalKind::ExpectationGap, i64::from(gap), "crm");
        }
    }

    /// What the product and the help desk count.
    fn week(&mut self, day: Day) {
        let Subject { tier, course, .. } = self.subject;
        let well = (course.wellness(day) + self.chance.between(-6, 6)).max(0);
        let expected = expected(tier, day.days_since(course.start));
        let active = (expected * well + 50) / 100;
        let sign_ins = active * self.chance.between(36, 46) / 10;
        let tickets = ((100 - well) / 11).max(0) + self.chance.between(0, 2);
        self.tell(day, SignalKind::ActiveUsers, active, "app");
        self.tell(day, SignalKind::SignIns, sign_ins, "app");
        self.tell(day, SignalKind::SupportTickets, tickets, "helpdesk");
    }

    /// What comes now and then; `turn` is another one each week.
    fn occasionally(&mut self, day: Day, turn: i32) {
        let Subject { tier, course, .. } = self.subject;
        let well = course.wellness(day);
        if turn % 4 == 0 {
            let use_of = expected(tier, day.days_since(course.start)) * well / 60;
            for (place, feature) in ["投稿", "サーベイ"].into_iter().enumerate() {
                let value = use_of / i64::try_from(place + 1).unwrap_or(1);
                let signal = self.tell(day, SignalKind::FeatureUse, value, "app");
                signal.subject = feature;
                signal.key = format!("{day}-feature-{place}");
            }
            let contents = (well * 4 / 100).min(5);
            self.tell(day, SignalKind::ContentAttendance, contents, "academy");
            self.tell(
                day,
                SignalKind::SeminarAttendance,
                i64::from(well > 55),
                "academy",
            );
        }
        if tier != Tier::Smb && turn % 6 == 0 {
            let pulse = (1 + (well.min(100) * 4 + 30) / 100).clamp(1, 5);
            self.tell(day, SignalKind::CsmPulse, pulse, "csm");
        }
        if turn % 13 == 0 {
            let nps = (well * 2 - 110 + self.chance.between(-15, 15)).clamp(-100, 100);
            self.tell(day, SignalKind::Nps, nps, "survey");
            let said = if well > 55 {
                words::PRAISE
            } else {
                words::COMPLAINTS
            };
            let text = self.chance.pick(&said);
            let sentiment = (well * 2 - 100).clamp(-100, 100);
            self.tell(day, SignalKind::VoiceOfCustomer, sentiment, "survey")
                .text = text;
        }
    }
}

/// Active users that one expects of a customer: few at first, all after half a year.
fn expected(tier: Tier, age: i32) -> i64 {
    let all = match tier {
        Tier::Enterprise => 300,
        Tier::Mid => 60,
        Tier::Smb => 10,
    };
    (all * i64::from(age.clamp(0, 180)) / 180).max(1)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::course::{Fate, fates};
    use super::super::onboardings::onboarding;
    use super::*;

    fn window() -> Window {
        let last: Day = "2026-11-22".parse().unwrap();
        Window {
            first: last.plus_days(-730),
            last,
        }
    }

    /// Every signal of a customer.
    fn all(number: usize, fate: Fate) -> (Course, Vec<Signal>) {
        let course = Course::of(7, number, fate, window());
        let onboarding = onboarding(7, number, &course, window());
        let (seed, tier) = (7, Tier::Mid);
        let subject = Subject {
            seed,
            number,
            tier,
            course: &course,
            onboarding: &onboarding,
        };
        let signals = months(window()).flat_map(|month| in_month(subject, month, window()));
        let signals = signals.collect();
        (course, signals)
    }

    #[test]
    fn hlt_1_signals_lie_in_their_time_and_keys_are_unique() {
        for (number, fate) in fates(7, 200).into_iter().enumerate() {
            let (course, signals) = all(number, fate);
            assert_eq!(signals, all(number, fate).1);
            let mut keys = HashSet::new();
            for signal in &signals {
                let day = Day::of(signal.at, &TimeZone::get("Asia/Tokyo").unwrap());
                assert!(
                    day >= course.start && day < window().last,
                    "{signal:?} {course:?}"
                );
                assert!(
                    keys.insert((signal.source, signal.key.clone())),
                    "{signal:?}"
                );
            }
            let of_users = signals
                .iter()
                .filter(|one| one.kind == SignalKind::ActiveUsers);
            let until = window().last.plus_days(-silent_days(number, fate));
            let until = course.until(window()).min(until);
            let weeks = until.days_since(course.start.max(window().first)) / 7;
            let count = i32::try_from(of_users.count()).unwrap();
            assert!(
                (weeks - 1..=weeks + 1).contains(&count),
                "{count} of {weeks}"
            );
        }
    }

    #[test]
    fn use_goes_down_before_the_end() {
        let (course, signals) = all(3, Fate::Left);
        let mean = |from: Day, until: Day| {
            let of_time = signals.iter().filter(|one| {
                let day = Day::of(one.at, &TimeZone::UTC);
                one.kind == SignalKind::ActiveUsers && day >= from && day < until
            });
            let values: Vec<i64> = of_time.map(|one| one.value).collect();
            values.iter().sum::<i64>() / i64::try_from(values.len().max(1)).unwrap()
        };
        let (end, from) = (course.end.unwrap(), course.worse_from.unwrap());
        let before = mean(from.plus_days(-60), from);
        assert!(before > 3 * mean(end.plus_days(-30), end), "{before}");
    }
}
