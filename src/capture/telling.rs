//! A capture told as it comes: octets in, lines out.
//!
//! Memory does not grow with the capture; the bounds stand with what holds the memory, and are about 300 MiB all together
//! for a capture that was made to fill them.

use schemars::{JsonSchema, Schema, schema_for};
use serde::Serialize;

use super::CaptureError;
use super::facts::Fact;
use super::keys::Keys;
use super::reader::{CaptureReader, Piece};
use super::recording::Lane;
use super::redaction::Redaction;
use super::teller::{Teller, Told};
use super::timeline::Timeline;
use super::transcript::TranscriptOptions;
use crate::spec::one_line;

/// Tells a capture.
///
/// # Ordering
/// [`Telling::feed`] octets; [`Telling::pause`] when there are none for a while; [`Telling::finish`] at the end, or
/// [`Telling::stop`] after an error.
pub struct Telling {
    reader: CaptureReader,
    timeline: Timeline,
    teller: Teller,
    counts: Counts,
}

/// How much was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct Counts {
    /// Packets in the capture.
    pub packets: usize,
    /// Packets that were not read.
    pub unread: usize,
    /// Of these, those with which a datagram or a segment may have been lost.
    pub lost: usize,
}

/// What a telling gives next.
#[derive(Debug, Clone, PartialEq)]
pub enum Tale {
    /// An interface.
    Lane(Lane),
    /// A line.
    Told(Box<Told>),
}

impl Telling {
    /// A telling that names FLUTE sessions, and judges signatures by these keys.
    pub fn new(options: TranscriptOptions, keys: Keys) -> Self {
        Self {
            reader: CaptureReader::default(),
            timeline: Timeline::default(),
            teller: Teller::new(options, keys),
            counts: Counts::default(),
        }
    }

    /// The same telling, in words alone: the lines have no data beside them, which takes less time.
    #[must_use]
    pub fn without_facts(mut self) -> Self {
        self.teller.has_facts = false;
        self
    }

    /// Takes the next octets and adds to `tales` what nothing after them changes.
    ///
    /// # Errors
    /// As [`CaptureReader::next_piece`].
    pub fn feed(&mut self, octets: &[u8], tales: &mut Vec<Tale>) -> Result<(), CaptureError> {
        self.reader.feed(octets);
        let outcome = self.read(tales);
        tales.extend(self.teller.settled().map(Box::new).map(Tale::Told));
        outcome
    }

    /// Adds what waits for more symbols; for a reader who wants to see what is there.
    pub fn pause(&mut self, tales: &mut Vec<Tale>) {
        tales.extend(self.teller.rest().map(Box::new).map(Tale::Told));
    }

    /// Adds what is left when there are no more octets.
    ///
    /// # Errors
    /// As [`CaptureReader::next_piece`]; also when the last block is not whole.
    pub fn finish(&mut self, tales: &mut Vec<Tale>) -> Result<(), CaptureError> {
        self.reader.finish();
        self.read(tales)?;
        self.stop(tales);
        Ok(())
    }

    /// Adds what is left of what was read, when no more is wanted or none can be had.
    pub fn stop(&mut self, tales: &mut Vec<Tale>) {
        self.timeline.finish();
        self.tell();
        self.pause(tales);
    }

    /// How much was told so far.
    pub fn counts(&self) -> Counts {
        Counts { packets: self.reader.packets(), ..self.counts }
    }

    fn read(&mut self, tales: &mut Vec<Tale>) -> Result<(), CaptureError> {
        while let Some(piece) = self.reader.next_piece()? {
            match piece {
                Piece::Lane(lane) => {
                    self.timeline.lanes.push(lane.clone());
                    self.teller.cast.join(lane.clone());
                    tales.push(Tale::Lane(lane));
                }
                Piece::Frame(number, frame) => {
                    self.timeline.feed(number, &frame);
                    self.teller.cast.started = self.timeline.started;
                    self.tell();
                }
                Piece::Skipped(packet) => {
                    self.counts.unread += 1;
                    self.counts.lost += usize::from(packet.is_loss);
                    self.teller.unread(&packet);
                }
            }
        }
        Ok(())
    }

    /// Says what was seen, and keeps the room it took.
    fn tell(&mut self) {
        self.timeline.sightings.drain(..).for_each(|sighting| self.teller.take(&sighting));
    }
}

/// A line of `castproof transcript --json`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "record", rename_all = "kebab-case")]
pub enum Record {
    /// The first line.
    Capture {
        /// The version of this shape; a field more does not raise it.
        schema: u32,
        /// The file.
        file: String,
    },
    /// An interface of the capture, before its first packet.
    Lane {
        /// Its name.
        name: String,
        /// What it shows.
        #[serde(skip_serializing_if = "String::is_empty")]
        description: String,
    },
    /// Something that was seen.
    Line {
        /// When, RFC 3339; absent where the transcript is redacted.
        #[serde(skip_serializing_if = "Option::is_none")]
        time: Option<String>,
        /// Milliseconds since the first packet; absent where the transcript is redacted.
        #[serde(skip_serializing_if = "Option::is_none")]
        after_ms: Option<f64>,
        /// The number of the packet, counted from 1; the first one of symbols in a row.
        packet: usize,
        /// Within what the line keeps its order.
        lane: String,
        /// Who, on which channel; empty for a step.
        #[serde(skip_serializing_if = "String::is_empty")]
        actor: String,
        /// What was said, in words.
        text: String,
        /// Decisions of the air and other comments.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        marks: Vec<String>,
        /// What was said, in data.
        #[schemars(with = "Box<Fact>")]
        fact: Option<Box<Fact>>,
    },
    /// The last line. Without it the output was cut off.
    End {
        /// How much was told.
        #[serde(flatten)]
        counts: Counts,
        /// Why the capture could not be read to its end.
        #[serde(skip_serializing_if = "Option::is_none")]
        broken: Option<String>,
    },
}

impl Record {
    /// The version of the shape.
    pub const SCHEMA: u32 = 1;

    /// A line, or a lane.
    pub fn of(tale: Tale, options: &TranscriptOptions) -> Self {
        match tale {
            Tale::Lane(lane) => Self::Lane { name: one_line(&lane.name), description: one_line(&lane.description) },
            Tale::Told(told) => {
                let Told { line, time, fact } = *told;
                let shown = !Redaction(options.redact).0;
                Self::Line {
                    time: shown.then(|| time.to_string()),
                    after_ms: shown.then(|| (line.at.as_secs_f64() * 1e6).round() / 1e3),
                    packet: line.frame,
                    lane: line.lane,
                    actor: line.actor,
                    text: line.text,
                    marks: line.marks,
                    fact: fact.map(Box::new),
                }
            }
        }
    }
}

/// The JSON Schema of a [`Record`].
pub fn transcript_schema() -> Schema {
    schema_for!(Record)
}

#[cfg(test)]
#[path = "telling_tests.rs"]
mod tests;
