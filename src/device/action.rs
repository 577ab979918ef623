//! What goes in and out of a Device beside octets: actions, answers, conditions and events.

use std::time::Duration;

use crate::spec::{CampaignId, ChannelLabel, Timestamp};
use crate::wire::mo::ReportedResult;
use crate::wire::mo::fumo::FumoState;

use super::admission::Refusal;
use super::storage::StorageError;

/// Why a Device cannot run.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// Its storage failed.
    #[error("use the Device's storage")]
    Storage(#[from] StorageError),
    /// Its state document is not one.
    #[error("read the Device's state document")]
    State(#[source] serde_json::Error),
}

/// Something that the driver is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Join a channel.
    Join(ChannelLabel),
    /// Leave a channel.
    Leave(ChannelLabel),
    /// Send a message on the interaction channel and hand back what came of it.
    Post(Post),
}

/// A message for the interaction channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// Where to.
    pub url: String,
    /// The SyncML document.
    pub body: Vec<u8>,
    /// How long the answer is waited for.
    pub patience: Duration,
}

/// What came of a [`Post`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostOutcome {
    /// The server answered.
    Answered {
        /// The HTTP status.
        status: u16,
        /// `Retry-After`, if the answer had one.
        retry_after: Option<Duration>,
        /// The body.
        body: Vec<u8>,
    },
    /// No answer came.
    Failed,
}

/// Something that happened inside; a claim, for whoever watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A notification was not acted upon.
    Refused(Refusal),
    /// A campaign was taken up.
    Admitted(CampaignId),
    /// The End User is asked.
    Prompted {
        /// The campaign.
        campaign: CampaignId,
        /// Whether declining is offered.
        may_decline: bool,
    },
    /// The firmware update has reached this state of FUMO.
    FirmwareState(FumoState),
    /// The result of a campaign is known.
    Settled {
        /// The campaign.
        campaign: CampaignId,
        /// The result.
        result: ReportedResult,
    },
    /// The end of transmission is known, and the report is to be sent at this time.
    BackingOff {
        /// The campaign.
        campaign: CampaignId,
        /// When transmission ended for this Device.
        end: Timestamp,
        /// When the report is due.
        due: Timestamp,
    },
    /// The server has taken the report.
    Reported(CampaignId),
    /// All attempts are used up; the result stays in the status log.
    GaveUp(CampaignId),
}

/// The End User's answer to a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserAnswer {
    /// Install now.
    Approve,
    /// Do not install.
    Decline,
    /// Ask again after this long.
    Postpone(Duration),
}

/// A local condition that the wire cannot cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocalCondition {
    /// No package fits the storage any more, or any does again.
    StorageFull(bool),
    /// The installer fails, or works again.
    InstallerFails(bool),
    /// The storage takes packages, but there is no room where they are installed; or there is again.
    NoRoomToInstall(bool),
    /// No setting can be written, or any can again.
    SettingsFail(bool),
    /// The status log is full of results of campaigns that were before.
    FullLog,
    /// The settings that it keeps give way after so many refusals.
    GivesWay(u32),
}
