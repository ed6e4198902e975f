//! Who imports whom among the modules of `web/`.
//!
//! A root is a module that a page starts with or that is loaded later. Vendored files are followed
//! too, but not read: they are minified and come from a tool.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Problem,
    module::{Module, Names},
};

/// All modules that some roots need, now or later.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    pub(crate) modules: BTreeMap<String, Module>,
    /// What each vendored file imports.
    pub(crate) vendored: BTreeMap<String, Vec<String>>,
    roots: BTreeSet<String>,
}

/// What a root fetches before it runs, dependencies first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reach {
    /// Own modules.
    pub(crate) own: Vec<String>,
    /// Vendored files.
    pub(crate) vendored: Vec<String>,
}

impl Graph {
    /// Reads everything that can be reached from `pages`. `read` gives a file's text by its path
    /// within `web/`.
    pub(crate) fn read<'a>(
        pages: impl IntoIterator<Item = &'a str>,
        read: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Problem> {
        let mut graph = Self::default();
        let mut waiting: Vec<String> = pages.into_iter().map(str::to_owned).collect();
        graph.roots.extend(waiting.iter().cloned());
        while let Some(path) = waiting.pop() {
            if graph.modules.contains_key(&path) || graph.vendored.contains_key(&path) {
                continue;
            }
            let text = read(&path).ok_or_else(|| Problem::at(&path, 1, "there is no such file"))?;
            if path.starts_with("vendor/") {
                let imports = vendored_imports(&path, &text)?;
                waiting.extend(imports.iter().cloned());
                graph.vendored.insert(path, imports);
                continue;
            }
            let module = Module::parse(&path, &text)?;
            waiting.extend(module.imports.iter().map(|import| import.from.clone()));
            for later in module.later() {
                waiting.push(later.to_owned());
                graph.roots.insert(later.to_owned());
            }
            graph.modules.insert(path, module);
        }
        graph.check_names()?;
        Ok(graph)
    }

    /// Modules that pages start with or that are loaded later.
    pub(crate) fn roots(&self) -> impl Iterator<Item = &str> {
        self.roots.iter().map(|root| &root[..])
    }

    /// The same without vendored ones.
    pub(crate) fn own_roots(&self) -> impl Iterator<Item = &str> {
        self.roots().filter(|root| root.starts_with("src/"))
    }

    /// What a root needs before it runs, itself included.
    pub(crate) fn reach(&self, root: &str) -> Result<Reach, Problem> {
        let (mut reach, mut path) = (Reach::default(), Vec::new());
        self.visit(root, &mut path, &mut reach)?;
        Ok(reach)
    }

    fn visit(&self, at: &str, path: &mut Vec<String>, reach: &mut Reach) -> Result<(), Problem> {
        if let Some(imports) = self.vendored.get(at) {
            if !reach.vendored.iter().any(|seen| seen == at) {
                reach.vendored.push(at.to_owned());
                imports.iter().try_for_each(|import| self.visit(import, path, reach))?;
            }
            return Ok(());
        }
        if reach.own.iter().any(|seen| seen == at) {
            return Ok(());
        }
        path.push(at.to_owned());
        for import in self.modules.get(at).into_iter().flat_map(|module| &module.imports) {
            if path.contains(&import.from) {
                let what = format!("{} imports this module already, in a circle", import.from);
                return Err(Problem::at(at, import.line, &what));
            }
            self.visit(&import.from, path, reach)?;
        }
        path.pop();
        reach.own.push(at.to_owned());
        Ok(())
    }

    /// Complains of imported names that nobody exports. The browser would, if each module were one.
    fn check_names(&self) -> Result<(), Problem> {
        for (path, module) in &self.modules {
            for import in &module.imports {
                let Some(from) = self.modules.get(&import.from) else { continue };
                let Names::Some(names) = &import.names else { continue };
                if let Some((name, _)) = names.iter().find(|(name, _)| !from.exports.contains(name))
                {
                    let what = format!("{} exports no {name}", import.from);
                    return Err(Problem::at(path, import.line, &what));
                }
            }
        }
        Ok(())
    }
}

/// The static imports of a vendored file: `import"./x.js"` or `from"./x.js"`, as esbuild writes them.
fn vendored_imports(path: &str, text: &str) -> Result<Vec<String>, Problem> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut found = Vec::new();
    for word in ["import\"./", "from\"./"] {
        for (at, _) in text.match_indices(word) {
            let name = text[at + word.len()..].split('"').next().unwrap_or_default();
            if !name.ends_with(".js") {
                return Err(Problem::at(path, 1, &format!("imports {name}, which is no script")));
            }
            let import = format!("{folder}/{name}");
            if !found.contains(&import) {
                found.push(import);
            }
        }
    }
    Ok(found)
}
