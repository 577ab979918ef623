//! Who reports, when, and how often.

use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::device::Duty;
use crate::spec::{Reporters, Timestamp};

use super::{ConductOf, Deviation};

pub(super) static DEVIATIONS: &[Deviation] = &[
    Deviation {
        name: "device.reports-success",
        description: "Reports success in a campaign that asks for failures only.",
        requirements: &["FU-AF-1", "SC-SD-1"],
        caught_by: "report.none",
        conduct: ConductOf::Device(|| Box::new(ReportsSuccess)),
    },
    Deviation {
        name: "device.hides-failure",
        description: "Stays silent about a failure that was asked for.",
        requirements: &["FU-AF-1"],
        caught_by: "report.count",
        conduct: ConductOf::Device(|| Box::new(HidesFailure)),
    },
    Deviation {
        name: "device.ignores-schedule",
        description: "Does not report what the exception schedule asks for.",
        requirements: &["SC-NF-5"],
        caught_by: "report.count",
        conduct: ConductOf::Device(|| Box::new(IgnoresSchedule)),
    },
    Deviation {
        name: "device.counts-from-first-packet",
        description: "Counts the back-off from the first packet of the delivery.",
        requirements: &["FU-AF-2"],
        caught_by: "report.window",
        conduct: ConductOf::Device(|| Box::new(CountsFromFirstPacket)),
    },
    Deviation {
        name: "device.ignores-offset",
        description: "Draws its random delay from the end of transmission on, without the offset.",
        requirements: &["FU-AF-2"],
        caught_by: "report.window",
        conduct: ConductOf::Device(|| Box::new(IgnoresOffset)),
    },
    Deviation {
        name: "device.draws-no-delay",
        description: "Reports when the offset is over, without a random delay.",
        requirements: &["FU-AF-2", "FU-GAP-4"],
        caught_by: "report.spread",
        conduct: ConductOf::Device(|| Box::new(DrawsNoDelay)),
    },
    Deviation {
        name: "device.shares-its-seed",
        description: "Draws its delay by a generator that begins alike in all Devices, so that all of them have one delay.",
        requirements: &["FU-AF-2", "FU-GAP-4"],
        caught_by: "report.spread",
        conduct: ConductOf::Device(|| Box::new(SharesItsSeed)),
    },
    Deviation {
        name: "device.draws-from-half-the-window",
        description: "Draws its delay from the first half of the window.",
        requirements: &["FU-GAP-4"],
        caught_by: "report.spread",
        conduct: ConductOf::Device(|| Box::new(DrawsFromHalfTheWindow)),
    },
    Deviation {
        name: "device.ignores-the-sample",
        description: "Reports though the campaign wants to hear of a sample of the Devices that it is not in.",
        requirements: &["FU-GAP-4"],
        caught_by: "report.none",
        conduct: ConductOf::Device(|| Box::new(IgnoresTheSample)),
    },
    Deviation {
        name: "device.reports-twice",
        description: "Sends its final report twice.",
        requirements: &["FU-NF-1", "FU-POST-1"],
        caught_by: "report.count",
        conduct: ConductOf::Device(|| Box::new(ReportsTwice)),
    },
    Deviation {
        name: "device.tries-again-untold",
        description: "Tries a failed update once more after its final alert, and reports it again (X-FUMO-06).",
        requirements: &["FU-POST-1"],
        caught_by: "standing.x-fumo-06",
        conduct: ConductOf::Device(|| Box::new(TriesAgainUntold)),
    },
];

broken_device!(ReportsSuccess {
    fn reports(&self, who: Reporters, _: bool) -> bool {
        who != Reporters::Nobody
    }
});
broken_device!(HidesFailure {
    fn reports(&self, who: Reporters, succeeded: bool) -> bool {
        who == Reporters::Everybody && succeeded
    }
});
broken_device!(IgnoresSchedule {
    fn reports_exception(&self, _: bool) -> bool {
        false
    }
});
broken_device!(CountsFromFirstPacket {
    fn back_off_from(&self, first_packet: Timestamp, _: Timestamp) -> Timestamp {
        first_packet
    }
});
broken_device!(IgnoresOffset {
    fn offset(&self, _: Duration) -> Duration {
        Duration::ZERO
    }
});
broken_device!(DrawsNoDelay {
    fn random_delay(&self, _: Duration, _: Duration) -> Duration {
        Duration::ZERO
    }
});
broken_device!(IgnoresTheSample {
    fn neglects(&self, duty: Duty) -> bool {
        duty == Duty::KeepToTheSample
    }
});
broken_device!(ReportsTwice {
    fn copies_of_a_report(&self, _: bool) -> u8 {
        2
    }
});
broken_device!(SharesItsSeed {
    fn random_delay(&self, _: Duration, window: Duration) -> Duration {
        window.mul_f64(ChaCha8Rng::seed_from_u64(0).random_range(0.0..=1.0))
    }
});
broken_device!(DrawsFromHalfTheWindow {
    fn random_delay(&self, drawn: Duration, _: Duration) -> Duration {
        drawn / 2
    }
});
broken_device!(TriesAgainUntold {
    fn copies_of_a_report(&self, succeeded: bool) -> u8 {
        if succeeded { 1 } else { 2 }
    }
});
