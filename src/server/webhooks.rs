//! Puts webhooks together: receivers from the settings, documents for what they say.

use std::sync::Arc;

use anyhow::Context;
use bytes::Bytes;
use tokio::sync::watch;

use super::config::Webhook;
use crate::{
    clock::Clock,
    convert::{self, Format},
    document::{Documents, Unavailable},
    http::caller::Caller,
    ids::DocumentName,
    random::SystemRandom,
    storage::Store,
    webhooks::{Contents, Form, Post, Surroundings, Target, Waiting, Webhooks},
};

/// Prepares to tell these receivers, if there are any, of what happens in a store; gives the store to
/// be used instead.
///
/// # Errors
/// When two have the same name, or the store cannot be read or written.
pub(super) async fn watch(
    store: Arc<dyn Store>,
    clock: &Arc<dyn Clock>,
    webhooks: &[Webhook],
) -> anyhow::Result<(Arc<dyn Store>, Option<Webhooks>)> {
    if webhooks.is_empty() {
        return Ok((store, None));
    }
    let mut targets: Vec<(Target, Arc<dyn Post>)> = Vec::new();
    for Webhook { url, target } in webhooks {
        let taken = targets.iter().any(|(other, _)| other.name == target.name);
        anyhow::ensure!(!taken, "two receivers of webhooks are called {}", target.name);
        let caller = Caller::new(url.clone()).context("cannot speak TLS to a webhook-url")?;
        targets.push((target.clone(), Arc::new(caller)));
    }
    let opened = Webhooks::open(store, Arc::clone(clock), targets).await;
    let webhooks = opened.context("cannot prepare webhooks")?;
    Ok((webhooks.store(), Some(webhooks)))
}

/// Tells what was prepared until `stop` turns true.
pub(super) fn start(
    webhooks: Option<Webhooks>,
    documents: &Documents,
    clock: &Arc<dyn Clock>,
    stop: &watch::Receiver<bool>,
) {
    let Some(webhooks) = webhooks else { return };
    let surroundings = Surroundings {
        clock: Arc::clone(clock),
        random: Arc::new(SystemRandom),
        contents: Arc::new(Exports(documents.clone())),
        meter: Arc::clone(documents.meter()),
    };
    webhooks.start(&surroundings, stop);
}

/// What documents say, read without keeping them loaded.
struct Exports(Documents);

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
