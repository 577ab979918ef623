//! Expected failures as a vendor meets them: in the exit code, the summary, `result.json` and `junit.xml`.

use std::fs;

use base64::Engine as _;
use castproof::evidence::{Archive, Source};
use castproof::findings::ExpectationState;

use super::place::{FORGED, Left, Place, assert_words};

/// Certifies a quick scenario with a list that has one entry.
fn certified(place: &Place, entry: &str, deviation: Option<&str>) -> Left {
    fs::write(place.path("expected_failures.yaml"), entry).unwrap();
    let arguments = ["certify", "--scenario", FORGED, "--expected-failures", "expected_failures.yaml"];
    let deviation: Vec<&str> = deviation.into_iter().flat_map(|name| ["--deviation", name]).collect();
    place.run(&[&arguments, deviation.as_slice()].concat())
}

fn entry(scenario: &str, reason: &str, expiry: &str) -> String {
    format!(
        "- scenario: {scenario}\n  check: firmware.version\n  reason: {reason}\n  issue: ACME-7\n  owner: ann\n  expiry: {expiry}\n"
    )
}

const DEVIATION: Option<&str> = Some("device.ignores-signature");
const REASON: &str = "./DevDetail/FwV = 2.0";

#[test]
fn what_fails_as_expected_does_not_make_the_run_red_and_nothing_conforms_by_it() {
    let place = Place::new();

    let left = certified(&place, &entry(FORGED, REASON, "2999-12-31"), DEVIATION);

    assert_eq!(left.code, Some(0), "{}\n{}", left.out, left.err);
    let line =
        format!("○ {FORGED}, firmware.version: fails as expected: firmware.version: observed Device D1 answered");
    assert_words(&left.out, &[&line, "(ACME-7, ann, until 2999-12-31)", "1 as expected", "FAILS AS EXPECTED"]);
    let (folder, findings) = place.findings();
    assert!(!findings.conformant);
    assert_eq!(findings.expectations[0].state, ExpectationState::AsExpected);
    let junit = fs::read_to_string(folder.join("junit.xml")).unwrap();
    assert_words(&junit, &["type=\"fails as expected\"", "expected failures"]);
    let replay = place.run(&["replay", folder.to_str().unwrap()]);
    assert_eq!(replay.code, Some(0), "{}\n{}", replay.out, replay.err);
    assert_words(&replay.out, &["FAILS AS EXPECTED"]);
    // What is handed on must not certify a subject whose failures are only excused.
    let evidence = Source::Bundle(Archive::open(&folder.join("evidence.zip")).unwrap());
    let envelope: serde_json::Value = serde_json::from_slice(&evidence.member("attestation.json").unwrap()).unwrap();
    let payload = base64::engine::general_purpose::STANDARD.decode(envelope["payload"].as_str().unwrap()).unwrap();
    let statement: serde_json::Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!(statement["predicate"]["result"], "FAILED");
}

#[test]
fn an_entry_that_does_not_fit_ends_the_run_with_102_and_one_line() {
    let table = [
        (
            entry(FORGED, REASON, "2999-12-31"),
            None,
            "firmware.version: passes: the scenario passes: take the entry out",
        ),
        (
            entry(FORGED, "no report came", "2999-12-31"),
            DEVIATION,
            "firmware.version: fails otherwise: firmware.version: observed Device D1 answered",
        ),
        (entry("no-such--scenario", REASON, "2999-12-31"), None, "matches nothing: no scenario has this slug"),
        (entry(FORGED, REASON, "2020-01-31"), DEVIATION, "has expired: it was expected until 2020-01-31"),
    ];

    for (list, deviation, words) in table {
        let place = Place::new();

        let left = certified(&place, &list, deviation);

        assert_eq!(left.code, Some(102), "{words}\n{}\n{}", left.out, left.err);
        assert_words(&left.out, &[words, "STALE EXPECTATION"]);
        let (folder, findings) = place.findings();
        assert!(findings.expectations[0].state.is_stale());
        assert!(fs::read_to_string(folder.join("junit.xml")).unwrap().contains("<failure "));
    }
}

#[test]
fn a_failure_that_nobody_expects_outranks_the_list() {
    let place = Place::new();
    let silence = "no-such--scenario";

    let left = certified(&place, &entry(silence, REASON, "2999-12-31"), DEVIATION);

    assert_eq!(left.code, Some(100), "{}\n{}", left.out, left.err);
    assert_words(&left.out, &["NOT CONFORMANT", "matches nothing"]);
}

#[test]
fn a_list_that_is_malformed_is_refused_before_anything_runs() {
    let place = Place::new();
    fs::write(place.path("e.yaml"), entry(FORGED, REASON, "2999-12-31").replace("owner", "ownr")).unwrap();

    let malformed = place.refusal(&["--expected-failures", "e.yaml"]);
    let missing = place.refusal(&["--expected-failures", "none.yaml"]);

    assert_words(&malformed, &["e.yaml:5: unknown field `ownr`", "did you mean `owner`?"]);
    assert_words(&missing, &["read `none.yaml`", "No such file"]);
}
