//! YAML that a vendor writes, read strictly: bounded, no name twice, no name that is not known, and each error with file,
//! line and the nearest known name.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_yaml::{Mapping, Value};

use super::lint::nearest;
use super::profile::Origin;
use crate::spec::Role;
use crate::stage::bounded::{self, ReadError};

/// Why a file of a vendor was not taken.
#[derive(Debug, thiserror::Error)]
pub enum StrictError {
    /// The file cannot be read, or is larger than what is read.
    #[error("read `{path}`")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: ReadError,
    },
    /// What it says cannot be.
    #[error("{path}{}: {wrong}", line.map(|line| format!(":{line}")).unwrap_or_default())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// The line, where it can be told.
        line: Option<usize>,
        /// What is wrong.
        wrong: Wrong,
    },
}

impl StrictError {
    /// What to do about it, where that can be told.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unreadable { .. } => Some("name a regular YAML file that you may read".to_owned()),
            Self::Wrong { wrong, .. } => wrong.hint(),
        }
    }
}

/// What is wrong in a file of a vendor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// The form.
    #[error("{0}")]
    Form(String),
    /// A field that does not exist.
    #[error("unknown field `{name}`")]
    Field {
        /// Its name.
        name: String,
        /// The field that was most likely meant, else all there are.
        meant: String,
    },
    /// A name out of a closed list.
    #[error("no {kind} is called `{name}`")]
    Name {
        /// What it would name.
        kind: &'static str,
        /// The name.
        name: String,
        /// What was most likely meant, else all there are.
        meant: String,
    },
    /// A capability of the other role.
    #[error("`{name}` is no capability of a {role}")]
    OtherRole {
        /// The capability.
        name: String,
        /// The role of the profile.
        role: &'static str,
    },
    /// The mandatory set is not complete.
    #[error("the profile claims less than every {role} must do: `{}` missing", missing.join("`, `"))]
    ClaimsTooLittle {
        /// The role of the profile.
        role: &'static str,
        /// What is missing.
        missing: Vec<&'static str>,
    },
    /// The adapter is for the other role.
    #[error("the profile is about a {wanted}, and the adapter says that it has the role {claimed}")]
    NotItsRole {
        /// The role of the profile.
        wanted: &'static str,
        /// What the adapter said in its hello.
        claimed: String,
    },
    /// There is no command.
    #[error("no command: neither the profile nor the command line names an adapter")]
    NoCommand,
    /// The adapter cannot be started.
    #[error("the adapter `{program}` {why}")]
    NotStartable {
        /// The program.
        program: String,
        /// What is the matter with it.
        why: &'static str,
        /// Where the command was written.
        from: Origin,
    },
    /// The interface does not exist.
    #[error("no interface carries address `{0}`")]
    NoInterface(std::net::IpAddr),
}

impl Wrong {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Form(_) => return None,
            Self::Field { meant, .. } | Self::Name { meant, .. } => meant.clone(),
            Self::OtherRole { .. } => "leave it out of `capabilities`".to_owned(),
            Self::ClaimsTooLittle { .. } => {
                "what is mandatory is implied by the role: leave `mandatory` out, and put known failures into \
                 expected_failures.yaml"
                    .to_owned()
            }
            Self::NotItsRole { .. } => "change `role` in the profile, or name the adapter of that role".to_owned(),
            Self::NoCommand => "write `command: [./my-adapter]`, or add `-- ./my-adapter`".to_owned(),
            Self::NotStartable { from, .. } => {
                let place = from.place();
                format!(
                    "a command with a slash is looked up from {place}, one without along PATH; `chmod +x` makes a file \
                     executable"
                )
            }
            Self::NoInterface(_) => "`ip address` lists the addresses of this host".to_owned(),
        })
    }

    /// An unknown field among those that are known.
    pub(super) fn field(name: &str, known: &[&str]) -> Self {
        Self::Field { name: name.to_owned(), meant: meant(name, known) }
    }

    /// An unknown name among those that are known.
    pub(super) fn name(kind: &'static str, name: &str, known: &[&str]) -> Self {
        Self::Name { kind, name: name.to_owned(), meant: meant(name, known) }
    }
}

fn meant(name: &str, known: &[&str]) -> String {
    match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are `{}`", known.join("`, `")),
    }
}

/// A role in words.
pub(super) fn words(role: Role) -> &'static str {
    match role {
        Role::Device => "Device",
        Role::Provider => "provider",
        Role::System => "system",
    }
}

/// A file that was read, and says where in it something stands.
pub(super) struct Strict<'a> {
    path: &'a Path,
    text: String,
}

impl<'a> Strict<'a> {
    /// Reads a file.
    ///
    /// # Errors
    /// [`StrictError::Unreadable`].
    pub(super) fn read(path: &'a Path) -> Result<Self, StrictError> {
        let unreadable = |source| StrictError::Unreadable { path: path.to_owned(), source };
        bounded::read_yaml(path).map(|text| Self { path, text }).map_err(unreadable)
    }

    /// An error without a line.
    pub(super) fn wrong(&self, wrong: Wrong) -> StrictError {
        StrictError::Wrong { path: self.path.to_owned(), line: None, wrong }
    }

    /// An error on the line that a word stands on first, from line `from` (counted from zero) on.
    pub(super) fn wrong_at(&self, word: &str, from: usize, wrong: Wrong) -> StrictError {
        let holds = |line: &str| {
            let code = line.split(" #").next().unwrap_or_default();
            let is_part = |c: char| c.is_alphanumeric() || "-_.".contains(c);
            !code.trim_start().starts_with('#') && code.split(|c| !is_part(c)).any(|part| part == word)
        };
        let line = self.text.lines().skip(from).position(holds).map(|line| line + from + 1);
        StrictError::Wrong { path: self.path.to_owned(), line, wrong }
    }

    /// What the whole file says; a name that stands twice is refused, and an empty file says nothing.
    pub(super) fn value(&self) -> Result<Value, StrictError> {
        serde_yaml::from_str(&self.text).map_err(|error| self.malformed(&error))
    }

    /// The lines, counted from zero, on which the entries of a list in block style begin.
    pub(super) fn entries(&self) -> Vec<usize> {
        let is_entry = |line: &&str| line.trim_start().starts_with("- ") || line.trim() == "-";
        let indent = |line: &str| line.len() - line.trim_start().len();
        let least = self.text.lines().filter(is_entry).map(indent).min();
        let all = self.text.lines().enumerate();
        all.filter(|(_, line)| is_entry(line) && Some(indent(line)) == least).map(|(number, _)| number).collect()
    }

    /// Holds that a mapping has these fields and no other; `from` is the line on which it begins, counted from zero.
    pub(super) fn check_fields(&self, mapping: &Mapping, known: &[&str], from: usize) -> Result<(), StrictError> {
        for key in mapping.keys() {
            match key.as_str() {
                Some(name) if known.contains(&name) => {}
                Some(name) => return Err(self.wrong_at(name, from, Wrong::field(name, known))),
                None => return Err(self.wrong(Wrong::Form("a field whose name is no text".to_owned()))),
            }
        }
        Ok(())
    }

    /// The whole file as a type, when [`Strict::value`] has found no name twice.
    pub(super) fn typed<T: DeserializeOwned>(&self) -> Result<T, StrictError> {
        serde_yaml::from_str(&self.text).map_err(|error| self.malformed(&error))
    }

    fn malformed(&self, error: &serde_yaml::Error) -> StrictError {
        let message = error.to_string();
        let reason = message.rsplit_once(" at line ").map_or(message.as_str(), |(reason, _)| reason).to_owned();
        let line = error.location().map(|location| location.line());
        StrictError::Wrong { path: self.path.to_owned(), line, wrong: Wrong::Form(reason) }
    }
}
