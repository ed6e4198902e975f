//! Writes the saved documents in `data/`: `cargo run --example write_data [DIR]`.
//!
//! The same every time, from a seed; a test compares them with the files in the repository.

mod desk;
mod meeting;
mod mistake;
mod poem;
mod program;
mod stories;

fn main() -> anyhow::Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "data".into());
    for (name, bytes) in stories::all()? {
        std::fs::write(std::path::Path::new(&folder).join(name), bytes)?;
    }
    Ok(())
}
