//! What the air does to the packets for one Device: pass, drop, damage; by kind, number or chance.

use std::collections::HashMap;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::wire::alc::{AlcPacket, PayloadId};
use crate::wire::fdt::Fdt;

/// How often in a row chance hits one symbol, or the table.
const MOST_IN_A_ROW: u32 = 2;

/// A kind of datagram, by meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PacketKind {
    /// A File Delivery Table.
    Table,
    /// A symbol of the object whose Content-Location ends like this.
    SymbolOf(String),
    /// Anything on the delivery channel.
    Delivery,
}

/// Which of the matching packets are meant.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Which {
    /// All.
    All,
    /// The n-th match, counted from one.
    Number(u32),
    /// Each with this probability, drawn from the scenario's seed; but none more than [`MOST_IN_A_ROW`] times in a row, so
    /// that no draw takes a symbol out of every cycle.
    Chance(f64),
}

/// What happens to a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It does not arrive.
    Drop,
    /// It arrives with one bit of its payload wrong.
    FlipBit,
}

/// One rule of a plan.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct AirRule {
    /// The kind of packet.
    pub kind: PacketKind,
    /// Which of them.
    pub which: Which,
    /// What happens to it.
    pub fate: Fate,
}

/// The plan for one Device: rules in order, the first that applies decides.
#[derive(Debug)]
pub(super) struct AirPlan {
    rules: Vec<(AirRule, u32)>,
    /// How often in a row chance has hit each packet of the carousel.
    hits: HashMap<Meaning, u32>,
    random: ChaCha8Rng,
}

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

impl Meaning {
    /// What a datagram on the delivery channel is; `tables` are those seen so far, newest last.
    pub(super) fn of_delivery(octets: &[u8], tables: &[Fdt]) -> Self {
        let Ok(packet) = AlcPacket::decode(octets) else { return Self::Unknown };
        match packet.header.toi {
            _ if packet.payload.is_empty() && packet.header.close_session => Self::Close,
            Some(0) => Self::Table,
            Some(toi) => {
                let file = tables.iter().rev().flat_map(|table| &table.files).find(|file| file.toi == toi);
                Self::Symbol { location: file.map(|file| file.location.clone()), toi, id: packet.payload_id }
            }
            None => Self::Unknown,
        }
    }
}

impl PacketKind {
    fn covers(&self, meaning: &Meaning) -> bool {
        match (self, meaning) {
            (Self::Table, Meaning::Table) => true,
            (Self::SymbolOf(end), Meaning::Symbol { location: Some(location), .. }) => location.ends_with(end.as_str()),
            (Self::Delivery, meaning) => *meaning != Meaning::Notification,
            _ => false,
        }
    }
}

impl AirPlan {
    /// A plan whose chances are drawn from `seed`.
    pub(super) fn new(rules: Vec<AirRule>, seed: u64) -> Self {
        Self {
            rules: rules.into_iter().map(|rule| (rule, 0)).collect(),
            hits: HashMap::new(),
            random: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    /// The seed of the n-th Device's plan, counted from one, in a scenario with this seed.
    pub(super) fn seed(scenario: u64, number: u64) -> u64 {
        scenario.wrapping_add(number)
    }

    /// Lets everything pass from now on: what follows is the harness's own measurement.
    pub(crate) fn lift(&mut self) {
        self.rules.clear();
    }

    /// What happens to the next datagram; `None` lets it pass.
    pub(super) fn decide(&mut self, meaning: &Meaning) -> Option<Fate> {
        for (rule, matches) in &mut self.rules {
            if !rule.kind.covers(meaning) {
                continue;
            }
            *matches += 1;
            let applies = match rule.which {
                Which::All => true,
                Which::Number(number) => *matches == number,
                Which::Chance(chance) => {
                    let hits = self.hits.entry(meaning.clone()).or_default();
                    let hit = self.random.random_bool(chance.clamp(0.0, 1.0)) && *hits < MOST_IN_A_ROW;
                    *hits = if hit { *hits + 1 } else { 0 };
                    hit
                }
            };
            if applies {
                return Some(rule.fate);
            }
        }
        None
    }
}

/// The datagram with one bit of its last octet wrong, which is payload in every packet that carries any.
pub(super) fn with_wrong_bit(octets: &[u8]) -> Vec<u8> {
    let mut damaged = octets.to_vec();
    if let Some(last) = damaged.last_mut() {
        *last ^= 1;
    }
    damaged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbol() -> Meaning {
        let location = Some("http://sp.example/spring-patch/package.bin".into());
        Meaning::Symbol { location, toi: 2, id: None }
    }

    fn rule(which: Which) -> AirRule {
        AirRule { kind: PacketKind::SymbolOf("package.bin".into()), which, fate: Fate::Drop }
    }

    #[test]
    fn a_numbered_rule_hits_exactly_that_match() {
        let mut plan = AirPlan::new(vec![rule(Which::Number(2))], 1);

        let fates: Vec<_> = (0..4).map(|_| plan.decide(&symbol())).collect();

        assert_eq!(fates, [None, Some(Fate::Drop), None, None]);
    }

    #[test]
    fn other_kinds_pass_and_are_not_counted() {
        let mut plan = AirPlan::new(vec![rule(Which::Number(1))], 1);

        assert_eq!(plan.decide(&Meaning::Table), None);
        assert_eq!(plan.decide(&symbol()), Some(Fate::Drop));
    }

    #[test]
    fn chance_takes_no_symbol_more_than_twice_in_a_row() {
        let mut plan = AirPlan::new(vec![rule(Which::Chance(1.0))], 1);

        let fates: Vec<_> = (0..6).map(|_| plan.decide(&symbol())).collect();

        let lost = Some(Fate::Drop);
        assert_eq!(fates, [lost, lost, None, lost, lost, None]);
    }

    #[test]
    fn chance_is_repeatable_by_its_seed() {
        let fates = |seed| {
            let mut plan = AirPlan::new(vec![rule(Which::Chance(0.5))], seed);
            (0..64).map(|_| plan.decide(&symbol())).collect::<Vec<_>>()
        };

        assert_eq!(fates(7), fates(7));
        assert_ne!(fates(7), fates(8));
    }
}
