//! The folder of a run: recordings and findings, each whole or not there, and word of what could not be kept.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use crate::capture::{Recording, pcapng};
use crate::evidence::layout::{CAPTURES, ENVIRONMENT, FIXTURES, GOLDEN, JUNIT, RAW, REGISTER, RESULT, TRANSCRIPT};
use crate::findings::{RunFindings, write_junit, write_result};
use crate::spec::Timestamp;

use super::environment::Environment;
use super::{CertifyError, Suite};

/// What the name of a recording ends with, when its scenario was tried again.
const FIRST_TRY: &str = ".first-try";

/// The folder of one run.
pub(super) struct Folder {
    path: PathBuf,
    lost: RefCell<Lost>,
}

/// What could not be written.
#[derive(Default)]
struct Lost {
    recordings: usize,
    files: BTreeSet<&'static str>,
    /// Why, the first time that it happened.
    reason: Option<String>,
}

impl Folder {
    /// A new folder below `reports`, named by the time.
    ///
    /// # Errors
    /// [`CertifyError::Reports`] when it cannot be made.
    pub(super) fn create(reports: &Path, started: Timestamp) -> Result<Self, CertifyError> {
        let reports_error = |path: &Path, source| CertifyError::Reports { path: path.to_owned(), source };
        let name: String = started.to_string().chars().take(19).map(|c| if c == ':' { '-' } else { c }).collect();
        fs::create_dir_all(reports).map_err(|source| reports_error(reports, source))?;
        for attempt in 1..1000 {
            let path = if attempt == 1 { reports.join(&name) } else { reports.join(format!("{name}.{attempt}")) };
            match fs::create_dir(&path) {
                Ok(()) => {
                    let captures = path.join(CAPTURES);
                    fs::create_dir(&captures).map_err(|source| reports_error(&captures, source))?;
                    return Ok(Self { path, lost: RefCell::default() });
                }
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(source) => return Err(reports_error(&path, source)),
            }
        }
        Err(reports_error(reports, std::io::ErrorKind::AlreadyExists.into()))
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the transcript of an adapter is.
    pub(super) fn transcript(&self) -> PathBuf {
        self.path.join(TRANSCRIPT)
    }

    /// Where the recording of a scenario is, while it is made and afterwards.
    pub(super) fn recording(&self, slug: &str) -> PathBuf {
        self.path.join(CAPTURES).join(format!("{slug}.pcapng"))
    }

    /// Makes the folder of the raw recordings.
    ///
    /// # Errors
    /// [`CertifyError::Reports`] when it cannot be made.
    pub(super) fn make_room_for_raw(&self) -> Result<(), CertifyError> {
        let path = self.path.join(RAW);
        fs::create_dir(&path).map_err(|source| CertifyError::Reports { path, source })
    }

    /// Where the kernel's frames of a scenario are, where they are taken.
    pub(super) fn raw_recording(&self, slug: &str) -> PathBuf {
        self.path.join(RAW).join(format!("{slug}.pcapng"))
    }

    /// Keeps the recordings of a scenario under other names, because the scenario is tried again. Gives the path of its own
    /// within the folder; none where there was no recording to keep.
    pub(super) fn set_first_try_aside(&self, slug: &str) -> Option<String> {
        let first = format!("{slug}{FIRST_TRY}");
        // Most runs have no raw recordings.
        let _ = fs::rename(self.raw_recording(slug), self.raw_recording(&first));
        fs::rename(self.recording(slug), self.recording(&first)).ok()?;
        Some(format!("{CAPTURES}/{first}.pcapng"))
    }

    /// Writes the recording of a scenario, and gives its path within the folder. It takes the place of the file that grew
    /// while it was made, at once and whole; who follows that one has all of it.
    ///
    /// # Errors
    /// Why it could not be written; then nothing is left of it, since half a recording would be taken for evidence.
    pub(super) fn keep_recording(&self, slug: &str, recording: &Recording) -> Result<String, String> {
        let name = format!("{CAPTURES}/{slug}.pcapng");
        let path = self.path.join(&name);
        let write = || -> Result<(), Box<dyn Error>> {
            let mut octets = Vec::new();
            pcapng::write(recording, &mut octets)?;
            let part = self.path.join(format!("{CAPTURES}/.{slug}.part"));
            let written = fs::write(&part, octets).and_then(|()| fs::rename(&part, &path));
            if written.is_err() {
                let _ = fs::remove_file(&part);
            }
            Ok(written?)
        };
        write().map(|()| name).map_err(|error| {
            // A file that was never made cannot be removed either.
            let _ = fs::remove_file(&path);
            let reason = root_of(&*error);
            self.lost.borrow_mut().recordings += 1;
            self.lost.borrow_mut().reason.get_or_insert(reason.clone());
            reason
        })
    }

    /// Keeps what the findings will speak of: the register and the fixtures of the suite in this folder.
    pub(super) fn keep_suite(&self, suite: &Path) {
        self.replace(REGISTER, |path| Ok(fs::copy(suite.join(Suite::REGISTER), path).map(drop)?));
        self.replace(FIXTURES, |to| {
            fs::create_dir_all(to)?;
            for entry in fs::read_dir(suite.join(Suite::FIXTURES))? {
                let from = entry?.path();
                if let Some(name) = from.file_name().filter(|_| from.is_file()) {
                    fs::copy(&from, to.join(name))?;
                }
            }
            Ok(())
        });
    }

    /// Keeps where and how the run takes place.
    pub(super) fn keep_environment(&self, environment: &Environment) {
        self.replace(ENVIRONMENT, |path| Ok(fs::write(path, serde_json::to_vec_pretty(environment)?)?));
    }

    /// Keeps the golden recording that the traffic of a scenario was compared with. Without one there is nothing to keep,
    /// and the comparison says so.
    pub(super) fn keep_golden(&self, captures: &Path, recording: &str) {
        let (from, to) = (captures.join(recording), self.path.join(GOLDEN).join(recording));
        let copy = || fs::create_dir_all(to.parent().unwrap_or(&self.path)).and_then(|()| fs::copy(&from, &to));
        if from.is_file()
            && let Err(error) = copy()
        {
            let mut lost = self.lost.borrow_mut();
            lost.files.insert(GOLDEN);
            lost.reason.get_or_insert(error.to_string());
        }
    }

    /// Writes what has been found so far, so that a crash later on leaves this much behind. What is there already stays
    /// when it cannot be replaced; whether findings can be kept is told at the end.
    pub(super) fn keep_so_far(&self, findings: &RunFindings) {
        let _ = write_result(findings, &self.path.join(RESULT));
    }

    /// Writes the findings of the whole run. A file that cannot be written is removed: an older one would be taken for it.
    pub(super) fn keep(&self, findings: &RunFindings) {
        self.replace(RESULT, |path| Ok(write_result(findings, path)?));
        self.replace(JUNIT, |path| Ok(write_junit(findings, path)?));
    }

    fn replace(&self, name: &'static str, write: impl Fn(&Path) -> Result<(), Box<dyn Error>>) {
        let path = self.path.join(name);
        if write(&path).is_ok() {
            return;
        }
        // The new file was made beside the old one, and may need its room.
        let _ = fs::remove_file(&path);
        if let Err(error) = write(&path) {
            let _ = fs::remove_file(&path);
            let mut lost = self.lost.borrow_mut();
            lost.files.insert(name);
            lost.reason.get_or_insert_with(|| root_of(&*error));
        }
    }

    /// What could not be written, and why; nothing when all was.
    pub(super) fn unkept(&self) -> Option<CertifyError> {
        let lost = self.lost.borrow();
        let reason = lost.reason.clone()?;
        let recordings = match lost.recordings {
            0 => None,
            1 => Some("1 recording".to_owned()),
            several => Some(format!("{several} recordings")),
        };
        let what: Vec<String> =
            recordings.into_iter().chain(lost.files.iter().map(|name| (*name).to_owned())).collect();
        Some(CertifyError::Unkept { path: self.path.clone(), what: what.join(", "), reason })
    }
}

/// The cause of an error that has no further cause, in words.
fn root_of(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
