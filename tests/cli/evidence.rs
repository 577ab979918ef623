//! Evidence in the hands of somebody else: replayed, and refused where it is none.

use std::fs;

use super::place::{FORGED, Place, assert_words, root};

#[test]
fn a_run_is_judged_again_where_nothing_but_its_folder_is() {
    let place = Place::new();
    let arguments = ["certify", "--scenario", FORGED, "--deviation", "device.ignores-signature"];
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
    assert_words(
        &left.out,
        &["packets on provider, D1", "interaction", "standing.x-", "Only standing checks were asked", "result.json"],
    );
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
        ("features/requirements.yaml", ["is no evidence", "hint: give the evidence.zip or the folder of a run"]),
        ("empty", ["the evidence has no `result.json`", "hint: the folder of a run has one"]),
        ("old", ["`result.json` has layout 1, this castproof reads", "hint: use the castproof that wrote it"]),
        ("odd", ["`result.json` is no result of layout", "EOF while parsing"]),
    ] {
        let left = place.run(&["replay", path]);

        assert_eq!(left.code, Some(2), "{path}: {}\n{}", left.out, left.err);
        assert_words(&left.err, &words);
    }
}

#[test]
fn evidence_is_signed_handed_on_verified_and_judged_again() {
    let place = Place::new();
    let made = place.run(&["keygen", "lab.key"]);
    assert_eq!(made.code, Some(0), "{}", made.err);
    let left = place.run(&["certify", "--scenario", FORGED, "--sign", "lab.key"]);
    assert_eq!(left.code, Some(0), "{}\n{}", left.out, left.err);
    assert_words(&left.out, &["evidence in reports/runs/", "signed with key "]);
    let (folder, _) = place.findings();
    fs::rename(folder.join("evidence.zip"), place.path("evidence.zip")).unwrap();
    fs::remove_dir_all(folder).unwrap();

    let verified = place.run(&["verify", "evidence.zip", "--key", "lab.key.pub"]);
    let keyless = place.run(&["verify", "evidence.zip"]);
    let replayed = place.run(&["replay", "evidence.zip"]);

    assert_eq!(verified.code, Some(0), "{}", verified.err);
    assert_words(&verified.out, &["as the manifest lists them", "✔ signed with key ", "a selection that passed"]);
    assert_words(&keyless.out, &["? it says that it was signed with key "]);
    assert_eq!(replayed.code, Some(0), "{}\n{}", replayed.out, replayed.err);
    assert_words(&replayed.out, &["no verdict differs · SELECTION PASSED"]);
}

#[test]
fn keys_and_bundles_that_do_not_fit_are_refused_by_name() {
    let place = Place::new();
    for name in ["one.key", "other.key"] {
        assert_eq!(place.run(&["keygen", name]).code, Some(0));
    }
    assert_eq!(place.run(&["certify", "--scenario", FORGED, "--sign", "one.key"]).code, Some(0));
    let (folder, _) = place.findings();
    let bundle = folder.join("evidence.zip");
    let path = bundle.display().to_string();
    fs::write(place.path("torn.zip"), &fs::read(&bundle).unwrap()[..20_000]).unwrap();

    for (arguments, code, words) in [
        (["keygen", "one.key", "--colour", "never"], 2, ["error: write `one.key.pub`", "never written over"]),
        (["verify", &path, "--key", "other.key.pub"], 100, ["does not fit: the signature is not of the key", ""]),
        (
            ["verify", &path, "--key", "one.key"],
            2,
            ["no Ed25519 public key in PEM", "hint: verifying takes the public"],
        ),
        (["bundle", &folder.display().to_string(), "--sign", "one.key.pub"], 2, ["no Ed25519 private key", "keygen"]),
        (["bundle", "nowhere", "--sign", "one.key"], 2, ["no folder of a run", "reports/runs"]),
        (["verify", "torn.zip", "--key", "one.key.pub"], 2, ["it is no zip archive", "hint: a bundle is"]),
        (
            ["verify", "features/requirements.yaml", "--colour", "never"],
            2,
            ["it is no zip archive", "hint: a bundle is"],
        ),
        (["replay", "torn.zip", "--colour", "never"], 2, ["it is no zip archive", "hint: a bundle is"]),
    ] {
        let left = place.run(&arguments);

        assert_eq!(left.code, Some(code), "{arguments:?}: {}\n{}", left.out, left.err);
        assert_words(&left.err, &words);
    }
    // Signed anew, it is the other's.
    let folder = folder.display().to_string();
    assert_eq!(place.run(&["bundle", &folder, "--sign", "other.key"]).code, Some(0));
    assert_eq!(place.run(&["verify", &path, "--key", "other.key.pub"]).code, Some(0));
}
