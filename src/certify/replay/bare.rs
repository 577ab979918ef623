//! A recording without findings.

use std::fmt::Write as _;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::standing;
use super::tape::Tape;
use crate::findings::{Colour, ExitCode, Verdict};
use crate::spec::one_line;

/// What a recording alone tells: what its standing checks come to. Those of its scenario cannot be asked, for their
/// parameters are in the findings.
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
    /// The standing checks that had something to look at.
    pub standing: Vec<BareCheck>,
}

/// A standing check of a recording.
#[derive(Debug, Serialize)]
pub struct BareCheck {
    /// Its id.
    pub check: String,
    /// Its verdict.
    pub verdict: Verdict,
    /// What was observed.
    pub observed: String,
    /// What would have been accepted.
    pub accepted: String,
    /// The packet that decided.
    pub packet: Option<usize>,
}

impl BareRecording {
    /// Reads the recording in a file and asks the standing checks of it. Without the accounts of its Devices, credentials
    /// and digests are not computed again.
    ///
    /// # Errors
    /// Why it cannot be read, or is no recording.
    pub fn read(path: &Path) -> Result<Self, String> {
        let file = File::open(path).map_err(|error| error.to_string())?;
        let mut tape = Tape::load(BufReader::new(file))?;
        let fault = tape.fault.clone();
        let (recording, timeline) = tape.whole();
        let standing = standing::of_bare(recording, timeline).into_iter().map(|found| BareCheck {
            check: found.check.to_string(),
            verdict: found.outcome.verdict,
            observed: found.outcome.observed,
            accepted: found.outcome.accepted,
            packet: found.outcome.packet,
        });
        Ok(Self {
            source: path.to_owned(),
            packets: recording.frames.len(),
            lanes: recording.lanes.iter().map(|lane| lane.name.clone()).collect(),
            fault,
            standing: standing.collect(),
        })
    }

    /// Not conformant where a standing check fails; otherwise inconclusive, for what the recording is about was not asked.
    pub fn exit_code(&self) -> ExitCode {
        match self.standing.iter().any(|found| found.verdict == Verdict::Fail) {
            true => ExitCode::NotConformant,
            false => ExitCode::Inconclusive,
        }
    }

    /// What it tells, for people. Ends with a line feed.
    pub fn words(&self, colour: Colour) -> String {
        let mut text = format!("{} packets on {}\n", self.packets, one_line(&self.lanes.join(", ")));
        if let Some(fault) = &self.fault {
            let _ = writeln!(text, "fault  {}", one_line(fault));
        }
        for found in &self.standing {
            let mark = colour.paint(found.verdict, &found.verdict.mark().to_string());
            let packet = found.packet.map_or_else(String::new, |packet| format!(" (packet {packet})"));
            let _ = writeln!(text, "  {mark} {:<20}  {}{packet}", found.check, one_line(&found.observed));
        }
        text.push_str(
            "Only standing checks were asked, and without accounts: what the checks of a run ask for stands in its\n\
             result.json, not in its recordings. Give the folder or the bundle of the run instead; `castproof transcript`\n\
             tells this recording in words.\n",
        );
        text
    }
}
