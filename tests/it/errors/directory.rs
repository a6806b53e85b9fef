//! What settings and people refuse (GEN-1, ACC-6).

use keizoku_proto::accounts::{
    ConfigureOrganisationRequest, GetOrganisationRequest, Organisation, UpdateUserRequest, User,
};
use keizoku_testkit::{logs, refused};

use super::scene;

#[tokio::test]
async fn gen_1_every_setting_that_is_wrong_is_named() {
    let (cluster, scene) = scene("settings").await;
    let heads = logs::heads(cluster.folder());
    let mut directory = scene.api.directory();
    let configure = |organisation: Organisation, mask: &[&str]| ConfigureOrganisationRequest {
        organisation: Some(organisation),
        update_mask: mask.iter().map(|field| (*field).to_owned()).collect(),
        request_id: scene.ids.fresh(),
        ..ConfigureOrganisationRequest::default()
    };
    let wrong = Organisation {
        display_name: "継".repeat(256),
        time_zone: "Asia/Atlantis".to_owned(),
        reporting_currency: "yen".to_owned(),
        locale: "fr".to_owned(),
        gross_margin_ppm: Some(1_000_001),
        tiers: vec!["x".repeat(1 << 20)],
        signals_silent_after_days: Some(0),
        ..Organisation::default()
    };
    let all = [
        "display_name",
        "time_zone",
        "reporting_currency",
        "locale",
        "gross_margin_ppm",
        "tiers",
        "signals_silent_after_days",
        "colour",
    ];
    let refusal = refused(
        directory
            .configure_organisation(configure(wrong, &all))
            .await,
    );
    let named = all[..7].iter().map(|field| format!("organisation.{field}"));
    let mut named: Vec<String> = named.chain(["update_mask".to_owned()]).collect();
    named.sort_unstable();
    assert_eq!(refusal.fields, named);
    let nothing = configure(Organisation::default(), &[]);
    let refusal = refused(directory.configure_organisation(nothing).await);
    assert_eq!(refusal.fields, ["update_mask"]);
    assert_eq!(logs::heads(cluster.folder()), heads);
}

#[tokio::test]
async fn gen_1_settings_that_are_not_named_stay() {
    let (_cluster, scene) = scene("some settings").await;
    let mut directory = scene.api.directory();
    let configure = ConfigureOrganisationRequest {
        organisation: Some(Organisation {
            display_name: "継続株式会社".to_owned(),
            locale: "en".to_owned(),
            gross_margin_ppm: Some(800_000),
            ..Organisation::default()
        }),
        update_mask: vec!["display_name".to_owned(), "gross_margin_ppm".to_owned()],
        request_id: scene.ids.fresh(),
        ..ConfigureOrganisationRequest::default()
    };
    directory.configure_organisation(configure).await.unwrap();
    let answer = directory.get_organisation(GetOrganisationRequest {}).await;
    let known = answer.unwrap().into_inner().organisation.unwrap();
    let shown = (known.display_name.as_str(), known.gross_margin_ppm);
    assert_eq!(shown, ("継続株式会社", Some(800_000)));
    let defaults = [known.time_zone, known.reporting_currency, known.locale];
    assert_eq!(defaults, ["Asia/Tokyo", "JPY", "ja"]);
}

#[tokio::test]
async fn acc_6_a_person_is_changed_field_by_field() {
    let (_cluster, scene) = scene("people").await;
    let team = scene.team("東日本").await;
    let user = scene.user("佐藤", &team).await;
    let update = |user: User, mask: &[&str]| UpdateUserRequest {
        user: Some(user),
        update_mask: mask.iter().map(|field| (*field).to_owned()).collect(),
        request_id: scene.ids.fresh(),
        ..UpdateUserRequest::default()
    };
    let mut directory = scene.api.directory();
    let wrong = User {
        email: "nobody".to_owned(),
        role: "king".to_owned(),
        external_id: "x".repeat(256),
        ..user.clone()
    };
    let mask = ["email", "role", "external_id", "shoe_size"];
    let refusal = refused(directory.update_user(update(wrong, &mask)).await);
    let named = ["update_mask", "user.email", "user.external_id", "user.role"];
    assert_eq!(refusal.fields, named);

    let other = User {
        display_name: "鈴木".to_owned(),
        external_id: "crm:7".to_owned(),
        ..user
    };
    let renamed = directory
        .update_user(update(other, &["display_name"]))
        .await;
    let renamed = renamed.unwrap().into_inner().user.unwrap();
    let shown = (renamed.display_name.as_str(), renamed.external_id.as_str());
    assert_eq!(shown, ("鈴木", ""), "only what the mask names");
}
