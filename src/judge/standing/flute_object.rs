//! Objects: how they are described, cut in symbols and sent (RFC 6726, RFC 5052, RFC 5445).

use base64::prelude::{BASE64_STANDARD, Engine as _};
use md5::{Digest as _, Md5};

use crate::wire::alc::{AlcPacket, FecOti, PayloadId};
use crate::wire::fdt::FdtFile;

use super::scene::Scene;
use super::transfer::Transfer;
use super::{Look, Spot, StandingCheck};

pub(super) static CHECKS: &[StandingCheck] = &[
    StandingCheck {
        requirement: "X-FLUTE-11",
        accepted: "Content-Length, Transfer-Length and Content-MD5 of the octets that are sent",
        look: lengths,
    },
    StandingCheck {
        requirement: "X-FLUTE-12",
        accepted: "FEC Object Transmission Information in EXT_FTI or in the table, and the same in both",
        look: information,
    },
    StandingCheck {
        requirement: "X-FLUTE-17",
        accepted: "block and symbol numbers inside the partition of the object",
        look: numbers,
    },
    StandingCheck {
        requirement: "X-FLUTE-18",
        accepted: "symbols of the announced length, and the remainder as the last one",
        look: symbols,
    },
    StandingCheck {
        requirement: "X-FLUTE-19",
        accepted: "a File for every TOI that is sent, and one object for each TOI",
        look: descriptions,
    },
];

/// The last packet with a symbol of an object.
fn last_of(transfer: &Transfer<'_>, toi: u128) -> Option<Spot> {
    let symbols = transfer.objects.get(&toi)?;
    symbols.values().max().map(|index| transfer.packets[*index].spot)
}

fn lengths(scene: &Scene<'_>) -> Look {
    let mut look = Look::default();
    for transfer in &scene.transfers {
        for toi in transfer.objects.keys() {
            let (Some(file), Some(spot)) = (transfer.file(*toi), last_of(transfer, *toi)) else { continue };
            match transfer.octets(*toi) {
                Some(octets) => look.at(spot, fault_of_file(file, &octets)),
                None if transfer.is_closed => look.at(spot, fault_of_length(transfer, *toi)),
                None => {}
            }
        }
    }
    look
}

/// What is wrong with the length of an object that was never sent whole, and will not be.
fn fault_of_length(transfer: &Transfer<'_>, toi: u128) -> Option<String> {
    // Of a scheme with repair symbols the source symbols need not all be sent.
    let Some(oti @ FecOti::NoCode { .. }) = transfer.oti(toi) else { return None };
    let sent: u64 = transfer.objects.get(&toi)?.values().map(|index| octets_in(transfer, *index)).sum();
    (sent != oti.transfer_length())
        .then(|| format!("{} octets for TOI {toi}, of which {sent} were sent", oti.transfer_length()))
}

fn fault_of_file(file: &FdtFile, octets: &[u8]) -> Option<String> {
    let (toi, length) = (file.toi, octets.len() as u64);
    if let Some(said) = file.transfer_length.filter(|said| *said != length) {
        return Some(format!("Transfer-Length {said} for TOI {toi}, of which {length} octets were sent"));
    }
    if file.content_encoding.is_some() {
        return None;
    }
    if let Some(said) = file.content_length.filter(|said| *said != length) {
        return Some(format!("Content-Length {said} for TOI {toi}, which has {length} octets"));
    }
    let wanted = file.content_md5.as_ref()?;
    let found = BASE64_STANDARD.encode(Md5::digest(octets));
    (found != wanted.trim()).then(|| format!("Content-MD5 {wanted} for TOI {toi}, whose digest is {found}"))
}

fn octets_in(transfer: &Transfer<'_>, index: usize) -> u64 {
    transfer.packets[index].alc.as_ref().map_or(0, |packet| packet.payload.len() as u64)
}

fn information(scene: &Scene<'_>) -> Look {
    let mut look = Look::default();
    for transfer in &scene.transfers {
        for (spot, packet) in transfer.readable().filter(|(_, packet)| packet.header.fti().is_some()) {
            look.at(spot, fault_of_extension(transfer, packet));
        }
        for toi in transfer.objects.keys() {
            let Some(spot) = last_of(transfer, *toi) else { continue };
            let is_described = transfer.file(*toi).is_some();
            look.hold(spot, !is_described || transfer.oti(*toi).is_some(), || {
                format!("nothing says how TOI {toi} is cut")
            });
        }
    }
    look
}

fn fault_of_extension(transfer: &Transfer<'_>, packet: &AlcPacket) -> Option<String> {
    let said = match packet.fec_oti() {
        Ok(said) => said?,
        Err(error) => return Some(format!("EXT_FTI: {}", error.reason)),
    };
    let toi = packet.header.toi.filter(|toi| *toi != 0)?;
    let file = transfer.file(toi)?;
    let by_file = file.fec.oti(file.object_length()?)?;
    (said != by_file).then(|| format!("EXT_FTI of TOI {toi} says {said:?}, its File {by_file:?}"))
}

/// Every symbol, with how its object is cut.
fn cut<'s>(transfer: &'s Transfer<'_>) -> impl Iterator<Item = (Spot, u128, &'s AlcPacket, FecOti)> {
    // Asked once for an object, not once for each of its symbols.
    let mut known: std::collections::BTreeMap<u128, Option<FecOti>> = std::collections::BTreeMap::new();
    transfer.symbols().filter_map(move |(spot, toi, packet)| {
        let oti = match toi {
            0 => packet.fec_oti().ok().flatten(),
            _ => *known.entry(toi).or_insert_with(|| transfer.oti(toi)),
        };
        Some((spot, toi, packet, oti?))
    })
}

fn numbers(scene: &Scene<'_>) -> Look {
    let mut look = Look::default();
    for (spot, toi, packet, oti) in scene.transfers.iter().flat_map(cut) {
        let (Some(id), Some(partition)) = (packet.payload_id, oti.partition()) else { continue };
        // A codepoint of another scheme makes another payload id; that is another fault.
        if packet.header.codepoint != oti.encoding_id() {
            continue;
        }
        let (block, symbol) = (u64::from(id.block()), u64::from(id.symbol()));
        let Some((length, _)) = partition.block(block) else {
            look.at(spot, Some(format!("block {block} of TOI {toi}, which has {}", partition.blocks)));
            continue;
        };
        let fault = match (id, oti) {
            (PayloadId::NoCode { .. }, _) => {
                (symbol >= length).then(|| format!("symbol {symbol} in block {block} of TOI {toi}, which has {length}"))
            }
            (PayloadId::SmallBlock { block_length, .. }, _) if u64::from(block_length) != length => {
                Some(format!("source block length {block_length} for block {block} of TOI {toi}, which has {length}"))
            }
            (PayloadId::SmallBlock { .. }, FecOti::SmallBlock { max_symbols, .. }) => (symbol
                >= u64::from(max_symbols))
            .then(|| format!("symbol {symbol} in block {block} of TOI {toi}, of at most {max_symbols}")),
            _ => None,
        };
        look.at(spot, fault);
    }
    look
}

fn symbols(scene: &Scene<'_>) -> Look {
    let mut look = Look::default();
    for (spot, toi, packet, oti) in scene.transfers.iter().flat_map(cut) {
        let (Some(PayloadId::NoCode { block, symbol }), Some(partition)) = (packet.payload_id, oti.partition()) else {
            continue;
        };
        let Some((length, before)) = partition.block(block.into()).filter(|(length, _)| u64::from(symbol) < *length)
        else {
            continue;
        };
        let position = before + u64::from(symbol);
        let whole = u64::from(oti.symbol_length());
        let is_last = position + 1 == partition.symbols() && u64::from(block) + 1 == partition.blocks && length > 0;
        let wanted = if is_last { oti.transfer_length() - position * whole } else { whole };
        let found = packet.payload.len() as u64;
        look.hold(spot, found == wanted, || {
            format!("symbol {symbol} of block {block} of TOI {toi} has {found} octets, not {wanted}")
        });
    }
    look
}

fn descriptions(scene: &Scene<'_>) -> Look {
    let mut look = Look::default();
    for transfer in &scene.transfers {
        // While a session goes on, the table that names an object may still come.
        let is_told = transfer.is_closed || transfer.tables().any(|(_, fdt)| fdt.complete);
        for toi in transfer.objects.keys().filter(|_| is_told) {
            let Some(spot) = last_of(transfer, *toi) else { continue };
            look.hold(spot, transfer.file(*toi).is_some(), || format!("TOI {toi}, which no FDT Instance names"));
        }
        for (spot, table) in &transfer.sendings {
            let Ok(fdt) = &transfer.tables[*table].fdt else { continue };
            let other =
                fdt.files.iter().find(|file| transfer.file(file.toi).is_some_and(|first| is_other(first, file)));
            look.at(
                *spot,
                other.map(|file| format!("TOI {} is `{}`, and was another object before", file.toi, file.location)),
            );
        }
    }
    look
}

/// Whether two Files of one TOI describe different objects.
fn is_other(first: &FdtFile, later: &FdtFile) -> bool {
    let differ = |one: Option<u64>, other: Option<u64>| one.zip(other).is_some_and(|(one, other)| one != other);
    let (one, other) = (&first.content_md5, &later.content_md5);
    first.location != later.location
        || differ(first.object_length(), later.object_length())
        || one.as_ref().zip(other.as_ref()).is_some_and(|(one, other)| one != other)
}
