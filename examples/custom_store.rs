//! A store of one's own: `cargo run --example custom_store --features conformance`.
//!
//! This one passes everything on to another and counts what people write. Yours may speak to a
//! database; the suite that it runs here is the same.

use std::{
    io::{Write, stdout},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use bytes::Bytes;
use coscribe::{
    Server,
    clock::Timestamp,
    identity::Author,
    ids::{DocumentId, DocumentName, Seq},
    storage::{
        DocumentInfo, Entry, Health, Opened, Record, Store, StoreFuture, StoredEntry, conformance,
        memory::Memory,
    },
};

#[derive(Default)]
struct Counting(Memory, AtomicUsize);

/// Methods that another store does.
macro_rules! pass_on {
    ($($name:ident($($it:ident: $of:ty),*) -> $result:ty;)*) => {
        $(fn $name(&self, $($it: $of),*) -> $result { self.0.$name($($it),*) })*
    };
}

impl Store for Counting {
    fn append(&self, id: DocumentId, entries: Vec<Entry>) -> StoreFuture<Seq> {
        self.1.fetch_add(entries.iter().map(|it| it.update.len()).sum(), Relaxed);
        self.0.append(id, entries)
    }

    pass_on! {
        find(name: &DocumentName) -> StoreFuture<Option<DocumentId>>;
        create(name: &DocumentName, id: DocumentId, time: Timestamp) -> StoreFuture<DocumentId>;
        open(id: DocumentId) -> StoreFuture<Opened>;
        snapshot(id: DocumentId, expected: u64, seq: Seq, state: Bytes) -> StoreFuture<u64>;
        history(id: DocumentId, after: Seq, bytes: usize) -> StoreFuture<Vec<StoredEntry>>;
        delete(id: DocumentId, time: Timestamp, clients: Vec<u64>) -> StoreFuture<()>;
        retired_clients(name: &DocumentName) -> StoreFuture<Arc<[u64]>>;
        rename(id: DocumentId, name: &DocumentName, time: Timestamp) -> StoreFuture<()>;
        record(id: DocumentId, key: &str) -> StoreFuture<Option<Record>>;
        put_record(id: DocumentId, key: &str, expected: u64, value: Option<Bytes>) -> StoreFuture<u64>;
        records(id: DocumentId, prefix: &str) -> StoreFuture<Vec<(Box<str>, Record)>>;
        list(prefix: &str, after: Option<&DocumentName>, limit: usize) -> StoreFuture<Vec<DocumentInfo>>;
        health() -> Health;
        close() -> StoreFuture<()>;
    }
}

/// Makes stores for the suite.
struct Stores;

impl conformance::Harness for Stores {
    fn fresh(&self) -> Arc<dyn Store> {
        Arc::new(Counting::default())
    }

    fn reopen(&self, _closed: Arc<dyn Store>) -> Option<Arc<dyn Store>> {
        None
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    conformance::run(&Stores).await;
    writeln!(stdout(), "the store keeps the contract")?;

    let store = Arc::new(Counting::default());
    let server = Server::builder().store(store.clone()).build().await?;
    let notes = server.documents().get(&DocumentName::new("notes")?);
    notes.edit_text(Author::server("example"), |text| text.push("Hello.")).await?;
    writeln!(stdout(), "{} bytes were written", store.1.load(Relaxed))?;
    server.shutdown().await
}
