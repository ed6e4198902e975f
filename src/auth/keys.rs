//! The keys that tokens are checked with: each has one algorithm and perhaps an id, and is never
//! used for anything else. Several at a time make room for rotation.

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::{hmac, signature};

/// What a key signs with. There is no other; `none` is no algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// A secret that both sides know.
    Hs256,
    /// An RSA key pair.
    Rs256,
    /// An Ed25519 key pair.
    EdDsa,
}

/// A key that signatures are checked with.
#[derive(Debug)]
pub struct Key {
    id: Option<Box<str>>,
    material: Material,
}

/// Why a key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A short secret can be guessed from one token.
    #[error(
        "a secret needs at least {SECRET_BYTES} bytes, this one has {0}; `openssl rand -base64 48` makes one"
    )]
    Short(usize),
    /// A public key is no secret.
    #[error(
        "this is a PEM file, which holds a key pair or half of one; HS256 needs a secret that is only random"
    )]
    NotASecret,
    /// The file is not what it should be.
    #[error(
        "this is no public key in PEM (BEGIN PUBLIC KEY); `openssl pkey -in private.pem -pubout` writes one"
    )]
    NotPublic,
    /// The key is of another kind than the algorithm.
    #[error("this key is not for {0}")]
    OtherKind(Algorithm),
    /// There is no such algorithm.
    #[error("`{0}` is none of HS256, RS256 and EdDSA")]
    Algorithm(String),
}

#[derive(Debug)]
enum Material {
    Hmac(hmac::Key),
    Rsa(signature::UnparsedPublicKey<Vec<u8>>),
    Ed(signature::UnparsedPublicKey<Vec<u8>>),
}

/// HS256 signs with 256 bits; a shorter secret makes it weaker (RFC 7518 §3.2).
const SECRET_BYTES: usize = 32;

impl Algorithm {
    /// Its name in a token's header.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Rs256 => "RS256",
            Self::EdDsa => "EdDSA",
        }
    }
}

impl std::fmt::Display for Algorithm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Algorithm {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        [Self::Hs256, Self::Rs256, Self::EdDsa]
            .into_iter()
            .find(|it| it.name().eq_ignore_ascii_case(text))
            .ok_or_else(|| KeyError::Algorithm(text.to_owned()))
    }
}

impl Key {
    /// A key of this algorithm: for HS256 the secret itself, else a public key in PEM. White space
    /// around it is not part of it.
    ///
    /// # Errors
    /// When it cannot be one.
    pub fn new(algorithm: Algorithm, id: Option<&str>, bytes: &[u8]) -> Result<Self, KeyError> {
        let bytes = bytes.trim_ascii();
        let material = match algorithm {
            Algorithm::Hs256 => Material::Hmac(secret(bytes)?),
            Algorithm::Rs256 => {
                let der = subject_public_key(bytes, RSA).map_err(|it| it.of(algorithm))?;
                let scheme = &signature::RSA_PKCS1_2048_8192_SHA256;
                Material::Rsa(signature::UnparsedPublicKey::new(scheme, der))
            }
            Algorithm::EdDsa => {
                let point = subject_public_key(bytes, ED25519).map_err(|it| it.of(algorithm))?;
                Material::Ed(signature::UnparsedPublicKey::new(&signature::ED25519, point))
            }
        };
        Ok(Self { id: id.map(Into::into), material })
    }

    /// The only algorithm it is used with.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::Hmac(_) => Algorithm::Hs256,
            Material::Rsa(_) => Algorithm::Rs256,
            Material::Ed(_) => Algorithm::EdDsa,
        }
    }

    /// Whether a token with this header may have been signed with it. A key without an id stands
    /// for any; ids are compared and used for nothing else.
    pub(super) fn fits(&self, algorithm: &str, id: Option<&str>) -> bool {
        self.algorithm().name() == algorithm && self.id.as_deref().is_none_or(|it| Some(it) == id)
    }

    /// Whether it signed the message. Takes as long for a wrong signature as for a right one.
    pub(super) fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Hmac(key) => hmac::verify(key, message, signature).is_ok(),
            Material::Rsa(key) | Material::Ed(key) => key.verify(message, signature).is_ok(),
        }
    }
}

/// A secret that is long enough to be one.
pub(super) fn secret(bytes: &[u8]) -> Result<hmac::Key, KeyError> {
    if bytes.starts_with(b"-----BEGIN") {
        return Err(KeyError::NotASecret);
    }
    if bytes.len() < SECRET_BYTES {
        return Err(KeyError::Short(bytes.len()));
    }
    Ok(hmac::Key::new(hmac::HMAC_SHA256, bytes))
}

/// The algorithm identifiers of the two kinds of key pairs, in DER (RFC 8017 A.1, RFC 8410 §3).
const RSA: &[u8] = &[0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
const ED25519: &[u8] = &[0x30, 5, 6, 3, 0x2b, 0x65, 0x70];

enum Unfit {
    NotPublic,
    OtherKind,
}

impl Unfit {
    fn of(self, algorithm: Algorithm) -> KeyError {
        match self {
            Self::NotPublic => KeyError::NotPublic,
            Self::OtherKind => KeyError::OtherKind(algorithm),
        }
    }
}

/// The key within a `SubjectPublicKeyInfo` (RFC 5280 §4.1) in PEM.
fn subject_public_key(pem_text: &[u8], kind: &[u8]) -> Result<Vec<u8>, Unfit> {
    let der = pem(pem_text, "PUBLIC KEY").ok_or(Unfit::NotPublic)?;
    let (inside, rest) = value(&der, 0x30).ok_or(Unfit::NotPublic)?;
    if !rest.is_empty() {
        return Err(Unfit::NotPublic);
    }
    let bits = inside.strip_prefix(kind).ok_or(Unfit::OtherKind)?;
    match value(bits, 0x03) {
        // The first byte of a bit string says how many bits of the last one do not count.
        Some(([0, key @ ..], [])) => Ok(key.to_vec()),
        _ => Err(Unfit::NotPublic),
    }
}

/// The bytes of a PEM section.
pub(super) fn pem(text: &[u8], label: &str) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let body: String = body.split_ascii_whitespace().collect();
    STANDARD.decode(body).ok()
}

/// The value of a DER element with this tag, and what follows it.
fn value(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(*length), rest),
        0x81 => rest.split_first().map(|(length, rest)| (usize::from(*length), rest))?,
        0x82 => {
            let (length, rest) = rest.split_first_chunk::<2>()?;
            (usize::from(u16::from_be_bytes(*length)), rest)
        }
        _ => return None,
    };
    (*first == tag).then(|| rest.split_at_checked(length))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::tests::{ED_PUBLIC, RSA_PUBLIC};

    fn error(algorithm: Algorithm, bytes: &[u8]) -> KeyError {
        Key::new(algorithm, None, bytes).unwrap_err()
    }

    #[test]
    fn a_key_is_of_one_kind() {
        assert!(Key::new(Algorithm::Rs256, None, RSA_PUBLIC.as_bytes()).is_ok());
        assert!(Key::new(Algorithm::EdDsa, None, ED_PUBLIC.as_bytes()).is_ok());
        let other = KeyError::OtherKind(Algorithm::EdDsa);
        assert_eq!(error(Algorithm::EdDsa, RSA_PUBLIC.as_bytes()), other);
        assert_eq!(error(Algorithm::Hs256, RSA_PUBLIC.as_bytes()), KeyError::NotASecret);
        assert_eq!(error(Algorithm::Rs256, b"not a key"), KeyError::NotPublic);
        let private = RSA_PUBLIC.replace("PUBLIC", "PRIVATE");
        assert_eq!(error(Algorithm::Rs256, private.as_bytes()), KeyError::NotPublic);
    }

    #[test]
    fn a_short_secret_is_refused_and_white_space_does_not_lengthen_it() {
        assert_eq!(error(Algorithm::Hs256, &[b'x'; 31]), KeyError::Short(31));
        let padded = format!("{}\n\n", "x".repeat(31));
        assert_eq!(error(Algorithm::Hs256, padded.as_bytes()), KeyError::Short(31));
        assert!(Key::new(Algorithm::Hs256, None, &[b'x'; 32]).is_ok());
    }

    #[test]
    fn a_cut_off_key_is_none() {
        let whole = pem(RSA_PUBLIC.as_bytes(), "PUBLIC KEY").unwrap();
        for length in 0..whole.len() {
            let body = STANDARD.encode(&whole[..length]);
            let text = format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----");
            assert!(Key::new(Algorithm::Rs256, None, text.as_bytes()).is_err(), "{length}");
        }
    }
}
