//! Bundles that were tampered with: each is refused at the first thing that does not fit, by name.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use castproof::evidence::{Misfit, PrivateKey, PublicKey, pack, verify};
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use rawzip::path::EntryPath;
use rawzip::{CompressionMethod, ZipArchive, ZipArchiveWriter};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::copy_folder;
use super::runs::RUNS;

type Members = BTreeMap<String, Vec<u8>>;

struct Bundle {
    key: PrivateKey,
    octets: Vec<u8>,
    members: Members,
}

/// A signed bundle of a small run.
static BUNDLE: LazyLock<Bundle> = LazyLock::new(|| {
    let copy = tempfile::tempdir().unwrap();
    let smallest = RUNS.broken.iter().min_by_key(|(_, folder)| fs::read_dir(folder.join("captures")).unwrap().count());
    copy_folder(&smallest.unwrap().1, copy.path());
    let key = PrivateKey::draw().unwrap();
    let octets = fs::read(pack(copy.path(), Some(&key)).unwrap().path).unwrap();
    Bundle { members: unpacked(&octets), octets, key }
});

fn unpacked(octets: &[u8]) -> Members {
    let archive = ZipArchive::from_slice(octets).unwrap();
    let members = archive.entries().map(|record| {
        let record = record.unwrap();
        let mut content = Vec::new();
        let entry = archive.get_entry(record.wayfinder()).unwrap();
        DeflateDecoder::new(entry.data()).read_to_end(&mut content).unwrap();
        (String::from_utf8(record.file_path().as_ref().to_vec()).unwrap(), content)
    });
    members.collect()
}

fn packed<'a>(members: impl IntoIterator<Item = (&'a String, &'a Vec<u8>)>) -> Vec<u8> {
    let mut zip = ZipArchiveWriter::new(Vec::new());
    for (name, content) in members {
        let file = zip.new_file(EntryPath::verbatim(name.as_bytes())).compression_method(CompressionMethod::DEFLATE);
        let (mut entry, config) = file.start().unwrap();
        let mut writer = config.wrap(DeflateEncoder::new(&mut entry, flate2::Compression::fast()));
        writer.write_all(content).unwrap();
        let (encoder, descriptor) = writer.finish().unwrap();
        encoder.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    zip.finish().unwrap()
}

fn digest(octets: &[u8]) -> String {
    Sha256::digest(octets).iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Makes manifest and statement fit the members again, as whoever has no key can.
fn reseal(members: &mut Members) {
    let is_listed = |name: &str| !["manifest.json", "attestation.json"].contains(&name);
    let listed = members.iter().filter(|(name, _)| is_listed(name));
    let listed =
        listed.map(|(name, content)| json!({"name": name, "octets": content.len(), "sha256": digest(content)}));
    let manifest = json!({"layout": 1, "members": listed.collect::<Vec<_>>()});
    members.insert("manifest.json".to_owned(), manifest.to_string().into_bytes());
    restate(members, |_| {});
}

/// Makes the statement fit the manifest again, but for what `alter` does.
fn restate(members: &mut Members, alter: impl FnOnce(&mut Value)) {
    let envelope: Value = serde_json::from_slice(&members["attestation.json"]).unwrap();
    let payload = STANDARD.decode(envelope["payload"].as_str().unwrap()).unwrap();
    let mut statement: Value = serde_json::from_slice(&payload).unwrap();
    statement["subject"][0]["digest"]["sha256"] = digest(&members["manifest.json"]).into();
    alter(&mut statement);
    let payload = STANDARD.encode(statement.to_string());
    let envelope = json!({"payload": payload, "payloadType": envelope["payloadType"], "signatures": []});
    members.insert("attestation.json".to_owned(), envelope.to_string().into_bytes());
}

/// Verifies octets in a folder of their own, and holds that nothing is written there.
fn verified(octets: &[u8], key: Option<&PublicKey>) -> Result<usize, Misfit> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("evidence.zip");
    fs::write(&path, octets).unwrap();
    let verified = verify(&path, key).map(|verified| verified.members);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(fs::read(&path).unwrap(), octets);
    verified
}

fn misfit(alter: impl FnOnce(&mut Members), key: Option<&PublicKey>) -> String {
    let mut members = BUNDLE.members.clone();
    alter(&mut members);
    verified(&packed(&members), key).unwrap_err().to_string()
}

fn a_recording(members: &Members) -> String {
    members.keys().find(|name| name.starts_with("captures/")).unwrap().clone()
}

#[test]
fn a_bundle_as_it_was_packed_fits_and_holds_what_a_verdict_rests_on() {
    let members = verified(&BUNDLE.octets, Some(&BUNDLE.key.public())).unwrap();

    assert_eq!(members + 2, BUNDLE.members.len());
    for name in ["result.json", "junit.xml", "register.yaml", "environment.json", "fixtures/campaigns.yaml"] {
        assert!(BUNDLE.members.contains_key(name), "{name}");
    }
    assert_eq!(verified(&packed(&BUNDLE.members), Some(&BUNDLE.key.public())).unwrap(), members);
    // Nobody vouches for it then, and it is whole all the same.
    assert_eq!(verified(&packed(&BUNDLE.members), None).unwrap(), members);
}

#[test]
fn what_is_missing_altered_or_added_is_named() {
    let name = a_recording(&BUNDLE.members);
    let key = BUNDLE.key.public();

    let missing = misfit(|members| drop(members.remove(&name)), Some(&key));
    let altered = misfit(|members| members.get_mut(&name).unwrap()[100] ^= 1, Some(&key));
    let shortened = misfit(|members| members.get_mut(&name).unwrap().truncate(100), Some(&key));
    let lengthened = misfit(|members| members.get_mut(&name).unwrap().push(0), Some(&key));
    let added = misfit(|members| drop(members.insert("captures/extra.pcapng".into(), vec![1])), Some(&key));
    let bare = misfit(|members| drop(members.remove("attestation.json")), None);
    let unlisted = misfit(|members| drop(members.remove("manifest.json")), None);

    assert_eq!(missing, format!("member `{name}` is missing"));
    assert!(altered.starts_with(&format!("member `{name}` was altered: its SHA-256 is")), "{altered}");
    assert!(shortened.contains("was altered: it has") && shortened.contains("the manifest lists"), "{shortened}");
    assert!(lengthened.contains("was altered: it has more than"), "{lengthened}");
    assert_eq!(added, "member `captures/extra.pcapng` was added: the manifest does not list it");
    assert_eq!(bare, "member `attestation.json` is missing");
    assert_eq!(unlisted, "member `manifest.json` is missing");
}

#[test]
fn names_that_lead_elsewhere_are_refused_before_anything_is_read() {
    for name in ["../evil", "/etc/cron.d/evil", "captures/../../evil", "a\\b", "C:evil", "captures/", "a\nb", "./a"] {
        let escaping = misfit(|members| drop(members.insert(name.to_owned(), vec![1])), None);

        assert!(escaping.contains("would escape from a folder"), "{name}: {escaping}");
    }
    let twice = BUNDLE.members.iter().chain(BUNDLE.members.iter().take(1));
    assert!(matches!(verified(&packed(twice), None), Err(Misfit::Twice { .. })));
    // The name in the local header is the first of the archive's two; tools differ in which they believe.
    let name = BUNDLE.members.keys().next().unwrap().as_bytes();
    let mut two_names = packed(&BUNDLE.members);
    let at = two_names.windows(name.len()).position(|window| window == name).unwrap();
    two_names[at] ^= 1;
    assert!(matches!(verified(&two_names, None), Err(Misfit::TwoNames { .. })));
}

#[test]
fn a_signature_is_of_the_key_that_was_asked_for_or_refused() {
    let stranger = PrivateKey::draw().unwrap().public();
    let key = BUNDLE.key.public();

    let wrong = verified(&BUNDLE.octets, Some(&stranger)).unwrap_err().to_string();
    let unsigned = misfit(reseal, Some(&key));
    let forged = misfit(
        |members| {
            let mut signed: Value = serde_json::from_slice(&members["attestation.json"]).unwrap();
            restate(members, |statement| statement["predicate"]["result"] = "PASSED".into());
            let mut forged: Value = serde_json::from_slice(&members["attestation.json"]).unwrap();
            forged["signatures"] = signed["signatures"].take();
            members.insert("attestation.json".to_owned(), forged.to_string().into_bytes());
        },
        Some(&key),
    );

    assert_eq!(wrong, format!("the signature is not of the key {}", stranger.id()));
    assert_eq!(unsigned, "it is not signed");
    assert_eq!(forged, format!("the signature is not of the key {}", key.id()));
}

#[test]
fn a_manifest_or_a_statement_that_was_made_to_fit_is_found_out() {
    let name = a_recording(&BUNDLE.members);

    let manifest = misfit(
        |members| {
            let attestation = members["attestation.json"].clone();
            members.get_mut(&name).unwrap()[100] ^= 1;
            reseal(members);
            // The signed statement speaks of the manifest as it was.
            members.insert("attestation.json".to_owned(), attestation);
        },
        Some(&BUNDLE.key.public()),
    );
    let misstated =
        misfit(|members| restate(members, |statement| statement["predicate"]["result"] = "PASSED".into()), None);
    let no_findings = misfit(
        |members| {
            members.remove("result.json");
            reseal(members);
        },
        None,
    );

    assert_eq!(manifest, "member `manifest.json` was altered: it is not the one that `attestation.json` speaks of");
    assert_eq!(misstated, "what `attestation.json` states is not what `result.json` says");
    assert_eq!(no_findings, "member `result.json` is missing");
}

#[test]
fn another_version_of_any_part_is_named_with_what_is_read() {
    let with = |part: &str, found: &str, to: &str, members: &mut Members| {
        let text = String::from_utf8(members[part].clone()).unwrap();
        assert!(text.contains(found), "{part} has no {found}");
        members.insert(part.to_owned(), text.replacen(found, to, 1).into_bytes());
    };

    let result = misfit(
        |members| {
            with("result.json", "\"schema\": 4", "\"schema\": 99", members);
            reseal(members);
        },
        None,
    );
    let manifest = misfit(
        |members| {
            reseal(members);
            with("manifest.json", "\"layout\":1", "\"layout\":99", members);
            restate(members, |_| {});
        },
        None,
    );
    let statement = misfit(|members| restate(members, |statement| statement["predicateType"] = "other".into()), None);
    let payload = misfit(|members| with("attestation.json", "vnd.in-toto", "vnd.other", members), None);

    assert_eq!(result, "`result.json` has layout 99, and this castproof reads 4");
    assert_eq!(manifest, "`manifest.json` has layout 99, and this castproof reads 1");
    assert!(statement.contains("a statement of type other"), "{statement}");
    assert!(payload.contains("the type of payload application/vnd.other+json"), "{payload}");
}

#[test]
fn a_bomb_is_not_unpacked() {
    const ZEROS: usize = 200 << 20;
    let name = a_recording(&BUNDLE.members);
    let bomb = vec![0; ZEROS];

    // The manifest says how long a member is, and nobody reads on.
    let longer = misfit(|members| drop(members.insert(name.clone(), bomb.clone())), None);
    // A manifest that owns up to it is read, and the findings are bounded for themselves.
    let owned_up = misfit(
        |members| {
            members.insert("result.json".to_owned(), bomb.clone());
            reseal(members);
        },
        None,
    );
    let index = misfit(|members| drop(members.insert("attestation.json".to_owned(), bomb)), None);

    assert!(longer.contains("was altered: it has more than"), "{longer}");
    assert!(owned_up.contains("`result.json` has more than 134217728 octets"), "{owned_up}");
    assert!(index.contains("`attestation.json` has more than 16777216 octets"), "{index}");
}

#[test]
fn octets_that_are_no_bundle_are_refused_wherever_they_end() {
    let octets = &BUNDLE.octets;
    for length in (0..octets.len()).step_by(octets.len() / 97) {
        assert!(verified(&octets[..length], None).is_err(), "{length} octets");
    }
    let behind = [&octets[..], b"behind"].concat();
    let before = [b"before", &octets[..]].concat();
    assert!(verified(&behind, None).is_err() && verified(&before, None).is_err());
    assert!(matches!(verified(b"PK\x05\x06", None), Err(Misfit::NoArchive { .. })));
    assert!(verify(Path::new("/nonexistent/evidence.zip"), None).unwrap_err().is_no_bundle());
}

#[test]
fn one_octet_that_was_altered_is_never_taken_for_evidence_of_something_else() {
    let octets = BUNDLE.octets.clone();
    let whole = verified(&octets, Some(&BUNDLE.key.public())).unwrap();
    for at in (0..octets.len()).step_by(octets.len() / 61) {
        let mut altered = octets.clone();
        altered[at] ^= 0x40;

        // What the form of the archive says beside its members, such as a mode or a date, nobody reads.
        assert!(verified(&altered, Some(&BUNDLE.key.public())).map_or(true, |members| members == whole));
    }
}
