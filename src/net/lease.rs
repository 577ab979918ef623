//! Leased ports and groups: what one scenario has to itself on this host.
//!
//! A group and a port serve one scenario only, also when several processes run scenarios side by side. The ports from
//! 20,000 to 31,967, below those that Linux hands out by itself, are divided into blocks of 64; whoever holds a TCP
//! listener on the first port of a block, at a loopback address and without address reuse, owns its UDP ports. The claim ends
//! with its process whatever happens to it, and is no obstacle to a receiver that binds the UDP port on any address. A
//! lease holds at most one descriptor for each block.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};

use socket2::{Domain, Protocol, Socket, Type};

use super::realm::{LOWEST_PORT, Realm, Span};
use crate::spec::ChannelEntry;

/// The first port that is leased.
const FIRST: u16 = 20_000;
/// How many ports a block has.
const BLOCK: u16 = 64;
/// Where the claims of the usual ports are: an address on which the harness serves nothing else in this range.
const CLAIMS: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// Where those of all other ports are: an address of this host from which nobody connects, because Linux hands some of these
/// ports out for connections.
const OTHER_CLAIMS: Ipv4Addr = Ipv4Addr::new(127, 77, 77, 77);
/// How far apart processes with neighbouring ids begin; a prime, so that all blocks are reached.
const STRIDE: u32 = 13;

/// Where the next lease of this process begins to look, so that a port just returned is not handed out at once: a late
/// datagram for it would find the wrong scenario.
static TURN: AtomicU32 = AtomicU32::new(0);

/// Why no ports were leased.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// None or more than all ports were asked for.
    #[error("cannot lease {count} ports: a lease has 1 to {most}")]
    Count {
        /// How many were asked for.
        count: u16,
        /// How many there are.
        most: u16,
    },
    /// There is no free run of that length.
    #[error("no {count} neighbouring UDP ports are free between {first} and {last}")]
    Exhausted {
        /// How many were asked for.
        count: u16,
        /// The first port that can be leased.
        first: u16,
        /// The last port that can be leased.
        last: u16,
    },
    /// The operating system refused for another reason than a busy port.
    #[error("probe port {port}")]
    Refused {
        /// The port.
        port: u16,
        /// What the operating system said.
        source: io::Error,
    },
}

/// A run of UDP ports, and a multicast group for each, that nobody else on this host is given while this lives.
///
/// A program that does not lease may still take such a port later; the lease only skips ports that were busy when it
/// was taken.
#[derive(Debug)]
pub struct Lease {
    first: u16,
    count: u16,
    realm: Realm,
    /// The listeners that hold the blocks; closing them gives the blocks back.
    _claims: Vec<Socket>,
}

impl Lease {
    /// Leases `count` neighbouring ports.
    ///
    /// # Errors
    /// [`LeaseError`] says whether the count is impossible, nothing is free, or the operating system refused.
    pub fn take(count: u16) -> Result<Self, LeaseError> {
        Self::take_within(&Realm::default(), count)
    }

    /// Leases `count` neighbouring ports of a realm, and the groups that belong to them.
    ///
    /// # Errors
    /// [`LeaseError`], as for [`Lease::take`].
    pub fn take_within(realm: &Realm, count: u16) -> Result<Self, LeaseError> {
        let Span { first, last } = realm.ports();
        let most = (last - first).saturating_add(1);
        if !(1..=most).contains(&count) {
            return Err(LeaseError::Count { count, most });
        }
        let begin = block_of(first);
        let blocks = (block_of(last) - begin) / BLOCK + 1;
        // A realm may begin or end in the middle of a block, and then a run may need one more.
        for width in (count.div_ceil(BLOCK)..=blocks).take(2) {
            let starts = blocks - width + 1;
            let turn = TURN.fetch_add(width.into(), Ordering::Relaxed);
            let origin = std::process::id().wrapping_mul(STRIDE).wrapping_add(turn) % u32::from(starts);
            let origin = u16::try_from(origin).expect("a remainder is below its divisor");
            for block in (origin..starts).chain(0..origin) {
                let begin = begin + block * BLOCK;
                let Some(claims) = claim(claims_at, begin, width)? else { continue };
                let end = begin.saturating_add(width * BLOCK - 1).min(last);
                if let Some(first) = free_run(begin.max(first)..=end, count)? {
                    return Ok(Self { first, count, realm: *realm, _claims: claims });
                }
            }
        }
        Err(LeaseError::Exhausted { count, first, last })
    }

    /// How many ports are leased.
    pub fn count(&self) -> u16 {
        self.count
    }

    /// The leased port number `i`, counted from zero.
    ///
    /// # Panics
    /// Panics when `i` is not below [`Lease::count`], as indexing a slice does.
    pub fn port(&self, i: u16) -> u16 {
        assert!(i < self.count, "port {i} of a lease of {}", self.count);
        self.first + i
    }

    /// The IPv4 group that belongs to port number `i`, as the realm has it.
    ///
    /// # Panics
    /// Panics when `i` is not below [`Lease::count`].
    pub fn group(&self, i: u16) -> IpAddr {
        self.realm.group(self.port(i)).into()
    }

    /// The IPv6 group that belongs to port number `i`: transient and site-local, with the port as its last word.
    ///
    /// # Panics
    /// Panics when `i` is not below [`Lease::count`].
    pub fn group_v6(&self, i: u16) -> IpAddr {
        Ipv6Addr::new(0xff15, 0, 0, 0, 0, 0, 0xca57, self.port(i)).into()
    }

    /// The channel behind port number `i`, on the interface with the address `interface` and in its address family.
    ///
    /// # Panics
    /// Panics when `i` is not below [`Lease::count`].
    pub fn entry(&self, i: u16, interface: IpAddr, ttl: u8) -> ChannelEntry {
        let group = if interface.is_ipv4() { self.group(i) } else { self.group_v6(i) };
        ChannelEntry { group, port: self.port(i), interface, source: None, ttl }
    }
}

/// The first port of the block that a port belongs to. Blocks lie alike in every realm, so that two of them that overlap
/// meet at the claims.
fn block_of(port: u16) -> u16 {
    port - (port % BLOCK + BLOCK - FIRST % BLOCK) % BLOCK
}

/// The port at which a block is claimed: its first, or the first of it that needs no right. It is the same in every realm.
fn claim_port(block: u16) -> u16 {
    block.max(LOWEST_PORT)
}

/// Where the claim of a block is.
fn claims_at(port: u16) -> Ipv4Addr {
    let Span { first, last } = Realm::default().ports();
    if (first..=last).contains(&port) { CLAIMS } else { OTHER_CLAIMS }
}

/// Claims `width` blocks from the port `begin` on; `None` when another process or lease has one of them.
fn claim(at: impl Fn(u16) -> Ipv4Addr, begin: u16, width: u16) -> Result<Option<Vec<Socket>>, LeaseError> {
    let mut claims = Vec::with_capacity(width.into());
    for port in (0..width).map(|block| claim_port(begin + block * BLOCK)) {
        // Not the standard library's listener: that one reuses addresses.
        let claim = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).and_then(|socket| {
            socket.bind(&SocketAddr::from((at(port), port)).into())?;
            socket.listen(1).map(|()| socket)
        });
        match claim {
            Ok(socket) => claims.push(socket),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Ok(None),
            Err(source) => return Err(LeaseError::Refused { port, source }),
        }
    }
    Ok(Some(claims))
}

/// The first port of the first run of `count` free UDP ports in `ports`.
fn free_run(ports: std::ops::RangeInclusive<u16>, count: u16) -> Result<Option<u16>, LeaseError> {
    let mut run = 0;
    for port in ports {
        run = if is_free(port)? { run + 1 } else { 0 };
        if run == count {
            return Ok(Some(port + 1 - count));
        }
    }
    Ok(None)
}

/// Whether nobody has the UDP port `port`, on any address: the wildcard without reuse conflicts with everybody.
fn is_free(port: u16) -> Result<bool, LeaseError> {
    let probe = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))
        .and_then(|socket| socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)).into()));
    match probe {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Ok(false),
        Err(source) => Err(LeaseError::Refused { port, source }),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::net::UdpSocket;

    use super::*;

    fn ports(lease: &Lease) -> BTreeSet<u16> {
        (0..lease.count()).map(|i| lease.port(i)).collect()
    }

    #[test]
    fn leases_never_overlap() {
        let leases: Vec<_> = [3, 64, 1, 65, 130].into_iter().map(|count| Lease::take(count).unwrap()).collect();

        let all: BTreeSet<_> = leases.iter().flat_map(ports).collect();

        assert_eq!(all.len(), 3 + 64 + 1 + 65 + 130);
    }

    #[test]
    fn threads_that_lease_at_once_get_different_ports() {
        let leases: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| Lease::take(4).unwrap())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });

        let all: BTreeSet<_> = leases.iter().flat_map(ports).collect();

        assert_eq!(all.len(), 32);
    }

    #[test]
    fn the_blocks_of_a_lease_are_claimed_until_it_is_dropped() {
        // Claims at an address of this process alone, so that no other test can take a block in between.
        let [_, _, high, low] = std::process::id().to_be_bytes();
        let address = Ipv4Addr::new(127, 88, high, low);
        let claims = claim(|_| address, FIRST, 3).unwrap().unwrap();
        let lease = Lease { first: FIRST, count: 130, realm: Realm::default(), _claims: claims };

        let while_leased = claim(|_| address, FIRST + 2 * BLOCK, 1).unwrap().is_some();
        drop(lease);
        let afterwards = claim(|_| address, FIRST + 2 * BLOCK, 1).unwrap().is_some();

        assert!(!while_leased);
        assert!(afterwards);
    }

    #[test]
    fn a_busy_udp_port_is_skipped() {
        let lease = Lease::take(64).unwrap();
        let block = lease.first;
        let foreign = UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 7), block + 2)).unwrap();

        let two = free_run(block..=block + BLOCK - 1, 2).unwrap();
        let four = free_run(block..=block + BLOCK - 1, 4).unwrap();
        let all = free_run(block..=block + BLOCK - 1, 64).unwrap();

        assert_eq!((two, four, all), (Some(block), Some(block + 3), None));
        drop(foreign);
        assert_eq!(free_run(block..=block + BLOCK - 1, 64).unwrap(), Some(block));
    }

    #[test]
    fn the_group_spells_the_port() {
        let lease = Lease { first: 20_001, count: 2, realm: Realm::default(), _claims: Vec::new() };

        let v4 = lease.entry(1, Ipv4Addr::LOCALHOST.into(), 1);
        let v6 = lease.entry(1, Ipv6Addr::LOCALHOST.into(), 1);

        assert_eq!((v4.group.to_string().as_str(), v4.port), ("239.255.78.34", 20_002));
        assert_eq!((v6.group.to_string().as_str(), v6.port), ("ff15::ca57:4e22", 20_002));
    }

    #[test]
    fn a_lease_of_a_realm_stays_within_it_and_overlaps_no_other() {
        // From the middle of one block to the middle of the next, so that only a run over both fits; other blocks for each
        // process, and below the ports that the system hands out.
        let pair = u16::try_from(std::process::id() % 60).unwrap();
        let begin = FIRST - BLOCK * (20 + 2 * pair) + 42;
        let ports = Span { first: begin, last: begin + 80 };
        let realm = Realm::new(Some("239.7.0.0-239.7.0.200".parse().unwrap()), Some(ports)).unwrap();

        let lease = Lease::take_within(&realm, 70).unwrap();
        let again = Lease::take_within(&realm, 1);

        assert!(lease.port(0) >= ports.first && lease.port(69) <= ports.last);
        let offset = u8::try_from(lease.port(3) - begin).unwrap();
        assert_eq!(lease.group(3), IpAddr::from([239, 7, 0, offset]));
        assert!(matches!(again, Err(LeaseError::Exhausted { .. })), "{again:?}");
        assert!(matches!(Lease::take_within(&realm, 82), Err(LeaseError::Count { most: 81, .. })));
    }

    #[test]
    fn the_lowest_ports_that_need_no_right_can_be_leased_without_one() {
        let lowest = "1024-1090".parse().unwrap();
        let lease = Lease::take_within(&Realm::new(None, Some(lowest)).unwrap(), 3).unwrap();

        assert!(lease.port(0) >= LOWEST_PORT);
        // Whoever has every right could claim the first port of the block, so it is asked which one it would be.
        assert_eq!((block_of(LOWEST_PORT), claim_port(block_of(LOWEST_PORT))), (992, LOWEST_PORT));
        assert_eq!(claim_port(block_of(FIRST + 1)), FIRST);
    }

    #[test]
    fn impossible_counts_are_refused() {
        for count in [0, 31_967 - FIRST + 2, u16::MAX] {
            assert!(matches!(Lease::take(count), Err(LeaseError::Count { .. })), "{count}");
        }
    }

    #[test]
    fn a_foreign_receiver_may_bind_the_leased_port_on_the_wildcard_address() {
        let lease = Lease::take(1).unwrap();

        let foreign = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, lease.port(0)));

        assert!(foreign.is_ok());
    }
}
