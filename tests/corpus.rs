//! The malformed-input corpus: every wrong message that a scenario uses, in octets, and who refuses it for what.
//!
//! The octets lie in `tests/corpus`, made by the flaws of the hostile sender, from the campaigns of the [`fixtures`], and by
//! [`answers`]; the table beside them says what is expected. Both are renewed by `CORPUS=renew cargo test --test corpus`, and read before they are committed.

#[path = "corpus/answers.rs"]
mod answers;
#[path = "corpus/bench.rs"]
mod bench;
#[path = "corpus/fixtures.rs"]
mod fixtures;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use castproof::stage::hostile::{Flaw, Transmission};
use castproof::wire::DecodeError;
use castproof::wire::alc::AlcPacket;
use castproof::wire::announcement::{self, SignedAnnouncement};
use castproof::wire::fdt::Fdt;
use castproof::wire::package0::Package0;
use castproof::wire::syncml::Message;
use castproof::wire::wsp::Push;

/// One wrong message.
struct Entry {
    /// The file, such as `notification/a-wrong-digest.hex`.
    path: String,
    /// What the file holds.
    text: Vec<u8>,
    /// Who refuses it and for what.
    refusal: String,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

fn hex(octets: &[u8]) -> Vec<u8> {
    let lines: Vec<String> =
        octets.chunks(32).map(|line| line.iter().map(|octet| format!("{octet:02x}")).collect()).collect();
    format!("{}\n", lines.join("\n")).into_bytes()
}

fn unhex(text: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = text.iter().copied().filter(u8::is_ascii_hexdigit).collect();
    let octet = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(octet).collect()
}

fn slug(words: &str) -> String {
    let words = words.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    words.split('-').filter(|piece| !piece.is_empty()).collect::<Vec<_>>().join("-")
}

fn kind(error: &DecodeError) -> String {
    format!("{}, {}", error.protocol, error.field)
}

/// What the decoder of a kind of message says about octets; `fits` when it has nothing to say.
fn decoder(kind_of_message: &str, octets: &[u8]) -> String {
    let result = match kind_of_message {
        "notification" => Push::decode(octets)
            .and_then(|push| Package0::decode(&push.body))
            .and_then(|package0| SignedAnnouncement::decode(&package0.trigger.vendor))
            .map(drop),
        "announcement" => announcement::decode(octets).map(drop),
        "file-table" => Fdt::from_xml(octets).map(drop),
        "packet" => AlcPacket::decode(octets).map(drop),
        "command" | "answer" => Message::from_xml(octets).map(drop),
        "schedule" => fixtures::schedule_fault(octets).map_or(Ok(()), Err),
        _ => Ok(()),
    };
    result.map_or_else(|error| kind(&error), |()| "fits".to_owned())
}

/// The documents of a transmission that differ from those of one without a flaw.
fn spoilt<'a>(sent: &'a Transmission, right: &Transmission) -> Vec<(&'static str, &'static str, &'a [u8])> {
    let table = if sent.table.starts_with(b"<") || sent.table.starts_with(b"{") { "xml" } else { "hex" };
    let all: [(&str, &str, &[u8], &[u8]); 6] = [
        ("notification", "hex", &sent.notification, &right.notification),
        ("announcement", "hex", &sent.announcement, &right.announcement),
        ("file-table", table, &sent.table, &right.table),
        ("command", "xml", &sent.command, &right.command),
        ("package", "hex", &sent.package, &right.package),
        ("packet", "hex", &sent.cycles[0][0], &right.cycles[0][0]),
    ];
    all.into_iter()
        .filter(|(.., sent, right)| sent != right)
        .map(|(kind, ending, sent, _)| (kind, ending, sent))
        .collect()
}

/// Whether it is this document that is wrong. Others differ rightly: to another Command belongs another announcement.
fn is_worth(kind: &str, flaw: Flaw, sent: &Transmission) -> bool {
    match kind {
        "notification" => !flaw.is_of_delivery(),
        "announcement" => decoder(kind, &sent.announcement) != "fits",
        "file-table" => sent.command == bench::transmission(Flaw::Nothing).command,
        // Of a packet of a file table, the document in it is the matter, unless it is the packet itself.
        "packet" => matches!(flaw, Flaw::LctVersion | Flaw::CutLct | Flaw::EncodedTable | Flaw::TableBomb),
        _ => true,
    }
}

fn corpus() -> Vec<Entry> {
    let right = bench::transmission(Flaw::Nothing);
    let mut entries = Vec::new();
    for (words, flaw, _) in Flaw::ALL.iter().filter(|(_, flaw, _)| !matches!(flaw, Flaw::Nothing)) {
        let sent = bench::transmission(*flaw);
        let device = bench::outcome(&sent);
        let documents = spoilt(&sent, &right);
        for (kind, ending, octets) in documents.into_iter().filter(|(kind, ..)| is_worth(kind, *flaw, &sent)) {
            let said = decoder(kind, octets);
            let refusal = if said == "fits" { format!("Device: {device}") } else { said };
            let text = if ending == "hex" { hex(octets) } else { octets.to_vec() };
            entries.push(Entry { path: format!("{kind}/{}.{ending}", slug(words)), text, refusal });
        }
    }
    for fixtures::Wrong { kind, campaign, octets, device } in fixtures::wrong() {
        let said = decoder(kind, &octets);
        let refusal = if said == "fits" { format!("Device: {device}") } else { said };
        let (ending, text) = if kind == "package" { ("hex", hex(&octets)) } else { ("xml", octets) };
        entries.push(Entry { path: format!("{kind}/campaign-{campaign}.{ending}"), text, refusal });
    }
    for (name, document) in answers::malformed() {
        let refusal = decoder("answer", document.as_bytes());
        entries.push(Entry { path: format!("answer/{name}.xml"), text: document.into_bytes(), refusal });
    }
    entries
}

/// The table: a line a file, with what is expected of it.
fn table() -> BTreeMap<String, String> {
    let text = fs::read_to_string(folder().join("expected.tsv")).unwrap_or_default();
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    rows.filter_map(|row| row.split_once('\t')).map(|(path, kind)| (path.to_owned(), kind.to_owned())).collect()
}

fn renew(entries: &[Entry]) {
    for entry in entries {
        let path = folder().join(&entry.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &entry.text).unwrap();
    }
    let mut rows: Vec<String> = entries.iter().map(|entry| format!("{}\t{}\n", entry.path, entry.refusal)).collect();
    rows.sort();
    let head = "# file\twho refuses it, and the protocol and field, or what the Device says\n";
    fs::write(folder().join("expected.tsv"), format!("{head}{}", rows.concat())).unwrap();
}

#[test]
fn the_corpus_is_what_the_hostile_sender_makes() {
    let entries = corpus();
    if std::env::var_os("CORPUS").is_some_and(|value| value == "renew") {
        renew(&entries);
    }

    let stale: Vec<&str> = entries
        .iter()
        .filter(|entry| fs::read(folder().join(&entry.path)).ok().as_ref() != Some(&entry.text))
        .map(|entry| entry.path.as_str())
        .collect();

    assert!(stale.is_empty(), "renew the corpus: CORPUS=renew cargo test --test corpus; not fresh: {stale:?}");
}

#[test]
fn every_file_of_the_corpus_is_refused_for_the_reason_in_the_table() {
    let table = table();
    let found: BTreeMap<String, String> = corpus().into_iter().map(|entry| (entry.path, entry.refusal)).collect();

    assert!(table.len() > 80, "{} rows", table.len());
    assert_eq!(found, table);
}

/// The files themselves, as a decoder of another make would be given them.
#[test]
fn what_the_table_calls_malformed_no_decoder_takes() {
    for (path, expected) in table() {
        let text = fs::read(folder().join(&path)).unwrap();
        let octets = if path.ends_with(".hex") { unhex(&text) } else { text };
        let kind = path.split('/').next().unwrap();

        let said = decoder(kind, &octets);

        let is_by_device = expected.starts_with("Device: ");
        assert_eq!(said, if is_by_device { "fits" } else { expected.as_str() }, "{path}");
        assert!(kind != "answer" || !is_by_device, "{path} is a message like any other");
    }
}

#[test]
fn only_what_may_be_ignored_is_accepted() {
    let table = table();
    let accepted: Vec<&str> =
        table.iter().filter(|(_, kind)| kind.contains("result 200")).map(|(path, _)| path.as_str()).collect();

    assert_eq!(accepted, ["notification/an-unknown-field-that-may-be-ignored.hex"]);
}
