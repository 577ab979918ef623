//! Where a scenario's instances keep what they have to remember.

use std::path::Path;

use tempfile::TempDir;

use super::StageError;

/// A folder for the Devices' storages: in memory where the system has such a place, for it is flushed at every step.
///
/// Its name tells the process, so that whoever finds one that a crash left behind can see that nobody uses it.
pub(super) fn work_folder() -> Result<TempDir, StageError> {
    let memory = std::path::Path::new("/dev/shm");
    let prefix = format!("castproof-{}-", std::process::id());
    let builder = || tempfile::Builder::new().prefix(&prefix).to_owned();
    let folder = if memory.is_dir() { builder().tempdir_in(memory) } else { builder().tempdir() };
    folder.or_else(|_| builder().tempdir()).map_err(|source| StageError::System { what: "make a work folder", source })
}

/// A folder below `kept` that stays when the scenario of this slug is over. What follows the slug in its name is by chance: a
/// scenario that is played again has another one.
pub(super) fn kept_folder(kept: &Path, slug: &str) -> Result<TempDir, StageError> {
    let prefix = format!("{slug}.");
    let folder = tempfile::Builder::new().prefix(&prefix).disable_cleanup(true).tempdir_in(kept);
    folder.map_err(|source| StageError::System { what: "make a work folder that is kept", source })
}
