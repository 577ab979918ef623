//! Sender and receiver against each other, against the crate `flute`, and against senders that lie.

mod receiving;
mod refusing;
mod sending;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use flute::core::{Oti, UDPEndpoint};
use flute::receiver::writer::ObjectWriterBufferBuilder;
use flute::sender::{Config, ObjectDesc, Profile, TransferConfig};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::wire::alc::{AlcPacket, FecOti, NO_CODE, PayloadId};
use crate::wire::fdt::{Fdt, FdtFile, FecAttributes};
use crate::wire::lct::{Extension, LctHeader};

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_500);
const COMMAND: &str = "http://sp.example/spring-patch/command.xml";
const PACKAGE: &str = "http://sp.example/spring-patch/acme.bin";

fn tsi() -> Tsi {
    Tsi::new(7).unwrap()
}

fn plan(repetitions: u32) -> SessionPlan {
    SessionPlan { symbol_length: 16, repetitions, ..SessionPlan::new(tsi()) }
}

fn octets(size: usize) -> Arc<[u8]> {
    (0..size).map(|index| (index * 31 / 7) as u8).collect()
}

fn object(location: &str, size: usize) -> OutgoingObject {
    OutgoingObject { location: location.into(), content_type: "application/octet-stream".into(), octets: octets(size) }
}

fn wanted(location: &str, size: usize) -> WantedObject {
    WantedObject { location: location.into(), size: size as u64 }
}

fn source(host: u8) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, host], 4001))
}

fn transmit(plan: SessionPlan, objects: Vec<OutgoingObject>) -> Vec<Vec<u8>> {
    let mut sender = Sender::new(plan, objects, NOW).unwrap();
    std::iter::from_fn(|| sender.next_packet(NOW)).collect()
}

fn receiver(wanted: Vec<WantedObject>) -> Receiver {
    Receiver::new(tsi(), wanted, ReceiverLimits::default())
}

fn hear<'a>(receiver: &mut Receiver, packets: impl IntoIterator<Item = &'a Vec<u8>>) -> Vec<ReceptionEvent> {
    for packet in packets {
        receiver.handle_packet(NOW, source(1), packet);
    }
    std::iter::from_fn(|| receiver.poll_event()).collect()
}

fn received(events: &[ReceptionEvent]) -> Vec<(&str, &[u8])> {
    fn object(event: &ReceptionEvent) -> Option<(&str, &[u8])> {
        match event {
            ReceptionEvent::ObjectReceived { location, octets } => Some((location, octets)),
            _ => None,
        }
    }
    events.iter().filter_map(object).collect()
}

fn refusals(events: &[ReceptionEvent]) -> Vec<RefusalReason> {
    let refusal = |event: &ReceptionEvent| match event {
        ReceptionEvent::ObjectRefused { reason, .. } => Some(*reason),
        _ => None,
    };
    events.iter().filter_map(refusal).collect()
}

fn ends(events: &[ReceptionEvent]) -> Vec<EndCause> {
    let end = |event: &ReceptionEvent| match event {
        ReceptionEvent::EndOfTransmission { cause, .. } => Some(*cause),
        _ => None,
    };
    events.iter().filter_map(end).collect()
}

fn decode(packets: &[Vec<u8>]) -> Vec<AlcPacket> {
    packets.iter().map(|packet| AlcPacket::decode(packet).unwrap()).collect()
}

/// A packet of scheme 0, as a sender of ill will may build it.
fn symbol(toi: u128, oti: Option<FecOti>, block: u16, symbol: u16, payload: &[u8]) -> Vec<u8> {
    let mut header = LctHeader::new(7, Some(toi), NO_CODE);
    header.extensions.extend(oti.map(|oti| Extension::Fti(oti.encode().unwrap())));
    let payload_id = Some(PayloadId::NoCode { block, symbol });
    AlcPacket { header, payload_id, payload: payload.into() }.encode().unwrap()
}

fn no_code(transfer_length: u64, symbol_length: u16) -> FecOti {
    FecOti::NoCode { transfer_length, symbol_length, max_block_length: 64 }
}

/// The packet of a table with one file.
fn table(file: FdtFile) -> Vec<u8> {
    let file = FdtFile { toi: 1, location: COMMAND.into(), ..file };
    let expires = Fdt::expires_field(NOW + Duration::from_secs(60));
    let xml = Fdt { expires, complete: true, files: vec![file] }.to_xml(FluteVersion::V2);
    sender::table_octets(7, FluteVersion::V2, 1, no_code(xml.len() as u64, 1400), xml)
}

/// A table that names COMMAND with a length and a way to cut it.
fn honest_table(length: u64, symbol_length: u16) -> Vec<u8> {
    let fec = FecAttributes::from(no_code(length, symbol_length));
    table(FdtFile { content_length: Some(length), transfer_length: Some(length), fec, ..FdtFile::default() })
}
