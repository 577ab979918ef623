//! The tshark command line that decodes a recording: which ports carry what.
//!
//! Scenarios lease their ports, so tshark cannot know them; a file that carries its own command line is readable at once.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::recording::{Packet, Recording, TcpFlags};
use crate::wire::syncml::model::MEDIA_TYPE;
use crate::wire::wsp::looks_like_push;

/// What the datagrams to a port are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Wsp,
    Alc,
}

/// The command line for `recording`, with `FILE` in place of the file's name.
///
/// A port carries notifications when any datagram to it looks like a WSP push, else ALC.
pub(super) fn tshark_command(recording: &Recording) -> String {
    let mut ports: BTreeMap<u16, Protocol> = BTreeMap::new();
    let mut servers: BTreeMap<u16, ()> = BTreeMap::new();
    for frame in &recording.frames {
        let port = frame.packet.destination().port();
        match &frame.packet {
            Packet::Datagram { payload, .. } => {
                let protocol = if looks_like_push(payload) { Protocol::Wsp } else { Protocol::Alc };
                let known = ports.entry(port).or_insert(protocol);
                if protocol == Protocol::Wsp {
                    *known = protocol;
                }
            }
            Packet::Segment { flags, .. } if flags.has(TcpFlags::SYN) && !flags.has(TcpFlags::ACK) => {
                servers.insert(port, ());
            }
            Packet::Segment { .. } => {}
        }
    }
    let mut command = String::from("tshark -r FILE");
    for (low, high, protocol) in runs(&ports) {
        let name = match protocol {
            Protocol::Wsp => "wsp",
            Protocol::Alc => "alc",
        };
        // Writing to a String cannot fail.
        let _ = match low == high {
            true => write!(command, " -d udp.port=={low},{name}"),
            false => write!(command, " -d udp.port=={low}-{high},{name}"),
        };
    }
    for port in servers.keys() {
        let _ = write!(command, " -d tcp.port=={port},http");
    }
    let _ = write!(command, " -d 'media_type=={MEDIA_TYPE},xml'");
    command
}

/// Ports of one protocol with no port of the other between them, as ranges.
fn runs(ports: &BTreeMap<u16, Protocol>) -> Vec<(u16, u16, Protocol)> {
    let mut runs: Vec<(u16, u16, Protocol)> = Vec::new();
    for (&port, &protocol) in ports {
        match runs.last_mut() {
            Some((_, high, last)) if *last == protocol => *high = port,
            _ => runs.push((port, port, protocol)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_never_runs_over_a_port_of_the_other_protocol() {
        use Protocol::{Alc, Wsp};
        let ports = BTreeMap::from([(100, Wsp), (102, Wsp), (103, Alc), (104, Wsp), (200, Alc), (210, Alc)]);

        let ranges = runs(&ports);

        assert_eq!(ranges, [(100, 102, Wsp), (103, 103, Alc), (104, 104, Wsp), (200, 210, Alc)]);
    }
}
