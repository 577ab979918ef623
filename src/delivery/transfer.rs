//! One object on its way, put together by the crate `flute`.
//!
//! Everything is checked before the crate sees it: the sizes against what was announced, each symbol against the blocks
//! of the object. The crate gets a file table of ours that names this object alone, and packets without close flags,
//! since it throws away what it has of an object when B comes too early. Its timeouts are off, so that its reading of the
//! clock changes nothing. Bound: for scheme 0 twice the object (symbols, then the object) and the bookkeeping of its
//! symbols, each of at least 16 octets; for scheme 6 up to one repair symbol for each source symbol more. One of its
//! limits stays: with more than 4,096 blocks between the first gap and the newest symbol it gives the attempt up.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use flute::core::UDPEndpoint;
use flute::error::FluteError;
use flute::receiver::Config;
use flute::receiver::writer::{ObjectMetadata, ObjectWriter, ObjectWriterBuilder, ObjectWriterBuilderResult};

use super::sender::table_octets;
use super::{FluteVersion, MIN_SYMBOL_LENGTH};
use crate::spec::{Timestamp, Tsi};
use crate::wire::alc::{AlcPacket, FecOti, Partition, PayloadId};
use crate::wire::fdt::{Fdt, FdtFile, FecAttributes};

/// Blocks beyond which a partition is refused: the block number of scheme 0 has 16 bits.
const MAX_BLOCKS: u64 = 1 << 16;
/// Source symbols a block of scheme 6 may have (RFC 6330 section 5.1.2).
const MAX_RAPTOR_Q_BLOCK: u64 = 56_403;
/// Repair symbols of scheme 6 that are always allowed, however small the block.
const SPARE_REPAIR: u64 = 64;

/// How a transfer stands after a packet.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// The packet has no place in the object and was not taken.
    Foreign,
    /// Symbols are missing.
    Pending,
    /// The object is complete, and its Content-MD5 is right if it has one.
    Complete(Vec<u8>),
    /// What came together is not the object; the transfer begins anew.
    Failed,
}

/// An object that is being received.
pub(super) struct Transfer {
    tsi: Tsi,
    toi: u128,
    md5: Option<String>,
    oti: FecOti,
    partition: Partition,
    library: flute::receiver::Receiver,
    outcome: Rc<RefCell<Outcome>>,
}

#[derive(Debug, Default)]
struct Outcome {
    octets: Vec<u8>,
    limit: usize,
    ended: Option<bool>,
}

impl Transfer {
    /// A transfer without symbols; `None` when the object is empty or cut in a way that is not received here.
    pub(super) fn new(tsi: Tsi, toi: u128, md5: Option<String>, oti: FecOti, now: Timestamp) -> Option<Self> {
        let partition = oti.partition()?;
        if partition.blocks > MAX_BLOCKS || (oti.symbol_length() < MIN_SYMBOL_LENGTH && partition.symbols() > 1) {
            return None;
        }
        let acceptable = match oti {
            FecOti::NoCode { .. } => partition.large <= 1 << 16,
            // Instance 0 is Reed-Solomon over GF(2^8), the only one known, with at most 255 symbols a block.
            FecOti::SmallBlock { instance, max_block_length, max_symbols, .. } => {
                instance == 0 && max_block_length <= max_symbols && max_symbols <= 255
            }
            FecOti::RaptorQ { source_blocks, sub_blocks, alignment, symbol_length, .. } => {
                u64::from(source_blocks) == partition.blocks
                    && partition.large <= MAX_RAPTOR_Q_BLOCK
                    && symbol_length.checked_rem(alignment.into()) == Some(0)
                    && (1..=symbol_length / u16::from(alignment)).contains(&sub_blocks)
            }
        };
        if !acceptable {
            return None;
        }
        let (library, outcome) = library(tsi, toi, md5.as_deref(), oti, now)?;
        Some(Self { tsi, toi, md5, oti, partition, library, outcome })
    }

    /// Takes the packet, which is `octets` decoded and belongs to this object.
    pub(super) fn push(&mut self, packet: &AlcPacket, octets: &[u8], now: Timestamp) -> Progress {
        let Some(id) = packet.payload_id else { return Progress::Foreign };
        let agrees = match packet.fec_oti() {
            Ok(None) => true,
            Ok(Some(oti)) => oti == self.oti,
            Err(_) => false,
        };
        if !agrees || !self.has_place(id, packet.payload.len()) {
            return Progress::Foreign;
        }
        let mut octets = octets.to_vec();
        octets[1] &= !3;
        let pushed = self.library.push_data(&octets, now.to_system_time());
        let ended = self.outcome.borrow().ended;
        match (ended, pushed) {
            (Some(true), _) => Progress::Complete(std::mem::take(&mut self.outcome.borrow_mut().octets)),
            (Some(false), _) => {
                self.restart(now);
                Progress::Failed
            }
            (None, Err(_)) => Progress::Foreign,
            (None, Ok(())) => Progress::Pending,
        }
    }

    /// Forgets every symbol.
    fn restart(&mut self, now: Timestamp) {
        if let Some((library, outcome)) = library(self.tsi, self.toi, self.md5.as_deref(), self.oti, now) {
            (self.library, self.outcome) = (library, outcome);
        }
    }

    /// Whether a symbol with this id and of so many octets belongs to the object.
    ///
    /// The crate would fill a short symbol up with zeros, and give the object up over a block that does not exist.
    fn has_place(&self, id: PayloadId, size: usize) -> bool {
        let Some((length, before)) = self.partition.block(id.block().into()) else { return false };
        let symbol = u64::from(id.symbol());
        let known = match (id, self.oti) {
            (PayloadId::NoCode { .. }, FecOti::NoCode { .. }) => symbol < length,
            (PayloadId::SmallBlock { block_length, .. }, FecOti::SmallBlock { max_symbols, .. }) => {
                u64::from(block_length) == length && symbol < max_symbols.into()
            }
            (PayloadId::RaptorQ { .. }, FecOti::RaptorQ { .. }) => symbol < length + length.max(SPARE_REPAIR),
            _ => false,
        };
        let full = u64::from(self.oti.symbol_length());
        let is_last = before + symbol + 1 == self.partition.symbols() && symbol < length;
        // The last symbol of the object may come with or without its padding.
        let least = if is_last { self.oti.transfer_length() - full * (before + symbol) } else { full };
        known && (least..=full).contains(&(size as u64))
    }
}

/// A receiver of the crate that has read a table with this object alone.
fn library(
    tsi: Tsi,
    toi: u128,
    md5: Option<&str>,
    oti: FecOti,
    now: Timestamp,
) -> Option<(flute::receiver::Receiver, Rc<RefCell<Outcome>>)> {
    let length = oti.transfer_length();
    let limit = usize::try_from(length).ok()?;
    let outcome = Rc::new(RefCell::new(Outcome { limit, ..Outcome::default() }));
    let config = Config {
        max_objects_error: 0,
        session_timeout: None,
        object_timeout: None,
        // Blocks are accounted with the padding of their last symbol.
        object_max_cache_size: Some(limit.saturating_add(oti.symbol_length().into())),
        object_receive_once: true,
        enable_fdt_expiration_check: false,
    };
    let endpoint = UDPEndpoint::new(None, String::new(), 0);
    let writers = Rc::new(Writers(outcome.clone()));
    let mut library = flute::receiver::Receiver::new(&endpoint, tsi.get(), writers, Some(config));

    let file = FdtFile {
        toi,
        location: "object".into(),
        content_length: Some(length),
        transfer_length: Some(length),
        content_md5: md5.map(str::to_owned),
        fec: FecAttributes::from(oti),
        ..FdtFile::default()
    };
    let table = Fdt { expires: u32::MAX, complete: true, files: vec![file] }.to_xml(FluteVersion::V2);
    let symbol_length = u16::try_from(table.len()).ok()?;
    let oti = FecOti::NoCode { transfer_length: table.len() as u64, symbol_length, max_block_length: 1 };
    let packet = table_octets(tsi.get(), FluteVersion::V2, 0, oti, table);
    library.push_data(&packet, now.to_system_time()).ok()?;
    Some((library, outcome))
}

struct Writers(Rc<RefCell<Outcome>>);

impl ObjectWriterBuilder for Writers {
    fn new_object_writer(
        &self,
        _: &UDPEndpoint,
        _: &u64,
        _: &u128,
        _: &ObjectMetadata,
        _: SystemTime,
    ) -> ObjectWriterBuilderResult {
        self.0.borrow_mut().octets.clear();
        ObjectWriterBuilderResult::StoreObject(Box::new(Writer(self.0.clone())))
    }

    fn update_cache_control(&self, _: &UDPEndpoint, _: &u64, _: &u128, _: &ObjectMetadata, _: SystemTime) {}

    fn fdt_received(
        &self,
        _: &UDPEndpoint,
        _: &u64,
        _: &str,
        _: SystemTime,
        _: &ObjectMetadata,
        _: Duration,
        _: SystemTime,
        _: Option<SystemTime>,
    ) {
    }
}

struct Writer(Rc<RefCell<Outcome>>);

impl ObjectWriter for Writer {
    fn open(&self, _: SystemTime) -> Result<(), FluteError> {
        Ok(())
    }

    fn write(&self, _: u32, octets: &[u8], _: SystemTime) -> Result<(), FluteError> {
        let mut outcome = self.0.borrow_mut();
        let limit = outcome.limit;
        if octets.len() > limit - outcome.octets.len() {
            return Err(FluteError::new("more octets than announced"));
        }
        // Reserved once and only when the first block is whole, so that a table alone costs nothing.
        let missing = limit - outcome.octets.len();
        outcome.octets.reserve_exact(missing);
        outcome.octets.extend_from_slice(octets);
        Ok(())
    }

    fn complete(&self, _: SystemTime) {
        let mut outcome = self.0.borrow_mut();
        outcome.ended = Some(outcome.octets.len() == outcome.limit);
    }

    fn error(&self, _: SystemTime) {
        self.0.borrow_mut().ended.get_or_insert(false);
    }

    fn interrupted(&self, now: SystemTime) {
        self.error(now);
    }

    fn enable_md5_check(&self) -> bool {
        true
    }
}
