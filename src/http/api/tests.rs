//! The API over requests without sockets.
