//! What the Service Provider sends, and under which numbers.

use crate::spec::SequenceNumber;
use crate::wire::package0;
use crate::wire::wsp::Push;

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
    Deviation {
        name: "provider.repeats-in-another-version",
        description: "Says version 1.2 in every repetition of a notification (X-DM-04).",
        requirements: &["FU-P-1"],
        caught_by: "standing.x-dm-04",
        conduct: ConductOf::Provider(|| Box::new(RepeatsInAnotherVersion)),
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
broken_provider!(RepeatsInAnotherVersion {
    fn announces(&self, mut notification: Vec<u8>, cycle: u32) -> Vec<u8> {
        let body = Push::decode(&notification).map_or(0, |push| push.body.len());
        // The version is the first ten bits after the digest, in tenths.
        let at = notification.len() - body + package0::DIGEST;
        if let (2.., Some([first, second])) = (cycle, notification.get_mut(at..at + 2)) {
            [*first, *second] = ((12 << 6) | u16::from(*second & 0x3F)).to_be_bytes();
        }
        notification
    }
});
