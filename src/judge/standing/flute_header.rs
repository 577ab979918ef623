//! LCT headers and ALC packets (RFC 5651, RFC 5775).

use std::collections::{BTreeMap, BTreeSet};

use crate::wire::DecodeError;
use crate::wire::alc::AlcPacket;

use super::scene::Scene;
use super::transfer::Sent;
use super::{Look, Spot, StandingCheck};

pub(super) static CHECKS: &[StandingCheck] = &[
    StandingCheck {
        requirement: "X-FLUTE-01",
        accepted: "LCT version 1, protocol-specific bits 0 and reserved bits 0",
        look: versions,
    },
    StandingCheck {
        requirement: "X-FLUTE-02",
        accepted: "a header length that counts the whole header",
        look: lengths,
    },
    StandingCheck { requirement: "X-FLUTE-03", accepted: "a TSI that was announced", look: sessions },
    StandingCheck {
        requirement: "X-FLUTE-04",
        accepted: "header extensions that fit the header exactly",
        look: extensions,
    },
    StandingCheck {
        requirement: "X-FLUTE-05",
        accepted: "the FEC Encoding ID of the object as codepoint",
        look: codepoints,
    },
    StandingCheck {
        requirement: "X-FLUTE-14",
        accepted: "the close session flag on every packet after the first that has it",
        look: closed_sessions,
    },
    StandingCheck {
        requirement: "X-FLUTE-15",
        accepted: "the close object flag on every packet of an object after the first that has it",
        look: closed_objects,
    },
    StandingCheck {
        requirement: "X-FLUTE-16",
        accepted: "nothing after the header of a packet without symbols",
        look: empty_packets,
    },
];

fn sent<'s>(scene: &'s Scene<'_>) -> impl Iterator<Item = &'s Sent> {
    scene.transfers.iter().flat_map(|transfer| &transfer.packets)
}

/// Looks at every packet: at one that can be read, and at what the decoder says of the fields of this check.
fn each(scene: &Scene<'_>, fields: &[&str], fault: impl Fn(&AlcPacket) -> Option<String>) -> Look {
    let mut look = Look::default();
    for sent in sent(scene) {
        match &sent.alc {
            Ok(packet) => look.at(sent.spot, fault(packet)),
            Err(error) if fields.contains(&error.field) => look.at(sent.spot, Some(words(error))),
            Err(_) => {}
        }
    }
    look
}

fn words(error: &DecodeError) -> String {
    format!("{}: {}", error.field, error.reason)
}

fn versions(scene: &Scene<'_>) -> Look {
    each(scene, &["V", "header"], |packet| {
        let (psi, reserved) = (packet.header.psi, packet.header.reserved);
        ((psi, reserved) != (0, 0))
            .then(|| format!("protocol-specific bits {psi:02b} and reserved bits {reserved:02b}"))
    })
}

fn lengths(scene: &Scene<'_>) -> Look {
    each(scene, &["HDR_LEN"], |_| None)
}

fn extensions(scene: &Scene<'_>) -> Look {
    each(scene, &["HEL"], |_| None)
}

fn sessions(scene: &Scene<'_>) -> Look {
    let said = scene.announced.iter().filter_map(|(_, heard)| Some(&heard.announcement.as_ref().ok()?.announcement));
    let announced: BTreeSet<u64> = said.map(|said| said.delivery.tsi.get()).collect();
    each(scene, &["TSI"], |packet| {
        let tsi = packet.header.tsi;
        (!announced.contains(&tsi)).then(|| format!("a packet of session {tsi}, which was not announced"))
    })
}

fn codepoints(scene: &Scene<'_>) -> Look {
    let mut look = Look::default();
    for transfer in &scene.transfers {
        for (spot, toi, packet) in transfer.symbols() {
            let Some(wanted) = transfer.file(toi).and_then(|file| file.fec.encoding_id) else { continue };
            let found = packet.header.codepoint;
            look.hold(spot, found == wanted, || {
                format!("codepoint {found} on a symbol of TOI {toi}, whose FEC Encoding ID is {wanted}")
            });
        }
    }
    // Of a codepoint that names no scheme the payload id cannot be told.
    for sent in sent(scene) {
        if let Err(error) = &sent.alc
            && error.field == "Codepoint"
        {
            look.at(sent.spot, Some(words(error)));
        }
    }
    look
}

fn closed_sessions(scene: &Scene<'_>) -> Look {
    let mut look = Look::default();
    for transfer in &scene.transfers {
        let mut closed: Option<Spot> = None;
        for (spot, packet) in transfer.readable() {
            let is_closing = packet.header.close_session;
            if let Some((first, _)) = closed {
                look.hold(spot, is_closing, || {
                    format!("a packet of session {} without flag A after packet {first} had it", packet.header.tsi)
                });
            } else if is_closing {
                look.at(spot, None);
                closed = Some(spot);
            }
        }
    }
    look
}

fn closed_objects(scene: &Scene<'_>) -> Look {
    let mut look = Look::default();
    for transfer in &scene.transfers {
        let mut closed: BTreeMap<u128, usize> = BTreeMap::new();
        for (spot, packet) in transfer.readable() {
            // Every table has TOI 0, and none of them is an object that ends.
            let Some(toi) = packet.header.toi.filter(|toi| *toi != 0) else { continue };
            let is_closing = packet.header.close_object;
            if let Some(first) = closed.get(&toi) {
                look.hold(spot, is_closing, || {
                    format!("a packet of TOI {toi} without flag B after packet {first} had it")
                });
            } else if is_closing {
                look.at(spot, None);
                closed.insert(toi, spot.0);
            }
        }
    }
    look
}

fn empty_packets(scene: &Scene<'_>) -> Look {
    let mut look = Look::default();
    for (spot, packet) in scene.transfers.iter().flat_map(|transfer| transfer.readable()) {
        // A FEC Payload ID with no symbol behind it is accepted: senders in the field do so (ledger, AMB-22).
        let octets = packet.payload.len();
        if octets == 0 || packet.header.toi.is_none() {
            look.hold(spot, octets == 0, || format!("a packet that names no object carries {octets} octets"));
        }
    }
    look
}
