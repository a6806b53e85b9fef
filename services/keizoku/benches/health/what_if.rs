//! A draft over two years of weekly signals.

use std::time::Instant;

use jiff::SignedDuration;
use keizoku_core::{Clock as _, Day, SystemClock};
use keizoku_proto::healthscore::TryScorecardRequest;
use keizoku_proto::healthscore::health_score_service_client::HealthScoreServiceClient;
use keizoku_proto::healthscore::try_scorecard_response::Answer;

use crate::customers::{self, KINDS};
use crate::support::fill::Filler;
use crate::support::scale::scaled;
use crate::support::{self, Child, Failure};

const CUSTOMERS: u64 = 100_000;
const WEEKS: u64 = 104;
/// One of so many churned, after it had done badly for half a year.
const CHURNED: u64 = 20;
const HALF_A_YEAR: u64 = 26;

pub(crate) async fn run() -> Result<(), Failure> {
    let folder = tempfile::tempdir_in(support::target_folder())?;
    let data = folder.path().join("data");
    let customers = scaled(CUSTOMERS).max(500);
    let events = customers * 2 + customers / CHURNED + customers * WEEKS;
    let history = SignedDuration::from_hours(24 * 7 * i64::try_from(WEEKS)?);
    let mut filler = Filler::over(&data, history, events)?;
    let today = Day::of(SystemClock.now(), &jiff::tz::TimeZone::UTC);
    for number in 0..customers {
        let end = (number % CHURNED == 0).then(|| today.plus_days(-1));
        customers::write(&mut filler, number, end)?;
    }
    for week in 0..WEEKS {
        let at = filler.now()?;
        for number in 0..customers {
            let is_bad = number % CHURNED == 0 && week + HALF_A_YEAR > WEEKS;
            let does = if is_bad { 5 } else { 60 + (number + week) % 40 };
            customers::write_signals(&mut filler, number, at, i64::try_from(does)?)?;
        }
    }
    filler.finish()?;
    let server = Child::keizoku(&data)?;
    let mut api = HealthScoreServiceClient::new(server.channel().await?);
    let request = TryScorecardRequest {
        key: "mid".to_owned(),
        version: 1,
        ..TryScorecardRequest::default()
    };
    customers::until_idle(&server).await?;
    let began = Instant::now();
    let mut answers = api.try_scorecard(request).await?.into_inner();
    let (mut told, mut trial) = (0, None);
    while let Some(answer) = answers.message().await? {
        match answer.answer {
            Some(Answer::Progress(_)) => told += 1,
            Some(Answer::Trial(found)) => trial = Some(found),
            None => {}
        }
    }
    let trial = trial.ok_or("no result")?;
    println!(
        "what-if over {customers} accounts, {WEEKS} weeks, {} signals: {:.1?}  (goal ≤ 30 s for 100,000 \
         accounts), told {told} times; VmHWM {} MB",
        customers * WEEKS * KINDS.len() as u64,
        began.elapsed(),
        server.memory("VmHWM")? >> 20
    );
    let recall = trial.recall.unwrap_or_default();
    println!("   recall {} of {}", recall.numerator, recall.denominator);
    Ok(())
}
