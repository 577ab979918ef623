//! No secret of a run stands in its evidence, in no encoding that a protocol or a report might use.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use castproof::capture::pcapng;
use castproof::evidence::{PrivateKey, pack, verify};
use castproof::findings::read_result;
use castproof::spec::DeviceId;
use castproof::stage::secrets_of;

use super::copy_folder;
use super::runs::RUNS;

/// Octets of a pattern by which it is found.
const BEGIN: usize = 8;

/// Many patterns, looked for at once.
#[derive(Default)]
struct Patterns {
    by_begin: HashMap<[u8; BEGIN], Vec<(String, Vec<u8>)>>,
}

impl Patterns {
    /// Adds a secret in every form in which it might get out.
    fn add(&mut self, name: &str, secret: &[u8]) {
        self.add_form(name, "as it is", secret.to_vec());
        let hex: String = secret.iter().map(|octet| format!("{octet:02x}")).collect();
        self.add_form(name, "in hex", hex.to_uppercase().into_bytes());
        self.add_form(name, "in hex", hex.into_bytes());
        // Base64 depends on what stands before: the middle of it is the same whatever stands around the secret.
        for before in 0..3 {
            let octets = [vec![0; before], secret.to_vec()].concat();
            let begin = (before * 8).div_ceil(6);
            let end = octets.len() * 8 / 6;
            for text in [STANDARD_NO_PAD.encode(&octets), URL_SAFE_NO_PAD.encode(&octets)] {
                self.add_form(name, "in base64", text.as_bytes()[begin..end].to_vec());
            }
        }
    }

    fn add_form(&mut self, name: &str, form: &str, pattern: Vec<u8>) {
        let begin = pattern[..BEGIN].try_into().unwrap();
        self.by_begin.entry(begin).or_default().push((format!("{name} {form}"), pattern));
    }

    /// The first secret that stands in these octets.
    fn found_in(&self, octets: &[u8]) -> Option<&str> {
        octets.windows(BEGIN).enumerate().find_map(|(at, window)| {
            let begin: [u8; BEGIN] = window.try_into().unwrap();
            let candidates = self.by_begin.get(&begin)?;
            candidates.iter().find(|(_, pattern)| octets[at..].starts_with(pattern)).map(|(name, _)| name.as_str())
        })
    }
}

/// The Devices of a scenario, which the lanes of its recording name.
fn devices_in(recording: &Path) -> Vec<DeviceId> {
    let recording = pcapng::read(fs::read(recording).unwrap().as_slice()).unwrap();
    let named =
        |description: &str| description.split_whitespace().find(|word| word.starts_with("urn:")).map(str::to_owned);
    let named = recording.lanes.iter().filter_map(|lane| named(&lane.description));
    named.map(|id| DeviceId::new(id).unwrap()).collect()
}

/// Every secret of a run.
fn secrets_in(folder: &Path) -> Patterns {
    let mut patterns = Patterns::default();
    for scenario in read_result(&folder.join("result.json")).unwrap().scenarios {
        let devices = scenario.capture.map(|name| devices_in(&folder.join(name))).unwrap_or_default();
        assert!(!devices.is_empty(), "{}", scenario.slug);
        for (name, secret) in secrets_of(scenario.seed, &devices) {
            patterns.add(&format!("the {name} of {}", scenario.slug), &secret);
        }
    }
    patterns
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn no_secret_of_a_run_stands_in_its_evidence() {
    let key = PrivateKey::draw().unwrap();
    let copy = tempfile::tempdir().unwrap();
    copy_folder(&RUNS.reference, copy.path());
    let packed = pack(copy.path(), Some(&key)).unwrap();
    let mut patterns = secrets_in(copy.path());
    let pem = key.to_pem();
    patterns.add("the key that signs the evidence", pem.lines().nth(1).unwrap().as_bytes());
    // The bundle as it is, and everything that is packed in it: the members are the files of the folder, which
    // `verify` holds.
    verify(&packed.path, Some(&key.public())).unwrap();

    for path in files(copy.path()) {
        let octets = fs::read(&path).unwrap();
        assert_eq!(patterns.found_in(&octets), None, "{}", path.display());
    }
    assert!(patterns.by_begin.len() > 5_000, "{} secrets were looked for", patterns.by_begin.len());
}

#[test]
fn a_secret_would_be_found_in_every_form_and_place() {
    let secret = secrets_of(7, &[DeviceId::new("urn:imei:350000000000001").unwrap()]);
    let mut patterns = Patterns::default();
    for (name, secret) in &secret {
        patterns.add(name, secret);
    }

    for (name, secret) in &secret {
        let hex: String = secret.iter().map(|octet| format!("{octet:02X}")).collect();
        let mut hidden = vec![secret.clone(), hex.into_bytes()];
        for before in 0..5 {
            let text = [&vec![b'x'; before], &secret[..], b"and more"].concat();
            hidden.push(STANDARD_NO_PAD.encode(&text).into_bytes());
            hidden.push(URL_SAFE_NO_PAD.encode(&text).into_bytes());
        }
        for octets in hidden {
            let found = patterns.found_in(&[b"before", &octets[..], b"after"].concat()).map(str::to_owned);
            assert!(found.is_some_and(|found| found.starts_with(name)), "{name}");
        }
    }
    assert_eq!(patterns.found_in(b"nothing of it"), None);
}
