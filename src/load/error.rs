//! Why a measurement came to nothing.

use crate::client::wire::Gone;

/// For the person who measures.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Failed {
    /// A connection could not be made, or ended.
    #[error(transparent)]
    Gone(#[from] Gone),
    /// The server said what no server of this dialect says.
    #[error("the server sent a frame that cannot be read: {0}; is it the right dialect?")]
    Frame(String),
    /// No token.
    #[error("cannot get a client token from {0}")]
    Token(String),
    /// Whoever connects is not let in or may not write.
    #[error("the server refuses: {0}")]
    Refused(String),
    /// It does not answer a client's first question.
    #[error("the server did not bring a client in step within {0} s")]
    Silent(u64),
    /// The server of our own could not be started or stopped.
    #[error("{0}")]
    Server(String),
    /// Settings that do not go together.
    #[error("{0}")]
    Settings(String),
}
