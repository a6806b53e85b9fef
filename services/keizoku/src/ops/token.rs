//! `keizoku token`: a token for development, signed with the server's own secret.

use std::path::PathBuf;

use jiff::SignedDuration;
use keizoku_core::Clock;
use keizoku_runtime::access::{Role, mint};

use super::Refusal;
use crate::server::config::Config;

const EXAMPLES: &str = "\
Examples:
  openssl rand -base64 48 > secret             a secret; then in keizoku.toml:
                                                 [access]
                                                 issuer = \"development\"  audience = \"keizoku\"
                                                 hs256_secret_file = \"secret\"
  export KEIZOKU_TOKEN=$(keizoku token --config keizoku.toml --role ops)
  keizoku token --config keizoku.toml --subject hanako --role csm --minutes 480

For development and first steps. In production people have an identity provider, and the server
knows its public keys alone (public_keys_file, jwks_url).";

/// Arguments of `keizoku token`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Configuration file of the server
    #[arg(long, value_name = "FILE.toml", env = "KEIZOKU_CONFIG")]
    config: Option<PathBuf>,
    /// Who the caller is
    #[arg(long, value_name = "NAME", default_value = "developer")]
    subject: String,
    /// What the caller may do; may be given several times
    #[arg(long = "role", value_name = "ROLE", default_values = ["viewer"], value_parser = role)]
    roles: Vec<Role>,
    /// How long it counts
    #[arg(long, value_name = "MINUTES", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    minutes: u32,
}

fn role(name: &str) -> Result<Role, String> {
    let names = Role::ALL.map(Role::name).join(", ");
    Role::named(name).ok_or_else(|| format!("the roles are {names}"))
}

impl Args {
    pub(super) fn run(&self, clock: &dyn Clock) -> Result<(), Refusal> {
        let config = Config::load(self.config.as_deref())
            .map_err(|error| Refusal::unusable(error.to_string()))?;
        let lifetime = SignedDuration::from_mins(self.minutes.into());
        let access = &config.access;
        let token = mint(access, &self.subject, &self.roles, lifetime, clock.now())
            .map_err(|error| Refusal::unusable(error.to_string()))?;
        super::print(&format!("{token}\n")).map(drop)
    }
}
