//! What is believed and what is not: cookies, tokens that are forged, expired or meant for others.

mod asked;
mod forged;
mod y_sweet;

use std::{sync::Arc, time::Duration};

use serde_json::{Map, Value, json};

use super::{
    keys::{Algorithm, Key},
    token::SigningKey,
    *,
};
use crate::{clock::TestClock, limits::TOKEN_LEEWAY};

pub(super) const RSA: &str = include_str!("rsa.pem");
pub(super) const RSA_PUBLIC: &str = include_str!("rsa.pub.pem");
pub(super) const ED: &str = include_str!("ed25519.pem");
pub(super) const ED_PUBLIC: &str = include_str!("ed25519.pub.pem");
pub(super) const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A second past the year 2001, in milliseconds.
pub(super) const NOW: Timestamp = Timestamp(1_000_000_000_000);

fn shown(cookies: &str) -> Credentials {
    Credentials { cookies: Some(Secret::from(cookies)), ..Credentials::default() }
}

#[test]
fn a_cookie_is_found_by_its_whole_name() {
    let credentials = shown("xsession=no; session=\"yes\"; session=later; flag");
    assert_eq!(credentials.cookie("session"), Some("yes"));
    assert_eq!(credentials.cookie("sessio"), None);
    assert_eq!(credentials.cookie("flag"), None);
    assert_eq!(Credentials::default().cookie("session"), None);
}

#[test]
fn what_is_shown_is_not_printed() {
    let mut credentials = shown("session=canary");
    credentials.tokens.push(Secret::from("canary"));
    let question = Question { document: None, credentials };
    assert!(!format!("{question:?}").contains("canary"));
}

#[tokio::test]
async fn an_authorizer_shows_no_list_unless_it_says_so() {
    struct Mute;
    impl Authorizer for Mute {
        fn authorize<'a>(&'a self, _question: &'a Question) -> Answering<'a, Grant> {
            Box::pin(async { Ok(Grant::of(Access::View)) })
        }
    }
    let visible = Mute.visible(&Question::default()).await.unwrap();
    assert!(!visible.includes(&DocumentName::new("notes").unwrap()));
}

pub(super) fn claims(json: Value) -> Map<String, Value> {
    match json {
        Value::Object(map) => map,
        other => panic!("{other} is no object"),
    }
}

pub(super) fn in_an_hour() -> u64 {
    NOW.0 / 1000 + 3600
}

fn sign(key: &str, id: Option<&str>, json: Value) -> String {
    SigningKey::new(key.as_bytes()).unwrap().sign(id, &claims(json)).unwrap()
}

fn tokens(keys: Vec<Key>) -> (Tokens, Arc<TestClock>) {
    let clock = Arc::new(TestClock::default());
    clock.advance(Duration::from_millis(NOW.0));
    let it = Tokens {
        keys,
        audiences: Vec::new(),
        cookie: Some("session".into()),
        otherwise: Access::None,
        clock: Arc::clone(&clock) as _,
    };
    (it, clock)
}

fn key(algorithm: Algorithm, id: Option<&str>, text: &str) -> Key {
    Key::new(algorithm, id, text.as_bytes()).unwrap()
}

fn asked(document: &str, tokens: &[&str]) -> Question {
    let tokens = tokens.iter().map(|token| Secret::from(*token)).collect();
    let credentials = Credentials { tokens, ..Credentials::default() };
    Question::about(&DocumentName::new(document).unwrap(), credentials)
}

async fn access(tokens: &Tokens, document: &str, shown: &[&str]) -> Result<Access, Denied> {
    tokens.authorize(&asked(document, shown)).await.map(|grant| grant.access)
}

#[tokio::test]
async fn a_token_signed_with_each_algorithm_is_believed() {
    for (algorithm, private, public) in [
        (Algorithm::Hs256, SECRET, SECRET),
        (Algorithm::Rs256, RSA, RSA_PUBLIC),
        (Algorithm::EdDsa, ED, ED_PUBLIC),
    ] {
        let (it, _) = tokens(vec![key(algorithm, None, public)]);
        let documents = json!({ "notes": "edit", "team/*": "view" });
        let token = sign(
            private,
            None,
            json!({
                "sub": "u1", "name": "Ada", "exp": in_an_hour(), "documents": documents,
            }),
        );
        let grant = it.authorize(&asked("notes", &[&token])).await.unwrap();
        assert_eq!(grant.access, Access::Edit, "{algorithm}");
        assert_eq!(grant.user, User::new("u1", "Ada"));
        assert_eq!(grant.expires.unwrap().0, in_an_hour() * 1000 + 5000);
        assert_eq!(access(&it, "team/plan", &[&token]).await, Ok(Access::View));
        assert_eq!(access(&it, "other", &[&token]).await, Ok(Access::None));
        let visible = it.visible(&asked("x", &[&token])).await.unwrap();
        let sees = |name| visible.includes(&DocumentName::new(name).unwrap());
        assert!(sees("notes") && sees("team/plan") && !sees("other"));
    }
}

#[tokio::test]
async fn a_token_in_the_named_cookie_counts_and_the_widest_of_several_does() {
    let (it, _) = tokens(vec![key(Algorithm::Hs256, None, SECRET)]);
    let token = |role: &str| sign(SECRET, None, json!({ "exp": in_an_hour(), "role": role }));
    let mut question = asked("notes", &[]);
    question.credentials.cookies = Some(Secret::from(format!("session={}", token("edit"))));
    assert_eq!(it.authorize(&question).await.unwrap().access, Access::Edit);
    question.credentials.cookies = Some(Secret::from(format!("other={}", token("edit"))));
    assert!(matches!(it.authorize(&question).await, Err(Denied::Unauthorized(_))));
    let several = [&token("view")[..], "nonsense", &token("owner")];
    assert_eq!(access(&it, "notes", &several).await, Ok(Access::Owner));
}

#[tokio::test]
async fn keys_rotate_by_their_ids() {
    let other = "another secret, which has also 32 bytes";
    let keys = || {
        vec![key(Algorithm::Hs256, Some("old"), SECRET), key(Algorithm::Hs256, Some("new"), other)]
    };
    let claims = || json!({ "exp": in_an_hour(), "role": "edit" });
    let (it, _) = tokens(keys());
    assert!(access(&it, "x", &[&sign(SECRET, Some("old"), claims())]).await.is_ok());
    assert!(access(&it, "x", &[&sign(other, Some("new"), claims())]).await.is_ok());
    for forged in [
        sign(SECRET, Some("new"), claims()),
        sign(SECRET, Some("../old"), claims()),
        sign(SECRET, None, claims()),
    ] {
        assert!(access(&it, "x", &[&forged]).await.is_err());
    }
    let (rotated, _) = tokens(keys().split_off(1));
    assert!(access(&rotated, "x", &[&sign(SECRET, Some("old"), claims())]).await.is_err());
}

#[tokio::test]
async fn a_token_ends_when_it_says_so() {
    let (it, clock) = tokens(vec![key(Algorithm::Hs256, None, SECRET)]);
    let token = sign(SECRET, None, json!({ "exp": in_an_hour(), "role": "edit" }));
    clock.advance(Duration::from_hours(1) + TOKEN_LEEWAY - Duration::from_secs(1));
    assert_eq!(access(&it, "x", &[&token]).await, Ok(Access::Edit));
    clock.advance(Duration::from_secs(1));
    let ended = Denied::Unauthorized("the token has expired".into());
    assert_eq!(access(&it, "x", &[&token]).await, Err(ended));
}

#[tokio::test]
async fn a_token_without_documents_gives_what_the_operator_says() {
    let (mut it, _) = tokens(vec![key(Algorithm::Hs256, None, SECRET)]);
    let token = sign(SECRET, None, json!({ "sub": "u1", "exp": in_an_hour() }));
    assert_eq!(access(&it, "x", &[&token]).await, Ok(Access::None));
    it.otherwise = Access::Edit;
    assert_eq!(access(&it, "x", &[&token]).await, Ok(Access::Edit));
    let none = sign(SECRET, None, json!({ "exp": in_an_hour(), "documents": {} }));
    assert_eq!(access(&it, "x", &[&none]).await, Ok(Access::None));
}
