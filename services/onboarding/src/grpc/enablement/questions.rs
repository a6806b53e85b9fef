//! Questions about programmes.

use std::sync::Arc;

use keizoku_core::Day;
use keizoku_proto::onboarding as proto;
use keizoku_runtime::page::Page;
use keizoku_runtime::{Failure, Fold, Violations};
use uuid::Uuid;

use crate::api::enablement as api;
use crate::domain::programme::State;
use crate::queries::enablement as queries;
use crate::resources::programme::{self as resources, Surroundings};
use crate::{Onboardings, domain};

impl Onboardings {
    /// A programme on a day.
    pub(super) async fn show_programme(
        &self,
        id: Uuid,
        fold: &Fold<State>,
        on: Day,
    ) -> Result<proto::Programme, Failure> {
        let template = fold.state.course.plan.template_id.parse();
        let template = domain::template_stream(template.unwrap_or_default());
        let template = self.templates.recall(&template).await?;
        let around = Surroundings {
            latest_version: template.state.latest(),
            working_days: self.calendar.working_days(),
            on,
        };
        Ok(resources::programme(id, fold, around))
    }

    pub(super) async fn get_programme(
        &self,
        body: proto::GetProgrammeRequest,
    ) -> Result<proto::GetProgrammeResponse, Failure> {
        let mut violations = Violations::new();
        let name = api::name(&mut violations, &body.name);
        let id = violations.finish(name)?;
        let as_of = self.as_of(body.as_of.as_ref())?;
        self.wait(&body.consistency_tokens).await?;
        let stream = domain::programme_stream(id);
        let fold = self.programmes.as_known_at(&stream, as_of.known_at).await?;
        if !fold.state.exists() {
            return Err(Failure::not_found(&body.name));
        }
        Ok(proto::GetProgrammeResponse {
            programme: Some(self.show_programme(id, &fold, as_of.on).await?),
            watermarks: self.list_freshness.watermarks(),
        })
    }

    async fn find_programmes(
        &self,
        filter: &proto::ProgrammeFilter,
    ) -> Result<Vec<(Uuid, Arc<Fold<State>>)>, Failure> {
        let select = self.select_programmes(filter)?;
        let ids = self
            .model
            .read(move |rows| queries::programmes(rows, &select))
            .await?;
        let mut found = Vec::new();
        for id in ids {
            let stream = domain::programme_stream(id);
            found.push((id, self.programmes.recall(&stream).await?));
        }
        Ok(found)
    }

    pub(super) async fn list_programmes(
        &self,
        body: proto::ListProgrammesRequest,
    ) -> Result<proto::ListProgrammesResponse, Failure> {
        let filter = body.filter.clone().unwrap_or_default();
        let binding = proto::ListProgrammesRequest {
            filter: body.filter.clone(),
            ..proto::ListProgrammesRequest::default()
        };
        let page = Page::of(body.page_size, &body.page_token, &binding)?;
        self.wait(&body.consistency_tokens).await?;
        let on = self.book.now().on;
        let mut found = Vec::new();
        for (id, fold) in self.find_programmes(&filter).await? {
            found.push((id, self.show_programme(id, &fold, on).await?));
        }
        found.retain(|(_, one)| !filter.overdue || !one.overdue_tasks.is_empty());
        found.sort_by_cached_key(|(id, one)| {
            let due = keizoku_proto::optional_day(one.next_due_date.as_ref());
            let due = due.ok().flatten();
            let is_on_time = one.overdue_tasks.is_empty();
            (one.end.is_some(), is_on_time, due.is_none(), due, *id)
        });
        let total = found.len();
        let programmes = found.into_iter().skip(page.offset).take(page.size);
        Ok(proto::ListProgrammesResponse {
            programmes: programmes.map(|(_, programme)| programme).collect(),
            next_page_token: page.next(total),
            total_size: i64::try_from(total).unwrap_or(i64::MAX),
            watermarks: self.list_freshness.watermarks(),
        })
    }

    pub(super) async fn list_programme_tasks(
        &self,
        body: proto::ListProgrammeTasksRequest,
    ) -> Result<proto::ListProgrammeTasksResponse, Failure> {
        let mut violations = Violations::new();
        let assignee = api::optional_user(&mut violations, "assignee", &body.assignee);
        let due_by = violations.day("due_by", body.due_by.as_ref());
        violations.check()?;
        // What has come to its end has nothing to do.
        let filter = proto::ProgrammeFilter {
            state: proto::ProgrammeState::InProgress.into(),
            ..body.filter.clone().unwrap_or_default()
        };
        let binding = proto::ListProgrammeTasksRequest {
            page_size: 0,
            page_token: String::new(),
            consistency_tokens: Vec::new(),
            ..body.clone()
        };
        let page = Page::of(body.page_size, &body.page_token, &binding)?;
        self.wait(&body.consistency_tokens).await?;
        let on = self.book.now().on;
        let working_days = self.calendar.working_days();
        let assignee = assignee.map(|id| format!("users/{id}"));
        let mut found = Vec::new();
        for (id, fold) in self.find_programmes(&filter).await? {
            let tasks = resources::tasks(id, &fold.state, working_days, on);
            let is_late = tasks.iter().any(|(_, task)| task.overdue);
            found.extend(tasks.into_iter().filter(|(due, task)| {
                (is_late || !filter.overdue)
                    && due_by.is_none_or(|by| *due <= by)
                    && assignee.as_ref().is_none_or(|id| *id == task.assignee)
            }));
        }
        // Stable: what is due on the same day stays in the order of programme and plan.
        found.sort_by_key(|(due, _)| *due);
        let total = found.len();
        let tasks = found.into_iter().skip(page.offset).take(page.size);
        Ok(proto::ListProgrammeTasksResponse {
            tasks: tasks.map(|(_, task)| task).collect(),
            next_page_token: page.next(total),
            total_size: i64::try_from(total).unwrap_or(i64::MAX),
            watermarks: self.list_freshness.watermarks(),
        })
    }
}
