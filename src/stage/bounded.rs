//! The texts of a suite, read within bounds: whatever lies in the folder, reading it ends, and soon.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Octets that a file of a suite may have.
pub const MAX_OCTETS: u64 = 1 << 20;
/// Opening brackets and braces that a YAML file may have. The reader takes time with the square of their depth: 10,000
/// inside each other take it a fraction of a second, ten times as many a hundred times as long.
pub const MAX_BRACKETS: usize = 10_000;

/// Why a text of a suite was not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is a pipe, a device or a socket, which may never end, or a folder.
    #[error("it is not a regular file")]
    NotAFile,
    /// A bound is passed.
    #[error("more than {max} {what}")]
    TooMuch {
        /// What there is too much of.
        what: &'static str,
        /// How much is allowed.
        max: u64,
        /// The line and the column in octets at which the bound is passed, where it can be told.
        at: Option<(usize, usize)>,
    },
    /// The operating system says no, or the text is not UTF-8.
    #[error("cannot read it: {0}")]
    Unreadable(#[from] std::io::Error),
}

/// Reads a regular file of at most [`MAX_OCTETS`].
///
/// # Errors
/// [`ReadError`]. A pipe is not opened, since that would wait for a writer.
pub fn read_text(path: &Path) -> Result<String, ReadError> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(ReadError::NotAFile);
    }
    let mut octets = Vec::new();
    // Some files of the system tell no size, so the reading itself is bounded.
    File::open(path)?.take(MAX_OCTETS + 1).read_to_end(&mut octets)?;
    if octets.len() as u64 > MAX_OCTETS {
        return Err(ReadError::TooMuch { what: "octets in one file", max: MAX_OCTETS, at: None });
    }
    String::from_utf8(octets).map_err(|error| std::io::Error::new(std::io::ErrorKind::InvalidData, error).into())
}

/// Reads a YAML file of at most [`MAX_OCTETS`] with at most [`MAX_BRACKETS`].
///
/// Brackets in quotes and remarks count too: to tell them apart takes a reader of YAML.
///
/// # Errors
/// [`ReadError`].
pub fn read_yaml(path: &Path) -> Result<String, ReadError> {
    let text = read_text(path)?;
    match text.match_indices(['[', '{']).nth(MAX_BRACKETS) {
        None => Ok(text),
        Some((offset, _)) => {
            let before = &text[..offset];
            let line = before.matches('\n').count() + 1;
            let column = offset - before.rfind('\n').map_or(0, |end| end + 1) + 1;
            let what = "opening brackets and braces in one file";
            Err(ReadError::TooMuch { what, max: MAX_BRACKETS as u64, at: Some((line, column)) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.yaml");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn the_bound_on_brackets_is_told_with_its_place() {
        let (_folder, path) = file(&format!("a: 1\nb: {}", "[".repeat(MAX_BRACKETS + 1)));

        let error = read_yaml(&path).unwrap_err();

        assert!(matches!(error, ReadError::TooMuch { at: Some((2, column)), .. } if column == MAX_BRACKETS + 4));
        assert!(read_text(&path).is_ok());
    }

    #[test]
    fn a_file_at_its_bound_is_read_and_one_octet_more_is_not() {
        let max = usize::try_from(MAX_OCTETS).unwrap();
        let (_folder, path) = file(&"a".repeat(max));
        let (_other, larger) = file(&"a".repeat(max + 1));

        assert_eq!(read_text(&path).unwrap().len(), max);
        assert!(matches!(read_text(&larger), Err(ReadError::TooMuch { .. })));
    }

    #[test]
    fn what_never_ends_is_not_opened() {
        assert!(matches!(read_text(Path::new("/dev/zero")), Err(ReadError::NotAFile)));
        assert!(matches!(read_text(Path::new("/")), Err(ReadError::NotAFile)));
    }
}
