//! A copy of a document for a program to read or change with yrs itself, apart from the live one.
//!
//! What is changed comes out as an update, to be admitted like anybody's. Belongs on a thread with
//! room to recurse: types may lie in each other.

use bytes::Bytes;
use yrs::{Transact, Update, updates::decoder::Decode};
pub use yrs::{Transaction, TransactionMut};

use super::{held::Held, parser, state::EMPTY};
use crate::ids::ClientId;

/// What cannot be read is the library's to refuse.
fn note_documents(doc: &mut Held, update: &[u8]) {
    if let Ok(update) = parser::Update::parse(update) {
        doc.note_documents(update.documents());
    }
}

/// Reads a whole state; offsets count UTF-16 units, as in every Yjs client.
fn copy(state: &[u8], client: ClientId) -> Result<Held, String> {
    let mut doc = Held::new(client, false);
    note_documents(&mut doc, state);
    let update = Update::decode_v1(state).map_err(|error| error.to_string())?;
    doc.transact_mut().apply_update(update).map_err(|error| error.to_string())?;
    Ok(doc)
}

/// Looks at what a state of ours holds.
///
/// # Errors
/// When it cannot be read.
pub fn read<R>(state: &[u8], look: impl FnOnce(&Transaction<'_>) -> R) -> Result<R, String> {
    let doc = copy(state, ClientId(0))?;
    let transaction = doc.transact();
    Ok(look(&transaction))
}

/// Changes a copy in one transaction; gives what the change returns, and the update that tells the
/// others, or `None` when nothing changed.
///
/// # Errors
/// When the state cannot be read.
pub fn edit<R>(
    state: &[u8],
    client: ClientId,
    change: impl FnOnce(&mut TransactionMut<'_>) -> R,
) -> Result<(R, Option<Bytes>), String> {
    let mut doc = copy(state, client)?;
    let mut transaction = doc.transact_mut();
    let result = change(&mut transaction);
    let update = transaction.encode_update_v1();
    drop(transaction);
    note_documents(&mut doc, &update);
    Ok((result, (update != EMPTY).then(|| update.into())))
}

#[cfg(test)]
mod tests {
    use yrs::{GetString, ReadTxn, Text, WriteTxn};

    use super::*;

    #[test]
    fn a_change_is_an_update_to_the_state_it_was_made_on_and_nothing_is_none() {
        let push = |words: &'static str| {
            move |txn: &mut TransactionMut<'_>| txn.get_or_insert_text("text").push(txn, words)
        };
        let ((), first) = edit(EMPTY, ClientId(1), push("one")).unwrap();
        let first = first.unwrap();
        let ((), second) = edit(&first, ClientId(2), push(" two")).unwrap();
        let both = yrs::merge_updates_v1([&first[..], &second.unwrap()[..]]).unwrap();
        let text = |txn: &Transaction<'_>| txn.get_text("text").unwrap().get_string(txn);
        assert_eq!(read(&both, text).unwrap(), "one two");
        assert_eq!(edit(&both, ClientId(3), |_| ()).unwrap(), ((), None));
        assert!(read(&[7], |_| ()).is_err());
    }
}
