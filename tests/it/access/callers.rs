//! The walk over all descriptors as every kind of caller.

use std::path::Path;

use jiff::{SignedDuration, Timestamp, Zoned};
use keizoku_cli::server::config::Config;
use keizoku_proto::common::Access;
use keizoku_runtime::access::{AccessConfig, AccessTable, Role, mint};
use keizoku_testkit::{Cluster, Refusal, logs};
use tonic::Code;

use super::raw::Raw;
use super::walk::{NOW, check_refusal, path, pool, rpcs};

const SECRET: &str = "a secret of which nobody knows, long enough";
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// A server that takes HS256 tokens of a secret, and ES256 tokens of a public key.
struct Guarded {
    cluster: Cluster,
    raw: Raw,
    access: AccessConfig,
}

fn now() -> Timestamp {
    NOW.parse::<Zoned>().unwrap().timestamp()
}

/// A configuration whose secret is what `file` holds.
fn sharing(file: &Path, secret: &str) -> AccessConfig {
    std::fs::write(file, secret).unwrap();
    AccessConfig {
        issuer: "https://id.example.com".to_owned(),
        audience: "keizoku".to_owned(),
        hs256_secret_file: file.to_owned(),
        ..AccessConfig::default()
    }
}

fn ours(access: &AccessConfig, roles: &[Role]) -> String {
    mint(access, "hanako", roles, HOUR, now()).unwrap()
}

impl Guarded {
    async fn start() -> Self {
        let change = |folder: &Path, config: &mut Config| {
            let key = folder.join("public.pem");
            let pair = rcgen::KeyPair::generate().unwrap();
            std::fs::write(&key, pair.public_key_pem()).unwrap();
            config.access = sharing(&folder.join("secret"), SECRET);
            config.access.public_keys_file = key;
        };
        let cluster = Cluster::configured(NOW, change).await;
        Self {
            raw: Raw::to(&cluster).await,
            access: cluster.config().access.clone(),
            cluster,
        }
    }

    /// Everybody who must not get in, with the problem that each is told.
    fn strangers(&self) -> Vec<(&'static str, Option<String>)> {
        let file = self.cluster.folder().join("other");
        let everything = Role::ALL;
        let good = ours(&self.access, &everything);
        let expired = mint(&self.access, "hanako", &everything, HOUR, now() - 2 * HOUR).unwrap();
        let foreign = ours(&sharing(&file, &SECRET.to_uppercase()), &everything);
        let elsewhere = AccessConfig {
            issuer: "https://elsewhere.example.com".to_owned(),
            ..self.access.clone()
        };
        let another_audience = AccessConfig {
            audience: "another".to_owned(),
            ..self.access.clone()
        };
        // Signed with what everybody has, and said to be signed otherwise than it is.
        let public = std::fs::read_to_string(&self.access.public_keys_file).unwrap();
        let with_public_key = ours(&sharing(&file, &public), &everything);
        let (_, rest) = good.split_once('.').unwrap();
        let (claims, _) = rest.split_once('.').unwrap();
        // {"alg":"ES256"} and {"alg":"none"}
        let swapped = format!("eyJhbGciOiJFUzI1NiJ9.{rest}");
        let unsigned = format!("eyJhbGciOiJub25lIn0.{claims}.");
        vec![
            ("NO_TOKEN", None),
            ("EXPIRED", Some(expired)),
            ("SIGNATURE", Some(foreign)),
            ("ISSUER", Some(ours(&elsewhere, &everything))),
            ("AUDIENCE", Some(ours(&another_audience, &everything))),
            ("SIGNATURE", Some(with_public_key)),
            ("SIGNATURE", Some(swapped)),
            ("MALFORMED", Some(unsigned)),
        ]
    }

    /// Calls an RPC twice with an empty request; it must answer the same and write nothing.
    async fn call(&self, token: Option<&str>, path: &str) -> Result<(), Refusal> {
        let heads = logs::heads(self.cluster.folder());
        let mut answers = Vec::new();
        for _ in 0..2 {
            let answer = self.raw.call_as(token, path, Vec::new()).await;
            answers.push(answer.map(drop).map_err(|status| Refusal::from(&status)));
        }
        assert_eq!(
            logs::heads(self.cluster.folder()),
            heads,
            "{path} wrote something"
        );
        let second = answers.pop().unwrap();
        let first = answers.pop().unwrap();
        let kinds = [&first, &second].map(|answer| answer.as_ref().err().map(Refusal::kind));
        assert_eq!(kinds[0], kinds[1], "{path} answers twice differently");
        second
    }
}

#[tokio::test]
async fn no_rpc_is_reached_without_a_token_that_counts() {
    let guarded = Guarded::start().await;
    let pool = pool();
    for (problem, token) in guarded.strangers() {
        for rpc in rpcs(&pool) {
            let path = path(&rpc);
            let refusal = guarded.call(token.as_deref(), &path).await.unwrap_err();
            check_refusal(&path, &refusal);
            let kind = (Code::Unauthenticated, "UNAUTHENTICATED");
            assert_eq!(refusal.kind(), kind, "{path}: {refusal:?}");
            assert_eq!(refusal.metadata["problem"], problem, "{path}: {refusal:?}");
        }
    }
}

#[tokio::test]
async fn every_rpc_is_reached_by_the_roles_that_its_proto_names_and_no_others() {
    let guarded = Guarded::start().await;
    let (pool, table) = (pool(), AccessTable::from_protos());
    for role in Role::ALL {
        let token = ours(&guarded.access, &[role]);
        for rpc in rpcs(&pool) {
            let path = path(&rpc);
            let declared = table.of(&path).unwrap();
            let answer = guarded.call(Some(&token), &path).await;
            let refusal = answer.err();
            let is_denied = refusal
                .as_ref()
                .is_some_and(|refusal| refusal.code == Code::PermissionDenied);
            assert_eq!(
                !is_denied,
                may_call(role, declared),
                "{role:?} {path}: {refusal:?}"
            );
            if let Some(refusal) = refusal {
                check_refusal(&path, &refusal);
                assert_ne!(refusal.code, Code::Unauthenticated, "{path}: {refusal:?}");
                if is_denied {
                    let wanted = &refusal.metadata["required_role"];
                    assert!(refusal.message.contains(wanted), "{path}: {refusal:?}");
                }
            }
        }
    }
}

/// The roles of the specification, spelled out.
fn may_call(role: Role, declared: Access) -> bool {
    let callers: &[Role] = match declared {
        Access::Unspecified => &[],
        Access::Viewer => &[Role::Viewer, Role::Csm, Role::Ops, Role::Admin],
        Access::Csm => &[Role::Csm, Role::Ops, Role::Admin],
        Access::Ops => &[Role::Ops, Role::Admin],
        Access::Admin => &[Role::Admin],
        Access::Service => &[Role::Service],
    };
    callers.contains(&role)
}

/// Where tokens are required, nobody is who a header says.
#[tokio::test]
async fn a_token_decides_who_did_it() {
    let guarded = Guarded::start().await;
    let token = ours(&guarded.access, &[Role::Ops]);
    let define = keizoku_proto::accounts::DefineTeamRequest {
        team: Some(keizoku_proto::accounts::Team {
            display_name: "東日本".to_owned(),
            ..Default::default()
        }),
        request_id: "00000000-0000-4000-8000-000000000001".to_owned(),
    };
    let path = "/keizoku.accounts.v1.DirectoryService/DefineTeam";
    let message = prost::Message::encode_to_vec(&define);
    guarded
        .raw
        .call_as(Some(&token), path, message)
        .await
        .unwrap();
    let folder = guarded.cluster.stop().await;
    let events = logs::events(folder.path(), "accounts").await;
    let metadata: keizoku_proto::common::EventMetadata =
        prost::Message::decode(&*events.last().unwrap().metadata).unwrap();
    assert_eq!(metadata.actor, "user:https://id.example.com#hanako");
}
