//! JSON Web Tokens (RFC 7519): read, checked and written. Pure; time is a parameter.
//!
//! Written on `ring` alone: of what a token library offers, this takes one form, three algorithms
//! and six claims, and its strictness is the point. A claim that is there and not what it should
//! be makes the token worthless; nothing is guessed and nothing is ignored that could matter.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{hmac, rand, signature};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    Grants, User,
    keys::{self, Algorithm, Key, KeyError},
};
use crate::{
    clock::Timestamp,
    identity::Access,
    limits::{AUTHOR_LETTERS, TOKEN_BYTES, TOKEN_LEEWAY, USER_ID_BYTES},
};

/// What a sound token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Who it was made for.
    pub user: Option<User>,
    /// What it allows; `None` when it speaks of no document at all.
    pub grants: Option<Grants>,
    /// Whether its bearer runs the server.
    pub admin: bool,
    /// From when on it is worth nothing.
    pub expires: Timestamp,
}

/// Why a token counts for nothing. What exactly is wrong with a forged one is nobody's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not made of three parts that can be read, too long, or signed by nobody we know.
    #[error("the token is not valid")]
    Invalid,
    /// It was sound once.
    #[error("the token has expired")]
    Expired,
    /// It will be sound later.
    #[error("the token is not valid yet")]
    Early,
    /// It was made for another service.
    #[error("the token was made for another service")]
    Audience,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// Extensions that must be understood. We know none.
    crit: Option<Value>,
}

/// Checks a token and reads it.
///
/// # Errors
/// When it counts for nothing.
pub fn check(
    token: &str,
    keys: &[Key],
    audiences: &[String],
    now: Timestamp,
) -> Result<Claims, TokenError> {
    if token.len() > TOKEN_BYTES {
        return Err(TokenError::Invalid);
    }
    let (message, signature) = token.rsplit_once('.').ok_or(TokenError::Invalid)?;
    let (header, claims) = message.split_once('.').ok_or(TokenError::Invalid)?;
    let header: Header = decode(header)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenError::Invalid)?;
    let fitting = keys.iter().filter(|key| key.fits(&header.alg, header.kid.as_deref()));
    let signed = fitting.into_iter().any(|key| key.signed(message.as_bytes(), &signature));
    if !signed || header.crit.is_some() {
        return Err(TokenError::Invalid);
    }
    read(&decode(claims)?, audiences, now)
}

fn decode<T: serde::de::DeserializeOwned>(part: &str) -> Result<T, TokenError> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Invalid)?;
    serde_json::from_slice(&bytes).map_err(|_| TokenError::Invalid)
}

fn read(
    claims: &Map<String, Value>,
    audiences: &[String],
    now: Timestamp,
) -> Result<Claims, TokenError> {
    let leeway = u64::try_from(TOKEN_LEEWAY.as_millis()).unwrap_or(u64::MAX);
    let expires = moment(claims, "exp")?.ok_or(TokenError::Invalid)?;
    let expires = Timestamp(expires.0.saturating_add(leeway));
    if now >= expires {
        return Err(TokenError::Expired);
    }
    if moment(claims, "nbf")?.is_some_and(|from| from.0 > now.0.saturating_add(leeway)) {
        return Err(TokenError::Early);
    }
    if !is_for_us(claims.get("aud"), audiences) {
        return Err(TokenError::Audience);
    }
    let documents: Option<Grants> = claim(claims, "documents")?;
    let role: Option<Access> = claim(claims, "role")?;
    let grants = match (documents, role) {
        // Two answers to one question: which of them was meant cannot be known.
        (Some(_), Some(_)) => return Err(TokenError::Invalid),
        (documents, role) => documents.or_else(|| role.map(Grants::everything)),
    };
    let admin = claim(claims, "admin")?.unwrap_or(false);
    Ok(Claims { user: user(claims)?, grants, admin, expires })
}

/// A claim of this shape, if there is one.
fn claim<T: serde::de::DeserializeOwned>(
    claims: &Map<String, Value>,
    name: &str,
) -> Result<Option<T>, TokenError> {
    let claim = claims.get(name).map(|value| serde_json::from_value(value.clone()));
    claim.transpose().map_err(|_| TokenError::Invalid)
}

/// A moment in seconds since 1970; half seconds exist.
fn moment(claims: &Map<String, Value>, name: &str) -> Result<Option<Timestamp>, TokenError> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let seconds = value.as_f64().filter(|it| (0.0..1e12).contains(it));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
    let millis = |seconds: f64| Timestamp((seconds * 1000.0) as u64);
    seconds.map(millis).map(Some).ok_or(TokenError::Invalid)
}

/// Who says for whom a token is must find itself named (RFC 7519 §4.1.3), and who has a name must
/// be named.
fn is_for_us(audience: Option<&Value>, ours: &[String]) -> bool {
    let is_ours = |text: &str| ours.iter().any(|name| name == text);
    match audience {
        None => ours.is_empty(),
        Some(Value::String(one)) => is_ours(one),
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).any(is_ours),
        Some(_) => false,
    }
}

fn user(claims: &Map<String, Value>) -> Result<Option<User>, TokenError> {
    let name: String = claim(claims, "name")?.unwrap_or_default();
    let Some(id) = claim::<String>(claims, "sub")? else { return Ok(None) };
    User::new(&id, &name).map(Some).ok_or(TokenError::Invalid)
}

impl User {
    /// A person with this stable id and a name to show; `None` when the id cannot be one. Of a long
    /// name the beginning is shown.
    #[must_use]
    pub fn new(id: &str, name: &str) -> Option<Self> {
        if id.is_empty() || id.len() > USER_ID_BYTES || id.chars().any(char::is_control) {
            return None;
        }
        let letters = name.trim().chars().filter(|letter| !letter.is_control());
        let name: String = letters.take(AUTHOR_LETTERS).collect();
        Some(Self { id: id.into(), name: Arc::from(name) })
    }
}

/// A key that tokens are made with.
pub enum SigningKey {
    /// For HS256.
    Secret(hmac::Key),
    /// For RS256.
    Rsa(Box<signature::RsaKeyPair>),
    /// For EdDSA.
    Ed(signature::Ed25519KeyPair),
}

impl SigningKey {
    /// The secret, or the private key in PEM (PKCS #8); which of them it is shows.
    ///
    /// # Errors
    /// When it is none.
    pub fn new(bytes: &[u8]) -> Result<Self, KeyError> {
        let bytes = bytes.trim_ascii();
        let Some(der) = keys::pem(bytes, "PRIVATE KEY") else {
            return keys::secret(bytes).map(Self::Secret);
        };
        if let Ok(pair) = signature::Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der) {
            return Ok(Self::Ed(pair));
        }
        let pair = signature::RsaKeyPair::from_pkcs8(&der);
        pair.map(|pair| Self::Rsa(Box::new(pair)))
            .map_err(|_| KeyError::OtherKind(Algorithm::Rs256))
    }

    /// The algorithm it signs with.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::Secret(_) => Algorithm::Hs256,
            Self::Rsa(_) => Algorithm::Rs256,
            Self::Ed(_) => Algorithm::EdDsa,
        }
    }

    /// A token that says this. `None` when the system's randomness fails, which RSA needs.
    #[must_use]
    pub fn sign(&self, id: Option<&str>, claims: &Map<String, Value>) -> Option<String> {
        let mut header = serde_json::json!({ "alg": self.algorithm().name(), "typ": "JWT" });
        if let Some(id) = id {
            header["kid"] = id.into();
        }
        let encode = |json: &[u8]| URL_SAFE_NO_PAD.encode(json);
        let header = encode(header.to_string().as_bytes());
        let claims = encode(&serde_json::to_vec(claims).ok()?);
        let message = format!("{header}.{claims}");
        let signature = match self {
            Self::Secret(key) => hmac::sign(key, message.as_bytes()).as_ref().to_vec(),
            Self::Ed(pair) => pair.sign(message.as_bytes()).as_ref().to_vec(),
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                let random = rand::SystemRandom::new();
                let scheme = &signature::RSA_PKCS1_SHA256;
                pair.sign(scheme, &random, message.as_bytes(), &mut signature).ok()?;
                signature
            }
        };
        Some(format!("{message}.{}", encode(&signature)))
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.algorithm())
    }
}
