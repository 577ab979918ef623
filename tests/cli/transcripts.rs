//! `castproof transcript`: as JSON, while the file grows, and with keys.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::Child;

use castproof::net::Clock;
use serde_json::Value;

use super::golden;
use super::place::{DEADLINE, Left, Place, assert_words, finish, signal, text_of, wait};

/// The lines of JSON.
fn records(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

#[test]
fn json_lines_begin_with_the_file_and_end_with_the_counts() {
    let place = Place::new();
    fs::write(place.path("x.pcapng"), golden()).unwrap();

    let (plain, json) = (place.run(&["transcript", "x.pcapng"]), place.run(&["transcript", "--json", "x.pcapng"]));

    assert_eq!((plain.code, json.code), (Some(0), Some(0)));
    let records = records(&json.out);
    assert_eq!((&records[0]["record"], &records[0]["file"]), (&"capture".into(), &"x.pcapng".into()));
    let end = records.last().unwrap();
    assert_eq!((&end["record"], &end["unread"], end.get("broken")), (&"end".into(), &0.into(), None));
    for kind in ["step", "notification", "file-table", "symbols", "command", "request", "response"] {
        assert!(records.iter().any(|record| record["fact"]["kind"] == kind), "no {kind} in\n{}", json.out);
    }
    // Every line of the page is there in the same words.
    let texts = records.iter().filter_map(|record| record["text"].as_str());
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let page = words(&plain.out.lines().map(|line| line.trim_matches('─')).collect::<Vec<_>>().join(" "));
    for text in texts {
        assert!(page.contains(&words(text)), "{text}");
    }
}

#[test]
fn json_of_a_broken_capture_says_where_it_breaks() {
    let place = Place::new();
    let whole = golden();
    fs::write(place.path("x.pcapng"), &whole[..whole.len() / 2]).unwrap();

    let left = place.run(&["transcript", "--json", "x.pcapng"]);

    assert_eq!(left.code, Some(2));
    let last = records(&left.out).pop().unwrap();
    assert!(last["broken"].as_str().is_some_and(|words| words.contains("the file ends inside a block")), "{last}");
}

/// A run in progress whose one capture is there by half, and somebody who follows it.
fn followed(place: &Place) -> (PathBuf, Vec<u8>, Child, BufReader<std::process::ChildStdout>) {
    let whole = golden();
    fs::create_dir_all(place.path("run/captures")).unwrap();
    let path = place.path("run/captures/x.pcapng");
    // In the middle of a block, as a writer leaves it.
    fs::write(&path, &whole[..whole.len() / 2 + 1]).unwrap();
    let mut child = place.command(&["transcript", "--follow", "run/captures/x.pcapng"]).spawn().unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    (path, whole, child, out)
}

/// What came out until a line holds `words`.
fn until(out: &mut impl BufRead, words: &str) -> String {
    let mut text = String::new();
    while !text.contains(words) {
        assert!(out.read_line(&mut text).unwrap() > 0, "`{words}` is not in:\n{text}");
    }
    text
}

fn ended(mut child: Child, mut out: impl BufRead + Send + 'static) -> Left {
    let err = text_of(child.stderr.take().unwrap());
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    Left { code: wait(child, DEADLINE).code(), out: rest, err: err.recv().unwrap() }
}

#[test]
fn a_capture_that_grows_is_followed_until_its_run_has_ended() {
    let place = Place::new();
    let (path, whole, child, mut out) = followed(&place);

    let first = until(&mut out, "FDT 1 of TSI");
    let mut file = fs::File::options().append(true).open(&path).unwrap();
    for part in whole[whole.len() / 2 + 1..].chunks(1000) {
        file.write_all(part).unwrap();
    }
    fs::write(place.path("run/junit.xml"), "").unwrap();
    let left = ended(child, out);

    assert_eq!((left.code, left.err.as_str()), (Some(0), ""));
    let messages = |text: &str| text.matches(": Status 2").count();
    let complete = place.run(&["transcript", "run/captures/x.pcapng"]);
    assert!(messages(&complete.out) > 0);
    assert_eq!(messages(&first) + messages(&left.out), messages(&complete.out), "{first}{}", left.out);
}

/// A run of one scenario that takes a while.
const RUN: [&str; 3] = ["certify", "--scenario", "six-notifications-of-an-update"];

/// The file that a recording of the run grows in.
fn growing(place: &Place, run: &mut Child) -> PathBuf {
    let mut header = String::new();
    BufReader::new(run.stdout.as_mut().unwrap()).read_line(&mut header).unwrap();
    let clock = Clock::start();
    let begin = clock.now();
    loop {
        let runs = fs::read_dir(place.path("reports/runs")).into_iter().flatten().flatten();
        let files = runs.flat_map(|run| fs::read_dir(run.path().join("captures")).into_iter().flatten().flatten());
        let grown = files.map(|file| file.path()).find(|path| fs::metadata(path).is_ok_and(|data| data.len() > 1000));
        if let Some(path) = grown {
            return path;
        }
        assert!(clock.now().since(begin) < DEADLINE, "nothing is recorded");
        std::thread::yield_now();
    }
}

#[test]
fn a_scenario_in_progress_is_followed_to_its_end() {
    let place = Place::new();
    let mut run = place.command(&RUN).spawn().unwrap();
    let path = growing(&place, &mut run);

    let follower = place.command(&["transcript", "--follow", path.to_str().unwrap()]).spawn().unwrap();
    let left = finish(follower, DEADLINE);

    assert_eq!(wait(run, DEADLINE).code(), Some(0));
    assert_eq!((left.code, left.err.as_str()), (Some(0), ""));
    let whole = place.run(&["transcript", path.to_str().unwrap()]);
    assert_eq!(left.out, whole.out);
}

#[test]
fn what_was_recorded_of_a_scenario_survives_a_run_that_is_killed() {
    let place = Place::new();
    let mut run = place.command(&RUN).spawn().unwrap();
    let path = growing(&place, &mut run);

    run.kill().unwrap();
    run.wait().unwrap();

    let left = place.run(&["transcript", path.to_str().unwrap()]);
    assert_words(&left.out, &["Push · Package #0"]);
    assert_ne!(left.code, Some(2), "{}", left.err);
}

#[test]
fn following_ends_on_interrupt_with_what_was_there() {
    let place = Place::new();
    let (_, _, child, mut out) = followed(&place);
    until(&mut out, "FDT 1 of TSI");

    signal(child.id(), "INT");
    let left = ended(child, out);

    assert_eq!((left.code, left.err.as_str()), (Some(0), ""));
}

#[test]
fn a_key_on_the_command_line_is_what_signatures_are_checked_with() {
    let place = Place::new();
    fs::write(place.path("x.pcapng"), golden()).unwrap();
    // The key of RFC 8032, which did not sign this.
    let key = "sp-key-1=d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

    let (without, with) =
        (place.run(&["transcript", "x.pcapng"]), place.run(&["transcript", "x.pcapng", "--key", key]));
    let odd = place.run(&["transcript", "x.pcapng", "--key", "sp-key-1=d75a"]);

    assert_words(&without.out.replace('\n', " "), &["key sp-key-1, unverified"]);
    assert!(!with.out.contains("unverified") && with.out.contains("wrong"), "{}", with.out);
    assert_eq!(odd.code, Some(2));
    assert_words(&odd.err, &["the key has 2 octets, not 32"]);
}
