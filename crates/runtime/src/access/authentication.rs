//! How callers are recognised.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use http::header::AUTHORIZATION;
use keizoku_core::{Actor, Clock};
use keizoku_proto::common::ErrorReason;
use quick_cache::unsync::Cache;
use tonic::transport::server::TlsConnectInfo;

use super::certificate;
use super::config::{AccessConfig, AccessError};
use super::keys::Key;
use super::published::Published;
use super::role::{Role, Roles};
use super::token::{self, Checked, Expectations};
use super::unknown::Unknown;
use crate::config::Problems;
use crate::server::Conduct;
use crate::{Failure, Identity};

/// Header by which a client on loopback says who it acts for; ignored wherever tokens are.
const LOOPBACK_USER: &str = "keizoku-user";
/// Tokens whose signatures are not checked again.
const REMEMBERED: usize = 1_024;

/// How callers are recognised.
#[derive(Clone)]
pub enum Authentication {
    /// Everybody on this machine may do everything. Refused off loopback by the server.
    Loopback,
    /// By a token or a client certificate.
    Required(Arc<Authenticator>),
}

/// Recognises callers by tokens and client certificates.
pub struct Authenticator {
    expected: Expectations,
    certificate_roles: BTreeMap<String, Role>,
    fixed: Vec<Key>,
    published: Option<Published>,
    clock: Arc<dyn Clock>,
    remembered: Mutex<Cache<String, Checked>>,
}

/// What is known about a caller.
pub(super) enum Recognised {
    /// Who it is, and what it may do.
    Caller(Identity, Roles),
    /// That cannot be told before the published keys have been read again.
    KeysMustBeRead,
}

impl Authentication {
    /// What the configuration wants.
    ///
    /// # Errors
    /// Everything that cannot be used of what the configuration names.
    pub fn configured(config: &AccessConfig, clock: &Arc<dyn Clock>) -> Result<Self, AccessError> {
        if !config.is_configured() {
            return Ok(Self::Loopback);
        }
        let authenticator = Authenticator::configured(config, clock)?;
        Ok(Self::Required(Arc::new(authenticator)))
    }

    /// Whether callers have to say who they are.
    #[must_use]
    pub fn is_required(&self) -> bool {
        matches!(self, Self::Required(_))
    }

    pub(super) fn identify<B>(
        &self,
        request: &http::Request<B>,
        may_wait: bool,
    ) -> Result<Recognised, Failure> {
        match self {
            Self::Loopback => {
                let user = request.headers().get(LOOPBACK_USER);
                let user = user.and_then(|value| value.to_str().ok());
                let actor = Actor::new("user", user.unwrap_or("local"));
                Ok(Recognised::Caller(Identity { actor }, Roles::all()))
            }
            Self::Required(authenticator) => authenticator.identify(request, may_wait),
        }
    }

    /// Reads published keys again, unless that was just done.
    pub(crate) async fn read_keys(&self) {
        if let Self::Required(authenticator) = self {
            authenticator.read_keys().await;
        }
    }
}

impl Authenticator {
    fn configured(config: &AccessConfig, clock: &Arc<dyn Clock>) -> Result<Self, AccessError> {
        let mut problems = Problems::default();
        config.validate(&mut problems);
        let fixed = config.fixed_keys(&mut problems);
        let published = config.published(clock, &mut problems);
        problems.check().map_err(AccessError)?;
        Ok(Self {
            expected: Expectations {
                issuer: config.issuer.clone(),
                audience: config.audience.clone(),
                roles_claim: config.roles_claim.clone(),
            },
            certificate_roles: config.certificate_roles.clone(),
            fixed,
            published,
            clock: Arc::clone(clock),
            remembered: Mutex::new(Cache::new(REMEMBERED)),
        })
    }

    fn identify<B>(
        &self,
        request: &http::Request<B>,
        may_wait: bool,
    ) -> Result<Recognised, Failure> {
        let Some(header) = request.headers().get(AUTHORIZATION) else {
            return self.by_certificate(request);
        };
        let (scheme, token) = header
            .to_str()
            .ok()
            .and_then(|value| value.split_once(' '))
            .ok_or(Unknown::NotBearer)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(Unknown::NotBearer.into());
        }
        self.by_token(token.trim(), may_wait)
    }

    fn by_token(&self, token: &str, may_wait: bool) -> Result<Recognised, Failure> {
        if may_wait && self.published.as_ref().is_some_and(Published::is_due) {
            return Ok(Recognised::KeysMustBeRead);
        }
        let now = self.clock.now();
        let remembered = self.remembered().get(token).cloned();
        let checked = match remembered {
            Some(checked) => checked.at(now)?,
            None => match self.check(token, may_wait)? {
                Some(checked) => {
                    self.remembered().insert(token.to_owned(), checked.clone());
                    checked
                }
                None => return Ok(Recognised::KeysMustBeRead),
            },
        };
        let Checked { actor, roles, .. } = checked;
        Ok(Recognised::Caller(Identity { actor }, roles))
    }

    /// Checks a token with every key that it may have been signed with; `None` when the keys must
    /// be read first.
    fn check(&self, token: &str, may_wait: bool) -> Result<Option<Checked>, Failure> {
        let header = token::header(token)?;
        let id = header.kid.as_deref();
        let published = self.published.as_ref().map(Published::keys);
        let were_never_read = matches!(published, Some(None));
        let known = published.flatten();
        let all = || {
            self.fixed
                .iter()
                .chain(known.iter().flat_map(|keys| keys.iter()))
        };
        let mut refusal = None;
        for key in all().filter(|key| key.fits(header.alg, id)) {
            match token::check(token, key, &self.expected, self.clock.now()) {
                Ok(checked) => return Ok(Some(checked)),
                Err(error) if error != Unknown::Signature => return Err(error.into()),
                Err(error) => refusal = Some(error),
            }
        }
        // The issuer may have changed its keys since.
        if may_wait && self.published.as_ref().is_some_and(Published::may_be_read) {
            return Ok(None);
        }
        if were_never_read {
            return Err(keys_are_away());
        }
        let takes_algorithm = all().any(|key| key.algorithm == header.alg);
        Err(refusal
            .unwrap_or(if takes_algorithm {
                Unknown::Key
            } else {
                Unknown::Algorithm(name(header.alg))
            })
            .into())
    }

    fn by_certificate<B>(&self, request: &http::Request<B>) -> Result<Recognised, Failure> {
        let connection = request.extensions().get::<TlsConnectInfo<Conduct>>();
        let chain = connection.and_then(TlsConnectInfo::peer_certs);
        let Some(leaf) = chain.as_ref().and_then(|chain| chain.first()) else {
            return Err(Unknown::NoToken.into());
        };
        let (name, roles) =
            certificate::identify(leaf, &self.certificate_roles).ok_or(Unknown::Certificate)?;
        let actor = token::actor(certificate::ISSUER, &name, roles);
        Ok(Recognised::Caller(Identity { actor }, roles))
    }

    async fn read_keys(&self) {
        let Some(published) = &self.published else {
            return;
        };
        if published.refresh().await {
            // A token whose key was withdrawn must not be recognised any longer.
            self.remembered().clear();
        }
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, Cache<String, Checked>> {
        self.remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the caller is known cannot be told.
pub(super) fn keys_are_away() -> Failure {
    let message = "the keys that tokens are checked with cannot be read just now";
    Failure::unavailable(ErrorReason::Unavailable, message)
}

fn name(algorithm: jsonwebtoken::Algorithm) -> &'static str {
    match algorithm {
        jsonwebtoken::Algorithm::HS256 => "HS256",
        jsonwebtoken::Algorithm::RS256 => "RS256",
        jsonwebtoken::Algorithm::ES256 => "ES256",
        _ => "another algorithm",
    }
}
