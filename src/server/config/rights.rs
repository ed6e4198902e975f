//! Settings about who may do what: keys of tokens, the app to ask. Nothing is read or asked here.

use std::{path::PathBuf, str::FromStr, time::Duration};

use super::{Mistake, Reader, path, units, within};
use crate::{
    auth::{Secret, keys::Algorithm, y_sweet},
    http::{caller::AppUrl, web_app::SignInUrl, y_sweet::ClientAddress},
    identity::Access,
};

/// Who may do what. Where nothing of it is set, everybody may do everything.
#[derive(Clone, Debug)]
pub struct RightsConfig {
    /// A secret that tokens are signed with (HS256).
    pub secret: Option<Secret>,
    /// Files with keys that tokens are signed with.
    pub keys: Vec<KeyFile>,
    /// The names under which tokens mean this server.
    pub audiences: Vec<String>,
    /// The cookie that may hold a token.
    pub cookie: Option<String>,
    /// What the bearer of a token may do that speaks of no document.
    pub otherwise: Access,
    /// The app that is asked.
    pub url: Option<AppUrl>,
    /// Cookies that it may see.
    pub url_cookies: Vec<String>,
    /// How long its answers are believed.
    pub recheck: Duration,
    /// Where the pages send people to sign in.
    pub sign_in: Option<SignInUrl>,
    /// Keys of y-sweet: their tokens are believed, and the first signs new ones.
    pub y_sweet: Vec<y_sweet::Key>,
    /// Where clients of y-sweet find `/y-sweet`; as their app does when absent.
    pub y_sweet_address: Option<ClientAddress>,
}

/// Where a key is, and what it is for: `RS256:keys/app.pem`, with an id `RS256@2026:keys/app.pem`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFile {
    /// What it signs with, and nothing else.
    pub algorithm: Algorithm,
    /// Its id (`kid`), when tokens name one.
    pub id: Option<String>,
    /// The file.
    pub path: PathBuf,
}

impl Default for RightsConfig {
    fn default() -> Self {
        Self {
            secret: None,
            keys: Vec::new(),
            audiences: Vec::new(),
            cookie: None,
            otherwise: Access::None,
            url: None,
            url_cookies: Vec::new(),
            recheck: Duration::from_secs(10),
            sign_in: None,
            y_sweet: Vec::new(),
            y_sweet_address: None,
        }
    }
}

impl RightsConfig {
    /// Whether somebody is asked at all.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.has_keys() || self.url.is_some() || !self.y_sweet.is_empty()
    }

    /// Whether tokens are believed.
    #[must_use]
    pub fn has_keys(&self) -> bool {
        self.secret.is_some() || !self.keys.is_empty()
    }
}

impl FromStr for KeyFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = || format!("`{text}` is not a key; write it like RS256:keys/app.pem");
        let (what, file) = text.split_once(':').ok_or_else(refuse)?;
        let (algorithm, id) = match what.split_once('@') {
            Some((algorithm, id)) => (algorithm, Some(id.to_owned())),
            None => (what, None),
        };
        let algorithm = algorithm.parse::<Algorithm>().map_err(|error| error.to_string())?;
        Ok(Self { algorithm, id, path: path(file)? })
    }
}

impl Reader {
    pub(super) fn rights(&mut self) -> RightsConfig {
        let default = RightsConfig::default();
        let rights = RightsConfig {
            secret: self.one("auth-secret", |text| Ok(Secret::from(text))),
            keys: self.many("auth-key"),
            audiences: self.many_by("auth-audience", word),
            cookie: self.one("auth-cookie", word),
            otherwise: self.one("auth-role", role).unwrap_or(default.otherwise),
            url: self.one("auth-url", str::parse),
            url_cookies: self.many_by("auth-url-cookie", word),
            recheck: self
                .one("auth-recheck", |text| {
                    let (least, most) = (Duration::from_secs(1), Duration::from_mins(1));
                    within(units::duration(text)?, least, most, "between 1s and 1m")
                })
                .unwrap_or(default.recheck),
            sign_in: self.one("sign-in-url", str::parse),
            y_sweet: self.many_by("y-sweet-auth", |text| {
                y_sweet::Key::new(text).map_err(|error| error.to_string())
            }),
            y_sweet_address: self.one("y-sweet-url", str::parse),
        };
        let needs_keys = ["auth-audience", "auth-cookie", "auth-role"];
        let needs_url = ["auth-url-cookie", "auth-recheck"];
        if !["auth-secret", "auth-key"].iter().any(|name| self.chosen.contains_key(name)) {
            self.useless(&needs_keys, "has no use without --auth-secret or --auth-key");
        }
        if !self.chosen.contains_key("auth-url") {
            self.useless(&needs_url, "has no use without --auth-url");
        }
        if !rights.is_set() {
            self.useless(
                &["sign-in-url"],
                "has no use where everybody may do everything; say who may with --auth-…",
            );
        }
        if rights.is_set() && self.switch("open") {
            self.useless(
                &["open"],
                "lets everybody do everything, and --auth-… asks who may; drop one",
            );
        }
        rights
    }

    /// Settings that contradict others or do nothing are no protection.
    pub(super) fn useless(&mut self, names: &[&str], why: &str) {
        for name in names {
            if let Some(raw) = self.chosen.get(name) {
                self.mistakes.push(Mistake::new(raw.source.clone(), why));
            }
        }
    }
}

fn word(text: &str) -> Result<String, String> {
    let sound = !text.is_empty() && !text.contains(|letter: char| letter.is_control());
    if sound { Ok(text.to_owned()) } else { Err("the name is empty".to_owned()) }
}

fn role(text: &str) -> Result<Access, String> {
    match text {
        "none" => Ok(Access::None),
        "view" => Ok(Access::View),
        "comment" => Ok(Access::Comment),
        "edit" => Ok(Access::Edit),
        "owner" => Ok(Access::Owner),
        _ => Err(format!("`{text}` is none of none, view, comment, edit and owner")),
    }
}
