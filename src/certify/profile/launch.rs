//! How an adapter is started.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::super::strict::{StrictError, Wrong};

/// Where a command was written, which is where a relative path in it counts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// In a profile: from its folder.
    Profile,
    /// On the command line: from the working folder, as in every command.
    CommandLine,
}

impl Origin {
    /// Where its relative paths begin.
    pub(in crate::certify) fn place(self) -> &'static str {
        match self {
            Self::Profile => "the profile's folder",
            Self::CommandLine => "the working folder, as it stands on the command line",
        }
    }
}

/// A program with its arguments, and the folder in which it is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// The program: with a slash a path from the folder, without one looked up along `PATH`.
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Where it is started.
    pub folder: PathBuf,
    /// Where it was written.
    pub from: Origin,
}

impl Launch {
    /// The launch of a command that a profile in `folder` names; none when the command is empty.
    pub(in crate::certify) fn of(command: &[String], folder: &Path) -> Option<Self> {
        let (program, arguments) = command.split_first()?;
        let (program, arguments) = (program.clone(), arguments.to_vec());
        Some(Self { program, arguments, folder: folder.to_owned(), from: Origin::Profile })
    }

    /// The launch of a command that stands on the command line; none when it is empty.
    pub fn here(command: &[String]) -> Option<Self> {
        Some(Self { from: Origin::CommandLine, ..Self::of(command, Path::new("."))? })
    }

    /// Finds the file that is started, as an absolute path where the folder of this process can be told.
    ///
    /// # Errors
    /// [`Wrong::NotStartable`]; `profile` is the file that the command stands in, if it does not stand on the command line.
    pub fn check(&self, profile: &Path) -> Result<PathBuf, StrictError> {
        let path = match self.from {
            Origin::Profile => profile,
            Origin::CommandLine => Path::new("the command line"),
        };
        self.find(std::env::var_os("PATH")).map_err(|why| StrictError::Wrong {
            path: path.to_owned(),
            line: None,
            wrong: Wrong::NotStartable { program: self.program.clone(), why, from: self.from },
        })
    }

    fn find(&self, along: Option<OsString>) -> Result<PathBuf, &'static str> {
        if self.program.contains('/') {
            let file = self.folder.join(&self.program);
            fault(&file).map_or(Ok(()), Err)?;
            return Ok(std::path::absolute(&file).unwrap_or(file));
        }
        let folders = along.unwrap_or_default();
        let mut found = std::env::split_paths(&folders).map(|folder| folder.join(&self.program));
        found.find(|file| fault(file).is_none()).ok_or("is not found along PATH")
    }
}

/// Why a file cannot be started.
fn fault(file: &Path) -> Option<&'static str> {
    match std::fs::metadata(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some("does not exist"),
        Err(_) => Some("cannot be looked at"),
        Ok(meta) if meta.is_dir() => Some("is a folder"),
        Ok(meta) if !meta.is_file() => Some("is not a regular file"),
        Ok(meta) if meta.permissions().mode() & 0o111 == 0 => Some("is not executable"),
        Ok(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn launch(program: &str, folder: &Path) -> Launch {
        Launch::of(&[program.to_owned()], folder).unwrap()
    }

    #[test]
    fn what_cannot_be_started_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("plain"), "").unwrap();
        let find = |program: &str| launch(program, folder.path()).find(Some("/nowhere".into()));

        assert_eq!(find("./none"), Err("does not exist"));
        assert_eq!(find("./plain"), Err("is not executable"));
        assert_eq!(find("./"), Err("is a folder"));
        assert_eq!(find("sh"), Err("is not found along PATH"));
    }

    #[test]
    fn a_program_is_found_beside_its_profile_or_along_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("adapter");
        std::fs::write(&file, "").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();

        let beside = launch("./adapter", folder.path()).find(None).unwrap();
        let along = launch("adapter", Path::new(".")).find(Some(folder.path().into())).unwrap();

        assert_eq!(beside.canonicalize().unwrap(), along.canonicalize().unwrap());
    }
}
