//! Templates: shipped, published, kept (ONB-2, ONB-3).

use keizoku_onboarding::template_file;
use keizoku_proto::accounts::{ConfigureOrganisationRequest, Organisation};
use keizoku_proto::onboarding::exit_criterion::Criterion;
use keizoku_proto::onboarding::{
    ChangeTemplateVersionRequest, ExitCriterion, GetTemplateRequest, ListTemplatesRequest,
    PublishTemplateRequest, TemplatePhase,
};
use keizoku_testkit::Refusal;
use tonic::Code;

use super::world::World;

/// The shipped phases, with another duration of the first.
fn phases(days: u32) -> Vec<TemplatePhase> {
    let mut phases = template_file::shipped().unwrap().phases;
    phases[0].expected_working_days = days;
    phases
}

#[tokio::test]
async fn onb_2_a_new_organisation_has_the_six_phase_template_once() {
    let mut world = World::new("shipped").await;
    for _ in 0..2 {
        let mut client = world.cluster.api("viewer").await.onboardings();
        let list = client.list_templates(ListTemplatesRequest::default()).await;
        let templates = list.unwrap().into_inner().templates;
        let [shipped] = &templates[..] else {
            panic!("{templates:?}");
        };
        assert_eq!((shipped.version, shipped.phases.len()), (1, 6));
        let title = shipped.phases[5].title.clone().unwrap();
        assert_eq!((title.ja.as_str(), title.en.as_str()), ("完了", "Complete"));
        world.cluster = world.cluster.restart().await;
    }
}

#[tokio::test]
async fn onb_3_the_template_that_fits_best_is_taken() {
    let world = World::new("best").await;
    let expected = async |product: &str| {
        let started = world
            .start(&world.account, |ask| ask.product = product.to_owned())
            .await;
        started.phases[0].expected_working_days
    };
    assert_eq!(expected("A").await, 10, "the shipped one");
    world.publish("", "Enterprise", phases(11)).await;
    assert_eq!(expected("B").await, 11, "of the tier");
    world.publish("C", "", phases(12)).await;
    assert_eq!(expected("C").await, 12, "of the product");
    world.publish("D", "", phases(13)).await;
    world.publish("D", "Enterprise", phases(14)).await;
    world.publish("D", "SMB", phases(15)).await;
    assert_eq!(expected("D").await, 14, "of both");
}

#[tokio::test]
async fn onb_3_a_running_onboarding_keeps_its_version_until_it_is_moved() {
    let world = World::new("versions").await;
    let template = world.publish("Core", "", phases(10)).await;
    let started = world.start(&world.account, |_| ()).await;
    let second = world.publish("Core", "", phases(20)).await;
    assert_eq!((second.version, &second.name), (2, &template.name));
    let shown = world.get(&started).await;
    assert_eq!(shown.phases[0].expected_working_days, 10);
    assert_eq!(
        (shown.template_version, shown.latest_template_version),
        (1, 2)
    );

    let mut client = world.scene.api.onboardings();
    let mut change = ChangeTemplateVersionRequest {
        name: started.name.clone(),
        version: 3,
        request_id: world.id(),
        ..ChangeTemplateVersionRequest::default()
    };
    let refused = client.change_template_version(change.clone()).await;
    let refused = Refusal::from(&refused.unwrap_err());
    assert_eq!(refused.code, Code::NotFound);
    change.version = 0;
    for _ in 0..2 {
        let changed = client.change_template_version(change.clone()).await;
        let changed = changed.unwrap().into_inner().onboarding.unwrap();
        assert_eq!(changed.template_version, 2);
        assert_eq!(changed.phases[0].expected_working_days, 20);
    }

    let old = GetTemplateRequest {
        name: template.name,
        version: 1,
        ..GetTemplateRequest::default()
    };
    let old = client.get_template(old).await.unwrap().into_inner();
    let old = old.template.unwrap();
    assert_eq!(old.phases[0].expected_working_days, 10);
    assert_eq!(old.latest_version, 2);
}

#[tokio::test]
async fn onb_3_a_template_is_refused_with_everything_that_is_wrong() {
    let world = World::new("refused").await;
    let mut wrong = phases(0);
    wrong[0].exit_criteria = vec![ExitCriterion {
        criterion: Some(Criterion::Task("agree_next_step".to_owned())),
    }];
    wrong[1].tasks[0].party = 0;
    wrong[4].closing = false;
    let mut request = PublishTemplateRequest {
        phases: wrong,
        ..PublishTemplateRequest::default()
    };
    let mut client = world.scene.api.onboardings();
    let refused = client.publish_template(request.clone()).await.unwrap_err();
    let refused = Refusal::from(&refused);
    let expected = [
        "phases",
        "phases[0].exit_criteria[0].task",
        "phases[0].expected_working_days",
        "phases[1].tasks[0].party",
        "request_id",
    ];
    assert_eq!(refused.fields, expected);

    request.phases = phases(10);
    request.tier = "Platinum".to_owned();
    request.request_id = world.id();
    let configure = ConfigureOrganisationRequest {
        organisation: Some(Organisation {
            tiers: vec!["Enterprise".to_owned(), "SMB".to_owned()],
            ..Organisation::default()
        }),
        update_mask: vec!["tiers".to_owned()],
        request_id: world.id(),
        ..ConfigureOrganisationRequest::default()
    };
    let mut directory = world.scene.api.directory();
    let changed = directory.configure_organisation(configure).await.unwrap();
    let token = changed.into_inner().consistency_token;
    let read = ListTemplatesRequest {
        consistency_tokens: vec![token],
        ..ListTemplatesRequest::default()
    };
    client.list_templates(read).await.unwrap();
    let refused = client.publish_template(request).await.unwrap_err();
    assert_eq!(Refusal::from(&refused).reason, "TIER_UNKNOWN");
}
