//! Whether this host can run the harness: each thing that it needs, tried with real sockets.
//!
//! Most trouble with multicast is the host's: an interface, a route, a limit. The doctor tries what scenarios will do,
//! says what it observed, and what to type when it is not enough. Every wait is bounded by one second.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::time::timeout;

use super::multicast::{MulticastReceiver, MulticastSender, RECEIVE_BUFFER};
use super::{JoinError, Lease, kernel};
use crate::spec::ChannelEntry;

/// How long a datagram may take from a socket of this host to another.
const DEADLINE: Duration = Duration::from_secs(1);
/// What is sent through the group.
const PROBE: &[u8] = b"castproof doctor";

/// One thing that was examined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was examined.
    pub topic: &'static str,
    /// Whether it is as the harness needs it.
    pub ok: bool,
    /// What was observed.
    pub observed: String,
    /// What to do about it, when something can be done.
    pub advice: Option<String>,
}

impl Finding {
    fn good(topic: &'static str, observed: impl Into<String>) -> Self {
        Self { topic, ok: true, observed: observed.into(), advice: None }
    }

    fn bad(topic: &'static str, observed: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { topic, ok: false, observed: observed.into(), advice: Some(advice.into()) }
    }

    /// The finding about a group that cannot be entered.
    fn refused(topic: &'static str, error: &JoinError) -> Self {
        let mut observed = error.to_string();
        if let Some(source) = std::error::Error::source(error) {
            observed = format!("{observed}: {source}");
        }
        Self::bad(topic, observed, error.hint())
    }
}

/// Examines this host, with multicast on the interface that has the address `interface`.
///
/// The family that `interface` is not of is examined on loopback. Must be called within a tokio runtime. A finding that
/// is not ok is no reason to stop: a host without IPv6 multicast runs every IPv4 scenario.
pub async fn examine(interface: IpAddr) -> Vec<Finding> {
    let (v4, v6) = match interface {
        IpAddr::V4(_) => (interface, Ipv6Addr::LOCALHOST.into()),
        IpAddr::V6(_) => (Ipv4Addr::LOCALHOST.into(), interface),
    };
    let mut findings = Vec::new();
    let lease = match Lease::take(2) {
        Ok(lease) => lease,
        Err(error) => {
            let advice = "find out what holds the ports with `ss -uanp` and `ss -tlnp`";
            return vec![Finding::bad("port lease", error.to_string(), advice), examine_proc()];
        }
    };
    let leased = format!("ports {} and {}, group {}", lease.port(0), lease.port(1), lease.group(0));
    findings.push(Finding::good("port lease", leased));
    findings.push(examine_round_trip("IPv4 multicast", &lease.entry(0, v4, 1)).await);
    findings.push(examine_round_trip("IPv6 multicast", &lease.entry(0, v6, 1)).await);
    findings.push(examine_source_specific_join(&lease.entry(1, v4, 1)).await);
    findings.push(examine_receive_buffer(&lease.entry(1, v4, 1)));
    findings.push(examine_memberships());
    findings.push(examine_proc());
    findings
}

/// Sends one datagram through the group and waits for it.
async fn examine_round_trip(topic: &'static str, entry: &ChannelEntry) -> Finding {
    let (receiver, sender) = match open(entry) {
        Ok(pair) => pair,
        Err(error) => return Finding::refused(topic, &error),
    };
    match first_of(&receiver, &sender).await {
        Ok((octets, from)) if octets == PROBE => {
            let through = format!("a datagram from {from} came through group {} on {}", entry.group, entry.interface);
            Finding::good(topic, through)
        }
        Ok((octets, from)) => Finding::bad(
            topic,
            format!("a foreign datagram of {} octets from {from} on group {}", octets.len(), entry.group),
            "stop the program that sends to this group",
        ),
        Err(observed) => Finding::bad(topic, observed, silence_advice(entry)),
    }
}

/// Joins the group from one source, and sends from another before that one.
async fn examine_source_specific_join(entry: &ChannelEntry) -> Finding {
    let topic = "source-specific join";
    let (receiver, sender) = match open(&ChannelEntry { source: Some(entry.interface), ..entry.clone() }) {
        Ok(pair) => pair,
        Err(error) => return Finding::refused(topic, &error),
    };
    // Only loopback has a second address to send from without being asked.
    let stranger = match entry.interface {
        IpAddr::V4(address) if address.is_loopback() => {
            let other = if address == Ipv4Addr::LOCALHOST { Ipv4Addr::new(127, 0, 0, 2) } else { Ipv4Addr::LOCALHOST };
            Some(ChannelEntry { interface: other.into(), ..entry.clone() })
        }
        _ => None,
    };
    if let Some(stranger) = &stranger {
        match MulticastSender::open(stranger) {
            Ok(stranger) => match stranger.send(b"stranger").await {
                Ok(()) => {}
                Err(error) => return Finding::bad(topic, format!("send: {error}"), silence_advice(entry)),
            },
            Err(error) => return Finding::refused(topic, &error),
        }
    }
    match first_of(&receiver, &sender).await {
        Ok((_, from)) if from != sender.local_addr() => Finding::bad(
            topic,
            format!("heard {from}, joined for {} alone", entry.interface),
            "use channels without a source on this host; its kernel does not filter by source",
        ),
        Ok(_) if stranger.is_some() => Finding::good(topic, format!("heard {} and not the stranger", entry.interface)),
        Ok(_) => Finding::good(topic, format!("heard {}; there was no second source to try", entry.interface)),
        Err(observed) => Finding::bad(topic, observed, silence_advice(entry)),
    }
}

/// Compares the receive buffer asked for with the one given.
fn examine_receive_buffer(entry: &ChannelEntry) -> Finding {
    match MulticastReceiver::join(entry) {
        Ok(receiver) => judge_receive_buffer(receiver.receive_buffer(), number_in("/proc/sys/net/core/rmem_max")),
        Err(error) => Finding::refused("receive buffer", &error),
    }
}

fn judge_receive_buffer(got: usize, limit: Option<u64>) -> Finding {
    let limit = limit.map_or_else(|| "unknown".to_owned(), |limit| limit.to_string());
    // The kernel reports twice what it grants.
    let granted = got / 2;
    let observed = format!("asked for {RECEIVE_BUFFER} octets, got {granted}; net.core.rmem_max is {limit}");
    if granted >= RECEIVE_BUFFER {
        return Finding::good("receive buffer", observed);
    }
    let advice = format!(
        "run `sysctl -w net.core.rmem_max={RECEIVE_BUFFER}` as root, or bursts may be lost on this host, which makes a \
         scenario inconclusive"
    );
    Finding::bad("receive buffer", observed, advice)
}

/// Reads how many groups a socket may join; the harness joins one with each.
fn examine_memberships() -> Finding {
    judge_memberships(number_in("/proc/sys/net/ipv4/igmp_max_memberships"))
}

fn judge_memberships(limit: Option<u64>) -> Finding {
    let topic = "memberships";
    match limit {
        Some(0) => Finding::bad(
            topic,
            "a socket may join no group",
            "run `sysctl -w net.ipv4.igmp_max_memberships=20` as root; 20 is the usual value",
        ),
        Some(limit) => Finding::good(topic, format!("a socket may join {limit} groups; each receiver joins one")),
        None => Finding::bad(
            topic,
            "net.ipv4.igmp_max_memberships cannot be read",
            "give the process a readable /proc/sys; until then the limit is found out by joining",
        ),
    }
}

/// Reads back a socket's drop counter and the host's memberships.
fn examine_proc() -> Finding {
    let topic = "kernel counters";
    let socket = match std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)) {
        Ok(socket) => socket,
        Err(error) => return Finding::bad(topic, format!("open a socket: {error}"), "raise `ulimit -n`"),
    };
    let drops = kernel::drops_of(&socket);
    let memberships = kernel::memberships();
    match (drops, memberships) {
        (Some(_), Ok(memberships)) => {
            let count = memberships.len();
            Finding::good(topic, format!("/proc/net/udp shows our socket, /proc/net/igmp {count} memberships"))
        }
        (drops, memberships) => {
            let seen = |readable| if readable { "readable" } else { "not readable" };
            let (udp, igmp) = (seen(drops.is_some()), seen(memberships.is_ok()));
            let observed = format!("/proc/net/udp is {udp}, /proc/net/igmp is {igmp}");
            Finding::bad(topic, observed, "mount /proc in the sandbox; without it loss and membership are not known")
        }
    }
}

fn open(entry: &ChannelEntry) -> Result<(MulticastReceiver, MulticastSender), JoinError> {
    Ok((MulticastReceiver::join(entry)?, MulticastSender::open(entry)?))
}

/// Sends the probe and gives the first datagram that arrives, or what was observed instead.
async fn first_of(receiver: &MulticastReceiver, sender: &MulticastSender) -> Result<(Vec<u8>, SocketAddr), String> {
    sender.send(PROBE).await.map_err(|error| format!("send: {error}"))?;
    let mut buffer = [0; 64];
    match timeout(DEADLINE, receiver.recv(&mut buffer)).await {
        Ok(Ok((length, from))) => Ok((buffer[..length].to_vec(), from)),
        Ok(Err(error)) => Err(format!("receive: {error}")),
        Err(_) => Err(format!("sent a datagram, and nothing arrived within {}", humantime::format_duration(DEADLINE))),
    }
}

/// What to try when a group was entered and yet stays silent.
fn silence_advice(entry: &ChannelEntry) -> String {
    format!("look for a firewall rule against UDP on {}, for instance with `nft list ruleset`", entry.interface)
}

/// The number that a file of `/proc/sys` holds.
fn number_in(path: &str) -> Option<u64> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[tokio::test]
    async fn loopback_is_fit_for_everything_that_needs_no_privilege() {
        let findings = timeout(Duration::from_secs(10), examine(LOOPBACK)).await.unwrap();

        let topics: Vec<_> = findings.iter().map(|finding| finding.topic).collect();
        assert_eq!(
            topics,
            [
                "port lease",
                "IPv4 multicast",
                "IPv6 multicast",
                "source-specific join",
                "receive buffer",
                "memberships",
                "kernel counters"
            ]
        );
        // The route and the buffer limit are the host's choice; the rest works on every Linux host.
        for finding in findings.iter().filter(|finding| !["IPv6 multicast", "receive buffer"].contains(&finding.topic))
        {
            assert!(finding.ok, "{finding:?}");
        }
    }

    #[tokio::test]
    async fn whatever_is_not_ok_comes_with_advice() {
        let findings = timeout(Duration::from_secs(10), examine(Ipv4Addr::new(203, 0, 113, 77).into())).await.unwrap();

        for finding in &findings {
            assert_eq!(finding.ok, finding.advice.is_none(), "{finding:?}");
        }
        let v4 = findings.iter().find(|finding| finding.topic == "IPv4 multicast").unwrap();
        assert_eq!((v4.ok, v4.observed.as_str()), (false, "no interface carries address `203.0.113.77`"));
    }

    #[test]
    fn a_buffer_that_was_cut_is_told_with_the_limit_that_cut_it() {
        let cut = judge_receive_buffer(425_984, Some(212_992));
        let whole = judge_receive_buffer(2 * RECEIVE_BUFFER, Some(4_194_304));

        assert!(!cut.ok && cut.observed.ends_with("got 212992; net.core.rmem_max is 212992"), "{cut:?}");
        assert!(cut.advice.unwrap().contains("sysctl -w net.core.rmem_max=4194304"));
        assert!(whole.ok, "{whole:?}");
    }

    #[test]
    fn a_limit_of_no_memberships_is_not_ok() {
        let verdicts = [Some(0), Some(20), None].map(|limit| judge_memberships(limit).ok);

        assert_eq!(verdicts, [false, true, false]);
    }
}
