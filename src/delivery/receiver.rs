//! The receiving side of a session: what is wanted comes out, everything else is dropped.

use std::collections::VecDeque;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::event::{EndCause, ReceiverLimits, ReceptionEvent, RefusalReason, WantedObject};
use super::table::TableCollector;
use super::transfer::{Progress, Transfer};
use crate::spec::{Timestamp, Tsi};
use crate::wire::alc::{AlcPacket, FecOti, NO_CODE, RAPTOR_Q, SMALL_BLOCK};
use crate::wire::fdt::{self, Fdt, FdtFile};

/// Receives the wanted objects of one session.
///
/// Takes every datagram of the channel in the order of arrival; one that is malformed, of another session, from another
/// source than the first, or without a place in what is being received is ignored and counted. Objects whose symbols
/// are lost or spoilt in one cycle of a carousel are repaired by the next.
///
/// # End of transmission
/// A (close session) counts once data of the session has been heard, as senders are known that begin with it. B (close
/// object) counts when it has been seen for every wanted object; of one that is complete it may be missing if the table
/// names it before the object with the last B. Without either the table's expiry is the end, which the caller watches.
///
/// # Bounds
/// One table and the wanted objects, each no larger than announced, see `transfer`; a caller that takes its events adds
/// nothing to that. Content encodings are refused, so nothing inflates.
pub struct Receiver {
    tsi: Tsi,
    limits: ReceiverLimits,
    wanted: Vec<Reception>,
    collector: Option<TableCollector>,
    /// The document of the latest table.
    table: Vec<u8>,
    /// Where the first data came from.
    source: Option<IpAddr>,
    ended: bool,
    ignored: u64,
    events: VecDeque<ReceptionEvent>,
}

struct Reception {
    wanted: WantedObject,
    /// The entry of the latest table that names it, and its place there.
    entry: Option<(FdtFile, usize)>,
    state: State,
    /// Whether B has been seen.
    closed: bool,
    /// Whether a refusal over the sizes in EXT_FTI has been told.
    refused: bool,
}

enum State {
    /// Not in a table yet, or not as wanted.
    Absent,
    /// In the table, but how it is cut only EXT_FTI will say.
    Described,
    Receiving(Box<Transfer>),
    Received,
}

impl Receiver {
    /// A receiver of the objects `wanted` in the session `tsi`; of two with the same name the first counts.
    pub fn new(tsi: Tsi, wanted: Vec<WantedObject>, limits: ReceiverLimits) -> Self {
        let reception = |wanted| Reception { wanted, entry: None, state: State::Absent, closed: false, refused: false };
        let mut receptions: Vec<Reception> = Vec::new();
        for object in wanted {
            if !receptions.iter().any(|other| other.wanted.location == object.location) {
                receptions.push(reception(object));
            }
        }
        Self {
            tsi,
            limits,
            wanted: receptions,
            collector: None,
            table: Vec::new(),
            source: None,
            ended: false,
            ignored: 0,
            events: VecDeque::new(),
        }
    }

    /// Takes a datagram that arrived at `now` from `source`.
    pub fn handle_packet(&mut self, now: Timestamp, source: SocketAddr, octets: &[u8]) {
        let packet = match AlcPacket::decode(octets) {
            Ok(packet) if packet.header.tsi == self.tsi.get() => packet,
            Ok(_) | Err(_) => return self.ignore(),
        };
        if self.source.is_some_and(|first| first != source.ip()) {
            return self.ignore();
        }
        if packet.payload_id.is_some() && !packet.payload.is_empty() {
            self.source = Some(source.ip());
            match packet.header.toi {
                Some(0) => self.take_table_packet(now, &packet),
                Some(toi) => self.take_symbol(now, toi, &packet, octets),
                None => self.ignore(),
            }
        }
        self.heed_flags(now, &packet);
    }

    /// The next event, in the order in which they happened.
    pub fn poll_event(&mut self) -> Option<ReceptionEvent> {
        self.events.pop_front()
    }

    /// Has a received object received again, as its digest is wrong; false when no such object has been received.
    pub fn reject(&mut self, location: &str) -> bool {
        let rejected = |reception: &&mut Reception| {
            reception.wanted.location == location && matches!(reception.state, State::Received)
        };
        let Some(reception) = self.wanted.iter_mut().find(rejected) else { return false };
        reception.state = if reception.entry.is_some() { State::Described } else { State::Absent };
        true
    }

    /// Datagrams that were ignored.
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    fn ignore(&mut self) {
        self.ignored += 1;
    }

    fn take_table_packet(&mut self, now: Timestamp, packet: &AlcPacket) {
        let encoding = if self.limits.minds_encoding { packet.header.content_encoding() } else { 0 };
        let (Some((1 | 2, instance)), 0, Ok(Some(oti)), Some(id)) =
            (packet.header.fdt_instance(), encoding, packet.fec_oti(), packet.payload_id)
        else {
            return self.ignore();
        };
        if !self.collector.as_ref().is_some_and(|collector| collector.is_for(instance, oti)) {
            let limit = self.limits.table_octets.min(fdt::MAX_OCTETS);
            let Some(collector) = TableCollector::new(instance, oti, limit) else { return self.ignore() };
            self.collector = Some(collector);
        }
        let Some(collector) = &mut self.collector else { return };
        if !collector.add(id, &packet.payload) {
            return self.ignore();
        }
        let Some(document) = collector.document() else { return };
        // Compared by content, not by instance: a spoilt table must give way to the true one of the same instance.
        if document != self.table {
            match Fdt::from_xml(document) {
                Ok(table) if now <= table.expires_at() => {
                    self.table = document.to_vec();
                    self.adopt(table, now);
                }
                Ok(_) | Err(_) => self.ignore(),
            }
        }
        self.collector = None;
    }

    fn adopt(&mut self, table: Fdt, now: Timestamp) {
        let mut consequences = Vec::new();
        for reception in &mut self.wanted {
            let entry = table.files.iter().zip(0..).find(|(file, _)| file.location == reception.wanted.location);
            let Some((file, place)) = entry else { continue };
            if reception.entry.as_ref().is_some_and(|(known, _)| known == file) {
                reception.entry = Some((file.clone(), place));
                continue;
            }
            if reception.entry.as_ref().is_none_or(|(known, _)| known.toi != file.toi) {
                reception.closed = false;
            }
            reception.entry = Some((file.clone(), place));
            reception.refused = false;
            consequences.extend(reception.assess(file, self.tsi, self.limits, now));
        }
        self.events.push_back(ReceptionEvent::FdtReceived { expires: table.expires_at(), files: table.files });
        self.events.extend(consequences);
    }

    fn take_symbol(&mut self, now: Timestamp, toi: u128, packet: &AlcPacket, octets: &[u8]) {
        // Before the table, and for an object nobody wants, a symbol is in order, but of no use.
        let Some(reception) = self.wanted.iter_mut().find(|reception| reception.is_toi(toi)) else { return };
        if matches!(reception.state, State::Described) {
            let event = reception.begin(packet, self.tsi, self.limits, now);
            self.events.extend(event);
        }
        let State::Receiving(transfer) = &mut reception.state else { return };
        let location = || reception.wanted.location.clone();
        match transfer.push(packet, octets, now) {
            Progress::Foreign => self.ignore(),
            Progress::Pending => {}
            Progress::Complete(octets) => {
                self.events.push_back(ReceptionEvent::ObjectReceived { location: location(), octets });
                reception.state = State::Received;
            }
            Progress::Failed => {
                let reason = RefusalReason::Undecodable;
                self.events.push_back(ReceptionEvent::ObjectRefused { location: location(), reason });
            }
        }
    }

    fn heed_flags(&mut self, now: Timestamp, packet: &AlcPacket) {
        if let (true, Some(toi)) = (packet.header.close_object, packet.header.toi) {
            self.close_object(now, toi);
        }
        if packet.header.close_session && self.source.is_some() {
            self.end(now, EndCause::CloseSession);
        }
    }

    fn close_object(&mut self, now: Timestamp, toi: u128) {
        let Some(reception) = self.wanted.iter_mut().find(|reception| reception.is_toi(toi)) else { return };
        reception.closed = true;
        let last = reception.place();
        let is_over = |reception: &Reception| {
            reception.closed || (matches!(reception.state, State::Received) && reception.place() < last)
        };
        if self.wanted.iter().all(is_over) {
            self.end(now, EndCause::CloseObject);
        }
    }

    fn end(&mut self, at: Timestamp, cause: EndCause) {
        if !self.ended {
            self.ended = true;
            self.events.push_back(ReceptionEvent::EndOfTransmission { at, cause });
        }
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("tsi", &self.tsi).field("ignored", &self.ignored).finish_non_exhaustive()
    }
}

impl Reception {
    fn is_toi(&self, toi: u128) -> bool {
        self.entry.as_ref().is_some_and(|(file, _)| file.toi == toi)
    }

    fn place(&self) -> Option<usize> {
        self.entry.as_ref().map(|(_, place)| *place)
    }

    /// Takes up the entry of a new table, unless the object is there already.
    fn assess(&mut self, file: &FdtFile, tsi: Tsi, limits: ReceiverLimits, now: Timestamp) -> Option<ReceptionEvent> {
        if matches!(self.state, State::Received) {
            return None;
        }
        self.state = State::Absent;
        let is_plain = |encoding: &String| encoding.is_empty() || encoding == "null" || encoding == "identity";
        let lengths = [file.content_length, file.transfer_length];
        if let Some(reason) = lengths.into_iter().flatten().find_map(|length| self.misfit(length, limits)) {
            return Some(self.refusal(reason));
        }
        let is_known = |scheme| matches!(scheme, NO_CODE | RAPTOR_Q | SMALL_BLOCK);
        let is_encoded = !file.content_encoding.as_ref().is_none_or(is_plain);
        if (is_encoded && limits.minds_encoding) || !file.fec.encoding_id.is_none_or(is_known) {
            return Some(self.refusal(RefusalReason::Undecodable));
        }
        let length = file.object_length().map(|length| self.taken(length, limits));
        let Some(oti) = length.and_then(|length| file.fec.oti(length)) else {
            self.state = State::Described;
            return None;
        };
        self.receive(file, oti, tsi, now)
    }

    /// Begins with the first symbol of an object: anew after a rejection, or with what only EXT_FTI says.
    fn begin(
        &mut self,
        packet: &AlcPacket,
        tsi: Tsi,
        limits: ReceiverLimits,
        now: Timestamp,
    ) -> Option<ReceptionEvent> {
        let (file, _) = self.entry.clone()?;
        let length = file.object_length().map(|length| self.taken(length, limits));
        let described = length.and_then(|length| file.fec.oti(length));
        let oti = described.or(packet.fec_oti().ok().flatten())?;
        if let Some(reason) = self.misfit(oti.transfer_length(), limits) {
            // The next packet says the same, but it is told once.
            return (!std::mem::replace(&mut self.refused, true)).then(|| self.refusal(reason));
        }
        self.receive(&file, oti, tsi, now)
    }

    fn receive(&mut self, file: &FdtFile, oti: FecOti, tsi: Tsi, now: Timestamp) -> Option<ReceptionEvent> {
        if oti.transfer_length() == 0 {
            self.state = State::Received;
            return Some(ReceptionEvent::ObjectReceived { location: self.wanted.location.clone(), octets: Vec::new() });
        }
        match Transfer::new(tsi, file.toi, file.content_md5.clone(), oti, now) {
            Some(transfer) => {
                self.state = State::Receiving(Box::new(transfer));
                None
            }
            None => {
                self.state = State::Absent;
                Some(self.refusal(RefusalReason::Undecodable))
            }
        }
    }

    /// How many octets are taken of an object that is so long.
    fn taken(&self, length: u64, limits: ReceiverLimits) -> u64 {
        if limits.refuses_longer { length } else { length.min(self.wanted.size) }
    }

    fn misfit(&self, length: u64, limits: ReceiverLimits) -> Option<RefusalReason> {
        let length = self.taken(length, limits);
        if length > self.wanted.size || length > limits.object_octets {
            Some(RefusalReason::TooLarge)
        } else if length < self.wanted.size {
            Some(RefusalReason::SizeDiffers)
        } else {
            None
        }
    }

    fn refusal(&self, reason: RefusalReason) -> ReceptionEvent {
        ReceptionEvent::ObjectRefused { location: self.wanted.location.clone(), reason }
    }
}
