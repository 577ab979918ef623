//! Holds the register to its promises: no id is lost, doubled or invented, and no row is empty.
//!
//! The ids stand here a second time on purpose. A row that disappears from the file, or changes its id, would otherwise
//! take its tests along without a sound.

use std::collections::BTreeSet;
use std::path::Path;

use castproof::certify::{Rules, Suite, match_step};
use castproof::spec::{Coverage, Flow, Level, Register, Requirement, RequirementId, Role};
use castproof::subject::broken::deviations;

/// Every id that was ever given out; it may grow, and nothing is taken from it.
#[rustfmt::skip]
const IDS: &[&str] = &[
    "FU-PRE-1", "FU-PRE-2", "FU-PRE-3", "FU-NF-1", "FU-NF-2", "FU-NF-3", "FU-NF-4", "FU-NF-5", "FU-POST-1",
    "FU-AF-1", "FU-AF-2", "FU-OP-1", "FU-OP-2", "FU-GAP-1", "FU-GAP-2", "FU-GAP-3", "FU-GAP-4", "FU-GAP-5",
    "FU-P-1", "FU-P-2",
    "SC-PRE-1", "SC-NF-1", "SC-NF-2", "SC-NF-3", "SC-NF-4", "SC-NF-5", "SC-NF-6", "SC-SD-1", "SC-POST-1",
    "X-DM-01", "X-DM-02", "X-DM-03", "X-DM-04", "X-DM-05", "X-DM-06", "X-DM-07", "X-DM-08", "X-DM-09", "X-DM-10",
    "X-FUMO-01", "X-FUMO-02", "X-FUMO-03", "X-FUMO-04", "X-FUMO-05", "X-FUMO-06", "X-FUMO-07", "X-FUMO-08",
    "X-FUMO-09", "X-FUMO-10", "X-FUMO-11",
    "X-SCOMO-01", "X-SCOMO-02", "X-SCOMO-03", "X-SCOMO-04", "X-SCOMO-05", "X-SCOMO-06", "X-SCOMO-07",
    "X-FLUTE-01", "X-FLUTE-02", "X-FLUTE-03", "X-FLUTE-04", "X-FLUTE-05", "X-FLUTE-06", "X-FLUTE-07", "X-FLUTE-08",
    "X-FLUTE-09", "X-FLUTE-10", "X-FLUTE-11", "X-FLUTE-12", "X-FLUTE-13", "X-FLUTE-14", "X-FLUTE-15", "X-FLUTE-16",
    "X-FLUTE-17", "X-FLUTE-18", "X-FLUTE-19", "X-FLUTE-20",
];

fn register() -> Register {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("features/requirements.yaml");
    let text = std::fs::read_to_string(&path).expect("the register is part of the package");
    Register::from_yaml(&text).expect("the register is well formed")
}

/// The ids of the rows for which `wrong` holds; a test compares it with nothing, so that all of them are named at once.
fn rows(register: &Register, wrong: impl Fn(&Requirement) -> bool) -> Vec<&str> {
    register.requirements.iter().filter(|row| wrong(row)).map(|row| row.id.as_str()).collect()
}

/// Whether the row is a check on the traffic of every scenario, which has no flows of its own.
fn is_standing_check(row: &Requirement) -> bool {
    row.id.as_str().starts_with("X-")
}

#[test]
fn every_known_id_stands_in_the_register_once() {
    let register = register();

    for id in IDS {
        let count = register.requirements.iter().filter(|row| row.id.as_str() == *id).count();
        assert_eq!(count, 1, "{id} stands in the register {count} times");
    }
}

#[test]
fn the_register_holds_no_id_that_this_test_does_not_know() {
    let known: BTreeSet<&str> = IDS.iter().copied().collect();
    let register = register();

    let strangers = rows(&register, |row| !known.contains(row.id.as_str()));

    assert_eq!(known.len(), IDS.len(), "an id is typed twice in this test");
    assert!(strangers.is_empty(), "add to the list of this test: {strangers:?}");
}

#[test]
fn an_id_is_found_by_its_text() {
    let register = register();

    let row = register.get(&RequirementId::new("FU-AF-1")).expect("FU-AF-1 is in the list above");

    assert_eq!((row.source.as_str(), row.level), ("FU 1.6-1", Level::May));
}

#[test]
fn every_row_says_what_it_asks_whence_and_of_whom() {
    let register = register();

    let empty =
        rows(&register, |row| row.text.trim().is_empty() || row.source.trim().is_empty() || row.roles.is_empty());

    assert!(empty.is_empty(), "without text, source or role: {empty:?}");
}

#[test]
fn every_row_of_a_use_case_names_flows_and_no_standing_check_does() {
    let register = register();

    let without = rows(&register, |row| !is_standing_check(row) && row.flows.is_empty());
    let beside = rows(&register, |row| is_standing_check(row) && !row.flows.is_empty());
    let hollow = rows(&register, |row| {
        row.flows.values().any(|flows| flows.is_empty() || flows.iter().any(|row| row.flow.trim().is_empty()))
    });

    assert!(without.is_empty(), "without flows: {without:?}");
    assert!(beside.is_empty(), "standing checks with flows: {beside:?}");
    assert!(hollow.is_empty(), "with an empty flow: {hollow:?}");
}

#[test]
fn every_row_of_a_use_case_has_an_exceptional_flow() {
    let register = register();

    let sunny = rows(&register, |row| !is_standing_check(row) && !row.flows.contains_key(&Flow::Exceptional));

    assert!(sunny.is_empty(), "nothing goes wrong in: {sunny:?}");
}

#[test]
fn no_flow_is_listed_twice_in_a_row() {
    let register = register();

    let doubled = rows(&register, |row| {
        let all: Vec<&String> = row.flows.values().flatten().map(|row| &row.flow).collect();
        all.iter().collect::<BTreeSet<_>>().len() != all.len()
    });

    assert!(doubled.is_empty(), "{doubled:?}");
}

#[test]
fn an_excluded_or_removed_row_says_why() {
    let register = register();

    let unexplained = rows(&register, |row| {
        matches!(row.coverage, Coverage::Excluded | Coverage::Removed)
            && row.reason.as_deref().is_none_or(|reason| reason.trim().is_empty())
    });

    assert!(unexplained.is_empty(), "without a reason: {unexplained:?}");
}

#[test]
fn a_gap_binds_as_a_must_of_the_profile() {
    let register = register();

    let gaps = rows(&register, |row| row.id.as_str().starts_with("FU-GAP-"));
    let loose = rows(&register, |row| {
        row.id.as_str().starts_with("FU-GAP-")
            && (row.level != Level::Must || !row.source.contains("(gap; profile section"))
    });

    assert_eq!(gaps.len(), 5);
    assert!(loose.is_empty(), "a gap that binds nobody, or hides that it is one: {loose:?}");
}

#[test]
fn the_register_speaks_of_the_published_profile() {
    let profile = include_str!("../docs/profile.md");

    let register = register();

    assert_eq!(register.set, "2026-11");
    assert!(profile.contains(&format!("**Version {}.**", register.profile)), "docs/profile.md is of another version");
}

#[test]
fn the_counts_in_the_documents_are_those_of_the_suite() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rules = Rules { matches: Some(&match_step), standing: castproof::judge::standing::requirements() };
    let suite = Suite::load(&root.join("features"), &rules).unwrap_or_else(|errors| panic!("{errors}"));
    let examples = suite.examples.len();
    let files = suite.examples.iter().map(|example| &example.file).collect::<BTreeSet<_>>().len();
    let of = |role| suite.examples.iter().filter(|example| example.role == role).count();
    let [device, provider, both] = [Role::Device, Role::Provider, Role::System].map(of);
    let counted = [
        (
            "README.md",
            format!(
                "| examples | {examples}, in {files} feature files: {device} judge the Device, {provider} the provider, {both} both |"
            ),
        ),
        ("README.md", format!("2 cores · {examples} of {examples} scenarios")),
        ("README.md", format!("· {examples} pass · 73 of 73 requirements conformant · CONFORMANT")),
        ("README.md", format!("| broken implementations | {} |", deviations().count())),
        ("CHANGELOG.md", format!("{examples} examples in {files} feature files")),
    ];

    for (document, count) in counted {
        let text = std::fs::read_to_string(root.join(document)).unwrap();
        assert!(text.contains(&count), "{document} does not say `{count}`; certify prints what belongs there");
    }
}
