//! Why a request fails: a status, a code for programs and a sentence for people.

use warp::{
    http::{
        HeaderValue, StatusCode,
        header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    reply::Response,
};

use crate::{
    auth::IssueError,
    convert::ConvertError,
    crdt::content::{EditError, RestoreError, UnknownKind},
    document::{Unavailable, aliases::AliasError, sharing::ShareError},
    history::{HistoryError, saved::SavedError},
    http::problem::coded,
    identity::Access,
    ids::{NameError, Seq},
    limits::IDEMPOTENCY_KEY_LETTERS,
    storage::{StoreError, versions::VersionError},
};

/// Seconds after which a busy server may be asked again.
const AGAIN: &str = "1";

/// Why a request fails.
#[derive(Debug, thiserror::Error)]
pub(in crate::http) enum Failure {
    #[error("there is nothing at this address; /api/v1 says what there is")]
    NoAddress,
    #[error("there is no such format; there are md, html, txt, json, yjs and coscribe")]
    Format,
    #[error("there is no such format; a moment comes as md, html, txt, json and yjs")]
    MomentFormat,
    #[error("this address answers to {0}")]
    Method(&'static str),
    #[error(
        "a POST needs a content type of its own, such as application/json, or the header X-Coscribe"
    )]
    ContentType,
    #[error("this needs the content type application/json")]
    NotJson,
    #[error("{0}")]
    Name(#[from] NameError),
    #[error("the name belongs to a document in the bin")]
    NameInBin,
    #[error("this server does not tell which documents it has")]
    NotListed,
    #[error(transparent)]
    Kind(#[from] UnknownKind),
    #[error("{0}")]
    Bad(String),
    #[error("the body has {} and may have at most {limit} bytes", sized(*.size, *.limit))]
    TooLarge { size: Option<u64>, limit: usize },
    #[error("the body did not arrive in time")]
    Slow,
    #[error("the body broke off")]
    BrokenOff,
    #[error("the server is busy with other files; try again soon")]
    Busy,
    #[error("{0}")]
    Document(#[from] Unavailable),
    #[error("this is another document than the one that was read before, under the same name")]
    OtherEpoch,
    #[error("the document is at entry {0}, not where `If-Match` says")]
    NotAt(Seq),
    #[error("an `Idempotency-Key` has 1 to {IDEMPOTENCY_KEY_LETTERS} letters of ASCII")]
    BadKey,
    #[error("this `Idempotency-Key` was used for another request")]
    KeyReused,
    #[error("nobody is connected under this id")]
    NoConnection,
    #[error("no request for access waits under this id")]
    NoRequest,
    #[error("too many requests for access wait already; ask again later")]
    TooManyRequests,
    #[error("{0}")]
    History(#[from] HistoryError),
    #[error("{0}")]
    Version(#[from] VersionError),
    #[error("{0}")]
    Restore(#[from] RestoreError),
    #[error("{0}")]
    Convert(#[from] ConvertError),
    #[error("{0}")]
    Saved(#[from] SavedError),
    #[error("{0}")]
    Share(#[from] ShareError),
    #[error("{0}")]
    Alias(AliasError),
    #[error(
        "everybody may read and change every document of this server, so a link has nothing to give"
    )]
    Open,
    #[error(
        "this server has no secret to sign with; your app signs tokens itself, or set auth-secret"
    )]
    NoIssuer,
    #[error(transparent)]
    Issue(#[from] IssueError),
    #[error("{0}")]
    Unauthorized(String),
    #[error("this needs more than you may do with this document: {}", words(*.0))]
    Forbidden(Access),
    #[error("this is for those who run the server; docs/operations.md says who that is")]
    NotOperating,
    #[error("no document of this name is in memory")]
    NotLoaded,
    #[error("the log belongs to the program that this server is part of")]
    NoLog,
    #[error("{0}")]
    Unchecked(String),
}

impl From<AliasError> for Failure {
    fn from(reason: AliasError) -> Self {
        match reason {
            AliasError::Document(reason) => reason.into(),
            reason => Self::Alias(reason),
        }
    }
}

fn words(access: Access) -> &'static str {
    match access {
        Access::None => "nothing",
        Access::View => "to view it",
        Access::Comment => "to comment on it",
        Access::Edit => "to edit it",
        Access::Owner => "to own it",
    }
}

fn sized(size: Option<u64>, limit: usize) -> String {
    size.map_or_else(|| format!("more than {limit} bytes"), |size| format!("{size} bytes"))
}

fn of_history(reason: &HistoryError) -> (StatusCode, &'static str) {
    match reason {
        HistoryError::Damaged(_) => (StatusCode::INTERNAL_SERVER_ERROR, "damaged"),
        HistoryError::Unreadable(_) => (StatusCode::SERVICE_UNAVAILABLE, "unreadable"),
        HistoryError::Missing => (StatusCode::NOT_FOUND, "not-found"),
        HistoryError::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
        HistoryError::Cut(_) => (StatusCode::GONE, "cut"),
        HistoryError::Beyond { .. } => (StatusCode::NOT_FOUND, "no-entry"),
        HistoryError::TooLarge => (StatusCode::INSUFFICIENT_STORAGE, "too-large"),
    }
}

fn of_version(reason: &VersionError) -> (StatusCode, &'static str) {
    match reason {
        VersionError::TooMany => (StatusCode::CONFLICT, "too-many-versions"),
        VersionError::Missing => (StatusCode::NOT_FOUND, "no-version"),
        VersionError::Store(StoreError::Missing) => (StatusCode::NOT_FOUND, "not-found"),
        VersionError::Store(StoreError::Damaged(_)) => {
            (StatusCode::INTERNAL_SERVER_ERROR, "damaged")
        }
        VersionError::Store(StoreError::Failed(_)) => {
            (StatusCode::SERVICE_UNAVAILABLE, "unwritable")
        }
        VersionError::Store(_) => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
    }
}

impl Failure {
    fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::NoAddress => (StatusCode::NOT_FOUND, "no-address"),
            Self::Format | Self::MomentFormat => (StatusCode::NOT_FOUND, "no-format"),
            Self::Method(_) => (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed"),
            Self::ContentType | Self::NotJson => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "wrong-content-type")
            }
            Self::Name(_) => (StatusCode::BAD_REQUEST, "bad-name"),
            Self::NameInBin => (StatusCode::CONFLICT, "in-bin"),
            Self::NotListed => (StatusCode::FORBIDDEN, "not-listed"),
            Self::Kind(_) | Self::Bad(_) => (StatusCode::BAD_REQUEST, "bad-content"),
            Self::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "too-large"),
            Self::Slow => (StatusCode::REQUEST_TIMEOUT, "too-slow"),
            Self::BrokenOff => (StatusCode::BAD_REQUEST, "broken-off"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            Self::Document(reason) | Self::Share(ShareError::Document(reason)) => {
                of_document(reason)
            }
            Self::Share(ShareError::TooMany) => (StatusCode::CONFLICT, "too-many-shares"),
            Self::Share(ShareError::Missing) => (StatusCode::NOT_FOUND, "no-share"),
            Self::Alias(AliasError::TooMany) => (StatusCode::CONFLICT, "too-many-aliases"),
            Self::Alias(AliasError::Missing) => (StatusCode::NOT_FOUND, "no-alias"),
            Self::Alias(AliasError::Document(reason)) => of_document(reason),
            Self::Open => (StatusCode::CONFLICT, "open"),
            Self::NoIssuer => (StatusCode::CONFLICT, "no-secret"),
            Self::Issue(IssueError::Pattern) => (StatusCode::CONFLICT, "pattern"),
            Self::Issue(IssueError::Randomness) => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            Self::Unauthorized(_) => (StatusCode::UNAUTHORIZED, "unauthorized"),
            Self::Forbidden(_) => (StatusCode::FORBIDDEN, "forbidden"),
            Self::NotOperating => (StatusCode::FORBIDDEN, "not-operating"),
            Self::NotLoaded => (StatusCode::NOT_FOUND, "not-loaded"),
            Self::NoLog => (StatusCode::CONFLICT, "no-log"),
            Self::Unchecked(_) => (StatusCode::SERVICE_UNAVAILABLE, "unchecked"),
            Self::NotAt(_) => (StatusCode::PRECONDITION_FAILED, "changed"),
            Self::BadKey => (StatusCode::BAD_REQUEST, "bad-key"),
            Self::KeyReused => (StatusCode::UNPROCESSABLE_ENTITY, "key-reused"),
            Self::NoConnection => (StatusCode::NOT_FOUND, "no-connection"),
            Self::NoRequest => (StatusCode::NOT_FOUND, "no-request"),
            Self::TooManyRequests => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            Self::OtherEpoch => (StatusCode::CONFLICT, "other-epoch"),
            Self::History(reason) => of_history(reason),
            Self::Version(reason) => of_version(reason),
            Self::Convert(ConvertError::Rich) => (StatusCode::CONFLICT, "not-text"),
            Self::Convert(ConvertError::Edit(
                EditError::Beyond { .. } | EditError::Overlap(_) | EditError::Split(_),
            )) => (StatusCode::UNPROCESSABLE_ENTITY, "bad-position"),
            Self::Restore(RestoreError::Foreign)
            | Self::Convert(
                ConvertError::Restore(RestoreError::Foreign)
                | ConvertError::Edit(EditError::Restore(RestoreError::Foreign)),
            ) => (StatusCode::UNPROCESSABLE_ENTITY, "foreign-content"),
            Self::Restore(RestoreError::Unreadable(_)) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "damaged")
            }
            Self::Convert(ConvertError::Broken) => (StatusCode::INTERNAL_SERVER_ERROR, "broken"),
            Self::Convert(
                ConvertError::TooLarge { .. }
                | ConvertError::TooManyNodes
                | ConvertError::ResultTooLarge,
            ) => (StatusCode::PAYLOAD_TOO_LARGE, "too-large"),
            Self::Saved(SavedError::TooLarge { .. } | SavedError::TooSlow) => {
                (StatusCode::PAYLOAD_TOO_LARGE, "too-large")
            }
            Self::Convert(_) | Self::Saved(_) => (StatusCode::UNPROCESSABLE_ENTITY, "bad-content"),
        }
    }

    pub(in crate::http) fn response(&self) -> Response {
        let (status, code) = self.status_and_code();
        let mut response = coded(status, code, &self.to_string());
        let headers = response.headers_mut();
        if let Self::Method(allowed) = self {
            headers.insert(ALLOW, HeaderValue::from_static(allowed));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static(AGAIN));
        }
        response
    }
}

fn of_document(reason: &Unavailable) -> (StatusCode, &'static str) {
    match reason {
        Unavailable::Missing => (StatusCode::NOT_FOUND, "not-found"),
        Unavailable::Changed => (StatusCode::PRECONDITION_FAILED, "changed"),
        Unavailable::Taken => (StatusCode::CONFLICT, "name-taken"),
        Unavailable::InBin => (StatusCode::GONE, "in-bin"),
        Unavailable::Refused(_) => (StatusCode::UNPROCESSABLE_ENTITY, "bad-content"),
        Unavailable::Damaged(_) => (StatusCode::INTERNAL_SERVER_ERROR, "damaged"),
        Unavailable::Unwritable(_) => (StatusCode::SERVICE_UNAVAILABLE, "unwritable"),
        Unavailable::Reloading => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
    }
}
