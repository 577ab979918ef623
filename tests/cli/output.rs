//! What reaches the terminal and the disk, and what is said when it does not.

use super::place::{FORGED, Place};

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
