//! What an implementation may lack: the closed list behind the tags `@needs.`.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Role;

/// Something that the profile leaves to an implementation; what is mandatory for a role is no capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Capability {
    /// Updates of software components by SCOMO.
    SoftwareComponents,
    /// SCOMO operations beside DownloadInstall.
    ComponentOperations,
    /// FUMO Download and Update as two operations.
    FirmwareInTwoSteps,
    /// A firmware package inside a Command.
    FirmwareInsideACommand,
    /// A node that restores the settings.
    SettingsRestore,
    /// A status log that a DM Server can read.
    StatusLog,
    /// An End User who can be asked.
    UserApproval,
    /// FEC Encoding ID 129, Reed-Solomon over GF(2^8).
    ParityReedSolomon,
    /// FEC Encoding ID 6, RaptorQ.
    ParityRaptorq,
    /// FDT Instances with Content-Encoding.
    CompressedFdt,
    /// IPv6 multicast.
    Ipv6,
    /// Source-specific joins.
    SourceSpecific,
    /// DM messages in WBXML.
    Wbxml,
    /// Integrity of DM messages by HMAC.
    Hmac,
    /// The interaction channel over TLS.
    Tls,
}

/// What an implementation declares.
pub type Capabilities = BTreeSet<Capability>;

/// A name that no capability has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no capability is called `{name}`{}", nearest.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
pub struct CapabilityError {
    /// The name.
    pub name: String,
    /// The capability whose name resembles it.
    pub nearest: Option<Capability>,
}

impl Capability {
    /// Every capability.
    pub const ALL: [Self; 15] = [
        Self::SoftwareComponents,
        Self::ComponentOperations,
        Self::FirmwareInTwoSteps,
        Self::FirmwareInsideACommand,
        Self::SettingsRestore,
        Self::StatusLog,
        Self::UserApproval,
        Self::ParityReedSolomon,
        Self::ParityRaptorq,
        Self::CompressedFdt,
        Self::Ipv6,
        Self::SourceSpecific,
        Self::Wbxml,
        Self::Hmac,
        Self::Tls,
    ];

    /// Its name in tags and profiles.
    pub fn name(self) -> &'static str {
        match self {
            Self::SoftwareComponents => "software-components",
            Self::ComponentOperations => "component-operations",
            Self::FirmwareInTwoSteps => "firmware-in-two-steps",
            Self::FirmwareInsideACommand => "firmware-inside-a-command",
            Self::SettingsRestore => "settings-restore",
            Self::StatusLog => "status-log",
            Self::UserApproval => "user-approval",
            Self::ParityReedSolomon => "parity-reed-solomon",
            Self::ParityRaptorq => "parity-raptorq",
            Self::CompressedFdt => "compressed-fdt",
            Self::Ipv6 => "ipv6",
            Self::SourceSpecific => "source-specific",
            Self::Wbxml => "wbxml",
            Self::Hmac => "hmac",
            Self::Tls => "tls",
        }
    }

    /// What a scenario that needs it asks of its subjects; follows "the scenario requires".
    pub fn requires(self) -> &'static str {
        match self {
            Self::SoftwareComponents => "that software components are updated by SCOMO",
            Self::ComponentOperations => "SCOMO operations beside DownloadInstall",
            Self::FirmwareInTwoSteps => "that firmware is downloaded and updated in two steps",
            Self::FirmwareInsideACommand => "that a Command may bring its firmware inside",
            Self::SettingsRestore => "that a Command can restore the settings",
            Self::StatusLog => "that a DM Server can read a status log",
            Self::UserApproval => "that an End User can be asked",
            Self::ParityReedSolomon => "Reed-Solomon parity, FEC Encoding ID 129",
            Self::ParityRaptorq => "RaptorQ parity, FEC Encoding ID 6",
            Self::CompressedFdt => "that a file table may be compressed",
            Self::Ipv6 => "IPv6 multicast",
            Self::SourceSpecific => "source-specific joins",
            Self::Wbxml => "DM messages in WBXML",
            Self::Hmac => "DM messages with HMAC",
            Self::Tls => "TLS on the interaction channel",
        }
    }

    /// Whose capability it is: of one side, or of both together.
    pub fn roles(self) -> &'static [Role] {
        match self {
            Self::SoftwareComponents
            | Self::ComponentOperations
            | Self::FirmwareInTwoSteps
            | Self::FirmwareInsideACommand
            | Self::SettingsRestore
            | Self::StatusLog
            | Self::UserApproval => &[Role::Device],
            Self::ParityReedSolomon
            | Self::ParityRaptorq
            | Self::CompressedFdt
            | Self::Ipv6
            | Self::SourceSpecific
            | Self::Wbxml
            | Self::Hmac
            | Self::Tls => &[Role::Device, Role::Provider],
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Capability {
    type Err = CapabilityError;

    fn from_str(text: &str) -> Result<Self, CapabilityError> {
        let likeness = |one: &Self| strsim::jaro_winkler(text, one.name());
        Self::ALL.into_iter().find(|one| one.name() == text).ok_or_else(|| CapabilityError {
            name: text.to_owned(),
            nearest: Self::ALL
                .into_iter()
                .filter(|one| likeness(one) > 0.8)
                .max_by(|one, other| likeness(one).total_cmp(&likeness(other))),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_capability_is_found_by_its_name_and_written_by_it() {
        for one in Capability::ALL {
            assert_eq!(one.name().parse(), Ok(one));
            assert_eq!(serde_json::to_string(&one).unwrap(), format!("\"{one}\""));
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest() {
        let error = "status-logs".parse::<Capability>().unwrap_err();

        assert_eq!(error.to_string(), "no capability is called `status-logs`; did you mean `status-log`?");
        assert!("zigbee".parse::<Capability>().unwrap_err().nearest.is_none());
    }
}
