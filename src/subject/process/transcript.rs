//! The transcript of an adapter: every line both ways, what it wrote to standard error, and when its process began and
//! ended; JSON Lines, one record a line, bounded, and without the secrets of scenarios.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::net::Clock;
use crate::spec::Timestamp;

/// Octets that a transcript may have; of what comes later only the number of records is told.
const MOST: usize = 64 * 1024 * 1024;
/// Characters of a text that are kept.
const LONGEST_TEXT: usize = 16 * 1024;
/// Members of requests whose values are secrets.
const SECRETS: [&str; 3] = ["password", "server_password", "signing_key"];
/// The shortest value that is taken for a secret: leaving out shorter ones would spoil unrelated text.
const SHORTEST_SECRET: usize = 8;
/// How long the secrets of an instance are looked for after its end.
const LINGER: Duration = Duration::from_secs(2);
/// Stands for a secret.
const LEFT_OUT: &str = "<secret>";

/// A record's content.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Said {
    /// A line to the adapter.
    To(String),
    /// A line from the adapter.
    From(String),
    /// A line from the adapter that is no message.
    Noise(String),
    /// What is wrong with a line from the adapter.
    Fault(String),
    /// A line of its standard error.
    Stderr(String),
    /// What became of its process.
    #[serde(rename = "life")]
    Process(String),
}

#[derive(Serialize)]
struct Record<'a> {
    at_ms: f64,
    process: u32,
    #[serde(flatten)]
    said: &'a Said,
}

/// Everything that was said, by every process of one adapter.
pub(super) struct Transcript {
    clock: Clock,
    started: Timestamp,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// What was written before there was a file.
    early: Vec<u8>,
    file: Option<File>,
    octets: usize,
    left_out: u64,
    /// Why it could not be written.
    trouble: Option<String>,
    secrets: Secrets,
}

/// What is secret now: the values of each instance, and those of instances that have ended a moment ago.
#[derive(Default)]
struct Secrets {
    of: BTreeMap<String, BTreeSet<String>>,
    /// Instances that have ended, and when.
    ended: VecDeque<(Timestamp, String)>,
}

impl Secrets {
    /// Forgets the instances of which nothing more is said.
    fn sweep(&mut self, now: Timestamp) {
        while self.ended.front().is_some_and(|(at, _)| now.since(*at) > LINGER) {
            if let Some((_, instance)) = self.ended.pop_front() {
                self.of.remove(&instance);
            }
        }
    }
}

impl Transcript {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, started: clock.now(), kept: Mutex::default() }
    }

    /// Notes what was said by or to process number `process`.
    pub(super) fn note(&self, process: u32, said: Said) {
        let at_ms = self.clock.now().since(self.started).as_secs_f64() * 1e3;
        let Ok(mut kept) = self.kept.lock() else { return };
        kept.secrets.sweep(self.clock.now());
        let said = said.map(|text| kept.without_secrets(text));
        let Ok(mut line) = serde_json::to_vec(&Record { at_ms, process, said: &said }) else { return };
        line.push(b'\n');
        kept.write(&line);
    }

    /// Learns the secrets in a message to the adapter, so that they are left out wherever they turn up from now on.
    pub(super) fn learn(&self, message: &Value) {
        let instance = message.get("instance").and_then(Value::as_str).unwrap_or_default();
        let mut found = BTreeSet::new();
        collect(message, false, &mut found);
        if let Ok(mut kept) = self.kept.lock()
            && !found.is_empty()
        {
            kept.secrets.of.entry(instance.to_owned()).or_default().extend(found);
        }
    }

    /// Forgets the secrets of an instance that has ended, soon: its last words may still come. Each line is searched for all
    /// that are known, so they must not become more with every scenario.
    pub(super) fn forget(&self, instance: &str) {
        if let Ok(mut kept) = self.kept.lock() {
            kept.secrets.ended.push_back((self.clock.now(), instance.to_owned()));
        }
    }

    /// Writes to this file from now on, beginning with what was said before.
    pub(super) fn write_to(&self, path: &Path) {
        let Ok(mut kept) = self.kept.lock() else { return };
        let early = std::mem::take(&mut kept.early);
        let file = File::create(path).and_then(|mut file| file.write_all(&early).map(|()| file));
        match file {
            Ok(file) => kept.file = Some(file),
            Err(error) => kept.trouble = Some(error.to_string()),
        }
    }

    /// What is missing from the transcript, and why; nothing when it is whole.
    pub(super) fn gap(&self) -> Option<String> {
        let kept = self.kept.lock().ok()?;
        match (&kept.trouble, kept.left_out) {
            (Some(trouble), _) => Some(format!("the transcript could not be written: {trouble}")),
            (None, 0) => None,
            (None, records) => Some(format!("the transcript is full: {records} later records were left out")),
        }
    }
}

impl Kept {
    fn write(&mut self, line: &[u8]) {
        if self.octets + line.len() > MOST {
            self.left_out += 1;
            return;
        }
        self.octets += line.len();
        match &mut self.file {
            None => self.early.extend(line),
            Some(file) => {
                if let Err(error) = file.write_all(line) {
                    self.trouble.get_or_insert(error.to_string());
                }
            }
        }
    }

    fn without_secrets(&self, text: String) -> String {
        let mut text = text;
        for secret in self.secrets.of.values().flatten() {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), LEFT_OUT);
            }
        }
        if text.len() <= LONGEST_TEXT {
            return text;
        }
        let octets = text.len();
        let cut: String = text.chars().take(LONGEST_TEXT).collect();
        format!("{cut}... ({octets} octets)")
    }
}

impl Said {
    fn map(self, change: impl FnOnce(String) -> String) -> Self {
        match self {
            Self::To(text) => Self::To(change(text)),
            Self::From(text) => Self::From(change(text)),
            Self::Noise(text) => Self::Noise(change(text)),
            Self::Fault(text) => Self::Fault(change(text)),
            Self::Stderr(text) => Self::Stderr(change(text)),
            Self::Process(text) => Self::Process(change(text)),
        }
    }
}

fn collect(value: &Value, is_secret: bool, secrets: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if is_secret && text.len() >= SHORTEST_SECRET => {
            secrets.insert(text.clone());
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, is_secret, secrets)),
        Value::Object(members) => {
            for (name, value) in members {
                collect(value, SECRETS.contains(&name.as_str()), secrets);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_transcript_begins_before_its_file_and_holds_no_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("adapter.jsonl");
        let transcript = Transcript::new(Clock::start());
        transcript.learn(&json!({"account": {"user": "somebody", "password": "0123456789"}}));
        transcript.note(1, Said::To("{\"password\":\"0123456789\"}".into()));

        transcript.write_to(&path);
        transcript.note(1, Said::Stderr("it is 0123456789, somebody".into()));

        let text = std::fs::read_to_string(&path).unwrap();
        let records: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(records[0]["to"], "{\"password\":\"<secret>\"}");
        assert_eq!(records[1]["stderr"], "it is <secret>, somebody");
        assert_eq!(records.len(), 2);
        assert_eq!(transcript.gap(), None);
    }

    #[test]
    fn secrets_are_forgotten_a_moment_after_their_instance_has_ended() {
        let mut transcript = Transcript::new(Clock::start());
        let open =
            |instance: &str| json!({"instance": instance, "account": {"password": format!("secret of {instance}")}});
        transcript.learn(&open("D1-1"));
        transcript.learn(&open("D1-2"));

        transcript.forget("D1-1");
        let kept = |transcript: &Transcript, text: &str| transcript.kept.lock().unwrap().without_secrets(text.into());
        let at_once = kept(&transcript, "secret of D1-1");
        transcript.clock = transcript.clock.advanced(LINGER * 2);
        transcript.note(1, Said::Stderr("later".into()));

        assert_eq!(at_once, "<secret>");
        assert_eq!(transcript.kept.lock().unwrap().secrets.of.keys().collect::<Vec<_>>(), ["D1-2"]);
        assert_eq!(kept(&transcript, "it is the secret of D1-2"), "it is the <secret>");
    }

    #[test]
    fn a_transcript_is_bounded_and_says_what_is_missing() {
        let transcript = Transcript::new(Clock::start());
        let long = "x".repeat(2 * LONGEST_TEXT);

        for _ in 0..=MOST / LONGEST_TEXT {
            transcript.note(1, Said::Noise(long.clone()));
        }

        assert!(transcript.kept.lock().unwrap().octets <= MOST);
        assert!(transcript.gap().unwrap().contains("later records were left out"));
    }
}
