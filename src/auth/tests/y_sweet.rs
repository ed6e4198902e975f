//! Tokens of y-sweet: the vectors are what y-sweet 0.9.1 wrote and read.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::*;
use crate::auth::y_sweet::{Key, KeyError, Pass, PassError, Permission, YSweetTokens};

/// The bytes 0 to 29.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd";
const SERVER: &str = "AAAgBDGaqDSgbygniIGCpy70OP0Dtp9AByb8HdgRvjKmFsk";
const FULL: &str = "AQZkb2MxMjMBAf0AaOXPiwEAACA_vsfsA3y2E9D3zmuQn1Z6mhRXUPom-aEQ0XQNBH_WdA";
const READ_ONLY: &str = "AQZkb2MxMjMAAf0AaOXPiwEAACDSOu1l9JW-15m9U6f2iYQWoB3UqHrncZoyy3xTPRHZMw";
/// When the last two expire.
const END: Timestamp = Timestamp(1_700_000_000_000);

fn pass(name: &str, full: bool, expires: Timestamp) -> Pass {
    let permission = Permission::Document { name: name.into(), full };
    Pass { permission, expires: Some(expires) }
}

fn server() -> Pass {
    Pass { permission: Permission::Server, expires: None }
}

#[test]
fn tokens_are_written_and_read_as_y_sweet_does() {
    let key = Key::new(KEY).unwrap();
    for (pass, token) in [
        (server(), SERVER),
        (pass("doc123", true, END), FULL),
        (pass("doc123", false, END), READ_ONLY),
    ] {
        assert_eq!(key.sign(&pass), token);
        assert_eq!(key.check(token, END), Ok(pass));
    }
}

#[test]
fn numbers_of_every_size_come_back() {
    let key = Key::new(KEY).unwrap();
    for millis in [0, 250, 251, 0xffff, 0x1_0000, 0xffff_ffff, 0x1_0000_0000, u64::MAX] {
        let pass = pass(&"n".repeat(300), true, Timestamp(millis));
        assert_eq!(key.check(&key.sign(&pass), Timestamp(0)), Ok(pass));
    }
}

#[test]
fn the_other_alphabet_and_padding_are_read() {
    let key = Key::new(KEY).unwrap();
    let old = |text: &str| format!("{}==", text.replace('-', "+").replace('_', "/"));
    assert!(key.check(&old(READ_ONLY), END).is_ok());
    assert!(Key::new(&old("_-_-_-_-_-_-_-_-_-_-_-_-")).is_ok());
}

#[test]
fn a_token_counts_until_its_last_moment() {
    let key = Key::new(KEY).unwrap();
    assert!(key.check(FULL, END).is_ok());
    assert_eq!(key.check(FULL, Timestamp(END.0 + 1)), Err(PassError::Expired));
    assert!(key.check(SERVER, Timestamp(u64::MAX)).is_ok());
}

#[test]
fn one_changed_bit_anywhere_makes_it_worthless() {
    let key = Key::new(KEY).unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(FULL).unwrap();
    for index in 0..bytes.len() {
        for bit in 0..8 {
            let mut forged = bytes.clone();
            forged[index] ^= 1 << bit;
            let forged = URL_SAFE_NO_PAD.encode(forged);
            assert_eq!(key.check(&forged, Timestamp(0)), Err(PassError::Invalid), "{index}.{bit}");
        }
        let short = URL_SAFE_NO_PAD.encode(&bytes[..index]);
        assert_eq!(key.check(&short, Timestamp(0)), Err(PassError::Invalid), "{index}");
    }
    let long = URL_SAFE_NO_PAD.encode([&bytes[..], &[0]].concat());
    assert_eq!(key.check(&long, Timestamp(0)), Err(PassError::Invalid));
    for text in ["", ".", "a.b.c", "!", "AA", "/////////////"] {
        assert_eq!(key.check(text, Timestamp(0)), Err(PassError::Invalid), "{text}");
    }
}

#[test]
fn the_id_of_a_key_must_be_that_of_the_token() {
    let (plain, named) = (Key::new(KEY).unwrap(), Key::new(&format!("main.{KEY}")).unwrap());
    let token = named.sign(&server());
    assert_eq!(token, format!("main.{SERVER}"));
    assert_eq!(named.check(&token, END), Ok(server()));
    for (key, token) in
        [(&plain, &token[..]), (&named, SERVER), (&named, &token.replace("main", "old"))]
    {
        assert_eq!(key.check(token, END), Err(PassError::Invalid), "{token}");
    }
}

#[test]
fn what_is_no_key_is_refused_and_a_key_is_not_printed() {
    assert_eq!(Key::new("not base64!").unwrap_err(), KeyError::Text);
    assert_eq!(Key::new(&format!(".{KEY}")).unwrap_err(), KeyError::Text);
    assert_eq!(Key::new(&format!("a b.{KEY}")).unwrap_err(), KeyError::Text);
    assert_eq!(Key::new("AAECAw").unwrap_err(), KeyError::Short(4));
    let printed = format!("{:?}", Key::new(&format!("main.{KEY}")).unwrap());
    assert_eq!(printed, "Key { id: Some(\"main\"), .. }");
}

fn believing(keys: &[&str]) -> (YSweetTokens, Arc<TestClock>) {
    let clock = Arc::new(TestClock::default());
    clock.advance(Duration::from_millis(NOW.0));
    let keys = keys.iter().map(|key| Key::new(key).unwrap()).collect();
    (YSweetTokens::new(keys, Arc::clone(&clock) as _), clock)
}

#[tokio::test]
async fn a_token_opens_its_document_and_the_servers_opens_all() {
    let (it, _) = believing(&[KEY]);
    for (token, document, access) in [
        (SERVER, "doc123", Access::Owner),
        (SERVER, "other", Access::Owner),
        (FULL, "doc123", Access::Edit),
        (FULL, "other", Access::None),
        (READ_ONLY, "doc123", Access::View),
        (READ_ONLY, "doc12", Access::None),
    ] {
        let grant = it.authorize(&asked(document, &[token])).await.unwrap();
        assert_eq!(grant.access, access, "{document}");
        assert_eq!(grant.expires, (token != SERVER).then_some(Timestamp(END.0 + 1)));
    }
    let visible = it.visible(&asked("doc123", &[FULL])).await.unwrap();
    assert!(visible.includes(&DocumentName::new("doc123").unwrap()));
    assert!(!visible.includes(&DocumentName::new("other").unwrap()));
    for tokens in [&[][..], &["x"], &[""], &[&FULL[1..]]] {
        let denied = it.authorize(&asked("doc123", tokens)).await;
        assert!(matches!(denied, Err(Denied::Unauthorized(_))), "{denied:?}");
    }
}

#[tokio::test]
async fn old_keys_are_believed_and_the_first_signs() {
    let other = "_-_-_-_-_-_-_-_-_-_-_-_-";
    let (it, clock) = believing(&[other, KEY]);
    let token = it.issue("doc123", false, 60).unwrap();
    assert!(Key::new(other).unwrap().check(&token, NOW).is_ok());
    for token in [&token[..], SERVER] {
        assert!(it.authorize(&asked("doc123", &[token])).await.is_ok());
    }
    let expired = it.issue("doc123", true, 0).unwrap();
    let shown = |tokens: &[&str]| it.has_expired(&asked("doc123", tokens).credentials);
    assert!(!shown(&[&expired]) && !shown(&[]) && !shown(&["x"]));
    clock.advance(Duration::from_millis(1));
    assert!(shown(&[&expired]) && !shown(&[&expired, SERVER]));
    assert!(believing(&[]).0.issue("doc123", true, 60).is_none());
    let ever = it.issue("doc123", true, u64::MAX).unwrap();
    let grant = it.authorize(&asked("doc123", &[&ever])).await.unwrap();
    assert_eq!(grant.expires, Some(Timestamp(u64::MAX)));
}
