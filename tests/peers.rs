//! Two makers of FLUTE against each other: the octets of `wire`, and the crate `flute`.
//!
//! The hostile sender makes its packets from `wire` alone. Here it sends what is right, and the receiver of the crate,
//! which shares no line with it, puts the files together; then the crate sends, and our receiver does. So a mistake of
//! either shows, and is not made twice.

#[path = "corpus/bench.rs"]
#[allow(dead_code, reason = "the bench of the corpus does more than is needed here")]
mod bench;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::SystemTime;

use castproof::delivery::{FluteVersion, Receiver, ReceiverLimits, ReceptionEvent, WantedObject};
use castproof::provider::Content;
use castproof::spec::{SequenceNumber, Timestamp, Tsi};
use castproof::stage::hostile::{Flaw, Numbers, Transmission, forge};
use flute::core::{Oti, UDPEndpoint};
use flute::receiver::writer::ObjectWriterBufferBuilder;
use flute::sender::{Config, ObjectDesc, Profile, TransferConfig};

const NOW: Timestamp = Timestamp::from_millis(1_796_119_200_000);
const SESSION: u16 = 7;

fn octets(size: usize) -> Vec<u8> {
    (0..size).map(|index| (index % 251) as u8).collect()
}

fn sent(version: FluteVersion, size: usize) -> Transmission {
    let mut plan = bench::plan("exchange");
    plan.broadcast.version = version;
    plan.content = Content::Firmware(octets(size).into());
    forge(&bench::insider(), &plan, Numbers { sequence: SequenceNumber(1), session: SESSION, now: NOW }, Flaw::Nothing)
        .unwrap()
}

#[test]
fn the_crate_receives_what_our_encoders_send() {
    for version in [FluteVersion::V1, FluteVersion::V2] {
        // One symbol, one block, exactly one block, and several blocks, of two sizes and of one.
        for size in [700, 9600, 64 * 1024, 133_000, 150_000] {
            let ours = sent(version, size);
            let writer = Rc::new(ObjectWriterBufferBuilder::new(true));
            let endpoint = UDPEndpoint::new(None, "239.255.0.1".into(), 4001);
            let mut peer = flute::receiver::Receiver::new(&endpoint, SESSION.into(), writer.clone(), None);

            for packet in ours.packets() {
                peer.push_data(packet, NOW.to_system_time()).unwrap();
            }

            let received: BTreeMap<String, (bool, Vec<u8>)> = writer
                .objects
                .borrow()
                .iter()
                .map(|object| object.borrow())
                .map(|object| (object.meta.content_location.clone(), (object.complete, object.data.clone())))
                .collect();
            let location = |name: &str| format!("http://sp.example/exchange/{name}");
            let expected = BTreeMap::from([
                (location("command.xml"), (true, ours.command.clone())),
                (location("package.bin"), (true, ours.package.clone())),
            ]);
            assert_eq!(received, expected, "{version:?}, {size} octets");
        }
    }
}

#[test]
fn our_receiver_receives_what_the_crate_sends() {
    for profile in [Profile::RFC3926, Profile::RFC6726] {
        for size in [700, 9600, 64 * 1024, 133_000, 150_000] {
            let receiver = hear(crate_packets(profile, size), "file:///exchange/package.bin", size);

            assert_eq!(receiver, Some(octets(size)), "{size} octets");
        }
    }
}

#[test]
fn our_receiver_receives_what_our_encoders_send() {
    for version in [FluteVersion::V1, FluteVersion::V2] {
        let ours = sent(version, 150_000);

        let received = hear(ours.packets().cloned().collect(), "http://sp.example/exchange/package.bin", 150_000);

        assert_eq!(received, Some(octets(150_000)));
    }
}

fn crate_packets(profile: Profile, size: usize) -> Vec<Vec<u8>> {
    let endpoint = UDPEndpoint::new(None, String::new(), 0);
    let config = Config { profile, ..Config::default() };
    let oti = Oti::new_no_code(1024, 64);
    let start: SystemTime = NOW.to_system_time();
    let mut sender = flute::sender::Sender::new(endpoint, SESSION.into(), &oti, &config);
    let location = "file:///exchange/package.bin".parse().unwrap();
    let object = ObjectDesc::create_from_buffer(
        octets(size),
        "application/octet-stream",
        &location,
        true,
        TransferConfig::default(),
    );
    sender.add_object(0, object.unwrap()).unwrap();
    sender.publish(start).unwrap();
    std::iter::from_fn(|| sender.read(start)).collect()
}

/// What our receiver makes of packets.
fn hear(packets: Vec<Vec<u8>>, location: &str, size: usize) -> Option<Vec<u8>> {
    let wanted = WantedObject { location: location.into(), size: size as u64 };
    let mut receiver = Receiver::new(Tsi::new(SESSION.into()).unwrap(), vec![wanted], ReceiverLimits::default());
    for packet in packets {
        receiver.handle_packet(NOW, SocketAddr::from(([127, 0, 0, 1], 4001)), &packet);
    }
    std::iter::from_fn(|| receiver.poll_event()).find_map(|event| match event {
        ReceptionEvent::ObjectReceived { octets, .. } => Some(octets),
        _ => None,
    })
}
