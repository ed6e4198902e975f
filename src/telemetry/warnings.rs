//! Warnings and errors that have no number of their own, one type each: noting one writes the line and
//! counts it by its event, for the whole process. docs/metrics.md lists them.
//!
//! An operator is told to look at every one of them, so that none is written in another way: `tests/tidy`
//! holds that. Whatever cannot be reached by a [`Meter`](super::Meter) may note these, too.

use std::fmt::Display;

use super::{
    exposition::{Labelled, Number, Point, Shown},
    happenings::{Description, HAPPENINGS},
    numbers::Counter,
};

/// Anything that can be written in a line.
type Said<'a> = &'a dyn Display;

macro_rules! warnings {
    ($($name:ident $level:ident $target:literal $event:literal $message:literal { $($field:ident),+ };)*) => {
        $(
            #[doc = $message]
            #[expect(missing_docs, reason = "fields are the line's own")]
            pub struct $name<'a> { $(pub $field: Said<'a>,)+ }

            impl $name<'_> {
                /// Writes the line and counts it.
                pub fn note(&self) {
                    Self::told().add(1);
                    tracing::event!(
                        target: $target, tracing::Level::$level,
                        event = $event, $($field = %self.$field,)+ $message
                    );
                }

                fn told() -> &'static Counter {
                    static TOLD: Counter = Counter::new();
                    &TOLD
                }
            }
        )*

        /// All of them.
        pub const WARNINGS: &[Description] = &[$(Description {
            event: $event,
            level: stringify!($level),
            target: $target,
            fields: &[$(stringify!($field)),+],
            message: $message,
            told: $name::<'static>::told,
        },)*];
    };
}

warnings! {
    AcceptFailed ERROR "coscribe::http" "accept_failed" "cannot accept connections for now"
        { reason };
    ConnectionsDropped WARN "coscribe::http" "connections_dropped" "connections did not close in time and are dropped"
        { left };
    SessionLeftBehind ERROR "coscribe::http" "session_left_behind" "a session is left behind"
        { connection };
    DocumentNotBegun ERROR "coscribe::http" "document_not_begun" "failed to begin a document"
        { document, reason };
    VersionsUnmeasured WARN "coscribe::http" "versions_unmeasured" "failed to measure versions"
        { document, reason };
    WebAppUnfit WARN "coscribe::http" "web_app_unfit" "building the server will fail with this web app"
        { reason };
    SettingDoubtful WARN "coscribe::server" "setting_doubtful" "a setting may not do what is meant"
        { reason };
    FilesFew WARN "coscribe::server" "files_few" "the system allows fewer open files than connections are configured; raise it (ulimit -n)"
        { files, connections };
    CertificateStays ERROR "coscribe::server" "certificate_stays" "the old certificate stays in use"
        { reason };
    CollectorGone WARN "coscribe::server" "collector_gone" "a collector did not take metrics; it is tried on"
        { reason };
    RetentionFailed WARN "coscribe::server" "retention_failed" "failed to look for what is no longer kept"
        { reason };
    BinUnread WARN "coscribe::server" "bin_unread" "failed to look through the bin"
        { reason };
    StoreRecovered WARN "coscribe::server" "store_recovered" "the store was not closed in order, or is damaged"
        { report };
    PastStays WARN "coscribe::history" "past_stays" "keeps its past for now"
        { document, reason };
    HooksOverflowing ERROR "coscribe::hooks" "hooks_overflowing" "hooks do not keep up; what happens to this document is not told for now"
        { document, hook };
    HooksUntold ERROR "coscribe::hooks" "hooks_untold" "hooks had not heard of everything when the server stopped"
        { documents };
    HookLate ERROR "coscribe::hooks" "hook_late" "the server stops before a hook has ended"
        { hook };
    RightsUnknown WARN "coscribe::auth" "rights_unknown" "the app that knows who may do what cannot be asked"
        { reason };
    ShareLinkUnknown WARN "coscribe::document" "share_link_unknown" "a share link cannot be looked up"
        { document, reason };
    UpdateQuarantined ERROR "coscribe::document" "update_quarantined" "this update broke the document in memory; it is not stored"
        { document, connection, hex };
    UpdateCut WARN "coscribe::crdt" "update_cut" "an admitted update was not applied whole; keeping what was integrated"
        { edits };
    SnapshotUnsound ERROR "coscribe::document" "snapshot_unsound" "a snapshot is not sound"
        { document, reason };
    StateUnsound ERROR "coscribe::document" "state_unsound" "the state is not sound and not told to hooks"
        { document, reason };
    MessageDropped WARN "coscribe::document" "message_dropped" "a stateless message is not delivered to a connection that takes nothing"
        { document, connection };
    NameNotTold WARN "coscribe::document" "name_not_told" "who knows the old name will not be led on"
        { document, reason };
    AliasStays WARN "coscribe::document" "alias_stays" "the other name of an ended document stays"
        { document, reason };
    CardNotKept WARN "coscribe::document" "card_not_kept" "failed to keep a card"
        { document, reason };
    BinStays WARN "coscribe::document" "bin_stays" "stays in the bin for now"
        { document, reason };
    VersionNotNoted WARN "coscribe::document" "version_not_noted" "failed to note a version"
        { document, reason };
    DamageFound ERROR "coscribe::storage" "damage_found" "something is wrong with the store"
        { reason };
    FileUnreadable ERROR "coscribe::storage" "file_unreadable" "a file cannot be read whole, reading it block by block"
        { reason };
    JournalNotClosed ERROR "coscribe::storage" "journal_not_closed" "the journal could not be closed cleanly"
        { reason };
    JournalNotBegun WARN "coscribe::storage" "journal_not_begun" "failed to begin another journal file, the next edit will"
        { reason };
    JournalNotFinished WARN "coscribe::storage" "journal_not_finished" "failed to finish the journal file, the next start will"
        { reason };
    JournalFileStays WARN "coscribe::storage" "journal_file_stays" "failed to remove an unfinished journal file"
        { path, reason };
    CommitNotCut WARN "coscribe::storage" "commit_not_cut" "failed to cut off an unfinished commit"
        { file, reason };
    KeeperFailed ERROR "coscribe::storage" "keeper_failed" "the keeper's thread panicked; sealing goes on after a restart"
        { reason };
    EraseFailed WARN "coscribe::storage" "erase_failed" "failed to erase what was cut off, trying again later"
        { reason };
    MergeFailed WARN "coscribe::storage" "merge_failed" "failed to merge archives, trying again after the next seal"
        { reason };
    StoreUnnamed WARN "coscribe::storage" "store_unnamed" "failed to write down which store this is; the next start tries again"
        { reason };
    LockUnnamed WARN "coscribe::storage" "lock_unnamed" "failed to note in the lock file who holds it"
        { path, reason };
    ReserveUsed WARN "coscribe::storage" "reserve_used" "there is hardly any room, the reserve was given back"
        { purpose };
    ReserveMissing WARN "coscribe::storage" "reserve_missing" "there was no room for the reserve"
        { reason };
    ReserveStays WARN "coscribe::storage" "reserve_stays" "failed to give back the reserve"
        { reason };
    IndexLost WARN "coscribe::storage" "index_lost" "the index begins anew; nothing is lost, but until documents have snapshots again, opening one reads all its entries"
        { reason, documents };
    IndexNotCopied WARN "coscribe::storage" "index_not_copied" "the index could not be written anew, so it begins empty"
        { reason };
    IndexCopyStays WARN "coscribe::storage" "index_copy_stays" "an unfinished copy of the index stays"
        { reason };
    IndexNotClosed WARN "coscribe::storage" "index_not_closed" "the index did not close well"
        { reason };
    SnapshotUnusable WARN "coscribe::storage" "snapshot_unusable" "a snapshot cannot be used, all entries are read instead"
        { document, reason };
    SnapshotStays WARN "coscribe::storage" "snapshot_stays" "failed to remove a snapshot that is no longer good for anything"
        { document, reason };
    SnapshotsStay WARN "coscribe::storage" "snapshots_stay" "snapshots of deleted documents stay until the next start"
        { reason };
    EndUntold WARN "coscribe::webhooks" "end_untold" "the end of a document may not be told"
        { document, reason };
    EndsForgotten ERROR "coscribe::webhooks" "ends_forgotten" "receivers of webhooks will not hear that documents ended: too many wait"
        { documents };
    ReceiverUnknown WARN "coscribe::webhooks" "receiver_unknown" "the store does not know since when a receiver is there"
        { reason };
    ReceiverGone WARN "coscribe::webhooks" "receiver_gone" "a receiver of webhooks is gone; it is tried again until it is back"
        { target };
    ReceiverEnded ERROR "coscribe::webhooks" "receiver_ended" "a receiver of webhooks is gone for good (410): it is told nothing more until the next start"
        { target };
    WebhooksUnknown WARN "coscribe::webhooks" "webhooks_unknown" "cannot find what is to be told by webhooks"
        { reason };
    WebhookUnreadable WARN "coscribe::webhooks" "webhook_unreadable" "cannot read what webhooks are to tell"
        { target, document, reason };
}

/// How often each warning and each error was written, by its event.
pub struct Told;

impl Shown for Told {
    fn kind(&self) -> &'static str {
        "counter"
    }

    fn labels(&self) -> Vec<&'static str> {
        vec!["event"]
    }

    fn points(&self, labels: &[Labelled], out: &mut Vec<Point>) {
        for it in HAPPENINGS.iter().chain(WARNINGS).filter(|it| it.is_grave()) {
            let labels = [labels, &[("event", it.event)]].concat();
            out.push(Point { labels, number: Number::Whole((it.told)().get().into()) });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::telemetry::{Meter, happenings::SnapshotFailed};

    fn told(event: &str) -> Number {
        let mut points = Vec::new();
        Told.points(&[], &mut points);
        let point = points.into_iter().find(|it| it.labels == [("event", event)]);
        point.unwrap_or_else(|| panic!("{event} is not counted")).number
    }

    #[test]
    fn a_warning_is_counted_by_its_event_wherever_it_is_noted() {
        // Of the whole process, in which other tests may be at work.
        let more = |before: &Number, now: &Number| match (before, now) {
            (Number::Whole(before), Number::Whole(now)) => now > before,
            _ => false,
        };
        let before = [told("lock_unnamed"), told("snapshot_failed")];
        LockUnnamed { path: &"LOCK", reason: &"no room" }.note();
        Meter::default().note(&SnapshotFailed { document: &"a", reason: &"no room" });
        let now = [told("lock_unnamed"), told("snapshot_failed")];
        for (before, now) in before.iter().zip(&now) {
            assert!(more(before, now), "{before:?} {now:?}");
        }
    }

    #[test]
    fn every_event_has_a_name_of_its_own_and_only_what_is_grave_is_here() {
        assert!(WARNINGS.iter().all(Description::is_grave));
        let all: Vec<_> = HAPPENINGS.iter().chain(WARNINGS).map(|it| it.event).collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{all:?}");
    }
}
