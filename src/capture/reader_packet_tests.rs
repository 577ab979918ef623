//! Tests of packets in captures: link layers, IP headers, fragments.

use etherparse::{
    EtherType, IpFragOffset, IpNumber, Ipv4Header, Ipv4Options, Ipv6FlowLabel, Ipv6FragmentHeader, Ipv6Header,
    Ipv6RawExtHeader, UdpHeader,
};
use pcap_file::{Endianness, TsResolution};

use super::{PAYLOAD, Sections, datagram, ethernet, expected, ip, packets, pcap, raw, tagged};
use crate::capture::pcapng;
use crate::capture::recording::SkippedPacket;

#[test]
fn every_link_layer_gives_the_same_datagram() {
    let (v4, q, qinq) = (EtherType::IPV4, EtherType::VLAN_TAGGED_FRAME, EtherType::PROVIDER_BRIDGING);
    let cooked = |kind: EtherType, rest: &[u8]| {
        [&[0, 0, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0][..], &kind.0.to_be_bytes(), rest].concat()
    };
    let cooked_2 = |kind: EtherType, rest: &[u8]| {
        [&kind.0.to_be_bytes()[..], &[0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0], rest].concat()
    };
    let family = |octets: [u8; 4]| [&octets[..], &ip()].concat();
    let table: Vec<(u32, &str, Vec<u8>)> = vec![
        (1, "Ethernet", ethernet(v4, &ip())),
        (1, "Ethernet with padding", [ethernet(v4, &ip()), vec![0; 9]].concat()),
        (1, "802.1Q", ethernet(q, &tagged(5, v4, &ip()))),
        (1, "QinQ", ethernet(qinq, &tagged(7, q, &tagged(5, v4, &ip())))),
        (1, "QinQ of the old kind", ethernet(q, &tagged(7, q, &tagged(5, v4, &ip())))),
        (113, "Linux cooked", cooked(v4, &ip())),
        (113, "Linux cooked with 802.1Q", cooked(q, &tagged(5, v4, &ip()))),
        (276, "Linux cooked 2", cooked_2(v4, &ip())),
        (276, "Linux cooked 2 with 802.1Q", cooked_2(q, &tagged(5, v4, &ip()))),
        (12, "raw IP", ip()),
        (14, "raw IP", ip()),
        (101, "raw IP", ip()),
        (228, "IPv4", ip()),
        (0, "null of a little-endian host", family([2, 0, 0, 0])),
        (0, "null of a big-endian host", family([0, 0, 0, 2])),
        (108, "loop", family([0, 0, 0, 2])),
    ];
    for (link, name, octets) in table {
        let old = pcap(link, Endianness::Big, TsResolution::MicroSecond, std::slice::from_ref(&octets));
        let mut new = Sections::new(false);
        new.interface(link as u16, 0, &[]);
        new.enhanced(0, 1, &octets);

        assert_eq!(packets(&old), [expected()], "{name}");
        assert_eq!(packets(&new.file), [expected()], "{name}");
    }
}

#[test]
fn an_ipv4_header_with_options_is_read() {
    let mut header =
        Ipv4Header::new(8 + PAYLOAD.len() as u16, 9, IpNumber::UDP, [10, 0, 0, 1], [239, 1, 2, 3]).unwrap();
    // Router alert.
    header.options = Ipv4Options::from([0x94, 4, 0, 0]);
    header.total_len += 4;
    header.header_checksum = header.calc_header_checksum();
    let udp = UdpHeader::with_ipv4_checksum(4000, 2948, &header, PAYLOAD).unwrap();
    let mut octets = Vec::new();
    header.write(&mut octets).unwrap();
    udp.write(&mut octets).unwrap();
    octets.extend_from_slice(PAYLOAD);

    assert_eq!(packets(&raw(&[octets])), [expected()]);
}

const V6: ([u8; 16], [u8; 16]) =
    ([0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], [0xFF, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9]);

/// An IPv6 packet; the extension headers and the datagram are `rest`.
pub(super) fn ipv6(next_header: IpNumber, rest: &[u8]) -> Vec<u8> {
    let mut octets = Vec::new();
    let header = Ipv6Header {
        traffic_class: 0,
        flow_label: Ipv6FlowLabel::ZERO,
        payload_length: rest.len() as u16,
        next_header,
        hop_limit: 9,
        source: V6.0,
        destination: V6.1,
    };
    header.write(&mut octets).unwrap();
    [octets.as_slice(), rest].concat()
}

/// A UDP header with its payload.
pub(super) fn udp(payload: &[u8]) -> Vec<u8> {
    let mut octets = Vec::new();
    UdpHeader { source_port: 4000, destination_port: 2948, length: 8 + payload.len() as u16, checksum: 0 }
        .write(&mut octets)
        .unwrap();
    [octets.as_slice(), payload].concat()
}

fn options(next: IpNumber) -> Vec<u8> {
    let mut octets = Vec::new();
    Ipv6RawExtHeader::new_raw(next, &[1, 4, 0, 0, 0, 0]).unwrap().write(&mut octets).unwrap();
    octets
}

#[test]
fn ipv6_extension_headers_are_passed_over() {
    let chain = [options(IpNumber::IPV6_DESTINATION_OPTIONS), options(IpNumber::UDP), udp(PAYLOAD)].concat();
    let octets = ipv6(IpNumber::IPV6_HEADER_HOP_BY_HOP, &chain);

    let expected = datagram("[fd00::1]:4000", "[ff02::9]:2948", 9, PAYLOAD);
    assert_eq!(packets(&raw(std::slice::from_ref(&octets))), std::slice::from_ref(&expected));
    for family in [10_u8, 24, 28, 30] {
        let null = [&[family, 0, 0, 0][..], &octets].concat();
        assert_eq!(
            packets(&pcap(0, Endianness::Little, TsResolution::MicroSecond, &[null])),
            std::slice::from_ref(&expected)
        );
    }
    let v6 = pcap(229, Endianness::Little, TsResolution::MicroSecond, std::slice::from_ref(&octets));
    assert_eq!(packets(&v6), [expected]);
}

pub(super) fn v4_fragments(payload: &[u8], size: usize) -> Vec<Vec<u8>> {
    let whole = udp(payload);
    let count = whole.len().div_ceil(size);
    let part = |(index, part): (usize, &[u8])| {
        let mut header = Ipv4Header::new(part.len() as u16, 9, IpNumber::UDP, [10, 0, 0, 1], [239, 1, 2, 3]).unwrap();
        header.identification = 77;
        header.dont_fragment = false;
        header.more_fragments = index + 1 < count;
        header.fragment_offset = IpFragOffset::try_new((index * size / 8) as u16).unwrap();
        header.header_checksum = header.calc_header_checksum();
        let mut octets = Vec::new();
        header.write(&mut octets).unwrap();
        [octets.as_slice(), part].concat()
    };
    whole.chunks(size).enumerate().map(part).collect()
}

pub(super) fn v6_fragments(payload: &[u8], size: usize) -> Vec<Vec<u8>> {
    let whole = [options(IpNumber::UDP), udp(payload)].concat();
    let count = whole.len().div_ceil(size);
    let part = |(index, part): (usize, &[u8])| {
        let offset = IpFragOffset::try_new((index * size / 8) as u16).unwrap();
        let header =
            Ipv6FragmentHeader::new(IpNumber::IPV6_DESTINATION_OPTIONS, offset, index + 1 < count, 0x0102_0304);
        let mut octets = Vec::new();
        header.write(&mut octets).unwrap();
        ipv6(IpNumber::IPV6_FRAGMENTATION_HEADER, &[octets.as_slice(), part].concat())
    };
    whole.chunks(size).enumerate().map(part).collect()
}

#[test]
fn fragments_of_both_families_are_put_together_in_any_order() {
    let payload: Vec<u8> = (0..3000_u32).map(|number| number as u8).collect();
    let table = [
        (v4_fragments(&payload, 1480), "10.0.0.1:4000", "239.1.2.3:2948"),
        (v6_fragments(&payload, 1232), "[fd00::1]:4000", "[ff02::9]:2948"),
    ];
    for (mut fragments, source, destination) in table {
        assert_eq!(fragments.len(), 3);
        for _ in 0..3 {
            fragments.rotate_left(1);

            let recording = pcapng::read(&raw(&fragments)[..]).unwrap();

            assert_eq!(recording.frames.len(), 1, "{:?}", recording.skipped);
            assert_eq!(recording.frames[0].packet, datagram(source, destination, 9, &payload));
            assert_eq!(recording.frames[0].comments, ["put together from 3 IP fragments"]);
            assert_eq!(recording.numbered().next().unwrap().0, 3);
            assert!(recording.skipped.iter().all(|packet| !packet.is_loss), "{:?}", recording.skipped);
        }
    }
}

#[test]
fn a_datagram_that_stays_incomplete_is_told_with_its_octets() {
    let fragments = v4_fragments(&[7; 3000], 1480);
    let file = raw(&[fragments[0].clone(), ip(), fragments[2].clone(), ip()]);

    let recording = pcapng::read(&file[..]).unwrap();

    assert_eq!(recording.numbered().map(|(number, _)| number).collect::<Vec<_>>(), [2, 4]);
    let lost: Vec<&SkippedPacket> = recording.skipped.iter().filter(|packet| packet.is_loss).collect();
    assert_eq!((lost.len(), lost[0].number), (1, 3));
    let words = "a datagram from 10.0.0.1 to 239.1.2.3 of which 2 fragments came: the capture ended; first 1480 octets";
    assert!(lost[0].reason.starts_with(words), "{}", lost[0].reason);
}
