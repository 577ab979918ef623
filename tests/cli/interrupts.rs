//! Ctrl-C and its like: what was found is kept, and nothing is left behind.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use castproof::findings::{Extent, Verdict};
use castproof::net::Clock;

use super::place::{DEADLINE, Place, assert_words, signal, text_of, wait};

/// How long a run may go on after it was told to end: it ends within a second, and more only where its host has other work.
/// A run that waits for its scenarios goes on for longer by far.
const END_DEADLINE: Duration = Duration::from_secs(10);

/// The inodes of a process's sockets.
fn sockets_of(process: u32) -> BTreeSet<String> {
    let Ok(entries) = fs::read_dir(format!("/proc/{process}/fd")) else { return BTreeSet::new() };
    let links = entries.flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
    let names = links.map(|link| link.display().to_string());
    names.filter_map(|name| Some(name.strip_prefix("socket:[")?.trim_end_matches(']').to_owned())).collect()
}

/// The inodes of all UDP sockets of this host.
fn udp_sockets() -> BTreeSet<String> {
    let table = fs::read_to_string("/proc/net/udp").unwrap();
    table.lines().skip(1).filter_map(|line| line.split_whitespace().nth(9).map(str::to_owned)).collect()
}

fn work_folders(process: u32) -> Vec<PathBuf> {
    let own = format!("castproof-{process}-");
    let entries = ["/dev/shm", "/tmp"].into_iter().filter_map(|folder| fs::read_dir(folder).ok());
    let paths = entries.flatten().flatten().map(|entry| entry.path());
    paths.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&own))).collect()
}

/// Waits until scenarios are under way, which between two of them may be none for a moment: at least `least` sockets are
/// open, and a work folder is there. Gives the sockets.
fn until_under_way(process: u32, least: usize) -> BTreeSet<String> {
    let clock = Clock::start();
    let begin = clock.now();
    loop {
        let sockets = sockets_of(process);
        if sockets.len() >= least && !work_folders(process).is_empty() {
            return sockets;
        }
        assert!(clock.now().since(begin) < DEADLINE, "nothing came under way: {} sockets", sockets.len());
        std::thread::yield_now();
    }
}

fn interrupted_by(name: &str) {
    let place = Place::new();
    // Under `nohup` this test would hand on that a closed terminal is nothing to heed.
    let mut command = Command::new("env");
    command.args(["--default-signal=HUP", env!("CARGO_BIN_EXE_castproof"), "certify", "--jobs", "2"]);
    command.current_dir(place.folder.path()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let (id, err) = (child.id(), text_of(child.stderr.take().unwrap()));
    let mut out = BufReader::new(child.stdout.take().unwrap());
    // One scenario is over, so others are under way.
    let mut lines = String::new();
    while !lines.contains('✔') {
        assert!(out.read_line(&mut lines).unwrap() > 0, "{lines}");
    }
    // Between two scenarios there may be none for a moment.
    let during = until_under_way(id, 1);

    signal(id, name);
    let rest = text_of(out);
    let status = wait(child, END_DEADLINE);

    let (rest, err) = (rest.recv().unwrap(), err.recv().unwrap());
    assert_eq!(status.code(), Some(101), "{rest}\n{err}");
    assert_words(&rest, &["interrupted", "marked partial", "PARTIAL", "written to reports/runs/"]);
    let (run, findings) = place.findings();
    assert_eq!((findings.extent, findings.conformant), (Extent::Partial, false));
    let (over, broken_off): (Vec<_>, Vec<_>) =
        findings.scenarios.iter().partition(|scenario| scenario.verdict == Verdict::Pass);
    assert!(!over.is_empty() && run.join("junit.xml").is_file());
    let chosen = lines.split(" of ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    let not_run = chosen.parse::<usize>().unwrap() - findings.scenarios.len();
    assert_words(&rest, &[&format!(" · {not_run} not run · ")]);
    for scenario in broken_off {
        assert_eq!((scenario.verdict, scenario.repeat.is_empty()), (Verdict::Inconclusive, false));
        assert!(scenario.faults.iter().any(|fault| fault.contains("interrupted")), "{:?}", scenario.faults);
        assert!(run.join(scenario.capture.as_ref().unwrap()).is_file());
    }
    assert_eq!(udp_sockets().intersection(&during).count(), 0);
    assert_eq!(work_folders(id), Vec::<PathBuf>::new());
}

#[test]
fn an_interrupted_run_keeps_what_was_found_and_leaves_nothing_behind() {
    interrupted_by("INT");
    interrupted_by("TERM");
    interrupted_by("HUP");
}

#[test]
fn a_run_that_was_told_to_outlive_its_terminal_does() {
    let place = Place::new();
    let mut command = Command::new("bash");
    // What `nohup` does.
    let script = "trap '' HUP; exec \"$0\" certify --scenario six-notifications-of-an-update";
    command.args(["-c", script, env!("CARGO_BIN_EXE_castproof")]).current_dir(place.folder.path());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (id, err) = (child.id(), text_of(child.stderr.take().unwrap()));
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut String::new()).unwrap();
    until_under_way(id, 6);

    signal(id, "HUP");
    let rest = text_of(out);
    let status = wait(child, DEADLINE);

    let (rest, err) = (rest.recv().unwrap(), err.recv().unwrap());
    assert_eq!(status.code(), Some(0), "{rest}\n{err}");
    assert_words(&rest, &["SELECTION PASSED"]);
}

#[test]
fn a_run_that_is_interrupted_at_once_is_partial_too() {
    let place = Place::new();
    // A scenario that takes longer than it takes to send a signal.
    let mut child = place.command(&["certify", "--scenario", "six-notifications-of-an-update"]).spawn().unwrap();
    let id = child.id();
    let err = text_of(child.stderr.take().unwrap());
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    // The header is printed before the sockets of the scenario are opened.
    until_under_way(id, 6);

    signal(id, "INT");
    let rest = text_of(out);
    let status = wait(child, END_DEADLINE);

    let (rest, err) = (rest.recv().unwrap(), err.recv().unwrap());
    assert_eq!(status.code(), Some(101), "{rest}\n{err}");
    let (_, findings) = place.findings();
    assert_eq!(findings.extent, Extent::Partial);
    assert!(findings.scenarios.iter().all(|scenario| scenario.verdict == Verdict::Inconclusive));
}
