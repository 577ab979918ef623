//! A stored recording that is wound to where a check was asked.

use std::io::Read;

use crate::capture::{CaptureError, Recording, Timeline, pcapng};
use crate::findings::{Asked, CheckResult, chain};
use crate::judge::{Evidence, Outcome};
use crate::stage::Question;

/// A recording, decoded up to some packet.
pub(super) struct Tape {
    recording: Recording,
    /// Frames that the timeline has been given.
    fed: usize,
    timeline: Timeline,
    /// Why the recording is not whole.
    pub(super) fault: Option<String>,
}

impl Tape {
    /// The recording in these octets, as far as it can be read.
    ///
    /// # Errors
    /// Why nothing of it can be read.
    pub(super) fn load(octets: impl Read) -> Result<Self, String> {
        let (recording, fault) = match pcapng::read(octets) {
            Ok(recording) => {
                let lost = recording.skipped.iter().find(|packet| packet.is_loss);
                let fault = lost.map(|packet| format!("packet {} cannot be read: {}", packet.number, packet.reason));
                (recording, fault)
            }
            Err(CaptureError::Broken { packets, offset, reason, partial }) => {
                let fault = format!("the recording breaks off after {packets} packet(s), at octet {offset}: {reason}");
                (*partial, Some(fault))
            }
            Err(error) => return Err(chain(&error)),
        };
        let timeline = Timeline::new(recording.lanes.clone());
        Ok(Self { recording, fed: 0, timeline, fault })
    }

    /// The recording decoded whole, as far as it can be read.
    pub(super) fn whole(&mut self) -> (&Recording, &Timeline) {
        self.feed_to(self.recording.frames.len());
        (&self.recording, &self.timeline)
    }

    /// Asks a check again of as much of the recording as there was when it was asked.
    ///
    /// # Errors
    /// Why that cannot be done.
    pub(super) fn ask(
        &mut self,
        stored: &CheckResult,
        golden: impl Fn(&str) -> Result<Vec<u8>, String>,
    ) -> Result<(Question, Outcome), String> {
        let Some(asked) = &stored.asked else {
            return Err("how it was asked was not stored".to_owned());
        };
        let (question, beside) = Question::of(asked).map_err(|error| chain(&error))?;
        if question.id() != stored.check.as_str() || question.authority() != stored.authority {
            return Err(format!(
                "what was asked is `{}`, which rests on {}",
                question.id(),
                match question.authority() {
                    crate::findings::Authority::Wire => "the wire".to_owned(),
                    other => format!("a {other}"),
                }
            ));
        }
        self.wind_to(asked)?;
        let outcome = match &question {
            Question::Check(check) => check.judge(Evidence { timeline: &self.timeline, beside: &beside }),
            Question::Golden(question) => {
                let frames = self.recording.frames[..self.fed].to_vec();
                let so_far = Recording { frames, ..self.recording.clone() };
                question.judge(golden(&question.recording), &so_far, &self.timeline)
            }
        };
        Ok((question, outcome))
    }

    fn wind_to(&mut self, asked: &Asked) -> Result<(), String> {
        let there = self.recording.frames.len();
        let wanted = usize::try_from(asked.packets).ok().filter(|wanted| *wanted <= there);
        let Some(wanted) = wanted else {
            return Err(format!("it was asked of {} packets, and the recording has {there}", asked.packets));
        };
        self.feed_to(wanted);
        Ok(())
    }

    fn feed_to(&mut self, wanted: usize) {
        if wanted < self.fed {
            self.timeline = Timeline::new(self.recording.lanes.clone());
            self.fed = 0;
        }
        for (number, frame) in self.recording.numbered().take(wanted).skip(self.fed) {
            self.timeline.feed(number, frame);
        }
        self.fed = wanted;
    }
}
