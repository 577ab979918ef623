//! The vocabulary: names, numbers with units, and what a campaign says.
//!
//! Rank 0. Pure data without input or output; every other module speaks in these terms, which are those of OMA, FLUTE
//! and the two use cases. How a term looks in octets is the business of [`crate::wire`].

mod campaign;
mod capability;
mod device;
mod identity;
mod mandatory;
mod register;
mod schedule;
mod text;
mod time;

pub use campaign::{
    Announcement, Consent, Delivery, ObjectReference, Reporters, Reporting, Rollout, Severity, Target, UpdateKind,
};
pub use capability::{Capabilities, Capability, CapabilityError};
pub use device::{Account, ChannelEntry, ChannelTable, DeviceTraits, SettingsTree};
pub use identity::{
    BasisPoints, CampaignId, ChannelLabel, ComponentId, DeviceId, KeyId, NameError, NodeUri, SequenceNumber, ServerId,
    SessionId, Tsi, Version, VersionError,
};
pub use mandatory::Mandatory;
pub use register::{Coverage, Flow, FlowRow, Level, Register, RegisterError, Requirement, RequirementId, Role};
pub use schedule::{CareProcess, ExceptionRule, ExceptionSchedule, ReportTiming, RuleAction, Situation};
pub(crate) use text::into_one_line;
pub use text::{one_line, printable};
pub use time::Timestamp;
