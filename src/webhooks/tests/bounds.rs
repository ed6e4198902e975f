//! A receiver that never answers, edits that are many, contents that take their time: on a clock
//! that goes on only when nothing else does.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::*;
use crate::{
    limits::{WEBHOOK_CONTENTS, WEBHOOK_READ_BYTES, WEBHOOK_TIMEOUT},
    storage::held::Held,
};

/// A clock that goes on with that of tokio.
struct Virtual(Instant);

impl Clock for Virtual {
    fn now(&self) -> Timestamp {
        Timestamp(u64::try_from(self.elapsed().as_millis()).unwrap())
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// A receiver that hands on when it was tried with what, and what came of it in the end.
struct Deaf {
    /// So many requests it does not answer.
    silent: Mutex<usize>,
    told: mpsc::Sender<(Value, Instant)>,
    given_up: mpsc::Sender<Instant>,
}

/// Says when it is dropped.
struct Dropped<'a>(&'a mpsc::Sender<Instant>);

impl Drop for Dropped<'_> {
    fn drop(&mut self) {
        self.0.try_send(Instant::now()).unwrap();
    }
}

impl Deaf {
    fn is_silent(&self) -> bool {
        let mut left = lock(&self.silent);
        let is_silent = *left > 0;
        *left = left.saturating_sub(1);
        is_silent
    }
}

impl Post for Deaf {
    fn post(&self, message: Message) -> Waiting<'_, Result<u16, String>> {
        Box::pin(async move {
            let event = serde_json::from_slice(&message.body).unwrap();
            self.told.try_send((event, Instant::now())).unwrap();
            if self.is_silent() {
                let _told = Dropped(&self.given_up);
                std::future::pending::<()>().await;
            }
            Ok(204)
        })
    }
}

/// Contents that take a second each, and count how many are made at once.
#[derive(Default)]
struct Slow {
    now: Mutex<usize>,
    most: Mutex<usize>,
}

impl Contents for Slow {
    fn read<'a>(
        &'a self,
        _: &'a DocumentName,
        _: Form,
    ) -> Waiting<'a, Result<Option<Bytes>, String>> {
        Box::pin(async move {
            let now = *lock(&self.now) + 1;
            *lock(&self.now) = now;
            let most = now.max(*lock(&self.most));
            *lock(&self.most) = most;
            sleep(Duration::from_secs(1)).await;
            *lock(&self.now) -= 1;
            Ok(Some(Bytes::from_static(b"words")))
        })
    }
}

/// A server's life, and what its receivers hand on.
struct Watching {
    store: Arc<dyn Store>,
    told: mpsc::Receiver<(Value, Instant)>,
    given_up: mpsc::Receiver<Instant>,
    _stop: watch::Sender<bool>,
}

/// Begins to tell receivers of these names of changes; the first requests are not answered.
async fn watching(
    store: Arc<dyn Store>,
    names: &[&str],
    silent: usize,
    contents: Arc<dyn Contents>,
) -> Watching {
    let clock: Arc<dyn Clock> = Arc::new(Virtual(Instant::now()));
    let (tell, told) = mpsc::channel(1000);
    let (give_up, given_up) = mpsc::channel(1000);
    let deaf = Deaf { silent: Mutex::new(silent), told: tell, given_up: give_up };
    let post: Arc<dyn Post> = Arc::new(deaf);
    let kinds: Kinds = [Kind::Changed].into_iter().collect();
    let targets = names
        .iter()
        .map(|name| (Target { name: name.parse().unwrap(), ..target(kinds) }, Arc::clone(&post)));
    let webhooks = Webhooks::open(store, Arc::clone(&clock), targets.collect()).await.unwrap();
    let store = webhooks.store();
    let (stop, stopped) = watch::channel(false);
    let random = Arc::new(SeededRandom::new(5));
    webhooks.start(&Surroundings { clock, random, contents, meter: Arc::default() }, &stopped);
    Watching { store, told, given_up, _stop: stop }
}

impl Watching {
    async fn begin(&self, number: u64, entries: Vec<Entry>) {
        let (id, name) = (conformance::id(number), conformance::name(&format!("d{number}")));
        self.store.create(&name, id, Timestamp(7)).await.unwrap();
        self.store.append(id, entries).await.unwrap();
    }

    async fn next(&mut self) -> (Value, Instant) {
        let next = timeout(Duration::from_hours(1), self.told.recv()).await;
        next.expect("is told for ever of nothing").unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_never_answers_is_given_up_and_told_the_same_again() {
    let mut it = watching(Arc::new(Memory::new()), &["main"], 1, Arc::new(Words)).await;
    it.begin(1, vec![conformance::entry("x")]).await;
    let (first, began) = it.next().await;
    let (again, _) = it.next().await;
    assert_eq!(again["id"], first["id"]);
    let waited = it.given_up.recv().await.unwrap() - began;
    assert_eq!(waited.as_secs(), WEBHOOK_TIMEOUT.as_secs());
}

#[tokio::test(start_paused = true)]
async fn many_edits_are_read_piece_by_piece_and_told_as_one() {
    let store = Held::new();
    let inner = Arc::clone(&store) as Arc<dyn Store>;
    let mut it = watching(inner, &["main"], 0, Arc::new(Words)).await;
    let by = |number: usize| {
        let author = Arc::new(Author::verified(&format!("u-{number}"), "Somebody"));
        Entry { author, ..conformance::entry(vec![b'x'; WEBHOOK_READ_BYTES / 2]) }
    };
    it.begin(1, (0..5).map(by).collect()).await;
    let (event, _) = it.next().await;
    assert_eq!(short(&event), "d1 changed 1-5");
    assert_eq!(event["data"]["authors"].as_array().map(Vec::len), Some(5));
    assert_eq!(*lock(&store.pages), [WEBHOOK_READ_BYTES; 3]);
}

#[tokio::test(start_paused = true)]
async fn so_many_contents_are_made_at_once_for_all_receivers_together() {
    let contents = Arc::<Slow>::default();
    let made = Arc::clone(&contents) as Arc<dyn Contents>;
    let mut it = watching(Arc::new(Memory::new()), &["one", "two"], 0, made).await;
    for number in 1..=8 {
        it.begin(number, vec![conformance::entry("x")]).await;
    }
    for _ in 0..16 {
        it.next().await;
    }
    assert_eq!(*lock(&contents.most), WEBHOOK_CONTENTS);
}
