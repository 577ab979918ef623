//! How often a Device tries to report, and when it tries again.

use std::time::Duration;

use crate::device::{Duty, Pause};

use super::{ConductOf, Deviation};

pub(super) static DEVIATIONS: &[Deviation] = &[
    Deviation {
        name: "device.retries-for-ever",
        description: "Tries to report until the server has it, however few attempts the campaign allows.",
        requirements: &["FU-POST-1"],
        caught_by: "report.attempts",
        conduct: ConductOf::Device(|| Box::new(RetriesForEver)),
    },
    Deviation {
        name: "device.gives-up-after-one-attempt",
        description: "Tries to report once.",
        requirements: &["FU-POST-1", "SC-NF-5"],
        caught_by: "report.attempts",
        conduct: ConductOf::Device(|| Box::new(GivesUp)),
    },
    Deviation {
        name: "device.retries-at-once",
        description: "Tries again without the announced pause.",
        requirements: &["FU-POST-1"],
        caught_by: "report.retry",
        conduct: ConductOf::Device(|| Box::new(RetriesAtOnce)),
    },
    Deviation {
        name: "device.forgets-unreported-result",
        description: "Forgets a result when it has used up its attempts to report it.",
        requirements: &["SC-NF-5", "FU-POST-1"],
        caught_by: "log.entry",
        conduct: ConductOf::Device(|| Box::new(ForgetsUnreported)),
    },
    Deviation {
        name: "device.takes-any-answer-for-a-receipt",
        description: "Takes an HTTP error for the server's receipt of its report.",
        requirements: &["FU-POST-1", "SC-NF-5"],
        caught_by: "report.attempts",
        conduct: ConductOf::Device(|| Box::new(TakesAnyAnswer)),
    },
    Deviation {
        name: "device.is-impatient",
        description: "Waits 50 ms for an answer, whatever the retry interval.",
        requirements: &["FU-POST-1"],
        caught_by: "report.attempts",
        conduct: ConductOf::Device(|| Box::new(IsImpatient)),
    },
    Deviation {
        name: "device.does-not-redraw",
        description: "Comes back to an overloaded server after the retry interval, with no new random delay.",
        requirements: &["FU-GAP-4"],
        caught_by: "report.redraw",
        conduct: ConductOf::Device(|| Box::new(DoesNotRedraw)),
    },
    Deviation {
        name: "device.does-not-double",
        description: "Draws anew for an overloaded server, from the window as it was.",
        requirements: &["FU-GAP-4"],
        caught_by: "report.redraw",
        conduct: ConductOf::Device(|| Box::new(DoesNotDouble)),
    },
    Deviation {
        name: "device.ignores-retry-after",
        description: "Comes back sooner than an overloaded server asked for.",
        requirements: &["FU-GAP-4"],
        caught_by: "report.retry",
        conduct: ConductOf::Device(|| Box::new(IgnoresRetryAfter)),
    },
];

broken_device!(RetriesForEver {
    fn attempts_left(&self, due: u8) -> u8 {
        due.max(1)
    }
});
broken_device!(GivesUp {
    fn attempts_left(&self, _: u8) -> u8 {
        0
    }
});
broken_device!(RetriesAtOnce {
    fn pause(&self, _: Pause) -> Duration {
        Duration::ZERO
    }
});
broken_device!(ForgetsUnreported {
    fn neglects(&self, duty: Duty) -> bool {
        duty == Duty::KeepTheUnreported
    }
});
broken_device!(TakesAnyAnswer {
    fn takes_for_a_receipt(&self, _: u16) -> bool {
        true
    }
});
broken_device!(IsImpatient {
    fn patience(&self, _: Duration) -> Duration {
        Duration::from_millis(50)
    }
});
broken_device!(DoesNotRedraw {
    fn pause(&self, pause: Pause) -> Duration {
        pause.retry_interval.max(pause.retry_after)
    }
});
broken_device!(DoesNotDouble {
    fn widened(&self, window: Duration, _: Duration) -> Duration {
        window
    }
});
broken_device!(IgnoresRetryAfter {
    fn pause(&self, pause: Pause) -> Duration {
        pause.retry_interval + pause.redrawn
    }
});
