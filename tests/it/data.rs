//! The saved documents in `data/` are what the script in `examples/write_data` makes, to the byte.

#[path = "../../examples/write_data/desk.rs"]
mod desk;
#[path = "../../examples/write_data/meeting.rs"]
mod meeting;
#[path = "../../examples/write_data/mistake.rs"]
mod mistake;
#[path = "../../examples/write_data/poem.rs"]
mod poem;
#[path = "../../examples/write_data/program.rs"]
mod program;
#[path = "../../examples/write_data/stories.rs"]
mod stories;

use std::path::Path;

#[test]
fn the_saved_documents_are_what_their_script_writes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    for (name, bytes) in stories::all().expect("it writes") {
        let kept = std::fs::read(folder.join(name)).expect("it is in the repository");
        assert!(kept == bytes, "{name} is another: cargo run --example write_data");
    }
}
