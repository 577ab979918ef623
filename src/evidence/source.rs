//! Where evidence is read from.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::archive::Archive;
use super::layout;
use crate::capture::pcapng;

/// Octets that one member of the evidence may have.
pub const LARGEST_MEMBER: u64 = pcapng::LARGEST;

/// Evidence that can be read, member by member.
#[derive(Debug)]
pub enum Source {
    /// The folder of a run.
    Folder(PathBuf),
    /// A bundle; whoever reads it has verified it, or knows that it may be anything.
    Bundle(Archive),
}

/// Why a member of the evidence could not be read.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// Its name leads elsewhere.
    #[error("`{0}` is no name within the evidence")]
    Outside(String),
    /// There is no such member.
    #[error("the evidence has no `{0}`")]
    Missing(String),
    /// It is longer than is read.
    #[error("`{name}` has more than {limit} octets")]
    TooLarge {
        /// The member.
        name: String,
        /// The octets that are read at most.
        limit: u64,
    },
    /// The file system refuses.
    #[error("read `{name}`")]
    File {
        /// The member.
        name: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl Source {
    /// The evidence in the folder of a run.
    pub fn folder(path: impl Into<PathBuf>) -> Self {
        Self::Folder(path.into())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        match self {
            Self::Folder(path) => path,
            Self::Bundle(archive) => archive.path(),
        }
    }

    /// The octets of a member, at most [`LARGEST_MEMBER`] of them.
    ///
    /// # Errors
    /// [`EvidenceError`] when there is none of this name, or it cannot be read whole.
    pub fn member(&self, name: &str) -> Result<Vec<u8>, EvidenceError> {
        if !layout::is_inside(name) {
            return Err(EvidenceError::Outside(name.to_owned()));
        }
        match self {
            Self::Folder(folder) => file_in(folder, name),
            Self::Bundle(archive) => archive.member(name, LARGEST_MEMBER),
        }
    }
}

fn file_in(folder: &Path, name: &str) -> Result<Vec<u8>, EvidenceError> {
    let failed = |source: std::io::Error| match source.kind() {
        std::io::ErrorKind::NotFound => EvidenceError::Missing(name.to_owned()),
        _ => EvidenceError::File { name: name.to_owned(), source },
    };
    let path = folder.join(name);
    // A pipe would never end.
    if !std::fs::metadata(&path).map_err(failed)?.is_file() {
        return Err(failed(std::io::Error::other("it is not a regular file")));
    }
    let mut octets = Vec::new();
    File::open(path).and_then(|file| file.take(LARGEST_MEMBER + 1).read_to_end(&mut octets)).map_err(failed)?;
    match octets.len() as u64 > LARGEST_MEMBER {
        true => Err(EvidenceError::TooLarge { name: name.to_owned(), limit: LARGEST_MEMBER }),
        false => Ok(octets),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_read_and_nothing_outside_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("run")).unwrap();
        std::fs::write(folder.path().join("outside"), "no").unwrap();
        std::fs::write(folder.path().join("run/result.json"), "yes").unwrap();

        let source = Source::folder(folder.path().join("run"));

        assert_eq!(source.member("result.json").unwrap(), b"yes");
        assert!(matches!(source.member("../outside"), Err(EvidenceError::Outside(_))));
        assert!(matches!(source.member("captures/a.pcapng"), Err(EvidenceError::Missing(_))));
        assert!(matches!(source.member("."), Err(EvidenceError::Outside(_))));
    }
}
