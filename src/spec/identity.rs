//! Names and numbers that identify things, each a type of its own.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a text cannot be a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The text is empty.
    #[error("{what} is empty")]
    Empty {
        /// The kind of name.
        what: &'static str,
    },
    /// The text is longer than the kind of name allows.
    #[error("{what} of {len} octets, at most {max} fit")]
    TooLong {
        /// The kind of name.
        what: &'static str,
        /// Octets in the text.
        len: usize,
        /// Octets allowed.
        max: usize,
    },
    /// The text holds a control character.
    #[error("{what} holds a control character")]
    Control {
        /// The kind of name.
        what: &'static str,
    },
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $what:literal, $max:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(String);

        impl $type {
            /// Octets that a name of this kind may have at most.
            pub const MAX: usize = $max;

            /// The name `text`.
            ///
            /// # Errors
            /// [`NameError`] when the text is empty, too long, or holds a control character.
            pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
                let text = text.into();
                match text.len() {
                    0 => Err(NameError::Empty { what: $what }),
                    len if len > Self::MAX => Err(NameError::TooLong { what: $what, len, max: Self::MAX }),
                    _ if text.chars().any(char::is_control) => Err(NameError::Control { what: $what }),
                    _ => Ok(Self(text)),
                }
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $type {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.0
            }
        }

        impl FromStr for $type {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// Identifies a campaign within one Service Provider; travels in the announcement.
    CampaignId, "campaign id", 64
);
name!(
    /// Names a channel; group, port, interface and source behind it are the Device's access configuration.
    ChannelLabel, "channel label", 64
);
name!(
    /// Identifies a software component (SCOMO `ID`).
    ComponentId, "component id", 64
);
name!(
    /// A Device's `DevId`, a URN.
    DeviceId, "device id", 128
);
name!(
    /// Names a provider's signing key (COSE `kid`).
    KeyId, "key id", 64
);
name!(
    /// A DM Server's identifier (DMAcc `ServerID`); Package #0 gives its length in one octet.
    ServerId, "server id", 255
);
name!(
    /// The URI of a node in the management tree, such as `./FUMO/Update`.
    NodeUri, "node URI", 255
);

/// The SessionID of Package #0: one SessionID is one campaign action.
///
/// Never zero. In SyncHdr it appears as upper-case hexadecimal text without leading zeros, which is how it prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SessionId(std::num::NonZeroU16);

impl SessionId {
    /// The SessionID `number`, or `None` for zero, which Package #0 reserves.
    pub fn new(number: u16) -> Option<Self> {
        std::num::NonZeroU16::new(number).map(Self)
    }

    /// The number as it stands in Package #0.
    pub fn get(self) -> u16 {
        self.0.get()
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}", self.0)
    }
}

/// A campaign's sequence number, strictly rising per provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SequenceNumber(pub u64);

impl fmt::Display for SequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// A FLUTE Transport Session Identifier, at most 48 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Tsi(u64);

impl Tsi {
    /// The largest TSI that LCT can carry.
    pub const MAX: u64 = (1 << 48) - 1;

    /// The TSI `number`, or `None` when it needs more than 48 bits.
    pub fn new(number: u64) -> Option<Self> {
        (number <= Self::MAX).then_some(Self(number))
    }

    /// The number.
    pub fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Tsi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A share in hundredths of a percent, 0 to 10,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BasisPoints(u16);

impl BasisPoints {
    /// The whole, 100 percent.
    pub const ALL: Self = Self(10_000);

    /// The share `points`, or `None` above 10,000.
    pub fn new(points: u16) -> Option<Self> {
        (points <= Self::ALL.0).then_some(Self(points))
    }

    /// The number of basis points.
    pub fn get(self) -> u16 {
        self.0
    }
}

/// Why a text cannot be a version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no version: one to four numbers joined by dots, such as 2.1")]
pub struct VersionError {
    /// The text as given.
    pub text: String,
}

/// A firmware or software version: one to four numbers, compared number by number (2.10 is newer than 2.9).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version(Vec<u32>);

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let error = || VersionError { text: text.chars().take(64).collect() };
        let mut numbers = Vec::new();
        for part in text.split('.') {
            // `u32::from_str` would take a sign; a version has none.
            let digits = !part.is_empty() && part.bytes().all(|octet| octet.is_ascii_digit());
            if !digits || numbers.len() == 4 || (part.len() > 1 && part.starts_with('0')) {
                return Err(error());
            }
            numbers.push(part.parse().map_err(|_| error())?);
        }
        Ok(Self(numbers))
    }
}

impl TryFrom<String> for Version {
    type Error = VersionError;
    fn try_from(text: String) -> Result<Self, VersionError> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> String {
        version.to_string()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, number) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            write!(f, "{number}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_number_by_number() {
        let older: Version = "2.9".parse().unwrap();
        let newer: Version = "2.10".parse().unwrap();

        assert!(older < newer);
    }

    #[test]
    fn a_version_with_a_sign_a_gap_or_a_leading_zero_is_refused() {
        for text in ["", "+2", "2.", ".1", "2..1", "02", "1.2.3.4.5", "4294967296", "2.x"] {
            assert!(text.parse::<Version>().is_err(), "{text:?} was taken for a version");
        }
    }

    #[test]
    fn names_are_bounded_and_printable() {
        assert!(CampaignId::new("spring-patch").is_ok());
        assert_eq!(CampaignId::new(""), Err(NameError::Empty { what: "campaign id" }));
        assert!(CampaignId::new("x".repeat(65)).is_err());
        assert!(CampaignId::new("a\nb").is_err());
    }
}
