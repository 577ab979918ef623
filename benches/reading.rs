//! What it costs to read: a capture to its transcript, datagrams and documents to their meaning, a recording to verdicts.
//!
//! `cargo bench` runs it; figures with their commands stand in `docs/performance.md`.

use std::fs::{self, File};
use std::hint::black_box;
use std::path::Path;

use castproof::capture::{Keys, Packet, Recording, Shown, Sight, Telling, Timeline, TranscriptOptions, pcapng};
use castproof::judge::standing::{self, Known};
use castproof::wire::alc::AlcPacket;
use castproof::wire::announcement::SignedAnnouncement;
use castproof::wire::package0::Package0;
use castproof::wire::syncml::Message;
use castproof::wire::wsp::Push;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

/// A campaign of settings with a report and care over TCP.
const CARE: &str = "captures/selective_care/care--after-care-a-device-that-failed-matches-the-others.pcapng";
/// A campaign of firmware.
const FIRMWARE: &str = "captures/firmware_update/normal-flow--a-device-installs-an-update-that-is-meant-for-it.pcapng";

fn octets(file: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect("a golden recording is there")
}

fn recording(file: &str) -> Recording {
    let file = File::open(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect("a golden recording is there");
    pcapng::read(file).expect("a golden recording is read")
}

fn transcripts(bench: &mut Criterion) {
    let mut group = bench.benchmark_group("transcript");
    for (name, file) in [("care", CARE), ("firmware", FIRMWARE)] {
        let file = octets(file);
        group.throughput(Throughput::Bytes(file.len() as u64));
        group.bench_function(name, |bench| {
            bench.iter(|| {
                let options = TranscriptOptions { redact: false, lanes: Shown::Sent };
                let mut telling = Telling::new(options, Keys::default());
                let mut tales = Vec::new();
                telling.feed(black_box(&file), &mut tales).expect("it is read");
                telling.finish(&mut tales).expect("it ends");
                tales.len()
            });
        });
    }
    group.finish();
}

fn decoders(bench: &mut Criterion) {
    let firmware = recording(FIRMWARE);
    let datagrams: Vec<&[u8]> = firmware.frames.iter().map(|frame| frame.packet.payload()).collect();
    let push = datagrams.iter().find(|octets| Push::decode(octets).is_ok()).expect("a notification");
    let symbol = datagrams.iter().filter(|octets| AlcPacket::decode(octets).is_ok()).max_by_key(|octets| octets.len());
    let symbol = symbol.expect("a symbol");
    let message = Timeline::of(&recording(CARE)).sightings.into_iter().find_map(|sighting| match sighting.what {
        Sight::Request { message, .. } => Some(message.to_xml()),
        _ => None,
    });
    let message = message.expect("a DM message");

    bench.bench_function("decode/notification", |bench| {
        bench.iter(|| {
            let push = Push::decode(black_box(push)).expect("a push");
            let package0 = Package0::decode(&push.body).expect("Package #0");
            SignedAnnouncement::decode(&package0.trigger.vendor).expect("an announcement")
        });
    });
    bench.bench_function("decode/symbol", |bench| bench.iter(|| AlcPacket::decode(black_box(symbol))));
    bench.bench_function("decode/dm-message", |bench| bench.iter(|| Message::from_xml(black_box(message.as_bytes()))));
    bench.bench_function("frames/to-file", |bench| {
        bench.iter_batched(
            Vec::new,
            |mut file| pcapng::write(black_box(&firmware), &mut file).map(|()| file),
            BatchSize::SmallInput,
        );
    });
    let segments = firmware.frames.iter().filter(|frame| matches!(frame.packet, Packet::Segment { .. })).count();
    assert!(segments < firmware.frames.len(), "datagrams are measured");
}

fn judge(bench: &mut Criterion) {
    let mut group = bench.benchmark_group("judge");
    for (name, file) in [("care", CARE), ("firmware", FIRMWARE)] {
        let recording = recording(file);
        group.throughput(Throughput::Elements(recording.frames.len() as u64));
        group.bench_function(format!("timeline/{name}"), |bench| bench.iter(|| Timeline::of(black_box(&recording))));
        let timeline = Timeline::of(&recording);
        group.bench_function(format!("standing/{name}"), |bench| {
            bench.iter(|| standing::judge(black_box(&recording), &timeline, &Known::default()));
        });
    }
    group.finish();
}

criterion_group!(benches, transcripts, decoders, judge);
criterion_main!(benches);
