//! What was written about each setting, and where: a flag, an environment variable, the file.
//!
//! The first of them that says something wins. Knows the settings' names, not what they mean.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{Mistake, SETTINGS};
use crate::server::similar::similar;

/// What all environment variables of ours start with.
pub(super) const PREFIX: &str = "COSCRIBE_";

/// Names of tables in the file.
const TABLES: [&str; 1] = ["webhook"];

/// Everything that was written, before anything is decided.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// Flags: the setting's name and its values as given; a switch without a value has `true`.
    pub flags: Vec<(&'static str, Vec<String>)>,
    /// Environment variables, all or only ours.
    pub environment: Vec<(String, String)>,
    /// The configuration file and its text.
    pub file: Option<(PathBuf, String)>,
}

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// On the command line, as `--name`.
    Flag(&'static str),
    /// In the environment, under this name.
    Variable(String),
    /// In the file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The key; empty when the line as a whole is meant.
        key: String,
    },
}

/// The values of one setting, as text.
#[derive(Clone, Debug)]
pub(super) struct Raw {
    pub(super) source: Source,
    pub(super) values: Vec<String>,
}

impl Source {
    /// How far this place goes before others: more is stronger.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::File { .. } => 0,
            Self::Variable(_) => 1,
            Self::Flag(_) => 2,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "--{name}"),
            Self::Variable(name) => f.write_str(name),
            Self::File { path, line, key } if key.is_empty() => {
                write!(f, "{} line {line}", path.display())
            }
            Self::File { path, line, key } => {
                write!(f, "{} line {line}, `{key}`", path.display())
            }
        }
    }
}

impl Written {
    /// Chooses the strongest writing of each setting; unknown keys of the file and broken lines
    /// become mistakes.
    pub(super) fn choose(&self, mistakes: &mut Vec<Mistake>) -> BTreeMap<&'static str, Raw> {
        let mut chosen = BTreeMap::new();
        if let Some((path, text)) = &self.file {
            read_file(path, text, &mut chosen, mistakes);
        }
        for name in SETTINGS {
            let variable = variable(name);
            let found = self.environment.iter().find(|(key, value)| {
                // An empty variable is how shells and composers unset one.
                *key == variable && !value.is_empty()
            });
            if let Some((_, value)) = found {
                let raw = Raw { source: Source::Variable(variable), values: vec![value.clone()] };
                chosen.insert(name, raw);
            }
        }
        for (name, values) in &self.flags {
            chosen.insert(name, Raw { source: Source::Flag(name), values: values.clone() });
        }
        chosen
    }

    /// The tables of this name in the file, each with the place where it begins: settings by the
    /// names that they have outside of it, where `prefix` stands in front.
    pub(super) fn tables(
        &self,
        name: &str,
        prefix: &str,
        mistakes: &mut Vec<Mistake>,
    ) -> Vec<(Source, BTreeMap<&'static str, Raw>)> {
        let Some((path, text)) = &self.file else { return Vec::new() };
        // What is broken was told when the settings were read.
        let (table, _) = DeTable::parse_recoverable(text);
        let Some(DeValue::Array(tables)) = table.get_ref().get(name).map(Spanned::get_ref) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for table in tables {
            let DeValue::Table(settings) = table.get_ref() else { continue };
            let mut chosen = BTreeMap::new();
            for (key, value) in settings {
                let source = place(path, text, key.span().start, key.get_ref());
                let full = format!("{prefix}{}", key.get_ref());
                read_setting(&full, prefix, source, value.get_ref(), &mut chosen, mistakes);
            }
            found.push((place(path, text, table.span().start, name), chosen));
        }
        found
    }

    /// Variables that look like ours and are none. Not mistakes: container platforms invent
    /// variables from the names of services.
    pub(super) fn unknown_variables(&self) -> Vec<String> {
        let known: Vec<_> = SETTINGS.iter().map(|name| variable(name)).collect();
        let ours = self.environment.iter().map(|(key, _)| key);
        ours.filter(|key| key.starts_with(PREFIX) && **key != variable("config"))
            .filter(|key| !known.contains(key))
            .cloned()
            .collect()
    }
}

/// The variable of a setting: `COSCRIBE_ALLOW_HOST` for `allow-host`.
pub(super) fn variable(name: &str) -> String {
    format!("{PREFIX}{}", name.to_ascii_uppercase().replace('-', "_"))
}

fn read_file(
    path: &Path,
    text: &str,
    chosen: &mut BTreeMap<&'static str, Raw>,
    mistakes: &mut Vec<Mistake>,
) {
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let offset = error.span().map_or(0, |span| span.start);
        mistakes.push(Mistake::new(place(path, text, offset, ""), error.message()));
    }
    for (key, value) in table.get_ref() {
        let source = place(path, text, key.span().start, key.get_ref());
        if TABLES.contains(&&**key.get_ref()) {
            if !is_tables(value.get_ref()) {
                let message =
                    format!("write each as a table that begins with [[{}]]", key.get_ref());
                mistakes.push(Mistake::new(source, &message));
            }
            continue;
        }
        read_setting(key.get_ref(), "", source, value.get_ref(), chosen, mistakes);
    }
}

/// Reads one setting; `hidden` is what is not written of its name.
fn read_setting(
    key: &str,
    hidden: &str,
    source: Source,
    value: &DeValue<'_>,
    chosen: &mut BTreeMap<&'static str, Raw>,
    mistakes: &mut Vec<Mistake>,
) {
    let known = SETTINGS.into_iter().filter(|name| name.starts_with(hidden));
    let Some(name) = known.clone().find(|name| **name == *key) else {
        let meant = similar(key, known, 1);
        let hint = meant.first().map(|name| format!("; did you mean `{}`?", &name[hidden.len()..]));
        let message = format!("there is no such setting{}", hint.unwrap_or_default());
        mistakes.push(Mistake::new(source, &message));
        return;
    };
    match texts(value) {
        Some(values) => {
            chosen.insert(name, Raw { source, values });
        }
        None => mistakes.push(Mistake::new(
            source,
            "write a text, a number, true or false, or a list of texts",
        )),
    }
}

fn is_tables(value: &DeValue<'_>) -> bool {
    let DeValue::Array(items) = value else { return false };
    items.iter().all(|item| matches!(item.get_ref(), DeValue::Table(_)))
}

fn place(path: &Path, text: &str, offset: usize, key: &str) -> Source {
    Source::File {
        path: path.to_owned(),
        line: text[..offset.min(text.len())].matches('\n').count() + 1,
        key: key.to_owned(),
    }
}

fn texts(value: &DeValue<'_>) -> Option<Vec<String>> {
    match value {
        DeValue::Array(items) => items.iter().map(|item| text(item.get_ref())).collect(),
        single => text(single).map(|text| vec![text]),
    }
}

fn text(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().to_owned()),
        DeValue::Boolean(value) => Some(value.to_string()),
        _ => None,
    }
}
