//! Tests of connections: order, gaps, and what is forgotten.

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

/// The segments of `one`, then those of `two` and an answer, the second as if so many octets had come before it.
fn far_ahead(ahead: u32) -> Vec<Packet> {
    let mut talk = conversation();
    let mut packets = talk.data(Side::Client, b"one");
    let behind = packets.len();
    packets.extend(talk.data(Side::Client, b"two"));
    packets.extend(talk.data(Side::Server, b"answer"));
    for packet in &mut packets[behind..] {
        let from = packet.source().port();
        let Packet::Segment { sequence, acknowledgement, .. } = packet else { panic!("no segment") };
        let counted = if from == 40000 { sequence } else { acknowledgement };
        *counted = counted.wrapping_add(ahead);
    }
    packets
}

#[test]
fn reading_goes_on_after_a_gap_of_more_than_may_wait() {
    for ahead in [2 << 20, 1 << 30] {
        let mut connections = Connections::default();

        let events = fed(&mut connections, &far_ahead(ahead));

        let gap = TcpEvent::Gap { connection: 0, from: Side::Client, octets: ahead.into() };
        assert!(events.contains(&gap), "{events:?}");
        assert_eq!(octets(&events, Side::Client), b"onetwo");
        assert_eq!(octets(&events, Side::Server), b"answer");
        assert_eq!((connections.waiting().count(), connections.waiting), (0, 0));
    }
}

#[test]
fn one_stray_segment_far_ahead_costs_the_direction_nothing() {
    let (mut talk, mut connections) = (conversation(), Connections::default());
    let mut packets = talk.data(Side::Client, b"one");
    let mut stray = packets[3].clone();
    let Packet::Segment { sequence, .. } = &mut stray else { panic!("no segment") };
    *sequence = sequence.wrapping_add(5 << 20);
    packets.push(stray);
    packets.extend(talk.data(Side::Client, b"two"));
    packets.extend(talk.data(Side::Server, b"answer"));

    let events = fed(&mut connections, &packets);
    let rest = connections.finish();

    assert_eq!((octets(&events, Side::Client), octets(&events, Side::Server)), (b"onetwo".into(), b"answer".into()));
    assert!(!events.iter().any(|event| matches!(event, TcpEvent::Gap { .. } | TcpEvent::Lost { .. })));
    // It is told at the end, and not dropped in silence.
    assert_eq!(octets(&rest, Side::Client), b"one");
}

#[test]
fn connections_that_ended_are_forgotten_though_their_ports_are_never_used_again() {
    let mut connections = Connections::default();
    let mut forgotten = Vec::new();
    for port in 0..2 * ENDED as u16 {
        let server = "127.0.0.1:8080".parse().unwrap();
        let mut talk = Conversation::new(SocketAddr::new([127, 0, 0, 1].into(), 10_000 + port), server);
        let mut packets = talk.data(Side::Client, b"one");
        packets.extend(talk.closed(Side::Client));
        packets.extend(talk.closed(Side::Server));
        forgotten.extend(fed(&mut connections, &packets).into_iter().filter_map(|event| match event {
            TcpEvent::Forgotten { connection } => Some(connection),
            _ => None,
        }));
    }

    assert!(connections.followed.len() <= ENDED + 2, "{}", connections.followed.len());
    assert_eq!(connections.latest.len(), connections.followed.len());
    // Each once, the oldest first.
    assert_eq!(forgotten, (0..forgotten.len()).collect::<Vec<_>>());
    assert!(forgotten.len() >= ENDED - 2);
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
