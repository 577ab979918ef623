//! Stimuli: local conditions and events that the wire cannot cause.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::{CampaignId, ServerId};

/// Causes what the wire cannot; answered when it is so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stimulate {
    /// The instance.
    #[schemars(length(min = 1, max = 64))]
    pub instance: String,
    /// What happens.
    pub stimulus: DeviceStimulus,
}

/// What happens to a Device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum DeviceStimulus {
    /// No package fits the storage any more (result 501), or any does again. What must be remembered still fits.
    StorageFull {
        /// Whether it is full.
        on: bool,
    },
    /// The storage takes packages, but there is no room where they are installed (result 502); or there is again.
    NoRoomToInstall {
        /// Whether it is so.
        on: bool,
    },
    /// The installer fails (result 410), or works again.
    InstallerFails {
        /// Whether it fails.
        on: bool,
    },
    /// The status log is full of 32 results of campaigns that were before.
    StatusLogFull,
    /// No setting can be written (status 500), or any can again.
    SettingsFail {
        /// Whether they fail.
        on: bool,
    },
    /// The settings that are read-only give way after so many more refusals.
    SettingsGiveWay {
        /// The refusals.
        after: u32,
    },
    /// The End User approves the update that is offered.
    Approve {
        /// The campaign.
        #[schemars(with = "String", length(min = 1, max = 64))]
        campaign: CampaignId,
    },
    /// The End User declines it.
    Decline {
        /// The campaign.
        #[schemars(with = "String", length(min = 1, max = 64))]
        campaign: CampaignId,
    },
    /// The End User wants to be asked again later.
    Postpone {
        /// The campaign.
        #[schemars(with = "String", length(min = 1, max = 64))]
        campaign: CampaignId,
        /// After how many milliseconds.
        for_ms: u64,
    },
    /// The power goes or comes. When it goes, the instance ends as it is, without any clean-up; what it has stored stays, and
    /// is what it begins with when the power comes again. It then listens without being told.
    Power {
        /// Whether there is power.
        on: bool,
    },
    /// The power will go at this moment, once, and come back at once.
    PowerFails {
        /// When.
        when: PowerFailsWhen,
    },
    /// The registration with a provider is withdrawn.
    WithdrawRegistration {
        /// The provider's server identifier.
        #[schemars(with = "String", length(min = 1, max = 255))]
        server: ServerId,
    },
    /// The receiver goes or comes: without it the Device leaves all groups, and with it joins those that it wants.
    Receiver {
        /// Whether there is a receiver.
        on: bool,
    },
}

/// The moment at which the power goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PowerFailsWhen {
    /// Half of the new image is written.
    WhileWriting,
    /// The new image is written, and nothing else yet.
    OnceWritten,
    /// The Command has come, and nothing of it is noted yet.
    OnceReceived,
}

impl DeviceStimulus {
    /// The names of all of them.
    pub const NAMES: &'static [&'static str] = &[
        "storage-full",
        "no-room-to-install",
        "installer-fails",
        "status-log-full",
        "settings-fail",
        "settings-give-way",
        "approve",
        "decline",
        "postpone",
        "power",
        "power-fails",
        "withdraw-registration",
        "receiver",
    ];
}
