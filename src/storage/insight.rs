//! What storage asks those who know what documents are made of, when a whole store is written anew.

use crate::clock::Timestamp;

/// Somebody who can read updates and small records.
pub trait Insight {
    /// The client ids that wrote in an update; none when it cannot be read.
    fn clients(&self, update: &[u8]) -> Vec<u64>;

    /// When a small record of this key and value was made, if it says so itself.
    fn since(&self, key: &str, value: &[u8]) -> Option<Timestamp>;

    /// A document without anything in it, to be made of its entries.
    fn document(&self) -> Box<dyn Making + '_>;
}

/// A document that is made of entries, one after the other.
pub trait Making {
    /// Adds an entry's update, or says why it cannot be added; the document is then as it was before.
    ///
    /// # Errors
    /// A sentence for people.
    fn add(&mut self, update: &[u8]) -> Result<(), String>;
}
