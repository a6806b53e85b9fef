//! How fast a million accounts answer, and what they weigh: `cargo bench -p keizoku-forecast
//! --bench model`. `ACCOUNTS` in the environment asks for another size,
//! `ONLY` for questions about one class of dates, `FILTER` for those with a `product`, with `none` or
//! with `others`.

#[expect(dead_code, reason = "every benchmark uses a part of it")]
mod population;

use std::time::{Duration, Instant};

use keizoku_core::Day;
use keizoku_forecast::churn::{Basis, Question, Scenario, accounts, forecast};
use keizoku_forecast::deadlines::{DeadlineQuestion, deadlines};
use keizoku_forecast::metrics::revenue_metrics;
use keizoku_forecast::report::{ReportFilter, risk_report};
use keizoku_forecast::risks::RiskBoard;
use keizoku_forecast::{Board as _, Filter};
use keizoku_revenue::{AsOf, Book, Decoded};

use population::{Dice, Event, Population, today};

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const QUESTIONS: usize = 300;
const AGAIN: usize = 5;

fn main() {
    let number = std::env::var("ACCOUNTS")
        .ok()
        .and_then(|text| text.parse().ok());
    let population = Population {
        accounts: number.unwrap_or(1_000_000),
    };
    let (mut book, mut board) = (Book::new(today()), RiskBoard::default());
    read(&population, &mut book, &mut board);
    let began = Instant::now();
    let compacted = book.compacted();
    book.put_compacted(compacted);
    println!("moved together in {:.2?}", began.elapsed());
    weigh(&book, &board);
    let only = std::env::var("ONLY").ok();
    let classes = [
        ("today", 0..1),
        ("ahead", 1..366),
        ("past 90 days", -90..0),
        ("past year", -366..0),
    ];
    for (name, days) in classes {
        if only.as_ref().is_none_or(|only| only == name) {
            ask(name, days, &population, &mut book, &mut board);
        }
    }
    if only.is_some() {
        return;
    }
    roll_over(&mut book);
    once(&book, &board);
}

/// Reads both logs as they are stored; only the reading is timed.
fn read(population: &Population, book: &mut Book, board: &mut RiskBoard) {
    let (mut events, mut taken, mut slowest) = (0u32, Duration::ZERO, Duration::ZERO);
    population.for_each_batch(|batch| {
        let began = Instant::now();
        read_batch(batch, book, board);
        let batch_took = began.elapsed();
        events += u32::try_from(batch.len()).unwrap_or(0);
        taken += batch_took;
        slowest = slowest.max(batch_took);
    });
    let rate = f64::from(events) / taken.as_secs_f64();
    println!("read {events} events in {taken:.2?}: {rate:.0} events/s; slowest 500: {slowest:.2?}");
}

/// As a projection far behind does it, but on one thread.
fn read_batch(batch: &[Event], book: &mut Book, board: &mut RiskBoard) {
    let decode = |event: &Event| match event {
        Event::Accounts(_, recorded) => Decoded::from_log(recorded).ok(),
        Event::Risk(..) => None,
    };
    let decoded: Vec<_> = batch.iter().map(decode).collect();
    book.read_ahead_of(decoded.iter().flatten());
    for (event, decoded) in batch.iter().zip(&decoded) {
        match decoded {
            Some(decoded) => assert_eq!(book.apply(decoded.entry()), Ok(())),
            None => apply(book, board, event),
        }
    }
}

fn apply(book: &mut Book, board: &mut RiskBoard, event: &Event) {
    let read = match event {
        Event::Accounts(_, recorded) => book.apply_recorded(recorded),
        Event::Risk(_, recorded) => board.apply_recorded(recorded, |id| book.intern(id)),
    };
    assert_eq!(read, Ok(()));
}

fn weigh(book: &Book, board: &RiskBoard) {
    let of = book.memory();
    let per = |bytes: usize, number: usize| bytes / number.max(1);
    println!("{of:?}");
    println!(
        "now-view {} bytes per account (ids {}, rows {}, subscriptions {}); {} per fact ({} facts); {} per attribute change; total {} MB",
        of.now_per_account(),
        per(of.account_ids, of.accounts),
        per(of.rows, of.accounts),
        per(of.subscriptions, of.accounts),
        per(of.fact_bytes, of.facts),
        of.facts,
        per(of.attribute_bytes, of.attribute_changes),
        of.total() >> 20,
    );
    let risks = board.memory();
    let bytes = risks.risk_bytes + risks.version_bytes + risks.text_bytes + risks.account_bytes;
    println!(
        "{} bytes per risk, texts included; {risks:?}",
        per(bytes, risks.risks)
    );
}

/// Questions with any filter about dates so many days from today, each after a write. Each is asked
/// again at once: the best time is what it costs when nothing else runs on the machine.
fn ask(
    name: &str,
    days: std::ops::Range<i32>,
    population: &Population,
    book: &mut Book,
    board: &mut RiskBoard,
) {
    let mut dice = Dice::new(days.end.unsigned_abs().into());
    let (mut first, mut best) = (Vec::new(), Vec::new());
    let mut slowest = (Duration::ZERO, String::new());
    for number in 0..QUESTIONS {
        apply(book, board, &population.write(&mut dice, number));
        let ahead = days.start + i32::try_from(dice.below(days.len() as u64)).unwrap_or(0);
        let question = question(&mut dice, today().plus_days(ahead));
        let times: Vec<Duration> = (0..AGAIN)
            .map(|_| {
                let began = Instant::now();
                std::hint::black_box(forecast(book, &*board, &question));
                began.elapsed()
            })
            .collect();
        first.push(times[0]);
        let least = times.into_iter().min().unwrap_or_default();
        if least > slowest.0 {
            slowest = (least, format!("{question:?}"));
        }
        best.push(least);
    }
    for (which, mut times) in [("first", first), ("best of 5", best)] {
        times.sort_unstable();
        let at = |percent: usize| times[times.len() * percent / 100];
        println!(
            "{name}, {which}: p50 {:.2?} p90 {:.2?} p99 {:.2?}",
            at(50),
            at(90),
            at(99)
        );
    }
    println!("   slowest {:.2?}: {}", slowest.0, slowest.1);
}

fn question(dice: &mut Dice, on: Day) -> Question {
    let basis = if dice.one_in(2) {
        Basis::Account
    } else {
        Basis::Group
    };
    let scenario = match dice.below(3) {
        0 => Scenario::Announced,
        1 => Scenario::LeadsToChurn,
        _ => Scenario::UnknownAtPresent,
    };
    Question {
        as_of: AsOf::now(on),
        basis,
        scenario,
        filter: filter(dice),
    }
}

/// Any filter, or one of those asked for.
fn filter(dice: &mut Dice) -> Filter {
    let asked = std::env::var("FILTER").ok();
    loop {
        let filter = Population::filter(dice);
        let is_asked = match asked.as_deref() {
            None => true,
            Some("none") => filter == Filter::default(),
            Some("product") => filter.product.is_some(),
            Some(_) => filter.product.is_none(),
        };
        if is_asked {
            return filter;
        }
    }
}

fn roll_over(book: &mut Book) {
    let began = Instant::now();
    book.roll_to(today().plus_days(1));
    println!("midnight: {:.2?}", began.elapsed());
    book.roll_to(today());
}

/// What takes longer and is asked less.
fn once(book: &Book, board: &RiskBoard) {
    let timed = |name: &str, run: &dyn Fn()| {
        let best = (0..3).map(|_| {
            let began = Instant::now();
            run();
            began.elapsed()
        });
        println!("{name}: {:.2?}", best.min().unwrap_or_default());
    };
    let question = |as_of, basis| Question {
        as_of,
        basis,
        scenario: Scenario::LeadsToChurn,
        filter: Filter::default(),
    };
    let then = AsOf::known_at(population::instant(0), today());
    let now = AsOf::now(today());
    timed("as of an instant, by account", &|| {
        std::hint::black_box(forecast(book, board, &question(then, Basis::Account)));
    });
    timed("as of an instant, by group", &|| {
        std::hint::black_box(forecast(book, board, &question(then, Basis::Group)));
    });
    timed("a page of accounts", &|| {
        std::hint::black_box(accounts(
            book,
            board,
            &question(now, Basis::Account),
            None,
            0,
            50,
        ));
    });
    timed("revenue metrics", &|| {
        let metrics = revenue_metrics(book, board, now, today().month(), &Filter::default());
        let _ = std::hint::black_box(metrics);
    });
    timed("deadlines", &|| {
        let asked = DeadlineQuestion {
            as_of: now,
            within_days: 90,
            kind: None,
            filter: Filter::default(),
        };
        std::hint::black_box(deadlines(book, board, &asked, 0, 50));
    });
    timed("risk report", &|| {
        std::hint::black_box(risk_report(book, board, now, &ReportFilter::default()));
    });
}
