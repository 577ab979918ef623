//! From what a TCP relay saw to segments that a protocol analyser can follow.
//!
//! A relay learns that a connection was opened, that octets passed, that a side closed or reset. It never sees a segment,
//! so [`Conversation`] writes the segments that such a connection would have had: handshake, data of at most 1,400 octets
//! with an acknowledgement each, the end. The initial sequence numbers come from the addresses alone, so that the same
//! conversation always looks the same.

use std::net::SocketAddr;
use std::sync::Arc;

use super::recording::{Packet, TcpFlags};

/// Octets of data in one segment at most.
const SEGMENT: usize = 1400;

/// An end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The end that opened the connection: the Device.
    Client,
    /// The end that listens: the DM Server.
    Server,
}

impl Side {
    /// The other end.
    pub const fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// One connection of the interaction channel, as segments.
///
/// # Ordering
/// The packets of the calls, one after the other, are the connection. Data before [`Conversation::opened`] opens it first.
#[derive(Debug, Clone)]
pub struct Conversation {
    client: End,
    server: End,
    opened: bool,
}

#[derive(Debug, Clone)]
struct End {
    address: SocketAddr,
    /// The sequence number of the next octet that this end sends.
    next: u32,
}

impl Conversation {
    /// A connection from `client` to `server`, not yet open.
    pub fn new(client: SocketAddr, server: SocketAddr) -> Self {
        Self {
            client: End { address: client, next: initial_sequence(client, server) },
            server: End { address: server, next: initial_sequence(server, client) },
            opened: false,
        }
    }

    /// The handshake; nothing when the connection is open already.
    pub fn opened(&mut self) -> Vec<Packet> {
        if self.opened {
            return Vec::new();
        }
        let syn = self.first_syn();
        let answer = self.segment(Side::Server, TcpFlags::SYN | TcpFlags::ACK, &[]);
        vec![syn, answer, self.segment(Side::Client, TcpFlags::ACK, &[])]
    }

    /// Octets that `from` sent, each segment followed by its acknowledgement.
    pub fn data(&mut self, from: Side, octets: &[u8]) -> Vec<Packet> {
        let mut packets = self.opened();
        for part in octets.chunks(SEGMENT) {
            packets.push(self.segment(from, TcpFlags::PSH | TcpFlags::ACK, part));
            packets.push(self.segment(from.other(), TcpFlags::ACK, &[]));
        }
        packets
    }

    /// The end of what `by` sends: FIN and its acknowledgement. The other side may go on until it closes too.
    pub fn closed(&mut self, by: Side) -> Vec<Packet> {
        let mut packets = self.opened();
        packets.push(self.segment(by, TcpFlags::FIN | TcpFlags::ACK, &[]));
        packets.push(self.segment(by.other(), TcpFlags::ACK, &[]));
        packets
    }

    /// The connection is reset by `by`. Before it is open this is a refusal: SYN, answered by RST.
    pub fn reset(&mut self, by: Side) -> Vec<Packet> {
        let mut packets = Vec::new();
        if !self.opened {
            packets.push(self.first_syn());
        }
        packets.push(self.segment(by, TcpFlags::RST | TcpFlags::ACK, &[]));
        packets
    }

    fn first_syn(&mut self) -> Packet {
        self.opened = true;
        self.segment(Side::Client, TcpFlags::SYN, &[])
    }

    fn segment(&mut self, from: Side, flags: TcpFlags, octets: &[u8]) -> Packet {
        let (sender, receiver) = match from {
            Side::Client => (&mut self.client, &self.server),
            Side::Server => (&mut self.server, &self.client),
        };
        let sequence = sender.next;
        let acknowledgement = if flags.has(TcpFlags::ACK) { receiver.next } else { 0 };
        // SYN and FIN take up one number each; a segment holds at most `SEGMENT` octets, so the cast loses nothing.
        let counted = u32::from(flags.has(TcpFlags::SYN)) + u32::from(flags.has(TcpFlags::FIN));
        sender.next = sequence.wrapping_add(octets.len() as u32).wrapping_add(counted);
        Packet::Segment {
            source: sender.address,
            destination: receiver.address,
            sequence,
            acknowledgement,
            flags,
            payload: Arc::from(octets),
        }
    }
}

/// FNV-1a over both addresses as text: the same in every run, on every platform, in every release.
fn initial_sequence(from: SocketAddr, to: SocketAddr) -> u32 {
    format!("{from}>{to}").bytes().fold(0x811C_9DC5, |hash, octet| (hash ^ u32::from(octet)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACK: TcpFlags = TcpFlags::ACK;

    fn conversation() -> Conversation {
        Conversation::new("127.0.0.1:40000".parse().unwrap(), "127.0.0.1:8080".parse().unwrap())
    }

    /// Per segment: sender's port, sequence and acknowledgement relative to the initial numbers, flags, octets.
    fn relative(packets: &[Packet]) -> Vec<(u16, u32, u32, TcpFlags, usize)> {
        let fresh = conversation();
        packets
            .iter()
            .map(|packet| {
                let Packet::Segment { source, sequence, acknowledgement, flags, payload, .. } = packet else {
                    panic!("{packet:?} is no segment");
                };
                let (own, peer) = match source.port() {
                    40000 => (fresh.client.next, fresh.server.next),
                    _ => (fresh.server.next, fresh.client.next),
                };
                let acknowledged = if flags.has(ACK) { acknowledgement.wrapping_sub(peer) } else { *acknowledgement };
                (source.port(), sequence.wrapping_sub(own), acknowledged, *flags, payload.len())
            })
            .collect()
    }

    #[test]
    fn a_whole_conversation_counts_every_octet_and_both_ends() {
        let mut talk = conversation();

        let mut packets = talk.opened();
        packets.extend(talk.data(Side::Client, &[7; 1500]));
        packets.extend(talk.data(Side::Server, &[8; 10]));
        packets.extend(talk.closed(Side::Client));
        packets.extend(talk.closed(Side::Server));

        let push = TcpFlags::PSH | ACK;
        let fin = TcpFlags::FIN | ACK;
        assert_eq!(
            relative(&packets),
            [
                (40000, 0, 0, TcpFlags::SYN, 0),
                (8080, 0, 1, TcpFlags::SYN | ACK, 0),
                (40000, 1, 1, ACK, 0),
                (40000, 1, 1, push, 1400),
                (8080, 1, 1401, ACK, 0),
                (40000, 1401, 1, push, 100),
                (8080, 1, 1501, ACK, 0),
                (8080, 1, 1501, push, 10),
                (40000, 1501, 11, ACK, 0),
                (40000, 1501, 11, fin, 0),
                (8080, 11, 1502, ACK, 0),
                (8080, 11, 1502, fin, 0),
                (40000, 1502, 12, ACK, 0),
            ]
        );
    }

    #[test]
    fn a_refused_connection_is_a_syn_answered_by_a_reset() {
        let packets = conversation().reset(Side::Server);

        assert_eq!(relative(&packets), [(40000, 0, 0, TcpFlags::SYN, 0), (8080, 0, 1, TcpFlags::RST | ACK, 0)]);
    }

    #[test]
    fn the_same_addresses_give_the_same_segments() {
        assert_eq!(conversation().data(Side::Client, b"x"), conversation().data(Side::Client, b"x"));
        assert_ne!(conversation().client.next, conversation().server.next);
    }
}
