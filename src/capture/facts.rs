//! What a line of a transcript says, in data: the shape of `castproof transcript --json`.
//!
//! A consumer takes the words or the data; both come from the same sighting. Numbers that JSON readers may not hold
//! exactly (TOIs have up to 112 bits) are texts. What differs from run to run is left out where a transcript is redacted.

use schemars::JsonSchema;
use serde::Serialize;

use super::broadcast_words::SymbolRun;
use super::conversation::Side;
use super::dm_words;
use super::keys::{Keys, SignatureState};
use super::redaction::{Redaction, first_octets};
use super::sight::{Notification, Sight};
use super::tcp::Ending;
use super::timeline::{OTHER_HTTP, UNKNOWN};
use crate::spec::{UpdateKind, one_line};
use crate::wire::syncml::Message;

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Fact {
    /// A Gherkin step begins.
    Step,
    /// A notification.
    Notification {
        /// SessionID.
        session: u16,
        /// The server identifier.
        server: String,
        /// Octets of the datagram.
        octets: usize,
        /// The announcement in it.
        #[serde(skip_serializing_if = "Option::is_none")]
        announcement: Option<Announced>,
        /// Why the announcement could not be decoded.
        #[serde(skip_serializing_if = "Option::is_none")]
        fault: Option<String>,
    },
    /// A file table.
    FileTable {
        /// The FLUTE session.
        tsi: u64,
        /// FDT Instance ID.
        instance: u32,
        /// FLUTE version of EXT_FDT.
        flute_version: u8,
        /// Whether no later table names further files.
        complete: bool,
        /// The files.
        files: Vec<TableFile>,
        /// Flag A.
        closes_session: bool,
    },
    /// Encoding symbols of one block in a row.
    Symbols {
        /// The FLUTE session.
        tsi: u64,
        /// The object.
        toi: String,
        /// Source Block Number.
        block: u32,
        /// Encoding Symbol ID of the first one.
        first: u32,
        /// Encoding Symbol ID of the last one.
        last: u32,
        /// Flag B of the last one.
        closes_object: bool,
        /// Flag A of the last one.
        closes_session: bool,
    },
    /// A Command, which the symbol before it completed.
    Command {
        /// The FLUTE session.
        tsi: u64,
        /// The object.
        toi: String,
        /// Octets of the document.
        octets: usize,
        /// Whether it has the digest that was announced.
        is_announced: bool,
        /// What it says.
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<DmFact>,
        /// Why it could not be decoded.
        #[serde(skip_serializing_if = "Option::is_none")]
        fault: Option<String>,
    },
    /// A packet without data that closes the session.
    CloseSession {
        /// The FLUTE session.
        tsi: u64,
    },
    /// Another packet without data.
    WithoutData {
        /// The FLUTE session.
        tsi: u64,
        /// The object, when the header names one.
        #[serde(skip_serializing_if = "Option::is_none")]
        toi: Option<String>,
        /// Flag B.
        closes_object: bool,
    },
    /// A DM message of a Device.
    Request {
        /// The connection, counted from 0.
        connection: usize,
        /// The message.
        message: DmFact,
    },
    /// An answer of the DM Server.
    Response {
        /// The connection, counted from 0.
        connection: usize,
        /// The HTTP status.
        http_status: u16,
        /// `DevId` of the Device that it answers.
        #[serde(skip_serializing_if = "Option::is_none")]
        answers: Option<String>,
        /// The message.
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<DmFact>,
    },
    /// A direction of a connection that cannot be read as HTTP, or no further.
    NotHttp {
        /// The connection, counted from 0.
        connection: usize,
        /// Whose octets they are.
        from: End,
        /// What is wrong.
        reason: String,
    },
    /// A connection was opened.
    Opened {
        /// The connection, counted from 0.
        connection: usize,
    },
    /// A connection is over, or was refused.
    Closed {
        /// The connection, counted from 0.
        connection: usize,
        /// How.
        how: Closing,
    },
    /// Octets that are no message of the protocol whose place they take.
    Malformed {
        /// The protocol.
        protocol: String,
        /// Octets.
        octets: usize,
        /// The first of them, in hexadecimal; `…` when there are more.
        first: String,
        /// What is wrong.
        fault: String,
    },
    /// Octets that are on no channel of the profile.
    Unknown {
        /// Octets.
        octets: usize,
        /// The first of them, in hexadecimal; `…` when there are more.
        first: String,
        /// What is known about them.
        reason: String,
    },
    /// A packet that was told for its marks alone.
    Remark,
    /// A packet that is neither a datagram nor a segment, or could not be read as one.
    Unread {
        /// Why.
        reason: String,
        /// Whether a datagram or a segment may have been lost with it.
        is_loss: bool,
    },
}

/// An announcement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Announced {
    /// Campaign id.
    pub campaign: String,
    /// Sequence number.
    pub sequence: u64,
    /// `firmware`, `software` or `provisioning`.
    pub update: String,
    /// Label of the delivery channel.
    pub channel: String,
    /// TSI of the delivery.
    pub tsi: u64,
    /// Issued at, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued: Option<String>,
    /// Expires at, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// Key id.
    pub key: String,
    /// What is known about the signature.
    pub signature: SignatureState,
}

/// A file of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TableFile {
    /// The object.
    pub toi: String,
    /// Content-Location.
    pub location: String,
    /// Octets of the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub octets: Option<u64>,
}

/// A DM message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DmFact {
    /// SessionID.
    pub session: String,
    /// MsgID.
    pub message: u32,
    /// Source/LocURI.
    pub source: String,
    /// Target/LocURI.
    pub target: String,
    /// The commands in words, statuses of one code together.
    pub commands: Vec<String>,
    /// Whether the package ends with it.
    pub is_final: bool,
}

/// An end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// Whoever opened it: the Device.
    Client,
    /// Whoever took it: the DM Server.
    Server,
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Closing {
    /// In order.
    Closed,
    /// By a reset.
    Reset,
    /// It was never taken.
    Refused,
}

/// What was seen, in data.
pub(super) fn of(sight: &Sight, keys: &Keys, redaction: Redaction) -> Fact {
    match sight {
        Sight::Notification(seen) => notification(seen, keys, redaction),
        Sight::Fdt { tsi, instance, version, fdt, close_session } => Fact::FileTable {
            tsi: *tsi,
            instance: *instance,
            flute_version: *version,
            complete: fdt.complete,
            files: fdt
                .files
                .iter()
                .map(|file| TableFile {
                    toi: file.toi.to_string(),
                    location: file.location.clone(),
                    octets: file.object_length(),
                })
                .collect(),
            closes_session: *close_session,
        },
        Sight::Symbol { tsi, toi, sbn, esi, close_object, close_session, .. } => of_symbols(&SymbolRun {
            tsi: *tsi,
            toi: *toi,
            sbn: *sbn,
            first: *esi,
            last: *esi,
            close_object: *close_object,
            close_session: *close_session,
        }),
        Sight::Command { tsi, toi, octets, is_announced, message } => Fact::Command {
            tsi: *tsi,
            toi: toi.to_string(),
            octets: *octets,
            is_announced: *is_announced,
            message: message.as_ref().ok().map(|message| dm(message, redaction)),
            fault: message.as_ref().err().map(ToString::to_string),
        },
        Sight::CloseSession { tsi } => Fact::CloseSession { tsi: *tsi },
        Sight::Bare { tsi, toi, close_object } => {
            Fact::WithoutData { tsi: *tsi, toi: toi.map(|toi| toi.to_string()), closes_object: *close_object }
        }
        Sight::Request { connection, message, .. } => {
            Fact::Request { connection: *connection, message: dm(message, redaction) }
        }
        Sight::Response { connection, http_status, message, answers, .. } => Fact::Response {
            connection: *connection,
            http_status: *http_status,
            answers: answers.as_ref().map(|caller| caller.device.clone()),
            message: message.as_ref().map(|message| dm(message, redaction)),
        },
        Sight::HttpFailure { connection, from, reason } => {
            let from = if *from == Side::Client { End::Client } else { End::Server };
            Fact::NotHttp { connection: *connection, from, reason: one_line(reason) }
        }
        Sight::ConnectionOpened { connection, .. } => Fact::Opened { connection: *connection },
        Sight::ConnectionClosed { connection, how, .. } => {
            let how = match how {
                Ending::Closed(_) => Closing::Closed,
                Ending::Reset(_) => Closing::Reset,
                Ending::Refused => Closing::Refused,
            };
            Fact::Closed { connection: *connection, how }
        }
        Sight::Malformed { protocol: UNKNOWN | OTHER_HTTP, fault, octets, .. } => Fact::Unknown {
            octets: octets.len(),
            first: redaction.field("octets", first_octets(octets)),
            reason: fault.to_string(),
        },
        Sight::Malformed { protocol, fault, octets, .. } => Fact::Malformed {
            protocol: (*protocol).to_owned(),
            octets: octets.len(),
            first: redaction.field("octets", first_octets(octets)),
            fault: fault.to_string(),
        },
        Sight::Remark => Fact::Remark,
    }
}

/// Symbols of one block in a row, in data.
pub(super) fn of_symbols(run: &SymbolRun) -> Fact {
    Fact::Symbols {
        tsi: run.tsi,
        toi: run.toi.to_string(),
        block: run.sbn,
        first: run.first,
        last: run.last,
        closes_object: run.close_object,
        closes_session: run.close_session,
    }
}

fn notification(seen: &Notification, keys: &Keys, redaction: Redaction) -> Fact {
    let trigger = &seen.package0.trigger;
    let announcement = seen.announcement.as_ref().ok().map(|signed| {
        let said = &signed.announcement;
        let time = |time: crate::spec::Timestamp| (!redaction.0).then(|| time.to_string());
        let update = match said.kind {
            UpdateKind::Firmware => "firmware",
            UpdateKind::Software => "software",
            UpdateKind::Provisioning => "provisioning",
        };
        Announced {
            campaign: said.campaign.to_string(),
            sequence: said.sequence.0,
            update: update.into(),
            channel: said.delivery.channel.to_string(),
            tsi: said.delivery.tsi.get(),
            issued: time(said.issued_at),
            expires: time(said.expires_at),
            key: signed.key.to_string(),
            signature: keys.state(seen).unwrap_or(SignatureState::Unverified),
        }
    });
    Fact::Notification {
        session: trigger.session.get(),
        server: trigger.server.to_string(),
        octets: seen.octets,
        announcement,
        fault: seen.announcement.as_ref().err().map(ToString::to_string),
    }
}

fn dm(message: &Message, redaction: Redaction) -> DmFact {
    let header = &message.header;
    DmFact {
        session: header.session_id.clone(),
        message: header.msg_id,
        source: header.source.clone(),
        target: redaction.ports_of(&header.target),
        commands: dm_words::parts(message, redaction),
        is_final: message.is_final,
    }
}
