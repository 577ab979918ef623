//! The kernel's own frames, by a packet socket (AF_PACKET): for whoever does not want to believe rebuilt headers.
//!
//! Needs CAP_NET_RAW. A thread takes the frames of the interface in use, and of the loopback interface, over which the
//! relays of the interaction channel are reached. A packet socket is shown what passes over the loopback interface twice,
//! as sent and as received; here each packet is given once, as it arrived. Only interfaces with Ethernet headers are
//! taken; the loopback interface has them.

use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::IpAddr;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::cmsg_space;
use nix::errno::Errno;
use nix::sys::socket::{ControlMessageOwned, LinkAddr, MsgFlags, recvmsg, setsockopt, sockopt};
use nix::sys::time::TimeSpec;
use socket2::{Domain, Protocol, Socket, Type};

use super::interface;
use crate::spec::Timestamp;

/// `ETH_P_ALL`: frames of every protocol, those that this host sends among them.
const EVERY_PROTOCOL: u16 = 0x0003;
/// `PACKET_OUTGOING`: the frame was seen on its way out.
const OUTGOING: u8 = 4;
/// `ARPHRD_ETHER` and `ARPHRD_LOOPBACK`: the kinds of interface whose frames begin with an Ethernet header.
const WITH_ETHERNET: [u32; 2] = [1, 772];
/// Octets that the kernel is asked to keep until they are taken; it gives as many as it allows.
const BUFFER: usize = 32 << 20;
/// Octets of a frame at most: the longest IP packet, and room for its link header.
const LONGEST: usize = 65_535 + 64;
/// How long the thread waits at most until it looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(100);

/// A frame as the kernel showed it.
#[derive(Debug, Clone, Copy)]
pub struct RawFrame<'a> {
    /// When the kernel saw it.
    pub at: Timestamp,
    /// The frame, from its Ethernet header on.
    pub octets: &'a [u8],
    /// Octets that it had on the wire.
    pub length: usize,
}

/// Who is given the frames.
pub type Sink = dyn FnMut(RawFrame<'_>) + Send;

/// Why frames cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum TapError {
    /// The privilege is missing.
    #[error("this process may not see the kernel's frames: it lacks the privilege CAP_NET_RAW")]
    Privilege,
    /// The interface is none, or none whose frames are understood.
    #[error("frames of the interface that carries `{address}` cannot be taken: {reason}")]
    Interface {
        /// The address that names the interface.
        address: IpAddr,
        /// What is wrong.
        reason: String,
    },
    /// The operating system refused for another reason.
    #[error("open a packet socket")]
    Refused(#[source] io::Error),
}

impl TapError {
    /// What to do about it, if there is anything.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Privilege => Some(
                "give it with `sudo setcap cap_net_raw+ep target/release/castproof`, or leave out --raw-capture: the \
                 recordings themselves need no privilege",
            ),
            Self::Interface { .. } | Self::Refused(_) => None,
        }
    }
}

/// Frames are taken from its opening until it is dropped.
pub struct Tap {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    socket: Socket,
    taking: Mutex<Taking>,
    is_over: AtomicBool,
}

struct Taking {
    sink: Box<Sink>,
    buffer: Vec<u8>,
    /// The interfaces whose frames are wanted, and whether each of them shows frames twice.
    wanted: Vec<(usize, bool)>,
    lost: u64,
}

impl Tap {
    /// Takes the frames of the interface that carries `address`, and of the loopback interface.
    ///
    /// # Errors
    /// [`TapError`].
    pub fn open(address: IpAddr, sink: Box<Sink>) -> Result<Self, TapError> {
        let wanted = wanted(address)?;
        let protocol = Protocol::from(i32::from(EVERY_PROTOCOL.to_be()));
        let socket = Socket::new(Domain::PACKET, Type::RAW, Some(protocol)).map_err(|error| match error.kind() {
            io::ErrorKind::PermissionDenied => TapError::Privilege,
            _ => TapError::Refused(error),
        })?;
        socket.set_read_timeout(Some(LOOK)).map_err(TapError::Refused)?;
        // With CAP_NET_ADMIN the limit of the host does not count; without, what it allows is taken.
        if setsockopt(&socket, sockopt::RcvBufForce, &BUFFER).is_err() {
            socket.set_recv_buffer_size(BUFFER).map_err(TapError::Refused)?;
        }
        let system = |error: Errno| TapError::Refused(error.into());
        setsockopt(&socket, sockopt::ReceiveTimestampns, &true).map_err(system)?;
        setsockopt(&socket, sockopt::RxqOvfl, &1).map_err(system)?;
        let taking = Taking { sink, buffer: vec![0; LONGEST], wanted, lost: 0 };
        let shared = Arc::new(Shared { socket, taking: Mutex::new(taking), is_over: AtomicBool::new(false) });
        let thread = std::thread::Builder::new().name("frames".into()).spawn({
            let shared = shared.clone();
            move || shared.run()
        });
        Ok(Self { shared, thread: Some(thread.map_err(TapError::Refused)?) })
    }

    /// Gives the sink every frame that the kernel had by now.
    pub fn drain(&self) {
        self.shared.drain();
    }

    /// How many frames, of any kind, the kernel threw away because nobody took them in time.
    pub fn lost(&self) -> u64 {
        self.shared.taking().lost
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A sink that panicked has said so already.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn run(&self) {
        let mut first = [MaybeUninit::uninit(); 1];
        while !self.is_over.load(Ordering::Relaxed) {
            // Looks without taking: whoever drains takes all, and in order.
            match self.socket.peek(&mut first) {
                Ok(_) => self.drain(),
                Err(error) if is_passing(error.kind()) => {}
                // Such as an interface that was taken down; it may come back.
                Err(_) => std::thread::park_timeout(LOOK),
            }
        }
    }

    fn taking(&self) -> MutexGuard<'_, Taking> {
        self.taking.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn drain(&self) {
        let taking = &mut *self.taking();
        let mut control = cmsg_space!(TimeSpec, u32);
        loop {
            let mut parts = [IoSliceMut::new(&mut taking.buffer)];
            let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_TRUNC;
            let received = recvmsg::<LinkAddr>(self.socket.as_raw_fd(), &mut parts, Some(&mut control), flags);
            let message = match received {
                Ok(message) => message,
                Err(Errno::EINTR) => continue,
                Err(_) => return,
            };
            let (length, from) = (message.bytes, message.address);
            let mut at = None;
            for part in message.cmsgs().into_iter().flatten() {
                match part {
                    ControlMessageOwned::ScmTimestampns(time) => at = timestamp(time),
                    ControlMessageOwned::RxqOvfl(count) => taking.lost = taking.lost.max(count.into()),
                    _ => {}
                }
            }
            let is_wanted = |from: &LinkAddr| {
                let shows_twice = taking.wanted.iter().find(|(index, _)| *index == from.ifindex()).map(|row| row.1);
                shows_twice.is_some_and(|twice| !twice || from.pkttype() != OUTGOING)
            };
            if let (Some(at), true) = (at, from.as_ref().is_some_and(is_wanted)) {
                let octets = &taking.buffer[..length.min(LONGEST)];
                (taking.sink)(RawFrame { at, octets, length });
            }
        }
    }
}

fn is_passing(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted)
}

fn timestamp(time: TimeSpec) -> Option<Timestamp> {
    let (seconds, nanos) = (u64::try_from(time.tv_sec()).ok()?, u64::try_from(time.tv_nsec()).ok()?);
    seconds.checked_mul(1_000_000_000)?.checked_add(nanos).map(Timestamp::from_nanos)
}

/// The interface that carries `address`, and the loopback interface: their indices, and whether each shows frames twice.
fn wanted(address: IpAddr) -> Result<Vec<(usize, bool)>, TapError> {
    let refuse = |reason: String| TapError::Interface { address, reason };
    let name = interface::name_of(address).ok_or_else(|| refuse("no interface is known by it".into()))?;
    let number = |name: &str, file: &str| -> Result<u32, TapError> {
        let path = std::path::Path::new("/sys/class/net").join(name).join(file);
        let text =
            std::fs::read_to_string(&path).map_err(|error| refuse(format!("read `{}`: {error}", path.display())))?;
        text.trim().parse().map_err(|_| refuse(format!("`{}` holds no number", path.display())))
    };
    let kind = number(&name, "type")?;
    if !WITH_ETHERNET.contains(&kind) {
        return Err(refuse(format!("`{name}` has no Ethernet headers (ARPHRD type {kind})")));
    }
    let mut wanted = vec![(number("lo", "ifindex")? as usize, true)];
    if name != "lo" {
        wanted.push((number(&name, "ifindex")? as usize, false));
    }
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::{Ipv4Addr, UdpSocket};

    use super::*;

    /// The frames of one datagram to a port of its own, or `None` without the privilege.
    fn frames_of(payload: &[u8]) -> Option<Vec<Vec<u8>>> {
        let seen: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let sink = {
            let (seen, payload) = (seen.clone(), payload.to_vec());
            move |frame: RawFrame<'_>| {
                if frame.octets.ends_with(&payload) {
                    seen.lock().unwrap().push(frame.octets.to_vec());
                }
            }
        };
        let tap = match Tap::open(Ipv4Addr::LOCALHOST.into(), Box::new(sink)) {
            Ok(tap) => tap,
            Err(TapError::Privilege) => return None,
            Err(other) => panic!("{other}"),
        };
        let (sender, receiver) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
        sender.send_to(payload, receiver.local_addr().unwrap()).unwrap();
        receiver.recv(&mut [0; 64]).unwrap();
        tap.drain();
        assert_eq!(tap.lost(), 0);
        let seen = seen.lock().unwrap().clone();
        Some(seen)
    }

    #[test]
    fn what_passes_over_loopback_is_seen_once_and_in_time() {
        let payload = b"seen once by a packet socket";

        let Some(frames) = frames_of(payload) else {
            writeln!(io::stderr(), "SKIPPED: without CAP_NET_RAW no frame can be seen").unwrap();
            return;
        };

        // Ethernet, IPv4, UDP, and what was sent.
        let lengths: Vec<usize> = frames.iter().map(Vec::len).collect();
        assert_eq!(lengths, [14 + 20 + 8 + payload.len()]);
    }

    #[test]
    fn an_interface_that_nobody_knows_is_refused() {
        let refused = wanted("2001:db8::1".parse().unwrap()).unwrap_err();

        assert!(refused.to_string().contains("`2001:db8::1` cannot be taken: no interface"), "{refused}");
    }
}
