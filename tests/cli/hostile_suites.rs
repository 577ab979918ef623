//! Suites that would be believed and are wrong, or that would keep the command busy: refused before anything runs.

use std::fs;
use std::process::Command;
use std::time::Duration;

use crate::place::{Place, assert_words, finish};

const CONSENT: &str = "features/firmware_update/consent.feature";
const DELAY: &str = "features/firmware_update/random_delay.feature";
const REGISTER: &str = "features/requirements.yaml";
/// How long a refusal may take on a busy host; each of the hostile files took longer, or for ever.
const SOON: Duration = Duration::from_secs(15);

/// The one error of a command that is refused, shown without a trace of Rust.
fn only_error(place: &Place) -> String {
    let error = place.refusal(&[]);
    assert!(error.contains("\n1 error\n"), "{error}");
    assert!(error.contains("  hint: "), "{error}");
    for word in ["Err(", "Error(", "PosOverflow", "ParseIntError", "number too large"] {
        assert!(!error.contains(word), "{error}");
    }
    error
}

#[test]
fn what_would_be_ignored_or_believed_is_refused_with_its_place() {
    let then =
        "      Then the reports of Devices \"D1\" to \"D12\" arrive 100 ms to 700 ms after the end of transmission\n";
    let span = "arrive 100 ms to 700 ms after";
    let table: &[(&str, &str, &str, &[&str])] = &[
        // Nobody would read these.
        (
            CONSENT,
            "approves the update\n",
            "approves the update\n        \"\"\"\n        twice\n        \"\"\"\n",
            &["no sentence takes a doc string: `When the End User", "consent.feature:{+1}:9"],
        ),
        (
            CONSENT,
            "approves the update\n",
            "approves the update\n        ```\n        ```\n",
            &["no sentence takes a doc string", "consent.feature:{+1}:9"],
        ),
        (
            CONSENT,
            "approves the update\n",
            "approves the update\n        | Device | D1 |\n",
            &["no sentence takes a table: `When the End User", "consent.feature:{+1}:9"],
        ),
        (
            CONSENT,
            "\"one Device\"\n",
            "\"one Device\"\n      | Device |\n",
            &["no sentence takes a table: `Given the population", "consent.feature:{+1}:7"],
        ),
        // Values that no step can use.
        (
            DELAY,
            span,
            "arrive 400 ms to 100 ms after",
            &["the span `400 ms to 100 ms` runs backwards", "random_delay.feature:{+0}:7", "`100 ms to 400 ms`"],
        ),
        (
            DELAY,
            span,
            "arrive 100 ms to 18446744073709551615 ms after",
            &["`18446744073709551615 ms` is longer than 60 s", "random_delay.feature:{+0}:7"],
        ),
        (DELAY, span, "arrive 0 ms to 99999999999999999999 ms after", &["is longer than 60 s"]),
        (DELAY, span, "arrive 0 ms to 36000000 ms after", &["`36000000 ms` is longer than 60 s"]),
        (DELAY, span, "arrive 100 ms to 61 seconds after", &["`61 seconds` is longer than 60 s"]),
        (
            DELAY,
            "from everybody, 100 ms to 700 ms",
            "from everybody, 2 seconds to 400 ms",
            &["the span `2 seconds to 400 ms` runs backwards", "`400 ms to 2 seconds`"],
        ),
        (
            DELAY,
            then,
            &then.replace("\"D1\" to \"D12\"", "\"D12\" to \"D1\""),
            &["the range `\"D12\" to \"D1\"` does not run forwards", "random_delay.feature:{+0}:7"],
        ),
        (
            DELAY,
            then,
            &then.replace("\"D1\" to \"D12\"", "\"D1\" to \"D99999\""),
            &["\"D99999\" is a Device of no population", "random_delay.feature:{+0}:7"],
        ),
        (
            CONSENT,
            "exactly 1 time",
            "exactly 99999999999999999999 times",
            &["`99999999999999999999` is no number from 0 to 9999, in `", "consent.feature:"],
        ),
        (CONSENT, "exactly 1 time", "exactly -1 times", &["`-1` is no number from 0 to 9999"]),
        // What every result would repeat.
        (
            REGISTER,
            "profile: 1\n",
            "profile: 99\n",
            &[
                "the register speaks of profile 99, and castproof of profile 1",
                "requirements.yaml:9:10",
                "`profile: 1`",
            ],
        ),
        (REGISTER, "set: \"2026-11\"", "set: \"\"", &["the requirement set has no name", "requirements.yaml:8:6"]),
        (REGISTER, "set: \"2026-11\"", "set: \" \"", &["the requirement set has no name", "requirements.yaml:8:6"]),
    ];

    for (file, from, to, words) in table {
        let place = Place::new().spoil(file, from, to);

        place.assert_words(&only_error(&place), words);
    }
}

#[test]
fn a_mark_before_the_text_and_a_second_feature_are_called_what_they_are() {
    let table: &[(&str, &str, &str, &[&str])] = &[
        (
            CONSENT,
            "Feature:",
            "Feature: x\nFeature:",
            &["second `Feature:`", "the first is on line {+0}", "consent.feature:{+1}:1"],
        ),
        (CONSENT, "  Background:", "  Feature: x\n  Background:", &["second `Feature:`", "consent.feature:{+0}:3"]),
        (
            CONSENT,
            "approves the update\n",
            "approves the update\nFeature: x\n",
            &["second `Feature:`", "consent.feature:{+1}:1"],
        ),
        (CONSENT, "approves the update\n", "approves the update\n  Background:\n", &["look at what stands above it"]),
        (
            CONSENT,
            "End User approves\n",
            "End User approves\n  Feature: x\n",
            &["second `Feature:`", "consent.feature:{+1}:3"],
        ),
    ];
    for (file, from, to, words) in table {
        let place = Place::new().spoil(file, from, to);

        let error = place.refusal(&[]);

        place.assert_words(&error, words);
        assert!(!error.contains("did you mean `Feature: x`"), "{error}");
        assert!(!error.contains("did you mean `Scenario: x`"), "{error}");
    }

    let place = Place::new();
    let text = fs::read_to_string(place.path(CONSENT)).unwrap();
    fs::write(place.path(CONSENT), format!("\u{feff}{text}")).unwrap();
    assert_words(
        &only_error(&place),
        &["a byte order mark stands before the text", "consent.feature:1:1", "without a byte order mark"],
    );
}

#[test]
fn what_is_no_file_is_named_and_not_opened() {
    for file in ["features/x.feature", REGISTER, "features/fixtures/populations.yaml"] {
        let place = Place::new();
        let _ = fs::remove_file(place.path(file));
        assert!(Command::new("mkfifo").arg(place.path(file)).status().unwrap().success());

        let error = only_error(&place);

        assert_words(&error, &["it is not a regular file", &format!("--> {file}")]);
    }
    let place = Place::new();
    std::os::unix::fs::symlink("/dev/zero", place.path("features/zero.feature")).unwrap();
    assert_words(&only_error(&place), &["it is not a regular file", "--> features/zero.feature"]);
}

#[test]
fn a_file_that_would_keep_the_reader_busy_is_refused_soon() {
    let outline = |steps: usize, rows: usize| {
        let steps = "    Then <a>\n".repeat(steps);
        let rows = "      | a |\n".repeat(rows);
        format!("Feature: x\n  Scenario Outline: x\n    When <a>\n{steps}    Examples:\n      | a |\n{rows}")
    };
    let large = "x".repeat(1 << 20);
    let table: &[(&str, String, &[&str])] = &[
        ("features/x.feature", format!("Feature: {large}"), &["more than 1048576 octets", "--> features/x.feature"]),
        ("features/x.feature", "\n".repeat(1 << 20), &["more than 10000 lines", "x.feature:10001:1"]),
        ("features/x.feature", outline(4000, 4000), &["more than 16777216 octets in outlines", "x.feature:2:3"]),
        (REGISTER, format!("{large}x"), &["more than 1048576 octets", "--> features/requirements.yaml"]),
        (
            REGISTER,
            format!("set:\n {}", "[".repeat(1 << 19)),
            &["more than 10000 opening", "requirements.yaml:2:10002"],
        ),
        ("features/fixtures/campaigns.yaml", "{a: ".repeat(1 << 17), &["more than 10000 opening", "campaigns.yaml:1:"]),
        (
            "features/fixtures/populations.yaml",
            format!("a: {large}"),
            &["more than 1048576 octets", "populations.yaml"],
        ),
    ];

    for (file, text, words) in table {
        let place = Place::new();
        fs::write(place.path(file), text).unwrap();

        let left = finish(place.command(&["list"]).spawn().unwrap(), SOON);

        assert_eq!(left.code, Some(2), "{}", left.err);
        assert_words(&left.err, words);
        assert!(left.err.contains("  hint: "), "{}", left.err);
    }
}

#[test]
fn a_message_shows_an_author_s_words_in_part_and_obeys_none() {
    let place = Place::new();
    let text = format!("Feature: x\nScenaro: \u{1b}[31m{}\n", "x".repeat(100_000));
    fs::write(place.path("features/x.feature"), text).unwrap();

    let error = place.refusal(&[]);

    assert!(error.len() < 10_000 && error.contains("\\u{1b}[31mxxx") && !error.contains('\u{1b}'), "{error}");
}

#[test]
fn a_choice_of_nothing_is_answered_with_the_nearest() {
    let place = Place::new();
    let table = [
        (["--feature", "consnet"], "did you mean `firmware_update/consent`?"),
        (["--feature", "firmware_update/normal_flaw"], "did you mean `firmware_update/normal_flow`?"),
        (["--scenario", "forgd-notification"], "hostile-notifications--a-device-does-not-act-on-a-forged-notification"),
        (["--requirement", "FU-OPP-1"], "did you mean `FU-OP-1`?"),
    ];

    for (choice, words) in table {
        for command in ["certify", "list"] {
            let left = place.run(&[&[command], choice.as_slice()].concat());

            assert_eq!(left.code, Some(4), "{}", left.err);
            assert_words(&left.err, &["no scenario was selected", &format!("nothing matches `{}`", choice[1]), words]);
        }
    }
}

#[test]
fn a_requirement_without_a_scenario_is_no_misspelling() {
    let place = Place::new();
    let text = fs::read_to_string(place.path(REGISTER)).unwrap();
    let before = text.split("coverage: planned").next().unwrap();
    let id = before.rsplit("- id: ").next().unwrap().lines().next().unwrap();

    let left = place.run(&["list", "--requirement", id]);

    assert_eq!(left.code, Some(4));
    assert_words(&left.err, &[&format!("no scenario stands for requirement `{id}`")]);
    assert!(!left.err.contains("did you mean"), "{}", left.err);
}

#[test]
fn the_values_of_an_outline_are_read_with_its_rows_filled_in() {
    let place = Place::new()
        .spoil(DELAY, "Scenario: Twelve Devices report", "Scenario Outline: Twelve Devices report")
        .spoil(DELAY, "each at a moment of its own", "each at a moment of its own up to <latest>")
        .spoil(DELAY, "arrive 100 ms to 700 ms after", "arrive 100 ms to <latest> after")
        .spoil(
            DELAY,
            "differ\n",
            "differ\n\n      Examples:\n        | latest |\n        | 700 ms |\n        | 50 ms  |\n",
        );

    assert_words(&only_error(&place), &["the span `100 ms to 50 ms` runs backwards", "random_delay.feature:"]);
}
