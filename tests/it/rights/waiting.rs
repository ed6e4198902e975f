//! Rights that take their time: who waits for them holds up nobody, and hears nothing meanwhile.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use coscribe::{
    Server,
    auth::{Answering, Authorizer, Denied, Grant, Question},
    identity::Access,
};
use tokio::sync::watch;

use super::wire::{Dialect, EDIT, SYNC_STEP1, Wire, sync};

/// Answers for a document as the test says, when it says so: the oldest answer to the first
/// question, and the last one to all that follow. Tokens that say `owner` are never kept waiting.
struct Gate {
    answers: Mutex<BTreeMap<String, Vec<Result<Access, Denied>>>>,
    /// Documents whose questions are answered.
    open: watch::Sender<Vec<&'static str>>,
    /// What was asked so far.
    asked: watch::Sender<Vec<String>>,
}

impl Gate {
    fn new(answers: &[(&str, &[Result<Access, Denied>])]) -> Arc<Self> {
        let answers = answers.iter().map(|(name, answers)| ((*name).to_owned(), answers.to_vec()));
        Arc::new(Self {
            answers: Mutex::new(answers.collect()),
            open: watch::Sender::new(Vec::new()),
            asked: watch::Sender::new(Vec::new()),
        })
    }

    fn opens(&self, name: &'static str) {
        self.open.send_modify(|open| open.push(name));
    }

    /// Waits until it was asked so often about a document.
    async fn was_asked(&self, name: &str, times: usize) {
        let mut asked = self.asked.subscribe();
        let enough = |asked: &Vec<String>| asked.iter().filter(|it| *it == name).count() >= times;
        asked.wait_for(enough).await.expect("the gate stays");
    }

    fn answer(&self, name: &str) -> Result<Access, Denied> {
        let mut all = self.answers.lock().expect("nobody panics");
        let answers = all.get_mut(name).expect("an answer");
        if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() }
    }
}

impl Authorizer for Gate {
    fn authorize<'a>(&'a self, question: &'a Question) -> Answering<'a, Grant> {
        Box::pin(async {
            if question.credentials.tokens.iter().any(|it| it.expose() == "owner") {
                return Ok(Grant::of(Access::Owner));
            }
            let name = question.document.as_ref().map_or("", |it| it.as_str());
            let answer = self.answer(name);
            self.asked.send_modify(|asked| asked.push(name.to_owned()));
            let mut open = self.open.subscribe();
            open.wait_for(|open| open.contains(&name)).await.expect("the gate stays");
            answer.map(Grant::of)
        })
    }
}

async fn gated(gate: &Arc<Gate>) -> Server {
    let listen = "127.0.0.1:0".parse().expect("an address");
    let server = Server::builder().memory().listen(listen).authorizer(Arc::clone(gate) as _);
    server.build().await.expect("starts")
}

/// Opens another document on a connection, and edits it.
async fn goes_on_with(one: &mut Wire, document: &str) {
    document.clone_into(&mut one.document);
    one.shows("T0K").await;
    one.says(SYNC_STEP1).await;
    one.hears(&[0, 1]).await;
    one.says(&sync(2, EDIT)).await;
    assert_eq!(one.hears(&[8]).await[..], [1]);
}

async fn content(server: &Server, name: &str) -> Vec<u8> {
    let line = format!("GET /documents/{name}/export.yjs");
    super::who::ask_as(server, "owner", &line, "").await.body
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_that_nobody_answers_for_holds_up_no_other_on_its_connection() {
    let gate = Gate::new(&[("slow", &[Ok(Access::Edit)]), ("quick", &[Ok(Access::Edit)])]);
    gate.opens("quick");
    let server = gated(&gate).await;
    let mut one = Wire::connect(&server, Dialect::Hocuspocus, "slow", "T0K").await;
    one.says(SYNC_STEP1).await;
    one.says(&sync(2, EDIT)).await;
    goes_on_with(&mut one, "quick").await;
    assert!(!one.has_heard("slow"), "it heard of what nobody answers for");
    gate.opens("slow");
    one.document = "slow".to_owned();
    assert_eq!(one.hears(&[2, 2]).await[..], b"\x0aread-write"[..]);
    // What waited was not lost.
    assert_eq!(one.hears(&[8]).await[..], [1]);
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_that_cannot_be_asked_about_is_tried_again_and_ends_no_other() {
    let down = || Err(Denied::Unavailable("the app is down".to_owned()));
    let gate = Gate::new(&[("slow", &[down(), Ok(Access::Edit)]), ("quick", &[Ok(Access::Edit)])]);
    gate.opens("quick");
    let server = gated(&gate).await;
    let mut one = Wire::connect(&server, Dialect::Hocuspocus, "slow", "T0K").await;
    one.says(SYNC_STEP1).await;
    goes_on_with(&mut one, "quick").await;
    gate.opens("slow");
    one.document = "slow".to_owned();
    one.hears(&[2, 2]).await;
    one.hears(&[0, 1]).await;
    // With nothing else open, its client is sent away to come back.
    let gate = Gate::new(&[("slow", &[down()])]);
    gate.opens("slow");
    let alone = gated(&gate).await;
    let mut one = Wire::connect(&alone, Dialect::Hocuspocus, "slow", "T0K").await;
    assert!(one.hangs().await.is_some());
    for server in [server, alone] {
        server.stop().await.expect("stops");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_that_ends_while_it_is_asked_about_lasts_no_longer() {
    let answers = [Ok(Access::Edit), Err(Denied::Forbidden)];
    let gate = Gate::new(&[("slow", &answers), ("quick", &[Ok(Access::Edit)])]);
    gate.opens("quick");
    let server = gated(&gate).await;
    let mut one = Wire::connect(&server, Dialect::Hocuspocus, "slow", "T0K").await;
    goes_on_with(&mut one, "quick").await;
    // It was asked, and the answer is on its way when it stops being true.
    gate.was_asked("slow", 1).await;
    server.rights_changed();
    gate.was_asked("quick", 2).await;
    gate.opens("slow");
    one.document = "slow".to_owned();
    // Whether it is let in for a moment or is asked about again before is a matter of who is faster.
    one.hears(&[2, 1]).await;
    one.says(&sync(2, EDIT)).await;
    one.leaves().await;
    assert_eq!(content(&server, "slow").await, content(&server, "missing").await);
    server.stop().await.expect("stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_before_the_answer_is_not_let_in_by_it() {
    let gate = Gate::new(&[("slow", &[Ok(Access::Edit)]), ("quick", &[Ok(Access::Edit)])]);
    gate.opens("quick");
    let server = gated(&gate).await;
    let mut one = Wire::connect(&server, Dialect::Hocuspocus, "slow", "T0K").await;
    one.says(&sync(2, EDIT)).await;
    gate.was_asked("slow", 1).await;
    // CLOSE, which is answered.
    one.says(&[7]).await;
    one.hears(&[7]).await;
    let heard = one.heard.len();
    gate.opens("slow");
    goes_on_with(&mut one, "quick").await;
    server.rights_changed();
    gate.was_asked("quick", 2).await;
    one.leaves().await;
    let later = &one.heard[heard..];
    assert!(!later.iter().any(|frame| frame.starts_with(b"\x04slow")), "{later:?}");
    assert_eq!(gate.asked.borrow().iter().filter(|it| *it == "slow").count(), 1);
    server.stop().await.expect("stops");
}
