//! Outgoing webhooks of the real binary, verified by the published library of another language: what
//! signs them must not judge them (NTF-3).

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use keizoku_testkit::peer::{Posted, SlackPeer};
use keizoku_testkit::{Serve, run};
use tempfile::TempDir;

const OLD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NEW: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const OTHER: &str = "whsec_ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";

/// Reads the body, says what the library says of it.
const VERIFIER: &str = r"
import sys
from standardwebhooks import Webhook, WebhookVerificationError
secret, id, timestamp, signature = sys.argv[1:]
headers = {'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature}
try:
    print('verified', Webhook(secret).verify(sys.stdin.buffer.read(), headers)['type'])
except WebhookVerificationError as error:
    print('refused:', error)
";

/// The wheel, which Python imports as it is.
fn library() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/python");
    let wheels = std::fs::read_dir(folder).expect("`./dev tools` fetches standardwebhooks");
    let mut wheels = wheels.map(|entry| entry.unwrap().path());
    let is_it = |path: &PathBuf| path.to_string_lossy().contains("standardwebhooks-");
    wheels
        .find(is_it)
        .expect("`./dev tools` fetches standardwebhooks")
}

/// What the library says of a webhook.
fn verified(secret: &str, posted: &Posted, body: &str) -> String {
    let header = |name| posted.header(name);
    let mut python = Command::new("python3")
        .args(["-c", VERIFIER, secret])
        .args(["webhook-id", "webhook-timestamp", "webhook-signature"].map(header))
        .env("PYTHONPATH", library())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = python.stdin.take().unwrap();
    stdin.write_all(body.as_bytes()).unwrap();
    drop(stdin);
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn ntf_3_the_published_library_of_another_language_verifies_our_webhooks() {
    let (data, secrets) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let crm = SlackPeer::start().await;
    let kept = |name: &str, secret: &str| {
        let file = secrets.path().join(name);
        std::fs::write(&file, secret).unwrap();
        format!("\"file:{}\"", file.display())
    };
    let config = secrets.path().join("keizoku.toml");
    let text = format!(
        "[notification]\nallow_private_addresses = true\n\
         [notification.endpoints.crm]\nurl = \"{}\"\nsecrets = [{}, {}]\n",
        crm.url("/hooks"),
        kept("new", NEW),
        kept("old", OLD)
    );
    std::fs::write(&config, text).unwrap();
    let process = Serve::on(data.path()).arg("--config").arg(config).start();
    let endpoint = process.endpoint();
    let arguments = [
        "notification",
        "test-send",
        "--to-endpoint",
        "crm",
        "--locale",
        "en",
    ];
    let sent = tokio::task::spawn_blocking(move || run(&endpoint, arguments)).await;
    let sent = sent.unwrap();
    assert!(sent.status.success(), "{sent:?}");
    let said = String::from_utf8_lossy(&sent.stdout).into_owned();
    assert!(
        said.contains("endpoint crm") && said.contains("DELIVERED"),
        "{said}"
    );
    let got = crm.wait_for(1).await;
    for secret in [NEW, OLD] {
        assert_eq!(verified(secret, &got[0], &got[0].raw), "verified test");
    }
    let forged = got[0].raw.replace("test", "tost");
    let refused = "refused: No matching signature found";
    assert_eq!(verified(NEW, &got[0], &forged), refused);
    assert_eq!(verified(OTHER, &got[0], &got[0].raw), refused);
    process.stop().await;
}
