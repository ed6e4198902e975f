//! Conversions as a whole: what survives the way through each format, and what hostile input does.

mod hostile;
mod readers;
mod round_trips;
mod trees;
mod whole;
mod y_sweet;

use super::{model::*, *};

/// A paragraph of plain text.
fn paragraph(text: &str) -> Block {
    let mut line = Vec::new();
    push_text(&mut line, text, &Marks::default());
    Block::Paragraph(line)
}

/// A document's first update, of these blocks.
fn state_of(blocks: &[Block]) -> Bytes {
    let meta = Meta { title: Some("T".into()), kind: Some(Kind::Rich), lang: None };
    content::write(&Content { meta, body: Body::Rich(nodes::from_model(blocks)) }, ClientId(7))
}

/// What a state holds.
fn blocks_of(state: &[u8]) -> Vec<Block> {
    match on_large_stack(|| load(state)).expect("a document").body {
        Understood::Rich(blocks) => blocks,
        Understood::Text(text) => panic!("a text: {text}"),
    }
}

/// How many rounds a random test runs: a few, or as many as `CONVERT_ROUNDS` says.
#[expect(clippy::disallowed_methods, reason = "tests take the length of long runs from outside")]
fn rounds(usual: u64) -> u64 {
    std::env::var("CONVERT_ROUNDS").ok().and_then(|it| it.parse().ok()).unwrap_or(usual)
}
