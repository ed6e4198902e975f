//! Plays a past into a new document of a running server: the edits themselves, one connection per
//! author, so that people who have it open see everybody type.

use std::{
    collections::{BTreeMap, btree_map::Entry as Slot},
    io::Write,
    process::ExitCode,
};

use anyhow::Context;
use serde_json::json;

use super::{player::Player, source::Recording};
use crate::{
    cli::{not_understood, words, write_out},
    client::{Client, Options},
    ids::{DocumentName, percent_decode},
    storage::Entry,
};

/// Connections at most; further authors share them.
const CLIENTS: u32 = 16;

/// As the web app colours people.
const COLOURS: [&str; 8] =
    ["#2f6fdb", "#c2571a", "#2e8b57", "#a04ea0", "#a07800", "#16868b", "#c8385a", "#6b6b8d"];

/// Plays it.
pub(super) fn play(
    recording: &Recording,
    entries: &[Entry],
    player: &mut Player,
    address: &str,
    out: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let Some((url, name)) = split(address) else {
        return not_understood(&format!(
            "`{address}` names no document: it looks like ws://host:8080/ws/NAME"
        ));
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let edits = runtime.block_on(perform(recording, entries, player, &url, &name))?;
    let words = format!("played {} into `{name}`\n", words::count(edits, "edit"));
    write_out(out, words.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn split(address: &str) -> Option<(String, DocumentName)> {
    let (scheme, rest) = address.split_once("://")?;
    let (host, path) = rest.split_once("/ws/")?;
    let name = String::from_utf8(percent_decode(path)?).ok()?;
    let usable = matches!(scheme, "ws" | "wss") && !host.is_empty();
    usable.then_some((format!("{scheme}://{host}/ws"), DocumentName::new(&name).ok()?))
}

async fn perform(
    recording: &Recording,
    entries: &[Entry],
    player: &mut Player,
    url: &str,
    name: &DocumentName,
) -> anyhow::Result<usize> {
    let mut clients: BTreeMap<u32, Client> = BTreeMap::new();
    let mut last: Option<u32> = None;
    let range = player.range().clone();
    for (row, entry) in entries.iter().enumerate().take(range.end) {
        if row >= range.start
            && let Some(wait) = player.until_next()
        {
            tokio::time::sleep(wait).await;
            player.pass(wait);
        }
        let user = recording.users[row] % CLIENTS;
        if last != Some(user) {
            // What somebody else builds on must be there before.
            if let Some(before) = last.and_then(|last| clients.get(&last)) {
                before.saved().await?;
            }
            if let Slot::Vacant(slot) = clients.entry(user) {
                slot.insert(join(recording, user, url, name, row == 0).await?);
            }
        }
        last = Some(user);
        let client = clients.get(&user).context("everybody has joined")?;
        client.deliver(&entry.update)?;
        if row + 1 == range.start {
            client.saved().await?;
        }
    }
    for (_, client) in clients {
        client.saved().await?;
        client.close().await;
    }
    Ok(range.end)
}

async fn join(
    recording: &Recording,
    user: u32,
    url: &str,
    name: &DocumentName,
    is_first: bool,
) -> anyhow::Result<Client> {
    let client = Client::connect(url, name, Options::default())?;
    let who = usize::try_from(user)?;
    let colour = COLOURS[who % COLOURS.len()];
    let person = json!({ "user": { "name": recording.names[who], "color": colour } });
    client.set_presence(Some(&person));
    client.synced().await?;
    if is_first && !client.is_empty() {
        anyhow::bail!(
            "there is something in `{name}` already; a past is played into a new document"
        );
    }
    Ok(client)
}
