//! How long onboardings take, and each of their phases (ONB-8): in calendar days, holds included. Of many
//! durations the median and the ninetieth percentile are told, each one that occurred (nearest rank).

use std::collections::BTreeMap;

use keizoku_core::Day;
use keizoku_proto::onboarding::{self as proto, LocalizedText};

use crate::domain::onboarding::State;
use crate::resources::template_name;

/// Which lead times, by the day on which they ended, and what was known of them on a day.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) from: Option<Day>,
    pub(crate) until: Option<Day>,
    /// The day of the question: what ends later has not ended.
    pub(crate) on: Day,
}

impl Window {
    fn has(self, ended: Day) -> bool {
        ended <= self.on
            && self.from.is_none_or(|from| from <= ended)
            && self.until.is_none_or(|until| ended <= until)
    }
}

/// Durations in days.
#[derive(Debug, Default)]
struct Group {
    from_won: Vec<u32>,
    from_kickoff: Vec<u32>,
    /// By key of the phase, in the order of the plan.
    phases: Vec<(String, Option<LocalizedText>, Vec<u32>)>,
}

impl Group {
    fn add(&mut self, state: &State, window: Window) {
        if let Some(ended) = closing_left(state).filter(|ended| window.has(*ended)) {
            let kickoff = state.kickoff.as_ref();
            let kickoff = kickoff.and_then(|kickoff| day(kickoff.date.as_ref()));
            self.from_won.extend(state.won.map(|won| days(won, ended)));
            self.from_kickoff
                .extend(kickoff.map(|held| days(held, ended)));
        }
        for phase in &state.course.plan.phases {
            let place = self.phases.iter().position(|(key, ..)| *key == phase.key);
            let place = place.unwrap_or_else(|| {
                self.phases
                    .push((phase.key.clone(), phase.title.clone(), Vec::new()));
                self.phases.len() - 1
            });
            let left = state
                .course
                .last_visit(&phase.key)
                .and_then(|visit| visit.left);
            if left.is_some_and(|left| window.has(left)) {
                self.phases[place]
                    .2
                    .push(state.course.days_in(&phase.key, window.on));
            }
        }
    }

    fn told(self, tier: &str, template: &str, version: u32) -> proto::LeadTimes {
        let phases = self.phases.into_iter().map(|(key, title, days)| {
            let time = distribution(days);
            proto::PhaseTime { key, title, time }
        });
        proto::LeadTimes {
            tier: tier.to_owned(),
            template: template.to_owned(),
            template_version: version,
            from_won: distribution(self.from_won),
            from_kickoff: distribution(self.from_kickoff),
            phases: phases.collect(),
        }
    }
}

/// All onboardings, and those of each tier and version of a template.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    all: Group,
    groups: BTreeMap<(String, String, u32), Group>,
}

impl Summary {
    pub(crate) fn add(&mut self, state: &State, window: Window) {
        self.all.add(state, window);
        let plan = &state.course.plan;
        let key = (state.tier.clone(), plan.template_id.clone(), plan.version);
        self.groups.entry(key).or_default().add(state, window);
    }

    /// The one of all, and those of each tier and version.
    pub(crate) fn told(self) -> (proto::LeadTimes, Vec<proto::LeadTimes>) {
        let groups = self
            .groups
            .into_iter()
            .map(|((tier, template, version), group)| {
                group.told(&tier, &template_name(&template), version)
            });
        (self.all.told("", "", 0), groups.collect())
    }
}

/// When the closing phase was left, after which it is the customer's success.
fn closing_left(state: &State) -> Option<Day> {
    let closing = state
        .course
        .plan
        .phases
        .iter()
        .find(|phase| phase.closing)?;
    state.course.last_visit(&closing.key)?.left
}

fn day(date: Option<&keizoku_proto::google::r#type::Date>) -> Option<Day> {
    keizoku_proto::optional_day(date).ok().flatten()
}

fn days(from: Day, to: Day) -> u32 {
    u32::try_from(to.days_since(from)).unwrap_or(0)
}

/// Median and ninetieth percentile; `None` of nothing.
fn distribution(mut days: Vec<u32>) -> Option<proto::Distribution> {
    days.sort_unstable();
    let rank = |tenths: usize| {
        let rank = (days.len() * tenths).div_ceil(10);
        days.get(rank.checked_sub(1)?).copied()
    };
    Some(proto::Distribution {
        count: u32::try_from(days.len()).unwrap_or(u32::MAX),
        median_days: rank(5)?,
        p90_days: rank(9)?,
    })
}

#[cfg(test)]
mod tests {
    use keizoku_core::{Ctx, Given};
    use keizoku_proto::onboarding::{OnboardingStarted, Plan};

    use super::*;
    use crate::domain::handing_over::{Held, Rated};
    use crate::domain::onboarding::{Command, Onboarding};
    use crate::template_file;
    use crate::testing::{ctx, day};

    const PHASES: [&str; 5] = ["operation", "preparation", "rollout", "closing", "complete"];

    /// Won on 20 October, begun on 2 November 2026, with a kickoff on the 4th; each phase is entered on
    /// its date.
    fn onboarding(tier: &str, entered: &[&str], more: Vec<Command>) -> State {
        let start = OnboardingStarted {
            onboarding_id: "o".to_owned(),
            tier: tier.to_owned(),
            plan: Some(Plan {
                template_id: "t".to_owned(),
                version: 1,
                phases: template_file::shipped().unwrap().phases,
                ..Plan::default()
            }),
            start_date: Some(day("2026-11-02").into()),
            won_date: Some(day("2026-10-20").into()),
            ..OnboardingStarted::default()
        };
        let kickoff = Command::Kickoff(Held {
            confirmed_wants: "申請の紙をなくす".to_owned(),
            gap: Rated {
                rating: 0,
                note: String::new(),
            },
            date: Some(day("2026-11-04")),
            override_reason: "先方の希望日".to_owned(),
        });
        let moves = PHASES
            .iter()
            .zip(entered)
            .map(|(phase, date)| Command::Move {
                phase: (*phase).to_owned(),
                reason: "済み".to_owned(),
                date: Some(day(date)),
            });
        let ctx = Ctx {
            today: day("2027-06-30"),
            ..ctx()
        };
        let given = Given::<Onboarding>::nothing(ctx).commands([Command::Start(start), kickoff]);
        let given = given.commands(moves);
        given.commands(more).state().clone()
    }

    fn window(on: &str) -> Window {
        Window {
            from: None,
            until: None,
            on: day(on),
        }
    }

    const DATES: [&str; 5] = [
        "2026-11-10",
        "2026-11-20",
        "2026-12-01",
        "2026-12-10",
        "2026-12-19",
    ];

    fn told(states: &[State], window: Window) -> (proto::LeadTimes, Vec<proto::LeadTimes>) {
        let mut summary = Summary::default();
        for state in states {
            summary.add(state, window);
        }
        summary.told()
    }

    #[test]
    fn onb_8_lead_time_is_from_won_and_from_kickoff_until_phase_five_is_left() {
        let done = onboarding("SMB", &DATES, Vec::new());
        let closing = onboarding("SMB", &DATES[..4], Vec::new());
        let (all, _) = told(&[done, closing], window("2027-06-30"));
        let one = |days| proto::Distribution {
            count: 1,
            median_days: days,
            p90_days: days,
        };
        assert_eq!(all.from_won, Some(one(60)));
        assert_eq!(all.from_kickoff, Some(one(45)));
        let in_phases: Vec<_> = all.phases.iter().map(|phase| phase.time).collect();
        let both = |days| {
            Some(proto::Distribution {
                count: 2,
                ..one(days)
            })
        };
        let expected = [both(8), both(10), both(11), both(9), Some(one(9)), None];
        assert_eq!(in_phases, expected);
    }

    #[test]
    fn onb_8_a_relaunch_keeps_the_start() {
        let relaunched = Vec::from([
            Command::End(day("2027-01-01")),
            Command::Relaunch("再開".to_owned()),
            Command::Move {
                phase: "complete".to_owned(),
                reason: "済み".to_owned(),
                date: Some(day("2027-02-07")),
            },
        ]);
        let state = onboarding("SMB", &DATES[..4], relaunched);
        let (all, _) = told(&[state], window("2027-06-30"));
        assert_eq!(all.from_won.map(|won| won.median_days), Some(110));
        assert_eq!(all.phases[4].time.map(|time| time.median_days), Some(59));
    }

    #[test]
    fn onb_8_by_tier_and_version_and_as_of_a_day() {
        let mut newer = onboarding("SMB", &DATES, Vec::new());
        std::sync::Arc::make_mut(&mut newer.course.plan).version = 2;
        let states = [
            onboarding("Enterprise", &DATES, Vec::new()),
            onboarding("SMB", &DATES, Vec::new()),
            newer,
        ];
        let of = |groups: Vec<proto::LeadTimes>| -> Vec<(String, u32, bool)> {
            let groups = groups.into_iter();
            let of = |group: proto::LeadTimes| {
                (group.tier, group.template_version, group.from_won.is_some())
            };
            groups.map(of).collect()
        };
        let expected = |ended| {
            [("Enterprise", 1), ("SMB", 1), ("SMB", 2)]
                .map(|(tier, version)| (tier.to_owned(), version, ended))
        };
        assert_eq!(of(told(&states, window("2026-12-19")).1), expected(true));
        assert_eq!(of(told(&states, window("2026-12-18")).1), expected(false));
        let later = Window {
            from: Some(day("2026-12-20")),
            ..window("2027-06-30")
        };
        assert_eq!(of(told(&states, later).1), expected(false));
    }

    #[test]
    fn onb_8_percentiles_are_durations_that_occurred() {
        let of = |days: &[u32]| {
            let told = distribution(days.to_vec())?;
            Some((told.count, told.median_days, told.p90_days))
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[7]), Some((1, 7, 7)));
        assert_eq!(of(&[9, 1]), Some((2, 1, 9)));
        let ten: Vec<u32> = (1..=10).rev().collect();
        assert_eq!(of(&ten), Some((10, 5, 9)));
        let eleven: Vec<u32> = (1..=11).collect();
        assert_eq!(of(&eleven), Some((11, 6, 10)));
    }
}
