//! Who may do what, over real sockets: every role against every message and every route, the
//! negative space first.
//!
//! `who` makes the tokens, `wire` speaks the dialects by hand, `messages` and `routes` are the
//! matrices, `changing` is about rights that change while somebody is connected.

mod changing;
mod messages;
mod routes;
mod who;
mod wire;
