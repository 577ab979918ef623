//! Which datagrams belong to which channel, found from what they hold.
//!
//! In a recording of castproof's own every datagram is on a channel, so what cannot be read is malformed. In a foreign
//! capture anything may pass, so a channel has to show itself: a notification by its form; a delivery by the form of ALC
//! together with a TSI that was announced, or with EXT_FDT. What then comes to the same group and port is on the channel,
//! readable or not. All else stays unknown.

use std::collections::HashSet;
use std::net::SocketAddr;

use crate::wire::DecodeError;
use crate::wire::alc::AlcPacket;
use crate::wire::wsp::{self, Push};

/// What is remembered of each kind at most; a flood of announcements must not fill the memory.
const KNOWN: usize = 65_536;

/// What has shown itself so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Channels {
    /// Ports that well-formed pushes were sent to.
    push_ports: HashSet<u16>,
    /// Groups and ports that well-formed pushes were sent to.
    pushes: HashSet<SocketAddr>,
    /// Groups and ports that packets of a delivery were sent to.
    deliveries: HashSet<SocketAddr>,
    /// TSIs of announced deliveries.
    announced: HashSet<u64>,
}

/// What a datagram is.
#[derive(Debug)]
pub(super) enum Carried {
    /// A push, or what stands where pushes go.
    Push,
    /// A packet of a delivery.
    Alc(Box<AlcPacket>),
    /// What stands where packets of a delivery go.
    NoAlc(DecodeError),
    /// Nothing that is known here, and why.
    Unknown(String),
}

impl Channels {
    /// Takes in that a well-formed push was sent to `destination`.
    pub(super) fn saw_push(&mut self, destination: SocketAddr) {
        self.push_ports.insert(destination.port());
        remember(&mut self.pushes, destination);
    }

    /// Takes in that a delivery was announced.
    pub(super) fn saw_announcement(&mut self, tsi: u64) {
        remember(&mut self.announced, tsi);
    }

    /// Whether notifications go to this port. In a recording of castproof's own, what is no push there is one that is
    /// malformed, unless it belongs to a delivery.
    pub(super) fn is_push_port(&self, destination: SocketAddr) -> bool {
        self.push_ports.contains(&destination.port())
    }

    /// What a datagram of a foreign capture is.
    pub(super) fn carried(&mut self, destination: SocketAddr, datagram: &[u8]) -> Carried {
        if self.pushes.contains(&destination) || wsp::looks_like_push(datagram) && Push::decode(datagram).is_ok() {
            return Carried::Push;
        }
        let is_delivery = self.deliveries.contains(&destination);
        match AlcPacket::decode(datagram) {
            Ok(packet) => {
                let header = &packet.header;
                let shows = header.toi == Some(0) && matches!(header.fdt_instance(), Some((1 | 2, _)));
                if !is_delivery && !shows && !self.announced.contains(&header.tsi) {
                    return Carried::Unknown(format!(
                        "to {destination}, the form of ALC with TSI {}, which was not announced",
                        header.tsi
                    ));
                }
                remember(&mut self.deliveries, destination);
                Carried::Alc(Box::new(packet))
            }
            Err(error) if is_delivery => Carried::NoAlc(error),
            Err(_) => Carried::Unknown(format!("to {destination}, neither a notification nor of a delivery")),
        }
    }
}

fn remember<T: Eq + std::hash::Hash>(known: &mut HashSet<T>, one: T) {
    if known.len() < KNOWN {
        known.insert(one);
    }
}
