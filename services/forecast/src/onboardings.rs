//! The onboarding service's log as a model: which state every onboarding was in, as known at any
//! instant, on any date.

use std::collections::HashMap;

use jiff::Timestamp;
use keizoku_core::{AccountId, Day, Recorded, WorkingDays};
use keizoku_proto::google::r#type::Date;
use keizoku_proto::onboarding::event::Kind;
use keizoku_proto::onboarding::{HandBack, Plan};
use keizoku_revenue::store::Names;
use keizoku_revenue::{AccountIx, AsOf, Book, Unreadable};
use uuid::Uuid;

use crate::boards::{Board, parse_id};

/// Where an onboarding stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OnboardingState {
    /// It goes on.
    InProgress,
    /// It waits until a date.
    OnHold,
    /// It is done.
    Completed,
    /// It was handed back: nobody could be reached.
    Returned,
    /// It is dormant: nobody could be reached after a relaunch either.
    Dormant,
    /// It ended with its account.
    Ended,
}

/// Which accounts, by their onboardings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OnboardingFilter {
    /// With one in a state, whatever its product.
    Some(OnboardingState),
    /// Without any.
    None,
}

/// When an onboarding was to be completed, and when it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OnboardingTarget {
    /// The account that stays.
    pub(crate) account: AccountIx,
    /// The original date: that of its first plan.
    pub(crate) target: Day,
    pub(crate) completed: Option<Day>,
}

/// What changed of an onboarding.
#[derive(Debug, Clone, Copy)]
enum Change {
    Started(Day),
    /// First and last day of a pause.
    Held(Day, Day),
    /// The first day on which it goes on.
    Resumed(Day),
    Completed(Day),
    /// Without being completed, into the state that it is in from then on.
    Left(Day, OnboardingState),
    /// The day on which it went on after it had been left.
    Relaunched(Day),
}

#[derive(Debug, Clone)]
struct Onboarding {
    account: AccountIx,
    /// Number of the product.
    product: u32,
    start: Day,
    /// Working days that its first plan expects.
    expected: u32,
    /// When each was recorded, in microseconds.
    changes: Vec<(i64, Change)>,
}

/// Every onboarding and its history. Accounts have the numbers that one [`Book`] gave them.
#[derive(Debug, Clone, Default)]
pub struct OnboardingBoard {
    numbers: HashMap<Uuid, u32>,
    products: Names,
    onboardings: Vec<Onboarding>,
}

impl Board for OnboardingBoard {
    type Kind = Kind;

    const NAME: &'static str = "onboarding_board";

    fn is_about(event: &Recorded) -> bool {
        event.category() == "onboarding"
    }

    fn apply(
        &mut self,
        recorded_at: Timestamp,
        kind: &Kind,
        intern: impl FnOnce(AccountId) -> AccountIx,
    ) -> Result<(), Unreadable> {
        let (id, change) = match kind {
            Kind::OnboardingStarted(event) => {
                let id = parse_id(&event.onboarding_id, "onboarding_id")?;
                let account = parse_id(&event.account_id, "account_id")?;
                let started = day(event.start_date.as_ref(), "start_date")?;
                let (product, expected) = (&event.product, expected_of(event.plan.as_ref()));
                self.start(id, product, started, expected, || intern(account));
                (id, Change::Started(started))
            }
            Kind::OnboardingHeld(event) => {
                let hold = event.hold.clone().unwrap_or_default();
                let from = day(hold.from_date.as_ref(), "from_date")?;
                let until = day(hold.until_date.as_ref(), "until_date")?;
                let id = parse_id(&event.onboarding_id, "onboarding_id")?;
                (id, Change::Held(from, until))
            }
            Kind::OnboardingResumed(event) => {
                let id = parse_id(&event.onboarding_id, "onboarding_id")?;
                (id, Change::Resumed(day(event.date.as_ref(), "date")?))
            }
            Kind::OnboardingCompleted(event) => {
                let completion = event.completion.clone().unwrap_or_default();
                let id = parse_id(&event.onboarding_id, "onboarding_id")?;
                (
                    id,
                    Change::Completed(day(completion.date.as_ref(), "date")?),
                )
            }
            Kind::OnboardingReturned(event) => {
                let date = left(event.hand_back.as_ref())?;
                let id = parse_id(&event.onboarding_id, "onboarding_id")?;
                (id, Change::Left(date, OnboardingState::Returned))
            }
            Kind::OnboardingWentDormant(event) => {
                let date = left(event.hand_back.as_ref())?;
                let id = parse_id(&event.onboarding_id, "onboarding_id")?;
                (id, Change::Left(date, OnboardingState::Dormant))
            }
            Kind::OnboardingEnded(event) => {
                let date = day(event.churn_date.as_ref(), "churn_date")?;
                let id = parse_id(&event.onboarding_id, "onboarding_id")?;
                (id, Change::Left(date, OnboardingState::Ended))
            }
            Kind::OnboardingRelaunched(event) => {
                let relaunch = event.relaunch.clone().unwrap_or_default();
                let id = parse_id(&event.onboarding_id, "onboarding_id")?;
                (id, Change::Relaunched(day(relaunch.date.as_ref(), "date")?))
            }
            // Templates, contents and seminars are nobody's onboarding; the rest happens within one.
            Kind::TemplatePublished(_)
            | Kind::HandOffRequested(_)
            | Kind::OnboardingStalled(_)
            | Kind::OnboardingPickedUp(_)
            | Kind::GoalDeclared(_)
            | Kind::GoalReviewed(_)
            | Kind::ContentPublished(_)
            | Kind::ContentCompleted(_)
            | Kind::SeminarScheduled(_)
            | Kind::SeminarCancelled(_)
            | Kind::SeminarRegistered(_)
            | Kind::SeminarWithdrawn(_)
            | Kind::SeminarAttendanceRecorded(_)
            | Kind::CoachingRuleSet(_)
            | Kind::CoachingRuleHeld(_)
            | Kind::ReactionsAdvanced(_)
            // New members are no customers.
            | Kind::ProgrammeStarted(_)
            | Kind::ProgrammeAssigned(_)
            | Kind::ProgrammeTaskCompleted(_)
            | Kind::ProgrammeTaskReopened(_)
            | Kind::ProgrammePhaseChanged(_)
            | Kind::ProgrammeTemplateChanged(_)
            | Kind::ProgrammeCompleted(_)
            | Kind::ProgrammeEnded(_)
            | Kind::OnboardingAssigned(_)
            | Kind::TaskCompleted(_)
            | Kind::TaskReopened(_)
            | Kind::PhaseChanged(_)
            | Kind::TemplateChanged(_)
            | Kind::HandOffRecorded(_)
            | Kind::KickoffHeld(_)
            | Kind::ExpectationGapRated(_) => return Ok(()),
        };
        // One that was never started means nothing.
        if let Some(number) = self.numbers.get(&id) {
            let onboarding = &mut self.onboardings[*number as usize];
            let recorded = recorded_at.as_microsecond();
            onboarding.changes.push((recorded, change));
        }
        Ok(())
    }
}

impl OnboardingBoard {
    fn start(
        &mut self,
        id: Uuid,
        product: &str,
        start: Day,
        expected: u32,
        account: impl FnOnce() -> AccountIx,
    ) {
        let product = self.products.intern(product);
        let onboardings = &mut self.onboardings;
        self.numbers.entry(id).or_insert_with(|| {
            let number = u32::try_from(onboardings.len()).unwrap_or(u32::MAX);
            onboardings.push(Onboarding {
                account: account(),
                product,
                start,
                expected,
                changes: Vec::new(),
            });
            number
        });
    }

    /// Calls `visit` for every onboarding as known: of a product, if one is given. Of merged accounts'
    /// onboardings of a product those leave that the one that stays does not need.
    pub(crate) fn for_each_target(
        &self,
        book: &Book,
        known_at: Option<Timestamp>,
        working_days: &WorkingDays,
        product: Option<&str>,
        mut visit: impl FnMut(OnboardingTarget),
    ) {
        let known = known_at.map_or(i64::MAX, Timestamp::as_microsecond);
        let product = product.map(|product| self.products.find(product));
        let is_asked = |one: &Onboarding| {
            let is_known = one.changes.first().is_some_and(|(at, _)| *at <= known);
            is_known && product.is_none_or(|product| product == Some(one.product))
        };
        // Whose onboardings of a product count: the survivor's own, or else who began first.
        let mut counts: HashMap<(AccountIx, u32), AccountIx> = HashMap::new();
        for one in self.onboardings.iter().filter(|one| is_asked(one)) {
            let survivor = book.survivor(one.account, known_at);
            let whose = counts.entry((survivor, one.product)).or_insert(one.account);
            if one.account == survivor {
                *whose = survivor;
            }
        }
        for one in self.onboardings.iter().filter(|one| is_asked(one)) {
            let account = book.survivor(one.account, known_at);
            if counts.get(&(account, one.product)) != Some(&one.account) {
                continue;
            }
            let mut changes = one.changes.iter().take_while(|(at, _)| *at <= known);
            let completed = changes.find_map(|(_, change)| match *change {
                Change::Completed(date) => Some(date),
                _ => None,
            });
            visit(OnboardingTarget {
                account,
                target: working_days.after(one.start, one.expected),
                completed,
            });
        }
    }

    /// By number of an account, whether a filter leaves it at both times; merged accounts are the
    /// one that stays.
    pub(crate) fn accounts(&self, book: &Book, as_of: AsOf, filter: OnboardingFilter) -> Vec<bool> {
        let today = book.today_at(as_of.known_at);
        let (wanted, found) = match filter {
            OnboardingFilter::Some(state) => (Some(state), true),
            OnboardingFilter::None => (None, false),
        };
        let mut accounts = vec![!found; book.len()];
        for onboarding in &self.onboardings {
            let Some(state) = onboarding.state(as_of, today) else {
                continue;
            };
            if wanted.is_none_or(|wanted| wanted == state) {
                let survivor = book.survivor(onboarding.account, as_of.known_at);
                accounts[survivor.0 as usize] = found;
            }
        }
        accounts
    }
}

impl Onboarding {
    /// Its state on a date, if `today` is the date of the instant that it is known at: from today on
    /// what is known of it, on a date before what held then. `None` where it had not begun.
    fn state(&self, as_of: AsOf, today: Day) -> Option<OnboardingState> {
        let known = as_of.known_at.map_or(i64::MAX, Timestamp::as_microsecond);
        let on = as_of.on;
        let is_past = on < today;
        let mut holds: Vec<(Day, Day)> = Vec::new();
        let mut state = None;
        for (_, change) in self.changes.iter().take_while(|(at, _)| *at <= known) {
            match *change {
                Change::Started(date) if is_past && on < date => return None,
                Change::Held(from, until) => holds.push((from, until)),
                Change::Resumed(date) => {
                    for (_, until) in &mut holds {
                        *until = (*until).min(date.plus_days(-1));
                    }
                }
                Change::Completed(date) | Change::Left(date, _) | Change::Relaunched(date)
                    if is_past && on < date => {}
                Change::Completed(_) => return Some(OnboardingState::Completed),
                Change::Left(_, left) => state = Some(left),
                Change::Started(_) | Change::Relaunched(_) => {
                    state = Some(OnboardingState::InProgress);
                }
            }
        }
        let is_held = holds
            .iter()
            .any(|(from, until)| *from <= on && on <= *until);
        state.map(|state| {
            if is_held && state == OnboardingState::InProgress {
                OnboardingState::OnHold
            } else {
                state
            }
        })
    }
}

/// Working days that a plan expects of all its phases.
fn expected_of(plan: Option<&Plan>) -> u32 {
    let phases = plan.map_or(&[][..], |plan| &plan.phases);
    let days = phases.iter().map(|phase| phase.expected_working_days);
    days.fold(0, u32::saturating_add)
}

fn left(hand_back: Option<&HandBack>) -> Result<Day, Unreadable> {
    day(hand_back.and_then(|left| left.date.as_ref()), "date")
}

fn day(date: Option<&Date>, field: &'static str) -> Result<Day, Unreadable> {
    let day = keizoku_proto::optional_day(date).map_err(|_| Unreadable::Malformed(field))?;
    day.ok_or(Unreadable::Malformed(field))
}
