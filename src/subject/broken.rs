//! Deliberately broken implementations: the reference with one decision changed.
//!
//! A scenario counts when one of these fails it, at the check that was meant to catch it; `tests/broken.rs` holds that.

use std::time::Duration;

use crate::device::{self, UserAnswer};
use crate::provider;
use crate::spec::{CareProcess, Reporters, SequenceNumber, Timestamp};

use super::{DeviceSubject, ProviderSubject, ReferenceDevice, ReferenceProvider};

/// One way of being broken.
pub struct Deviation {
    /// Its name, such as `device.ignores-signature`.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub description: &'static str,
    /// The check that is meant to catch it.
    pub caught_by: &'static str,
    /// The scenario in which that check is asked.
    pub scenario: &'static str,
    conduct: ConductOf,
}

#[derive(Clone, Copy)]
enum ConductOf {
    Device(fn() -> Box<dyn device::Conduct>),
    Provider(fn() -> Box<dyn provider::Conduct>),
}

impl Deviation {
    /// The broken Device, when the deviation is one of a Device.
    pub fn device(&self) -> Option<Box<dyn DeviceSubject>> {
        match self.conduct {
            ConductOf::Device(conduct) => Some(Box::new(ReferenceDevice::deviating(self.name, conduct))),
            ConductOf::Provider(_) => None,
        }
    }

    /// The broken provider, when the deviation is one of a provider.
    pub fn provider(&self) -> Option<Box<dyn ProviderSubject>> {
        match self.conduct {
            ConductOf::Provider(conduct) => Some(Box::new(ReferenceProvider::deviating(self.name, conduct))),
            ConductOf::Device(_) => None,
        }
    }
}

/// Every deviation.
pub fn deviations() -> &'static [Deviation] {
    &DEVIATIONS
}

/// The deviation called `name`.
pub fn deviation(name: &str) -> Option<&'static Deviation> {
    deviations().iter().find(|deviation| deviation.name == name)
}

macro_rules! device {
    ($type:ident { $($body:tt)* }) => {
        #[derive(Debug)]
        struct $type;
        impl device::Conduct for $type { $($body)* }
    };
}

macro_rules! provider {
    ($type:ident { $($body:tt)* }) => {
        #[derive(Debug)]
        struct $type;
        impl provider::Conduct for $type { $($body)* }
    };
}

device!(IgnoresSignature {
    fn trusts(&self, _: bool) -> bool {
        true
    }
});
device!(AcceptsReplays {
    fn finds_fresh(&self, _: bool) -> bool {
        true
    }
});
device!(IgnoresExpiry {
    fn expiry(&self, announced: Timestamp) -> Timestamp {
        announced + Duration::from_secs(86_400)
    }
});
device!(ActsOnRepetitions {
    fn recognises_repetition(&self, _: bool) -> bool {
        false
    }
});
device!(IgnoresTarget {
    fn takes_part(&self, _: bool) -> bool {
        true
    }
});
device!(JoinsForOthers {
    fn joins_for_others(&self) -> bool {
        true
    }
});
device!(InstallsWhenDeclined {
    fn installs_after(&self, answer: UserAnswer) -> bool {
        matches!(answer, UserAnswer::Approve | UserAnswer::Decline)
    }
});
device!(InstallsWhenPostponed {
    fn installs_after(&self, answer: UserAnswer) -> bool {
        matches!(answer, UserAnswer::Approve | UserAnswer::Postpone(_))
    }
});
device!(ReportsSuccess {
    fn reports(&self, who: Reporters, _: bool) -> bool {
        who != Reporters::Nobody
    }
});
device!(HidesFailure {
    fn reports(&self, who: Reporters, succeeded: bool) -> bool {
        who == Reporters::Everybody && succeeded
    }
});
device!(IgnoresSchedule {
    fn reports_exception(&self, _: bool) -> bool {
        false
    }
});
device!(CountsFromFirstPacket {
    fn back_off_from(&self, first_packet: Timestamp, _: Timestamp) -> Timestamp {
        first_packet
    }
});
device!(ReportsTwice {
    fn copies_of_a_report(&self) -> u8 {
        2
    }
});
provider!(CaresForEverybody {
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
provider!(CaresForNobody {
    fn cares_for(&self, _: bool) -> bool {
        false
    }
});
provider!(NeverEscalates {
    fn process(&self, _: CareProcess) -> CareProcess {
        CareProcess::ReProvision
    }
});
provider!(ReusesSequence {
    fn next_sequence(&self, last: SequenceNumber) -> SequenceNumber {
        last
    }
});
provider!(SendsNoPackage {
    fn sends(&self, is_package: bool) -> bool {
        !is_package
    }
});
provider!(SendsOnce {
    fn repetitions(&self, _: u32) -> u32 {
        1
    }
});

static DEVIATIONS: [Deviation; 19] = [
    Deviation {
        name: "device.ignores-signature",
        description: "Acts on an announcement whoever signed it.",
        caught_by: "firmware.version",
        scenario: "hostile-notifications--a-device-does-not-act-on-a-forged-notification",
        conduct: ConductOf::Device(|| Box::new(IgnoresSignature)),
    },
    Deviation {
        name: "device.accepts-replays",
        description: "Acts on a campaign whose sequence number is not above the highest accepted.",
        caught_by: "setting.value",
        scenario: "hostile-notifications--a-device-does-not-act-on-the-replay-of-an-older-campaign",
        conduct: ConductOf::Device(|| Box::new(AcceptsReplays)),
    },
    Deviation {
        name: "device.ignores-expiry",
        description: "Acts on an announcement that has expired.",
        caught_by: "firmware.version",
        scenario: "hostile-notifications--a-device-does-not-act-on-a-notification-that-has-expired",
        conduct: ConductOf::Device(|| Box::new(IgnoresExpiry)),
    },
    Deviation {
        name: "device.acts-on-repetitions",
        description: "Takes every repetition of a notification for a new campaign.",
        caught_by: "report.count",
        scenario: "repetition--a-device-that-hears-six-notifications-of-a-campaign-reports-once",
        conduct: ConductOf::Device(|| Box::new(ActsOnRepetitions)),
    },
    Deviation {
        name: "device.ignores-target",
        description: "Takes every campaign for its own.",
        caught_by: "delivery.membership",
        scenario: "normal-flow--a-device-that-is-of-another-model-never-joins-the-delivery-channel",
        conduct: ConductOf::Device(|| Box::new(IgnoresTarget)),
    },
    Deviation {
        name: "device.joins-for-others",
        description: "Joins the delivery channel for campaigns of others.",
        caught_by: "delivery.membership",
        scenario: "normal-flow--a-device-that-is-of-another-model-never-joins-the-delivery-channel",
        conduct: ConductOf::Device(|| Box::new(JoinsForOthers)),
    },
    Deviation {
        name: "device.installs-when-declined",
        description: "Installs an optional update that its End User declined.",
        caught_by: "firmware.version",
        scenario: "consent--a-device-whose-end-user-declines-reports-it-and-installs-nothing",
        conduct: ConductOf::Device(|| Box::new(InstallsWhenDeclined)),
    },
    Deviation {
        name: "device.installs-when-postponed",
        description: "Installs at once what its End User postponed.",
        caught_by: "firmware.version",
        scenario: "consent--a-device-whose-end-user-postpones-does-not-install-yet",
        conduct: ConductOf::Device(|| Box::new(InstallsWhenPostponed)),
    },
    Deviation {
        name: "device.reports-success",
        description: "Reports success in a campaign that asks for failures only.",
        caught_by: "report.none",
        scenario: "only-failures-answer--twelve-devices-that-installed-the-update-send-no-report",
        conduct: ConductOf::Device(|| Box::new(ReportsSuccess)),
    },
    Deviation {
        name: "device.hides-failure",
        description: "Stays silent about a failure that was asked for.",
        caught_by: "report.count",
        scenario: "only-failures-answer--a-device-that-has-an-installer-that-fails-reports-410-once",
        conduct: ConductOf::Device(|| Box::new(HidesFailure)),
    },
    Deviation {
        name: "device.ignores-schedule",
        description: "Does not report what the exception schedule asks for.",
        caught_by: "report.count",
        scenario: "failure-reporting--among-twenty-devices-only-the-one-that-failed-reports",
        conduct: ConductOf::Device(|| Box::new(IgnoresSchedule)),
    },
    Deviation {
        name: "device.counts-from-first-packet",
        description: "Counts the back-off from the first packet of the delivery.",
        caught_by: "report.window",
        scenario: "random-delay--twelve-devices-report-inside-the-window-each-at-a-moment-of-its-own",
        conduct: ConductOf::Device(|| Box::new(CountsFromFirstPacket)),
    },
    Deviation {
        name: "device.reports-twice",
        description: "Sends its final report twice.",
        caught_by: "report.count",
        scenario: "repetition--a-device-that-hears-six-notifications-of-a-campaign-reports-once",
        conduct: ConductOf::Device(|| Box::new(ReportsTwice)),
    },
    Deviation {
        name: "provider.cares-for-everybody",
        description: "Cares for every Device that reports, also for a success.",
        caught_by: "care.addressees",
        scenario: "care--a-device-that-reported-success-receives-no-care",
        conduct: ConductOf::Provider(|| Box::new(CaresForEverybody)),
    },
    Deviation {
        name: "provider.cares-for-nobody",
        description: "Leaves Devices that failed alone.",
        caught_by: "care.addressees",
        scenario: "care--when-one-device-fails-the-dm-server-cares-for-that-one",
        conduct: ConductOf::Provider(|| Box::new(CaresForNobody)),
    },
    Deviation {
        name: "provider.never-escalates",
        description: "Provisions again where the schedule says escalate.",
        caught_by: "care.addressees",
        scenario: "care--the-dm-server-escalates-where-the-schedule-says-so",
        conduct: ConductOf::Provider(|| Box::new(NeverEscalates)),
    },
    Deviation {
        name: "provider.reuses-sequence",
        description: "Gives every campaign the same sequence number.",
        caught_by: "broadcast.sequence",
        scenario: "repetition--the-service-provider-gives-each-campaign-a-higher-sequence-number",
        conduct: ConductOf::Provider(|| Box::new(ReusesSequence)),
    },
    Deviation {
        name: "provider.sends-no-package",
        description: "Announces a package and sends the Command alone, as often as it should.",
        caught_by: "broadcast.repetitions",
        scenario: "repetition--the-service-provider-repeats-the-notification-and-every-symbol",
        conduct: ConductOf::Provider(|| Box::new(SendsNoPackage)),
    },
    Deviation {
        name: "provider.sends-once",
        description: "Sends one carousel cycle, whatever the plan says.",
        caught_by: "broadcast.repetitions",
        scenario: "repetition--the-service-provider-repeats-the-notification-and-every-symbol",
        conduct: ConductOf::Provider(|| Box::new(SendsOnce)),
    },
];
