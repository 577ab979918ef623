//! `castproof probe` and the adapters that it is there for.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::place::{Place, assert_words, signal, wait};
use super::{adapter, run};

/// How long a probe of an adapter may take that does not keep a deadline; its start alone may take ten seconds.
const LATEST: Duration = Duration::from_secs(60);

#[test]
fn every_broken_adapter_ends_in_the_words_meant_for_it() {
    let table: [(&str, i32, &[&str]); 22] = [
        ("liar", 100, &["listening", "nobody was a member", "answer `listen` only when the join has succeeded"]),
        ("yes-sayer", 100, &["unknown-verb", "the adapter says that it was done", "proves nothing"]),
        ("two-faced", 100, &["hello-twice", "answered otherwise: shell number 2", "does not change while it runs"]),
        ("not-sent", 100, &["pushed", "nothing came to 239.255.", "IP_MULTICAST_IF"]),
        ("sleeper", 101, &["open", "it did not answer `open` within"]),
        ("crasher", 101, &["it was ended by signal 11; its last words: `Segmentation fault, as it were`"]),
        ("exit-zero", 101, &["listening", "it ended with exit code 0"]),
        ("endless", 101, &["it writes endlessly what is no message", "are no messages, the first: `this line"]),
        ("wrong-ids", 101, &["an answer to request 1004, which was not asked", "answer each request once"]),
        ("half-line", 101, &["a line without its end", "it ended with exit code 0"]),
        ("two-outcomes", 101, &["exactly one of `ok`, `unsupported` and `error`"]),
        ("twice", 100, &["lines", "which was not asked, or was answered before"]),
        ("huge-line", 100, &["a line of more than 1048576 octets"]),
        ("no-json", 100, &["a line that is no JSON object"]),
        ("chatterer", 100, &["6 line(s) on its standard output are no messages, the first: `opening now`"]),
        ("deaf-to-bye", 100, &["it did not end after `bye`, and was ended"]),
        ("one-at-a-time", 100, &["it has one instance at a time"]),
        ("unknown-member", 100, &["listening"]),
        (
            "wrong-version",
            2,
            &["the adapter wants protocol 9; this castproof speaks protocol 1", "hint: answer `hello`"],
        ),
        ("unknown-capability", 2, &["no capability is called `status-logs`; did you mean `status-log`?"]),
        ("absent", 2, &["it ended with exit code 7; its last words: `no licence found`"]),
        ("mute", 2, &["it did not answer `hello` within", "hint: an adapter reads JSON Lines"]),
    ];
    let place = Place::new();

    // Several at a time: most of them wait for a deadline.
    std::thread::scope(|scope| {
        for chunk in table.chunks(6) {
            let place = &place;
            scope.spawn(move || {
                for (name, code, words) in chunk {
                    #[expect(clippy::disallowed_methods, reason = "the deadline is what is tested")]
                    let begin = Instant::now();

                    let left = run(place, &["probe", "--", &adapter(name)]);

                    assert_eq!(left.code, Some(*code), "{name}: {}\n{}", left.out, left.err);
                    let text = format!("{}\n{}", left.out, left.err).replace("      ", " ");
                    assert_words(&text, words);
                    assert!(begin.elapsed() < LATEST, "{name} took {:?}", begin.elapsed());
                }
            });
        }
    });
}

#[test]
fn the_reference_is_honest_in_both_roles_and_says_so_to_programs() {
    let place = Place::new();
    for (role, probe) in [("device", "listening"), ("provider", "pushed")] {
        let command = ["--", env!("CARGO_BIN_EXE_castproof"), "reference", role];

        let left = run(&place, &[&["probe", "--format", "json"], &command[..]].concat());

        assert_eq!(left.code, Some(0), "{}\n{}", left.out, left.err);
        let told: Value = serde_json::from_str(&left.out).unwrap();
        assert_eq!(told["role"], role);
        let probes = told["probes"].as_array().unwrap();
        assert!(probes.iter().all(|one| one["outcome"] == "held"), "{}", left.out);
        assert!(probes.iter().any(|one| one["probe"] == probe), "{}", left.out);
    }
}

#[test]
fn ctrl_c_leaves_nothing_of_an_adapter_behind() {
    let place = Place::new();
    let group = place.path("group");
    let child = place.command(&["probe", "--", &adapter("forker"), group.to_str().unwrap()]).spawn().unwrap();
    let id = child.id();
    let leader = patiently("the adapter's group", || {
        std::fs::read_to_string(&group).ok().filter(|text| text.ends_with('\n')).map(|text| text.trim().to_owned())
    });

    signal(id, "INT");
    let status = wait(child, LATEST);

    assert_eq!(status.code(), Some(101));
    patiently("the end of the adapter's group", || (!is_left(&leader)).then_some(()));
}

/// Looks until something is so.
fn patiently<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    for _ in 0..1000 {
        if let Some(found) = look() {
            return found;
        }
        std::thread::park_timeout(Duration::from_millis(10));
    }
    panic!("{what} did not come about");
}

/// Whether a process of this group is left, one aside that nobody has reaped yet.
fn is_left(group: &str) -> bool {
    let stats = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| std::fs::read_to_string(entry.ok()?.path().join("stat")).ok());
    stats.into_iter().any(|stat| {
        let columns: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        columns.first() != Some(&"Z") && columns.get(2) == Some(&group)
    })
}
