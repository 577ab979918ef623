//! Whom the DM Server cares for, and how.

use crate::spec::CareProcess;

use super::{ConductOf, Deviation};

pub(super) static DEVIATIONS: &[Deviation] = &[
    Deviation {
        name: "provider.cares-for-everybody",
        description: "Cares for every Device that reports, also for a success.",
        requirements: &["SC-NF-6"],
        caught_by: "care.addressees",
        conduct: ConductOf::Provider(|| Box::new(CaresForEverybody)),
    },
    Deviation {
        name: "provider.cares-for-nobody",
        description: "Leaves Devices that failed alone.",
        requirements: &["SC-NF-6"],
        caught_by: "care.addressees",
        conduct: ConductOf::Provider(|| Box::new(CaresForNobody)),
    },
    Deviation {
        name: "provider.never-escalates",
        description: "Provisions again where the schedule says escalate.",
        requirements: &["SC-POST-1"],
        caught_by: "care.addressees",
        conduct: ConductOf::Provider(|| Box::new(NeverEscalates)),
    },
    Deviation {
        name: "provider.sends-without-schedule",
        description: "Broadcasts provisioning data that says nothing of exceptional situations.",
        requirements: &["SC-NF-1"],
        caught_by: "broadcast.none",
        conduct: ConductOf::Provider(|| Box::new(SendsWithoutSchedule)),
    },
];

broken_provider!(SendsWithoutSchedule {
    fn wants_a_schedule(&self) -> bool {
        false
    }
});
broken_provider!(CaresForEverybody {
    fn cares_for(&self, _: bool) -> bool {
        true
    }
    fn process(&self, _: CareProcess) -> CareProcess {
        CareProcess::ReProvision
    }
    fn sends_again(&self, _: bool) -> bool {
        true
    }
});
broken_provider!(CaresForNobody {
    fn cares_for(&self, _: bool) -> bool {
        false
    }
});
broken_provider!(NeverEscalates {
    fn process(&self, _: CareProcess) -> CareProcess {
        CareProcess::ReProvision
    }
});
