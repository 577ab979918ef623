//! What an adapter writes does not fill castproof's memory.

use std::process::Child;
use std::time::Duration;

use super::adapter;
use super::place::{DEADLINE, Left, Place, assert_words, finish};

/// How much more memory a line of 100 MB may cost than a sound adapter, in octets: less than a tenth of the line.
const MOST_MORE: u64 = 8 << 20;

/// The most memory that a process was seen to have in use, in octets, and what it left.
///
/// The kernel keeps the high-water mark; it is read until the process has ended.
fn peak_of(child: Child) -> (u64, Left) {
    let status = format!("/proc/{}/status", child.id());
    let watch = std::thread::spawn(move || {
        let mut peak = 0;
        // The file of a process that has ended and was not waited for has no such line.
        while let Some(seen) = std::fs::read_to_string(&status).ok().as_deref().and_then(high_water) {
            peak = seen.max(peak);
            std::thread::park_timeout(Duration::from_millis(1));
        }
        peak
    });
    let left = finish(child, DEADLINE);
    (watch.join().unwrap(), left)
}

fn high_water(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[test]
fn a_line_of_100_mb_costs_no_more_memory_than_the_longest_that_is_allowed() {
    let place = Place::new();
    let castproof = env!("CARGO_BIN_EXE_castproof");
    let probe = |adapter: &[&str]| {
        let mut command = place.command(&[&["probe", "--"], adapter].concat());
        command.env("CASTPROOF", castproof);
        peak_of(command.spawn().unwrap())
    };

    let (usual, _) = probe(&[castproof, "reference", "device"]);
    let (huge, left) = probe(&[&adapter("huge-line")]);

    assert_words(&left.out, &["a line of more than 1048576 octets"]);
    assert!(usual > 0 && huge < usual + MOST_MORE, "{huge} octets for the line, {usual} for a sound adapter");
}
