//! What a document says about itself, and what hostile clients write there.

use std::sync::Arc;

use bytes::Bytes;

use crate::{
    crdt::{Bounds, DocumentState, Incoming, Kind, Meta, MetaChanges, replica::Replica},
    ids::ClientId,
};

fn document() -> DocumentState {
    let bounds = Bounds { update_bytes: 1 << 20, document_bytes: 1 << 20 };
    DocumentState::new(ClientId(99), bounds, Arc::from([]))
}

/// Client 7 sets a key of the root map `meta` to a value, as `ContentAny` holds it.
fn set(key: &str, value: &[u8]) -> Bytes {
    let length = u8::try_from(key.len()).expect("short");
    let head = [&[1, 1, 7, 0, 0x28, 1, 4][..], b"meta", &[length], key.as_bytes(), &[1]].concat();
    [&head[..], value, &[0]].concat().into()
}

fn after(updates: impl IntoIterator<Item = Bytes>) -> DocumentState {
    let mut document = document();
    for update in updates {
        document.apply(&[Incoming { update, step2: false }]).expect("it stays whole");
    }
    document
}

fn title(title: &str) -> MetaChanges {
    MetaChanges { title: Some(title.into()), ..MetaChanges::default() }
}

#[test]
fn what_is_written_is_read_and_told_to_others() {
    let (mut one, mut two) = (document(), document());
    assert!(!one.take_meta_changed());
    let changes =
        MetaChanges { title: Some("Über".into()), kind: Some(Kind::Code), lang: Some("c".into()) };
    let update = one.edit_meta(&changes).expect("whole").expect("a change");
    two.apply(&[Incoming { update, step2: false }]).expect("whole");
    let expected = Meta { title: "Über".into(), kind: Some(Kind::Code), lang: "c".into() };
    for document in [&mut one, &mut two] {
        assert!(document.take_meta_changed() && !document.take_meta_changed());
        assert_eq!(document.meta(), expected);
    }
    assert_eq!(one.edit_meta(&changes).expect("whole"), None);
    let update = one.edit_meta(&title("new")).expect("whole").expect("a change");
    two.apply(&[Incoming { update, step2: false }]).expect("whole");
    assert_eq!(one.state_vector(), two.state_vector());
    assert_eq!((one.meta().title, two.meta().title), ("new".into(), "new".into()));
    assert_eq!(one.index_clocks(), one.engine_state().1, "what it wrote itself is counted");
}

#[test]
fn an_edit_elsewhere_leaves_the_flag_alone() {
    let mut replica = Replica::new(ClientId(7), "text");
    let (_, update) = replica.edit(|text| text.push("words"));
    let document = after(update);
    assert!(!document.take_meta_changed());
    assert_eq!(document.meta().kind, Some(Kind::Markdown));
}

#[test]
fn without_a_word_in_meta_the_content_tells_the_kind() {
    // An XML element in the fragment `default`: content 7 (a type), type 3, name `p`.
    let rich = [&[1, 1, 7, 0, 7, 1, 7][..], b"default", &[3, 1, b'p', 0]].concat();
    assert_eq!(after([rich.into()]).meta().kind, Some(Kind::Rich));
    assert_eq!(document().meta(), Meta::default());
}

#[test]
fn hostile_values_are_passed_over() {
    let text = |text: &str| {
        let mut value = vec![119];
        let mut left = text.len();
        while left > 0x7f {
            value.push(u8::try_from(left & 0x7f).expect("seven bits") | 0x80);
            left >>= 7;
        }
        value.push(u8::try_from(left).expect("seven bits"));
        value.extend_from_slice(text.as_bytes());
        value
    };
    let long = after([set("title", &text(&"😀".repeat(150)))]).meta().title;
    assert_eq!(long, "😀".repeat(100), "as browsers count, two units each");
    assert_eq!(after([set("title", &[125, 5])]).meta().title, "");
    assert_eq!(after([set("title", &[127])]).meta().title, "");
    assert_eq!(after([set("kind", &text("film"))]).meta().kind, None);
    assert_eq!(after([set("lang", &text(&"x".repeat(65)))]).meta().lang, "");
    // A text, a map within: `meta.title` as a shared type.
    let shared = [&[1, 1, 7, 0, 0x27, 1, 4][..], b"meta", &[5], b"title", &[2, 0]].concat();
    assert_eq!(after([shared.into()]).meta().title, "");
    // The root is used as a text.
    let as_text = [&[1, 1, 7, 0, 4, 1, 4][..], b"meta", &[1, b'x', 0]].concat();
    let mut document = after([as_text.into()]);
    assert_eq!(document.meta(), Meta::default());
    document.edit_meta(&title("still")).expect("whole").expect("a change");
    assert_eq!(document.meta().title, "still");
    document.snapshot().expect("sound");
}

#[test]
fn what_the_server_brings_may_be_retired_and_is_at_home_then() {
    let bounds = Bounds { update_bytes: 1 << 20, document_bytes: 1 << 20 };
    let mut document = DocumentState::new(ClientId(99), bounds, Arc::from([7]));
    let mut replica = Replica::new(ClientId(7), "text");
    let (_, first) = replica.edit(|text| text.push("one"));
    let first = first.expect("a change");
    let refused = document.apply(&[Incoming { update: first.clone(), step2: false }]);
    assert!(refused.expect("whole").broadcasts.is_empty());
    document.apply_own(first).expect("whole");
    let (_, second) = replica.edit(|text| text.push(" two"));
    let update = second.expect("a change");
    document.apply(&[Incoming { update, step2: false }]).expect("whole");
    assert_eq!(document.text("text"), "one two");
}
