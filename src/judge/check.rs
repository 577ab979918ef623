//! Every check with its parameters; what each comes to is said beside it, in the file of its kind.

use std::time::Duration;

use serde::{Deserialize, Serialize};

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
    /// `report.attempts`: each of these Devices makes exactly so many attempts to report.
    ReportAttempts {
        /// The Devices.
        devices: Vec<String>,
        /// How many.
        count: usize,
        /// The roll call after which nothing more can come.
        fence: String,
    },
    /// `report.retry`: each further attempt comes when it is due after the failure of the one before.
    ReportRetry {
        /// The Devices.
        devices: Vec<String>,
        /// The announced pause between attempts.
        retry: Duration,
        /// The window that is doubled after an overload answer.
        window: Duration,
        /// What the host may add to the upper bound; the lower has no tolerance.
        tolerance: Duration,
    },
    /// `report.redraw`: after overload answers delays are drawn anew, from a doubled window.
    ReportRedraw {
        /// The Devices.
        devices: Vec<String>,
        /// The announced pause between attempts.
        retry: Duration,
        /// The window that is doubled after an overload answer.
        window: Duration,
        /// How long the host kept timers waiting; beyond a bound nothing can be said of draws.
        lag: Duration,
    },
    /// `report.rate`: no more than so many reports arrive within any span.
    ReportRate {
        /// The Devices.
        devices: Vec<String>,
        /// How many.
        most: usize,
        /// How long a span is.
        span: Duration,
        /// The window from which each Device draws its delay.
        window: Duration,
        /// How long the host kept timers waiting; a peak may be its doing, as far as that goes.
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
    /// `broadcast.form`: each part of a campaign on the air has the form of the profile.
    BroadcastForm {
        /// The campaign.
        campaign: String,
    },
    /// `broadcast.octets`: a campaign takes no more octets on the air than for one Device.
    Octets {
        /// The campaign.
        campaign: String,
        /// The cycles of its carousel.
        cycles: usize,
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
    /// `broadcast.sequence`: each campaign has a higher sequence number than the one before, and keeps what it has.
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
