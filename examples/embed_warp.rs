//! Coscribe below a prefix of a warp app: `cargo run --example embed_warp [ADDRESS]`.
//!
//! The app has a page of its own, which shows how long a document is as people write it.

use std::io::{Write, stdin, stdout};

use coscribe::{Server, ids::DocumentName, server::Documents};
use tokio::net::TcpListener;
use warp::Filter;

async fn length(documents: Documents, name: String) -> String {
    let Ok(name) = DocumentName::new(&name) else { return "not a name".into() };
    match documents.get(&name).text().await {
        Ok(Some(text)) => format!("{name} has {} letters\n", text.chars().count()),
        Ok(None) => format!("write something at /docs/d/{name}\n"),
        Err(reason) => format!("{reason}\n"),
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".into());
    let server = Server::builder().memory().build().await?;

    let documents = server.documents().clone();
    let own = warp::path!("length" / String).then(move |name| length(documents.clone(), name));
    // Pages, sockets and API, all below /docs.
    let app = own.or(warp::path("docs").and(server.routes()));

    let socket = TcpListener::bind(address).await?;
    writeln!(stdout(), "http://{}/length/plan.md; press return to stop", socket.local_addr()?)?;
    let stopped = async {
        // An error is an end as well.
        drop(tokio::task::spawn_blocking(|| stdin().read_line(&mut String::new())).await);
    };
    let serving = warp::serve(app).incoming(socket).graceful(stopped).run();
    serving.await;
    // Everybody is sent away, everything made durable.
    server.shutdown().await
}
