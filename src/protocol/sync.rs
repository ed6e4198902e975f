//! Sync bodies, which every framing shares (y-protocols `sync.js`).
//!
//! Knows the inner message only, not the frame around it.

use bytes::{Bytes, BytesMut};

use super::{
    ProtocolError,
    varint::{self, Reader},
};

/// Message types that the framings have in common.
pub(super) const SYNC: u64 = 0;
pub(super) const AWARENESS: u64 = 1;
pub(super) const AUTH: u64 = 2;
pub(super) const QUERY_AWARENESS: u64 = 3;

/// One of the three sync messages.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Carries a state vector.
    Step1 = 0,
    /// Carries a difference.
    Step2 = 1,
    /// Carries a live change.
    Update = 2,
}

/// Reads what follows the type [`SYNC`].
pub(super) fn read(reader: &mut Reader<'_>) -> Result<(Kind, Bytes), ProtocolError> {
    let kind = match reader.uint()? {
        0 => Kind::Step1,
        1 => Kind::Step2,
        2 => Kind::Update,
        _ => return Err(ProtocolError::SyncKind),
    };
    Ok((kind, reader.bytes()?))
}

/// Appends a whole sync message, type included.
pub(super) fn write(out: &mut BytesMut, kind: Kind, body: &[u8]) {
    varint::uint(out, SYNC);
    varint::uint(out, kind as u64);
    varint::bytes(out, body);
}

/// Appends a message that is its type and one byte array or text.
pub(super) fn write_plain(out: &mut BytesMut, message_type: u64, body: &[u8]) {
    varint::uint(out, message_type);
    varint::bytes(out, body);
}
