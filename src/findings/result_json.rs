//! `result.json`: a run's findings for machines, and the schema that they keep to.

use std::io::Write;
use std::path::Path;

use super::RunFindings;

/// Why a result could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum ResultError {
    /// The file system refused.
    #[error("access `{path}`")]
    File {
        /// The file.
        path: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The findings and JSON do not agree.
    #[error("`{path}` is no result of layout {layout}", layout = RunFindings::SCHEMA)]
    Json {
        /// The file.
        path: String,
        /// The cause.
        #[source]
        source: serde_json::Error,
    },
    /// The file is of another layout.
    #[error("`{path}` has layout {found}, this castproof reads {layout}", layout = RunFindings::SCHEMA)]
    Layout {
        /// The file.
        path: String,
        /// Its layout.
        found: u64,
    },
}

/// Writes the findings to `path`, whole or not at all.
///
/// A reader never sees half a file: the text goes to a temporary file beside it, which then takes its name.
///
/// # Errors
/// [`ResultError`] when the file system refuses; a file that was there before stays as it was.
pub fn write_result(run: &RunFindings, path: &Path) -> Result<(), ResultError> {
    let mut text = serde_json::to_vec_pretty(run).map_err(|source| ResultError::Json { path: name(path), source })?;
    text.push(b'\n');
    replace(path, &text).map_err(|source| ResultError::File { path: name(path), source })
}

/// Reads findings that [`write_result`] wrote.
///
/// # Errors
/// [`ResultError`] when the file cannot be read, is of another layout, or is no result.
pub fn read_result(path: &Path) -> Result<RunFindings, ResultError> {
    let text = std::fs::read(path).map_err(|source| ResultError::File { path: name(path), source })?;
    parse_result(&name(path), &text)
}

/// Reads findings from the octets of a file that is called `name`.
///
/// # Errors
/// [`ResultError`] when they are of another layout, or no result.
pub fn parse_result(name: &str, text: &[u8]) -> Result<RunFindings, ResultError> {
    let json = |source| ResultError::Json { path: name.to_owned(), source };
    let value: serde_json::Value = serde_json::from_slice(text).map_err(json)?;
    match value.get("schema").and_then(serde_json::Value::as_u64) {
        Some(found) if found != u64::from(RunFindings::SCHEMA) => {
            Err(ResultError::Layout { path: name.to_owned(), found })
        }
        _ => serde_json::from_value(value).map_err(json),
    }
}

/// The JSON Schema of `result.json`, as `reports/result.schema.json` holds it.
pub fn result_schema() -> serde_json::Value {
    schemars::schema_for!(RunFindings).to_value()
}

/// Puts `text` in the place of `path` in one step.
pub(super) fn replace(path: &Path, text: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".castproof-").tempfile_in(folder)?;
    file.write_all(text)?;
    publish(file, path)
}

/// Gives a temporary file its name, when it is whole and safe on the disk.
///
/// # Errors
/// Those of the file system.
pub fn publish(file: tempfile::NamedTempFile, path: &Path) -> std::io::Result<()> {
    file.as_file().sync_all()?;
    readable(&file)?;
    file.persist(path)?;
    Ok(())
}

/// Lets others read the file: a temporary file is private, a result is there to be published.
#[cfg(unix)]
fn readable(file: &tempfile::NamedTempFile) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_: &tempfile::NamedTempFile) -> std::io::Result<()> {
    Ok(())
}

fn name(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::super::run::tests::{facts, register};
    use super::super::scenario::tests::{check, scenario};
    use super::super::{RunFindings, Verdict};
    use super::*;

    fn run() -> RunFindings {
        let mut found = scenario("a", "R", vec![check("c", "R", Verdict::Fail)]);
        found.checks[0].packet = None;
        found.capture = None;
        RunFindings::new(facts(), &register(&[("R", "covered"), ("E", "excluded"), ("P", "planned")]), vec![found])
    }

    #[test]
    fn what_is_written_is_read_back_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("result.json");

        write_result(&run(), &path).unwrap();

        assert_eq!(read_result(&path).unwrap(), run());
    }

    #[test]
    fn writing_replaces_the_file_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("result.json");
        std::fs::write(&path, "old").unwrap();

        write_result(&run(), &path).unwrap();

        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(read_result(&path).is_ok());
    }

    #[test]
    fn a_missing_folder_is_an_error_that_names_the_file() {
        let folder = tempfile::tempdir().unwrap();

        let error = write_result(&run(), &folder.path().join("none/result.json")).unwrap_err();

        assert!(error.to_string().contains("none/result.json"), "{error}");
    }

    #[test]
    fn a_result_of_another_layout_is_refused_by_its_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("result.json");
        std::fs::write(&path, "{\"schema\": 1}").unwrap();

        assert!(matches!(read_result(&path), Err(ResultError::Layout { found: 1, .. })));
    }

    #[test]
    fn a_requirement_carries_its_state_and_reason_side_by_side() {
        let value = serde_json::to_value(run()).unwrap();

        assert_eq!(value["requirements"][0]["state"], "not-conformant");
        assert_eq!(value["requirements"][1]["state"], "excluded");
        assert_eq!(value["requirements"][1]["reason"], "because");
    }
}
