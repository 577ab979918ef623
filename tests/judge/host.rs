//! What a slow host keeps from being judged: it is said to be the host's doing, and only then tried once more.

use std::time::Duration;

use castproof::capture::Side;
use castproof::findings::Verdict::{self, Fail, Inconclusive, Pass};
use castproof::judge::{Check, Outcome, last_report, peak_bound};
use castproof::spec::Timestamp;

use super::tape::{FENCE, START, Session, Tape, status};

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// The names of so many Devices.
fn population(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("D{number}")).collect()
}

fn tape_for(devices: &[String]) -> Tape {
    let names: Vec<&str> = devices.iter().map(String::as_str).collect();
    let mut tape = Tape::new(&names);
    tape.campaign("spring-patch", 1);
    tape
}

/// Reports of as many Devices, each so many milliseconds after the end of transmission.
fn reporting(delays: &[u64]) -> (Tape, Vec<String>) {
    let devices = population(delays.len());
    let mut tape = tape_for(&devices);
    for (device, delay) in devices.iter().zip(delays) {
        tape.at(100 + delay).report(device, "spring-patch", 200);
    }
    (tape, devices)
}

fn spread(delays: &[u64], window: u64, lag: u64) -> Outcome {
    let (tape, devices) = reporting(delays);
    tape.judge(&Check::ReportSpread { devices, window: ms(window), lag: ms(lag), fence: FENCE.into() })
}

fn rate(delays: &[u64], window: u64, lag: u64) -> Outcome {
    let (tape, devices) = reporting(delays);
    let span = ms(100);
    let most = peak_bound(devices.len(), ms(window), span);
    tape.judge(&Check::ReportRate { devices, most, span, window: ms(window), lag: ms(lag), fence: FENCE.into() })
}

/// Twenty Devices that meet an overloaded server twice, and draw these parts of their doubled windows each time.
fn redraws(share: impl Fn(usize) -> f64, lag: u64) -> Outcome {
    let (retry, window) = (ms(100), ms(200));
    let devices = population(20);
    let mut tape = tape_for(&devices);
    for (index, device) in devices.iter().enumerate() {
        let mut at = ms(200);
        for attempt in 1..=3 {
            let session = Session::new(device, &attempt.to_string()).report("spring-patch", 503);
            let session = match attempt {
                3 => session.taken(),
                _ => session.message(Side::Server, vec![status(1, 0, "SyncHdr", 417)]),
            };
            tape.at(u64::try_from(at.as_millis()).unwrap()).session(session);
            at += retry + (window * 2_u32.pow(attempt)).mul_f64(share(index));
        }
    }
    tape.judge(&Check::ReportRedraw { devices, retry, window, lag: ms(lag) })
}

/// The verdict, and whether another try may come to another one.
fn told(outcome: &Outcome) -> (Verdict, bool) {
    (outcome.verdict, outcome.is_of_host)
}

const OF_HOST: (Verdict, bool) = (Inconclusive, true);

#[test]
fn delays_that_a_stall_may_have_pushed_together_are_left_to_another_try() {
    let common = [250; 12];

    assert_eq!(told(&spread(&common, 300, 20)), (Fail, false), "a host that keeps time");
    assert_eq!(told(&spread(&common, 300, 21)), OF_HOST);
    assert_eq!(told(&spread(&[0, 100], 300, 90)), (Inconclusive, false), "another try has no more Devices");
}

#[test]
fn what_no_stall_of_that_length_explains_fails_on_a_slow_host_too() {
    let half: Vec<u64> = (0..200).map(|number| number * 5).collect();
    let even: Vec<u64> = (0..200).map(|number| number * 10).collect();
    // A third of them at once, and the others where they should be.
    let heap: Vec<u64> = (0..200).map(|number| if number % 3 == 0 { 1000 } else { number * 10 }).collect();

    assert_eq!(told(&spread(&half, 2000, 60)), (Fail, false));
    assert_eq!(told(&spread(&half, 2000, 300)), OF_HOST);
    assert_eq!(told(&spread(&even, 2000, 60)), (Pass, false));
    assert_eq!(told(&spread(&heap, 2000, 60)), (Fail, false));
}

#[test]
fn reports_that_a_stall_let_go_at_once_are_left_to_another_try() {
    let at_once = [0; 40];

    assert_eq!(told(&rate(&at_once, 2000, 20)), (Fail, false), "a host that keeps time");
    assert_eq!(told(&rate(&at_once, 2000, 30)), (Fail, false), "more than were due in that time");
    assert_eq!(told(&rate(&at_once, 2000, 200)), OF_HOST);
    let even: Vec<u64> = (0..40).map(|number| number * 50).collect();
    assert_eq!(told(&rate(&even, 2000, 200)), (Pass, false));
    // Whoever is doubted to have joined in time has reported the less, and not the more.
    assert!(rate(&at_once, 2000, 20).is_beyond_doubt);
}

#[test]
fn draws_for_an_overloaded_server_that_a_stall_may_have_lengthened_are_left_to_another_try() {
    let even = |index: usize| index as f64 / 19.0;
    let close = |index: usize| 0.8 + index as f64 / 190.0;

    assert_eq!(told(&redraws(even, 0)), (Pass, false));
    assert_eq!(told(&redraws(close, 0)), (Fail, false));
    assert_eq!(told(&redraws(close, 10)), (Fail, false), "ten milliseconds do not explain it");
    assert_eq!(told(&redraws(close, 60)), OF_HOST);
    // A stall makes a pause longer and never shorter.
    assert_eq!(told(&redraws(|index| even(index) / 4.0, 60)), (Fail, false));
}

#[test]
fn the_last_report_is_none_that_answers_a_roll_call() {
    let (mut tape, _) = reporting(&[10, 300, 20]);
    tape.at(900).roll_call(&["D1"]);

    assert_eq!(last_report(&tape.timeline()), Some(Timestamp::from_millis(START + 400)));
    assert_eq!(last_report(&tape_for(&population(1)).timeline()), None);
}
