//! Which address and method mean what. Pure functions over a path and headers.
//!
//! A document's name is one segment: a `/` in it is written `%2F`. Names are decoded once.

use warp::http::{HeaderMap, Method, header::CONTENT_TYPE};

use super::{Failure, history::Part, rights::Action};
use crate::{
    auth::share::is_share_id,
    convert::Format,
    document::sharing::ShareError,
    ids::{ConnectionId, DocumentName, SubscriberId, percent_decode},
    limits::VERSION_ID_LETTERS,
    storage::versions::VersionError,
};

/// An address under `/api/v1`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Path {
    Root,
    Documents,
    Document(DocumentName),
    Restore(DocumentName),
    Duplicate(DocumentName),
    Export(DocumentName, Format),
    RestoreMoment(DocumentName),
    CopyMoment(DocumentName),
    Versions(DocumentName),
    Version(DocumentName, String),
    History(DocumentName, Part),
    Retention(DocumentName),
    Save(DocumentName),
    Content(DocumentName, Format),
    Presence(DocumentName),
    Connections(DocumentName),
    Connection(DocumentName, SubscriberId),
    Events(DocumentName),
    AllEvents,
    Contract,
    Shares(DocumentName),
    Share(DocumentName, String),
    Convert,
}

/// What is asked.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route<'a> {
    Describe,
    List,
    Create,
    Info(&'a DocumentName),
    Change(&'a DocumentName),
    Delete(&'a DocumentName),
    Restore(&'a DocumentName),
    Duplicate(&'a DocumentName),
    Export(&'a DocumentName, Format),
    RestoreMoment(&'a DocumentName),
    CopyMoment(&'a DocumentName),
    ListVersions(&'a DocumentName),
    AddVersion(&'a DocumentName),
    RenameVersion(&'a DocumentName, &'a str),
    DeleteVersion(&'a DocumentName, &'a str),
    History(&'a DocumentName, Part),
    Retention(&'a DocumentName),
    SetRetention(&'a DocumentName),
    Save(&'a DocumentName),
    Content(&'a DocumentName, Format),
    Replace(&'a DocumentName, Format),
    Append(&'a DocumentName, Format),
    EditText(&'a DocumentName),
    Presence(&'a DocumentName),
    Connections(&'a DocumentName),
    SendAway(&'a DocumentName, SubscriberId),
    Events(&'a DocumentName),
    AllEvents,
    Contract,
    ListShares(&'a DocumentName),
    AddShare(&'a DocumentName),
    EndShare(&'a DocumentName, &'a str),
    Convert,
}

impl Path {
    /// Reads a whole path that is not decoded.
    pub(super) fn parse(path: &str) -> Result<Self, Failure> {
        let rest = path.strip_prefix("/api/v1").ok_or(Failure::NoAddress)?;
        let segments: Vec<&str> = rest.split('/').collect();
        Ok(match segments[..] {
            [""] | ["", ""] => Self::Root,
            ["", "convert"] => Self::Convert,
            ["", "events"] => Self::AllEvents,
            ["", "openapi.json"] => Self::Contract,
            ["", "documents"] => Self::Documents,
            ["", "documents", document] => Self::Document(name(document)?),
            ["", "documents", document, "restore"] => Self::Restore(name(document)?),
            ["", "documents", document, "duplicate"] => Self::Duplicate(name(document)?),
            ["", "documents", document, "history", "restore"] => {
                Self::RestoreMoment(name(document)?)
            }
            ["", "documents", document, "history", "copy"] => Self::CopyMoment(name(document)?),
            ["", "documents", document, "history", "retention"] => Self::Retention(name(document)?),
            ["", "documents", document, "versions"] => Self::Versions(name(document)?),
            ["", "documents", document, "versions", version] => {
                Self::Version(name(document)?, version_id(version)?)
            }
            ["", "documents", document, "history", ref rest @ ..] => {
                Self::History(name(document)?, Part::parse(rest)?)
            }
            ["", "documents", document, "shares"] => Self::Shares(name(document)?),
            ["", "documents", document, "shares", share] => {
                Self::Share(name(document)?, share_id(share)?)
            }
            ["", "documents", document, "presence"] => Self::Presence(name(document)?),
            ["", "documents", document, "events"] => Self::Events(name(document)?),
            ["", "documents", document, "connections"] => Self::Connections(name(document)?),
            ["", "documents", document, "connections", id] => {
                let id = session(id).ok_or(Failure::NoConnection);
                Self::Connection(name(document)?, id?)
            }
            ["", "documents", document, "export.coscribe"] => Self::Save(name(document)?),
            ["", "documents", document, content] if content.starts_with("content.") => {
                let format = content["content.".len()..].parse().map_err(|_| Failure::Format)?;
                Self::Content(name(document)?, format)
            }
            ["", "documents", document, export] => {
                let extension = export.strip_prefix("export.").ok_or(Failure::NoAddress)?;
                let format = extension.parse().map_err(|_| Failure::Format)?;
                Self::Export(name(document)?, format)
            }
            _ => return Err(Failure::NoAddress),
        })
    }

    /// The document it is about.
    pub(super) fn document(&self) -> Option<&DocumentName> {
        match self {
            Self::Root | Self::Documents | Self::Convert | Self::AllEvents | Self::Contract => None,
            Self::Document(name)
            | Self::Restore(name)
            | Self::Duplicate(name)
            | Self::Export(name, _)
            | Self::Save(name)
            | Self::History(name, _)
            | Self::Retention(name)
            | Self::RestoreMoment(name)
            | Self::CopyMoment(name)
            | Self::Versions(name)
            | Self::Version(name, _)
            | Self::Content(name, _)
            | Self::Presence(name)
            | Self::Connections(name)
            | Self::Connection(name, _)
            | Self::Events(name)
            | Self::Shares(name)
            | Self::Share(name, _) => Some(name),
        }
    }

    /// The address as the contract writes it.
    #[cfg(test)]
    pub(super) fn template(&self) -> &'static str {
        match self {
            Self::Root => "/api/v1",
            Self::Contract => "/api/v1/openapi.json",
            Self::Convert => "/api/v1/convert",
            Self::AllEvents => "/api/v1/events",
            Self::Documents => "/api/v1/documents",
            Self::Document(_) => "/api/v1/documents/{name}",
            Self::Restore(_) => "/api/v1/documents/{name}/restore",
            Self::Duplicate(_) => "/api/v1/documents/{name}/duplicate",
            Self::Export(..) => "/api/v1/documents/{name}/export.{format}",
            Self::Save(_) => "/api/v1/documents/{name}/export.coscribe",
            Self::Content(..) => "/api/v1/documents/{name}/content.{format}",
            Self::Presence(_) => "/api/v1/documents/{name}/presence",
            Self::Connections(_) => "/api/v1/documents/{name}/connections",
            Self::Connection(..) => "/api/v1/documents/{name}/connections/{id}",
            Self::Events(_) => "/api/v1/documents/{name}/events",
            Self::Versions(_) => "/api/v1/documents/{name}/versions",
            Self::Version(..) => "/api/v1/documents/{name}/versions/{id}",
            Self::Shares(_) => "/api/v1/documents/{name}/shares",
            Self::Share(..) => "/api/v1/documents/{name}/shares/{id}",
            Self::Retention(_) => "/api/v1/documents/{name}/history/retention",
            Self::RestoreMoment(_) => "/api/v1/documents/{name}/history/restore",
            Self::CopyMoment(_) => "/api/v1/documents/{name}/history/copy",
            Self::History(_, Part::Pack) => "/api/v1/documents/{name}/history",
            Self::History(_, Part::Entries) => "/api/v1/documents/{name}/history/entries",
            Self::History(_, Part::Changes) => "/api/v1/documents/{name}/history/changes",
            Self::History(_, Part::At) => "/api/v1/documents/{name}/history/at",
            Self::History(_, Part::Export(..)) => {
                "/api/v1/documents/{name}/history/{seq}/export.{format}"
            }
        }
    }

    /// What a method means here.
    pub(super) fn route(&self, method: &Method) -> Result<Route<'_>, Failure> {
        let reads = matches!(*method, Method::GET | Method::HEAD);
        let posts = *method == Method::POST;
        Ok(match self {
            Self::Root if reads => Route::Describe,
            Self::Documents if reads => Route::List,
            Self::Documents if posts => Route::Create,
            Self::Document(name) if reads => Route::Info(name),
            Self::Document(name) if *method == Method::PATCH => Route::Change(name),
            Self::Document(name) if *method == Method::DELETE => Route::Delete(name),
            Self::Restore(name) if posts => Route::Restore(name),
            Self::Duplicate(name) if posts => Route::Duplicate(name),
            Self::Export(name, format) if reads => Route::Export(name, *format),
            Self::RestoreMoment(name) if posts => Route::RestoreMoment(name),
            Self::CopyMoment(name) if posts => Route::CopyMoment(name),
            Self::Versions(name) if reads => Route::ListVersions(name),
            Self::Versions(name) if posts => Route::AddVersion(name),
            Self::Version(name, id) if *method == Method::PATCH => Route::RenameVersion(name, id),
            Self::Version(name, id) if *method == Method::DELETE => Route::DeleteVersion(name, id),
            Self::Retention(name) if reads => Route::Retention(name),
            Self::Retention(name) if *method == Method::PUT => Route::SetRetention(name),
            Self::History(name, part) if reads => Route::History(name, *part),
            Self::Save(name) if reads => Route::Save(name),
            Self::Content(name, format) if reads => Route::Content(name, *format),
            Self::Content(name, format) if *method == Method::PUT => Route::Replace(name, *format),
            Self::Content(name, format) if posts => Route::Append(name, *format),
            Self::Content(name, Format::Text) if *method == Method::PATCH => Route::EditText(name),
            Self::Presence(name) if reads => Route::Presence(name),
            Self::Connections(name) if reads => Route::Connections(name),
            Self::Connection(name, id) if *method == Method::DELETE => Route::SendAway(name, *id),
            Self::Events(name) if *method == Method::GET => Route::Events(name),
            Self::AllEvents if *method == Method::GET => Route::AllEvents,
            Self::Contract if reads => Route::Contract,
            Self::Shares(name) if reads => Route::ListShares(name),
            Self::Shares(name) if posts => Route::AddShare(name),
            Self::Share(name, id) if *method == Method::DELETE => Route::EndShare(name, id),
            Self::Convert if posts => Route::Convert,
            _ => return Err(Failure::Method(self.methods())),
        })
    }

    fn methods(&self) -> &'static str {
        match self {
            Self::Root
            | Self::Export(..)
            | Self::Save(_)
            | Self::History(..)
            | Self::Presence(_)
            | Self::Connections(_)
            | Self::Contract => "GET, HEAD",
            Self::Content(_, Format::Text) => "GET, HEAD, PUT, POST, PATCH",
            Self::Content(..) => "GET, HEAD, PUT, POST",
            Self::Events(_) | Self::AllEvents => "GET",
            Self::Connection(..) => "DELETE",
            Self::Documents | Self::Versions(_) | Self::Shares(_) => "GET, HEAD, POST",
            Self::Version(..) => "PATCH, DELETE",
            Self::Retention(_) => "GET, HEAD, PUT",
            Self::Share(..) => "DELETE",
            Self::Document(_) => "GET, HEAD, PATCH, DELETE",
            Self::Restore(_)
            | Self::Duplicate(_)
            | Self::RestoreMoment(_)
            | Self::CopyMoment(_)
            | Self::Convert => "POST",
        }
    }
}

impl Route<'_> {
    /// What it takes to be allowed to.
    pub(super) fn action(&self) -> Action {
        match self {
            Self::Describe | Self::Convert | Self::Contract => Action::Use,
            Self::List | Self::AllEvents => Action::List,
            Self::Create => Action::Create,
            Self::Info(_)
            | Self::Export(..)
            | Self::Duplicate(_)
            | Self::Content(..)
            | Self::Presence(_)
            | Self::Events(_) => Action::Read,
            Self::Save(_)
            | Self::History(..)
            | Self::Retention(_)
            | Self::CopyMoment(_)
            | Self::ListVersions(_) => Action::Recall,
            Self::Change(_)
            | Self::Replace(..)
            | Self::Append(..)
            | Self::EditText(_)
            | Self::RestoreMoment(_)
            | Self::AddVersion(_)
            | Self::RenameVersion(..)
            | Self::DeleteVersion(..) => Action::Edit,
            Self::Delete(_)
            | Self::SetRetention(_)
            | Self::Restore(_)
            | Self::Connections(_)
            | Self::SendAway(..)
            | Self::ListShares(_)
            | Self::AddShare(_)
            | Self::EndShare(..) => Action::Manage,
        }
    }
}

/// Refuses a POST that a form on a foreign page could send in its visitor's name: browsers ask
/// first ("preflight") about every other content type and about headers of our own, and are told no.
/// The methods PUT, PATCH and DELETE they ask about always.
pub(super) fn check_not_a_form(headers: &HeaderMap) -> Result<(), Failure> {
    if headers.contains_key("x-coscribe") || headers.contains_key("x-coscribe-name") {
        return Ok(());
    }
    let formless = |content_type: &str| {
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        let sent_by_forms =
            ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"];
        !sent_by_forms.contains(&&*media_type.to_ascii_lowercase())
    };
    let mut types = headers.get_all(CONTENT_TYPE).into_iter().peekable();
    let sound = types.peek().is_some() && types.all(|value| value.to_str().is_ok_and(formless));
    if sound { Ok(()) } else { Err(Failure::ContentType) }
}

/// The id of a version: a short word, so that an address can say no other record.
fn version_id(segment: &str) -> Result<String, Failure> {
    let sound = segment.len() <= VERSION_ID_LETTERS
        && !segment.is_empty()
        && segment.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if sound { Ok(segment.to_owned()) } else { Err(VersionError::Missing.into()) }
}

/// A session as `connections` lists it: the connection, and its number on that.
fn session(segment: &str) -> Option<SubscriberId> {
    let (connection, session) = segment.split_once('.')?;
    let connection = ConnectionId(connection.parse().ok()?);
    Some(SubscriberId { connection, session: session.parse().ok()? })
}

fn share_id(segment: &str) -> Result<String, Failure> {
    let sound = is_share_id(segment);
    if sound { Ok(segment.to_owned()) } else { Err(ShareError::Missing.into()) }
}

fn name(segment: &str) -> Result<DocumentName, Failure> {
    let decoded = percent_decode(segment).and_then(|bytes| String::from_utf8(bytes).ok());
    let name = decoded.ok_or(crate::ids::NameError::Encoding)?;
    Ok(DocumentName::new(&name)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> DocumentName {
        DocumentName::new(text).unwrap()
    }

    #[test]
    fn a_name_is_one_segment_decoded_once() {
        let document = |path: &str| Path::parse(path).ok().and_then(|it| it.document().cloned());
        for (segment, name) in [
            ("notes", "notes"),
            ("a%2Fb", "a/b"),
            ("a%252Fb", "a%2Fb"),
            ("..%2F..%2Fetc%2Fpasswd", "../../etc/passwd"),
            ("restore", "restore"),
            ("%C3%BC%20x", "ü x"),
        ] {
            assert_eq!(document(&format!("/api/v1/documents/{segment}")), Some(named(name)));
            let restore = format!("/api/v1/documents/{segment}/restore");
            assert_eq!(document(&restore), Some(named(name)));
        }
    }

    #[test]
    fn what_cannot_be_a_name_or_an_address_is_refused() {
        let refused =
            |path: &str| Path::parse(path).err().map(|it| it.response().status().as_u16());
        for segment in ["", "%00", "a%0Ab", ".", "..", "%2e%2e", "%ff", "%zz", "%2", "%20"] {
            assert_eq!(refused(&format!("/api/v1/documents/{segment}")), Some(400), "{segment}");
        }
        assert_eq!(refused(&format!("/api/v1/documents/{}", "x".repeat(257))), Some(400));
        for path in [
            "/api",
            "/api/v2",
            "/api/v1x",
            "/api/v1/x",
            "/api/v1/documents/a/b/c",
            "/api/v1/documents/a/b",
        ] {
            assert_eq!(refused(path), Some(404), "{path}");
        }
        assert_eq!(refused("/api/v1/documents/a/export.exe"), Some(404));
    }

    #[test]
    fn a_post_that_a_form_could_send_is_refused() {
        let check = |lines: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in lines {
                headers.append(*name, value.parse().unwrap());
            }
            check_not_a_form(&headers).is_ok()
        };
        assert!(!check(&[]));
        for form in [
            "text/plain",
            "Text/Plain; charset=utf-8",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            " ",
        ] {
            assert!(!check(&[("content-type", form)]), "{form}");
            assert!(check(&[("content-type", form), ("x-coscribe", "1")]), "{form}");
        }
        assert!(!check(&[("content-type", "application/json"), ("content-type", "text/plain")]));
        for other in ["application/json", "text/markdown", "application/octet-stream"] {
            assert!(check(&[("content-type", other)]), "{other}");
        }
    }
}
