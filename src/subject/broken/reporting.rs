//! Who reports, when, and how often.

use std::time::Duration;

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
        name: "device.reports-twice",
        description: "Sends its final report twice.",
        requirements: &["FU-NF-1", "FU-POST-1"],
        caught_by: "report.count",
        conduct: ConductOf::Device(|| Box::new(ReportsTwice)),
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
    fn random_delay(&self, _: Duration) -> Duration {
        Duration::ZERO
    }
});
broken_device!(ReportsTwice {
    fn copies_of_a_report(&self) -> u8 {
        2
    }
});
