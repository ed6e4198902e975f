//! Puts together who is asked for rights, from the settings: tokens, the app, share links.

use std::{fs, sync::Arc};

use anyhow::Context;

use super::config::{KeyFile, RightsConfig};
use crate::{
    auth::{
        Authorizer, Callback, Combined, Issuer, Open, Tokens,
        keys::{Algorithm, Key},
        token::SigningKey,
        y_sweet::YSweetTokens,
    },
    clock::Clock,
    document::{Documents, sharing::ShareLinks},
    http::caller::Caller,
};

/// Who is asked: nobody, or all that were set and share links besides.
///
/// # Errors
/// When a key cannot be read or is none.
pub(super) fn authorizer(
    config: &RightsConfig,
    y_sweet: &Arc<YSweetTokens>,
    documents: &Documents,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Arc<dyn Authorizer>> {
    let mut all: Vec<Arc<dyn Authorizer>> = Vec::new();
    if config.has_keys() {
        all.push(Arc::new(Tokens {
            keys: keys(config)?,
            audiences: config.audiences.clone(),
            cookie: config.cookie.clone(),
            otherwise: config.otherwise,
            clock: Arc::clone(clock),
        }));
    }
    if let Some(url) = &config.url {
        let caller = Caller::new(url.clone()).context("cannot speak TLS to auth-url")?;
        let cookies = config.url_cookies.clone();
        all.push(Arc::new(Callback::new(
            Arc::new(caller),
            cookies,
            config.recheck,
            Arc::clone(clock),
        )));
    }
    if all.is_empty() && !y_sweet.has_keys() {
        return Ok(Arc::new(Open));
    }
    Ok(besides(all, y_sweet, documents))
}

/// An embedder's own, and what there is besides.
pub(super) fn with_links(
    authorizer: Arc<dyn Authorizer>,
    y_sweet: &Arc<YSweetTokens>,
    documents: &Documents,
) -> Arc<dyn Authorizer> {
    if authorizer.is_open() {
        return authorizer;
    }
    besides(vec![authorizer], y_sweet, documents)
}

/// Tokens of y-sweet and share links besides: whoever has one may do what it says.
fn besides(
    mut all: Vec<Arc<dyn Authorizer>>,
    y_sweet: &Arc<YSweetTokens>,
    documents: &Documents,
) -> Arc<dyn Authorizer> {
    if y_sweet.has_keys() {
        all.push(Arc::clone(y_sweet) as _);
    }
    all.push(Arc::new(ShareLinks(documents.clone())));
    Arc::new(Combined(all))
}

/// What makes tokens when the API is asked for one: the secret that their readers believe.
pub(super) fn issuer(config: &RightsConfig) -> anyhow::Result<Option<Issuer>> {
    let Some(secret) = &config.secret else { return Ok(None) };
    let key = SigningKey::new(secret.expose().as_bytes()).context("auth-secret cannot be used")?;
    Ok(Some(Issuer { key, audience: config.audiences.first().cloned() }))
}

fn keys(config: &RightsConfig) -> anyhow::Result<Vec<Key>> {
    let mut keys = Vec::new();
    if let Some(secret) = &config.secret {
        let key = Key::new(Algorithm::Hs256, None, secret.expose().as_bytes());
        keys.push(key.context("auth-secret cannot be used")?);
    }
    for KeyFile { algorithm, id, path } in &config.keys {
        let bytes = fs::read(path)
            .with_context(|| format!("cannot read the key {} of auth-key", path.display()))?;
        let key = Key::new(*algorithm, id.as_deref(), &bytes);
        keys.push(key.with_context(|| format!("cannot use {} of auth-key", path.display()))?);
    }
    Ok(keys)
}
