//! Who is stuck, who cannot be reached, and when that comes (ONB-7): functions of facts, holidays and a
//! day.

use std::sync::Arc;

use keizoku_core::{Day, WorkingDays};
use keizoku_proto::onboarding::{Destination, Progress, StallCause, Standing, TaskParty};

use super::coached;
use super::onboarding::State;

/// What decides beside the onboarding itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Circumstances {
    /// The last two-way contact with the account.
    pub last_contact: Option<Day>,
    /// The last day on which somebody of the account attended a seminar, or signed in as far as signals tell.
    pub last_deed: Option<Day>,
    /// Whether what the customer does counts as contact: at low and tech touch.
    pub deeds_count: bool,
    /// Working days without contact from which on it is stalled.
    pub stalled_from: u32,
    /// Months without contact after which the customer is unreachable.
    pub unreachable_after_months: u32,
    /// Who then takes care of the customer.
    pub destination: Destination,
    /// On which days people work.
    pub working_days: Arc<WorkingDays>,
    /// What decides whether coaching rules hold; nothing where nobody looks for that.
    pub coaching: coached::Around,
    /// The day in question.
    pub on: Day,
}

/// Since when it is quiet, and in its phase; a relaunch begins both anew.
struct Since {
    contact: Option<Day>,
    quiet: Day,
    phase: Day,
}

impl Since {
    fn of(state: &State, around: &Circumstances) -> Option<Self> {
        let begun = state.start.max(state.relaunched())?;
        let deeds = last_deed(state, around.on).max(around.last_deed);
        let deeds = deeds.filter(|_| around.deeds_count);
        let contact = around.last_contact.max(deeds).filter(|day| *day >= begun);
        Some(Self {
            contact,
            quiet: contact.unwrap_or(begun),
            phase: state.course.phase_since().max(state.relaunched())?,
        })
    }
}

/// When an onboarding becomes stalled and unreachable, if nothing happens until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coming {
    /// Its first day as a stalled one.
    pub stalled: Day,
    /// Why it is.
    pub cause: StallCause,
    /// The first day on which the customer counts as unreachable.
    pub unreachable: Day,
}

/// When an onboarding becomes stalled and unreachable, or became so.
#[must_use]
pub fn coming(state: &State, around: &Circumstances) -> Option<Coming> {
    let since = Since::of(state, around)?;
    let expected = state.course.present()?.expected_working_days;
    let by_contact = first_day(state, since.quiet, around.stalled_from, around);
    let by_phase = first_day(state, since.phase, expected + 1, around);
    Some(Coming {
        stalled: by_contact.min(by_phase),
        cause: if by_contact <= by_phase {
            StallCause::NoContact
        } else {
            StallCause::PhaseTooLong
        },
        unreachable: unreachable(state, since.quiet, around)?,
    })
}

/// The day on which `count` working days have gone by since a day, without those in a hold.
fn first_day(state: &State, since: Day, count: u32, around: &Circumstances) -> Day {
    let (mut day, mut left) = (since, count);
    while left > 0 && day < Day::MAX {
        day = day.plus_days(1);
        let counts = around.working_days.includes(day) && state.held_on(day).is_none();
        left -= u32::from(counts);
    }
    day
}

/// The first day on which the customer counts as unreachable: days in a hold come on top.
fn unreachable(state: &State, since: Day, around: &Circumstances) -> Option<Day> {
    let without_holds = since.plus_months(around.unreachable_after_months)?;
    Some(later_by_holds(state, since, without_holds))
}

/// A day after `since`, later by the days in a hold that lie between.
pub(super) fn later_by_holds(state: &State, since: Day, without_holds: Day) -> Day {
    let mut day = without_holds;
    loop {
        let later = without_holds.plus_days(held_days(state, since, day));
        if later <= day {
            return day;
        }
        day = later;
    }
}

/// How an onboarding gets on; `None` once it is completed, or ended with its account.
#[must_use]
pub fn progress(state: &State, around: &Circumstances) -> Option<Progress> {
    let on = around.on;
    if state.completion.is_some() || state.ended.is_some() {
        return None;
    }
    let Since {
        contact,
        quiet: quiet_since,
        phase: phase_since,
    } = Since::of(state, around)?;
    let quiet = working_days(state, quiet_since, around);
    let in_phase = working_days(state, phase_since, around);
    let expected = state.course.present()?.expected_working_days;
    let unreachable = quiet_since
        .plus_months(around.unreachable_after_months)
        .map(|day| day.plus_days(held_days(state, quiet_since, on)));
    let overdue_tasks = overdue(state, around);
    let standing = if state.hand_back.is_some() {
        if state.dormant {
            Standing::Dormant
        } else {
            Standing::Unreachable
        }
    } else if state.held_on(on).is_some() {
        Standing::OnTrack
    } else if unreachable.is_some_and(|day| day <= on) {
        Standing::Unreachable
    } else if quiet >= around.stalled_from || in_phase > expected {
        Standing::Stalled
    } else if overdue_tasks.is_empty() {
        Standing::OnTrack
    } else {
        Standing::Late
    };
    Some(Progress {
        standing: standing.into(),
        last_contact_date: contact.map(Into::into),
        quiet_working_days: quiet,
        stalled_from_working_days: around.stalled_from,
        phase_working_days: in_phase,
        unreachable_from_date: unreachable.map(Into::into),
        overdue_tasks,
    })
}

/// The last day on which the customer did one of its tasks.
fn last_deed(state: &State, on: Day) -> Option<Day> {
    let by_customer = state
        .course
        .tasks
        .iter()
        .filter(|(key, _)| state.party_of(key) == Some(TaskParty::Customer));
    let days = by_customer.filter_map(|(_, done)| done.date);
    days.filter(|day| *day <= on).max()
}

/// Working days after `since` up to the day in question, without those in a hold.
fn working_days(state: &State, since: Day, around: &Circumstances) -> u32 {
    let all = around.working_days.between(since, around.on);
    let paused = state.holds.iter().map(|hold| {
        let before = since.max(hold.from.plus_days(-1));
        around
            .working_days
            .between(before, around.on.min(hold.until))
    });
    all.saturating_sub(paused.sum())
}

/// Calendar days of holds after `since`, up to `on`.
fn held_days(state: &State, since: Day, on: Day) -> i32 {
    let days = state.holds.iter().map(|hold| {
        let before = since.max(hold.from.plus_days(-1));
        on.min(hold.until).days_since(before).max(0)
    });
    days.sum()
}

/// Keys of the tasks that should have been done, of the present phase and of those before it.
fn overdue(state: &State, around: &Circumstances) -> Vec<String> {
    let open = state.course.open(&around.working_days);
    let overdue = open.filter(|(_, _, due)| *due < around.on);
    let coached = state.coached.iter().filter_map(|held| held.task.as_ref());
    let coached = coached.filter(|task| {
        let due = keizoku_proto::optional_day(task.due_date.as_ref());
        due.ok().flatten().is_some_and(|due| due < around.on)
    });
    let coached = coached.map(|task| &task.key);
    let coached = coached.filter(|key| !state.course.tasks.contains_key(*key));
    overdue
        .map(|(_, task, _)| &task.key)
        .chain(coached)
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use keizoku_core::Given;
    use keizoku_proto::onboarding::{OnboardingStarted, Plan};

    use super::*;
    use crate::domain::onboarding::{Command, Onboarding};
    use crate::template_file;
    use crate::testing::{ctx, day};

    /// Begun on Monday, 2 November 2026; the third is a holiday, and so is the 23rd.
    fn running(commands: Vec<Command>) -> State {
        let shipped = template_file::shipped().unwrap();
        let start = OnboardingStarted {
            onboarding_id: "o".to_owned(),
            plan: Some(Plan {
                phases: shipped.phases,
                ..Plan::default()
            }),
            start_date: Some(day("2026-11-02").into()),
            ..OnboardingStarted::default()
        };
        let given = Given::<Onboarding>::nothing(ctx()).commands([Command::Start(start)]);
        given.commands(commands).state().clone()
    }

    struct Asked {
        contact: Option<&'static str>,
        deed: Option<&'static str>,
        deeds_count: bool,
        stalled_from: u32,
    }

    const ASKED: Asked = Asked {
        contact: None,
        deed: None,
        deeds_count: false,
        stalled_from: 10,
    };

    fn on(date: &str, state: &State, asked: &Asked) -> Progress {
        let around = Circumstances {
            last_contact: asked.contact.map(day),
            last_deed: asked.deed.map(day),
            deeds_count: asked.deeds_count,
            stalled_from: asked.stalled_from,
            unreachable_after_months: 3,
            destination: Destination::Sales,
            working_days: Arc::default(),
            coaching: coached::Around::default(),
            on: day(date),
        };
        let progress = progress(state, &around).unwrap();
        agrees(state, &around, progress.standing());
        progress
    }

    /// The days on which things are to come say the same as the figures of any day.
    fn agrees(state: &State, around: &Circumstances, standing: Standing) {
        let coming = coming(state, around).unwrap();
        let on = around.on;
        let held = state.held_on(on).is_some();
        let unreachable = !held && coming.unreachable <= on;
        assert_eq!(standing == Standing::Unreachable, unreachable, "{coming:?}");
        let stalled = !held && !unreachable && coming.stalled <= on;
        assert_eq!(standing == Standing::Stalled, stalled, "{coming:?}");
    }

    fn done(task: &str) -> Command {
        Command::CompleteTask {
            task: task.to_owned(),
            date: None,
            note: String::new(),
        }
    }

    #[test]
    fn onb_7_it_is_stalled_after_working_days_without_contact_and_holidays_are_none() {
        let state = running(vec![done("read_hand_off")]);
        // 4, 5, 6, 9 to 13, 16: nine working days; the tenth is the 17th.
        let before = on("2026-11-16", &state, &ASKED);
        assert_eq!(before.quiet_working_days, 9);
        assert_eq!(before.standing(), Standing::Late, "its kickoff is overdue");
        let then = on("2026-11-17", &state, &ASKED);
        assert_eq!(then.quiet_working_days, 10);
        assert_eq!(then.standing(), Standing::Stalled);
        let contact = Asked {
            contact: Some("2026-11-10"),
            stalled_from: 15,
            ..ASKED
        };
        let spoken = on("2026-11-17", &state, &contact);
        assert_eq!(spoken.quiet_working_days, 5);
        assert_eq!(spoken.last_contact_date, Some(day("2026-11-10").into()));
        let earlier = Asked {
            contact: Some("2026-10-01"),
            ..ASKED
        };
        let counted = on("2026-11-17", &state, &earlier).quiet_working_days;
        assert_eq!(counted, 10, "contact before it began is none");
    }

    #[test]
    fn onb_7_a_phase_over_its_expected_duration_is_stalled_whoever_was_spoken_to() {
        let state = running(vec![done("read_hand_off")]);
        let yesterday = |contact| Asked {
            contact: Some(contact),
            ..ASKED
        };
        let full = on("2026-11-17", &state, &yesterday("2026-11-16"));
        assert_eq!(
            (full.phase_working_days, full.standing()),
            (10, Standing::Late)
        );
        let over = on("2026-11-18", &state, &yesterday("2026-11-17"));
        assert_eq!(over.standing(), Standing::Stalled);
    }

    #[test]
    fn onb_7_a_hold_pauses_the_clock() {
        let hold = Command::Hold {
            until: day("2026-12-04"),
            reason: "決算".to_owned(),
        };
        let state = running(vec![hold]);
        // Held from the 24th on; before it, 13 working days went by.
        let last_day = on("2026-12-04", &state, &ASKED);
        assert_eq!(
            (last_day.standing(), last_day.quiet_working_days),
            (Standing::OnTrack, 13)
        );
        let over = on("2026-12-07", &state, &ASKED);
        assert_eq!(
            (over.standing(), over.quiet_working_days),
            (Standing::Stalled, 14)
        );
        let from = over
            .unreachable_from_date
            .map(|date| keizoku_proto::day(&date));
        assert_eq!(from, Some(Ok(day("2027-02-13"))), "eleven days later");
    }

    #[test]
    fn onb_7_unreachable_is_three_months_clamped_at_the_end_of_the_month() {
        let state = running(Vec::new());
        let contact = Asked {
            contact: Some("2026-11-30"),
            ..ASKED
        };
        let before = on("2027-02-27", &state, &contact);
        assert_eq!(before.standing(), Standing::Stalled);
        let then = on("2027-02-28", &state, &contact);
        assert_eq!(then.standing(), Standing::Unreachable);
        assert_eq!(
            on("2027-02-01", &state, &ASKED).standing(),
            Standing::Stalled
        );
        assert_eq!(
            on("2027-02-02", &state, &ASKED).standing(),
            Standing::Unreachable
        );
    }

    #[test]
    fn onb_7_at_low_touch_what_the_customer_did_counts() {
        let go = Command::Move {
            phase: "operation".to_owned(),
            reason: "先に決まった".to_owned(),
            date: Some(day("2026-11-16")),
        };
        let state = running(vec![go, done("decide_operation")]);
        let low = Asked {
            deeds_count: true,
            ..ASKED
        };
        let last = |asked: &Asked| on("2026-11-25", &state, asked).last_contact_date;
        assert_eq!(last(&low), Some(day("2026-11-24").into()));
        assert_eq!(last(&ASKED), None);
        let on_the_day_before = on("2026-11-23", &state, &low);
        assert_eq!(on_the_day_before.last_contact_date, None);
    }
    #[test]
    fn onb_7_at_low_touch_a_seminar_is_contact() {
        let state = running(vec![done("read_hand_off")]);
        let attended = |deeds_count| Asked {
            deed: Some("2026-11-16"),
            deeds_count,
            ..ASKED
        };
        let low = on("2026-11-17", &state, &attended(true));
        assert_eq!(
            (low.standing(), low.quiet_working_days),
            (Standing::Late, 1)
        );
        let high = on("2026-11-17", &state, &attended(false));
        assert_eq!(high.standing(), Standing::Stalled);
        assert_eq!(high.last_contact_date, None);
    }
}
