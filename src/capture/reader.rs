//! A capture as it comes: fed octets, it gives lanes, frames, and packets that are neither datagrams nor segments.
//!
//! Reads pcap in both orders of octets and both resolutions, and pcapng with several sections and interfaces. Memory does
//! not grow with the file: it holds the block in progress, at most 16 MiB, descriptions of at most 4,096 interfaces in
//! 64 MiB, and the fragments of `super::fragments`. What the lengths in the file claim is never allocated.

use std::collections::VecDeque;

use pcap_file::PcapError;
use pcap_file::pcap::PcapParser;
use pcap_file::pcapng::PcapNgParser;

use super::fragments::{Fragments, Taken};
use super::headers::{self, Parsed, Unread};
use super::pcap_times::Clock;
use super::recording::{Frame, Lane, LaneId, Packet, Recording, SkippedPacket};
use super::redaction::glimpse;
use super::sections;
use super::{CaptureError, pcap_times};
use crate::spec::Timestamp;

/// Octets of a block at most.
const BLOCK: usize = 16 << 20;

/// Interfaces of a file at most.
const INTERFACES: usize = 4096;

/// Octets that describe interfaces, all together, at most.
const DESCRIPTIONS: usize = 64 << 20;

/// The type of a section header block, alike in both orders of octets.
const PCAPNG: [u8; 4] = [0x0A, 0x0D, 0x0D, 0x0A];

/// pcap in microseconds and nanoseconds, each in both orders of octets.
const PCAP: [[u8; 4]; 4] =
    [[0xA1, 0xB2, 0xC3, 0xD4], [0xD4, 0xC3, 0xB2, 0xA1], [0xA1, 0xB2, 0x3C, 0x4D], [0x4D, 0x3C, 0xB2, 0xA1]];

/// Reads a capture piece by piece.
///
/// # Ordering
/// [`CaptureReader::feed`] octets, then take [`CaptureReader::next_piece`] until it gives nothing; after the last octets
/// [`CaptureReader::finish`], and the last pieces.
#[derive(Default)]
pub struct CaptureReader {
    /// Octets that were fed; those before `taken` are read.
    buffer: Vec<u8>,
    taken: usize,
    /// Octets of the file before the buffer.
    before: u64,
    format: Option<Format>,
    intake: Intake,
    is_whole: bool,
}

/// What a capture gives next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// An interface, counted from lane 0.
    Lane(Lane),
    /// A datagram or segment, with the number of the packet that completed it, counted from 1.
    Frame(usize, Frame),
    /// A packet that is neither, or one that was damaged.
    Skipped(SkippedPacket),
}

enum Format {
    Pcap(PcapParser),
    Pcapng(PcapNgParser),
}

/// What packets are made into, whatever the format of the file.
#[derive(Default)]
pub(super) struct Intake {
    /// Interfaces of the present section.
    pub(super) interfaces: Vec<Interface>,
    lanes: usize,
    described: usize,
    packets: usize,
    fragments: Fragments,
    /// The time of the last packet, which one without a time is given.
    last: Timestamp,
    pieces: VecDeque<Piece>,
}

/// Where packets were taken.
pub(super) struct Interface {
    pub(super) lane: LaneId,
    name: String,
    link: u32,
    pub(super) clock: Clock,
    /// Octets of a packet that were taken at most; 0 is no limit.
    pub(super) snaplen: usize,
}

/// A packet as it stands in the file.
pub(super) struct Captured<'a> {
    /// Which interface of the section.
    pub(super) interface: usize,
    /// In units of the interface; `None` when the packet has no time.
    pub(super) time: Option<u64>,
    pub(super) octets: &'a [u8],
    /// Octets of the packet on the wire.
    pub(super) length: usize,
    pub(super) comments: Vec<String>,
}

impl CaptureReader {
    /// Takes the next octets of the file.
    pub fn feed(&mut self, octets: &[u8]) {
        self.before += self.taken as u64;
        self.buffer.drain(..self.taken);
        self.taken = 0;
        self.buffer.extend_from_slice(octets);
    }

    /// There are no more octets.
    pub fn finish(&mut self) {
        self.is_whole = true;
    }

    /// Octets of the file that were read so far.
    pub fn offset(&self) -> u64 {
        self.before + self.taken as u64
    }

    /// Packets so far, skipped ones included.
    pub fn packets(&self) -> usize {
        self.intake.packets
    }

    /// The next piece; nothing when it takes more octets.
    ///
    /// # Errors
    /// [`CaptureError::NotCapture`] by the first four octets; [`CaptureError::Broken`], without what was read before, at a
    /// block that all later ones depend on and that makes no sense.
    pub fn next_piece(&mut self) -> Result<Option<Piece>, CaptureError> {
        loop {
            if let Some(piece) = self.intake.pieces.pop_front() {
                return Ok(Some(piece));
            }
            let step = if self.format.is_none() { self.begin()? } else { self.step()? };
            if !step && !self.end()? {
                return Ok(None);
            }
        }
    }

    /// What is left when the file has ended; `false` when that is nothing, or there may be more octets.
    fn end(&mut self) -> Result<bool, CaptureError> {
        if !self.is_whole {
            return Ok(false);
        }
        if self.format.is_none() && self.offset() == 0 && self.buffer.is_empty() {
            return Err(CaptureError::NotCapture("it is empty".into()));
        }
        if self.intake.drain_fragments() {
            return Ok(true);
        }
        match self.taken == self.buffer.len() {
            true => Ok(false),
            false => Err(self.broken("the file ends inside a block".into())),
        }
    }

    fn broken(&self, reason: String) -> CaptureError {
        let (packets, offset) = (self.intake.packets, self.offset());
        CaptureError::Broken { packets, offset, reason, partial: Box::new(Recording::default()) }
    }

    /// Finds out which format it is.
    fn begin(&mut self) -> Result<bool, CaptureError> {
        let first = &self.buffer[..self.buffer.len().min(4)];
        if first.len() < 4 && !self.is_whole {
            return Ok(false);
        }
        if ![PCAPNG].iter().chain(&PCAP).any(|magic| magic.starts_with(first)) {
            return Err(CaptureError::NotCapture(format!("it begins with `{}`", first.escape_ascii())));
        }
        if first.len() < 4 {
            return Ok(false);
        }
        let result = match first == PCAPNG {
            true => match sections::length(&self.buffer, None) {
                Some(length) if length > BLOCK => return Err(self.broken(too_long(length))),
                _ => PcapNgParser::new(&self.buffer).map(|(rest, parser)| (rest, Format::Pcapng(parser))),
            },
            false => PcapParser::new(&self.buffer).map(|(rest, parser)| (rest, Format::Pcap(parser))),
        };
        match result {
            Err(PcapError::IncompleteBuffer) => Ok(false),
            Err(error) => Err(self.broken(error.to_string())),
            Ok((rest, format)) => {
                if let Format::Pcap(parser) = &format {
                    let header = parser.header();
                    self.intake.describe(pcap_times::interface(&header), 0).map_err(|reason| self.broken(reason))?;
                }
                self.taken = self.buffer.len() - rest.len();
                self.format = Some(format);
                Ok(true)
            }
        }
    }

    /// Reads a block or a packet; `false` when it is not whole.
    fn step(&mut self) -> Result<bool, CaptureError> {
        let rest = &self.buffer[self.taken..];
        let outcome = match &mut self.format {
            Some(Format::Pcap(parser)) => pcap_packet(parser, rest, &mut self.intake),
            Some(Format::Pcapng(parser)) => sections::block(parser, rest, BLOCK, &mut self.intake),
            None => Ok(0),
        };
        match outcome {
            Err(reason) => Err(self.broken(reason)),
            Ok(0) => Ok(false),
            Ok(taken) => {
                self.taken += taken;
                Ok(true)
            }
        }
    }
}

/// The octets that a packet of a pcap file took; 0 when it is not whole.
fn pcap_packet(parser: &PcapParser, rest: &[u8], intake: &mut Intake) -> Result<usize, String> {
    match pcap_times::length(&parser.header(), rest) {
        None => return Ok(0),
        Some(length) if length > BLOCK => return Err(too_long(length)),
        Some(_) => {}
    }
    match parser.next_raw_packet(rest) {
        Err(PcapError::IncompleteBuffer) => Ok(0),
        Err(error) => Err(error.to_string()),
        Ok((after, raw)) => {
            intake.packet(Captured {
                interface: 0,
                time: Some(pcap_times::units(&parser.header(), &raw)),
                octets: &raw.data,
                length: raw.orig_len as usize,
                comments: Vec::new(),
            });
            Ok(rest.len() - after.len())
        }
    }
}

pub(super) fn too_long(length: usize) -> String {
    format!("a block of {length} octets, at most {BLOCK} are read")
}

impl Intake {
    /// Takes an interface whose description has this many octets.
    pub(super) fn describe(&mut self, described: (Lane, u32, Clock, usize), octets: usize) -> Result<(), String> {
        let (mut lane, link, clock, snaplen) = described;
        self.described = self.described.saturating_add(octets);
        if self.lanes >= INTERFACES || self.described > DESCRIPTIONS {
            return Err(format!("more than {INTERFACES} interfaces, or {DESCRIPTIONS} octets about them"));
        }
        if lane.name.is_empty() {
            lane.name = format!("interface {}", self.lanes);
        }
        let id = LaneId(u32::try_from(self.lanes).unwrap_or(u32::MAX));
        self.lanes += 1;
        self.interfaces.push(Interface { lane: id, name: lane.name.clone(), link, clock, snaplen });
        self.pieces.push_back(Piece::Lane(lane));
        Ok(())
    }

    /// A packet that cannot be read at all.
    pub(super) fn skip(&mut self, reason: String, is_loss: bool) {
        self.packets += 1;
        self.skipped(self.packets, reason, is_loss);
    }

    fn skipped(&mut self, number: usize, reason: String, is_loss: bool) {
        self.pieces.push_back(Piece::Skipped(SkippedPacket { number, reason, is_loss }));
    }

    /// Takes a packet.
    pub(super) fn packet(&mut self, captured: Captured<'_>) {
        let Some(interface) = self.interfaces.get(captured.interface) else {
            return self
                .skip(format!("it names interface {}, which the file does not describe", captured.interface), true);
        };
        let (lane, octets) = (interface.lane, captured.octets);
        let mut comments = captured.comments;
        let at = match captured.time {
            Some(units) => interface.clock.time(units),
            None => {
                comments.push("without a time of its own".into());
                self.last
            }
        };
        self.last = at;
        let parsed = match headers::is_readable(interface.link) {
            true => headers::parse(interface.link, octets),
            false => Err(Unread::Unreadable(format!("link type {} of interface `{}`", interface.link, interface.name))),
        };
        self.packets += 1;
        let number = self.packets;
        let packet = match parsed {
            Ok(Parsed::Packet(packet)) => packet,
            Ok(Parsed::Fragment(fragment)) => {
                let ends = (fragment.source, fragment.destination, fragment.ttl);
                let taken = self.fragments.take(lane, number, at, &fragment);
                self.tell_lost();
                match taken {
                    Taken::Waits => {
                        return self.skipped(
                            number,
                            "an IP fragment, told with the last of its datagram".into(),
                            false,
                        );
                    }
                    Taken::Refused(reason) => {
                        return self.skipped(number, format!("an IP fragment: {reason}, {}", glimpse(octets)), true);
                    }
                    Taken::Whole { protocol, payload, count } => {
                        match headers::transport((ends.0, ends.1, ends.2), protocol, &payload) {
                            Err(unread) => return self.unread(number, unread, &payload, payload.len()),
                            Ok(packet) => {
                                comments.push(format!("put together from {count} IP fragments"));
                                packet
                            }
                        }
                    }
                }
            }
            Err(unread) => return self.unread(number, unread, octets, captured.length),
        };
        self.frame(number, Frame { at, lane, packet, comments });
    }

    fn frame(&mut self, number: usize, frame: Frame) {
        debug_assert!(matches!(frame.packet, Packet::Datagram { .. } | Packet::Segment { .. }));
        self.pieces.push_back(Piece::Frame(number, frame));
    }

    fn unread(&mut self, number: usize, unread: Unread, octets: &[u8], length: usize) {
        let shown = match octets.len() < length {
            true => format!("{} of {length} octets taken, {}", octets.len(), glimpse(octets)),
            false => glimpse(octets),
        };
        match unread {
            Unread::OtherKind(kind) => self.skipped(number, format!("{kind}, {shown}"), false),
            Unread::Unreadable(reason) => self.skipped(number, format!("{reason}, {shown}"), true),
        }
    }

    fn tell_lost(&mut self) {
        while let Some((number, reason)) = self.fragments.lost() {
            self.skipped(number, reason, true);
        }
    }

    /// Tells the datagrams that stay incomplete; `false` when there are none.
    fn drain_fragments(&mut self) -> bool {
        self.fragments.give_up();
        self.tell_lost();
        !self.pieces.is_empty()
    }
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
