//! One update on its way to many connections: encoded once and queued for each.

use std::{
    collections::VecDeque,
    sync::Mutex,
    task::{Context, Waker},
};

use bytes::Bytes;
use coscribe::{
    document::Outbox,
    protocol::{Address, ServerMessage},
};

use crate::{Bench, Side};

/// Connections of the document.
const RECEIVERS: usize = 200;

/// Updates of one round.
const UPDATES: usize = 2_000;

/// Bytes taken from a queue at a time, as the connections do.
const TAKEN: usize = 16 << 10;

pub(crate) fn run(bench: &Bench) {
    if !bench.is_wanted("fan-out") {
        return;
    }
    let update = Bytes::from(vec![7; 40]);
    bench.compare(
        "fan-out",
        Side { name: "encoded once, outboxes", run: &mut || ours(&update) },
        Side { name: "copied to plain queues", run: &mut || copies(&update) },
    );
}

fn ours(update: &Bytes) -> u64 {
    let outboxes: Vec<_> = (0..RECEIVERS).map(|_| Outbox::new(1 << 20)).collect();
    let mut context = Context::from_waker(Waker::noop());
    let mut taken = Vec::new();
    for number in 0..UPDATES {
        let message = ServerMessage::Update(update.clone());
        let frame = Address::None.encode(&message).expect("every dialect has updates");
        for outbox in &outboxes {
            if !outbox.is_full() {
                outbox.push(frame.clone());
            }
        }
        if number % 16 == 15 {
            for outbox in &outboxes {
                let _ready = outbox.poll_take(&mut context, TAKEN, &mut taken);
                taken.clear();
            }
        }
    }
    (UPDATES * RECEIVERS) as u64
}

/// What a server does that does not share: a copy of the frame for each.
fn copies(update: &Bytes) -> u64 {
    let queues: Vec<_> = (0..RECEIVERS).map(|_| Mutex::new(VecDeque::new())).collect();
    for number in 0..UPDATES {
        for queue in &queues {
            let mut frame = Vec::with_capacity(update.len() + 3);
            frame.extend([0, 2, 40]);
            frame.extend(update);
            queue.lock().expect("nobody panics").push_back(frame);
        }
        if number % 16 == 15 {
            for queue in &queues {
                queue.lock().expect("nobody panics").clear();
            }
        }
    }
    (UPDATES * RECEIVERS) as u64
}
