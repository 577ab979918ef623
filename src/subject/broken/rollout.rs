//! When, where and for which share a Device takes part.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::device::{Aspect, Conduct};
use crate::spec::{BasisPoints, Timestamp};

use super::{ConductOf, Deviation};

pub(super) static DEVIATIONS: &[Deviation] = &[
    Deviation {
        name: "device.ignores-groups",
        description: "Takes part in what is meant for groups that it is not in.",
        requirements: &["FU-GAP-2"],
        caught_by: "delivery.membership",
        conduct: ConductOf::Device(|| Box::new(IgnoresGroups)),
    },
    Deviation {
        name: "device.ignores-areas",
        description: "Takes part in what is meant for areas that it is not in.",
        requirements: &["FU-GAP-2"],
        caught_by: "delivery.membership",
        conduct: ConductOf::Device(|| Box::new(IgnoresAreas)),
    },
    Deviation {
        name: "device.ignores-share",
        description: "Takes part whatever the share.",
        requirements: &["FU-GAP-2"],
        caught_by: "rollout.share",
        conduct: ConductOf::Device(|| Box::new(IgnoresShare)),
    },
    Deviation {
        name: "device.redraws-its-share",
        description: "Throws dice for a share each time it is asked, and so takes part in the end.",
        requirements: &["FU-GAP-2"],
        caught_by: "delivery.membership",
        conduct: ConductOf::Device(|| Box::new(RedrawsItsShare::new())),
    },
    Deviation {
        name: "device.ignores-not-before",
        description: "Installs at once what is for later.",
        requirements: &["FU-GAP-2"],
        caught_by: "firmware.version",
        conduct: ConductOf::Device(|| Box::new(IgnoresNotBefore)),
    },
    Deviation {
        name: "device.ignores-not-after",
        description: "Installs what should have been installed by now.",
        requirements: &["FU-GAP-2"],
        caught_by: "delivery.membership",
        conduct: ConductOf::Device(|| Box::new(IgnoresNotAfter)),
    },
];

broken_device!(IgnoresGroups {
    fn matches(&self, aspect: Aspect, does: bool) -> bool {
        aspect == Aspect::Group || does
    }
});
broken_device!(IgnoresAreas {
    fn matches(&self, aspect: Aspect, does: bool) -> bool {
        aspect == Aspect::Area || does
    }
});
broken_device!(IgnoresShare {
    fn belongs_to(&self, _: BasisPoints, _: bool) -> bool {
        true
    }
});
broken_device!(IgnoresNotBefore {
    fn begins_at(&self, now: Timestamp, _: Timestamp) -> Timestamp {
        now
    }
});
broken_device!(IgnoresNotAfter {
    fn finds_rollout_over(&self, _: bool) -> bool {
        false
    }
});

/// Each instance throws dice of its own.
#[derive(Debug)]
struct RedrawsItsShare(AtomicU64);

impl RedrawsItsShare {
    fn new() -> Self {
        static INSTANCES: AtomicU64 = AtomicU64::new(1);
        Self(AtomicU64::new(INSTANCES.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9E37_79B9_7F4A_7C15)))
    }
}

impl Conduct for RedrawsItsShare {
    fn belongs_to(&self, share: BasisPoints, _: bool) -> bool {
        // The generator of Knuth's MMIX: its upper bits are random enough for dice.
        let next = |state: u64| state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let state = next(self.0.load(Ordering::Relaxed));
        self.0.store(state, Ordering::Relaxed);
        (state >> 33) % 10_000 < u64::from(share.get())
    }
}
