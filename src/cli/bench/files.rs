//! Reports, histories and charts as files.

use std::{fs, path::Path};

use anyhow::Context;
use serde::Deserialize;

use crate::load::{chart::Chart, report::Report};

/// One report, or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Reports {
    One(Box<Report>),
    Several(Vec<Report>),
}

/// A file's bytes.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// The reports of a file.
pub(super) fn reports(path: &Path) -> anyhow::Result<Vec<Report>> {
    let reports = serde_json::from_slice(&read(path)?)
        .with_context(|| format!("{} is no report of coscribe bench", path.display()))?;
    Ok(match reports {
        Reports::One(report) => vec![*report],
        Reports::Several(reports) => reports,
    })
}

/// Writes a report, or several.
pub(super) fn write(path: &Path, reports: &impl serde::Serialize) -> anyhow::Result<()> {
    let mut json = serde_json::to_string_pretty(reports)?;
    json.push('\n');
    fs::write(path, json).with_context(|| format!("cannot write {}", path.display()))
}

/// Draws the numbers of one file into another.
pub(super) fn draw(numbers: &Path, picture: &Path) -> anyhow::Result<()> {
    let chart: Chart = serde_json::from_slice(&read(numbers)?)
        .with_context(|| format!("{} holds no chart", numbers.display()))?;
    fs::write(picture, chart.svg()).with_context(|| format!("cannot write {}", picture.display()))
}
