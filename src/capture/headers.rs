//! IP, UDP and TCP headers around a payload, and back.
//!
//! Unprivileged sockets tell addresses, ports, TTL and octets; the rest of the headers is rebuilt here, always alike:
//! IPv4 identification 0, DF set, correct checksums. Reading copies one payload and allocates nothing else.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use etherparse::{
    EtherType, IpHeaders, IpNumber, Ipv4Header, Ipv6ExtensionsSlice, Ipv6FlowLabel, Ipv6FragmentHeaderSlice,
    Ipv6Header, Ipv6RawExtHeaderSlice, NetSlice, PacketBuilder, SlicedPacket, TcpHeader, TcpSlice, TransportSlice,
    UdpSlice,
};

use super::fragments::Fragment;
use super::link;
pub(super) use super::link::is_readable;
use super::recording::{Packet, TcpFlags};

/// Time to live of rebuilt segments, the usual value of hosts.
const SEGMENT_TTL: u8 = 64;

/// The window that rebuilt segments announce, the largest that needs no option.
const WINDOW: u16 = u16::MAX;

/// The packet as it would stand on an interface of link type RAW.
///
/// # Errors
/// A text that says what no header can carry: addresses of different families, or too many octets.
pub(super) fn rebuild(packet: &Packet) -> Result<Vec<u8>, String> {
    let ttl = match packet {
        Packet::Datagram { ttl, .. } => *ttl,
        Packet::Segment { .. } => SEGMENT_TTL,
    };
    let (source, destination) = (packet.source(), packet.destination());
    let builder = PacketBuilder::ip(ip_headers(source.ip(), destination.ip(), ttl)?);
    let payload = packet.payload();
    let mut octets = Vec::with_capacity(payload.len() + 60);
    let written = match packet {
        Packet::Datagram { .. } => builder.udp(source.port(), destination.port()).write_to_vec(&mut octets, payload),
        Packet::Segment { sequence, acknowledgement, flags, .. } => {
            let header = TcpHeader {
                acknowledgment_number: *acknowledgement,
                fin: flags.has(TcpFlags::FIN),
                syn: flags.has(TcpFlags::SYN),
                rst: flags.has(TcpFlags::RST),
                psh: flags.has(TcpFlags::PSH),
                ack: flags.has(TcpFlags::ACK),
                urg: flags.has(TcpFlags::URG),
                ece: flags.has(TcpFlags::ECE),
                cwr: flags.has(TcpFlags::CWR),
                ..TcpHeader::new(source.port(), destination.port(), *sequence, WINDOW)
            };
            builder.tcp_header(header).write_to_vec(&mut octets, payload)
        }
    };
    written.map_err(|error| error.to_string())?;
    Ok(octets)
}

/// The protocol number and the lengths are filled in by the builder.
fn ip_headers(source: IpAddr, destination: IpAddr, ttl: u8) -> Result<IpHeaders, String> {
    match (source, destination) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let header = Ipv4Header::new(0, ttl, IpNumber::UDP, from.octets(), to.octets());
            Ok(IpHeaders::Ipv4(header.map_err(|error| error.to_string())?, Default::default()))
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            let header = Ipv6Header {
                traffic_class: 0,
                flow_label: Ipv6FlowLabel::ZERO,
                payload_length: 0,
                next_header: IpNumber::UDP,
                hop_limit: ttl,
                source: from.octets(),
                destination: to.octets(),
            };
            Ok(IpHeaders::Ipv6(header, Default::default()))
        }
        _ => Err(format!("{source} and {destination} are of different address families")),
    }
}

/// Why a captured packet gives neither a datagram nor a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is whole, and of a kind that castproof does not look at.
    OtherKind(&'static str),
    /// It may have been a datagram or a segment, and cannot be read as one.
    Unreadable(String),
}

/// What the octets of a captured packet hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Parsed<'a> {
    /// A datagram or a segment.
    Packet(Packet),
    /// A part of one.
    Fragment(Fragment<'a>),
}

/// The datagram or segment in the octets of a captured packet, or the part of one.
///
/// # Errors
/// [`Unread`] says why the packet is neither.
pub(super) fn parse(link: u32, octets: &[u8]) -> Result<Parsed<'_>, Unread> {
    let network = link::network(link, octets).map_err(Unread::Unreadable)?;
    let (kind, octets) = network.ok_or(Unread::OtherKind("no IP packet"))?;
    if kind == EtherType::IPV6
        && let Some(fragment) = ipv6_fragment(octets)
    {
        return Ok(Parsed::Fragment(fragment));
    }
    let sliced = SlicedPacket::from_ether_type(kind, octets).map_err(|error| Unread::Unreadable(error.to_string()))?;
    let ends: Ends = match sliced.net {
        Some(NetSlice::Ipv4(ip)) => {
            let header = ip.header();
            let (source, destination): (IpAddr, IpAddr) =
                (header.source_addr().into(), header.destination_addr().into());
            if ip.is_payload_fragmented() {
                return Ok(Parsed::Fragment(Fragment {
                    source,
                    destination,
                    ttl: header.ttl(),
                    protocol: ip.payload().ip_number,
                    identification: header.identification().into(),
                    offset: header.fragments_offset(),
                    more: header.more_fragments(),
                    payload: ip.payload().payload,
                }));
            }
            (source, destination, header.ttl())
        }
        Some(NetSlice::Ipv6(ip)) => {
            let header = ip.header();
            (header.source_addr().into(), header.destination_addr().into(), header.hop_limit())
        }
        Some(NetSlice::Arp(_)) => return Err(Unread::OtherKind("ARP")),
        None => return Err(Unread::OtherKind("no IP packet")),
    };
    match sliced.transport {
        Some(transport) => packet(ends, &transport).map(Parsed::Packet),
        None => Err(Unread::OtherKind("neither UDP nor TCP")),
    }
}

/// The fragment in an IPv6 packet, when it is one.
///
/// Headers are followed here up to the fragment header and no further: etherparse would take the payload of a later
/// fragment for headers.
fn ipv6_fragment(octets: &[u8]) -> Option<Fragment<'_>> {
    let (header, rest) = Ipv6Header::from_slice(octets).ok()?;
    let mut rest = rest.get(..header.payload_length.into())?;
    let mut next = header.next_header;
    while let IpNumber::IPV6_HEADER_HOP_BY_HOP | IpNumber::IPV6_ROUTE_HEADER | IpNumber::IPV6_DESTINATION_OPTIONS = next
    {
        let extension = Ipv6RawExtHeaderSlice::from_slice(rest).ok()?;
        next = extension.next_header();
        rest = &rest[extension.slice().len()..];
    }
    if next != IpNumber::IPV6_FRAGMENTATION_HEADER {
        return None;
    }
    let part = Ipv6FragmentHeaderSlice::from_slice(rest).ok()?;
    part.is_fragmenting_payload().then(|| Fragment {
        source: header.source_addr().into(),
        destination: header.destination_addr().into(),
        ttl: header.hop_limit,
        protocol: part.next_header(),
        identification: part.identification(),
        offset: part.fragment_offset(),
        more: part.more_fragments(),
        payload: &rest[part.slice().len()..],
    })
}

/// Source, destination, time to live.
type Ends = (IpAddr, IpAddr, u8);

/// The datagram or segment in the payload of an IP packet that came in fragments.
///
/// # Errors
/// [`Unread`] says why it is neither.
pub(super) fn transport(ends: Ends, protocol: IpNumber, payload: &[u8]) -> Result<Packet, Unread> {
    let unreadable = |error: &dyn std::fmt::Display| Unread::Unreadable(error.to_string());
    let (protocol, payload) = match ends.0 {
        IpAddr::V4(_) => (protocol, payload),
        // Destination options may stand behind the fragment header.
        IpAddr::V6(_) => {
            let (_, protocol, rest) =
                Ipv6ExtensionsSlice::from_slice(protocol, payload).map_err(|error| unreadable(&error))?;
            (protocol, rest)
        }
    };
    match protocol {
        IpNumber::UDP => UdpSlice::from_slice(payload)
            .map_err(|error| unreadable(&error))
            .and_then(|udp| packet(ends, &TransportSlice::Udp(udp))),
        IpNumber::TCP => TcpSlice::from_slice(payload)
            .map_err(|error| unreadable(&error))
            .and_then(|tcp| packet(ends, &TransportSlice::Tcp(tcp))),
        _ => Err(Unread::OtherKind("neither UDP nor TCP")),
    }
}

fn packet((from, to, ttl): Ends, transport: &TransportSlice<'_>) -> Result<Packet, Unread> {
    match transport {
        TransportSlice::Udp(udp) => Ok(Packet::Datagram {
            source: SocketAddr::new(from, udp.source_port()),
            destination: SocketAddr::new(to, udp.destination_port()),
            ttl,
            payload: Arc::from(udp.payload()),
        }),
        TransportSlice::Tcp(tcp) => Ok(Packet::Segment {
            source: SocketAddr::new(from, tcp.source_port()),
            destination: SocketAddr::new(to, tcp.destination_port()),
            sequence: tcp.sequence_number(),
            acknowledgement: tcp.acknowledgment_number(),
            flags: flags(tcp),
            payload: Arc::from(tcp.payload()),
        }),
        TransportSlice::Icmpv4(_) | TransportSlice::Icmpv6(_) => Err(Unread::OtherKind("ICMP")),
        TransportSlice::Igmp(_) => Err(Unread::OtherKind("IGMP")),
    }
}

fn flags(tcp: &TcpSlice<'_>) -> TcpFlags {
    [
        (tcp.fin(), TcpFlags::FIN),
        (tcp.syn(), TcpFlags::SYN),
        (tcp.rst(), TcpFlags::RST),
        (tcp.psh(), TcpFlags::PSH),
        (tcp.ack(), TcpFlags::ACK),
        (tcp.urg(), TcpFlags::URG),
        (tcp.ece(), TcpFlags::ECE),
        (tcp.cwr(), TcpFlags::CWR),
    ]
    .into_iter()
    .filter(|(set, _)| *set)
    .fold(TcpFlags::default(), |all, (_, flag)| all | flag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn datagram(source: &str, destination: &str, payload: &[u8]) -> Packet {
        Packet::Datagram {
            source: source.parse().unwrap(),
            destination: destination.parse().unwrap(),
            ttl: 3,
            payload: Arc::from(payload),
        }
    }

    fn segment(source: &str, destination: &str, payload: &[u8]) -> Packet {
        Packet::Segment {
            source: source.parse().unwrap(),
            destination: destination.parse().unwrap(),
            sequence: 0xFFFF_FFFF,
            acknowledgement: 7,
            flags: TcpFlags::PSH | TcpFlags::ACK,
            payload: Arc::from(payload),
        }
    }

    #[test]
    fn rebuilt_ipv4_checksums_are_those_that_etherparse_computes() {
        let udp = rebuild(&datagram("127.0.0.1:4000", "239.1.2.3:2948", b"odd")).unwrap();
        let tcp = rebuild(&segment("127.0.0.1:4000", "127.0.0.1:8080", b"data")).unwrap();

        for octets in [udp, tcp] {
            let sliced = SlicedPacket::from_ip(&octets).unwrap();
            let Some(NetSlice::Ipv4(ip)) = sliced.net else { panic!("no IPv4") };
            let header = ip.header().to_header();
            assert_eq!(header.header_checksum, header.calc_header_checksum());
            assert!(header.dont_fragment);
            assert_eq!(header.identification, 0);
            match sliced.transport {
                Some(TransportSlice::Udp(udp)) => {
                    let expected = udp.to_header().calc_checksum_ipv4(&header, udp.payload()).unwrap();
                    assert_eq!(udp.checksum(), expected);
                }
                Some(TransportSlice::Tcp(tcp)) => {
                    let expected = tcp.to_header().calc_checksum_ipv4(&header, tcp.payload()).unwrap();
                    assert_eq!(tcp.checksum(), expected);
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn rebuilt_ipv6_checksums_are_those_that_etherparse_computes() {
        let udp = rebuild(&datagram("[::1]:4000", "[ff12::1]:2948", b"odd")).unwrap();
        let tcp = rebuild(&segment("[::1]:4000", "[::1]:8080", b"data")).unwrap();

        for octets in [udp, tcp] {
            let sliced = SlicedPacket::from_ip(&octets).unwrap();
            let Some(NetSlice::Ipv6(ip)) = sliced.net else { panic!("no IPv6") };
            let header = ip.header().to_header();
            match sliced.transport {
                Some(TransportSlice::Udp(udp)) => {
                    let expected = udp.to_header().calc_checksum_ipv6(&header, udp.payload()).unwrap();
                    assert_eq!(udp.checksum(), expected);
                }
                Some(TransportSlice::Tcp(tcp)) => {
                    let expected = tcp.to_header().calc_checksum_ipv6(&header, tcp.payload()).unwrap();
                    assert_eq!(tcp.checksum(), expected);
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn an_ethernet_frame_is_read_and_its_padding_left_out() {
        let mut octets = vec![1, 0, 0x5E, 1, 2, 3, 0, 0, 0, 0, 0, 0, 8, 0];
        let packet = datagram("10.0.0.1:4000", "239.1.2.3:2948", b"x");
        octets.extend(rebuild(&packet).unwrap());
        octets.extend([0; 17]);

        assert_eq!(parse(1, &octets), Ok(Parsed::Packet(packet)));
    }

    #[test]
    fn what_no_header_can_carry_is_refused() {
        let mixed = datagram("127.0.0.1:1", "[ff12::1]:2", b"");
        let long = datagram("127.0.0.1:1", "239.1.1.1:2", &[0; 65_508]);

        assert!(rebuild(&mixed).unwrap_err().contains("different address families"));
        assert!(rebuild(&long).is_err());
    }
}
