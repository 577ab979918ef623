//! FDT Instances out of ALC packets, also when one spans several.
//!
//! The profile keeps a table in one packet; foreign captures need not. Source symbols alone are put together, so a table
//! that only its repair symbols could complete stays in parts. For each lane and session one instance is under way, of at
//! most 64 KiB in at most 4,096 symbols; of at most 64 sessions.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::recording::LaneId;
use crate::wire::DecodeError;
use crate::wire::alc::AlcPacket;
use crate::wire::fdt::{Fdt, MAX_OCTETS};

/// Sessions with an instance under way at most.
const SESSIONS: usize = 64;

/// Symbols of an instance at most.
const SYMBOLS: u64 = 4096;

/// The instances under way, by lane and TSI.
#[derive(Debug, Clone, Default)]
pub(super) struct FdtAssembly {
    under_way: BTreeMap<(LaneId, u64), Parts>,
    /// The table read last, and its octets: a session repeats its table with every cycle, and each lane shows it.
    last: Option<(Vec<u8>, Arc<Fdt>)>,
}

/// What a packet did to its FDT Instance.
#[derive(Debug)]
pub(super) enum Assembled {
    /// It completed the table.
    Table(Arc<Fdt>),
    /// It is one of several parts, and others are missing.
    Part,
    /// It completed something that is no table.
    Malformed(DecodeError),
    /// The table is sent in a way that is not read here.
    Unreadable(String),
}

#[derive(Debug, Clone)]
struct Parts {
    instance: u32,
    /// By source block and symbol.
    symbols: BTreeMap<(u32, u32), Vec<u8>>,
}

impl FdtAssembly {
    /// Takes a packet of TOI 0 that carries EXT_FDT and a symbol.
    pub(super) fn take(&mut self, lane: LaneId, instance: u32, packet: &AlcPacket) -> Assembled {
        let encoding = packet.header.content_encoding();
        if encoding != 0 {
            return Assembled::Unreadable(format!("content encoding {encoding}, only 0 is read"));
        }
        let oti = match packet.fec_oti() {
            Ok(oti) => oti,
            Err(error) => return Assembled::Malformed(error),
        };
        let length = oti.as_ref().map_or(packet.payload.len() as u64, |oti| oti.transfer_length());
        let Some(oti) = oti.filter(|_| length > packet.payload.len() as u64) else {
            // A last symbol may be padded to the symbol length.
            let length = usize::try_from(length).unwrap_or(packet.payload.len());
            return self.table(&packet.payload[..length.min(packet.payload.len())]);
        };
        if length > MAX_OCTETS as u64 {
            return Assembled::Unreadable(format!("a table of {length} octets, at most {MAX_OCTETS} are read"));
        }
        let (Some(partition), Some(id)) = (oti.partition(), packet.payload_id) else {
            return Assembled::Unreadable("EXT_FTI with a length of zero".into());
        };
        if partition.symbols() > SYMBOLS {
            return Assembled::Unreadable(format!("a table of more than {SYMBOLS} symbols"));
        }
        let key = (lane, packet.header.tsi);
        if self.under_way.len() >= SESSIONS && !self.under_way.contains_key(&key) {
            self.under_way.pop_first();
        }
        let parts = self.under_way.entry(key).or_insert_with(|| Parts::new(instance));
        if parts.instance != instance {
            *parts = Parts::new(instance);
        }
        // Repair symbols and blocks that do not exist would make it grow without bound.
        let source = partition.block(id.block().into()).is_some_and(|(symbols, _)| u64::from(id.symbol()) < symbols);
        if source && packet.payload.len() <= usize::from(oti.symbol_length()) {
            parts.symbols.insert((id.block(), id.symbol()), packet.payload.clone());
        }
        if (parts.symbols.len() as u64) < partition.symbols() {
            return Assembled::Part;
        }
        let mut octets = parts.symbols.values().flatten().copied().collect::<Vec<u8>>();
        octets.truncate(usize::try_from(length).unwrap_or(MAX_OCTETS));
        self.under_way.remove(&key);
        self.table(&octets)
    }

    fn table(&mut self, octets: &[u8]) -> Assembled {
        if let Some((_, fdt)) = self.last.as_ref().filter(|(known, _)| known == octets) {
            return Assembled::Table(Arc::clone(fdt));
        }
        match Fdt::from_xml(octets) {
            Ok(fdt) => {
                let fdt = Arc::new(fdt);
                self.last = Some((octets.to_vec(), Arc::clone(&fdt)));
                Assembled::Table(fdt)
            }
            Err(error) => Assembled::Malformed(error),
        }
    }
}

impl Parts {
    fn new(instance: u32) -> Self {
        Self { instance, symbols: BTreeMap::new() }
    }
}
