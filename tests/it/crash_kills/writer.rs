//! A client and its ledger.

use std::collections::BTreeMap;

use keizoku_cli::client::Connection;
use keizoku_proto::accounts::{Account, AssignAccountRequest};
use keizoku_proto::google::r#type::Date;
use keizoku_proto::onboarding::{CompleteTaskRequest, ReopenTaskRequest, StartOnboardingRequest};
use keizoku_proto::risk::{
    CloseRiskRequest, Completion, LeadsToChurn, NextAction, OpenRiskRequest, Risk,
    ScheduleNextActionRequest,
};
use keizoku_testkit::{Refusal, RequestIds, Scene, day};

use super::lives::Tally;
use super::steps::{Answer, Fate, Step};
use crate::random::Random;

/// A risk as the ledger has it.
#[derive(Debug, Clone)]
pub(crate) struct Filed {
    pub(crate) name: String,
    pub(crate) display_name: String,
    pub(crate) detail: String,
    pub(crate) next_action: Option<NextAction>,
    pub(crate) result: Option<String>,
    /// Only known once it was answered.
    pub(crate) open_date: Option<Date>,
    /// How many events it has.
    pub(crate) revision: usize,
}

/// A task of an onboarding as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Task {
    /// The onboarding.
    pub(crate) onboarding: String,
    pub(crate) key: String,
    /// What was noted when it was done; none while it is not.
    pub(crate) note: Option<String>,
    /// How many events the onboarding has.
    pub(crate) revision: usize,
}

/// One client: everything that it did is in its ledger.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) number: usize,
    pub(crate) account: String,
    /// The account's group, and how many events the account has.
    pub(crate) group: (String, usize),
    /// A task of the account's onboarding, which is done and reopened in turn.
    pub(crate) task: Task,
    /// Acknowledged risks, the last one being worked on.
    pub(crate) filed: Vec<Filed>,
    /// Names of risks that must not exist.
    pub(crate) refused: Vec<String>,
    /// Texts that the shared risk was given, and those that it must never have had.
    pub(crate) quarrels: (Vec<String>, Vec<String>),
    pub(crate) shared: String,
    shared_etag: String,
    /// What nobody knows of.
    pub(crate) pending: Option<Step>,
    /// Request id of everything acknowledged, and how many events it left.
    pub(crate) done: BTreeMap<String, usize>,
    /// Request id of everything refused.
    pub(crate) undone: Vec<String>,
    ids: RequestIds,
    random: Random,
}

impl Writer {
    /// A writer with an account whose tier changes in 2030, so that a change of the group before
    /// then is two events.
    pub(crate) async fn new(
        number: usize,
        scene: &Scene,
        account: &Account,
        shared: &Risk,
    ) -> Self {
        let later = AssignAccountRequest {
            name: account.name.clone(),
            tier: Some("Mid".to_owned()),
            effective_date: Some(day(2030, 1, 1)),
            request_id: scene.ids.fresh(),
            ..AssignAccountRequest::default()
        };
        scene.api.accounts().assign_account(later).await.unwrap();
        let start = StartOnboardingRequest {
            parent: account.name.clone(),
            product: "Core".to_owned(),
            request_id: scene.ids.fresh(),
            consistency_tokens: scene.account_tokens(),
            ..StartOnboardingRequest::default()
        };
        let started = scene.api.onboardings().start_onboarding(start).await;
        let onboarding = started.unwrap().into_inner().onboarding.unwrap();
        assert_eq!(onboarding.etag, "r1");
        let task = Task {
            key: onboarding.phases[0].tasks[0].key.clone(),
            onboarding: onboarding.name,
            note: None,
            revision: 1,
        };
        Self {
            number,
            account: account.name.clone(),
            group: (String::new(), 2),
            task,
            filed: Vec::new(),
            refused: Vec::new(),
            quarrels: (Vec::new(), Vec::new()),
            shared: shared.name.clone(),
            shared_etag: shared.etag.clone(),
            pending: None,
            done: BTreeMap::new(),
            undone: Vec::new(),
            ids: RequestIds::of(&format!("writer {number}")),
            random: Random::of(number as u64),
        }
    }

    pub(crate) fn acknowledged(&self) -> usize {
        self.done.len()
    }

    /// Writes until the process dies.
    pub(crate) async fn write(&mut self, api: &Connection, tally: &Tally) {
        loop {
            let step = self.next();
            let in_flight = tally.in_flight();
            let fate = step.send(api).await;
            drop(in_flight);
            if matches!(fate, Fate::Unknown) {
                self.pending = Some(step);
                return;
            }
            self.enter(&step, fate);
            tally.acknowledged();
        }
    }

    /// Writes into the ledger what became of a step.
    pub(crate) fn enter(&mut self, step: &Step, fate: Fate) {
        match fate {
            Fate::Acknowledged(answer) => {
                let twice = self
                    .done
                    .insert(step.request_id().to_owned(), step.events());
                assert_eq!(twice, None, "{step:?} was done before");
                self.acknowledge(step, answer);
            }
            Fate::Refused(refusal) => {
                self.undone.push(step.request_id().to_owned());
                self.refuse(step, refusal);
            }
            Fate::Unknown => unreachable!("it stays pending"),
        }
    }

    fn acknowledge(&mut self, step: &Step, answer: Answer) {
        let Answer { etag, open_date } = answer;
        match step {
            Step::Open(request) => {
                assert_eq!(etag, "r1");
                self.filed.push(Filed {
                    open_date,
                    ..opened(request)
                });
            }
            Step::Schedule(request) => {
                let risk = self.filed.last_mut().unwrap();
                risk.next_action.clone_from(&request.next_action);
                risk.revision += 1;
                assert_eq!(etag, format!("r{}", risk.revision), "{}", risk.name);
            }
            Step::Close(request) => {
                let risk = self.filed.last_mut().unwrap();
                risk.result = Some(request.result.clone());
                risk.revision += 1;
                assert_eq!(etag, format!("r{}", risk.revision), "{}", risk.name);
            }
            Step::Regroup(request) => {
                self.group.0.clone_from(request.group.as_ref().unwrap());
                self.group.1 += 2;
                assert_eq!(etag, format!("r{}", self.group.1), "{}", self.account);
            }
            Step::Quarrel(request) => {
                self.quarrels.0.push(text_of(request));
                self.shared_etag = etag;
            }
            Step::Complete(_) | Step::Reopen(_) => {
                self.task = self.task.after(step);
                let Task { revision, .. } = self.task;
                assert_eq!(etag, format!("r{revision}"), "{:?}", self.task);
            }
            Step::Refused(request) => panic!("{request:?} was taken"),
        }
    }

    fn refuse(&mut self, step: &Step, mut refusal: Refusal) {
        match step {
            Step::Quarrel(request) => {
                assert_eq!(refusal.reason, "STALE_ETAG", "{refusal:?}");
                self.shared_etag = refusal.metadata.remove("current_etag").unwrap();
                self.quarrels.1.push(text_of(request));
            }
            Step::Refused(request) => {
                assert_eq!(refusal.reason, "RISK_TYPE_UNKNOWN", "{refusal:?}");
                self.refused.push(opened(request).name);
            }
            other => panic!("{other:?} was refused: {refusal:?}"),
        }
    }

    fn next(&mut self) -> Step {
        let open_risk = self.filed.last().filter(|risk| risk.result.is_none());
        let name = open_risk.map(|risk| risk.name.clone());
        match (self.random.below(14), name) {
            (12 | 13, _) => self.other_task_step(),
            (0, _) => Step::Refused(self.risk("no-such-type")),
            (1 | 2, _) => Step::Regroup(self.regroup()),
            (3 | 4, _) => Step::Quarrel(self.quarrel()),
            (5, Some(name)) => Step::Close(self.close(name)),
            (_, Some(name)) => Step::Schedule(self.schedule(name)),
            (_, None) => Step::Open(self.risk("")),
        }
    }

    fn risk(&self, r#type: &str) -> OpenRiskRequest {
        OpenRiskRequest {
            parent: self.account.clone(),
            risk_id: self.ids.fresh(),
            display_name: format!("{}の案件", self.number),
            detail: "長い話。".repeat(50),
            leads_to_churn: LeadsToChurn::LeadsToChurn.into(),
            r#type: r#type.to_owned(),
            request_id: self.ids.fresh(),
            ..OpenRiskRequest::default()
        }
    }

    fn schedule(&mut self, name: String) -> ScheduleNextActionRequest {
        let request_id = self.ids.fresh();
        let due = i32::try_from(self.random.below(28)).unwrap() + 1;
        ScheduleNextActionRequest {
            name,
            next_action: Some(NextAction {
                due_date: Some(day(2027, 1, due)),
                text: format!("{}: {request_id}", self.number),
            }),
            request_id,
            ..ScheduleNextActionRequest::default()
        }
    }

    fn quarrel(&mut self) -> ScheduleNextActionRequest {
        let mut request = self.schedule(self.shared.clone());
        request.etag.clone_from(&self.shared_etag);
        request
    }

    fn close(&self, name: String) -> CloseRiskRequest {
        let request_id = self.ids.fresh();
        CloseRiskRequest {
            name,
            completion: Completion::Completed.into(),
            // The day on which it was opened is never in the future.
            completion_date: self.filed.last().and_then(|risk| risk.open_date),
            result: format!("継続 {request_id}"),
            request_id,
            ..CloseRiskRequest::default()
        }
    }

    fn other_task_step(&self) -> Step {
        let request_id = self.ids.fresh();
        let Task {
            onboarding, key, ..
        } = self.task.clone();
        match self.task.note {
            None => Step::Complete(CompleteTaskRequest {
                name: onboarding,
                task: key,
                note: format!("{}: {request_id}", self.number),
                request_id,
                ..CompleteTaskRequest::default()
            }),
            Some(_) => Step::Reopen(ReopenTaskRequest {
                name: onboarding,
                task: key,
                reason: "まだでした".to_owned(),
                request_id,
                ..ReopenTaskRequest::default()
            }),
        }
    }

    fn regroup(&self) -> AssignAccountRequest {
        let request_id = self.ids.fresh();
        AssignAccountRequest {
            name: self.account.clone(),
            group: Some(format!("group {request_id}")),
            effective_date: Some(day(2026, 1, 1)),
            request_id,
            ..AssignAccountRequest::default()
        }
    }
}

impl Task {
    /// The task after a step.
    pub(crate) fn after(&self, step: &Step) -> Self {
        let note = match step {
            Step::Complete(request) => Some(request.note.clone()),
            _ => None,
        };
        Self {
            note,
            revision: self.revision + 1,
            ..self.clone()
        }
    }
}

/// The risk that a request files.
pub(crate) fn opened(request: &OpenRiskRequest) -> Filed {
    Filed {
        name: format!("{}/risks/{}", request.parent, request.risk_id),
        display_name: request.display_name.clone(),
        detail: request.detail.clone(),
        next_action: None,
        result: None,
        open_date: None,
        revision: 1,
    }
}

pub(crate) fn text_of(request: &ScheduleNextActionRequest) -> String {
    request.next_action.clone().unwrap_or_default().text
}
