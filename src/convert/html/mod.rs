//! HTML: read through a list of known elements, written as a page that stands alone.

mod elements;
mod read;
mod write;

pub(crate) use read::{Reader, read};
pub(crate) use write::write;
