//! Rights from the user's own app, which is asked over HTTP: once, then again now and then.
//!
//! Knows what is asked and what an answer means; how bytes travel is a parameter ([`Ask`]). What
//! cannot be found out is not granted.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use tokio::{sync::Semaphore, time::timeout};

use super::{Answering, Authorizer, Credentials, Denied, Grant, Grants, Question, User, Visible};
use crate::{
    clock::Clock,
    identity::Access,
    limits::{CALLBACK_ANSWERS, CALLBACK_NO, CALLBACK_QUESTIONS, CALLBACK_TIMEOUT},
    telemetry::warnings::RightsUnknown,
};

/// Carries a question to the app.
pub trait Ask: Send + Sync {
    /// Posts JSON; gives the answer, or why there is none.
    fn post(&self, body: Bytes)
    -> Pin<Box<dyn Future<Output = Result<Reply, String>> + Send + '_>>;
}

/// What the app answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Bytes,
}

/// Asks the app.
pub struct Callback {
    ask: Arc<dyn Ask>,
    /// Cookies that the app may see; the others are none of its business.
    cookies: Vec<String>,
    /// How long a yes is believed.
    recheck: Duration,
    clock: Arc<dyn Clock>,
    turns: Semaphore,
    answers: Mutex<HashMap<[u8; 32], Remembered>>,
}

#[derive(Clone)]
struct Remembered {
    answer: Result<Answer, Denied>,
    until: Duration,
}

/// What is asked, as JSON.
#[derive(Serialize)]
struct Asked<'a> {
    document: Option<&'a str>,
    token: Option<&'a str>,
    cookies: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<&'a str>,
}

/// What the app says, as JSON.
#[derive(Clone, Debug, Deserialize)]
struct Answer {
    /// For the document that was asked about.
    #[serde(default)]
    access: Option<Access>,
    /// For the list, when none was.
    #[serde(default)]
    documents: Grants,
    #[serde(default)]
    user: Option<Person>,
    /// Whether who asks runs the server, when no document was named.
    #[serde(default)]
    admin: bool,
}

#[derive(Clone, Debug, Deserialize)]
struct Person {
    id: String,
    #[serde(default)]
    name: String,
}

impl Callback {
    /// Asks through `ask`, shows these cookies, and asks again after `recheck`.
    #[must_use]
    pub fn new(
        ask: Arc<dyn Ask>,
        cookies: Vec<String>,
        recheck: Duration,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let turns = Semaphore::new(CALLBACK_QUESTIONS);
        Self { ask, cookies, recheck, clock, turns, answers: Mutex::default() }
    }

    async fn answer(&self, question: &Question) -> Result<Answer, Denied> {
        let (about_who, body) = self.written(question);
        let key = key(&about_who);
        let now = self.clock.elapsed();
        if let Some(known) = self.lock().get(&key).filter(|it| now < it.until) {
            return known.answer.clone();
        }
        let answer = self.ask(body).await;
        let believed = match &answer {
            Ok(_) => self.recheck,
            Err(Denied::Unavailable(_)) => return answer,
            Err(_) => CALLBACK_NO.min(self.recheck),
        };
        self.remember(key, Remembered { answer: answer.clone(), until: now + believed });
        answer
    }

    async fn ask(&self, body: Bytes) -> Result<Answer, Denied> {
        let asking = async {
            // The semaphore is never closed.
            let _turn = self.turns.acquire().await;
            self.ask.post(body).await
        };
        let reply = match timeout(CALLBACK_TIMEOUT, asking).await {
            Ok(Ok(reply)) => reply,
            Ok(Err(why)) => return Err(unavailable(&why)),
            Err(_) => return Err(unavailable("it did not answer in time")),
        };
        match reply.status {
            200 => serde_json::from_slice(&reply.body)
                .map_err(|error| unavailable(&format!("its answer cannot be understood: {error}"))),
            204 => {
                Ok(Answer { access: None, documents: Grants::default(), user: None, admin: false })
            }
            401 => Err(Denied::Unauthorized("this document is for those who are signed in".into())),
            403 | 404 => Err(Denied::Forbidden),
            status => Err(unavailable(&format!("it answered with status {status}"))),
        }
    }

    /// What makes two questions the same, and the question as the app gets it.
    fn written(&self, question: &Question) -> (Vec<u8>, Bytes) {
        let credentials = &question.credentials;
        let shown =
            self.cookies.iter().filter_map(|name| Some((&name[..], credentials.cookie(name)?)));
        let mut asked = Asked {
            document: question.document.as_ref().map(|it| it.as_str()),
            token: credentials.tokens.iter().map(|it| it.expose()).find(|it| !it.is_empty()),
            cookies: shown.collect(),
            address: None,
            origin: None,
        };
        // Names, numbers and texts are always JSON.
        let same = serde_json::to_vec(&asked).unwrap_or_default();
        asked.address = credentials.address.map(|it| it.to_string());
        asked.origin = credentials.origin.as_deref();
        let body = serde_json::to_vec(&asked).unwrap_or_default();
        (same, body.into())
    }

    /// How many answers are remembered.
    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.lock().len()
    }

    fn remember(&self, key: [u8; 32], remembered: Remembered) {
        let mut answers = self.lock();
        if answers.len() >= CALLBACK_ANSWERS {
            let now = self.clock.elapsed();
            answers.retain(|_, it| now < it.until);
            if answers.len() >= CALLBACK_ANSWERS {
                answers.clear();
            }
        }
        answers.insert(key, remembered);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Remembered>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Secrets are not kept as they are.
fn key(about: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    key.copy_from_slice(digest(&SHA256, about).as_ref());
    key
}

fn unavailable(why: &str) -> Denied {
    RightsUnknown { reason: &why }.note();
    Denied::Unavailable("who may open this cannot be checked now, try again soon".to_owned())
}

impl Authorizer for Callback {
    fn authorize<'a>(&'a self, question: &'a Question) -> Answering<'a, Grant> {
        Box::pin(async {
            let answer = self.answer(question).await?;
            let named = || question.document.as_ref().map(|name| answer.documents.access(name));
            let access = answer.access.or_else(named).unwrap_or(Access::None);
            let user = match answer.user {
                None => None,
                Some(it) => Some(
                    User::new(&it.id, &it.name)
                        .ok_or_else(|| unavailable("its answer names a user by no usable id"))?,
                ),
            };
            Ok(Grant { access, user, expires: None, recheck: Some(self.recheck) })
        })
    }

    fn visible<'a>(&'a self, question: &'a Question) -> Answering<'a, Visible> {
        Box::pin(async {
            let about_all = Question { document: None, credentials: question.credentials.clone() };
            let documents = self.answer(&about_all).await?.documents;
            Ok(Visible::Those(Arc::new(move |name| documents.access(name) >= Access::View)))
        })
    }

    fn operates<'a>(&'a self, credentials: &'a Credentials) -> Answering<'a, ()> {
        Box::pin(async {
            let about_all = Question { document: None, credentials: credentials.clone() };
            let operates = self.answer(&about_all).await?.admin;
            if operates { Ok(()) } else { Err(Denied::Forbidden) }
        })
    }

    fn forget(&self) {
        self.lock().clear();
    }
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback").field("recheck", &self.recheck).finish_non_exhaustive()
    }
}
