//! Signatures as Standard Webhooks defines them, version 1: HMAC-SHA256 over id, time and body.
//!
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

/// What a secret begins with.
const PREFIX: &str = "whsec_";
/// How many bytes of randomness a secret has, as the specification asks for.
const LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;

/// A secret that the receiver has as well.
pub(crate) struct SigningSecret(hmac::Key);

/// A text is no secret to sign with. Never says what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not `whsec_` and the base64 of 24 to 64 random bytes")]
pub(crate) struct NoSecret;

impl SigningSecret {
    /// Reads `whsec_…`.
    ///
    /// # Errors
    /// When it is none.
    pub(crate) fn read(text: &str) -> Result<Self, NoSecret> {
        let encoded = text.trim().strip_prefix(PREFIX).ok_or(NoSecret)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| NoSecret)?;
        if !LENGTHS.contains(&bytes.len()) {
            return Err(NoSecret);
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// `v1,` and the signature of a body, as of a time in seconds since 1970.
    fn sign(&self, id: &str, time: i64, body: &str) -> String {
        let signed = format!("{id}.{time}.{body}");
        let signature = hmac::sign(&self.0, signed.as_bytes());
        format!("v1,{}", STANDARD.encode(signature.as_ref()))
    }
}

/// The header `webhook-signature`: a signature by each secret, so that a receiver who has one of them
/// verifies it, whichever is about to be replaced.
pub(crate) fn signatures(secrets: &[SigningSecret], id: &str, time: i64, body: &str) -> String {
    let signatures: Vec<String> = secrets
        .iter()
        .map(|secret| secret.sign(id, time, body))
        .collect();
    signatures.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification and of its reference libraries.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const OTHER: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    #[test]
    fn ntf_3_the_test_vector_of_standard_webhooks_is_signed_as_it_says() {
        let secret = SigningSecret::read(SECRET).ok().unwrap();
        let signed = secret.sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn ntf_3_every_secret_signs_while_one_replaces_the_other() {
        let read = |text| SigningSecret::read(text).ok().unwrap();
        let both = signatures(&[read(OTHER), read(SECRET)], "id", 1, "{}");
        let parts: Vec<&str> = both.split(' ').collect();
        assert_eq!(
            parts,
            [
                read(OTHER).sign("id", 1, "{}"),
                read(SECRET).sign("id", 1, "{}")
            ]
        );
    }

    #[test]
    fn ntf_3_what_is_no_secret_is_refused_and_never_shown() {
        for text in [
            "",
            "whsec_",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_short",
            "whsec_%%%",
        ] {
            let refused = SigningSecret::read(text).err().unwrap();
            let said = refused.to_string();
            assert!(text.len() < 7 || !said.contains(text), "{said}");
        }
    }
}
