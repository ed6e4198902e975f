//! Tokens that must count for nothing.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::hmac;
use serde_json::{Value, json};

use super::{ED_PUBLIC, NOW, RSA, RSA_PUBLIC, SECRET, claims, in_an_hour, key};
use crate::{
    auth::{
        keys::{Algorithm, Key},
        token::{Claims, SigningKey, TokenError, check},
    },
    limits::{AUTHOR_LETTERS, TOKEN_BYTES, USER_ID_BYTES},
};

fn keys() -> Vec<Key> {
    vec![
        key(Algorithm::Hs256, Some("hs"), SECRET),
        key(Algorithm::Rs256, Some("rs"), RSA_PUBLIC),
        key(Algorithm::EdDsa, None, ED_PUBLIC),
    ]
}

fn checked(token: &str) -> Result<Claims, TokenError> {
    check(token, &keys(), &["coscribe".to_owned()], NOW)
}

fn encode(json: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}

/// A token with this header, signed as HS256 with these bytes.
fn hmac_token(secret: &[u8], header: &Value, claims: &Value) -> String {
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn sound() -> Value {
    json!({ "sub": "u", "exp": in_an_hour(), "aud": "coscribe", "role": "edit" })
}

/// Signed by whom we trust, saying this.
fn said(change: &Value) -> Result<Claims, TokenError> {
    let mut json = sound();
    for (name, value) in change.as_object().unwrap() {
        match value {
            Value::Null => drop(json.as_object_mut().unwrap().remove(name)),
            value => json[name] = value.clone(),
        }
    }
    checked(&hmac_token(SECRET.as_bytes(), &json!({ "alg": "HS256", "kid": "hs" }), &json))
}

#[test]
fn the_sound_one_is_believed() {
    assert!(said(&json!({})).is_ok());
    assert!(said(&json!({ "aud": ["other", "coscribe"] })).is_ok());
    assert!(said(&json!({ "nbf": in_an_hour() - 3600 + 5 })).is_ok());
}

#[test]
fn the_algorithm_is_the_key_s_and_not_the_token_s() {
    let secret = SECRET.as_bytes();
    for header in [
        json!({ "alg": "none", "kid": "hs" }),
        json!({ "alg": "None" }),
        json!({ "alg": "", "kid": "hs" }),
        json!({ "alg": "hs256", "kid": "hs" }),
        json!({ "alg": "HS512", "kid": "hs" }),
        json!({ "alg": "RS256", "kid": "hs" }),
        json!({ "alg": "HS256", "kid": "rs" }),
        json!({ "alg": "HS256" }),
        json!({ "alg": ["HS256"], "kid": "hs" }),
        json!({ "kid": "hs" }),
        json!({ "alg": "HS256", "kid": "../../hs" }),
        json!({ "alg": "HS256", "kid": "hs", "crit": ["b64"], "b64": false }),
    ] {
        assert_eq!(
            checked(&hmac_token(secret, &header, &sound())),
            Err(TokenError::Invalid),
            "{header}"
        );
    }
    // The public key, which everybody has, taken for a secret.
    for public in [RSA_PUBLIC, RSA_PUBLIC.trim(), ED_PUBLIC, ED_PUBLIC.trim()] {
        for kid in [json!("rs"), json!("hs"), Value::Null] {
            let header = json!({ "alg": "HS256", "kid": kid });
            let forged = hmac_token(public.as_bytes(), &header, &sound());
            assert_eq!(checked(&forged), Err(TokenError::Invalid));
        }
    }
}

#[test]
fn every_changed_letter_makes_it_worthless() {
    let pair = SigningKey::new(RSA.as_bytes()).unwrap();
    let token = pair.sign(Some("rs"), &claims(sound())).unwrap();
    assert!(checked(&token).is_ok());
    let step = token.len() / 40;
    for at in (0..token.len()).step_by(step) {
        let mut forged = token.clone().into_bytes();
        forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(forged).unwrap();
        assert!(checked(&forged).is_err(), "{at}");
    }
    let unsigned = &token[..=token.rfind('.').unwrap()];
    for text in
        [unsigned, &unsigned[..unsigned.len() - 1], "", ".", "..", "a.b", "a.b.c.d", "💥.💥.💥"]
    {
        assert_eq!(checked(text), Err(TokenError::Invalid), "{text}");
    }
}

#[test]
fn every_claim_that_matters_is_there_and_of_its_kind() {
    use TokenError::{Audience, Early, Expired, Invalid};
    let now = NOW.0 / 1000;
    for (change, error) in [
        (json!({ "exp": null }), Invalid),
        (json!({ "exp": "never" }), Invalid),
        (json!({ "exp": format!("{}", in_an_hour()) }), Invalid),
        (json!({ "exp": true }), Invalid),
        (json!({ "exp": -1 }), Invalid),
        (json!({ "exp": 1e300 }), Invalid),
        (json!({ "exp": now - 5 }), Expired),
        (json!({ "exp": 0 }), Expired),
        (json!({ "nbf": now + 6 }), Early),
        (json!({ "nbf": format!("{}", now + 60) }), Invalid),
        (json!({ "aud": null }), Audience),
        (json!({ "aud": "other" }), Audience),
        (json!({ "aud": "" }), Audience),
        (json!({ "aud": "coscribe.example" }), Audience),
        (json!({ "aud": [] }), Audience),
        (json!({ "aud": [["coscribe"]] }), Audience),
        (json!({ "aud": { "coscribe": true } }), Audience),
        (json!({ "role": "admin" }), Invalid),
        (json!({ "role": true }), Invalid),
        (json!({ "role": ["edit"] }), Invalid),
        (json!({ "documents": { "x": "edit" } }), Invalid),
        (json!({ "role": null, "documents": { "x": "yes" } }), Invalid),
        (json!({ "role": null, "documents": { "x": false } }), Invalid),
        (json!({ "role": null, "documents": "*" }), Invalid),
        (json!({ "sub": 7 }), Invalid),
        (json!({ "sub": "" }), Invalid),
        (json!({ "sub": "a\nb" }), Invalid),
        (json!({ "sub": "x".repeat(USER_ID_BYTES + 1) }), Invalid),
        (json!({ "name": { "first": "A" } }), Invalid),
    ] {
        assert_eq!(said(&change), Err(error), "{change}");
    }
}

#[test]
fn a_token_that_names_an_audience_is_not_for_a_server_without_a_name() {
    let token =
        |json: &Value| hmac_token(SECRET.as_bytes(), &json!({ "alg": "HS256", "kid": "hs" }), json);
    let nameless = |json: &Value| check(&token(json), &keys(), &[], NOW);
    assert_eq!(nameless(&sound()), Err(TokenError::Audience));
    assert!(nameless(&json!({ "exp": in_an_hour() })).is_ok());
}

#[test]
fn a_huge_token_is_not_even_read() {
    let mut json = sound();
    json["name"] = "x".repeat(TOKEN_BYTES).into();
    let token = hmac_token(SECRET.as_bytes(), &json!({ "alg": "HS256", "kid": "hs" }), &json);
    assert_eq!(checked(&token), Err(TokenError::Invalid));
    json["name"] = "x".repeat(TOKEN_BYTES / 2).into();
    let token = hmac_token(SECRET.as_bytes(), &json!({ "alg": "HS256", "kid": "hs" }), &json);
    let kept = checked(&token).unwrap().user.unwrap().name;
    assert_eq!(kept.chars().count(), AUTHOR_LETTERS);
}
