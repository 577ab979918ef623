//! What a Device takes up: trust, freshness, repetitions and relevance.

use std::time::Duration;

use crate::spec::Timestamp;
use crate::wire::form::{Form, Rule};

use super::{ConductOf, Deviation};

pub(super) static DEVIATIONS: &[Deviation] = &[
    Deviation {
        name: "device.ignores-signature",
        description: "Acts on an announcement whoever signed it.",
        requirements: &["FU-GAP-3", "FU-GAP-5"],
        caught_by: "firmware.version",
        conduct: ConductOf::Device(|| Box::new(IgnoresSignature)),
    },
    Deviation {
        name: "device.accepts-replays",
        description: "Acts on a campaign whose sequence number is not above the highest accepted.",
        requirements: &["FU-GAP-5"],
        caught_by: "setting.value",
        conduct: ConductOf::Device(|| Box::new(AcceptsReplays)),
    },
    Deviation {
        name: "device.ignores-expiry",
        description: "Acts on an announcement that has expired.",
        requirements: &["FU-GAP-5"],
        caught_by: "firmware.version",
        conduct: ConductOf::Device(|| Box::new(IgnoresExpiry)),
    },
    Deviation {
        name: "device.acts-on-repetitions",
        description: "Takes every repetition of a notification for a new campaign (X-DM-01).",
        requirements: &["FU-NF-1", "FU-GAP-5"],
        caught_by: "standing.x-dm-01",
        conduct: ConductOf::Device(|| Box::new(ActsOnRepetitions)),
    },
    Deviation {
        name: "device.ignores-target",
        description: "Takes every campaign for its own.",
        requirements: &["FU-NF-2"],
        caught_by: "delivery.membership",
        conduct: ConductOf::Device(|| Box::new(IgnoresTarget)),
    },
    Deviation {
        name: "device.joins-for-others",
        description: "Joins the delivery channel for campaigns of others.",
        requirements: &["FU-NF-2", "FU-GAP-1"],
        caught_by: "delivery.membership",
        conduct: ConductOf::Device(|| Box::new(JoinsForOthers)),
    },
];

broken_device!(IgnoresSignature {
    fn form(&self) -> Form {
        Form::without(&[Rule::SignatureLength])
    }
    fn trusts(&self, _: bool) -> bool {
        true
    }
});
broken_device!(AcceptsReplays {
    fn finds_fresh(&self, _: bool) -> bool {
        true
    }
});
broken_device!(IgnoresExpiry {
    fn expiry(&self, announced: Timestamp) -> Timestamp {
        announced + Duration::from_secs(86_400)
    }
});
broken_device!(ActsOnRepetitions {
    fn recognises_repetition(&self, _: bool) -> bool {
        false
    }
});
broken_device!(IgnoresTarget {
    fn takes_part(&self, _: bool) -> bool {
        true
    }
});
broken_device!(JoinsForOthers {
    fn joins_for_others(&self) -> bool {
        true
    }
});
