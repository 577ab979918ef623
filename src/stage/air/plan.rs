//! What the air does to the packets for one Device: by kind, number, cycle or chance.

use std::collections::HashMap;
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::carousel::{Heard, Meaning};
use super::distortion::{Foreign, Lie};

/// How often in a row chance hits one symbol, or the table.
const MOST_IN_A_ROW: u32 = 2;

/// A kind of datagram, by meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::stage) enum PacketKind {
    /// A File Delivery Table.
    Table,
    /// A symbol of this object.
    SymbolOf(DeliveredFile),
    /// A packet that closes the session and brings nothing.
    Closing,
    /// Anything on the delivery channel.
    Delivery,
    /// Anything.
    Any,
}

/// A file of a delivery, known by the end of its Content-Location.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::stage) enum DeliveredFile {
    /// The Command.
    Command,
    /// The package.
    Package,
}

impl DeliveredFile {
    fn is_at(self, location: &str) -> bool {
        location.ends_with(match self {
            Self::Command => "command.xml",
            Self::Package => "package.bin",
        })
    }
}

/// Which of the matching packets are meant.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::stage) enum Which {
    /// All.
    All,
    /// The n-th match, counted from one.
    Number(u32),
    /// Every match from the n-th on.
    From(u32),
    /// Every n-th match.
    Every(u32),
    /// All of this cycle.
    InCycle(u32),
    /// All before this cycle.
    Before(u32),
    /// The symbol with this number, in every cycle.
    Symbol(u32),
    /// The symbol with this number, in this cycle.
    SymbolIn(u32, u32),
    /// The odd symbols of odd cycles and the even symbols of even cycles.
    ByTurns,
    /// Each with this probability, drawn from the scenario's seed; but none more than [`MOST_IN_A_ROW`] times in a row, so
    /// that no draw takes a symbol out of every cycle.
    Chance(f64),
    /// With this probability a run of so many, with the same limit.
    Bursts(f64, u32),
}

/// What happens to a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::stage) enum Fate {
    /// It does not arrive.
    Drop,
    /// It arrives with one bit of its payload wrong.
    FlipBit,
    /// It arrives twice.
    Twice,
    /// It arrives so much later.
    Late(Duration),
    /// It arrives after so many packets that were sent after it.
    Behind(u32),
    /// A packet that closes the session arrives in its place.
    Closes,
    /// It arrives without any flag that closes; and when the session is over, its symbols go on.
    NeverCloses,
    /// It arrives behind a packet like it, of somebody else, with other octets.
    Shadowed(Foreign),
    /// It arrives, if it is a table, with something else in it.
    Lies(Lie),
}

/// One rule of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::stage) struct AirRule {
    /// The kind of packet.
    pub kind: PacketKind,
    /// Which of them.
    pub which: Which,
    /// What happens to it.
    pub fate: Fate,
}

/// The plan for one Device: rules in order, the first that applies decides.
#[derive(Debug)]
pub(in crate::stage) struct AirPlan {
    rules: Vec<(AirRule, u32)>,
    /// How often in a row chance has hit each packet of the carousel.
    hits: HashMap<Meaning, u32>,
    /// How many packets are left of a burst.
    burst: u32,
    random: ChaCha8Rng,
}

impl PacketKind {
    fn covers(self, meaning: &Meaning) -> bool {
        match (self, meaning) {
            (Self::Table, Meaning::Table) | (Self::Closing, Meaning::Close) | (Self::Any, _) => true,
            (Self::SymbolOf(file), Meaning::Symbol { location: Some(location), .. }) => file.is_at(location),
            (Self::Delivery, meaning) => *meaning != Meaning::Notification,
            _ => false,
        }
    }
}

/// The number of a symbol in its block.
fn symbol_of(meaning: &Meaning) -> Option<u32> {
    match meaning {
        Meaning::Symbol { id: Some(id), .. } => Some(id.symbol()),
        _ => None,
    }
}

impl AirPlan {
    /// A plan whose chances are drawn from `seed`.
    pub(in crate::stage) fn new(rules: Vec<AirRule>, seed: u64) -> Self {
        Self {
            rules: rules.into_iter().map(|rule| (rule, 0)).collect(),
            hits: HashMap::new(),
            burst: 0,
            random: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    /// The seed of the n-th Device's plan, counted from one, in a scenario with this seed.
    pub(in crate::stage) fn seed(scenario: u64, number: u64) -> u64 {
        scenario.wrapping_add(number)
    }

    /// Whether a stranger sends beside the sender.
    pub(super) fn has_stranger(&self) -> bool {
        self.rules.iter().any(|(rule, _)| rule.fate == Fate::Shadowed(Foreign::Source))
    }

    /// Lets everything pass from now on: what follows is the harness's own measurement.
    pub(super) fn lift(&mut self) {
        self.rules.clear();
    }

    /// What happens to the next datagram; `None` lets it pass.
    pub(super) fn decide(&mut self, heard: &Heard) -> Option<Fate> {
        let Heard { meaning, cycle, .. } = heard;
        for (rule, matches) in &mut self.rules {
            if !rule.kind.covers(meaning) {
                continue;
            }
            *matches += 1;
            let symbol = symbol_of(meaning);
            let applies = match rule.which {
                Which::All => true,
                Which::Number(number) => *matches == number,
                Which::From(number) => *matches >= number,
                Which::Every(number) => matches.is_multiple_of(number),
                Which::InCycle(number) => *cycle == number,
                Which::Before(number) => *cycle < number,
                Which::Symbol(number) => symbol == Some(number),
                Which::SymbolIn(number, of) => symbol == Some(number) && *cycle == of,
                Which::ByTurns => symbol.is_some_and(|symbol| symbol % 2 == cycle % 2),
                Which::Chance(_) | Which::Bursts(..) => {
                    let hits = self.hits.entry(meaning.clone()).or_default();
                    if self.burst == 0 {
                        let (chance, length) = match rule.which {
                            Which::Bursts(chance, length) => (chance, length),
                            Which::Chance(chance) => (chance, 1),
                            _ => (0.0, 0),
                        };
                        self.burst = if self.random.random_bool(chance.clamp(0.0, 1.0)) { length } else { 0 };
                    }
                    let hit = self.burst > 0 && *hits < MOST_IN_A_ROW;
                    self.burst = self.burst.saturating_sub(1);
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

impl Fate {
    /// The fate in words, for the recording.
    pub(super) fn words(self) -> String {
        match self {
            Self::Drop => "dropped".into(),
            Self::FlipBit => "one bit wrong".into(),
            Self::Twice => "sent twice".into(),
            Self::Late(span) => format!("held back for {} ms", span.as_millis()),
            Self::Behind(count) => format!("held back behind {count} more"),
            Self::Closes => "a closing packet in its place".into(),
            Self::NeverCloses => "without flags that close".into(),
            Self::Shadowed(Foreign::Session) => "behind one of a foreign session".into(),
            Self::Shadowed(Foreign::Source) => "behind one of a foreign source".into(),
            Self::Lies(Lie::Larger) => "with a larger package in the table".into(),
            Self::Lies(Lie::WithoutPackage) => "without the package in the table".into(),
            Self::Lies(Lie::WithoutDigest) => "without digests in the table".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbol() -> Heard {
        let location = Some("http://sp.example/spring-patch/package.bin".into());
        Heard { meaning: Meaning::Symbol { location, toi: 2, id: None }, cycle: 1, ends: false }
    }

    fn rule(which: Which) -> AirRule {
        AirRule { kind: PacketKind::SymbolOf(DeliveredFile::Package), which, fate: Fate::Drop }
    }

    fn fates(which: Which, seed: u64, count: usize) -> Vec<Option<Fate>> {
        let mut plan = AirPlan::new(vec![rule(which)], seed);
        (0..count).map(|_| plan.decide(&symbol())).collect()
    }

    #[test]
    fn a_numbered_rule_hits_exactly_that_match() {
        assert_eq!(fates(Which::Number(2), 1, 4), [None, Some(Fate::Drop), None, None]);
        assert_eq!(fates(Which::From(3), 1, 4), [None, None, Some(Fate::Drop), Some(Fate::Drop)]);
        assert_eq!(fates(Which::Every(2), 1, 4), [None, Some(Fate::Drop), None, Some(Fate::Drop)]);
    }

    #[test]
    fn other_kinds_pass_and_are_not_counted() {
        let mut plan = AirPlan::new(vec![rule(Which::Number(1))], 1);

        assert_eq!(plan.decide(&Heard { meaning: Meaning::Table, cycle: 1, ends: false }), None);
        assert_eq!(plan.decide(&symbol()), Some(Fate::Drop));
    }

    #[test]
    fn a_rule_for_a_cycle_hits_no_other() {
        let mut plan = AirPlan::new(vec![rule(Which::InCycle(2))], 1);

        let fates: Vec<_> = (1..=3).map(|cycle| plan.decide(&Heard { cycle, ..symbol() })).collect();

        assert_eq!(fates, [None, Some(Fate::Drop), None]);
    }

    #[test]
    fn chance_takes_no_symbol_more_than_twice_in_a_row() {
        let lost = Some(Fate::Drop);
        assert_eq!(fates(Which::Chance(1.0), 1, 6), [lost, lost, None, lost, lost, None]);
        assert_eq!(fates(Which::Bursts(1.0, 4), 1, 6), [lost, lost, None, lost, lost, None]);
    }

    #[test]
    fn chance_is_repeatable_by_its_seed() {
        for which in [Which::Chance(0.5), Which::Bursts(0.2, 3)] {
            assert_eq!(fates(which, 7, 64), fates(which, 7, 64));
            assert_ne!(fates(which, 7, 64), fates(which, 8, 64));
        }
    }
}
