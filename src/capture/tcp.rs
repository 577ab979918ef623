//! From TCP segments back to the octets of each side, in order.
//!
//! Fed segment by segment. Retransmissions and overlaps are taken once: the octets that came first count. Segments that
//! come early wait, at most 1 MiB and 4,096 of them for each direction and 32 MiB in all. A gap that stays is reported,
//! and what follows it is given: a gap stays when the other side has acknowledged what is missing and says something, when
//! too much waits, and when the connection or the capture ends. The latest 16,384 connections are followed; an older one is forgotten, and that is reported
//! where something was under way.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

use super::conversation::Side;
use super::recording::{Packet, TcpFlags};
use super::tcp_flow::Flow;

/// Octets that may wait on all connections.
const WAITING_IN_ALL: usize = 32 << 20;

/// Connections that are followed.
pub(super) const FOLLOWED: usize = 16_384;

/// Every connection of a recording.
#[derive(Debug, Clone, Default)]
pub struct Connections {
    /// From client and server to the latest connection between them.
    latest: HashMap<(SocketAddr, SocketAddr), usize>,
    /// Those that are followed, the oldest first.
    followed: VecDeque<Connection>,
    /// The number of the oldest.
    first: usize,
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
    /// So many connections came after it that it, and those before it, are no longer followed.
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
        let Some(connection) = self.followed.get_mut(number - self.first) else { return events };
        if flags.has(TcpFlags::RST) {
            if !connection.ended {
                for side in [Side::Client, Side::Server] {
                    connection.pass_over(number, side, Flow::before_what_waits, &mut self.waiting, &mut events);
                }
                connection.ended = true;
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
        let taken = flow.take(*sequence, *flags, payload);
        self.waiting = self.waiting + flow.waiting_octets - before;
        match taken {
            Err(reason) => {
                self.waiting -= flow.waiting_octets;
                *flow = Flow::given_up();
                events.push(TcpEvent::Lost { connection: number, from, reason });
            }
            Ok(octets) if !octets.is_empty() => events.push(TcpEvent::Data { connection: number, from, octets }),
            Ok(_) => {}
        }
        let is_too_much = self.waiting > WAITING_IN_ALL;
        let missing = |flow: &Flow| flow.before_what_waits().filter(|_| is_too_much || flow.holds_too_much());
        connection.pass_over(number, from, missing, &mut self.waiting, &mut events);
        if connection.flows[from as usize].finished {
            events.push(TcpEvent::Finished { connection: number, from });
            let first = *connection.closed_first.get_or_insert(from);
            if connection.flows.iter().all(|flow| flow.finished) {
                connection.ended = true;
                events.push(TcpEvent::Ended { connection: number, how: Ending::Closed(first) });
            }
        }
        events
    }

    /// The addresses of a connection that is followed: client, then server.
    pub fn addresses(&self, connection: usize) -> Option<(SocketAddr, SocketAddr)> {
        let known = self.followed.get(connection.checked_sub(self.first)?)?;
        Some((known.client, known.server))
    }

    /// Octets that still wait for earlier ones: connection, sender, number of octets.
    pub fn waiting(&self) -> impl Iterator<Item = (usize, Side, usize)> {
        (self.first..).zip(&self.followed).flat_map(|(number, connection)| {
            [Side::Client, Side::Server].into_iter().filter_map(move |side| {
                let octets = connection.flows[side as usize].waiting_octets;
                (octets > 0).then_some((number, side, octets))
            })
        })
    }

    /// What still waits for octets that were not seen, when no packet follows.
    pub fn finish(&mut self) -> Vec<TcpEvent> {
        let mut events = Vec::new();
        for (number, connection) in (self.first..).zip(&mut self.followed) {
            for side in [Side::Client, Side::Server] {
                connection.pass_over(number, side, Flow::before_what_waits, &mut self.waiting, &mut events);
            }
        }
        events
    }

    /// Makes room when there are too many.
    fn forget(&mut self, events: &mut Vec<TcpEvent>) {
        while self.followed.len() > FOLLOWED
            && let Some(oldest) = self.followed.pop_front()
        {
            let connection = self.first;
            self.first += 1;
            let ends = (oldest.client, oldest.server);
            if self.latest.get(&ends) == Some(&connection) {
                self.latest.remove(&ends);
            }
            for from in [Side::Client, Side::Server] {
                let waiting = oldest.flows[from as usize].waiting_octets;
                self.waiting -= waiting;
                if waiting > 0 {
                    let reason = format!("{waiting} octets wait, and {FOLLOWED} connections came after this one");
                    events.push(TcpEvent::Lost { connection, from, reason });
                }
            }
            events.push(TcpEvent::Forgotten { connection });
        }
    }

    /// The connection that a segment belongs to, and who sent it.
    fn find(&mut self, packet: &Packet, sequence: u32, flags: TcpFlags) -> (usize, Side) {
        let (source, destination) = (packet.source(), packet.destination());
        let opens = flags.has(TcpFlags::SYN) && !flags.has(TcpFlags::ACK);
        if let Some(&number) = self.latest.get(&(source, destination)) {
            let known = &self.followed[number - self.first];
            let own = &known.flows[Side::Client as usize];
            // The same address pair again: a new connection, unless this is the SYN of the present one once more.
            if !opens || own.next == Some(sequence.wrapping_add(1)) && !known.ended {
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
        let number = self.first + self.followed.len();
        self.latest.insert((client, server), number);
        self.followed.push_back(Connection {
            client,
            server,
            opened: false,
            ended: false,
            closed_first: None,
            flows: Default::default(),
        });
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
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::capture::Conversation;

    fn conversation() -> Conversation {
        Conversation::new("127.0.0.1:40000".parse().unwrap(), "127.0.0.1:8080".parse().unwrap())
    }

    fn fed(connections: &mut Connections, packets: &[Packet]) -> Vec<TcpEvent> {
        packets.iter().flat_map(|packet| connections.feed(packet)).collect()
    }

    fn octets(events: &[TcpEvent], side: Side) -> Vec<u8> {
        let parts = events.iter().filter_map(|event| match event {
            TcpEvent::Data { from, octets, .. } if *from == side => Some(octets.as_slice()),
            _ => None,
        });
        parts.collect::<Vec<_>>().concat()
    }

    #[test]
    fn a_conversation_comes_back_as_it_was_said() {
        let (mut talk, mut connections) = (conversation(), Connections::default());
        let mut packets = talk.data(Side::Client, b"ask");
        packets.extend(talk.data(Side::Server, b"answer"));
        packets.extend(talk.closed(Side::Server));
        packets.extend(talk.closed(Side::Client));

        let events = fed(&mut connections, &packets);

        let data = |from, octets: &[u8]| TcpEvent::Data { connection: 0, from, octets: octets.to_vec() };
        assert_eq!(
            events,
            [
                TcpEvent::Opened { connection: 0 },
                data(Side::Client, b"ask"),
                data(Side::Server, b"answer"),
                TcpEvent::Finished { connection: 0, from: Side::Server },
                TcpEvent::Finished { connection: 0, from: Side::Client },
                TcpEvent::Ended { connection: 0, how: Ending::Closed(Side::Server) },
            ]
        );
    }

    #[test]
    fn the_same_addresses_again_are_a_new_connection() {
        let mut connections = Connections::default();
        let mut first = conversation();
        let mut packets = first.data(Side::Client, b"one");
        packets.extend(first.reset(Side::Server));
        packets.extend(conversation().data(Side::Client, b"two"));

        let events = fed(&mut connections, &packets);

        assert_eq!(events[2], TcpEvent::Ended { connection: 0, how: Ending::Reset(Side::Server) });
        let last = TcpEvent::Data { connection: 1, from: Side::Client, octets: b"two".to_vec() };
        assert_eq!(events.last(), Some(&last));
    }

    #[test]
    fn a_refused_connection_was_never_opened() {
        let events = fed(&mut Connections::default(), &conversation().reset(Side::Server));

        assert_eq!(events, [TcpEvent::Ended { connection: 0, how: Ending::Refused }]);
    }

    #[test]
    fn a_segment_far_ahead_of_its_turn_loses_the_direction_once() {
        let (mut talk, mut connections) = (conversation(), Connections::default());
        let mut packets = talk.data(Side::Client, b"one");
        let Packet::Segment { sequence, .. } = &mut packets[3] else { panic!("no segment") };
        *sequence = sequence.wrapping_add(2 << 20);
        let again = packets[3].clone();
        packets.push(again);

        let events = fed(&mut connections, &packets);

        let lost = events.iter().filter(|event| matches!(event, TcpEvent::Lost { from: Side::Client, .. })).count();
        assert_eq!((lost, octets(&events, Side::Client)), (1, vec![]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn order_and_repetition_do_not_matter(
            said in prop::collection::vec(any::<u8>(), 1..9000),
            order in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let (mut talk, mut connections) = (conversation(), Connections::default());
            let start = talk.opened();
            let mut packets = talk.data(Side::Client, &said);
            for index in order {
                let other = index.index(packets.len());
                let repeated = packets[other].clone();
                packets.swap(0, other);
                packets.push(repeated);
            }

            let mut events = fed(&mut connections, &start);
            events.extend(fed(&mut connections, &packets));

            prop_assert_eq!(octets(&events, Side::Client), said);
            prop_assert_eq!(connections.waiting().count(), 0);
        }
    }
}
