//! Collects a file table from its packets.
//!
//! A table of this profile comes in one packet; those of other senders may take several. All three schemes are
//! systematic, so their source symbols are enough, and the carousel brings a lost one again.

use crate::wire::alc::{FecOti, Partition, PayloadId};

/// The table of one FDT Instance on its way; holds no more octets than EXT_FTI says, and that is bounded by the receiver.
#[derive(Debug)]
pub(super) struct TableCollector {
    instance: u32,
    oti: FecOti,
    partition: Partition,
    octets: Vec<u8>,
    missing: Vec<bool>,
}

impl TableCollector {
    /// A collector without symbols; `None` when the table is longer than `limit`, empty, or cut in a way not known here.
    pub(super) fn new(instance: u32, oti: FecOti, limit: usize) -> Option<Self> {
        let length = usize::try_from(oti.transfer_length()).ok().filter(|length| *length <= limit)?;
        if matches!(oti, FecOti::RaptorQ { sub_blocks, .. } if sub_blocks != 1) {
            return None;
        }
        let partition = oti.partition()?;
        let symbols = usize::try_from(partition.symbols()).ok()?;
        Some(Self { instance, oti, partition, octets: vec![0; length], missing: vec![true; symbols] })
    }

    /// Whether this is a collector for that table.
    pub(super) fn is_for(&self, instance: u32, oti: FecOti) -> bool {
        self.instance == instance && self.oti == oti
    }

    /// Takes a symbol; returns false when it has no place in the table.
    pub(super) fn add(&mut self, id: PayloadId, payload: &[u8]) -> bool {
        let Some((length, before)) = self.partition.block(id.block().into()) else { return false };
        let symbol = u64::from(id.symbol());
        if symbol >= length {
            // A repair symbol, or beyond the block; the source symbols come again.
            return !matches!(self.oti, FecOti::NoCode { .. });
        }
        let size = usize::from(self.oti.symbol_length());
        let Ok(index) = usize::try_from(before + symbol) else { return false };
        let slot = &mut self.octets[index * size..];
        let slot = if slot.len() > size { &mut slot[..size] } else { slot };
        let Some(payload) = payload.get(..slot.len()).filter(|_| payload.len() <= size) else { return false };
        slot.copy_from_slice(payload);
        self.missing[index] = false;
        true
    }

    /// The document, once every symbol is there.
    pub(super) fn document(&self) -> Option<&[u8]> {
        (!self.missing.contains(&true)).then_some(&self.octets)
    }
}
