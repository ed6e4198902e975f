//! Awareness messages as bytes: read with bounds, written without the CRDT.

use bytes::Bytes;

use super::{
    Refusal,
    reader::{Malformed, Reader, check_json},
    writer::Writer,
};

/// One client's presence in an awareness message (y-protocols `awareness.js`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresenceEntry {
    /// The client id.
    pub client: u64,
    /// Counts its states.
    pub clock: u32,
    /// JSON text; `null` when the client has left.
    pub state: Bytes,
}

impl PresenceEntry {
    /// Whether the client says it has left.
    #[must_use]
    pub fn is_leave(&self) -> bool {
        &self.state[..] == b"null"
    }
}

/// Reads an awareness message of at most `entries` clients with states of at most `state_bytes`
/// each; ignores trailing bytes. A state must be UTF-8 and JSON.
///
/// # Errors
/// When it is malformed or over a bound.
pub fn parse_presence(
    message: &[u8],
    entries: usize,
    state_bytes: usize,
) -> Result<Vec<PresenceEntry>, Refusal> {
    let mut reader = Reader::new(message);
    let count = reader.count(3)?;
    if count > entries {
        return Err(Malformed("it names too many clients").into());
    }
    (0..count).map(|_| read_entry(&mut reader, state_bytes)).collect()
}

/// Writes an awareness message.
#[must_use]
pub fn encode_presence<'a>(entries: impl ExactSizeIterator<Item = &'a PresenceEntry>) -> Bytes {
    let mut writer = Writer::default();
    writer.count(entries.len());
    for entry in entries {
        writer.number(entry.client);
        writer.number(u64::from(entry.clock));
        writer.count(entry.state.len());
        writer.raw(&entry.state);
    }
    writer.into_bytes()
}

fn read_entry(reader: &mut Reader<'_>, state_bytes: usize) -> Result<PresenceEntry, Refusal> {
    let client = reader.client()?;
    let clock = u32::try_from(reader.number(u64::from(u32::MAX))?)
        .map_err(|_| Malformed("a clock is too big"))?;
    let state = reader.string()?;
    if state.len() > state_bytes {
        return Err(Refusal::TooLarge { bytes: state.len(), limit: state_bytes });
    }
    check_json(state)?;
    Ok(PresenceEntry { client, clock, state: Bytes::copy_from_slice(state.as_bytes()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(client: u64, clock: u32, state: &str) -> PresenceEntry {
        PresenceEntry { client, clock, state: Bytes::copy_from_slice(state.as_bytes()) }
    }

    #[test]
    fn what_was_written_is_read_whatever_follows() {
        let entries = [entry(1, 2, r#"{"user":{"name":"Ada"}}"#), entry(1 << 40, 0, "null")];
        let mut message = encode_presence(entries.iter()).to_vec();
        message.extend_from_slice(b"tail");
        assert_eq!(parse_presence(&message, 2, 100), Ok(entries.to_vec()));
        assert!(entries[1].is_leave() && !entries[0].is_leave());
        assert_eq!(&encode_presence([].iter())[..], [0]);
    }

    #[test]
    fn bounds_hold_on_entries_bytes_and_claims() {
        let message = encode_presence([entry(1, 1, "{}"), entry(2, 1, "{}")].iter());
        assert!(matches!(parse_presence(&message, 1, 100), Err(Refusal::Malformed(_))));
        assert_eq!(parse_presence(&message, 2, 1), Err(Refusal::TooLarge { bytes: 2, limit: 1 }));
        assert!(parse_presence(&[0x80, 0x84, 0xaf, 0x5f], 1000, 100).is_err());
        assert!(parse_presence(&message[..5], 2, 100).is_err());
    }

    #[test]
    fn a_state_must_be_json() {
        for state in ["", "{", "{} {}", "undefined", "\u{1}"] {
            let message = encode_presence([entry(1, 1, state)].iter());
            assert!(parse_presence(&message, 1, 100).is_err(), "{state:?}");
        }
        let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
        assert!(parse_presence(&encode_presence([entry(1, 1, &deep)].iter()), 1, 1000).is_err());
    }
}
