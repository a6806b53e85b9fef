//! Customers and their signals, as their services would have recorded them.

use jiff::Timestamp;
use keizoku_core::{AccountId, Day, Position, Recorded, Revision, derive_id};
use keizoku_healthscore::domain::{chunk_stream, month_of};
use keizoku_proto::accounts::event::Kind as AccountsKind;
use keizoku_proto::accounts::{
    AccountAttributes, AccountOpened, AccountProfile, SubscriptionChurned, SubscriptionStarted,
};
use keizoku_proto::common::{EventMetadata, ImportOutcome, Origin};
use keizoku_proto::healthscore::event::Kind;
use keizoku_proto::healthscore::health_score_service_client::HealthScoreServiceClient;
use keizoku_proto::healthscore::{
    IngestSignalsRequest, RecordedSignal, Signal, SignalKind, SignalsRecorded,
};
use keizoku_proto::{StoredEvent as _, date};
use prost::Message as _;
use tonic::transport::Channel;
use uuid::Uuid;

use crate::support::fill::{Filler, Service};
use crate::support::{Child, Failure};

/// What is sent of a customer at once.
pub(crate) const KINDS: [SignalKind; 5] = [
    SignalKind::ActiveUsers,
    SignalKind::SignIns,
    SignalKind::SupportTickets,
    SignalKind::CsmPulse,
    SignalKind::Nps,
];

/// Signals in a batch: as many as may be.
pub(crate) const BATCH: usize = 10_000;

/// The n-th customer.
pub(crate) fn account(number: u64) -> AccountId {
    derive_id("customer", &[&number.to_be_bytes()]).into()
}

/// The first day of every contract.
pub(crate) fn first_day() -> Day {
    Day::MIN.plus_days(18_000)
}

fn recorded(category: &str, id: Uuid, data: Vec<u8>) -> Recorded {
    let metadata = EventMetadata {
        actor: "service:bench".to_owned(),
        origin: Origin::User.into(),
        ..EventMetadata::default()
    };
    Recorded {
        position: Position::START,
        stream: format!("{category}-{}", id.simple()),
        revision: Revision::NONE,
        id,
        kind: String::new(),
        recorded_at: Timestamp::UNIX_EPOCH,
        data,
        metadata: metadata.encode_to_vec(),
    }
}

/// Writes that a customer came, and with `end` that it churned.
pub(crate) fn write(filler: &mut Filler, number: u64, end: Option<Day>) -> Result<(), Failure> {
    let id = account(number);
    let subscription = derive_id("contract", &[&number.to_be_bytes()]);
    let opened = AccountsKind::AccountOpened(AccountOpened {
        account_id: id.to_string(),
        profile: Some(AccountProfile {
            display_name: format!("顧客 {number}"),
            ..AccountProfile::default()
        }),
        attributes: Some(AccountAttributes {
            tier: "Mid".to_owned(),
            ..AccountAttributes::default()
        }),
    });
    let started = AccountsKind::SubscriptionStarted(SubscriptionStarted {
        subscription_id: subscription.to_string(),
        account_id: id.to_string(),
        product: "Core".to_owned(),
        effective_date: Some(date(first_day())),
        mrr: 100_000,
        ..SubscriptionStarted::default()
    });
    let churned = end.map(|end| {
        AccountsKind::SubscriptionChurned(SubscriptionChurned {
            subscription_id: subscription.to_string(),
            effective_date: Some(date(end)),
            reason: "予算削減".to_owned(),
            ..SubscriptionChurned::default()
        })
    });
    let mut push = |category: &str, id: Uuid, kind: &AccountsKind| {
        let recorded = recorded(category, id, kind.to_bytes());
        filler.push(Service::Accounts, kind.type_name(), &recorded)
    };
    push("account", id.uuid(), &opened)?;
    push("subscription", subscription, &started)?;
    churned.map_or(Ok(()), |churned| {
        push("subscription", subscription, &churned)
    })
}

/// How a customer does: 0 badly, to 100.
pub(crate) fn signals(key: &str, at: Timestamp, does: i64) -> Vec<RecordedSignal> {
    let value = |kind: SignalKind| match kind {
        SignalKind::CsmPulse => 1 + does / 25,
        SignalKind::SupportTickets => (100 - does) / 10,
        SignalKind::Nps => 2 * does - 100,
        _ => does * 2,
    };
    let signal = |kind: SignalKind| RecordedSignal {
        kind: kind.into(),
        value: value(kind),
        occur_time: Some(keizoku_proto::timestamp(at)),
        source: "app".to_owned(),
        key: format!("{key}-{}", i32::from(kind)),
        ..RecordedSignal::default()
    };
    KINDS.map(signal).into()
}

/// Writes what a customer did.
pub(crate) fn write_signals(
    filler: &mut Filler,
    number: u64,
    at: Timestamp,
    does: i64,
) -> Result<(), Failure> {
    let (id, month) = (account(number), month_of(at));
    let kind = Kind::SignalsRecorded(SignalsRecorded {
        account_id: id.to_string(),
        month,
        signals: signals(&at.as_second().to_string(), at, does),
    });
    let stream = chunk_stream(id, month);
    let recorded = recorded("signals", stream.id(), kind.to_bytes());
    filler.push(Service::Healthscore, kind.type_name(), &recorded)
}

/// Waits until a server has nothing to do: while models are built, there is no answer yet.
pub(crate) async fn until_idle(server: &Child) -> Result<(), Failure> {
    let mut idle = 0;
    while idle < 5 {
        let before = server.cpu()?;
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        let used = server.cpu()?.saturating_sub(before);
        idle = if used.as_millis() < 100 { idle + 1 } else { 0 };
    }
    Ok(())
}

/// The same signals as [`write_signals`] writes, to be sent.
pub(crate) fn to_send(number: u64, key: &str, at: Timestamp, does: i64) -> Vec<Signal> {
    let account = keizoku_runtime::names::account(account(number));
    let signal = |one: RecordedSignal| Signal {
        account: account.clone(),
        kind: one.kind,
        value: one.value,
        occur_time: one.occur_time,
        source: one.source,
        key: one.key,
        ..Signal::default()
    };
    signals(key, at, does).into_iter().map(signal).collect()
}

/// Sends signals in batches, one after the other: the token of the last answer.
pub(crate) async fn send(keizoku: &Channel, signals: &[Signal]) -> Result<String, Failure> {
    let requests: Vec<_> = signals
        .chunks(BATCH)
        .map(|batch| IngestSignalsRequest {
            signals: batch.to_vec(),
            consistency_tokens: Vec::new(),
        })
        .collect();
    let mut api = HealthScoreServiceClient::new(keizoku.clone());
    let answers = api.ingest_signals(futures::stream::iter(requests)).await?;
    let (mut answers, mut token) = (answers.into_inner(), String::new());
    while let Some(answer) = answers.message().await? {
        for result in answer.results {
            if result.outcome() != ImportOutcome::Created {
                return Err(format!("{}: {}", result.reason, result.message).into());
            }
        }
        token = answer.consistency_token;
    }
    Ok(token)
}
