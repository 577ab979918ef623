//! How a provider writes its packets and answers: what the standing checks convict, whatever a scenario is about.

use std::cell::Cell;

use crate::provider;
use crate::wire::alc::{AlcPacket, FecOti, NO_CODE, PayloadId, SMALL_BLOCK};
use crate::wire::lct::Extension;
use crate::wire::syncml::{Command, Message};

use super::{ConductOf, Deviation};

macro_rules! packets {
    ($name:literal, $description:literal, $check:literal, $change:expr) => {
        Deviation {
            name: $name,
            description: $description,
            requirements: &["FU-P-1"],
            caught_by: $check,
            conduct: ConductOf::Provider(|| Box::new(Repacks::new($change))),
        }
    };
}

pub(super) static DEVIATIONS: &[Deviation] = &[
    packets!(
        "provider.sets-reserved-bits",
        "Sets a reserved bit of an LCT header (X-FLUTE-01).",
        "standing.x-flute-01",
        |packet, seen| packet.header.reserved = u8::from(seen.is_the_third())
    ),
    Deviation {
        name: "provider.miscounts-its-header",
        description: "Counts an LCT header without its TSI and TOI (X-FLUTE-02).",
        requirements: &["FU-P-1"],
        caught_by: "standing.x-flute-02",
        conduct: ConductOf::Provider(|| Box::new(MiscountsItsHeader::default())),
    },
    Deviation {
        name: "provider.miscounts-an-extension",
        description: "Counts EXT_FTI of a repeated file table one word too long (X-FLUTE-04).",
        requirements: &["FU-P-1"],
        caught_by: "standing.x-flute-04",
        conduct: ConductOf::Provider(|| Box::new(MiscountsAnExtension)),
    },
    packets!(
        "provider.sends-another-session",
        "Sends a packet under a TSI that nothing announced (X-FLUTE-03).",
        "standing.x-flute-03",
        |packet, seen| {
            if seen.is_the_third() {
                packet.header.tsi += 1;
            }
        }
    ),
    packets!(
        "provider.names-another-scheme",
        "Gives a symbol the codepoint of another FEC scheme than its object has (X-FLUTE-05).",
        "standing.x-flute-05",
        |packet, seen| {
            if let (true, Some(PayloadId::NoCode { block, symbol })) = (seen.is_the_third(), packet.payload_id) {
                packet.header.codepoint = SMALL_BLOCK;
                packet.payload_id = Some(PayloadId::SmallBlock { block: block.into(), block_length: 1, symbol });
            }
        }
    ),
    packets!(
        "provider.forgets-ext-fdt",
        "Repeats a file table without EXT_FDT (X-FLUTE-06).",
        "standing.x-flute-06",
        |packet, seen| {
            if seen.is_repeated_table() {
                packet.header.extensions.retain(|extension| !matches!(extension, Extension::Fdt { .. }));
            }
        }
    ),
    packets!(
        "provider.changes-the-flute-version",
        "Repeats a file table in the other version of FLUTE (X-FLUTE-06).",
        "standing.x-flute-06",
        |packet, seen| {
            for extension in &mut packet.header.extensions {
                if let (true, Extension::Fdt { version, .. }) = (seen.is_repeated_table(), extension) {
                    *version = 1;
                }
            }
        }
    ),
    packets!(
        "provider.skips-instances",
        "Gives a repeated file table the FDT Instance ID after the next (X-FLUTE-07).",
        "standing.x-flute-07",
        |packet, seen| {
            if seen.is_repeated_table() {
                raise_instance(packet, 2);
            }
        }
    ),
    packets!(
        "provider.rewrites-an-instance",
        "Sends other octets under the same FDT Instance ID (X-FLUTE-08).",
        "standing.x-flute-08",
        |packet, seen| {
            if seen.is_repeated_table() {
                rewrite(packet, |table| format!("{table}\n"));
            }
        }
    ),
    packets!(
        "provider.gives-no-expiry",
        "Repeats a file table without Expires (X-FLUTE-09).",
        "standing.x-flute-09",
        |packet, seen| {
            if seen.is_repeated_table() {
                raise_instance(packet, 1);
                rewrite(packet, |table| table.replace(" Expires=", " Expired="));
            }
        }
    ),
    packets!(
        "provider.describes-an-object-twice",
        "Repeats a file table with the same TOI in two Files (X-FLUTE-10).",
        "standing.x-flute-10",
        |packet, seen| {
            if seen.is_repeated_table() {
                raise_instance(packet, 1);
                rewrite(packet, |table| table.replace(" TOI=\"2\"", " TOI=\"1\""));
            }
        }
    ),
    packets!(
        "provider.gives-the-wrong-length",
        "Gives another Content-Length than a package has (X-FLUTE-11).",
        "standing.x-flute-11",
        |packet, seen| {
            if seen.is_table() {
                rewrite(packet, |table| match table.split_once(" TOI=\"2\"") {
                    Some((before, package)) => {
                        let package = package.replace(" Content-Length=\"", " Content-Length=\"1");
                        format!("{before} TOI=\"2\"{package}")
                    }
                    None => table.to_owned(),
                });
            }
        }
    ),
    packets!(
        "provider.contradicts-itself",
        "Says in EXT_FTI of a last packet that blocks are longer than its table says (X-FLUTE-12).",
        "standing.x-flute-12",
        |packet, seen| {
            if packet.header.close_object && !seen.is_table() {
                packet.header.extensions.retain(|extension| !matches!(extension, Extension::Fti(_)));
                let oti = FecOti::NoCode { transfer_length: 9600, symbol_length: 1024, max_block_length: 4096 };
                packet.header.extensions.extend(oti.encode().ok().map(Extension::Fti));
            }
        }
    ),
    packets!(
        "provider.names-no-encoding",
        "Repeats a file table with EXT_CENC, though it is not encoded (X-FLUTE-13).",
        "standing.x-flute-13",
        |packet, seen| {
            if seen.is_repeated_table() {
                packet.header.extensions.push(Extension::Cenc { encoding: 0, reserved: 0 });
            }
        }
    ),
    packets!(
        "provider.opens-a-session-again",
        "Sends on after a packet that closed the session (X-FLUTE-14).",
        "standing.x-flute-14",
        |packet, seen| packet.header.close_session |= seen.is_repeated_table()
    ),
    packets!(
        "provider.closes-objects-in-each-cycle",
        "Closes each object at the end of each cycle, and sends it again in the next (X-FLUTE-15).",
        "standing.x-flute-15",
        |packet, seen| packet.header.close_object |= !seen.is_table() && packet.payload.len() % 1024 != 0
    ),
    packets!(
        "provider.closes-with-data",
        "Puts octets into the packets that close the session (X-FLUTE-16).",
        "standing.x-flute-16",
        |packet, _| {
            if packet.payload_id.is_none() {
                packet.payload_id = Some(PayloadId::NoCode { block: 0, symbol: 0 });
                packet.payload = b"the end".to_vec();
            }
        }
    ),
    packets!(
        "provider.counts-blocks-from-one",
        "Gives the last packet of an object a block that the object does not have (X-FLUTE-17).",
        "standing.x-flute-17",
        |packet, _| {
            if let (true, Some(PayloadId::NoCode { block, symbol })) = (packet.header.close_object, packet.payload_id) {
                packet.payload_id = Some(PayloadId::NoCode { block: block + 1, symbol });
            }
        }
    ),
    packets!(
        "provider.pads-the-last-symbol",
        "Pads the last symbol of an object to the length of the others (X-FLUTE-18).",
        "standing.x-flute-18",
        |packet, _| {
            if packet.header.close_object {
                packet.payload.resize(1024, 0);
            }
        }
    ),
    packets!(
        "provider.sends-what-no-table-names",
        "Sends a symbol of an object that no file table names (X-FLUTE-19).",
        "standing.x-flute-19",
        |packet, seen| {
            if seen.is_the_third() {
                packet.header.toi = Some(99);
            }
        }
    ),
    packets!(
        "provider.adds-to-what-is-complete",
        "Adds a file after an FDT Instance with Complete (X-FLUTE-20).",
        "standing.x-flute-20",
        |packet, seen| {
            if seen.is_repeated_table() {
                raise_instance(packet, 1);
                rewrite(packet, |table| table.replace("</FDT", "<File TOI=\"77\" Content-Location=\"more\"/>\n</FDT"));
            }
        }
    ),
    Deviation {
        name: "provider.takes-a-missing-credential-for-a-wrong-one",
        description: "Answers a missing credential by 401 (X-DM-09).",
        requirements: &["FU-P-2"],
        caught_by: "standing.x-dm-09",
        conduct: ConductOf::Provider(|| Box::new(Answers401)),
    },
];

/// Where a packet stands among all that the provider has sent.
#[derive(Debug, Clone, Copy)]
struct Seen {
    packet: u32,
    table: Option<u32>,
}

impl Seen {
    /// Whether it is the third packet, which is a symbol: a mistake that the next cycle makes good.
    fn is_the_third(self) -> bool {
        self.packet == 3
    }

    fn is_table(self) -> bool {
        self.table.is_some()
    }

    /// Whether it is the second of two tables of one campaign.
    fn is_repeated_table(self) -> bool {
        self.table.is_some_and(|table| table % 2 == 0)
    }
}

/// A provider that changes packets before they are sent.
#[derive(Debug)]
struct Repacks {
    change: fn(&mut AlcPacket, Seen),
    packets: Cell<u32>,
    tables: Cell<u32>,
}

impl Repacks {
    fn new(change: fn(&mut AlcPacket, Seen)) -> Self {
        Self { change, packets: Cell::new(0), tables: Cell::new(0) }
    }
}

impl provider::Conduct for Repacks {
    fn delivers(&self, datagram: Vec<u8>, _: u32, _: usize) -> Vec<Vec<u8>> {
        let Ok(mut packet) = AlcPacket::decode(&datagram) else { return vec![datagram] };
        self.packets.set(self.packets.get() + 1);
        let is_table = packet.header.fdt_instance().is_some();
        self.tables.set(self.tables.get() + u32::from(is_table));
        let seen = Seen { packet: self.packets.get(), table: is_table.then(|| self.tables.get()) };
        (self.change)(&mut packet, seen);
        vec![packet.encode().unwrap_or(datagram)]
    }
}

/// Counts the header of its third packet without TSI and TOI.
#[derive(Debug, Default)]
struct MiscountsItsHeader(Cell<u32>);

impl provider::Conduct for MiscountsItsHeader {
    fn delivers(&self, mut datagram: Vec<u8>, _: u32, _: usize) -> Vec<Vec<u8>> {
        self.0.set(self.0.get() + 1);
        if let (3, Some(words)) = (self.0.get(), datagram.get_mut(2)) {
            *words = 2;
        }
        vec![datagram]
    }
}

broken_provider!(MiscountsAnExtension {
    fn delivers(&self, mut datagram: Vec<u8>, cycle: u32, _: usize) -> Vec<Vec<u8>> {
        let is_table = AlcPacket::decode(&datagram).is_ok_and(|packet| packet.header.fdt_instance().is_some());
        // It is the last extension, and four words long; its length follows its type.
        let end = datagram.get(2).map_or(0, |words| usize::from(*words) * 4);
        if let (true, 2.., Some(words)) = (is_table, cycle, datagram.get_mut(end.saturating_sub(15))) {
            *words += 1;
        }
        vec![datagram]
    }
});

broken_provider!(Answers401 {
    fn answers(&self, mut message: Message) -> Message {
        for command in &mut message.body {
            if let Command::Status(status) = command
                && status.code == 407
            {
                status.code = 401;
            }
        }
        message
    }
});

fn raise_instance(packet: &mut AlcPacket, by: u32) {
    for extension in &mut packet.header.extensions {
        if let Extension::Fdt { instance, .. } = extension {
            *instance += by;
        }
    }
}

/// Changes the document of a table, and what EXT_FTI says of its length.
fn rewrite(packet: &mut AlcPacket, change: impl Fn(&str) -> String) {
    let Ok(table) = std::str::from_utf8(&packet.payload) else { return };
    packet.payload = change(table).into_bytes();
    let transfer_length = packet.payload.len() as u64;
    let symbol_length = u16::try_from(packet.payload.len()).unwrap_or(u16::MAX);
    let oti = FecOti::NoCode { transfer_length, symbol_length, max_block_length: 64 };
    debug_assert_eq!(packet.header.codepoint, NO_CODE);
    for extension in &mut packet.header.extensions {
        if let (Extension::Fti(octets), Ok(said)) = (extension, oti.encode()) {
            *octets = said;
        }
    }
}
