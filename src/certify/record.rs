//! Renewal of golden recordings out of a run.
//!
//! A recording is taken from a scenario whose other checks all passed and whose Devices had all answered. One that is told
//! like the stored one is left as it is, so that a review sees what changed and nothing else.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::capture::{Departure, Recording, pcapng};
use crate::findings::{ScenarioFindings, Verdict, chain};
use crate::stage::{GoldenQuestion, Question, compare_golden, golden_traffic};

/// What became of one golden recording.
#[derive(Debug)]
pub struct Renewal {
    /// The scenario.
    pub slug: String,
    /// What became of it.
    pub what: Renewed,
}

/// What became of a golden recording.
#[derive(Debug)]
pub enum Renewed {
    /// There was none.
    New,
    /// The stored one was damaged, for this reason.
    Repaired(String),
    /// It departed from the stored one, first in this.
    Changed(Departure),
    /// It is told like the stored one, which stays.
    Unchanged,
    /// It was not taken, for this reason.
    NotTaken(String),
}

/// Why a golden recording could not be written.
#[derive(Debug, thiserror::Error)]
#[error("write the golden recording `{path}`")]
pub struct RecordError {
    /// Where.
    path: PathBuf,
    /// Why.
    #[source]
    source: io::Error,
}

/// Renews the golden recordings in `captures` from the scenarios of the run in `folder`; gives an entry for each that
/// asked for a comparison, or was to ask for it and did not come so far.
///
/// # Errors
/// [`RecordError`] for the first that could not be written; those before it are renewed.
pub fn renew(folder: &Path, scenarios: &[ScenarioFindings], captures: &Path) -> Result<Vec<Renewal>, RecordError> {
    let mut renewals = Vec::new();
    for scenario in scenarios {
        let what = match taken(folder, scenario) {
            Ok((question, live)) => store(&captures.join(&question.recording), &live)?,
            Err(reason) => Renewed::NotTaken(reason),
        };
        renewals.push(Renewal { slug: scenario.slug.clone(), what });
    }
    Ok(renewals)
}

/// The traffic of a scenario as it was when the comparison was asked for, or why it is none to compare with.
fn taken(folder: &Path, scenario: &ScenarioFindings) -> Result<(GoldenQuestion, Recording), String> {
    let mut questions = scenario.checks.iter().filter_map(|check| {
        let asked = check.asked.as_ref()?;
        match Question::of(asked) {
            Ok((Question::Golden(question), _)) => Some((question, asked.packets)),
            _ => None,
        }
    });
    let golden = questions.next_back();
    let is_comparison = |asked: &crate::findings::CheckResult| {
        let question = asked.asked.as_ref().map(Question::of);
        matches!(question, Some(Ok((Question::Golden(_), _))))
    };
    let other = scenario.checks.iter().find(|check| check.verdict != Verdict::Pass && !is_comparison(check));
    if let Some(check) = other {
        return Err(check.reason());
    }
    let (question, packets) = golden.ok_or_else(|| match scenario.faults.first() {
        Some(fault) => fault.clone(),
        None => format!("it came to no comparison: {}", scenario.verdict),
    })?;
    if !question.settled {
        return Err("not every Device had answered, so the traffic may not be over".to_owned());
    }
    let path = scenario.capture.as_ref().ok_or("its recording could not be kept")?;
    let octets = fs::read(folder.join(path)).map_err(|error| error.to_string())?;
    let mut recording = pcapng::read(octets.as_slice()).map_err(|error| chain(&error))?;
    recording.frames.truncate(usize::try_from(packets).unwrap_or(usize::MAX));
    Ok((question, golden_traffic(&recording)))
}

fn store(path: &Path, live: &Recording) -> Result<Renewed, RecordError> {
    let failed = |source| RecordError { path: path.to_owned(), source };
    let what = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Renewed::New,
        Err(error) => return Err(failed(error)),
        Ok(octets) => match pcapng::read(octets.as_slice()) {
            Err(error) => Renewed::Repaired(chain(&error)),
            Ok(stored) => match compare_golden(&stored, live) {
                Ok(()) => return Ok(Renewed::Unchanged),
                Err(departure) => Renewed::Changed(departure),
            },
        },
    };
    let mut octets = Vec::new();
    pcapng::write(live, &mut octets).map_err(|error| failed(io::Error::other(error)))?;
    // Beside it first, so that no half recording stands in its place.
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed)?;
    let draft = path.with_extension("pcapng.new");
    fs::write(&draft, octets).and_then(|()| fs::rename(&draft, path)).map_err(|error| {
        // It may never have been made.
        let _ = fs::remove_file(&draft);
        failed(error)
    })?;
    Ok(what)
}
