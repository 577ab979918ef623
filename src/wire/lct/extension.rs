//! Header extensions (RFC 5651 section 5.2; RFC 6726 section 3.4.1 and 3.4.3 for those of FLUTE).

use super::super::DecodeError;
use super::{EncodeError, error, fits};

/// A header extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extension {
    /// EXT_NOP (0): padding, without meaning.
    Nop(Vec<u8>),
    /// EXT_TIME (2): which times it carries, and the times as they stand.
    Time {
        /// The Use bits.
        uses: u16,
        /// The 32-bit values in the order of the Use bits.
        values: Vec<u32>,
    },
    /// EXT_FTI (64): FEC Object Transmission Information, see [`crate::wire::alc::FecOti`].
    Fti(Vec<u8>),
    /// EXT_FDT (192): marks a packet of an FDT Instance.
    Fdt {
        /// FLUTE version: 1 is RFC 3926, 2 is RFC 6726.
        version: u8,
        /// FDT Instance ID, 20 bits.
        instance: u32,
    },
    /// EXT_CENC (193): content encoding of the FDT Instance; 0 none, 1 zlib, 2 deflate, 3 gzip.
    Cenc {
        /// The encoding.
        encoding: u8,
        /// Reserved bits, zero from a conforming sender.
        reserved: u16,
    },
    /// Any other extension.
    Unknown {
        /// Header Extension Type; below 128 the length is variable, from 128 on it is one word.
        het: u8,
        /// The content: what follows HET and HEL, or the three octets after HET.
        octets: Vec<u8>,
    },
}

impl Extension {
    /// The Header Extension Type.
    pub fn het(&self) -> u8 {
        match self {
            Self::Nop(_) => 0,
            Self::Time { .. } => 2,
            Self::Fti(_) => 64,
            Self::Fdt { .. } => 192,
            Self::Cenc { .. } => 193,
            Self::Unknown { het, .. } => *het,
        }
    }

    pub(super) fn encode(&self, header: &mut Vec<u8>) -> Result<(), EncodeError> {
        let content = match self {
            Self::Nop(octets) | Self::Fti(octets) | Self::Unknown { octets, .. } => octets.clone(),
            Self::Time { uses, values } => {
                let values = values.iter().flat_map(|value| value.to_be_bytes());
                uses.to_be_bytes().into_iter().chain(values).collect()
            }
            Self::Fdt { version, instance } => {
                fits("FLUTE version", u128::from(*version), 4)?;
                fits("FDT Instance ID", u128::from(*instance), 20)?;
                (u32::from(*version) << 20 | instance).to_be_bytes()[1..].to_vec()
            }
            Self::Cenc { encoding, reserved } => {
                (u32::from(*encoding) << 16 | u32::from(*reserved)).to_be_bytes()[1..].to_vec()
            }
        };
        let het = self.het();
        let wrong = EncodeError::ExtensionLength { het, octets: content.len() };
        header.push(het);
        if het >= 128 {
            if content.len() != 3 {
                return Err(wrong);
            }
        } else {
            match u8::try_from((content.len() + 2) / 4) {
                Ok(words) if content.len() % 4 == 2 => header.push(words),
                _ => return Err(wrong),
            }
        }
        header.extend_from_slice(&content);
        Ok(())
    }

    /// The extension at the start of `octets`, which begin at `offset` of the packet and come in whole words.
    pub(super) fn decode(octets: &[u8], offset: usize) -> Result<(Self, usize), DecodeError> {
        let het = octets[0];
        let (start, length) = if het >= 128 { (1, 4) } else { (2, 4 * usize::from(octets[1])) };
        if length == 0 {
            return Err(error(offset + 1, "HEL", "length of zero words".into(), "RFC 5651 section 5.2"));
        }
        let Some(content) = octets.get(start..length) else {
            let reason = format!("extension {het} of {length} octets, but the header has {} left", octets.len());
            return Err(error(offset + 1, "HEL", reason, "RFC 5651 section 5.2"));
        };
        let extension = match (het, content) {
            (0, _) => Self::Nop(content.to_vec()),
            (2, [high, low, values @ ..]) => Self::Time {
                uses: u16::from_be_bytes([*high, *low]),
                values: values.as_chunks().0.iter().map(|value| u32::from_be_bytes(*value)).collect(),
            },
            (64, _) => Self::Fti(content.to_vec()),
            (192, &[high, middle, low]) => {
                Self::Fdt { version: high >> 4, instance: u32::from_be_bytes([0, high & 0x0F, middle, low]) }
            }
            (193, &[encoding, high, low]) => Self::Cenc { encoding, reserved: u16::from_be_bytes([high, low]) },
            _ => Self::Unknown { het, octets: content.to_vec() },
        };
        Ok((extension, length))
    }
}
