//! Connections by requests: what arrives, what is kept, who may, and when it is over.

mod lines;
mod requests;
mod times;
