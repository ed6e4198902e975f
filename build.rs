//! Makes the web app part of the server: joins the modules of each page, names files by their
//! content, compresses them once, and writes the table that `src/http/web_app/assets.rs` includes.
//!
//! A debug build leaves compressing out: it takes seconds, and no budget is measured there.

#[path = "src/http/web_app/joined/mod.rs"]
mod joined;
#[path = "src/http/web_app/joining/mod.rs"]
mod joining;

use std::{
    error::Error,
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use brotli::enc::BrotliEncoderParams;
use flate2::{Compression, write::GzEncoder};
use joined::{Output, Sources, hash, join};

/// The best that both have: every byte is compressed once and sent for as long as the release lives.
const BROTLI_QUALITY: i32 = 11;

/// Text below this fits a packet together with its headers in any form.
const PACK_FROM: usize = 256;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("cargo::error={error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let target = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("cargo names no OUT_DIR")?);
    if std::env::var_os("CARGO_FEATURE_WEB_APP").is_none() {
        fs::write(target.join("web_app.rs"), "&[]")?;
        return Ok(());
    }
    let is_release = std::env::var_os("PROFILE").is_some_and(|profile| profile == "release");
    let sources = read_sources(Path::new("web"))?;
    let folder = target.join("web");
    fs::create_dir_all(&folder)?;
    let mut table = String::from("&[\n");
    for (index, output) in join(&sources)?.iter().enumerate() {
        let [plain, brotli, gzip] = forms(output, is_release)?;
        let include = |ending: &str, body: Option<Vec<u8>>| -> Result<String, Box<dyn Error>> {
            let Some(body) = body else { return Ok("None".to_owned()) };
            let name = format!("{index}.{ending}");
            fs::write(folder.join(&name), body)?;
            Ok(format!("Some(include_bytes!(concat!(env!(\"OUT_DIR\"), \"/web/{name}\")))"))
        };
        writeln!(
            table,
            "    Embedded {{ path: {:?}, tag: {:?}, immutable: {}, plain: {}, brotli: {}, gzip: {} }},",
            output.path,
            hash([&output.body[..]]),
            output.immutable,
            include("plain", plain)?,
            include("br", brotli)?,
            include("gz", gzip)?,
        )?;
    }
    table += "]\n";
    fs::write(target.join("web_app.rs"), table)?;
    Ok(())
}

/// A file as it is and compressed, where that pays.
fn forms(output: &Output, is_release: bool) -> Result<[Option<Vec<u8>>; 3], Box<dyn Error>> {
    let plain = Some(output.body.clone());
    let is_packed = [".png", ".ico"].iter().any(|ending| output.path.ends_with(ending));
    if !is_release || is_packed || output.body.len() < PACK_FROM {
        return Ok([plain, None, None]);
    }
    let mut brotli = Vec::new();
    let params = BrotliEncoderParams {
        quality: BROTLI_QUALITY,
        size_hint: output.body.len(),
        ..BrotliEncoderParams::default()
    };
    brotli::BrotliCompress(&mut &output.body[..], &mut brotli, &params)?;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(&output.body)?;
    let smaller = |packed: Vec<u8>| Some(packed).filter(|it| it.len() < output.body.len());
    Ok([plain, smaller(brotli), smaller(gzip.finish()?)])
}

/// What is served of `web/`: pages and other single files, and three folders.
fn read_sources(web: &Path) -> Result<Sources, Box<dyn Error>> {
    let mut sources = Sources::new();
    for folder in ["src", "styles", "vendor"] {
        println!("cargo::rerun-if-changed={}", web.join(folder).display());
        read_folder(web, folder, &mut sources)?;
    }
    for entry in fs::read_dir(web)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_page =
            [".html", ".svg", ".png", ".ico", ".webmanifest"].iter().any(|it| name.ends_with(it));
        if is_page || name == "sw.js" || name == joined::WORKER {
            println!("cargo::rerun-if-changed={}", web.join(&name).display());
            sources.insert(name, fs::read(entry.path())?);
        }
    }
    Ok(sources)
}

fn read_folder(web: &Path, folder: &str, sources: &mut Sources) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(web.join(folder))? {
        let entry = entry?;
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            read_folder(web, &path, sources)?;
        } else {
            sources.insert(path, fs::read(entry.path())?);
        }
    }
    Ok(())
}
