//! What adapters say in the middle of a run: contradicted by the wire or the kernel, against themselves, or honestly too
//! little.

use castproof::findings::{Authority, RunFindings, Verdict};

use super::place::{FORGED, Place, assert_words};
use super::{ALL, adapter, profile, run};

const REPORTED: &str = "normal-flow--a-device-reports-its-success-when-everybody-is-asked";
const TWO_DEVICES: &str = "trust--both-devices-carry-out-a-signed-announcement";
const BROADCAST: &str = "broadcast--the-service-provider-sends-every-part-of-a-firmware-update-in-one-symbol";
const ON_THE_AIR: &str = "normal-flow--a-device-installs-an-update-that-is-meant-for-it";

fn certify(place: &Place, profile: &str, name: &str, slug: &str) -> (Option<i32>, String, RunFindings) {
    let left = run(place, &["certify", "--profile", profile, "--scenario", slug, "--", &adapter(name)]);
    assert!(place.path("reports/runs").exists(), "{}\n{}", left.out, left.err);
    (left.code, left.out, place.findings().1)
}

#[test]
fn a_word_that_the_wire_or_the_kernel_contradicts_is_a_verdict_of_its_own() {
    for (name, slug, words) in [
        ("boasts", REPORTED, "Device D1 says that campaign `spring-patch` came to 599, and reports 200"),
        ("poses", REPORTED, "asked for ./DevDetail/FwV, Device D1 says that it is 9.9, and answers 2.0 over DM"),
        (
            "foretells",
            FORGED,
            "Device D1 says that its End User is asked about campaign `never-sent`, of which it was never notified",
        ),
        ("deaf", FORGED, "Device D1 says that it listens, and nobody is a member of 239.255."),
    ] {
        let place = Place::new();

        let (code, out, findings) = certify(&place, &profile(&place, ALL), name, slug);

        assert_eq!(code, Some(101), "{name}: {out}");
        assert_eq!(findings.scenarios[0].verdict, Verdict::AdapterContradicted, "{name}: {out}");
        assert_words(&out.replace("\n               ", " "), &["adapter contradicted", words]);
        assert!(!findings.conformant);
        let run = place.findings().0.display().to_string();
        let again = run_again(&place, &run);
        assert!(!again.contains("another verdict"), "{again}");
    }
}

fn run_again(place: &Place, run: &str) -> String {
    let left = super::run(place, &["replay", run]);
    assert_eq!(left.code, Some(101), "{}\n{}", left.out, left.err);
    left.out
}

#[test]
fn a_provider_that_says_another_number_than_it_announces_is_contradicted() {
    let place = Place::new();
    std::fs::write(place.path("sp.yaml"), "role: provider\nname: Somebody's server\n").unwrap();

    let (code, out, findings) = certify(&place, "sp.yaml", "miscounts", BROADCAST);

    assert_eq!(code, Some(101), "{out}");
    assert_eq!(findings.scenarios[0].verdict, Verdict::AdapterContradicted, "{out}");
    assert_words(&out, &["has sequence number 7", "and announces 1"]);
}

#[test]
fn what_an_implementation_refuses_is_held_against_it_where_it_must_do_it_and_the_host_convicts_nobody() {
    for (name, verdict, code, words) in [
        (
            "sulks",
            Verdict::Fail,
            100,
            "the implementation refused what every one of its role must do: D1: listen: not today",
        ),
        ("hindered", Verdict::Inconclusive, 101, "the adapter says that this host did not let it: D1: not today"),
    ] {
        let place = Place::new();

        let (exit, out, findings) = certify(&place, &profile(&place, ALL), name, FORGED);

        assert_eq!((exit, findings.scenarios[0].verdict), (Some(code), verdict), "{name}: {out}");
        assert_words(&findings.scenarios[0].shortcomings().join("\n"), &[words]);
    }
}

#[test]
fn a_refusal_has_a_check_of_its_own_that_a_list_of_expected_failures_can_name() {
    let place = Place::new();
    let entry = format!(
        "- {{scenario: {FORGED}, check: adapter.refused, reason: not today, issue: ACME-9, owner: ann, expiry: 2999-12-31}}\n"
    );
    std::fs::write(place.path("expected.yaml"), entry).unwrap();
    let text = format!("role: device\nname: Somebody's\ncapabilities: {ALL}\nexpected-failures: expected.yaml\n");
    std::fs::write(place.path("profile.yaml"), text).unwrap();

    let (code, out, findings) = certify(&place, "profile.yaml", "sulks", FORGED);

    assert_eq!((code, findings.scenarios[0].verdict), (Some(0), Verdict::Fail), "{out}");
    assert_words(&out, &["adapter.refused: fails as expected", "FAILS AS EXPECTED"]);
    let check = findings.scenarios[0].deciding_check().unwrap();
    assert_eq!((check.check.as_str(), check.authority), ("adapter.refused", Authority::Claim));
    assert!(!check.step.is_empty() && !findings.conformant);
    let again = super::run(&place, &["replay", &place.findings().0.display().to_string()]);
    assert_eq!(again.code, Some(0), "{}\n{}", again.out, again.err);
    assert_words(&again.out, &["adapter.refused, 1 times: the subject's own word", "no verdict differs"]);
}

#[test]
fn a_scenario_that_needs_more_instances_than_there_can_be_is_told_before_the_run() {
    let place = Place::new();

    let (code, out, findings) = certify(&place, &profile(&place, ALL), "narrow", TWO_DEVICES);

    assert_eq!(code, Some(101), "{out}");
    assert_eq!(findings.scenarios[0].verdict, Verdict::Inconclusive);
    let words = "Devices at once; the adapter has at most 1 (`max_instances`)";
    assert_words(&findings.scenarios[0].faults.join("\n"), &["the scenario requires ", words]);
    assert!(findings.scenarios[0].capture.is_none());
}

#[test]
fn a_golden_recording_does_not_apply_to_a_vendor_and_the_findings_say_why() {
    let place = Place::new();

    let (_, out, findings) = certify(&place, &profile(&place, ALL), "mutters", ON_THE_AIR);

    let scenario = &findings.scenarios[0];
    assert_eq!(scenario.verdict, Verdict::Pass, "{out}");
    let golden = scenario.checks.iter().find(|check| check.check.as_str() == "traffic.golden").unwrap();
    assert_eq!(golden.verdict, Verdict::NotApplicable);
    assert_words(&golden.observed, &["tells the traffic of the reference"]);
    let run = place.findings().0.display().to_string();
    let left = super::run(&place, &["replay", &run]);
    assert_eq!(left.code, Some(0), "{}\n{}", left.out, left.err);
}
