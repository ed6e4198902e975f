//! Reads the modules of `web/` as a graph and joins those of a page into one file.
//!
//! The build script joins; the server, when it reads pages from a directory, only follows imports to
//! tell the browser early what it will need. Knows no disk: texts come from a function.
//!
//! A joined file has each module as a function that gives an object of exports to a registry. So a
//! module runs once per page, whichever of several files brings it first.

pub(super) mod graph;
pub(super) mod module;
mod scan;
pub(super) mod shell;

pub(crate) use graph::Graph;
pub(crate) use shell::Shell;

use std::fmt;

use module::Module;

/// The script that a page's worker is started with. Its address never changes, as no module could
/// name one that does.
pub(crate) const WORKER: &str = "worker.js";

/// The module that a worker starts with: its script does nothing but import it.
pub(crate) fn worker_start(source: &str) -> Result<String, Problem> {
    let module = Module::parse(WORKER, source)?;
    match &module.imports[..] {
        [import] if module.code.is_empty() => Ok(import.from.clone()),
        _ => Err(Problem::at(WORKER, 1, "a worker's script imports one module and does no more")),
    }
}

/// Why something of `web/` cannot be served as it is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    path: String,
    line: usize,
    what: String,
}

impl Problem {
    pub(crate) fn at(path: &str, line: usize, what: &str) -> Self {
        Self { path: path.to_owned(), line, what: what.to_owned() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "web/{}:{}: {}", self.path, self.line, self.what)
    }
}

impl std::error::Error for Problem {}
