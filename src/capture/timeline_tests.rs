//! Tests of the timeline.

use proptest::prelude::*;

use super::*;
use crate::capture::samples::{self, Sample};
use crate::capture::{Conversation, Ending};
use crate::wire::fdt::FluteVersion;
use crate::wire::lct::Extension;

fn sights(recording: &Recording) -> Vec<Sight> {
    Timeline::of(recording).sightings.into_iter().map(|sighting| sighting.what).collect()
}

fn talk() -> Conversation {
    Conversation::new("127.0.0.1:41000".parse().unwrap(), "127.0.0.1:18080".parse().unwrap())
}

#[test]
fn a_campaign_is_seen_from_notification_to_answer() {
    let recording = samples::campaign(0).recording;

    let timeline = Timeline::of(&recording);

    let (first, notification) = timeline.notifications().next().unwrap();
    let announced = notification.announcement.as_ref().unwrap();
    assert_eq!((first.frame, first.lane), (1, LaneId(0)));
    assert_eq!(announced.announcement.campaign.as_str(), "spring-patch");
    assert_eq!(announced.key.as_str(), "sp-key-1");
    assert_eq!(timeline.notifications().count(), 2);
    let count = |name| timeline.on(name).count();
    assert_eq!((count("provider"), count("D10"), count("nobody")), (11, 9, 0));
    assert!(timeline.on("provider").any(|sighting| sighting.comments == ["air: dropped symbol 4 for D10"]));
    assert_eq!(timeline.requests().count(), 1);
}

#[test]
fn messages_are_grouped_by_device_and_session() {
    let timeline = Timeline::of(&samples::campaign(0).recording);

    let sessions = timeline.sessions_of("D10");

    assert_eq!(sessions.len(), 1);
    assert_eq!(sessions[0].caller, Caller { device: samples::DEV_ID.into(), session_id: "2".into() });
    let messages: Vec<(Side, u32, usize)> =
        sessions[0].messages.iter().map(|one| (one.from, one.message.header.msg_id, one.sighting.frame)).collect();
    assert_eq!(messages, [(Side::Client, 1, 23), (Side::Server, 2, 25)]);
    assert_eq!(timeline.sessions_of(samples::DEV_ID), sessions);
    assert_eq!(timeline.sessions_of("D1"), []);
}

#[test]
fn an_answer_belongs_to_the_request_before_it_on_its_connection() {
    let mut sample = Sample::new();
    let (mut one, mut two) =
        (talk(), Conversation::new("127.0.0.1:2".parse().unwrap(), "127.0.0.1:3".parse().unwrap()));
    let other = {
        let mut message = samples::report();
        message.header.source = "urn:imei:11".into();
        message
    };
    sample.segments(one.data(Side::Client, &samples::http_request(&samples::report())));
    sample.segments(two.data(Side::Client, &samples::http_request(&other)));
    sample.segments(one.data(Side::Server, b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"));
    sample.segments(two.data(Side::Server, &samples::http_response(&samples::care())));

    let timeline = Timeline::of(&sample.recording);

    let answers: Vec<(usize, u16, bool, Option<&str>)> = timeline
        .sightings
        .iter()
        .filter_map(|sighting| match &sighting.what {
            Sight::Response { connection, http_status, message, answers, .. } => {
                let device = answers.as_ref().map(|caller| caller.device.as_str());
                Some((*connection, *http_status, message.is_some(), device))
            }
            _ => None,
        })
        .collect();
    assert_eq!(answers, [(0, 503, false, Some(samples::DEV_ID)), (1, 200, true, Some("urn:imei:11"))]);
    assert_eq!(timeline.sessions_of("urn:imei:11")[0].messages.len(), 2);
}

#[test]
fn octets_to_a_port_of_pushes_are_judged_as_pushes() {
    let mut sample = Sample::new();
    let mut damaged = samples::push(Timestamp::from_millis(0));
    sample.datagram("provider", 20_000, damaged.clone(), &[]);
    damaged[1] = 7;
    sample.datagram("provider", 20_000, damaged.clone(), &[]);
    sample.datagram("provider", 21_000, damaged, &[]);

    let protocols: Vec<&str> = sights(&sample.recording)
        .iter()
        .map(|sight| match sight {
            Sight::Notification(_) => "notification",
            Sight::Malformed { protocol, .. } => protocol,
            other => panic!("{other:?}"),
        })
        .collect();

    assert_eq!(protocols, ["notification", "WSP Push", "ALC"]);
}

#[test]
fn a_notification_whose_announcement_is_malformed_is_still_a_notification() {
    let mut sample = Sample::new();
    let mut push = samples::push(Timestamp::from_millis(0));
    push.truncate(push.len() - 1);
    sample.datagram("provider", 20_000, push, &[]);

    let timeline = Timeline::of(&sample.recording);

    let (_, notification) = timeline.notifications().next().unwrap();
    assert_eq!(notification.announcement.as_ref().unwrap_err().protocol, "COSE_Sign1");
}

#[test]
fn a_table_in_parts_is_seen_when_it_is_whole() {
    let mut sample = Sample::new();
    let table = samples::table(Timestamp::from_millis(0));
    let xml = table.to_xml(FluteVersion::V2);
    let parts: Vec<Vec<u8>> = xml
        .chunks(200)
        .enumerate()
        .map(|(number, part)| samples::table_packet(part, u16::try_from(number).unwrap(), xml.len() as u64, 200))
        .collect();
    for part in parts.iter().rev() {
        sample.datagram("provider", 21_000, part.clone(), &[]);
    }

    let sights = sights(&sample.recording);

    assert!(parts.len() > 1 && sights.len() == parts.len());
    let (last, before) = sights.split_last().unwrap();
    assert!(before.iter().all(|sight| matches!(sight, Sight::Symbol { toi: 0, .. })), "{before:?}");
    let Sight::Fdt { tsi: 7, instance: 3, version: 2, fdt, .. } = last else { panic!("{last:?}") };
    assert_eq!(**fdt, table);
}

#[test]
fn every_known_form_of_closing_is_seen() {
    let mut sample = Sample::new();
    let mut with_id = samples::symbol(0, 0, 0, false);
    with_id.header.close_session = true;
    let mut with_data = samples::symbol(2, 5, 10, true);
    with_data.header.close_session = true;
    let last_of_object = samples::symbol(2, 0, 0, true);
    for packet in [samples::close(), with_id.encode().unwrap(), with_data.encode().unwrap()] {
        sample.datagram("provider", 21_000, packet, &[]);
    }
    sample.datagram("provider", 21_000, last_of_object.encode().unwrap(), &[]);

    let sights = sights(&sample.recording);

    assert_eq!(sights[..2], [Sight::CloseSession { tsi: 7 }, Sight::CloseSession { tsi: 7 }]);
    assert!(matches!(sights[2], Sight::Symbol { close_object: true, close_session: true, esi: 5, .. }), "{sights:?}");
    assert_eq!(sights[3], Sight::Bare { tsi: 7, toi: Some(2), close_object: true });
}

#[test]
fn a_compressed_table_is_said_to_be_unread() {
    let mut sample = Sample::new();
    let mut packet = samples::symbol(0, 0, 10, false);
    packet.header.extensions =
        vec![Extension::Fdt { version: 1, instance: 1 }, Extension::Cenc { encoding: 1, reserved: 0 }];
    sample.datagram("provider", 21_000, packet.encode().unwrap(), &[]);

    let sights = sights(&sample.recording);

    let Sight::Malformed { protocol: "FDT", fault, .. } = &sights[0] else { panic!("{sights:?}") };
    assert_eq!(fault.to_string(), "content encoding 1, only 0 is read");
}

#[test]
fn a_message_that_is_no_syncml_is_malformed_and_its_answer_nobodys() {
    let mut sample = Sample::new();
    let mut talk = talk();
    sample.segments(talk.data(Side::Client, b"POST /dm HTTP/1.1\r\nContent-Length: 5\r\n\r\n<Sync"));
    sample.segments(talk.data(Side::Server, b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"));
    sample.segments(talk.data(Side::Client, b"GET /dm HTTP/1.1\r\n\r\n"));

    let sights = sights(&sample.recording);

    let malformed = |sight: &Sight| match sight {
        Sight::Malformed { protocol, connection, octets, .. } => Some((*protocol, *connection, octets.len())),
        _ => None,
    };
    assert_eq!(malformed(&sights[1]), Some(("SyncML", Some((0, Side::Client)), 5)));
    assert!(matches!(&sights[2], Sight::Response { http_status: 200, message: None, answers: None, .. }), "{sights:?}");
    assert_eq!(malformed(&sights[3]), Some(("SyncML", Some((0, Side::Server)), 1)));
    assert_eq!(malformed(&sights[4]), Some(("DM over HTTP", Some((0, Side::Client)), 0)));
}

#[test]
fn an_unfinished_message_is_told_at_the_end_of_the_recording() {
    let mut sample = Sample::new();
    sample.segments(talk().data(Side::Client, b"POST /dm HTTP/1.1\r\nContent-Length: 5\r\n\r\n<Syn"));

    let timeline = Timeline::of(&sample.recording);

    let last = timeline.sightings.last().unwrap();
    let reason = "a body of 4 octets, 1 more were to come".to_owned();
    assert_eq!(last.what, Sight::HttpFailure { connection: 0, from: Side::Client, reason });
    assert_eq!(last.frame, 5);
}

#[test]
fn connections_are_seen_to_open_and_end() {
    let mut sample = Sample::new();
    let mut talk = talk();
    sample.segments(talk.opened());
    sample.segments(talk.reset(Side::Server));

    let sights = sights(&sample.recording);

    let (client, server) = ("127.0.0.1:41000".parse().unwrap(), "127.0.0.1:18080".parse().unwrap());
    assert_eq!(sights[0], Sight::ConnectionOpened { connection: 0, client, server });
    assert_eq!(sights[1], Sight::ConnectionClosed { connection: 0, client, how: Ending::Reset(Side::Server) });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn damaged_datagrams_are_seen_and_never_panic(
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        octet in any::<u8>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut recording = samples::campaign(0).recording;
        let which = which.index(recording.frames.len());
        let is_datagram = matches!(recording.frames[which].packet, Packet::Datagram { .. });
        let mut octets = recording.frames[which].packet.payload().to_vec();
        if !octets.is_empty() {
            let at = at.index(octets.len());
            octets[at] = octet;
            octets.truncate(cut.index(octets.len() + 1));
        }
        let (Packet::Datagram { payload, .. } | Packet::Segment { payload, .. }) = &mut recording.frames[which].packet;
        *payload = Arc::from(octets);

        let timeline = Timeline::of(&recording);

        let seen = timeline.sightings.iter().filter(|sighting| sighting.frame == which + 1).count();
        // One may complete the Command besides.
        prop_assert!(!is_datagram || seen == 1 || seen == 2);
        let _ = crate::capture::Transcript::of(&timeline, &Default::default()).to_string();
    }
}
