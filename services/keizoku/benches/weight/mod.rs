//! What the models in memory say that they weigh.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use keizoku_cli::server::log_path;
use keizoku_core::{Position, Recorded, SystemClock, SystemEntropy};
use keizoku_forecast::Board as _;
use keizoku_forecast::risks::RiskBoard;
use keizoku_log::EventLog as _;
use keizoku_log::sqlite::{SqliteLog, SqliteOptions};
use keizoku_revenue::Book;

use crate::population;
use crate::support::Failure;

const PAGE: usize = 5_000;

/// Reads the logs of a data directory as the server does, and prints what that weighs.
pub(crate) async fn weigh(data: &Path) -> Result<(), Failure> {
    let (mut book, mut board) = (Book::new(population::today()), RiskBoard::default());
    let began = Instant::now();
    each(data, keizoku_accounts::SOURCE, |event| {
        Ok(book.apply_recorded(event)?)
    })
    .await?;
    each(data, keizoku_risk::SOURCE, |event| {
        Ok(board.apply_recorded(event, |account| book.intern(account))?)
    })
    .await?;
    eprintln!("read into models in {:.1?}", began.elapsed());
    let (of, risks) = (book.memory(), board.memory());
    let per = |bytes: usize, number: usize| bytes / number.max(1);
    println!(
        "now-view                     {} bytes per account  (goal ≤ 128)",
        of.now_per_account()
    );
    println!(
        "   {} bytes per fact ({} facts), {} per attribute change; in all {} MB",
        per(of.fact_bytes, of.facts),
        of.facts,
        per(of.attribute_bytes, of.attribute_changes),
        of.total() >> 20,
    );
    let bytes = risks.risk_bytes + risks.version_bytes + risks.text_bytes + risks.account_bytes;
    println!(
        "   {} bytes per risk ({} risks), texts included",
        per(bytes, risks.risks),
        risks.risks
    );
    Ok(())
}

async fn each(
    data: &Path,
    service: &str,
    mut visit: impl FnMut(&Recorded) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let path = log_path(data, service);
    let options = SqliteOptions::new(path, Arc::new(SystemClock), Arc::new(SystemEntropy));
    let log = SqliteLog::open(options)?;
    let mut after = Position::START;
    loop {
        let page = log.read_all(after, PAGE).await?;
        for event in &page {
            visit(event)?;
        }
        let Some(last) = page.last() else { break };
        after = last.position;
    }
    log.close().await;
    Ok(())
}
