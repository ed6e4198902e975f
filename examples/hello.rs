//! The smallest server in a program: `cargo run --example hello [ADDRESS]`.
//!
//! Open the address that it prints in two windows.

use std::io::{Write, stdin, stdout};

use coscribe::{Server, identity::Author, ids::DocumentName};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".into());
    let server = Server::builder().memory().listen(address.parse()?).build().await?;

    let hello = server.documents().get(&DocumentName::new("hello.md")?);
    hello
        .edit_text(Author::server("hello.rs"), |text| text.push("# Hello\n\nWrite here.\n"))
        .await?;

    writeln!(stdout(), "http://{}/d/hello.md; press return to stop", server.addresses()[0])?;
    tokio::task::spawn_blocking(|| stdin().read_line(&mut String::new())).await??;
    server.shutdown().await
}
