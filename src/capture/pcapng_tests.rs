//! Tests of the pcapng reader and writer.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::capture::recording::{Frame, Lane, LaneId, Packet, SkippedPacket, TcpFlags};
use crate::spec::Timestamp;

fn octets() -> impl Strategy<Value = Arc<[u8]>> {
    prop::collection::vec(any::<u8>(), 0..200).prop_map(Arc::from)
}

fn addresses() -> impl Strategy<Value = (SocketAddr, SocketAddr)> {
    let (v4, v6) = (any::<[u8; 4]>().prop_map(Ipv4Addr::from), any::<[u8; 16]>().prop_map(Ipv6Addr::from));
    let ports = (any::<u16>(), any::<u16>());
    prop_oneof![
        (v4.clone(), v4, ports).prop_map(|(a, b, (p, q))| (SocketAddr::from((a, p)), SocketAddr::from((b, q)))),
        (v6.clone(), v6, ports).prop_map(|(a, b, (p, q))| (SocketAddr::from((a, p)), SocketAddr::from((b, q)))),
    ]
}

fn packet() -> impl Strategy<Value = Packet> {
    prop_oneof![
        (addresses(), any::<u8>(), octets()).prop_map(|((source, destination), ttl, payload)| Packet::Datagram {
            source,
            destination,
            ttl,
            payload
        }),
        (addresses(), any::<u32>(), any::<u32>(), any::<u8>(), octets()).prop_map(
            |((source, destination), sequence, acknowledgement, flags, payload)| Packet::Segment {
                source,
                destination,
                sequence,
                acknowledgement,
                flags: TcpFlags(flags),
                payload
            }
        ),
    ]
}

fn recording() -> impl Strategy<Value = Recording> {
    let lane = ("[ -~äß]{1,12}", "[ -~]{0,12}").prop_map(|(name, description)| Lane { name, description });
    let frame = (any::<u64>(), 0..3_u32, packet(), prop::collection::vec("[ -~⨯]{0,20}", 0..3)).prop_map(
        |(nanos, lane, packet, comments)| Frame {
            at: Timestamp::from_nanos(nanos),
            lane: LaneId(lane),
            packet,
            comments,
        },
    );
    (prop::collection::vec(lane, 3..5), prop::collection::vec(frame, 0..6)).prop_map(|(lanes, frames)| Recording {
        lanes,
        frames,
        skipped: vec![],
    })
}

fn written(recording: &Recording) -> Vec<u8> {
    let mut file = Vec::new();
    write(recording, &mut file).unwrap();
    file
}

fn datagram(payload: &[u8]) -> Frame {
    Frame {
        at: Timestamp::from_nanos(1_700_000_000_123_456_789),
        lane: LaneId(0),
        packet: Packet::Datagram {
            source: "127.0.0.1:40000".parse().unwrap(),
            destination: "239.255.0.1:2948".parse().unwrap(),
            ttl: 1,
            payload: Arc::from(payload),
        },
        comments: vec!["step: When the Service Provider broadcasts".into(), "air: dropped for D1".into()],
    }
}

fn two_frames() -> Recording {
    let mut recording = Recording::with_devices([]);
    recording.frames = vec![datagram(b"first"), datagram(b"second")];
    recording
}

/// A little-endian file of one interface with these options and one EPB with this time and data.
fn foreign(linktype: u16, options: &[u8], time: u64, data: &[u8]) -> Vec<u8> {
    let block = |kind: u32, body: &[u8]| {
        let length = u32::try_from(body.len() + 12).unwrap().to_le_bytes();
        [&kind.to_le_bytes()[..], &length[..], body, &length[..]].concat()
    };
    let header = [&[0x4D, 0x3C, 0x2B, 0x1A, 1, 0, 0, 0][..], &[0xFF; 8]].concat();
    let interface = [&linktype.to_le_bytes()[..], &[0; 6], options].concat();
    let length = u32::try_from(data.len()).unwrap().to_le_bytes();
    let (high, low) = (u32::try_from(time >> 32).unwrap(), u32::try_from(time & 0xFFFF_FFFF).unwrap());
    let mut packet = [&[0; 4][..], &high.to_le_bytes(), &low.to_le_bytes(), &length, &length, data].concat();
    packet.resize(packet.len().next_multiple_of(4), 0);
    [block(0x0A0D_0D0A, &header), block(1, &interface), block(6, &packet)].concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read_back(recording in recording()) {
        prop_assert_eq!(read(&written(&recording)[..]).unwrap(), recording);
    }

    #[test]
    fn damaged_files_never_panic(recording in recording(), at in any::<prop::sample::Index>(), octet in any::<u8>()) {
        let mut file = written(&recording);
        let at = at.index(file.len());
        file[at] = octet;

        let _ = read(&file[..]);
    }
}

#[test]
fn a_cut_file_keeps_what_came_before_the_cut() {
    let file = written(&two_frames());

    let error = read(&file[..file.len() - 5]).unwrap_err();

    assert!(error.to_string().contains("breaks after 1 packets"), "{error}");
    let CaptureError::Broken { partial, .. } = error else { panic!("{error:?}") };
    assert_eq!(partial.frames, [datagram(b"first")]);
}

#[test]
fn a_block_that_claims_four_gigabytes_breaks_the_file() {
    let mut file = written(&two_frames());
    file.extend([6, 0, 0, 0, 0xFC, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]);

    assert!(matches!(read(&file[..]), Err(CaptureError::Broken { packets: 2, .. })));
}

#[test]
fn times_are_scaled_by_the_interfaces_resolution() {
    let ip = headers::rebuild(&datagram(b"x").packet).unwrap();
    let resolution = |value: u8| [9, 0, 1, 0, value, 0, 0, 0, 0, 0, 0, 0];
    let table: [(&[u8], u64, u64); 5] = [
        (&[], 1_700_000_000_123_456, 1_700_000_000_123_456_000),
        (&resolution(3), 1_700_000_000_123, 1_700_000_000_123_000_000),
        (&resolution(9), 1_700_000_000_123_456_789, 1_700_000_000_123_456_789),
        (&resolution(12), 7_123_456_789_012, 7_123_456_789),
        (&resolution(0x80 | 10), 1024 + 512, 1_500_000_000),
    ];
    for (options, units, nanos) in table {
        let recording = read(&foreign(101, options, units, &ip)[..]).unwrap();

        assert_eq!(recording.frames[0].at, Timestamp::from_nanos(nanos));
        assert_eq!(recording.lanes[0].name, "interface 0");
    }
}

#[test]
fn packets_of_another_kind_are_listed_not_dropped() {
    let mut arp = vec![0xFF; 12];
    arp.extend([8, 6, 0, 1, 8, 0, 6, 4, 0, 1]);
    arp.extend([0; 20]);

    let recording = read(&foreign(1, &[], 0, &arp)[..]).unwrap();

    assert_eq!(recording.frames, []);
    let reason = "ARP, 42 octets ffffffffffffffffffffffff…".into();
    assert_eq!(recording.skipped, [SkippedPacket { number: 1, reason, is_loss: false }]);
}

#[test]
fn a_packet_with_a_bad_comment_is_listed_and_the_next_is_read() {
    let mut recording = two_frames();
    recording.frames[0].comments = vec!["Q".repeat(9)];
    let mut file = written(&recording);
    let at = file.windows(9).position(|octets| octets == b"QQQQQQQQQ").unwrap();
    file[at] = 0xFF;

    let read = read(&file[..]).unwrap();

    assert_eq!(read.frames, [datagram(b"second")]);
    assert_eq!((read.skipped[0].number, read.skipped[0].is_loss), (1, true));
    assert_eq!(read.numbered().map(|(number, _)| number).collect::<Vec<_>>(), [2]);
}

#[test]
fn a_packet_of_an_unknown_link_type_is_listed_with_its_octets() {
    let recording = read(&foreign(147, &[], 0, b"radio")[..]).unwrap();

    let reason = "link type 147 of interface `interface 0`, 5 octets 726164696f".into();
    assert_eq!(recording.skipped, [SkippedPacket { number: 1, reason, is_loss: true }]);
}

#[test]
fn the_file_carries_its_own_tshark_command_line() {
    let mut recording = two_frames();
    recording.frames[0] = datagram(&[1, 6, 3, 0xC4, 0xAF, 0x87, 0]);
    let Packet::Datagram { destination, .. } = &mut recording.frames[1].packet else { panic!("no datagram") };
    destination.set_port(4001);

    let file = written(&recording);

    let text = String::from_utf8_lossy(&file);
    let command = "tshark -r FILE -d udp.port==2948,wsp -d udp.port==4001,alc \
                   -d 'media_type==application/vnd.syncml.dm+xml,xml'";
    assert!(text.contains(command), "{text}");
    assert!(text.contains(concat!("castproof ", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn a_comment_that_does_not_fit_is_cut_at_a_character() {
    let mut recording = two_frames();
    recording.frames[0].comments = vec![format!("{}ß", "x".repeat(65_534))];

    let read = read(&written(&recording)[..]).unwrap();

    assert_eq!(read.frames[0].comments, ["x".repeat(65_534)]);
    assert_eq!(read.frames[1], recording.frames[1]);
}

#[test]
fn an_input_without_an_end_is_refused_by_its_first_octets() {
    let error = read(std::io::repeat(0)).unwrap_err();

    assert!(matches!(error, CaptureError::NotCapture(_)), "{error}");
}

#[test]
fn a_capture_is_read_up_to_its_bound_and_no_octet_further() {
    let file = written(&two_frames());
    let length = file.len() as u64;

    let (whole, endless) =
        (read_within(length, &file[..]), read_within(length, file.as_slice().chain(std::io::repeat(0))));

    assert_eq!(whole.unwrap(), two_frames());
    assert!(matches!(endless, Err(CaptureError::TooLarge { limit }) if limit == length));
}
