//! What was seen on the wire, decoded: the words in which the judge and the transcript speak of a recording.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use super::conversation::Side;
use super::recording::LaneId;
use super::tcp::Ending;
use crate::spec::Timestamp;
use crate::wire::DecodeError;
use crate::wire::announcement::SignedAnnouncement;
use crate::wire::fdt::Fdt;
use crate::wire::package0::Package0;
use crate::wire::syncml::Message;

/// One thing that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// When: the time of the frame that made it whole.
    pub at: Timestamp,
    /// That frame's number, counted from 1.
    pub frame: usize,
    /// Where.
    pub lane: LaneId,
    /// The comments of that frame; a frame with several sightings gives them to the first.
    pub comments: Vec<String>,
    /// What.
    pub what: Sight,
}

/// What was seen. What each lane of a recording repeats is shared and not copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// A notification whose Package #0 could be decoded.
    Notification(Arc<Notification>),
    /// An FDT Instance; one that spans several packets is seen with the packet that completes it.
    Fdt {
        /// The FLUTE session.
        tsi: u64,
        /// FDT Instance ID.
        instance: u32,
        /// FLUTE version of EXT_FDT: 1 is RFC 3926, 2 is RFC 6726.
        version: u8,
        /// The table.
        fdt: Arc<Fdt>,
        /// Flag A of the packet.
        close_session: bool,
    },
    /// A packet that carries an encoding symbol: of an object, or of an FDT that spans several packets.
    Symbol {
        /// The FLUTE session.
        tsi: u64,
        /// The object; 0 is the FDT.
        toi: u128,
        /// Source Block Number.
        sbn: u32,
        /// Encoding Symbol ID.
        esi: u32,
        /// Octets of the symbol.
        payload_len: usize,
        /// Flag B.
        close_object: bool,
        /// Flag A.
        close_session: bool,
    },
    /// A packet without data that closes the session (flag A).
    CloseSession {
        /// The FLUTE session.
        tsi: u64,
    },
    /// A packet without data and without flag A.
    Bare {
        /// The FLUTE session.
        tsi: u64,
        /// The object, when the header names one.
        toi: Option<u128>,
        /// Flag B.
        close_object: bool,
    },
    /// A Command that an announcement named, seen with the symbol that completes it.
    Command {
        /// The FLUTE session.
        tsi: u64,
        /// The object.
        toi: u128,
        /// Octets of the document.
        octets: usize,
        /// Whether it has the digest that was announced.
        is_announced: bool,
        /// What it says.
        message: Result<Box<Message>, DecodeError>,
    },
    /// A DM message from a Device.
    Request {
        /// The connection, counted from 0.
        connection: usize,
        /// The HTTP request target.
        target: String,
        /// The HTTP Content-Type.
        content_type: Option<String>,
        /// The message.
        message: Box<Message>,
    },
    /// An answer of the DM Server.
    Response {
        /// The connection, counted from 0.
        connection: usize,
        /// The HTTP status code.
        http_status: u16,
        /// `Retry-After`, where it is given in seconds.
        retry_after: Option<u32>,
        /// The HTTP Content-Type.
        content_type: Option<String>,
        /// The message, when the answer carries one that could be decoded.
        message: Option<Box<Message>>,
        /// Whom it answers; `None` when no DM message came before it on the connection.
        answers: Option<Caller>,
    },
    /// A direction of a connection that can no longer be read as HTTP.
    HttpFailure {
        /// The connection, counted from 0.
        connection: usize,
        /// Whose octets they are.
        from: Side,
        /// What is wrong.
        reason: String,
    },
    /// A connection was taken by the server.
    ConnectionOpened {
        /// The connection, counted from 0.
        connection: usize,
        /// The Device's end.
        client: SocketAddr,
        /// The DM Server's end.
        server: SocketAddr,
    },
    /// A connection is over, or was refused.
    ConnectionClosed {
        /// The connection, counted from 0.
        connection: usize,
        /// The Device's end.
        client: SocketAddr,
        /// How it ended.
        how: Ending,
    },
    /// Octets that are no message of their protocol.
    Malformed {
        /// The protocol that they should follow.
        protocol: &'static str,
        /// What is wrong.
        fault: Fault,
        /// The octets.
        octets: Arc<[u8]>,
        /// The connection and the sender, on the interaction channel.
        connection: Option<(usize, Side)>,
    },
    /// A frame without a sighting of its own that carries comments.
    Remark,
}

/// A push with its Package #0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// WSP transaction id.
    pub push_transaction: u8,
    /// The DM notification.
    pub package0: Package0,
    /// The announcement in its vendor octets; its signature is not judged here.
    pub announcement: Result<SignedAnnouncement, DecodeError>,
    /// Octets of the datagram.
    pub octets: usize,
}

/// Who sent a request: what the answer to it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Caller {
    /// `SyncHdr/Source` of the request: the Device's `DevId`.
    pub device: String,
    /// `SyncHdr/SessionID` of the request.
    pub session_id: String,
}

/// Why octets could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The decoder of the protocol says what is wrong.
    Undecodable(DecodeError),
    /// They do not get as far as a decoder.
    Unreadable(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undecodable(error) => error.fmt(f),
            Self::Unreadable(reason) => f.write_str(reason),
        }
    }
}

impl Sight {
    /// The FLUTE session that it is of.
    pub fn session(&self) -> Option<u64> {
        match self {
            Self::Fdt { tsi, .. }
            | Self::Symbol { tsi, .. }
            | Self::Command { tsi, .. }
            | Self::CloseSession { tsi }
            | Self::Bare { tsi, .. } => Some(*tsi),
            _ => None,
        }
    }

    /// The DM message in it.
    pub fn message(&self) -> Option<&Message> {
        match self {
            Self::Request { message, .. } | Self::Response { message: Some(message), .. } => Some(message),
            _ => None,
        }
    }
}
