//! Evidence in the hands of somebody else: replayed, and refused where it is none.

use std::fs;

use super::place::{FORGED, Place, assert_words, root};

#[test]
fn a_run_is_judged_again_where_nothing_but_its_folder_is() {
    let place = Place::new();
    let arguments = ["certify", "--scenario", "forged", "--deviation", "device.ignores-signature"];
    assert_eq!(place.run(&arguments).code, Some(100));
    let (folder, _) = place.findings();
    fs::rename(&folder, place.path("evidence")).unwrap();
    fs::remove_dir_all(place.path("features")).unwrap();

    let left = place.run(&["replay", "evidence"]);

    assert_eq!(left.code, Some(100), "{}\n{}", left.out, left.err);
    let words = [
        "deviation device.ignores-signature",
        "check firmware.version",
        "observed     Device D1 answered ./DevDetail/FwV = 2.0",
        "no verdict differs · NOT CONFORMANT",
    ];
    assert_words(&left.out, &words);
    let json = place.run(&["replay", "evidence", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(json["exit_code"], 100);
    assert_eq!(json["scenarios"][0]["scenario"], FORGED);
}

#[test]
fn a_recording_alone_is_told_to_say_nothing_to_the_checks_of_a_run() {
    let place = Place::new();
    let golden = "captures/selective_care/failure-reporting--a-device-that-lacks-a-setting-reports-it.pcapng";

    let left = place.run(&["replay", &root().join(golden).display().to_string()]);

    assert_eq!(left.code, Some(101), "{}\n{}", left.out, left.err);
    assert_words(&left.out, &["packets on provider, D1", "interaction", "No check was asked", "result.json"]);
}

#[test]
fn what_is_no_evidence_is_refused_by_name() {
    let place = Place::new();
    fs::create_dir(place.path("empty")).unwrap();
    fs::create_dir(place.path("old")).unwrap();
    fs::write(place.path("old/result.json"), "{\"schema\": 1}").unwrap();
    fs::create_dir(place.path("odd")).unwrap();
    fs::write(place.path("odd/result.json"), "[").unwrap();

    for (path, words) in [
        ("nowhere", ["error: open `nowhere`", "No such file"]),
        ("features/requirements.yaml", ["is no evidence", "hint: give the folder of a run"]),
        ("empty", ["the evidence has no `result.json`", "hint: the folder of a run has one"]),
        ("old", ["`result.json` has layout 1, this castproof reads", "hint: use the castproof that wrote it"]),
        ("odd", ["`result.json` is no result of layout", "EOF while parsing"]),
    ] {
        let left = place.run(&["replay", path]);

        assert_eq!(left.code, Some(2), "{path}: {}\n{}", left.out, left.err);
        assert_words(&left.err, &words);
    }
}
