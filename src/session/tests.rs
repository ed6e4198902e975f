//! What sessions decide, told in frames and effects.

use std::sync::Arc;

use bytes::Bytes;

use super::{Effect, Request, Sessions};
use crate::{
    identity::Access,
    ids::DocumentName,
    limits::Limits,
    protocol::{Address, CloseReason, Dialect},
};

fn name(text: &str) -> DocumentName {
    DocumentName::new(text).expect("a good name")
}

fn sessions(document: Option<&str>) -> Sessions {
    let request = Request { document: document.map(name), ..Request::default() };
    Sessions::new(request, &Limits::default())
}

/// A Hocuspocus frame: address, then the rest.
fn frame(address: &str, rest: &[u8]) -> Bytes {
    let length = u8::try_from(address.len()).expect("short");
    [&[length], address.as_bytes(), rest].concat().into()
}

const STEP1: &[u8] = &[0, 0, 1, 0];
const UPDATE: &[u8] = &[0, 2, 2, 0, 0];
const TOKEN: &[u8] = &[2, 0, 3, b'T', b'0', b'K', 5, b'4', b'.', b'8', b'.', b'0'];

/// Effects in a few words.
fn words(effects: &[Effect]) -> Vec<String> {
    let word = |effect: &Effect| match effect {
        Effect::Authorize { session, document, token } => {
            format!(
                "authorize {session} {document} {}",
                token.as_ref().map_or("-", |it| it.expose())
            )
        }
        Effect::Open { session, document, access, .. } => {
            format!("open {session} {document} {access:?}")
        }
        Effect::Forward(session, message) => {
            let message = format!("{message:?}");
            format!("forward {session} {}", message.split(['(', ' ']).next().unwrap_or_default())
        }
        Effect::Leave(session) => format!("leave {session}"),
        Effect::Change { session, access } => format!("change {session} {access:?}"),
        Effect::TurnAway { session, reason } => {
            format!("turn away {session} {}", reason.frame(None).0)
        }
        Effect::Send(frame) => {
            format!("send {}", frame.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
        }
        Effect::Close(reason) => format!("close {}", reason.frame(None).0),
    };
    effects.iter().map(word).collect()
}

#[test]
fn y_websocket_opens_the_document_of_its_path() {
    let mut it = sessions(Some("notes"));
    let asked = it.receive(&Bytes::from_static(STEP1));
    assert_eq!(words(&asked), ["authorize 0 notes -"]);
    assert_eq!(words(&it.receive(&Bytes::from_static(UPDATE))), [""; 0]);
    let opened = it.authorized(0, Ok(Access::Edit));
    assert_eq!(words(&opened), ["open 0 notes Edit", "forward 0 SyncStep1", "forward 0 Update"]);
    assert_eq!(words(&it.receive(&Bytes::from_static(UPDATE))), ["forward 0 Update"]);
    assert_eq!(it.dialect(), Some(Dialect::YWebsocket));
    assert_eq!(it.open(), [(0, Address::None)]);
}

#[test]
fn y_websocket_without_a_document_in_its_path_hears_why() {
    let mut it = sessions(None);
    let effects = words(&it.receive(&Bytes::from_static(STEP1)));
    assert!(effects[0].starts_with("send 0200"), "{effects:?}");
    assert_eq!(effects[1], "close 4404");
}

#[test]
fn hocuspocus_frames_wait_for_their_token() {
    let mut it = sessions(None);
    assert_eq!(words(&it.receive(&frame("doc", UPDATE))), [""; 0]);
    assert_eq!(words(&it.receive(&frame("doc", TOKEN))), ["authorize 0 doc T0K"]);
    assert_eq!(words(&it.receive(&frame("doc", STEP1))), [""; 0]);
    let opened = words(&it.authorized(0, Ok(Access::Edit)));
    assert_eq!(
        opened,
        [
            "send 03646f6302020a726561642d7772697465",
            "open 0 doc Edit",
            "forward 0 Update",
            "forward 0 SyncStep1"
        ]
    );
}

#[test]
fn hocuspocus_version_2_without_a_token_is_nobody_in_particular() {
    let mut it = sessions(None);
    assert_eq!(words(&it.receive(&frame("doc", STEP1))), ["authorize 0 doc -"]);
    let opened = words(&it.authorized(0, Ok(Access::Edit)));
    assert_eq!(opened[1..], ["open 0 doc Edit", "forward 0 SyncStep1"]);
}

#[test]
fn hocuspocus_sessions_of_one_name_are_told_apart_by_address() {
    let mut it = sessions(None);
    assert_eq!(words(&it.receive(&frame("doc\0one", TOKEN))), ["authorize 0 doc T0K"]);
    assert_eq!(words(&it.receive(&frame("doc\0two", TOKEN))), ["authorize 1 doc T0K"]);
    let _ = it.authorized(0, Ok(Access::Edit));
    let _ = it.authorized(1, Ok(Access::View));
    let address = |text: &str| Address::Hocuspocus(Arc::from(text.as_bytes()));
    assert_eq!(it.open(), [(0, address("doc\0one")), (1, address("doc\0two"))]);
    assert_eq!(words(&it.receive(&frame("doc\0two", &[7])))[0], "leave 1");
    assert_eq!(it.open(), [(0, address("doc\0one"))]);
}

#[test]
fn a_denied_hocuspocus_address_may_try_again_on_the_same_socket() {
    let mut it = sessions(None);
    let _ = it.receive(&frame("doc", TOKEN));
    let denied = words(&it.authorized(0, Err(CloseReason::Forbidden("no".into()))));
    assert_eq!(denied, ["send 03646f630201026e6f"]);
    assert_eq!(words(&it.receive(&frame("doc", STEP1))), [""; 0]);
    assert_eq!(words(&it.receive(&frame("doc", TOKEN))), ["authorize 0 doc T0K"]);
    let opened = words(&it.authorized(0, Ok(Access::Edit)));
    assert_eq!(opened[1..], ["open 0 doc Edit", "forward 0 SyncStep1"]);
}

#[test]
fn a_right_that_changes_changes_the_session_and_not_the_connection() {
    let forbidden = || Err(CloseReason::Forbidden("no".into()));
    let mut one = sessions(Some("notes"));
    assert_eq!(words(&one.reconsidered(0, forbidden())), [""; 0]);
    let _ = one.receive(&Bytes::from_static(STEP1));
    let _ = one.authorized(0, Ok(Access::Edit));
    assert_eq!(words(&one.reconsidered(0, Ok(Access::Edit))), [""; 0]);
    assert_eq!(words(&one.reconsidered(0, Ok(Access::View))), ["change 0 View"]);
    assert_eq!(words(&one.reconsidered(0, forbidden())), ["turn away 0 4403"]);
    assert_eq!(words(&one.receive(&Bytes::from_static(UPDATE))), [""; 0]);
    assert_eq!(words(&one.reconsidered(0, Ok(Access::Edit))), [""; 0]);
    assert_eq!(one.open(), []);

    let mut many = sessions(None);
    for (number, name) in [(0, "a"), (1, "b")] {
        let _ = many.receive(&frame(name, TOKEN));
        let _ = many.authorized(number, Ok(Access::Edit));
    }
    let lowered = words(&many.reconsidered(0, Ok(Access::View)));
    assert_eq!(lowered, ["change 0 View", "send 0161020208726561646f6e6c79"]);
    assert_eq!(words(&many.reconsidered(0, forbidden())), ["turn away 0 4403"]);
    assert_eq!(words(&many.receive(&frame("a", UPDATE))), [""; 0]);
    assert_eq!(words(&many.receive(&frame("b", UPDATE))), ["forward 1 Update"]);
    assert_eq!(words(&many.receive(&frame("a", TOKEN))), ["authorize 0 a T0K"]);
    let opened = words(&many.authorized(0, Ok(Access::Edit)));
    assert_eq!(opened[1..], ["open 0 a Edit", "forward 0 Update"]);
}

#[test]
fn another_token_at_an_open_address_is_looked_at_and_answered_once() {
    let mut it = sessions(None);
    let _ = it.receive(&frame("doc", TOKEN));
    let _ = it.authorized(0, Ok(Access::Edit));
    assert_eq!(words(&it.receive(&frame("doc", TOKEN))), ["authorize 0 doc T0K"]);
    assert_eq!(words(&it.receive(&frame("doc", UPDATE))), ["forward 0 Update"]);
    let answered = words(&it.reconsidered(0, Ok(Access::Edit)));
    assert_eq!(answered, ["send 03646f6302020a726561642d7772697465"]);
    assert_eq!(words(&it.reconsidered(0, Ok(Access::Edit))), [""; 0]);
    let later = CloseReason::Storage("later".into());
    assert_eq!(words(&it.reconsidered(0, Err(later))), ["close 1013"]);
    let asked = it.ask_for_token(0).into_iter().collect::<Vec<_>>();
    assert_eq!(words(&asked), ["send 03646f630200"]);
}

#[test]
fn a_hocuspocus_address_that_cannot_name_a_document_is_denied() {
    let mut it = sessions(None);
    let denied = words(&it.receive(&frame("a\nb", TOKEN)));
    assert!(denied[0].starts_with("send 03610a620201"), "{denied:?}");
    assert_eq!(denied.len(), 1);
}

#[test]
fn what_waits_for_a_token_is_bounded() {
    let mut it = sessions(None);
    let large = frame("doc", &[&[0, 2, 0xff, 0xff, 0x03], &[0; 0xffff][..]].concat());
    let closed = (0..100).find(|_| words(&it.receive(&large)) == ["close 1013"]);
    assert!(closed.is_some_and(|count| count > 10), "{closed:?}");
}

#[test]
fn whether_few_large_messages_or_many_small_ones_wait() {
    let most = Limits::default().pre_auth_messages;
    // Both dialects; the first message of y-websocket is the question itself.
    let mut it = sessions(Some("notes"));
    let closed = (0..2 * most).find(|_| words(&it.receive(&STEP1.into())) == ["close 1013"]);
    assert_eq!(closed, Some(most));
    let mut it = sessions(None);
    let small = frame("doc", UPDATE);
    let closed = (0..2 * most).find(|_| words(&it.receive(&small)) == ["close 1013"]);
    assert_eq!(closed, Some(most));

    let large: Bytes = [&[0, 2, 0xff, 0xff, 0x03], &[0; 0xffff][..]].concat().into();
    let most = Limits::default().pre_auth_bytes / large.len();
    let mut it = sessions(Some("notes"));
    let closed = (0..2 * most).find(|_| words(&it.receive(&large)) == ["close 1013"]);
    assert_eq!(closed, Some(most));
    let mut it = sessions(Some("notes"));
    let huge = [&[0, 2, 0xff, 0xff, 0xff, 0x07][..], &[0; 0xff_ffff][..]].concat();
    assert_eq!(words(&it.receive(&huge.into())), ["close 1013"]);
}

#[test]
fn a_connection_opens_a_bounded_number_of_documents() {
    let mut it = sessions(None);
    let most = Limits::default().sessions_per_connection;
    for number in 0..most {
        let asked = it.receive(&frame(&format!("doc-{number}"), TOKEN));
        assert!(matches!(asked[..], [Effect::Authorize { .. }]), "{number}: {asked:?}");
    }
    let refused = it.receive(&frame("one more", TOKEN));
    assert!(matches!(refused[..], [Effect::Send(_)]), "{refused:?}");
    let _ = it.receive(&frame("one more", &[7]));
    let _ = it.receive(&frame("doc-0", &[7]));
    let asked = it.receive(&frame("one more", TOKEN));
    assert!(matches!(asked[..], [Effect::Authorize { .. }]), "{asked:?}");
}

#[test]
fn frames_that_cannot_be_read_are_forgiven_a_few_times() {
    let mut it = sessions(Some("notes"));
    let _ = it.receive(&Bytes::from_static(STEP1));
    let _ = it.authorized(0, Ok(Access::Edit));
    let broken = Bytes::from_static(&[0, 2, 0xff]);
    for _ in 1..Limits::default().strikes {
        assert_eq!(words(&it.receive(&broken)), [""; 0]);
    }
    assert_eq!(words(&it.receive(&broken)), ["close 4400"]);
    assert_eq!(words(&it.receive(&Bytes::new())), [""; 0]);
}

#[test]
fn what_waits_at_one_address_is_not_forgotten_when_another_gets_in() {
    let mut it = sessions(None);
    let large = frame("slow", &[&[0, 2, 0xff, 0xff, 0x03], &[0; 0xffff][..]].concat());
    let closed = (0..200).find(|round| {
        let _ = it.receive(&frame("doc", TOKEN));
        let _ = it.authorized(*round + 1, Ok(Access::Edit));
        let effects = words(&it.receive(&large));
        let _ = it.receive(&frame("doc", &[7]));
        effects == ["close 1013"]
    });
    assert!(closed.is_some_and(|count| count > 10), "{closed:?}");
}

#[test]
fn a_denied_client_may_try_again_as_often_as_it_likes() {
    let mut it = sessions(None);
    for _ in 0..2000 {
        let _ = it.receive(&frame("doc", TOKEN));
        let _ = it.authorized(0, Err(CloseReason::Forbidden("no".into())));
        assert_eq!(words(&it.receive(&frame("doc", STEP1))), [""; 0]);
    }
    for round in 0..2000 {
        assert_eq!(words(&it.receive(&frame("other", UPDATE))), [""; 0], "{round}");
        let _ = it.receive(&frame("other", &[7]));
    }
}
