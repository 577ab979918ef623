//! The octets of a delivery, packet by packet: LCT, ALC, file table.

use crate::spec::{Timestamp, Tsi};
use crate::wire::alc::{AlcPacket, FecOti, NO_CODE, Partition, PayloadId};
use crate::wire::fdt::{Fdt, FdtFile, FecAttributes, FluteVersion};
use crate::wire::lct::{Extension, LctHeader};

use super::{Flaw, bomb};

/// Octets of a symbol.
const SYMBOL: u16 = 1024;
/// Symbols of a block.
const BLOCK: u32 = 64;
/// Packets that close the session.
const CLOSING: usize = 3;
/// Symbols of an object without end: as far as the sender's patience goes.
const ENDLESS: u16 = 60;
/// Octets that an object without end says it has.
const TERABYTE: u64 = 1 << 40;
/// Runs of a bomb that fits the packet of a file table.
const TABLE_RUNS: usize = 300;

/// An object as it is sent.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub location: String,
    pub content_type: &'static str,
    pub octets: Vec<u8>,
}

/// A session: the Command as TOI 1, the package as TOI 2.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub version: FluteVersion,
    pub tsi: Tsi,
    pub expires: Timestamp,
    pub objects: Vec<Sent>,
    pub flaw: Flaw,
}

impl Session {
    /// The packets of one cycle of the carousel; the last one closes the session.
    pub(super) fn cycle(&self, is_last: bool) -> Vec<Vec<u8>> {
        let mut packets = vec![self.table_packet()];
        for (object, toi) in self.objects.iter().zip(1..) {
            packets.extend(self.symbols(object, toi, is_last));
        }
        let is_endless = self.flaw == Flaw::EndlessPackage;
        if is_last && !is_endless {
            let mut header = LctHeader::new(self.tsi.get(), None, NO_CODE);
            header.close_session = true;
            packets.extend(std::iter::repeat_n(packet(header, None, &[]), CLOSING));
        }
        for packet in &mut packets {
            match self.flaw {
                Flaw::LctVersion => packet[0] = 0x20 | packet[0] & 0x0F,
                Flaw::CutLct => packet.truncate(6),
                _ => {}
            }
        }
        packets
    }

    fn symbols(&self, object: &Sent, toi: u128, is_last_cycle: bool) -> Vec<Vec<u8>> {
        let mut octets = object.octets.clone();
        let is_endless = self.flaw == Flaw::EndlessPackage && toi == 2;
        if is_endless {
            octets.resize(usize::from(ENDLESS) * usize::from(SYMBOL), 0xEE);
        }
        let symbols: Vec<&[u8]> = octets.chunks(SYMBOL.into()).collect();
        let count = symbols.len();
        let oti = oti(octets.len() as u64);
        let partition = oti.partition().expect("the object is not empty");
        let mut packets = Vec::new();
        for (index, symbol) in symbols.into_iter().enumerate() {
            let mut header = LctHeader::new(self.tsi.get(), Some(toi), NO_CODE);
            header.close_object = is_last_cycle && index + 1 == count && !is_endless;
            let (block, symbol_id) = place(index as u64, &partition);
            packets.push(packet(header, Some(PayloadId::NoCode { block, symbol: symbol_id }), symbol));
        }
        packets
    }

    fn table_packet(&self) -> Vec<u8> {
        let document = self.table();
        let mut header = LctHeader::new(self.tsi.get(), Some(0), NO_CODE);
        header.extensions.push(Extension::Fdt { version: self.version.number(), instance: 1 });
        if matches!(self.flaw, Flaw::EncodedTable | Flaw::TableBomb) {
            header.extensions.push(Extension::Cenc { encoding: 1, reserved: 0 });
        }
        let oti = FecOti::NoCode {
            transfer_length: document.len() as u64,
            symbol_length: u16::try_from(document.len()).expect("a table of two files is short"),
            max_block_length: BLOCK,
        };
        header.extensions.push(Extension::Fti(oti.encode().expect("a table is short")));
        packet(header, Some(PayloadId::NoCode { block: 0, symbol: 0 }), &document)
    }

    /// The file table as it is sent.
    pub(super) fn table(&self) -> Vec<u8> {
        let files = self.objects.iter().zip(1..).map(|(object, toi)| self.file(object, toi)).collect();
        let table = Fdt { expires: Fdt::expires_field(self.expires), complete: true, files };
        let document = String::from_utf8(table.to_xml(self.version)).expect("XML is UTF-8");
        let document = match self.flaw {
            Flaw::TableNotXml => r#"{"files": [{"toi": 1}, {"toi": 2}]}"#.to_owned(),
            Flaw::TableWithoutExpires => document.replace(&format!(" Expires=\"{}\"", table.expires), ""),
            Flaw::TableWithDoubledToi => document.replace("TOI=\"2\"", "TOI=\"1\""),
            _ => document,
        };
        match self.flaw {
            Flaw::TableBomb => bomb::zlib(document.as_bytes(), TABLE_RUNS),
            _ => document.into_bytes(),
        }
    }

    fn file(&self, object: &Sent, toi: u128) -> FdtFile {
        let is_package = toi == 2;
        let length = object.octets.len() as u64;
        let mut file = FdtFile {
            toi,
            location: object.location.clone(),
            content_length: Some(length),
            transfer_length: Some(length),
            content_type: Some(object.content_type.to_owned()),
            fec: FecAttributes::from(oti(length)),
            ..FdtFile::default()
        };
        match self.flaw {
            Flaw::WrongFecAttributes => file.fec.symbol_length = Some(64),
            Flaw::EncodedPackage if is_package => file.content_encoding = Some("gzip".into()),
            Flaw::PackageBomb if is_package => {
                file.content_encoding = Some("zlib".into());
                file.content_length = None;
            }
            Flaw::EndlessPackage if is_package => {
                (file.content_length, file.transfer_length) = (Some(TERABYTE), Some(TERABYTE));
            }
            _ => {}
        }
        file
    }
}

fn oti(transfer_length: u64) -> FecOti {
    FecOti::NoCode { transfer_length, symbol_length: SYMBOL, max_block_length: BLOCK }
}

/// Block and number of the symbol `index` of an object.
fn place(index: u64, partition: &Partition) -> (u16, u16) {
    let holds = |block: u64| {
        let (length, before) = partition.block(block)?;
        (before..before + length).contains(&index).then(|| (block, index - before))
    };
    let (block, symbol) = (0..partition.blocks).find_map(holds).expect("the blocks hold every symbol");
    let in_16 = |number: u64| u16::try_from(number).expect("the objects of a hostile sender are small");
    (in_16(block), in_16(symbol))
}

fn packet(header: LctHeader, payload_id: Option<PayloadId>, payload: &[u8]) -> Vec<u8> {
    AlcPacket { header, payload_id, payload: payload.to_vec() }
        .encode()
        .expect("identifiers are bounded by their types")
}
