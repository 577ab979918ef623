//! `castproof replay`.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::certify::{self, BareRecording, ReplayError};
use crate::evidence::{EvidenceError, Source, layout};
use crate::findings::{ExitCode, ResultError, printable};

use super::console::Console;
use super::{Failure, ReplayOf};

/// What a pcapng file begins with.
const PCAPNG: [u8; 4] = [0x0A, 0x0D, 0x0D, 0x0A];

pub(super) fn replay(console: &Console, options: &ReplayOf) -> Result<ExitCode, Failure> {
    let path = &options.evidence;
    if is_recording(path)? {
        return bare(console, options);
    }
    let replay = certify::replay(&Source::folder(path)).map_err(|error| failure_of(path, &error))?;
    let text = match options.json {
        true => certify::replay_json(&replay).map_err(|error| Failure::of(&error))? + "\n",
        false => printable(&certify::replay_words(&replay, console.colour)),
    };
    console.print(&text);
    Ok(replay.exit_code())
}

/// Whether the path leads to a recording; otherwise it leads to the folder of a run.
fn is_recording(path: &Path) -> Result<bool, Failure> {
    let unreadable = |error| Failure::usage(format!("open `{}`: {error}", path.display()));
    if std::fs::metadata(path).map_err(unreadable)?.is_dir() {
        return Ok(false);
    }
    let mut begin = Vec::new();
    File::open(path).and_then(|file| file.take(4).read_to_end(&mut begin)).map_err(unreadable)?;
    match begin == PCAPNG {
        true => Ok(true),
        false => {
            let failure = Failure::usage(format!("`{}` is no evidence", path.display()));
            Err(failure.hint("give the folder of a run, such as reports/runs/*, or a pcapng file"))
        }
    }
}

fn bare(console: &Console, options: &ReplayOf) -> Result<ExitCode, Failure> {
    let path = &options.evidence;
    let found = BareRecording::read(path)
        .map_err(|reason| Failure::usage(format!("`{}` cannot be replayed: {reason}", path.display())))?;
    match options.json {
        true => console.line(&serde_json::to_string_pretty(&found).map_err(|error| Failure::of(&error))?),
        false => console.print(&found.words()),
    }
    Ok(ExitCode::Inconclusive)
}

fn failure_of(path: &Path, error: &ReplayError) -> Failure {
    let failure = Failure::usage(format!("`{}` cannot be replayed: {}", path.display(), Failure::of(error).message));
    match error {
        ReplayError::Evidence(EvidenceError::Missing(name)) if name == layout::RESULT => {
            failure.hint("the folder of a run has one; runs are in reports/runs")
        }
        ReplayError::Result(ResultError::Layout { .. }) => failure.hint("use the castproof that wrote it"),
        _ => failure,
    }
}
