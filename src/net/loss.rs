//! Whether this host threw away any UDP datagram meanwhile: the quick look that spares the long one.
//!
//! The counter of one socket stands in a table of all sockets ([`super::kernel`]), and the kernel walks through all its
//! ports to write it. The sum over all sockets stands in `/proc/net/snmp` and `/proc/net/snmp6`. While that stands still, no
//! socket has lost anything.

use std::net::IpAddr;

use super::shortage;

/// The host's sum of UDP datagrams that arrived and were thrown away, at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LossMark {
    is_v6: bool,
    /// None where the kernel does not tell.
    errors: Option<u64>,
}

impl LossMark {
    /// The sum now, for the family of `address`; to be taken before the socket is opened that it is for.
    pub fn now(address: IpAddr) -> Self {
        let is_v6 = address.is_ipv6();
        Self { is_v6, errors: errors(is_v6) }
    }

    /// How many were thrown away since, for all sockets of the host together; none where the kernel does not tell.
    pub fn lost(&self) -> Option<u64> {
        Some(errors(self.is_v6)?.saturating_sub(self.errors?))
    }

    /// Whether nothing has been thrown away since, for any socket of the host; false where the kernel does not tell.
    pub fn is_unmoved(&self) -> bool {
        self.lost() == Some(0)
    }
}

/// A full buffer, want of memory and a wrong checksum are all counted as errors.
fn errors(is_v6: bool) -> Option<u64> {
    let path = if is_v6 { "/proc/net/snmp6" } else { "/proc/net/snmp" };
    let text = std::fs::read_to_string(path).inspect_err(shortage::note).ok()?;
    if is_v6 { errors_of_udp6(&text) } else { errors_of_udp(&text) }
}

/// Reads `InErrors` of the two lines `Udp:`, names and numbers.
fn errors_of_udp(text: &str) -> Option<u64> {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("Udp: "));
    let (names, numbers) = (lines.next()?, lines.next()?);
    let mut columns = names.split(' ').zip(numbers.split(' '));
    columns.find_map(|(name, number)| (name == "InErrors").then(|| number.parse().ok())?)
}

/// Reads the line `Udp6InErrors`.
fn errors_of_udp6(text: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix("Udp6InErrors")?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_of_errors_is_found_by_its_name() {
        let udp = "Tcp: A InErrors\nTcp: 1 2\nUdp: InDatagrams NoPorts InErrors OutDatagrams\nUdp: 10 0 679 11\nUdpLite: InErrors\nUdpLite: 5\n";
        let udp6 = "Ip6InErrors 3\nUdp6InDatagrams                 \t8\nUdp6InErrors                    \t4\n";

        assert_eq!(errors_of_udp(udp), Some(679));
        assert_eq!(errors_of_udp6(udp6), Some(4));
        assert_eq!((errors_of_udp("Udp: InErrors\n"), errors_of_udp6("")), (None, None));
    }

    #[test]
    fn a_host_that_does_not_tell_is_not_taken_for_one_that_lost_nothing() {
        assert!(!LossMark { is_v6: false, errors: None }.is_unmoved());
        assert!(errors(false).is_some());
    }
}
