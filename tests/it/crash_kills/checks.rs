//! The ledger against the service, the log and the read models.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use keizoku_cli::client::Connection;
use keizoku_proto::StoredEvent as _;
use keizoku_proto::accounts::{Account, GetAccountRequest, ListAccountsRequest};
use keizoku_proto::common::{AsOf, EventMetadata};
use keizoku_proto::onboarding::GetOnboardingRequest;
use keizoku_proto::risk::event::Kind;
use keizoku_proto::risk::{GetRiskRequest, ListRisksRequest, Risk, RiskState};
use keizoku_testkit::{day, logs};
use prost::Message as _;
use tempfile::TempDir;
use tonic::{Code, Response, Status};

use super::steps::{Fate, Step, died};
use super::writer::{Filed, Task, Writer, opened};

/// The process died while it was looked at.
#[derive(Debug)]
pub(crate) struct Died;

/// An answer, a refusal, or the end of the process.
fn answered<T>(answer: Result<Response<T>, Status>) -> Result<Result<T, Code>, Died> {
    match answer {
        Ok(answer) => Ok(Ok(answer.into_inner())),
        Err(status) if died(&status) => Err(Died),
        Err(status) => Ok(Err(status.code())),
    }
}

async fn risk(api: &Connection, name: &str) -> Result<Option<Risk>, Died> {
    let get = GetRiskRequest {
        name: name.to_owned(),
        ..GetRiskRequest::default()
    };
    match answered(api.risks().get_risk(get).await)? {
        Ok(answer) => Ok(answer.risk),
        Err(code) => {
            assert_eq!(code, Code::NotFound, "{name}");
            Ok(None)
        }
    }
}

async fn account(api: &Connection, name: &str, year: i32) -> Result<Account, Died> {
    let get = GetAccountRequest {
        name: name.to_owned(),
        as_of: Some(AsOf {
            on: Some(day(year, 6, 1)),
            ..AsOf::default()
        }),
        ..GetAccountRequest::default()
    };
    let answer = answered(api.accounts().get_account(get).await)?;
    Ok(answer.unwrap().account.unwrap())
}

/// The task as the service has it.
async fn task(api: &Connection, known: &Task) -> Result<Task, Died> {
    let get = GetOnboardingRequest {
        name: known.onboarding.clone(),
        ..GetOnboardingRequest::default()
    };
    let answer = answered(api.onboardings().get_onboarding(get).await)?;
    let found = answer.unwrap().onboarding.unwrap();
    let mut tasks = found.phases.iter().flat_map(|phase| &phase.tasks);
    let task = tasks.find(|task| task.key == known.key).unwrap();
    Ok(Task {
        note: task.done_date.map(|_| task.note.clone()),
        revision: found.etag.trim_start_matches('r').parse().unwrap(),
        ..known.clone()
    })
}

/// Whether a risk is as the ledger has it.
fn same(risk: &Risk, filed: &Filed) -> bool {
    let result = risk.closure.as_ref().map(|closure| closure.result.clone());
    let state = match filed.result {
        Some(_) => RiskState::Closed,
        None => RiskState::Open,
    };
    risk.display_name == filed.display_name
        && risk.detail == filed.detail
        && risk.next_action == filed.next_action
        && result == filed.result
        && risk.state() == state
        && risk.etag == format!("r{}", filed.revision)
}

impl Writer {
    /// Finds out what became of the request that nobody knows of: whole or not at all. Then sends
    /// it again.
    pub(crate) async fn settle(&mut self, api: &Connection) -> Result<(), Died> {
        let Some(step) = self.pending.clone() else {
            return Ok(());
        };
        self.whole_or_not_at_all(api, &step).await?;
        let fate = step.send(api).await;
        if matches!(fate, Fate::Unknown) {
            return Err(Died);
        }
        self.pending = None;
        self.enter(&step, fate);
        Ok(())
    }

    async fn whole_or_not_at_all(&self, api: &Connection, step: &Step) -> Result<(), Died> {
        match step {
            Step::Open(request) => {
                let filed = opened(request);
                if let Some(risk) = risk(api, &filed.name).await? {
                    assert!(same(&risk, &filed), "{risk:?}, {filed:?}");
                }
            }
            Step::Schedule(request) => {
                let before = self.filed.last().unwrap();
                let mut after = before.clone();
                after.next_action.clone_from(&request.next_action);
                after.revision += 1;
                self.one_of(api, before, &after).await?;
            }
            Step::Close(request) => {
                let before = self.filed.last().unwrap();
                let mut after = before.clone();
                after.result = Some(request.result.clone());
                after.revision += 1;
                self.one_of(api, before, &after).await?;
            }
            Step::Regroup(request) => {
                let now = account(api, &self.account, 2026).await?;
                let later = account(api, &self.account, 2031).await?;
                let (before, events) = (&self.group.0, self.group.1);
                let after = request.group.as_ref().unwrap();
                let expected = if now.group == *before {
                    (before, format!("r{events}"))
                } else {
                    (after, format!("r{}", events + 2))
                };
                assert_eq!((&now.group, &now.etag), (expected.0, &expected.1));
                assert_eq!((&later.group, &later.tier), (expected.0, &"Mid".to_owned()));
            }
            Step::Complete(_) | Step::Reopen(_) => {
                let (found, after) = (task(api, &self.task).await?, self.task.after(step));
                let is_one = found == self.task || found == after;
                assert!(is_one, "{found:?} is neither {:?} nor {after:?}", self.task);
            }
            Step::Refused(request) => {
                let filed = opened(request);
                assert!(risk(api, &filed.name).await?.is_none(), "{}", filed.name);
            }
            // Others may have changed it since; the log tells in the end.
            Step::Quarrel(_) => {}
        }
        Ok(())
    }

    async fn one_of(&self, api: &Connection, before: &Filed, after: &Filed) -> Result<(), Died> {
        let risk = risk(api, &before.name).await?.unwrap();
        let is_one = same(&risk, before) || same(&risk, after);
        assert!(is_one, "{risk:?} is neither {before:?} nor {after:?}");
        Ok(())
    }

    /// The account and the risks that the writer touched lately.
    pub(crate) async fn look_at_last(&self, api: &Connection) -> Result<(), Died> {
        self.look_at(api, 3).await
    }

    /// The account and every risk.
    pub(crate) async fn look_at_all(&self, api: &Connection) -> Result<(), Died> {
        self.look_at(api, usize::MAX).await
    }

    async fn look_at(&self, api: &Connection, most: usize) -> Result<(), Died> {
        for filed in self.filed.iter().rev().take(most) {
            let found = risk(api, &filed.name).await?;
            let found = found.unwrap_or_else(|| panic!("{filed:?} is lost"));
            assert!(same(&found, filed), "{found:?}, {filed:?}");
        }
        for name in self.refused.iter().rev().take(most) {
            assert!(risk(api, name).await?.is_none(), "{name} was refused");
        }
        assert_eq!(task(api, &self.task).await?, self.task);
        let found = account(api, &self.account, 2026).await?;
        assert_eq!(found.group, self.group.0);
        assert_eq!(found.etag, format!("r{}", self.group.1));
        Ok(())
    }
}

/// The read model has as many risks as the ledgers: theirs and the shared one.
pub(crate) async fn count(api: &Connection, writers: &[Writer]) -> Result<(), Died> {
    let list = ListRisksRequest {
        page_size: 1,
        ..ListRisksRequest::default()
    };
    // What was settled just now may be on its way into the list.
    let filed: usize = writers.iter().map(|writer| writer.filed.len()).sum();
    let listed = answered(api.risks().list_risks(list).await)?.unwrap();
    let missing = filed + 1 - usize::try_from(listed.total_size).unwrap();
    assert!(missing <= writers.len(), "{missing} risks are missing");
    Ok(())
}

/// Every answer that read models have a part in.
pub(crate) async fn dump(api: &Connection) -> (Vec<Risk>, Vec<Account>) {
    let mut risks = Vec::new();
    let mut request = ListRisksRequest {
        page_size: 1_000,
        order_by: "open_date".to_owned(),
        ..ListRisksRequest::default()
    };
    loop {
        let page = api
            .risks()
            .list_risks(request.clone())
            .await
            .unwrap()
            .into_inner();
        risks.extend(page.risks);
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    let list = ListAccountsRequest::default();
    let accounts = api.accounts().list_accounts(list).await.unwrap();
    (risks, accounts.into_inner().accounts)
}

/// Throws away everything that can be made from the logs again.
pub(crate) fn forget_read_models(data: &TempDir) {
    let mut forgotten = 0;
    for entry in fs::read_dir(data.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.to_string_lossy().contains(".model.") {
            fs::remove_file(path).unwrap();
            forgotten += 1;
        }
    }
    assert!(forgotten >= 2, "{forgotten} files");
}

/// The log holds what the ledgers say, once, and the lists are its fold.
pub(crate) async fn check_log(
    data: &TempDir,
    setup: &BTreeMap<&'static str, u64>,
    writers: &[Writer],
    (listed, _): &(Vec<Risk>, Vec<Account>),
) {
    let heads = logs::heads(data.path());
    let mut by_request: BTreeMap<String, usize> = BTreeMap::new();
    let mut fold: BTreeMap<String, Filed> = BTreeMap::new();
    let mut texts = BTreeSet::new();
    for service in logs::SERVICES {
        let events = logs::events(data.path(), service).await;
        for (number, event) in (1..).zip(&events) {
            assert_eq!(event.position.0, number, "{service} has a gap");
            let metadata = EventMetadata::decode(event.metadata.as_slice()).unwrap();
            let request = uuid::Uuid::from_slice(&metadata.request_id).unwrap();
            if number > setup[service] {
                *by_request.entry(request.to_string()).or_default() += 1;
            }
            if service == "risk" {
                let kind = Kind::from_bytes(&event.data).unwrap();
                texts.extend(take_in(&mut fold, &event.stream, &kind));
            }
        }
        assert_eq!(events.len() as u64, heads[service]);
    }

    let mut expected = BTreeMap::new();
    for writer in writers {
        expected.extend(writer.done.clone());
        for request in &writer.undone {
            assert!(!by_request.contains_key(request), "{request} was refused");
        }
        let (given, refused) = &writer.quarrels;
        assert!(given.iter().all(|text| texts.contains(text)));
        assert!(refused.iter().all(|text| !texts.contains(text)));
    }
    assert_eq!(by_request, expected, "each request once, whole");

    assert_eq!(listed.len(), fold.len());
    for risk in listed {
        let (_, id) = risk.name.rsplit_once('/').unwrap();
        let folded = &fold[&id.replace('-', "")];
        assert!(same(risk, folded), "{risk:?} is not the fold {folded:?}");
    }
}

/// A naive fold; the answer is the text of a next action.
fn take_in(fold: &mut BTreeMap<String, Filed>, stream: &str, event: &Kind) -> Option<String> {
    let id = stream.strip_prefix("risk-")?.to_owned();
    if let Kind::RiskOpened(opened) = event {
        let description = opened.description.clone().unwrap();
        let filed = Filed {
            name: String::new(),
            display_name: description.display_name,
            detail: description.detail,
            next_action: opened.next_action.clone(),
            result: None,
            open_date: opened.open_date,
            revision: 1,
        };
        assert!(
            fold.insert(id, filed).is_none(),
            "{stream} was opened twice"
        );
        return None;
    }
    let filed = fold.get_mut(&id).unwrap();
    filed.revision += 1;
    match event {
        Kind::NextActionScheduled(scheduled) => {
            filed.next_action.clone_from(&scheduled.next_action);
            filed.next_action.clone().map(|action| action.text)
        }
        Kind::RiskClosed(closed) => {
            filed.result = Some(closed.result.clone());
            None
        }
        other => panic!("{stream} holds {other:?}"),
    }
}
