//! What a Device goes on with after a loss of power, and what ends with a registration ([FU-PRE-1], [FU-PRE-2]).

use crate::spec::Timestamp;

use super::campaign::Phase;
use super::conduct::{Duty, Memory};
use super::core::Device;

impl Device {
    /// Looks through what was kept, before any campaign goes on.
    pub(super) fn wake(&mut self) {
        if !self.conduct.remembers(Memory::Log) {
            self.state.log.clear();
        }
    }

    /// What a campaign that was interrupted goes on with.
    pub(super) fn resume(&mut self, index: usize) {
        self.end_unregistered(index);
        let run = &mut self.state.runs[index];
        match &mut run.phase {
            Phase::Receiving | Phase::Waiting if !self.conduct.remembers(Memory::Download) => self.drop_run(index),
            Phase::AwaitingEnd(_) | Phase::BackingOff { .. } | Phase::Reporting { .. }
                if !self.conduct.remembers(Memory::Report) =>
            {
                self.drop_run(index);
            }
            Phase::AwaitingEnd(report) | Phase::BackingOff { report, .. } => {
                report.copies_left = self.conduct.copies_after_a_restart(report.copies_left);
                if !self.conduct.remembers(Memory::Deadline) {
                    run.phase = Phase::BackingOff { due: Timestamp::default(), report: report.clone() };
                }
            }
            // A report in the air may or may not have arrived: it is sent again, under the same correlator.
            Phase::Reporting { report } => {
                run.phase = Phase::BackingOff { due: Timestamp::default(), report: report.clone() };
            }
            // A prompt that was on the screen is shown again.
            Phase::Offered { ask_at: None } => run.phase = Phase::Offered { ask_at: Some(Timestamp::default()) },
            Phase::Offered { ask_at } if !self.conduct.remembers(Memory::Postponement) => {
                *ask_at = Some(Timestamp::default());
            }
            _ => {}
        }
    }

    /// Without its registration a campaign ends, unless only its report is left to send.
    pub(super) fn end_unregistered(&mut self, index: usize) {
        let run = &self.state.runs[index];
        let is_registered = self.configuration.registrations.iter().any(|known| known.server == run.server);
        let has_begun = !matches!(run.phase, Phase::Receiving | Phase::Waiting | Phase::Offered { .. });
        if !is_registered && !has_begun && !self.conduct.neglects(Duty::EndWithTheRegistration) {
            self.drop_run(index);
        }
    }
}
