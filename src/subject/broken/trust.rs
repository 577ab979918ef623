//! Whom and what a Device trusts: keys, signatures, sequence numbers, digests, Commands.

use crate::delivery::ReceiverLimits;
use crate::device::Duty;
use crate::spec::SequenceNumber;
use crate::wire::syncml::Message;

use super::{ConductOf, Deviation};

pub(super) static DEVIATIONS: &[Deviation] = &[
    Deviation {
        name: "device.acts-for-strangers",
        description: "Acts for a provider that it is not registered with.",
        requirements: &["FU-PRE-1"],
        caught_by: "delivery.membership",
        conduct: ConductOf::Device(|| Box::new(ActsForStrangers)),
    },
    Deviation {
        name: "device.ignores-digest",
        description: "Does not look at the digest of Package #0.",
        requirements: &["FU-NF-1"],
        caught_by: "delivery.membership",
        conduct: ConductOf::Device(|| Box::new(IgnoresDigest)),
    },
    Deviation {
        name: "device.tells-of-wrong-digests",
        description: "Reports a campaign that it refused because the digest was wrong (X-DM-03).",
        requirements: &["FU-NF-1"],
        caught_by: "standing.x-dm-03",
        conduct: ConductOf::Device(|| Box::new(TellsOfWrongDigests)),
    },
    Deviation {
        name: "device.accepts-unsigned",
        description: "Reads an announcement that nobody signed.",
        requirements: &["FU-GAP-3"],
        caught_by: "delivery.membership",
        conduct: ConductOf::Device(|| Box::new(AcceptsUnsigned)),
    },
    Deviation {
        name: "device.ignores-key-id",
        description: "Tries every key that it has, whichever the announcement names.",
        requirements: &["FU-GAP-3"],
        caught_by: "delivery.membership",
        conduct: ConductOf::Device(|| Box::new(IgnoresKeyId)),
    },
    Deviation {
        name: "device.accepts-revoked-key",
        description: "Trusts a key that was revoked.",
        requirements: &["FU-GAP-3", "FU-PRE-1"],
        caught_by: "delivery.membership",
        conduct: ConductOf::Device(|| Box::new(AcceptsRevokedKey)),
    },
    Deviation {
        name: "device.accepts-unbound-signature",
        description: "Trusts a signature that leaves the trigger header out.",
        requirements: &["FU-GAP-3"],
        caught_by: "delivery.membership",
        conduct: ConductOf::Device(|| Box::new(AcceptsUnboundSignature)),
    },
    Deviation {
        name: "device.joins-before-trust",
        description: "Joins the delivery channel before it has verified the signature.",
        requirements: &["FU-GAP-3", "FU-GAP-5"],
        caught_by: "delivery.membership",
        conduct: ConductOf::Device(|| Box::new(JoinsBeforeTrust)),
    },
    Deviation {
        name: "device.remembers-forged-sequence",
        description: "Counts the sequence number of a forgery as accepted, which shuts the provider out.",
        requirements: &["FU-GAP-3", "FU-GAP-5"],
        caught_by: "firmware.version",
        conduct: ConductOf::Device(|| Box::new(RemembersForgedSequence)),
    },
    Deviation {
        name: "device.accepts-equal-sequence",
        description: "Takes a sequence number for new that is not higher than the last.",
        requirements: &["FU-GAP-5"],
        caught_by: "firmware.version",
        conduct: ConductOf::Device(|| Box::new(AcceptsEqualSequence)),
    },
    Deviation {
        name: "device.ignores-command-digest",
        description: "Carries out a Command whose digest is not the announced one.",
        requirements: &["FU-GAP-3"],
        caught_by: "firmware.version",
        conduct: ConductOf::Device(|| Box::new(IgnoresCommandDigest)),
    },
    Deviation {
        name: "device.ignores-package-digest",
        description: "Installs a package whose digest is not the announced one.",
        requirements: &["FU-GAP-3"],
        caught_by: "firmware.version",
        conduct: ConductOf::Device(|| Box::new(IgnoresPackageDigest)),
    },
    Deviation {
        name: "device.obeys-any-command",
        description: "Carries out a Command that is for somebody else, or of another session or server.",
        requirements: &["FU-GAP-3"],
        caught_by: "firmware.version",
        conduct: ConductOf::Device(|| Box::new(ObeysAnyCommand)),
    },
    Deviation {
        name: "device.mends-malformed-commands",
        description: "Closes what a Command leaves open, and carries it out.",
        requirements: &["FU-GAP-3"],
        caught_by: "firmware.version",
        conduct: ConductOf::Device(|| Box::new(MendsMalformedCommands)),
    },
    Deviation {
        name: "device.cuts-what-is-too-long",
        description: "Takes of an object as many octets as were announced, however long it is.",
        requirements: &["FU-GAP-5"],
        caught_by: "firmware.version",
        conduct: ConductOf::Device(|| Box::new(CutsWhatIsTooLong)),
    },
    Deviation {
        name: "device.ignores-content-encoding",
        description: "Takes what is said to be compressed as it is.",
        requirements: &["FU-GAP-5"],
        caught_by: "firmware.version",
        conduct: ConductOf::Device(|| Box::new(IgnoresContentEncoding)),
    },
];

broken_device!(ActsForStrangers {
    fn serves(&self, _: bool) -> bool {
        true
    }
});
broken_device!(IgnoresDigest {
    fn fits_digest(&self, _: bool) -> bool {
        true
    }
});
broken_device!(TellsOfWrongDigests {
    fn neglects(&self, duty: Duty) -> bool {
        duty == Duty::RefuseInSilence
    }
});
broken_device!(AcceptsUnsigned {
    fn reads_unsigned(&self) -> bool {
        true
    }
});
broken_device!(IgnoresKeyId {
    fn tries_key(&self, _: bool) -> bool {
        true
    }
});
broken_device!(AcceptsRevokedKey {
    fn heeds_revocation(&self) -> bool {
        false
    }
});
broken_device!(AcceptsUnboundSignature {
    fn binds_trigger(&self) -> bool {
        false
    }
});
broken_device!(JoinsBeforeTrust {
    fn joins_before_trust(&self) -> bool {
        true
    }
});
broken_device!(RemembersForgedSequence {
    fn remembers_untrusted(&self) -> bool {
        true
    }
});
broken_device!(AcceptsEqualSequence {
    fn is_above(&self, offered: SequenceNumber, accepted: SequenceNumber) -> bool {
        offered >= accepted
    }
});
broken_device!(IgnoresCommandDigest {
    fn accepts_object(&self, is_package: bool, is_as_announced: bool) -> bool {
        !is_package || is_as_announced
    }
});
broken_device!(IgnoresPackageDigest {
    fn accepts_object(&self, is_package: bool, is_as_announced: bool) -> bool {
        is_package || is_as_announced
    }
});
broken_device!(ObeysAnyCommand {
    fn carries_out(&self, _: bool) -> bool {
        true
    }
});
broken_device!(MendsMalformedCommands {
    fn reads_command(&self, octets: &[u8]) -> Option<Message> {
        let closed = [octets, b"</SyncML>"].concat();
        Message::from_xml(octets).or_else(|_| Message::from_xml(&closed)).ok()
    }
});
broken_device!(CutsWhatIsTooLong {
    fn reception(&self) -> ReceiverLimits {
        ReceiverLimits { refuses_longer: false, ..ReceiverLimits::default() }
    }
});
broken_device!(IgnoresContentEncoding {
    fn reception(&self) -> ReceiverLimits {
        ReceiverLimits { minds_encoding: false, ..ReceiverLimits::default() }
    }
});
