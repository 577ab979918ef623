//! `castproof replay`.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::certify::{self, BareRecording, ReplayError};
use crate::evidence::{EvidenceError, Source, layout};
use crate::findings::{ExitCode, ResultError, printable};

use super::console::Console;
use super::{Failure, ReplayOf};

/// What a zip archive with members begins with.
const ZIP: [u8; 4] = *b"PK\x03\x04";
/// What a pcapng file begins with.
const PCAPNG: [u8; 4] = [0x0A, 0x0D, 0x0D, 0x0A];

pub(super) fn replay(console: &Console, options: &ReplayOf) -> Result<ExitCode, Failure> {
    let path = &options.evidence;
    let source = match kind_of(path)? {
        Kind::Recording => return bare(console, options),
        Kind::Folder => Source::folder(path),
        // Who signed it is for `verify` to say; that it is whole is needed here.
        Kind::Bundle => Source::Bundle(super::evidence::verified(path, None)?.archive),
    };
    let replay = certify::replay(&source).map_err(|error| failure_of(path, &error))?;
    let text = match options.json {
        true => certify::replay_json(&replay).map_err(|error| Failure::of(&error))? + "\n",
        false => printable(&certify::replay_words(&replay, console.colour)),
    };
    console.print(&text);
    Ok(replay.exit_code())
}

/// What a path leads to.
enum Kind {
    Folder,
    Bundle,
    Recording,
}

fn kind_of(path: &Path) -> Result<Kind, Failure> {
    let unreadable = |error| Failure::usage(format!("open `{}`: {error}", path.display()));
    if std::fs::metadata(path).map_err(unreadable)?.is_dir() {
        return Ok(Kind::Folder);
    }
    let mut begin = Vec::new();
    File::open(path).and_then(|file| file.take(4).read_to_end(&mut begin)).map_err(unreadable)?;
    match begin {
        _ if begin == PCAPNG => Ok(Kind::Recording),
        _ if begin == ZIP => Ok(Kind::Bundle),
        _ => {
            let failure = Failure::usage(format!("`{}` is no evidence", path.display()));
            Err(failure.hint("give the evidence.zip or the folder of a run, such as reports/runs/*, or a pcapng file"))
        }
    }
}

fn bare(console: &Console, options: &ReplayOf) -> Result<ExitCode, Failure> {
    let path = &options.evidence;
    let found = BareRecording::read(path)
        .map_err(|reason| Failure::usage(format!("`{}` cannot be replayed: {reason}", path.display())))?;
    match options.json {
        true => console.line(&serde_json::to_string_pretty(&found).map_err(|error| Failure::of(&error))?),
        false => console.print(&printable(&found.words(console.colour))),
    }
    Ok(found.exit_code())
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
