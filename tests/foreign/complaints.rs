//! What an adapter says kept its Device from doing its part: with it nothing passes, and it buys nothing.

use castproof::findings::{ScenarioFindings, Verdict};

use super::place::{FORGED, Place, assert_words};
use super::{ALL, adapter, profile_with, run};

/// A deviation that the scenario catches.
const BROKEN: [&str; 2] = ["--deviation", "device.ignores-signature"];

/// What comes of a scenario in which the adapter complains, and the exit code.
fn complain(sockets: &str, complaint: &str, deviation: &[&str]) -> (Option<i32>, ScenarioFindings) {
    let place = Place::new();
    let profile = profile_with(&place, ALL, sockets);
    let script = adapter("complains");
    let command = ["certify", "--profile", &profile, "--scenario", FORGED, "--", &script, complaint];

    let left = run(&place, &[&command, deviation].concat());

    assert!(place.path("reports/runs").exists(), "{}\n{}", left.out, left.err);
    (left.code, place.findings().1.scenarios.remove(0))
}

#[test]
fn with_trouble_or_unlikely_drops_nothing_passes_and_what_fails_fails_all_the_same() {
    for (complaint, words) in [
        ("trouble", "D1: no room on the disk: this is said, and excuses no failure"),
        ("dropped", "Device D1 says that its kernel dropped 1000000000000 datagram(s), and this host lost "),
    ] {
        for (deviation, code, verdict) in [(&[][..], 101, Verdict::Inconclusive), (&BROKEN, 100, Verdict::Fail)] {
            let (exit, found) = complain("", complaint, deviation);

            assert_eq!((exit, found.verdict), (Some(code), verdict), "{complaint}: {:#?}", found.faults);
            assert_words(&found.faults.join("\n"), &[words, "excuses no failure"]);
        }
    }
}

#[test]
fn what_a_device_elsewhere_says_of_its_drops_convicts_nobody_and_lets_nothing_pass() {
    for deviation in [&[][..], &BROKEN] {
        let (exit, found) = complain("sockets: elsewhere\n", "dropped", deviation);

        assert_eq!((exit, found.verdict), (Some(101), Verdict::Inconclusive), "{:#?}", found.faults);
        assert_words(&found.faults.join("\n"), &["Device D1 says that its kernel dropped", "nothing can be concluded"]);
        // What failed is shown as it was.
        let failed = found.checks.iter().any(|check| check.verdict == Verdict::Fail);
        assert_eq!(failed, !deviation.is_empty(), "{:#?}", found.checks);
    }
}
