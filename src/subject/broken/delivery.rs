//! What a Device takes from the delivery channel, and when it stops.

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::Duration;

use crate::device::Duty;
use crate::spec::{Timestamp, Tsi};
use crate::wire::alc::AlcPacket;
use crate::wire::mo::ReportedResult;
use crate::wire::mo::fumo::FumoResult;

use super::{ConductOf, Deviation};

pub(super) static DEVIATIONS: &[Deviation] = &[
    Deviation {
        name: "device.takes-any-session",
        description: "Takes packets of every session on its channel for its own.",
        requirements: &["FU-NF-3"],
        caught_by: "firmware.version",
        conduct: ConductOf::Device(|| Box::new(TakesAnySession)),
    },
    Deviation {
        name: "device.takes-any-source",
        description: "Joins its channels without the source that their entries name.",
        requirements: &["FU-NF-3"],
        caught_by: "firmware.version",
        conduct: ConductOf::Device(|| Box::new(TakesAnySource)),
    },
    Deviation {
        name: "device.forgets-between-cycles",
        description: "Begins to collect anew with every file table.",
        requirements: &["FU-NF-3"],
        caught_by: "firmware.version",
        conduct: ConductOf::Device(|| Box::new(ForgetsBetweenCycles)),
    },
    Deviation {
        name: "device.fails-with-a-repeated-packet",
        description: "Gives reception up when a packet comes twice.",
        requirements: &["FU-NF-3"],
        caught_by: "firmware.version",
        conduct: ConductOf::Device(|| Box::new(FailsWithARepeatedPacket)),
    },
    Deviation {
        name: "device.installs-whatever-came",
        description: "Installs a package whose digest is not the announced one.",
        requirements: &["FU-NF-3"],
        caught_by: "firmware.version",
        conduct: ConductOf::Device(|| Box::new(InstallsWhateverCame)),
    },
    Deviation {
        name: "device.takes-the-end-for-success",
        description: "Notes success when the session is over, whether everything has come or not.",
        requirements: &["FU-NF-3"],
        caught_by: "report.count",
        conduct: ConductOf::Device(|| Box::new(TakesTheEndForSuccess)),
    },
    Deviation {
        name: "device.never-gives-up-receiving",
        description: "Goes on receiving as long as packets come, beyond the expiry of the file table.",
        requirements: &["FU-NF-3"],
        caught_by: "report.count",
        conduct: ConductOf::Device(|| Box::new(NeverGivesUp)),
    },
    Deviation {
        name: "device.reports-before-the-end",
        description: "Counts the delay of its report from the result, where that is known before the transmission has ended.",
        requirements: &["FU-AF-2"],
        caught_by: "report.window",
        conduct: ConductOf::Device(|| Box::new(ReportsBeforeTheEnd)),
    },
];

broken_device!(TakesAnySession {
    fn hears<'a>(&self, own: Tsi, packet: &'a [u8]) -> Cow<'a, [u8]> {
        let Ok(mut decoded) = AlcPacket::decode(packet) else { return Cow::Borrowed(packet) };
        decoded.header.tsi = own.get();
        decoded.encode().map_or(Cow::Borrowed(packet), Cow::Owned)
    }
});
broken_device!(TakesAnySource {
    fn joined_source(&self, _: Option<IpAddr>) -> Option<IpAddr> {
        None
    }
});
broken_device!(ForgetsBetweenCycles {
    fn begins_anew_with(&self, packet: &[u8]) -> bool {
        AlcPacket::decode(packet).is_ok_and(|packet| packet.header.toi == Some(0))
    }
});
broken_device!(FailsWithARepeatedPacket {
    fn fails_with_a_repeated_packet(&self) -> bool {
        true
    }
});
broken_device!(InstallsWhateverCame {
    fn accepts_object(&self, _: bool, _: bool) -> bool {
        true
    }
});
broken_device!(TakesTheEndForSuccess {
    fn result_of_failure(&self, result: ReportedResult) -> ReportedResult {
        match result {
            ReportedResult::Firmware { result: FumoResult::DOWNLOAD_FAILED, operation } => {
                ReportedResult::Firmware { result: FumoResult::SUCCESSFUL, operation }
            }
            other => other,
        }
    }
});
broken_device!(NeverGivesUp {
    fn latest_end(&self, expiry: Timestamp) -> Timestamp {
        expiry + Duration::from_secs(3600)
    }
});
broken_device!(ReportsBeforeTheEnd {
    fn neglects(&self, duty: Duty) -> bool {
        duty == Duty::AwaitTheEnd
    }
});
