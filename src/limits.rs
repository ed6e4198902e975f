//! Every bound of the server with its default and the reason for it.
//!
//! A bound that an operator may want to move is a field of [`Limits`]; one that the formats or the
//! protocols fix is a constant. Relations between bounds are asserted at compile time.

use std::time::Duration;

/// Bytes in a document's name. Long enough for paths of host apps, short enough for any key.
pub const NAME_BYTES: usize = 256;

/// Depth of shared types inside each other, counting those already in the document. The CRDT
/// recurses over them; editors' trees rarely pass 20.
pub const TYPE_DEPTH: u32 = 128;

/// Depth of plain values (JSON-like) inside each other within one operation.
pub const ANY_DEPTH: u32 = 32;

/// Documents inside a document, those not counted that were deleted. Each takes about 2 KiB in memory
/// and as little as eight bytes in an update; workspaces that put every page into one have some
/// thousand. A stored document that has more still opens, and takes no further one.
pub const DOCUMENTS_INSIDE: usize = 5_000;

/// Largest clock a client id may reach. JavaScript clients do bit operations on clocks.
pub const CLOCK_MAX: u32 = (1 << 31) - 1;

/// Bytes of a map key or attribute name within an update.
pub const KEY_BYTES: usize = 64 * 1024;

/// Bytes of the name of a language that code is written in.
pub const LANG_BYTES: usize = 64;

/// Updates applied in one transaction. Beyond this the gain flattens and the first ack waits.
pub const BATCH_UPDATES: usize = 64;

/// Largest piece of a first sync. Clients' watchdogs count whole messages: at 256 kbit/s this takes
/// one second, and the strictest client gives up after three.
pub const SYNC_PIECE_BYTES: usize = 32 * 1024;

/// How long a token lasts that the API is asked for, unless the request says.
pub const TOKEN_LASTS: Duration = Duration::from_secs(15 * 60);

/// How long one may last: it cannot be taken back.
pub const TOKEN_LASTS_AT_MOST: Duration = Duration::from_secs(24 * 60 * 60);

/// Letters of a person's name that are kept with an edit.
pub const AUTHOR_LETTERS: usize = 100;

/// Documents on one page of a list, at most.
pub const LIST_PAGE: usize = 200;

/// Lines or words of an old text times those of a new one up to which the best difference is looked for: below a
/// second. Beyond it what both have once is kept, and the rest replaced.
pub const DIFFERENCE_WORK: usize = 1 << 25;

/// Entries on one page of a document's past, at most.
pub const HISTORY_PAGE: usize = 1000;

/// A body that keeps coming may take this long as a whole: 16 MiB at 250 kbit/s.
pub const BODY_TIME: Duration = Duration::from_secs(600);

/// Bytes that wait in each direction between a connection and the requests that carry it where
/// WebSockets are blocked; also the most that one answer to a poll brings.
pub const FALLBACK_QUEUE_BYTES: usize = 64 << 10;

/// Bytes that such a connection keeps after it gave them out, for a request that broke off.
pub const FALLBACK_KEPT_BYTES: usize = 256 << 10;

/// What one request may carry up. Proxies take one megabyte by default.
pub const FALLBACK_POST_BYTES: usize = 1 << 20;

/// How long no request may read such a connection before it counts as abandoned: a client whose
/// request broke off is back within a few seconds.
pub const FALLBACK_GAP: Duration = Duration::from_secs(10);

/// How long a poll waits for something to come. Proxies give up after 30 seconds or more.
pub const FALLBACK_POLL: Duration = Duration::from_secs(20);

/// A stream of events says something at least this often, so that nobody on its way takes it for
/// dead.
pub const FALLBACK_HEARTBEAT: Duration = Duration::from_secs(10);

/// How often the bin is looked through for what has been in it for long enough.
pub const SWEEP_EVERY: Duration = Duration::from_secs(3600);

/// Title of a document in UTF-16 units, as the web app counts. Also of a code language's name.
pub const TITLE_UNITS: usize = 200;

/// Elements and stretches of text that are read of a document. A million characters of rich text
/// have some 50 000; one of these takes about 100 bytes.
pub const CONTENT_NODES: usize = 2_000_000;

/// Depth of lists, quotes and tables inside each other in imported text; what is deeper is put
/// where the bound is. A list takes two shared types per level, which must stay below `TYPE_DEPTH`,
/// and four levels of JSON, of which usual readers take 128.
pub const CONTENT_DEPTH: usize = 24;

/// A file to be read as Markdown, HTML, text or JSON. Well above any book, and small enough that
/// the worst file takes seconds.
pub const IMPORT_BYTES: usize = 16 << 20;

/// A file that an export may become. Formats repeat some things for each stretch of text, such as
/// where a link leads.
pub const EXPORT_BYTES: usize = 128 << 20;

/// A saved document (`.coscribe`) as it is sent, packed. A million edits have some ten million bytes.
pub const SAVED_FILE_BYTES: usize = 64 << 20;

/// All edits of a saved document together, unpacked. They are in memory while they are taken in.
pub const SAVED_BYTES: u64 = 256 << 20;

/// Edits of a saved document, four times a million; each takes about 100 bytes besides its own.
pub const SAVED_ENTRIES: u64 = 4_000_000;

/// Authors of a saved document.
pub const SAVED_USERS: u64 = 100_000;

/// Versions of a saved document.
pub const SAVED_VERSIONS: u64 = 10_000;

/// Applying the edits of a saved document takes at most this long: a million honest ones take some
/// ten seconds.
pub const SAVED_TIME: Duration = Duration::from_secs(120);

/// Bytes of a user's stable id. Those of identity providers have some dozen.
pub const USER_ID_BYTES: usize = 512;

/// Address of a link or an image. Browsers and servers give up at some thousand characters.
pub const ADDRESS_BYTES: usize = 8 << 10;

/// An image that is part of its address (`data:`).
pub const DATA_IMAGE_BYTES: usize = 2 << 20;

/// Versions of a document that people named. Records of documents live in memory, some 200 bytes each.
pub const NAMED_VERSIONS: usize = 1000;

/// Versions of a document that were noted by themselves; then the oldest of them go.
pub const AUTOMATIC_VERSIONS: usize = 500;

/// Letters of a version's name.
pub const VERSION_NAME_LETTERS: usize = AUTHOR_LETTERS;

/// Letters of a version's id.
pub const VERSION_ID_LETTERS: usize = 16;

/// Edits that may be read of the past to tell what a document said at some moment are no more than it
/// has; this is how many bytes of them are held at a time.
pub const HISTORY_PAGE_BYTES: usize = 4 << 20;

/// Documents that the page of the server lists: those in which most moves.
pub const SERVER_DOCUMENTS: usize = 20;

/// Minutes for which other levels may be logged before the settings count again: a week.
pub const LOG_CHANGE_MINUTES: u64 = 7 * 24 * 60;

/// Events that wait for one who listens before the oldest are lost to it.
pub const EVENTS_WAITING: usize = 256;

/// Streams of events at a time; each holds a connection.
pub const EVENT_STREAMS: usize = 512;

/// Streams that tell operators how the server is. Their places are their own: readers of documents
/// must not keep those out who would see it.
pub const SERVER_STREAMS: usize = 16;

/// A stream of events says something this often, so that nobody between takes it for dead, and its
/// reader is asked about again: rights that have ended end it within this time.
pub const EVENTS_HEARTBEAT: Duration = Duration::from_secs(5);

/// Edits of a text in one request.
pub const TEXT_EDITS: usize = 10_000;

/// Requests that are remembered by their `Idempotency-Key`, the newest ones. Each takes a few
/// hundred bytes, see `IDEMPOTENCY_ANSWER`.
pub const IDEMPOTENCY_KEYS: usize = 10_000;

/// How long a request is remembered by its `Idempotency-Key`: longer than any client tries again.
pub const IDEMPOTENCY_TIME: Duration = Duration::from_secs(24 * 3600);

/// Letters of an `Idempotency-Key`.
pub const IDEMPOTENCY_KEY_LETTERS: usize = 255;

/// Bytes of an answer that is remembered. Writes answer with a few numbers and names.
pub const IDEMPOTENCY_ANSWER: usize = 8 << 10;

/// How often it is looked for what retention no longer keeps.
pub const RETENTION_EVERY: Duration = Duration::from_secs(3600);

/// Days for which a policy may keep the past; a century.
pub const RETENTION_DAYS: u32 = 36_500;

/// Bytes of a token. Those of identity providers have some thousand; this is what proxies take as a
/// header.
pub const TOKEN_BYTES: usize = 8 << 10;

/// How far the clock of who makes tokens may be from ours.
pub const TOKEN_LEEWAY: Duration = Duration::from_secs(5);

/// Names and beginnings of names that one token or one answer may speak of.
pub const GRANTS: usize = 1000;

/// Other names that lead to a document. Each is a record in memory, some 400 bytes at most.
pub const ALIASES: usize = 100;

/// Letters of a share link's id.
pub const SHARE_ID_LETTERS: usize = 16;

/// Share links of a document. Records of documents live in memory, some 200 bytes each.
pub const SHARES: usize = 100;

/// Requests for access that wait or were answered lately, some 800 bytes each.
pub const ACCESS_REQUESTS: usize = 1000;

/// Those that wait for the owners of one document: more than they would read.
pub const ACCESS_REQUESTS_OF_DOCUMENT: usize = 16;

/// Those that wait for one address: a family or an office asks for a few.
pub const ACCESS_REQUESTS_OF_ADDRESS: usize = 8;

/// How long one is kept: whoever asked waits no longer with the page open.
pub const ACCESS_REQUEST_TIME: Duration = Duration::from_hours(1);

/// Letters of what somebody says when they ask.
pub const ACCESS_NOTE_LETTERS: usize = 280;

/// Letters of a ticket, by which who asked is known again: 256 random bits in base64.
pub const ACCESS_TICKET_LETTERS: usize = 43;

/// Tokens that count for nothing which one address may show within [`FAILURES_WITHIN`].
pub const FAILURES: u32 = 30;

/// See [`FAILURES`].
pub const FAILURES_WITHIN: Duration = Duration::from_secs(60);

/// Addresses whose failures are remembered, some 50 bytes each.
pub const FAILURE_ADDRESSES: usize = 10_000;

/// An app that is asked for rights has this long for an answer.
pub const CALLBACK_TIMEOUT: Duration = Duration::from_secs(5);

/// Bytes of such an answer: a person and the documents they may see.
pub const CALLBACK_BYTES: usize = 64 << 10;

/// Questions to that app at the same time; the others wait in line.
pub const CALLBACK_QUESTIONS: usize = 64;

/// Its answers that are remembered, some 500 bytes each.
pub const CALLBACK_ANSWERS: usize = 10_000;

/// How long a no is remembered: somebody who signs in meanwhile does not wait long.
pub const CALLBACK_NO: Duration = Duration::from_secs(2);

/// Documents that one connection may wait to open at once before it is not read, and open ones about
/// which it asks again at once: a few slow answers hold up nobody, and nobody fills the line.
pub const RIGHTS_QUESTIONS: usize = 16;

/// How long rights that cannot be checked again are believed, so that a restart of the app that
/// gives them ends no session.
pub const RIGHTS_GRACE: Duration = Duration::from_secs(30);

/// How soon it is asked again about a document that could not be opened because nobody answered,
/// while the connection has others open.
pub const RIGHTS_FIRST_RETRY: Duration = Duration::from_secs(1);

/// How often rights that could not be checked are checked again.
pub const RIGHTS_RETRY: Duration = Duration::from_secs(5);

/// Bytes of a secret that webhooks are signed with: 128 bits cannot be guessed.
pub const WEBHOOK_SECRET_BYTES: usize = 16;

/// Letters of a receiver's name, which is part of keys and ids.
pub const WEBHOOK_NAME_LETTERS: usize = 32;

/// Receivers of webhooks; each costs a record beside every document.
pub const WEBHOOK_TARGETS: usize = 8;

/// Requests to one receiver at the same time, each about another document.
pub const WEBHOOK_REQUESTS: usize = 8;

/// A receiver has this long to take an event.
pub const WEBHOOK_TIMEOUT: Duration = Duration::from_secs(15);

/// The pause after the first failure; it doubles with each.
pub const WEBHOOK_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause: a receiver that comes back hears of it within this time.
pub const WEBHOOK_PAUSE_MAX: Duration = Duration::from_secs(60);

/// Failures in a row after which a receiver counts as gone, and is tried with one event at a time.
pub const WEBHOOK_FAILURES: u32 = 3;

/// Documents that wait for one receiver, some 150 bytes each. Beyond it they are found again in the
/// store when the others are done.
pub const WEBHOOK_WAITING: usize = 100_000;

/// Events of one document in a row before others have their turn.
pub const WEBHOOK_TURN: usize = 16;

/// Edits that one event tells of, at most; the next event tells of those that follow.
pub const WEBHOOK_ENTRIES: u64 = 10_000;

/// Bytes of edits that are read at a time to find who made them.
pub const WEBHOOK_READ_BYTES: usize = 1 << 20;

/// Authors that one event names.
pub const WEBHOOK_AUTHORS: usize = 100;

/// Bytes of content in one event. What is larger is left out, and the receiver may fetch it.
pub const WEBHOOK_CONTENT_BYTES: usize = 4 << 20;

/// Contents that are made at the same time, for all receivers; each keeps a core busy.
pub const WEBHOOK_CONTENTS: usize = 2;

/// Documents that ended for good and of which a receiver has not heard yet. Then the end of the next
/// is not told.
pub const WEBHOOK_ENDED: usize = 10_000;

/// While edits go on, they are told after this many times the pause that is waited for.
pub const WEBHOOK_PATIENCE: u32 = 5;

/// Bounds that an operator may move.
#[derive(Clone, Debug)]
pub struct Limits {
    /// One WebSocket message. Also the largest update, as messages carry one each; a client that
    /// was offline for long sends its whole difference at once, so this follows `document_bytes`.
    pub message_bytes: usize,
    /// One live update (not a sync step 2). Larger ones are pasted files.
    pub update_bytes: usize,
    /// A document as one update. A loaded document takes 8–18 times this in memory.
    pub document_bytes: usize,
    /// Messages and their bytes that a connection may have waiting before it is authenticated.
    pub pre_auth_bytes: usize,
    /// See `pre_auth_bytes`.
    pub pre_auth_messages: usize,
    /// Documents open on one connection (Hocuspocus multiplexes).
    pub sessions_per_connection: usize,
    /// Bytes queued towards one connection before it counts as behind and is caught up by a
    /// difference instead.
    pub outbox_bytes: usize,
    /// How long a connection may stay behind before it is closed with 1013.
    pub behind_for: Duration,
    /// Edits of one connection that are not yet durable; beyond it the connection is not read.
    pub unsaved_bytes_per_connection: usize,
    /// The same for all connections together.
    pub unsaved_bytes: usize,
    /// Requests waiting for one document's actor.
    pub mailbox_messages: usize,
    /// One user's presence state as JSON.
    pub presence_bytes: usize,
    /// Presence states that one connection may own at a time (tabs and relays have several).
    pub presence_per_connection: usize,
    /// Presence states of one document.
    pub presence_per_document: usize,
    /// A presence state that is not renewed for this long is dropped, as Yjs clients do.
    pub presence_expiry: Duration,
    /// Shortest time between two presence messages to the same subscriber.
    pub presence_interval: Duration,
    /// Connections in total, and from one address.
    pub connections: usize,
    /// See `connections`. Loopback addresses are not counted: proxies live there.
    pub connections_per_address: usize,
    /// Time to send a request's head.
    pub header_timeout: Duration,
    /// Time from the upgrade to the first message, and from there to the first authentication.
    pub handshake_timeout: Duration,
    /// A WebSocket ping goes out when nothing was heard for this long.
    pub ping_after: Duration,
    /// A connection from which nothing was heard for this long is dead.
    pub dead_after: Duration,
    /// A connection that takes no byte for this long while some are waiting is dead.
    pub write_timeout: Duration,
    /// Something is sent at least this often: y-websocket and Hocuspocus hang up after 30 s.
    pub keepalive: Duration,
    /// The same for y-sweet clients, which hang up 3 s after asking.
    pub keepalive_y_sweet: Duration,
    /// A document nobody has open is unloaded after this long; a reload of a page must find it.
    pub unload_after: Duration,
    /// Time to load a document before its clients are told to come back.
    pub load_timeout: Duration,
    /// A stored document of at least so many bytes goes to its first visitors as it is stored, before
    /// the CRDT has loaded it; that takes about a millisecond for each ten thousand.
    pub defer_bytes: usize,
    /// A graceful stop takes at most this long.
    pub shutdown: Duration,
    /// A request's body that is not a file: a few words as JSON.
    pub request_bytes: usize,
    /// A request's body must bring something at least this often, and be there after ten minutes.
    pub body_timeout: Duration,
    /// Files that may be on their way in at the same time, because each is held in memory.
    pub uploads: usize,
    /// Exports, imports and conversions at the same time: each keeps a core busy.
    pub conversions: usize,
    /// Those that may wait for a turn, and for how long, before they are told to come again.
    pub conversions_waiting: usize,
    /// See `conversions_waiting`.
    pub conversions_wait: Duration,
    /// Bytes of pasts that are kept for readers, all documents together; a document whose past takes
    /// more shows none. A million edits take some 100 MB.
    pub history_bytes: usize,
    /// Readers of pasts at work and in line, before others are told to come again.
    pub history_line: usize,
    /// A hook of the program around the server may take this long.
    pub hook: Duration,
    /// A document that has not changed for this long has come to rest, which hooks are told.
    pub rest_after: Duration,
    /// While changes go on, hooks are told what a document holds this often.
    pub rest_at_most: Duration,
    /// A deleted document stays in the bin for this long.
    pub keep_deleted: Duration,
    /// The first edit after a pause of this length makes a version of what was there before; 0 for
    /// never.
    pub version_pause: Duration,
    /// Bad messages (that no Yjs client writes) after which a connection is closed.
    pub strikes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 50 << 20,
            update_bytes: 4 << 20,
            document_bytes: 50 << 20,
            pre_auth_bytes: 4 << 20,
            pre_auth_messages: 1000,
            sessions_per_connection: 256,
            outbox_bytes: 4 << 20,
            behind_for: Duration::from_secs(120),
            unsaved_bytes_per_connection: 8 << 20,
            unsaved_bytes: 64 << 20,
            mailbox_messages: 256,
            presence_bytes: 16 << 10,
            presence_per_connection: 16,
            presence_per_document: 1000,
            presence_expiry: Duration::from_secs(30),
            presence_interval: Duration::from_millis(50),
            connections: 10_000,
            connections_per_address: 1_000,
            header_timeout: Duration::from_secs(10),
            handshake_timeout: Duration::from_secs(60),
            ping_after: Duration::from_secs(20),
            dead_after: Duration::from_secs(90),
            write_timeout: Duration::from_secs(90),
            keepalive: Duration::from_secs(15),
            keepalive_y_sweet: Duration::from_secs(2),
            unload_after: Duration::from_secs(60),
            load_timeout: Duration::from_secs(15),
            defer_bytes: 64 << 10,
            shutdown: Duration::from_secs(10),
            request_bytes: 64 << 10,
            body_timeout: Duration::from_secs(10),
            uploads: 4,
            conversions: 4,
            conversions_waiting: 32,
            conversions_wait: Duration::from_secs(10),
            history_bytes: 512 << 20,
            history_line: 64,
            hook: Duration::from_secs(10),
            rest_after: Duration::from_secs(2),
            rest_at_most: Duration::from_secs(10),
            keep_deleted: Duration::from_hours(30 * 24),
            version_pause: Duration::from_mins(30),
            strikes: 3,
        }
    }
}

const _: () = {
    assert!(FALLBACK_QUEUE_BYTES <= FALLBACK_KEPT_BYTES);
    assert!(SYNC_PIECE_BYTES < 64 * 1024);
    assert!(KEY_BYTES <= 1 << 20);
    assert!(ANY_DEPTH < TYPE_DEPTH);
    assert!(4 * CONTENT_DEPTH + 24 < TYPE_DEPTH as usize);
};
