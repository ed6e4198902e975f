//! Whether every client ended with the same document, and all of it: what each received is applied
//! to an empty replica after the measured time and compared with everything that was written.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{edits::ROOT, inbox::Inbox};
use crate::{crdt::replica::Replica, ids::ClientId};

/// Complaints that are told; the rest is counted.
const TOLD: usize = 5;

/// Writes nothing, so that its number does not matter.
const JUDGE: ClientId = ClientId(1);

/// What came of the clients.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Convergence {
    /// How many there were.
    pub clients: u64,
    /// How many ended with everything that was written.
    pub converged: u64,
    /// Edits that did not arrive where they should, counted for each client.
    pub lost: u64,
    /// How many could not be judged, for want of room to keep what they received.
    pub unjudged: u64,
    /// Edits whose writers wait for an answer in vain.
    #[serde(default)]
    pub unanswered: u64,
    /// What was wrong with the first of the others.
    pub complaints: Vec<String>,
}

/// One client at its end.
#[derive(Debug)]
pub struct End {
    /// What it received and wrote.
    pub inbox: Inbox,
    /// How many edits it should have seen.
    pub expected: u64,
    /// How its connection ended, if not by itself.
    pub gone: Option<String>,
}

impl Convergence {
    /// Whether there is nothing to complain of.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.converged == self.clients && self.unanswered == 0
    }

    /// Judges the clients of one document in which `written` was written on top of what was there.
    pub fn judge(&mut self, document: &str, written: &[&[u8]], ends: &[End]) {
        let mut texts: HashMap<u64, Result<String, String>> = HashMap::new();
        let base = ends.iter().find_map(|end| end.inbox.earlier());
        let whole = text_of(base.into_iter().flatten().chain(written.iter().copied()));
        for (index, end) in ends.iter().enumerate() {
            self.clients += 1;
            let missing = end.expected.saturating_sub(end.inbox.seen());
            self.lost += missing;
            let complaint = if let Some(gone) = &end.gone {
                gone.clone()
            } else if missing > 0 {
                format!("lacks {missing} of {} edits", end.expected)
            } else if let Some(updates) = end.inbox.updates() {
                let text = texts.entry(end.inbox.digest()).or_insert_with(|| text_of(updates));
                match (&*text, &whole) {
                    (Ok(text), Ok(whole)) if text == whole => {
                        self.converged += 1;
                        continue;
                    }
                    (Ok(_), Ok(_)) => "ended with another text".to_owned(),
                    (Err(error), _) | (_, Err(error)) => error.clone(),
                }
            } else {
                self.unjudged += 1;
                "received more than may be kept; allow more with --keep".to_owned()
            };
            if self.complaints.len() < TOLD {
                self.complaints.push(format!("client {index} of {document}: {complaint}"));
            }
        }
    }
}

fn text_of<'a>(updates: impl Iterator<Item = &'a [u8]>) -> Result<String, String> {
    let mut replica = Replica::new(JUDGE, ROOT);
    for update in updates {
        replica.apply(update).map_err(|error| format!("received what is {error}"))?;
    }
    Ok(replica.text())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{super::edits::Typist, super::inbox::Room, *};

    fn end(updates: &[Bytes], seen: u64, room: &Room) -> End {
        let mut inbox = Inbox::new(1, room.clone());
        for update in updates {
            inbox.keep(update);
        }
        for number in 0..seen {
            inbox.see(0, number);
        }
        End { inbox, expected: 3, gone: None }
    }

    fn written() -> Vec<Bytes> {
        let typist = Typist::new(7, 0, 8);
        (0..3).map(|number| typist.edit(number)).collect()
    }

    fn judged(ends: &[End]) -> Convergence {
        let written = written();
        let mut convergence = Convergence::default();
        let bytes: Vec<&[u8]> = written.iter().map(|it| &it[..]).collect();
        convergence.judge("doc", &bytes, ends);
        convergence
    }

    #[test]
    fn everybody_with_everything_in_any_order_has_converged() {
        let (edits, room) = (written(), Room::new(10_000));
        let backwards: Vec<Bytes> = edits.iter().rev().cloned().collect();
        let found = judged(&[end(&edits, 3, &room), end(&backwards, 3, &room)]);
        assert_eq!((found.clients, found.converged, found.is_whole()), (2, 2, true));
    }

    #[test]
    fn who_lacks_an_edit_is_named() {
        let (edits, room) = (written(), Room::new(10_000));
        let found = judged(&[end(&edits, 3, &room), end(&edits[..2], 2, &room)]);
        assert_eq!((found.converged, found.lost, found.is_whole()), (1, 1, false));
        assert_eq!(found.complaints, ["client 1 of doc: lacks 1 of 3 edits"]);
    }

    #[test]
    fn marks_alone_do_not_make_a_text() {
        let (edits, room) = (written(), Room::new(10_000));
        let found = judged(&[end(&edits, 3, &room), end(&edits[1..], 3, &room)]);
        assert_eq!(found.complaints, ["client 1 of doc: ended with another text"]);
    }

    #[test]
    fn what_nobody_wrote_is_another_text_also_when_everybody_has_it() {
        let (edits, room) = (written(), Room::new(10_000));
        let spoiled = || {
            let mut end = end(&edits, 3, &room);
            end.inbox.keep(&Typist::new(8, 0, 8).edit(0));
            end
        };
        let found = judged(&[spoiled(), spoiled()]);
        assert_eq!((found.converged, found.complaints.len()), (0, 2));
    }

    #[test]
    fn who_cannot_be_judged_has_not_converged() {
        let edits = written();
        let found = judged(&[end(&edits, 3, &Room::new(10_000)), end(&edits, 3, &Room::new(9))]);
        assert_eq!((found.converged, found.unjudged, found.is_whole()), (1, 1, false));
    }

    #[test]
    fn who_was_sent_away_has_not_converged() {
        let (edits, room) = (written(), Room::new(10_000));
        let mut sent_away = end(&edits, 3, &room);
        sent_away.gone = Some("the server closed the connection".to_owned());
        assert!(!judged(&[sent_away]).is_whole());
    }
}
