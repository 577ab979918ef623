//! What a Service Provider is asked to broadcast, and how it becomes a Command, packages and an announcement.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::store::StoreError;
use crate::delivery::{FluteVersion, OutgoingObject, Parity};
use crate::spec::{
    Announcement, CampaignId, CareProcess, ComponentId, Consent, Delivery, ExceptionSchedule, NodeUri, ObjectReference,
    Reporting, Rollout, SequenceNumber, ServerId, SessionId, Target, Timestamp, Tsi, UpdateKind,
};
use crate::wire::mo::schedule;
use crate::wire::package0::UiMode;
use crate::wire::syncml::model::MEDIA_TYPE;

use super::command::CommandPlan;

/// The media type of a package.
const PACKAGE_TYPE: &str = "application/octet-stream";

/// A campaign as its planner sees it; addresses, keys and numbers are the provider's.
#[derive(Debug, Clone)]
pub struct CampaignPlan {
    /// Its name.
    pub campaign: CampaignId,
    /// Whom it is for.
    pub target: Target,
    /// What it brings.
    pub content: Content,
    /// In what way its Command is not the usual one for that.
    pub command: CommandPlan,
    /// Whether and how the End User is asked.
    pub consent: Option<Consent>,
    /// When Devices may act.
    pub rollout: Rollout,
    /// Who reports.
    pub reporting: Reporting,
    /// How long the announcement is valid, counted from when it was issued.
    pub lifetime: Duration,
    /// How long before the push it was issued; zero unless an old announcement is to be sent.
    pub age: Duration,
    /// How it is sent.
    pub broadcast: BroadcastPlan,
    /// Nodes that the DM Server reads of every Device that reports, in the session which the Device opens.
    pub inspect: Vec<String>,
    /// Further packages that are announced and sent, for Devices of another kind; no command of this plan needs them.
    pub companions: Vec<Arc<[u8]>>,
    /// What the server does when the process that the schedule names fails.
    pub care: CareSteps,
}

/// The server's own plan of care: the schedule names one process for a rule, and this says how it goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CareSteps {
    /// The processes that follow, in their order; after the last of them a Device needs attention.
    pub next: Vec<CareProcess>,
    /// How long the server waits for the statuses of its commands before that step counts as failed.
    pub patience: Duration,
}

impl Default for CareSteps {
    fn default() -> Self {
        Self { next: Vec::new(), patience: Duration::from_secs(60) }
    }
}

/// What a campaign brings.
#[derive(Debug, Clone)]
pub enum Content {
    /// A firmware package. One without octets is not announced: the Command does without.
    Firmware(Arc<[u8]>),
    /// A package for a software component. One without octets is not announced: the Command does without.
    Software(ComponentId, Arc<[u8]>),
    /// Settings.
    Provisioning {
        /// The changes, in order.
        changes: Vec<SettingChange>,
        /// Whether all of them take effect, or none.
        atomic: bool,
        /// What to do about exceptional situations; a campaign without is refused ([SC-NF-1]).
        schedule: Option<ExceptionSchedule>,
    },
}

/// One change of one setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SettingChange {
    /// Sets a node that exists.
    Replace(NodeUri, String),
    /// Adds a node.
    Add(NodeUri, String),
    /// Removes a node.
    Delete(NodeUri),
}

/// How a campaign is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BroadcastPlan {
    /// Carousel cycles; each begins with a repetition of the notification.
    pub repetitions: u32,
    /// The version of FLUTE.
    pub version: FluteVersion,
    /// Octets in an encoding symbol.
    pub symbol_length: u16,
    /// From the notification to the first packet of the delivery, so that Devices can join.
    pub lead: Duration,
    /// Between two cycles.
    pub cycle_gap: Duration,
    /// The parity that goes with every object.
    pub parity: Parity,
    /// When the packages join the session.
    pub packages_join: PackagesJoin,
}

/// When the packages of a campaign join its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PackagesJoin {
    /// With the Command, from the first cycle on.
    #[default]
    AtFirst,
    /// In the second cycle, with a new file table: the Command can be had before they are ready.
    Later,
}

impl Default for BroadcastPlan {
    fn default() -> Self {
        Self {
            repetitions: 2,
            version: FluteVersion::V2,
            symbol_length: 1024,
            lead: Duration::from_millis(40),
            cycle_gap: Duration::from_millis(20),
            parity: Parity::None,
            packages_join: PackagesJoin::AtFirst,
        }
    }
}

/// Why a campaign cannot be broadcast.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// Provisioning data without scheduling information ([SC-NF-1]).
    #[error("provisioning data `{0}` carries no exception schedule")]
    NoSchedule(CampaignId),
    /// The notification would not fit one datagram.
    #[error("the notification of `{campaign}` needs {octets} octets, a datagram takes {most}")]
    TooLong {
        /// The campaign.
        campaign: CampaignId,
        /// Octets of the notification.
        octets: usize,
        /// Octets that fit.
        most: usize,
    },
    /// The exception schedule cannot be written down.
    #[error("write the exception schedule of `{campaign}`")]
    Schedule {
        /// The campaign.
        campaign: CampaignId,
        /// Why.
        #[source]
        source: schedule::ScheduleError,
    },
    /// What is on the air could not be kept, and so was not put there.
    #[error("keep campaign `{campaign}`")]
    Store {
        /// The campaign.
        campaign: CampaignId,
        /// Why.
        #[source]
        source: StoreError,
    },
    /// The delivery cannot be set up.
    #[error("set up the delivery of `{campaign}`: {reason}")]
    Delivery {
        /// The campaign.
        campaign: CampaignId,
        /// What is wrong.
        reason: String,
    },
}

/// A campaign that is ready to be signed and sent.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    pub(super) announcement: Announcement,
    pub(super) objects: Vec<OutgoingObject>,
    pub(super) ui_mode: UiMode,
}

/// What the provider adds to a plan.
pub(super) struct Issue<'a> {
    pub(super) server: &'a ServerId,
    pub(super) session: SessionId,
    pub(super) sequence: SequenceNumber,
    pub(super) tsi: Tsi,
    pub(super) channel: &'a crate::spec::ChannelLabel,
    pub(super) now: Timestamp,
}

impl CampaignPlan {
    /// A campaign for everybody that asks nobody and reports nothing; its announcement is valid for a minute.
    pub fn new(campaign: CampaignId, content: Content) -> Self {
        Self {
            campaign,
            target: Target::default(),
            content,
            command: CommandPlan::default(),
            consent: None,
            rollout: Rollout::default(),
            reporting: Reporting::default(),
            lifetime: Duration::from_secs(60),
            age: Duration::ZERO,
            broadcast: BroadcastPlan::default(),
            inspect: Vec::new(),
            companions: Vec::new(),
            care: CareSteps::default(),
        }
    }

    /// What the campaign does.
    pub fn kind(&self) -> UpdateKind {
        match self.content {
            Content::Firmware(_) => UpdateKind::Firmware,
            Content::Software(..) => UpdateKind::Software,
            Content::Provisioning { .. } => UpdateKind::Provisioning,
        }
    }

    /// The exception schedule of provisioning data.
    pub fn schedule(&self) -> Option<&ExceptionSchedule> {
        match &self.content {
            Content::Provisioning { schedule, .. } => schedule.as_ref(),
            Content::Firmware(_) | Content::Software(..) => None,
        }
    }

    pub(super) fn prepare(&self, issue: &Issue<'_>) -> Result<Prepared, PushError> {
        let location = |name: &str| format!("http://{}/{}/{name}", issue.server, self.campaign);
        let package = match &self.content {
            Content::Firmware(octets) | Content::Software(_, octets) if !octets.is_empty() => Some(octets.clone()),
            Content::Firmware(_) | Content::Software(..) | Content::Provisioning { .. } => None,
        };
        let companions = self.companions.iter().zip(1..);
        let command = self.command(issue, &location("package.bin"))?.to_xml();
        let mut objects = vec![object(location("command.xml"), MEDIA_TYPE, Arc::from(command.into_bytes()))];
        objects.extend(package.map(|octets| object(location("package.bin"), PACKAGE_TYPE, octets)));
        objects.extend(companions.map(|(octets, number)| {
            object(location(&format!("companion-{number}.bin")), PACKAGE_TYPE, octets.clone())
        }));

        let mut references = objects.iter().map(reference);
        let delivery = Delivery {
            channel: issue.channel.clone(),
            tsi: issue.tsi,
            command: references.next().expect("the Command is the first object"),
            packages: references.collect(),
        };
        // The announcement carries whole milliseconds; cutting here keeps what is signed equal to what is read.
        let issued_at = Timestamp::from_millis((issue.now - self.age).as_millis());
        let announcement = Announcement {
            campaign: self.campaign.clone(),
            sequence: issue.sequence,
            issued_at,
            expires_at: issued_at + self.lifetime,
            kind: self.kind(),
            target: self.target.clone(),
            delivery,
            consent: self.consent,
            rollout: self.rollout,
            reporting: self.reporting,
        };
        let ui_mode = if self.consent.is_some() { UiMode::UserInteraction } else { UiMode::Background };
        Ok(Prepared { announcement, objects, ui_mode })
    }
}

fn object(location: String, content_type: &str, octets: Arc<[u8]>) -> OutgoingObject {
    OutgoingObject { location, content_type: content_type.into(), octets }
}

fn reference(object: &OutgoingObject) -> ObjectReference {
    ObjectReference {
        location: object.location.clone(),
        size: object.octets.len() as u64,
        sha256: Sha256::digest(&object.octets).into(),
    }
}
