//! The command as its users meet it: what goes wrong ends in one clear message and the right exit code.
//!
//! Each test runs the real binary on a copy of the features, with a deadline.

#[path = "cli/evidence.rs"]
mod evidence;
#[path = "cli/expectations.rs"]
mod expectations;
#[path = "cli/hostile_suites.rs"]
mod hostile_suites;
#[path = "cli/interrupts.rs"]
mod interrupts;
#[path = "cli/labs.rs"]
mod labs;
#[path = "cli/output.rs"]
mod output;
#[path = "cli/place.rs"]
mod place;
#[path = "cli/runs.rs"]
mod runs;
#[path = "cli/shrink.rs"]
mod shrink;
#[path = "cli/transcripts.rs"]
mod transcripts;

use std::collections::BTreeSet;
use std::fs;

use place::{FORGED, Place, assert_words, root};

#[test]
fn what_is_wrong_with_a_suite_is_told_with_file_line_and_hint_before_anything_runs() {
    const CONSENT: &str = "features/firmware_update/consent.feature";
    const FLOW: &str = "features/firmware_update/normal_flow.feature";
    const FIRST: &str = "    Scenario: A Device asks, and installs what its End User approves\n";
    const ROWS: &str = "        | is of another manufacturer |\n        | is of another model        |\n        \
                        | has other hardware         |\n        | has firmware 0.9           |\n";
    let given = "      Given campaign \"optional-update\" has been offered to the End User of Device \"D1\"\n";
    let when = "      When the End User of Device \"D1\" approves the update\n";
    let table: &[(&str, &str, &str, &[&str])] = &[
        (
            CONSENT,
            FIRST,
            "    Scenaro: x\n",
            &["does not parse: `Scenaro: x`", "consent.feature:{+0}:5", "did you mean `Scenario:"],
        ),
        (
            CONSENT,
            "runs firmware 2.0",
            "instals firmware 2.0",
            &[
                "no sentence matches `Then Device \"D1\" instals firmware 2.0`",
                "consent.feature:{+0}:7",
                "did you mean `Then Device(s) {devices} run(s) firmware {version}`?",
                "castproof phrases",
            ],
        ),
        (
            CONSENT,
            "@flow.normal",
            "@flow.norml",
            &["unknown tag `@flow.norml`", "consent.feature:{+0}:", "did you mean `@flow.normal`?"],
        ),
        (
            CONSENT,
            "@req.FU-OP-1",
            "@req.FU-OP-11",
            &["the register has no requirement `FU-OP-11`", "consent.feature:{+0}:5", "did you mean `FU-OP-1`?"],
        ),
        (
            CONSENT,
            given,
            &given.replace("Given", "Givn"),
            &["`Givn campaign", "is taken for a description", "consent.feature:{+0}:7", "did you mean `Given campaign"],
        ),
        (CONSENT, when, "", &["the scenario has no When", "consent.feature:{-2}:5"]),
        (
            CONSENT,
            "\"optional-update\"",
            "\"optinal-update\"",
            &["no campaign is called `optinal-update`", "consent.feature:{+0}:7", "did you mean `optional-update`?"],
        ),
        (
            CONSENT,
            "the population \"one Device\"",
            "the population \"on Device\"",
            &["no population is called `on Device`", "consent.feature:{+0}:5", "did you mean `one Device`?"],
        ),
        (
            CONSENT,
            "Device \"D1\" runs",
            "Device \"D2\" runs",
            &["the scenario has no Device `D2`", "consent.feature:{+0}:7", "`one Device` has D1 to D1"],
        ),
        (FLOW, ROWS, "", &["the Examples have no row", "normal_flow.feature:{-2}:7"]),
        (
            FLOW,
            "Scenario: A Device keeps a failure in its status log",
            "Scenario: A Device keeps the result in its status log!",
            &["the slug `normal-flow--a-device-keeps-the-result-in-its-status-log` is that of", "normal_flow.feature:"],
        ),
        ("features/requirements.yaml", "  level: must", "  levle: must", &["levle", "requirements.yaml:{+0}"]),
        (
            "features/fixtures/campaigns.yaml",
            "octets: 9600",
            "octts: 9600",
            &["spring-patch.firmware: unknown field `octts`", "campaigns.yaml:{+0}"],
        ),
        (
            "features/fixtures/campaigns.yaml",
            "octets: 9600",
            "octets: 0",
            &["`spring-patch`: a package of 0 octets", "campaigns.yaml:{-1}"],
        ),
        (
            "features/fixtures/populations.yaml",
            "count: 1,",
            "count: many,",
            &["one Device[0].count", "populations.yaml:{+0}"],
        ),
    ];

    for (file, from, to, words) in table {
        let place = Place::new().spoil(file, from, to);

        let error = place.refusal(&[]);

        place.assert_words(&error, words);
        assert!(error.starts_with("error: ") && error.contains("  --> features/"), "{error}");
    }
}

#[test]
fn a_scenario_without_steps_is_refused() {
    let place = Place::new();
    let path = place.path("features/firmware_update/consent.feature");
    let text = fs::read_to_string(&path).unwrap();
    let line = text.lines().count() + 3;
    fs::write(&path, text + "\n    @req.FU-OP-2 @flow.normal @role.device\n    Scenario: Nothing happens\n").unwrap();

    let error = place.refusal(&[]);

    assert_words(&error, &["the scenario has no step", &format!("consent.feature:{line}:5")]);
}

#[test]
fn folders_that_are_not_there_are_named() {
    let place = Place::new();

    assert_words(&place.refusal(&["--features", "nowhere"]), &["no such folder", "--> nowhere", "--features"]);
    fs::remove_dir_all(place.path("features/fixtures")).unwrap();
    assert_words(&place.refusal(&[]), &["cannot read it", "features/fixtures/populations.yaml"]);
    fs::remove_file(place.path("features/requirements.yaml")).unwrap();
    assert_words(&place.refusal(&[]), &["no register of requirements", "features/requirements.yaml"]);
}

#[test]
fn a_reports_folder_that_cannot_be_written_is_named() {
    let place = Place::new();
    fs::write(place.path("taken"), "a file").unwrap();

    let error = place.refusal(&["--reports", "taken/runs", "--scenario", FORGED]);

    assert_words(&error, &["write to the reports folder `taken/runs`", "--reports"]);
}

#[test]
fn an_interface_without_multicast_is_refused_with_the_doctors_advice() {
    let error = Place::new().refusal(&["--interface", "10.99.99.99"]);

    let words = ["no scenario can run on `10.99.99.99`", "no interface carries", "ip address", "castproof doctor"];
    assert_words(&error, &words);
}

#[test]
fn a_process_without_descriptors_is_refused() {
    let place = Place::new();

    let left = place.run_after("ulimit -n 100", &["certify", "--scenario", FORGED]);

    assert_eq!(left.code, Some(2), "{}\n{}", left.out, left.err);
    assert_words(&left.err, &["error: ", "may need 300 open files", "may open 100", "ulimit -n"]);
}

#[test]
fn a_process_with_few_descriptors_runs_fewer_scenarios_at_a_time() {
    let place = Place::new();

    let left = place.run_after("ulimit -n 620", &["certify", "--scenario", FORGED]);

    assert_eq!(left.code, Some(0), "{}\n{}", left.out, left.err);
    assert_words(&left.err, &["2 scenarios at a time instead of 28", "ulimit -n"]);
}

#[test]
fn a_shortage_of_descriptors_convicts_nobody() {
    let place = Place::new();
    // What the process inherits is taken from what it may open: enough is left for twenty Devices to be switched on, and
    // too little for all of them to report.
    let few = "ulimit -n 300; for number in $(seq 20 190); do eval \"exec $number< /dev/null\"; done";

    let left = place.run_after(few, &["certify", "--scenario", "when-every-device-fails-the-dm-server-cares"]);

    assert_eq!(left.code, Some(101), "{}\n{}", left.out, left.err);
    assert_words(&left.out, &["open files"]);
}

#[test]
fn ports_that_somebody_else_holds_are_passed_over() {
    // One port in each block, at an address of no scenario: runs beside this one do not suffer.
    let held = (20_000..31_968).step_by(64).map(|block| std::net::UdpSocket::bind(("127.0.0.7", block + 1)));
    let held: Vec<_> = held.filter_map(Result::ok).collect();
    assert!(held.len() > 100, "{}", held.len());

    let left = Place::new().run(&["certify", "--scenario", FORGED]);

    assert_eq!(left.code, Some(0), "{}\n{}", left.out, left.err);
}

#[test]
fn nothing_selected_is_an_exit_code_of_its_own() {
    let place = Place::new();

    for command in ["certify", "list"] {
        let left = place.run(&[command, "--scenario", "no-such-thing"]);

        assert_eq!(left.code, Some(4), "{}", left.err);
        assert_words(
            &left.err,
            &["error: no scenario was selected", "nothing matches `no-such-thing`", "castproof list"],
        );
    }
    assert!(!place.path("reports").exists());
}

#[test]
fn a_choice_that_matches_nothing_beside_one_that_does_is_told() {
    let left =
        Place::new().run(&["certify", "--requirement", "FU-GAP-5", "--requirement", "FU-GAP-55", "--scenario", FORGED]);

    assert_eq!(left.code, Some(0), "{}", left.err);
    assert_words(&left.err, &["warning: nothing matches `FU-GAP-55`"]);
}

#[test]
fn the_list_for_machines_has_every_field() {
    let left = Place::new().run(&["list", "--json", "--role", "provider"]);

    let list: serde_json::Value = serde_json::from_str(&left.out).unwrap();
    let list = list.as_array().unwrap();
    assert_eq!(left.code, Some(0));
    assert!(list.len() > 5);
    let fields: BTreeSet<&str> = list[0].as_object().unwrap().keys().map(String::as_str).collect();
    let known = [
        "slug",
        "feature",
        "feature_title",
        "rule",
        "title",
        "file",
        "line",
        "requirements",
        "flow",
        "role",
        "needs",
        "tags",
        "steps",
    ];
    assert_eq!(fields, known.into());
    for example in list {
        assert_eq!(example["role"], "provider");
        assert!(
            example["slug"].as_str().unwrap().contains("--") && !example["requirements"].as_array().unwrap().is_empty()
        );
    }
}

#[test]
fn sentences_are_found_by_a_word() {
    let place = Place::new();

    let (all, some, none) =
        (place.run(&["phrases"]), place.run(&["phrases", "declining"]), place.run(&["phrases", "xyzzy"]));

    assert!(some.out.lines().count() < all.out.lines().count());
    assert_words(&some.out, &["declining is not offered to the End User"]);
    assert_eq!((some.code, none.code), (Some(0), Some(2)));
    assert_words(&none.err, &["no sentence holds `xyzzy`", "castproof phrases"]);
}

#[test]
fn the_doctor_finds_this_host_fit() {
    let left = Place::new().run(&["doctor"]);

    assert_eq!(left.code, Some(0), "{}", left.out);
    assert_words(&left.out, &["IPv4 multicast", "IPv6 multicast", "receive buffer", "kernel counters"]);
}

#[test]
fn the_doctor_does_not_find_a_missing_interface_fit() {
    let left = Place::new().run(&["doctor", "--interface", "10.99.99.99"]);

    assert_eq!(left.code, Some(101), "{}", left.out);
    assert_words(&left.out, &["no interface carries address `10.99.99.99`", "ip address"]);
}

#[test]
fn an_unknown_deviation_is_answered_with_the_nearest() {
    let error = Place::new().refusal(&["--deviation", "device.ignores-signatures"]);

    assert_words(
        &error,
        &["no deviation is called `device.ignores-signatures`", "did you mean `device.ignores-signature`?"],
    );
}

/// A recording with the octets that a test wants.
fn capture(place: &Place, octets: &[u8]) -> String {
    fs::write(place.path("x.pcapng"), octets).unwrap();
    "x.pcapng".to_owned()
}

fn golden() -> Vec<u8> {
    let folder = root().join("captures/firmware_update");
    let mut files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    fs::read(files.find(|path| path.display().to_string().contains("reports-its-success")).unwrap()).unwrap()
}

#[test]
fn a_capture_is_told_as_far_as_it_goes() {
    let place = Place::new();
    let whole = golden();
    let file = capture(&place, &whole);
    let complete = place.run(&["transcript", &file]);
    let file = capture(&place, &whole[..whole.len() * 2 / 3]);

    let left = place.run(&["transcript", &file]);

    assert_eq!((complete.code, left.code), (Some(0), Some(2)));
    assert_words(
        &left.err,
        &["`x.pcapng` breaks off after", "at octet", "the file ends inside a block", "what stands before"],
    );
    assert_words(&left.out, &["Push · Package #0", "FDT 1 of TSI"]);
    let told = left.out.lines().count();
    assert!(told > 5 && told < complete.out.lines().count(), "{}", left.out);
}

#[test]
fn a_file_that_is_no_capture_is_refused_by_name() {
    let place = Place::new();
    let table: [(&[u8], &str); 3] = [(b"", "x.pcapng"), (b"hello, this is text\n", "x.pcapng"), (&[0; 64], "x.pcapng")];

    for (octets, name) in table {
        let file = capture(&place, octets);
        let left = place.run(&["transcript", &file]);

        assert_eq!((left.code, left.out.as_str()), (Some(2), ""), "{}", left.err);
        assert_words(&left.err, &["error: ", name, "pcap and pcapng are read"]);
    }
    let missing = place.run(&["transcript", "nowhere.pcapng"]);
    assert_eq!(missing.code, Some(2));
    assert_words(&missing.err, &["open `nowhere.pcapng`", "hint: "]);
}
