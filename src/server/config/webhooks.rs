//! Settings about receivers of webhooks: one by flags, variables or keys (`webhook-url`), or several
//! as tables (`[[webhook]]`) in the file.

use std::{collections::BTreeSet, time::Duration};

use super::{Mistake, Reader, Source, Written, units, within};
use crate::{
    auth::{Secret, Signer},
    http::caller::AppUrl,
    limits::WEBHOOK_TARGETS,
    webhooks::{Form, Kind, Kinds, Target, TargetName},
};

/// What the names of these settings begin with; left out in a table.
pub(super) const PREFIX: &str = "webhook-";

/// Settings that speak of a receiver which another one names.
const OTHERS: [&str; 5] =
    ["webhook-secret", "webhook-name", "webhook-events", "webhook-content", "webhook-debounce"];

/// Changes are told after a pause of this length unless it is said.
const DEBOUNCE: Duration = Duration::from_secs(2);

/// A receiver of webhooks and its address.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Where events are sent.
    pub url: AppUrl,
    /// What is sent.
    pub target: Target,
}

impl Webhook {
    /// A receiver that hears of everything, without content, after pauses of two seconds; its fields
    /// say otherwise.
    ///
    /// # Errors
    /// When the address is none, or the secret is too short to be one.
    pub fn new(url: &str, secret: &str) -> Result<Self, String> {
        let url = address(url)?;
        let target = Target {
            name: name_of(&url)?,
            signer: Signer::new(&[Secret::from(secret)])?,
            kinds: Kinds::ALL,
            content: None,
            debounce: DEBOUNCE,
        };
        Ok(Self { url, target })
    }
}

fn address(text: &str) -> Result<AppUrl, String> {
    let usual = || format!("`{text}` is not an address; write it like https://app.example/hooks");
    text.parse().map_err(|_| usual())
}

/// The name of a receiver that nobody named.
fn name_of(url: &AppUrl) -> Result<TargetName, String> {
    format!("{:08x}", crc32fast::hash(url.to_string().as_bytes())).parse()
}

impl Reader {
    /// All receivers: that of the settings and those of the tables.
    pub(super) fn webhooks(&mut self, written: &Written) -> Vec<Webhook> {
        let mut webhooks: Vec<_> = self.webhook(None).into_iter().collect();
        let tables = written.tables("webhook", PREFIX, &mut self.mistakes);
        let sources: Vec<_> = tables.iter().map(|(source, _)| source.clone()).collect();
        for (source, chosen) in tables {
            let mut reader = Self { chosen, mistakes: Vec::new() };
            webhooks.extend(reader.webhook(Some(&source)));
            self.mistakes.append(&mut reader.mistakes);
        }
        let names: BTreeSet<_> = webhooks.iter().map(|webhook| &webhook.target.name).collect();
        let mistake = if names.len() < webhooks.len() {
            Some(
                "two receivers have the same name or address; give each a name of its own"
                    .to_owned(),
            )
        } else if webhooks.len() > WEBHOOK_TARGETS {
            Some(format!("there may be at most {WEBHOOK_TARGETS} receivers"))
        } else {
            None
        };
        if let (Some(message), Some(source)) = (mistake, sources.into_iter().next_back()) {
            self.mistakes.push(Mistake::new(source, &message));
        }
        webhooks
    }

    /// One receiver; `None` when none is set or something about it is wrong. `place` is where one
    /// must be.
    fn webhook(&mut self, place: Option<&Source>) -> Option<Webhook> {
        let url = self.one("webhook-url", address);
        let secrets = self.many_by("webhook-secret", |text| {
            let secret = Secret::from(text);
            let known = Signer::new(std::slice::from_ref(&secret));
            known.map(|_| secret).map_err(|why| format!("{why}; a comma separates two"))
        });
        let name = self.one("webhook-name", str::parse::<TargetName>);
        let kinds = self.many::<Kind>("webhook-events");
        let content = self.one("webhook-content", content);
        let debounce = self.one("webhook-debounce", |text| {
            within(units::duration(text)?, Duration::ZERO, Duration::from_mins(10), "at most 10m")
        });
        if !self.chosen.contains_key("webhook-url") {
            self.useless(&OTHERS, "has no use without --webhook-url");
            if let Some(place) = place {
                self.mistakes.push(Mistake::new(place.clone(), "a receiver needs a url"));
            }
            return None;
        }
        if !self.chosen.contains_key("webhook-secret") {
            let source = self.chosen["webhook-url"].source.clone();
            let message = "a receiver needs a secret as well (webhook-secret), so that it can tell \
                events from forged ones; make one with `openssl rand -base64 32`";
            self.mistakes.push(Mistake::new(source, message));
        }
        let (url, signer) = (url?, Signer::new(&secrets).ok()?);
        let target = Target {
            name: name.or_else(|| name_of(&url).ok())?,
            signer,
            kinds: if kinds.is_empty() { Kinds::ALL } else { kinds.into_iter().collect() },
            content: content.unwrap_or_default(),
            debounce: debounce.unwrap_or(DEBOUNCE),
        };
        Some(Webhook { url, target })
    }
}

/// Reads what documents are sent as; `none` for not at all.
fn content(text: &str) -> Result<Option<Form>, String> {
    if text == "none" { Ok(None) } else { text.parse().map(Some) }
}
