//! A plan of faults is made as small as it can be, and the command that is printed repeats the failure.

use std::fs;

use serde_json::{Value, json};

use super::place::{Left, Place, assert_words};

/// A scenario of a Device that puts a delivery together in spite of something.
fn under_loss(what: &str) -> String {
    format!("delivery-under-loss--a-device-that-{what}")
}

/// Shrinks, repeats by the printed command, and gives what was found.
fn shrunk(place: &Place, arguments: &[&str]) -> Value {
    let left = place.run(&[&["shrink", "--json"], arguments].concat());
    assert_eq!(left.code, Some(0), "{}\n{}", left.out, left.err);
    let found: Value = serde_json::from_str(&left.out).unwrap();
    assert_eq!(found["is_smallest"], true, "{found:#}");
    let repeat: Vec<&str> = found["repeat"].as_str().unwrap().split(' ').skip(1).collect();
    let again = place.run(&repeat);
    assert_eq!(again.code, Some(100), "{}\n{}", again.out, again.err);
    assert_words(&again.out, &[&format!("check {}", found["check"].as_str().unwrap()), "--relay-plan"]);
    found
}

fn plan_file(place: &Place, rules: &Value) -> String {
    let path = place.path("plan.json");
    fs::write(&path, json!([{"device": "D1", "seed": 7, "broadcast": rules, "interaction": []}]).to_string()).unwrap();
    path.display().to_string()
}

#[test]
fn of_two_lost_tables_the_first_is_enough_for_a_device_that_gives_up_after_a_cycle() {
    let place = Place::new();
    let scenario = under_loss("loses-the-first-two-file-tables-installs-the-update");

    let found = shrunk(&place, &["--scenario", &scenario, "--deviation", "device.gives-up-after-a-cycle"]);

    assert_eq!((&found["faults_before"], &found["faults"]), (&json!(2), &json!(1)));
    assert_eq!(found["plan"][0]["broadcast"], json!([{"kind": "table", "which": {"number": 1}, "fate": "drop"}]));
}

#[test]
fn among_five_faults_the_repeated_packet_is_found_and_made_narrower() {
    let place = Place::new();
    let scenario = under_loss("hears-every-packet-twice-installs-the-update-within-two-cycles");
    let plan = plan_file(
        &place,
        &json!([
            {"kind": "closing", "which": {"number": 1}, "fate": "drop"},
            {"kind": "table", "which": {"number": 2}, "fate": "drop"},
            {"kind": {"symbol-of": "package"}, "which": {"symbol-in": [1, 1]}, "fate": {"behind": 2}},
            {"kind": "table", "which": {"in-cycle": 1}, "fate": "twice"},
            {"kind": {"symbol-of": "package"}, "which": "all", "fate": "twice"},
        ]),
    );
    let arguments = ["--scenario", &scenario, "--deviation", "device.fails-with-a-repeated-packet"];

    let found = shrunk(&place, &[&arguments[..], &["--relay-plan", &plan]].concat());

    assert_eq!((&found["faults_before"], &found["faults"]), (&json!(5), &json!(1)));
    assert_eq!(found["plan"][0]["broadcast"][0]["fate"], "twice", "{found:#}");
}

#[test]
fn symbols_that_come_by_turns_are_what_a_device_fails_by_that_forgets_between_cycles() {
    let place = Place::new();
    let scenario = under_loss("hears-the-odd-and-the-even-symbols-by-turns-installs-the-update");
    let plan = plan_file(
        &place,
        &json!([
            {"kind": {"symbol-of": "command"}, "which": {"number": 1}, "fate": "twice"},
            {"kind": {"symbol-of": "package"}, "which": "by-turns", "fate": "drop"},
            {"kind": "closing", "which": "all", "fate": "twice"},
        ]),
    );
    let arguments = ["--scenario", &scenario, "--deviation", "device.forgets-between-cycles", "--relay-plan", &plan];

    let found = shrunk(&place, &arguments);

    let by_turns = json!([{"kind": {"symbol-of": "package"}, "which": "by-turns", "fate": "drop"}]);
    assert_eq!(found["plan"][0]["broadcast"], by_turns, "{found:#}");
}

#[test]
fn the_end_of_the_budget_keeps_the_best_so_far() {
    let place = Place::new();
    let scenario = under_loss("loses-the-first-two-file-tables-installs-the-update");
    let arguments = ["shrink", "--scenario", &scenario, "--deviation", "device.gives-up-after-a-cycle"];

    let left = place.run(&[&arguments[..], &["--budget", "1ms"]].concat());

    assert_eq!(left.code, Some(101), "{}\n{}", left.out, left.err);
    assert_words(&left.out, &["fails with 2 of 2 faults", "the budget is spent", "repeat  castproof certify"]);
    let kept = fs::read(place.path(&format!("reports/runs/{scenario}.relay-plan.json"))).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&kept).unwrap()[0]["device"], "D1");
}

#[test]
fn what_cannot_be_shrunk_is_said_with_a_hint() {
    let place = Place::new();
    let scenario = under_loss("loses-the-first-two-file-tables-installs-the-update");
    let refused = |Left { code, err, .. }: Left, words: &[&str]| {
        assert_eq!(code, Some(2), "{err}");
        assert_words(&err, words);
    };

    refused(place.run(&["shrink", "--scenario", &scenario]), &["does not fail: pass", "hint: name the --deviation"]);
    refused(place.run(&["shrink", "--scenario", "delivery-under-loss"]), &["one scenario is shrunk at a time"]);
    refused(place.run(&["shrink", "--scenario", &scenario, "--deviation", "device.gives-up"]), &["did you mean"]);
}

#[test]
fn a_relay_plan_that_cannot_be_carried_out_is_refused_before_anything_runs() {
    let place = Place::new();
    let scenario = under_loss("loses-the-first-two-file-tables-installs-the-update");
    let odd = plan_file(&place, &json!([{"kind": "table", "which": "all", "fate": "explode"}]));

    let err = place.refusal(&["--scenario", &scenario, "--relay-plan", &odd]);
    assert_words(&err, &["the relays know no rule", "for Device `D1`", "explode"]);
    let err = place.refusal(&["--scenario", &scenario, "--relay-plan", "no-such-file.json"]);
    assert_words(&err, &["read the relay plan `no-such-file.json`"]);
    fs::write(place.path("empty.json"), "[]").unwrap();
    let err = place.refusal(&["--scenario", "delivery-under-loss", "--relay-plan", "empty.json"]);
    assert_words(&err, &["a relay plan is for one scenario"]);
}
