//! What a receiver is told to take, and what it tells.

use crate::spec::Timestamp;
use crate::wire::fdt::{self, FdtFile};

/// An object to be received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedObject {
    /// Its Content-Location.
    pub location: String,
    /// Octets it has, as announced; nothing larger or smaller is taken.
    pub size: u64,
}

/// What a receiver takes at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiverLimits {
    /// Octets of an object, whatever was announced.
    pub object_octets: u64,
    /// Octets of a file table; never more than [`fdt::MAX_OCTETS`].
    pub table_octets: usize,
    /// Whether of an object that is longer than announced nothing is taken; a broken receiver takes its beginning.
    pub refuses_longer: bool,
    /// Whether what is encoded is refused; a broken receiver takes it as it is.
    pub minds_encoding: bool,
}

impl Default for ReceiverLimits {
    /// 256 MiB an object, 64 KiB a table.
    fn default() -> Self {
        Self { object_octets: 256 << 20, table_octets: fdt::MAX_OCTETS, refuses_longer: true, minds_encoding: true }
    }
}

/// Why an object as offered is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalReason {
    /// It is larger than announced, or than the limit.
    TooLarge,
    /// It is smaller than announced.
    SizeDiffers,
    /// Its encoding is not known here, or what came together is not the object.
    Undecodable,
}

/// How the end of a transmission was noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndCause {
    /// Flag A.
    CloseSession,
    /// Flag B on the objects wanted.
    CloseObject,
}

/// Something that happened in a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReceptionEvent {
    /// A file table has come that differs from the last one.
    FdtReceived {
        /// When it ceases to hold; at this time at the latest the transmission has ended.
        expires: Timestamp,
        /// Its files, wanted or not.
        files: Vec<FdtFile>,
    },
    /// A wanted object is complete and of the announced size; whether it is genuine is for the caller to see.
    ObjectReceived {
        /// Its Content-Location.
        location: String,
        /// What it consists of.
        octets: Vec<u8>,
    },
    /// A wanted object was not taken as offered. Not final: a later table or cycle may still bring it.
    ObjectRefused {
        /// Its Content-Location.
        location: String,
        /// Why.
        reason: RefusalReason,
    },
    /// The sender is done; comes once, and after whatever the same packet completed.
    EndOfTransmission {
        /// When the packet that said so arrived.
        at: Timestamp,
        /// Which flag said so.
        cause: EndCause,
    },
}
