//! A conversation with an adapter, over its standard input and output, with deadlines.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use castproof::adapter::{Answer, DeviceEvent, Incoming, Line, LineReader, Outcome};
use castproof::certify::Profile;
use serde_json::Value;
use tempfile::TempDir;

/// How long a starter may take on a busy host; the first answer may wait for a compiler.
const DEADLINE: Duration = Duration::from_secs(120);

/// Whether a tool that a starter needs is not along `PATH`; says so when it is not.
pub(crate) fn is_missing(tool: &str, language: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let is_missing = !std::env::split_paths(&folders).any(|folder| folder.join(tool).is_file());
    #[expect(clippy::print_stderr, reason = "whoever runs the tests is to see that one was not run")]
    if is_missing {
        eprintln!("\n*** SKIPPED: there is no `{tool}` here, so the {language} starter was not tried ***\n");
    }
    is_missing
}

/// The command.
pub(crate) fn castproof() -> Command {
    Command::new(env!("CARGO_BIN_EXE_castproof"))
}

/// A folder in which `castproof init` has been.
pub(crate) fn initialised(role: &str, language: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut init = castproof();
    let done =
        init.args(["init", "--role", role, "--language", language, "--dir"]).arg(folder.path()).output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    folder
}

/// An adapter that runs.
pub(crate) struct Talk {
    child: Option<Child>,
    input: Option<ChildStdin>,
    lines: Receiver<Line>,
    last: u64,
}

impl Talk {
    /// Starts the adapter of a profile.
    pub(crate) fn start(profile: &Profile) -> Self {
        let launch = profile.launch.as_ref().unwrap();
        let mut command = Command::new(&launch.program);
        command.args(&launch.arguments).current_dir(&launch.folder);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (mut output, (sender, lines)) = (child.stdout.take().unwrap(), mpsc::channel());
        std::thread::spawn(move || {
            let (mut reader, mut octets) = (LineReader::new(), [0; 4096]);
            while let Ok(count @ 1..) = output.read(&mut octets) {
                reader.feed(&octets[..count]).into_iter().for_each(|line| drop(sender.send(line)));
            }
            reader.end().into_iter().for_each(|line| drop(sender.send(line)));
        });
        Self { input: child.stdin.take(), child: Some(child), lines, last: 0 }
    }

    pub(crate) fn write(&mut self, line: &str) {
        let input = self.input.as_mut().unwrap();
        input.write_all(format!("{line}\n").as_bytes()).unwrap();
        input.flush().unwrap();
    }

    /// Takes the next line, which must be an answer.
    pub(crate) fn answer(&mut self) -> Answer {
        match self.lines.recv_timeout(DEADLINE).expect("an answer") {
            Line::Object(object) => match Incoming::<DeviceEvent>::read(object).unwrap() {
                Incoming::Answer(answer) => answer,
                Incoming::Event(event) => panic!("{event:?}"),
            },
            line => panic!("{line:?}"),
        }
    }

    /// Asks, with an id of its own, and waits for the answer.
    pub(crate) fn ask(&mut self, mut request: Value) -> Outcome {
        self.last += 1;
        request["id"] = self.last.into();
        self.write(&request.to_string());
        let answer = self.answer();
        assert_eq!(answer.id, Some(self.last), "{request}");
        answer.outcome
    }

    /// Ends its standard input.
    pub(crate) fn hang_up(&mut self) {
        self.input = None;
    }

    /// Waits until it has ended, and nothing more was said; gives its exit code.
    pub(crate) fn ended(mut self) -> Option<i32> {
        assert_eq!(self.lines.recv_timeout(DEADLINE), Err(mpsc::RecvTimeoutError::Disconnected));
        let (mut child, (sender, status)) = (self.child.take().unwrap(), mpsc::channel());
        std::thread::spawn(move || sender.send(child.wait()));
        status.recv_timeout(DEADLINE).expect("it ends").unwrap().code()
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        let Some(child) = &mut self.child else { return };
        let _ = child.kill();
        let _ = child.wait();
    }
}
