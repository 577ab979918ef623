//! Recordings as pcapng files, and foreign captures as recordings.
//!
//! What [`write()`] makes, [`read()`] gives back. A recording needs no privileges, so the IP, UDP and TCP headers in the file
//! are rebuilt from what the sockets told; the file says so, and gives the tshark command line that decodes it. Reading
//! holds the file in memory once and allocates a small multiple of its length, whatever lengths its blocks claim; and it
//! takes at most [`LARGEST`] octets.

use std::borrow::Cow;
use std::io::{Read, Write};
use std::time::Duration;

use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{InterfaceDescriptionBlock, InterfaceDescriptionOption};
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::pcapng::{Block, PcapNgParser, PcapNgWriter};
use pcap_file::{DataLink, Endianness, PcapError};

use super::headers::Unread;
use super::recording::{Frame, Lane, LaneId, Recording, SkippedPacket};
use super::{decode_as, headers};
use crate::spec::Timestamp;

/// `if_tsresol` of every interface that we write: nanoseconds.
const NANOSECONDS: u8 = 9;

/// `if_tsresol` when an interface does not give it: microseconds.
const DEFAULT_RESOLUTION: u8 = 6;

/// Octets of a capture that are read at most: 128 MiB, a thousand times what a scenario records. Of nothing but tiny
/// packets that takes 2 GiB of memory with its timeline, of usual ones 300 MiB.
pub const LARGEST: u64 = 128 << 20;

/// What every pcapng file begins with: the type of a section header block, alike in both orders of octets.
const MAGIC: [u8; 4] = [0x0A, 0x0D, 0x0D, 0x0A];

/// What the length field of an option can count.
const OPTION: usize = u16::MAX as usize;

/// Why a capture could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The file could not be written or read.
    #[error("access the capture file")]
    Io(#[source] std::io::Error),
    /// A frame cannot stand in a file.
    #[error("write frame {frame}: {reason}")]
    Unwritable {
        /// The frame, counted from 1.
        frame: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The file does not begin as pcapng does.
    #[error("read the capture: no pcapng section header: {0}")]
    NotPcapng(String),
    /// The file is longer than is read.
    #[error("read the capture: it has more than {limit} octets, the most that castproof reads")]
    TooLarge {
        /// The octets that are read at most; [`LARGEST`].
        limit: u64,
    },
    /// The file ends in the middle of a block, or a block that all later ones depend on makes no sense.
    #[error("read the capture: it breaks after {packets} packets, at octet {offset}: {reason}")]
    Broken {
        /// Packets before the break.
        packets: usize,
        /// Octets from the start of the file to the block that breaks it.
        offset: usize,
        /// What is wrong there.
        reason: String,
        /// What was read up to there.
        partial: Box<Recording>,
    },
    /// A packet came from an interface whose link layer is not known here.
    #[error(
        "read packet {packet}: link type {linktype} of interface `{interface}`; known are Ethernet (1) and raw IP (101, 228, 229)"
    )]
    LinkType {
        /// The packet, counted from 1.
        packet: usize,
        /// The interface's name.
        interface: String,
        /// The number of the link type.
        linktype: u32,
    },
}

/// Writes `recording` as a pcapng file: one interface for each lane, one packet for each frame.
///
/// Names, descriptions and comments longer than 65,535 octets, the most that pcapng can hold, are cut. The same recording
/// gives the same octets on every platform.
///
/// # Errors
/// [`CaptureError::Unwritable`] when a frame names no lane, mixes address families or is too long for IP;
/// [`CaptureError::Io`] when `output` fails.
pub fn write(recording: &Recording, output: impl Write) -> Result<(), CaptureError> {
    let mut writer = PcapNgWriter::with_section_header(output, section_header(recording)).map_err(io_error)?;
    for lane in &recording.lanes {
        let mut options = vec![InterfaceDescriptionOption::IfName(fitting(&lane.name))];
        if !lane.description.is_empty() {
            options.push(InterfaceDescriptionOption::IfDescription(fitting(&lane.description)));
        }
        options.push(InterfaceDescriptionOption::IfTsResol(NANOSECONDS));
        let block = InterfaceDescriptionBlock { linktype: DataLink::RAW, snaplen: 0, options };
        writer.write_pcapng_block(block).map_err(io_error)?;
    }
    for (index, frame) in recording.frames.iter().enumerate() {
        let unwritable = |reason| CaptureError::Unwritable { frame: index + 1, reason };
        if frame.lane.0 as usize >= recording.lanes.len() {
            return Err(unwritable(format!("it names lane {} of {}", frame.lane.0, recording.lanes.len())));
        }
        let octets = headers::rebuild(&frame.packet).map_err(unwritable)?;
        let block = EnhancedPacketBlock {
            interface_id: frame.lane.0,
            // The crate writes this number as it stands and leaves the unit to `if_tsresol`.
            timestamp: Duration::from_nanos(frame.at.as_nanos()),
            original_len: u32::try_from(octets.len()).map_err(|_| unwritable("it is too long".into()))?,
            data: Cow::Owned(octets),
            options: frame.comments.iter().map(|text| EnhancedPacketOption::Comment(fitting(text))).collect(),
        };
        writer.write_pcapng_block(block).map_err(io_error)?;
    }
    writer.get_mut().flush().map_err(CaptureError::Io)
}

fn section_header(recording: &Recording) -> SectionHeaderBlock<'static> {
    let comment = format!(
        "IP, UDP and TCP headers are rebuilt from what the sockets told (IPv4 identification 0, DF set); payloads and \
         times are as seen.\nRead it with: {}",
        decode_as::tshark_command(recording)
    );
    SectionHeaderBlock {
        endianness: Endianness::Little,
        options: vec![
            SectionHeaderOption::Comment(Cow::Owned(fitting(&comment).into_owned())),
            SectionHeaderOption::UserApplication(Cow::Borrowed(concat!("castproof ", env!("CARGO_PKG_VERSION")))),
        ],
        ..SectionHeaderBlock::default()
    }
}

/// The crate would write the length of a longer text modulo 65,536 and so destroy the file.
fn fitting(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(&text[..text.floor_char_boundary(OPTION)])
}

fn io_error(error: PcapError) -> CaptureError {
    match error {
        PcapError::IoError(error) => CaptureError::Io(error),
        other => CaptureError::Io(std::io::Error::other(other)),
    }
}

/// Reads a pcapng file: its interfaces become lanes, its UDP and TCP packets frames.
///
/// Packets of another kind are listed in [`Recording::skipped`]. An interface without a name is called `interface N`,
/// counted from 0. Several sections are read one after the other, each with its own lanes.
///
/// What is no pcapng is refused by its first octets, and what is longer than [`LARGEST`] when that much was read; so an
/// input without an end does no harm.
///
/// # Errors
/// [`CaptureError::Broken`] holds what was read before the file broke; see the other variants of [`CaptureError`].
pub fn read(input: impl Read) -> Result<Recording, CaptureError> {
    read_within(LARGEST, input)
}

fn read_within(limit: u64, mut input: impl Read) -> Result<Recording, CaptureError> {
    let mut file = Vec::new();
    input.by_ref().take(MAGIC.len() as u64).read_to_end(&mut file).map_err(CaptureError::Io)?;
    if !MAGIC.starts_with(&file) {
        return Err(CaptureError::NotPcapng(format!("it begins with {}", file.escape_ascii())));
    }
    // One octet more than is wanted shows that there are more.
    let rest = (limit + 1).saturating_sub(file.len() as u64);
    input.take(rest).read_to_end(&mut file).map_err(CaptureError::Io)?;
    if file.len() as u64 > limit {
        return Err(CaptureError::TooLarge { limit });
    }
    let (mut rest, parser) = PcapNgParser::new(&file).map_err(|error| CaptureError::NotPcapng(error.to_string()))?;
    let mut reader = Reader { parser, interfaces: Vec::new(), packets: 0, recording: Recording::default() };
    while !rest.is_empty() {
        rest = match reader.parser.next_block(rest) {
            Ok((after, block)) => {
                reader.take(block)?;
                after
            }
            Err(error) => match reader.length_of_bad_packet(rest) {
                Some(length) => {
                    reader.skip(format!("malformed packet block: {}", told(&error)), true);
                    &rest[length..]
                }
                None => {
                    let (packets, offset) = (reader.packets, file.len() - rest.len());
                    let partial = Box::new(reader.recording);
                    return Err(CaptureError::Broken { packets, offset, reason: told(&error), partial });
                }
            },
        };
    }
    Ok(reader.recording)
}

/// The crate's message for a short buffer asks for more octets; at the end of a file there are none.
fn told(error: &PcapError) -> String {
    match error {
        PcapError::IncompleteBuffer => "the file ends inside a block".into(),
        other => other.to_string(),
    }
}

struct Reader {
    parser: PcapNgParser,
    /// The interfaces of the current section.
    interfaces: Vec<Interface>,
    /// Packets so far, skipped ones included.
    packets: usize,
    recording: Recording,
}

struct Interface {
    lane: LaneId,
    link: DataLink,
    /// `if_tsresol`.
    resolution: u8,
    /// `if_tsoffset`, in seconds; signed, though the crate reads it as unsigned.
    offset: i64,
}

impl Reader {
    fn take(&mut self, block: Block<'_>) -> Result<(), CaptureError> {
        match block {
            Block::SectionHeader(_) => self.interfaces.clear(),
            Block::InterfaceDescription(block) => self.describe(&block),
            Block::EnhancedPacket(block) => self.packet(&block)?,
            Block::SimplePacket(_) => self.skip("a simple packet block, which has no time".into(), true),
            Block::Packet(_) => self.skip("an obsolete packet block".into(), true),
            Block::NameResolution(_)
            | Block::InterfaceStatistics(_)
            | Block::SystemdJournalExport(_)
            | Block::Unknown(_) => {}
        }
        Ok(())
    }

    fn skip(&mut self, reason: String, is_loss: bool) {
        self.packets += 1;
        self.recording.skipped.push(SkippedPacket { number: self.packets, reason, is_loss });
    }

    fn describe(&mut self, block: &InterfaceDescriptionBlock<'_>) {
        let lanes = &mut self.recording.lanes;
        let mut interface = Interface {
            // Each lane takes at least 20 octets of the file, so the number stays far below the limit.
            lane: LaneId(u32::try_from(lanes.len()).unwrap_or(u32::MAX)),
            link: block.linktype,
            resolution: DEFAULT_RESOLUTION,
            offset: 0,
        };
        let mut lane = Lane { name: String::new(), description: String::new() };
        for option in &block.options {
            match option {
                InterfaceDescriptionOption::IfName(name) => lane.name = name.to_string(),
                InterfaceDescriptionOption::IfDescription(text) => lane.description = text.to_string(),
                InterfaceDescriptionOption::IfTsResol(resolution) => interface.resolution = *resolution,
                InterfaceDescriptionOption::IfTsOffset(offset) => interface.offset = offset.cast_signed(),
                _ => {}
            }
        }
        if lane.name.is_empty() {
            lane.name = format!("interface {}", interface.lane.0);
        }
        lanes.push(lane);
        self.interfaces.push(interface);
    }

    fn packet(&mut self, block: &EnhancedPacketBlock<'_>) -> Result<(), CaptureError> {
        let Some(interface) = self.interfaces.get(block.interface_id as usize) else {
            self.skip(format!("it names interface {}, which the file does not describe", block.interface_id), true);
            return Ok(());
        };
        if !headers::is_readable(interface.link) {
            return Err(CaptureError::LinkType {
                packet: self.packets + 1,
                interface: self.recording.lanes[interface.lane.0 as usize].name.clone(),
                linktype: interface.link.into(),
            });
        }
        match headers::parse(interface.link, &block.data) {
            Err(Unread::OtherKind(reason)) => self.skip(reason.to_owned(), false),
            Err(Unread::Unreadable(reason)) => self.skip(reason, true),
            Ok(packet) => {
                let comments = block.options.iter().filter_map(|option| match option {
                    EnhancedPacketOption::Comment(text) => Some(text.to_string()),
                    _ => None,
                });
                let at = interface.time(block.timestamp);
                self.packets += 1;
                self.recording.frames.push(Frame { at, lane: interface.lane, packet, comments: comments.collect() });
            }
        }
        Ok(())
    }

    /// The length of the block at the start of `rest`, when it is a packet block whose frame is sound and whose inside
    /// alone is not: then the packets after it can still be read.
    fn length_of_bad_packet(&self, rest: &[u8]) -> Option<usize> {
        const PACKET_BLOCKS: [u32; 3] = [2, 3, 6];
        let number = |at: usize| {
            let octets: [u8; 4] = rest.get(at..at.checked_add(4)?)?.try_into().ok()?;
            Some(match self.parser.section().endianness {
                Endianness::Big => u32::from_be_bytes(octets),
                Endianness::Little => u32::from_le_bytes(octets),
            })
        };
        let length = number(4)? as usize;
        let sound = length >= 12 && length.is_multiple_of(4) && number(length - 4)? as usize == length;
        (sound && PACKET_BLOCKS.contains(&number(0)?)).then_some(length)
    }
}

impl Interface {
    /// The time that `raw` stands for: the crate puts the file's number into nanoseconds whatever its unit is.
    fn time(&self, raw: Duration) -> Timestamp {
        let units = raw.as_nanos();
        let exponent = u32::from(self.resolution & 0x7F);
        let nanos = if self.resolution & 0x80 != 0 {
            (units * 1_000_000_000) >> exponent
        } else if exponent <= 9 {
            units * 10_u128.pow(9 - exponent)
        } else {
            10_u128.checked_pow(exponent - 9).map_or(0, |divisor| units / divisor)
        };
        // 64 bits of units and 30 of factor leave room for the sign and the offset.
        let shifted = nanos.cast_signed() + i128::from(self.offset) * 1_000_000_000;
        Timestamp::from_nanos(u64::try_from(shifted.max(0)).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
#[path = "pcapng_tests.rs"]
mod tests;
