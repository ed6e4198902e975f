//! Share links: what the token in one looks like and what is kept of it. Where it is kept is
//! somebody else's business.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    hmac,
    rand::{SecureRandom, SystemRandom},
};
use serde::{Deserialize, Serialize};

use crate::{
    clock::Timestamp,
    identity::Access,
    limits::{AUTHOR_LETTERS, SHARE_ID_LETTERS},
};

/// What every token of a share link begins with, so that it is not taken for another.
const PREFIX: &str = "cs_";

/// Random bytes of a token: nobody guesses 256 bits.
const SECRET_BYTES: usize = 32;

/// A share link as it is kept: of its token only what is enough to know it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// How far it leads: to view, comment or edit.
    pub access: Access,
    /// What its maker calls it; may be empty.
    #[serde(default)]
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
    /// From when on it leads nowhere.
    #[serde(default)]
    pub expires: Option<Timestamp>,
    /// The HMAC-SHA-256 of the token under a key that everybody knows, in base64: a hash that can be
    /// checked in constant time.
    hash: String,
}

/// The two parts of a token: which link it is of, and the proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShareToken<'a> {
    /// The link's id, which is no secret.
    pub id: &'a str,
    whole: &'a str,
}

/// A link that has just been made. Its token is seen here and never again.
#[derive(Debug)]
pub struct NewShare {
    /// Its name to programs.
    pub id: String,
    /// What leads to the document.
    pub token: String,
    /// What to keep.
    pub share: Share,
}

impl Share {
    /// Makes a link. `None` when the system's randomness fails, or when the access is none that a
    /// link may give: owners are persons.
    #[must_use]
    pub fn make(
        access: Access,
        name: &str,
        created: Timestamp,
        expires: Option<Timestamp>,
    ) -> Option<NewShare> {
        if !matches!(access, Access::View | Access::Comment | Access::Edit) {
            return None;
        }
        let (mut id, mut secret) = ([0; SHARE_ID_LETTERS / 2], [0; SECRET_BYTES]);
        let random = SystemRandom::new();
        random.fill(&mut id).ok()?;
        random.fill(&mut secret).ok()?;
        let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        let token = format!("{PREFIX}{id}{}", URL_SAFE_NO_PAD.encode(secret));
        let letters = name.trim().chars().filter(|letter| !letter.is_control());
        let name = letters.take(AUTHOR_LETTERS).collect();
        let share = Self { access, name, created, expires, hash: hash(&token) };
        Some(NewShare { id, token, share })
    }

    /// Whether the token is this link's and it still leads somewhere. Takes as long for a wrong
    /// token as for the right one.
    #[must_use]
    pub fn is_opened_by(&self, token: ShareToken<'_>, now: Timestamp) -> bool {
        let hash = URL_SAFE_NO_PAD.decode(&self.hash).unwrap_or_default();
        let same = hmac::verify(&key(), token.whole.as_bytes(), &hash).is_ok();
        same && self.expires.is_none_or(|expires| now < expires)
    }
}

impl<'a> ShareToken<'a> {
    /// Reads a token; `None` when it is none of a share link.
    #[must_use]
    pub fn read(token: &'a str) -> Option<Self> {
        let (id, secret) = token.strip_prefix(PREFIX)?.split_at_checked(SHARE_ID_LETTERS)?;
        let sound = is_share_id(id) && secret.len() == SECRET_BYTES.div_ceil(3) * 4 - 1;
        sound.then_some(Self { id, whole: token })
    }
}

/// Whether a text may be a link's id, and part of a key.
#[must_use]
pub fn is_share_id(id: &str) -> bool {
    id.len() == SHARE_ID_LETTERS && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(hmac::sign(&key(), token.as_bytes()))
}

fn key() -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, b"coscribe share link")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> NewShare {
        Share::make(Access::View, " For\tMia ", Timestamp(5), Some(Timestamp(50))).unwrap()
    }

    #[test]
    fn a_link_is_opened_by_its_token_until_it_expires() {
        let NewShare { id, token, share } = made();
        let shown = ShareToken::read(&token).unwrap();
        assert_eq!(shown.id, id);
        assert!(share.is_opened_by(shown, Timestamp(49)));
        assert!(!share.is_opened_by(shown, Timestamp(50)));
        assert_eq!(share.name, "ForMia");
    }

    #[test]
    fn no_other_token_opens_it() {
        let (one, other) = (made(), made());
        assert_ne!(one.token, other.token);
        let shown = ShareToken::read(&other.token).unwrap();
        assert!(!one.share.is_opened_by(shown, Timestamp(9)));
        // The id of one with the secret of the other.
        let mixed = format!("{PREFIX}{}{}", one.id, &other.token[PREFIX.len() + one.id.len()..]);
        let shown = ShareToken::read(&mixed).unwrap();
        assert!(!one.share.is_opened_by(shown, Timestamp(9)));
    }

    #[test]
    fn what_is_kept_does_not_open_it() {
        let NewShare { token, share, .. } = made();
        let kept = serde_json::to_string(&share).unwrap();
        assert!(!kept.contains(&token[PREFIX.len() + SHARE_ID_LETTERS..]));
        assert_eq!(serde_json::from_str::<Share>(&kept).unwrap(), share);
    }

    #[test]
    fn a_link_gives_no_more_than_editing() {
        for access in [Access::None, Access::Owner] {
            assert!(Share::make(access, "", Timestamp(0), None).is_none());
        }
    }

    #[test]
    fn what_is_no_token_is_none() {
        let token = made().token;
        let cut = &token[..token.len() - 1];
        let upwards = token.replacen(&token[3..5], "..", 1);
        let long = format!("{token}x");
        for text in ["", "cs_", cut, &upwards, &long, "a.b.c", "cs_üüüüüüüüüüüüüüüü"]
        {
            assert_eq!(ShareToken::read(text), None, "{text}");
        }
    }
}
