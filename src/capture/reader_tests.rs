//! Tests of the capture reader: every format, link layer and IP form, made here with etherparse and pcap-file.

use std::sync::Arc;
use std::time::Duration;

use etherparse::{EtherType, Ethernet2Header, IpNumber, PacketBuilder};
use pcap_file::pcap::{PcapHeader, PcapPacket, PcapWriter};
use pcap_file::{DataLink, Endianness, TsResolution};
use proptest::prelude::*;

use packets::{ipv6, udp, v4_fragments, v6_fragments};

use super::*;
use crate::capture::pcapng;

#[path = "reader_packet_tests.rs"]
mod packets;

const PAYLOAD: &[u8] = b"what is said";

/// The octets of a datagram as link type RAW has it.
fn ip() -> Vec<u8> {
    let mut octets = Vec::new();
    PacketBuilder::ipv4([10, 0, 0, 1], [239, 1, 2, 3], 9).udp(4000, 2948).write(&mut octets, PAYLOAD).unwrap();
    octets
}

fn expected() -> Packet {
    datagram("10.0.0.1:4000", "239.1.2.3:2948", 9, PAYLOAD)
}

fn datagram(source: &str, destination: &str, ttl: u8, payload: &[u8]) -> Packet {
    let (source, destination) = (source.parse().unwrap(), destination.parse().unwrap());
    Packet::Datagram { source, destination, ttl, payload: Arc::from(payload) }
}

fn ethernet(kind: EtherType, rest: &[u8]) -> Vec<u8> {
    let mut octets = Vec::new();
    Ethernet2Header { destination: [1, 0, 0x5E, 1, 2, 3], source: [2; 6], ether_type: kind }
        .write(&mut octets)
        .unwrap();
    [octets.as_slice(), rest].concat()
}

/// A VLAN tag behind the type that announces it.
fn tagged(vlan: u8, kind: EtherType, rest: &[u8]) -> Vec<u8> {
    [&[0, vlan][..], &kind.0.to_be_bytes(), rest].concat()
}

/// A pcap file.
fn pcap(link: u32, endianness: Endianness, resolution: TsResolution, packets: &[Vec<u8>]) -> Vec<u8> {
    let header =
        PcapHeader { datalink: DataLink::from(link), endianness, ts_resolution: resolution, ..PcapHeader::default() };
    let mut writer = PcapWriter::with_header(Vec::new(), header).unwrap();
    for (index, octets) in packets.iter().enumerate() {
        let time = Duration::new(1_700_000_000 + index as u64, 123_456_789);
        writer.write_packet(&PcapPacket::new(time, octets.len() as u32, octets)).unwrap();
    }
    writer.into_writer()
}

/// What a file holds, fed in parts of this many octets.
fn pieces(file: &[u8], part: usize) -> Result<Vec<Piece>, CaptureError> {
    let (mut reader, mut pieces) = (CaptureReader::default(), Vec::new());
    for octets in file.chunks(part) {
        reader.feed(octets);
        while let Some(piece) = reader.next_piece()? {
            pieces.push(piece);
        }
    }
    reader.finish();
    while let Some(piece) = reader.next_piece()? {
        pieces.push(piece);
    }
    Ok(pieces)
}

fn packets(file: &[u8]) -> Vec<Packet> {
    let recording = pcapng::read(file).unwrap();
    assert_eq!(recording.skipped.iter().filter(|packet| packet.is_loss).count(), 0, "{:?}", recording.skipped);
    recording.frames.into_iter().map(|frame| frame.packet).collect()
}

fn raw(packets: &[Vec<u8>]) -> Vec<u8> {
    pcap(101, Endianness::Little, TsResolution::NanoSecond, packets)
}

/// A pcapng file under construction.
struct Sections {
    file: Vec<u8>,
    big: bool,
}

impl Sections {
    fn new(big: bool) -> Self {
        let mut sections = Self { file: Vec::new(), big };
        sections.section(big);
        sections
    }

    fn n16(&self, number: u16) -> [u8; 2] {
        if self.big { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    fn n32(&self, number: u32) -> [u8; 4] {
        if self.big { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    fn block(&mut self, kind: u32, body: &[u8]) {
        let padding = vec![0; body.len().next_multiple_of(4) - body.len()];
        let length = self.n32((body.len() + padding.len() + 12) as u32);
        let block = [&self.n32(kind)[..], &length, body, &padding, &length].concat();
        self.file.extend(block);
    }

    fn section(&mut self, big: bool) {
        self.big = big;
        let body = [&self.n32(0x1A2B_3C4D)[..], &self.n16(1), &self.n16(0), &[0xFF; 8]].concat();
        self.block(0x0A0D_0D0A, &body);
    }

    fn interface(&mut self, link: u16, snaplen: u32, options: &[(u16, &[u8])]) {
        let mut body = [&self.n16(link)[..], &[0; 2], &self.n32(snaplen)].concat();
        for (code, value) in options {
            body.extend([self.n16(*code), self.n16(value.len() as u16)].concat());
            body.extend_from_slice(value);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        if !options.is_empty() {
            body.extend([0; 4]);
        }
        self.block(1, &body);
    }

    fn enhanced(&mut self, interface: u32, time: u64, octets: &[u8]) {
        let (high, low, length) = ((time >> 32) as u32, (time & 0xFFFF_FFFF) as u32, octets.len() as u32);
        let body = [interface, high, low, length, length].map(|number| self.n32(number)).concat();
        self.block(6, &[body.as_slice(), octets].concat());
    }

    fn obsolete(&mut self, time: u64, octets: &[u8]) {
        let (high, low, length) = ((time >> 32) as u32, (time & 0xFFFF_FFFF) as u32, octets.len() as u32);
        let body = [high, low, length, length].map(|number| self.n32(number)).concat();
        self.block(2, &[&[0; 4], body.as_slice(), octets].concat());
    }

    fn simple(&mut self, original: u32, octets: &[u8]) {
        let body = [&self.n32(original)[..], octets].concat();
        self.block(3, &body);
    }
}

#[test]
fn pcap_is_read_in_both_orders_of_octets_and_both_resolutions() {
    for endianness in [Endianness::Big, Endianness::Little] {
        for (resolution, nanos) in [(TsResolution::MicroSecond, 123_456_000), (TsResolution::NanoSecond, 123_456_789)] {
            let file = pcap(101, endianness, resolution, &[ip(), ip()]);

            let recording = pcapng::read(&file[..]).unwrap();

            let times: Vec<Timestamp> = recording.frames.iter().map(|frame| frame.at).collect();
            let time = |second: u64| Timestamp::from_nanos(second * 1_000_000_000 + nanos);
            assert_eq!(times, [time(1_700_000_000), time(1_700_000_001)]);
            assert_eq!(recording.frames[1].packet, expected());
            assert_eq!(recording.lanes[0].name, "interface 0");
        }
    }
}

#[test]
fn sections_and_interfaces_keep_their_own_order_of_octets_and_times() {
    let mut file = Sections::new(false);
    file.interface(101, 0, &[(2, b"eth0"), (9, &[9])]);
    // An offset of an hour, and one of minus an hour: 64 bits in the order of the section.
    file.interface(1, 0, &[(2, b"eth1"), (14, &3600_i64.to_le_bytes())]);
    file.enhanced(1, 5_000_000, &ethernet(EtherType::IPV4, &ip()));
    file.enhanced(0, 7_000_000_001, &ip());
    file.section(true);
    file.interface(101, 0, &[(9, &[3]), (14, &(-3600_i64).to_be_bytes())]);
    file.enhanced(0, 3_600_001, &ip());

    let recording = pcapng::read(&file.file[..]).unwrap();

    let seen: Vec<(u32, u64)> = recording.frames.iter().map(|frame| (frame.lane.0, frame.at.as_nanos())).collect();
    assert_eq!(seen, [(1, 3_605_000_000_000), (0, 7_000_000_001), (2, 1_000_000)]);
    let names: Vec<&str> = recording.lanes.iter().map(|lane| lane.name.as_str()).collect();
    assert_eq!(names, ["eth0", "eth1", "interface 2"]);
}

#[test]
fn every_kind_of_packet_block_is_read_and_other_blocks_are_passed_over() {
    for big in [false, true] {
        let mut file = Sections::new(big);
        file.block(4, &[0; 4]); // Name resolution, empty.
        file.interface(101, ip().len() as u32, &[]);
        file.block(0x0BAD, b"a block of nobody");
        file.block(0x4000_0BAD, &[1, 2, 3, 4, 0xFF, 0xFE]); // A custom block of which nothing is known.
        file.block(5, &[1]); // Interface statistics that are cut short.
        file.enhanced(0, (3 << 32) | 5, &ip());
        file.obsolete((3 << 32) | 6, &ip());
        file.simple(ip().len() as u32, &ip());
        // More octets on the wire than the interface takes.
        file.simple(2000, &ip());

        let recording = pcapng::read(&file.file[..]).unwrap();

        assert_eq!(recording.skipped, []);
        let times: Vec<u64> = recording.frames.iter().map(|frame| frame.at.as_nanos() / 1000).collect();
        assert_eq!(times, [(3 << 32) | 5, (3 << 32) | 6, (3 << 32) | 6, (3 << 32) | 6]);
        assert!(recording.frames.iter().all(|frame| frame.packet == expected()));
        assert_eq!(recording.frames[2].comments, ["without a time of its own"]);
    }
}

#[test]
fn octets_that_come_one_by_one_give_the_same_pieces() {
    let mut file = Sections::new(true);
    file.interface(101, 0, &[]);
    file.enhanced(0, 1, &ip());
    file.simple(ip().len() as u32, &ip());
    for file in [file.file, raw(&v4_fragments(&[7; 3000], 1480))] {
        assert_eq!(pieces(&file, 1).unwrap(), pieces(&file, usize::MAX).unwrap());
    }
}

#[test]
fn lengths_that_lie_break_the_file_where_they_stand() {
    let pcap = raw(&[ip()]);
    let mut huge = pcap.clone();
    huge.extend([0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
    let mut beyond = pcap.clone();
    beyond.extend([0, 0, 0, 0, 0, 0, 0, 0, 200, 0, 0, 0, 200, 0, 0, 0, 1, 2, 3]);
    let sections = |octets: &[u8]| {
        let mut file = Sections::new(false);
        file.interface(101, 0, &[]);
        file.enhanced(0, 1, &ip());
        [file.file.as_slice(), octets].concat()
    };
    let table: [(Vec<u8>, &str); 6] = [
        (huge, "a block of 4294967311 octets, at most 16777216 are read"),
        (beyond, "the file ends inside a block"),
        (sections(&[6, 0, 0, 0, 0xFC, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]), "a block of 4294967292 octets"),
        (sections(&[6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), "initial_len < 12"),
        (sections(&[6, 0, 0, 0, 13, 0, 0, 0, 0, 0, 0, 0, 0, 0]), "initial_len % 4"),
        (sections(&[9, 9, 9, 9, 12, 0, 0, 0, 16, 0, 0, 0]), "initial_length != trailer_length"),
    ];
    for (file, words) in table {
        let error = pcapng::read(&file[..]).unwrap_err();

        assert!(error.to_string().contains(words), "{error}");
        let CaptureError::Broken { packets: 1, partial, .. } = error else { panic!("{error:?}") };
        assert_eq!(partial.frames.len(), 1);
    }
    // A section header with such a length is the first block of all.
    let mut file = Sections::new(true).file;
    file[4..8].copy_from_slice(&[0xFF, 0xFF, 0xFF, 0xFC]);
    assert!(pcapng::read(&file[..]).unwrap_err().to_string().contains("4294967292 octets"));
}

#[test]
fn what_is_no_capture_is_named_by_its_first_octets() {
    let table: [(&[u8], &str); 4] = [
        (b"", "it is empty"),
        (b"hello", "it begins with `hell`"),
        (&[0x1F, 0x8B, 8, 0, 0], "it begins with `\\x1f\\x8b"),
        (&[0xA1, 0xB2, 0xC3], "breaks after 0 packets"),
    ];
    for (octets, words) in table {
        let error = pcapng::read(octets).unwrap_err();

        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn a_flood_of_interfaces_is_refused() {
    let mut file = Sections::new(false);
    for _ in 0..=INTERFACES {
        file.interface(101, 0, &[]);
    }

    let error = pcapng::read(&file.file[..]).unwrap_err();

    assert!(error.to_string().contains("more than 4096 interfaces"), "{error}");
}

#[test]
fn a_packet_that_was_cut_says_so() {
    let mut file = Sections::new(false);
    file.interface(101, 30, &[]);
    file.simple(40, &ip()[..30]);

    let recording = pcapng::read(&file.file[..]).unwrap();

    assert!(recording.skipped[0].is_loss);
    assert!(recording.skipped[0].reason.contains("30 of 40 octets taken, 30 octets 4500"), "{:?}", recording.skipped);
}

/// Files of every format, to be damaged.
fn sound_files() -> Vec<Vec<u8>> {
    let mut file = Sections::new(false);
    file.interface(1, 0, &[(2, b"eth0")]);
    file.interface(276, 0, &[]);
    file.enhanced(0, 1, &ethernet(EtherType::VLAN_TAGGED_FRAME, &tagged(5, EtherType::IPV4, &ip())));
    file.simple(20, &ip());
    file.obsolete(7, &ip());
    file.section(true);
    file.interface(0, 0, &[]);
    file.enhanced(0, 1, &[&[30, 0, 0, 0][..], &ipv6(IpNumber::UDP, &udp(PAYLOAD))].concat());
    vec![
        file.file,
        raw(&v4_fragments(&[7; 300], 128)),
        raw(&v6_fragments(&[7; 300], 128)),
        pcap(113, Endianness::Big, TsResolution::MicroSecond, &[vec![0; 40]]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn damage_is_told_and_never_panics(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
        part in 1..200_usize,
    ) {
        let files = sound_files();
        let mut file = files[which.index(files.len())].clone();
        for (at, octet) in changes {
            let at = at.index(file.len());
            file[at] = octet;
        }
        file.truncate(cut.index(file.len() + 1));

        let whole = pieces(&file, usize::MAX).map_err(|error| error.to_string());
        let parts = pieces(&file, part).map_err(|error| error.to_string());

        prop_assert_eq!(whole, parts);
    }

    #[test]
    fn any_octets_behind_a_magic_are_survived(
        magic in prop::sample::select(vec![PCAP[0], PCAP[1], PCAP[2], PCAP[3], PCAPNG]),
        octets in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let _ = pieces(&[&magic[..], &octets].concat(), 64);
    }

    #[test]
    fn any_octets_on_any_link_layer_are_read_or_named(link in 0..300_u32, octets in prop::collection::vec(any::<u8>(), 0..200)) {
        let pieces = pieces(&pcap(link, Endianness::Little, TsResolution::MicroSecond, &[octets]), usize::MAX).unwrap();

        // The lane, and the packet in one form or the other; a fragment is told once more when the file ends.
        prop_assert!(pieces.len() == 2 || pieces.len() == 3);
    }
}

#[test]
fn an_interface_whose_name_is_no_text_breaks_the_file() {
    let mut file = Sections::new(false);
    file.interface(101, 0, &[(2, &[0xFF, 0xFE])]);
    file.enhanced(0, 1, &ip());

    let error = pcapng::read(&file.file[..]).unwrap_err();

    // The interface is a foundation: nothing after it is trusted.
    assert!(matches!(error, CaptureError::Broken { packets: 0, .. }), "{error}");
}
