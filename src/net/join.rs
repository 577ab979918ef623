//! Why a group cannot be entered, and what to do about it.
//!
//! Whoever gets an entry wrong should read what is wrong and the command that helps, not an error number.

use std::io;
use std::net::{IpAddr, Ipv6Addr};

use socket2::{Domain, Protocol, Socket, Type};

use super::interface;
use super::shortage;
use crate::spec::ChannelEntry;

/// The command that makes IPv6 multicast work on the loopback interface; it needs the right to change routes.
pub const IPV6_ROUTE_COMMAND: &str = "ip -6 route add local ff00::/8 dev lo table local";

/// Error numbers that [`io::ErrorKind`] does not name (Linux `errno.h`).
const NO_SUCH_DEVICE: i32 = 19;
const NO_BUFFER_SPACE: i32 = 105;

/// Why a group cannot be entered, as receiver or as sender.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The group is an ordinary address.
    #[error("`{group}` is not a multicast group")]
    NotMulticast {
        /// The address given as group.
        group: IpAddr,
    },
    /// Group, interface and source are not all IPv4 or all IPv6.
    #[error("group `{group}` and address `{other}` are of different address families")]
    FamilyMismatch {
        /// The group.
        group: IpAddr,
        /// The interface or source of the other family.
        other: IpAddr,
    },
    /// No port is given.
    #[error("no port for group `{group}`")]
    NoPort {
        /// The group.
        group: IpAddr,
    },
    /// No interface of this host carries the address.
    #[error("no interface carries address `{interface}`")]
    NoInterface {
        /// The address given as interface.
        interface: IpAddr,
    },
    /// The interface exists and cannot carry multicast.
    #[error("interface `{name}` with address `{interface}` carries no multicast")]
    NoMulticast {
        /// The address of the interface.
        interface: IpAddr,
        /// Its name.
        name: String,
    },
    /// Another socket holds group and port without sharing them.
    #[error("port {port} of group `{group}` is in use")]
    PortBusy {
        /// The group.
        group: IpAddr,
        /// The port.
        port: u16,
    },
    /// The kernel's limit of memberships or their memory is reached.
    #[error("too many memberships to join group `{group}`")]
    TooManyMemberships {
        /// The group.
        group: IpAddr,
    },
    /// A source-specific join that the socket library does not offer.
    #[error("source-specific join of IPv6 group `{group}` from `{origin}` is not supported")]
    Unsupported {
        /// The group.
        group: IpAddr,
        /// The source asked for.
        origin: IpAddr,
    },
    /// The kernel has no route to the group on the interface.
    #[error("no route to group `{group}` on the interface with address `{interface}`")]
    NoRoute {
        /// The group.
        group: IpAddr,
        /// The address of the interface.
        interface: IpAddr,
    },
    /// Another refusal of the operating system.
    #[error("{action} for group `{group}`")]
    Refused {
        /// What was tried.
        action: &'static str,
        /// The group.
        group: IpAddr,
        /// What the operating system said.
        source: io::Error,
    },
}

impl JoinError {
    /// What to do about it, for the person at the keyboard.
    pub fn hint(&self) -> String {
        match self {
            Self::NotMulticast { .. } => {
                "choose a group in 224.0.0.0/4, such as 239.255.1.1, or in ff00::/8, such as ff15::1".to_owned()
            }
            Self::FamilyMismatch { group, .. } if group.is_ipv4() => {
                "name the interface and the source by IPv4 addresses, such as 127.0.0.1".to_owned()
            }
            Self::FamilyMismatch { .. } => {
                "name the interface and the source by IPv6 addresses, such as ::1".to_owned()
            }
            Self::NoPort { .. } => "give a port from 1 to 65535".to_owned(),
            Self::NoInterface { .. } => {
                "use an address that `ip address` shows on an interface that is up; 127.0.0.1 always works".to_owned()
            }
            Self::NoMulticast { name, .. } => {
                format!("use another interface, or switch it on with `ip link set {name} multicast on`")
            }
            Self::PortBusy { port, .. } => format!(
                "another program holds UDP port {port} without address reuse; find it with `ss -ulpn 'sport = :{port}'`"
            ),
            Self::TooManyMemberships { group } if group.is_ipv4() => {
                "raise the limit with `sysctl -w net.ipv4.igmp_max_memberships=20`, its usual value, or more".to_owned()
            }
            Self::TooManyMemberships { .. } => {
                "raise the memory for socket options: `sysctl -w net.core.optmem_max=131072`".to_owned()
            }
            Self::Unsupported { .. } => "join the IPv6 group without a source, or use an IPv4 group".to_owned(),
            Self::NoRoute { interface, .. } if *interface == IpAddr::V6(Ipv6Addr::LOCALHOST) => {
                format!("run `{IPV6_ROUTE_COMMAND}` as root, or use IPv4")
            }
            Self::NoRoute { .. } => "add a multicast route for the interface, or use 127.0.0.1".to_owned(),
            Self::Refused { .. } => "`castproof doctor` examines multicast on this host".to_owned(),
        }
    }
}

/// Checks an entry and tells the operating system's refusals apart.
pub(super) struct Faults<'a> {
    pub(super) entry: &'a ChannelEntry,
}

impl Faults<'_> {
    /// Checks what can be wrong with the entry alone; gives the interface's index, zero for IPv4.
    pub(super) fn check(&self) -> Result<u32, JoinError> {
        let ChannelEntry { group, port, interface, source, ttl: _ } = *self.entry;
        if !group.is_multicast() {
            return Err(JoinError::NotMulticast { group });
        }
        let other = [Some(interface), source].into_iter().flatten().find(|other| other.is_ipv4() != group.is_ipv4());
        if let Some(other) = other {
            return Err(JoinError::FamilyMismatch { group, other });
        }
        if port == 0 {
            return Err(JoinError::NoPort { group });
        }
        // The wildcard address would let the kernel choose the interface.
        if interface.is_unspecified() {
            return Err(JoinError::NoInterface { interface });
        }
        if let (IpAddr::V6(_), Some(origin)) = (group, source) {
            return Err(JoinError::Unsupported { group, origin });
        }
        if let Some(name) = interface::name_of(interface)
            && interface::carries_multicast(&name) == Some(false)
        {
            return Err(JoinError::NoMulticast { interface, name });
        }
        match interface {
            IpAddr::V4(_) => Ok(0),
            IpAddr::V6(address) => interface::index_of(address).ok_or(JoinError::NoInterface { interface }),
        }
    }

    /// An unbound UDP socket of the group's family.
    pub(super) fn open(&self) -> Result<Socket, JoinError> {
        let domain = if self.entry.group.is_ipv4() { Domain::IPV4 } else { Domain::IPV6 };
        Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))
            .and_then(|socket| socket.set_nonblocking(true).map(|()| socket))
            .map_err(|error| self.explain("open a socket", error))
    }

    /// Names the refusal `source` of the step `action`.
    pub(super) fn explain(&self, action: &'static str, source: io::Error) -> JoinError {
        shortage::note(&source);
        let ChannelEntry { group, port, interface, .. } = *self.entry;
        match source.kind() {
            io::ErrorKind::AddrInUse => JoinError::PortBusy { group, port },
            io::ErrorKind::AddrNotAvailable => JoinError::NoInterface { interface },
            io::ErrorKind::NetworkUnreachable => JoinError::NoRoute { group, interface },
            io::ErrorKind::OutOfMemory => JoinError::TooManyMemberships { group },
            _ => match source.raw_os_error() {
                Some(NO_SUCH_DEVICE) => JoinError::NoInterface { interface },
                Some(NO_BUFFER_SPACE) => JoinError::TooManyMemberships { group },
                _ => JoinError::Refused { action, group, source },
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::net::{Lease, MulticastReceiver, MulticastSender};

    #[tokio::test]
    async fn a_port_held_without_sharing_is_busy() {
        let lease = Lease::take(1).unwrap();
        let _foreign = std::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, lease.port(0))).unwrap();

        let error = MulticastReceiver::join(&lease.entry(0, Ipv4Addr::LOCALHOST.into(), 1)).unwrap_err();

        assert!(matches!(error, JoinError::PortBusy { port, .. } if port == lease.port(0)), "{error:?}");
    }

    #[tokio::test]
    async fn each_impossible_entry_is_named() {
        let entry = |group: &str, interface: &str, source: Option<&str>, port| ChannelEntry {
            group: group.parse().unwrap(),
            port,
            interface: interface.parse().unwrap(),
            source: source.map(|source| source.parse().unwrap()),
            ttl: 1,
        };
        let cases = [
            (entry("192.0.2.1", "127.0.0.1", None, 9), "`192.0.2.1` is not a multicast group"),
            (entry("239.255.0.1", "::1", None, 9), "group `239.255.0.1` and address `::1` are of different"),
            (
                entry("239.255.0.1", "127.0.0.1", Some("::1"), 9),
                "group `239.255.0.1` and address `::1` are of different",
            ),
            (entry("239.255.0.1", "127.0.0.1", None, 0), "no port for group"),
            (entry("239.255.0.1", "0.0.0.0", None, 9), "no interface carries address `0.0.0.0`"),
            (entry("239.255.0.1", "203.0.113.77", None, 9), "no interface carries address `203.0.113.77`"),
            (entry("ff15::1", "2001:db8::77", None, 9), "no interface carries address `2001:db8::77`"),
            (entry("ff35::1", "::1", Some("::1"), 9), "source-specific join of IPv6 group `ff35::1`"),
        ];

        for (entry, expected) in cases {
            let joined = MulticastReceiver::join(&entry).map(|_| ()).unwrap_err();

            assert!(joined.to_string().starts_with(expected), "{joined} instead of {expected}");
            assert!(!joined.hint().is_empty());
            if entry.source.is_none() {
                let opened = MulticastSender::open(&entry).map(|_| ()).unwrap_err();
                assert_eq!(opened.to_string(), joined.to_string());
            }
        }
    }
}
