//! What the kernel says about sockets and groups: facts that silence on the wire cannot prove.
//!
//! A datagram that never arrives may have been dropped by this host for want of room, and a socket that did not join
//! may still hear a group that another one joined. So loss is read from the drop counters of `/proc/net/udp` and
//! membership from `/proc/net/igmp`. The parsers are pure functions over the text; they keep one row per socket or
//! membership of the host and pass over rows that they do not understand.
//!
//! The kernel writes these tables page by page. When a socket opens or closes between two pages, a later row may be
//! missing or stand there twice; this was seen with several test processes on one host. So a row that is there is
//! believed at once, and one that is missing only after several looks.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::os::fd::AsRawFd;
use std::sync::Arc;

use super::interface::{self, host_order};
use super::shortage;

/// How often a table is read before a missing row is believed to be missing.
const LOOKS: usize = 5;

/// One UDP socket, as `/proc/net/udp` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UdpSocketRow {
    /// The address that it is bound to.
    pub local: SocketAddr,
    /// The octets that wait to be read, including the kernel's overhead.
    pub queued: u64,
    /// The socket's inode, which tells apart sockets bound alike.
    pub inode: u64,
    /// The datagrams that the kernel threw away since the socket was opened.
    pub drops: u64,
}

/// One membership of this host in a multicast group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The group.
    pub group: IpAddr,
    /// The interface, by name; a host with many memberships has few interfaces.
    pub interface: Arc<str>,
    /// How many sockets share the membership.
    pub users: u32,
}

/// Where the kernel tells of its UDP sockets.
const UDP_TABLES: [&str; 2] = ["/proc/net/udp", "/proc/net/udp6"];

/// How many datagrams the kernel threw away for the sockets bound to `local`, together.
///
/// `None` says that no socket is bound there now: the counter dies with its socket, so read it before closing.
pub fn drops(local: SocketAddr) -> Option<u64> {
    let rows = (0..LOOKS).flat_map(|_| udp_sockets()).filter(|row| row.local == local);
    let by_socket: BTreeMap<u64, u64> = rows.map(|row| (row.inode, row.drops)).collect();
    by_socket.into_values().reduce(u64::saturating_add)
}

/// How many datagrams the kernel threw away for exactly this UDP socket; `None` when the kernel does not tell.
pub fn drops_of(socket: &impl AsRawFd) -> Option<u64> {
    let link = std::fs::read_link(format!("/proc/self/fd/{}", socket.as_raw_fd())).ok()?;
    let inode: u64 = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()?;
    // The whole table is read, but only the socket's own row taken apart: a busy host has many, and this is asked often.
    let column = format!(" {inode} ");
    let row_in = |table: &str| {
        let text = std::fs::read_to_string(table).inspect_err(shortage::note).ok()?;
        let mut rows = text.lines().filter(|line| line.contains(&column)).filter_map(udp_row);
        rows.find(|row| row.inode == inode)
    };
    (0..LOOKS).find_map(|_| UDP_TABLES.iter().find_map(|table| row_in(table))).map(|row| row.drops)
}

/// Every UDP socket of the host, by one look; empty when `/proc` cannot be read.
pub fn udp_sockets() -> Vec<UdpSocketRow> {
    UDP_TABLES
        .into_iter()
        .filter_map(|path| std::fs::read_to_string(path).inspect_err(shortage::note).ok())
        .flat_map(|text| parse_udp(&text))
        .collect()
}

/// Every multicast membership of this host, by one look.
///
/// # Errors
/// Fails when `/proc/net/igmp` cannot be read: then nothing is known, which is not the same as no membership. A host
/// without IPv6 has no `/proc/net/igmp6` and no such memberships.
pub fn memberships() -> io::Result<Vec<Membership>> {
    let mut all = parse_igmp(&std::fs::read_to_string("/proc/net/igmp").inspect_err(shortage::note)?);
    match std::fs::read_to_string("/proc/net/igmp6") {
        Ok(text) => all.extend(parse_igmp6(&text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    Ok(all)
}

/// Whether this host is a member of `group` on the interface that carries `interface`.
///
/// `None` says that the kernel does not tell, which must not be held against anybody.
pub fn is_member(group: IpAddr, interface: IpAddr) -> Option<bool> {
    let name = interface::name_of(interface)?;
    for _ in 0..LOOKS {
        if memberships().ok()?.iter().any(|membership| membership.group == group && *membership.interface == *name) {
            return Some(true);
        }
    }
    Some(false)
}

/// Reads the text of `/proc/net/udp` or `/proc/net/udp6`.
pub fn parse_udp(text: &str) -> Vec<UdpSocketRow> {
    text.lines().filter_map(udp_row).collect()
}

/// Reads the text of `/proc/net/igmp`: one line per interface, then one indented line per group.
pub fn parse_igmp(text: &str) -> Vec<Membership> {
    let mut interface: Option<Arc<str>> = None;
    let mut found = Vec::new();
    for line in text.lines() {
        let mut columns = line.split_whitespace();
        if line.starts_with(char::is_whitespace) {
            let (Some(group), Some(users), Some(name)) = (columns.next(), columns.next(), &interface) else { continue };
            let (Some(group), Ok(users)) = (host_order(group), users.parse()) else { continue };
            found.push(Membership { group: group.into(), interface: name.clone(), users });
        } else {
            // The colon may follow a long name without a space.
            interface = columns.nth(1).map(|name| name.trim_end_matches(':').into());
        }
    }
    found
}

/// Reads the text of `/proc/net/igmp6`: index, interface, group in network order, users, flags, timer.
pub fn parse_igmp6(text: &str) -> Vec<Membership> {
    text.lines()
        .filter_map(|line| {
            let mut columns = line.split_whitespace().skip(1);
            let (interface, group, users) = (columns.next()?, columns.next()?, columns.next()?);
            let group = u128::from_str_radix(group, 16).ok().filter(|_| group.len() == 32)?;
            Some(Membership {
                group: Ipv6Addr::from(group).into(),
                interface: interface.into(),
                users: users.parse().ok()?,
            })
        })
        .collect()
}

/// Reads one row of a UDP table: slot, local, remote, state, tx:rx, timer, retransmits, uid, timeout, inode, references,
/// pointer, drops.
fn udp_row(line: &str) -> Option<UdpSocketRow> {
    let columns: Vec<&str> = line.split_whitespace().collect();
    let [
        _slot,
        local,
        _remote,
        _state,
        queues,
        _timer,
        _retransmits,
        _uid,
        _timeout,
        inode,
        _references,
        _pointer,
        drops,
    ] = columns[..]
    else {
        return None;
    };
    let (_, queued) = queues.split_once(':')?;
    Some(UdpSocketRow {
        local: socket_address(local)?,
        queued: u64::from_str_radix(queued, 16).ok()?,
        inode: inode.parse().ok()?,
        drops: drops.parse().ok()?,
    })
}

/// Reads `ADDRESS:PORT`: the address in words of the host's own order of octets, the port as a plain number.
fn socket_address(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let address = match address.len() {
        8 => IpAddr::V4(host_order(address)?),
        32 => {
            let mut octets = [0; 16];
            for (place, start) in octets.chunks_exact_mut(4).zip((0..).step_by(8)) {
                place.copy_from_slice(&host_order(address.get(start..start + 8)?)?.octets());
            }
            IpAddr::V6(Ipv6Addr::from(octets)).to_canonical()
        }
        _ => return None,
    };
    Some(SocketAddr::new(address, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(all(test, target_endian = "little"))]
mod tests {
    use std::net::UdpSocket;

    use proptest::prelude::*;

    use super::*;

    const UDP: &str = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops            
 8864: 214EFFEF:4E21 00000000:0000 07 00000000:0001A2C0 00:00000000 00000000     0        0 32034 2 00000000dcc506f4 408       
";
    const UDP6: &str = "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
 8865: 00000000000000000000000001000000:4E22 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 32035 2 000000002e376a64 0
  901: 0000000000000000FFFF00000100007F:0BB8 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 32036 2 000000002e376a65 7
 8866: 000015FF0000000000000000214E57CA:4E21 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 32037 2 000000002e376a64 0
";
    const IGMP: &str = "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter
1\tlo        :     2      V3
\t\t\t\t214EFFEF     3 0:00000000\t\t0
\t\t\t\t010000E0     1 0:00000000\t\t0
4\tverylongname0:     1      V3
\t\t\t\t010000E0     1 0:00000000\t\t0
";
    const IGMP6: &str = "\
1    lo              ff020000000000000000000000000001     1 0000000C 0
4    eth0            ff0200000000000000000001ff000002     2 00000004 0
";

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn udp_rows_are_read_with_address_queue_inode_and_drops() {
        let rows: Vec<_> = [UDP, UDP6].iter().flat_map(|text| parse_udp(text)).collect();

        let row = |local, queued, inode, drops| UdpSocketRow { local: address(local), queued, inode, drops };
        assert_eq!(
            rows,
            [
                row("239.255.78.33:20001", 107_200, 32_034, 408),
                row("[::1]:20002", 0, 32_035, 0),
                row("127.0.0.1:3000", 0, 32_036, 7),
                row("[ff15::ca57:4e21]:20001", 0, 32_037, 0),
            ]
        );
    }

    #[test]
    fn groups_are_read_with_their_interface() {
        let found: Vec<_> = parse_igmp(IGMP).into_iter().chain(parse_igmp6(IGMP6)).collect();

        let row = |group: &str, interface: &str, users| Membership {
            group: group.parse().unwrap(),
            interface: interface.into(),
            users,
        };
        assert_eq!(
            found,
            [
                row("239.255.78.33", "lo", 3),
                row("224.0.0.1", "lo", 1),
                row("224.0.0.1", "verylongname0", 1),
                row("ff02::1", "lo", 1),
                row("ff02::1:ff00:2", "eth0", 2),
            ]
        );
    }

    #[test]
    fn rows_cut_short_are_passed_over() {
        let row = UDP.lines().nth(1).unwrap().trim_end();
        let last_column = row.rfind(' ').unwrap();

        for end in 0..=last_column {
            assert_eq!(parse_udp(&row[..end]), [], "{}", &row[..end]);
        }
        assert_eq!(parse_udp(row).len(), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn any_text_is_survived(text in "[0-9A-Fa-f: \t\n\u{e9}]{0,200}") {
            let most = text.lines().count();

            prop_assert!(parse_udp(&text).len() <= most);
            prop_assert!(parse_igmp(&text).len() <= most);
            prop_assert!(parse_igmp6(&text).len() <= most);
        }
    }

    #[test]
    fn a_socket_of_this_process_is_found_and_gone_after_closing() {
        // An address that nobody else uses, so that the port is not taken again by another test.
        let socket = UdpSocket::bind("127.77.1.1:0").unwrap();
        let local = socket.local_addr().unwrap();

        let open = (drops(local), drops_of(&socket));
        drop(socket);

        assert_eq!(open, (Some(0), Some(0)));
        assert_eq!(drops(local), None);
    }

    #[test]
    fn datagrams_that_found_no_room_are_counted_exactly() {
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket2::SockRef::from(&receiver).set_recv_buffer_size(4_096).unwrap();
        receiver.set_nonblocking(true).unwrap();
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();

        for _ in 0..100 {
            sender.send_to(&[0; 1_400], receiver.local_addr().unwrap()).unwrap();
        }

        let lost = drops_of(&receiver).unwrap();
        let read = std::iter::from_fn(|| receiver.recv(&mut [0; 1_500]).ok()).count();
        assert!(lost > 0);
        assert_eq!(lost + u64::try_from(read).unwrap(), 100);
    }
}
