//! What a Device leaves undone although it says, or its silence says, that all is well.

use crate::device::{Duty, Occasion};
use crate::spec::BasisPoints;

use super::{ConductOf, Deviation};

pub(super) static DEVIATIONS: &[Deviation] = &[
    Deviation {
        name: "device.claims-success",
        description: "Tells success without having done what the Command says.",
        requirements: &[
            "FU-NF-1",
            "FU-NF-2",
            "FU-NF-3",
            "FU-NF-4",
            "FU-PRE-1",
            "FU-PRE-2",
            "FU-PRE-3",
            "FU-OP-1",
            "FU-OP-2",
            "FU-AF-1",
            "FU-GAP-2",
            "FU-GAP-3",
            "FU-GAP-4",
            "FU-GAP-5",
            "SC-PRE-1",
            "SC-NF-1",
            "SC-NF-2",
            "SC-NF-3",
            "SC-NF-4",
            "SC-POST-1",
            "SC-SD-1",
        ],
        caught_by: "firmware.version",
        conduct: ConductOf::Device(|| Box::new(ClaimsSuccess)),
    },
    Deviation {
        name: "device.gives-up-after-a-cycle",
        description: "Takes the first carousel cycle for the only one, and gives up what it did not bring.",
        requirements: &["FU-NF-3", "FU-PRE-3"],
        caught_by: "firmware.version",
        conduct: ConductOf::Device(|| Box::new(GivesUpAfterACycle)),
    },
    Deviation {
        name: "device.forgets-failed-receptions",
        description: "Forgets a campaign whose transmission ended before everything had come: no entry in the log, no report.",
        requirements: &["FU-NF-3", "FU-GAP-3", "FU-GAP-5"],
        caught_by: "report.count",
        conduct: ConductOf::Device(|| Box::new(ForgetsFailedReceptions)),
    },
    Deviation {
        name: "device.takes-part-in-nothing",
        description: "Takes every campaign for one of other Devices.",
        requirements: &["FU-NF-2", "FU-PRE-3"],
        caught_by: "delivery.membership",
        conduct: ConductOf::Device(|| Box::new(TakesPartInNothing)),
    },
    Deviation {
        name: "device.is-in-no-share",
        description: "Takes no part in a campaign for a share of the Devices, whatever the share.",
        requirements: &["FU-GAP-2"],
        caught_by: "delivery.membership",
        conduct: ConductOf::Device(|| Box::new(IsInNoShare)),
    },
    Deviation {
        name: "device.keeps-no-log",
        description: "Notes no result in its status log.",
        requirements: &["FU-NF-5"],
        caught_by: "log.entry",
        conduct: ConductOf::Device(|| Box::new(KeepsNoLog)),
    },
    Deviation {
        name: "device.asks-for-nothing",
        description: "Shows its End User a question, and installs without waiting for the answer.",
        requirements: &["FU-OP-1", "FU-OP-2"],
        caught_by: "consent.asked",
        conduct: ConductOf::Device(|| Box::new(AsksForNothing)),
    },
    Deviation {
        name: "device.asks-about-others",
        description: "Asks its End User about updates that are for other Devices.",
        requirements: &["FU-OP-1"],
        caught_by: "consent.asked",
        conduct: ConductOf::Device(|| Box::new(AsksAboutOthers)),
    },
    Deviation {
        name: "device.asks-but-once",
        description: "Never asks again: not after a postponement, and not after a restart.",
        requirements: &["FU-OP-1", "FU-OP-2"],
        caught_by: "consent.asked",
        conduct: ConductOf::Device(|| Box::new(AsksButOnce)),
    },
    Deviation {
        name: "device.postpones-for-ever",
        description: "Forgets a mandatory update when its longest deferral is over.",
        requirements: &["FU-OP-2"],
        caught_by: "firmware.version",
        conduct: ConductOf::Device(|| Box::new(PostponesForEver)),
    },
];

broken_device!(ClaimsSuccess {
    fn neglects(&self, duty: Duty) -> bool {
        duty == Duty::CarryOut
    }
});
broken_device!(GivesUpAfterACycle {
    fn neglects(&self, duty: Duty) -> bool {
        duty == Duty::AwaitTheNextCycle
    }
});
broken_device!(ForgetsFailedReceptions {
    fn neglects(&self, duty: Duty) -> bool {
        duty == Duty::NoteFailedReception
    }
});
broken_device!(TakesPartInNothing {
    fn takes_part(&self, _: bool) -> bool {
        false
    }
});
broken_device!(IsInNoShare {
    fn belongs_to(&self, _: BasisPoints, _: bool) -> bool {
        false
    }
});
broken_device!(KeepsNoLog {
    fn log_bound(&self, _: usize) -> usize {
        0
    }
});
broken_device!(AsksForNothing {
    fn asks_wrongly(&self, occasion: Occasion) -> bool {
        occasion == Occasion::NothingToDecide
    }
});
broken_device!(AsksAboutOthers {
    fn asks_wrongly(&self, occasion: Occasion) -> bool {
        occasion == Occasion::OtherDevices
    }
});
broken_device!(AsksButOnce {
    fn neglects(&self, duty: Duty) -> bool {
        duty == Duty::AskAgain
    }
});
broken_device!(PostponesForEver {
    fn neglects(&self, duty: Duty) -> bool {
        duty == Duty::InstallAfterTheDeferral
    }
});
