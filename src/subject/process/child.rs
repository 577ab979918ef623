//! An adapter's process and everything it starts: one process group, ended together, whatever ends castproof's interest.

use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

use super::carrier::AdapterPlan;
use crate::net::Clock;

/// How often a process is asked whether it still lives.
const TICK: Duration = Duration::from_millis(20);

/// The three streams of an adapter.
pub(super) struct Streams {
    pub(super) stdin: ChildStdin,
    pub(super) stdout: ChildStdout,
    pub(super) stderr: ChildStderr,
}

/// The processes of an adapter: it leads a group of its own, and what it starts belongs to that group unless it takes pains
/// to leave it.
///
/// Dropping this ends the whole group at once, so nothing stays behind after an error, after Ctrl-C or after a panic. The
/// leader is not reaped before the group has been ended: until then nobody else can be given the group's number.
pub(super) struct Group {
    child: Child,
    leader: Option<Pid>,
}

impl Group {
    /// Starts an adapter.
    pub(super) fn start(plan: &AdapterPlan) -> io::Result<(Self, Streams)> {
        let mut command = Command::new(&plan.program);
        command.args(&plan.arguments).current_dir(&plan.folder).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let leader = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
        let streams = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let group = Self { child, leader };
        match streams {
            (Some(stdin), Some(stdout), Some(stderr)) => Ok((group, Streams { stdin, stdout, stderr })),
            _ => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// The leader's number.
    pub(super) fn leader(&self) -> Option<u32> {
        self.leader.and_then(|leader| u32::try_from(leader.as_raw()).ok())
    }

    /// Completes when the leader has ended, by itself or not. It is not reaped by that.
    pub(super) async fn ended(&self, clock: Clock) {
        while self.is_alive() {
            clock.sleep_until(clock.now() + TICK).await;
        }
    }

    fn is_alive(&self) -> bool {
        let options = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT | WaitPidFlag::WNOHANG;
        self.leader.is_some_and(|leader| matches!(waitid(Id::Pid(leader), options), Ok(WaitStatus::StillAlive)))
    }

    /// Ends whatever is left of the group, and says how the leader ended.
    pub(super) async fn end(mut self) -> Ending {
        self.kill();
        self.leader = None;
        Ending(self.child.wait().await.ok())
    }

    fn kill(&self) {
        if let Some(leader) = self.leader {
            // A group of which nobody is left is ended already.
            let _ = killpg(leader, Signal::SIGKILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

/// How a process ended. It carries no verdict: exit codes do not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ending(Option<ExitStatus>);

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.map(|status| (status.code(), status.signal())) {
            Some((Some(code), _)) => write!(f, "ended with exit code {code}"),
            Some((None, Some(signal))) => write!(f, "was ended by signal {signal}"),
            _ => f.write_str("ended"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use tokio::io::AsyncReadExt;

    use super::*;

    fn shell(script: &str) -> AdapterPlan {
        AdapterPlan {
            program: PathBuf::from("/bin/sh"),
            arguments: vec!["-c".into(), script.into()],
            folder: PathBuf::from("."),
        }
    }

    /// Whether any process of the group is left; one that nobody has reaped yet is not counted.
    fn is_left(group: Pid) -> bool {
        let processes = std::fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| std::fs::read_to_string(entry.ok()?.path().join("stat")).ok());
        processes.into_iter().any(|stat| {
            let after_name = stat.rsplit(')').next().unwrap_or_default();
            let columns: Vec<&str> = after_name.split_whitespace().collect();
            columns.first() != Some(&"Z") && columns.get(2) == Some(&group.to_string().as_str())
        })
    }

    async fn is_gone(group: Pid) -> bool {
        let clock = Clock::start();
        for _ in 0..250 {
            if !is_left(group) {
                return true;
            }
            clock.sleep_until(clock.now() + TICK).await;
        }
        false
    }

    #[tokio::test]
    async fn dropping_a_group_ends_what_the_adapter_has_started_too() {
        let (group, mut streams) = Group::start(&shell("sleep 600 & sleep 600 & echo up; wait")).unwrap();
        let mut up = [0; 3];
        streams.stdout.read_exact(&mut up).await.unwrap();
        let leader = group.leader.unwrap();
        assert!(is_left(leader));

        drop(group);

        assert!(is_gone(leader).await);
    }

    #[tokio::test]
    async fn the_end_of_an_adapter_is_told_though_a_child_of_it_holds_its_streams() {
        let (group, _streams) = Group::start(&shell("sleep 600 & exit 3")).unwrap();
        let leader = group.leader.unwrap();

        group.ended(Clock::start()).await;
        let ending = group.end().await;

        assert_eq!(ending.to_string(), "ended with exit code 3");
        assert!(is_gone(leader).await);
    }

    #[tokio::test]
    async fn a_signal_is_told_by_its_number() {
        let (group, _streams) = Group::start(&shell("kill -SEGV $$")).unwrap();

        group.ended(Clock::start()).await;

        assert_eq!(group.end().await.to_string(), "was ended by signal 11");
    }
}
