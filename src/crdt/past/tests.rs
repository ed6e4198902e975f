//! What an entry did, however it was found out.

use super::*;
use crate::{
    crdt::replica::Replica,
    random::{Random, SeededRandom},
};

const META: &[u8] = &[1, 1, 5, 0, 0x28, 1, 4, b'm', b'e', b't', b'a', 1, b'k', 1, 119, 1, b'x', 0];

/// Two people who type into one text, with an entry of a map in between now and then.
fn log(seed: u64, edits: usize, metas: usize) -> Vec<Bytes> {
    let random = SeededRandom::new(seed);
    let below = |end: u32| u32::try_from(random.below(u64::from(end.max(1)))).unwrap();
    let mut people = [Replica::new(ClientId(11), "text"), Replica::new(ClientId(77), "text")];
    let mut log: Vec<Bytes> = Vec::new();
    while log.len() < edits {
        let who = below(2) as usize;
        let ((), update) = people[who].edit(|text| {
            let at = below(text.len() + 1);
            match below(3) {
                0 => text.delete(at, below(5).min(text.len() - at)).unwrap(),
                _ => text.insert(at, "abc").unwrap(),
            }
        });
        if below(2) == 0 {
            for update in &log {
                people[who].apply(update).unwrap();
            }
        }
        log.extend(update);
    }
    for meta in 0..metas {
        let mut entry = META.to_vec();
        entry[2] = 100 + u8::try_from(meta).unwrap();
        log.insert(below(u32::try_from(log.len()).unwrap()) as usize, entry.into());
    }
    log
}

fn steps(past: &mut Past, log: &[Bytes]) -> Vec<Step> {
    log.iter().map(|update| past.replay(update).unwrap()).collect()
}

#[test]
fn a_flat_text_is_replayed_without_the_library_and_to_the_same_end() {
    for (seed, metas) in [(1, 0), (2, 3), (3, 20)] {
        let log = log(seed, 300, metas);
        let (mut quick, mut careful) = (Past::default(), Past::default());
        careful.remakes = REMAKES;
        assert_eq!(steps(&mut quick, &log), steps(&mut careful, &log), "seed {seed}");
        assert_eq!(quick.engine.is_none(), metas < 20, "it is made at most {REMAKES} times");
    }
}

#[test]
fn what_follows_from_the_tree_is_told() {
    // A paragraph with a text with a letter in it, and then all of it deleted by its root.
    let tree = [
        1, 3, 5, 0, //
        7, 1, 4, b'p', b'a', b'g', b'e', 3, 1, b'p', //
        7, 0, 5, 0, 6, //
        4, 0, 5, 1, 1, b'x', //
        0,
    ];
    let delete = [0, 1, 5, 1, 0, 1];
    let mut past = Past::default();
    let told = steps(&mut past, &[tree.to_vec().into(), delete.to_vec().into()]);
    assert_eq!(told[0], Step { inserted: vec![(0, 3)], deleted: vec![] });
    assert_eq!(told[1], Step { inserted: vec![], deleted: vec![(0, 0, 3)] });
}

#[test]
fn a_map_entry_that_another_replaces_is_deleted() {
    let again = [1, 1, 5, 1, 0xa8, 5, 0, 1, 119, 1, b'y', 0];
    let mut past = Past::default();
    let told = steps(&mut past, &[Bytes::from_static(META), again.to_vec().into()]);
    assert_eq!(told[1], Step { inserted: vec![(0, 1)], deleted: vec![(0, 0, 1)] });
}

#[test]
fn letters_typed_one_by_one_are_one_block_and_can_be_cut_anywhere() {
    let mut ada = Replica::new(ClientId(7), "text");
    let letters = "eine längere Zeile";
    let mut past = Past::default();
    let mut bytes = 0;
    for letter in letters.chars() {
        let update = ada.edit(|text| text.push(&letter.to_string())).1.unwrap();
        bytes += update.len();
        past.replay(&update).unwrap();
    }
    let end = u32::try_from(letters.chars().count()).unwrap();
    let whole = past.inserted(&[], &[end]);
    assert!(whole.len() < 40 && whole.len() < bytes / 5, "{} bytes", whole.len());
    for cut in 0..=end {
        let mut copy = Replica::new(ClientId(1), "text");
        copy.apply(&past.inserted(&[], &[cut])).unwrap();
        assert_eq!(copy.text(), letters.chars().take(cut as usize).collect::<String>());
        copy.apply(&past.inserted(&[cut], &[end])).unwrap();
        assert_eq!(copy.text(), letters);
    }
}
