//! How long an adapter's processes waited for a processor that others had: by the kernel's word, what this host added to their
//! times. It is read in `/proc`, and nothing is known of a box that is elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

/// Threads that are looked at: an adapter may start as many as it likes.
const MOST_THREADS: usize = 1000;

/// How long each thread has waited for a processor since it began.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProcessorWaits(BTreeMap<u32, Duration>);

impl ProcessorWaits {
    /// Those of a process and of everything that it has started; none where the kernel does not tell.
    pub(super) fn of_family(leader: u32) -> Self {
        let (mut waits, mut seen, mut next) = (BTreeMap::new(), BTreeSet::new(), vec![leader]);
        while let Some(process) = next.pop() {
            if !seen.insert(process) || waits.len() >= MOST_THREADS {
                continue;
            }
            let Ok(threads) = std::fs::read_dir(format!("/proc/{process}/task")) else { continue };
            for thread in threads.flatten() {
                let Some(number) = thread.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
                let read =
                    |name: &str| std::fs::read_to_string(thread.path().join(Path::new(name))).unwrap_or_default();
                next.extend(read("children").split_ascii_whitespace().filter_map(|child| child.parse::<u32>().ok()));
                if let Some(wait) = wait_of(&read("schedstat")) {
                    waits.insert(number, wait);
                }
            }
        }
        Self(waits)
    }

    /// The longest that any thread has waited since `earlier`, all its waits together.
    pub fn longest_since(&self, earlier: &Self) -> Duration {
        let before = |thread: &u32| earlier.0.get(thread).copied().unwrap_or_default();
        self.0.iter().map(|(thread, wait)| wait.saturating_sub(before(thread))).max().unwrap_or_default()
    }
}

/// The second number of `schedstat`: nanoseconds on a run queue.
fn wait_of(schedstat: &str) -> Option<Duration> {
    schedstat.split_ascii_whitespace().nth(1)?.parse().ok().map(Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn only_what_was_waited_since_counts_and_a_thread_that_is_new_counts_from_its_begin() {
        let waits = |list: &[(u32, u64)]| {
            ProcessorWaits(list.iter().map(|(thread, millis)| (*thread, Duration::from_millis(*millis))).collect())
        };
        let (earlier, now) = (waits(&[(1, 500), (2, 10)]), waits(&[(1, 520), (3, 30)]));

        assert_eq!(now.longest_since(&earlier), Duration::from_millis(30));
        assert_eq!(earlier.longest_since(&earlier), Duration::ZERO);
        assert_eq!(ProcessorWaits::default().longest_since(&earlier), Duration::ZERO);
    }

    #[test]
    fn a_process_and_what_it_started_are_looked_at_and_one_that_is_gone_tells_nothing() {
        let script = ["-c", "sleep 60 & echo started; wait"];
        let mut shell =
            std::process::Command::new("/bin/sh").args(script).stdout(std::process::Stdio::piped()).spawn().unwrap();
        let leader = shell.id();
        let mut started = [0; 7];
        shell.stdout.as_mut().unwrap().read_exact(&mut started).unwrap();
        let family = || ProcessorWaits::of_family(leader).0.len();
        let both = family() == 2;
        let child = std::fs::read_to_string(format!("/proc/{leader}/task/{leader}/children")).unwrap();
        let child = nix::unistd::Pid::from_raw(child.trim().parse().unwrap());
        nix::sys::signal::kill(child, nix::sys::signal::Signal::SIGKILL).unwrap();
        shell.wait().unwrap();

        assert!(both);
        assert_eq!(family(), 0);
        assert_eq!((wait_of("5000 70 2\n"), wait_of("")), (Some(Duration::from_nanos(70)), None));
    }
}
