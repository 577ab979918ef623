//! A place of its own for each test, and the command run in it with a deadline.

use std::fs;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use castproof::findings::{RunFindings, read_result};
use tempfile::TempDir;

/// How long a command may take on a busy host.
pub(crate) const DEADLINE: Duration = Duration::from_secs(120);
/// A quick scenario.
pub(crate) const FORGED: &str = "hostile-notifications--a-device-does-not-act-on-a-forged-notification";

/// A folder of its own for a test: a copy of the features to spoil, and a place for findings.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
    /// The line on which the last spoilt text began.
    spoilt: usize,
}

/// What a command left.
pub(crate) struct Left {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(&root().join("features"), &folder.path().join("features"));
        Self { folder, spoilt: 0 }
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    /// Replaces a text of a file once.
    pub(crate) fn spoil(mut self, file: &str, from: &str, to: &str) -> Self {
        let path = self.path(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} does not hold `{from}`");
        let before = text.split(from).next().unwrap_or_default();
        self.spoilt = before.matches('\n').count() + 1;
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
        self
    }

    /// Holds that a text has these words. `{+1}` in them stands for the line after the one on which the spoilt text began,
    /// so that a suite may grow.
    pub(crate) fn assert_words(&self, text: &str, words: &[&str]) {
        for word in words {
            let at = |word: String, offset: isize| {
                word.replace(&format!("{{{offset:+}}}"), &self.spoilt.saturating_add_signed(offset).to_string())
            };
            assert_words(text, &[&(-4..=4).fold((*word).to_owned(), at)]);
        }
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_castproof"));
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Left {
        Self::finished(&mut self.command(arguments), arguments)
    }

    /// Runs the command in a shell that has done `preparation` before.
    pub(crate) fn run_after(&self, preparation: &str, arguments: &[&str]) -> Left {
        let mut command = Command::new("bash");
        let script = format!("{preparation}; exec \"$0\" \"$@\"");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_castproof")]).args(arguments);
        command.current_dir(self.folder.path()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self::finished(&mut command, arguments)
    }

    fn finished(command: &mut Command, arguments: &[&str]) -> Left {
        let left = finish(command.spawn().unwrap(), DEADLINE);
        let panicked = left.err.contains("panicked at") || left.out.contains("panicked at");
        assert!(!panicked, "{arguments:?} panicked:\n{}\n{}", left.out, left.err);
        left
    }

    /// The only run below the reports folder.
    pub(crate) fn findings(&self) -> (PathBuf, RunFindings) {
        let mut runs: Vec<PathBuf> =
            fs::read_dir(self.path("reports/runs")).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(runs.len(), 1, "{runs:?}");
        let run = runs.remove(0);
        let findings = read_result(&run.join("result.json")).unwrap();
        (run, findings)
    }

    /// Certifies, and expects an error of the user's making before anything has run.
    pub(crate) fn refusal(&self, arguments: &[&str]) -> String {
        let left = self.run(&[&["certify"], arguments].concat());
        assert_eq!(left.code, Some(2), "{}\n{}", left.out, left.err);
        assert!(!self.path("reports/runs").exists(), "something was run:\n{}", left.out);
        assert!(!left.out.contains("firmware_update/"), "a scenario was run:\n{}", left.out);
        left.err
    }
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => {
                fs::copy(entry.path(), target).unwrap();
            }
        }
    }
}

pub(crate) fn text_of(stream: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (done, text) = mpsc::channel();
    std::thread::spawn(move || {
        let mut octets = Vec::new();
        BufReader::new(stream).read_to_end(&mut octets).unwrap();
        // Nobody may be waiting any more.
        let _ = done.send(String::from_utf8(octets).unwrap());
    });
    text
}

/// Waits for a child; one that takes too long is killed and fails the test.
pub(crate) fn wait(mut child: Child, deadline: Duration) -> ExitStatus {
    let id = child.id();
    let (done, ended) = mpsc::channel();
    std::thread::spawn(move || {
        let _ = done.send(child.wait().unwrap());
    });
    ended.recv_timeout(deadline).unwrap_or_else(|_| {
        signal(id, "KILL");
        panic!("the command did not end within {deadline:?}");
    })
}

pub(crate) fn finish(mut child: Child, deadline: Duration) -> Left {
    let (out, err) = (text_of(child.stdout.take().unwrap()), text_of(child.stderr.take().unwrap()));
    let status = wait(child, deadline);
    Left { code: status.code(), out: out.recv().unwrap(), err: err.recv().unwrap() }
}

pub(crate) fn signal(process: u32, name: &str) {
    let status = Command::new("kill").args([format!("-{name}"), process.to_string()]).status().unwrap();
    assert!(status.success());
}

pub(crate) fn assert_words(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "`{word}` is not in:\n{text}");
    }
}
