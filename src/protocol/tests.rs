//! The codecs against bytes that unmodified clients send and understand.

use std::fmt::Write;

use bytes::Bytes;

use super::{ClientMessage, Dialect, ProtocolError, Scope, ServerMessage, hocuspocus, y_websocket};
use crate::random::{Random, SeededRandom};

/// Reads hex with spaces anywhere.
fn hex(text: &str) -> Bytes {
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b' ').collect();
    let byte =
        |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("hex"), 16).expect("hex");
    digits.chunks(2).map(byte).collect()
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes every write");
        text
    })
}

#[test]
fn a_y_websocket_session_is_read_as_its_client_meant_it() {
    for (frame, message) in [
        ("00 00 01 00", ClientMessage::SyncStep1(hex("00"))),
        ("01 06 01 01 00 02 7b7d", ClientMessage::Awareness(hex("01 01 00 02 7b7d"))),
        (
            "00 01 0b 0101010004010174014100",
            ClientMessage::SyncStep2(hex("0101010004010174014100")),
        ),
        ("00 02 0a 01010101840100014200", ClientMessage::Update(hex("01010101840100014200"))),
        ("01 08 01 01 01 04 6e756c6c", ClientMessage::Awareness(hex("01 01 01 04 6e756c6c"))),
        ("03", ClientMessage::QueryAwareness),
        ("66 01 07", ClientMessage::Barrier(hex("07"))),
    ] {
        assert_eq!(y_websocket::decode(&hex(frame)), Ok(message), "{frame}");
    }
}

#[test]
fn y_websocket_clients_understand_what_is_written() {
    for (message, frame) in [
        (ServerMessage::SyncStep1(hex("00")), "00000100"),
        (ServerMessage::SyncStep2(hex("0000")), "0001020000"),
        (ServerMessage::Update(hex("01010101840100014200")), "00020a01010101840100014200"),
        (ServerMessage::Awareness(hex("00")), "010100"),
        (ServerMessage::Barrier(hex("01")), "660101"),
        (ServerMessage::PermissionDenied("no".into()), "0200026e6f"),
        (ServerMessage::Hello("{}".into()), "78027b7d"),
    ] {
        let written = y_websocket::encode(&message).expect("y-websocket has it");
        assert_eq!(to_hex(&written), frame, "{message:?}");
    }
}

#[test]
fn messages_that_y_websocket_lacks_are_not_written() {
    for message in [
        ServerMessage::SyncStatus(true),
        ServerMessage::Authenticated(Scope::ReadWrite),
        ServerMessage::TokenRequest,
        ServerMessage::Stateless("x".into()),
        ServerMessage::Close("x".into()),
        ServerMessage::Ping,
    ] {
        assert_eq!(y_websocket::encode(&message), None, "{message:?}");
    }
    assert_eq!(hocuspocus::encode(b"d", &ServerMessage::Barrier(hex("01"))), None);
    assert_eq!(hocuspocus::encode(b"d", &ServerMessage::Hello("{}".into())), None);
}

#[test]
fn what_only_servers_say_is_unknown_from_a_client() {
    for (frame, kind) in [("02 00 02 6e6f", 2), ("78 02 7b7d", 120), ("04 00", 4), ("7f", 127)] {
        assert_eq!(y_websocket::decode(&hex(frame)), Ok(ClientMessage::Unknown(kind)), "{frame}");
    }
    for (frame, kind) in
        [("01 64 04 00 01 00", 4), ("01 64 06 01 78", 6), ("01 64 08 01", 8), ("01 64 02 02", 2)]
    {
        let (address, message) = hocuspocus::decode(&hex(frame)).expect(frame);
        assert_eq!(address.as_deref(), Some(&b"d"[..]));
        assert_eq!(message, ClientMessage::Unknown(kind), "{frame}");
    }
}

#[test]
fn bytes_after_the_message_are_ignored() {
    let step1 = Ok(ClientMessage::SyncStep1(hex("00")));
    assert_eq!(y_websocket::decode(&hex("00 00 01 00 01 06 01 01")), step1);
    assert_eq!(y_websocket::decode(&hex("03 02 aabb")), Ok(ClientMessage::QueryAwareness));
    let (_, message) = hocuspocus::decode(&hex("01 64 07 ffff")).expect("a close");
    assert_eq!(message, ClientMessage::Close);
}

#[test]
fn a_hocuspocus_session_is_read_as_its_provider_meant_it() {
    let token = |version: Option<&str>| ClientMessage::Token {
        token: "T0K".into(),
        version: version.map(str::to_owned),
    };
    for (frame, message) in [
        ("00 02 0b 0101020004010174015800", ClientMessage::Update(hex("0101020004010174015800"))),
        ("02 00 03 54304b 05 342e382e30", token(Some("4.8.0"))),
        ("02 00 03 54304b", token(None)),
        ("02 00 00", ClientMessage::Token { token: String::new(), version: None }),
        ("00 00 03 01 02 01", ClientMessage::SyncStep1(hex("01 02 01"))),
        ("01 06 01 02 00 02 7b7d", ClientMessage::Awareness(hex("01 02 00 02 7b7d"))),
        ("00 01 02 0000", ClientMessage::SyncStep2(hex("0000"))),
        ("03", ClientMessage::QueryAwareness),
        ("05 02 7b7d", ClientMessage::Stateless("{}".into())),
        ("07", ClientMessage::Close),
    ] {
        let (address, read) =
            hocuspocus::decode(&hex(&format!("05 6870646f63 {frame}"))).expect(frame);
        assert_eq!(address.as_deref(), Some(&b"hpdoc"[..]));
        assert_eq!(read, message, "{frame}");
    }
}

#[test]
fn hocuspocus_providers_understand_what_is_written() {
    for (message, frame) in [
        (ServerMessage::Authenticated(Scope::ReadWrite), "056870646f6302020a726561642d7772697465"),
        (ServerMessage::Authenticated(Scope::ReadOnly), "056870646f63020208726561646f6e6c79"),
        (ServerMessage::PermissionDenied("no".into()), "056870646f630201026e6f"),
        (ServerMessage::TokenRequest, "056870646f630200"),
        (ServerMessage::SyncStatus(true), "056870646f630801"),
        (ServerMessage::SyncStatus(false), "056870646f630800"),
        (ServerMessage::SyncStep1(hex("010201")), "056870646f63000003010201"),
        (ServerMessage::SyncStep2(hex("0000")), "056870646f630001020000"),
        (ServerMessage::Update(hex("0000")), "056870646f630002020000"),
        (ServerMessage::Awareness(hex("00")), "056870646f63010100"),
        (ServerMessage::Stateless("{}".into()), "056870646f6305027b7d"),
        (ServerMessage::Close("bye".into()), "056870646f630703627965"),
        (ServerMessage::Ping, "09"),
    ] {
        let written = hocuspocus::encode(b"hpdoc", &message).expect("Hocuspocus has it");
        assert_eq!(to_hex(&written), frame, "{message:?}");
    }
}

#[test]
fn a_bare_pong_needs_no_address() {
    assert_eq!(hocuspocus::decode(&hex("0a")), Ok((None, ClientMessage::Pong)));
    assert_eq!(hocuspocus::decode(&hex("09")), Ok((None, ClientMessage::Unknown(9))));
}

#[test]
fn addresses_keep_their_session_and_name_a_document() {
    let (address, _) = hocuspocus::decode(&hex("04 64 00 7374 03")).expect("a query");
    let address = address.expect("an address");
    assert_eq!(&address[..], b"d\0st");
    assert_eq!(hocuspocus::document_of(&address), b"d");
    assert_eq!(hocuspocus::document_of(b"plain"), b"plain");
    for empty in ["00 03", "02 2020 03", "02 0064 03"] {
        assert_eq!(hocuspocus::decode(&hex(empty)), Err(ProtocolError::Address), "{empty}");
    }
    assert_eq!(hocuspocus::decode(&hex("02 c328 03")), Err(ProtocolError::Text));
}

#[test]
fn an_address_does_not_grow_with_its_frame() {
    let frame = |length: usize| {
        let mut frame = bytes::BytesMut::new();
        super::varint::bytes(&mut frame, &vec![b'd'; length]);
        super::varint::uint(&mut frame, 7);
        frame.freeze()
    };
    assert!(hocuspocus::decode(&frame(hocuspocus::ADDRESS_BYTES)).is_ok());
    let long = hocuspocus::decode(&frame(hocuspocus::ADDRESS_BYTES + 1));
    assert_eq!(long, Err(ProtocolError::Number));
}

#[test]
fn broken_frames_say_what_is_wrong() {
    for (frame, error) in [
        ("", ProtocolError::Truncated),
        ("00", ProtocolError::Truncated),
        ("00 00 02 00", ProtocolError::Truncated),
        ("00 03 01 00", ProtocolError::SyncKind),
        ("01", ProtocolError::Truncated),
        ("ffffffffffffffffff", ProtocolError::Number),
    ] {
        assert_eq!(y_websocket::decode(&hex(frame)), Err(error), "{frame}");
    }
    for (frame, error) in [
        ("", ProtocolError::Truncated),
        ("05 64", ProtocolError::Truncated),
        ("01 64", ProtocolError::Truncated),
        ("01 64 02", ProtocolError::Truncated),
        ("01 64 05 02 c328", ProtocolError::Text),
        ("01 64 00 07 00", ProtocolError::SyncKind),
    ] {
        assert_eq!(hocuspocus::decode(&hex(frame)), Err(error), "{frame}");
    }
}

#[test]
fn payloads_share_the_frames_memory() {
    let frame = hex("00 02 04 01020304");
    let Ok(ClientMessage::Update(body)) = y_websocket::decode(&frame) else {
        panic!("an update");
    };
    assert_eq!(body.as_ptr(), frame[3..].as_ptr());
}

#[test]
fn the_first_frame_tells_the_dialect() {
    assert_eq!(Dialect::of_first_frame(&hex("00000100")), Some(Dialect::YWebsocket));
    assert_eq!(Dialect::of_first_frame(&hex("05 6870646f63 03")), Some(Dialect::Hocuspocus));
    assert_eq!(Dialect::of_first_frame(&[]), None);
}

#[test]
fn what_one_end_writes_the_other_reads() {
    let random = SeededRandom::new(1);
    for length in [0, 1, 127, 128, 20_000] {
        let mut bytes = vec![0; length];
        random.fill(&mut bytes);
        let body = Bytes::from(bytes);
        let text = to_hex(&body);
        for message in [
            ServerMessage::SyncStep1(body.clone()),
            ServerMessage::SyncStep2(body.clone()),
            ServerMessage::Update(body.clone()),
            ServerMessage::Awareness(body.clone()),
            ServerMessage::Barrier(body.clone()),
            ServerMessage::PermissionDenied(text.clone()),
            ServerMessage::Hello(text.clone()),
        ] {
            let frame = y_websocket::encode(&message).expect("y-websocket has it");
            assert_eq!(y_websocket::decode_server(&frame), Ok(Some(message)));
        }
        for message in [
            ClientMessage::SyncStep1(body.clone()),
            ClientMessage::SyncStep2(body.clone()),
            ClientMessage::Update(body.clone()),
            ClientMessage::Awareness(body.clone()),
            ClientMessage::QueryAwareness,
            ClientMessage::Barrier(body.clone()),
        ] {
            let frame = y_websocket::encode_client(&message).expect("y-websocket has it");
            assert_eq!(y_websocket::decode(&frame), Ok(message));
        }
    }
}

#[test]
fn our_client_passes_over_what_it_does_not_know() {
    assert_eq!(y_websocket::decode_server(&hex("7f 01 02")), Ok(None));
    assert_eq!(y_websocket::decode_server(&hex("02 05")), Ok(None));
}

#[test]
fn no_bytes_make_a_decoder_panic() {
    let random = SeededRandom::new(2);
    for _ in 0..50_000 {
        let length = usize::try_from(random.below(24)).expect("small");
        let mut bytes = vec![0; length];
        random.fill(&mut bytes);
        // Small numbers reach the inner branches, which wholly random bytes rarely do.
        for byte in &mut bytes {
            if random.below(2) == 0 {
                *byte %= 12;
            }
        }
        let frame = Bytes::from(bytes);
        let _ = y_websocket::decode(&frame);
        let _ = y_websocket::decode_server(&frame);
        if let Ok((Some(address), _)) = hocuspocus::decode(&frame) {
            assert!(!hocuspocus::document_of(&address).is_empty());
        }
    }
}
