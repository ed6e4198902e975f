//! Who may do what. One place, asked by every route before it does anything.

use super::{Asked, Failure};
use crate::ids::DocumentName;

/// What a request wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// See what the server offers, or have a text converted.
    Use,
    /// See which documents there are.
    List,
    /// Make one.
    Create,
    /// Read one.
    Read,
    /// Change one.
    Edit,
    /// Put one into the bin, take it out, end it, or give it another name.
    Manage,
}

/// Whether the request may do that with the document. Until there are rights, whoever can reach the
/// server may do everything, as on a socket.
#[expect(clippy::unnecessary_wraps, reason = "who may not is told so here, once there are rights")]
pub(super) fn may(
    _asked: &Asked,
    _document: Option<&DocumentName>,
    _action: Action,
) -> Result<(), Failure> {
    Ok(())
}
