//! A bot that signs the guest book: `cargo run --example bot [DOCUMENT] [URL]`.
//!
//! Open http://localhost:8080/d/guestbook beside it and watch.

use coscribe::{
    client::{Client, Options},
    ids::DocumentName,
};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "guestbook".into());
    let url = arguments.next().unwrap_or_else(|| "ws://localhost:8080/ws".into());

    let client = Client::connect(&url, &DocumentName::new(&name)?, Options::default())?;
    client.set_presence(Some(&serde_json::json!({ "user": { "name": "Guest bot" } })));
    client.synced().await?;

    let visit = client.text().matches("The bot was here").count() + 1;
    for word in ["The", " bot", " was", " here", &format!(" (visit {visit}).\n")] {
        client.edit(|text| text.push(word))?;
    }
    client.saved().await?;

    let out = format!("{visit} visits, and the last one is on the server's disk\n");
    std::io::Write::write_all(&mut std::io::stdout(), out.as_bytes())?;
    client.close().await;
    Ok(())
}
