//! Small texts that arrive with a request: tokens of every kind, names, addresses.

use std::sync::OnceLock;

use coscribe::{
    auth::{
        keys::{Algorithm, Key},
        share::ShareToken,
        token::{self, SigningKey},
        y_sweet,
    },
    clock::Timestamp,
    http::{caller::AppUrl, mount::Base},
    ids::{DocumentId, DocumentName, percent_decode, percent_encode},
};
use serde_json::{Map, Value};

use super::Input;

const SECRET: &[u8] = b"only for fuzzing, and longer than it takes";
const Y_SWEET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd";
const NOW: Timestamp = Timestamp(1_700_000_000_000);

struct Keys {
    keys: Vec<Key>,
    signing: SigningKey,
    y_sweet: y_sweet::Key,
}

fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| Keys {
        keys: vec![Key::new(Algorithm::Hs256, None, SECRET).expect("long enough")],
        signing: SigningKey::new(SECRET).expect("long enough"),
        y_sweet: y_sweet::Key::new(Y_SWEET).expect("long enough"),
    })
}

/// A token as it is, or claims that were really signed.
pub(super) fn token(data: &[u8]) {
    let mut input = Input(data);
    let signed = input.byte() & 1 != 0;
    let Ok(text) = std::str::from_utf8(input.rest()) else { return };
    let Keys { keys, signing, y_sweet } = keys();
    let audiences = ["coscribe".to_owned()];
    if signed {
        let Ok(claims) = serde_json::from_str::<Map<String, Value>>(text) else { return };
        let Some(token) = signing.sign(None, &claims) else { return };
        let _ = token::check(&token, keys, &audiences, NOW);
        return;
    }
    let _ = token::check(text, keys, &audiences, NOW);
    let _ = y_sweet.check(text, NOW);
    let _ = y_sweet::Key::new(text);
    let _ = ShareToken::read(text).map(|token| assert!(text.contains(token.id)));
    let _ = Key::new(Algorithm::EdDsa, None, text.as_bytes());
    let _ = Key::new(Algorithm::Rs256, None, text.as_bytes());
    let _ = SigningKey::new(text.as_bytes());
}

pub(super) fn token_seeds() -> Vec<Vec<u8>> {
    let claims = r#"{"sub":"u-7","name":"Ada","exp":1700000100,"nbf":1,"iat":1,"aud":["coscribe"],"doc":"notes/a","access":"edit","documents":{"notes/*":"view","b":"owner"},"admin":false}"#;
    let map: Map<String, Value> = serde_json::from_str(claims).expect("sound");
    let Keys { signing, y_sweet, .. } = keys();
    let document = y_sweet::Permission::Document { name: "notes".into(), full: true };
    let pass = |permission| y_sweet::Pass { permission, expires: Some(NOW) };
    let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
    vec![
        [b"\x01", claims.as_bytes()].concat(),
        [b"\0", signing.sign(Some("a"), &map).expect("it signs").as_bytes()].concat(),
        [b"\0", y_sweet.sign(&pass(document)).as_bytes()].concat(),
        [b"\0", y_sweet.sign(&pass(y_sweet::Permission::Server)).as_bytes()].concat(),
        [b"\0", Y_SWEET.as_bytes()].concat(),
        [b"\0", pem.as_bytes()].concat(),
        b"\0cs_0123456789abcdefAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8".to_vec(),
    ]
}

/// A name, a path, an address.
pub(super) fn name(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(name) = DocumentName::from_url_path(text) {
        let again = DocumentName::from_url_path(&name.to_url_segment());
        assert_eq!(again.as_ref(), Ok(&name), "a name does not survive an address");
        assert_eq!(DocumentName::new(name.as_str()).as_ref(), Ok(&name));
    }
    let encoded = percent_encode(text);
    assert_eq!(percent_decode(&encoded).as_deref(), Some(text.as_bytes()), "not what it was");
    let _ = (percent_decode(text), DocumentId::parse(text));
    let _ = (text.parse::<Base>(), text.parse::<AppUrl>());
}

pub(super) fn name_seeds() -> Vec<Vec<u8>> {
    let names = [
        "notes/monday",
        "a%2Fb",
        "a%252Fb",
        "ro%20om%F0%9F%98%80",
        "..",
        "%00",
        "/docs/coscribe",
        "http://localhost:3000/rights?x=1",
        "00000000-0000-4000-8000-000000000000",
        "%F",
        "ü/./..",
    ];
    names.iter().map(|name| name.as_bytes().to_vec()).collect()
}
