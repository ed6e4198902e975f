//! What a segment of an address may be: a name, or the id of something. Knows no routes.

use super::Failure;
use crate::{
    auth::share::is_share_id,
    document::sharing::ShareError,
    ids::{ConnectionId, DocumentName, SubscriberId, percent_decode},
    limits::VERSION_ID_LETTERS,
    storage::versions::VersionError,
};

/// The id of a version: a short word, so that an address can say no other record.
pub(super) fn version_id(segment: &str) -> Result<String, Failure> {
    let sound = segment.len() <= VERSION_ID_LETTERS
        && !segment.is_empty()
        && segment.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if sound { Ok(segment.to_owned()) } else { Err(VersionError::Missing.into()) }
}

/// A session as `connections` lists it: the connection, and its number on that.
pub(super) fn session(segment: &str) -> Option<SubscriberId> {
    let (connection, session) = segment.split_once('.')?;
    let connection = ConnectionId(connection.parse().ok()?);
    Some(SubscriberId { connection, session: session.parse().ok()? })
}

/// A connection by its number, or by one of its sessions.
pub(super) fn connection(segment: &str) -> Option<ConnectionId> {
    let number = || segment.parse().ok().map(ConnectionId);
    session(segment).map(|it| it.connection).or_else(number)
}

/// The id of a request for access, which looks like that of a share link.
pub(super) fn request_id(segment: &str) -> Result<String, Failure> {
    if is_share_id(segment) { Ok(segment.to_owned()) } else { Err(Failure::NoRequest) }
}

/// The id of a share link.
pub(super) fn share_id(segment: &str) -> Result<String, Failure> {
    let sound = is_share_id(segment);
    if sound { Ok(segment.to_owned()) } else { Err(ShareError::Missing.into()) }
}

/// A document's name, decoded once.
pub(super) fn name(segment: &str) -> Result<DocumentName, Failure> {
    let decoded = percent_decode(segment).and_then(|bytes| String::from_utf8(bytes).ok());
    let name = decoded.ok_or(crate::ids::NameError::Encoding)?;
    Ok(DocumentName::new(&name)?)
}
