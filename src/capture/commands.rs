//! Commands out of the symbols of a delivery.
//!
//! An announcement names its Command, a table says which object that is, and source symbols alone are put together. At
//! most 64 Commands are under way, each of at most 256 KiB in at most 4,096 symbols, so 16 MiB whatever a capture holds.
//! Each Command is told once.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::recording::LaneId;
use super::sight::Sight;
use crate::spec::ObjectReference;
use crate::wire::alc::{AlcPacket, Partition};
use crate::wire::fdt::Fdt;
use crate::wire::syncml::Message;

/// Octets of a Command at most; the profile asks a Device for 64 KiB.
const LONGEST: u64 = 256 << 10;
const SYMBOLS: u64 = 4096;
const UNDER_WAY: usize = 64;
const REMEMBERED: usize = 4096;

/// Lane, TSI, TOI.
type Object = (LaneId, u64, u128);

/// The Commands of a recording.
#[derive(Debug, Clone, Default)]
pub(super) struct Commands {
    /// What was announced: TSI and location to the digest.
    announced: BTreeMap<(u64, String), [u8; 32]>,
    under_way: BTreeMap<Object, Assembly>,
    /// What was told, by its digest too: a session may be used again.
    told: BTreeSet<(Object, [u8; 32])>,
}

#[derive(Debug, Clone)]
struct Assembly {
    digest: [u8; 32],
    length: u64,
    symbol_length: usize,
    partition: Partition,
    symbols: BTreeMap<(u32, u32), Vec<u8>>,
}

impl Commands {
    /// Takes in that a Command was announced.
    pub(super) fn saw_announcement(&mut self, tsi: u64, command: &ObjectReference) {
        if self.announced.len() >= REMEMBERED {
            self.announced.pop_first();
        }
        self.announced.insert((tsi, command.location.clone()), command.sha256);
    }

    /// Takes in which objects are Commands.
    pub(super) fn saw_table(&mut self, lane: LaneId, tsi: u64, table: &Fdt) {
        for file in &table.files {
            let Some(&digest) = self.announced.get(&(tsi, file.location.clone())) else { continue };
            let object = (lane, tsi, file.toi);
            if self.told.contains(&(object, digest))
                || self.under_way.get(&object).is_some_and(|one| one.digest == digest)
            {
                continue;
            }
            let length = file.object_length().filter(|length| *length <= LONGEST);
            let oti = length.and_then(|length| file.fec.oti(length));
            let partition = oti.as_ref().and_then(|oti| oti.partition());
            let (Some(length), Some(oti), Some(partition)) = (length, oti, partition) else { continue };
            if partition.symbols() > SYMBOLS {
                continue;
            }
            if self.under_way.len() >= UNDER_WAY {
                self.under_way.pop_first();
            }
            let symbol_length = usize::from(oti.symbol_length());
            let one = Assembly { digest, length, symbol_length, partition, symbols: BTreeMap::new() };
            self.under_way.insert(object, one);
        }
    }

    /// Takes a symbol; gives the Command that it completes.
    pub(super) fn saw_symbol(&mut self, lane: LaneId, packet: &AlcPacket) -> Option<Sight> {
        let (tsi, toi, id) = (packet.header.tsi, packet.header.toi?, packet.payload_id?);
        let object = (lane, tsi, toi);
        let one = self.under_way.get_mut(&object)?;
        let is_source =
            one.partition.block(id.block().into()).is_some_and(|(symbols, _)| u64::from(id.symbol()) < symbols);
        if is_source && packet.payload.len() <= one.symbol_length {
            one.symbols.insert((id.block(), id.symbol()), packet.payload.clone());
        }
        if (one.symbols.len() as u64) < one.partition.symbols() {
            return None;
        }
        let one = self.under_way.remove(&object)?;
        if self.told.len() >= REMEMBERED {
            self.told.pop_first();
        }
        self.told.insert((object, one.digest));
        let mut octets: Vec<u8> = one.symbols.into_values().flatten().collect();
        octets.truncate(usize::try_from(one.length).unwrap_or(usize::MAX));
        Some(Sight::Command {
            tsi,
            toi,
            octets: octets.len(),
            is_announced: <[u8; 32]>::from(Sha256::digest(&octets)) == one.digest,
            message: Message::from_xml(&octets).map(Box::new),
        })
    }
}
