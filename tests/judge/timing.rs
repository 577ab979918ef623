//! Checks on when reports come.

use std::time::Duration;

use castproof::findings::Verdict::{Fail, Inconclusive, Pass};
use castproof::judge::Check;

use super::tape::{Tape, assert_outcome, names, spring};

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn window(earliest: u64, latest: u64) -> Check {
    let (earliest, latest) = (ms(earliest), ms(latest));
    Check::ReportWindow { devices: names(&["D1"]), earliest, latest, tolerance: ms(50) }
}

#[test]
fn a_report_comes_inside_its_window_after_the_end_of_transmission() {
    let table = [(250, Pass), (199, Fail), (200, Pass), (550, Pass), (551, Fail), (90, Fail)];

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
    let mut tape = Tape::new(&["D1"]);
    tape.announce("spring-patch", 1).at(100).symbol(1, 1, 0, true).at(150).symbol(1, 2, 0, true).at(300).close(1);
    tape.at(260).report("D1", "spring-patch", 410);

    // Object 2 was closed at 150 ms, the session at 300 ms.
    assert_outcome(&tape.judge(&window(110, 400)), Pass, "");
    assert_outcome(&tape.judge(&window(111, 400)), Fail, "110.0 ms");
}

#[test]
fn each_report_is_held_against_the_transmission_of_its_own_campaign() {
    let mut tape = Tape::new(&["D1"]);
    tape.campaign("home-settings", 1).at(1000).campaign("spring-patch", 2).at(1250).report("D1", "spring-patch", 410);
    assert_outcome(&tape.judge(&window(100, 400)), Pass, "250.0 ms");

    let mut other = Tape::new(&["D1"]);
    other.campaign("home-settings", 1).at(1000).campaign("spring-patch", 2).at(1250).report("D1", "home-settings", 410);
    assert_outcome(&other.judge(&window(100, 400)), Fail, "1250.0 ms");
}

#[test]
fn without_an_end_of_transmission_no_window_can_be_judged() {
    let mut tape = Tape::new(&["D1"]);
    tape.announce("spring-patch", 1).symbol(1, 1, 0, false).at(250).report("D1", "spring-patch", 503);

    assert_outcome(&tape.judge(&window(100, 400)), Inconclusive, "no end of transmission");
    assert_outcome(&spring().judge(&window(100, 400)), Fail, "sent no report");
}

#[test]
fn delays_differ_as_draws_from_a_window_do() {
    let all: Vec<String> = (1..=12).map(|number| format!("D{number}")).collect();
    let devices: Vec<&str> = all.iter().map(String::as_str).collect();
    let spread = |devices: &[&str], delay: fn(u64) -> u64| {
        let mut tape = Tape::new(devices);
        tape.campaign("spring-patch", 1);
        for (device, number) in devices.iter().zip(0..) {
            tape.at(100 + delay(number)).report(device, "spring-patch", 200);
        }
        tape.judge(&Check::ReportSpread { devices: names(devices), window: ms(300) })
    };

    assert_outcome(&spread(&devices, |number| number * 25), Pass, "12 delay(s) from 100.0 to 375.0 ms");
    // One common draw, told apart only by the host that works the Devices off one after the other.
    assert_outcome(&spread(&devices, |number| 150 + number), Fail, "from 250.0 to 261.0 ms");
    assert_outcome(&spread(&devices[..1], |_| 0), Inconclusive, "too few");
    assert_outcome(&spread(&devices[..2], |number| number * 100), Inconclusive, "too few");
}
