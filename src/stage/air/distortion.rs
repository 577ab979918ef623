//! Packets as the air distorts them: wrong bits, wrong tables, and packets of somebody else.

use serde::{Deserialize, Serialize};

use crate::wire::alc::{AlcPacket, FecOti};
use crate::wire::fdt::{Fdt, FluteVersion};
use crate::wire::lct::{Extension, LctHeader};

/// Octets that a package has more than announced, where a table lies about its size.
const MORE: u64 = 1_000;

/// Whose a foreign packet is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::stage) enum Foreign {
    /// Of another session on the same channel.
    Session,
    /// Of the same session, but from another address.
    Source,
}

/// What a file table says instead of the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::stage) enum Lie {
    /// The package is larger than announced.
    Larger,
    /// There is no package, and there may be more files to come.
    WithoutPackage,
    /// Files have no digest.
    WithoutDigest,
}

/// The datagram with one bit of its last octet wrong, which is payload in every packet that carries any.
pub(super) fn with_wrong_bit(octets: &[u8]) -> Vec<u8> {
    let mut damaged = octets.to_vec();
    if let Some(last) = damaged.last_mut() {
        *last ^= 1;
    }
    damaged
}

/// The packet, changed; octets that are no packet stay as they are.
fn changed(octets: &[u8], change: impl FnOnce(&mut AlcPacket)) -> Vec<u8> {
    let Ok(mut packet) = AlcPacket::decode(octets) else { return octets.to_vec() };
    change(&mut packet);
    packet.encode().unwrap_or_else(|_| octets.to_vec())
}

/// A packet that closes the session of this one and brings nothing.
pub(super) fn closing(octets: &[u8]) -> Vec<u8> {
    changed(octets, |packet| {
        let header = LctHeader::new(packet.header.tsi, None, packet.header.codepoint);
        packet.header = LctHeader { close_session: true, ..header };
        (packet.payload_id, packet.payload) = (None, Vec::new());
    })
}

/// The packet without flags that close.
pub(super) fn without_flags(octets: &[u8]) -> Vec<u8> {
    changed(octets, |packet| (packet.header.close_session, packet.header.close_object) = (false, false))
}

/// A packet like this one, of somebody else: with other octets, and without flags that close.
pub(super) fn shadow(octets: &[u8], of: Foreign) -> Vec<u8> {
    changed(octets, |packet| {
        (packet.header.close_session, packet.header.close_object) = (false, false);
        if of == Foreign::Session {
            // The same lengths of fields, so that nothing else tells it.
            packet.header.tsi ^= 1;
        }
        // A table stays one: whoever takes it for its own believes what follows.
        if packet.header.toi != Some(0) {
            packet.payload.iter_mut().for_each(|octet| *octet ^= 0x55);
        }
    })
}

/// A packet with a file table that lies; any other packet stays as it is.
pub(super) fn lying(octets: &[u8], lie: Lie) -> Vec<u8> {
    changed(octets, |packet| {
        let Some((version, _)) = packet.header.fdt_instance() else { return };
        let Ok(mut table) = Fdt::from_xml(&packet.payload) else { return };
        match lie {
            Lie::Larger => {
                if let Some(file) = table.files.last_mut() {
                    let larger = |length: Option<u64>| length.map(|length| length + MORE);
                    (file.content_length, file.transfer_length) =
                        (larger(file.content_length), larger(file.transfer_length));
                    file.content_md5 = None;
                }
            }
            Lie::WithoutPackage => {
                table.files.truncate(1);
                table.complete = false;
                for extension in &mut packet.header.extensions {
                    if let Extension::Fdt { instance, .. } = extension {
                        // It came before the one that names all; and none has two contents.
                        *instance = instance.wrapping_sub(1) & 0xF_FFFF;
                    }
                }
            }
            Lie::WithoutDigest => table.files.iter_mut().for_each(|file| file.content_md5 = None),
        }
        packet.payload = table.to_xml(if version == 1 { FluteVersion::V1 } else { FluteVersion::V2 });
        restate_length(packet);
    })
}

/// Makes EXT_FTI of a table packet say how long the table is.
fn restate_length(packet: &mut AlcPacket) {
    let Ok(Some(FecOti::NoCode { symbol_length, max_block_length, .. })) = packet.fec_oti() else { return };
    let length = packet.payload.len();
    let symbol_length = symbol_length.max(u16::try_from(length).unwrap_or(u16::MAX));
    let oti = FecOti::NoCode { transfer_length: length as u64, symbol_length, max_block_length };
    let Ok(content) = oti.encode() else { return };
    for extension in &mut packet.header.extensions {
        if let Extension::Fti(said) = extension {
            said.clone_from(&content);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::delivery::{OutgoingObject, Sender, SessionPlan};
    use crate::spec::{Timestamp, Tsi};

    /// The first table and the first symbol after it.
    fn packets() -> [Vec<u8>; 2] {
        let now = Timestamp::from_millis(1_800_000_000_000);
        let plan = SessionPlan { expires_after: Duration::from_secs(60), ..SessionPlan::new(Tsi::new(7).unwrap()) };
        let object = |name: &str| OutgoingObject {
            location: format!("http://sp.example/{name}"),
            content_type: "application/octet-stream".into(),
            octets: Arc::from(vec![7; 2500]),
        };
        let mut sender = Sender::new(plan, vec![object("command.xml"), object("package.bin")], now).unwrap();
        std::array::from_fn(|_| sender.next_packet(now).unwrap())
    }

    fn table(octets: &[u8]) -> (Fdt, FecOti) {
        let packet = AlcPacket::decode(octets).unwrap();
        (Fdt::from_xml(&packet.payload).unwrap(), packet.fec_oti().unwrap().unwrap())
    }

    #[test]
    fn a_table_that_lies_is_a_table_all_the_same() {
        let [packet, symbol] = packets();

        let (larger, oti) = table(&lying(&packet, Lie::Larger));
        let (shorter, _) = table(&lying(&packet, Lie::WithoutPackage));
        let (bare, _) = table(&lying(&packet, Lie::WithoutDigest));

        assert_eq!(larger.files[1].transfer_length, Some(3500));
        assert_eq!(
            oti.transfer_length(),
            AlcPacket::decode(&lying(&packet, Lie::Larger)).unwrap().payload.len() as u64
        );
        assert_eq!((shorter.files.len(), shorter.complete), (1, false));
        assert!(bare.files.iter().all(|file| file.content_md5.is_none()));
        assert_eq!(lying(&symbol, Lie::Larger), symbol);
    }

    #[test]
    fn foreign_packets_differ_in_what_makes_them_foreign() {
        let [packet, symbol] = packets();

        let foreign = AlcPacket::decode(&shadow(&packet, Foreign::Session)).unwrap();
        let spoilt = AlcPacket::decode(&shadow(&symbol, Foreign::Source)).unwrap();
        let own = AlcPacket::decode(&symbol).unwrap();

        assert_eq!((foreign.header.tsi, foreign.header.toi), (6, Some(0)));
        assert_eq!((spoilt.header.tsi, spoilt.payload_id), (7, own.payload_id));
        assert_ne!(spoilt.payload, own.payload);
    }

    #[test]
    fn a_closing_packet_closes_the_session_of_the_one_that_it_replaces() {
        let [_, symbol] = packets();

        let packet = AlcPacket::decode(&closing(&symbol)).unwrap();

        assert_eq!((packet.header.tsi, packet.header.close_session), (7, true));
        assert!(packet.payload.is_empty());
    }
}
