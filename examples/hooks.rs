//! A folder of Markdown files that people edit together: `cargo run --example hooks [FOLDER] [ADDRESS]`.
//!
//! A document begins with its file and is written back into it; your database goes where the files
//! are here.

use std::{
    io::{ErrorKind, Write, stdin, stdout},
    path::PathBuf,
};

use bytes::Bytes;
use coscribe::{
    Server,
    crdt::content,
    hooks::{Authenticate, FirstContent, Hooks, Refusal, Stored},
    identity::Access,
    ids::DocumentName,
    yrs::{Doc, Text, Transact},
};

struct Folder(PathBuf);

impl Folder {
    /// Names come from anybody; a path out of the folder they must not be.
    fn path(&self, name: &DocumentName) -> Result<PathBuf, Refusal> {
        let name = name.as_str();
        let sound = name.ends_with(".md") && !name.starts_with('.') && !name.contains(['/', '\\']);
        if sound {
            Ok(self.0.join(name))
        } else {
            Err(Refusal::new("here are only Markdown files"))
        }
    }
}

impl Hooks for Folder {
    async fn authenticate(&self, it: Authenticate) -> Result<Access, Refusal> {
        self.path(&it.document).map(|_| it.access)
    }

    async fn first_content(&self, it: FirstContent) -> Result<Option<Bytes>, Refusal> {
        let text = match tokio::fs::read_to_string(self.path(&it.document)?).await {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Refusal::new(format!("cannot read the file: {error}"))),
        };
        let doc = Doc::new();
        let root = doc.get_or_insert_text("text");
        let mut change = doc.transact_mut();
        root.push(&mut change, &text);
        Ok(Some(change.encode_update_v1().into()))
    }

    async fn stored(&self, it: Stored) {
        let (Ok(path), Ok(text)) = (self.path(&it.document), content::text(&it.state)) else {
            return;
        };
        let new = path.with_extension("new");
        let write = async || {
            tokio::fs::write(&new, text).await?;
            tokio::fs::rename(&new, &path).await
        };
        if let Err(error) = write().await {
            // The document itself is safe, and the next call brings all of it.
            tracing::error!(%error, "cannot write {}", path.display());
        }
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().unwrap_or_else(|| ".".into()));
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:8080".into());
    let data = folder.join(".coscribe");
    let building = Server::builder().data(data).listen(address.parse()?).hooks(Folder(folder));
    let server = building.build().await?;
    writeln!(stdout(), "http://{}/d/README.md; press return to stop", server.addresses()[0])?;
    tokio::task::spawn_blocking(|| stdin().read_line(&mut String::new())).await??;
    server.shutdown().await
}
