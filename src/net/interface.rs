//! Network interfaces by their addresses, from `/proc` and `/sys`.
//!
//! The product names an interface by an address, as IPv4 sockets do; IPv6 sockets want an index and the kernel's tables
//! speak of names. The tables have one row per address or route of the host and are read whole.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The flag bit of a loopback interface, as in `/sys/class/net/*/flags` (IFF_LOOPBACK).
const LOOPBACK: u32 = 0x8;
/// The flag bit of an interface that can send multicast (IFF_MULTICAST).
const MULTICAST: u32 = 0x1000;
/// The flag bit of a route that is in use (RTF_UP).
const ROUTE_UP: u32 = 0x1;
/// The flag bit of a route that leads through a gateway (RTF_GATEWAY).
const ROUTE_GATEWAY: u32 = 0x2;

/// The index of the interface that carries `address`; `None` when no interface does.
pub fn index_of(address: Ipv6Addr) -> Option<u32> {
    row_of(&std::fs::read_to_string("/proc/net/if_inet6").ok()?, address).map(|row| row.index)
}

/// The name of the interface that carries `address`; `None` when that cannot be told.
///
/// The kernel publishes no table of IPv4 addresses by interface; the connected route that covers the address stands in
/// for it, and 127.0.0.0/8 is taken to be on `lo`.
pub fn name_of(address: IpAddr) -> Option<String> {
    match address {
        IpAddr::V4(address) if address.is_loopback() => Some("lo".to_owned()),
        IpAddr::V4(address) => connected_interface(&std::fs::read_to_string("/proc/net/route").ok()?, address),
        IpAddr::V6(address) => {
            row_of(&std::fs::read_to_string("/proc/net/if_inet6").ok()?, address).map(|row| row.name)
        }
    }
}

/// Whether the interface `name` can carry multicast; `None` when the kernel does not say.
///
/// The loopback interface lacks the flag and carries multicast all the same.
pub fn carries_multicast(name: &str) -> Option<bool> {
    let path = std::path::Path::new("/sys/class/net").join(name).join("flags");
    flags_allow_multicast(&std::fs::read_to_string(path).ok()?)
}

/// One row of `/proc/net/if_inet6`.
#[derive(Debug, PartialEq, Eq)]
struct AddressRow {
    index: u32,
    name: String,
}

/// Finds `address` in the text of `/proc/net/if_inet6`: address, index, prefix length, scope, flags, name.
fn row_of(text: &str, address: Ipv6Addr) -> Option<AddressRow> {
    text.lines().find_map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let [carried, index, _prefix, _scope, _flags, name] = columns[..] else { return None };
        // This table, unlike those of sockets, prints the octets in network order.
        let carried = Ipv6Addr::from(u128::from_str_radix(carried, 16).ok()?);
        let index = u32::from_str_radix(index, 16).ok()?;
        (carried == address).then(|| AddressRow { index, name: name.to_owned() })
    })
}

/// Finds the interface of the most specific connected route to `address` in the text of `/proc/net/route`.
fn connected_interface(text: &str, address: Ipv4Addr) -> Option<String> {
    text.lines()
        .filter_map(|line| {
            let columns: Vec<&str> = line.split_whitespace().collect();
            let [name, destination, _gateway, flags, _references, _use, _metric, mask, ..] = columns[..] else {
                return None;
            };
            let (destination, mask) = (host_order(destination)?, host_order(mask)?);
            let flags = u32::from_str_radix(flags, 16).ok()?;
            let connected = flags & ROUTE_UP != 0 && flags & ROUTE_GATEWAY == 0;
            let covers = u32::from(address) & u32::from(mask) == u32::from(destination);
            (connected && covers).then_some((u32::from(mask), name))
        })
        .max_by_key(|(mask, _)| *mask)
        .map(|(_, name)| name.to_owned())
}

/// Reads an IPv4 address that the kernel printed as one number in the host's own order of octets.
pub(super) fn host_order(text: &str) -> Option<Ipv4Addr> {
    (text.len() == 8).then(|| u32::from_str_radix(text, 16).ok())?.map(|word| Ipv4Addr::from(word.to_ne_bytes()))
}

/// Reads the text of `/sys/class/net/*/flags`.
fn flags_allow_multicast(text: &str) -> Option<bool> {
    let flags = u32::from_str_radix(text.trim().strip_prefix("0x")?, 16).ok()?;
    Some(flags & (MULTICAST | LOOPBACK) != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const IF_INET6: &str = "\
fd000000000000000000000000000002 04 40 00 82     eth0
00000000000000000000000000000001 01 80 10 80       lo
fe8000000000000000fc00fffe000001 1f 40 20 80     eth1
";

    const ROUTE: &str = "\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
eth1\t800200C0\t00000000\t0001\t0\t0\t0\t80FFFFFF\t0\t0\t0
";

    #[test]
    fn an_ipv6_address_leads_to_its_row() {
        let cases = [
            ("fd00::2", Some((4, "eth0"))),
            ("::1", Some((1, "lo"))),
            ("fe80::fc:ff:fe00:1", Some((31, "eth1"))),
            ("fd00::3", None),
        ];

        for (address, expected) in cases {
            let row = row_of(IF_INET6, address.parse().unwrap());

            let expected = expected.map(|(index, name)| AddressRow { index, name: name.to_owned() });
            assert_eq!(row, expected, "{address}");
        }
    }

    #[test]
    #[cfg_attr(not(target_endian = "little"), ignore = "the sample was printed by a little-endian kernel")]
    fn an_ipv4_address_leads_to_the_most_specific_connected_route() {
        let cases = [("192.0.2.2", Some("eth0")), ("192.0.2.200", Some("eth1")), ("198.51.100.1", None)];

        for (address, expected) in cases {
            assert_eq!(connected_interface(ROUTE, address.parse().unwrap()).as_deref(), expected, "{address}");
        }
    }

    #[test]
    fn the_loopback_interface_counts_as_able_though_it_lacks_the_flag() {
        let cases =
            [("0x1003\n", Some(true)), ("0x9\n", Some(true)), ("0x82\n", Some(false)), ("up", None), ("", None)];

        for (text, expected) in cases {
            assert_eq!(flags_allow_multicast(text), expected, "{text:?}");
        }
    }

    #[test]
    fn malformed_rows_are_passed_over() {
        for text in ["", "\n\n", "zz 01 80 10 80 lo", "00000000000000000000000000000001 lo", "a b c d e f g h i"] {
            assert_eq!(row_of(text, Ipv6Addr::LOCALHOST), None);
            assert_eq!(connected_interface(text, Ipv4Addr::LOCALHOST), None);
        }
    }

    #[test]
    fn the_loopback_addresses_of_this_host_are_on_lo() {
        assert_eq!(name_of(Ipv4Addr::new(127, 0, 0, 9).into()).as_deref(), Some("lo"));
        assert_eq!(carries_multicast("lo"), Some(true));
    }
}
