//! What is worth a line in the log, one type each: noting one with [`Meter::note`] writes the line and
//! moves its numbers, so that the two cannot disagree. docs/metrics.md lists them, and those in
//! `warnings.rs`, which have no numbers of their own.
//!
//! Says how something is told; knows nothing of where it happens.

use std::fmt::Display;

use super::{
    meter::{Cause, Ended, Hook, Meter, NoRoom, Outcome},
    numbers::Counter,
};

/// Anything that can be written in a line.
type Said<'a> = &'a dyn Display;

/// Something that happened.
pub trait Happening {
    /// Moves the numbers.
    fn count(&self, meter: &Meter);
    /// Writes the line.
    fn tell(&self);
}

/// What there is to know about one kind of them.
#[derive(Clone, Copy, Debug)]
pub struct Description {
    /// The field `event` of its line.
    pub event: &'static str,
    /// How grave it is.
    pub level: &'static str,
    /// The part of the server, for log filters.
    pub target: &'static str,
    /// The other fields of its line.
    pub fields: &'static [&'static str],
    /// What the line says.
    pub message: &'static str,
    /// How often its line was written, in this process.
    pub(super) told: fn() -> &'static Counter,
}

impl Description {
    /// Whether somebody should look.
    #[must_use]
    pub fn is_grave(&self) -> bool {
        matches!(self.level, "ERROR" | "WARN")
    }
}

macro_rules! happenings {
    ($($name:ident $level:ident $target:literal $event:literal $message:literal
        { $($field:ident),* $(; $hidden:ident: $kind:ty)? } |$it:ident, $meter:ident| $count:expr;)*) => {
        $(
            #[doc = $message]
            #[expect(missing_docs, reason = "fields are the line's own")]
            pub struct $name<'a> { $(pub $field: Said<'a>,)* $(pub $hidden: $kind,)? }

            impl Happening for $name<'_> {
                fn count(&self, $meter: &Meter) {
                    let $it = self;
                    let () = $count;
                    let _ = $it;
                }

                fn tell(&self) {
                    Self::told().add(1);
                    tracing::event!(
                        target: $target, tracing::Level::$level,
                        event = $event, $($field = %self.$field,)* $message
                    );
                }
            }

            impl $name<'_> {
                fn told() -> &'static Counter {
                    static TOLD: Counter = Counter::new();
                    &TOLD
                }
            }
        )*

        /// All of them.
        pub const HAPPENINGS: &[Description] = &[$(Description {
            event: $event,
            level: stringify!($level),
            target: $target,
            fields: &[$(stringify!($field)),*],
            message: $message,
            told: $name::<'static>::told,
        },)*];
    };
}

happenings! {
    ConnectionOpened DEBUG "coscribe::http" "connection_opened" "a connection is open"
        { connection } |_it, meter| {
            meter.connections.add(1);
            meter.connections_opened.add(1);
        };
    ConnectionClosed DEBUG "coscribe::http" "connection_closed" "a connection has ended"
        { connection, reason; ended: Ended } |it, meter| {
            meter.connections.add(-1);
            meter.connections_closed[it.ended].add(1);
        };
    ConnectionRefused DEBUG "coscribe::http" "connection_refused" "there is no room for a connection"
        { address, reason; bound: NoRoom } |it, meter| meter.connections_refused[it.bound].add(1);
    ConnectionSentAway INFO "coscribe::http" "connection_sent_away" "an operator sent a connection away"
        { connection } |_it, _meter| ();
    LogChanged INFO "coscribe::http" "log_changed" "an operator changed what is logged"
        { filter, minutes } |_it, _meter| ();
    DocumentSentAway INFO "coscribe::http" "document_sent_away" "an operator had a document unloaded"
        { document } |_it, _meter| ();
    CredentialsRefused DEBUG "coscribe::http" "credentials_refused" "what somebody showed counts for nothing"
        { address, reason } |_it, meter| meter.denied.add(1);
    DocumentLoaded DEBUG "coscribe::document" "document_loaded" "a document is open"
        { document, micros } |_it, meter| meter.documents_loaded.add(1);
    DocumentUnloaded DEBUG "coscribe::document" "document_unloaded" "a document has left memory"
        { document } |_it, meter| meter.documents_unloaded.add(1);
    DocumentFailed ERROR "coscribe::document" "document_failed" "failed to load a document"
        { document, reason } |_it, meter| meter.documents_failed.add(1);
    DocumentBroken ERROR "coscribe::document" "document_broken" "reloading the document"
        { document, reason } |_it, meter| meter.documents_broken.add(1);
    EditRefused INFO "coscribe::document" "edit_refused" "an edit is refused"
        { document, connection, reason; cause: Cause } |it, meter| meter.edits_refused[it.cause].add(1);
    EditsUnwritable ERROR "coscribe::document" "edits_unwritable" "edits can no longer be stored"
        { document, reason } |_it, _meter| ();
    ReaderBehind DEBUG "coscribe::document" "reader_behind" "a reader is behind"
        { document, connection } |_it, meter| {
            meter.behind.add(1);
            meter.fell_behind.add(1);
        };
    SnapshotFailed WARN "coscribe::document" "snapshot_failed" "failed to store a snapshot; opening the document will take longer"
        { document, reason } |_it, meter| meter.snapshots[Outcome::Failed].add(1);
    JournalBlocked ERROR "coscribe::storage" "journal_blocked" "the journal cannot be written, edits wait until it can"
        { reason } |_it, meter| meter.commits_failed.add(1);
    JournalFailed ERROR "coscribe::storage" "journal_failed" "the journal could not be synced, nothing is saved any more"
        { reason } |_it, meter| meter.commits_failed.add(1);
    JournalSealed DEBUG "coscribe::storage" "journal_sealed" "a full journal file is an archive now"
        { file } |_it, meter| meter.seals[Outcome::Done].add(1);
    SealFailed WARN "coscribe::storage" "seal_failed" "failed to seal a journal file, trying again later"
        { file, reason } |_it, meter| meter.seals[Outcome::Failed].add(1);
    HookFailed ERROR "coscribe::hooks" "hook_failed" "a hook failed"
        { hook, reason; which: Hook } |it, meter| meter.hooks_failed[it.which].add(1);
    WebhookTaken DEBUG "coscribe::webhooks" "webhook_taken" "a receiver took a webhook"
        { target } |_it, meter| meter.webhooks[Outcome::Done].add(1);
    WebhookRefused DEBUG "coscribe::webhooks" "webhook_refused" "a receiver did not take a webhook"
        { target, reason } |_it, meter| meter.webhooks[Outcome::Failed].add(1);
}
