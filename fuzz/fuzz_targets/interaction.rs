//! Any segments of one connection: the octets of both sides come out in order, and no more of them than went in.
#![no_main]

use std::sync::Arc;

use castproof::capture::http::Interaction;
use castproof::capture::tcp::{Connections, TcpEvent};
use castproof::capture::{Packet, TcpFlags};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|script: &[u8]| {
    let (mut connections, mut interaction) = (Connections::default(), Interaction::default());
    let (mut given, mut taken) = (0, 0);
    let mut rest = script;
    // Who, flags, sequence number (of the low octets or from the top), length; then the octets.
    while let [who, flags, high, low, length, after @ ..] = rest {
        let (octets, after) = after.split_at((*length as usize).min(after.len()));
        rest = after;
        let ends = ["10.0.0.1:4000", "10.0.0.2:80"].map(|end| end.parse().unwrap());
        let (source, destination) = if who & 1 == 0 { (ends[0], ends[1]) } else { (ends[1], ends[0]) };
        let base = if who & 2 == 0 { 0 } else { u32::MAX - 300 };
        let packet = Packet::Segment {
            source,
            destination,
            sequence: base.wrapping_add(u32::from(*high) << 12).wrapping_add(u32::from(*low)),
            acknowledgement: 0,
            flags: TcpFlags(*flags),
            payload: Arc::from(octets),
        };
        given += octets.len();
        for event in connections.feed(&packet) {
            if let TcpEvent::Data { octets, .. } = event {
                assert!(!octets.is_empty());
                taken += octets.len();
            }
        }
        interaction.feed(&packet);
    }
    assert!(taken <= given, "{taken} of {given}");
    interaction.finish();
});
