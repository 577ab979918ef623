//! What a Device lets pass in the form of a notification.

use crate::spec::ChannelLabel;
use crate::wire::form::{Form, Rule};

use super::{ConductOf, Deviation};

pub(super) static DEVIATIONS: &[Deviation] = &[
    Deviation {
        name: "device.joins-at-any-push",
        description: "Joins the delivery channel as soon as anything arrives on the notification channel.",
        requirements: &["FU-NF-1"],
        caught_by: "delivery.membership",
        conduct: ConductOf::Device(|| Box::new(JoinsAtAnyPush)),
    },
    Deviation {
        name: "device.accepts-long-datagrams",
        description: "Reads a notification of more than 1,400 octets.",
        requirements: &["FU-NF-1"],
        caught_by: "delivery.membership",
        conduct: ConductOf::Device(|| Box::new(AcceptsLongDatagrams)),
    },
    Deviation {
        name: "device.ignores-content-type",
        description: "Takes every push on its port for a DM notification, whatever its content type.",
        requirements: &["FU-NF-1"],
        caught_by: "delivery.membership",
        conduct: ConductOf::Device(|| Box::new(IgnoresContentType)),
    },
    Deviation {
        name: "device.ignores-application-id",
        description: "Takes every notification for one of OMA DM, whatever its application id.",
        requirements: &["FU-NF-1"],
        caught_by: "delivery.membership",
        conduct: ConductOf::Device(|| Box::new(IgnoresApplicationId)),
    },
    Deviation {
        name: "device.skips-the-headers",
        description: "Skips the headers of a push by their length, and looks at none of them.",
        requirements: &["FU-NF-1"],
        caught_by: "delivery.membership",
        conduct: ConductOf::Device(|| Box::new(SkipsTheHeaders)),
    },
    Deviation {
        name: "device.accepts-any-version",
        description: "Reads every version of Package #0 as 1.1.",
        requirements: &["FU-NF-1"],
        caught_by: "delivery.membership",
        conduct: ConductOf::Device(|| Box::new(AcceptsAnyVersion)),
    },
    Deviation {
        name: "device.ignores-reserved-bits",
        description: "Does not look at the reserved bits.",
        requirements: &["FU-NF-1"],
        caught_by: "delivery.membership",
        conduct: ConductOf::Device(|| Box::new(IgnoresReservedBits)),
    },
    Deviation {
        name: "device.accepts-session-zero",
        description: "Takes SessionID 0 for any other.",
        requirements: &["FU-NF-1"],
        caught_by: "delivery.membership",
        conduct: ConductOf::Device(|| Box::new(AcceptsSessionZero)),
    },
    Deviation {
        name: "device.accepts-trailing-octets",
        description: "Reads the announcement and does not look at what follows it.",
        requirements: &["FU-NF-1"],
        caught_by: "delivery.membership",
        conduct: ConductOf::Device(|| Box::new(AcceptsTrailingOctets)),
    },
    Deviation {
        name: "device.ignores-critical-fields",
        description: "Ignores every field that it does not know, critical or not.",
        requirements: &["FU-NF-1"],
        caught_by: "delivery.membership",
        conduct: ConductOf::Device(|| Box::new(IgnoresCriticalFields)),
    },
    Deviation {
        name: "device.refuses-new-fields",
        description: "Refuses a field that it does not know, though it may be ignored.",
        requirements: &["FU-NF-1"],
        caught_by: "firmware.version",
        conduct: ConductOf::Device(|| Box::new(RefusesNewFields)),
    },
];

broken_device!(JoinsAtAnyPush {
    fn joins_at_any_push(&self) -> Option<ChannelLabel> {
        // As its access configuration names it.
        ChannelLabel::new("delivery").ok()
    }
});
broken_device!(AcceptsLongDatagrams {
    fn form(&self) -> Form {
        Form::without(&[Rule::Length])
    }
});
broken_device!(IgnoresContentType {
    fn form(&self) -> Form {
        Form::without(&[Rule::ContentType])
    }
});
broken_device!(IgnoresApplicationId {
    fn form(&self) -> Form {
        Form::without(&[Rule::ApplicationId])
    }
});
broken_device!(SkipsTheHeaders {
    fn form(&self) -> Form {
        Form::without(&[Rule::ContentType, Rule::ApplicationId])
    }
});
broken_device!(AcceptsAnyVersion {
    fn form(&self) -> Form {
        Form::without(&[Rule::Version])
    }
});
broken_device!(IgnoresReservedBits {
    fn form(&self) -> Form {
        Form::without(&[Rule::Reserved])
    }
});
broken_device!(AcceptsSessionZero {
    fn form(&self) -> Form {
        Form::without(&[Rule::SessionId])
    }
});
broken_device!(AcceptsTrailingOctets {
    fn form(&self) -> Form {
        Form::without(&[Rule::End])
    }
});
broken_device!(IgnoresCriticalFields {
    fn form(&self) -> Form {
        Form::without(&[Rule::CriticalKeys])
    }
});
broken_device!(RefusesNewFields {
    fn form(&self) -> Form {
        Form::without(&[Rule::IgnorableKeys])
    }
});
