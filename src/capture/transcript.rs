//! The transcript: a timeline in words, one line for each thing that was seen.
//!
//! The same words serve a failure message, a committed golden transcript and a snapshot. With
//! [`TranscriptOptions::redact`] two runs of one scenario give the same text. Connections that open and close in order are
//! not told, and what Devices received only on request: it repeats what the provider sent. Malformed octets are always
//! told, on every lane.

use std::collections::HashSet;
use std::fmt::{self, Write as _};
use std::time::Duration;

use super::cast::Cast;
use super::keys::Keys;
use super::redaction::Redaction;
use super::teller::Teller;
use super::timeline::Timeline;

/// Columns of a page.
const WIDTH: usize = 118;

/// What rows are indented with.
const SPACES: &str = "                                        ";

/// Columns of the actor at least.
const ACTOR: usize = 16;

/// What a transcript shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TranscriptOptions {
    /// Names fields that differ from run to run, such as `<t+ms>` or `<nonce>`, instead of showing them.
    pub redact: bool,
    /// Which lanes are told.
    pub lanes: Shown,
}

/// Which lanes a transcript tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Shown {
    /// What the provider sent and what passed on the interaction channel; in a capture without a provider's lane, all.
    #[default]
    Sent,
    /// What each Device received, too.
    All,
}

/// A timeline in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript {
    /// The lines in the order of the recording.
    pub lines: Vec<Line>,
    /// Whether volatile fields are named instead of shown.
    pub redacted: bool,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Time since the first frame.
    pub at: Duration,
    /// The number of the frame, the first one of a run of symbols.
    pub frame: usize,
    /// Within what the line keeps its order: the lane, or on the interaction channel one Device's part of it.
    pub lane: String,
    /// Who, on which channel: `provider ▶ N`, `D10 → provider`. Empty for a step.
    pub actor: String,
    /// What was said; for a step its text.
    pub text: String,
    /// The relay's decisions and other comments.
    pub marks: Vec<String>,
}

impl Transcript {
    /// The transcript of `timeline`. Lines name the FLUTE session where there are several.
    pub fn of(timeline: &Timeline, options: &TranscriptOptions) -> Self {
        let sessions: HashSet<u64> = timeline.sightings.iter().filter_map(|sighting| sighting.what.session()).collect();
        let mut teller = Teller::new(*options, Keys::default());
        teller.name_sessions = sessions.len() > 1;
        teller.has_facts = false;
        teller.cast = Cast::of(timeline);
        for sighting in &timeline.sightings {
            teller.take(sighting);
        }
        Self { lines: teller.rest().map(|told| told.line).collect(), redacted: options.redact }
    }
}

impl Line {
    /// Whether the line marks a Gherkin step.
    pub fn is_step(&self) -> bool {
        self.actor.is_empty()
    }

    /// Whether both lines say the same, whenever they say it.
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        (&self.lane, &self.actor, &self.text, &self.marks) == (&other.lane, &other.actor, &other.text, &other.marks)
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut page = Page::new(self.redacted);
        page.actors = self.lines.iter().map(|line| line.actor.chars().count()).max().unwrap_or(0).max(ACTOR);
        writeln!(f, "{}", page.heading())?;
        self.lines.iter().try_for_each(|line| writeln!(f, "{}", page.row(line)))
    }
}

/// A page that lines are written on, one after the other.
#[derive(Debug, Clone)]
pub struct Page {
    redaction: Redaction,
    /// Columns of the actor; they grow with the longest.
    actors: usize,
}

impl Page {
    /// An empty page.
    pub fn new(redacted: bool) -> Self {
        Self { redaction: Redaction(redacted), actors: ACTOR }
    }

    /// What stands over the columns.
    pub fn heading(&self) -> String {
        format!("{:>6}  {:<width$}  message", "+ms", "actor", width = self.actors)
    }

    /// A line in as many rows as it takes.
    pub fn row(&mut self, line: &Line) -> String {
        let mut text = String::new();
        self.put(line, &mut text);
        text
    }

    /// Adds a line to a text, in as many rows as it takes.
    pub fn put(&mut self, line: &Line, text: &mut String) {
        // Writing to a String cannot fail.
        if line.is_step() {
            let rule = WIDTH.saturating_sub(8 + line.text.chars().count()).max(3);
            let _ = write!(text, "────── {} {}", line.text, "─".repeat(rule));
            return;
        }
        self.actors = self.actors.max(line.actor.chars().count());
        let (actors, indent) = (self.actors, 6 + 2 + self.actors + 2);
        let _ = write!(text, "{:>6}  {:<actors$}  ", self.redaction.offset(line.at), line.actor);
        wrap(&line.text, &line.marks, WIDTH.saturating_sub(indent).max(40), indent, text);
    }
}

/// Adds `text` in rows of `width` columns, the marks behind it; a word longer than a row has a row of its own.
fn wrap(text: &str, marks: &[String], width: usize, indent: usize, page: &mut String) {
    let spaces = |page: &mut String, count: usize| {
        let (whole, rest) = (count / SPACES.len(), count % SPACES.len());
        (0..whole).for_each(|_| page.push_str(SPACES));
        page.push_str(&SPACES[..rest]);
    };
    let mut used = 0;
    let words = text.split(' ').filter(|word| !word.is_empty()).map(|word| (word, 1));
    for (word, gap) in words.chain(marks.iter().map(|mark| (mark.as_str(), 3))) {
        let length = word.chars().count();
        if used > 0 && used + gap + length > width {
            page.push('\n');
            spaces(page, indent);
            used = 0;
        } else if used > 0 {
            spaces(page, gap);
            used += gap;
        }
        page.push_str(word);
        used += length;
    }
}

#[cfg(test)]
#[path = "transcript_tests.rs"]
mod tests;
