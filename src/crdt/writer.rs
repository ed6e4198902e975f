//! Writes updates (version 1) out of blocks that `parser` has read, whole or cut.

use super::parser::{Block, Delete, Id, Kind, Parent};
use super::reader::Reader;

/// Bytes of an update in the making.
#[derive(Debug, Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes) }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn into_bytes(self) -> bytes::Bytes {
        self.bytes.into()
    }

    pub(super) fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    pub(super) fn count(&mut self, count: usize) {
        self.number(count as u64);
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn string(&mut self, text: &str) {
        self.count(text.len());
        self.raw(text.as_bytes());
    }

    /// The head of a section; as many blocks must follow.
    pub(super) fn section(&mut self, blocks: usize, first: Id) {
        self.count(blocks);
        self.number(first.client);
        self.number(u64::from(first.clock));
    }

    /// The part of a block from one of its clocks up to another.
    pub(super) fn block(&mut self, block: &Block<'_>, from: u32, end: u32) {
        let whole = from <= block.id.clock && end >= block.end();
        if whole && block.kind != Kind::Json {
            return self.raw(block.bytes);
        }
        let start = from.max(block.id.clock) - block.id.clock;
        let len = end.min(block.end()) - block.id.clock - start;
        if matches!(block.kind, Kind::Gc | Kind::Skip) {
            self.bytes.push(block.kind as u8);
            return self.number(u64::from(len));
        }
        self.place(block, start);
        self.content(block, start, len);
    }

    /// The values of a block from one of its clocks up to another, as blocks of one unit each.
    pub(super) fn units(&mut self, block: &Block<'_>, from: u32, end: u32) {
        for clock in from.max(block.id.clock)..end.min(block.end()) {
            self.place(block, clock - block.id.clock);
            self.content(block, clock - block.id.clock, 1);
        }
    }

    /// All deletions, grouped by client where they follow each other.
    pub(super) fn deletes(&mut self, deletes: &[Delete]) {
        let groups = || deletes.chunk_by(|a, b| a.id.client == b.id.client);
        self.count(groups().count());
        for group in groups() {
            self.number(group[0].id.client);
            self.count(group.len());
            for delete in group {
                self.number(u64::from(delete.id.clock));
                self.number(u64::from(delete.len));
            }
        }
    }

    fn id(&mut self, id: Id) {
        self.number(id.client);
        self.number(u64::from(id.clock));
    }

    /// A block up to its content: where it goes. A part that is not the first hangs on the unit before it, as when the
    /// CRDT splits an item.
    pub(super) fn place(&mut self, block: &Block<'_>, start: u32) {
        let before =
            Id { client: block.id.client, clock: (block.id.clock + start).saturating_sub(1) };
        let origin = if start > 0 { Some(before) } else { block.origin };
        let kind = if block.kind == Kind::Json { Kind::Any } else { block.kind };
        self.bytes.push(
            kind as u8
                | if origin.is_some() { 0x80 } else { 0 }
                | if block.right_origin.is_some() { 0x40 } else { 0 }
                | if block.keyed { 0x20 } else { 0 },
        );
        for id in [origin, block.right_origin].into_iter().flatten() {
            self.id(id);
        }
        if origin.is_some() || block.right_origin.is_some() {
            return;
        }
        match block.parent {
            Some(Parent::Root(name)) => {
                self.bytes.push(1);
                self.string(name);
            }
            Some(Parent::Item(id)) => {
                self.bytes.push(0);
                self.id(id);
            }
            None => unreachable!("a block without neighbours was read with its parent"),
        }
        if let Some(key) = block.key {
            self.string(key);
        }
    }

    fn content(&mut self, block: &Block<'_>, start: u32, len: u32) {
        let mut reader = Reader::new(block.content);
        match block.kind {
            Kind::Deleted => self.number(u64::from(len)),
            Kind::String => {
                let text = reader.string().expect("the parser has read this text");
                self.string(&cut_utf16(text, start as usize, len as usize));
            }
            Kind::Any | Kind::Json => {
                self.number(u64::from(len));
                reader.count(1).expect("the parser has read this count");
                for index in 0..start + len {
                    let at = reader.at();
                    if block.kind == Kind::Json {
                        let text = reader.string().expect("the parser has read this text");
                        if index >= start {
                            self.legacy_json(text);
                        }
                    } else {
                        reader.any().expect("the parser has read this value");
                        if index >= start {
                            self.raw(reader.since(at));
                        }
                    }
                }
            }
            _ => self.raw(block.content),
        }
    }

    /// A value that an old client wrote as JSON, in the form of today.
    fn legacy_json(&mut self, text: &str) {
        if text == "undefined" {
            return self.bytes.push(127);
        }
        let value = serde_json::from_str(text).expect("the parser has read this value");
        self.any(&value);
    }

    /// A plain value; the parser has bounded its depth.
    pub(super) fn any(&mut self, value: &serde_json::Value) {
        use serde_json::Value;
        match value {
            Value::Null => self.bytes.push(126),
            Value::Bool(true) => self.bytes.push(120),
            Value::Bool(false) => self.bytes.push(121),
            Value::Number(number) => {
                self.bytes.push(123);
                self.raw(&number.as_f64().unwrap_or_default().to_be_bytes());
            }
            Value::String(text) => {
                self.bytes.push(119);
                self.string(text);
            }
            Value::Array(values) => {
                self.bytes.push(117);
                self.count(values.len());
                values.iter().for_each(|value| self.any(value));
            }
            Value::Object(entries) => {
                self.bytes.push(118);
                self.count(entries.len());
                for (key, value) in entries {
                    self.string(key);
                    self.any(value);
                }
            }
        }
    }
}

/// A stretch of a text in UTF-16 units. Half of a surrogate pair becomes U+FFFD, as in Yjs, so
/// that every unit keeps its number.
fn cut_utf16(text: &str, start: usize, len: usize) -> String {
    let mut cut = String::with_capacity(len);
    let mut at = 0;
    for ch in text.chars() {
        let end = at + ch.len_utf16();
        let inside = end.min(start + len).saturating_sub(at.max(start));
        if inside == ch.len_utf16() {
            cut.push(ch);
        } else if inside > 0 {
            cut.push(char::REPLACEMENT_CHARACTER);
        }
        at = end;
        if at >= start + len {
            break;
        }
    }
    cut
}

/// A state vector of client ids and clocks, highest id first as clients write it.
pub(super) fn encode_clocks(mut clocks: Vec<(u64, u32)>) -> bytes::Bytes {
    clocks.sort_unstable_by(|a, b| b.cmp(a));
    let mut writer = Writer::default();
    writer.count(clocks.len());
    for (client, clock) in clocks {
        writer.number(client);
        writer.number(u64::from(clock));
    }
    writer.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_by_utf16_units() {
        assert_eq!(cut_utf16("aé😀b", 0, 2), "aé");
        assert_eq!(cut_utf16("aé😀b", 2, 2), "😀");
        assert_eq!(cut_utf16("aé😀b", 2, 1), "\u{fffd}");
        assert_eq!(cut_utf16("aé😀b", 3, 2), "\u{fffd}b");
        assert_eq!(cut_utf16("aé😀b", 4, 9), "b");
    }
}
