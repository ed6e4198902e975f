//! Tokens in the format of y-sweet: those that a y-sweet server has issued go on working here, and
//! new ones are understood by whoever holds the same key.
//!
//! A token is what it says (who may do what until when, in bincode), then the SHA-256 of that
//! followed by the key, all in base64; an id of the key and a dot may stand in front.

use std::{fmt, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    digest::{Context, SHA256, SHA256_OUTPUT_LEN},
    hmac,
};

use super::{Answering, Authorizer, Credentials, Denied, Grant, Question, Visible};
use crate::{
    clock::{Clock, Timestamp},
    identity::Access,
};

/// y-sweet makes keys of 30 bytes; one that is much shorter can be guessed from one token.
const KEY_BYTES: usize = 16;

/// What a token is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Permission {
    /// The app's server: everything.
    Server,
    /// One document.
    Document {
        /// Its name.
        name: Box<str>,
        /// Whether it may be changed.
        full: bool,
    },
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    /// What it is for.
    pub permission: Permission,
    /// The last moment at which it counts.
    pub expires: Option<Timestamp>,
}

/// A key as y-sweet writes it (`--auth`), perhaps with an id and a dot in front.
#[derive(Clone)]
pub struct Key {
    id: Option<Box<str>>,
    secret: Box<[u8]>,
}

/// Why a text is no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not base64, or an id that y-sweet would not take.
    #[error(
        "this is no key of y-sweet: it is base64, perhaps with an id in front as in main.AAECAw…"
    )]
    Text,
    /// Guessable.
    #[error("a key of y-sweet has 30 bytes and at least {KEY_BYTES}, this one has {0}")]
    Short(usize),
}

/// Why a token counts for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PassError {
    /// Not of this format, or of another key.
    #[error("this token is not valid")]
    Invalid,
    /// Once it was.
    #[error("this token has expired")]
    Expired,
}

impl Key {
    /// Reads `KEY` or `ID.KEY`.
    ///
    /// # Errors
    /// When it is none.
    pub fn new(text: &str) -> Result<Self, KeyError> {
        let (id, secret) = split(text.trim());
        let secret = decode(secret).ok_or(KeyError::Text)?;
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if id.is_some_and(|id| id.is_empty() || !id.bytes().all(letter)) {
            return Err(KeyError::Text);
        }
        if secret.len() < KEY_BYTES {
            return Err(KeyError::Short(secret.len()));
        }
        Ok(Self { id: id.map(Into::into), secret: secret.into() })
    }

    /// A token that says this.
    #[must_use]
    pub fn sign(&self, pass: &Pass) -> String {
        let mut token = write(pass);
        let proof = self.proof(&token);
        number(SHA256_OUTPUT_LEN as u64, &mut token);
        token.extend_from_slice(&proof);
        let token = URL_SAFE_NO_PAD.encode(token);
        self.id.as_deref().map_or(token.clone(), |id| format!("{id}.{token}"))
    }

    /// What a token of this key says.
    ///
    /// # Errors
    /// When it is none, or has expired.
    pub fn check(&self, token: &str, now: Timestamp) -> Result<Pass, PassError> {
        let (id, token) = split(token);
        if id != self.id.as_deref() {
            return Err(PassError::Invalid);
        }
        let token = decode(token).ok_or(PassError::Invalid)?;
        let mut rest = &token[..];
        let pass = read(&mut rest).ok_or(PassError::Invalid)?;
        let said = &token[..token.len() - rest.len()];
        let length = take_number(&mut rest).ok_or(PassError::Invalid)?;
        if length != rest.len() as u64 || !is_same(&self.proof(said), rest) {
            return Err(PassError::Invalid);
        }
        if pass.expires.is_some_and(|expires| expires < now) {
            return Err(PassError::Expired);
        }
        Ok(pass)
    }

    fn proof(&self, said: &[u8]) -> [u8; SHA256_OUTPUT_LEN] {
        let mut context = Context::new(&SHA256);
        context.update(said);
        context.update(&self.secret);
        let mut proof = [0; SHA256_OUTPUT_LEN];
        proof.copy_from_slice(context.finish().as_ref());
        proof
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Compares in a time that tells nothing of where the first difference is.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"coscribe y-sweet token");
    hmac::verify(&key, one, hmac::sign(&key, other).as_ref()).is_ok()
}

fn split(text: &str) -> (Option<&str>, &str) {
    text.split_once('.').map_or((None, text), |(id, rest)| (Some(id), rest))
}

/// Early versions of y-sweet wrote the other alphabet of base64, with padding.
fn decode(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=').replace('+', "-").replace('/', "_");
    URL_SAFE_NO_PAD.decode(text).ok()
}

fn write(pass: &Pass) -> Vec<u8> {
    let mut bytes = Vec::new();
    match &pass.permission {
        Permission::Server => bytes.push(0),
        Permission::Document { name, full } => {
            bytes.push(1);
            number(name.len() as u64, &mut bytes);
            bytes.extend_from_slice(name.as_bytes());
            bytes.push(u8::from(*full));
        }
    }
    match pass.expires {
        None => bytes.push(0),
        Some(Timestamp(millis)) => {
            bytes.push(1);
            number(millis, &mut bytes);
        }
    }
    bytes
}

fn read(bytes: &mut &[u8]) -> Option<Pass> {
    let permission = match take_number(bytes)? {
        0 => Permission::Server,
        1 => {
            let length = usize::try_from(take_number(bytes)?).ok()?;
            let name = std::str::from_utf8(take(bytes, length)?).ok()?.into();
            let full = flag(take_number(bytes)?)?;
            Permission::Document { name, full }
        }
        _ => return None,
    };
    let expires = if flag(u64::from(take(bytes, 1)?[0]))? {
        Some(Timestamp(take_number(bytes)?))
    } else {
        None
    };
    Some(Pass { permission, expires })
}

fn flag(number: u64) -> Option<bool> {
    match number {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}

/// A number as bincode writes it: below 251 as it is, otherwise its size and then its bytes, the low
/// ones first.
fn number(value: u64, bytes: &mut Vec<u8>) {
    let all = value.to_le_bytes();
    let (mark, size) = match value {
        0..=250 => (None, 1),
        251..=0xffff => (Some(251), 2),
        0x1_0000..=0xffff_ffff => (Some(252), 4),
        _ => (Some(253), 8),
    };
    bytes.extend(mark);
    bytes.extend_from_slice(&all[..size]);
}

fn take_number(bytes: &mut &[u8]) -> Option<u64> {
    let size = match take(bytes, 1)?[0] {
        small @ 0..=250 => return Some(u64::from(small)),
        251 => 2,
        252 => 4,
        253 => 8,
        _ => return None,
    };
    let mut all = [0; 8];
    all[..size].copy_from_slice(take(bytes, size)?);
    Some(u64::from_le_bytes(all))
}

/// Believes tokens of any of its keys. New ones are signed with the first.
pub struct YSweetTokens {
    keys: Vec<Key>,
    clock: Arc<dyn Clock>,
}

impl YSweetTokens {
    /// Believes tokens of these keys.
    #[must_use]
    pub fn new(keys: Vec<Key>, clock: Arc<dyn Clock>) -> Self {
        Self { keys, clock }
    }

    /// Whether there is a key at all.
    #[must_use]
    pub fn has_keys(&self) -> bool {
        !self.keys.is_empty()
    }

    /// A token for a document that counts for so many seconds; `None` without a key.
    #[must_use]
    pub fn issue(&self, name: &str, full: bool, seconds: u64) -> Option<String> {
        let expires = self.clock.now().0.saturating_add(seconds.saturating_mul(1000));
        let permission = Permission::Document { name: name.into(), full };
        let pass = Pass { permission, expires: Some(Timestamp(expires)) };
        Some(self.keys.first()?.sign(&pass))
    }

    /// Whether what is shown was good once and is not any more, and nothing else is shown.
    #[must_use]
    pub fn has_expired(&self, credentials: &Credentials) -> bool {
        let now = self.clock.now();
        let expired = |token: &str| {
            self.keys.iter().any(|key| key.check(token, now) == Err(PassError::Expired))
        };
        let mut tokens = credentials.tokens.iter().map(|token| token.expose()).peekable();
        credentials.cookies.is_none() && tokens.peek().is_some() && tokens.all(expired)
    }

    /// What each sound token says that is shown, or what is wrong with them.
    fn passes(&self, credentials: &Credentials) -> Result<Vec<Pass>, Denied> {
        let now = self.clock.now();
        let (mut sound, mut worst) = (Vec::new(), None);
        let shown = credentials.tokens.iter().map(|token| token.expose());
        for token in shown.filter(|token| !token.is_empty()) {
            let mut error = PassError::Invalid;
            for key in &self.keys {
                match key.check(token, now) {
                    Ok(pass) => sound.push(pass),
                    Err(PassError::Expired) => error = PassError::Expired,
                    Err(PassError::Invalid) => {}
                }
            }
            if worst != Some(PassError::Expired) {
                worst = Some(error);
            }
        }
        if sound.is_empty() {
            let missing = || "this document is for those who are signed in".to_owned();
            return Err(Denied::Unauthorized(worst.map_or_else(missing, |it| it.to_string())));
        }
        Ok(sound)
    }
}

impl Pass {
    fn grant(&self, question: &Question) -> Grant {
        let named = question.document.as_ref().map(|name| name.as_str());
        let access = match &self.permission {
            Permission::Server => Access::Owner,
            Permission::Document { name, full } if named == Some(name) => {
                if *full {
                    Access::Edit
                } else {
                    Access::View
                }
            }
            Permission::Document { .. } => Access::None,
        };
        let after = |last: Timestamp| Timestamp(last.0.saturating_add(1));
        Grant { expires: self.expires.map(after), ..Grant::of(access) }
    }
}

impl Authorizer for YSweetTokens {
    fn authorize<'a>(&'a self, question: &'a Question) -> Answering<'a, Grant> {
        let best = self.passes(&question.credentials).map(|passes| {
            let grants = passes.iter().map(|pass| pass.grant(question));
            grants.rev().max_by_key(|it| it.access).unwrap_or_else(|| Grant::of(Access::None))
        });
        Box::pin(std::future::ready(best))
    }

    fn visible<'a>(&'a self, question: &'a Question) -> Answering<'a, Visible> {
        let visible = self.passes(&question.credentials).map(|passes| {
            Visible::Those(Arc::new(move |document| {
                passes.iter().any(|pass| match &pass.permission {
                    Permission::Server => true,
                    Permission::Document { name, .. } => document.as_str() == &**name,
                })
            }))
        });
        Box::pin(std::future::ready(visible))
    }
}

impl fmt::Debug for YSweetTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("YSweetTokens").field("keys", &self.keys.len()).finish_non_exhaustive()
    }
}
