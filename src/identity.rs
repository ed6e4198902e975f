//! Who is speaking and how far they may go.
//!
//! Plain values; how somebody proves who they are is `auth`'s business.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Who delivered an entry. Client ids are not bound to people (offline relays and tabs share them
/// honestly), so this is the connection's user, which is what the server knows.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Author {
    /// How the name below is known.
    pub kind: AuthorKind,
    /// A stable id of the user, when a token or the host app gave one; otherwise empty.
    pub user: Arc<str>,
    /// The name to show; may be empty.
    pub name: Arc<str>,
    /// The connection's number within the run of the server that recorded it; 0 when there was none.
    pub connection: u64,
}

impl Author {
    /// A person whom the program that runs the server vouches for: a stable id, and the name to show.
    #[must_use]
    pub fn verified(user: &str, name: &str) -> Self {
        Self { kind: AuthorKind::Verified, user: user.into(), name: name.into(), connection: 0 }
    }

    /// The server itself, or a program within it that goes by a name.
    #[must_use]
    pub fn server(name: &str) -> Self {
        Self { kind: AuthorKind::Server, user: "".into(), name: name.into(), connection: 0 }
    }
}

/// How an author's name is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthorKind {
    /// A token or the host app vouches for it.
    Verified,
    /// The name a client shows, where nobody must sign in.
    Claimed,
    /// The server itself: an API call, a restore, first content.
    Server,
    /// Came out of a file.
    Import,
}

/// What a user may do with a document; each level includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Nothing, not even learn whether it exists.
    None,
    /// Read and be seen.
    View,
    /// Add comments.
    Comment,
    /// Change the text.
    Edit,
    /// Share and delete it.
    Owner,
}

impl Access {
    /// Whether edits are accepted.
    #[must_use]
    pub fn may_edit(self) -> bool {
        self >= Self::Edit
    }
}
