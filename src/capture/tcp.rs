//! From TCP segments back to the octets of each side, in order.
//!
//! Fed segment by segment. Retransmissions and overlaps are taken once: the octets that came first count. Segments that
//! come early wait, at most 1 MiB and 4,096 of them for each direction and 32 MiB in all. A gap that stays is reported,
//! and what follows it is given: a gap stays when the other side has acknowledged what is missing and says something, when
//! too much waits, and when the connection or the capture ends. The latest 16,384 connections are followed, and of those
//! that ended the latest 1,024, for what comes late; another is forgotten, and that is reported where something was under
//! way.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;

use super::conversation::Side;
use super::recording::{Packet, TcpFlags};
use super::tcp_flow::Flow;

/// Octets that may wait on all connections.
const WAITING_IN_ALL: usize = 32 << 20;

/// Connections that are followed.
pub(super) const FOLLOWED: usize = 16_384;

/// Connections that ended and are followed still.
pub(super) const ENDED: usize = 1024;

/// Every connection of a recording.
#[derive(Debug, Clone, Default)]
pub struct Connections {
    /// From client and server to the latest connection between them.
    latest: HashMap<(SocketAddr, SocketAddr), usize>,
    /// Those that are followed, by their numbers.
    followed: BTreeMap<usize, Connection>,
    /// How many there were.
    count: usize,
    /// Those that ended, the latest last.
    ended: VecDeque<usize>,
    /// Octets that wait.
    waiting: usize,
}

/// What a segment brought about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TcpEvent {
    /// The server took the connection, or the recording begins in the middle of one.
    Opened {
        /// Which connection, counted from 0.
        connection: usize,
    },
    /// The next octets of one direction.
    Data {
        /// Which connection.
        connection: usize,
        /// Who sent them.
        from: Side,
        /// The octets, never none.
        octets: Vec<u8>,
    },
    /// Octets of one direction were never seen; what follows is what came after them.
    Gap {
        /// Which connection.
        connection: usize,
        /// Who sent them.
        from: Side,
        /// How many.
        octets: u64,
    },
    /// One direction ended in order.
    Finished {
        /// Which connection.
        connection: usize,
        /// Who sends no more.
        from: Side,
    },
    /// The connection is over.
    Ended {
        /// Which connection.
        connection: usize,
        /// How it ended.
        how: Ending,
    },
    /// The octets of one direction can no longer be followed; reported once.
    Lost {
        /// Which connection.
        connection: usize,
        /// Whose octets are lost.
        from: Side,
        /// Why.
        reason: String,
    },
    /// So many connections came or ended after it that it is no longer followed.
    Forgotten {
        /// Which connection.
        connection: usize,
    },
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ending {
    /// Both sides closed, this one first.
    Closed(Side),
    /// This side reset it.
    Reset(Side),
    /// The server did not take it.
    Refused,
}

#[derive(Debug, Clone)]
struct Connection {
    client: SocketAddr,
    server: SocketAddr,
    opened: bool,
    ended: bool,
    closed_first: Option<Side>,
    flows: [Flow; 2],
}

impl Connections {
    /// What `packet` brings about; nothing when it is a datagram.
    pub fn feed(&mut self, packet: &Packet) -> Vec<TcpEvent> {
        let Packet::Segment { sequence, flags, payload, acknowledgement, .. } = packet else {
            return Vec::new();
        };
        let mut events = Vec::new();
        let (number, from) = self.find(packet, *sequence, *flags);
        self.forget(&mut events);
        let Some(connection) = self.followed.get_mut(&number) else { return events };
        if flags.has(TcpFlags::RST) {
            if !connection.ended {
                for side in [Side::Client, Side::Server] {
                    connection.pass_over(number, side, Flow::before_what_waits, &mut self.waiting, &mut events);
                }
                connection.ended = true;
                self.ended.push_back(number);
                let how = if connection.opened { Ending::Reset(from) } else { Ending::Refused };
                events.push(TcpEvent::Ended { connection: number, how });
            }
            return events;
        }
        let answered = from == Side::Server && flags.has(TcpFlags::SYN);
        if !connection.opened && (answered || !payload.is_empty()) {
            connection.opened = true;
            events.push(TcpEvent::Opened { connection: number });
        }
        if !connection.ended && flags.has(TcpFlags::ACK) && (!payload.is_empty() || flags.has(TcpFlags::FIN)) {
            let missing = |flow: &Flow| flow.acknowledged_unseen(*acknowledgement);
            connection.pass_over(number, from.other(), missing, &mut self.waiting, &mut events);
        }
        let ended = connection.ended;
        let flow = &mut connection.flows[from as usize];
        if ended && !flow.lost && flow.is_new(*sequence, payload) {
            flow.lost = true;
            let reason = "octets after the end of the connection".into();
            events.push(TcpEvent::Lost { connection: number, from, reason });
        }
        if ended || flow.lost || flow.finished {
            return events;
        }
        let before = flow.waiting_octets;
        let octets = flow.take(*sequence, *flags, payload);
        self.waiting = self.waiting + flow.waiting_octets - before;
        if !octets.is_empty() {
            events.push(TcpEvent::Data { connection: number, from, octets });
        }
        let is_too_much = self.waiting > WAITING_IN_ALL;
        let missing = |flow: &Flow| flow.before_what_waits().filter(|_| is_too_much || flow.holds_too_much());
        connection.pass_over(number, from, missing, &mut self.waiting, &mut events);
        if connection.flows[from as usize].finished {
            events.push(TcpEvent::Finished { connection: number, from });
            let first = *connection.closed_first.get_or_insert(from);
            if connection.flows.iter().all(|flow| flow.finished) {
                connection.ended = true;
                self.ended.push_back(number);
                events.push(TcpEvent::Ended { connection: number, how: Ending::Closed(first) });
            }
        }
        events
    }

    /// The addresses of a connection that is followed: client, then server.
    pub fn addresses(&self, connection: usize) -> Option<(SocketAddr, SocketAddr)> {
        let known = self.followed.get(&connection)?;
        Some((known.client, known.server))
    }

    /// Octets that still wait for earlier ones: connection, sender, number of octets.
    pub fn waiting(&self) -> impl Iterator<Item = (usize, Side, usize)> {
        self.followed.iter().flat_map(|(&number, connection)| {
            [Side::Client, Side::Server].into_iter().filter_map(move |side| {
                let octets = connection.flows[side as usize].waiting_octets;
                (octets > 0).then_some((number, side, octets))
            })
        })
    }

    /// What still waits for octets that were not seen, when no packet follows.
    pub fn finish(&mut self) -> Vec<TcpEvent> {
        let mut events = Vec::new();
        for (&number, connection) in &mut self.followed {
            for side in [Side::Client, Side::Server] {
                connection.pass_over(number, side, Flow::before_what_waits, &mut self.waiting, &mut events);
            }
        }
        events
    }

    /// Makes room when there are too many.
    fn forget(&mut self, events: &mut Vec<TcpEvent>) {
        while self.ended.len() > ENDED
            && let Some(number) = self.ended.pop_front()
        {
            self.drop_one(number, events);
        }
        while self.followed.len() > FOLLOWED
            && let Some((&oldest, _)) = self.followed.first_key_value()
        {
            self.drop_one(oldest, events);
        }
    }

    /// Follows a connection no longer.
    fn drop_one(&mut self, connection: usize, events: &mut Vec<TcpEvent>) {
        let Some(known) = self.followed.remove(&connection) else { return };
        let ends = (known.client, known.server);
        if self.latest.get(&ends) == Some(&connection) {
            self.latest.remove(&ends);
        }
        for from in [Side::Client, Side::Server] {
            let waiting = known.flows[from as usize].waiting_octets;
            self.waiting -= waiting;
            if waiting > 0 {
                let reason = format!("{waiting} octets wait, and {FOLLOWED} connections came after this one");
                events.push(TcpEvent::Lost { connection, from, reason });
            }
        }
        events.push(TcpEvent::Forgotten { connection });
    }

    /// The connection that a segment belongs to, and who sent it.
    fn find(&mut self, packet: &Packet, sequence: u32, flags: TcpFlags) -> (usize, Side) {
        let (source, destination) = (packet.source(), packet.destination());
        let opens = flags.has(TcpFlags::SYN) && !flags.has(TcpFlags::ACK);
        if let Some(&number) = self.latest.get(&(source, destination)) {
            // The same address pair again: a new connection, unless this is the SYN of the present one once more.
            let is_again = |known: &Connection| {
                known.flows[Side::Client as usize].next == Some(sequence.wrapping_add(1)) && !known.ended
            };
            if !opens || self.followed.get(&number).is_some_and(is_again) {
                return (number, Side::Client);
            }
        } else if let Some(&number) = self.latest.get(&(destination, source))
            && !opens
        {
            return (number, Side::Server);
        }
        // Whoever answers a SYN listens, and so does whoever sends a response; else the first to speak is the client.
        let answers = flags.has(TcpFlags::SYN) && !opens || packet.payload().starts_with(b"HTTP/1.");
        let from = if answers { Side::Server } else { Side::Client };
        let (client, server) = if from == Side::Client { (source, destination) } else { (destination, source) };
        let number = self.count;
        self.count += 1;
        self.latest.insert((client, server), number);
        let flows = Default::default();
        let connection = Connection { client, server, opened: false, ended: false, closed_first: None, flows };
        self.followed.insert(number, connection);
        (number, from)
    }
}

impl Connection {
    /// Gives up what one side's flow is missing, as long as `missing` says so, and goes on with what follows.
    fn pass_over(
        &mut self,
        connection: usize,
        from: Side,
        missing: impl Fn(&Flow) -> Option<u64>,
        waiting: &mut usize,
        events: &mut Vec<TcpEvent>,
    ) {
        let flow = &mut self.flows[from as usize];
        while !flow.lost
            && !flow.finished
            && let Some(gap) = missing(flow)
        {
            let before = flow.waiting_octets;
            let octets = flow.skip(gap);
            *waiting = *waiting + flow.waiting_octets - before;
            events.push(TcpEvent::Gap { connection, from, octets: gap });
            if !octets.is_empty() {
                events.push(TcpEvent::Data { connection, from, octets });
            }
        }
    }
}

#[cfg(test)]
#[path = "tcp_tests.rs"]
mod tests;
