//! Independent eyes: tshark and castproof decode every golden recording alike.
//!
//! Skipped, loudly, where tshark is not installed (`apt-get install tshark`). Looked at is what both decode: the content
//! type of a push; TSI, TOI, FDT Instance ID, SBN and ESI; element names and values of SyncML over HTTP. What tshark is
//! known to get wrong would be listed in [`WRONG`] with the reason; so far there is nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use castproof::capture::{Packet, Recording, Sight, Timeline, pcapng};
use castproof::wire::alc::AlcPacket;
use castproof::wire::wsp::Push;
use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::Event;

/// Slug of a recording, packet, and why tshark is wrong about it.
const WRONG: [(&str, usize, &str); 0] = [];

/// The fields that are asked for, one column each.
const FIELDS: [&str; 10] = [
    "frame.number",
    "wsp.header.content_type",
    "rmt-lct.tsi",
    "rmt-lct.toi",
    "rmt-lct.fdt_instance_id",
    "rmt-fec.sbn",
    "rmt-fec.esi",
    "xml.tag",
    "xml.cdata",
    "_ws.malformed",
];

/// Between two values of one field.
const BETWEEN: char = '\u{1f}';

fn recordings() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("captures")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false if path.extension().is_some_and(|extension| extension == "pcapng") => files.push(path),
                false => {}
            }
        }
    }
    files.sort();
    files
}

/// The ports in the command line that the file carries.
fn decode_as(octets: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(octets);
    let line = text.split_once("tshark -r FILE").expect("a file carries its tshark command line").1;
    let line = &line[..line.find("xml'").expect("it ends with the media type") + 4];
    line.split(" -d ").skip(1).flat_map(|what| ["-d".to_owned(), what.trim_matches('\'').to_owned()]).collect()
}

/// What tshark says about each packet, field by field.
fn seen_by_tshark(path: &Path, octets: &[u8]) -> BTreeMap<usize, Vec<String>> {
    let mut command = Command::new("tshark");
    command.arg("-r").arg(path).args(decode_as(octets)).args(["-n", "-T", "fields", "-E"]);
    command.arg(format!("aggregator={BETWEEN}")).args(FIELDS.iter().flat_map(|field| ["-e", field]));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| {
            let columns: Vec<String> = line.split('\t').map(str::to_owned).collect();
            assert_eq!(columns.len(), FIELDS.len(), "{line}");
            (columns[0].parse().unwrap(), columns)
        })
        .collect()
}

/// What tshark says about each recording. Each process spends most of its time on starting, so several run side by side.
fn all_seen_by_tshark(paths: &[PathBuf]) -> BTreeMap<PathBuf, BTreeMap<usize, Vec<String>>> {
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let look = |path: &PathBuf| (path.clone(), seen_by_tshark(path, &fs::read(path).unwrap()));
    thread::scope(|scope| {
        let parts = paths.chunks(paths.len().div_ceil(workers).max(1));
        let parts: Vec<_> = parts.map(|part| scope.spawn(move || part.iter().map(look).collect::<Vec<_>>())).collect();
        parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
    })
}

/// The same columns by castproof's decoders; XML of the interaction channel alone.
fn seen_by_castproof(recording: &Recording) -> BTreeMap<usize, Vec<String>> {
    let timeline = Timeline::of(recording);
    let mut packets: BTreeMap<usize, Vec<String>> = recording
        .numbered()
        .map(|(number, frame)| {
            let mut columns = vec![String::new(); FIELDS.len()];
            columns[0] = number.to_string();
            if let Packet::Datagram { payload, .. } = &frame.packet {
                datagram(payload, &mut columns);
            }
            (number, columns)
        })
        .collect();
    for sighting in &timeline.sightings {
        if let Sight::Request { message, .. } | Sight::Response { message: Some(message), .. } = &sighting.what {
            let columns = packets.get_mut(&sighting.frame).unwrap();
            let (names, values) = document(&message.to_xml());
            // Several messages may end in one packet.
            for (column, list) in [(7, names), (8, values)] {
                let known = std::mem::take(&mut columns[column]);
                let all = (!known.is_empty()).then_some(known).into_iter().chain(list);
                columns[column] = all.collect::<Vec<_>>().join(&BETWEEN.to_string());
            }
        }
    }
    packets
}

fn datagram(payload: &[u8], columns: &mut [String]) {
    if Push::decode(payload).is_ok() {
        columns[1] = "application/vnd.syncml.notification".into();
        return;
    }
    let Ok(packet) = AlcPacket::decode(payload) else { return };
    columns[2] = packet.header.tsi.to_string();
    columns[3] = packet.header.toi.map(|toi| toi.to_string()).unwrap_or_default();
    columns[4] = packet.header.fdt_instance().map(|(_, instance)| instance.to_string()).unwrap_or_default();
    if let Some(id) = packet.payload_id {
        columns[5] = id.block().to_string();
        columns[6] = id.symbol().to_string();
    }
}

/// Names of elements and their texts, in the order of the document.
fn document(xml: &str) -> (Vec<String>, Vec<String>) {
    let (mut names, mut values) = (Vec::new(), Vec::new());
    let mut reader = Reader::from_str(xml);
    let mut text = String::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Eof => return (names, values),
            Event::Start(element) | Event::Empty(element) => {
                names.push(element.name().as_ref().to_owned());
            }
            Event::Text(part) => text.push_str(&part),
            Event::GeneralRef(name) => text.push_str(&unescape(&format!("&{};", &*name)).unwrap()),
            _ => {}
        }
        if !text.trim().is_empty() && xml[reader.buffer_position() as usize..].starts_with('<') {
            values.push(text.trim().to_owned());
        }
        if xml[reader.buffer_position() as usize..].starts_with('<') {
            text.clear();
        }
    }
}

/// A column of tshark in the form of ours.
fn plain(column: usize, text: &str) -> String {
    let parts = text.split(BETWEEN).map(|part| match column {
        // The dissector of WSP shows a name that it knows, with the number behind it in some releases.
        1 => part.split(' ').next().unwrap_or_default().to_owned(),
        5 | 6 if part.starts_with("0x") => u32::from_str_radix(&part[2..], 16).unwrap().to_string(),
        7 => part.trim_start_matches('<').split([' ', '>', '/']).next().unwrap_or_default().to_owned(),
        8 => unescape(part).unwrap().trim().to_owned(),
        _ => part.to_owned(),
    });
    let parts: Vec<String> = parts.filter(|part| !part.is_empty() && !part.starts_with("?xml")).collect();
    parts.join(&BETWEEN.to_string())
}

#[test]
fn tshark_and_castproof_agree_on_every_golden_recording() {
    if Command::new("tshark").arg("--version").output().is_err() {
        #[expect(clippy::print_stderr, reason = "whoever runs the tests is to see that one was not run")]
        {
            eprintln!("\n*** SKIPPED: tshark is not installed, so nobody else looked at the recordings ***\n");
        }
        return;
    }
    let mut faults = Vec::new();
    let (mut notifications, mut symbols, mut messages) = (0, 0, 0);

    let all_theirs = all_seen_by_tshark(&recordings());
    for path in recordings() {
        let slug = path.file_stem().unwrap().to_string_lossy().into_owned();
        let octets = fs::read(&path).unwrap();
        let (theirs, ours) = (&all_theirs[&path], seen_by_castproof(&pcapng::read(&octets[..]).unwrap()));
        if theirs.len() != ours.len() {
            faults.push(format!("{slug}: tshark sees {} packets, castproof {}", theirs.len(), ours.len()));
        }
        for (number, mine) in &ours {
            let Some(other) = theirs.get(number) else { continue };
            if WRONG.iter().any(|(known, packet, _)| *known == slug && packet == number) {
                continue;
            }
            notifications += usize::from(!mine[1].is_empty());
            symbols += usize::from(!mine[5].is_empty());
            messages += usize::from(!mine[7].is_empty());
            // Tables are XML too; what tshark says about them is compared by their numbers alone.
            let is_datagram = !mine[1].is_empty() || !mine[2].is_empty();
            for column in (1..FIELDS.len()).filter(|column| !is_datagram || !(7..=8).contains(column)) {
                let other = plain(column, &other[column]);
                if other != mine[column] {
                    let name = FIELDS[column];
                    faults.push(format!(
                        "{slug}, packet {number}, {name}: tshark `{other}`, castproof `{}`",
                        mine[column]
                    ));
                }
            }
        }
    }

    assert!(faults.is_empty(), "{} differences:\n{}", faults.len(), faults[..faults.len().min(20)].join("\n"));
    assert!(notifications > 0 && symbols > 0 && messages > 0, "{notifications}, {symbols}, {messages}");
}
