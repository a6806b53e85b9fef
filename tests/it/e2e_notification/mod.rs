//! The real binary: its notifications killed between planning, sending and recording, and the commands
//! for people.

mod commands;
mod kills;
mod webhooks;

use std::path::Path;

use keizoku_testkit::Serve;
use keizoku_testkit::peer::SlackPeer;

/// Keizoku with a bot and a webhook, both at `slack`.
fn serve(data: &Path, secrets: &Path, slack: &SlackPeer) -> Serve {
    let written = |name: &str, secret: &str| {
        let file = secrets.join(name);
        std::fs::write(&file, secret).unwrap();
        format!("\"file:{}\"", file.display())
    };
    let token = written("token", "xoxb-secret");
    let webhook = written("webhook", &slack.url("/services/T0/B0/secret"));
    let config = secrets.join("keizoku.toml");
    let text = format!(
        "[notification]\nallow_private_addresses = true\ntimeout_seconds = 1\n\
         [notification.slack]\nbot_token = {token}\napi_url = \"{}\"\n\
         webhooks = {{ default = {webhook} }}\n",
        slack.url("/api/")
    );
    std::fs::write(&config, text).unwrap();
    Serve::on(data).arg("--config").arg(config)
}
