//! Who calls is a person of the directory (ACC-6, GEN-6).

use keizoku_proto::accounts::{
    GetCallerRequest, GetCallerResponse, RegisterUserRequest, UpdateUserRequest, User,
};
use keizoku_testkit::{Cluster, Refusal, Scene};
use tonic::Code;

use super::walk::NOW;

struct World {
    cluster: Cluster,
    scene: Scene,
}

impl World {
    /// Says who somebody is as a caller.
    async fn link(&self, user: &User, subject: &str) -> Result<User, Refusal> {
        let request = UpdateUserRequest {
            user: Some(User {
                name: user.name.clone(),
                subject: subject.to_owned(),
                ..User::default()
            }),
            update_mask: vec!["subject".to_owned()],
            request_id: self.scene.ids.fresh(),
            ..UpdateUserRequest::default()
        };
        let answer = self.scene.api.directory().update_user(request).await;
        let answer = answer
            .map_err(|status| Refusal::from(&status))?
            .into_inner();
        self.scene.changed_accounts(answer.consistency_token);
        Ok(answer.user.unwrap())
    }

    /// Who somebody with this name is told to be.
    async fn caller(&self, name: &str) -> GetCallerResponse {
        let request = GetCallerRequest {
            consistency_tokens: self.scene.account_tokens(),
        };
        let mut directory = self.cluster.api(name).await.directory();
        directory.get_caller(request).await.unwrap().into_inner()
    }
}

#[tokio::test]
async fn acc_6_gen_6_a_caller_is_the_person_with_that_subject_and_no_other() {
    let cluster = Cluster::at(NOW).await;
    let scene = Scene::new("callers", cluster.api("ops").await);
    let world = World { cluster, scene };
    let team = world.scene.team("東日本").await;
    let hanako = world.scene.user("山田花子", &team).await;
    let taro = world.scene.user("佐藤太郎", &team).await;
    let nobody = world.caller("hanako").await;
    assert_eq!((nobody.actor.as_str(), nobody.user), ("user:hanako", None));

    let linked = world.link(&hanako, "hanako").await.unwrap();
    assert_eq!(linked.subject, "hanako");
    assert_eq!(
        linked.display_name, hanako.display_name,
        "what is not named stays"
    );
    let found = world.caller("hanako").await;
    assert_eq!(
        (found.actor.as_str(), found.user),
        ("user:hanako", Some(linked))
    );
    assert_eq!(world.caller("taro").await.user, None);

    // One caller is one person, who may say so again.
    let refusal = world.link(&taro, "hanako").await.unwrap_err();
    assert_eq!(refusal.kind(), (Code::AlreadyExists, "SUBJECT_TAKEN"));
    assert_eq!(format!("users/{}", refusal.metadata["user"]), hanako.name);
    let request = RegisterUserRequest {
        user: Some(User {
            display_name: "別の花子".to_owned(),
            subject: "hanako".to_owned(),
            ..User::default()
        }),
        request_id: world.scene.ids.fresh(),
        ..RegisterUserRequest::default()
    };
    let refused = world.scene.api.directory().register_user(request).await;
    assert_eq!(Refusal::from(&refused.unwrap_err()).reason, "SUBJECT_TAKEN");
    world.link(&hanako, "hanako").await.unwrap();
    let refusal = world.link(&taro, "user:taro").await.unwrap_err();
    assert_eq!(refusal.fields, ["user.subject"]);

    // What one gives up another one may have.
    world.link(&hanako, "").await.unwrap();
    assert_eq!(world.caller("hanako").await.user, None);
    let linked = world.link(&taro, "hanako").await.unwrap();
    assert_eq!(world.caller("hanako").await.user, Some(linked));
}
