//! Updates that real Yjs editors sent, and known attacks, read from `data`.

use coscribe::crdt::corpus::hostile_updates;

/// Live updates of honest editors, in sessions that build on themselves.
pub(crate) fn sessions() -> Vec<Vec<Vec<u8>>> {
    let mut sessions = vec![Vec::new()];
    for line in include_str!("../../../data/honest/yjs-13.txt").lines() {
        match line.split_once(' ') {
            Some(("L", update)) => sessions.last_mut().expect("one").push(hex(update)),
            // A state: the session ends here.
            Some(("S", _)) => sessions.push(Vec::new()),
            _ => {}
        }
    }
    sessions.retain(|session| !session.is_empty());
    sessions
}

/// Attacks that are short enough to be changed.
pub(crate) fn attacks() -> Vec<Vec<u8>> {
    hostile_updates().into_iter().map(|(_, bytes)| bytes).filter(|it| it.len() <= 2_000).collect()
}

/// Bytes written as two digits each.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.chars().filter_map(|digit| digit.to_digit(16)).map(|it| it as u8).collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
