//! Saved documents (`.coscribe`) that somebody sent.

use std::sync::Arc;

use coscribe::{
    clock::{Clock, TestClock},
    crdt,
    history::saved::{Bounds, take_in},
};

use super::{
    Input,
    bytes::{put_number, put_piece},
    checksums,
};

const BOUNDS: Bounds = Bounds { update_bytes: 32 << 10, bytes: 256 << 10, entries: 500 };

/// A file as it is, with right checksums, or made of blocks.
pub(super) fn run(data: &[u8]) {
    let mut input = Input(data);
    let how = input.byte();
    let file = match how % 3 {
        0 => input.rest().to_vec(),
        1 => {
            let mut file = input.rest().to_vec();
            checksums::saved(&mut file);
            file
        }
        _ => of_blocks(&mut input),
    };
    let clock: Arc<dyn Clock> = Arc::new(TestClock::default());
    let document = crdt::Bounds { update_bytes: 32 << 10, document_bytes: 96 << 10 };
    let Ok(admitted) = take_in(&file[..], BOUNDS, document, &clock) else { return };
    assert_eq!(admitted.header.entries, admitted.entries.len() as u64, "others than promised");
    let sound = |entry: u64| entry <= admitted.entries.len() as u64;
    assert!(admitted.versions.iter().all(|version| sound(version.entry)), "a version of nothing");
}

/// A kind before each block's contents; the end is put right.
fn of_blocks(input: &mut Input<'_>) -> Vec<u8> {
    let mut file = [b"CosDoc\r\n", &1_u32.to_le_bytes()[..]].concat();
    let mut blocks = 0;
    while !input.is_empty() {
        let kind = 1 + input.byte() % 4;
        block(&mut file, kind, input.piece());
        blocks += 1;
    }
    let mut end = crc32fast::hash(&file).to_le_bytes().to_vec();
    put_number(&mut end, blocks);
    block(&mut file, 5, &end);
    file
}

fn block(file: &mut Vec<u8>, kind: u8, contents: &[u8]) {
    let stored = zstd::bulk::compress(contents, 1).expect("it compresses");
    let mut head = vec![kind];
    head.extend((contents.len() as u32).to_le_bytes());
    head.extend((stored.len() as u32).to_le_bytes());
    head.extend(crc32fast::hash(&stored).to_le_bytes());
    head.extend(crc32fast::hash(&head).to_le_bytes());
    file.extend(head);
    file.extend(stored);
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let files: [&[u8]; 4] = [
        include_bytes!("../../../data/poem.coscribe"),
        include_bytes!("../../../data/mistake.coscribe"),
        include_bytes!("../../../data/hostile-saved/poison.coscribe"),
        include_bytes!("../../../data/hostile-saved/quiet-bomb.coscribe"),
    ];
    let mut seeds = Vec::new();
    for file in files {
        seeds.push([&[0][..], file].concat());
        seeds.push([&[1][..], file].concat());
        seeds.extend(blocks_of(file));
    }
    seeds
}

/// The same file as blocks that are not packed.
fn blocks_of(file: &[u8]) -> Option<Vec<u8>> {
    let mut seed = vec![2];
    let mut rest = file.get(12..)?;
    while rest.len() > 17 && rest[0] < 5 {
        let word =
            |at: usize| u32::from_le_bytes([rest[at], rest[at + 1], rest[at + 2], rest[at + 3]]);
        let (raw, stored) = (word(1) as usize, word(5) as usize);
        let contents = zstd::bulk::decompress(rest.get(17..17 + stored)?, raw.min(60_000)).ok()?;
        seed.push(rest[0] - 1);
        put_piece(&mut seed, &contents);
        rest = &rest[17 + stored..];
    }
    Some(seed)
}
