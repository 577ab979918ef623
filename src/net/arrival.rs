//! Datagrams with the moment at which the kernel took them in, and receivers that are read in the order of these moments.
//!
//! Two sockets have two queues. Who reads one after the other sees what was sent on the second before what was sent on the
//! first, as soon as both wait: so a busy host changes the order of a notification and of the packets that follow it. The
//! kernel's own time of each datagram does not depend on when anybody reads.

use std::io::{self, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
use std::os::fd::{AsRawFd, RawFd};
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::Duration;

use futures::future::select_all;
use nix::cmsg_space;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recv, recvmsg, setsockopt, sockopt};
use nix::sys::time::TimeSpec;

use super::Clock;
use super::multicast::{LARGEST_DATAGRAM, MulticastReceiver};
use crate::spec::Timestamp;

/// How long the kernel is waited for until it stamps.
const MOST_PATIENCE: Duration = Duration::from_secs(1);

/// A datagram that a receiver has heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// What it brings.
    pub octets: Arc<[u8]>,
    /// Who sent it.
    pub source: SocketAddr,
    /// When the kernel took it in, since 1970 by the wall clock; it compares with other arrivals alone.
    pub taken_in: Duration,
}

/// Takes the next datagram of a socket that asks for timestamps (`SO_TIMESTAMPNS`), without waiting for it.
///
/// # Errors
/// [`io::ErrorKind::WouldBlock`] says that none has arrived.
pub(super) fn take(socket: RawFd, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr, Duration)> {
    let mut control = cmsg_space!(TimeSpec);
    let mut parts = [IoSliceMut::new(buffer)];
    let message = recvmsg::<SockaddrStorage>(socket, &mut parts, Some(control.as_mut_slice()), MsgFlags::MSG_DONTWAIT)?;
    let source = message.address.as_ref().and_then(socket_address).ok_or(io::ErrorKind::InvalidData)?;
    let taken_in = message.cmsgs()?.find_map(|control| match control {
        ControlMessageOwned::ScmTimestampns(time) => Some(Duration::from(time)),
        _ => None,
    });
    Ok((message.bytes, source, taken_in.ok_or(io::ErrorKind::InvalidData)?))
}

/// Says whether a datagram is there, and leaves it there.
///
/// # Errors
/// [`io::ErrorKind::WouldBlock`] says that none has arrived.
pub(super) fn peek(socket: RawFd) -> io::Result<()> {
    recv(socket, &mut [0; 1], MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT)?;
    Ok(())
}

fn socket_address(address: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = address.as_sockaddr_in().map(|address| SocketAddrV4::from(*address).into());
    v4.or_else(|| address.as_sockaddr_in6().map(|address| SocketAddrV6::from(*address).into()))
}

/// Keeps the kernel stamping from the first call on, and comes back when it does.
///
/// A kernel stamps only while somebody asks for it, and begins a moment after the first has asked. Until then it tells the
/// time of reading instead, which is what must not decide. So a socket that asks stays open as long as this process lives.
/// It costs milliseconds once; after [`MOST_PATIENCE`] it is given up, as stamps of such a kernel tell nothing better.
fn keep_stamping() {
    static HOLDER: LazyLock<Option<UdpSocket>> = LazyLock::new(|| begin_stamping().ok());
    LazyLock::force(&HOLDER);
}

fn begin_stamping() -> io::Result<UdpSocket> {
    let clock = Clock::start();
    let begin = clock.now();
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    setsockopt(&socket, sockopt::ReceiveTimestampns, &true)?;
    socket.connect(socket.local_addr()?)?;
    while clock.now().since(begin) < MOST_PATIENCE {
        socket.send(b"castproof")?;
        // On loopback it has arrived now, and whoever reads it later must not be told the time of that.
        let sent = Clock::start().now();
        let (_, _, taken_in) = take(socket.as_raw_fd(), &mut [0; 16])?;
        if Timestamp::default() + taken_in <= sent {
            break;
        }
        thread::yield_now();
    }
    Ok(socket)
}

/// Receivers that are read as one: what the kernel took in first comes first, whichever of them it is for.
///
/// One datagram of each is held at most.
#[derive(Debug)]
pub struct Ears {
    receivers: Vec<MulticastReceiver>,
    heads: Vec<Option<Arrival>>,
    buffer: Vec<u8>,
}

impl Ears {
    /// Reads these receivers.
    pub fn new(receivers: Vec<MulticastReceiver>) -> Self {
        keep_stamping();
        let heads = receivers.iter().map(|_| None).collect();
        Self { receivers, heads, buffer: vec![0; LARGEST_DATAGRAM] }
    }

    /// Waits for the next datagram, and says for which of the receivers it is, counted from zero. Safe to cancel.
    ///
    /// # Errors
    /// Fails when the kernel fails a socket, or when there is no receiver.
    pub async fn next(&mut self) -> io::Result<(usize, Arrival)> {
        loop {
            self.look()?;
            if self.heads.iter().any(Option::is_some) {
                // What was taken in before the first of them is in its queue by now, if it was not at the first look.
                self.look()?;
                let times = self.heads.iter().enumerate().filter_map(|(at, head)| Some((head.as_ref()?.taken_in, at)));
                let (_, first) = times.min().ok_or(io::ErrorKind::WouldBlock)?;
                return self.heads[first].take().map(|head| (first, head)).ok_or(io::ErrorKind::WouldBlock.into());
            }
            if self.receivers.is_empty() {
                return Err(io::ErrorKind::NotConnected.into());
            }
            let waits = self.receivers.iter().map(|receiver| Box::pin(receiver.readable()));
            let (is_ready, _, _) = select_all(waits).await;
            is_ready?;
        }
    }

    /// Fills the heads of receivers that have none.
    fn look(&mut self) -> io::Result<()> {
        let Self { receivers, heads, buffer } = self;
        for (receiver, head) in receivers.iter().zip(heads).filter(|(_, head)| head.is_none()) {
            match take(receiver.as_raw_fd(), buffer) {
                Ok((length, source, taken_in)) => {
                    *head = Some(Arrival { octets: Arc::from(&buffer[..length]), source, taken_in });
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use tokio::time::timeout;

    use super::*;
    use crate::net::{Lease, MulticastSender};

    const SOON: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn datagrams_come_in_the_order_of_the_kernel_whichever_channel_they_are_on() {
        let lease = Lease::take(2).unwrap();
        let entries = [0, 1].map(|index| lease.entry(index, IpAddr::V4(Ipv4Addr::LOCALHOST), 1));
        let receivers = entries.iter().map(|entry| MulticastReceiver::join(entry).unwrap()).collect();
        let senders = entries.each_ref().map(|entry| MulticastSender::open(entry).unwrap());
        let mut ears = Ears::new(receivers);
        // Neither alternates nor stands in the order of the channels.
        let sent: Vec<usize> = vec![1, 1, 0, 1, 0, 0, 0, 1];

        for (number, channel) in sent.iter().enumerate() {
            senders[*channel].send(&[u8::try_from(number).unwrap()]).await.unwrap();
        }
        let mut heard = Vec::new();
        for _ in &sent {
            let (channel, arrival) = timeout(SOON, ears.next()).await.expect("a datagram in time").unwrap();
            assert_eq!(arrival.source, senders[channel].local_addr());
            heard.push((usize::from(arrival.octets[0]), channel));
        }

        assert_eq!(heard, sent.into_iter().enumerate().collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn who_waits_hears_what_comes_later_on_any_channel() {
        let lease = Lease::take(2).unwrap();
        let entries = [0, 1].map(|index| lease.entry(index, IpAddr::V4(Ipv4Addr::LOCALHOST), 1));
        let receivers = entries.iter().map(|entry| MulticastReceiver::join(entry).unwrap()).collect();
        let mut ears = Ears::new(receivers);

        for channel in [1, 0, 1] {
            let sender = MulticastSender::open(&entries[channel]).unwrap();
            let send = async { sender.send(b"").await.unwrap() };
            let (heard, ()) = tokio::join!(timeout(SOON, ears.next()), send);
            let (heard, arrival) = heard.expect("a datagram in time").unwrap();
            assert_eq!((heard, arrival.octets.len()), (channel, 0));
        }
    }

    #[tokio::test]
    async fn without_receivers_nothing_can_be_heard() {
        assert!(Ears::new(Vec::new()).next().await.is_err());
    }
}
