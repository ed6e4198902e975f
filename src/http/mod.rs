//! stub
pub mod socket;
