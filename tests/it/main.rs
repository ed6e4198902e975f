//! Whole servers in this process, used over real sockets: through the Rust client, over HTTP, and by
//! a page as unmodified clients are.
//!
//! `harness` starts them, `http` and `page` talk to them; `formats` opens old stores, `sync` is about
//! documents and people, `restart` about what a store keeps, `api`, `aliases`, `content`, `events`
//! `limits` and `refusals` about `/api/v1`, `beginning` about many who make the same
//! document at once, `bench` about the command that measures, `saved` and `data` about documents as
//! files with their past, `embed` about servers
//! inside other apps, `documents` about documents as those apps see them, `history` about their
//! past, `keeping` about backups of a server at work, `hooks` about moments that the program around a server takes part in, `rights` about who
//! may do what, `versions` about going back to what a document said, `retention` about pasts that
//! are not kept, `webhooks` about telling an app of it all, `y_sweet` about its routes as one door
//! among others. `store_speed` and `store_size` measure the local engine by itself, for people who
//! ask it to.

mod aliases;
mod api;
mod beginning;
mod bench;
mod content;
mod data;
mod documents;
mod embed;
mod events;
mod examples;
mod formats;
mod harness;
mod history;
mod hooks;
mod http;
mod keeping;
mod limits;
mod otlp;
mod page;
mod refusals;
mod restart;
mod retention;
mod rights;
mod saved;
mod store_size;
mod store_speed;
mod sync;
mod terminal;
mod versions;
mod webhooks;
mod y_sweet;
