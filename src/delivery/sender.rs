//! The sending side of a session: a carousel in a fixed order.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::io::Cursor;
use std::time::SystemTime;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use flute::core::{Oti, UDPEndpoint};
use flute::sender::{CarouselRepeatMode, Config, ObjectDesc, PriorityQueue, Profile, TOIMaxLength, TransferConfig};
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

use super::{DeliveryError, FluteVersion, MIN_SYMBOL_LENGTH, OutgoingObject, Parity, SessionPlan, expiry};
use crate::spec::Timestamp;
use crate::wire::alc::{AlcPacket, FecOti, NO_CODE, PayloadId, partition};
use crate::wire::fdt::{Fdt, FdtFile, FecAttributes};
use crate::wire::lct::{Extension, LctHeader};

/// Octets of a file table: with its headers it stays within an Ethernet frame, over IPv6 too.
const MAX_TABLE: usize = 1400;
/// Octets of a symbol: with its headers it stays within a UDP datagram.
const MAX_SYMBOL_LENGTH: u16 = 65_000;
/// Source symbols of a block.
const MAX_BLOCK_LENGTH: u16 = 64;
/// Octets to which RaptorQ aligns its symbols.
const ALIGNMENT: u8 = 4;
/// The first object; 0 is the table.
const FIRST_TOI: u128 = 1;
/// Close-session packets at the end; a lost one should not cost a Device its end of transmission.
const CLOSING_PACKETS: u32 = 3;

/// Gives the datagrams of a session, one by one.
///
/// # Ordering
/// In each cycle first the file table, then each object from its first to its last symbol, one object after the other in
/// the order given; objects that join later are left out of the first cycle and of its table. The last packet of an object's last transmission has B set. After all cycles come three close-session
/// packets: A set, no data, and no TOI (a TSI of more than 32 bits brings a TOI field along, which is 0). Same plan,
/// objects and start give the same octets. Nothing in here waits; the caller paces.
pub struct Sender {
    /// Cuts objects in symbols. It gets the time of the start on every call: it then never repeats or renews its own
    /// table, which is left out (its files come in the order of a hash map, and six name spaces fill half a packet).
    library: flute::sender::Sender,
    plan: SessionPlan,
    start: SystemTime,
    /// Every file of the session.
    files: Vec<FdtFile>,
    table: Fdt,
    table_packet: Vec<u8>,
    instance: u32,
    /// The first symbol of a cycle, waiting behind the table.
    held: Option<Vec<u8>>,
    cycle: u32,
    closing: u32,
}

impl Sender {
    /// A sender of `objects` as `plan` says, for a session that begins at `now`.
    ///
    /// # Errors
    /// [`DeliveryError`] when the plan or an object cannot be sent, or the file table does not fit in one packet.
    pub fn new(plan: SessionPlan, objects: Vec<OutgoingObject>, now: Timestamp) -> Result<Self, DeliveryError> {
        check(&plan, &objects)?;
        let files: Vec<_> = objects.iter().zip(FIRST_TOI..).map(|(object, toi)| file(object, toi, &plan)).collect();
        let at_first = plan.at_first.unwrap_or(files.len()).min(files.len());
        let table = Fdt {
            expires: Fdt::expires_field(expiry(now, &plan)),
            complete: at_first == files.len(),
            files: files[..at_first].to_vec(),
        };
        let table_packet = table_packet(&plan, plan.fdt_instance, &table)?;
        let start = now.to_system_time();
        let library = library(&plan, objects, start)?;
        Ok(Self {
            library,
            instance: plan.fdt_instance,
            plan,
            start,
            files,
            table,
            table_packet,
            held: None,
            cycle: 0,
            closing: CLOSING_PACKETS,
        })
    }

    /// The next datagram, or `None` when the session is over.
    ///
    /// The octets depend on `now` in one case only: when the table has expired at the start of a cycle, a new instance
    /// with a later expiry takes its place, as an expired table is not to be sent.
    pub fn next_packet(&mut self, now: Timestamp) -> Option<Vec<u8>> {
        if let Some(packet) = self.held.take() {
            return Some(packet);
        }
        while let Some(packet) = self.library.read(self.start) {
            let Ok(AlcPacket { header, payload_id, .. }) = AlcPacket::decode(&packet) else { continue };
            if header.toi == Some(0) {
                continue;
            }
            if header.toi == Some(FIRST_TOI) && payload_id.is_some_and(|id| id.block() == 0 && id.symbol() == 0) {
                self.cycle += 1;
                self.held = Some(packet);
                self.renew(now);
                return Some(self.table_packet.clone());
            }
            if self.table.files.iter().any(|file| Some(file.toi) == header.toi) {
                return Some(packet);
            }
        }
        self.closing = self.closing.checked_sub(1)?;
        Some(self.library.read_close_session(self.start))
    }

    /// The cycle of the latest packet, counted from 1; 0 before the first packet.
    pub fn cycle(&self) -> u32 {
        self.cycle
    }

    /// Whether the last packet has been given.
    pub fn is_finished(&self) -> bool {
        self.closing == 0
    }

    /// How many objects the session has.
    pub fn objects(&self) -> usize {
        self.files.len()
    }

    /// The file table as sent.
    pub fn table(&self) -> &Fdt {
        &self.table
    }

    /// What a sender that goes on after this one must know of the table.
    pub fn table_state(&self) -> TableState {
        TableState { instance: self.instance, expires_at: self.table.expires_at(), is_complete: self.table.complete }
    }

    /// A new table, where the old one has expired or does not name every file yet.
    fn renew(&mut self, now: Timestamp) {
        let has_expired = now >= self.table.expires_at();
        let grows = self.cycle > 1 && !self.table.complete;
        if !has_expired && !grows {
            return;
        }
        let instance = (self.instance + 1) & 0xF_FFFF;
        let mut table = self.table.clone();
        if has_expired {
            table.expires = Fdt::expires_field(expiry(now, &self.plan));
        }
        if grows {
            table.files.clone_from(&self.files);
            table.complete = true;
        }
        // Nothing but digits changes; should the table no longer fit, the old one is better than none.
        if let Ok(packet) = table_packet(&self.plan, instance, &table) {
            (self.instance, self.table, self.table_packet) = (instance, table, packet);
        }
    }
}

/// The file table as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableState {
    /// The FDT Instance ID.
    pub instance: u32,
    /// When it ceases to hold, a whole second.
    pub expires_at: Timestamp,
    /// Whether it names every object of the session.
    pub is_complete: bool,
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("plan", &self.plan).field("cycle", &self.cycle).finish_non_exhaustive()
    }
}

fn check(plan: &SessionPlan, objects: &[OutgoingObject]) -> Result<(), DeliveryError> {
    if objects.is_empty() {
        return Err(DeliveryError::NoObjects);
    }
    if plan.repetitions == 0 {
        return Err(DeliveryError::NoCycles);
    }
    if !(MIN_SYMBOL_LENGTH..=MAX_SYMBOL_LENGTH).contains(&plan.symbol_length) {
        let (length, min, max) = (plan.symbol_length, MIN_SYMBOL_LENGTH, MAX_SYMBOL_LENGTH);
        return Err(DeliveryError::SymbolLength { length, min, max });
    }
    let first = plan.at_first.unwrap_or(objects.len());
    if first == 0 || (first < objects.len() && plan.repetitions < 2) {
        return Err(DeliveryError::FirstCycle { first, cycles: plan.repetitions });
    }
    if plan.fdt_instance >> 20 != 0 {
        return Err(DeliveryError::FdtInstance { id: plan.fdt_instance });
    }
    let mut locations = HashSet::new();
    for object in objects {
        for text in [&object.location, &object.content_type] {
            if text.is_empty() || text.len() > 255 || text.chars().any(char::is_control) {
                return Err(DeliveryError::Name { text: text.chars().take(64).collect() });
            }
        }
        let location = || object.location.clone();
        if object.octets.is_empty() {
            return Err(DeliveryError::EmptyObject { location: location() });
        }
        if !locations.insert(&object.location) {
            return Err(DeliveryError::SameLocation { location: location() });
        }
    }
    Ok(())
}

/// How an object is cut, for the table; [`library_oti`] says the same to the library.
fn fec_oti(transfer_length: u64, plan: &SessionPlan) -> FecOti {
    let symbol_length = plan.symbol_length;
    match plan.parity {
        Parity::None => {
            FecOti::NoCode { transfer_length, symbol_length, max_block_length: u32::from(MAX_BLOCK_LENGTH) }
        }
        Parity::ReedSolomon(repair) => FecOti::SmallBlock {
            transfer_length,
            instance: 0,
            symbol_length,
            max_block_length: MAX_BLOCK_LENGTH,
            max_symbols: MAX_BLOCK_LENGTH + u16::from(repair),
        },
        Parity::RaptorQ(_) => {
            let symbols = transfer_length.div_ceil(symbol_length.into());
            let blocks = partition(symbols, symbols.div_ceil(MAX_BLOCK_LENGTH.into())).map_or(1, |cut| cut.blocks);
            let source_blocks = u8::try_from(blocks).unwrap_or(u8::MAX);
            FecOti::RaptorQ { transfer_length, symbol_length, source_blocks, sub_blocks: 1, alignment: ALIGNMENT }
        }
    }
}

fn library_oti(plan: &SessionPlan) -> Result<Oti, DeliveryError> {
    let oti = match plan.parity {
        Parity::None => Ok(Oti::new_no_code(plan.symbol_length, MAX_BLOCK_LENGTH)),
        Parity::ReedSolomon(repair) => {
            Oti::new_reed_solomon_rs28_under_specified(plan.symbol_length, MAX_BLOCK_LENGTH, repair.into())
        }
        Parity::RaptorQ(repair) => Oti::new_raptorq(plan.symbol_length, MAX_BLOCK_LENGTH, repair.into(), 1, ALIGNMENT),
    };
    oti.map_err(|cause| DeliveryError::Session { reason: cause.0.to_string() })
}

fn file(object: &OutgoingObject, toi: u128, plan: &SessionPlan) -> FdtFile {
    let length = object.octets.len() as u64;
    let oti = fec_oti(length, plan);
    FdtFile {
        toi,
        location: object.location.clone(),
        content_length: Some(length),
        transfer_length: Some(length),
        content_type: Some(object.content_type.clone()),
        content_encoding: None,
        content_md5: Some(BASE64_STANDARD.encode(Md5::digest(&object.octets))),
        fec: FecAttributes::from(oti),
    }
}

/// The packet of the file table: one symbol of scheme 0, EXT_FDT and EXT_FTI.
fn table_packet(plan: &SessionPlan, instance: u32, table: &Fdt) -> Result<Vec<u8>, DeliveryError> {
    let payload = table.to_xml(plan.version);
    let too_long = DeliveryError::TableTooLong { octets: payload.len(), max: MAX_TABLE };
    let symbol_length = match u16::try_from(payload.len()) {
        Ok(length) if payload.len() <= MAX_TABLE => length.max(plan.symbol_length),
        _ => return Err(too_long),
    };
    let transfer_length = payload.len() as u64;
    let oti = FecOti::NoCode { transfer_length, symbol_length, max_block_length: u32::from(MAX_BLOCK_LENGTH) };
    Ok(table_octets(plan.tsi.get(), plan.version, instance, oti, payload))
}

/// A packet with a file table in one symbol.
pub(super) fn table_octets(tsi: u64, version: FluteVersion, instance: u32, oti: FecOti, payload: Vec<u8>) -> Vec<u8> {
    let mut header = LctHeader::new(tsi, Some(0), NO_CODE);
    header.extensions = vec![
        Extension::Fdt { version: version.number(), instance },
        Extension::Fti(oti.encode().expect("the table is shorter than 2^48 octets")),
    ];
    let payload_id = Some(PayloadId::NoCode { block: 0, symbol: 0 });
    AlcPacket { header, payload_id, payload }
        .encode()
        .expect("TSI and instance are bounded by their types and by check")
}

fn library(
    plan: &SessionPlan,
    objects: Vec<OutgoingObject>,
    start: SystemTime,
) -> Result<flute::sender::Sender, DeliveryError> {
    let config = Config {
        // One object at a time and one block at a time: no interleaving.
        priority_queues: BTreeMap::from([(0, PriorityQueue { multiplex_files: 1 })]),
        interleave_blocks: 1,
        fdt_carousel_mode: CarouselRepeatMode::DelayBetweenTransfers(std::time::Duration::MAX),
        profile: match plan.version {
            FluteVersion::V1 => Profile::RFC3926,
            FluteVersion::V2 => Profile::RFC6726,
        },
        toi_max_length: TOIMaxLength::ToiMax16,
        toi_initial_value: Some(FIRST_TOI),
        ..Config::default()
    };
    // The library asks where the session goes, but only to pass it on to observers, of which there are none.
    let endpoint = UDPEndpoint::new(None, String::new(), 0);
    let oti = library_oti(plan)?;
    let mut library = flute::sender::Sender::new(endpoint, plan.tsi.get(), &oti, &config);
    for object in objects {
        let refused = |reason: String| DeliveryError::Object { location: object.location.clone(), reason };
        // A count instead of a carousel mode: the modes wait between cycles, and never set B.
        let config = TransferConfig { max_transfer_count: plan.repetitions, ..TransferConfig::default() };
        // The name is written in our table only, so the library gets any; it would rewrite a URL in its normal form.
        let name = &"file:///object".parse().expect("a URL");
        let stream = Box::new(Cursor::new(object.octets.clone()));
        let description = ObjectDesc::create_from_stream(stream, &object.content_type, name, false, config)
            .map_err(|cause| refused(cause.0.to_string()))?;
        library.add_object(0, description).map_err(|cause| refused(cause.0.to_string()))?;
    }
    // Objects are sent only after a table with them has been published, though it is not ours that is sent.
    match library.publish(start) {
        Ok(()) => Ok(library),
        Err(cause) => Err(DeliveryError::Session { reason: cause.0.to_string() }),
    }
}
