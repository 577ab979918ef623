//! What a campaign says: the triggering parameters of the announcement (profile section 2).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{BasisPoints, CampaignId, ChannelLabel, ComponentId, SequenceNumber, Timestamp, Tsi, Version};

/// The triggering parameters that a Service Provider signs and pushes ([FU-NF-2], profile section 2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// Which campaign this is.
    pub campaign: CampaignId,
    /// Its place in the provider's order; a Device refuses what is not above the highest it has accepted.
    pub sequence: SequenceNumber,
    /// When the provider issued it (whole milliseconds on the wire).
    pub issued_at: Timestamp,
    /// From when on a Device refuses it (whole milliseconds on the wire).
    pub expires_at: Timestamp,
    /// What the campaign does.
    pub kind: UpdateKind,
    /// Whom it is for.
    pub target: Target,
    /// Where its Command and packages are broadcast.
    pub delivery: Delivery,
    /// Whether and how the End User is asked; `None` installs in the background.
    pub consent: Option<Consent>,
    /// When a Device may act.
    pub rollout: Rollout,
    /// Who reports, and when.
    pub reporting: Reporting,
}

/// What a campaign does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UpdateKind {
    /// Firmware, by FUMO.
    Firmware,
    /// A software component, by SCOMO.
    Software,
    /// Settings with an exception schedule.
    Provisioning,
}

/// Whom a campaign is for. An absent or empty field matches every Device.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Target {
    /// `DevInfo/Man`.
    pub manufacturer: Option<String>,
    /// `DevInfo/Mod`.
    pub model: Option<String>,
    /// `DevDetail/HwV`, any of these.
    pub hardware_versions: Vec<String>,
    /// The installed version (of the firmware, or of [`Target::component`]), any of these.
    pub from_versions: Vec<Version>,
    /// The software component, for [`UpdateKind::Software`].
    pub component: Option<ComponentId>,
    /// Device groups, any of these.
    pub groups: Vec<String>,
    /// Areas, any of these.
    pub areas: Vec<String>,
    /// The share of Devices that take part, chosen by a hash of Device id and campaign id.
    pub share: Option<BasisPoints>,
    /// The version that results; `None` for provisioning.
    pub resulting_version: Option<Version>,
}

/// Where the Command and the packages are broadcast ([FU-NF-3]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The delivery channel's label.
    pub channel: ChannelLabel,
    /// The FLUTE session on it.
    pub tsi: Tsi,
    /// The Command document.
    pub command: ObjectReference,
    /// The packages that the Command names.
    pub packages: Vec<ObjectReference>,
}

/// An object of a FLUTE session, with what it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectReference {
    /// `Content-Location` in the FDT.
    pub location: String,
    /// Its size in octets.
    pub size: u64,
    /// Its SHA-256.
    pub sha256: [u8; 32],
}

/// How the End User is asked ([FU-OP-1], [FU-OP-2]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Consent {
    /// Whether the End User may decline.
    pub severity: Severity,
    /// How long a mandatory update may be postponed, counted from the first offer; when it is over the Device installs
    /// without asking (as LwM2M 5/0/13). Whole milliseconds on the wire.
    pub longest_deferral: Duration,
}

/// Whether the End User may decline; numbered on the wire as LwM2M 5/0/11.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Cannot be declined, only postponed (1).
    Mandatory,
    /// May be declined (2).
    Optional,
}

/// When a Device may act ([FU-GAP-2]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rollout {
    /// Not before this time.
    pub not_before: Option<Timestamp>,
    /// Not after this time.
    pub not_after: Option<Timestamp>,
    /// Each Device starts at a random moment inside this span.
    pub start_window: Duration,
}

/// Who reports and when ([FU-AF-1], [FU-AF-2], [FU-GAP-4]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reporting {
    /// Who reports.
    pub who: Reporters,
    /// Wait at least this long after the end of transmission.
    pub offset: Duration,
    /// Then a uniformly distributed delay inside this window.
    pub window: Duration,
    /// Of those that would report, the share that does.
    pub sample: BasisPoints,
    /// How often a report is tried before it stays in the status log.
    pub attempts: u8,
    /// The wait between attempts.
    pub retry_interval: Duration,
}

impl Default for Reporting {
    /// Nobody reports; three attempts, one second apart, should that change.
    fn default() -> Self {
        Self {
            who: Reporters::Nobody,
            offset: Duration::ZERO,
            window: Duration::ZERO,
            sample: BasisPoints::ALL,
            attempts: 3,
            retry_interval: Duration::from_secs(1),
        }
    }
}

/// Which Devices report their result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reporters {
    /// None.
    Nobody,
    /// Those that failed: negative acknowledgement ([FU-AF-1]).
    FailuresOnly,
    /// All.
    Everybody,
}
