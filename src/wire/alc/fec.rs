//! FEC Object Transmission Information: what EXT_FTI says, and how it cuts an object in blocks and symbols.

use super::super::DecodeError;
use super::super::lct::{EncodeError, fits};
use super::{NO_CODE, RAPTOR_Q, SMALL_BLOCK, error};

/// FEC Object Transmission Information: how an object is cut in blocks and symbols.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FecOti {
    /// Scheme 0.
    NoCode {
        /// Octets of the object as sent (48 bits).
        transfer_length: u64,
        /// Octets of a symbol.
        symbol_length: u16,
        /// Most source symbols a block may have.
        max_block_length: u32,
    },
    /// Scheme 129.
    SmallBlock {
        /// Octets of the object as sent (48 bits).
        transfer_length: u64,
        /// FEC Instance ID.
        instance: u16,
        /// Octets of a symbol.
        symbol_length: u16,
        /// Most source symbols a block may have.
        max_block_length: u16,
        /// Most encoding symbols, source and repair, a block may have.
        max_symbols: u16,
    },
    /// Scheme 6.
    RaptorQ {
        /// Octets of the object as sent (40 bits).
        transfer_length: u64,
        /// Octets of a symbol.
        symbol_length: u16,
        /// Source blocks of the object.
        source_blocks: u8,
        /// Sub-blocks of a source block.
        sub_blocks: u16,
        /// Symbol alignment in octets.
        alignment: u8,
    },
}

impl FecOti {
    /// The FEC Encoding ID.
    pub fn encoding_id(&self) -> u8 {
        match self {
            Self::NoCode { .. } => NO_CODE,
            Self::SmallBlock { .. } => SMALL_BLOCK,
            Self::RaptorQ { .. } => RAPTOR_Q,
        }
    }

    /// Octets of the object as sent.
    pub fn transfer_length(&self) -> u64 {
        match *self {
            Self::NoCode { transfer_length, .. }
            | Self::SmallBlock { transfer_length, .. }
            | Self::RaptorQ { transfer_length, .. } => transfer_length,
        }
    }

    /// Octets of a symbol.
    pub fn symbol_length(&self) -> u16 {
        match *self {
            Self::NoCode { symbol_length, .. }
            | Self::SmallBlock { symbol_length, .. }
            | Self::RaptorQ { symbol_length, .. } => symbol_length,
        }
    }

    /// How the object is cut in blocks; `None` when a length or a number of blocks is zero.
    pub fn partition(&self) -> Option<Partition> {
        let symbol_length = self.symbol_length();
        if symbol_length == 0 {
            return None;
        }
        let symbols = self.transfer_length().div_ceil(symbol_length.into());
        let blocks = match *self {
            Self::RaptorQ { source_blocks, .. } => source_blocks.into(),
            Self::NoCode { max_block_length: 0, .. } | Self::SmallBlock { max_block_length: 0, .. } => 0,
            Self::NoCode { max_block_length, .. } => symbols.div_ceil(max_block_length.into()),
            Self::SmallBlock { max_block_length, .. } => symbols.div_ceil(max_block_length.into()),
        };
        partition(symbols, blocks)
    }

    /// The content of EXT_FTI: 14 octets after HET and HEL.
    ///
    /// # Errors
    /// [`EncodeError`] when the transfer length does not fit.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let bits = if matches!(self, Self::RaptorQ { .. }) { 40 } else { 48 };
        fits("Transfer Length", self.transfer_length().into(), bits)?;
        let mut octets = self.transfer_length().to_be_bytes()[8 - bits / 8..].to_vec();
        match *self {
            Self::NoCode { symbol_length, max_block_length, .. } => {
                octets.extend([0, 0]);
                octets.extend(symbol_length.to_be_bytes());
                octets.extend(max_block_length.to_be_bytes());
            }
            Self::SmallBlock { instance, symbol_length, max_block_length, max_symbols, .. } => {
                for value in [instance, symbol_length, max_block_length, max_symbols] {
                    octets.extend(value.to_be_bytes());
                }
            }
            Self::RaptorQ { symbol_length, source_blocks, sub_blocks, alignment, .. } => {
                octets.push(0);
                octets.extend(symbol_length.to_be_bytes());
                octets.push(source_blocks);
                octets.extend(sub_blocks.to_be_bytes());
                octets.extend([alignment, 0, 0]);
            }
        }
        Ok(octets)
    }

    /// The information in the content of EXT_FTI for the scheme `encoding_id`; reserved and padding bits are ignored.
    ///
    /// # Errors
    /// [`DecodeError`], its offset counted from the start of the content, when the scheme is not known or the content is
    /// not 14 octets long.
    pub fn decode(encoding_id: u8, octets: &[u8]) -> Result<Self, DecodeError> {
        let Ok(octets) = <&[u8; 14]>::try_from(octets) else {
            let reason = format!("content of {} octets, not 14", octets.len());
            return Err(error(0, "EXT_FTI", reason, "RFC 5445 and RFC 6330 section 3.3"));
        };
        let wide =
            |at: usize, size: usize| octets[at..at + size].iter().fold(0, |sum, octet| sum << 8 | u64::from(*octet));
        let half = |at: usize| u16::from_be_bytes([octets[at], octets[at + 1]]);
        match encoding_id {
            NO_CODE => Ok(Self::NoCode {
                transfer_length: wide(0, 6),
                symbol_length: half(8),
                max_block_length: u32::from(half(10)) << 16 | u32::from(half(12)),
            }),
            SMALL_BLOCK => Ok(Self::SmallBlock {
                transfer_length: wide(0, 6),
                instance: half(6),
                symbol_length: half(8),
                max_block_length: half(10),
                max_symbols: half(12),
            }),
            RAPTOR_Q => Ok(Self::RaptorQ {
                transfer_length: wide(0, 5),
                symbol_length: half(6),
                source_blocks: octets[8],
                sub_blocks: half(9),
                alignment: octets[11],
            }),
            _ => {
                let reason = format!("FEC Encoding ID {encoding_id}, known are 0, 6 and 129");
                Err(error(0, "EXT_FTI", reason, "RFC 6726 section 5"))
            }
        }
    }
}

/// How source symbols fall into blocks: the first `large_blocks` blocks have `large` symbols, the others `small`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    /// Source symbols of a large block.
    pub large: u64,
    /// Source symbols of a small block.
    pub small: u64,
    /// Large blocks.
    pub large_blocks: u64,
    /// All blocks.
    pub blocks: u64,
}

/// The partition of `symbols` source symbols into `blocks` blocks (RFC 5052 section 9.1); `None` without symbols or blocks.
pub fn partition(symbols: u64, blocks: u64) -> Option<Partition> {
    let blocks = blocks.min(symbols);
    let small = symbols.checked_div(blocks)?;
    Some(Partition { large: symbols.div_ceil(blocks), small, large_blocks: symbols - small * blocks, blocks })
}

impl Partition {
    /// All source symbols.
    pub fn symbols(&self) -> u64 {
        self.small * self.blocks + self.large_blocks
    }

    /// Source symbols of `block` and how many come before it; `None` when there is no such block.
    pub fn block(&self, block: u64) -> Option<(u64, u64)> {
        if block >= self.blocks {
            return None;
        }
        let length = if block < self.large_blocks { self.large } else { self.small };
        Some((length, self.small * block + block.min(self.large_blocks)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn oti() -> impl Strategy<Value = FecOti> {
        prop_oneof![
            (0..1u64 << 48, any::<(u16, u32)>()).prop_map(|(transfer_length, (symbol_length, max_block_length))| {
                FecOti::NoCode { transfer_length, symbol_length, max_block_length }
            }),
            (0..1u64 << 48, any::<[u16; 4]>()).prop_map(
                |(transfer_length, [instance, symbol_length, max_block_length, max_symbols])| FecOti::SmallBlock {
                    transfer_length,
                    instance,
                    symbol_length,
                    max_block_length,
                    max_symbols,
                }
            ),
            (0..1u64 << 40, any::<(u16, u8, u16, u8)>()).prop_map(
                |(transfer_length, (symbol_length, source_blocks, sub_blocks, alignment))| FecOti::RaptorQ {
                    transfer_length,
                    symbol_length,
                    source_blocks,
                    sub_blocks,
                    alignment,
                }
            ),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn object_transmission_information_comes_back(oti in oti()) {
            prop_assert_eq!(FecOti::decode(oti.encoding_id(), &oti.encode().unwrap()), Ok(oti));
        }

        #[test]
        fn arbitrary_octets_never_panic(octets in vec(any::<u8>(), 14), id in any::<u8>()) {
            let _ = FecOti::decode(id, &octets).map(|oti| oti.partition());
        }

        #[test]
        fn every_symbol_is_in_exactly_one_block(symbols in 1..5000u64, blocks in 1..300u64) {
            let partition = partition(symbols, blocks).unwrap();

            let mut next = 0;
            for block in 0..partition.blocks {
                let (length, before) = partition.block(block).unwrap();
                prop_assert!(length > 0 && before == next);
                next += length;
            }
            prop_assert_eq!((next, partition.symbols()), (symbols, symbols));
            prop_assert_eq!(partition.block(partition.blocks), None);
        }
    }
}
