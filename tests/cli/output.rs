//! What reaches the terminal and the disk, and what is said when it does not.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use castproof::findings::{Extent, Verdict};

use super::place::{DEADLINE, FORGED, Left, Place, assert_words, root, text_of, wait};

#[test]
fn the_command_that_repeats_a_scenario_names_jobs_that_are_not_the_usual_ones() {
    let repeat_of = |arguments: &[&str]| {
        let place = Place::new();
        let left = place.run(&[&["certify", "--scenario", FORGED], arguments].concat());
        assert_eq!(left.code, Some(0), "{}\n{}", left.out, left.err);
        place.findings().1.scenarios[0].repeat.clone()
    };

    assert!(repeat_of(&["--jobs", "3"]).ends_with(" --seed 7319 --jobs 3"));
    assert!(!repeat_of(&["--jobs", "28"]).contains("--jobs"));
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

    let left = place.run_after(&files_of_at_most(96), &["certify", "--scenario", FORGED]);

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
fn a_failure_is_told_where_its_recording_cannot_be_kept() {
    let place = Place::new();
    // The Service Provider's own database fits below the bound, and the recording of twelve Devices does not.
    let scenario = "only-failures-answer--twelve-devices-that-installed-the-update-send-no-report";
    let arguments = ["certify", "--scenario", scenario, "--deviation", "device.reports-success"];

    let left = place.run_after(&files_of_at_most(256), &arguments);

    assert_eq!(left.code, Some(2), "{}\n{}", left.out, left.err);
    let words = ["✘ firmware_update/", "accepted     no report", "could not be kept", "NOT CONFORMANT"];
    assert_words(&left.out, &words);
    assert_words(&left.err, &["error: 1 recording could not be written", "hint: "]);
    let left_over = files(&place.path("reports/runs"));
    let is_evidence = |path: &PathBuf| path.extension().is_some_and(|kind| kind == "pcapng" || kind == "zip");
    assert!(!left_over.iter().any(is_evidence), "{left_over:?}");
}

fn with_output(place: &Place, output: Stdio, arguments: &[&str]) -> Left {
    let mut child = place.command(arguments).stdout(output).spawn().unwrap();
    let err = text_of(child.stderr.take().unwrap());
    drop(child.stdout.take());
    let status = wait(child, DEADLINE);
    Left { code: status.code(), out: String::new(), err: err.recv().unwrap() }
}

fn golden() -> String {
    let name = "captures/selective_care/failure-reporting--a-device-that-lacks-a-setting-reports-it.pcapng";
    root().join(name).display().to_string()
}

#[test]
fn output_that_cannot_be_written_is_an_error_and_a_reader_that_went_away_is_none() {
    let place = Place::new();

    for arguments in [&["list", "--json"][..], &["transcript", &golden()], &["phrases"]] {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let full = with_output(&place, full.into(), arguments);
        let gone = with_output(&place, Stdio::piped(), arguments);

        assert_eq!(full.code, Some(2), "{}", full.err);
        assert_words(&full.err, &["error: write to standard output: No space left on device"]);
        assert_eq!((gone.code, gone.err.as_str()), (Some(0), ""));
    }
}

#[test]
fn what_was_typed_cannot_drive_the_terminal() {
    let place = Place::new();
    let odd = "x\u{1b}[31my\u{7}";

    for arguments in [["certify", "--scenario", odd], ["certify", "--deviation", odd], ["transcript", odd, "--all"]] {
        let left = place.run(&arguments);

        assert!(!left.err.contains(['\u{1b}', '\u{7}']), "{:?}", left.err);
        assert_words(&left.err, &["error: ", "x␛[31my␇"]);
    }
    // This message is made by clap, which leaves such sequences out where it does not print them.
    let left = place.run(&[odd]);
    assert!(left.code == Some(2) && !left.err.contains(['\u{1b}', '\u{7}']), "{:?}", left.err);
}

#[test]
fn a_file_without_an_end_is_refused_at_its_beginning() {
    let place = Place::new();

    let left = place.run_after("ulimit -v 1000000", &["transcript", "/dev/zero"]);

    assert_eq!((left.code, left.out.as_str()), (Some(2), ""), "{}", left.err);
    assert_words(&left.err, &["`/dev/zero`", "it begins with `\\x00\\x00\\x00\\x00`", "pcap and pcapng are read"]);
}

#[test]
fn a_capture_with_a_hole_breaks_at_the_hole() {
    let place = Place::new();
    fs::copy(golden(), place.path("long.pcapng")).unwrap();
    // A hole takes no room on the disk.
    fs::File::options().write(true).open(place.path("long.pcapng")).unwrap().set_len(8 << 30).unwrap();

    let left = place.run_after("ulimit -v 1000000", &["transcript", "long.pcapng"]);

    assert_eq!(left.code, Some(2), "{}", left.err);
    assert_words(&left.out, &["Push · Package #0"]);
    assert_words(&left.err, &["`long.pcapng` breaks off after", "initial_len < 12"]);
}

#[test]
fn packets_that_cannot_be_read_are_counted() {
    let place = Place::new();
    let mut octets = fs::read(golden()).unwrap();
    // The last packet block: its type, its length, and the number of its interface.
    let length = u32::from_le_bytes(octets[octets.len() - 4..].try_into().unwrap()) as usize;
    let block = octets.len() - length;
    assert_eq!(octets[block..block + 4], [6, 0, 0, 0]);
    octets[block + 8..block + 12].copy_from_slice(&77_u32.to_le_bytes());
    fs::write(place.path("odd.pcapng"), octets).unwrap();

    let left = place.run(&["transcript", "odd.pcapng"]);

    assert_eq!(left.code, Some(101), "{}", left.err);
    assert_words(&left.out, &["Push · Package #0", "was not read: it names interface 77"]);
    assert_words(&left.err, &["error: `odd.pcapng`: 1 of ", "packets could not be read", "hint: "]);
}
