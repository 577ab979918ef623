//! The judge: checks, each a pure function of the recording, its parameters and what was observed beside the traffic.
//!
//! Rank 4, without input or output: the same code judges a live run and a stored one. A `Then` sentence makes a
//! [`Check`] and asks for it; the run stores which checks were asked with which parameters.

mod broadcast;
mod care;
mod claims;
mod delays;
mod readings;
mod records;
mod reports;
mod share;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::capture::Timeline;
use crate::findings::{Authority, Verdict};
use crate::spec::Timestamp;

pub use reports::{Report, reports_of};

/// Campaigns whose name begins like this are roll calls: the harness's fence, not the scenario's subject.
pub const ROLL_CALL: &str = "roll-call-";
/// Through how many hands a message passes before it is recorded, each of which may be held up (decision record 0007).
pub const HANDS: u32 = 3;

/// A check with its parameters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// `report.none`: these Devices send no report, which their answer to the roll call `fence` proves.
    NoReport {
        /// The Devices that must stay silent.
        devices: Vec<String>,
        /// Those whose answer to the fence is awaited; a Device that cannot answer is vouched for by the others.
        fenced: Vec<String>,
        /// The roll call.
        fence: String,
    },
    /// `report.count`: each of these Devices sends exactly so many reports.
    ReportCount {
        /// The Devices.
        devices: Vec<String>,
        /// How many.
        count: usize,
        /// The roll call after which nothing more can come.
        fence: String,
    },
    /// `report.result`: the report of a Device carries this result code.
    ReportResult {
        /// The Device.
        device: String,
        /// The code of FUMO, SCOMO or the provisioning report.
        code: u16,
        /// The roll call after which nothing more can come.
        fence: String,
    },
    /// `report.form`: the reports of these Devices have the form that the profile gives them.
    ReportForm {
        /// The Devices.
        devices: Vec<String>,
        /// The roll call after which nothing more can come.
        fence: String,
    },
    /// `report.node`: the report of a Device names this failing node and status.
    ReportNode {
        /// The Device.
        device: String,
        /// The node.
        node: String,
        /// Its status.
        status: u16,
        /// The roll call after which nothing more can come.
        fence: String,
    },
    /// `report.window`: reports arrive inside the window after the end of transmission.
    ReportWindow {
        /// The Devices.
        devices: Vec<String>,
        /// Not before this long after the end of transmission.
        earliest: Duration,
        /// Not after this long after it.
        latest: Duration,
        /// What the host may add to the upper bound; the lower has no tolerance.
        tolerance: Duration,
        /// The roll call after which nothing more can come; in its session the Devices' status logs are read.
        fence: String,
    },
    /// `report.spread`: the delays of the reports differ, as draws from a window do.
    ReportSpread {
        /// The Devices.
        devices: Vec<String>,
        /// The window from which each draws its delay.
        window: Duration,
        /// How long the host kept timers waiting; beyond a bound nothing can be said of differences.
        lag: Duration,
        /// The roll call after which nothing more can come.
        fence: String,
    },
    /// `firmware.version`, `component.version`, `setting.value`, `node.value`: what Devices answer when the DM Server reads a node.
    Reading {
        /// The check's id.
        id: String,
        /// The Devices.
        devices: Vec<String>,
        /// The node.
        node: String,
        /// The value it must have.
        value: String,
        /// The roll call in whose session it is read.
        fence: String,
    },
    /// `rollout.share`: about so many percent of Devices run a firmware.
    Share {
        /// The Devices.
        devices: Vec<String>,
        /// How many percent.
        percent: u16,
        /// The firmware version.
        value: String,
        /// The roll call in whose session it is read.
        fence: String,
    },
    /// `dm.refusal`: these Devices refuse to be read by a DM Server that has not proved itself to them.
    NothingRead {
        /// The Devices.
        devices: Vec<String>,
        /// The roll call in whose session the server tries.
        fence: String,
    },
    /// `node.absent`: Devices answer that they have no such node when the DM Server reads it.
    NoNode {
        /// The Devices.
        devices: Vec<String>,
        /// The node.
        node: String,
        /// The roll call in whose session it is read.
        fence: String,
    },
    /// `log.entry`: a Device's status log holds a campaign with a result.
    LogEntry {
        /// The Device.
        device: String,
        /// The campaign.
        campaign: String,
        /// The result code.
        code: u16,
        /// The roll call in whose session it is read.
        fence: String,
    },
    /// `delivery.membership`: whether Devices join the delivery channel, by the kernel's table.
    Membership {
        /// Those that must join.
        joining: Vec<String>,
        /// Those that must not.
        staying_away: Vec<String>,
    },
    /// `care.addressees`: exactly these Devices receive care, each once.
    CareAddressees {
        /// The Devices.
        devices: Vec<String>,
        /// The roll call after which nothing more can come.
        fence: String,
    },
    /// `broadcast.repetitions`: a campaign's notification, file table and every symbol of its objects are on the air so
    /// many times.
    Repetitions {
        /// The campaign.
        campaign: String,
        /// How often.
        count: usize,
    },
    /// `broadcast.none`: a campaign is never on the air, under no other name either, while the roll call after it is.
    NeverBroadcast {
        /// The campaign.
        campaign: String,
        /// The campaigns that the scenario broadcast; any other is one too many.
        broadcasted: Vec<String>,
        /// The roll call.
        fence: String,
    },
    /// `broadcast.sequence`: each campaign has a higher sequence number than the one before.
    RisingSequence,
    /// `consent.asked`: the End User of a Device is asked so many times; a claim.
    Asked {
        /// The Device.
        device: String,
        /// The campaign.
        campaign: String,
        /// How often.
        times: usize,
    },
    /// `consent.decline-offered`: whether declining is offered to the End User; a claim.
    DeclineOffered {
        /// The Device.
        device: String,
        /// The campaign.
        campaign: String,
        /// Whether it is.
        offered: bool,
    },
    /// `record.outcome`: what the Service Provider's record says of a Device; a claim.
    Record {
        /// The Device.
        device: String,
        /// The campaign.
        campaign: String,
        /// `unknown`, `success`, `failure`, `restored` or `needs attention`.
        outcome: String,
    },
}

/// What is known beside the traffic, with the time at which it was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beside {
    /// Which Devices were members of their delivery group, by the kernel's word, at several moments.
    pub memberships: Vec<(Timestamp, BTreeSet<String>)>,
    /// Prompts: Device, campaign, and whether declining was offered.
    pub prompts: Vec<(String, String, bool)>,
    /// The provider's record: Device and campaign to outcome.
    #[serde(with = "records")]
    pub records: BTreeMap<(String, String), String>,
}

/// What a check rests on.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The recording, decoded.
    pub timeline: &'a Timeline,
    /// What is known beside it.
    pub beside: &'a Beside,
}

/// What a check came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The verdict.
    pub verdict: Verdict,
    /// What was observed.
    pub observed: String,
    /// What would have been accepted.
    pub accepted: String,
    /// The packet that decided, counted from one.
    pub packet: Option<usize>,
    /// When that was.
    pub at: Option<Timestamp>,
}

impl Outcome {
    pub(crate) fn new(verdict: Verdict, observed: impl Into<String>, accepted: impl Into<String>) -> Self {
        Self { verdict, observed: observed.into(), accepted: accepted.into(), packet: None, at: None }
    }

    pub(crate) fn pass(observed: impl Into<String>) -> Self {
        Self::new(Verdict::Pass, observed, "")
    }

    pub(crate) fn fail(observed: impl Into<String>, accepted: impl Into<String>) -> Self {
        Self::new(Verdict::Fail, observed, accepted)
    }

    pub(crate) fn inconclusive(observed: impl Into<String>, accepted: impl Into<String>) -> Self {
        Self::new(Verdict::Inconclusive, observed, accepted)
    }

    pub(crate) fn at(mut self, packet: usize, at: Timestamp) -> Self {
        self.packet = Some(packet);
        self.at = Some(at);
        self
    }
}

impl Check {
    /// The check's stable id.
    pub fn id(&self) -> &str {
        match self {
            Self::NoReport { .. } => "report.none",
            Self::ReportCount { .. } => "report.count",
            Self::ReportResult { .. } => "report.result",
            Self::ReportForm { .. } => "report.form",
            Self::ReportNode { .. } => "report.node",
            Self::ReportWindow { .. } => "report.window",
            Self::ReportSpread { .. } => "report.spread",
            Self::Reading { id, .. } => id,
            Self::Share { .. } => "rollout.share",
            Self::NothingRead { .. } => "dm.refusal",
            Self::NoNode { .. } => "node.absent",
            Self::LogEntry { .. } => "log.entry",
            Self::Membership { .. } => "delivery.membership",
            Self::CareAddressees { .. } => "care.addressees",
            Self::Repetitions { .. } => "broadcast.repetitions",
            Self::NeverBroadcast { .. } => "broadcast.none",
            Self::RisingSequence => "broadcast.sequence",
            Self::Asked { .. } => "consent.asked",
            Self::DeclineOffered { .. } => "consent.decline-offered",
            Self::Record { .. } => "record.outcome",
        }
    }

    /// What the check rests on.
    pub fn authority(&self) -> Authority {
        match self {
            Self::Membership { .. } => Authority::Kernel,
            Self::Asked { .. } | Self::DeclineOffered { .. } | Self::Record { .. } => Authority::Claim,
            _ => Authority::Wire,
        }
    }

    /// Every Device that the check names.
    pub fn devices(&self) -> Vec<&str> {
        let (lists, one): ([&[String]; 2], Option<&String>) = match self {
            Self::NoReport { devices, fenced, .. } => ([devices, fenced], None),
            Self::ReportCount { devices, .. }
            | Self::ReportForm { devices, .. }
            | Self::ReportWindow { devices, .. }
            | Self::ReportSpread { devices, .. }
            | Self::Reading { devices, .. }
            | Self::Share { devices, .. }
            | Self::NothingRead { devices, .. }
            | Self::NoNode { devices, .. }
            | Self::CareAddressees { devices, .. } => ([devices, &[]], None),
            Self::Membership { joining, staying_away } => ([joining, staying_away], None),
            Self::ReportResult { device, .. }
            | Self::ReportNode { device, .. }
            | Self::LogEntry { device, .. }
            | Self::Asked { device, .. }
            | Self::DeclineOffered { device, .. }
            | Self::Record { device, .. } => ([&[], &[]], Some(device)),
            Self::Repetitions { .. } | Self::NeverBroadcast { .. } | Self::RisingSequence => ([&[], &[]], None),
        };
        lists.into_iter().flatten().chain(one).map(String::as_str).collect()
    }

    /// Judges the evidence.
    pub fn judge(&self, evidence: Evidence<'_>) -> Outcome {
        let timeline = evidence.timeline;
        match self {
            Self::NoReport { devices, fenced, fence } => reports::none(timeline, devices, fenced, fence),
            Self::ReportCount { devices, count, fence } => reports::count(timeline, devices, *count, fence),
            Self::ReportResult { device, code, fence } => reports::result(timeline, device, *code, fence),
            Self::ReportForm { devices, fence } => reports::form(timeline, devices, fence),
            Self::ReportNode { device, node, status, fence } => reports::node(timeline, device, node, *status, fence),
            Self::ReportWindow { devices, earliest, latest, tolerance, fence } => {
                delays::window(timeline, devices, (*earliest, *latest), *tolerance, fence)
            }
            Self::ReportSpread { devices, window, lag, fence } => {
                delays::spread(timeline, devices, *window, *lag, fence)
            }
            Self::Reading { devices, node, value, fence, .. } => readings::value(timeline, devices, node, value, fence),
            Self::Share { devices, percent, value, fence } => share::share(timeline, devices, *percent, value, fence),
            Self::NothingRead { devices, fence } => readings::nothing(timeline, devices, fence),
            Self::NoNode { devices, node, fence } => readings::absent(timeline, devices, node, fence),
            Self::LogEntry { device, campaign, code, fence } => {
                readings::log_entry(timeline, device, campaign, *code, fence)
            }
            Self::Membership { joining, staying_away } => claims::membership(evidence.beside, joining, staying_away),
            Self::CareAddressees { devices, fence } => care::addressees(timeline, devices, fence),
            Self::Repetitions { campaign, count } => broadcast::repetitions(timeline, campaign, *count),
            Self::NeverBroadcast { campaign, broadcasted, fence } => {
                broadcast::never(timeline, campaign, broadcasted, fence)
            }
            Self::RisingSequence => broadcast::rising_sequence(timeline),
            Self::Asked { device, campaign, times } => claims::asked(evidence.beside, device, campaign, *times),
            Self::DeclineOffered { device, campaign, offered } => {
                claims::decline_offered(evidence.beside, device, campaign, *offered)
            }
            Self::Record { device, campaign, outcome } => claims::record(evidence.beside, device, campaign, outcome),
        }
    }
}
