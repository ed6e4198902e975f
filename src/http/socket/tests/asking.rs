//! An app that is asked what sessions may do, and answers late or not at all: on a clock that goes
//! on only when nothing else does.

use std::sync::Mutex;

use tokio::{
    sync::Semaphore,
    time::{Instant, sleep, timeout},
};

use super::*;
use crate::{
    auth::{Answering, Authorizer, Denied, Grant, Question},
    identity::Access,
    limits::{RIGHTS_FIRST_RETRY, RIGHTS_GRACE, RIGHTS_QUESTIONS, RIGHTS_RETRY},
};

/// Longer than anything here is waited for.
const LONG: Duration = Duration::from_hours(1);

/// How long a yes may be believed.
const RECHECK: Duration = Duration::from_secs(1);

/// An answer to a question about this document.
type Answer = fn(&str) -> Result<Grant, Denied>;

/// See the module.
struct App {
    /// Which document it was asked about, and when.
    asked: Mutex<Vec<(String, Instant)>>,
    answer: Mutex<Answer>,
    /// So many answers it still gives.
    answers: Semaphore,
}

impl Authorizer for App {
    fn authorize<'a>(&'a self, question: &'a Question) -> Answering<'a, Grant> {
        Box::pin(async {
            let document = question.document.as_ref().expect("is about a document").as_str();
            self.asked.lock().unwrap().push((document.to_owned(), Instant::now()));
            self.answers.acquire().await.expect("nobody closes it").forget();
            let answer = *self.answer.lock().unwrap();
            answer(document)
        })
    }
}

impl App {
    fn new(answer: Answer, answers: usize) -> Arc<Self> {
        let (asked, answers) = (Mutex::default(), Semaphore::new(answers));
        Arc::new(Self { asked, answer: Mutex::new(answer), answers })
    }

    fn house(self: &Arc<Self>) -> House {
        let rights = Rights::new(Arc::clone(self) as _, Arc::new(TestClock::default()));
        House::new(beside(Limits::default()), rights)
    }

    fn times(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    /// When it was asked about a document, in seconds after the first time.
    fn moments(&self, document: &str) -> Vec<u64> {
        let asked = self.asked.lock().unwrap();
        let moments: Vec<_> =
            asked.iter().filter(|(name, _)| name == document).map(|(_, moment)| *moment).collect();
        moments.iter().map(|moment| (*moment - moments[0]).as_secs()).collect()
    }
}

fn yes(_: &str) -> Result<Grant, Denied> {
    Ok(Grant { recheck: Some(RECHECK), ..Grant::of(Access::Edit) })
}

fn down(_: &str) -> Result<Grant, Denied> {
    Err(Denied::Unavailable("the app is down".to_owned()))
}

/// Moments from the first on, so far apart, until one is beyond the time for which rights that
/// nobody confirms are believed.
fn until_it_is_over(first: Duration, apart: Duration) -> Vec<u64> {
    let mut moments = vec![first.as_secs()];
    while moments[moments.len() - 1] < RIGHTS_GRACE.as_secs() {
        moments.push(moments[moments.len() - 1] + apart.as_secs());
    }
    moments
}

/// A message of a Hocuspocus provider about a document.
fn about(document: &str, message: &[u8]) -> Vec<u8> {
    let length = u8::try_from(document.len()).expect("a short name");
    [&[length][..], document.as_bytes(), message].concat()
}

/// That of one that wants the document, with the token `t`.
fn wants(document: &str) -> Vec<u8> {
    about(document, &[2, 0, 1, b't'])
}

#[tokio::test(start_paused = true)]
async fn a_connection_waits_for_so_many_answers_at_once_and_loses_none_of_its_questions() {
    let app = App::new(|_| Ok(Grant::of(Access::Edit)), 0);
    let house = app.house();
    let mut it = house.connect(None).await;
    let names: Vec<_> = (0..=RIGHTS_QUESTIONS).map(|number| format!("d{number}")).collect();
    for name in &names {
        it.says(&wants(name)).await;
    }
    everything_stands_still().await;
    assert_eq!(app.times(), RIGHTS_QUESTIONS, "the last waits until another was answered");
    app.answers.add_permits(1);
    everything_stands_still().await;
    assert_eq!(app.times(), names.len());
    app.answers.add_permits(names.len() - 1);
    for name in &names {
        it.hears(&about(name, &[2, 2])).await;
    }
    // About those that are open it is asked again in the same way.
    house.sockets.connections.review();
    everything_stands_still().await;
    assert_eq!(app.times(), names.len() + RIGHTS_QUESTIONS);
    app.answers.add_permits(1);
    everything_stands_still().await;
    assert_eq!(app.times(), 2 * names.len());
}

#[tokio::test(start_paused = true)]
async fn rights_that_nobody_confirms_are_asked_about_now_and_then_and_end_after_a_while() {
    let app = App::new(yes, Semaphore::MAX_PERMITS);
    let mut it = app.house().synced("notes").await;
    *app.answer.lock().unwrap() = down;
    sleep(RECHECK + RIGHTS_RETRY).await;
    it.says(UPDATE).await;
    it.says(BARRIER).await;
    it.hears(BARRIER).await;
    let end = timeout(LONG, it.hears_to_the_end()).await.expect("is believed for ever");
    assert_eq!(end.1, Some(1013));
    let expected = until_it_is_over(RECHECK, RIGHTS_RETRY);
    assert_eq!(app.moments("notes")[1..], expected);
}

#[tokio::test(start_paused = true)]
async fn a_document_that_cannot_be_asked_about_is_tried_for_a_while_beside_others() {
    let answer = |document: &str| match document {
        "slow" => down(document),
        _ => Ok(Grant::of(Access::Edit)),
    };
    let app = App::new(answer, Semaphore::MAX_PERMITS);
    let mut it = app.house().connect(None).await;
    it.says(&wants("quick")).await;
    it.hears(&about("quick", &[2, 2])).await;
    it.says(&wants("slow")).await;
    let end = timeout(LONG, it.hears_to_the_end()).await.expect("is tried for ever");
    assert_eq!(end.1, Some(1013));
    assert_eq!(app.moments("slow"), until_it_is_over(Duration::ZERO, RIGHTS_FIRST_RETRY));
}
