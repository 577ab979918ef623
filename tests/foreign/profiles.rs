//! What is wrong with a profile or its command is told in one message, before anything runs.

use super::place::{Place, assert_words};
use super::{adapter, profile, run};

#[test]
fn what_is_wrong_is_told_before_anything_runs() {
    let place = Place::new();
    let device = |more: &str| format!("role: device\nname: a\n{more}");
    std::fs::write(place.path("plain"), "").unwrap();
    let reference = format!("[{}, reference, device]", env!("CARGO_BIN_EXE_castproof"));
    let liar = adapter("liar");
    let table: [(String, &str); 9] = [
        (device(""), "no command: neither the profile nor the command line names an adapter"),
        (device("command: [./none]\n"), "the adapter `./none` does not exist"),
        (device("command: [./plain]\n"), "the adapter `./plain` is not executable"),
        (device(&format!("command: [{liar}]\ncapabilities: [tsl]\n")), "did you mean `tls`?"),
        (
            device(&format!("command: [{liar}]\ncapabilities: [tls]\n")),
            "the profile declares `tls`, and the adapter does not",
        ),
        (
            device(&format!("command: [{liar}]\nmandatory: [flute]\n")),
            "the profile claims less than every Device must do",
        ),
        (
            device(&format!("command: [{liar}]\ninterface: 203.0.113.77\n")),
            "no interface carries address `203.0.113.77`",
        ),
        (format!("role: provider\nname: a\ncommand: {reference}\n"), "the adapter does not have the role provider"),
        (device(&format!("command: [{liar}]\nrolle: device\n")), "unknown field `rolle`"),
    ];

    for (text, words) in table {
        std::fs::write(place.path("profile.yaml"), &text).unwrap();

        let left = run(&place, &["certify", "--profile", "profile.yaml"]);

        assert_eq!(left.code, Some(2), "{text}: {}\n{}", left.out, left.err);
        assert_words(&left.err, &[words]);
        assert!(!place.path("reports/runs").exists(), "{text}");
    }
}

#[test]
fn a_command_counts_from_where_it_was_written() {
    let place = Place::new();
    std::fs::create_dir(place.path("vendor")).unwrap();
    std::fs::copy(adapter("liar"), place.path("vendor/adapter.sh")).unwrap();
    std::fs::copy(adapter("liar").replace("liar", "common"), place.path("vendor/common.sh")).unwrap();
    std::fs::write(place.path("vendor/profile.yaml"), "role: device\nname: a\ncommand: [./adapter.sh]\n").unwrap();
    let probe = |command: &[&str]| run(&place, &[&["probe", "--profile", "vendor/profile.yaml"], command].concat());

    // It was started where the adapter was contradicted.
    for found in [&[][..], &["--", "vendor/adapter.sh"]] {
        let left = probe(found);
        assert_eq!(left.code, Some(100), "{found:?}: {}\n{}", left.out, left.err);
    }
    let missing = probe(&["--", "./adapter.sh"]);
    assert_eq!(missing.code, Some(2));
    assert_words(
        &missing.err,
        &["the command line: the adapter `./adapter.sh` does not exist", "looked up from the working folder"],
    );
    std::fs::remove_file(place.path("vendor/adapter.sh")).unwrap();
    let missing = probe(&[]);
    assert_eq!(missing.code, Some(2));
    assert_words(&missing.err, &["vendor/profile.yaml", "`./adapter.sh` does not exist", "from the profile's folder"]);
}

#[test]
fn a_profile_that_cannot_be_read_is_named() {
    let left = run(&Place::new(), &["certify", "--profile", "nowhere.yaml", "--", &adapter("liar")]);

    assert_eq!(left.code, Some(2));
    assert_words(&left.err, &["read `nowhere.yaml`"]);
}

#[test]
fn a_contradicted_adapter_gives_no_results() {
    let place = Place::new();

    let left = run(&place, &["certify", "--profile", &profile(&place, "[]"), "--", &adapter("liar")]);

    assert_eq!(left.code, Some(101), "{}\n{}", left.out, left.err);
    assert_words(&left.out, &["ADAPTER CONTRADICTED", "nobody was a member of", "answer `listen` only when"]);
    let (folder, findings) = place.findings();
    assert!(findings.scenarios.is_empty() && !findings.conformant);
    assert!(findings.adapter.unwrap().is_contradicted());
    let transcript = std::fs::read_to_string(folder.join("adapter.jsonl")).unwrap();
    assert_words(&transcript, &["\\\"verb\\\":\\\"listen\\\"", "\"life\":\"started: "]);
}
