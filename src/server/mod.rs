//! Puts the parts together and runs them.

pub mod config;
pub(crate) mod similar;
