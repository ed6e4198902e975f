//! All stories as files.

use coscribe::{
    clock::Timestamp,
    crdt::{self, DocumentState},
    history::saved::{Subject, Survey},
    ids::{ClientId, DocumentId, Seq},
    storage::StoredEntry,
};

use super::{desk::Written, meeting, mistake, poem, program};

/// The files' names and bytes.
pub(crate) fn all() -> anyhow::Result<Vec<(&'static str, Vec<u8>)>> {
    Ok(vec![
        ("poem.coscribe", file(1, &poem::write())?),
        ("meeting.coscribe", file(2, &meeting::write())?),
        ("program.coscribe", file(3, &program::write())?),
        ("mistake.coscribe", file(4, &mistake::write())?),
    ])
}

fn file(number: u8, written: &Written) -> anyhow::Result<Vec<u8>> {
    let Written { entries, versions } = written;
    let bounds = crdt::Bounds { update_bytes: 1 << 20, document_bytes: 1 << 20 };
    let mut state = DocumentState::new(ClientId(1), bounds, [].into());
    state.load(entries.iter().map(|entry| &entry.update[..])).map_err(anyhow::Error::msg)?;
    let meta = state.meta();
    let mut survey = Survey::default();
    for (entry, seq) in entries.iter().zip(1..) {
        survey.add(&StoredEntry { seq: Seq(seq), entry: entry.clone() });
    }
    versions.iter().for_each(|version| survey.user(&version.author));
    let time = |entry: Option<&coscribe::storage::Entry>| entry.map_or(Timestamp(0), |it| it.time);
    let subject = Subject {
        life: DocumentId::from_bytes([number; 16]),
        title: meta.title,
        kind: meta.kind,
        lang: meta.lang,
        created: time(entries.first()),
        saved: time(entries.last()),
    };
    let mut writer = survey.write(Vec::new(), subject, versions)?;
    entries.iter().try_for_each(|entry| writer.entry(entry))?;
    versions.iter().try_for_each(|version| writer.version(version))?;
    Ok(writer.finish()?)
}
