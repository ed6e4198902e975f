//! Puts webhooks together: receivers from the settings, documents for what they say.

use std::sync::Arc;

use anyhow::Context;
use bytes::Bytes;

use super::config::Webhook;
use crate::{
    clock::Clock,
    convert::{self, Format},
    document::{Documents, Unavailable},
    http::caller::Caller,
    ids::DocumentName,
    storage::Store,
    webhooks::{Contents, Form, Post, Target, Waiting, Webhooks},
};

/// Prepares to tell these receivers of what happens in a store.
///
/// # Errors
/// When the store cannot be read or written.
pub(super) async fn open(
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    webhooks: &[Webhook],
) -> anyhow::Result<Webhooks> {
    let mut targets: Vec<(Target, Arc<dyn Post>)> = Vec::new();
    for Webhook { url, target } in webhooks {
        let taken = targets.iter().any(|(other, _)| other.name == target.name);
        anyhow::ensure!(!taken, "two receivers of webhooks are called {}", target.name);
        let caller = Caller::new(url.clone()).context("cannot speak TLS to a webhook-url")?;
        targets.push((target.clone(), Arc::new(caller)));
    }
    Webhooks::open(store, clock, targets).await.context("cannot prepare webhooks")
}

/// What documents say, read without keeping them loaded.
pub(super) struct Exports(pub(super) Documents);

impl Contents for Exports {
    fn read<'a>(
        &'a self,
        document: &'a DocumentName,
        form: Form,
    ) -> Waiting<'a, Result<Option<Bytes>, String>> {
        Box::pin(async move {
            let state = match self.0.state(document).await {
                Ok(Some(state)) => state,
                Ok(None)
                | Err(Unavailable::Missing | Unavailable::InBin | Unavailable::Damaged(_)) => {
                    return Ok(None);
                }
                Err(reason) => return Err(reason.to_string()),
            };
            let format = match form {
                Form::Text => Format::Text,
                Form::Markdown => Format::Markdown,
                Form::Html => Format::Html,
                Form::Json => Format::Json,
                Form::Update => Format::Update,
            };
            let export = move || convert::export(&state, format);
            let file = tokio::task::spawn_blocking(export).await.map_err(|it| it.to_string())?;
            // A document of another app may have nothing that this format can show.
            Ok(file.ok().map(Bytes::from))
        })
    }
}
