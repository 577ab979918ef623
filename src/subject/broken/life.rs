//! What a Device remembers over a restart, and what ends with its registration.

use crate::device::{Conduct, Duty, Memory};
use crate::net::Clock;
use crate::spec::Timestamp;

use super::{ConductOf, Deviation};

pub(super) static DEVIATIONS: &[Deviation] = &[
    Deviation {
        name: "device.ignores-repetitions",
        description: "Takes up what was announced since it was switched on, and never makes up for what it missed before.",
        requirements: &["FU-PRE-2", "SC-PRE-1"],
        caught_by: "firmware.version",
        conduct: ConductOf::Device(|| Box::new(IgnoresRepetitions { since: Clock::start().now() })),
    },
    Deviation {
        name: "device.forgets-the-download",
        description: "Gives a campaign up when it restarts before it has installed.",
        requirements: &["FU-PRE-2"],
        caught_by: "firmware.version",
        conduct: ConductOf::Device(|| Box::new(ForgetsTheDownload)),
    },
    Deviation {
        name: "device.notes-the-version-first",
        description: "Notes the new version before the image is written, and believes it after a loss of power.",
        requirements: &["FU-PRE-2"],
        caught_by: "report.count",
        conduct: ConductOf::Device(|| Box::new(NotesTheVersionFirst)),
    },
    Deviation {
        name: "device.loses-the-report",
        description: "Keeps a due report in memory only, where a restart loses it.",
        requirements: &["FU-PRE-2"],
        caught_by: "report.count",
        conduct: ConductOf::Device(|| Box::new(LosesTheReport)),
    },
    Deviation {
        name: "device.reports-twice-after-restart",
        description: "Queues a due report once more when it restarts.",
        requirements: &["FU-PRE-2"],
        caught_by: "report.count",
        conduct: ConductOf::Device(|| Box::new(ReportsTwiceAfterRestart)),
    },
    Deviation {
        name: "device.forgets-the-deadline",
        description: "Takes a deadline for over when it restarts, and reports at once.",
        requirements: &["FU-AF-2"],
        caught_by: "report.window",
        conduct: ConductOf::Device(|| Box::new(ForgetsTheDeadline)),
    },
    Deviation {
        name: "device.forgets-the-log",
        description: "Keeps its status log in memory only.",
        requirements: &["FU-NF-5"],
        caught_by: "log.entry",
        conduct: ConductOf::Device(|| Box::new(ForgetsTheLog)),
    },
    Deviation {
        name: "device.log-without-bound",
        description: "Lets its status log grow.",
        requirements: &["FU-NF-5"],
        caught_by: "log.entry",
        conduct: ConductOf::Device(|| Box::new(LogWithoutBound)),
    },
    Deviation {
        name: "device.answers-strangers",
        description: "Lets itself be read by a DM Server that has not proved itself.",
        requirements: &["FU-NF-5"],
        caught_by: "dm.refusal",
        conduct: ConductOf::Device(|| Box::new(AnswersStrangers)),
    },
    Deviation {
        name: "device.outlives-its-registration",
        description: "Carries on with a campaign whose provider it is not registered with any more.",
        requirements: &["FU-PRE-1"],
        caught_by: "report.none",
        conduct: ConductOf::Device(|| Box::new(OutlivesItsRegistration)),
    },
];

/// Knows when it was switched on.
#[derive(Debug)]
struct IgnoresRepetitions {
    since: Timestamp,
}

impl Conduct for IgnoresRepetitions {
    fn takes_up(&self, issued: Timestamp) -> bool {
        // Announcements count in whole milliseconds.
        issued.as_millis() >= self.since.as_millis()
    }
}

broken_device!(ForgetsTheDownload {
    fn remembers(&self, memory: Memory) -> bool {
        memory != Memory::Download
    }
});
broken_device!(NotesTheVersionFirst {
    fn notes_the_version_first(&self) -> bool {
        true
    }
});
broken_device!(LosesTheReport {
    fn remembers(&self, memory: Memory) -> bool {
        memory != Memory::Report
    }
});
broken_device!(ReportsTwiceAfterRestart {
    fn copies_after_a_restart(&self, copies: u8) -> u8 {
        copies + 1
    }
});
broken_device!(ForgetsTheDeadline {
    fn remembers(&self, memory: Memory) -> bool {
        memory != Memory::Deadline
    }
});
broken_device!(ForgetsTheLog {
    fn remembers(&self, memory: Memory) -> bool {
        memory != Memory::Log
    }
});
broken_device!(LogWithoutBound {
    fn log_bound(&self, _: usize) -> usize {
        usize::MAX
    }
});
broken_device!(AnswersStrangers {
    fn trusts_server(&self, _: bool) -> bool {
        true
    }
});
broken_device!(OutlivesItsRegistration {
    fn neglects(&self, duty: Duty) -> bool {
        duty == Duty::EndWithTheRegistration
    }
});
