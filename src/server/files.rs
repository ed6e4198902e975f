//! Asks the system for as many open files as it allows: every connection is one, and the usual
//! default of 1024 is meant for programs of another time.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Raises the soft limit to the hard one; returns what is allowed now, `None` for no limit.
pub(super) fn raise_limit() -> Option<u64> {
    let mut limit = getrlimit(Resource::Nofile);
    let before = limit.current;
    limit.current = limit.maximum;
    match setrlimit(Resource::Nofile, limit) {
        Ok(()) => limit.current,
        Err(error) => {
            tracing::debug!(%error, "the limit of open files stays as it is");
            before
        }
    }
}

/// Bytes that may still be written where this lies.
pub(super) fn free(path: &std::path::Path) -> Option<u64> {
    let system = rustix::fs::statvfs(path).ok()?;
    Some(system.f_bavail.saturating_mul(system.f_frsize))
}
