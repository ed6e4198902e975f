//! Hostile updates, for tests of a document and of a live socket: none may harm a server.
//!
//! Short ones are files in `data/hostile`, described there; long ones are made here.

use super::{parser::Id, writer::Writer};

/// A name and the bytes of an update.
pub type Sample = (&'static str, Vec<u8>);

/// All of them. Each is refused, or not applied, or harmless.
#[must_use]
pub fn hostile_updates() -> Vec<Sample> {
    let stored = STORED.iter().map(|(name, hex)| (*name, decode_hex(hex)));
    stored.chain(made()).collect()
}

macro_rules! stored {
    ($($name:literal)*) => {
        &[$(($name, include_str!(concat!("../../data/hostile/", $name, ".hex")))),*]
    };
}

const STORED: &[(&str, &str)] = stored![
    "abort-in-destructor"
    "any-map-count-bomb"
    "astral-text-as-array"
    "block-count-bomb"
    "child-of-text"
    "circle"
    "client-count-bomb"
    "client-count-bomb-400m"
    "clock-at-the-end"
    "clock-past-the-end"
    "clock-wrap"
    "delete-of-unknown"
    "delete-range-bomb"
    "deleted-of-four-billion"
    "depends-on-itself"
    "endless-loop"
    "endless-loop-2"
    "gap"
    "json-reads-one-more"
    "own-state-unreadable"
    "panic-block-store"
    "pending-origin"
    "poison-38-bytes"
    "poison-encode"
    "poison-encode-2"
    "same-client-twice"
    "sigsegv-on-next-edit"
    "sigsegv-on-next-edit-2"
    "text-in-map-entry"
    "trailing-byte"
    "version-2"
    "xml-hook"
    "zero-block-client"
];

fn made() -> Vec<Sample> {
    vec![
        ("any-nested-8000-deep", nested_values(8_000)),
        ("any-nested-100000-deep", nested_values(100_000)),
        ("types-nested-10000-deep", nested_types(10_000)),
        ("clients-without-blocks-60000", empty_clients(60_000)),
        ("clients-in-a-chain-20000", chained_clients(20_000)),
        ("deletes-of-unknown-100000", scattered_deletes(100_000)),
        ("long-key", long_key()),
    ]
}

fn decode_hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .chars()
        .filter_map(|ch| ch.to_digit(16))
        .filter_map(|digit| u8::try_from(digit).ok())
        .collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn nested_values(depth: usize) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.count(1);
    writer.section(1, Id { client: 9, clock: 0 });
    writer.raw(&[8, 1, 1, b'a', 1]);
    writer.raw(&[117, 1].repeat(depth));
    writer.raw(&[126, 0]);
    writer.as_slice().to_vec()
}

/// A map within a map within a map.
fn nested_types(depth: u32) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.count(1);
    writer.section(depth as usize, Id { client: 9, clock: 0 });
    for clock in 0..depth {
        nested_type(&mut writer, 9, clock);
    }
    writer.raw(&[0]);
    writer.as_slice().to_vec()
}

/// The update that puts one more map into the innermost of a client's maps.
#[must_use]
pub fn one_type_deeper(client: u64, clock: u32) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.count(1);
    writer.section(1, Id { client, clock });
    nested_type(&mut writer, client, clock);
    writer.raw(&[0]);
    writer.as_slice().to_vec()
}

fn nested_type(writer: &mut Writer, client: u64, clock: u32) {
    writer.raw(&[0x27]);
    if let Some(parent) = clock.checked_sub(1) {
        writer.raw(&[0]);
        writer.number(client);
        writer.number(u64::from(parent));
    } else {
        writer.raw(&[1, 1, b'm']);
    }
    writer.raw(&[1, b'k', 1]);
}

fn empty_clients(count: u64) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.number(count);
    for client in 0..count {
        writer.section(0, Id { client: client + 10, clock: 0 });
    }
    writer.raw(&[0]);
    writer.as_slice().to_vec()
}

/// Clients of one letter each, every one hanging on the next.
fn chained_clients(count: u64) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.number(count);
    for client in (1..=count).rev() {
        writer.section(1, Id { client, clock: 0 });
        if client == 1 {
            writer.raw(&[4, 1, 1, b't']);
        } else {
            writer.raw(&[0x84]);
            writer.number(client - 1);
            writer.number(0);
        }
        writer.raw(&[1, b'x']);
    }
    writer.raw(&[0]);
    writer.as_slice().to_vec()
}

fn scattered_deletes(count: u64) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.raw(&[0, 1, 7]);
    writer.number(count);
    for range in 0..count {
        writer.number(range * 2);
        writer.number(1);
    }
    writer.as_slice().to_vec()
}

fn long_key() -> Vec<u8> {
    let mut writer = Writer::default();
    writer.count(1);
    writer.section(1, Id { client: 9, clock: 0 });
    writer.raw(&[4, 1]);
    writer.string(&"k".repeat(crate::limits::KEY_BYTES + 1));
    writer.raw(&[1, b'x', 0]);
    writer.as_slice().to_vec()
}
