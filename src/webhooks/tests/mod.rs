//! Receivers that come and go, on a store in memory.

mod bounds;

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use serde_json::Value;
use tokio::{sync::mpsc, task::yield_now};

use super::*;
use crate::{
    auth::Signer,
    clock::{SystemClock, Timestamp},
    identity::Author,
    ids::{DocumentId, Seq},
    limits::{WEBHOOK_AUTHORS, WEBHOOK_REQUESTS, WEBHOOK_TURN},
    random::SeededRandom,
    storage::{Entry, conformance, memory::Memory, versions},
    telemetry::meter::Outcome,
};

const SECRET: &str = "a secret that is long enough";

struct Words;

impl Contents for Words {
    fn read<'a>(
        &'a self,
        document: &'a DocumentName,
        _: Form,
    ) -> Waiting<'a, Result<Option<Bytes>, String>> {
        Box::pin(async move { Ok(Some(format!("words of {document}").into())) })
    }
}

/// A receiver. It hands on what it takes, in order.
struct Receiver {
    taken: mpsc::Sender<Value>,
    ids: Mutex<Vec<String>>,
    answer: Mutex<Result<u16, String>>,
    busy: Mutex<BTreeMap<String, usize>>,
    most: Mutex<usize>,
    tried: watch::Sender<usize>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Post for Receiver {
    fn post(&self, message: Message) -> Waiting<'_, Result<u16, String>> {
        Box::pin(async move {
            let signer = Signer::new(&[SECRET.into()]).unwrap();
            let expected = signer.sign(&message.id, message.seconds, &message.body);
            assert_eq!(message.signature, expected);
            let event: Value = serde_json::from_slice(&message.body).unwrap();
            assert_eq!(event["id"], message.id);
            let document = event["data"]["document"].as_str().unwrap().to_owned();
            {
                let mut busy = lock(&self.busy);
                let here = busy.entry(document.clone()).or_default();
                *here += 1;
                assert_eq!(*here, 1, "one request at a time about {document}");
                let all = busy.values().sum::<usize>();
                let mut most = lock(&self.most);
                *most = all.max(*most);
            }
            for _ in 0..4 {
                yield_now().await;
            }
            *lock(&self.busy).get_mut(&document).unwrap() -= 1;
            let answer = lock(&self.answer).clone();
            if matches!(answer, Ok(200..=299)) {
                lock(&self.ids).push(message.id);
                self.taken.send(event).await.unwrap();
            }
            self.tried.send_modify(|tried| *tried += 1);
            answer
        })
    }
}

/// A server's life with one receiver.
struct Life {
    store: Arc<dyn Store>,
    receiver: Arc<Receiver>,
    taken: mpsc::Receiver<Value>,
    meter: Arc<Meter>,
    stop: watch::Sender<bool>,
}

fn target(kinds: Kinds) -> Target {
    Target {
        name: "main".parse().unwrap(),
        signer: Signer::new(&[SECRET.into()]).unwrap(),
        kinds,
        content: Some(Form::Text),
        debounce: std::time::Duration::from_millis(20),
    }
}

async fn live(store: &Arc<Memory>, kinds: Kinds) -> Life {
    let (sender, taken) = mpsc::channel(100_000);
    let receiver = Arc::new(Receiver {
        taken: sender,
        ids: Mutex::default(),
        answer: Mutex::new(Ok(204)),
        busy: Mutex::default(),
        most: Mutex::default(),
        tried: watch::channel(0).0,
    });
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let post = Arc::clone(&receiver) as Arc<dyn Post>;
    let inner = Arc::clone(store) as Arc<dyn Store>;
    let webhooks =
        Webhooks::open(inner, Arc::clone(&clock), vec![(target(kinds), post)]).await.unwrap();
    let store = webhooks.store();
    let (stop, stopped) = watch::channel(false);
    let random = Arc::new(SeededRandom::new(5));
    let contents = Arc::new(Words);
    let meter = Arc::<Meter>::default();
    let counted = Arc::clone(&meter);
    webhooks.start(&Surroundings { clock, random, contents, meter: counted }, &stopped);
    Life { store, receiver, taken, meter, stop }
}

impl Life {
    async fn begin(&self, name: &str, number: u64) -> DocumentId {
        let id = conformance::id(number);
        self.store.create(&conformance::name(name), id, Timestamp(7)).await.unwrap();
        self.edit(id, 1).await;
        id
    }

    async fn edit(&self, id: DocumentId, times: usize) {
        let entries = (0..times).map(|_| conformance::entry("x")).collect();
        self.store.append(id, entries).await.unwrap();
    }

    /// The next event in short.
    async fn next(&mut self) -> String {
        short(&self.taken.recv().await.unwrap())
    }

    fn answer(&self, answer: Result<u16, String>) {
        *lock(&self.receiver.answer) = answer;
    }

    /// Waits until so many requests were made.
    async fn tried(&self, times: usize) {
        self.receiver.tried.subscribe().wait_for(|tried| *tried >= times).await.unwrap();
    }

    fn kill(self) {
        self.stop.send_replace(true);
    }
}

fn short(event: &Value) -> String {
    let data = &event["data"];
    let kind = event["type"].as_str().unwrap().trim_start_matches("document.");
    let more = match kind {
        "changed" => format!(" {}-{}", data["from"], data["to"]),
        "renamed" => format!(" from {}", data["previous"]),
        "deleted" => format!(" {}", data["forever"]),
        "version" => format!(" {}", data["version"]["name"]),
        _ => String::new(),
    };
    format!("{} {kind}{more}", data["document"].as_str().unwrap())
}

#[tokio::test]
async fn what_happens_to_a_document_is_told_in_order() {
    let mut life = live(&Arc::default(), Kinds::ALL).await;
    let a = life.begin("a", 1).await;
    assert_eq!(life.next().await, "a created");
    let told = life.taken.recv().await.unwrap();
    assert_eq!(short(&told), "a changed 1-1");
    assert_eq!(told["data"]["authors"][0]["name"], "Ada");
    assert_eq!(told["data"]["content"]["value"], "words of a");
    life.edit(a, 2).await;
    life.edit(a, 3).await;
    assert_eq!(life.next().await, "a changed 2-6", "edits in quick succession are one event");
    life.store.rename(a, &conformance::name("b"), Timestamp(8)).await.unwrap();
    assert_eq!(life.next().await, "b renamed from \"a\"");
    life.store.put_record(a, "bin", 0, Some(Bytes::from_static(b"{}"))).await.unwrap();
    assert_eq!(life.next().await, "b deleted false");
    life.store.put_record(a, "bin", 1, None).await.unwrap();
    assert_eq!(life.next().await, "b restored");
    let version = versions::Version {
        id: "0123".to_owned(),
        name: "Draft".to_owned(),
        seq: Seq(2),
        time: Timestamp(9),
        author: conformance::entry("x").author,
        automatic: false,
        extent: None,
    };
    versions::add(&*life.store, a, &version).await.unwrap();
    assert_eq!(life.next().await, "b version \"Draft\"");
    life.store.delete(a, Timestamp(10), Vec::new()).await.unwrap();
    assert_eq!(life.next().await, "b deleted true");
    let ids = lock(&life.receiver.ids).clone();
    let numbers: Vec<_> = ids.iter().map(|id| id.rsplit('_').next().unwrap()).collect();
    assert_eq!(numbers, ["1", "2", "3", "4", "5", "6", "7", "end"]);
    let left = life.store.records(DocumentId::STORE, "webhook-ended").await.unwrap();
    assert_eq!(left, [], "what was told is not kept");
}

#[tokio::test]
async fn what_a_dead_process_left_untold_is_told_by_the_next_and_the_rest_is_not_told_again() {
    let store = Arc::default();
    let mut life = live(&store, Kinds::ALL).await;
    let a = life.begin("a", 1).await;
    let b = life.begin("b", 2).await;
    for _ in 0..4 {
        life.next().await;
    }
    life.answer(Err("nobody there".to_owned()));
    let so_far = *life.receiver.tried.borrow();
    life.edit(a, 2).await;
    let c = life.begin("c", 3).await;
    life.store.rename(a, &conformance::name("z"), Timestamp(8)).await.unwrap();
    life.store.delete(b, Timestamp(10), Vec::new()).await.unwrap();
    life.tried(so_far + 3).await;
    life.kill();
    let mut life = live(&store, Kinds::ALL).await;
    let mut told = Vec::new();
    for _ in 0..5 {
        told.push(life.next().await);
    }
    told.sort_unstable();
    let expected =
        ["b deleted true", "c changed 1-1", "c created", "z changed 2-3", "z renamed from \"a\""];
    assert_eq!(told, expected);
    life.kill();
    let mut life = live(&store, Kinds::ALL).await;
    life.edit(c, 1).await;
    assert_eq!(life.next().await, "c changed 2-2", "the first thing that the third process tells");
}

#[tokio::test]
async fn an_event_that_was_begun_keeps_its_id_and_its_edits() {
    // Led elsewhere is not taken either: nobody else gets what is signed for this receiver.
    for status in [500, 302] {
        let store = Arc::default();
        let life = live(&store, [Kind::Changed].into_iter().collect()).await;
        life.answer(Ok(status));
        let a = life.begin("a", 1).await;
        life.tried(1).await;
        let claimed = told::remembered(&*life.store, a, &"main".parse().unwrap()).await.unwrap().0;
        let id = claimed.unwrap().id(&"main".parse().unwrap(), a);
        life.edit(a, 4).await;
        life.kill();
        let mut life = live(&store, [Kind::Changed].into_iter().collect()).await;
        assert_eq!(life.next().await, "a changed 1-1");
        assert_eq!(life.next().await, "a changed 2-5");
        assert_eq!(lock(&life.receiver.ids)[0], id);
    }
}

#[tokio::test]
async fn a_new_receiver_hears_nothing_of_what_was_there_before() {
    let store: Arc<Memory> = Arc::default();
    let old = conformance::id(1);
    store.create(&conformance::name("old"), old, Timestamp(7)).await.unwrap();
    store.append(old, vec![conformance::entry("x")]).await.unwrap();
    let mut life = live(&store, Kinds::ALL).await;
    life.begin("new", 2).await;
    assert_eq!(life.next().await, "new created");
    assert_eq!(life.next().await, "new changed 1-1");
    life.edit(old, 1).await;
    assert_eq!(life.next().await, "old changed 2-2");
}

#[tokio::test]
async fn a_name_that_only_was_reserved_is_never_told_of() {
    let mut life = live(&Arc::default(), Kinds::ALL).await;
    let ghost = conformance::id(1);
    life.store.create(&conformance::name("ghost"), ghost, Timestamp(7)).await.unwrap();
    life.store.delete(ghost, Timestamp(8), vec![1]).await.unwrap();
    life.begin("a", 2).await;
    assert_eq!(life.next().await, "a created");
    assert_eq!(life.next().await, "a changed 1-1");
    life.begin("b", 3).await;
    assert_eq!(life.next().await, "b created", "nothing came in between");
}

#[tokio::test]
async fn documents_are_told_of_at_the_same_time_and_no_more_than_may_be() {
    let mut life = live(&Arc::default(), [Kind::Created].into_iter().collect()).await;
    for number in 0..200 {
        life.begin(&format!("d{number}"), number + 1).await;
    }
    for _ in 0..200 {
        life.next().await;
    }
    assert_eq!(*lock(&life.receiver.most), WEBHOOK_REQUESTS);
}

#[tokio::test]
async fn an_event_names_so_many_authors_and_a_document_has_its_turn_and_no_more() {
    let mut life = live(&Arc::default(), Kinds::ALL).await;
    let a = life.begin("a", 1).await;
    assert_eq!([life.next().await, life.next().await], ["a created", "a changed 1-1"]);
    let by = |number: usize| {
        let author = Arc::new(Author::verified(&format!("u-{number}"), "Somebody"));
        Entry { author, ..conformance::entry("x") }
    };
    life.store.append(a, (0..=WEBHOOK_AUTHORS).map(by).collect()).await.unwrap();
    let told = life.taken.recv().await.unwrap();
    assert_eq!(told["data"]["authors"].as_array().map(Vec::len), Some(WEBHOOK_AUTHORS));
    let mut expected = Vec::new();
    for number in 0..WEBHOOK_TURN + 2 {
        let version = versions::Version {
            id: format!("{number:04}"),
            name: format!("v{number:02}"),
            seq: Seq(1),
            time: Timestamp(9),
            author: conformance::entry("x").author,
            automatic: false,
            extent: None,
        };
        expected.push(format!("a version \"v{number:02}\""));
        versions::add(&*life.store, a, &version).await.unwrap();
    }
    let mut told = Vec::new();
    for _ in &expected {
        told.push(life.next().await);
    }
    told.sort_unstable();
    assert_eq!(told, expected, "what is left of a turn comes with the next");
}

#[tokio::test]
async fn what_waits_for_a_receiver_is_counted_until_it_is_told() {
    let mut life = live(&Arc::default(), [Kind::Changed].into_iter().collect()).await;
    life.answer(Ok(503));
    for number in 1..=3 {
        life.begin(&format!("a{number}"), number).await;
    }
    life.tried(3).await;
    let waiting = || life.meter.webhooks_waiting.get();
    while waiting() != 3 {
        yield_now().await;
    }
    assert!(life.meter.webhooks[Outcome::Failed].get() >= 3);
    life.answer(Ok(204));
    for _ in 0..3 {
        life.taken.recv().await.unwrap();
    }
    while life.meter.webhooks_waiting.get() != 0 {
        yield_now().await;
    }
}

#[tokio::test]
async fn a_receiver_that_says_that_it_is_gone_for_good_is_left_alone_until_the_next_start() {
    let store = Arc::default();
    let life = live(&store, [Kind::Changed].into_iter().collect()).await;
    life.answer(Ok(410));
    let a = life.begin("a", 1).await;
    life.tried(1).await;
    life.answer(Ok(200));
    life.edit(a, 1).await;
    let before = Arc::clone(&life.receiver);
    let gone = life;
    let mut life = live(&store, [Kind::Changed].into_iter().collect()).await;
    assert_eq!(life.next().await, "a changed 1-1");
    assert_eq!(life.next().await, "a changed 2-2");
    assert_eq!(*before.tried.borrow(), 1, "although it had as long as the next");
    gone.kill();
}
