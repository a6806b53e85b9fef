//! Scorecards: drafted, published, rolled back (HLT-2).

use std::sync::Arc;

use keizoku_proto::healthscore as proto;
use keizoku_runtime::parse::{LONG_TEXT, SHORT_TEXT};
use keizoku_runtime::{Call, Failure, Outcome, Violations, call};
use tonic::Request;

use crate::domain::SCORECARDS;
use crate::domain::scorecards::{Command, State};
use crate::scoring::Scorecard;
use crate::{HealthScores, resources};

impl HealthScores {
    pub(super) async fn list_scorecards(&self) -> Result<proto::ListScorecardsResponse, Failure> {
        let fold = self.scorecards.refresh(&SCORECARDS).await?;
        let cards = fold.state.cards.iter();
        Ok(proto::ListScorecardsResponse {
            scorecards: cards
                .map(|(key, card)| resources::scorecard(key, card))
                .collect(),
            etag: call::etag(fold.revision),
        })
    }

    pub(super) async fn draft(
        &self,
        request: Request<proto::DraftScorecardRequest>,
    ) -> Result<proto::DraftScorecardResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let key = new_key(&mut violations, &body.key);
        let wanted = body.scorecard.clone().map(Scorecard::read);
        let wanted = match wanted {
            Some(Ok(wanted)) => Some(Arc::new(wanted)),
            Some(Err(flaws)) => {
                for flaw in flaws {
                    violations.add(&format!("scorecard.{}", flaw.field), flaw.problem);
                }
                None
            }
            None => {
                violations.add("scorecard", "is required");
                None
            }
        };
        let (request_id, wanted) = violations.finish(request_id.zip(wanted))?;
        let call = Call::of("DraftScorecard", &request, request_id, &body.etag)?;
        let done = self
            .change(Command::Draft(key.clone(), wanted), call)
            .await?;
        let (scorecard, etag, consistency_token) = shown(&key, &done);
        Ok(proto::DraftScorecardResponse {
            scorecard,
            etag,
            consistency_token,
        })
    }

    pub(super) async fn publish(
        &self,
        request: Request<proto::PublishScorecardRequest>,
    ) -> Result<proto::PublishScorecardResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let key = violations.required_text("key", &body.key, SHORT_TEXT);
        let request_id = violations.finish(request_id)?;
        let call = Call::of("PublishScorecard", &request, request_id, &body.etag)?;
        let done = self.change(Command::Publish(key.clone()), call).await?;
        let (scorecard, etag, consistency_token) = shown(&key, &done);
        Ok(proto::PublishScorecardResponse {
            scorecard,
            etag,
            consistency_token,
        })
    }

    pub(super) async fn roll_back(
        &self,
        request: Request<proto::RollBackScorecardRequest>,
    ) -> Result<proto::RollBackScorecardResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let key = violations.required_text("key", &body.key, SHORT_TEXT);
        let reason = violations.required_text("reason", &body.reason, LONG_TEXT);
        let request_id = violations.finish(request_id)?;
        let call = Call::of("RollBackScorecard", &request, request_id, &body.etag)?;
        let command = Command::RollBack(key.clone(), body.version, reason);
        let done = self.change(command, call).await?;
        let (scorecard, etag, consistency_token) = shown(&key, &done);
        Ok(proto::RollBackScorecardResponse {
            scorecard,
            etag,
            consistency_token,
        })
    }

    async fn change(&self, command: Command, call: Call) -> Result<Outcome<State>, Failure> {
        self.scorecards.execute(SCORECARDS, command, call).await
    }
}

/// A scorecard after a change, with its etag and consistency token.
fn shown(key: &str, done: &Outcome<State>) -> (Option<proto::ScorecardHistory>, String, String) {
    let card = done.fold.state.cards.get(key);
    let card = card.map(|card| resources::scorecard(key, card));
    (card, call::etag(done.fold.revision), done.token.encode())
}

fn new_key(violations: &mut Violations, key: &str) -> String {
    let is_plain =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    if key.is_empty() || key.len() > SHORT_TEXT || !key.chars().all(is_plain) {
        violations.add("key", "is required: lower case letters, digits and `_`");
    }
    key.to_owned()
}
