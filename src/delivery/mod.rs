//! File delivery over FLUTE: objects in, datagrams out, and back.
//!
//! The seam in front of the crate `flute`, whose types stay behind it. Rank 2, without input or output: a [`Sender`]
//! gives the datagrams of a carousel in a fixed order and its caller paces them; a [`Receiver`] takes datagrams and gives
//! events. Neither reads a clock, nor knows what the objects mean. What the crate does: cut objects in symbols, and put
//! symbols together, with the FEC schemes 0, 6 and 129. What it does not do here: write or read the file table, decide
//! what is buffered, or say when transmission has ended; it would do that in ways a harness cannot take (tables in an
//! order that changes from run to run, buffers for whatever a packet claims, objects dropped on a flag).

mod event;
mod receiver;
mod sender;
mod table;
#[cfg(test)]
mod tests;
mod transfer;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use event::{EndCause, ReceiverLimits, ReceptionEvent, RefusalReason, WantedObject};
pub use receiver::Receiver;
pub use sender::{Sender, TableState};

use crate::spec::{Timestamp, Tsi};
pub use crate::wire::fdt::FluteVersion;

/// Octets below which a symbol is refused, unless it is the whole object: each costs its bookkeeping, on either side.
pub const MIN_SYMBOL_LENGTH: u16 = 16;

/// How a session is transmitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionPlan {
    /// The session.
    pub tsi: Tsi,
    /// The version of FLUTE it speaks.
    pub version: FluteVersion,
    /// The FDT Instance ID, 20 bits; a new session on the same TSI needs another as long as the table is not expired.
    pub fdt_instance: u32,
    /// Octets of an encoding symbol.
    pub symbol_length: u16,
    /// How often everything is sent: the cycles of the carousel.
    pub repetitions: u32,
    /// How long the table holds; on the wire it ends on the next whole second.
    pub expires_after: Duration,
    /// The parity that is sent with every object.
    pub parity: Parity,
    /// How many of the objects the first cycle has; the others join the session in the second, with a table of their own.
    pub at_first: Option<usize>,
}

/// The redundancy with which objects are sent, besides the carousel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Parity {
    /// None: FEC Encoding ID 0.
    #[default]
    None,
    /// Reed-Solomon, FEC Encoding ID 129, with so many repair symbols a block.
    ReedSolomon(u8),
    /// RaptorQ, FEC Encoding ID 6, with so many repair symbols a block.
    RaptorQ(u8),
}

impl SessionPlan {
    /// The usual plan: FLUTE version 2, symbols of 1,024 octets, three cycles, a table that holds for an hour.
    pub fn new(tsi: Tsi) -> Self {
        Self {
            tsi,
            version: FluteVersion::V2,
            fdt_instance: 1,
            symbol_length: 1024,
            repetitions: 3,
            expires_after: Duration::from_secs(3600),
            parity: Parity::None,
            at_first: None,
        }
    }
}

/// An object to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingObject {
    /// Its name, as the announcement gives it.
    pub location: String,
    /// Its media type.
    pub content_type: String,
    /// What it consists of.
    pub octets: Arc<[u8]>,
}

/// Why a session cannot be transmitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// There is nothing to send.
    #[error("no object to send")]
    NoObjects,
    /// The plan has no cycle.
    #[error("a carousel of no cycles")]
    NoCycles,
    /// The symbol length is out of bounds.
    #[error("symbols of {length} octets, {min} to {max} are sent")]
    SymbolLength {
        /// Octets in the plan.
        length: u16,
        /// Octets a symbol has at least.
        min: u16,
        /// Octets a symbol has at most.
        max: u16,
    },
    /// The first cycle has no object, or there is no second one for those that come later.
    #[error("{first} object(s) in the first of {cycles} cycle(s)")]
    FirstCycle {
        /// Objects in the first cycle.
        first: usize,
        /// Cycles.
        cycles: u32,
    },
    /// The FDT Instance ID needs more than 20 bits.
    #[error("FDT Instance ID {id} does not fit in 20 bits")]
    FdtInstance {
        /// The ID in the plan.
        id: u32,
    },
    /// An object is empty; it would have no symbol to carry its flags.
    #[error("object `{location}` is empty")]
    EmptyObject {
        /// Its name.
        location: String,
    },
    /// A name or media type is empty, longer than 255 octets, or holds a control character.
    #[error("`{text}` is no Content-Location or media type")]
    Name {
        /// The start of the text.
        text: String,
    },
    /// Two objects have the same name.
    #[error("two objects are named `{location}`")]
    SameLocation {
        /// The name.
        location: String,
    },
    /// The file table does not fit in one packet.
    #[error("file table of {octets} octets, at most {max} fit in its packet")]
    TableTooLong {
        /// Octets of the table.
        octets: usize,
        /// Octets that fit.
        max: usize,
    },
    /// The library refuses an object, for instance as too large for its scheme.
    #[error("object `{location}` cannot be cut in symbols: {reason}")]
    Object {
        /// Its name.
        location: String,
        /// What the library says.
        reason: String,
    },
    /// The library refuses the session.
    #[error("session cannot be set up: {reason}")]
    Session {
        /// What the library says.
        reason: String,
    },
}

/// The table of a session that begins at `now` holds until this time.
fn expiry(now: Timestamp, plan: &SessionPlan) -> Timestamp {
    now + plan.expires_after
}
