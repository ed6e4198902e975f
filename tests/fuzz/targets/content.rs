//! Files of every format on their way in, through a document, and out; and edits of a document.

use std::sync::Arc;

use bytes::Bytes;
use coscribe::{
    convert::{self, About, Change, Format},
    crdt::{Bounds, DocumentState, Incoming, Kind, Verdict},
    ids::ClientId,
};

use super::{Input, bytes::put_piece, messages::sessions};

fn document() -> DocumentState {
    let bounds = Bounds { update_bytes: 8 << 20, document_bytes: 8 << 20 };
    DocumentState::new(ClientId(99), bounds, Arc::from([]))
}

fn about(choice: u8) -> About {
    let kind = [None, Some(Kind::Rich), Some(Kind::Markdown), Some(Kind::Code)];
    About { kind: kind[usize::from(choice & 3)], ..About::default() }
}

/// A file of a format. What is made of it is admitted like anybody's edit.
pub(super) fn convert(data: &[u8]) {
    let mut input = Input(data);
    let (format, to) = (input.one_of(&Format::ALL), input.one_of(&Format::ALL));
    let about = about(input.byte());
    let file = input.rest();
    let _ = convert::convert(file, format, to);
    let Ok(update) = convert::import(file, format, &about, ClientId(5)) else { return };
    if format == Format::Update {
        return;
    }
    let mut document = document();
    let applied = document.apply(&[Incoming { update, step2: true }]);
    let applied = applied.expect("the CRDT does not break");
    let whole = !matches!(applied.verdicts[0], Verdict::Refused(_) | Verdict::Incomplete(_));
    assert!(whole, "what an import made is not admitted: {:?}", applied.verdicts);
    let state = document.snapshot().expect("it can be saved");
    convert::export(&state, to).expect("what an import made can be exported");
}

pub(super) fn convert_seeds() -> Vec<Vec<u8>> {
    let markdown = "# Head\n\nText with *stress*, **more**, ~~less~~, `code` and [a link](https://x.example \"t\").\n\n\
        - one\n  - two\n\n1. first\n\n- [x] done\n- [ ] open\n\n> quoted\n\n| a | b |\n|---|:-:|\n| 1 | 2 |\n\n\
        ```rust\nfn main() {}\n```\n\n---\n\n![image](https://x.example/i.png)\n<u>under</u> &amp; ==mark==\n";
    let html = "<!doctype html><title>T</title><h1>Head</h1><p>a <b>b <i>c</i></b> <a href='javascript:x'>l</a>\
        <br>&uuml;&#x1f600;</p><ul><li>one<ol start=3><li>two</ol></ul><table><tr><th colspan=2>h<td>d</table>\
        <pre><code class=language-c>int x;</code></pre><blockquote><hr><img src=\"data:image/png;base64,AAAA\">\
        <script>x</script><details><summary>s</summary>d</details>";
    let json = r#"{"type":"doc","content":[{"type":"heading","attrs":{"level":1},"content":[{"type":"text","text":"H"}]},
        {"type":"paragraph","content":[{"type":"text","marks":[{"type":"bold"},{"type":"link","attrs":{"href":"https://x.example"}}],
        "text":"l"},{"type":"hardBreak"}]},{"type":"bulletList","content":[{"type":"listItem","content":[{"type":"paragraph"}]}]},
        {"type":"table","content":[{"type":"tableRow","content":[{"type":"tableCell","attrs":{"colspan":2},"content":[]}]}]},
        {"type":"codeBlock","attrs":{"language":"rust"},"content":[{"type":"text","text":"x"}]}]}"#;
    let code = r#"{"type":"text","kind":"code","lang":"rust","title":"t","text":"fn main() {}"}"#;
    let mut seeds = Vec::new();
    for to in 0..5 {
        for (from, file) in
            [(0, markdown), (1, html), (2, "plain\n\ntext 😀\n"), (3, json), (3, code)]
        {
            seeds.push([&[from, to, to], file.as_bytes()].concat());
        }
        seeds.push([&[4, to, 0], &sessions()[0][0][..]].concat());
    }
    seeds
}

/// A document and what somebody wants it to say. The change makes it so, and is admitted.
pub(super) fn change(data: &[u8]) {
    let mut input = Input(data);
    let (first, then) = (input.one_of(&Format::ALL), input.one_of(&Format::ALL));
    let (kind, append) = (about(input.byte()), input.byte() & 1 != 0);
    let (file, wanted) = (input.piece(), Bytes::copy_from_slice(input.piece()));
    if first == Format::Update || then == Format::Update {
        // Others' types are in each other's way, which is said, and tried in `update`.
        return;
    }
    let Ok(update) = convert::import(file, first, &kind, ClientId(5)) else { return };
    let mut document = document();
    document.apply(&[Incoming { update, step2: true }]).expect("the CRDT does not break");
    let state = document.snapshot().expect("it can be saved");
    let change = if append { Change::Append(then, wanted) } else { Change::Replace(then, wanted) };
    let Ok(Some(update)) = convert::change(&state, change.clone(), ClientId(6)) else { return };
    let applied = document.apply(&[Incoming { update, step2: true }]);
    let applied = applied.expect("the CRDT does not break");
    let whole = matches!(applied.verdicts[0], Verdict::Applied(_));
    assert!(whole, "our own change is not admitted: {:?}", applied.verdicts);
    let state = document.snapshot().expect("it can be saved");
    convert::export(&state, Format::Json).expect("it can be exported");
    if !append {
        let again = convert::change(&state, change, ClientId(7)).expect("as before");
        assert_eq!(again, None, "it does not say what was wanted");
    }
}

pub(super) fn change_seeds() -> Vec<Vec<u8>> {
    let (one, other) =
        ("# A\n\nfirst *line*\n\n- x\n- y\n", "# A\n\nfirst line, **changed**\n\n- y\n- z\n");
    let mut seeds = Vec::new();
    for (from, to) in [(0, 0), (0, 2), (2, 0), (2, 2)] {
        for (kind, append) in [(0, 0), (1, 1), (2, 0), (3, 1), (3, 0)] {
            let mut seed = vec![from, to, kind, append];
            put_piece(&mut seed, one.as_bytes());
            put_piece(&mut seed, other.as_bytes());
            seeds.push(seed);
        }
    }
    seeds
}
