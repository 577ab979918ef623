//! Tests of foreign captures, from the octets of a file to the lines.

use std::sync::Arc;

use pcap_file::pcap::{PcapHeader, PcapPacket, PcapWriter};
use pcap_file::{DataLink, Endianness, TsResolution};
use proptest::prelude::*;

use super::*;
use crate::capture::conversation::{Conversation, Side};
use crate::capture::recording::{Packet, Recording};
use crate::capture::samples::{self, Sample};
use crate::capture::{Page, Shown, TcpFlags, headers, pcapng};
use crate::spec::{KeyId, Timestamp};

const OPTIONS: TranscriptOptions = TranscriptOptions { redact: false, lanes: Shown::Sent };

/// These packets as a switch's mirror port has them: Ethernet, in a VLAN, in pcap.
fn mirrored<'a>(packets: impl IntoIterator<Item = &'a Packet>) -> Vec<u8> {
    let header = PcapHeader {
        datalink: DataLink::ETHERNET,
        endianness: Endianness::Big,
        ts_resolution: TsResolution::NanoSecond,
        ..PcapHeader::default()
    };
    let mut writer = PcapWriter::with_header(Vec::new(), header).unwrap();
    for (index, packet) in packets.into_iter().enumerate() {
        let kind: u16 = if packet.source().is_ipv4() { 0x0800 } else { 0x86DD };
        let front = [&[2; 12][..], &[0x81, 0, 0, 5], &kind.to_be_bytes()].concat();
        let octets = [front, headers::rebuild(packet).unwrap()].concat();
        let time = std::time::Duration::from_millis(1_800_000_000_000 + index as u64);
        writer.write_packet(&PcapPacket::new(time, octets.len() as u32, &octets)).unwrap();
    }
    writer.into_writer()
}

/// What the provider sent and what passed on the interaction channel.
fn sent(recording: &Recording) -> Vec<Packet> {
    let device = recording.lane("D10");
    recording.frames.iter().filter(|frame| Some(frame.lane) != device).map(|frame| frame.packet.clone()).collect()
}

fn told_with(file: &[u8], part: usize, keys: Keys) -> (Vec<Told>, Counts) {
    let (mut telling, mut tales) = (Telling::new(OPTIONS, keys), Vec::new());
    for octets in file.chunks(part) {
        telling.feed(octets, &mut tales).unwrap();
    }
    telling.finish(&mut tales).unwrap();
    let told = tales.into_iter().filter_map(|tale| match tale {
        Tale::Told(told) => Some(*told),
        Tale::Lane(_) => None,
    });
    (told.collect(), telling.counts())
}

fn told(file: &[u8]) -> Vec<Told> {
    told_with(file, usize::MAX, Keys::default()).0
}

fn texts(packets: &[Packet]) -> Vec<String> {
    told(&mirrored(packets)).into_iter().map(|told| format!("{}: {}", told.line.actor, told.line.text)).collect()
}

fn datagram(destination: &str, payload: &[u8]) -> Packet {
    let (source, destination) = ("192.0.2.9:5353".parse().unwrap(), destination.parse().unwrap());
    Packet::Datagram { source, destination, ttl: 1, payload: Arc::from(payload) }
}

fn talk() -> Conversation {
    Conversation::new("192.0.2.10:41000".parse().unwrap(), "192.0.2.1:8080".parse().unwrap())
}

#[test]
fn a_campaign_is_found_in_a_foreign_capture_whatever_its_ports() {
    let lines = texts(&sent(&samples::campaign(0).recording));

    let expected = [
        "interface 0 ◀ N: Push · Package #0 session 1A2F",
        "interface 0 ◀ D: FDT 3 of TSI 7: 1 command.xml, 2 acme-x1-2.0.bin",
        "interface 0 ◀ D: TSI 7 TOI 1 symbol 0 of 1",
        "interface 0 ◀ D: TSI 7 TOI 1 is the Command, 812 octets not of the announced digest",
        "interface 0 ◀ D: TSI 7 TOI 2 symbols 0-5 of 6",
        "interface 0 ◀ D: TSI 7 close session",
        "urn:imei:000000000000010 → provider: DM #1 session 2",
        "provider → urn:imei:000000000000010: DM #2 session 2",
    ];
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
    for (line, beginning) in lines.iter().zip(expected) {
        assert!(line.starts_with(beginning), "{line}");
    }
}

#[test]
fn what_is_on_no_channel_is_shown_as_unknown() {
    let mut packets = sent(&samples::campaign(0).recording);
    packets.insert(0, datagram("224.0.0.251:5353", &[0; 45]));
    // The second octet is that of a push, the rest is not.
    packets.insert(0, datagram("239.1.1.1:9", &[1, 6, 3, 9, 9, 9, 9]));
    let mut other = samples::symbol(2, 0, 10, false);
    other.header.tsi = 99;
    packets.insert(0, datagram("239.9.9.9:4001", &other.encode().unwrap()));
    packets.extend(talk().data(Side::Client, b"GET /index.html HTTP/1.1\r\n\r\n"));
    let mut tls = Conversation::new("192.0.2.10:41001".parse().unwrap(), "192.0.2.1:443".parse().unwrap());
    packets.extend(tls.data(Side::Client, b"\x16\x03\x01\x02\x00\x01"));
    packets.extend(tls.data(Side::Client, &[7; 500]));

    let lines = texts(&packets);

    let words = [
        "interface 0 ◀ ?: unknown datagram, 26 octets 1010",
        "to 239.9.9.9:4001, the form of ALC with TSI 99, which was not announced",
        "interface 0 ◀ ?: unknown datagram, 7 octets 01060309090909: to 239.1.1.1:9, neither a notification nor",
        "interface 0 ◀ ?: unknown datagram, 45 octets 000000000000000000000000…: to 224.0.0.251:5353",
        "192.0.2.10:41000 → 192.0.2.1:8080: other HTTP, 0 octets: GET /index.html",
        "192.0.2.10:41001 → 192.0.2.1:443: not read as HTTP: a malformed head: invalid token, 6 octets 160301020001",
        "192.0.2.10:41001 → 192.0.2.1:443: not read as HTTP: 500 octets more, which were not read",
    ];
    for words in words {
        assert!(lines.iter().any(|line| line.contains(words)), "{words} is not in {lines:#?}");
    }
}

#[test]
fn damage_on_a_channel_that_showed_itself_is_malformed_and_not_unknown() {
    let mut packets = sent(&samples::campaign(0).recording);
    let ends: Vec<String> = packets.iter().take(2).map(|packet| packet.destination().to_string()).collect();
    packets.push(datagram(&ends[0], &[1, 7, 3]));
    packets.push(datagram(&ends[1], &[0xFF; 20]));

    let lines = texts(&packets);

    assert!(lines.iter().any(|line| line.contains("◀ N: malformed WSP Push, 3 octets 010703")), "{lines:#?}");
    assert!(lines.iter().any(|line| line.contains("◀ D: malformed ALC, 20 octets ffff")), "{lines:#?}");
}

#[test]
fn a_key_that_is_known_tells_good_signatures_from_wrong_ones() {
    let good = samples::push(Timestamp::from_millis(0));
    let mut wrong = good.clone();
    *wrong.last_mut().unwrap() ^= 1;
    let file = mirrored(&[datagram("239.1.1.1:9", &good), datagram("239.1.1.1:9", &wrong)]);
    let public = ed25519_dalek::SigningKey::from_bytes(&[7; 32]).verifying_key();
    let states = |id: &str| {
        let mut keys = Keys::default();
        keys.add(KeyId::new(id).unwrap(), public.as_bytes()).unwrap();
        let texts = told_with(&file, usize::MAX, keys).0.into_iter().map(|told| told.line.text);
        texts.map(|text| text.rsplit("sp-key-1, ").next().unwrap().to_owned()).collect::<Vec<_>>()
    };

    assert_eq!(states("sp-key-1"), ["signature good", "signature wrong"]);
    assert_eq!(states("another"), ["unverified", "unverified"]);
    // About half of all octets are no point of the curve.
    assert!((0..=255).any(|octet| Keys::default().add(KeyId::new("x").unwrap(), &[octet; 32]).is_err()));
}

#[test]
fn reordered_and_repeated_segments_make_one_message_and_a_gap_is_said() {
    let request = samples::http_request(&samples::report());
    let mut whole = talk().opened();
    // Segments of 100 octets that overlap by half.
    let syn = whole[0].clone();
    let Packet::Segment { source, destination, sequence, .. } = syn else { panic!("no segment") };
    let segment = |at: usize| Packet::Segment {
        source,
        destination,
        sequence: sequence.wrapping_add(1 + at as u32),
        acknowledgement: 0,
        flags: TcpFlags::ACK,
        payload: Arc::from(&request[at..(at + 100).min(request.len())]),
    };
    let mut parts: Vec<Packet> = (0..request.len()).step_by(50).map(segment).collect();
    parts.reverse();
    whole.extend(parts.clone());
    whole.extend(parts.iter().take(3).cloned());
    let mut with_gap = talk().opened();
    with_gap.extend((0..request.len()).step_by(100).filter(|at| *at != 200).map(segment));

    let (lines, gap) = (texts(&whole), texts(&with_gap));

    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].starts_with("urn:imei:000000000000010 → provider: DM #1"), "{lines:#?}");
    assert!(gap[0].contains("not read as HTTP: 100 octets were not seen, after"), "{gap:#?}");
    let rest = format!("{} octets more, which were not read", request.len() - 300);
    assert!(gap.len() == 2 && gap[1].contains(&rest), "{gap:#?}");
}

#[test]
fn pipelined_and_chunked_messages_are_told_one_by_one() {
    let request = samples::http_request(&samples::report());
    let body = samples::care().to_xml();
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.syncml.dm+xml\r\nTransfer-Encoding: chunked\r\n\r\n\
         {:x}\r\n{}\r\n{:x};a=b\r\n{}\r\n0\r\nTrailer: x\r\n\r\n",
        50,
        &body[..50],
        body.len() - 50,
        &body[50..]
    );
    let mut talk = talk();
    let mut packets = talk.data(Side::Client, &[request.as_slice(), request.as_slice()].concat());
    packets.extend(talk.data(Side::Server, chunked.repeat(2).as_bytes()));

    let lines = texts(&packets);

    assert_eq!(lines.len(), 4, "{lines:#?}");
    assert!(lines[..2].iter().all(|line| line.contains("→ provider: DM #1")), "{lines:#?}");
    assert!(lines[2..].iter().all(|line| line.contains("provider → urn:imei:000000000000010: DM #2")), "{lines:#?}");
}

#[test]
fn a_capture_that_begins_in_the_middle_of_an_answer_knows_who_serves() {
    let answer = samples::http_response(&samples::care());
    let packets = talk().data(Side::Server, &answer);

    let lines = texts(&packets[3..]);

    assert!(lines.len() == 1 && lines[0].contains("192.0.2.1:8080 → 192.0.2.10:41000: DM #2"), "{lines:#?}");
}

#[test]
fn a_flood_of_connections_is_forgotten_and_the_latest_is_followed() {
    let syn = |number: u32| Packet::Segment {
        source: std::net::SocketAddr::from(([10, 0, (number >> 8) as u8, number as u8], (number >> 16) as u16 + 1)),
        destination: "192.0.2.1:8080".parse().unwrap(),
        sequence: number,
        acknowledgement: 0,
        flags: TcpFlags::SYN,
        payload: Arc::from([]),
    };
    let mut packets = talk().data(Side::Client, b"POST /dm HTTP/1.1\r\nContent-Length: 500\r\n\r\n<Sync");
    packets.extend((0..20_000).map(syn));
    packets.extend(talk().data(Side::Client, &samples::http_request(&samples::report())));

    let lines = texts(&packets);

    assert!(lines[0].contains("not read as HTTP: a body of 5 octets, 495 more were to come"), "{lines:#?}");
    assert!(lines.len() == 2 && lines[1].contains("DM #1"), "{lines:#?}");
}

#[test]
fn lines_do_not_depend_on_how_the_file_comes_and_count_what_was_not_read() {
    let mut file = Vec::new();
    pcapng::write(&samples::campaign(0).recording, &mut file).unwrap();

    let (whole, counts) = told_with(&file, usize::MAX, Keys::default());

    assert_eq!(counts, Counts { packets: samples::campaign(0).recording.frames.len(), unread: 0, lost: 0 });
    for part in [1, 77, 4096] {
        assert_eq!(told_with(&file, part, Keys::default()).0, whole);
    }
}

#[test]
fn words_alone_are_the_same_words() {
    let mut file = Vec::new();
    pcapng::write(&samples::campaign(0).recording, &mut file).unwrap();
    let (mut telling, mut tales) = (Telling::new(OPTIONS, Keys::default()).without_facts(), Vec::new());
    telling.feed(&file, &mut tales).unwrap();
    telling.finish(&mut tales).unwrap();

    let lines = tales.into_iter().filter_map(|tale| match tale {
        Tale::Told(told) => Some(told.line),
        Tale::Lane(_) => None,
    });
    assert_eq!(lines.collect::<Vec<_>>(), told(&file).into_iter().map(|told| told.line).collect::<Vec<_>>());
}

#[test]
fn a_pause_gives_away_what_waited_and_the_run_goes_on_in_another_line() {
    let recording = samples::campaign(0).recording;
    let mut file = Vec::new();
    pcapng::write(&recording, &mut file).unwrap();
    let whole = told(&file);
    let (mut telling, mut paused) = (Telling::new(OPTIONS, Keys::default()), Vec::new());
    for octets in file.chunks(64) {
        telling.feed(octets, &mut paused).unwrap();
        telling.pause(&mut paused);
    }
    telling.finish(&mut paused).unwrap();

    let symbols = |tale: &Tale| matches!(tale, Tale::Told(told) if told.line.text.contains("TOI 2 symbol"));
    assert_eq!(paused.iter().filter(|tale| symbols(tale)).count(), 6);
    assert!(whole.len() < paused.len());
}

#[test]
fn records_keep_to_the_page_and_leave_out_what_is_redacted() {
    let mut sample = Sample::new();
    sample.datagram("provider", 20_000, samples::push(Timestamp::from_millis(0)), &["step: When it is said", "air: x"]);
    let mut file = Vec::new();
    pcapng::write(&sample.recording, &mut file).unwrap();
    let redacted = TranscriptOptions { redact: true, ..OPTIONS };

    let json = |options| {
        let (mut telling, mut tales) = (Telling::new(options, Keys::default()), Vec::new());
        telling.feed(&file, &mut tales).unwrap();
        telling.finish(&mut tales).unwrap();
        let records = tales.into_iter().map(|tale| serde_json::to_value(Record::of(tale, &options)).unwrap());
        records.filter(|record| record["record"] == "line").collect::<Vec<_>>()
    };
    let (plain, redacted) = (json(OPTIONS), json(redacted));

    assert_eq!((&plain[0]["fact"]["kind"], &plain[0]["text"]), (&"step".into(), &"When it is said".into()));
    let fact = &plain[1]["fact"];
    assert_eq!((&fact["kind"], &fact["session"]), (&"notification".into(), &0x1A2F.into()));
    assert_eq!(fact["announcement"]["signature"], "unverified");
    assert_eq!((&plain[1]["marks"][0], &plain[1]["packet"]), (&"⨯ air x".into(), &1.into()));
    assert!(plain[1].get("time").is_some() && redacted[1].get("time").is_none());
    assert!(redacted[1]["fact"]["announcement"].get("issued").is_none(), "{redacted:#?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_damaged_capture_is_told_without_panic_and_cannot_drive_the_terminal(
        foreign in any::<bool>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        part in 1..3000_usize,
    ) {
        let recording = samples::campaign(0).recording;
        let mut file = Vec::new();
        match foreign {
            true => file = mirrored(&sent(&recording)),
            false => pcapng::write(&recording, &mut file).unwrap(),
        }
        for (at, octet) in changes {
            let at = at.index(file.len());
            file[at] = octet;
        }

        let (mut telling, mut tales) = (Telling::new(OPTIONS, Keys::default()), Vec::new());
        let outcome = file.chunks(part).try_for_each(|octets| telling.feed(octets, &mut tales));
        if outcome.and_then(|()| telling.finish(&mut tales)).is_err() {
            telling.stop(&mut tales);
        }

        let mut page = Page::new(false);
        for tale in tales {
            if let Tale::Told(told) = tale {
                let row = page.row(&told.line);
                prop_assert!(!row.contains(|c: char| c.is_control() && c != '\n'), "{row:?}");
            }
        }
    }
}
