//! What a JWT says, once its signature has been checked.

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, Header, Validation};
use keizoku_core::Actor;
use serde_json::{Map, Value};

use super::keys::Key;
use super::role::{Role, Roles};
use super::unknown::Unknown;

/// How far the clocks of issuer and server may differ.
const LEEWAY: SignedDuration = SignedDuration::from_secs(30);

/// What a token must say to be meant for this server.
#[derive(Debug, Clone)]
pub(super) struct Expectations {
    pub(super) issuer: String,
    pub(super) audience: String,
    /// Name of the claim that lists roles, or a path to it: `realm_access.roles`.
    pub(super) roles_claim: String,
}

/// A caller whose token was checked, and until when that holds.
#[derive(Debug, Clone)]
pub(super) struct Checked {
    pub(super) actor: Actor,
    pub(super) roles: Roles,
    expires: Timestamp,
}

impl Checked {
    /// Refuses it once it has expired.
    pub(super) fn at(self, now: Timestamp) -> Result<Self, Unknown> {
        if now - LEEWAY >= self.expires {
            return Err(Unknown::Expired(self.expires));
        }
        Ok(self)
    }
}

/// Reads a token's header, which nobody vouches for yet.
pub(super) fn header(token: &str) -> Result<Header, Unknown> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| Unknown::Malformed)?;
    let is_one_of_ours = matches!(
        header.alg,
        Algorithm::HS256 | Algorithm::RS256 | Algorithm::ES256
    );
    // An extension that must be understood is none that is understood here.
    if !is_one_of_ours || header.crit.is_some() {
        return Err(Unknown::Malformed);
    }
    Ok(header)
}

/// Checks a token with a key, whose algorithm counts and not the one that the token names.
pub(super) fn check(
    token: &str,
    key: &Key,
    expected: &Expectations,
    now: Timestamp,
) -> Result<Checked, Unknown> {
    // The claims are checked below, with the injected clock.
    let mut signature_only = Validation::new(key.algorithm);
    signature_only.required_spec_claims.clear();
    signature_only.validate_exp = false;
    signature_only.validate_nbf = false;
    signature_only.validate_aud = false;
    let decoded = jsonwebtoken::decode::<Map<String, Value>>(token, &key.material, &signature_only);
    let claims = decoded.map_err(|error| match error.kind() {
        jsonwebtoken::errors::ErrorKind::InvalidSignature => Unknown::Signature,
        _ => Unknown::Malformed,
    })?;
    read(&claims.claims, expected, now)
}

fn read(
    claims: &Map<String, Value>,
    expected: &Expectations,
    now: Timestamp,
) -> Result<Checked, Unknown> {
    let issuer = text(claims, "iss")?;
    if issuer != expected.issuer {
        return Err(Unknown::Issuer);
    }
    let is_meant = match claims.get("aud") {
        Some(Value::String(audience)) => *audience == expected.audience,
        Some(Value::Array(audiences)) => audiences
            .iter()
            .any(|audience| audience.as_str() == Some(&expected.audience)),
        _ => return Err(Unknown::Claim("aud")),
    };
    if !is_meant {
        return Err(Unknown::Audience);
    }
    let subject = text(claims, "sub")?;
    let expires = instant(claims, "exp")?.ok_or(Unknown::Claim("exp"))?;
    if let Some(begins) = instant(claims, "nbf")?
        && now + LEEWAY < begins
    {
        return Err(Unknown::TooEarly(begins));
    }
    let roles = roles(claims, &expected.roles_claim);
    let checked = Checked {
        actor: actor(issuer, subject, roles),
        roles,
        expires,
    };
    checked.at(now)
}

/// Subjects are unique within an issuer only.
pub(super) fn actor(issuer: &str, subject: &str, roles: Roles) -> Actor {
    let kind = if roles.include(Role::Service) {
        "service"
    } else {
        "user"
    };
    Actor::new(kind, &format!("{issuer}#{subject}"))
}

fn text<'c>(claims: &'c Map<String, Value>, name: &'static str) -> Result<&'c str, Unknown> {
    let value = claims.get(name).and_then(Value::as_str);
    value
        .filter(|text| !text.is_empty())
        .ok_or(Unknown::Claim(name))
}

/// Seconds since 1970, perhaps with a fraction.
fn instant(claims: &Map<String, Value>, name: &'static str) -> Result<Option<Timestamp>, Unknown> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    let seconds = value
        .as_f64()
        .and_then(|seconds| SignedDuration::try_from_secs_f64(seconds).ok());
    let instant = seconds.and_then(|since| Timestamp::UNIX_EPOCH.checked_add(since).ok());
    instant.map(Some).ok_or(Unknown::Claim(name))
}

/// The roles in a claim: a list, or words in a text. What names none of ours is for others.
fn roles(claims: &Map<String, Value>, claim: &str) -> Roles {
    // Names may hold dots themselves: those of namespaces are addresses.
    let value = claims.get(claim).or_else(|| {
        let mut path = claim.split('.');
        let first = claims.get(path.next()?)?;
        path.try_fold(first, |value, name| value.get(name))
    });
    let names: Vec<&str> = match value {
        Some(Value::String(words)) => words.split_whitespace().collect(),
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    names.into_iter().filter_map(Role::named).collect()
}
