//! Cuts one update into pieces that can be applied in order, so that a slow link carries whole messages.

use bytes::Bytes;

/// Cuts a sound update (version 1) into updates of at most about `piece_bytes` that give the same
/// document when applied in order, each integrating at once; long strings and delete sets are cut too.
#[must_use]
pub fn split(_update: &Bytes, _piece_bytes: usize) -> Vec<Bytes> {
    unimplemented!()
}
