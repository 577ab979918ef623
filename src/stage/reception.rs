//! What is peculiar about a Device's reception, as rules for the air: the closed list of such conditions.

use std::time::Duration;

use super::air::{AirRule, DeliveredFile, Fate, Foreign, Lie, PacketKind, Which};

const COMMAND: PacketKind = PacketKind::SymbolOf(DeliveredFile::Command);
const PACKAGE: PacketKind = PacketKind::SymbolOf(DeliveredFile::Package);

/// A peculiarity of reception.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reception {
    /// Runs of packets are lost, by chance.
    Bursts,
    /// The file table comes in one late cycle for the first time.
    LateTable,
    /// No file table comes.
    NoTable,
    /// The first two file tables are lost.
    LosesTwoTables,
    /// The odd symbols of one cycle, and the even ones of the next.
    SymbolsByTurns,
    /// One symbol of the package never comes.
    LosesASymbolEachTime,
    /// The packets that only close are lost.
    NoClosing,
    /// No symbol of the Command comes.
    NoCommand,
    /// Every other packet comes behind some that were sent after it.
    OutOfOrder,
    /// Everything comes twice.
    Twice,
    /// Every third packet comes late.
    SomeLate,
    /// One symbol of the first cycle has a bit wrong.
    BitWrongOnce,
    /// The Command has a bit wrong in every cycle.
    DamagedCommand,
    /// Another package comes, of the same size and under the same name.
    AnotherPackage,
    /// The file table names a larger package.
    LargerPackage,
    /// The file table names the Command alone at first.
    GrowingTable,
    /// Packets of another session come on the same channel.
    ForeignSession,
    /// A stranger sends packets of the same session from another address.
    ForeignSource,
    /// The session is closed in the middle of the package.
    ClosedEarly,
    /// The package never becomes whole, and the session is never closed.
    NeverEnds,
}

impl Reception {
    /// What the air does for it.
    pub(super) fn rules(self) -> Vec<AirRule> {
        use PacketKind::{Any, Closing, Delivery, Table};
        let rule = |kind, which, fate| AirRule { kind, which, fate };
        match self {
            Self::Bursts => vec![rule(Delivery, Which::Bursts(0.06, 4), Fate::Drop)],
            Self::LateTable => vec![rule(Table, Which::Before(4), Fate::Drop)],
            Self::NoTable => vec![rule(Table, Which::All, Fate::Drop)],
            Self::LosesTwoTables => {
                vec![rule(Table, Which::Number(1), Fate::Drop), rule(Table, Which::Number(2), Fate::Drop)]
            }
            Self::SymbolsByTurns => vec![rule(PACKAGE, Which::ByTurns, Fate::Drop)],
            Self::LosesASymbolEachTime => vec![rule(PACKAGE, Which::Symbol(2), Fate::Drop)],
            Self::NoClosing => vec![rule(Closing, Which::All, Fate::Drop)],
            Self::NoCommand => vec![rule(COMMAND, Which::All, Fate::Drop)],
            Self::OutOfOrder => vec![rule(PACKAGE, Which::Every(2), Fate::Behind(3))],
            Self::Twice => vec![rule(Any, Which::All, Fate::Twice)],
            Self::SomeLate => vec![rule(PACKAGE, Which::Every(3), Fate::Late(Duration::from_millis(25)))],
            Self::BitWrongOnce => vec![rule(PACKAGE, Which::SymbolIn(2, 1), Fate::FlipBit)],
            Self::DamagedCommand => vec![rule(COMMAND, Which::All, Fate::FlipBit)],
            Self::AnotherPackage => {
                vec![rule(Table, Which::All, Fate::Lies(Lie::WithoutDigest)), rule(PACKAGE, Which::All, Fate::FlipBit)]
            }
            Self::LargerPackage => vec![rule(Table, Which::All, Fate::Lies(Lie::Larger))],
            Self::GrowingTable => vec![rule(Table, Which::InCycle(1), Fate::Lies(Lie::WithoutPackage))],
            Self::ForeignSession => vec![rule(Delivery, Which::All, Fate::Shadowed(Foreign::Session))],
            Self::ForeignSource => vec![rule(Delivery, Which::All, Fate::Shadowed(Foreign::Source))],
            Self::ClosedEarly => {
                vec![rule(Delivery, Which::Number(6), Fate::Closes), rule(Delivery, Which::From(6), Fate::Drop)]
            }
            Self::NeverEnds => vec![
                rule(Closing, Which::All, Fate::Drop),
                rule(PACKAGE, Which::Symbol(2), Fate::Drop),
                rule(Delivery, Which::All, Fate::NeverCloses),
            ],
        }
    }

    /// Whether the transmission ends for the Device with the expiry of the file table, or of the announcement.
    pub(super) fn ends_by_expiry(self) -> bool {
        matches!(self, Self::NeverEnds)
    }

    /// Whether the Device knows the address of its sender, and joins for that one alone.
    pub(super) fn names_the_source(self) -> bool {
        matches!(self, Self::ForeignSource)
    }
}
