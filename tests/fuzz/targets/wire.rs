//! Frames of every dialect, and the sessions of a connection that they are fed to.

use bytes::Bytes;
use coscribe::{
    identity::Access,
    ids::DocumentName,
    limits::Limits,
    protocol::{
        Address, ClientMessage, CloseReason, Dialect, ServerMessage, hocuspocus, y_websocket,
    },
    session::{Effect, Request, Sessions},
};

use super::{
    Input,
    bytes::{put_piece, put_text},
    messages::sessions,
};

/// One frame, as a server and as a client read it.
pub(super) fn frame(data: &[u8]) {
    let frame = Bytes::copy_from_slice(data);
    let _ = Dialect::of_first_frame(data);
    if let Ok(message) = y_websocket::decode(&frame)
        && let Some(again) = y_websocket::encode_client(&message)
    {
        assert_eq!(y_websocket::decode(&again).as_ref(), Ok(&message), "not what it was");
    }
    if let Ok(Some(message)) = y_websocket::decode_server(&frame)
        && let Some(again) = y_websocket::encode(&message)
    {
        assert_eq!(y_websocket::decode_server(&again).as_ref(), Ok(&Some(message)));
    }
    if let Ok((Some(address), _)) = hocuspocus::decode(&frame) {
        assert!(hocuspocus::document_of(&address).len() <= hocuspocus::ADDRESS_BYTES);
        let to = Address::Hocuspocus(address);
        let answer = to.encode(&ServerMessage::SyncStep2(frame)).expect("it has such a message");
        assert!(to.is_of(&answer), "an answer that is not to who asked");
    }
}

pub(super) fn frame_seeds() -> Vec<Vec<u8>> {
    let update = Bytes::from(sessions()[0][0].clone());
    let ours = [
        ClientMessage::SyncStep1(Bytes::from_static(&[0])),
        ClientMessage::SyncStep2(update.clone()),
        ClientMessage::Update(update.clone()),
        ClientMessage::Awareness(Bytes::from_static(&[1, 5, 1, 2, b'{', b'}'])),
        ClientMessage::QueryAwareness,
    ];
    let theirs = [
        ServerMessage::SyncStep1(Bytes::from_static(&[0])),
        ServerMessage::SyncStep2(update.clone()),
        ServerMessage::Update(update),
    ];
    let ours = ours.iter().filter_map(y_websocket::encode_client);
    let theirs = theirs.iter().filter_map(y_websocket::encode);
    let plain: Vec<Vec<u8>> = ours.chain(theirs).map(|frame| frame.to_vec()).collect();
    let to_note = plain.iter().map(|frame| addressed("note", frame));
    let mut seeds: Vec<_> = to_note.chain(plain.iter().cloned()).collect();
    seeds.extend([vec![9], vec![10], addressed_token("note", "secret", "4.8.0")]);
    seeds.extend([addressed("note\0one", &[7]), addressed("note", &[5, 2, b'{', b'}'])]);
    seeds.extend([vec![102, 1, 3], vec![2, 1, 0], vec![120, 1], vec![121, 0, 0]]);
    seeds
}

fn addressed(address: &str, frame: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    put_text(&mut out, address.as_bytes());
    out.extend(frame);
    out
}

fn addressed_token(address: &str, token: &str, version: &str) -> Vec<u8> {
    let mut out = addressed(address, &[2, 0]);
    put_text(&mut out, token.as_bytes());
    put_text(&mut out, version.as_bytes());
    out
}

/// Frames and decisions, in any order.
pub(super) fn session(data: &[u8]) {
    let mut input = Input(data);
    let how = input.byte();
    let document = (how & 1 != 0).then(|| DocumentName::new("note").expect("a good name"));
    let refused = (how & 6 == 6).then_some(CloseReason::Forbidden("not for you".to_owned()));
    let request = Request { document, refused, greet: how & 8 != 0, epoch: None };
    let limits = Limits { sessions_per_connection: 3, pre_auth_messages: 8, ..Limits::default() };
    let mut sessions = Sessions::new(request, &limits);
    let mut asked = Vec::new();
    while !input.is_empty() {
        let what = input.byte();
        let effects = match what & 7 {
            0..=4 => sessions.receive(&Bytes::copy_from_slice(input.piece())),
            5 if !asked.is_empty() => {
                let session = asked.swap_remove(usize::from(what >> 3) % asked.len());
                sessions.authorized(session, decision(what >> 5))
            }
            6 => sessions.reconsidered(u32::from(what >> 3 & 3), decision(what >> 5)),
            _ => sessions.ask_for_token(u32::from(what >> 3)).into_iter().collect(),
        };
        for effect in effects {
            match effect {
                Effect::Authorize { session, .. } => asked.push(session),
                Effect::Close(reason) => {
                    let (code, words) = reason.frame(sessions.dialect());
                    assert!((1000..5000).contains(&code) && words.len() <= 123, "{code} {words}");
                    return;
                }
                _ => {}
            }
        }
        assert!(sessions.open().len() <= limits.sessions_per_connection, "too many are open");
        let _ = sessions.is_crowded();
    }
}

fn decision(choice: u8) -> Result<Access, CloseReason> {
    match choice & 3 {
        0 => Ok(Access::Edit),
        1 => Ok(Access::View),
        2 => Ok(Access::None),
        _ => Err(CloseReason::Forbidden("not for you".to_owned())),
    }
}

pub(super) fn session_seeds() -> Vec<Vec<u8>> {
    let frames = frame_seeds();
    let mut seeds = Vec::new();
    for start in [0, 1, 8, 9] {
        let mut seed = vec![start];
        for (at, frame) in frames.iter().enumerate() {
            seed.push(0);
            put_piece(&mut seed, frame);
            if at % 3 == 0 {
                seed.extend([5, 5 | 1 << 5]);
            }
        }
        seeds.push(seed.clone());
        let mut seed = vec![start, 0];
        put_piece(&mut seed, &addressed_token("a", "t", "4.8.0"));
        seed.extend([5, 0]);
        put_piece(&mut seed, &addressed("a", &frames[8]));
        seed.extend([6 | 2 << 5, 7]);
        seeds.push(seed);
    }
    seeds
}
