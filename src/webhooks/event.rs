//! An event as JSON.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

use super::Form;
use crate::{
    clock::Timestamp,
    identity::{Author, AuthorKind},
    ids::{DocumentId, Seq},
    limits::WEBHOOK_CONTENT_BYTES,
    storage::versions::Version,
};

/// What a receiver reads.
#[derive(Debug, Serialize)]
pub(super) struct Event<'a> {
    pub(super) id: &'a str,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) time: Timestamp,
    pub(super) data: Data<'a>,
}

/// What happened to which document.
#[derive(Debug, Serialize)]
pub(super) struct Data<'a> {
    pub(super) document: &'a str,
    pub(super) epoch: DocumentId,
    #[serde(flatten)]
    pub(super) what: What<'a>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum What<'a> {
    Nothing {},
    Changed {
        from: Seq,
        to: Seq,
        authors: Vec<Who>,
        #[serde(skip_serializing_if = "Option::is_none")]
        content: Option<Content>,
    },
    Renamed {
        previous: &'a str,
    },
    Deleted {
        forever: bool,
    },
    Made {
        version: Told<'a>,
    },
}

/// An author.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Who {
    kind: AuthorKind,
    id: std::sync::Arc<str>,
    name: std::sync::Arc<str>,
}

/// A document in some format.
#[derive(Debug, Serialize)]
pub(super) struct Content {
    format: &'static str,
    value: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    omitted: Option<&'static str>,
}

/// A version.
#[derive(Debug, Serialize)]
pub(super) struct Told<'a> {
    id: &'a str,
    name: &'a str,
    seq: Seq,
    automatic: bool,
    author: Who,
}

impl Event<'_> {
    pub(super) fn json(&self) -> Bytes {
        serde_json::to_vec(self).unwrap_or_default().into()
    }
}

impl From<&Author> for Who {
    fn from(author: &Author) -> Self {
        Self { kind: author.kind, id: author.user.clone(), name: author.name.clone() }
    }
}

impl<'a> From<&'a Version> for Told<'a> {
    fn from(version: &'a Version) -> Self {
        let Version { id, name, seq, automatic, author, .. } = version;
        Self { id, name, seq: *seq, automatic: *automatic, author: (&**author).into() }
    }
}

impl Content {
    /// A file as a value: text as it is, JSON as JSON, bytes in base64.
    pub(super) fn of(file: Option<Bytes>, form: Form) -> Self {
        let without = |why| Self { format: form.as_str(), value: Value::Null, omitted: Some(why) };
        let Some(file) = file else { return without("it cannot be shown in this format") };
        if file.len() > WEBHOOK_CONTENT_BYTES {
            return without("it is too large");
        }
        let value = match form {
            Form::Update => STANDARD.encode(&file).into(),
            Form::Json => serde_json::from_slice(&file).unwrap_or(Value::Null),
            Form::Markdown | Form::Html | Form::Text => {
                String::from_utf8_lossy(&file).into_owned().into()
            }
        };
        Self { format: form.as_str(), value, omitted: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(file: Option<&[u8]>, form: Form) -> String {
        let content = Content::of(file.map(Bytes::copy_from_slice), form);
        serde_json::to_string(&content).unwrap()
    }

    #[test]
    fn content_is_text_json_or_base64() {
        assert_eq!(
            told(Some(b"# A\n"), Form::Markdown),
            r##"{"format":"markdown","value":"# A\n"}"##
        );
        assert_eq!(told(Some(br#"{"a":1}"#), Form::Json), r#"{"format":"json","value":{"a":1}}"#);
        assert_eq!(told(Some(&[0, 0]), Form::Update), r#"{"format":"update","value":"AAA="}"#);
    }

    #[test]
    fn content_that_is_too_large_is_left_out_and_that_is_said() {
        let largest = vec![b'x'; WEBHOOK_CONTENT_BYTES];
        assert!(!told(Some(&largest), Form::Text).contains("omitted"));
        let larger = vec![b'x'; WEBHOOK_CONTENT_BYTES + 1];
        let left_out = r#"{"format":"text","value":null,"omitted":"it is too large"}"#;
        assert_eq!(told(Some(&larger), Form::Text), left_out);
        assert!(told(None, Form::Text).contains("omitted"));
    }
}
