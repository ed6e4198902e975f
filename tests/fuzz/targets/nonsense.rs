//! Updates that follow the grammar and name what is near, with no sense in them: bytes are read as
//! decisions, so that every input is an update that admission has to think about.

use bytes::Bytes;
use coscribe::{convert::Format, crdt::Incoming};

use super::{
    Input,
    bytes::{put_number, put_text},
    crdt::Fed,
};

/// Several updates, each made for the document as it is then.
pub(super) fn run(data: &[u8]) {
    let mut input = Input(data);
    let format = input.one_of(&Format::ALL);
    let mut fed = Fed::new();
    while !input.is_empty() {
        let how = input.byte();
        let mut batch = Vec::new();
        for _ in 0..=how >> 1 & 3 {
            let update = Bytes::from(update(&mut input, &fed));
            batch.push(Incoming { update, step2: how & 1 != 0 });
        }
        fed.apply(&batch);
    }
    fed.judge(format);
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let mixed = |step: u8| (0..80_u8).map(|at| at.wrapping_mul(step) ^ step).collect();
    [1, 7, 23, 57, 91, 131, 199, 251].map(mixed).into()
}

fn update(input: &mut Input<'_>, fed: &Fed) -> Vec<u8> {
    let mut out = Vec::new();
    let who = input.byte();
    let clients: Vec<u64> = (1..=3).filter(|client| who >> client & 1 != 0).collect();
    put_number(&mut out, clients.len() as u64);
    for client in clients {
        let blocks = 1 + input.below(3);
        let shift = input.one_of(&[0, 0, 0, 0, 0, 0, -1, -2, 1]);
        put_number(&mut out, blocks);
        put_number(&mut out, client);
        put_number(&mut out, fed.end(client).saturating_add_signed(shift));
        for _ in 0..blocks {
            block(input, &mut out, fed);
        }
    }
    let ranges = input.below(3);
    put_number(&mut out, u64::from(ranges > 0));
    if ranges > 0 {
        put_number(&mut out, 1 + input.below(3));
        put_number(&mut out, ranges);
        for _ in 0..ranges {
            put_number(&mut out, input.below(12));
            put_number(&mut out, 1 + input.below(4));
        }
    }
    out
}

fn block(input: &mut Input<'_>, out: &mut Vec<u8>, fed: &Fed) {
    let kind = input.one_of(&[0, 1, 2, 3, 4, 4, 4, 5, 6, 7, 7, 7, 8, 9, 10]);
    if kind == 0 || kind == 10 {
        out.push(kind);
        return put_number(out, 1 + input.below(3));
    }
    let flags = input.one_of(&[0x80, 0x80, 0xc0, 0xc0, 0x40, 0, 0, 0, 0x20, 0xa0]);
    out.push(kind | flags);
    if flags & 0x80 != 0 {
        unit(input, out, fed);
    }
    if flags & 0x40 != 0 {
        unit(input, out, fed);
    }
    if flags & 0xc0 == 0 {
        if input.byte() & 1 == 0 {
            out.push(1);
            put_text(out, input.one_of(&[&b"text"[..], b"meta", b"content", b"a"]));
        } else {
            out.push(0);
            unit(input, out, fed);
        }
        if flags & 0x20 != 0 {
            put_text(out, input.one_of(&[&b"k"[..], b"title", b"kind"]));
        }
    }
    body(input, out, kind);
}

fn body(input: &mut Input<'_>, out: &mut Vec<u8>, kind: u8) {
    match kind {
        1 => put_number(out, 1 + input.below(4)),
        2 => {
            out.push(2);
            put_text(out, b"1");
            put_text(out, input.one_of(&[&b"null"[..], b"undefined", b"{\"a\":[1]}", b"]"]));
        }
        4 => put_text(out, input.one_of(&["x", "hello", "a😀b", "😀", ""]).as_bytes()),
        3 => put_text(out, b"bytes"),
        5 => put_text(out, input.one_of(&[&b"1"[..], b"{}", b"null"])),
        6 => {
            put_text(out, input.one_of(&[&b"bold"[..], b"link"]));
            put_text(out, input.one_of(&[&b"true"[..], b"null", b"{\"href\":\"x\"}"]));
        }
        7 => {
            let types: &[&[u8]] = &[
                &[0],
                &[1],
                &[2],
                &[3, 1, b'p'],
                &[3, 7, b'h', b'e', b'a', b'd', b'i', b'n', b'g'],
                &[4],
                &[6],
            ];
            out.extend(input.one_of(types));
        }
        8 => {
            let values: &[&[u8]] = &[
                &[1, 126],
                &[2, 125, 1, 119, 1, b'v'],
                &[1, 117, 0],
                &[1, 116, 2, 118, 1, 1, b'k', 123, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0, 120],
            ];
            out.extend(input.one_of(values));
        }
        _ => {
            put_text(out, b"guid");
            out.extend([118, 0]);
        }
    }
}

/// The name of a unit, mostly one that is known.
fn unit(input: &mut Input<'_>, out: &mut Vec<u8>, fed: &Fed) {
    let client = 1 + input.below(3);
    let unknown = u64::from(input.below(12) == 0);
    put_number(out, client);
    put_number(out, input.below((fed.end(client) + unknown).max(1)));
}
