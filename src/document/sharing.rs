//! Share links of a document: records beside it, so that they go where it goes and end when it ends.

use bytes::Bytes;

use super::{Documents, Unavailable};
use crate::{
    auth::{
        Answering, Authorizer, Denied, Grant, Question, Visible,
        share::{NewShare, Share, ShareToken},
    },
    ids::{DocumentId, DocumentName},
    limits::SHARES,
    storage::StoreError,
    telemetry::warnings::ShareLinkUnknown,
};

/// What the keys of the records begin with.
const PREFIX: &str = "share/";

/// Why a link cannot be made or ended.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ShareError {
    /// The document has as many as it may.
    #[error("this document has {SHARES} share links, which is as many as it may; end one first")]
    TooMany,
    /// There is none of this id.
    #[error("there is no such share link")]
    Missing,
    /// The document is not there, or nothing can be read or written.
    #[error(transparent)]
    Document(#[from] Unavailable),
}

/// Believes the tokens of share links.
#[derive(Clone, Debug)]
pub struct ShareLinks(pub Documents);

impl Documents {
    /// A document's share links by their ids, the newest first.
    ///
    /// # Errors
    /// When there is no such document, or it cannot be read.
    pub async fn shares(&self, name: &DocumentName) -> Result<Vec<(String, Share)>, Unavailable> {
        let id = self.identified(name).await?;
        let records = self.store().records(id, PREFIX).await.map_err(Unavailable::from)?;
        let read = |(key, record): (Box<str>, crate::storage::Record)| {
            let share: Share = serde_json::from_slice(&record.value).ok()?;
            Some((key.strip_prefix(PREFIX)?.to_owned(), share))
        };
        let mut shares: Vec<_> = records.into_iter().filter_map(read).collect();
        shares.sort_by(|(a, one), (b, other)| other.created.cmp(&one.created).then(a.cmp(b)));
        Ok(shares)
    }

    /// Keeps a link that was just made. Those that lead nowhere any more make room.
    ///
    /// # Errors
    /// When there are too many, there is no such document, or nothing can be written.
    pub async fn add_share(&self, name: &DocumentName, new: &NewShare) -> Result<(), ShareError> {
        let id = self.identified(name).await?;
        let (now, mut living) = (self.clock().now(), 0);
        for (old, share) in self.shares(name).await? {
            if share.expires.is_some_and(|expires| expires <= now) {
                self.end_share(name, &old).await?;
            } else {
                living += 1;
            }
        }
        if living >= SHARES {
            return Err(ShareError::TooMany);
        }
        let value: Bytes = serde_json::to_vec(&new.share).unwrap_or_default().into();
        let key = format!("{PREFIX}{}", new.id);
        let put = self.store().put_record(id, &key, 0, Some(value)).await;
        put.map(drop).map_err(|error| as_unavailable(error).into())
    }

    /// Ends a link.
    ///
    /// # Errors
    /// When there is none of this id, or nothing can be written.
    pub async fn end_share(&self, name: &DocumentName, share: &str) -> Result<(), ShareError> {
        let id = self.identified(name).await?;
        let key = format!("{PREFIX}{share}");
        let found = self.store().record(id, &key).await.map_err(as_unavailable)?;
        let revision = found.ok_or(ShareError::Missing)?.revision;
        match self.store().put_record(id, &key, revision, None).await {
            Ok(_) => Ok(()),
            // Somebody else has ended it.
            Err(StoreError::Conflict(_)) => Err(ShareError::Missing),
            Err(error) => Err(as_unavailable(error).into()),
        }
    }

    async fn identified(&self, name: &DocumentName) -> Result<DocumentId, Unavailable> {
        self.store().find(name).await?.ok_or(Unavailable::Missing)
    }
}

fn as_unavailable(error: StoreError) -> Unavailable {
    match error {
        StoreError::Missing => Unavailable::Missing,
        error => error.into(),
    }
}

impl ShareLinks {
    async fn grant(&self, document: &DocumentName, token: ShareToken<'_>) -> Result<Grant, Denied> {
        let documents = &self.0;
        let unreadable = |error: StoreError| {
            ShareLinkUnknown { document, reason: &error }.note();
            Denied::Unavailable("this link cannot be checked now, try again soon".to_owned())
        };
        let found = documents.store().find(document).await.map_err(unreadable)?;
        let Some(id) = found else { return Err(Denied::Forbidden) };
        let key = format!("{PREFIX}{}", token.id);
        let record = documents.store().record(id, &key).await.map_err(unreadable)?;
        let share: Option<Share> = record.and_then(|it| serde_json::from_slice(&it.value).ok());
        match share.filter(|it| it.is_opened_by(token, documents.clock().now())) {
            Some(share) => Ok(Grant { expires: share.expires, ..Grant::of(share.access) }),
            None => Err(Denied::Forbidden),
        }
    }
}

fn nobody() -> Denied {
    Denied::Unauthorized("this document is for those who are signed in".to_owned())
}

impl Authorizer for ShareLinks {
    fn authorize<'a>(&'a self, question: &'a Question) -> Answering<'a, Grant> {
        Box::pin(async {
            let shown = question.credentials.tokens.iter();
            let tokens: Vec<_> = shown.filter_map(|it| ShareToken::read(it.expose())).collect();
            let (Some(document), false) = (&question.document, tokens.is_empty()) else {
                return Err(nobody());
            };
            let mut best = Err(Denied::Forbidden);
            for token in tokens {
                let grant = self.grant(document, token).await;
                let access = |it: &Result<Grant, Denied>| it.as_ref().ok().map(|it| it.access);
                if access(&grant) > access(&best) || matches!(grant, Err(Denied::Unavailable(_))) {
                    best = grant;
                }
            }
            best
        })
    }

    /// A link leads to a document and to no list.
    fn visible<'a>(&'a self, _question: &'a Question) -> Answering<'a, Visible> {
        Box::pin(std::future::ready(Err(nobody())))
    }
}
