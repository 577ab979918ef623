//! A FLUTE session as the provider sent it, put together again from its own packets.

use std::collections::BTreeMap;

use crate::spec::{Announcement, Timestamp};
use crate::wire::DecodeError;
use crate::wire::alc::{AlcPacket, FecOti, NO_CODE, Partition, SMALL_BLOCK};
use crate::wire::fdt::{Fdt, FdtFile, MAX_OCTETS};
use crate::wire::lct::Extension;

use super::Spot;

/// One session.
#[derive(Default)]
pub(super) struct Transfer<'a> {
    /// Its number; none for packets whose header cannot be read.
    pub tsi: Option<u64>,
    /// The campaign that it was announced for.
    pub announcement: Option<&'a Announcement>,
    /// Every packet, in order.
    pub packets: Vec<Sent>,
    /// Every table, when it was sent first.
    pub tables: Vec<Table>,
    /// Each time that a table was sent whole: the packet, and which of the tables.
    pub sendings: Vec<(Spot, usize)>,
    /// Where an FDT Instance ID came again with other octets, while the earlier ones were good.
    pub clashes: Vec<(Spot, u32)>,
    /// The symbols of each object: the packet that brought each first.
    pub objects: BTreeMap<u128, BTreeMap<(u32, u32), usize>>,
    /// Whether a packet closed it.
    pub is_closed: bool,
    parts: BTreeMap<u32, BTreeMap<(u32, u32), usize>>,
}

/// A packet of the delivery channel.
pub(super) struct Sent {
    pub spot: Spot,
    pub alc: Result<AlcPacket, DecodeError>,
}

/// An FDT Instance.
pub(super) struct Table {
    pub instance: u32,
    pub octets: Vec<u8>,
    pub fdt: Result<Fdt, DecodeError>,
}

impl<'a> Transfer<'a> {
    pub(super) fn announced(said: &'a Announcement) -> Self {
        Self { tsi: Some(said.delivery.tsi.get()), announcement: Some(said), ..Self::default() }
    }

    /// Puts a packet into the session that it belongs to: the last of its number.
    pub(super) fn take(transfers: &mut Vec<Self>, spot: Spot, octets: &[u8]) {
        let alc = AlcPacket::decode(octets);
        let tsi = alc.as_ref().ok().map(|packet| packet.header.tsi);
        let index = transfers.iter().rposition(|transfer| transfer.tsi == tsi).unwrap_or_else(|| {
            transfers.push(Self { tsi, ..Self::default() });
            transfers.len() - 1
        });
        transfers[index].add(Sent { spot, alc });
    }

    fn add(&mut self, sent: Sent) {
        let index = self.packets.len();
        let spot = sent.spot;
        self.packets.push(sent);
        let Ok(packet) = &self.packets[index].alc else { return };
        self.is_closed |= packet.header.close_session;
        let (Some(toi), Some(id), false) = (packet.header.toi, packet.payload_id, packet.payload.is_empty()) else {
            return;
        };
        let symbol = (id.block(), id.symbol());
        if toi != 0 {
            self.objects.entry(toi).or_default().entry(symbol).or_insert(index);
        } else if let Some((_, instance)) = packet.header.fdt_instance() {
            self.take_table(index, spot, instance, symbol);
        }
    }

    fn take_table(&mut self, index: usize, spot: Spot, instance: u32, symbol: (u32, u32)) {
        let Ok(packet) = &self.packets[index].alc else { return };
        let parts = self.parts.entry(instance).or_default();
        parts.insert(symbol, index);
        let Some(octets) = whole_table(&self.packets, parts, packet) else { return };
        parts.clear();
        let known = self.tables.iter().rposition(|table| table.instance == instance && table.octets == octets);
        let table = known.unwrap_or_else(|| {
            let earlier = self.tables.iter().rfind(|table| table.instance == instance);
            if earlier.is_some_and(|table| table.is_good_at(spot.1)) {
                self.clashes.push((spot, instance));
            }
            let fdt = Fdt::from_xml(&octets);
            self.tables.push(Table { instance, octets, fdt });
            self.tables.len() - 1
        });
        self.sendings.push((spot, table));
    }

    /// The packets that could be read.
    pub(super) fn readable(&self) -> impl Iterator<Item = (Spot, &AlcPacket)> {
        self.packets.iter().filter_map(|sent| Some((sent.spot, sent.alc.as_ref().ok()?)))
    }

    /// The packets that carry a symbol of an object or a table: with its TOI.
    pub(super) fn symbols(&self) -> impl Iterator<Item = (Spot, u128, &AlcPacket)> {
        let carries = |packet: &AlcPacket| !packet.payload.is_empty() && packet.payload_id.is_some();
        self.readable()
            .filter(move |(_, packet)| carries(packet))
            .filter_map(|(spot, packet)| Some((spot, packet.header.toi?, packet)))
    }

    /// The tables that could be read.
    pub(super) fn tables(&self) -> impl Iterator<Item = (u32, &Fdt)> {
        self.tables.iter().filter_map(|table| Some((table.instance, table.fdt.as_ref().ok()?)))
    }

    /// The first File for an object.
    pub(super) fn file(&self, toi: u128) -> Option<&FdtFile> {
        self.tables().flat_map(|(_, fdt)| &fdt.files).find(|file| file.toi == toi)
    }

    /// What EXT_FTI says of an object, in the first of its packets that has it.
    pub(super) fn extension(&self, toi: u128) -> Option<FecOti> {
        let own = self.readable().filter(|(_, packet)| packet.header.toi == Some(toi));
        own.filter_map(|(_, packet)| packet.fec_oti().ok().flatten()).next()
    }

    /// How an object is cut, by its File, else by EXT_FTI.
    pub(super) fn oti(&self, toi: u128) -> Option<FecOti> {
        let by_file = self.file(toi).and_then(|file| file.fec.oti(file.object_length()?));
        by_file.or_else(|| self.extension(toi))
    }

    /// The octets of an object, when every source symbol of it was sent.
    pub(super) fn octets(&self, toi: u128) -> Option<Vec<u8>> {
        let oti = self.oti(toi)?;
        let length = usize::try_from(oti.transfer_length()).ok()?;
        let symbols = self.objects.get(&toi)?;
        let mut octets = joined(&self.packets, symbols, oti.encoding_id(), oti.partition()?)?;
        octets.truncate(length);
        (octets.len() == length).then_some(octets)
    }
}

impl Table {
    fn is_good_at(&self, at: Timestamp) -> bool {
        self.fdt.as_ref().is_ok_and(|fdt| at < fdt.expires_at())
    }
}

/// The encoding that a packet of a table names, where it names one.
pub(super) fn content_encoding(packet: &AlcPacket) -> Option<u8> {
    packet.header.extensions.iter().find_map(|extension| match extension {
        Extension::Cenc { encoding, .. } => Some(*encoding),
        _ => None,
    })
}

/// The octets of a table of which `packet` is the latest part, once all are there.
fn whole_table(packets: &[Sent], parts: &BTreeMap<(u32, u32), usize>, packet: &AlcPacket) -> Option<Vec<u8>> {
    // What is encoded is not read here.
    if content_encoding(packet).is_some_and(|encoding| encoding != 0) {
        return None;
    }
    let oti = packet.fec_oti().ok()?;
    let single = oti.is_none_or(|oti| oti.transfer_length() <= packet.payload.len() as u64);
    let length = oti.map_or(packet.payload.len() as u64, |oti| oti.transfer_length());
    let length = usize::try_from(length).ok().filter(|length| *length <= MAX_OCTETS)?;
    let mut octets = match oti {
        Some(oti) if !single => joined(packets, parts, oti.encoding_id(), oti.partition()?)?,
        _ => packet.payload.clone(),
    };
    octets.truncate(length);
    Some(octets)
}

/// The source symbols in order, when all of them are there.
fn joined(
    packets: &[Sent],
    symbols: &BTreeMap<(u32, u32), usize>,
    encoding: u8,
    partition: Partition,
) -> Option<Vec<u8>> {
    if !matches!(encoding, NO_CODE | SMALL_BLOCK) || (symbols.len() as u64) < partition.symbols() {
        return None;
    }
    let mut octets = Vec::new();
    for block in 0..partition.blocks {
        let (length, _) = partition.block(block)?;
        for symbol in 0..length {
            let index = symbols.get(&(u32::try_from(block).ok()?, u32::try_from(symbol).ok()?))?;
            octets.extend_from_slice(&packets[*index].alc.as_ref().ok()?.payload);
        }
    }
    Some(octets)
}
