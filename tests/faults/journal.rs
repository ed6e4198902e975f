//! What one editor did, what of it was given to a socket, and what was acknowledged.
//!
//! Acknowledgements come in order, so each is a length: the first so many operations.

/// Something an editor does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    /// Inserts the token of this number.
    Insert(u64),
    /// Deletes the token of this number.
    Delete(u64),
    /// Sets the editor's own key of the map; values only grow.
    Set(i64),
}

/// An editor's record.
#[derive(Clone, Debug, Default)]
pub(crate) struct Journal {
    pub(crate) editor: String,
    pub(crate) ops: Vec<Op>,
    /// So many of them may have reached the server.
    pub(crate) sent: usize,
    /// So many of them the server has called saved.
    pub(crate) acked: usize,
}

impl Journal {
    pub(crate) fn new(editor: &str) -> Self {
        Self { editor: editor.to_owned(), ..Self::default() }
    }

    /// The text of a token: unlike any other, and so that a damaged one shows.
    pub(crate) fn token(&self, number: u64) -> String {
        let letter = char::from(b'a' + u8::try_from(number % 26).expect("less than 26"));
        let filler: String = std::iter::repeat_n(letter, (number * 37 % 90) as usize).collect();
        format!("⟦{}:{number}:{filler}⟧", self.editor)
    }

    /// The key of the map that is this editor's.
    pub(crate) fn key(&self) -> String {
        format!("k{}", self.editor)
    }
}
