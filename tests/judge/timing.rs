//! Checks on when reports come.

use std::time::Duration;

use castproof::findings::Verdict::{Fail, Inconclusive, Pass};
use castproof::judge::{Check, Outcome};

use super::tape::{COMMAND, FENCE, PACKAGE, Session, Tape, assert_outcome, names, spring};

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn window(earliest: u64, latest: u64) -> Check {
    let (earliest, latest) = (ms(earliest), ms(latest));
    Check::ReportWindow { devices: names(&["D1"]), earliest, latest, tolerance: ms(50), fence: FENCE.into() }
}

#[test]
fn a_report_comes_inside_its_window_after_the_end_of_transmission() {
    let table = [(250, Pass), (199, Fail), (200, Pass), (550, Pass), (551, Inconclusive), (90, Fail)];

    for (at, verdict) in table {
        let mut tape = Tape::new(&["D1"]);
        tape.announce("spring-patch", 1).at(100).symbol(1, 1, 0, true).close(1);
        tape.at(at).report("D1", "spring-patch", 410);

        let outcome = tape.judge(&window(100, 400));

        assert_eq!((outcome.verdict, outcome.packet.is_some()), (verdict, true), "{at}: {outcome:?}");
    }
}

#[test]
fn a_report_before_the_end_of_transmission_is_early_even_where_the_window_begins_at_once() {
    let mut tape = Tape::new(&["D1"]);
    tape.announce("spring-patch", 1).at(50).report("D1", "spring-patch", 410);
    tape.at(100).symbol(1, 1, 0, true).close(1);

    assert_outcome(&tape.judge(&window(0, 400)), Fail, "reported before it");
}

#[test]
fn either_flag_ends_a_transmission_to_the_benefit_of_the_device() {
    let judge = |code, table: bool, earliest| {
        let mut tape = Tape::new(&["D1"]);
        tape.announce("spring-patch", 1);
        if table {
            tape.table(1, &[(1, COMMAND, 1024), (2, PACKAGE, 3000), (3, "http://sp.example/other.bin", 9)], 60_000);
        }
        tape.at(100).symbol(1, 1, 0, true).at(150).symbol(1, 2, 0, true).at(200).symbol(1, 3, 0, true);
        tape.at(300).close(1).at(260).report("D1", "spring-patch", code).judge(&window(earliest, 400))
    };

    // The Command was closed at 100 ms, the package at 150 ms. A Device without room for the package wants the Command
    // alone.
    assert_outcome(&judge(501, true, 160), Pass, "");
    assert_outcome(&judge(501, true, 161), Fail, "160.0 ms");
    // One that installed it wanted both, and nothing else.
    assert_outcome(&judge(200, true, 110), Pass, "");
    assert_outcome(&judge(200, true, 111), Fail, "110.0 ms");
    assert_outcome(&judge(200, false, 160), Pass, "");
}

#[test]
fn each_report_is_held_against_the_transmission_of_its_own_campaign() {
    let mut tape = Tape::new(&["D1"]);
    tape.campaign("home-settings", 1).at(1000).campaign("spring-patch", 2).at(1250).report("D1", "spring-patch", 410);
    assert_outcome(&tape.judge(&window(100, 400)), Pass, "250.0 ms");

    let mut other = Tape::new(&["D1"]);
    other.campaign("home-settings", 1).at(1000).campaign("spring-patch", 2).at(1250).report("D1", "home-settings", 410);
    assert_outcome(&other.judge(&window(100, 400)), Inconclusive, "1250.0 ms");
}

/// A report at `at`, and a roll call after it whose answer brings a log with the results of both campaigns, the first
/// so many milliseconds before the second.
fn logged(at: u64, before: i64, expires: Option<u64>) -> Tape {
    let log = format!("1 spring-patch 410 {}\n900 {FENCE} 200 50000", 50_000 - before);
    let answer = Session::new("D1", "FE").report(FENCE, 200).taken().results(&[("./StatusLog", &log)]);
    let mut tape = Tape::new(&["D1"]);
    tape.announce("spring-patch", 1).at(100);
    if let Some(expires) = expires {
        tape.table(1, &[], expires);
    }
    tape.symbol(1, 1, 0, true).close(1);
    tape.at(at).report("D1", "spring-patch", 410).at(5000).campaign(FENCE, 900).session(answer);
    tape
}

#[test]
fn a_late_report_fails_where_the_devices_log_shows_that_its_result_came_early() {
    // By the log the result came at 100 ms at the latest: 4,900 ms before the roll call was answered.
    assert_outcome(&logged(551, 4900, None).judge(&window(100, 400)), Fail, "451.0 ms");
    // At 200 ms at the latest: the Device may have drawn again from then.
    assert_outcome(&logged(551, 4800, None).judge(&window(100, 400)), Inconclusive, "nothing shows");
    assert_outcome(&logged(651, 4800, None).judge(&window(100, 400)), Fail, "551.0 ms");
    // A Device that left the group counts from `Expires`.
    assert_outcome(&logged(1551, 4900, Some(2000)).judge(&window(100, 400)), Inconclusive, "nothing shows");
    assert_outcome(&logged(2451, 4900, Some(2000)).judge(&window(100, 400)), Fail, "2351.0 ms");
    // A log that contradicts itself shows nothing.
    assert_outcome(&logged(551, -1, None).judge(&window(100, 400)), Inconclusive, "nothing shows");
}

#[test]
fn without_an_end_of_transmission_no_window_can_be_judged() {
    let mut tape = Tape::new(&["D1"]);
    tape.announce("spring-patch", 1).symbol(1, 1, 0, false).at(250).report("D1", "spring-patch", 503);

    assert_outcome(&tape.judge(&window(100, 400)), Inconclusive, "no end of transmission");
    assert_outcome(&spring().judge(&window(100, 400)), Inconclusive, "sent no report");
    let mut fenced = spring();
    assert_outcome(&fenced.at(500).roll_call(&["D1"]).judge(&window(100, 400)), Fail, "sent no report");
}

/// Twelve reports, or fewer, at these delays.
fn spread(delays: &[u64], lag: u64) -> Outcome {
    let all: Vec<String> = (1..=delays.len()).map(|number| format!("D{number}")).collect();
    let devices: Vec<&str> = all.iter().map(String::as_str).collect();
    let mut tape = Tape::new(&devices);
    tape.campaign("spring-patch", 1);
    for (device, delay) in devices.iter().zip(delays) {
        tape.at(100 + delay).report(device, "spring-patch", 200);
    }
    tape.judge(&Check::ReportSpread { devices: all, window: ms(300), lag: ms(lag), fence: FENCE.into() })
}

#[test]
fn delays_differ_as_draws_from_a_window_do() {
    let even: Vec<u64> = (0..12).map(|number| number * 25).collect();
    let common: Vec<u64> = (0..12).map(|number| 150 + number).collect();

    assert_outcome(&spread(&even, 20), Pass, "12 delay(s) from 100.0 to 375.0 ms");
    // One common draw, told apart only by the host that works the Devices off one after the other.
    assert_outcome(&spread(&common, 0), Fail, "from 250.0 to 261.0 ms");
    assert_outcome(&spread(&[0], 0), Inconclusive, "too few");
    assert_outcome(&spread(&[0, 100], 0), Inconclusive, "too few");
    let unheard = Check::ReportSpread { devices: names(&["D1"]), window: ms(300), lag: ms(0), fence: FENCE.into() };
    assert_outcome(&spring().judge(&unheard), Inconclusive, "sent no report");
}

#[test]
fn a_crowd_is_no_draw_even_with_one_device_apart_from_it() {
    let crowd =
        |size: u64| -> Vec<u64> { (0..12).map(|number| if number < size { 200 } else { number * 8 }).collect() };
    let apart: Vec<u64> = (0..12).map(|number| if number == 0 { 8 } else { 100 + number % 3 }).collect();

    assert_outcome(&spread(&apart, 0), Fail, "10 or more of them from 200.0 ms on");
    assert_outcome(&spread(&crowd(10), 0), Fail, "10 or more of them from 300.0 ms on");
    assert_outcome(&spread(&crowd(9), 0), Pass, "");
}

#[test]
fn a_host_that_stalled_passes_only_what_it_could_not_have_pulled_apart() {
    let common = [250; 12];
    let even: Vec<u64> = (0..12).map(|number| number * 25).collect();
    let pulled: Vec<u64> = (0..12).map(|number| 100 + number * 10).collect();

    assert_outcome(&spread(&common, 21), Inconclusive, "waiting for 21.0 ms");
    assert_outcome(&spread(&even, 21), Pass, "12 delay(s)");
    assert_outcome(&spread(&even, 90), Inconclusive, "waiting for 90.0 ms");
    assert_outcome(&spread(&pulled, 30), Pass, "12 delay(s)");
    assert_outcome(&spread(&pulled, 31), Inconclusive, "waiting for 31.0 ms");
    // One heap, and a few that a stall has cut off.
    let heap: Vec<u64> = (0..12).map(|number| if number < 2 { 0 } else { 290 }).collect();
    assert_outcome(&spread(&heap, 30), Inconclusive, "waiting for 30.0 ms");
}
