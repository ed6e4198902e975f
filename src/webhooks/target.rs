//! A receiver: what it wants to hear of, and how. Its address is its carrier's business.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{auth::Signer, limits::WEBHOOK_NAME_LETTERS};

/// A receiver of events.
#[derive(Clone, Debug)]
pub struct Target {
    /// What it is remembered under.
    pub name: TargetName,
    /// Signs what it is sent.
    pub signer: Signer,
    /// What it wants to hear of.
    pub kinds: Kinds,
    /// How changes bring the whole document, if they are to bring it.
    pub content: Option<Form>,
    /// Changes are told once there were none for this long.
    pub debounce: Duration,
}

/// The name of a receiver, part of keys in the store and of the ids of events.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TargetName(Box<str>);

/// What an event tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A document got its first content.
    Created,
    /// Edits were made.
    Changed,
    /// It has another name.
    Renamed,
    /// It was put into the bin, or ended for good.
    Deleted,
    /// It was taken out of the bin.
    Restored,
    /// A version was made.
    Version,
}

/// What a document is sent as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Its words.
    Text,
    /// Markdown.
    Markdown,
    /// A page.
    Html,
    /// `ProseMirror`'s JSON.
    Json,
    /// A Yjs update, version 1, in base64.
    Update,
}

/// Kinds of events.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Kinds(u8);

impl Kind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Created, Self::Changed, Self::Renamed, Self::Deleted, Self::Restored, Self::Version];

    /// What it is called in settings.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Renamed => "renamed",
            Self::Deleted => "deleted",
            Self::Restored => "restored",
            Self::Version => "version",
        }
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            format!("there is no event `{text}`; there are {known}")
        })
    }
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Text, Self::Markdown, Self::Html, Self::Json, Self::Update];

    /// What it is called in settings and events.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Json => "json",
            Self::Update => "update",
        }
    }
}

impl FromStr for Form {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|form| form.as_str() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            format!("`{text}` is no content; there are none, {known}")
        })
    }
}

impl Kinds {
    /// Every kind.
    pub const ALL: Self = Self(0b11_1111);

    /// Whether this kind is among them.
    #[must_use]
    pub fn has(self, kind: Kind) -> bool {
        self.0 & kind.bit() != 0
    }
}

impl FromIterator<Kind> for Kinds {
    fn from_iter<I: IntoIterator<Item = Kind>>(kinds: I) -> Self {
        Self(kinds.into_iter().fold(0, |bits, kind| bits | kind.bit()))
    }
}

impl fmt::Debug for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(Kind::ALL.into_iter().filter(|kind| self.has(*kind))).finish()
    }
}

impl TargetName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TargetName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let sound = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if sound && (1..=WEBHOOK_NAME_LETTERS).contains(&text.len()) {
            Ok(Self(text.into()))
        } else {
            Err(format!(
                "`{text}` cannot name a receiver; use up to {WEBHOOK_NAME_LETTERS} letters, digits \
                 and dashes"
            ))
        }
    }
}

impl fmt::Display for TargetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
