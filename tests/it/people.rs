//! Who calls is a person of the directory (ACC-6, GEN-6).

use keizoku_proto::accounts::{
    GetCallerRequest, GetCallerResponse, ListUsersRequest, RegisterUserRequest, UpdateUserRequest,
    User,
};
use keizoku_testkit::{Cluster, Refusal, Scene};
use tonic::Code;

const NOW: &str = "2026-11-25T12:00[Asia/Tokyo]";

struct World {
    cluster: Cluster,
    scene: Scene,
}

impl World {
    async fn new(name: &str) -> Self {
        let cluster = Cluster::at(NOW).await;
        let scene = Scene::new(name, cluster.api("ops").await);
        Self { cluster, scene }
    }

    /// Says who somebody is as a caller.
    async fn link(&self, user: &User, subject: &str) -> Result<User, Refusal> {
        self.link_as(self.scene.ids.fresh(), user, subject).await
    }

    /// The same in a request with this id.
    async fn link_as(&self, id: String, user: &User, subject: &str) -> Result<User, Refusal> {
        let request = UpdateUserRequest {
            user: Some(User {
                name: user.name.clone(),
                subject: subject.to_owned(),
                ..User::default()
            }),
            update_mask: vec!["subject".to_owned()],
            request_id: id,
            ..UpdateUserRequest::default()
        };
        let answer = self.scene.api.directory().update_user(request).await;
        let answer = answer
            .map_err(|status| Refusal::from(&status))?
            .into_inner();
        self.scene.changed_accounts(answer.consistency_token);
        Ok(answer.user.unwrap())
    }

    /// Adds somebody who is a caller.
    async fn register(&self, name: &str, subject: &str) -> Result<User, Refusal> {
        let request = RegisterUserRequest {
            user: Some(User {
                display_name: name.to_owned(),
                subject: subject.to_owned(),
                ..User::default()
            }),
            request_id: self.scene.ids.fresh(),
            ..RegisterUserRequest::default()
        };
        let answer = self.scene.api.directory().register_user(request).await;
        let answer = answer
            .map_err(|status| Refusal::from(&status))?
            .into_inner();
        self.scene.changed_accounts(answer.consistency_token);
        Ok(answer.user.unwrap())
    }

    /// Who says to be a caller, by resource name.
    async fn who_say(&self, subject: &str) -> Vec<String> {
        let request = ListUsersRequest {
            consistency_tokens: self.scene.account_tokens(),
            ..ListUsersRequest::default()
        };
        let listed = self.scene.api.directory().list_users(request).await;
        let users = listed.unwrap().into_inner().users.into_iter();
        let says_so = users.filter(|user| user.subject == subject);
        says_so.map(|user| user.name).collect()
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
    let world = World::new("callers").await;
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
    let refusal = world.register("別の花子", "hanako").await.unwrap_err();
    assert_eq!(refusal.reason, "SUBJECT_TAKEN");
    world.link(&hanako, "hanako").await.unwrap();
    let refusal = world.link(&taro, "user:taro").await.unwrap_err();
    assert_eq!(refusal.fields, ["user.subject"]);

    // What one gives up another one may have.
    world.link(&hanako, "").await.unwrap();
    assert_eq!(world.caller("hanako").await.user, None);
    let linked = world.link(&taro, "hanako").await.unwrap();
    assert_eq!(world.caller("hanako").await.user, Some(linked));
}

/// Whoever becomes a caller, and is not alone in that: one does, and the other hears of it.
fn one_of(first: Result<User, Refusal>, second: Result<User, Refusal>, round: u32) -> User {
    let (taken, refusal) = match (first, second) {
        (Ok(user), Err(refusal)) | (Err(refusal), Ok(user)) => (user, refusal),
        both => panic!("round {round}: {both:?}"),
    };
    assert_eq!(refusal.kind(), (Code::AlreadyExists, "SUBJECT_TAKEN"));
    assert_eq!(format!("users/{}", refusal.metadata["user"]), taken.name);
    taken
}

#[tokio::test]
async fn acc_6_of_two_who_become_one_caller_at_once_one_does_and_the_other_hears_of_it() {
    let world = World::new("at once").await;
    let team = world.scene.team("東日本").await;
    let hanako = world.scene.user("山田花子", &team).await;
    let taro = world.scene.user("佐藤太郎", &team).await;
    let before = world.scene.user("前任者", &team).await;
    for round in 0..30 {
        let subject = format!("caller-{round}");
        // Every other caller was somebody's before, who gave it up.
        if round % 2 == 1 {
            world.link(&before, &subject).await.unwrap();
            world.link(&before, "").await.unwrap();
        }
        let becomes = async |user: &User| world.link(user, &subject).await;
        let (first, second) = if round % 3 == 2 {
            tokio::join!(world.register("新人", &subject), becomes(&taro))
        } else {
            tokio::join!(becomes(&hanako), becomes(&taro))
        };
        let taken = one_of(first, second, round);
        assert_eq!(world.who_say(&subject).await, [taken.name.as_str()]);
        assert_eq!(world.caller(&subject).await.user, Some(taken));
    }
}

#[tokio::test]
async fn acc_6_a_request_that_comes_again_takes_a_caller_from_nobody() {
    let world = World::new("again").await;
    let team = world.scene.team("東日本").await;
    let hanako = world.scene.user("山田花子", &team).await;
    let taro = world.scene.user("佐藤太郎", &team).await;
    let id = world.scene.ids.fresh();
    let linked = world.link_as(id.clone(), &hanako, "shared").await.unwrap();
    world.link(&hanako, "").await.unwrap();
    let taken = world.link(&taro, "shared").await.unwrap();
    let again = world.link_as(id, &hanako, "shared").await.unwrap();
    assert_eq!(again, linked, "it is answered as it was");
    assert_eq!(world.who_say("shared").await, [taken.name.as_str()]);
    assert_eq!(world.caller("shared").await.user, Some(taken));
}
