//! Lines: octets from a pipe or a connection to JSON objects, within bounds.
//!
//! A line whose first character is `{` is meant as a message, and is a fault when it is none. Any other line is *noise*,
//! such as what a library prints: it is kept, and harms nothing. A line that is too long is given up, and its end is
//! looked for; nothing of it is kept in memory.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::spec::one_line;

/// Octets that a line may have, its line feed aside.
pub const LONGEST_LINE: usize = 1024 * 1024;
/// Characters of a line that are shown where it is no message.
const SHOWN: usize = 500;

/// A JSON object, no member of which stands twice.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Object(pub serde_json::Map<String, Value>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Object, A::Error> {
                let mut members = serde_json::Map::new();
                while let Some((name, value)) = access.next_entry::<String, Value>()? {
                    if members.contains_key(&name) {
                        return Err(serde::de::Error::custom(format!("member `{}` stands twice", one_line(&name))));
                    }
                    members.insert(name, value);
                }
                Ok(Object(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// What came on a line.
#[derive(Debug, Clone, PartialEq)]
pub enum Line {
    /// A JSON object: a message, or meant as one.
    Object(Object),
    /// No JSON object, and not meant as one; its beginning, printable.
    Noise(String),
    /// Meant as a message, and none.
    Fault(LineFault),
}

/// Why a line is no message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    /// It is too long.
    #[error("a line of more than {LONGEST_LINE} octets, which is the most that a line may have")]
    TooLong,
    /// It begins like a JSON object, and is none.
    #[error("a line that is no JSON object: {reason}: `{line}`")]
    NoJson {
        /// Its beginning, printable.
        line: String,
        /// Why it is none.
        reason: String,
    },
    /// The stream ended in the middle of it.
    #[error("a line without its end: `{line}`")]
    Unfinished {
        /// Its beginning, printable.
        line: String,
    },
}

/// A message that is longer than a line may be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the message would have {octets} octets, a line takes {LONGEST_LINE}")]
pub struct LineTooLong {
    /// Octets of the message.
    pub octets: usize,
}

/// Octets to lines. It holds one line of [`LONGEST_LINE`] octets at most.
#[derive(Debug, Default)]
pub struct LineReader {
    line: Vec<u8>,
    is_too_long: bool,
}

impl LineReader {
    /// One that has read nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the octets that came next, and gives the lines that they end.
    pub fn feed(&mut self, octets: &[u8]) -> Vec<Line> {
        let mut lines = Vec::new();
        for part in octets.split_inclusive(|octet| *octet == b'\n') {
            let is_ended = part.ends_with(b"\n");
            let content = part.strip_suffix(b"\n").unwrap_or(part);
            if self.line.len() + content.len() > LONGEST_LINE {
                self.is_too_long = true;
                self.line = Vec::new();
            }
            if !self.is_too_long {
                self.line.extend(content);
            }
            if is_ended {
                lines.extend(self.end_of_line());
            }
        }
        lines
    }

    /// Says that the stream is over; gives what the last line was when it was not ended.
    pub fn end(&mut self) -> Option<Line> {
        let line = std::mem::take(&mut self.line);
        match std::mem::take(&mut self.is_too_long) {
            true => Some(Line::Fault(LineFault::TooLong)),
            false if line.trim_ascii().is_empty() => None,
            false if is_meant(&line) => Some(Line::Fault(LineFault::Unfinished { line: shown(&line) })),
            false => Some(Line::Noise(shown(&line))),
        }
    }

    fn end_of_line(&mut self) -> Option<Line> {
        let line = std::mem::take(&mut self.line);
        if std::mem::take(&mut self.is_too_long) {
            return Some(Line::Fault(LineFault::TooLong));
        }
        match line.trim_ascii() {
            [] => None,
            text if !is_meant(text) => Some(Line::Noise(shown(text))),
            text => Some(match serde_json::from_slice(text) {
                Ok(object) => Line::Object(object),
                Err(error) => {
                    Line::Fault(LineFault::NoJson { line: shown(text), reason: one_line(&error.to_string()) })
                }
            }),
        }
    }
}

fn is_meant(line: &[u8]) -> bool {
    line.trim_ascii_start().starts_with(b"{")
}

fn shown(line: &[u8]) -> String {
    // A character has four octets at most.
    let text = String::from_utf8_lossy(&line[..line.len().min(4 * SHOWN)]);
    one_line(&text.chars().take(SHOWN).collect::<String>())
}

/// A message as a line, with its line feed.
///
/// # Errors
/// [`LineTooLong`] when the other side would have to refuse it.
pub fn to_line(message: &impl Serialize) -> Result<Vec<u8>, LineTooLong> {
    let mut line = serde_json::to_vec(message).expect("messages have text as names of members, and no other obstacle");
    if line.len() > LONGEST_LINE {
        return Err(LineTooLong { octets: line.len() });
    }
    line.push(b'\n');
    Ok(line)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(text: &[u8]) -> Vec<Line> {
        let mut reader = LineReader::new();
        let mut lines = reader.feed(text);
        lines.extend(reader.end());
        lines
    }

    fn object(value: Value) -> Line {
        let Value::Object(members) = value else { panic!("{value}") };
        Line::Object(Object(members))
    }

    #[test]
    fn messages_noise_and_empty_lines_are_told_apart() {
        let lines = read(b"{\"id\":1}\r\n\nhello \x1b[31m\n [1]\n  {\"id\":2}\n42\n\xff\xfe\n");

        assert_eq!(lines[0], object(json!({"id": 1})));
        assert_eq!(lines[1], Line::Noise("hello \u{241b}[31m".into()));
        assert_eq!(lines[2], Line::Noise("[1]".into()));
        assert_eq!(lines[3], object(json!({"id": 2})));
        assert_eq!(lines[4], Line::Noise("42".into()));
        assert!(matches!(&lines[5], Line::Noise(_)));
        assert_eq!(lines.len(), 6);
    }

    #[test]
    fn what_begins_like_a_message_and_is_none_is_a_fault() {
        for (text, words) in [
            (&b"{\"id\":1\n"[..], "no JSON object"),
            (b"{\"id\":1} {\n", "trailing characters"),
            (b"{\"id\":1,\"id\":2}\n", "`id` stands twice"),
            (b"{\"id\":\"\xff\"}\n", "no JSON object"),
            (b"{\"id\":1}", "without its end"),
        ] {
            let lines = read(text);
            let [Line::Fault(fault)] = lines.as_slice() else { panic!("{lines:?}") };
            assert!(fault.to_string().contains(words), "{fault}");
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_one_fault_and_the_next_line_is_read() {
        let mut reader = LineReader::new();
        for _ in 0..3 * LONGEST_LINE / 4096 {
            assert_eq!(reader.feed(&[b'{'; 4096]), vec![]);
            assert!(reader.line.capacity() <= 2 * LONGEST_LINE);
        }

        let lines = reader.feed(b"}\n{\"id\":7}\n");

        assert_eq!(lines, vec![Line::Fault(LineFault::TooLong), object(json!({"id": 7}))]);
    }

    #[test]
    fn a_line_of_the_greatest_length_is_read() {
        let text = format!("{{\"a\":\"{}\"}}\n", "x".repeat(LONGEST_LINE - 8));
        assert_eq!(text.len(), LONGEST_LINE + 1);
        assert!(matches!(read(text.as_bytes()).as_slice(), [Line::Object(_)]));
        assert!(to_line(&json!({"a": "x".repeat(LONGEST_LINE - 8)})).is_ok());
        let fault = to_line(&json!({"a": "x".repeat(LONGEST_LINE - 7)})).unwrap_err();
        assert_eq!(fault.octets, LONGEST_LINE + 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn the_lines_are_the_same_however_the_octets_come(octets in any::<Vec<u8>>(), cut in 1usize..9) {
            // More line feeds and braces than chance would give.
            let octets: Vec<u8> = octets.into_iter().map(|octet| match octet { 0..60 => b'\n', 60..90 => b'{', o => o }).collect();
            let mut reader = LineReader::new();
            let mut lines: Vec<Line> = octets.chunks(cut).flat_map(|chunk| reader.feed(chunk)).collect();
            lines.extend(reader.end());

            prop_assert_eq!(lines, read(&octets));
        }
    }
}
