//! Which address and method mean what. Pure functions over a path.
//!
//! A document's name is one segment: a `/` in it is written `%2F`. Names are decoded once.

use warp::http::Method;

use super::{
    Failure,
    history::Part,
    rights::Action,
    segment::{connection, name, request_id, session, share_id, version_id},
};
use crate::{
    convert::Format,
    ids::{ConnectionId, DocumentName, SubscriberId},
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
    AccessRequests(DocumentName),
    AccessRequest(DocumentName, String),
    Tokens(DocumentName),
    Aliases(DocumentName),
    Alias(DocumentName, DocumentName),
    Convert,
    Server,
    ServerStats,
    ServerEvents,
    ServerDocument(DocumentName),
    ServerUnload(DocumentName),
    ServerConnection(ConnectionId),
    ServerLog,
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
    AskForAccess(&'a DocumentName),
    ListAccessRequests(&'a DocumentName),
    AnswerAccessRequest(&'a DocumentName, &'a str),
    MakeToken(&'a DocumentName),
    ListAliases(&'a DocumentName),
    AddAlias(&'a DocumentName, &'a DocumentName),
    EndAlias(&'a DocumentName, &'a DocumentName),
    Convert,
    Server,
    ServerStats,
    ServerEvents,
    ServerDocument(&'a DocumentName),
    Unload(&'a DocumentName),
    HangUp(ConnectionId),
    Log,
    SetLog,
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
            ["", "server"] => Self::Server,
            ["", "server", "stats"] => Self::ServerStats,
            ["", "server", "events"] => Self::ServerEvents,
            ["", "server", "log"] => Self::ServerLog,
            ["", "server", "documents", document] => Self::ServerDocument(name(document)?),
            ["", "server", "documents", document, "unload"] => Self::ServerUnload(name(document)?),
            ["", "server", "connections", id] => {
                Self::ServerConnection(connection(id).ok_or(Failure::NoConnection)?)
            }
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
            ["", "documents", document, "tokens"] => Self::Tokens(name(document)?),
            ["", "documents", document, "shares", share] => {
                Self::Share(name(document)?, share_id(share)?)
            }
            ["", "documents", document, "access-requests"] => Self::AccessRequests(name(document)?),
            ["", "documents", document, "access-requests", id] => {
                Self::AccessRequest(name(document)?, request_id(id)?)
            }
            ["", "documents", document, "aliases"] => Self::Aliases(name(document)?),
            ["", "documents", document, "aliases", alias] => {
                Self::Alias(name(document)?, name(alias)?)
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

    /// The same address, about the document that its name leads to.
    pub(super) fn led(whole: &str, name: &DocumentName) -> Result<Self, Failure> {
        let documents = "/api/v1/documents/";
        let rest = whole.strip_prefix(documents).ok_or(Failure::NoAddress)?;
        let rest = rest.find('/').map_or("", |end| &rest[end..]);
        Self::parse(&format!("{documents}{}{rest}", name.to_url_segment()))
    }

    /// The document it is about.
    pub(super) fn document(&self) -> Option<&DocumentName> {
        match self {
            Self::Root | Self::Documents | Self::Convert | Self::AllEvents | Self::Contract => None,
            // Those who run the server do not need a right to each.
            Self::Server
            | Self::ServerStats
            | Self::ServerEvents
            | Self::ServerDocument(_)
            | Self::ServerUnload(_)
            | Self::ServerConnection(_)
            | Self::ServerLog => None,
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
            | Self::Tokens(name)
            | Self::Share(name, _)
            | Self::AccessRequests(name)
            | Self::AccessRequest(name, _)
            | Self::Aliases(name)
            | Self::Alias(name, _) => Some(name),
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
            Self::Server => "/api/v1/server",
            Self::ServerStats => "/api/v1/server/stats",
            Self::ServerEvents => "/api/v1/server/events",
            Self::ServerLog => "/api/v1/server/log",
            Self::ServerDocument(_) => "/api/v1/server/documents/{name}",
            Self::ServerUnload(_) => "/api/v1/server/documents/{name}/unload",
            Self::ServerConnection(_) => "/api/v1/server/connections/{id}",
            Self::Documents => "/api/v1/documents",
            Self::Document(_) => "/api/v1/documents/{name}",
            Self::Restore(_) => "/api/v1/documents/{name}/restore",
            Self::Duplicate(_) => "/api/v1/documents/{name}/duplicate",
            Self::Export(..) => "/api/v1/documents/{name}/export.{format}",
            Self::Save(_) => "/api/v1/documents/{name}/export.coscribe",
            Self::Content(_, Format::Text) => "/api/v1/documents/{name}/content.txt",
            Self::Content(..) => "/api/v1/documents/{name}/content.{format}",
            Self::Presence(_) => "/api/v1/documents/{name}/presence",
            Self::Connections(_) => "/api/v1/documents/{name}/connections",
            Self::Connection(..) => "/api/v1/documents/{name}/connections/{id}",
            Self::Events(_) => "/api/v1/documents/{name}/events",
            Self::Versions(_) => "/api/v1/documents/{name}/versions",
            Self::Version(..) => "/api/v1/documents/{name}/versions/{id}",
            Self::Shares(_) => "/api/v1/documents/{name}/shares",
            Self::Share(..) => "/api/v1/documents/{name}/shares/{id}",
            Self::AccessRequests(_) => "/api/v1/documents/{name}/access-requests",
            Self::AccessRequest(..) => "/api/v1/documents/{name}/access-requests/{id}",
            Self::Tokens(_) => "/api/v1/documents/{name}/tokens",
            Self::Aliases(_) => "/api/v1/documents/{name}/aliases",
            Self::Alias(..) => "/api/v1/documents/{name}/aliases/{alias}",
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
            Self::AccessRequests(name) if reads => Route::ListAccessRequests(name),
            Self::AccessRequests(name) if posts => Route::AskForAccess(name),
            Self::AccessRequest(name, id) if *method == Method::PUT => {
                Route::AnswerAccessRequest(name, id)
            }
            Self::Tokens(name) if posts => Route::MakeToken(name),
            Self::Aliases(name) if reads => Route::ListAliases(name),
            Self::Alias(name, alias) if *method == Method::PUT => Route::AddAlias(name, alias),
            Self::Alias(name, alias) if *method == Method::DELETE => Route::EndAlias(name, alias),
            Self::Convert if posts => Route::Convert,
            Self::Server if reads => Route::Server,
            Self::ServerStats if reads => Route::ServerStats,
            Self::ServerEvents if *method == Method::GET => Route::ServerEvents,
            Self::ServerDocument(name) if reads => Route::ServerDocument(name),
            Self::ServerUnload(name) if posts => Route::Unload(name),
            Self::ServerConnection(id) if *method == Method::DELETE => Route::HangUp(*id),
            Self::ServerLog if reads => Route::Log,
            Self::ServerLog if *method == Method::PUT => Route::SetLog,
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
            | Self::Aliases(_)
            | Self::Server
            | Self::ServerStats
            | Self::ServerDocument(_)
            | Self::Contract => "GET, HEAD",
            Self::Content(_, Format::Text) => "GET, HEAD, PUT, POST, PATCH",
            Self::Content(..) => "GET, HEAD, PUT, POST",
            Self::Events(_) | Self::AllEvents | Self::ServerEvents => "GET",
            Self::Connection(..) | Self::ServerConnection(_) => "DELETE",
            Self::AccessRequest(..) => "PUT",
            Self::Documents | Self::Versions(_) | Self::Shares(_) | Self::AccessRequests(_) => {
                "GET, HEAD, POST"
            }
            Self::Version(..) => "PATCH, DELETE",
            Self::Retention(_) | Self::ServerLog => "GET, HEAD, PUT",
            Self::Share(..) => "DELETE",
            Self::Alias(..) => "PUT, DELETE",
            Self::Document(_) => "GET, HEAD, PATCH, DELETE",
            Self::Restore(_)
            | Self::Duplicate(_)
            | Self::RestoreMoment(_)
            | Self::CopyMoment(_)
            | Self::Tokens(_)
            | Self::ServerUnload(_)
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
            Self::AskForAccess(_) => Action::Ask,
            Self::Server
            | Self::ServerStats
            | Self::ServerEvents
            | Self::ServerDocument(_)
            | Self::Unload(_)
            | Self::HangUp(_)
            | Self::Log
            | Self::SetLog => Action::Operate,
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
            | Self::EndShare(..)
            | Self::ListAccessRequests(_)
            | Self::AnswerAccessRequest(..)
            | Self::MakeToken(_)
            | Self::ListAliases(_)
            | Self::AddAlias(..)
            | Self::EndAlias(..) => Action::Manage,
        }
    }
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
}
