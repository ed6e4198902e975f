//! The history of one person's text as updates: drawn from a seed, or read from a file.
//!
//! Like the edits of `edits`, the updates are written by hand, as a Yjs client would write them, so that
//! a history of any length is there at once. What files look like is `recorded`.

use bytes::{BufMut, Bytes, BytesMut};

use super::{
    edits::ROOT,
    error::Failed,
    recorded::{Counting, Edit, Recorded},
};
use crate::{
    crdt::parser::Update,
    protocol::varint,
    random::{Random, SeededRandom},
};

/// Who wrote it; the same in every document.
const CLIENT: u64 = 0x0073_7269;

/// No character.
const NONE: u32 = u32::MAX;

/// Of a block of text: it has a neighbour to the left, to the right.
const TEXT: u8 = 0x04;
const HAS_LEFT: u8 = 0x80;
const HAS_RIGHT: u8 = 0x40;

/// Letters in the order of how often they come.
const LETTERS: &[u8] = b" etaoinshrdlucmfwypvbgkjqxz";

/// One person's updates in order, and which of them typed and deleted each character.
#[derive(Clone, Debug)]
pub struct Trace {
    /// The updates.
    pub updates: Vec<Bytes>,
    typed_by: Vec<u32>,
    deleted_by: Vec<u32>,
}

/// The text in the making: characters in their order, the deleted ones among them, numbered by clock.
/// A character is a UTF-16 unit, as Yjs counts.
#[derive(Debug, Default)]
struct Text {
    next: Vec<u32>,
    prev: Vec<u32>,
    /// Which are the first halves of code points, where offsets count these: they count nothing, and
    /// the caret is never behind one. None are, where offsets count units.
    halves: Vec<bool>,
    counting: Counting,
    /// By which edit each was typed, and by which deleted; [`NONE`] while it is there.
    typed_by: Vec<u32>,
    deleted_by: Vec<u32>,
    updates: Vec<Bytes>,
    /// The first character of all.
    first: Option<u32>,
    /// The visible character to the left of the caret, or [`NONE`], and how many are before it, as
    /// offsets count.
    left: Option<u32>,
    offset: usize,
    visible: usize,
}

impl Trace {
    /// So many edits as somebody types: words, corrections, and now and then elsewhere.
    #[must_use]
    pub fn drawn(seed: u64, edits: usize) -> Self {
        let random = SeededRandom::new(seed);
        let mut text = Text::default();
        let mut deleting = 0;
        for _ in 0..edits {
            if random.below(60) == 0 {
                text.move_to(random.below(text.visible as u64 + 1) as usize);
            }
            if deleting == 0 && random.below(20) == 0 {
                deleting = 1 + random.below(12);
            }
            if deleting > 0 && text.offset > 0 {
                deleting -= 1;
                text.change(1, "");
            } else {
                deleting = 0;
                let most = 1 + random.below(LETTERS.len() as u64);
                let letter = LETTERS[random.below(most) as usize] as char;
                text.change(0, letter.encode_utf8(&mut [0; 4]));
            }
        }
        text.ended()
    }

    /// Whether everything that was ever typed is in an update, deleted or not.
    #[must_use]
    pub fn is_whole_in(&self, update: &[u8]) -> bool {
        let Ok(update) = Update::parse(update) else { return false };
        let end = update.sections.iter().find(|it| it.client == CLIENT).map_or(0, |it| it.end);
        end as usize >= self.typed_by.len()
    }

    /// The edits of which something is in an update, however a server joined them.
    pub fn numbers_in(&self, update: &[u8], mut tell: impl FnMut(u64)) {
        let Ok(update) = Update::parse(update) else { return };
        let mut last = NONE;
        let mut among = |by: &[u32], start: u32, end: u32| {
            for number in by.get(start as usize..end as usize).unwrap_or_default() {
                if *number != last && *number != NONE {
                    last = *number;
                    tell(last.into());
                }
            }
        };
        for section in update.sections.iter().filter(|it| it.client == CLIENT) {
            among(&self.typed_by, section.clock, section.end);
        }
        for deleted in update.deletes().filter(|it| it.id.client == CLIENT) {
            let start = deleted.id.clock;
            among(&self.deleted_by, start, start.saturating_add(deleted.len));
        }
    }

    /// Reads a history from a file's bytes, as [`Recorded`] does.
    ///
    /// # Errors
    /// When it is none, or an edit reaches beyond the text.
    pub fn read(file: &[u8]) -> Result<Self, Failed> {
        let Recorded { edits, counting } = Recorded::read(file)?;
        let mut text = Text { counting, ..Text::default() };
        for (index, Edit { offset, deleted, inserted }) in edits.into_iter().enumerate() {
            let most = text.visible;
            if offset.checked_add(deleted).is_none_or(|end| end > most) {
                return Err(Failed::Settings(format!(
                    "edit {index} of the trace reaches beyond the text, which has {most} characters"
                )));
            }
            text.move_to(offset + deleted);
            if deleted > 0 || !inserted.is_empty() {
                text.change(deleted, &inserted);
            }
        }
        Ok(text.ended())
    }
}

impl Text {
    fn is_gone(&self, character: u32) -> bool {
        self.deleted_by[character as usize] != NONE
    }

    /// How much a character counts.
    fn weight(&self, character: u32) -> usize {
        usize::from(!self.halves[character as usize])
    }

    fn is_behind_half(&self) -> bool {
        self.left.is_some_and(|left| self.weight(left) == 0)
    }

    /// Puts the caret behind so many characters.
    fn move_to(&mut self, offset: usize) {
        while self.offset > offset || self.is_behind_half() {
            self.step_back();
        }
        while self.offset < offset {
            let Some(next) = self.visible_from(self.right()) else { return };
            self.left = Some(next);
            self.offset += self.weight(next);
        }
    }

    /// The character behind the caret, deleted or not.
    fn right(&self) -> Option<u32> {
        match self.left {
            Some(left) => Some(self.next[left as usize]).filter(|next| *next != NONE),
            None => self.first,
        }
    }

    fn visible_from(&self, mut at: Option<u32>) -> Option<u32> {
        while let Some(here) = at.filter(|it| self.is_gone(*it)) {
            at = Some(self.next[here as usize]).filter(|next| *next != NONE);
        }
        at
    }

    /// Puts the caret in front of the character to its left.
    fn step_back(&mut self) {
        self.offset -= self.left.map_or(0, |left| self.weight(left));
        let mut at = self.left.map_or(NONE, |left| self.prev[left as usize]);
        while at != NONE && self.is_gone(at) {
            at = self.prev[at as usize];
        }
        self.left = Some(at).filter(|at| *at != NONE);
    }

    /// Deletes so many characters to the left of the caret and inserts there.
    fn change(&mut self, deleted: usize, inserted: &str) {
        let number = self.updates.len() as u32;
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        let until = self.offset.saturating_sub(deleted);
        while deleted > 0 && (self.offset > until || self.is_behind_half()) {
            let Some(left) = self.left else { break };
            self.step_back();
            self.deleted_by[left as usize] = number;
            self.visible -= self.weight(left);
            match ranges.last_mut() {
                Some((start, length)) if left + 1 == *start => {
                    *start = left;
                    *length += 1;
                }
                _ => ranges.push((left, 1)),
            }
        }
        let mut out = BytesMut::with_capacity(48 + inserted.len());
        self.insert(&mut out, inserted);
        varint::uint(&mut out, u64::from(!ranges.is_empty()));
        if !ranges.is_empty() {
            ranges.sort_unstable();
            varint::uint(&mut out, CLIENT);
            varint::uint(&mut out, ranges.len() as u64);
            for (start, length) in ranges {
                varint::uint(&mut out, start.into());
                varint::uint(&mut out, length.into());
            }
        }
        self.updates.push(out.freeze());
    }

    fn insert(&mut self, out: &mut BytesMut, inserted: &str) {
        let length = inserted.encode_utf16().count();
        if length == 0 {
            return varint::uint(out, 0);
        }
        let clock = self.next.len() as u32;
        let (left, right) = (self.left, self.right());
        for number in [1, 1, CLIENT, clock.into()] {
            varint::uint(out, number);
        }
        let info = |neighbour: Option<u32>, bit| if neighbour.is_some() { bit } else { 0 };
        out.put_u8(TEXT | info(left, HAS_LEFT) | info(right, HAS_RIGHT));
        for neighbour in [left, right].into_iter().flatten() {
            varint::uint(out, CLIENT);
            varint::uint(out, neighbour.into());
        }
        if left.is_none() && right.is_none() {
            varint::uint(out, 1);
            varint::bytes(out, ROOT.as_bytes());
        }
        varint::bytes(out, inserted.as_bytes());
        for unit in inserted.encode_utf16() {
            let is_half = self.counting == Counting::CodePoints && (0xd800..0xdc00).contains(&unit);
            self.link(is_half);
        }
    }

    /// Adds a character to the right of the caret and moves the caret behind it.
    fn link(&mut self, is_half: bool) {
        let (left, right, new) = (self.left, self.right(), self.next.len() as u32);
        self.next.push(right.unwrap_or(NONE));
        self.prev.push(left.unwrap_or(NONE));
        self.typed_by.push(self.updates.len() as u32);
        self.deleted_by.push(NONE);
        self.halves.push(is_half);
        match left {
            Some(left) => self.next[left as usize] = new,
            None => self.first = Some(new),
        }
        if let Some(right) = right {
            self.prev[right as usize] = new;
        }
        self.left = Some(new);
        self.offset += self.weight(new);
        self.visible += self.weight(new);
    }

    fn ended(self) -> Trace {
        let Self { updates, typed_by, deleted_by, .. } = self;
        Trace { updates, typed_by, deleted_by }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{crdt::replica::Replica, ids::ClientId};

    fn played(trace: &Trace) -> String {
        let mut replica = Replica::new(ClientId(9), ROOT);
        for update in &trace.updates {
            replica.apply(update).expect("sound");
        }
        replica.text()
    }

    #[test]
    fn a_history_from_a_file_gives_its_text() {
        let json =
            br#"[[0,0,"Helo"],[3,0,"l"],[5,0," wrld"],[7,0,"o"],[0,1,"J"],[10,1],[0,0,"> "]]"#;
        let text = played(&Trace::read(json).expect("sound"));
        assert_eq!(text, "> Jello worl");
    }

    #[test]
    fn a_published_history_gives_its_text_whatever_its_letters_take() {
        let json = r#"{"startContent":"a😀b","endContent":"> a𝄞ü!😀",
            "txns":[
                {"time":"2020-10-18T07:27:13.000Z","patches":[[3,0,"😀"],[2,1,"ü!"]]},
                {"patches":[[2,0,"𝄞𝄞"],[1,2,""]]},
                {"patches":[[0,0,"> "]]},
                {"patches":[]}
            ]}"#;
        let trace = Trace::read(json.as_bytes()).expect("sound");
        assert_eq!(played(&trace), "> a𝄞ü!😀");
        assert_eq!(trace.updates.len(), 6, "each patch is an edit, and what was there the first");
    }

    #[test]
    fn random_edits_of_code_points_give_what_they_give_on_a_plain_text() {
        let random = SeededRandom::new(8);
        let (mut plain, mut patches): (Vec<char>, _) = (Vec::new(), Vec::new());
        for _ in 0..2_000 {
            let offset = random.below(plain.len() as u64 + 1) as usize;
            let deleted = (random.below(4) as usize).min(plain.len() - offset);
            let inserted = ["", "x", "𝄞", "a😀ü"][random.below(4) as usize];
            plain.splice(offset..offset + deleted, inserted.chars());
            patches.push(serde_json::json!({ "patches": [[offset, deleted, inserted]] }));
        }
        let json = serde_json::json!({ "txns": patches }).to_string();
        let text = played(&Trace::read(json.as_bytes()).expect("sound"));
        assert_eq!(text, plain.into_iter().collect::<String>());
    }

    #[test]
    fn random_edits_give_what_the_same_edits_give_on_a_plain_text() {
        let random = SeededRandom::new(3);
        let (mut plain, mut edits) = (String::new(), Vec::new());
        for _ in 0..2_000 {
            let offset = random.below(plain.len() as u64 + 1) as usize;
            let deleted = (random.below(4) as usize).min(plain.len() - offset);
            let inserted = ["", "x", "yz", "abc"][random.below(4) as usize];
            plain.replace_range(offset..offset + deleted, inserted);
            edits.push(serde_json::json!([offset, deleted, inserted]));
        }
        let json = serde_json::to_vec(&edits).expect("JSON");
        let text = played(&Trace::read(&json).expect("sound"));
        assert_eq!(text, plain);
    }

    #[test]
    fn edits_are_known_again_alone_and_joined() {
        let trace = Trace::drawn(5, 400);
        let numbers = |update: &[u8]| {
            let mut found = Vec::new();
            trace.numbers_in(update, |number| found.push(number));
            found.sort_unstable();
            found.dedup();
            found
        };
        let mut replica = Replica::new(ClientId(9), ROOT);
        let mut before = replica.state_vector();
        for (number, update) in trace.updates.iter().enumerate() {
            assert_eq!(numbers(update), [number as u64]);
            replica.apply(update).expect("sound");
            if number == 199 {
                before = replica.state_vector();
            }
        }
        let rest = replica.diff(&before).expect("sound");
        assert!(trace.is_whole_in(&rest) && !trace.is_whole_in(&trace.updates[3]));
        let found = numbers(&rest);
        assert!((200..400).all(|number| found.contains(&number)), "{found:?}");
        assert!(numbers(b"other").is_empty());
    }

    #[test]
    fn a_drawn_history_is_that_of_its_seed() {
        let one = Trace::drawn(7, 3_000);
        assert_eq!(one.updates, Trace::drawn(7, 3_000).updates);
        assert_ne!(one.updates, Trace::drawn(8, 3_000).updates);
        let text = played(&one);
        assert!(text.len() > 1_000 && text.len() < 3_000, "{} characters", text.len());
    }

    #[test]
    fn edits_beyond_the_text_and_other_files_are_refused() {
        for json in [&b"[[1,0,\"x\"]]"[..], b"[[0,1]]", b"{}", b"[[\"x\"]]"] {
            assert!(Trace::read(json).is_err());
        }
    }
}
