//! What the Service Provider sends, and under which numbers.

use crate::spec::SequenceNumber;

use super::{ConductOf, Deviation};

pub(super) static DEVIATIONS: &[Deviation] = &[
    Deviation {
        name: "provider.reuses-sequence",
        description: "Gives every campaign the same sequence number.",
        requirements: &["FU-P-1", "FU-GAP-5"],
        caught_by: "broadcast.sequence",
        conduct: ConductOf::Provider(|| Box::new(ReusesSequence)),
    },
    Deviation {
        name: "provider.sends-no-package",
        description: "Announces a package and sends the Command alone, as often as it should.",
        requirements: &["FU-P-1"],
        caught_by: "broadcast.repetitions",
        conduct: ConductOf::Provider(|| Box::new(SendsNoPackage)),
    },
    Deviation {
        name: "provider.sends-once",
        description: "Sends one carousel cycle, whatever the plan says.",
        requirements: &["FU-P-1"],
        caught_by: "broadcast.repetitions",
        conduct: ConductOf::Provider(|| Box::new(SendsOnce)),
    },
];

broken_provider!(ReusesSequence {
    fn next_sequence(&self, last: SequenceNumber) -> SequenceNumber {
        last
    }
});
broken_provider!(SendsNoPackage {
    fn sends(&self, is_package: bool) -> bool {
        !is_package
    }
});
broken_provider!(SendsOnce {
    fn repetitions(&self, _: u32) -> u32 {
        1
    }
});
