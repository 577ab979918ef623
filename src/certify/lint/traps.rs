//! One folder for every trap: what the lint must see, where, and what it must let pass.

use proptest::prelude::*;

use super::*;
use crate::certify::Suite;

/// A feature without a flaw: a background, a rule, an outline, inherited tags, prose.
pub(in crate::certify) const FEATURE: &str = r#"@role.device
Feature: Normal flow
  A campaign that asks for failures only lets a million Devices update without a word,
  and hears from exactly those that need help.
  The rest: silence.

  Background:
    Given the population "twelve"

  @req.FU-AF-1 @flow.normal
  # A remark may stand anywhere.
  Scenario: A Device updates
    # Even here.
    When it airs
    Then it updates

  Rule: Failures answer
    Other Devices stay silent.

    @req.FU-AF-1 @flow.exceptional @needs.status-log
    Scenario Outline: A Device that cannot <do> reports <code>
      Given Device "D10" <condition>
      When it airs
      Then it reports <code>

      Examples: what can go wrong
        | do      | condition     | code |
        | receive | loses packets | 503  |
        | store   | is full       | 501  |

    @req.FU-AF-1 @flow.normal @since.1.0 @golden
    Scenario: Another Device updates
      When it airs again
      Then it updates
"#;

/// A folder with a register of these rows and these files.
pub(in crate::certify) fn folder(files: &[(&str, &str)], rows: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let register = format!("set: '2026-12'\nprofile: 1\nrequirements:\n{rows}");
    std::fs::write(folder.path().join(Suite::REGISTER), register).unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

/// A row of the register.
pub(in crate::certify) fn row(id: &str, coverage: &str) -> String {
    format!("- {{id: {id}, source: s, level: must, roles: [device], reason: because, text: t, coverage: {coverage}}}\n")
}

pub(super) fn lint(folder: &tempfile::TempDir, rules: &Rules<'_>) -> Vec<LintError> {
    Suite::load(folder.path(), rules).err().unwrap_or_default().0
}

/// What the lint says of the good feature with one text replaced: line and kind.
fn trap(from: &str, to: &str) -> Vec<(usize, LintKind)> {
    assert!(FEATURE.contains(from), "{from}");
    let folder = folder(&[("a.feature", &FEATURE.replacen(from, to, 1))], &row("FU-AF-1", "covered"));
    let errors = lint(&folder, &Rules::default());
    errors.into_iter().map(|error| (error.place.line.unwrap_or_default(), error.kind)).collect()
}

fn text(of: &str) -> String {
    of.to_owned()
}

#[test]
fn a_good_feature_passes() {
    assert_eq!(trap("it updates", "it updates"), []);
}

#[test]
fn every_structural_trap_is_seen_at_its_line() {
    use LintKind::*;
    let swallowed = |line: &str| Swallowed { text: text(line) };
    let first = "    # Even here.\n    When it airs\n    Then it updates\n";
    let rows = "        | receive | loses packets | 503  |\n        | store   | is full       | 501  |\n";
    let table = format!("        | do      | condition     | code |\n{rows}");
    let table = table.as_str();
    let cases: &[(&str, &str, usize, LintKind)] = &[
        // A misspelt first step becomes a description.
        ("Given Device \"D10\" <c", "Gven Device \"D10\" <c", 22, swallowed("Gven Device \"D10\" <condition>")),
        ("Given Device \"D10\" <c", "given Device \"D10\" <c", 22, swallowed("given Device \"D10\" <condition>")),
        ("    # Even here.", "    It is so.", 13, swallowed("It is so.")),
        ("Given the pop", "Givn the pop", 8, swallowed("Givn the population \"twelve\"")),
        // So does a section whose heading is misspelt or forgotten.
        ("Background:", "Backgroud:", 7, swallowed("Backgroud:")),
        ("  Background:\n", "", 7, swallowed("Given the population \"twelve\"")),
        ("Other Devices", "When Devices", 18, swallowed("When Devices stay silent.")),
        ("The rest: s", "Scenaro: s", 5, swallowed("Scenaro: silence.")),
        ("Examples: what can go wrong\n", "Examples: what can go wrong\n  All of it.\n", 27, swallowed("All of it.")),
        // Outlines that run with their placeholders, or not at all.
        (rows, "", 26, NoRows),
        (table, "", 26, NoRows),
        (table, "\n    Examples:\n        | do | condition | code |\n        | a | b | c |\n", 26, NoRows),
        ("go wrong\n", "go wrong\n\n", 26, Gap),
        ("        | store ", "        # and\n        | store ", 26, Gap),
        ("503  |\n", "503  | 504 |\n", 28, RowLength { found: 4, expected: 3 }),
        ("reports <code>\n\n", "reports <cod>\n\n", 24, UnknownPlaceholder { name: text("cod") }),
        // Scenarios that test nothing.
        (first, "", 12, NoSteps),
        ("    When it airs\n", "", 12, NoWhen),
        ("    Then it updates\n", "", 12, NoThen),
        ("    When it airs\n", "    When it airs\n    And lands\n", 15, SecondWhen { sentence: text("And lands") }),
        ("it updates\n", "it updates\n    When it\n", 16, SecondWhen { sentence: text("When it") }),
        ("it updates\n", "it updates\n    Given it\n", 16, OutOfOrder { sentence: text("Given it") }),
        ("it updates\n", "it updates\n    * it\n", 16, OutOfOrder { sentence: text("* it") }),
        ("\"twelve\"\n", "\"twelve\"\n    When it\n", 9, NotGiven { sentence: text("When it") }),
        ("Scenario: A Device updates", "Scenario:", 12, NoTitle),
        (
            "@role.device\nF",
            "# language: fr\n@role.device\nF",
            1,
            ForeignLanguage { directive: text("# language: fr") },
        ),
        (
            "A Device updates",
            "Another Device updates",
            32,
            DuplicateTitle { title: text("Another Device updates"), first: text("a:12") },
        ),
        (
            "A Device updates",
            "Another Device: updates",
            32,
            DuplicateSlug { slug: text("a--another-device-updates"), first: text("a:12") },
        ),
    ];

    for (from, to, line, kind) in cases {
        let errors = trap(from, to);

        assert!(errors.contains(&(*line, kind.clone())), "{to:?} gives {errors:?}, not {kind:?} at {line}");
    }
}

#[test]
fn an_outline_without_examples_is_refused() {
    let outline = FEATURE.split("      Examples:").next().unwrap();
    let folder = folder(&[("a.feature", outline)], &row("FU-AF-1", "covered"));

    let errors = lint(&folder, &Rules::default());

    assert!(
        errors.iter().any(|error| error.kind == LintKind::NoExamples && error.place.line == Some(21)),
        "{errors:?}"
    );
}

#[test]
fn a_feature_that_does_not_parse_is_shown_at_its_line() {
    let errors = trap("    When it airs\n    Then it updates", "    When it airs\n    Thne it updates");

    assert_eq!(errors, [(15, LintKind::Malformed { reason: text("`Thne it updates`") })]);
}

#[test]
fn a_row_shorter_than_its_heading_is_refused() {
    let errors = trap("| receive | loses packets | 503  |", "| receive | loses packets |");

    assert!(matches!(&errors[0].1, LintKind::Malformed { reason } if reason.contains("fewer cells")), "{errors:?}");
}

#[test]
fn a_feature_without_scenarios_is_refused() {
    let folder = folder(&[("a.feature", "Feature: Nothing\n"), ("b.feature", FEATURE)], &row("FU-AF-1", "covered"));

    let errors = lint(&folder, &Rules::default());

    assert_eq!(errors.iter().map(|error| &error.kind).collect::<Vec<_>>(), [&LintKind::NoScenarios]);
}

#[test]
fn every_tag_trap_is_seen_at_its_line() {
    use LintKind::*;
    let unknown = |tag: &str| UnknownTag { tag: text(tag) };
    let id = |id: &str| UnknownRequirement { id: text(id) };
    let not_one = |family, found| NotOne { family, found };
    let cases: &[(&str, &str, usize, LintKind)] = &[
        ("@flow.normal", "@flow.norml", 10, unknown("flow.norml")),
        ("@needs.status-log", "@needs.Status", 20, unknown("needs.Status")),
        ("@golden", "@golden.1", 31, unknown("golden.1")),
        ("@golden", "@serial", 31, unknown("serial")),
        ("@since.1.0", "@since.1.", 31, unknown("since.1.")),
        ("@req.FU-AF-1 @flow.normal\n", "@req.FU-AF-11 @flow.normal\n", 10, id("FU-AF-11")),
        ("@req.FU-AF-1 @flow.normal\n", "@flow.normal\n", 12, NoRequirement),
        ("@req.FU-AF-1 @flow.normal\n", "@req.FU-AF-1\n", 12, not_one("flow", 0)),
        ("@flow.normal", "@flow.normal @flow.exceptional", 12, not_one("flow", 2)),
        ("@flow.normal", "@flow.normal @role.system", 12, not_one("role", 2)),
        ("@role.device\n", "", 11, not_one("role", 0)),
    ];

    for (from, to, line, kind) in cases {
        let errors = trap(from, to);

        assert!(errors.contains(&(*line, kind.clone())), "{to:?} gives {errors:?}, not {kind:?} at {line}");
    }
}

#[test]
fn a_misspelt_tag_has_a_hint() {
    let cases = [
        ("@flow.normal", "@flow.norml", "did you mean `@flow.normal`?"),
        ("@req.FU-AF-1", "@reg.FU-AF-1", "did you mean `@req.FU-AF-1`?"),
        ("@req.FU-AF-1", "@req.FU-FA-1", "did you mean `FU-AF-1`?"),
    ];

    for (from, to, hint) in cases {
        let folder = folder(&[("a.feature", &FEATURE.replacen(from, to, 1))], &row("FU-AF-1", "covered"));

        assert_eq!(lint(&folder, &Rules::default())[0].hint.as_deref(), Some(hint), "{to}");
    }
}

#[test]
fn a_tag_on_an_excluded_or_removed_row_is_refused_with_the_reason() {
    for coverage in ["excluded", "removed"] {
        let folder = folder(&[("a.feature", FEATURE)], &row("FU-AF-1", coverage));

        let errors = lint(&folder, &Rules::default());

        let (id, reason) = (text("FU-AF-1"), text("because"));
        assert_eq!(errors[0].kind, LintKind::UnavailableRequirement { id, state: coverage, reason });
        assert_eq!((errors[0].place.line, errors[0].place.column), (Some(10), Some(3)));
    }
}

#[test]
fn the_register_tells_the_truth_about_scenarios() {
    let rows = row("FU-AF-1", "planned") + &row("FU-AF-10", "covered") + &row("X-1", "covered") + &row("P", "planned");
    let folder = folder(&[("a.feature", FEATURE)], &rows);

    let errors = lint(&folder, &Rules { standing: &[RequirementId::new("X-1")], ..Rules::default() });

    let found: Vec<_> = errors.iter().map(|error| (error.place.line, error.kind.clone())).collect();
    let planned = LintKind::PlannedWithScenario { id: text("FU-AF-1"), slug: text("a--a-device-updates") };
    let covered = LintKind::CoveredWithoutScenario { id: text("FU-AF-10") };
    assert_eq!(found, [(Some(4), planned), (Some(5), covered)]);
}

#[test]
fn a_broken_register_is_shown_with_its_line() {
    let cases = [
        (row("A", "covered") + &row("B", "covred"), 5),
        (row("A", "covered") + &row("B", "covered") + &row("A", "covered"), 6),
        (row("A", "excluded").replace("reason: because, ", ""), 4),
    ];

    for (rows, line) in cases {
        let folder = folder(&[("a.feature", FEATURE)], &rows);

        let errors = lint(&folder, &Rules::default());

        let error = errors.iter().find(|error| matches!(error.kind, LintKind::BrokenRegister { .. })).unwrap();
        assert_eq!(error.place.line, Some(line), "{error}");
        assert!(error.hint.as_deref().unwrap_or_default().starts_with("the line reads `- {id: "), "{error}");
    }
}

#[test]
fn missing_files_are_errors() {
    let empty = folder(&[], &row("A", "planned"));
    let bare = tempfile::tempdir().unwrap();
    std::fs::write(bare.path().join("a.feature"), FEATURE).unwrap();

    let kinds = |folder: &tempfile::TempDir| lint(folder, &Rules::default()).remove(0).kind;

    assert_eq!(kinds(&empty), LintKind::NoFeatures);
    assert_eq!(kinds(&bare), LintKind::NoRegister);
    let nowhere = Suite::load(&bare.path().join("nowhere"), &Rules::default()).unwrap_err();
    assert!(matches!(nowhere.0.as_slice(), [LintError { kind: LintKind::NoFolder, .. }]), "{nowhere}");
}

#[test]
fn an_oversized_feature_is_not_read() {
    let folder = folder(&[("a.feature", FEATURE)], &row("FU-AF-1", "covered"));
    let huge = std::fs::File::create(folder.path().join("b.feature")).unwrap();
    huge.set_len(Suite::MAX_OCTETS + 1).unwrap();

    let errors = lint(&folder, &Rules::default());

    assert!(matches!(errors.as_slice(), [LintError { kind: LintKind::TooMuch { .. }, .. }]), "{errors:?}");
}

#[test]
fn sentences_are_looked_up_as_they_run() {
    let folder = fixtures::tests::with_fixtures(FEATURE);
    let matches = |step: &gherkin::Step| match step.value.as_str() {
        "it reports 501" => StepMatch::None { nearest: Some(text("it answers {code}")) },
        "it airs again" => StepMatch::Several(vec![text("it airs {word}"), text("it airs again")]),
        _ => StepMatch::One,
    };

    let errors = lint(&folder, &Rules { matches: Some(&matches), ..Rules::default() });

    let shown: Vec<_> = errors.iter().map(|error| error.to_string()).collect();
    let path = folder.path().join("a.feature").display().to_string();
    assert_eq!(
        shown,
        [
            format!(
                "error: no sentence matches `Then it reports 501`\n  --> {path}:24:7\n  \
                 hint: did you mean `it answers {{code}}`?   (castproof phrases answers)"
            ),
            format!(
                "error: several sentences match `When it airs again`: `it airs {{word}}`, `it airs again`\n  \
                 --> {path}:33:7\n  hint: reword one sentence of the phrasebook, so that one fits"
            ),
        ]
    );
}

#[test]
fn errors_of_all_files_are_collected_in_order() {
    let bad = FEATURE.replace("@flow.normal", "@flow.norml").replace("    Then it updates\n", "");
    let folder = folder(&[("b.feature", &bad), ("a.feature", "Feature: A\n")], &row("FU-AF-1", "covered"));

    let errors = Suite::load(folder.path(), &Rules::default()).unwrap_err();

    let places: Vec<_> = errors.0.iter().map(|error| error.place.clone()).collect();
    assert!(errors.0.len() >= 5 && places.is_sorted(), "{errors}");
    assert!(errors.to_string().ends_with(&format!("\n\n{} errors", errors.0.len())), "{errors}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_feature_makes_the_lint_panic(
        edits in proptest::collection::vec((0..FEATURE.len(), 0usize..12, "[ -~\n\t|#@:\"*é]{0,6}"), 1..6)
    ) {
        let mut feature = text(FEATURE);
        for (at, len, insert) in edits {
            let at = feature.floor_char_boundary(at.min(feature.len()));
            let end = feature.floor_char_boundary((at + len).min(feature.len())).max(at);
            feature.replace_range(at..end, &insert);
        }
        let folder = folder(&[("a.feature", &feature)], &row("FU-AF-1", "covered"));

        let _ = Suite::load(folder.path(), &Rules::default());
    }
}
