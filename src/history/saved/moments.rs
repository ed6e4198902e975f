//! Versions on their way between a store and a file: in the one they are records that name seqs, in
//! the other they count entries.

use bytes::Bytes;

use super::{SavedError, Survey, Version};
use crate::{
    ids::Seq,
    limits::{AUTOMATIC_VERSIONS, NAMED_VERSIONS},
    random::Random,
    storage::versions,
};

/// Makes the records of versions once the seqs of their entries are known.
pub type Records = Box<dyn FnOnce(&[Seq]) -> Vec<(String, Bytes)> + Send>;

/// A survey for a document with these versions.
#[must_use]
pub fn survey(kept: &[versions::Version]) -> Survey {
    Survey::of_moments(kept.iter().map(|version| version.seq))
}

/// What a file says of these versions; to be asked once the survey has seen all entries.
pub fn to_file(kept: &[versions::Version], survey: &mut Survey) -> Vec<Version> {
    let in_file = |version: &versions::Version| Version {
        name: version.name.clone(),
        entry: survey.entry_at(version.seq),
        time: version.time,
        author: version.author.clone(),
        automatic: version.automatic,
    };
    let mut all: Vec<_> = kept.iter().map(in_file).filter(|version| version.entry > 0).collect();
    all.sort_by_key(|version| version.entry);
    all.iter().for_each(|version| survey.user(&version.author));
    all
}

/// The entries of the versions of a file, counted from 1, and what makes records of them.
///
/// # Errors
/// When there are more than a document may have.
pub fn to_records(
    versions: Vec<Version>,
    random: &dyn Random,
) -> Result<(Vec<u64>, Records), SavedError> {
    let automatic = versions.iter().filter(|version| version.automatic).count();
    let named = versions.len() - automatic;
    for (count, what, limit) in [
        (automatic, "automatic versions", AUTOMATIC_VERSIONS),
        (named, "named versions", NAMED_VERSIONS),
    ] {
        if count > limit {
            let what = format!("{count} {what}");
            return Err(SavedError::TooLarge { what, limit: limit as u64 });
        }
    }
    let entries = versions.iter().map(|version| version.entry).collect();
    let ids: Vec<_> = versions.iter().map(|_| versions::new_id(random)).collect();
    let records = move |seqs: &[Seq]| {
        let all = versions.into_iter().zip(ids).zip(seqs);
        let record = |((version, id), seq): ((Version, String), &Seq)| {
            let Version { name, time, author, automatic, .. } = version;
            let kept =
                versions::Version { id, name, seq: *seq, time, author, automatic, extent: None };
            kept.record()
        };
        all.map(record).collect()
    };
    Ok((entries, Box::new(records)))
}
