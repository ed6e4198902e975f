//! Panics of the server, which its runtime would swallow: noted on the thread of their world.

use std::{cell::RefCell, panic, sync::Once};

thread_local! {
    static NOTED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// From now on panics are noted.
pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            NOTED.with_borrow_mut(|noted| noted.push(format!("the server panicked: {panic}")));
            before(panic);
        }));
    });
}

/// Those since the last call.
pub(crate) fn take() -> Vec<String> {
    NOTED.take()
}
