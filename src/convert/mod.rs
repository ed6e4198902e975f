//! Documents to files and files to documents: the one place for pages, HTTP and the command line.
//!
//! Both sides are untrusted. A file becomes a `model` of what our schema allows, and a document
//! becomes the same model before it is written; so nothing that comes out depends on what else went
//! in. Everything here is plain work on values: it blocks, and takes its own thread with a large
//! stack.
//!
//! What each format carries is told by [`Format`].

mod builder;
mod html;
mod json;
mod links;
mod markdown;
mod model;
mod nodes;
mod plain;
mod tables;
mod written;
pub mod y_sweet;

use std::{
    fmt,
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher},
    path::Path,
    str::FromStr,
    thread,
};

use bytes::Bytes;

use crate::{
    crdt::content::{self, Body, Content, EditError, Meta, RestoreError, TextEdit, Unreadable},
    ids::ClientId,
    limits,
};
use model::Block;

pub use crate::crdt::content::Kind;

/// The CRDT recurses over clients and nested types; documents have as much wherever they live.
const STACK_BYTES: usize = 256 << 20;

/// What a document can be exported to and imported from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// CommonMark with tables, task lists and strikethrough. Underlined and highlighted text is
    /// `<u>` and `<mark>`.
    ///
    /// Not carried: merged cells, several blocks in a cell, widths and tables without a head, sizes
    /// of images, empty paragraphs, links on code, formatting of spaces at its own edge.
    Markdown,
    /// A page that stands alone; everything is carried. Read through a list of known elements.
    Html,
    /// The words.
    Text,
    /// `ProseMirror`'s JSON; everything is carried. Markdown and code are
    /// `{"type": "text", "kind": "code", "lang": "rust", "text": "…"}`.
    Json,
    /// A Yjs update (version 1): the document itself, with whatever other apps keep in it.
    Update,
}

/// Not a format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no format `{0}`: md, html, txt, json or yjs")]
pub struct UnknownFormat(String);

impl Format {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Markdown, Self::Html, Self::Text, Self::Json, Self::Update];

    /// What a file's name ends with, and what people call the format: `md`.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Markdown => "md",
            Self::Html => "html",
            Self::Text => "txt",
            Self::Json => "json",
            Self::Update => "yjs",
        }
    }

    /// For `Content-Type`.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Markdown => "text/markdown; charset=utf-8",
            Self::Html => "text/html; charset=utf-8",
            Self::Text => "text/plain; charset=utf-8",
            Self::Json => "application/json",
            Self::Update => "application/octet-stream",
        }
    }

    /// What a file of this name holds; `None` when its name does not tell.
    #[must_use]
    pub fn of_file_name(name: &str) -> Option<Self> {
        let extension = Path::new(name).extension()?.to_str()?.to_ascii_lowercase();
        match &extension[..] {
            "md" | "markdown" | "mdown" | "mkd" => Some(Self::Markdown),
            "html" | "htm" | "xhtml" => Some(Self::Html),
            "txt" | "text" => Some(Self::Text),
            "json" => Some(Self::Json),
            "yjs" | "ydoc" | "update" => Some(Self::Update),
            _ => None,
        }
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        let found = Self::ALL.into_iter().find(|format| format.extension() == text);
        found.ok_or_else(|| UnknownFormat(text.to_owned()))
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.extension())
    }
}

/// What is said about a document from outside of its file. Nothing said leaves it to the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// Its title.
    pub title: Option<String>,
    /// Its kind: a Markdown file can become rich text (which is usual) or stay Markdown; any text
    /// can be kept as code.
    pub kind: Option<Kind>,
    /// The language of its code.
    pub lang: Option<String>,
}

/// Why something cannot be converted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConvertError {
    /// The file is larger than is read.
    #[error("the file has {bytes} bytes, at most {limit} are read as {format}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The bound.
        limit: usize,
        /// As what.
        format: Format,
    },
    /// The file has more parts than are read.
    #[error("it has more than {max} parts, split it", max = limits::CONTENT_NODES)]
    TooManyNodes,
    /// What would come out is larger than is written.
    #[error("it would take more than {max} bytes in this format", max = limits::EXPORT_BYTES)]
    ResultTooLarge,
    /// The file is not text.
    #[error("the file is not UTF-8 text")]
    NotText,
    /// The file is no JSON, or not of a document.
    #[error("not a document as JSON: {0}")]
    NotJson(String),
    /// The file has something that our schema does not.
    #[error("not a document of this schema: {what} at {place}")]
    NotInSchema {
        /// What it is.
        what: String,
        /// Where it is.
        place: String,
    },
    /// The document cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The document cannot be written like this.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// The edits do not fit the text.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The document has no text with positions.
    #[error(
        "the document is rich text, which has no positions; write it as md, html, txt, json or yjs"
    )]
    Rich,
    /// The thread for it could not be started, or broke down.
    #[error("the conversion broke down")]
    Broken,
}

/// A document in whatever format, understood.
#[derive(Clone, Debug, PartialEq)]
struct Document {
    meta: Meta,
    body: Understood,
}

#[derive(Clone, Debug, PartialEq)]
enum Understood {
    Rich(Vec<Block>),
    Text(String),
}

/// Writes a document, given as its whole state, as a file.
///
/// # Errors
/// When the state cannot be read, or the file would become too large.
pub fn export(state: &[u8], format: Format) -> Result<Vec<u8>, ConvertError> {
    on_large_stack(|| {
        let document = load(state)?;
        if format == Format::Update { Ok(state.to_vec()) } else { write(&document, format) }
    })
}

/// Reads a file; gives the first update of a new document, written as `client`.
///
/// # Errors
/// When the file is not of this format, or too large.
pub fn import(
    bytes: &[u8],
    format: Format,
    about: &About,
    client: ClientId,
) -> Result<Bytes, ConvertError> {
    on_large_stack(|| {
        if format == Format::Update {
            load(bytes)?;
            // The change builds on the state, and both together are the document.
            return match content::edit_meta(bytes, &about.meta(), client)? {
                Some(edited) => Ok(edited.state),
                None => Ok(Bytes::copy_from_slice(bytes)),
            };
        }
        first_update(bytes, format, about, client)
    })
}

/// A file as another. To [`Format::Update`], the same file always gives the same update.
///
/// # Errors
/// As [`import`] and [`export`].
pub fn convert(bytes: &[u8], from: Format, to: Format) -> Result<Vec<u8>, ConvertError> {
    match (from, to) {
        (Format::Update, _) => export(bytes, to),
        (_, Format::Update) => {
            let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(bytes);
            let client = ClientId((hash & ClientId::MAX).max(1));
            import(bytes, from, &About::default(), client).map(Into::into)
        }
        _ => on_large_stack(|| write(&read(bytes, from, &About::default())?, to)),
    }
}

/// A change of a document that programs ask for which know no CRDT.
#[derive(Clone, Debug)]
pub enum Change {
    /// It says what the file says, and what is the same stays.
    Replace(Format, Bytes),
    /// What the file says comes behind what is there.
    Append(Format, Bytes),
    /// These edits of a document that is one text.
    Edit(Vec<TextEdit>),
}

/// The update, written as `client`, that changes a document, given as its whole state; `None` when
/// it changes nothing. Files are read as the kind of document that it is.
///
/// # Errors
/// As [`import`]; when the document cannot be written like this, or an edit does not fit it.
pub fn change(
    state: &[u8],
    change: Change,
    client: ClientId,
) -> Result<Option<Bytes>, ConvertError> {
    on_large_stack(|| {
        let kind = content::read(state, content::Names { attributes: &[], marks: &[] })?.meta.kind;
        let about = About { kind, ..About::default() };
        Ok(match change {
            Change::Replace(format, file) => {
                let wanted = first_update(&file, format, &about, ClientId(1))?;
                content::restore(state, &wanted, client)?
            }
            Change::Append(format, file) => {
                let more = first_update(&file, format, &about, ClientId(1))?;
                content::append(state, &more, client)?
            }
            Change::Edit(_) if kind == Some(Kind::Rich) => return Err(ConvertError::Rich),
            Change::Edit(edits) => content::edit_text(state, edits, client)?,
        })
    })
}

/// A file as a document of its own.
fn first_update(
    bytes: &[u8],
    format: Format,
    about: &About,
    client: ClientId,
) -> Result<Bytes, ConvertError> {
    if format == Format::Update {
        load(bytes)?;
        return Ok(Bytes::copy_from_slice(bytes));
    }
    let document = read(bytes, format, about)?;
    let body = match document.body {
        Understood::Rich(blocks) => Body::Rich(nodes::from_model(&blocks)),
        Understood::Text(text) => Body::Text(text),
    };
    Ok(content::write(&Content { meta: document.meta, body }, client))
}

/// The update that makes a document, given as its whole state, say this about itself; empty
/// (`[0, 0]`) when it does already.
///
/// # Errors
/// When the state cannot be read.
pub fn edit_meta(state: &[u8], changes: &About, client: ClientId) -> Result<Bytes, ConvertError> {
    on_large_stack(|| {
        let edited = content::edit_meta(state, &changes.meta(), client)?;
        Ok(edited.map_or(Bytes::from_static(&[0, 0]), |edited| edited.change))
    })
}

/// What a document, given as its whole state, says about itself. Its kind is that of its content
/// where it does not say.
///
/// # Errors
/// When the state cannot be read.
pub fn read_meta(state: &[u8]) -> Result<About, ConvertError> {
    on_large_stack(|| {
        let Meta { title, kind, lang } = content::read(state, nodes::NAMES)?.meta;
        Ok(About { title, kind, lang })
    })
}

impl About {
    fn meta(&self) -> Meta {
        Meta { title: self.title.clone(), kind: self.kind, lang: self.lang.clone() }
    }
}

fn load(state: &[u8]) -> Result<Document, ConvertError> {
    let content = content::read(state, nodes::NAMES)?;
    let body = match content.body {
        Body::Rich(nodes) => Understood::Rich(nodes::to_model(&nodes)?),
        Body::Text(text) => Understood::Text(text),
    };
    Ok(Document { meta: content.meta, body })
}

/// Reads a file of any format but [`Format::Update`].
fn read(bytes: &[u8], format: Format, about: &About) -> Result<Document, ConvertError> {
    let text = decode(bytes, format)?;
    if about.kind == Some(Kind::Code) && format != Format::Json {
        return Ok(Document { meta: about.meta(), body: Understood::Text(text) });
    }
    let mut found = Document { meta: Meta::default(), body: Understood::Rich(Vec::new()) };
    match format {
        Format::Markdown | Format::Text if about.kind == Some(Kind::Markdown) => {
            found.body = Understood::Text(text);
        }
        Format::Markdown => found.body = Understood::Rich(markdown::read(&text)?),
        Format::Html => {
            let (title, blocks) = html::read(&text)?;
            found.meta.title = title;
            found.body = Understood::Rich(blocks);
        }
        Format::Text => found.body = Understood::Rich(plain::read(&text)?),
        Format::Json => found = json::read(&text)?,
        Format::Update => unreachable!("the callers keep it apart"),
    }
    as_kind(&mut found, about.kind)?;
    let Document { meta, body } = found;
    let meta = Meta {
        title: about.title.clone().or(meta.title),
        kind: about.kind.or(meta.kind),
        lang: about.lang.clone().or(meta.lang),
    };
    let usual = match body {
        Understood::Rich(_) => Kind::Rich,
        Understood::Text(_) => Kind::Markdown,
    };
    Ok(Document { meta: Meta { kind: meta.kind.or(Some(usual)), ..meta }, body })
}

/// Makes the content fit the kind that is asked for.
fn as_kind(document: &mut Document, kind: Option<Kind>) -> Result<(), ConvertError> {
    let changed = match (&document.body, kind) {
        (Understood::Rich(blocks), Some(Kind::Markdown | Kind::Code)) => {
            Understood::Text(markdown::write(blocks)?)
        }
        (Understood::Text(text), Some(Kind::Rich)) => {
            let code = document.meta.kind == Some(Kind::Code);
            Understood::Rich(if code {
                code_block(&document.meta, text)
            } else {
                markdown::read(text)?
            })
        }
        _ => return Ok(()),
    };
    document.body = changed;
    Ok(())
}

fn code_block(meta: &Meta, text: &str) -> Vec<Block> {
    let language = meta.lang.clone().unwrap_or_default();
    vec![Block::Code { language, text: text.to_owned() }]
}

/// Writes any format but [`Format::Update`].
fn write(document: &Document, format: Format) -> Result<Vec<u8>, ConvertError> {
    let Document { meta, body } = document;
    let title = meta.title.as_deref().unwrap_or_default();
    let is_code = meta.kind == Some(Kind::Code);
    let text = match (format, body) {
        (Format::Markdown, Understood::Rich(blocks)) => markdown::write(blocks)?,
        (Format::Text, Understood::Rich(blocks)) => plain::write(blocks)?,
        (Format::Markdown | Format::Text, Understood::Text(text)) => text.clone(),
        (Format::Html, Understood::Rich(blocks)) => html::write(title, blocks)?,
        (Format::Html, Understood::Text(text)) if is_code => {
            html::write(title, &code_block(meta, text))?
        }
        (Format::Html, Understood::Text(text)) => html::write(title, &markdown::read(text)?)?,
        (Format::Json, _) => json::write(document)?,
        (Format::Update, _) => unreachable!("the callers keep it apart"),
    };
    Ok(text.into_bytes())
}

/// The text of a file, without what only its encoding needs.
fn decode(bytes: &[u8], format: Format) -> Result<String, ConvertError> {
    if bytes.len() > limits::IMPORT_BYTES {
        let limit = limits::IMPORT_BYTES;
        return Err(ConvertError::TooLarge { bytes: bytes.len(), limit, format });
    }
    let units = |read: fn([u8; 2]) -> u16| {
        let units: Vec<_> =
            bytes[2..].chunks_exact(2).map(|pair| read([pair[0], pair[1]])).collect();
        String::from_utf16(&units).map_err(|_| ConvertError::NotText)
    };
    let text = match bytes {
        [0xff, 0xfe, ..] => units(u16::from_le_bytes)?,
        [0xfe, 0xff, ..] => units(u16::from_be_bytes)?,
        [0xef, 0xbb, 0xbf, rest @ ..] => text_of(rest)?,
        _ => text_of(bytes)?,
    };
    // What no editor would let anybody type, and most formats may not hold.
    let is_kept = |ch: &char| !ch.is_control() || matches!(ch, '\n' | '\t');
    Ok(text.replace("\r\n", "\n").replace('\r', "\n").chars().filter(is_kept).collect())
}

fn text_of(bytes: &[u8]) -> Result<String, ConvertError> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| ConvertError::NotText)
}

/// Runs work on a thread with a large stack, and waits for it.
fn on_large_stack<T: Send>(
    work: impl FnOnce() -> Result<T, ConvertError> + Send,
) -> Result<T, ConvertError> {
    thread::scope(|scope| {
        let builder = thread::Builder::new().name("convert".into()).stack_size(STACK_BYTES);
        let started = builder.spawn_scoped(scope, work).map_err(|_| ConvertError::Broken)?;
        started.join().unwrap_or(Err(ConvertError::Broken))
    })
}

#[cfg(test)]
mod tests;
