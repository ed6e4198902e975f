//! Requests for access: somebody who may not open a document, or may do less than they want, asks its
//! owners. Whoever allows it makes a share link, and the link reaches who asked.
//!
//! In memory, for an hour, so not over a restart: whoever still waits asks again by itself. Who asks
//! hears the same whether or not there is such a document, and is known again by a ticket that only
//! they have.

use std::{
    collections::VecDeque,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use warp::http::StatusCode;

use super::{Api, Asked, Body, Chunks, Failure, Outcome, json, nothing};
use crate::{
    auth::{fingerprint, share::Share},
    clock::Timestamp,
    http::slots::counted_as,
    identity::{Access, AuthorKind},
    ids::DocumentName,
    limits::{
        ACCESS_NOTE_LETTERS, ACCESS_REQUEST_TIME, ACCESS_REQUESTS, ACCESS_REQUESTS_OF_ADDRESS,
        ACCESS_REQUESTS_OF_DOCUMENT, ACCESS_TICKET_LETTERS, SHARE_ID_LETTERS,
    },
};

/// All of a server, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Requests(Mutex<VecDeque<Request>>);

#[derive(Clone, Debug)]
struct Request {
    document: DocumentName,
    print: [u8; 32],
    address: Option<IpAddr>,
    wish: Wish,
    answer: Answer,
    since: Duration,
}

/// What somebody wants, as owners read it.
#[derive(Clone, Debug, Serialize)]
struct Wish {
    id: String,
    access: Access,
    /// Vouched for by their token, or else only said.
    name: Arc<str>,
    verified: bool,
    note: String,
    asked: Timestamp,
}

/// How it stands, as who asked hears it.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
#[serde(tag = "state", rename_all = "lowercase")]
enum Answer {
    Waiting,
    Refused,
    Allowed { access: Access, token: String },
}

/// The body of a POST that asks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    ticket: String,
    access: Access,
    #[serde(default)]
    note: String,
}

/// The body of a PUT that answers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Decision {
    allow: bool,
}

impl Requests {
    fn living(&self, now: Duration) -> MutexGuard<'_, VecDeque<Request>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|it| now.saturating_sub(it.since) < ACCESS_REQUEST_TIME);
        all
    }

    /// How a request stands; a new one waits from now on. The second says whether it is new.
    fn ask(&self, request: Request) -> Result<(Answer, bool), Failure> {
        let mut all = self.living(request.since);
        let is_same = |it: &&Request| it.print == request.print && it.document == request.document;
        if let Some(known) = all.iter().find(is_same) {
            return Ok((known.answer.clone(), false));
        }
        let waiting = || all.iter().filter(|it| it.answer == Answer::Waiting);
        let of_document = waiting().filter(|it| it.document == request.document).count();
        let of_address = waiting().filter(|it| it.address == request.address).count();
        if all.len() >= ACCESS_REQUESTS
            || of_document >= ACCESS_REQUESTS_OF_DOCUMENT
            || of_address >= ACCESS_REQUESTS_OF_ADDRESS
        {
            return Err(Failure::TooManyRequests);
        }
        all.push_back(request);
        Ok((Answer::Waiting, true))
    }

    fn waiting(&self, document: &DocumentName, now: Duration) -> Vec<Wish> {
        let waits = |it: &&Request| it.document == *document && it.answer == Answer::Waiting;
        self.living(now).iter().filter(waits).map(|it| it.wish.clone()).collect()
    }

    /// Answers one that waits. The first answer counts.
    fn answer(&self, document: &DocumentName, id: &str, answer: Answer, now: Duration) -> bool {
        let mut all = self.living(now);
        let waits = |it: &&mut Request| {
            it.document == *document && it.wish.id == id && it.answer == Answer::Waiting
        };
        let found = all.iter_mut().find(waits);
        found.map(|request| request.answer = answer).is_some()
    }
}

impl Api {
    pub(super) async fn ask_for_access(
        self: &Arc<Self>,
        asked: &Asked,
        name: &DocumentName,
        body: Body<impl Chunks>,
    ) -> Outcome {
        self.check_guarded()?;
        let new: New = body.json(self.documents.limits().request_bytes).await?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if new.ticket.len() != ACCESS_TICKET_LETTERS || !new.ticket.bytes().all(plain) {
            let why = format!("a ticket is {ACCESS_TICKET_LETTERS} random letters of base64url");
            return Err(Failure::Bad(why));
        }
        if !matches!(new.access, Access::View | Access::Edit) {
            return Err(Failure::Bad("one asks to view or to edit".to_owned()));
        }
        let clock = self.documents.clock();
        let print = fingerprint([new.ticket.as_bytes()]);
        // Who may look already has a name that something vouches for.
        let known = self.rights.again(name, &asked.credentials).await.ok().and_then(|it| it.user);
        let author = Asked { user: known, ..asked.clone() }.author(AuthorKind::Server);
        let letters = new.note.trim().chars().filter(|it| !it.is_control() || *it == '\n');
        let wish = Wish {
            id: print.iter().take(SHARE_ID_LETTERS / 2).map(|byte| format!("{byte:02x}")).collect(),
            access: new.access,
            name: Arc::clone(&author.name),
            verified: author.kind == AuthorKind::Verified,
            note: letters.take(ACCESS_NOTE_LETTERS).collect(),
            asked: clock.now(),
        };
        let address = asked.credentials.address.map(counted_as);
        let (document, since) = (name.clone(), clock.elapsed());
        let request = Request { document, print, address, wish, answer: Answer::Waiting, since };
        let (answer, is_new) = self.asking.ask(request)?;
        if is_new {
            self.tell_owners(name).await;
        }
        let status = if answer == Answer::Waiting { StatusCode::ACCEPTED } else { StatusCode::OK };
        Ok(json(status, &answer))
    }

    pub(super) async fn list_access_requests(&self, name: &DocumentName) -> Outcome {
        self.check_guarded()?;
        let waiting = self.asking.waiting(name, self.documents.clock().elapsed());
        Ok(json(StatusCode::OK, &serde_json::json!({ "requests": waiting })))
    }

    pub(super) async fn answer_access_request(
        self: &Arc<Self>,
        name: &DocumentName,
        id: &str,
        body: Body<impl Chunks>,
    ) -> Outcome {
        self.check_guarded()?;
        let decision: Decision = body.json(self.documents.limits().request_bytes).await?;
        let clock = self.documents.clock();
        let waiting = self.asking.waiting(name, clock.elapsed());
        let wish = waiting.into_iter().find(|it| it.id == id).ok_or(Failure::NoRequest)?;
        if decision.allow {
            self.allow_request(name, &wish).await?;
        } else if !self.asking.answer(name, id, Answer::Refused, clock.elapsed()) {
            return Err(Failure::NoRequest);
        }
        self.tell_owners(name).await;
        Ok(nothing())
    }

    /// Makes a link for who asked. Named after them, it can be ended like any other.
    async fn allow_request(&self, name: &DocumentName, wish: &Wish) -> Result<(), Failure> {
        self.living(name).await?;
        let now = self.documents.clock().now();
        let new = Share::make(wish.access, &wish.name, now, None)
            .ok_or_else(|| Failure::Bad("a link gives view, comment or edit".to_owned()))?;
        self.documents.add_share(name, &new).await?;
        let answer = Answer::Allowed { access: wish.access, token: new.token.clone() };
        let elapsed = self.documents.clock().elapsed();
        if self.asking.answer(name, &wish.id, answer, elapsed) {
            return Ok(());
        }
        // Another owner was faster.
        self.documents.end_share(name, &new.id).await?;
        Err(Failure::NoRequest)
    }

    async fn tell_owners(&self, name: &DocumentName) {
        let waiting = self.asking.waiting(name, self.documents.clock().elapsed()).len();
        self.documents.tell_owners(name, waiting).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(document: &str, ticket: &str, address: u8, since: Duration) -> Request {
        let wish = Wish {
            id: ticket.to_owned(),
            access: Access::Edit,
            name: "Mia".into(),
            verified: false,
            note: String::new(),
            asked: Timestamp(1),
        };
        Request {
            document: DocumentName::new(document).unwrap(),
            print: fingerprint([ticket.as_bytes()]),
            address: Some([192, 0, 2, address].into()),
            wish,
            answer: Answer::Waiting,
            since,
        }
    }

    fn allowed() -> Answer {
        Answer::Allowed { access: Access::Edit, token: "cs_…".to_owned() }
    }

    #[test]
    fn a_request_is_answered_once_and_only_its_ticket_hears_of_it() {
        let (requests, now) = (Requests::default(), Duration::from_secs(5));
        let plan = DocumentName::new("plan").unwrap();
        let ask = |document, ticket| requests.ask(request(document, ticket, 1, now)).unwrap();
        assert_eq!(ask("plan", "a"), (Answer::Waiting, true));
        assert_eq!(ask("plan", "a"), (Answer::Waiting, false));
        assert_eq!(ask("other", "a"), (Answer::Waiting, true));
        assert!(requests.answer(&plan, "a", allowed(), now));
        assert!(!requests.answer(&plan, "a", Answer::Refused, now));
        assert_eq!(ask("plan", "a"), (allowed(), false));
        assert_eq!(ask("plan", "b"), (Answer::Waiting, true));
        assert_eq!(ask("other", "a"), (Answer::Waiting, false));
        assert_eq!(requests.waiting(&plan, now).len(), 1);
    }

    #[test]
    fn no_document_no_address_and_no_server_has_more_than_it_may() {
        let now = Duration::from_secs(5);
        let full = |ask: &dyn Fn(&Requests, usize) -> Request, most: usize| {
            let requests = Requests::default();
            for number in 0..most {
                requests.ask(ask(&requests, number)).unwrap();
            }
            let one_more = requests.ask(ask(&requests, most));
            assert!(matches!(one_more, Err(Failure::TooManyRequests)), "{most}");
            // Those that are known already still hear how they stand, and time makes room.
            assert!(requests.ask(ask(&requests, 0)).is_ok());
            let later = Request { since: now + ACCESS_REQUEST_TIME, ..ask(&requests, most) };
            assert!(requests.ask(later).is_ok());
        };
        let byte = |number: usize| u8::try_from(number % 256).unwrap();
        full(
            &|_, number| request("plan", &number.to_string(), byte(number), now),
            ACCESS_REQUESTS_OF_DOCUMENT,
        );
        full(
            &|_, number| request(&format!("plan{number}"), "a", 7, now),
            ACCESS_REQUESTS_OF_ADDRESS,
        );
        full(
            &|_, number| request(&format!("plan{number}"), "a", byte(number), now),
            ACCESS_REQUESTS,
        );
    }

    #[test]
    fn what_was_answered_takes_no_place_of_what_waits() {
        let (requests, now) = (Requests::default(), Duration::from_secs(5));
        let plan = DocumentName::new("plan").unwrap();
        for number in 0..ACCESS_REQUESTS_OF_ADDRESS * 2 {
            let ticket = number.to_string();
            requests.ask(request("plan", &ticket, 1, now)).unwrap();
            assert!(requests.answer(&plan, &ticket, Answer::Refused, now));
        }
        assert!(requests.waiting(&plan, now).is_empty());
    }
}
