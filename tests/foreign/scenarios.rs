//! Scenarios through the seam: the reference as a child, and adapters that spoil what it says in the middle of a run.

use castproof::findings::{CapabilityState, Extent, RequirementState, RunFindings, Verdict};

use super::place::{FORGED, Place, assert_words};
use super::{ALL, adapter, profile, run};

/// A feature whose scenarios have one Device each.
const ONE_DEVICE: &str = "firmware_update/consent";
/// A scenario in which the End User does not answer.
const NEVER_ANSWERED: &str = "consent--a-device-whose-end-user-has-not-answered-yet-installs-nothing";
/// A scenario in which reports come 200 ms after the end of transmission.
const AT_200_MS: &str = "random-delay--devices-whose-window-is-zero-report-at-the-offset";
/// A scenario in which the End User is asked.
const CONSENT: &str = "consent--a-device-asks-and-installs-what-its-end-user-approves";

fn certify(place: &Place, adapter: &[&str], selection: &[&str]) -> (Option<i32>, String, RunFindings) {
    let profile = profile(place, ALL);
    let left = run(place, &[&["certify", "--profile", &profile, "--jobs", "1"], selection, &["--"], adapter].concat());
    assert!(place.path("reports/runs").exists(), "{}\n{}", left.out, left.err);
    (left.code, left.out, place.findings().1)
}

#[test]
fn the_reference_passes_through_the_seam_and_its_transcript_holds_no_secret() {
    let place = Place::new();

    let (code, out, findings) = certify(
        &place,
        &[env!("CARGO_BIN_EXE_castproof"), "reference", "device"],
        &["--scenario", FORGED, "--scenario", CONSENT],
    );

    assert_eq!(code, Some(0), "{out}");
    assert_words(&out, &["SELECTION PASSED", "proven: user-approval", "unproven: declared"]);
    let adapter = findings.adapter.clone().unwrap();
    let state = |name: &str| adapter.capabilities.iter().find(|one| one.name == name).map(|one| one.state);
    assert_eq!(state("user-approval"), Some(CapabilityState::Proven));
    assert_eq!(state("parity-raptorq"), Some(CapabilityState::Unproven));
    let transcript = std::fs::read_to_string(place.findings().0.join("adapter.jsonl")).unwrap();
    assert_words(&transcript, &["prompted", "<secret>", "close"]);
    assert_holds_no_secret(&transcript, &findings);
    // What our own sender keeps is none of the Device's merits.
    let rule = |id: &str| findings.requirements.iter().find(|row| row.id.as_str() == id).map(|row| row.state.clone());
    assert_eq!(rule("X-FLUTE-01"), Some(RequirementState::NotSelected));
    assert_eq!(rule("X-DM-02"), Some(RequirementState::Conformant));
    // The command that repeats a scenario names the adapter too.
    assert_words(&findings.scenarios[0].repeat, &["--profile profile.yaml", " -- ", " reference device"]);
}

/// Holds that no secret of the first Device of any scenario stands in a transcript.
fn assert_holds_no_secret(transcript: &str, findings: &RunFindings) {
    for scenario in &findings.scenarios {
        let device = castproof::spec::DeviceId::new("urn:imei:350000000000001").unwrap();
        for (name, secret) in castproof::stage::secrets_of(scenario.seed, &[device]) {
            let text = String::from_utf8(secret).unwrap_or_default();
            assert!(text.is_empty() || !transcript.contains(&text), "{name} stands in the transcript");
        }
    }
}

#[test]
fn a_password_that_is_told_long_after_its_scenario_is_no_evidence_either() {
    let place = Place::new();

    let (code, out, findings) = certify(&place, &[&adapter("babbles")], &["--scenario", NEVER_ANSWERED]);

    assert_eq!(code, Some(0), "{out}");
    let transcript = std::fs::read_to_string(place.findings().0.join("adapter.jsonl")).unwrap();
    assert_words(&transcript, &["\"stderr\":\"it was <secret>\""]);
    assert_holds_no_secret(&transcript, &findings);
}

#[test]
fn the_time_scale_reaches_a_child_and_what_is_expected_of_it() {
    let place = Place::new();
    let profile = profile(&place, ALL);
    let child = ["--", env!("CARGO_BIN_EXE_castproof"), "reference", "device"];

    let left = run(
        &place,
        &[&["certify", "--profile", &profile, "--time-scale", "2", "--scenario", AT_200_MS], &child[..]].concat(),
    );

    assert_eq!(left.code, Some(0), "{}\n{}", left.out, left.err);
    let found = place.findings().1.scenarios.remove(0);
    assert_words(&found.repeat, &["--time-scale 2"]);
    let window = found.checks.iter().find(|check| check.check.as_str() == "report.window").unwrap();
    let last = window.observed.split("the last ").nth(1).and_then(|rest| rest.split(' ').next());
    let last: f64 = last.and_then(|millis| millis.parse().ok()).unwrap_or_else(|| panic!("{}", window.observed));
    assert!(last >= 400.0, "{last} ms after the end of transmission");
}

#[test]
fn a_crash_marks_its_scenario_and_the_third_ends_the_role() {
    let place = Place::new();

    let (code, out, findings) = certify(&place, &[&adapter("crashes-in-the-middle")], &["--feature", ONE_DEVICE]);

    assert_eq!(code, Some(101), "{out}");
    let count = |verdict| findings.count(verdict);
    assert_eq!(count(Verdict::AdapterFault), 3, "{out}");
    assert_eq!(count(Verdict::Pass), 2, "what was found is kept: {out}");
    assert_eq!((findings.extent, findings.adapter.clone().unwrap().crashes), (Extent::Partial, 3));
    assert_words(&out, &["it broke off 3 times", "adapter fault", "it ended with exit code 0", "not run", "PARTIAL"]);
}

#[test]
fn an_adapter_that_hangs_is_ended_and_started_again() {
    let place = Place::new();
    let both = ["--scenario", NEVER_ANSWERED, "--scenario", CONSENT];

    let (code, out, findings) = certify(&place, &[&adapter("hangs-in-the-middle")], &both);

    assert_eq!(code, Some(101), "{out}");
    assert_eq!((findings.count(Verdict::AdapterFault), findings.count(Verdict::Pass)), (1, 1), "{out}");
    assert_words(&out, &["it did not answer `listen` within", "it broke off once"]);
}

#[test]
fn a_malformed_line_is_a_fault_of_its_scenario_and_the_run_goes_on() {
    for (name, words) in [("stammers", "a line that is no JSON object"), ("dreams", "unknown variant `dreamt`")] {
        let place = Place::new();
        let both = ["--scenario", FORGED, "--scenario", CONSENT];

        let (code, out, findings) = certify(&place, &[&adapter(name)], &both);

        assert_eq!(code, Some(101), "{name}: {out}");
        assert_eq!((findings.count(Verdict::AdapterFault), findings.count(Verdict::Pass)), (1, 1), "{name}: {out}");
        assert_eq!(findings.extent, Extent::Partial);
        assert_words(&out, &[words, "PARTIAL"]);
        assert_eq!(findings.adapter.unwrap().crashes, 0);
    }
}

#[test]
fn an_instance_of_a_scenario_that_could_not_begin_is_closed_before_the_next_is_opened() {
    let place = Place::new();

    let (code, out, findings) =
        certify(&place, &[&adapter("lingers")], &["--scenario", NEVER_ANSWERED, "--scenario", CONSENT]);

    assert_eq!(code, Some(101), "{out}");
    assert_eq!((findings.count(Verdict::Inconclusive), findings.count(Verdict::Pass)), (1, 1), "{out}");
    assert_words(&out, &["this host did not let it: D1: not today"]);
}

#[test]
fn noise_is_kept_with_a_warning_and_harms_nothing() {
    let place = Place::new();

    let (code, out, findings) = certify(&place, &[&adapter("mutters")], &["--scenario", FORGED]);

    assert_eq!(code, Some(0), "{out}");
    assert_words(
        &findings.adapter.unwrap().warnings.join("\n"),
        &["are no messages, the first: `joined a group, I think`"],
    );
    let transcript = std::fs::read_to_string(place.findings().0.join("adapter.jsonl")).unwrap();
    assert_words(&transcript, &["\"noise\":\"joined a group, I think\""]);
}

#[test]
fn what_is_not_supported_leaves_its_scenario_inconclusive_with_the_reason() {
    let place = Place::new();

    let (code, out, findings) = certify(&place, &[&adapter("has-no-buttons")], &["--scenario", CONSENT]);

    assert_eq!(code, Some(101), "{out}");
    assert_eq!(findings.scenarios[0].verdict, Verdict::Inconclusive);
    assert_words(&out, &["the adapter does not support this", "it has no buttons"]);
}
