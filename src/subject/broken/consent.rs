//! What a Device does with its End User's answer.

use crate::device::{Memory, Occasion, UserAnswer};
use crate::spec::Timestamp;

use super::{ConductOf, Deviation};

pub(super) static DEVIATIONS: &[Deviation] = &[
    Deviation {
        name: "device.installs-when-declined",
        description: "Installs an optional update that its End User declined.",
        requirements: &["FU-OP-2"],
        caught_by: "firmware.version",
        conduct: ConductOf::Device(|| Box::new(InstallsWhenDeclined)),
    },
    Deviation {
        name: "device.installs-when-postponed",
        description: "Installs at once what its End User postponed.",
        requirements: &["FU-OP-2"],
        caught_by: "firmware.version",
        conduct: ConductOf::Device(|| Box::new(InstallsWhenPostponed)),
    },
    Deviation {
        name: "device.installs-unasked",
        description: "Installs without asking, whatever the campaign says of consent.",
        requirements: &["FU-OP-1"],
        caught_by: "firmware.version",
        conduct: ConductOf::Device(|| Box::new(InstallsUnasked)),
    },
    Deviation {
        name: "device.asks-for-each-repetition",
        description: "Asks its End User again with each repetition of the notification.",
        requirements: &["FU-OP-1"],
        caught_by: "consent.asked",
        conduct: ConductOf::Device(|| Box::new(AsksForEachRepetition)),
    },
    Deviation {
        name: "device.asks-before-trust",
        description: "Asks its End User before it has looked at the signature.",
        requirements: &["FU-OP-1"],
        caught_by: "consent.asked",
        conduct: ConductOf::Device(|| Box::new(AsksBeforeTrust)),
    },
    Deviation {
        name: "device.lets-decline-mandatory",
        description: "Lets its End User decline a mandatory update.",
        requirements: &["FU-OP-2"],
        caught_by: "consent.decline-offered",
        conduct: ConductOf::Device(|| Box::new(LetsDeclineMandatory)),
    },
    Deviation {
        name: "device.restarts-the-deferral",
        description: "Counts the longest deferral anew from each postponement.",
        requirements: &["FU-OP-2"],
        caught_by: "consent.asked",
        conduct: ConductOf::Device(|| Box::new(RestartsTheDeferral)),
    },
    Deviation {
        name: "device.forgets-the-postponement",
        description: "Asks at once after a restart, though the update is postponed.",
        requirements: &["FU-OP-2"],
        caught_by: "consent.asked",
        conduct: ConductOf::Device(|| Box::new(ForgetsThePostponement)),
    },
];

broken_device!(InstallsWhenDeclined {
    fn installs_after(&self, answer: UserAnswer) -> bool {
        matches!(answer, UserAnswer::Approve | UserAnswer::Decline)
    }
});
broken_device!(InstallsWhenPostponed {
    fn installs_after(&self, answer: UserAnswer) -> bool {
        matches!(answer, UserAnswer::Approve | UserAnswer::Postpone(_))
    }
});
broken_device!(InstallsUnasked {
    fn asks(&self, _: bool) -> bool {
        false
    }
});
broken_device!(AsksForEachRepetition {
    fn asks_wrongly(&self, occasion: Occasion) -> bool {
        occasion == Occasion::Repetition
    }
});
broken_device!(AsksBeforeTrust {
    fn asks_wrongly(&self, occasion: Occasion) -> bool {
        occasion == Occasion::Untrusted
    }
});
broken_device!(LetsDeclineMandatory {
    fn lets_decline(&self, _: bool) -> bool {
        true
    }
});
broken_device!(RestartsTheDeferral {
    fn deferral_from(&self, now: Timestamp, _: Timestamp) -> Timestamp {
        now
    }
});
broken_device!(ForgetsThePostponement {
    fn remembers(&self, memory: Memory) -> bool {
        memory != Memory::Postponement
    }
});
