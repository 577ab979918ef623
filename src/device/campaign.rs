//! A campaign that a Device takes part in, from the notification to the report.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::spec::{Announcement, ObjectReference, ReportTiming, ServerId, SessionId, Severity, Timestamp, UpdateKind};
use crate::wire::mo::ReportedResult;
use crate::wire::mo::fumo::{self, FumoResult, FumoState};
use crate::wire::mo::provisioning::ProvisioningReport;
use crate::wire::mo::scomo::{Operation, ScomoResult};
use crate::wire::syncml::{Alert, Message};

/// Names a campaign within the Device; SessionIDs and campaign ids of two providers may coincide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct RunId(pub(super) u64);

impl std::fmt::Display for RunId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A campaign in progress; part of the state document.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct CampaignRun {
    pub(super) id: RunId,
    pub(super) server: ServerId,
    pub(super) session: SessionId,
    #[serde(with = "as_cbor")]
    pub(super) announcement: Announcement,
    pub(super) phase: Phase,
    /// Content-Location to the name of the object in the storage.
    pub(super) received: BTreeMap<String, String>,
    /// The objects that came and were not as announced, and have not been repaired since.
    pub(super) spoilt: BTreeSet<String>,
    pub(super) first_packet: Option<Timestamp>,
    pub(super) end_of_transmission: Option<Timestamp>,
    /// From when the Device may ask or install; until then it receives at most.
    pub(super) start: Timestamp,
    /// When the transmission has ended at the latest: Expires of the newest FDT, without any the announcement's expiry.
    pub(super) latest_end: Timestamp,
    /// When the first offer to the End User was made; the deferral counts from it.
    pub(super) first_offer: Option<Timestamp>,
}

/// Where a campaign stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Phase {
    /// Receives the Command and the packages.
    Receiving,
    /// Has everything; waits for its start.
    Waiting,
    /// Has everything; the End User was asked, or will be again at `ask_at`.
    Offered { ask_at: Option<Timestamp> },
    /// The result is known and to be reported; waits for the end of transmission.
    AwaitingEnd(DueReport),
    /// The report is to be sent at `due`.
    BackingOff { due: Timestamp, report: DueReport },
    /// The report is being sent.
    Reporting { report: DueReport },
    /// Nothing is left to do.
    Done,
}

/// A result that is to be reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DueReport {
    /// The document that holds the Generic Alert, as XML.
    pub(super) alert: String,
    pub(super) settled_at: Timestamp,
    pub(super) offset: Duration,
    pub(super) window: Duration,
    pub(super) attempts_left: u8,
    pub(super) retry_interval: Duration,
    /// Copies still to be sent; one, unless the Device is broken.
    pub(super) copies_left: u8,
}

impl DueReport {
    pub(super) fn new(alert: &Alert, timing: ReportTiming, settled_at: Timestamp, copies: u8) -> Self {
        Self {
            alert: wrap(alert).to_xml(),
            settled_at,
            offset: timing.offset,
            window: timing.window,
            attempts_left: timing.attempts,
            retry_interval: timing.retry_interval,
            copies_left: copies,
        }
    }

    /// The Generic Alert.
    pub(super) fn alert(&self) -> Option<Alert> {
        let message = Message::from_xml(self.alert.as_bytes()).ok()?;
        message.body.into_iter().find_map(|command| match command {
            crate::wire::syncml::Command::Alert(alert) => Some(alert),
            _ => None,
        })
    }
}

/// The SyncML document that keeps an alert over a restart.
fn wrap(alert: &Alert) -> Message {
    Message {
        header: crate::wire::syncml::SyncHdr {
            session_id: "1".into(),
            msg_id: 1,
            target: "urn:castproof:kept".into(),
            source: "urn:castproof:kept".into(),
            source_name: None,
            resp_uri: None,
            cred: None,
        },
        body: vec![crate::wire::syncml::Command::Alert(alert.clone())],
        is_final: true,
    }
}

/// What can go wrong, before it has a code of its MO.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// The transmission ended and something is missing.
    Reception,
    /// Something came whose digest was never right.
    Corrupted,
    /// The package does not fit the storage.
    NoRoomToDownload,
    /// The image does not fit where it is installed.
    NoRoomToInstall,
    /// The installer failed.
    Installation,
    /// The End User declined.
    UserCancelled,
    /// The Command names a package that was not announced.
    BadUrl,
    /// The Command is not the provider's, or asks for something that a campaign of this kind must not.
    Command,
    /// The Command asks for an operation that the Device does not have.
    NotImplemented,
    /// The package is made for another Device.
    OtherDevice,
    /// The signature inside the package does not fit.
    Signature,
    /// The package runs in another environment.
    Environment,
    /// The package is not acceptable for another reason.
    NotAcceptable,
    /// A component or its package could not be removed.
    Removal,
    /// A component could not be activated.
    Activation,
    /// A component could not be deactivated.
    Deactivation,
}

impl Failure {
    /// Where the state of FUMO goes with a failure before anything was executed (profile section 5.5).
    pub(super) fn fumo_states(self) -> &'static [FumoState] {
        match self {
            Self::Reception | Self::Corrupted | Self::NoRoomToDownload => {
                &[FumoState::DownloadProgressing, FumoState::DownloadFailed]
            }
            _ => &[],
        }
    }

    /// The failure in the codes of FUMO (profile section 5.6).
    pub(super) fn fumo_result(self) -> FumoResult {
        match self {
            Self::Reception => FumoResult::DOWNLOAD_FAILED,
            Self::Corrupted => FumoResult::CORRUPTED_PACKAGE,
            Self::NoRoomToDownload => FumoResult::OUT_OF_MEMORY_FOR_DOWNLOAD,
            Self::NoRoomToInstall => FumoResult::OUT_OF_MEMORY_FOR_UPDATE,
            Self::Installation => FumoResult::UPDATE_FAILED,
            Self::UserCancelled => FumoResult::USER_CANCELLED,
            Self::BadUrl => FumoResult::BAD_URL,
            Self::Command => FumoResult::CLIENT_ERROR,
            Self::NotImplemented => FumoResult::NOT_IMPLEMENTED,
            Self::OtherDevice => FumoResult::PACKAGE_MISMATCH,
            Self::Signature => FumoResult::SIGNATURE_FAILED,
            Self::Environment | Self::NotAcceptable => FumoResult::NOT_ACCEPTABLE,
            Self::Removal | Self::Activation | Self::Deactivation => FumoResult::UNDEFINED_ERROR,
        }
    }

    /// The failure in the codes of SCOMO (profile section 5.6).
    pub(super) fn scomo_result(self) -> ScomoResult {
        match self {
            Self::Reception | Self::Corrupted => ScomoResult::DOWNLOAD_FAILED,
            Self::Installation | Self::OtherDevice | Self::NotAcceptable => ScomoResult::INSTALL_FAILED,
            Self::NoRoomToDownload => ScomoResult::OUT_OF_MEMORY_FOR_DOWNLOAD,
            Self::NoRoomToInstall => ScomoResult::OUT_OF_MEMORY_FOR_INSTALL,
            Self::UserCancelled => ScomoResult::USER_CANCELLED,
            Self::Command | Self::BadUrl => ScomoResult::CLIENT_ERROR,
            Self::NotImplemented => ScomoResult::NOT_IMPLEMENTED,
            Self::Signature => ScomoResult::SIGNATURE_FAILED,
            Self::Environment => ScomoResult::ENVIRONMENT_NOT_SUPPORTED,
            Self::Removal => ScomoResult::REMOVE_FAILED,
            Self::Activation => ScomoResult::ACTIVATE_FAILED,
            Self::Deactivation => ScomoResult::DEACTIVATE_FAILED,
        }
    }

    /// The failure in the statuses of a provisioning.
    fn status(self) -> u16 {
        use crate::wire::syncml::status;
        match self {
            Self::NoRoomToDownload | Self::NoRoomToInstall => status::DEVICE_FULL,
            Self::Reception | Self::Corrupted => status::REQUEST_TIMEOUT,
            _ => status::COMMAND_FAILED,
        }
    }

    /// The failure of a campaign none of whose operations was executed.
    pub(super) fn of(self, announcement: &Announcement) -> ReportedResult {
        match announcement.kind {
            UpdateKind::Firmware => {
                ReportedResult::Firmware { operation: fumo::Operation::DownloadAndUpdate, result: self.fumo_result() }
            }
            UpdateKind::Software => ReportedResult::Software {
                component: announcement.target.component.clone().unwrap_or_else(super::execution::unnamed_component),
                operation: Operation::DownloadInstall,
                result: self.scomo_result(),
            },
            UpdateKind::Provisioning => {
                ReportedResult::Provisioning(ProvisioningReport { status: self.status(), failing: Vec::new() })
            }
        }
    }
}

impl CampaignRun {
    pub(super) fn new(
        id: RunId,
        server: ServerId,
        session: SessionId,
        announcement: Announcement,
        start: Timestamp,
    ) -> Self {
        Self {
            id,
            server,
            session,
            phase: Phase::Receiving,
            received: BTreeMap::new(),
            spoilt: BTreeSet::new(),
            start,
            first_packet: None,
            end_of_transmission: None,
            latest_end: announcement.expires_at,
            first_offer: None,
            announcement,
        }
    }

    /// The objects of the campaign: the Command first, then the packages.
    pub(super) fn objects(&self) -> impl Iterator<Item = &ObjectReference> {
        let delivery = &self.announcement.delivery;
        std::iter::once(&delivery.command).chain(&delivery.packages)
    }

    /// Whether every announced object has come.
    pub(super) fn is_complete(&self) -> bool {
        self.objects().all(|object| self.received.contains_key(&object.location))
    }

    /// Whether the campaign must stay on the delivery channel.
    pub(super) fn needs_delivery(&self) -> bool {
        match self.phase {
            Phase::Receiving | Phase::Waiting | Phase::Offered { .. } | Phase::AwaitingEnd(_) => {
                self.end_of_transmission.is_none()
            }
            Phase::BackingOff { .. } | Phase::Reporting { .. } | Phase::Done => false,
        }
    }

    /// When a mandatory update is installed without asking; `None` for an optional one, or before the first offer.
    ///
    /// The rollout may end sooner than the deferral, and postponing must not let a mandatory update lapse.
    pub(super) fn deferral_end(&self) -> Option<Timestamp> {
        let consent = self.announcement.consent.filter(|consent| consent.severity == Severity::Mandatory)?;
        let end = self.first_offer? + consent.longest_deferral;
        Some(self.announcement.rollout.not_after.map_or(end, |rollout_end| end.min(rollout_end)))
    }

    /// When the offer to the End User is over, whatever that means for the update.
    pub(super) fn offer_end(&self) -> Timestamp {
        let lapse = || {
            let expires_at = self.announcement.expires_at;
            self.announcement.rollout.not_after.map_or(expires_at, |end| end.min(expires_at))
        };
        self.deferral_end().unwrap_or_else(lapse)
    }

    /// When something is due without a message coming.
    pub(super) fn next_timeout(&self) -> Option<Timestamp> {
        let latest_end = self.needs_delivery().then_some(self.latest_end);
        let own = match &self.phase {
            Phase::Waiting => Some(self.start),
            Phase::Offered { ask_at } => Some(ask_at.map_or(self.offer_end(), |time| time.min(self.offer_end()))),
            Phase::BackingOff { due, .. } => Some(*due),
            Phase::Receiving | Phase::AwaitingEnd(_) | Phase::Reporting { .. } | Phase::Done => None,
        };
        own.into_iter().chain(latest_end).min()
    }
}

/// Whether octets are the announced object.
pub(super) fn is_as_announced(object: &ObjectReference, octets: &[u8]) -> bool {
    object.size == octets.len() as u64 && Sha256::digest(octets).as_slice() == object.sha256.as_slice()
}

/// Keeps an announcement in the state document in the form in which it was signed.
mod as_cbor {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::spec::Announcement;
    use crate::wire::announcement;

    pub(super) fn serialize<S: Serializer>(value: &Announcement, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(announcement::encode(value))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Announcement, D::Error> {
        let octets = Vec::<u8>::deserialize(deserializer)?;
        announcement::decode(&octets).map_err(D::Error::custom)
    }
}
