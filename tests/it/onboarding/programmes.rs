//! Programmes for new members of the team, apart from customers (ONB-10).

use keizoku_onboarding::template_file;
use keizoku_proto::accounts::{Team, User};
use keizoku_proto::common::AsOf;
use keizoku_proto::onboarding::{
    AdvanceProgrammeRequest, AssignProgrammeRequest, ChangeProgrammeTemplateRequest,
    CompleteProgrammeRequest, CompleteProgrammeTaskRequest, EndProgrammeRequest,
    GetLeadTimesRequest, GetProgrammeRequest, GetProgrammeTemplateRequest, GetTemplateRequest,
    ListProgrammeTasksRequest, ListProgrammeTemplatesRequest, ListProgrammesRequest,
    ListTemplatesRequest, MoveProgrammeRequest, OnboardingFilter, Programme, ProgrammeFilter,
    ProgrammeState, PublishProgrammeTemplateRequest, StartProgrammeRequest,
};
use keizoku_testkit::{Refusal, day};
use tonic::{Code, Status};

use super::world::World;

/// A team with a mentor, a lead and two new members.
struct Newcomers {
    world: World,
    team: Team,
    mentor: User,
    lead: User,
    members: [User; 2],
}

impl Newcomers {
    async fn new(name: &str) -> Self {
        let world = World::new(name).await;
        let team = world.scene.team("SMB West").await;
        let [mentor, lead, first, second] = [
            world.scene.user("鈴木", &team).await,
            world.scene.user("佐藤", &team).await,
            world.scene.user("田中", &team).await,
            world.scene.user("高橋", &team).await,
        ];
        Self {
            world,
            team,
            mentor,
            lead,
            members: [first, second],
        }
    }

    fn asking(&self, member: &User) -> StartProgrammeRequest {
        StartProgrammeRequest {
            member: member.name.clone(),
            mentor: self.mentor.name.clone(),
            lead: self.lead.name.clone(),
            start_date: Some(day(2026, 11, 2)),
            request_id: self.world.id(),
            consistency_tokens: self.world.scene.account_tokens(),
            ..StartProgrammeRequest::default()
        }
    }

    /// Starts one, and waits until lists show it.
    async fn start(&self, request: StartProgrammeRequest) -> Result<Programme, Status> {
        let mut client = self.world.scene.api.enablement();
        let started = client.start_programme(request).await?.into_inner();
        self.read(started.consistency_token).await;
        Ok(started.programme.unwrap())
    }

    async fn read(&self, token: String) {
        let request = ListProgrammesRequest {
            consistency_tokens: vec![token],
            ..ListProgrammesRequest::default()
        };
        let mut client = self.world.scene.api.enablement();
        client.list_programmes(request).await.unwrap();
    }

    async fn done(&self, programme: &Programme, task: &str) -> Result<Programme, Status> {
        let request = CompleteProgrammeTaskRequest {
            name: programme.name.clone(),
            task: task.to_owned(),
            request_id: self.world.id(),
            ..CompleteProgrammeTaskRequest::default()
        };
        let mut client = self.world.scene.api.enablement();
        let done = client.complete_programme_task(request).await?;
        Ok(done.into_inner().programme.unwrap())
    }

    async fn move_to(&self, programme: &Programme, phase: &str) -> Programme {
        let request = MoveProgrammeRequest {
            name: programme.name.clone(),
            phase: phase.to_owned(),
            reason: "前職で経験済み".to_owned(),
            request_id: self.world.id(),
            ..MoveProgrammeRequest::default()
        };
        let mut client = self.world.scene.api.enablement();
        let moved = client.move_programme(request).await.unwrap().into_inner();
        self.read(moved.consistency_token).await;
        moved.programme.unwrap()
    }

    async fn end(&self, programme: &Programme) -> Programme {
        let request = EndProgrammeRequest {
            name: programme.name.clone(),
            reason: "営業部へ異動".to_owned(),
            request_id: self.world.id(),
            ..EndProgrammeRequest::default()
        };
        let mut client = self.world.scene.api.enablement();
        let ended = client.end_programme(request).await.unwrap().into_inner();
        self.read(ended.consistency_token).await;
        ended.programme.unwrap()
    }

    /// Members of the programmes that fit, in the order of the list.
    async fn list(&self, filter: ProgrammeFilter) -> Vec<String> {
        let request = ListProgrammesRequest {
            filter: Some(filter),
            ..ListProgrammesRequest::default()
        };
        let mut client = self.world.scene.api.enablement();
        let list = client.list_programmes(request).await.unwrap().into_inner();
        let members = list.programmes.into_iter().map(|one| one.member);
        members.collect()
    }

    /// Dates and keys of open tasks, in the order of the list.
    async fn tasks(&self, request: ListProgrammeTasksRequest) -> Vec<(i32, i32, String, bool)> {
        let mut client = self.world.scene.api.enablement();
        let list = client.list_programme_tasks(request).await.unwrap();
        let tasks = list.into_inner().tasks.into_iter().map(|told| {
            let task = told.task.unwrap();
            let due = task.due_date.unwrap();
            (due.month, due.day, task.key, told.overdue)
        });
        tasks.collect()
    }
}

#[tokio::test]
async fn onb_10_a_programme_goes_from_its_first_day_to_its_end() {
    let here = Newcomers::new("programme").await;
    let member = &here.members[0];
    let started = here.start(here.asking(member)).await.unwrap();
    assert_eq!(started.state(), ProgrammeState::InProgress);
    assert_eq!((&*started.key, started.template_version), ("new_member", 1));
    here.world.cluster.set("2026-11-25T09:00[Asia/Tokyo]");
    let again = here.start(here.asking(member)).await.unwrap_err();
    assert_eq!(Refusal::from(&again).reason, "ALREADY_EXISTS");

    let mut client = here.world.scene.api.enablement();
    let advance = |etag: &str| AdvanceProgrammeRequest {
        name: started.name.clone(),
        etag: etag.to_owned(),
        request_id: here.world.id(),
        ..AdvanceProgrammeRequest::default()
    };
    let early = client.advance_programme(advance("")).await.unwrap_err();
    let early = Refusal::from(&early);
    assert_eq!(early.reason, "EXIT_CRITERIA_UNMET");
    for task in ["agree_goals", "learn_product", "review_month_1"] {
        here.done(&started, task).await.unwrap();
    }
    let stale = client.advance_programme(advance(&started.etag)).await;
    assert_eq!(stale.unwrap_err().code(), Code::Aborted);
    let request = advance("");
    let moved = client.advance_programme(request.clone()).await.unwrap();
    let repeated = client.advance_programme(request).await.unwrap();
    assert_eq!(
        repeated.into_inner().programme,
        moved.into_inner().programme
    );

    let last = here.move_to(&started, "month_3").await;
    assert_eq!(last.steps.last().unwrap().reason, "前職で経験済み");
    let complete = || CompleteProgrammeRequest {
        name: started.name.clone(),
        result: "一人で担当できる".to_owned(),
        request_id: here.world.id(),
        ..CompleteProgrammeRequest::default()
    };
    let unmet = client.complete_programme(complete()).await.unwrap_err();
    assert_eq!(Refusal::from(&unmet).reason, "EXIT_CRITERIA_UNMET");
    here.done(&started, "take_over_accounts").await.unwrap();
    here.done(&started, "final_review").await.unwrap();
    let done = client.complete_programme(complete()).await.unwrap();
    let done = done.into_inner().programme.unwrap();
    assert_eq!(done.state(), ProgrammeState::Completed);
    assert_eq!(done.end.unwrap().text, "一人で担当できる");
    let closed = here.done(&started, "file_risks").await.unwrap_err();
    assert_eq!(Refusal::from(&closed).reason, "PROGRAMME_CLOSED");

    let then = GetProgrammeRequest {
        name: started.name.clone(),
        as_of: Some(AsOf {
            on: Some(day(2026, 11, 10)),
            known_at: started.update_time,
        }),
        ..GetProgrammeRequest::default()
    };
    let then = client.get_programme(then).await.unwrap().into_inner();
    let then = then.programme.unwrap();
    assert_eq!((&*then.phase, then.end.is_none()), ("month_1", true));
    // On the 10th, as was known on the 24th.
    assert_eq!(then.overdue_tasks, ["prepare_accounts", "agree_goals"]);
}

#[tokio::test]
async fn onb_10_a_mentor_sees_what_is_to_be_done_by_due_date() {
    let here = Newcomers::new("tasks").await;
    let first = here.asking(&here.members[0]);
    here.start(first).await.unwrap();
    let mut later = here.asking(&here.members[1]);
    later.start_date = Some(day(2026, 11, 20));
    let later = here.start(later).await.unwrap();

    let mentors = || ListProgrammeTasksRequest {
        filter: Some(ProgrammeFilter {
            mentor: here.mentor.name.clone(),
            ..ProgrammeFilter::default()
        }),
        ..ListProgrammeTasksRequest::default()
    };
    let due_by = |month, date| ListProgrammeTasksRequest {
        due_by: Some(day(2026, month, date)),
        ..mentors()
    };
    let told = |month, day, key: &str, overdue| (month, day, key.to_owned(), overdue);
    // 3 and 23 November are holidays; today is the 24th.
    let expected = [
        told(11, 4, "prepare_accounts", true),
        told(11, 6, "agree_goals", true),
        told(11, 17, "learn_product", true),
        told(11, 24, "prepare_accounts", false),
        told(11, 25, "shadow_meetings", false),
        told(11, 26, "agree_goals", false),
    ];
    assert_eq!(here.tasks(due_by(11, 30)).await, expected);
    let own = ListProgrammeTasksRequest {
        assignee: here.mentor.name.clone(),
        ..due_by(11, 30)
    };
    let expected = [
        told(11, 6, "agree_goals", true),
        told(11, 26, "agree_goals", false),
    ];
    assert_eq!(here.tasks(own).await, expected);
    // The interview is due two months after the start, whatever phase that is.
    let leads = ListProgrammeTasksRequest {
        assignee: here.lead.name.clone(),
        ..ListProgrammeTasksRequest::default()
    };
    let due = here.tasks(leads).await;
    let interviews: Vec<(i32, i32)> = due
        .iter()
        .filter(|(_, _, key, _)| key == "interview")
        .map(|(month, day, ..)| (*month, *day))
        .collect();
    assert_eq!(interviews, [(1, 4), (1, 20)]);

    // Who is late comes first, and a team's list has its people.
    let of_team = || ProgrammeFilter {
        member: here.team.name.clone(),
        ..ProgrammeFilter::default()
    };
    let [one, other] = &here.members;
    let everybody = [one.name.clone(), other.name.clone()];
    assert_eq!(here.list(of_team()).await, everybody);
    let late = ProgrammeFilter {
        overdue: true,
        ..of_team()
    };
    assert_eq!(here.list(late).await, everybody[..1]);
    here.move_to(&later, "month_2").await;
    let second_month = ProgrammeFilter {
        phase: "month_2".to_owned(),
        ..of_team()
    };
    assert_eq!(here.list(second_month).await, everybody[1..]);
    // A deed of the past is not forgotten, and what has ended is shown when it is asked for.
    let ended = here.end(&later).await;
    assert_eq!(ended.state(), ProgrammeState::Ended);
    assert_eq!(here.list(of_team()).await, everybody[..1]);
    let all = ProgrammeFilter {
        include_ended: true,
        ..of_team()
    };
    assert_eq!(here.list(all).await, everybody);
    let left = here.tasks(mentors()).await;
    let first_months = left.iter().filter(|(_, _, key, _)| key == "agree_goals");
    assert_eq!(first_months.count(), 1);
}

#[tokio::test]
async fn onb_10_a_programme_is_apart_from_onboardings_and_so_is_its_template() {
    let here = Newcomers::new("apart").await;
    let programme = here.start(here.asking(&here.members[0])).await.unwrap();
    let onboarding = here.world.start(&here.world.account, |_| ()).await;
    let token = here.world.note(&onboarding, "read_hand_off").await;
    let products = here.world.list(&token, OnboardingFilter::default()).await;
    assert_eq!(products, ["Core"]);
    let mut client = here.world.scene.api.onboardings();
    let times = client.get_lead_times(GetLeadTimesRequest::default()).await;
    let times = times.unwrap().into_inner();
    assert_eq!(times.groups.len(), 1, "{times:?}");
    let templates = client.list_templates(ListTemplatesRequest::default()).await;
    let templates = templates.unwrap().into_inner().templates;
    assert_eq!(templates.len(), 1, "{templates:?}");
    let id = programme.template.rsplit_once('/').unwrap().1;
    let as_onboarding = GetTemplateRequest {
        name: format!("onboardingTemplates/{id}"),
        ..GetTemplateRequest::default()
    };
    let absent = client.get_template(as_onboarding).await.unwrap_err();
    assert_eq!(absent.code(), Code::NotFound);
    let mut client = here.world.scene.api.enablement();
    let id = templates[0].name.rsplit_once('/').unwrap().1;
    let as_programme = GetProgrammeTemplateRequest {
        name: format!("programmeTemplates/{id}"),
        ..GetProgrammeTemplateRequest::default()
    };
    let absent = client.get_programme_template(as_programme).await;
    assert_eq!(absent.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn onb_10_a_running_programme_keeps_its_version_until_it_is_moved() {
    let here = Newcomers::new("programme-versions").await;
    let started = here.start(here.asking(&here.members[0])).await.unwrap();
    let mut phases = template_file::shipped_programme().unwrap().phases;
    phases[0].expected_working_days = 10;
    let publish = |key: &str| PublishProgrammeTemplateRequest {
        key: key.to_owned(),
        phases: phases.clone(),
        request_id: here.world.id(),
        ..PublishProgrammeTemplateRequest::default()
    };
    let mut client = here.world.scene.api.enablement();
    for (key, version) in [("new_member", 2), ("career_changer", 1)] {
        let published = client.publish_programme_template(publish(key)).await;
        let template = published.unwrap().into_inner().template.unwrap();
        assert_eq!(template.latest_version, version, "{key}");
    }
    let get = GetProgrammeRequest {
        name: started.name.clone(),
        ..GetProgrammeRequest::default()
    };
    let shown = client.get_programme(get).await.unwrap().into_inner();
    let shown = shown.programme.unwrap();
    assert_eq!(shown.phases[0].expected_working_days, 20);
    assert_eq!(shown.latest_template_version, 2);
    let change = ChangeProgrammeTemplateRequest {
        name: started.name.clone(),
        request_id: here.world.id(),
        ..ChangeProgrammeTemplateRequest::default()
    };
    let changed = client.change_programme_template(change).await.unwrap();
    let changed = changed.into_inner();
    here.read(changed.consistency_token).await;
    let changed = changed.programme.unwrap();
    assert_eq!(changed.phases[0].expected_working_days, 10);
    let list = ListProgrammeTemplatesRequest::default();
    let list = client.list_programme_templates(list).await.unwrap();
    let keys = list.into_inner().templates.into_iter().map(|one| one.key);
    let expected = ["career_changer", "new_member"];
    assert_eq!(keys.collect::<Vec<_>>(), expected);
    let other = StartProgrammeRequest {
        key: "career_changer".to_owned(),
        ..here.asking(&here.members[0])
    };
    let other = here.start(other).await.unwrap();
    assert_ne!(other.name, started.name, "one of each kind");
}

#[tokio::test]
async fn onb_10_what_makes_no_sense_is_refused_with_everything_that_is_wrong() {
    let here = Newcomers::new("programme-refused").await;
    let mut client = here.world.scene.api.enablement();
    let nothing = StartProgrammeRequest {
        key: "Two words".to_owned(),
        ..StartProgrammeRequest::default()
    };
    let refused = client.start_programme(nothing).await.unwrap_err();
    let expected = ["key", "lead", "member", "mentor", "request_id"];
    assert_eq!(Refusal::from(&refused).fields, expected);
    let asking = || here.asking(&here.members[0]);
    let stranger = StartProgrammeRequest {
        lead: format!("users/{}", uuid::Uuid::from_u128(7)),
        ..asking()
    };
    let refused = here.start(stranger).await.unwrap_err();
    assert_eq!(Refusal::from(&refused).reason, "OWNER_UNKNOWN");
    let unknown = StartProgrammeRequest {
        key: "no_such".to_owned(),
        ..asking()
    };
    let refused = here.start(unknown).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    let alone = StartProgrammeRequest {
        mentor: here.members[0].name.clone(),
        ..asking()
    };
    let refused = here.start(alone).await.unwrap_err();
    assert_eq!(Refusal::from(&refused).reason, "MENTOR_IS_MEMBER");

    let started = here.start(asking()).await.unwrap();
    let refused = here.done(&started, "no_such").await.unwrap_err();
    assert_eq!(Refusal::from(&refused).reason, "TASK_UNKNOWN");
    let nobody = AssignProgrammeRequest {
        name: started.name,
        request_id: here.world.id(),
        ..AssignProgrammeRequest::default()
    };
    let refused = client.assign_programme(nobody).await.unwrap_err();
    assert_eq!(Refusal::from(&refused).fields, ["mentor"]);
    let mut phases = template_file::shipped().unwrap().phases;
    phases.truncate(1);
    let customers = PublishProgrammeTemplateRequest {
        key: "wrong".to_owned(),
        phases,
        request_id: here.world.id(),
        ..PublishProgrammeTemplateRequest::default()
    };
    let refused = client.publish_programme_template(customers).await;
    let expected = [
        "phases[0].tasks[0].party",
        "phases[0].tasks[1].kind",
        "phases[0].tasks[1].party",
    ];
    assert_eq!(Refusal::from(&refused.unwrap_err()).fields, expected);
}
