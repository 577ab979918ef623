//! Runs of chosen scenarios: what is shown, and what is left in the folder of the run.

use std::fs;

use castproof::findings::{Extent, Verdict};

use super::place::{FORGED, Place, assert_words};

#[test]
fn a_failure_shows_what_was_asked_seen_and_accepted_and_its_command_repeats_it() {
    let place = Place::new();

    let left = place.run(&["certify", "--scenario", FORGED, "--deviation", "device.ignores-signature", "--seed", "11"]);

    assert_eq!(left.code, Some(100), "{}\n{}", left.out, left.err);
    let words = [
        "FU-GAP-5",
        "check firmware.version",
        "observed     Device D1 answered",
        "accepted     ./DevDetail/FwV = 1.0",
        "NOT CONFORMANT",
    ];
    assert_words(&left.out, &words);
    let shown = |label: &str| {
        let line = left.out.lines().find_map(|line| line.trim_start().strip_prefix(label));
        line.unwrap_or_else(|| panic!("no {label} in:\n{}", left.out)).trim().to_owned()
    };
    assert!(place.path(&shown("capture ")).is_file(), "{}", shown("capture "));
    let (folder, findings) = place.findings();
    assert!(folder.join(findings.scenarios[0].capture.as_ref().unwrap()).is_file());
    // The suite is the usual one to whoever runs it here, and the deviation is not.
    let repeat = shown("repeat ");
    assert_eq!(repeat, format!("castproof certify --scenario {FORGED} --seed 11 --deviation device.ignores-signature"));
    let arguments: Vec<&str> = repeat.split(' ').skip(1).collect();
    let again = place.run(&arguments);
    assert_eq!(again.code, Some(100), "{}", again.out);
    assert_words(&again.out, &["observed     Device D1 answered ./DevDetail/FwV = 2.0"]);
}

#[test]
fn a_selection_that_passes_says_so_and_leaves_its_findings() {
    let place = Place::new();

    let left = place.run(&["certify", "--scenario", FORGED, "--reports", "reports/runs"]);

    assert_eq!(left.code, Some(0), "{}\n{}", left.out, left.err);
    assert_words(&left.out, &["SELECTION PASSED", "written to reports/runs/"]);
    let (run, findings) = place.findings();
    assert_eq!((findings.extent, findings.conformant), (Extent::Selection, false));
    assert_eq!(findings.scenarios.iter().map(|found| found.verdict).collect::<Vec<_>>(), [Verdict::Pass]);
    let junit = fs::read_to_string(run.join("junit.xml")).unwrap();
    let mut reader = quick_xml::Reader::from_str(&junit);
    let mut cases = 0;
    loop {
        match reader.read_event().unwrap() {
            quick_xml::events::Event::Eof => break,
            quick_xml::events::Event::Start(tag) | quick_xml::events::Event::Empty(tag) => {
                cases += usize::from(tag.name().as_ref() == "testcase");
            }
            _ => {}
        }
    }
    assert_eq!(cases, 1, "{junit}");
}

#[test]
fn a_scenario_does_not_apply_to_a_subject_without_the_capability() {
    let place = Place::new();
    let scenario = "software-component--a-device-without-the-component-lets-the-update-pass";

    let left =
        place.run(&["certify", "--scenario", scenario, "--scenario", FORGED, "--without", "software-components"]);

    assert_eq!(left.code, Some(0), "{}\n{}", left.out, left.err);
    let (_, findings) = place.findings();
    let skipped = findings.scenarios.iter().find(|found| found.slug == scenario).unwrap();
    assert_eq!(skipped.verdict, Verdict::NotApplicable);
    assert_words(&skipped.reason().unwrap(), &["requires that software components are updated by SCOMO"]);
    assert_words(&skipped.repeat, &["--without software-components"]);
}

#[test]
fn a_misspelt_capability_is_answered_with_the_nearest() {
    let left = Place::new().run(&["certify", "--without", "status-logs"]);

    assert_eq!(left.code, Some(2), "{}", left.out);
    assert_words(&left.err, &["no capability is called `status-logs`; did you mean `status-log`?"]);
}

#[test]
fn work_folders_stay_where_that_is_asked_and_go_elsewhere() {
    let place = Place::new();
    let kept = place.path("kept/work");

    let left = place.run(&["certify", "--scenario", FORGED, "--keep-work", "kept/work"]);

    assert_eq!(left.code, Some(0), "{}\n{}", left.out, left.err);
    assert_words(&left.out, &[&format!("work folders kept in {}", kept.canonicalize().unwrap().display())]);
    let folders: Vec<_> = fs::read_dir(&kept).unwrap().map(|entry| entry.unwrap()).collect();
    assert_eq!(folders.len(), 1, "{folders:?}");
    assert!(folders[0].file_name().to_str().unwrap().starts_with(FORGED), "{folders:?}");
    let stored: Vec<_> = fs::read_dir(folders[0].path().join("D1")).unwrap().collect();
    assert!(!stored.is_empty(), "a Device stores what it is");
    // Nothing of it is evidence, since passwords are in it.
    assert!(!place.findings().0.join("work").exists());
}

#[test]
fn a_folder_that_cannot_be_made_for_work_ends_the_run_before_it_begins() {
    let place = Place::new();
    fs::write(place.path("file"), "").unwrap();

    let left = place.run(&["certify", "--scenario", FORGED, "--keep-work", "file/work"]);

    assert_eq!(left.code, Some(2), "{}\n{}", left.out, left.err);
    assert_words(&left.err, &["the folder for work folders, file/work", "hint: --keep-work"]);
}
