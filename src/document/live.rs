//! What others may see of a loaded document without asking its actor: its card, and how many are in it.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use crate::crdt::Meta;

#[derive(Debug, Default)]
pub(super) struct Live {
    people: AtomicUsize,
    card: Mutex<Option<Arc<Meta>>>,
}

impl Live {
    pub(super) fn count(&self, people: usize) {
        self.people.store(people, Ordering::Relaxed);
    }

    pub(super) fn people(&self) -> usize {
        self.people.load(Ordering::Relaxed)
    }

    pub(super) fn show(&self, card: Option<Meta>) {
        *self.card.lock().unwrap_or_else(PoisonError::into_inner) = card.map(Arc::new);
    }

    pub(super) fn card(&self) -> Option<Arc<Meta>> {
        self.card.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
