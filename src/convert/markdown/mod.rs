//! Markdown: read through `pulldown-cmark`, written so that it reads back as the same document.

mod escape;
mod inline;
mod read;
mod write;

#[cfg(test)]
pub(crate) use inline::tidy;
pub(crate) use read::read;
pub(crate) use write::write;
