//! What a Service Provider forgets when it restarts.

use crate::provider::Remembered;
use crate::spec::SessionId;

use super::{ConductOf, Deviation};

pub(super) static DEVIATIONS: &[Deviation] = &[
    Deviation {
        name: "provider.forgets-sequence",
        description: "Begins to number its campaigns anew when it restarts.",
        requirements: &["FU-GAP-5"],
        caught_by: "broadcast.sequence",
        conduct: ConductOf::Provider(|| Box::new(ForgetsSequence)),
    },
    Deviation {
        name: "provider.forgets-what-is-on-air",
        description: "Leaves a campaign unfinished that was on the air when it restarted.",
        requirements: &["FU-P-1"],
        caught_by: "firmware.version",
        conduct: ConductOf::Provider(|| Box::new(ForgetsOnAir)),
    },
    Deviation {
        name: "provider.resumes-under-another-session",
        description: "Goes on with a campaign under a new SessionID and a new session after a restart.",
        requirements: &["FU-P-1"],
        caught_by: "broadcast.sequence",
        conduct: ConductOf::Provider(|| Box::new(ResumesAnew)),
    },
    Deviation {
        name: "provider.forgets-results",
        description: "Knows nothing of what Devices told it before a restart.",
        requirements: &["FU-P-2"],
        caught_by: "record.outcome",
        conduct: ConductOf::Provider(|| Box::new(ForgetsResults)),
    },
    Deviation {
        name: "provider.forgets-sessions",
        description: "Forgets in a restart the session in which it cared for a Device, and so how the care ended.",
        requirements: &["SC-POST-1"],
        caught_by: "record.outcome",
        conduct: ConductOf::Provider(|| Box::new(ForgetsSessions)),
    },
    Deviation {
        name: "provider.doubles-care-after-restart",
        description: "Gives the commands of care once more after a restart, though they have been answered.",
        requirements: &["SC-POST-1"],
        caught_by: "care.addressees",
        conduct: ConductOf::Provider(|| Box::new(DoublesCare)),
    },
];

broken_provider!(ForgetsSequence {
    fn remembers(&self, what: Remembered) -> bool {
        what != Remembered::Sequence
    }
});
broken_provider!(ForgetsOnAir {
    fn remembers(&self, what: Remembered) -> bool {
        what != Remembered::OnAir
    }
});
broken_provider!(ResumesAnew {
    fn resumes_as(&self, before: SessionId) -> SessionId {
        SessionId::new(before.get() ^ 0x4000).unwrap_or(before)
    }
});
broken_provider!(ForgetsResults {
    fn remembers(&self, what: Remembered) -> bool {
        what != Remembered::Records
    }
});
broken_provider!(ForgetsSessions {
    fn remembers(&self, what: Remembered) -> bool {
        what != Remembered::Sessions
    }
});
broken_provider!(DoublesCare {
    fn gives_again(&self, restarted: bool) -> bool {
        restarted
    }
});
