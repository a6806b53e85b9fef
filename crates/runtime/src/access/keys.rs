//! Keys that tokens are checked with. Each takes one algorithm, whatever a token says.

use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};

/// Least length of a secret in bytes: as long as the hash that it keys.
const LEAST_SECRET: usize = 32;
/// Least length of an RSA modulus in bytes: 2048 bits.
const LEAST_MODULUS: usize = 256;
/// Length of a public key on the curve of ES256, in bytes.
const P256_POINT: usize = 65;

/// A key that tokens are checked with.
#[derive(Clone)]
pub(super) struct Key {
    /// What tokens call it; a key without a name is tried for every token of its algorithm.
    pub(super) id: Option<String>,
    /// The one algorithm that it takes.
    pub(super) algorithm: Algorithm,
    pub(super) material: DecodingKey,
}

/// A JSON Web Key Set, of which a key may be of a kind that nobody here has heard of.
#[derive(serde::Deserialize)]
struct Set {
    keys: Vec<serde_json::Value>,
}

impl Key {
    /// Whether a token with such a header may have been signed with it.
    pub(super) fn fits(&self, algorithm: Algorithm, id: Option<&str>) -> bool {
        let same_id = self
            .id
            .as_deref()
            .zip(id)
            .is_none_or(|(ours, its)| ours == its);
        self.algorithm == algorithm && same_id
    }

    /// A secret that issuer and server share.
    pub(super) fn secret(secret: &[u8]) -> Result<Self, &'static str> {
        if secret.len() < LEAST_SECRET {
            return Err("holds fewer than 32 bytes; `openssl rand -base64 48` makes enough");
        }
        Ok(Self {
            id: None,
            algorithm: Algorithm::HS256,
            material: DecodingKey::from_secret(secret),
        })
    }

    /// The public keys in a PEM file.
    pub(super) fn from_pem(file: &[u8]) -> Result<Vec<Self>, &'static str> {
        let blocks = pem::parse_many(file).map_err(|_| "is not PEM")?;
        if blocks.is_empty() {
            return Err("holds no public key");
        }
        blocks.iter().map(Self::from_block).collect()
    }

    fn from_block(block: &pem::Pem) -> Result<Self, &'static str> {
        if block.tag().contains("PRIVATE") {
            return Err("holds a private key; only public ones belong here");
        }
        let text = pem::encode(block);
        let rsa = DecodingKey::from_rsa_pem(text.as_bytes());
        let rsa = rsa.map(|key| (Algorithm::RS256, key));
        let elliptic = || {
            let key = DecodingKey::from_ec_pem(text.as_bytes());
            key.map(|key| (Algorithm::ES256, key))
        };
        let (algorithm, material) = rsa
            .or_else(|_| elliptic())
            .map_err(|_| "holds something else than RSA and P-256 public keys")?;
        Self::strong(None, algorithm, material)
    }

    /// The keys in a JSON Web Key Set; those for other purposes and algorithms are left out.
    pub(super) fn from_set(document: &[u8]) -> Result<Vec<Self>, serde_json::Error> {
        let set: Set = serde_json::from_slice(document)?;
        let known = set.keys.into_iter();
        let known = known.filter_map(|key| serde_json::from_value(key).ok());
        Ok(known.filter_map(|jwk| Self::from_jwk(&jwk)).collect())
    }

    fn from_jwk(jwk: &Jwk) -> Option<Self> {
        let common = &jwk.common;
        // A secret that is published is none.
        let (algorithm, named) = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
            AlgorithmParameters::EllipticCurve(_) => (Algorithm::ES256, KeyAlgorithm::ES256),
            AlgorithmParameters::OctetKey(_) | AlgorithmParameters::OctetKeyPair(_) => return None,
        };
        let takes_it = common.key_algorithm.is_none_or(|alg| alg == named);
        let signs = !matches!(common.public_key_use, Some(PublicKeyUse::Encryption));
        let material = DecodingKey::from_jwk(jwk).ok()?;
        let key = Self::strong(common.key_id.clone(), algorithm, material).ok();
        key.filter(|_| takes_it && signs)
    }

    fn strong(
        id: Option<String>,
        algorithm: Algorithm,
        material: DecodingKey,
    ) -> Result<Self, &'static str> {
        match (algorithm, material.kind()) {
            (Algorithm::RS256, DecodingKeyKind::RsaModulusExponent { n, .. })
                if n.len() < LEAST_MODULUS =>
            {
                return Err("holds an RSA key of fewer than 2048 bits");
            }
            (Algorithm::RS256, DecodingKeyKind::SecretOrDer(der)) if der.len() < LEAST_MODULUS => {
                return Err("holds an RSA key of fewer than 2048 bits");
            }
            (Algorithm::ES256, DecodingKeyKind::SecretOrDer(point))
                if point.len() != P256_POINT =>
            {
                return Err("holds a key on another curve than P-256");
            }
            _ => {}
        }
        Ok(Self {
            id,
            algorithm,
            material,
        })
    }
}
