//! Onboardings, step by step, with the dates on which the steps were done.

use keizoku_core::Day;
use keizoku_proto::onboarding::{
    AdvanceOnboardingRequest, CompleteOnboardingRequest, CompleteTaskRequest, Evidence, HandOff,
    HandOffAnswer, HoldOnboardingRequest, RateExpectationGapRequest, RecordHandOffRequest,
    RecordKickoffRequest, StartOnboardingRequest, Temperature,
};

use super::super::Customer;
use super::super::contracts::MAIN;
use super::super::onboardings::Step;
use super::Writer;
use crate::client::call;
use crate::error::Failure;

/// What the salesperson found out; the template asks for some of it at larger customers only.
const ANSWERS: [(&str, &str); 4] = [
    ("industry", "拠点が多く、現場の従業員が中心"),
    ("employee_emails", "本社は収集済み。現場は未収集"),
    ("sign_in_without_email", "社員番号とパスワードでログイン"),
    ("sign_off", "人事部長が起案し、取締役会で承認"),
];

impl Writer<'_> {
    /// Records the onboarding of a customer that came within the period.
    pub(super) async fn onboarding(&self, customer: &Customer) -> Result<Vec<String>, Failure> {
        let told = &customer.onboarding;
        if told.start < self.told.window.first {
            return Ok(Vec::new());
        }
        let what = format!("onboarding-{}", customer.number);
        let request = StartOnboardingRequest {
            parent: self.account_name(customer),
            product: MAIN.to_owned(),
            start_date: Some(told.start.into()),
            won_date: Some(told.won.into()),
            history: true,
            request_id: self.request_id(&what),
            ..StartOnboardingRequest::default()
        };
        let start = async || {
            self.connection
                .onboardings()
                .start_onboarding(request.clone())
                .await
        };
        let answer = call(start).await?;
        let name = answer.onboarding.unwrap_or_default().name;
        let mut tokens = vec![answer.consistency_token];
        for (place, step) in told.steps.iter().enumerate() {
            let request_id = self.request_id(&format!("{what}-{place}"));
            tokens.push(self.step(customer, name.clone(), *step, request_id).await?);
        }
        Ok(tokens)
    }

    async fn step(
        &self,
        customer: &Customer,
        name: String,
        step: Step,
        request_id: String,
    ) -> Result<String, Failure> {
        let api = || self.connection.onboardings();
        let etag = String::new();
        let (kickoff_gap, closing_gap) = customer.onboarding.gaps;
        match step {
            Step::HandOff => {
                let hand_off = Some(self.hand_off(customer));
                let request = RecordHandOffRequest {
                    name,
                    hand_off,
                    etag,
                    request_id,
                };
                let sent = async || api().record_hand_off(request.clone()).await;
                Ok(call(sent).await?.consistency_token)
            }
            Step::Kickoff(day) => {
                let request = RecordKickoffRequest {
                    name,
                    confirmed_wants: "従業員の声を月次で把握し、離職を減らす".to_owned(),
                    gap: Some(kickoff_gap),
                    date: Some(day.into()),
                    request_id,
                    ..RecordKickoffRequest::default()
                };
                let sent = async || api().record_kickoff(request.clone()).await;
                Ok(call(sent).await?.consistency_token)
            }
            Step::Task(task, day) => {
                let request = CompleteTaskRequest {
                    name,
                    task: task.to_owned(),
                    date: Some(day.into()),
                    request_id,
                    ..CompleteTaskRequest::default()
                };
                let sent = async || api().complete_task(request.clone()).await;
                Ok(call(sent).await?.consistency_token)
            }
            Step::Advance(day) => {
                let request = AdvanceOnboardingRequest {
                    name,
                    date: Some(day.into()),
                    etag,
                    request_id,
                };
                let sent = async || api().advance_onboarding(request.clone()).await;
                Ok(call(sent).await?.consistency_token)
            }
            Step::RateGap(day) => {
                let request = RateExpectationGapRequest {
                    name,
                    gap: Some(closing_gap),
                    note: String::new(),
                    date: Some(day.into()),
                    etag,
                    request_id,
                };
                let sent = async || api().rate_expectation_gap(request.clone()).await;
                Ok(call(sent).await?.consistency_token)
            }
            Step::Complete(day) => self.complete(name, day, request_id).await,
            // A pause that is over cannot be recorded any more.
            Step::Hold(until) if until < self.options.today => Ok(String::new()),
            Step::Hold(until) => {
                let request = HoldOnboardingRequest {
                    name,
                    until_date: Some(until.into()),
                    reason: "先方の繁忙期のため、再開時期まで休止".to_owned(),
                    etag,
                    request_id,
                };
                let sent = async || api().hold_onboarding(request.clone()).await;
                Ok(call(sent).await?.consistency_token)
            }
        }
    }

    async fn complete(
        &self,
        name: String,
        day: Day,
        request_id: String,
    ) -> Result<String, Failure> {
        let request = CompleteOnboardingRequest {
            name,
            evidence: Some(Evidence {
                issue_set: "離職率の改善を課題として合意".to_owned(),
                product_used: "対象従業員の7割以上が毎月利用".to_owned(),
                effect_felt: "人事部長より、面談の件数が増えたとの評価".to_owned(),
            }),
            date: Some(day.into()),
            request_id,
            ..CompleteOnboardingRequest::default()
        };
        let sent = async || {
            self.connection
                .onboardings()
                .complete_onboarding(request.clone())
                .await
        };
        Ok(call(sent).await?.consistency_token)
    }

    fn hand_off(&self, customer: &Customer) -> HandOff {
        let answer = |(question, answer): (&str, &str)| HandOffAnswer {
            question: question.to_owned(),
            answer: answer.to_owned(),
        };
        let temperatures = [Temperature::Cold, Temperature::Warm, Temperature::Hot];
        let gap = customer.onboarding.gaps.0.min(2);
        let temperature = temperatures[2 - usize::try_from(gap).unwrap_or(0)];
        HandOff {
            why_bought: "従業員の離職が増え、現場の状況を早くつかみたい".to_owned(),
            expectations: "半年で利用率70%、離職率の改善".to_owned(),
            temperature: temperature.into(),
            stakeholders: vec![self.contact_name(customer, 0)],
            answers: ANSWERS.map(answer).into(),
        }
    }
}
