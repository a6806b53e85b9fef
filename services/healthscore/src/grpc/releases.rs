//! What came out: recorded, taken back, listed (HLT-9).

use keizoku_core::derive_id;
use keizoku_proto::healthscore::{self as proto, ReleaseKind, SignalKind};
use keizoku_runtime::page::Page;
use keizoku_runtime::parse::{LONG_TEXT, SHORT_TEXT};
use keizoku_runtime::{Call, Failure, Outcome, Violations, call, names};
use tonic::Request;
use uuid::Uuid;

use crate::domain::RELEASES;
use crate::domain::releases::{Command, Release, State};
use crate::scoring::SeriesKey;
use crate::{HealthScores, api, resources};

/// Kinds of use that a release can be measured by at most.
const MOST_MEASURED: usize = 10;
/// Tiers of a release at most.
const MOST_TIERS: usize = 50;

impl HealthScores {
    pub(super) async fn record_release(
        &self,
        request: Request<proto::RecordReleaseRequest>,
    ) -> Result<proto::RecordReleaseResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let release = release(&mut violations, body);
        let (request_id, mut release) = violations.finish(request_id.zip(release))?;
        let call = Call::of("RecordRelease", &request, request_id, &body.etag)?;
        release.id = derive_id("release", &[request_id.as_bytes()]);
        let id = release.id;
        let done = match self.releases.admit(&RELEASES, &call).await? {
            Some(done) => done,
            None if release.date > self.calendar.today() => {
                let mut violations = Violations::new();
                violations.add("date", "is in the future; record it when it is out");
                return Err(violations.into_failure());
            }
            None => {
                let command = Command::Record(Box::new(release));
                self.releases.execute(RELEASES, command, call).await?
            }
        };
        let (release, etag, consistency_token) = shown(id, &done);
        Ok(proto::RecordReleaseResponse {
            release,
            etag,
            consistency_token,
        })
    }

    pub(super) async fn void_release(
        &self,
        request: Request<proto::VoidReleaseRequest>,
    ) -> Result<proto::VoidReleaseResponse, Failure> {
        let mut violations = Violations::new();
        let body = request.get_ref();
        let request_id = violations.request_id(&body.request_id);
        let id = violations.parse("name", names::parse_release(&body.name));
        let reason = violations.required_text("reason", &body.reason, LONG_TEXT);
        let (request_id, id) = violations.finish(request_id.zip(id))?;
        let call = Call::of("VoidRelease", &request, request_id, &body.etag)?;
        let command = Command::Void(id, reason);
        let done = self.releases.execute(RELEASES, command, call).await?;
        let (release, etag, consistency_token) = shown(id, &done);
        Ok(proto::VoidReleaseResponse {
            release,
            etag,
            consistency_token,
        })
    }

    pub(super) async fn list_releases(
        &self,
        body: proto::ListReleasesRequest,
    ) -> Result<proto::ListReleasesResponse, Failure> {
        let binding = proto::ListReleasesRequest {
            with_voided: body.with_voided,
            ..proto::ListReleasesRequest::default()
        };
        let page = Page::of(body.page_size, &body.page_token, &binding)?;
        let fold = self.releases.refresh(&RELEASES).await?;
        let mut fit = fold.state.latest_first();
        fit.retain(|one| body.with_voided || one.void_reason.is_empty());
        let releases = fit.iter().skip(page.offset).take(page.size);
        Ok(proto::ListReleasesResponse {
            releases: releases.map(|one| resources::release(one)).collect(),
            next_page_token: page.next(fit.len()),
            total_size: i64::try_from(fit.len()).unwrap_or(i64::MAX),
            etag: call::etag(fold.revision),
        })
    }
}

/// A release after a change, with the etag and the consistency token of the change.
fn shown(id: Uuid, done: &Outcome<State>) -> (Option<proto::Release>, String, String) {
    let release = done.fold.state.find(id).ok().map(resources::release);
    (release, call::etag(done.fold.revision), done.token.encode())
}

/// The release that somebody wants to record; its id comes later.
fn release(violations: &mut Violations, body: &proto::RecordReleaseRequest) -> Option<Release> {
    let kind = body.kind();
    if kind == ReleaseKind::Unspecified {
        violations.add("kind", "is required: FEATURE, WEBINAR or CONTENT");
    }
    let display_name = violations.required_text("display_name", &body.display_name, SHORT_TEXT);
    let product = violations.text("product", &body.product, SHORT_TEXT);
    if body.tiers.len() > MOST_TIERS {
        violations.add("tiers", format!("are more than {MOST_TIERS}"));
    }
    let tiers = body.tiers.iter().take(MOST_TIERS).enumerate();
    let tiers = tiers.map(|(number, tier)| {
        violations.required_text(&format!("tiers[{number}]"), tier, SHORT_TEXT)
    });
    let tiers = tiers.collect();
    let measured = measured(violations, &body.measured);
    let date = violations.required_day("date", body.date.as_ref())?;
    Some(Release {
        id: Uuid::nil(),
        kind,
        display_name,
        date,
        measured,
        tiers,
        product,
    })
}

/// The use that a release is measured by.
fn measured(violations: &mut Violations, wanted: &[proto::MeasuredUse]) -> Vec<SeriesKey> {
    if !(1..=MOST_MEASURED).contains(&wanted.len()) {
        let problem = format!("are {}; 1 to {MOST_MEASURED} are allowed", wanted.len());
        violations.add("measured", problem);
    }
    let mut found: Vec<SeriesKey> = Vec::new();
    for (number, measured) in wanted.iter().take(MOST_MEASURED).enumerate() {
        let place = format!("measured[{number}]");
        let kind = measured.signal();
        if !is_use(kind) {
            let problem = "must be ACTIVE_USERS, FEATURE_USE, SIGN_INS, CONTENT_ATTENDANCE or \
                SEMINAR_ATTENDANCE";
            violations.add(&format!("{place}.signal"), problem);
        }
        let field = format!("{place}.subject");
        let subject = violations.text(&field, &measured.subject, SHORT_TEXT);
        if is_use(kind) && api::has_subject(kind) == subject.is_empty() {
            violations.add(&field, "is required for FEATURE_USE, and empty otherwise");
        }
        let series = SeriesKey { kind, subject };
        if found.contains(&series) {
            violations.add(&place, "is there twice");
        }
        found.push(series);
    }
    found
}

/// Whether signals of a kind tell how much something is used.
fn is_use(kind: SignalKind) -> bool {
    matches!(
        kind,
        SignalKind::ActiveUsers
            | SignalKind::FeatureUse
            | SignalKind::SignIns
            | SignalKind::ContentAttendance
            | SignalKind::SeminarAttendance
    )
}
