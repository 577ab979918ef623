//! The seam in the words of the adapter protocol, and back.

use std::path::PathBuf;
use std::time::Duration;

use crate::adapter::{DeviceStimulus, OpenDevice, OpenProvider, PowerFailsWhen, Unfit};
use crate::device::{LocalCondition, UserAnswer};
use crate::net::Clock;

use super::{DeviceBrief, Power, PowerFailure, ProviderBrief, Stimulus};

impl DeviceBrief {
    /// The brief as `open` says it. `instance` is the name in the adapter's process.
    pub fn to_open(&self, instance: String) -> OpenDevice {
        let ahead = self.clock.ahead_ms();
        OpenDevice::new(instance, &self.configuration, &self.channels, self.folder.clone(), self.seed, ahead)
    }

    /// The brief that `open` says, for an instance of its name. `host` shows the host's time.
    ///
    /// # Errors
    /// [`Unfit`] when a key is none.
    pub fn of_open(open: &OpenDevice, host: Clock) -> Result<Self, Unfit> {
        Ok(Self {
            name: open.instance.clone(),
            configuration: open.configuration()?,
            channels: open.channel_table(),
            folder: PathBuf::clone(&open.folder),
            seed: open.seed,
            clock: shifted(host, open.clock_offset_ms),
        })
    }
}

impl ProviderBrief {
    /// The brief as `open` says it. `instance` is the name in the adapter's process.
    pub fn to_open(&self, instance: String) -> OpenProvider {
        let ahead = self.clock.ahead_ms();
        let Self { configuration, channels, listen, folder, sequence, seed, .. } = self;
        OpenProvider::new(instance, configuration, channels, *listen, folder.clone(), *sequence, *seed, ahead)
    }

    /// The brief that `open` says, for an instance of its name. `host` shows the host's time.
    ///
    /// # Errors
    /// [`Unfit`] when the key is none.
    pub fn of_open(open: &OpenProvider, host: Clock) -> Result<Self, Unfit> {
        Ok(Self {
            name: open.instance.clone(),
            configuration: open.configuration()?,
            channels: open.channel_table(),
            listen: open.listen,
            folder: PathBuf::clone(&open.folder),
            sequence: open.sequence,
            seed: open.seed,
            clock: shifted(host, open.clock_offset_ms),
        })
    }
}

fn shifted(host: Clock, ahead_ms: i64) -> Clock {
    let by = Duration::from_millis(ahead_ms.unsigned_abs());
    if ahead_ms < 0 { host.delayed(by) } else { host.advanced(by) }
}

impl From<Power> for bool {
    fn from(power: Power) -> Self {
        power == Power::On
    }
}

fn power(on: bool) -> Power {
    if on { Power::On } else { Power::Off }
}

impl From<&Stimulus> for DeviceStimulus {
    fn from(stimulus: &Stimulus) -> Self {
        match stimulus.clone() {
            Stimulus::Condition(LocalCondition::StorageFull(on)) => Self::StorageFull { on },
            Stimulus::Condition(LocalCondition::InstallerFails(on)) => Self::InstallerFails { on },
            Stimulus::Condition(LocalCondition::NoRoomToInstall(on)) => Self::NoRoomToInstall { on },
            Stimulus::Condition(LocalCondition::SettingsFail(on)) => Self::SettingsFail { on },
            Stimulus::Condition(LocalCondition::FullLog) => Self::StatusLogFull,
            Stimulus::Condition(LocalCondition::GivesWay(after)) => Self::SettingsGiveWay { after },
            Stimulus::Answer(campaign, UserAnswer::Approve) => Self::Approve { campaign },
            Stimulus::Answer(campaign, UserAnswer::Decline) => Self::Decline { campaign },
            Stimulus::Answer(campaign, UserAnswer::Postpone(span)) => {
                Self::Postpone { campaign, for_ms: u64::try_from(span.as_millis()).unwrap_or(u64::MAX) }
            }
            Stimulus::Power(power) => Self::Power { on: power.into() },
            Stimulus::PowerFails(failure) => Self::PowerFails { when: failure.into() },
            Stimulus::WithdrawRegistration(server) => Self::WithdrawRegistration { server },
            Stimulus::Receiver(power) => Self::Receiver { on: power.into() },
        }
    }
}

impl From<&DeviceStimulus> for Stimulus {
    fn from(stimulus: &DeviceStimulus) -> Self {
        match stimulus.clone() {
            DeviceStimulus::StorageFull { on } => Self::Condition(LocalCondition::StorageFull(on)),
            DeviceStimulus::InstallerFails { on } => Self::Condition(LocalCondition::InstallerFails(on)),
            DeviceStimulus::NoRoomToInstall { on } => Self::Condition(LocalCondition::NoRoomToInstall(on)),
            DeviceStimulus::SettingsFail { on } => Self::Condition(LocalCondition::SettingsFail(on)),
            DeviceStimulus::StatusLogFull => Self::Condition(LocalCondition::FullLog),
            DeviceStimulus::SettingsGiveWay { after } => Self::Condition(LocalCondition::GivesWay(after)),
            DeviceStimulus::Approve { campaign } => Self::Answer(campaign, UserAnswer::Approve),
            DeviceStimulus::Decline { campaign } => Self::Answer(campaign, UserAnswer::Decline),
            DeviceStimulus::Postpone { campaign, for_ms } => {
                Self::Answer(campaign, UserAnswer::Postpone(Duration::from_millis(for_ms)))
            }
            DeviceStimulus::Power { on } => Self::Power(power(on)),
            DeviceStimulus::PowerFails { when } => Self::PowerFails(when.into()),
            DeviceStimulus::WithdrawRegistration { server } => Self::WithdrawRegistration(server),
            DeviceStimulus::Receiver { on } => Self::Receiver(power(on)),
        }
    }
}

impl From<PowerFailure> for PowerFailsWhen {
    fn from(failure: PowerFailure) -> Self {
        match failure {
            PowerFailure::WhileWriting => Self::WhileWriting,
            PowerFailure::OnceWritten => Self::OnceWritten,
            PowerFailure::OnceReceived => Self::OnceReceived,
        }
    }
}

impl From<PowerFailsWhen> for PowerFailure {
    fn from(when: PowerFailsWhen) -> Self {
        match when {
            PowerFailsWhen::WhileWriting => Self::WhileWriting,
            PowerFailsWhen::OnceWritten => Self::OnceWritten,
            PowerFailsWhen::OnceReceived => Self::OnceReceived,
        }
    }
}
