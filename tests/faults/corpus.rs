//! Hostile inputs: those the CRDT door is tested with (`data/hostile`), and more for the other
//! messages that carry bytes. Bytes only; how they are sent is elsewhere.

use coscribe::crdt::corpus::{Sample, hostile_updates};

/// All of them.
pub(crate) fn hostile() -> Vec<Sample> {
    let mut all = hostile_updates();
    all.extend([
        ("nothing", Vec::new()),
        ("one byte", vec![0xff]),
        ("number without end", vec![0xff; 64]),
        ("8 000 clients in one update", many_clients(8_000)),
        ("presence of 10 000 clients", presence(10_000, 1, b"{}")),
        ("presence of a megabyte", presence(1, 1, &[&b"\""[..], &[b'x'; 1 << 20], b"\""].concat())),
        ("presence with the last clock", presence(1, u32::MAX.into(), b"{}")),
        ("presence that is not JSON", presence(1, 1, b"{")),
        ("presence nested 100 000 deep", presence(1, 1, &b"[".repeat(100_000))),
        ("state vector of 100 000 clients", state_vector(100_000)),
    ]);
    all
}

fn number(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

fn many_clients(count: u64) -> Vec<u8> {
    let mut out = number(count);
    for client in 1..=count {
        out.extend([number(1), number(client), number(0), vec![4, 1, 1, b't', 1, b'x']].concat());
    }
    out.push(0);
    out
}

fn presence(clients: u64, clock: u64, state: &[u8]) -> Vec<u8> {
    let mut out = number(clients);
    for client in 1..=clients {
        let length = number(state.len() as u64);
        out.extend([number(client), number(clock), length, state.to_vec()].concat());
    }
    out
}

fn state_vector(clients: u64) -> Vec<u8> {
    let entries = (1..=clients).flat_map(|client| [number(client), number(1)].concat());
    number(clients).into_iter().chain(entries).collect()
}
