//! Documents as files in other formats.

use std::str::FromStr;

use bytes::Bytes;

use crate::{crdt::Kind, ids::ClientId};

/// What a file is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Markdown.
    Markdown,
    /// A page.
    Html,
    /// Plain text.
    Text,
    /// ProseMirror JSON.
    Json,
    /// A Yjs update.
    Update,
}

/// What a document says about itself.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// Its title.
    pub title: Option<String>,
    /// Its kind.
    pub kind: Option<Kind>,
    /// Its language.
    pub lang: Option<String>,
}

/// Why a file cannot be converted.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConvertError(String);

impl FromStr for Format {
    type Err = ConvertError;

    fn from_str(text: &str) -> Result<Self, ConvertError> {
        Ok(match text {
            "md" => Self::Markdown,
            "html" => Self::Html,
            "txt" => Self::Text,
            "json" => Self::Json,
            "yjs" => Self::Update,
            _ => return Err(ConvertError("no such format".into())),
        })
    }
}

impl Format {
    /// As in `Content-Type`.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Markdown => "text/markdown; charset=utf-8",
            Self::Html => "text/html; charset=utf-8",
            Self::Text => "text/plain; charset=utf-8",
            Self::Json => "application/json",
            Self::Update => "application/octet-stream",
        }
    }

    /// As in a file's name.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Markdown => "md",
            Self::Html => "html",
            Self::Text => "txt",
            Self::Json => "json",
            Self::Update => "yjs",
        }
    }
}

/// Writes a document.
///
/// # Errors
/// When there is no such format yet.
pub fn export(state: &[u8], format: Format) -> Result<Vec<u8>, ConvertError> {
    match format {
        Format::Update => Ok(state.to_vec()),
        _ => Err(ConvertError("this format cannot be written yet".into())),
    }
}

/// Reads a document.
///
/// # Errors
/// When there is no such format yet.
pub fn import(
    bytes: &[u8],
    format: Format,
    _about: &About,
    _client: ClientId,
) -> Result<Bytes, ConvertError> {
    match format {
        Format::Update => Ok(Bytes::copy_from_slice(bytes)),
        _ => Err(ConvertError("this format cannot be read yet".into())),
    }
}

/// Converts.
///
/// # Errors
/// When there is no such format yet.
pub fn convert(bytes: &[u8], from: Format, to: Format) -> Result<Vec<u8>, ConvertError> {
    if from == to { Ok(bytes.to_vec()) } else { Err(ConvertError("not yet".into())) }
}
