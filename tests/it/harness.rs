//! Starts a server on a free port and connects clients to it.

use std::path::Path;

use coscribe::{
    client::{Client, Options},
    ids::DocumentName,
    server::{
        Server,
        config::{Config, Written},
    },
};

/// Starts a server that keeps documents in a directory, or in memory. `address` is `127.0.0.1:0`
/// for any free port.
pub(crate) async fn serve(directory: Option<&Path>, address: &str) -> Server {
    let data = match directory {
        Some(path) => ("data", path.to_str().expect("a path in UTF-8")),
        None => ("memory", "true"),
    };
    serve_with(&[data, ("listen", address)]).await
}

/// Starts a server with these settings.
pub(crate) async fn serve_with(settings: &[(&'static str, &str)]) -> Server {
    let flags = settings.iter().map(|(name, value)| (*name, vec![(*value).to_owned()])).collect();
    let written = Written { flags, ..Written::default() };
    let config = Config::understand(&written).expect("sound settings");
    Server::start(&config).await.expect("the server starts")
}

/// Opens a document.
pub(crate) fn open(server: &Server, document: &str) -> Client {
    let url = format!("ws://{}/ws", server.addresses()[0]);
    let name = DocumentName::new(document).expect("a good name");
    Client::connect(&url, &name, Options::default()).expect("a good address")
}
