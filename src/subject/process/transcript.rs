//! The transcript of an adapter: every line both ways, what it wrote to standard error, and when its process began and
//! ended; JSON Lines, one record a line, bounded, and without the secrets of scenarios.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;

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

/// Every secret of the run. None is ever forgotten: an implementation may tell one long after its instance has ended, in its
/// last words or when it is told of an error. A text is gone through once, however many there are.
#[derive(Default)]
struct Secrets {
    by_beginning: HashMap<[u8; SHORTEST_SECRET], BTreeSet<String>>,
}

impl Secrets {
    fn add(&mut self, secret: String) {
        if let Some(beginning) = secret.as_bytes().first_chunk() {
            self.by_beginning.entry(*beginning).or_default().insert(secret);
        }
    }

    /// Octets of the longest secret that a text begins with.
    fn at_beginning_of(&self, text: &[u8]) -> Option<usize> {
        let candidates = self.by_beginning.get(text.first_chunk::<SHORTEST_SECRET>()?)?;
        let found = candidates.iter().filter(|secret| text.starts_with(secret.as_bytes()));
        found.map(String::len).max()
    }

    /// The beginning of a text without secrets: at least `most` characters of it, where it has so many.
    fn leave_out(&self, text: &str, most: usize) -> String {
        let mut kept = String::new();
        let (mut begin, mut at) = (0, 0);
        // A character has at most four octets.
        while at < text.len() && kept.len() + at - begin <= 4 * most {
            match self.at_beginning_of(&text.as_bytes()[at..]) {
                // A secret is text, and so begins and ends where characters do.
                Some(length) => {
                    kept += &text[begin..at];
                    kept += LEFT_OUT;
                    at += length;
                    begin = at;
                }
                None => at += 1,
            }
        }
        kept += &text[begin..text.floor_char_boundary(at)];
        kept
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
        let said = said.map(|text| kept.without_secrets(&text));
        let Ok(mut line) = serde_json::to_vec(&Record { at_ms, process, said: &said }) else { return };
        line.push(b'\n');
        kept.write(&line);
    }

    /// Learns the secrets in a message to the adapter, so that they are left out wherever they turn up from now on.
    pub(super) fn learn(&self, message: &Value) {
        if let Ok(mut kept) = self.kept.lock() {
            collect(message, false, &mut kept.secrets);
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

    fn without_secrets(&self, text: &str) -> String {
        let kept = self.secrets.leave_out(text, LONGEST_TEXT);
        match kept.char_indices().nth(LONGEST_TEXT) {
            None => kept,
            Some((end, _)) => format!("{}... ({} octets)", &kept[..end], text.len()),
        }
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

fn collect(value: &Value, is_secret: bool, secrets: &mut Secrets) {
    match value {
        Value::String(text) if is_secret => secrets.add(text.clone()),
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
    fn a_secret_is_left_out_however_late_it_is_told_and_whatever_stands_around_it() {
        let transcript = Transcript::new(Clock::start());
        for number in 0..1000 {
            let password = format!("secret-{number}");
            transcript.learn(&json!({"instance": format!("D1-{number}"), "account": {"password": password}}));
        }
        transcript.learn(&json!({"password": "short"}));
        transcript.learn(&json!({"server_password": "ünter-secret-7"}));

        let kept = transcript.kept.lock().unwrap();
        for (text, expected) in [
            ("secret-7", "<secret>"),
            ("ü secret-999 and secret-12ü", "ü <secret> and <secret>ü"),
            // The longest of those that fit.
            ("ünter-secret-7secret-77", "<secret><secret>"),
            ("secret-", "secret-"),
            ("short", "short"),
        ] {
            assert_eq!(kept.without_secrets(text), expected);
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters_and_no_secret_stands_at_the_cut() {
        let transcript = Transcript::new(Clock::start());
        transcript.learn(&json!({"password": "0123456789"}));
        let text = format!("{}0123456789{}", "ü".repeat(LONGEST_TEXT - 4), "y".repeat(LONGEST_TEXT));

        let kept = transcript.kept.lock().unwrap().without_secrets(&text);

        let expected = format!("{}<sec... ({} octets)", "ü".repeat(LONGEST_TEXT - 4), text.len());
        assert!(kept == expected, "{}", &kept[kept.len() - 60..]);
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
