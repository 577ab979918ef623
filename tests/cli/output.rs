//! What reaches the terminal and the disk, and what is said when it does not.

use std::fs;
use std::path::{Path, PathBuf};

use castproof::findings::{Extent, Verdict};

use super::place::{FORGED, Place, assert_words};

#[test]
fn the_command_that_repeats_a_scenario_names_jobs_that_are_not_the_usual_ones() {
    let repeat_of = |arguments: &[&str]| {
        let place = Place::new();
        let left = place.run(&[&["certify", "--scenario", FORGED], arguments].concat());
        assert_eq!(left.code, Some(0), "{}\n{}", left.out, left.err);
        place.findings().1.scenarios[0].repeat.clone()
    };

    assert!(repeat_of(&["--jobs", "3"]).ends_with(" --seed 7319 --jobs 3"));
    assert!(!repeat_of(&["--jobs", "12"]).contains("--jobs"));
    assert!(!repeat_of(&[]).contains("--jobs"));
}

/// What a shell does so that no file gets longer than this many kibibytes, as on a disk that is full; without the signal
/// that would end the process.
fn files_of_at_most(kibibytes: usize) -> String {
    format!("trap '' XFSZ; ulimit -f {kibibytes}")
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn a_recording_that_cannot_be_written_changes_no_verdict_and_leaves_no_half_file() {
    let place = Place::new();

    let left = place.run_after(&files_of_at_most(48), &["certify", "--scenario", FORGED]);

    assert_eq!(left.code, Some(2), "{}\n{}", left.out, left.err);
    assert_words(&left.out, &["  ✔ firmware_update/hostile_notifications", "requirements\n", "1 pass", "PARTIAL"]);
    assert_words(
        &left.err,
        &["error: 1 recording could not be written to `reports/runs/", "File too large", "--reports"],
    );
    let (run, findings) = place.findings();
    let scenario = &findings.scenarios[0];
    assert_eq!((findings.extent, scenario.verdict, &scenario.capture), (Extent::Partial, Verdict::Pass, &None));
    assert!(scenario.faults.iter().any(|fault| fault.contains("File too large")), "{:?}", scenario.faults);
    assert_eq!(files(&run.join("captures")), Vec::<PathBuf>::new());
}

#[test]
fn a_failure_is_told_where_nothing_can_be_written() {
    let place = Place::new();
    let arguments = ["certify", "--scenario", FORGED, "--deviation", "device.ignores-signature"];

    let left = place.run_after(&files_of_at_most(12), &arguments);

    assert_eq!(left.code, Some(2), "{}\n{}", left.out, left.err);
    let words = ["✘ firmware_update/", "accepted     ./DevDetail/FwV = 1.0", "could not be kept", "NOT CONFORMANT"];
    assert_words(&left.out, &words);
    assert_words(&left.err, &["error: 1 recording, result.json could not be written", "hint: "]);
    let left_over = files(&place.path("reports/runs"));
    assert!(left_over.iter().all(|path| path.ends_with("junit.xml")), "{left_over:?}");
}
