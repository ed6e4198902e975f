//! People who write in one document at the same time, each on a machine of their own, as slow and as
//! clumsy as people are. Everything follows from a seed. Knows no stories.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use coscribe::{
    clock::Timestamp,
    history::saved::Version,
    identity::{Author, AuthorKind},
    random::{Random, SeededRandom},
    storage::Entry,
};
use yrs::{
    Any, Assoc, ClientID, Doc, GetString, Map, OffsetKind, Options, ReadTxn, StickyIndex, Text,
    TextRef, Transact, TransactionMut, Update, WriteTxn, Xml, XmlElementPrelim, XmlElementRef,
    XmlFragment, XmlFragmentRef, XmlTextPrelim, XmlTextRef,
    branch::{Branch, BranchID, BranchPtr},
    types::Attrs,
    updates::decoder::Decode,
};

/// From one machine to another.
const LATENCY: u64 = 120;

/// What somebody does next.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Says what the document is: title, kind, language.
    Describe(&'static str, &'static str, &'static str),
    /// Thinks, or is away, for so many milliseconds.
    Pause(u64),
    /// Reads along until this is there, as whoever needs a text does.
    Wait(&'static str),
    /// Puts the caret behind a text, the last such if there are several.
    After(&'static str),
    /// Puts the caret before everything.
    Start,
    /// Presses a key.
    Key(char),
    /// Presses backspace.
    Back,
    /// Selects a text and deletes it; the caret is where it was.
    Cut(&'static str),
    /// Selects everything and deletes it.
    CutAll,
    /// Puts back what a version had.
    Restore(&'static str),
    /// Names the moment.
    Version(&'static str),
    /// Adds an element to a labelled one, or to the document; the caret goes in if it holds text.
    Add { label: &'static str, to: &'static str, name: &'static str, line: bool },
    /// Sets an attribute of a labelled element.
    Set(&'static str, &'static str, Any),
    /// Formats a text.
    Mark(&'static str, &'static str),
}

/// Somebody, and what they are going to do.
pub(crate) struct Person {
    author: Arc<Author>,
    doc: Doc,
    script: VecDeque<(u64, Act)>,
    /// When the next act is due.
    at: u64,
    inbox: VecDeque<(u64, Vec<u8>)>,
    caret: Option<StickyIndex>,
}

/// What came of it.
pub(crate) struct Written {
    pub(crate) entries: Vec<Entry>,
    pub(crate) versions: Vec<Version>,
}

/// Writes down what one person is going to do, with the pace and the slips of a person.
pub(crate) struct Script<'a> {
    random: &'a SeededRandom,
    acts: VecDeque<(u64, Act)>,
    /// Milliseconds a key takes, about.
    pace: u64,
    /// One slip in so many letters; 0 for none.
    slips: u64,
}

impl<'a> Script<'a> {
    pub(crate) fn new(random: &'a SeededRandom, pace: u64, slips: u64) -> Self {
        Self { random, acts: VecDeque::new(), pace, slips }
    }

    pub(crate) fn act(&mut self, act: Act) -> &mut Self {
        let ready = match act {
            Act::Pause(time) => time,
            Act::After(_) | Act::Start | Act::Cut(_) | Act::CutAll => 700 + self.random.below(600),
            _ => 300 + self.random.below(300),
        };
        self.acts.push_back((ready, act));
        self
    }

    pub(crate) fn pause(&mut self, seconds: f64) -> &mut Self {
        self.act(Act::Pause((seconds * 1000.0) as u64))
    }

    /// Types a text. Words come in bursts, ends of lines take a thought, and wrong keys are noticed a
    /// little late.
    pub(crate) fn types(&mut self, text: &str) -> &mut Self {
        for letter in text.chars() {
            if self.slips > 0 && letter.is_ascii_lowercase() && self.random.below(self.slips) == 0 {
                self.slip(letter);
            }
            let mut ready = self.pace / 2 + self.random.below(self.pace);
            ready += match letter {
                '\n' => 600 + self.random.below(900),
                '.' | ',' | ':' | '?' | ';' => 150 + self.random.below(350),
                ' ' => self.random.below(self.pace),
                _ => 0,
            };
            self.acts.push_back((ready, Act::Key(letter)));
        }
        self
    }

    /// A neighbouring key, perhaps some letters more, and back.
    fn slip(&mut self, letter: char) {
        let rows = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];
        let row = rows.iter().find(|row| row.contains(letter)).copied().unwrap_or("aeiou");
        let at = row.find(letter).unwrap_or(0);
        let beside = if at == 0 { at + 1 } else { at - 1 };
        let wrong = row.chars().nth(beside).unwrap_or('e');
        let mut keys = vec![wrong];
        if self.random.below(3) == 0 {
            keys.push(letter);
        }
        for key in &keys {
            self.acts.push_back((self.pace / 2 + self.random.below(self.pace), Act::Key(*key)));
        }
        for (at, _) in keys.iter().enumerate() {
            let ready = if at == 0 { 300 + self.random.below(400) } else { 90 };
            self.acts.push_back((ready, Act::Back));
        }
    }

    /// Takes back the last so many letters with the backspace key.
    pub(crate) fn takes_back(&mut self, letters: usize) -> &mut Self {
        for _ in 0..letters {
            self.acts.push_back((70 + self.random.below(50), Act::Back));
        }
        self
    }
}

impl Person {
    pub(crate) fn new(name: &str, client: u64, begins: u64, script: Script<'_>) -> Self {
        let mut options = Options::with_client_id(ClientID::new(client));
        options.offset_kind = OffsetKind::Utf16;
        let kind = AuthorKind::Claimed;
        let author = Author { kind, user: "".into(), name: name.into(), connection: 0 };
        let first = script.acts.front().map_or(0, |(ready, _)| *ready);
        Self {
            author: Arc::new(author),
            doc: Doc::with_options(options),
            script: script.acts,
            at: begins + first,
            inbox: VecDeque::new(),
            caret: None,
        }
    }

    fn receive(&mut self, now: u64) {
        while let Some((_, update)) = self.inbox.pop_front_if(|(at, _)| *at <= now) {
            let update = Update::decode_v1(&update).expect("we wrote it");
            self.doc.transact_mut().apply_update(update).expect("it fits");
        }
    }

    fn texts(&self) -> Vec<TextRef> {
        let txn = self.doc.transact();
        let mut texts: Vec<TextRef> = txn.get_text("text").into_iter().collect();
        if let Some(root) = txn.get_xml_fragment("default") {
            let nodes = root.successors(&txn);
            texts.extend(nodes.filter_map(|node| Some(text_of(node.into_xml_text()?.as_ref()))));
        }
        texts
    }

    /// The text that holds this, and where it begins.
    fn find(&self, wanted: &str) -> Option<(TextRef, u32)> {
        let txn = self.doc.transact();
        let found = |text: TextRef| {
            let content = text.get_string(&txn);
            let before = &content[..content.rfind(wanted)?];
            Some((text, before.encode_utf16().count() as u32))
        };
        let texts = self.texts();
        texts.into_iter().rev().find_map(found)
    }
}

/// Lets everybody do what they are going to do.
pub(crate) fn play(mut people: Vec<Person>) -> Written {
    let mut written = Written { entries: Vec::new(), versions: Vec::new() };
    let mut kept: HashMap<&'static str, String> = HashMap::new();
    let mut labels = HashMap::new();
    let next = |people: &[Person]| {
        let busy = people.iter().enumerate().filter(|(_, person)| !person.script.is_empty());
        busy.min_by_key(|(index, person)| (person.at, *index)).map(|(index, _)| index)
    };
    while let Some(index) = next(&people) {
        let person = &mut people[index];
        let now = person.at;
        person.receive(now);
        let (_, act) = person.script[0].clone();
        if let Act::Wait(wanted) | Act::After(wanted) | Act::Cut(wanted) | Act::Mark(wanted, _) =
            act
            && person.find(wanted).is_none()
        {
            person.at += 400;
            let begin = written.entries.first().map_or(now, |entry| entry.time.0);
            assert!(now < begin + 3_600_000, "nobody ever writes {wanted:?}");
            continue;
        }
        person.script.pop_front();
        if let Act::Version(name) = act {
            let texts = person.texts();
            let text = texts.first().map(|text| text.get_string(&person.doc.transact()));
            kept.insert(name, text.unwrap_or_default());
            written.versions.push(Version {
                name: name.into(),
                entry: written.entries.len() as u64,
                time: Timestamp(now),
                author: person.author.clone(),
                automatic: false,
            });
        }
        let update = person.perform(&act, &kept, &mut labels);
        person.at = now + person.script.front().map_or(0, |(ready, _)| *ready);
        let Some(update) = update else { continue };
        let (author, time) = (person.author.clone(), Timestamp(now));
        written.entries.push(Entry { time, author, update: update.clone().into() });
        for (other, person) in people.iter_mut().enumerate() {
            if other != index {
                person.inbox.push_back((now + LATENCY, update.clone()));
            }
        }
    }
    written
}

impl Person {
    /// Does one thing; gives the update that tells the others.
    fn perform(
        &mut self,
        act: &Act,
        kept: &HashMap<&'static str, String>,
        labels: &mut HashMap<&'static str, BranchID>,
    ) -> Option<Vec<u8>> {
        match act {
            Act::Cut(wanted) | Act::After(wanted) | Act::Mark(wanted, _) => self.reach(act, wanted),
            Act::Start => {
                let text = self.doc.get_or_insert_text("text");
                self.caret = caret(&self.doc.transact(), &text, 0);
                None
            }
            Act::Key(letter) => {
                let mut txn = self.doc.transact_mut();
                let (text, at) = place(&txn, self.caret.as_ref());
                text.insert(&mut txn, at, letter.encode_utf8(&mut [0; 4]));
                self.caret = caret(&txn, &text, at + letter.len_utf16() as u32);
                Some(txn.encode_update_v1())
            }
            Act::Back => {
                let mut txn = self.doc.transact_mut();
                let (text, at) = place(&txn, self.caret.as_ref());
                text.remove_range(&mut txn, at - 1, 1);
                self.caret = caret(&txn, &text, at - 1);
                Some(txn.encode_update_v1())
            }
            Act::CutAll => self.replace(""),
            Act::Restore(version) => self.replace(&kept[version]),
            Act::Describe(title, kind, lang) => {
                let mut txn = self.doc.transact_mut();
                let meta = txn.get_or_insert_map("meta");
                for (key, value) in [("title", title), ("kind", kind), ("lang", lang)] {
                    if !value.is_empty() {
                        meta.insert(&mut txn, key, *value);
                    }
                }
                Some(txn.encode_update_v1())
            }
            Act::Add { label, to, name, line } => {
                let (element, update) = self.add(labels.get(to), name, *line);
                labels.insert(label, element);
                Some(update)
            }
            Act::Set(label, key, value) => {
                let mut txn = self.doc.transact_mut();
                let element = labels[label].get_branch(&txn).expect("it is there");
                XmlElementRef::from(element).insert_attribute(&mut txn, *key, value.clone());
                Some(txn.encode_update_v1())
            }
            Act::Pause(_) | Act::Wait(_) | Act::Version(_) => None,
        }
    }

    /// Goes to a text, and selects it for what is to be done with it.
    fn reach(&mut self, act: &Act, wanted: &str) -> Option<Vec<u8>> {
        let (text, at) = self.find(wanted).unwrap_or_else(|| panic!("{wanted:?} is there"));
        let len = wanted.encode_utf16().count() as u32;
        let mut txn = self.doc.transact_mut();
        match act {
            Act::Cut(_) => text.remove_range(&mut txn, at, len),
            Act::Mark(_, name) => {
                let value = Any::Map(Arc::new(HashMap::new()));
                let attributes = Attrs::from([((*name).into(), value)]);
                text.format(&mut txn, at, len, attributes);
                return Some(txn.encode_update_v1());
            }
            _ => {}
        }
        let at = if matches!(act, Act::Cut(_)) { at } else { at + len };
        self.caret = caret(&txn, &text, at);
        let update = txn.encode_update_v1();
        (update != [0, 0]).then_some(update)
    }

    /// Adds an element to another or to the document; gives it and the update that tells the others.
    fn add(&mut self, to: Option<&BranchID>, name: &str, line: bool) -> (BranchID, Vec<u8>) {
        let mut txn = self.doc.transact_mut();
        let element = match to.and_then(|id| id.get_branch(&txn)) {
            Some(parent) => add(&XmlElementRef::from(parent), &mut txn, name),
            None => {
                let root: XmlFragmentRef = txn.get_or_insert_xml_fragment("default");
                add(&root, &mut txn, name)
            }
        };
        let id = AsRef::<Branch>::as_ref(&element).id();
        if line {
            let holds_text = matches!(name, "paragraph" | "heading" | "codeBlock");
            let inner = if holds_text { element } else { add(&element, &mut txn, "paragraph") };
            let text: XmlTextRef = inner.insert(&mut txn, 0, XmlTextPrelim::new(""));
            self.caret = caret(&txn, &text_of(text.as_ref()), 0);
        }
        (id, txn.encode_update_v1())
    }

    fn replace(&mut self, new: &str) -> Option<Vec<u8>> {
        let text = self.doc.get_or_insert_text("text");
        let mut txn = self.doc.transact_mut();
        let len = text.len(&txn);
        text.remove_range(&mut txn, 0, len);
        text.insert(&mut txn, 0, new);
        self.caret = caret(&txn, &text, 0);
        Some(txn.encode_update_v1())
    }
}

fn add<P: XmlFragment>(parent: &P, txn: &mut TransactionMut<'_>, name: &str) -> XmlElementRef {
    let end = parent.len(txn);
    parent.insert(txn, end, XmlElementPrelim::empty(name))
}

fn text_of(branch: &Branch) -> TextRef {
    TextRef::from(BranchPtr::from(branch))
}

fn caret(txn: &impl ReadTxn, text: &TextRef, at: u32) -> Option<StickyIndex> {
    StickyIndex::at(txn, BranchPtr::from(AsRef::<Branch>::as_ref(text)), at, Assoc::Before)
}

fn place(txn: &TransactionMut<'_>, caret: Option<&StickyIndex>) -> (TextRef, u32) {
    let offset = caret.and_then(|caret| caret.get_offset(txn)).expect("the caret is somewhere");
    (TextRef::from(offset.branch), offset.index)
}
