//! A scorecard tried out over all history (HLT-8).

use std::sync::Arc;

use futures::StreamExt as _;
use futures::stream::BoxStream;
use keizoku_core::{Day, NoRate, Position, Rate, Recorded};
use keizoku_proto::common::{self, NoValueReason};
use keizoku_proto::healthscore::{self as proto, TrialDoubt, try_scorecard_response::Answer};
use keizoku_runtime::parse::SHORT_TEXT;
use keizoku_runtime::{Failure, Violations, account_names, names};
use tokio::sync::mpsc;
use tonic::Status;

use crate::HealthScores;
use crate::domain::{SCORECARDS, scorecards};
use crate::history::UpTo;
use crate::resources;
use crate::trial::{Applies, Churn, Figures, Outlook, Scan};

/// Events taken in at once.
const PAGE: usize = 8_192;
const DEFAULT_HORIZON: i32 = 90;
const HORIZONS: std::ops::RangeInclusive<i32> = 7..=365;
/// Churns that are shown.
const SHOWN: usize = 1_000;
/// With fewer churns, rates may be chance.
const FEW_CHURNS: i64 = 30;
const A_YEAR: i32 = 365;

type Answers = mpsc::Sender<Result<proto::TryScorecardResponse, Status>>;

/// What is tried out.
struct Trial {
    key: String,
    version: u32,
    horizon_days: i32,
    applies: Applies,
}

impl HealthScores {
    /// Tries a scorecard out as a task, which ends when nobody listens any more.
    pub(super) async fn try_scorecard(
        self: Arc<Self>,
        body: proto::TryScorecardRequest,
    ) -> Result<BoxStream<'static, Result<proto::TryScorecardResponse, Status>>, Failure> {
        let mut violations = Violations::new();
        let key = violations.required_text("key", &body.key, SHORT_TEXT);
        let horizon_days = match body.horizon_days {
            0 => DEFAULT_HORIZON,
            days => days,
        };
        if !HORIZONS.contains(&horizon_days) {
            let (least, most) = (HORIZONS.start(), HORIZONS.end());
            let problem = format!("is {horizon_days}; {least} to {most} are allowed");
            violations.add("horizon_days", problem);
        }
        violations.check()?;
        self.freshness.wait(&body.consistency_tokens).await?;
        let cards = self.scorecards.refresh(&SCORECARDS).await?;
        let card = cards.state.to_try(&key, body.version)?;
        let trial = Trial {
            applies: Applies::always(&key, body.version, card, others(&cards.state, &key)),
            version: body.version,
            key,
            horizon_days,
        };
        let (answers, receiver) = mpsc::channel(16);
        let this = Arc::clone(&self);
        self.lifecycle.until_stop(async move {
            let tried = this.run(trial, &answers).await;
            let last = match tried {
                Ok(Some(trial)) => Ok(answer(Answer::Trial(trial))),
                Ok(None) => return, // nobody listens any more
                Err(failure) => Err(failure.into()),
            };
            // Who has gone does not want it.
            drop(answers.send(last).await);
        });
        let answers = futures::stream::unfold(receiver, async |mut receiver| {
            let answer = receiver.recv().await?;
            Some((answer, receiver))
        });
        Ok(answers.boxed())
    }

    async fn run(
        &self,
        trial: Trial,
        answers: &Answers,
    ) -> Result<Option<proto::ScorecardTrial>, Failure> {
        // One at a time: each takes all processors, and memory for every account.
        let _turn = self.trials.lock().await;
        let head = self.log.head().borrow().position;
        let mut scan = Scan::new(trial.applies, Arc::clone(&self.book));
        let mut page = self.page_after(Position::START).await?;
        while let Some(last) = page.last().map(|last| last.position) {
            let taking = tokio::task::spawn_blocking(move || {
                let taken = scan.take(&page);
                taken.map(|()| scan)
            });
            // What follows is read meanwhile.
            let (taken, next) = if last < head {
                let (taken, next) = tokio::join!(taking, self.page_after(last));
                (taken, next?)
            } else {
                (taking.await, Vec::new())
            };
            let taken = taken.map_err(|error| Failure::internal(&error))?;
            scan = taken.map_err(|error| Failure::internal(&error))?;
            page = next;
            let count = |position: Position| i64::try_from(position.0).unwrap_or(i64::MAX);
            let progress = Answer::Progress(proto::TrialProgress {
                done: count(last.min(head)),
                total: count(head),
            });
            if answers.send(Ok(answer(progress))).await.is_err() {
                return Ok(None);
            }
        }
        let joined = tokio::task::spawn_blocking(move || scan.join()).await;
        let joined = joined.map_err(|error| Failure::internal(&error))?;
        let mut followed = joined.map_err(|error| Failure::internal(&error))?;
        for account in followed.disordered() {
            if answers.is_closed() {
                return Ok(None);
            }
            let history = self.whole_history(account, UpTo::instant(jiff::Timestamp::MAX));
            if let Some(history) = history.await? {
                followed.follow_anew(account, &history.arrived.signals, &self.book.read());
            }
        }
        let (now, zone) = (self.calendar.now(), self.calendar.zone());
        let outlook = Outlook {
            horizon_days: trial.horizon_days,
            today: self.calendar.today(),
            first_signal: followed.first().unwrap_or(now),
            zone,
        };
        let (signals, late) = followed.signals();
        let (book, asked) = (Arc::clone(&self.book), outlook.clone());
        let counted = tokio::task::spawn_blocking(move || followed.finish(&book, &asked, now));
        let figures = counted.await.map_err(|error| Failure::internal(&error))?;
        let churns = self.shown(&figures.churns).await?;
        let lead = figures.lead_days();
        Ok(Some(proto::ScorecardTrial {
            key: trial.key,
            version: trial.version,
            horizon_days: trial.horizon_days,
            first_signal_date: Some(Day::of(outlook.first_signal, &outlook.zone).into()),
            signals,
            accounts: figures.accounts,
            churned: count(&figures.churns),
            churned_left_out: figures.churns_left_out,
            churned_without_score: figures.without_score(),
            recall: Some(rate(figures.caught(), count(&figures.churns))),
            precision: Some(rate(figures.warnings_right, figures.warnings)),
            base_rate: Some(rate(figures.churned_months, figures.account_months)),
            median_lead_days: lead.map(|(median, _)| median),
            least_lead_days: lead.map(|(_, least)| least),
            doubts: doubts(&figures, &outlook, signals, late),
            churns,
        }))
    }

    async fn page_after(&self, position: Position) -> Result<Vec<Arc<Recorded>>, Failure> {
        let page = self.log.read_all(position, PAGE).await;
        page.map_err(|error| Failure::internal(&error))
    }

    /// Churns as clients see them.
    async fn shown(&self, churns: &[Churn]) -> Result<Vec<proto::TrialChurn>, Failure> {
        let shown: Vec<Churn> = churns.iter().take(SHOWN).cloned().collect();
        let ids: Vec<String> = shown
            .iter()
            .map(|churn| churn.account.to_string())
            .collect();
        let found = self
            .model
            .read(move |rows| account_names::of_all(rows, ids));
        let mut found = found.await?;
        let churn = |churn: &Churn| proto::TrialChurn {
            account: names::account(churn.account),
            account_display_name: found.remove(&churn.account.to_string()).unwrap_or_default(),
            churn_date: Some(churn.date.into()),
            band: resources::band(churn.band).into(),
            lead_days: churn.lead_days,
        };
        Ok(shown.iter().map(churn).collect())
    }
}

/// Tiers that other scorecards are in effect for.
fn others(cards: &scorecards::State, key: &str) -> Vec<String> {
    let others = cards.cards.iter().filter(|(other, _)| *other != key);
    let declared = others.filter_map(|(_, card)| card.declared_in_effect());
    declared
        .flat_map(|declared| declared.tiers.clone())
        .collect()
}

fn answer(answer: Answer) -> proto::TryScorecardResponse {
    proto::TryScorecardResponse {
        answer: Some(answer),
    }
}

fn count(churns: &[Churn]) -> i64 {
    i64::try_from(churns.len()).unwrap_or(i64::MAX)
}

pub(crate) fn rate(part: i64, whole: i64) -> common::Rate {
    match Rate::new(part, whole) {
        Ok(rate) => common::Rate {
            numerator: part,
            denominator: whole,
            ppm: Some(rate.ppm()),
            no_value_reason: NoValueReason::Unspecified.into(),
        },
        Err(NoRate::ZeroDenominator) => common::Rate {
            numerator: part,
            denominator: whole,
            ppm: None,
            no_value_reason: NoValueReason::ZeroDenominator.into(),
        },
    }
}

/// What the figures should be read with care for.
fn doubts(figures: &Figures, outlook: &Outlook, signals: i64, late: i64) -> Vec<i32> {
    let churned = count(&figures.churns);
    let first = Day::of(outlook.first_signal, &outlook.zone);
    let judged_until = outlook.today.plus_days(-outlook.horizon_days);
    // Of both rates, over one denominator.
    let right = i128::from(figures.warnings_right) * i128::from(figures.account_months);
    let by_chance = i128::from(figures.churned_months) * i128::from(figures.warnings);
    let found = [
        (churned < FEW_CHURNS, TrialDoubt::FewChurns),
        (
            judged_until.days_since(first) < A_YEAR,
            TrialDoubt::ShortHistory,
        ),
        (late * 10 > signals, TrialDoubt::LateSignals),
        (
            figures.without_score() * 5 > churned,
            TrialDoubt::ManyWithoutScore,
        ),
        (
            figures.warnings > 0 && right <= by_chance,
            TrialDoubt::NoBetterThanChance,
        ),
    ];
    let found = found.into_iter().filter(|(holds, _)| *holds);
    found.map(|(_, doubt)| doubt.into()).collect()
}
