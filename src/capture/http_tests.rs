//! Tests of the HTTP reader.

use proptest::prelude::*;

use super::*;
use crate::capture::Conversation;

const REQUEST: &[u8] = b"POST /dm HTTP/1.1\r\nHost: sp.example\r\nContent-Length: 4\r\n\r\nping";
const CHUNKED: &[u8] =
    b"POST /dm HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\npin\r\n1;x=y\r\ng\r\n0\r\nT: t\r\n\r\n";
const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npong";

fn conversation() -> Conversation {
    Conversation::new("127.0.0.1:40000".parse().unwrap(), "127.0.0.1:8080".parse().unwrap())
}

fn fed(interaction: &mut Interaction, packets: &[Packet]) -> Vec<HttpEvent> {
    packets.iter().flat_map(|packet| interaction.feed(packet)).collect()
}

/// The bodies of the messages that `side` sent.
fn bodies(events: &[HttpEvent], side: Side) -> Vec<&[u8]> {
    let body = |event| match event {
        &HttpEvent::Message { from, ref message, .. } if from == side => Some(message.body.as_slice()),
        _ => None,
    };
    events.iter().filter_map(body).collect()
}

fn failures(events: &[HttpEvent]) -> Vec<&str> {
    let reasons = events.iter().filter_map(|event| match event {
        HttpEvent::Failure { reason, .. } => Some(reason.as_str()),
        _ => None,
    });
    reasons.collect()
}

#[test]
fn requests_and_responses_are_found_on_a_connection_that_stays_open() {
    let (mut talk, mut interaction) = (conversation(), Interaction::default());
    let mut packets = talk.data(Side::Client, REQUEST);
    packets.extend(talk.data(Side::Server, b"HTTP/1.1 100 Continue\r\n\r\n"));
    packets.extend(talk.data(Side::Server, RESPONSE));
    packets.extend(talk.data(Side::Client, CHUNKED));
    packets.extend(talk.data(Side::Server, b"HTTP/1.1 204 No Content\r\n\r\n"));

    let mut events = fed(&mut interaction, &packets);
    events.extend(interaction.finish());

    assert_eq!(events[0], HttpEvent::Opened { connection: 0 });
    assert_eq!(bodies(&events, Side::Client), [b"ping", b"ping"]);
    assert_eq!(bodies(&events, Side::Server), [&b"pong"[..], b""]);
    assert_eq!(failures(&events), [""; 0]);
    let HttpEvent::Message { message, .. } = &events[1] else { panic!("{:?}", events[1]) };
    assert_eq!(message.start, StartLine::Request { method: "POST".into(), target: "/dm".into() });
    assert_eq!(message.field("HOST"), Some("sp.example"));
}

#[test]
fn a_response_without_length_ends_with_the_connection() {
    let (mut talk, mut interaction) = (conversation(), Interaction::default());
    let mut packets = talk.data(Side::Server, b"HTTP/1.1 200 OK\r\n\r\nall of it");
    packets.extend(talk.closed(Side::Server));

    let events = fed(&mut interaction, &packets);

    assert_eq!(bodies(&events, Side::Server), [b"all of it"]);
    assert_eq!(failures(&events), [""; 0]);
}

#[test]
fn what_is_no_http_is_a_failure_told_once() {
    let table: [(&[u8], &str); 7] = [
        (b"\x16\x03\x01\x02\x00\x01 hello\r\n\r\n", "malformed head"),
        (b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", "Content-Length `x`"),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", "Content-Length `99999999999`"),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "`1` and `2`"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", "transfer coding `gzip`"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n", "a chunk of"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc", "longer than its size"),
    ];
    for (octets, expected) in table {
        let (mut talk, mut interaction) = (conversation(), Interaction::default());
        let mut packets = talk.data(Side::Client, octets);
        packets.extend(talk.data(Side::Client, REQUEST));
        packets.extend(talk.closed(Side::Client));

        let mut events = fed(&mut interaction, &packets);
        events.extend(interaction.finish());

        let failures = failures(&events);
        assert!(failures.len() == 2 && failures[0].contains(expected), "{expected}: {failures:?}");
        assert_eq!(failures[1], format!("{} octets more, which were not read", REQUEST.len()));
    }
}

#[test]
fn a_reset_in_the_middle_of_a_body_is_a_failure() {
    let (mut talk, mut interaction) = (conversation(), Interaction::default());
    let mut packets = talk.data(Side::Client, &REQUEST[..REQUEST.len() - 1]);
    packets.extend(talk.reset(Side::Server));

    let events = fed(&mut interaction, &packets);

    assert_eq!(failures(&events), ["a body of 3 octets, 1 more were to come"]);
    assert_eq!(events.last(), Some(&HttpEvent::Ended { connection: 0, how: Ending::Reset(Side::Server) }));
}

#[test]
fn a_lost_segment_is_told_when_the_recording_ends() {
    let (mut talk, mut interaction) = (conversation(), Interaction::default());
    let mut packets = talk.data(Side::Client, &REQUEST[..10]);
    packets.truncate(3);
    packets.extend(talk.data(Side::Client, &REQUEST[10..]));

    let mut events = fed(&mut interaction, &packets);
    events.extend(interaction.finish());

    assert_eq!(bodies(&events, Side::Client), [b""; 0]);
    let rest = format!("{} octets more, which were not read", REQUEST.len() - 10);
    assert_eq!(failures(&events), ["10 octets were not seen", &rest]);
}

/// A request in segments of 20 octets, a response, and both once more; without the packets of these numbers.
fn twice_without(lost: &[usize]) -> Vec<HttpEvent> {
    let (mut talk, mut interaction) = (conversation(), Interaction::default());
    let mut packets = Vec::new();
    for _ in 0..2 {
        for part in REQUEST.chunks(20) {
            packets.extend(talk.data(Side::Client, part));
        }
        for part in RESPONSE.chunks(20) {
            packets.extend(talk.data(Side::Server, part));
        }
    }
    let seen = (0..).zip(packets).filter(|(number, _)| !lost.contains(number)).map(|(_, packet)| packet);
    let mut events = fed(&mut interaction, &seen.collect::<Vec<_>>());
    events.extend(interaction.finish());
    events
}

#[test]
fn reading_goes_on_at_the_next_message_after_a_gap() {
    // The handshake has three packets; then octets and acknowledgements take turns.
    let whole = twice_without(&[]);
    assert_eq!((bodies(&whole, Side::Client).len(), bodies(&whole, Side::Server).len()), (2, 2));
    assert_eq!(failures(&whole), [""; 0]);

    // The middle of the first request's head: the second is found by its start line.
    let head = twice_without(&[5]);
    assert_eq!(bodies(&head, Side::Client), [b"ping"]);
    assert_eq!(bodies(&head, Side::Server).len(), 2);
    assert!(failures(&head)[0].starts_with("20 octets were not seen, after 20 octets of a head"), "{head:?}");

    // The end of the first request, so that nothing waits: its answer shows that it was there.
    let tail = twice_without(&[7, 9]);
    assert_eq!(bodies(&tail, Side::Client), [b"ping"]);
    assert_eq!(failures(&tail), ["22 octets were not seen, after 40 octets of a head"]);

    // The beginning of the first response.
    let response = twice_without(&[11]);
    assert_eq!(bodies(&response, Side::Client).len(), 2);
    assert_eq!(bodies(&response, Side::Server), [b"pong"]);
}

#[test]
fn a_gap_within_a_body_of_known_length_is_passed_over_exactly() {
    let (mut talk, mut interaction) = (conversation(), Interaction::default());
    // The body holds what looks like a request.
    let body = [vec![b'.'; 3000], REQUEST.to_vec(), vec![b'.'; 3000]].concat();
    let first = [format!("POST /1 HTTP/1.1\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes(), body].concat();
    let mut packets = talk.data(Side::Client, &first);
    packets.remove(3 + 2);
    packets.extend(talk.data(Side::Server, RESPONSE));
    packets.extend(talk.data(Side::Client, REQUEST));

    let events = fed(&mut interaction, &packets);

    assert_eq!(bodies(&events, Side::Client), [b"ping"]);
    assert_eq!(failures(&events).len(), 1, "{events:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn where_the_octets_are_cut_does_not_matter(cuts in prop::collection::vec(0..CHUNKED.len(), 0..6)) {
        let (mut talk, mut interaction) = (conversation(), Interaction::default());
        let mut cuts = cuts;
        cuts.sort_unstable();
        cuts.push(CHUNKED.len());
        let mut from = 0;
        let mut packets = Vec::new();
        for cut in cuts {
            packets.extend(talk.data(Side::Client, &CHUNKED[from..cut]));
            from = cut;
        }

        let events = fed(&mut interaction, &packets);

        prop_assert_eq!(bodies(&events, Side::Client), [b"ping"]);
    }

    #[test]
    fn no_octets_make_it_panic(octets in prop::collection::vec(any::<u8>(), 0..300), side in any::<bool>()) {
        let (mut talk, mut interaction) = (conversation(), Interaction::default());
        let side = if side { Side::Client } else { Side::Server };

        fed(&mut interaction, &talk.data(side, &octets));
        interaction.finish();
    }
}
