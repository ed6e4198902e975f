//! Who may do what, over real sockets: every role against every message and every route, the
//! negative space first.
//!
//! `who` makes the tokens, `wire` speaks the dialects by hand and `by_requests` where WebSockets are
//! blocked, `listening` hears events, `messages`, `routes` and `y_sweet` are the matrices,
//! `operating` is about those who run the server, `changing` about rights that change while somebody
//! is connected, `waiting` about rights that take their time, `bounds` about how many there may be.
//! Tests that begin with a1 to a10 are the attacks that a server like this must withstand.

mod asking;
mod attacks;
mod bounds;
mod by_requests;
mod changing;
mod hooked;
mod listening;
mod logs;
mod messages;
mod operating;
mod routes;
mod waiting;
mod who;
mod wire;
mod y_sweet;
