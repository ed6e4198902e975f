//! What real editors wrote: stock Yjs sessions, and recorded editing traces.

use std::{path::PathBuf, process::Command};

use serde::Deserialize;

use super::*;

#[test]
fn stock_yjs_sessions_are_taken_whole() {
    let session = include_str!("../../../data/honest/yjs-13.txt");
    let (mut document, mut journal) = (document(), Vec::new());
    for line in session.lines() {
        let (kind, bytes) = line.split_at(2);
        let bytes = hex(bytes);
        let message = match kind {
            "L " => live(&bytes),
            "S " => step2(&bytes),
            _ => {
                assert_eq!(document.text("text").as_bytes(), bytes);
                continue;
            }
        };
        match apply_one(&mut document, message) {
            Verdict::Applied(entry) => journal.push(entry),
            Verdict::Known | Verdict::Incomplete(None) => {}
            Verdict::Incomplete(Some(entry)) => journal.push(entry),
            Verdict::Refused(refusal) => panic!("{refusal}: {line}"),
        }
    }
    assert_eq!(document.index_clocks(), document.engine_state().1);
    let mut replayed = super::document();
    replayed.load(journal.iter().map(|entry| &entry[..])).expect("the journal loads");
    for mut copy in [replayed, reload(&document)] {
        assert_eq!(copy.text("text"), document.text("text"));
        assert_eq!(copy.index_clocks(), document.index_clocks());
    }
}

/// A trace of josephg/editing-traces.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Trace {
    #[serde(default)]
    start_content: String,
    end_content: String,
    txns: Vec<Transaction>,
}

#[derive(Deserialize)]
struct Transaction {
    #[serde(default)]
    parents: Vec<usize>,
    #[serde(default)]
    agent: usize,
    patches: Vec<(usize, usize, String)>,
}

/// The trace of that name; traces are not part of the repository.
#[expect(clippy::print_stderr, reason = "a test that cannot run says so")]
#[expect(clippy::disallowed_methods, reason = "the place of the traces is given from outside")]
fn trace(name: &str) -> Option<Trace> {
    let given = std::env::var_os("COSCRIBE_TRACES").map(PathBuf::from);
    let usual = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/traces");
    let path = given.unwrap_or_else(usual).join(format!("{name}.json.gz"));
    if !path.exists() {
        eprintln!("skipped: no trace at {}", path.display());
        return None;
    }
    let output = Command::new("gzip").arg("-dc").arg(&path).output().expect("gzip runs");
    Some(serde_json::from_slice(&output.stdout).expect("a trace"))
}

/// An editor that also counts in code points, as traces do.
struct Typist {
    editor: Editor,
    text: Vec<char>,
    /// Whether a character takes two units in it; counting is slow only then.
    wide: bool,
}

impl Typist {
    fn new(client: u64) -> Self {
        Self { editor: Editor::new(client), text: Vec::new(), wide: false }
    }

    fn utf16(&self, range: std::ops::Range<usize>) -> u32 {
        if !self.wide {
            return range.len() as u32;
        }
        self.text[range].iter().map(|ch| ch.len_utf16() as u32).sum()
    }

    fn type_patches(&mut self, patches: &[(usize, usize, String)]) -> Bytes {
        let root = self.editor.doc.get_or_insert_text("text");
        let mut txn = self.editor.doc.transact_mut();
        for (at, removed, inserted) in patches {
            let place = self.utf16(0..*at);
            let removed = *at..at + removed;
            let len = self.utf16(removed.clone());
            if len > 0 {
                root.remove_range(&mut txn, place, len);
            }
            if !inserted.is_empty() {
                root.insert(&mut txn, place, inserted);
            }
            self.wide |= is_wide(inserted);
            self.text.splice(removed, inserted.chars());
        }
        txn.encode_update_v1().into()
    }

    fn receive(&mut self, updates: impl Iterator<Item = Bytes>) {
        let mut any = false;
        for update in updates {
            self.editor.receive(&update);
            any = true;
        }
        if any {
            let text = self.editor.text();
            self.wide |= is_wide(&text);
            self.text = text.chars().collect();
        }
    }
}

fn is_wide(text: &str) -> bool {
    text.chars().any(|ch| ch.len_utf16() > 1)
}

/// Each transaction must be applied and journalled as it came.
fn take(document: &mut DocumentState, update: &Bytes, number: usize) {
    if update[..] != [0, 0] {
        let verdict = apply_one(document, live(update));
        assert_eq!(verdict, Verdict::Applied(update.clone()), "transaction {number}");
    }
}

#[test]
fn a_recorded_text_arrives_as_it_was_typed() {
    for name in ["sveltecomponent", "seph-blog1"] {
        let Some(trace) = trace(name) else { continue };
        let (mut ada, mut document) = (Typist::new(1), document());
        take(&mut document, &ada.type_patches(&[(0, 0, trace.start_content)]), 0);
        let count = rounds("COSCRIBE_TRACE_TRANSACTIONS", 20_000) as usize;
        for (number, transaction) in trace.txns.iter().take(count).enumerate() {
            take(&mut document, &ada.type_patches(&transaction.patches), number);
        }
        let whole = trace.txns.len() <= count;
        let expected = if whole { trace.end_content } else { ada.editor.text() };
        assert_eq!(document.text("text"), expected, "{name}");
        assert_eq!(document.index_runs(), 1, "{name}");
        assert_eq!(reload(&document).text("text"), expected, "{name}");
    }
}

#[test]
fn two_friends_at_once_arrive_as_they_typed() {
    let Some(trace) = trace("friendsforever") else { return };
    let mut document = document();
    let mut typists = [Typist::new(1), Typist::new(2)];
    let mut known = [vec![false; trace.txns.len()], vec![false; trace.txns.len()]];
    let mut updates = Vec::new();
    for (number, transaction) in trace.txns.iter().enumerate() {
        let known = &mut known[transaction.agent];
        let mut missing: Vec<usize> = Vec::new();
        let mut parents = transaction.parents.clone();
        while let Some(parent) = parents.pop() {
            if !std::mem::replace(&mut known[parent], true) {
                missing.push(parent);
                parents.extend(&trace.txns[parent].parents);
            }
        }
        missing.sort_unstable();
        let typist = &mut typists[transaction.agent];
        typist.receive(missing.into_iter().map(|parent: usize| Bytes::clone(&updates[parent])));
        let update = typist.type_patches(&transaction.patches);
        known[number] = true;
        take(&mut document, &update, number);
        updates.push(update);
    }
    assert_eq!(document.text("text"), trace.end_content);
    assert_eq!(reload(&document).text("text"), trace.end_content);
}
