//! Questions about scores, now and at any instant.

use jiff::Timestamp;
use keizoku_core::AccountId;
use keizoku_proto::healthscore as proto;
use keizoku_runtime::page::Page;
use keizoku_runtime::{Failure, Violations, names};
use prost_types::Timestamp as Wire;

use crate::domain::{self, scorecards};
use crate::history::{History, UpTo};
use crate::{HealthScores, resources};

impl HealthScores {
    pub(super) async fn get(
        &self,
        body: proto::GetHealthRequest,
    ) -> Result<proto::GetHealthResponse, Failure> {
        let mut violations = Violations::new();
        let account = violations.parse("account", names::parse_account(&body.account));
        let at = self.instant(&mut violations, "time", body.time.as_ref());
        let (account, at) = violations.finish(account.zip(at))?;
        self.freshness.wait(&body.consistency_tokens).await?;
        let unknown = || Failure::not_found(&body.account);
        let stream = domain::override_stream(self.known_as(account, at).ok_or_else(unknown)?);
        // Each is a way to another thread and back: nothing is gained by one after the other.
        let (history, overriding) = futures::try_join!(
            self.history(account, at),
            self.overridings.as_known_at(&stream, Some(at)),
        )?;
        let history = history.ok_or_else(unknown)?;
        // Whoever followed the history to where it was left had these, or older ones.
        let cards = self.scorecards.recall(&domain::SCORECARDS).await?;
        let track = self.follow_on(&history, &cards.state, at);
        let (history, track) = if let Some(track) = track {
            (history, track)
        } else {
            let (history, cards) = self.known(account, at, &body.account).await?;
            let track = self.follow(&history, &cards, at);
            (history, track)
        };
        let health = Some(resources::health(history.id, &track, &overriding, at));
        let watermarks = self.freshness.watermarks();
        Ok(proto::GetHealthResponse { health, watermarks })
    }

    pub(super) async fn compare(
        &self,
        body: proto::CompareHealthRequest,
    ) -> Result<proto::CompareHealthResponse, Failure> {
        let mut violations = Violations::new();
        let account = violations.parse("account", names::parse_account(&body.account));
        if body.from_time.is_none() {
            violations.add("from_time", "is required");
        }
        let from = self.instant(&mut violations, "from_time", body.from_time.as_ref());
        let to = self.instant(&mut violations, "to_time", body.to_time.as_ref());
        require_order(&mut violations, from, to);
        let ((account, from), to) = violations.finish(account.zip(from).zip(to))?;
        self.freshness.wait(&body.consistency_tokens).await?;
        let (history, cards) = self.known(account, to, &body.account).await?;
        let before = self.health(&history, &cards, from).await?;
        let after = self.health(&history, &cards, to).await?;
        let changes = resources::changes(&before, &after);
        Ok(proto::CompareHealthResponse {
            before: Some(before),
            after: Some(after),
            changes,
        })
    }

    pub(super) async fn steps(
        &self,
        body: proto::ListHealthHistoryRequest,
    ) -> Result<proto::ListHealthHistoryResponse, Failure> {
        let mut violations = Violations::new();
        let account = violations.parse("account", names::parse_account(&body.account));
        let from = match &body.from_time {
            None => Some(Timestamp::MIN),
            from => self.instant(&mut violations, "from_time", from.as_ref()),
        };
        let to = self.instant(&mut violations, "to_time", body.to_time.as_ref());
        require_order(&mut violations, from, to);
        let ((account, from), to) = violations.finish(account.zip(from).zip(to))?;
        let binding = proto::ListHealthHistoryRequest {
            page_size: 0,
            page_token: String::new(),
            consistency_tokens: Vec::new(),
            ..body.clone()
        };
        let page = Page::of(body.page_size, &body.page_token, &binding)?;
        self.freshness.wait(&body.consistency_tokens).await?;
        let (history, cards) = self.known(account, to, &body.account).await?;
        let track = self.follow(&history, &cards, to);
        let held = track
            .steps
            .iter()
            .rposition(|step| step.at <= from)
            .unwrap_or_default();
        let wanted = &track.steps[held..];
        let steps = wanted.iter().skip(page.offset).take(page.size);
        Ok(proto::ListHealthHistoryResponse {
            steps: steps.map(resources::step).collect(),
            next_page_token: page.next(wanted.len()),
        })
    }

    async fn health(
        &self,
        history: &History,
        cards: &scorecards::State,
        at: Timestamp,
    ) -> Result<proto::Health, Failure> {
        let track = self.follow(history, cards, at);
        let stream = domain::override_stream(history.id);
        let overriding = self.overridings.as_known_at(&stream, Some(at)).await?;
        Ok(resources::health(history.id, &track, &overriding, at))
    }

    /// The account's whole history up to an instant, and the scorecards.
    async fn known(
        &self,
        account: AccountId,
        until: Timestamp,
        name: &str,
    ) -> Result<(History, scorecards::State), Failure> {
        let history = self.whole_history(account, UpTo::instant(until)).await?;
        let history = history.ok_or_else(|| Failure::not_found(name))?;
        let cards = self.scorecards.refresh(&domain::SCORECARDS).await?;
        Ok((history, cards.state.clone()))
    }

    /// An instant of a question, which cannot be answered ahead; now where there is none.
    pub(super) fn instant(
        &self,
        violations: &mut Violations,
        field: &str,
        at: Option<&Wire>,
    ) -> Option<Timestamp> {
        let now = self.calendar.now();
        if at.is_none() {
            return Some(now);
        }
        let at = violations.instant(field, at)?;
        if at > now {
            violations.add(
                field,
                "is in the future: what will be recorded until then is not known",
            );
        }
        Some(at)
    }
}

fn require_order(violations: &mut Violations, from: Option<Timestamp>, to: Option<Timestamp>) {
    if from > to {
        violations.add("from_time", "is after to_time");
    }
}
