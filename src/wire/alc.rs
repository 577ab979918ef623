//! ALC packets: LCT header, FEC payload id, encoding symbol (RFC 5775).
//!
//! Knows the FEC schemes 0 (no code), 6 (RaptorQ) and 129 (small block systematic); the codepoint of a FLUTE packet is
//! its FEC Encoding ID (RFC 6726 section 5). Only their formats: coding and decoding is the business of the crate
//! `flute` behind [`crate::delivery`]. Decoding allocates no more than a small multiple of the packet.

use super::DecodeError;
use super::lct::{EncodeError, LctHeader, fits};

mod fec;

pub use fec::{FecOti, Partition, partition};

const PROTOCOL: &str = "ALC";

/// FEC Encoding ID of Compact No-Code (RFC 5445).
pub const NO_CODE: u8 = 0;
/// FEC Encoding ID of RaptorQ (RFC 6330).
pub const RAPTOR_Q: u8 = 6;
/// FEC Encoding ID of Small Block Systematic codes (RFC 5445); instance 0 is Reed-Solomon over GF(2^8).
pub const SMALL_BLOCK: u8 = 129;

/// The FEC payload id: which encoding symbol a packet carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PayloadId {
    /// Scheme 0.
    NoCode {
        /// Source Block Number.
        block: u16,
        /// Encoding Symbol ID.
        symbol: u16,
    },
    /// Scheme 129.
    SmallBlock {
        /// Source Block Number.
        block: u32,
        /// Source symbols of this block.
        block_length: u16,
        /// Encoding Symbol ID.
        symbol: u16,
    },
    /// Scheme 6.
    RaptorQ {
        /// Source Block Number.
        block: u8,
        /// Encoding Symbol ID, 24 bits.
        symbol: u32,
    },
}

impl PayloadId {
    /// The Source Block Number.
    pub fn block(self) -> u32 {
        match self {
            Self::NoCode { block, .. } => block.into(),
            Self::SmallBlock { block, .. } => block,
            Self::RaptorQ { block, .. } => block.into(),
        }
    }

    /// The Encoding Symbol ID.
    pub fn symbol(self) -> u32 {
        match self {
            Self::NoCode { symbol, .. } | Self::SmallBlock { symbol, .. } => symbol.into(),
            Self::RaptorQ { symbol, .. } => symbol,
        }
    }

    fn encode(self, octets: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self {
            Self::NoCode { block, symbol } => {
                octets.extend(block.to_be_bytes());
                octets.extend(symbol.to_be_bytes());
            }
            Self::SmallBlock { block, block_length, symbol } => {
                octets.extend(block.to_be_bytes());
                octets.extend(block_length.to_be_bytes());
                octets.extend(symbol.to_be_bytes());
            }
            Self::RaptorQ { block, symbol } => {
                fits("Encoding Symbol ID", symbol.into(), 24)?;
                octets.extend((u32::from(block) << 24 | symbol).to_be_bytes());
            }
        }
        Ok(())
    }

    /// The payload id at the start of `octets`, which begin at `offset` of the packet, and its length.
    fn decode(encoding_id: u8, octets: &[u8], offset: usize) -> Result<(Self, usize), DecodeError> {
        let need = if encoding_id == SMALL_BLOCK { 8 } else { 4 };
        match (encoding_id, octets) {
            (NO_CODE, &[a, b, c, d, ..]) => {
                Ok((Self::NoCode { block: u16::from_be_bytes([a, b]), symbol: u16::from_be_bytes([c, d]) }, need))
            }
            (RAPTOR_Q, &[block, a, b, c, ..]) => {
                Ok((Self::RaptorQ { block, symbol: u32::from_be_bytes([0, a, b, c]) }, need))
            }
            (SMALL_BLOCK, &[a, b, c, d, e, f, g, h, ..]) => {
                let block = u32::from_be_bytes([a, b, c, d]);
                let (block_length, symbol) = (u16::from_be_bytes([e, f]), u16::from_be_bytes([g, h]));
                Ok((Self::SmallBlock { block, block_length, symbol }, need))
            }
            (NO_CODE | RAPTOR_Q | SMALL_BLOCK, _) => {
                let reason = format!("need {need} octets, have {}", octets.len());
                Err(error(offset, "FEC Payload ID", reason, "RFC 5775 section 4.1"))
            }
            _ => {
                let reason = format!("FEC Encoding ID {encoding_id}, known are 0, 6 and 129");
                Err(error(3, "Codepoint", reason, "RFC 6726 section 5"))
            }
        }
    }
}

/// An ALC packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlcPacket {
    /// The LCT header.
    pub header: LctHeader,
    /// Which symbol follows; a data-less packet ends after the header.
    pub payload_id: Option<PayloadId>,
    /// The encoding symbol.
    pub payload: Vec<u8>,
}

impl AlcPacket {
    /// The octets of the packet.
    ///
    /// # Errors
    /// [`EncodeError`] when a value does not fit its field.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut octets = self.header.encode()?;
        if let Some(payload_id) = self.payload_id {
            payload_id.encode(&mut octets)?;
        }
        octets.extend_from_slice(&self.payload);
        Ok(octets)
    }

    /// The packet in a datagram.
    ///
    /// # Errors
    /// [`DecodeError`] when the header is malformed, the scheme is not one of the three, or the payload id is cut off.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let (header, length) = LctHeader::decode(octets)?;
        let rest = &octets[length..];
        if rest.is_empty() {
            return Ok(Self { header, payload_id: None, payload: Vec::new() });
        }
        let (payload_id, taken) = PayloadId::decode(header.codepoint, rest, length)?;
        Ok(Self { header, payload_id: Some(payload_id), payload: rest[taken..].to_vec() })
    }

    /// What EXT_FTI says about the object, when the packet has one.
    ///
    /// # Errors
    /// [`DecodeError`] when the extension is not of the length its scheme gives it.
    pub fn fec_oti(&self) -> Result<Option<FecOti>, DecodeError> {
        self.header.fti().map(|octets| FecOti::decode(self.header.codepoint, octets)).transpose()
    }
}

fn error(offset: usize, field: &'static str, reason: String, clause: &'static str) -> DecodeError {
    DecodeError { protocol: PROTOCOL, offset, field, reason, clause }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use flute::core::{Oti, UDPEndpoint};
    use flute::sender::{Config, ObjectDesc, Profile, Sender, TransferConfig};
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::lct::Extension;
    use super::*;

    /// What the independent implementation sends for an object of 2,500 octets, in symbols of 1,000.
    fn packets_of_the_crate(oti: Oti, profile: Profile) -> Vec<Vec<u8>> {
        let endpoint = UDPEndpoint::new(None, "239.255.0.1".into(), 4001);
        let config = Config { profile, ..Config::default() };
        let mut sender = Sender::new(endpoint, 7, &oti, &config);
        let location = &"http://sp.example/a".parse().unwrap();
        let object =
            ObjectDesc::create_from_buffer(vec![9; 2500], "text/plain", location, true, TransferConfig::default());
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        sender.add_object(0, object.unwrap()).unwrap();
        sender.publish(now).unwrap();
        let mut packets: Vec<_> = std::iter::from_fn(|| sender.read(now)).collect();
        packets.push(sender.read_close_session(now));
        packets
    }

    #[test]
    fn packets_of_an_independent_sender_are_understood_and_encoded_alike() {
        for (profile, version) in [(Profile::RFC3926, 1), (Profile::RFC6726, 2)] {
            let packets = packets_of_the_crate(Oti::new_no_code(1000, 64), profile);

            let decoded: Vec<_> = packets.iter().map(|octets| AlcPacket::decode(octets).unwrap()).collect();

            for (packet, octets) in decoded.iter().zip(&packets) {
                assert_eq!(&packet.encode().unwrap(), octets);
                assert_eq!(packet.header.tsi, 7);
            }
            let (table, rest): (Vec<_>, Vec<_>) = decoded.iter().partition(|packet| packet.header.toi == Some(0));
            assert!(table.iter().all(|packet| packet.header.fdt_instance() == Some((version, 1))));
            assert!(
                table.iter().all(|packet| packet.header.extensions.iter().any(|e| matches!(e, Extension::Time { .. })))
            );
            let [first, second, third, closing] = rest[..] else { panic!("{} packets", rest.len()) };
            assert_eq!(first.payload_id, Some(PayloadId::NoCode { block: 0, symbol: 0 }));
            assert_eq!(second.payload_id, Some(PayloadId::NoCode { block: 0, symbol: 1 }));
            assert_eq!((third.payload.len(), third.header.close_object), (500, true));
            let oti = FecOti::NoCode { transfer_length: 2500, symbol_length: 1000, max_block_length: 64 };
            assert_eq!(first.fec_oti(), Ok(Some(oti)));
            assert!(closing.header.close_session && closing.payload_id.is_none() && closing.header.toi.is_none());
        }
    }

    #[test]
    fn both_schemes_with_repair_are_understood() {
        let small = Oti::new_reed_solomon_rs28_under_specified(1000, 2, 1).unwrap();
        let raptor_q = Oti::new_raptorq(1000, 2, 1, 1, 4).unwrap();

        let repair = |oti| {
            let packets = packets_of_the_crate(oti, Profile::RFC6726);
            let mut packets: Vec<_> = packets.iter().map(|octets| AlcPacket::decode(octets).unwrap()).collect();
            packets.retain(|packet| packet.header.toi == Some(1));
            assert_eq!(packets.len(), 5, "two blocks, each with one repair symbol");
            (packets.remove(0).fec_oti().unwrap().unwrap(), packets)
        };
        let (small, small_packets) = repair(small);
        let (raptor_q, raptor_q_packets) = repair(raptor_q);

        let expected = FecOti::SmallBlock {
            transfer_length: 2500,
            instance: 0,
            symbol_length: 1000,
            max_block_length: 2,
            max_symbols: 3,
        };
        assert_eq!(small, expected);
        let id = PayloadId::SmallBlock { block: 0, block_length: 2, symbol: 2 };
        assert!(small_packets.iter().any(|packet| packet.payload_id == Some(id)));
        let expected = FecOti::RaptorQ {
            transfer_length: 2500,
            symbol_length: 1000,
            source_blocks: 2,
            sub_blocks: 1,
            alignment: 4,
        };
        assert_eq!(raptor_q, expected);
        let id = PayloadId::RaptorQ { block: 0, symbol: 2 };
        assert!(raptor_q_packets.iter().any(|packet| packet.payload_id == Some(id)));
    }

    fn payload_id() -> impl Strategy<Value = (u8, PayloadId)> {
        prop_oneof![
            any::<(u16, u16)>().prop_map(|(block, symbol)| (NO_CODE, PayloadId::NoCode { block, symbol })),
            any::<(u32, u16, u16)>().prop_map(|(block, block_length, symbol)| {
                (SMALL_BLOCK, PayloadId::SmallBlock { block, block_length, symbol })
            }),
            (any::<u8>(), 0..1u32 << 24).prop_map(|(block, symbol)| (RAPTOR_Q, PayloadId::RaptorQ { block, symbol })),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn decoding_undoes_encoding((codepoint, id) in payload_id(), toi in 0..1u128 << 112, payload in vec(any::<u8>(), 0..40)) {
            let packet = AlcPacket { header: LctHeader::new(7, Some(toi), codepoint), payload_id: Some(id), payload };

            prop_assert_eq!(AlcPacket::decode(&packet.encode().unwrap()), Ok(packet));
        }

        #[test]
        fn arbitrary_octets_never_panic(octets in vec(any::<u8>(), 0..80), id in any::<u8>()) {
            let _ = AlcPacket::decode(&octets).map(|packet| packet.fec_oti());
            let _ = AlcPacket::decode(&[&[0x10, 0x10, 3, id, 0, 0, 0, 0, 0, 7, 0, 1], &octets[..]].concat());
        }
    }

    #[test]
    fn a_cut_off_payload_id_and_an_unknown_scheme_are_refused() {
        let header = |codepoint| LctHeader::new(7, Some(1), codepoint).encode().unwrap();

        let cut = AlcPacket::decode(&[header(SMALL_BLOCK), vec![0; 7]].concat()).unwrap_err();
        let unknown = AlcPacket::decode(&[header(5), vec![0; 8]].concat()).unwrap_err();
        let short = FecOti::decode(NO_CODE, &[0; 10]).unwrap_err();

        assert_eq!((cut.offset, cut.field), (12, "FEC Payload ID"));
        assert_eq!((unknown.offset, unknown.field), (3, "Codepoint"));
        assert_eq!(short.field, "EXT_FTI");
    }
}
