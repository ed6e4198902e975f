//! Vendored files that hold no code: they give names to what other files export.
//!
//! A page that imports one can take the same from behind it and saves a request.

use std::collections::BTreeMap;

use super::Sources;

/// What a facade exports: its names, and where they come from.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Facade(Vec<Passed>);

#[derive(Debug, PartialEq, Eq)]
struct Passed {
    name: String,
    file: String,
    /// What it is called there.
    from: String,
}

/// All facades among the vendored files.
pub(super) fn find(sources: &Sources) -> BTreeMap<String, Facade> {
    let vendored = sources.iter().filter(|(path, _)| path.starts_with("vendor/"));
    vendored
        .filter_map(|(path, body)| {
            let facade = Facade::read(std::str::from_utf8(body).ok()?.trim_end())?;
            Some((path.clone(), facade))
        })
        .collect()
}

impl Facade {
    /// Reads a file as esbuild writes them; `None` when it is more than imports and one export.
    fn read(text: &str) -> Option<Self> {
        let (mut rest, mut imported) = (text, BTreeMap::new());
        while let Some(after) = rest.strip_prefix("import") {
            let (statement, next) = after.split_once(';')?;
            let (names, file) = statement.split_once("\"./")?;
            let file = format!("vendor/{}", file.strip_suffix('"')?);
            if !names.is_empty() {
                for (from, alias) in pairs(names.strip_suffix("from")?)? {
                    imported.insert(alias, (file.clone(), from));
                }
            }
            rest = next;
        }
        let exported = pairs(rest.strip_prefix("export")?.strip_suffix(';')?)?;
        let passed = exported.into_iter().map(|(local, name)| {
            let (file, from) = imported.get(&local)?.clone();
            Some(Passed { name, file, from })
        });
        passed.collect::<Option<_>>().map(Self)
    }

    /// The files behind it.
    pub(super) fn files(&self) -> impl Iterator<Item = &String> {
        self.0.iter().map(|passed| &passed.file)
    }

    /// An object with all it exports, made of the files' namespaces.
    pub(super) fn object(&self, namespace: impl Fn(&str) -> String) -> String {
        let entries = self
            .0
            .iter()
            .map(|Passed { name, file, from }| format!("{name}:{}.{from}", namespace(file)));
        format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
    }
}

/// The pairs of `{a as b,c}`, with the second like the first where none is written.
fn pairs(list: &str) -> Option<Vec<(String, String)>> {
    let list = list.strip_prefix('{')?.strip_suffix('}')?;
    // Whatever is no list of names has other signs in it.
    let is_plain = |ch: char| ch.is_alphanumeric() || "_$, ".contains(ch);
    let pairs = list.split(',').map(|item| {
        let (name, alias) = item.split_once(" as ").unwrap_or((item, item));
        (name.to_owned(), alias.to_owned())
    });
    list.chars().all(is_plain).then(|| pairs.collect())
}
