//! Golden recordings: each is told the same, each has a scenario, and each golden scenario has a recording.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use castproof::capture::{OrderRule, Shown, Timeline, Transcript, TranscriptOptions, compare, pcapng};
use castproof::certify::{Rules, Suite};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn recordings() -> Vec<PathBuf> {
    let folders = fs::read_dir(root().join("captures")).unwrap().map(|entry| entry.unwrap().path());
    let files = folders.filter(|path| path.is_dir()).flat_map(|folder| fs::read_dir(folder).unwrap());
    let mut files: Vec<PathBuf> = files.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn slug(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

fn transcript(path: &Path) -> Transcript {
    let recording = pcapng::read(fs::read(path).unwrap().as_slice()).unwrap();
    Transcript::of(&Timeline::of(&recording), &TranscriptOptions { redact: true, lanes: Shown::Sent })
}

#[test]
fn golden_recordings_are_told_as_they_were_reviewed() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for path in recordings() {
            insta::assert_snapshot!(slug(&path), transcript(&path).to_string());
        }
    });
}

#[test]
fn every_golden_scenario_has_a_recording_and_every_recording_a_scenario() {
    let suite = Suite::load(
        &root().join("features"),
        &Rules { matches: None, standing: castproof::judge::standing::requirements() },
    )
    .unwrap();
    let golden = suite.examples.iter().filter(|example| example.tags.iter().any(|tag| tag.contains("golden")));
    let wanted: BTreeSet<String> = golden.map(|example| example.slug.clone()).collect();

    let found: BTreeSet<String> = recordings().iter().map(|path| slug(path)).collect();

    assert!(wanted.len() >= 80, "only {} golden scenarios", wanted.len());
    let lacking: Vec<&String> = wanted.difference(&found).collect();
    assert!(lacking.is_empty(), "no recording, which `castproof record --scenario SLUG` makes: {lacking:?}");
    let stale: Vec<&String> = found.difference(&wanted).collect();
    assert!(stale.is_empty(), "no scenario with the tag golden, so the recording is to be deleted: {stale:?}");
}

#[test]
fn scenarios_that_are_tagged_golden_are_those_that_ask_for_the_comparison() {
    let suite = Suite::load(
        &root().join("features"),
        &Rules { matches: None, standing: castproof::judge::standing::requirements() },
    )
    .unwrap();

    for example in &suite.examples {
        let is_tagged = example.tags.iter().any(|tag| tag.contains("golden"));
        let asks = example.steps.iter().any(|step| step.contains("matches the golden recording"));
        assert_eq!(is_tagged, asks, "{}", example.slug);
    }
}

#[test]
fn a_recording_that_lacks_a_packet_departs_from_the_golden_one() {
    let path = recordings().into_iter().find(|path| slug(path).contains("reports-its-success")).unwrap();
    let golden = transcript(&path);
    let mut recording = pcapng::read(fs::read(&path).unwrap().as_slice()).unwrap();

    // The first packet on the air is the first notification.
    recording.frames.remove(0);
    let live = Transcript::of(&Timeline::of(&recording), &TranscriptOptions { redact: true, lanes: Shown::Sent });

    assert!(compare(&golden, &live, OrderRule::PerLane).is_err());
}
