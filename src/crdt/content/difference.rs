//! How one sequence becomes another: what stays, what goes, what comes. First by lines, then by words
//! where lines differ, so that little changes and letters are not kept by accident.
//!
//! Pure. Knows text and opaque units between it; not what the units are.

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
    ops::Range,
};

use imara_diff::{Algorithm, Diff, Hunk, Token};

use crate::limits;

/// A part of a sequence.
#[derive(Clone, Copy, Debug)]
pub(super) enum Atom<'a> {
    Text(&'a str),
    Unit(Unit),
}

/// Something between text that is one unit long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    /// The same number for those that are equal through and through.
    pub(super) exact: u32,
    /// Which it is in the document, if it can be told from its equals.
    pub(super) id: Option<(u64, u32)>,
    /// The same number for those that are of one kind and can be made equal.
    pub(super) kind: u32,
}

/// A step from one sequence to the other; lengths count UTF-16 units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Keep(u32),
    Insert(String),
    /// Inserts so many of the units that come next.
    InsertUnits(usize),
    Delete(u32),
}

/// What becomes of a unit of the new sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is there already.
    Same,
    /// It is made of this unit of the old one, counted from 0.
    Made(usize),
    /// There is nothing like it.
    New,
}

/// The way from one sequence to another.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) steps: Vec<Step>,
    /// One for each unit of the new sequence.
    pub(super) fates: Vec<Fate>,
}

/// Finds a short way from one sequence to another.
pub(super) fn difference(now: &[Atom<'_>], then: &[Atom<'_>]) -> Difference {
    let (now, then) = (cut(now, lines), cut(then, lines));
    let mut way = Way { work: limits::DIFFERENCE_WORK, ..Way::default() };
    let exact = |atom: &Atom<'_>| match *atom {
        Atom::Text(text) => Key::Text(text.to_owned()),
        Atom::Unit(unit) => Key::Exact(unit.exact),
    };
    let (mut at, mut to) = (0, 0);
    for hunk in hunks(&now, &then, exact, &mut way.work) {
        way.keep(&now[at..hunk.before.start as usize], &then[to..hunk.after.start as usize]);
        (at, to) = (hunk.before.end as usize, hunk.after.end as usize);
        way.refine(&now[hunk.before.start as usize..at], &then[hunk.after.start as usize..to]);
    }
    way.keep(&now[at..], &then[to..]);
    way.found
}

/// Letters that only the new text has, and those that only the old one has.
#[must_use]
pub fn letters_changed(old: &str, new: &str) -> (u64, u64) {
    let found = difference(&[Atom::Text(old)], &[Atom::Text(new)]);
    let mut inserted = 0;
    for step in &found.steps {
        if let Step::Insert(text) = step {
            inserted += text.chars().count() as u64;
        }
    }
    let letters = |text: &str| text.chars().count() as u64;
    // What is kept is the same on both sides.
    (inserted, letters(old) + inserted - letters(new))
}

#[derive(PartialEq, Eq, Hash)]
enum Key {
    Text(String),
    Exact(u32),
    Same((u64, u32)),
    Kind(u32),
}

/// What differs. `work` is what may still be spent on looking for it.
fn hunks<'a>(
    now: &[Atom<'a>],
    then: &[Atom<'a>],
    key: impl Fn(&Atom<'a>) -> Key,
    work: &mut usize,
) -> Vec<Hunk> {
    let mut numbers = HashMap::new();
    let mut number = |atom| {
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        Token(*numbers.entry(key(atom)).or_insert(next))
    };
    let before: Vec<_> = now.iter().map(&mut number).collect();
    let after: Vec<_> = then.iter().map(&mut number).collect();
    let count = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
    let mut found = Vec::new();
    for (old, new) in gaps(&before, &after, *work) {
        let cost = old.len().saturating_mul(new.len());
        if cost > *work {
            found.push(Hunk { before: span(&old), after: span(&new) });
            continue;
        }
        *work -= cost;
        let mut diff = Diff::default();
        diff.compute_with(Algorithm::Histogram, &before[old.clone()], &after[new.clone()], count);
        let (old, new) = (span(&old).start, span(&new).start);
        found.extend(diff.hunks().map(|hunk| Hunk {
            before: hunk.before.start + old..hunk.before.end + old,
            after: hunk.after.start + new..hunk.after.end + new,
        }));
    }
    found
}

/// Stretches to be compared by themselves: all at once when that is little work, else what lies between
/// tokens that both sequences have exactly once and in the same order.
fn gaps(before: &[Token], after: &[Token], work: usize) -> Vec<(Range<usize>, Range<usize>)> {
    if before.len().saturating_mul(after.len()) <= work {
        return vec![(0..before.len(), 0..after.len())];
    }
    let same = |(a, b): &(&Token, &Token)| a == b;
    let start = before.iter().zip(after).take_while(same).count();
    let ends = before[start..].iter().rev().zip(after[start..].iter().rev());
    let end = ends.take_while(same).count();
    let (mut at, mut to) = (start, start);
    let mut found = Vec::new();
    let (old_end, new_end) = (before.len() - end, after.len() - end);
    let anchors = anchors(&before[start..old_end], &after[start..new_end]);
    let anchors = anchors.into_iter().map(|(old, new)| (old + start, new + start));
    for (old, new) in anchors.chain([(old_end, new_end)]) {
        if at < old || to < new {
            found.push((at..old, to..new));
        }
        (at, to) = (old + 1, new + 1);
    }
    found
}

/// Places of tokens that both have exactly once, as many as are in the same order in both: the longest
/// rising run of places (patience sorting).
fn anchors(before: &[Token], after: &[Token]) -> Vec<(usize, usize)> {
    let mut places: HashMap<Token, [Option<usize>; 2]> = HashMap::new();
    let mut doubled = HashSet::new();
    for (side, tokens) in [before, after].into_iter().enumerate() {
        for (place, token) in tokens.iter().enumerate() {
            if places.entry(*token).or_default()[side].replace(place).is_some() {
                doubled.insert(*token);
            }
        }
    }
    let unique = before.iter().enumerate().filter(|(_, token)| !doubled.contains(*token));
    let pairs: Vec<_> = unique.filter_map(|(old, token)| Some((old, places[token][1]?))).collect();
    // The pair that ends the best run of each length, and which pair each one follows.
    let mut ends: Vec<usize> = Vec::new();
    let mut follows = vec![None; pairs.len()];
    for (index, (_, new)) in pairs.iter().enumerate() {
        let length = ends.partition_point(|end| pairs[*end].1 < *new);
        follows[index] = length.checked_sub(1).map(|before| ends[before]);
        if length == ends.len() {
            ends.push(index);
        } else {
            ends[length] = index;
        }
    }
    let mut run: Vec<_> =
        std::iter::successors(ends.last().copied(), |index| follows[*index]).collect();
    run.reverse();
    run.into_iter().map(|index| pairs[index]).collect()
}

fn span(range: &Range<usize>) -> Range<u32> {
    let number = |place| u32::try_from(place).unwrap_or(u32::MAX);
    number(range.start)..number(range.end)
}

#[derive(Default)]
struct Way {
    found: Difference,
    /// Units of the old sequence that are behind.
    passed: usize,
    /// What may still be spent on looking for short ways: lines or words times lines or words.
    work: usize,
}

impl Way {
    fn keep(&mut self, now: &[Atom<'_>], then: &[Atom<'_>]) {
        for (old, new) in now.iter().zip(then) {
            self.step(Step::Keep(length(old)));
            if let (Atom::Unit(old), Atom::Unit(new)) = (old, new) {
                let same = old.exact == new.exact;
                self.found.fates.push(if same { Fate::Same } else { Fate::Made(self.passed) });
                self.passed += 1;
            }
        }
    }

    fn refine(&mut self, now: &[Atom<'_>], then: &[Atom<'_>]) {
        let (now, then) = (cut(now, words), cut(then, words));
        let ids = |atoms: &[Atom<'_>]| -> HashSet<_> { atoms.iter().filter_map(id).collect() };
        let both: HashSet<_> = ids(&now).intersection(&ids(&then)).copied().collect();
        let key = |atom: &Atom<'_>| match *atom {
            Atom::Text(text) => Key::Text(text.to_owned()),
            Atom::Unit(unit) => match unit.id.filter(|id| both.contains(id)) {
                Some(id) => Key::Same(id),
                None => Key::Kind(unit.kind),
            },
        };
        let (mut at, mut to) = (0, 0);
        for hunk in hunks(&now, &then, key, &mut self.work) {
            self.keep(&now[at..hunk.before.start as usize], &then[to..hunk.after.start as usize]);
            (at, to) = (hunk.before.end as usize, hunk.after.end as usize);
            self.replace(
                &now[hunk.before.start as usize..at],
                &then[hunk.after.start as usize..to],
            );
        }
        self.keep(&now[at..], &then[to..]);
    }

    /// New parts go before the old ones, so that what somebody types at an end of the old stays at
    /// that end.
    fn replace(&mut self, now: &[Atom<'_>], then: &[Atom<'_>]) {
        if let (Some(old), Some(new)) = (text(now), text(then)) {
            return self.replace_text(&old, &new);
        }
        for atom in then {
            match atom {
                Atom::Text(text) => self.step(Step::Insert((*text).to_owned())),
                Atom::Unit(_) => {
                    self.step(Step::InsertUnits(1));
                    self.found.fates.push(Fate::New);
                }
            }
        }
        for atom in now {
            self.step(Step::Delete(length(atom)));
            self.passed += usize::from(matches!(atom, Atom::Unit(_)));
        }
    }

    fn replace_text(&mut self, old: &str, new: &str) {
        let same = |(a, b): &(char, char)| a == b;
        let bytes = |(a, _): (char, char)| a.len_utf8();
        let start: usize = old.chars().zip(new.chars()).take_while(same).map(bytes).sum();
        let (old, kept, new) = (&old[start..], &old[..start], &new[start..]);
        let ends = old.chars().rev().zip(new.chars().rev());
        let end: usize = ends.take_while(same).map(bytes).sum();
        self.step(Step::Keep(units(kept)));
        self.step(Step::Insert(new[..new.len() - end].to_owned()));
        self.step(Step::Delete(units(&old[..old.len() - end])));
        self.step(Step::Keep(units(&old[old.len() - end..])));
    }

    /// Adds a step to the one before it if they are of a kind.
    fn step(&mut self, step: Step) {
        match (self.found.steps.last_mut(), step) {
            (_, Step::Keep(0) | Step::Delete(0)) => {}
            (_, Step::Insert(text)) if text.is_empty() => {}
            (Some(Step::Keep(before)), Step::Keep(more))
            | (Some(Step::Delete(before)), Step::Delete(more)) => *before += more,
            (Some(Step::Insert(before)), Step::Insert(more)) => before.push_str(&more),
            (Some(Step::InsertUnits(before)), Step::InsertUnits(more)) => *before += more,
            (_, step) => self.found.steps.push(step),
        }
    }
}

fn id(atom: &Atom<'_>) -> Option<(u64, u32)> {
    match atom {
        Atom::Text(_) => None,
        Atom::Unit(unit) => unit.id,
    }
}

/// The text of parts that are nothing else.
fn text(atoms: &[Atom<'_>]) -> Option<String> {
    let text = |atom: &Atom<'_>| match *atom {
        Atom::Text(text) => Some(text.to_owned()),
        Atom::Unit(_) => None,
    };
    atoms.iter().map(text).collect()
}

fn length(atom: &Atom<'_>) -> u32 {
    match atom {
        Atom::Text(text) => units(text),
        Atom::Unit(_) => 1,
    }
}

fn units(text: &str) -> u32 {
    text.chars().map(|ch| if ch.len_utf16() == 2 { 2 } else { 1 }).sum()
}

fn cut<'a>(atoms: &[Atom<'a>], pieces: fn(&'a str, &mut Vec<Atom<'a>>)) -> Vec<Atom<'a>> {
    let mut cut = Vec::with_capacity(atoms.len());
    for atom in atoms {
        match *atom {
            Atom::Text(text) => pieces(text, &mut cut),
            unit @ Atom::Unit(_) => cut.push(unit),
        }
    }
    cut
}

fn lines<'a>(text: &'a str, into: &mut Vec<Atom<'a>>) {
    into.extend(text.split_inclusive('\n').map(Atom::Text));
}

/// Words, and everything else letter by letter.
fn words<'a>(text: &'a str, into: &mut Vec<Atom<'a>>) {
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = if first.is_alphanumeric() {
            rest.find(|ch: char| !ch.is_alphanumeric()).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (word, after) = rest.split_at(end);
        into.push(Atom::Text(word));
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Random, SeededRandom};

    fn steps(now: &str, then: &str) -> Vec<Step> {
        difference(&[Atom::Text(now)], &[Atom::Text(then)]).steps
    }

    /// Walks a text along the steps.
    fn walk(now: &str, steps: &[Step]) -> String {
        let mut rest: Vec<u16> = now.encode_utf16().collect();
        let mut result = Vec::new();
        for step in steps {
            match step {
                Step::Keep(count) => result.extend(rest.drain(..*count as usize)),
                Step::Delete(count) => drop(rest.drain(..*count as usize)),
                Step::Insert(text) => result.extend(text.encode_utf16()),
                Step::InsertUnits(_) => panic!("there are no units in a text"),
            }
        }
        result.extend(rest);
        String::from_utf16(&result).expect("characters stay whole")
    }

    #[test]
    fn only_what_differs_is_touched() {
        use Step::{Delete, Insert, Keep};
        assert_eq!(steps("a\nb\nc\n", "a\nb\nc\n"), [Keep(6)]);
        assert_eq!(steps("", "x"), [Insert("x".into())]);
        assert_eq!(
            steps("one\nthe quick fox\nend", "one\nthe slow fox\nend"),
            [Keep(8), Insert("slow".into()), Delete(5), Keep(8)]
        );
        assert_eq!(steps("walked", "walking"), [Keep(4), Insert("ing".into()), Delete(2)]);
        assert_eq!(steps("😀a", "😁a"), [Insert("😁".into()), Delete(2), Keep(1)]);
    }

    #[test]
    fn the_way_leads_there_whatever_the_texts() {
        let random = SeededRandom::new(4);
        let words = ["a", "bc", "😀", "\n", " ", "word", "é", "\n\n", "Wort"];
        let text = |random: &SeededRandom| -> String {
            let word = |_| words[usize::try_from(random.below(9)).unwrap()];
            (0..random.below(60)).map(word).collect()
        };
        for _ in 0..500 {
            let (now, then) = (text(&random), text(&random));
            assert_eq!(walk(&now, &steps(&now, &then)), then, "from {now:?}");
            let (inserted, deleted) = letters_changed(&now, &then);
            let (before, after) = (now.chars().count() as u64, then.chars().count() as u64);
            assert_eq!(before + inserted - deleted, after);
        }
    }

    #[test]
    fn units_are_kept_made_or_new() {
        let unit = |exact, clock| Atom::Unit(Unit { exact, id: Some((1, clock)), kind: 0 });
        let other = Atom::Unit(Unit { exact: 9, id: Some((2, 0)), kind: 7 });
        let found = difference(
            &[unit(1, 1), unit(2, 2), unit(3, 3), unit(4, 4)],
            &[unit(1, 11), unit(22, 2), other, unit(4, 4)],
        );
        assert_eq!(found.fates, [Fate::Same, Fate::Made(1), Fate::New, Fate::Same]);
        assert_eq!(
            found.steps,
            [Step::Keep(2), Step::InsertUnits(1), Step::Delete(1), Step::Keep(1)]
        );
        // The same one is found among others of its kind.
        let found = difference(&[unit(1, 1), unit(2, 2), unit(3, 3)], &[unit(33, 3)]);
        assert_eq!(found.fates, [Fate::Made(2)]);
        assert_eq!(found.steps, [Step::Delete(2), Step::Keep(1)]);
    }

    /// Applies the steps to the old text.
    fn replayed(old: &str, found: &Difference) -> String {
        let old: Vec<u16> = old.encode_utf16().collect();
        let (mut at, mut text) = (0, Vec::new());
        for step in &found.steps {
            match step {
                Step::Keep(len) => {
                    text.extend(&old[at..at + *len as usize]);
                    at += *len as usize;
                }
                Step::Insert(new) => text.extend(new.encode_utf16()),
                Step::InsertUnits(_) => unreachable!("there are none"),
                Step::Delete(len) => at += *len as usize,
            }
        }
        text.extend(&old[at..]);
        String::from_utf16(&text).unwrap()
    }

    #[test]
    fn long_texts_are_compared_between_lines_that_both_have_once() {
        let lines: Vec<String> = (0..8000).map(|line| format!("line {line}\n")).collect();
        let old = lines.concat();
        let mut changed = lines.clone();
        changed[10] = "another\n".to_owned();
        changed.remove(4000);
        changed.insert(7000, "one more\n".to_owned());
        let new = changed.concat();
        let found = difference(&[Atom::Text(&old)], &[Atom::Text(&new)]);
        assert_eq!(replayed(&old, &found), new);
        assert!(found.steps.len() < 12, "{:?}", found.steps);
    }

    #[test]
    fn of_long_texts_of_few_words_no_short_way_is_looked_for() {
        let mut seed = 7_u32;
        let mut dots = || -> String {
            let mut next = || {
                seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12345);
                ['.', ',', ';'][(seed >> 16) as usize % 3]
            };
            (0..100_000).map(|_| next()).collect()
        };
        let (old, new) = (dots(), dots());
        let found = difference(&[Atom::Text(&old)], &[Atom::Text(&new)]);
        assert_eq!(replayed(&old, &found), new);
        assert!(found.steps.len() < 10, "{} steps", found.steps.len());
    }
}
