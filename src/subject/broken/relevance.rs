//! For whom a Device takes an update to be.

use crate::device::Aspect;
use crate::spec::Version;

use super::{ConductOf, Deviation};

pub(super) static DEVIATIONS: &[Deviation] = &[
    Deviation {
        name: "device.matches-only-the-model",
        description: "Looks at the model and at nothing else of the target.",
        requirements: &["FU-NF-2"],
        caught_by: "delivery.membership",
        conduct: ConductOf::Device(|| Box::new(MatchesOnlyTheModel)),
    },
    Deviation {
        name: "device.ignores-manufacturer",
        description: "Takes a model name for unique, whoever made it.",
        requirements: &["FU-NF-2"],
        caught_by: "delivery.membership",
        conduct: ConductOf::Device(|| Box::new(IgnoresManufacturer)),
    },
    Deviation {
        name: "device.ignores-hardware",
        description: "Installs what is made for another hardware version.",
        requirements: &["FU-NF-2"],
        caught_by: "delivery.membership",
        conduct: ConductOf::Device(|| Box::new(IgnoresHardware)),
    },
    Deviation {
        name: "device.ignores-from-versions",
        description: "Updates from an installed version that may not be updated.",
        requirements: &["FU-NF-2"],
        caught_by: "delivery.membership",
        conduct: ConductOf::Device(|| Box::new(IgnoresFromVersions)),
    },
    Deviation {
        name: "device.compares-versions-as-text",
        description: "Takes 2.10 for older than 2.9.",
        requirements: &["FU-NF-2"],
        caught_by: "firmware.version",
        conduct: ConductOf::Device(|| Box::new(ComparesAsText)),
    },
    Deviation {
        name: "device.installs-the-same-again",
        description: "Installs a version that it has already.",
        requirements: &["FU-NF-2"],
        caught_by: "delivery.membership",
        conduct: ConductOf::Device(|| Box::new(InstallsTheSameAgain)),
    },
    Deviation {
        name: "device.rolls-back",
        description: "Installs whatever version is offered, also an older one.",
        requirements: &["FU-NF-2"],
        caught_by: "firmware.version",
        conduct: ConductOf::Device(|| Box::new(RollsBack)),
    },
];

broken_device!(MatchesOnlyTheModel {
    fn matches(&self, aspect: Aspect, does: bool) -> bool {
        aspect != Aspect::Model || does
    }
});
broken_device!(IgnoresManufacturer {
    fn matches(&self, aspect: Aspect, does: bool) -> bool {
        aspect == Aspect::Manufacturer || does
    }
});
broken_device!(IgnoresHardware {
    fn matches(&self, aspect: Aspect, does: bool) -> bool {
        aspect == Aspect::Hardware || does
    }
});
broken_device!(IgnoresFromVersions {
    fn matches(&self, aspect: Aspect, does: bool) -> bool {
        aspect == Aspect::FromVersion || does
    }
});
broken_device!(ComparesAsText {
    fn is_newer(&self, offered: &Version, installed: &Version) -> bool {
        offered.to_string() > installed.to_string()
    }
});
broken_device!(InstallsTheSameAgain {
    fn is_newer(&self, offered: &Version, installed: &Version) -> bool {
        offered >= installed
    }
});
broken_device!(RollsBack {
    fn is_newer(&self, offered: &Version, installed: &Version) -> bool {
        offered != installed
    }
});
