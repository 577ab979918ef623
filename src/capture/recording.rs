//! A recording: the frames of one scenario, in lanes, with comments.
//!
//! It is plain data. Who fills it (the stage, or a reader of captures) and who reads meaning from it is elsewhere.

use std::net::SocketAddr;
use std::ops::BitOr;
use std::sync::Arc;

use crate::spec::Timestamp;

/// The lane of what the sender sent; always lane 0 of a recording that the stage makes.
pub const PROVIDER_LANE: &str = "provider";

/// The lane of what passed between Devices and the DM Server.
pub const INTERACTION_LANE: &str = "interaction";

/// How a comment starts that marks the Gherkin step in progress.
pub const STEP_COMMENT: &str = "step: ";

/// How a comment starts that tells a decision of the relay.
pub const AIR_COMMENT: &str = "air: ";

/// How a comment starts that names the sender of a packet which is neither the Service Provider's nor a Device's: a forger
/// on the sender's group, or whoever sends once more what was recorded. Packets without it are the subject's own.
pub const SENDER_COMMENT: &str = "sender: ";

/// How a comment starts that names a Device which loses its power, now or later: what it was told and had not stored by
/// then, it never knew.
pub const POWER_COMMENT: &str = "power: ";

/// Everything that passed in one scenario, in the order in which it was seen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recording {
    /// The points of observation; [`LaneId`] is an index here.
    pub lanes: Vec<Lane>,
    /// The frames in the order of recording.
    pub frames: Vec<Frame>,
    /// Packets of a capture that are no UDP or TCP frames, so that none is left out unsaid.
    pub skipped: Vec<SkippedPacket>,
}

/// A point of observation: the sender, one Device, or the interaction channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// `provider`, the name of a Device, `interaction`, or the interface name in a foreign capture. Never empty.
    pub name: String,
    /// What the lane shows. For a Device it names the `DevId` as one of its words, so that DM messages, which know only
    /// the `DevId`, can be told under the Device's name.
    pub description: String,
}

/// Which lane of a recording, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LaneId(pub u32);

/// One packet at one point of observation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// When it was seen.
    pub at: Timestamp,
    /// Where it was seen.
    pub lane: LaneId,
    /// What was seen.
    pub packet: Packet,
    /// Comments; see [`STEP_COMMENT`], [`AIR_COMMENT`] and [`SENDER_COMMENT`].
    pub comments: Vec<String>,
}

/// A packet as far as castproof looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet {
    /// A UDP datagram.
    Datagram {
        /// Who sent it.
        source: SocketAddr,
        /// The group, or the host, that it was sent to.
        destination: SocketAddr,
        /// Time to live or hop limit.
        ttl: u8,
        /// What the datagram carries.
        payload: Arc<[u8]>,
    },
    /// A TCP segment.
    Segment {
        /// Who sent it.
        source: SocketAddr,
        /// Whom it was sent to.
        destination: SocketAddr,
        /// The sequence number of the first octet.
        sequence: u32,
        /// The acknowledgement number; meaningful with [`TcpFlags::ACK`].
        acknowledgement: u32,
        /// The control bits.
        flags: TcpFlags,
        /// What the segment carries.
        payload: Arc<[u8]>,
    },
}

/// The control bits of a TCP segment, numbered as in RFC 9293.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct TcpFlags(pub u8);

impl TcpFlags {
    /// No more data from the sender.
    pub const FIN: Self = Self(0x01);
    /// Synchronise sequence numbers.
    pub const SYN: Self = Self(0x02);
    /// Reset the connection.
    pub const RST: Self = Self(0x04);
    /// Push.
    pub const PSH: Self = Self(0x08);
    /// The acknowledgement number counts.
    pub const ACK: Self = Self(0x10);
    /// The urgent pointer counts.
    pub const URG: Self = Self(0x20);
    /// Congestion was experienced.
    pub const ECE: Self = Self(0x40);
    /// The congestion window was reduced.
    pub const CWR: Self = Self(0x80);

    /// Whether every bit of `flags` is set.
    pub const fn has(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }
}

impl BitOr for TcpFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// A packet of a capture that is not part of the recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedPacket {
    /// Its number in the file, counted from 1 as Wireshark does.
    pub number: usize,
    /// Why it was left out.
    pub reason: String,
    /// Whether it may have held a datagram or a segment, so that the recording lacks something: it is damaged, cut, or a
    /// fragment. A whole packet of another kind, such as ARP, is no loss.
    pub is_loss: bool,
}

impl Recording {
    /// An empty recording with the lanes of a scenario: the provider, the Devices in this order, the interaction channel.
    ///
    /// A Device's description is what [`Lane::description`] asks for.
    pub fn with_devices(devices: impl IntoIterator<Item = Lane>) -> Self {
        let lane = |name: &str, description: &str| Lane { name: name.into(), description: description.into() };
        let mut lanes = vec![lane(PROVIDER_LANE, "what the Service Provider sent")];
        lanes.extend(devices);
        lanes.push(lane(INTERACTION_LANE, "what passed between Devices and the DM Server"));
        Self { lanes, ..Self::default() }
    }

    /// The lane called `name`.
    pub fn lane(&self, name: &str) -> Option<LaneId> {
        lane_called(&self.lanes, name)
    }

    /// The frames with their numbers, counted from 1.
    ///
    /// In a recording that was read from a file the numbers are those of the file, skipped packets included, so that a
    /// frame is found in Wireshark under the number that castproof prints.
    pub fn numbered(&self) -> impl Iterator<Item = (usize, &Frame)> {
        let mut skipped = self.skipped.iter().peekable();
        let mut number = 0;
        self.frames.iter().map(move |frame| {
            number += 1;
            // A number may be listed twice: as a fragment, and as the last of a datagram that stayed incomplete.
            while let Some(packet) = skipped.next_if(|packet| packet.number <= number) {
                number += usize::from(packet.number == number);
            }
            (number, frame)
        })
    }
}

impl Frame {
    /// Whether a stranger sent it, so that it says nothing of the Service Provider or of a Device.
    pub fn is_of_stranger(&self) -> bool {
        self.comments.iter().any(|comment| comment.starts_with(SENDER_COMMENT))
    }

    /// Whether the relay did something to it, or to the connection that it is part of.
    pub fn is_meddled_with(&self) -> bool {
        self.comments.iter().any(|comment| comment.starts_with(AIR_COMMENT))
    }
}

/// The position of the lane called `name`.
pub(super) fn lane_called(lanes: &[Lane], name: &str) -> Option<LaneId> {
    lanes.iter().position(|lane| lane.name == name).and_then(|index| u32::try_from(index).ok()).map(LaneId)
}

impl Packet {
    /// Who sent it.
    pub fn source(&self) -> SocketAddr {
        match self {
            Self::Datagram { source, .. } | Self::Segment { source, .. } => *source,
        }
    }

    /// Whom it was sent to.
    pub fn destination(&self) -> SocketAddr {
        match self {
            Self::Datagram { destination, .. } | Self::Segment { destination, .. } => *destination,
        }
    }

    /// What it carries above UDP or TCP.
    pub fn payload(&self) -> &[u8] {
        match self {
            Self::Datagram { payload, .. } | Self::Segment { payload, .. } => payload,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_keep_the_numbers_of_their_file() {
        let frame = Frame {
            at: Timestamp::default(),
            lane: LaneId(0),
            packet: Packet::Datagram {
                source: "127.0.0.1:1".parse().unwrap(),
                destination: "239.1.1.1:2".parse().unwrap(),
                ttl: 1,
                payload: Arc::from([]),
            },
            comments: vec![],
        };
        let skip = |number| SkippedPacket { number, reason: "ARP".into(), is_loss: false };
        let recording = Recording {
            lanes: vec![],
            frames: vec![frame.clone(), frame.clone(), frame],
            skipped: vec![skip(1), skip(3), skip(4), skip(7)],
        };

        let numbers: Vec<usize> = recording.numbered().map(|(number, _)| number).collect();

        assert_eq!(numbers, [2, 5, 6]);
    }

    #[test]
    fn a_scenario_has_the_provider_first_and_the_interaction_channel_last() {
        let device = Lane { name: "D1".into(), description: "urn:imei:1".into() };

        let recording = Recording::with_devices([device]);

        let names: Vec<&str> = recording.lanes.iter().map(|lane| lane.name.as_str()).collect();
        assert_eq!(names, ["provider", "D1", "interaction"]);
        assert_eq!(recording.lane("D1"), Some(LaneId(1)));
    }
}
