//! IP, UDP and TCP headers around a payload, and back.
//!
//! Unprivileged sockets tell addresses, ports, TTL and octets; the rest of the headers is rebuilt here, always alike:
//! IPv4 identification 0, DF set, correct checksums. Reading copies one payload and allocates nothing else.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use etherparse::{
    IpHeaders, IpNumber, Ipv4Header, Ipv6FlowLabel, Ipv6Header, NetSlice, PacketBuilder, SlicedPacket, TcpHeader,
    TcpSlice, TransportSlice,
};
use pcap_file::DataLink;

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

/// Whether packets of this link type can be read.
pub(super) fn is_readable(link: DataLink) -> bool {
    matches!(link, DataLink::ETHERNET | DataLink::RAW | DataLink::IPV4 | DataLink::IPV6)
}

/// Why a captured packet gives neither a datagram nor a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is whole, and of a kind that castproof does not look at.
    OtherKind(&'static str),
    /// It may have been a datagram or a segment, and cannot be read as one.
    Unreadable(String),
}

/// The datagram or segment in the octets of a captured packet.
///
/// # Errors
/// [`Unread`] says why the packet is neither.
pub(super) fn parse(link: DataLink, octets: &[u8]) -> Result<Packet, Unread> {
    let sliced = match link {
        DataLink::ETHERNET => SlicedPacket::from_ethernet(octets),
        _ => SlicedPacket::from_ip(octets),
    }
    .map_err(|error| Unread::Unreadable(error.to_string()))?;
    if sliced.is_ip_payload_fragmented() {
        return Err(Unread::Unreadable("an IP fragment; fragments are not put together".into()));
    }
    let (from, to, ttl): (IpAddr, IpAddr, u8) = match &sliced.net {
        Some(NetSlice::Ipv4(ip)) => {
            let header = ip.header();
            (header.source_addr().into(), header.destination_addr().into(), header.ttl())
        }
        Some(NetSlice::Ipv6(ip)) => {
            let header = ip.header();
            (header.source_addr().into(), header.destination_addr().into(), header.hop_limit())
        }
        Some(NetSlice::Arp(_)) => return Err(Unread::OtherKind("ARP")),
        None => return Err(Unread::OtherKind("no IP packet")),
    };
    match &sliced.transport {
        Some(TransportSlice::Udp(udp)) => Ok(Packet::Datagram {
            source: SocketAddr::new(from, udp.source_port()),
            destination: SocketAddr::new(to, udp.destination_port()),
            ttl,
            payload: Arc::from(udp.payload()),
        }),
        Some(TransportSlice::Tcp(tcp)) => Ok(Packet::Segment {
            source: SocketAddr::new(from, tcp.source_port()),
            destination: SocketAddr::new(to, tcp.destination_port()),
            sequence: tcp.sequence_number(),
            acknowledgement: tcp.acknowledgment_number(),
            flags: flags(tcp),
            payload: Arc::from(tcp.payload()),
        }),
        Some(TransportSlice::Icmpv4(_) | TransportSlice::Icmpv6(_)) => Err(Unread::OtherKind("ICMP")),
        Some(TransportSlice::Igmp(_)) => Err(Unread::OtherKind("IGMP")),
        None => Err(Unread::OtherKind("neither UDP nor TCP")),
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

        assert_eq!(parse(DataLink::ETHERNET, &octets), Ok(packet));
    }

    #[test]
    fn what_no_header_can_carry_is_refused() {
        let mixed = datagram("127.0.0.1:1", "[ff12::1]:2", b"");
        let long = datagram("127.0.0.1:1", "239.1.1.1:2", &[0; 65_508]);

        assert!(rebuild(&mixed).unwrap_err().contains("different address families"));
        assert!(rebuild(&long).is_err());
    }
}
