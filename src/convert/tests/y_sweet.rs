//! Files of y-sweet: those in hex are what the code of y-sweet 0.9.1 wrote.

use bytes::Bytes;

use crate::convert::y_sweet::read;

/// Client 1 writes "A" into the text `t`, then "B".
const A: &[u8] = &[1, 1, 1, 0, 4, 1, 1, 0x74, 1, 0x41, 0];
const B: &[u8] = &[1, 1, 1, 1, 0x84, 1, 0, 1, 0x42, 0];

/// A document with a state and an update that came later.
const LATER: &str = "\
    040000000000000006000000000000000000646f63000400000000000000000000010700000000000000000100000001\
    000b00000000000000010101000401017401410007000000000000000001000000010103000000000000000101010c00\
    0000000000000001000000010200000002000a0000000000000001010101840100014200";

/// A document that y-sweet has not put together yet: updates without a state.
const RAW: &str = "\
    030000000000000006000000000000000000646f63000400000000000000000000010c00000000000000000100000001\
    0200646f64000b0000000000000001010100040101740141000c000000000000000001000000010200646f65000a0000\
    000000000001010101840100014200";

fn bytes(hex: &str) -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(byte).collect()
}

#[test]
fn the_state_comes_first_and_then_what_came_later() {
    for file in [LATER, RAW] {
        let updates = read(bytes(file).into()).unwrap();
        assert_eq!(updates, [Bytes::from_static(A), Bytes::from_static(B)]);
    }
}

#[test]
fn a_document_that_nobody_has_written_in_has_no_updates() {
    assert_eq!(read(Bytes::from_static(&[0; 8])), Ok(Vec::new()));
}

#[test]
fn what_is_cut_off_or_no_such_file_is_refused() {
    let whole = bytes(LATER);
    for end in 0..whole.len() {
        assert!(read(whole[..end].to_vec().into()).is_err(), "{end}");
    }
    for file in [[&whole[..], &[0]].concat(), vec![255; 64], b"hello, I am a text".to_vec()] {
        assert!(read(file.into()).is_err());
    }
    // Sound, but of something else: one key and its value.
    let other = [&1_u64.to_le_bytes()[..], &1_u64.to_le_bytes(), b"k", &[0; 8]].concat();
    assert!(read(other.into()).is_err());
}
