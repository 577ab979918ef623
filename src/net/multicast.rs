//! Multicast sockets: one that hears exactly one group, and one that sends to it.
//!
//! A receiver is bound to the group's own address. Bound to the wildcard address it would hear every group on its port
//! that anybody on the host has joined. The interface is always named, because on loopback there is no route that could
//! choose one. Memory is bounded by the kernel's socket buffers; nothing is queued here.

use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::os::fd::{AsRawFd, RawFd};

use nix::sys::socket::{setsockopt, sockopt};
use tokio::io::Interest;
use tokio::net::UdpSocket;

use super::arrival;
use super::join::{Faults, JoinError};
use super::kernel;
use super::loss::LossMark;
use crate::spec::ChannelEntry;

/// The receive buffer that a receiver asks for, in octets: room for about 3,600 datagrams of 1,400 octets.
pub const RECEIVE_BUFFER: usize = 4 * 1024 * 1024;

/// The largest UDP payload, in octets (IPv6; IPv4 carries 65,507). A smaller buffer would cut datagrams off silently.
pub const LARGEST_DATAGRAM: usize = 65_527;

/// A socket that is a member of one group and hears nothing else.
///
/// Several receivers, also of different processes, may join the same group and port; each hears every datagram. Closing
/// the socket by dropping this leaves the group.
#[derive(Debug)]
pub struct MulticastReceiver {
    socket: UdpSocket,
    local: SocketAddr,
    receive_buffer: usize,
    /// From before the socket was opened.
    mark: LossMark,
}

impl MulticastReceiver {
    /// Joins the group of `entry`, source-specifically when it names a source.
    ///
    /// Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`JoinError`] says what is wrong with the entry or with this host.
    pub fn join(entry: &ChannelEntry) -> Result<Self, JoinError> {
        let faults = Faults { entry };
        let interface_index = faults.check()?;
        let mark = LossMark::now(entry.group);
        let socket = faults.open()?;
        // Address reuse alone: port reuse would need the same user and is meant for sharing load.
        socket.set_reuse_address(true).map_err(|error| faults.explain("share the port", error))?;
        setsockopt(&socket, sockopt::ReceiveTimestampns, &true)
            .map_err(|error| faults.explain("ask for the times of arrival", error.into()))?;
        // The kernel gives less without an error when its limit is lower; the size that it gave is read back below.
        socket.set_recv_buffer_size(RECEIVE_BUFFER).map_err(|error| faults.explain("size the buffer", error))?;
        let local = address_with_scope(entry.group, entry.port, interface_index);
        socket.bind(&local.into()).map_err(|error| faults.explain("bind", error))?;
        // Without this, a socket that joined on one interface also hears what others joined on another.
        match (entry.group, entry.interface, entry.source) {
            (IpAddr::V4(group), IpAddr::V4(interface), None) => {
                socket.set_multicast_all_v4(false).and_then(|()| socket.join_multicast_v4(&group, &interface))
            }
            (IpAddr::V4(group), IpAddr::V4(interface), Some(IpAddr::V4(source))) => {
                socket.set_multicast_all_v4(false).and_then(|()| socket.join_ssm_v4(&source, &group, &interface))
            }
            (IpAddr::V6(group), _, None) => {
                socket.set_multicast_all_v6(false).and_then(|()| socket.join_multicast_v6(&group, interface_index))
            }
            (group, _, origin) => {
                return Err(JoinError::Unsupported { group, origin: origin.unwrap_or(entry.interface) });
            }
        }
        .map_err(|error| faults.explain("join", error))?;
        let receive_buffer =
            socket.recv_buffer_size().map_err(|error| faults.explain("read the buffer's size back", error))?;
        let socket = UdpSocket::from_std(socket.into()).map_err(|error| faults.explain("watch the socket", error))?;
        Ok(Self { socket, local, receive_buffer, mark })
    }

    /// Waits for the next datagram, and says how long it is and who sent it.
    ///
    /// A datagram longer than `buffer` is cut off silently: see [`LARGEST_DATAGRAM`]. Safe to cancel.
    ///
    /// # Errors
    /// Fails only when the kernel fails the socket.
    pub async fn recv(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.socket.recv_from(buffer).await
    }

    /// Takes a datagram that has arrived already, asking the kernel itself.
    ///
    /// On loopback, a datagram has arrived when its sender's call has returned: so an empty queue after a fence proves
    /// that nothing was sent before it.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] says that none has arrived.
    pub fn try_recv(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        // Not tokio's own `try_recv_from`: that one answers from what the event loop has seen so far.
        arrival::take(self.as_raw_fd(), buffer).map(|(length, source, _)| (length, source))
    }

    /// Waits until a datagram is there to be taken. Safe to cancel.
    pub(super) async fn readable(&self) -> io::Result<()> {
        // Asks the kernel, too: what the event loop has seen may have been taken meanwhile.
        self.socket.async_io(Interest::READABLE, || arrival::peek(self.as_raw_fd())).await
    }

    /// The group and port that this is bound to.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// The receive buffer that the kernel gave, in octets.
    ///
    /// Linux reports twice what it grants, the other half being for its own overhead; so a full grant of
    /// [`RECEIVE_BUFFER`] reads as twice that.
    pub fn receive_buffer(&self) -> usize {
        self.receive_buffer
    }

    /// How many datagrams the kernel threw away for want of room in this receiver; `None` when it does not tell.
    pub fn drops(&self) -> Option<u64> {
        if self.mark.is_unmoved() { Some(0) } else { kernel::drops_of(&self.socket) }
    }
}

impl AsRawFd for MulticastReceiver {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

/// A socket that sends to one group on a named interface.
///
/// What it sends is also delivered on this host, so that a receiver beside it hears it.
#[derive(Debug)]
pub struct MulticastSender {
    socket: UdpSocket,
    local: SocketAddr,
}

impl MulticastSender {
    /// Opens a sender to the group and port of `entry`, from its interface's address and an unused port.
    ///
    /// Must be called within a tokio runtime. The source of `entry` is for receivers and has no say here.
    ///
    /// # Errors
    /// [`JoinError`] says what is wrong with the entry or with this host. A missing route shows here already, because
    /// the socket is connected to the group.
    pub fn open(entry: &ChannelEntry) -> Result<Self, JoinError> {
        Self::open_from(entry, entry.interface)
    }

    /// Opens a sender as [`MulticastSender::open`] does, from another of this host's addresses: on loopback, all of
    /// 127.0.0.0/8 are.
    ///
    /// # Errors
    /// As [`MulticastSender::open`]; and when the address is none of this host's.
    pub fn open_from(entry: &ChannelEntry, from: IpAddr) -> Result<Self, JoinError> {
        let entry = &ChannelEntry { source: None, ..entry.clone() };
        let faults = Faults { entry };
        let interface_index = faults.check()?;
        let socket = faults.open()?;
        let ttl = u32::from(entry.ttl);
        match entry.interface {
            IpAddr::V4(interface) => socket
                .set_multicast_if_v4(&interface)
                .and_then(|()| socket.set_multicast_ttl_v4(ttl))
                .and_then(|()| socket.set_multicast_loop_v4(true)),
            IpAddr::V6(_) => socket
                .set_multicast_if_v6(interface_index)
                .and_then(|()| socket.set_multicast_hops_v6(ttl))
                .and_then(|()| socket.set_multicast_loop_v6(true)),
        }
        .map_err(|error| faults.explain("name the interface", error))?;
        let from = address_with_scope(from, 0, interface_index);
        socket.bind(&from.into()).map_err(|error| faults.explain("bind", error))?;
        let group = address_with_scope(entry.group, entry.port, interface_index);
        socket.connect(&group.into()).map_err(|error| faults.explain("connect", error))?;
        let socket = UdpSocket::from_std(socket.into()).map_err(|error| faults.explain("watch the socket", error))?;
        let local = socket.local_addr().map_err(|error| faults.explain("read the address back", error))?;
        Ok(Self { socket, local })
    }

    /// Sends one datagram.
    ///
    /// # Errors
    /// The operating system's error, for instance when the datagram is larger than 65,507 octets (IPv4).
    pub async fn send(&self, datagram: &[u8]) -> io::Result<()> {
        self.socket.send(datagram).await.map(|_sent| ())
    }

    /// The address and port that receivers see as the datagrams' source.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }
}

/// The socket address of `address`, with the interface's index where IPv6 needs it to tell link-local addresses apart.
fn address_with_scope(address: IpAddr, port: u16, interface_index: u32) -> SocketAddr {
    match address {
        IpAddr::V4(address) => SocketAddr::from((address, port)),
        IpAddr::V6(address) => SocketAddrV6::new(address, port, 0, interface_index).into(),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;
    use crate::net::Lease;

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const SOON: Duration = Duration::from_secs(5);

    async fn next(receiver: &MulticastReceiver) -> (Vec<u8>, SocketAddr) {
        let mut buffer = vec![0; LARGEST_DATAGRAM];
        let (length, sender) = timeout(SOON, receiver.recv(&mut buffer)).await.expect("a datagram in time").unwrap();
        buffer.truncate(length);
        (buffer, sender)
    }

    fn is_empty(receiver: &MulticastReceiver) -> bool {
        receiver.try_recv(&mut [0; 16]).is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    #[tokio::test]
    async fn every_receiver_of_a_group_hears_the_sender() {
        let lease = Lease::take(1).unwrap();
        let entry = lease.entry(0, LOOPBACK, 1);
        let receivers: Vec<_> = (0..3).map(|_| MulticastReceiver::join(&entry).unwrap()).collect();
        let sender = MulticastSender::open(&entry).unwrap();

        sender.send(b"once").await.unwrap();

        for receiver in &receivers {
            assert_eq!(next(receiver).await, (b"once".to_vec(), sender.local_addr()));
            assert!(is_empty(receiver));
        }
    }

    #[tokio::test]
    async fn a_receiver_hears_no_other_group_on_its_port() {
        let lease = Lease::take(2).unwrap();
        let mine = lease.entry(0, LOOPBACK, 1);
        let other = ChannelEntry { group: lease.group(1), ..mine.clone() };
        let receiver = MulticastReceiver::join(&mine).unwrap();
        let foreigner = MulticastReceiver::join(&other).unwrap();

        MulticastSender::open(&other).unwrap().send(b"other").await.unwrap();
        MulticastSender::open(&mine).unwrap().send(b"mine").await.unwrap();

        assert_eq!(next(&foreigner).await.0, b"other");
        assert_eq!(next(&receiver).await.0, b"mine");
    }

    #[tokio::test]
    async fn a_source_specific_join_hears_its_source_alone() {
        let lease = Lease::take(1).unwrap();
        let entry = lease.entry(0, LOOPBACK, 1);
        let receiver = MulticastReceiver::join(&ChannelEntry { source: Some(LOOPBACK), ..entry.clone() }).unwrap();
        let stranger = ChannelEntry { interface: Ipv4Addr::new(127, 0, 0, 9).into(), ..entry.clone() };

        MulticastSender::open(&stranger).unwrap().send(b"stranger").await.unwrap();
        MulticastSender::open(&entry).unwrap().send(b"source").await.unwrap();

        assert_eq!(next(&receiver).await.0, b"source");
        assert!(is_empty(&receiver));
    }

    #[tokio::test]
    async fn try_recv_sees_what_was_sent_before_without_waiting() {
        let lease = Lease::take(1).unwrap();
        let receiver = MulticastReceiver::join(&lease.entry(0, LOOPBACK, 1)).unwrap();
        let sender = MulticastSender::open(&lease.entry(0, LOOPBACK, 1)).unwrap();
        sender.send(b"a").await.unwrap();
        sender.send(b"").await.unwrap();
        let mut buffer = [0; 16];

        let seen = [receiver.try_recv(&mut buffer).unwrap(), receiver.try_recv(&mut buffer).unwrap()];

        assert_eq!(seen, [(1, sender.local_addr()), (0, sender.local_addr())]);
        assert!(is_empty(&receiver));
    }

    #[tokio::test]
    async fn membership_begins_with_the_join_and_ends_with_the_drop() {
        let lease = Lease::take(1).unwrap();
        let is_member = || kernel::is_member(lease.group(0), LOOPBACK);

        let before = is_member();
        let receiver = MulticastReceiver::join(&lease.entry(0, LOOPBACK, 1)).unwrap();
        let during = is_member();
        drop(receiver);

        assert_eq!([before, during, is_member()], [Some(false), Some(true), Some(false)]);
    }

    #[tokio::test]
    async fn a_burst_is_read_whole_or_its_loss_is_known() {
        let lease = Lease::take(1).unwrap();
        let receiver = MulticastReceiver::join(&lease.entry(0, LOOPBACK, 1)).unwrap();
        let sender = MulticastSender::open(&lease.entry(0, LOOPBACK, 1)).unwrap();

        for number in 0..1_000_u32 {
            let mut datagram = [0; 1_400];
            datagram[..4].copy_from_slice(&number.to_be_bytes());
            sender.send(&datagram).await.unwrap();
        }

        let mut buffer = [0; 1_500];
        let mut numbers = Vec::new();
        while let Ok((length, _)) = receiver.try_recv(&mut buffer) {
            assert_eq!(length, 1_400);
            numbers.push(u32::from_be_bytes([buffer[0], buffer[1], buffer[2], buffer[3]]));
        }
        let lost = receiver.drops().unwrap();
        assert_eq!(u64::try_from(numbers.len()).unwrap() + lost, 1_000);
        assert!(numbers.is_sorted_by(|earlier, later| earlier < later));
        // With the whole buffer granted there is room for all of them.
        assert!(lost == 0 || receiver.receive_buffer() < 2 * RECEIVE_BUFFER, "{lost} lost");
        assert_eq!(kernel::drops(receiver.local_addr()), Some(lost));
    }

    #[tokio::test]
    async fn the_sender_sets_the_time_to_live_and_the_interface() {
        let lease = Lease::take(1).unwrap();

        let sender = MulticastSender::open(&lease.entry(0, LOOPBACK, 7)).unwrap();

        let socket = socket2::SockRef::from(&sender.socket);
        assert_eq!(socket.multicast_ttl_v4().unwrap(), 7);
        assert_eq!(socket.multicast_if_v4().unwrap(), Ipv4Addr::LOCALHOST);
        assert_eq!(sender.local_addr().ip(), LOOPBACK);
    }

    #[tokio::test]
    async fn ipv6_works_or_names_the_missing_route() {
        let lease = Lease::take(1).unwrap();
        let entry = lease.entry(0, Ipv6Addr::LOCALHOST.into(), 1);
        let receiver = MulticastReceiver::join(&entry).unwrap();

        match MulticastSender::open(&entry) {
            Ok(sender) => {
                sender.send(b"six").await.unwrap();
                assert_eq!(next(&receiver).await, (b"six".to_vec(), sender.local_addr()));
            }
            Err(error) => {
                assert!(matches!(error, JoinError::NoRoute { .. }), "{error:?}");
                assert!(error.hint().contains("ip -6 route add local ff00::/8 dev lo table local"), "{}", error.hint());
            }
        }
        assert_eq!(kernel::is_member(entry.group, entry.interface), Some(true));
    }
}
