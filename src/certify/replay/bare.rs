//! A recording without findings.

use std::fmt::Write as _;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::tape::Tape;
use crate::spec::one_line;

/// What a recording alone tells. There are no checks to ask again: their parameters are in the findings.
#[derive(Debug, Serialize)]
pub struct BareRecording {
    /// The file.
    pub source: PathBuf,
    /// Packets that were read.
    pub packets: usize,
    /// The points of observation.
    pub lanes: Vec<String>,
    /// Why it is not whole.
    pub fault: Option<String>,
}

impl BareRecording {
    /// Reads the recording in a file.
    ///
    /// # Errors
    /// Why it cannot be read, or is no recording.
    pub fn read(path: &Path) -> Result<Self, String> {
        let file = File::open(path).map_err(|error| error.to_string())?;
        let tape = Tape::load(BufReader::new(file))?;
        let recording = tape.recording();
        Ok(Self {
            source: path.to_owned(),
            packets: recording.frames.len(),
            lanes: recording.lanes.iter().map(|lane| lane.name.clone()).collect(),
            fault: tape.fault.clone(),
        })
    }

    /// What it tells, for people. Ends with a line feed.
    pub fn words(&self) -> String {
        let mut text = format!("{} packets on {}\n", self.packets, one_line(&self.lanes.join(", ")));
        if let Some(fault) = &self.fault {
            let _ = writeln!(text, "fault  {}", one_line(fault));
        }
        text.push_str(
            "No check was asked: what the checks of a run ask for stands in its result.json, not in its recordings.\n\
             Give the folder of the run instead; `castproof transcript` tells this recording in words.\n",
        );
        text
    }
}
