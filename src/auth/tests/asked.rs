//! What an app is asked for rights, and what its answers mean.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{StreamExt, stream::FuturesUnordered};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use super::asked as question;
use crate::{
    auth::{Ask, Authorizer, Callback, Denied, Question, Reply, Secret, User},
    clock::TestClock,
    identity::Access,
    ids::DocumentName,
    limits::{CALLBACK_ANSWERS, CALLBACK_NO, CALLBACK_QUESTIONS, CALLBACK_TIMEOUT},
};

/// An app that answers what it is told to, and notes what it was asked.
#[derive(Default)]
struct App {
    asked: Mutex<Vec<Value>>,
    reply: Mutex<Option<(u16, Value)>>,
}

impl Ask for App {
    fn post(
        &self,
        body: Bytes,
    ) -> Pin<Box<dyn Future<Output = Result<Reply, String>> + Send + '_>> {
        self.asked.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
        let reply = self.reply.lock().unwrap().clone();
        Box::pin(async move {
            match reply {
                Some((status, json)) => Ok(Reply { status, body: json.to_string().into() }),
                None => std::future::pending().await,
            }
        })
    }
}

struct World {
    app: Arc<App>,
    clock: Arc<TestClock>,
    callback: Callback,
}

const RECHECK: Duration = Duration::from_secs(10);

fn world(reply: Option<(u16, Value)>) -> World {
    let app = Arc::new(App { reply: Mutex::new(reply), ..App::default() });
    let clock = Arc::new(TestClock::default());
    let cookies = vec!["session".to_owned()];
    let callback = Callback::new(Arc::clone(&app) as _, cookies, RECHECK, Arc::clone(&clock) as _);
    World { app, clock, callback }
}

impl World {
    async fn access(&self, question: &Question) -> Result<Access, Denied> {
        self.callback.authorize(question).await.map(|grant| grant.access)
    }

    fn times_asked(&self) -> usize {
        self.app.asked.lock().unwrap().len()
    }
}

#[tokio::test]
async fn the_app_sees_the_token_and_the_chosen_cookies_and_no_other() {
    let it = world(Some((200, json!({ "access": "edit", "user": { "id": "u1", "name": "Ada" } }))));
    let mut asked = question("notes", &["", "T0K", "later"]);
    asked.credentials.cookies = Some(Secret::from("tracking=x; session=s1"));
    asked.credentials.address = Some([192, 0, 2, 1].into());
    let grant = it.callback.authorize(&asked).await.unwrap();
    assert_eq!((grant.access, grant.recheck), (Access::Edit, Some(RECHECK)));
    assert_eq!(grant.user, User::new("u1", "Ada"));
    let expected = json!({
        "document": "notes", "token": "T0K", "cookies": { "session": "s1" }, "address": "192.0.2.1",
    });
    assert_eq!(it.app.asked.lock().unwrap()[..], [expected]);
}

#[tokio::test]
async fn an_answer_is_believed_for_a_while_and_only_for_its_question() {
    let it = world(Some((200, json!({ "access": "view" }))));
    for _ in 0..3 {
        assert_eq!(it.access(&question("a", &["t"])).await, Ok(Access::View));
    }
    assert_eq!(it.times_asked(), 1);
    *it.app.reply.lock().unwrap() = Some((403, Value::Null));
    for (document, token) in [("b", "t"), ("a", "u")] {
        let other = it.access(&question(document, &[token])).await;
        assert_eq!(other, Err(Denied::Forbidden), "{document} {token}");
    }
    assert_eq!(it.access(&question("a", &["t"])).await, Ok(Access::View));
    it.clock.advance(RECHECK);
    assert_eq!(it.access(&question("a", &["t"])).await, Err(Denied::Forbidden));
    *it.app.reply.lock().unwrap() = Some((200, json!({ "access": "edit" })));
    it.clock.advance(CALLBACK_NO);
    assert_eq!(it.access(&question("a", &["t"])).await, Ok(Access::Edit));
    *it.app.reply.lock().unwrap() = Some((401, Value::Null));
    it.callback.forget();
    assert!(matches!(it.access(&question("a", &["t"])).await, Err(Denied::Unauthorized(_))));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_understood_or_does_not_come_is_no_yes() {
    for reply in [
        Some((500, json!({ "access": "edit" }))),
        Some((302, json!({ "access": "edit" }))),
        Some((200, json!({ "access": "admin" }))),
        Some((200, json!({ "access": true }))),
        Some((200, json!("edit"))),
        Some((200, json!({ "access": "edit", "user": { "id": "" } }))),
        None,
    ] {
        let (it, asked) = (world(reply.clone()), question("a", &["t"]));
        let began = Instant::now();
        let answer = timeout(2 * CALLBACK_TIMEOUT, it.access(&asked)).await;
        assert!(matches!(answer, Ok(Err(Denied::Unavailable(_)))), "{reply:?} {answer:?}");
        let waited = if reply.is_none() { CALLBACK_TIMEOUT.as_secs() } else { 0 };
        assert_eq!(began.elapsed().as_secs(), waited);
    }
    for (status, json) in [(200, json!({})), (204, Value::Null)] {
        let it = world(Some((status, json)));
        assert_eq!(it.access(&question("a", &["t"])).await, Ok(Access::None));
    }
}

#[tokio::test]
async fn only_so_many_questions_are_asked_at_a_time_and_so_many_answers_remembered() {
    let it = world(None);
    let questions: Vec<_> =
        (0..=CALLBACK_QUESTIONS).map(|it| question(&format!("d{it}"), &["t"])).collect();
    let mut asking: FuturesUnordered<_> =
        questions.iter().map(|question| it.access(question)).collect();
    assert!(futures_util::poll!(asking.next()).is_pending());
    assert_eq!(it.times_asked(), CALLBACK_QUESTIONS, "the others wait in line");
    drop(asking);

    let it = world(Some((200, json!({ "access": "view" }))));
    for number in 0..=CALLBACK_ANSWERS {
        let _ = it.access(&question(&format!("d{number}"), &["t"])).await;
        assert!(it.callback.remembered() <= CALLBACK_ANSWERS);
    }
    assert!(it.callback.remembered() > 0);
}

#[tokio::test]
async fn a_list_is_what_the_app_names() {
    let it = world(Some((200, json!({ "documents": { "team/*": "view", "team/x": "none" } }))));
    let visible = it.callback.visible(&question("whatever", &["t"])).await.unwrap();
    let sees = |name| visible.includes(&DocumentName::new(name).unwrap());
    assert!(sees("team/a") && !sees("team/x") && !sees("whatever"));
    assert_eq!(it.app.asked.lock().unwrap()[0]["document"], Value::Null);
}
