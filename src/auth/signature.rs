//! Signs what is sent to the user's app, as Standard Webhooks describe it, so that the app can tell
//! it from what anybody else sends.

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::hmac;

use super::Secret;
use crate::limits::WEBHOOK_SECRET_BYTES;

/// What secrets begin with that are written in base64.
const ENCODED: &str = "whsec_";

/// Signs with one key, or with several while one takes another's place.
#[derive(Clone)]
pub struct Signer(Vec<hmac::Key>);

impl Signer {
    /// A signer with these secrets: `whsec_` and base64, or any text.
    ///
    /// # Errors
    /// When there is none, or one is too short to be a secret.
    pub fn new(secrets: &[Secret]) -> Result<Self, String> {
        if secrets.is_empty() {
            return Err("a secret is needed to sign with".to_owned());
        }
        secrets.iter().map(key).collect::<Result<_, _>>().map(Self)
    }

    /// The signatures of a message, as a header carries them. `seconds` since 1970 is when it is
    /// sent, so that it cannot be sent again much later by somebody else.
    #[must_use]
    pub fn sign(&self, id: &str, seconds: u64, body: &[u8]) -> String {
        let mut message = format!("{id}.{seconds}.").into_bytes();
        message.extend_from_slice(body);
        let signatures = self.0.iter().map(|key| STANDARD.encode(hmac::sign(key, &message)));
        signatures.map(|it| format!("v1,{it}")).collect::<Vec<_>>().join(" ")
    }
}

fn key(secret: &Secret) -> Result<hmac::Key, String> {
    let text = secret.expose();
    let bytes = match text.strip_prefix(ENCODED) {
        Some(encoded) => STANDARD
            .decode(encoded)
            .map_err(|_| format!("what follows {ENCODED} in the secret is not base64"))?,
        None => text.as_bytes().to_vec(),
    };
    if bytes.len() < WEBHOOK_SECRET_BYTES {
        return Err(format!("the secret needs at least {WEBHOOK_SECRET_BYTES} bytes"));
    }
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_standard_is_signed_as_it_says() {
        let signer = Signer::new(&["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()]).unwrap();
        let signed =
            signer.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn an_old_secret_signs_beside_the_new_one() {
        let (old, new): (Secret, Secret) =
            ("an old secret, long enough".into(), "a new secret, long enough".into());
        let both = Signer::new(&[new.clone(), old.clone()]).unwrap().sign("a", 1, b"x");
        let each = [new, old].map(|it| Signer::new(&[it]).unwrap().sign("a", 1, b"x"));
        assert_eq!(both, each.join(" "));
        assert_ne!(each[0], each[1]);
    }

    #[test]
    fn what_is_no_secret_signs_nothing() {
        for secret in ["", "short", "whsec_AAAA", "whsec_not base64 at all, but long enough"] {
            assert!(Signer::new(&[secret.into()]).is_err(), "{secret}");
        }
        assert!(Signer::new(&[]).is_err());
    }
}
