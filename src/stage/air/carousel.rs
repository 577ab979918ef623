//! What the datagrams of a carousel are, by meaning: what they bring, and in which cycle.

use std::collections::{BTreeMap, BTreeSet};

use crate::wire::alc::{AlcPacket, PayloadId};
use crate::wire::fdt::Fdt;

/// File Delivery Tables that the air remembers to tell objects by name.
const MOST_TABLES: usize = 64;
/// Sessions whose cycles are counted; of more the oldest by number is forgotten.
const MOST_SESSIONS: usize = 64;

/// What a datagram is, as far as the air needs to know.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Meaning {
    /// A notification.
    Notification,
    /// A File Delivery Table.
    Table,
    /// A symbol.
    Symbol {
        /// The Content-Location of its object, if the table has named it.
        location: Option<String>,
        /// The object.
        toi: u128,
        /// Which symbol of the object.
        id: Option<PayloadId>,
    },
    /// A packet that closes the session and brings nothing.
    Close,
    /// Octets that are no ALC packet.
    Unknown,
}

/// A datagram of the sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heard {
    /// What it is.
    pub meaning: Meaning,
    /// The cycle of the carousel that it belongs to, counted from one; zero outside of any.
    pub cycle: u32,
    /// Whether it is the first of its session that closes it.
    pub ends: bool,
}

impl Heard {
    /// A datagram outside of any session.
    pub(super) fn alone(meaning: Meaning) -> Self {
        Self { meaning, cycle: 0, ends: false }
    }
}

/// The sessions on one channel, as far as they have been heard.
///
/// A cycle is over when every symbol of every file of its table has been on the air once, or when one comes again.
#[derive(Debug, Default)]
pub(super) struct Carousel {
    tables: Vec<Fdt>,
    sessions: BTreeMap<u64, Cycle>,
}

#[derive(Debug, Default)]
struct Cycle {
    number: u32,
    symbols: BTreeSet<(u128, u32, u32)>,
    /// How many symbols the files of the latest table have.
    whole: usize,
    /// Whether a packet has closed the session.
    is_closed: bool,
}

impl Carousel {
    /// What a datagram is.
    pub(super) fn hear(&mut self, octets: &[u8]) -> Heard {
        let Ok(packet) = AlcPacket::decode(octets) else { return Heard::alone(Meaning::Unknown) };
        let meaning = self.meaning(&packet);
        if self.sessions.len() > MOST_SESSIONS {
            self.sessions.pop_first();
        }
        let cycle = self.sessions.entry(packet.header.tsi).or_default();
        match (&meaning, packet.payload_id) {
            (Meaning::Table, _) => {
                cycle.begin(cycle.symbols.len() >= cycle.whole.max(1) || cycle.number == 0);
                if let Ok(table) = Fdt::from_xml(&packet.payload) {
                    cycle.whole = table.files.iter().map(symbols_of).sum();
                    remember(&mut self.tables, table);
                }
            }
            (Meaning::Symbol { toi, .. }, Some(id)) => {
                let symbol = (*toi, id.block(), id.symbol());
                cycle.begin(cycle.number == 0 || cycle.symbols.contains(&symbol));
                cycle.symbols.insert(symbol);
            }
            _ => {}
        }
        let ends = packet.header.close_session && !cycle.is_closed;
        cycle.is_closed |= ends;
        Heard { meaning, cycle: cycle.number, ends }
    }

    fn meaning(&self, packet: &AlcPacket) -> Meaning {
        match packet.header.toi {
            _ if packet.payload.is_empty() && packet.header.close_session => Meaning::Close,
            Some(0) => Meaning::Table,
            Some(toi) => {
                let file = self.tables.iter().rev().flat_map(|table| &table.files).find(|file| file.toi == toi);
                Meaning::Symbol { location: file.map(|file| file.location.clone()), toi, id: packet.payload_id }
            }
            None => Meaning::Unknown,
        }
    }
}

fn remember(tables: &mut Vec<Fdt>, table: Fdt) {
    // The newest comes last, also one that comes again.
    tables.retain(|known| *known != table);
    if tables.len() == MOST_TABLES {
        tables.remove(0);
    }
    tables.push(table);
}

impl Cycle {
    /// Begins the next cycle, if it begins.
    fn begin(&mut self, begins: bool) {
        if begins {
            self.number += 1;
            self.symbols.clear();
        }
    }
}

fn symbols_of(file: &crate::wire::fdt::FdtFile) -> usize {
    let oti = file.object_length().and_then(|length| file.fec.oti(length));
    let symbols = oti.and_then(|oti| oti.partition()).map_or(0, |partition| partition.symbols());
    usize::try_from(symbols).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::delivery::{OutgoingObject, Sender, SessionPlan};
    use crate::spec::{Timestamp, Tsi};

    #[test]
    fn cycles_are_counted_from_table_to_table() {
        let now = Timestamp::from_millis(1_800_000_000_000);
        let plan = SessionPlan {
            repetitions: 3,
            expires_after: Duration::from_secs(60),
            ..SessionPlan::new(Tsi::new(7).unwrap())
        };
        let object = |name: &str, octets: usize| OutgoingObject {
            location: format!("http://sp.example/{name}"),
            content_type: "application/octet-stream".into(),
            octets: Arc::from(vec![7; octets]),
        };
        let objects = vec![object("command.xml", 500), object("package.bin", 2500)];
        let mut sender = Sender::new(plan, objects, now).unwrap();
        let mut carousel = Carousel::default();

        let mut heard: Vec<Heard> = Vec::new();
        while let Some(packet) = sender.next_packet(now) {
            heard.push(carousel.hear(&packet));
        }

        let tables: Vec<u32> =
            heard.iter().filter(|heard| heard.meaning == Meaning::Table).map(|heard| heard.cycle).collect();
        assert_eq!(tables, [1, 2, 3]);
        let of_package = |heard: &&Heard| matches!(&heard.meaning, Meaning::Symbol { location: Some(location), .. } if location.ends_with("package.bin"));
        let symbols: Vec<u32> = heard.iter().filter(of_package).map(|heard| heard.cycle).collect();
        assert_eq!(symbols, [1, 1, 1, 2, 2, 2, 3, 3, 3]);
        assert_eq!(heard.last().map(|heard| &heard.meaning), Some(&Meaning::Close));
        assert_eq!(heard.iter().filter(|heard| heard.ends).count(), 1);
    }
}
