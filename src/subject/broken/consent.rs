//! What a Device does with its End User's answer.

use crate::device::UserAnswer;

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
