//! File Delivery Tables (RFC 6726 section 3.4).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::scene::Scene;
use super::transfer::{Table, Transfer, content_encoding};
use super::{Look, Spot, StandingCheck};

pub(super) static CHECKS: &[StandingCheck] = &[
    StandingCheck {
        requirement: "X-FLUTE-06",
        accepted: "EXT_FDT on every symbol of TOI 0, with version 1 or 2 and the same one in a session",
        look: extensions,
    },
    StandingCheck { requirement: "X-FLUTE-07", accepted: "FDT Instance IDs that rise by one", look: instances },
    StandingCheck {
        requirement: "X-FLUTE-08",
        accepted: "the same octets under the same FDT Instance ID",
        look: contents,
    },
    StandingCheck { requirement: "X-FLUTE-09", accepted: "Expires after the moment of sending", look: expiries },
    StandingCheck {
        requirement: "X-FLUTE-10",
        accepted: "TOI and Content-Location in each File, and no TOI twice",
        look: files,
    },
    StandingCheck {
        requirement: "X-FLUTE-13",
        accepted: "EXT_CENC on all packets of an encoded FDT Instance, and on none of another",
        look: encodings,
    },
    StandingCheck {
        requirement: "X-FLUTE-20",
        accepted: "no new file after an FDT Instance with Complete",
        look: complete,
    },
];

/// How much later than it was sent a packet may be recorded: Expires counts in seconds, and a busy host takes its time.
const LATENESS: Duration = Duration::from_secs(1);
/// Instance IDs have 20 bits.
const INSTANCES: u32 = 1 << 20;

/// Beginnings of deflate, zlib and gzip, which no XML document has.
const COMPRESSED: [&[u8]; 5] = [&[0x1F, 0x8B], &[0x78, 0x01], &[0x78, 0x5E], &[0x78, 0x9C], &[0x78, 0xDA]];

fn extensions(scene: &Scene<'_>) -> Look {
    let mut look = Look::default();
    for transfer in &scene.transfers {
        let mut first: Option<u8> = None;
        for (spot, _, packet) in transfer.symbols().filter(|(_, toi, _)| *toi == 0) {
            let fault = match packet.header.fdt_instance() {
                None => Some("a symbol of TOI 0 without EXT_FDT".to_owned()),
                Some((version, _)) if !matches!(version, 1 | 2) => Some(format!("FLUTE version {version}")),
                Some((version, _)) => {
                    let first = *first.get_or_insert(version);
                    (version != first).then(|| format!("FLUTE version {version} in a session of version {first}"))
                }
            };
            look.at(spot, fault);
        }
    }
    look
}

fn instances(scene: &Scene<'_>) -> Look {
    let mut look = Look::default();
    for transfer in &scene.transfers {
        let mut known = BTreeSet::new();
        let mut last: Option<u32> = None;
        for (spot, _, packet) in transfer.symbols().filter(|(_, toi, _)| *toi == 0) {
            let Some((_, instance)) = packet.header.fdt_instance() else { continue };
            // An instance may be repeated, also after a later one.
            let is_new = known.insert(instance);
            let wanted = last.map(|last| (last + 1) % INSTANCES).filter(|wanted| is_new && *wanted != instance);
            look.at(spot, wanted.map(|wanted| format!("FDT Instance ID {instance} where {wanted} is the next")));
            last = if is_new { Some(instance) } else { last };
        }
    }
    look
}

fn contents(scene: &Scene<'_>) -> Look {
    let mut look = Look::default();
    for transfer in &scene.transfers {
        for (spot, _) in &transfer.sendings {
            look.at(*spot, None);
        }
        for (spot, instance) in &transfer.clashes {
            look.at(*spot, Some(format!("FDT Instance ID {instance} again, with other octets")));
        }
    }
    look
}

/// Each time that a table was sent, and the table.
fn sendings<'s>(scene: &'s Scene<'_>) -> impl Iterator<Item = (Spot, &'s Table)> {
    let each =
        |transfer: &'s Transfer<'_>| transfer.sendings.iter().map(|(spot, table)| (*spot, &transfer.tables[*table]));
    scene.transfers.iter().flat_map(each)
}

fn expiries(scene: &Scene<'_>) -> Look {
    let mut look = Look::default();
    for (spot, table) in sendings(scene) {
        let fault = match &table.fdt {
            Ok(fdt) => (fdt.expires_at() + LATENESS <= spot.1)
                .then(|| format!("Expires {} of FDT Instance {} is over when it is sent", fdt.expires, table.instance)),
            Err(error) => (error.field == "Expires")
                .then(|| format!("FDT Instance {}: Expires: {}", table.instance, error.reason)),
        };
        look.at(spot, fault);
    }
    look
}

fn files(scene: &Scene<'_>) -> Look {
    let mut look = Look::default();
    for (spot, table) in sendings(scene) {
        let fault = table.fdt.as_ref().err().filter(|error| matches!(error.field, "TOI" | "Content-Location"));
        look.at(spot, fault.map(|error| format!("FDT Instance {}: {}: {}", table.instance, error.field, error.reason)));
    }
    look
}

fn encodings(scene: &Scene<'_>) -> Look {
    let mut look = Look::default();
    for transfer in &scene.transfers {
        let mut first: BTreeMap<u32, Option<u8>> = BTreeMap::new();
        for (spot, _, packet) in transfer.symbols().filter(|(_, toi, _)| *toi == 0) {
            let Some((_, instance)) = packet.header.fdt_instance() else { continue };
            let encoding = content_encoding(packet);
            let is_first = packet.payload_id.is_some_and(|id| (id.block(), id.symbol()) == (0, 0));
            let is_plain = packet.payload.trim_ascii_start().starts_with(b"<");
            let is_encoded = COMPRESSED.iter().any(|beginning| packet.payload.starts_with(beginning));
            let before = *first.entry(instance).or_insert(encoding);
            let fault = match encoding {
                _ if before != encoding => Some("on some packets only"),
                Some(_) if is_first && is_plain => Some("though it is not encoded"),
                None if is_first && is_encoded => Some("missing, though it is encoded"),
                _ => None,
            };
            look.at(spot, fault.map(|fault| format!("EXT_CENC of FDT Instance {instance}: {fault}")));
        }
    }
    look
}

fn complete(scene: &Scene<'_>) -> Look {
    let mut look = Look::default();
    for transfer in &scene.transfers {
        let mut known: Option<BTreeSet<u128>> = None;
        let mut described = BTreeSet::new();
        for (spot, table) in &transfer.sendings {
            let Ok(fdt) = &transfer.tables[*table].fdt else { continue };
            if let Some(known) = &known {
                let new = fdt.files.iter().find(|file| !known.contains(&file.toi));
                look.at(*spot, new.map(|file| format!("TOI {} is new in a session that was complete", file.toi)));
            }
            described.extend(fdt.files.iter().map(|file| file.toi));
            if fdt.complete && known.is_none() {
                known = Some(described.clone());
            }
        }
    }
    look
}
