//! Recordings as pcapng files, and whole captures as recordings.
//!
//! What [`write()`] makes, [`read()`] gives back. A recording needs no privileges, so the IP, UDP and TCP headers in the file
//! are rebuilt from what the sockets told; the file says so, and gives the tshark command line that decodes it. A
//! recording is held in memory, in a small multiple of its file's length, so [`read()`] takes at most [`LARGEST`] octets.

use std::borrow::Cow;
use std::io::{Read, Write};
use std::time::Duration;

use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{InterfaceDescriptionBlock, InterfaceDescriptionOption};
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::{DataLink, Endianness, PcapError};

use super::reader::{CaptureReader, Piece};
use super::recording::{Frame, Lane, Recording};
use super::{decode_as, headers};

/// `if_tsresol` of every interface that we write: nanoseconds.
const NANOSECONDS: u8 = 9;

/// Octets of a capture that are read into a recording at most: 128 MiB, a thousand times what a scenario records. Of nothing but tiny
/// packets that takes 2 GiB of memory with its timeline, of usual ones 300 MiB.
pub const LARGEST: u64 = 128 << 20;

/// Octets that are read at a time.
const PART: usize = 64 << 10;

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
    /// The file does not begin as a capture does.
    #[error("read the capture: {0}; pcap and pcapng are read")]
    NotCapture(String),
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
        offset: u64,
        /// What is wrong there.
        reason: String,
        /// What was read up to there.
        partial: Box<Recording>,
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
    let mut writer = begin(recording, output)?;
    for (index, frame) in recording.frames.iter().enumerate() {
        put(&mut writer, recording.lanes.len(), index, frame)?;
    }
    writer.get_mut().flush().map_err(CaptureError::Io)
}

/// Begins a file with the lanes of a recording.
pub(super) fn begin<W: Write>(recording: &Recording, output: W) -> Result<PcapNgWriter<W>, CaptureError> {
    let comment = format!(
        "IP, UDP and TCP headers are rebuilt from what the sockets told (IPv4 identification 0, DF set); payloads and \
         times are as seen.\nRead it with: {}",
        decode_as::tshark_command(recording)
    );
    let comment = SectionHeaderOption::Comment(Cow::Owned(fitting(&comment).into_owned()));
    begin_as(DataLink::RAW, comment, &recording.lanes, output)
}

/// Begins a file of frames of this kind, with a comment on the whole and one interface for each lane.
pub(super) fn begin_as<W: Write>(
    linktype: DataLink,
    comment: SectionHeaderOption<'static>,
    lanes: &[Lane],
    output: W,
) -> Result<PcapNgWriter<W>, CaptureError> {
    let mut writer = PcapNgWriter::with_section_header(output, section_header(comment)).map_err(io_error)?;
    for lane in lanes {
        let mut options = vec![InterfaceDescriptionOption::IfName(fitting(&lane.name))];
        if !lane.description.is_empty() {
            options.push(InterfaceDescriptionOption::IfDescription(fitting(&lane.description)));
        }
        options.push(InterfaceDescriptionOption::IfTsResol(NANOSECONDS));
        let block = InterfaceDescriptionBlock { linktype, snaplen: 0, options };
        writer.write_pcapng_block(block).map_err(io_error)?;
    }
    Ok(writer)
}

/// Writes one frame, counted from zero, of a recording with so many lanes.
pub(super) fn put<W: Write>(
    writer: &mut PcapNgWriter<W>,
    lanes: usize,
    index: usize,
    frame: &Frame,
) -> Result<(), CaptureError> {
    let unwritable = |reason| CaptureError::Unwritable { frame: index + 1, reason };
    if frame.lane.0 as usize >= lanes {
        return Err(unwritable(format!("it names lane {} of {lanes}", frame.lane.0)));
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
    Ok(())
}

fn section_header(comment: SectionHeaderOption<'static>) -> SectionHeaderBlock<'static> {
    SectionHeaderBlock {
        endianness: Endianness::Little,
        options: vec![
            comment,
            SectionHeaderOption::UserApplication(Cow::Borrowed(concat!("castproof ", env!("CARGO_PKG_VERSION")))),
        ],
        ..SectionHeaderBlock::default()
    }
}

/// The crate would write the length of a longer text modulo 65,536 and so destroy the file.
fn fitting(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(&text[..text.floor_char_boundary(OPTION)])
}

pub(super) fn io_error(error: PcapError) -> CaptureError {
    match error {
        PcapError::IoError(error) => CaptureError::Io(error),
        other => CaptureError::Io(std::io::Error::other(other)),
    }
}

/// Reads a pcapng or pcap file: its interfaces become lanes, its UDP and TCP packets frames.
///
/// Packets of another kind are listed in [`Recording::skipped`]. What is no capture is refused by its first octets, and
/// what is longer than [`LARGEST`] when that much was read; so an input without an end does no harm. [`CaptureReader`]
/// reads without that limit.
///
/// # Errors
/// [`CaptureError::Broken`] holds what was read before the file broke; see the other variants of [`CaptureError`].
pub fn read(input: impl Read) -> Result<Recording, CaptureError> {
    read_within(LARGEST, input)
}

fn read_within(limit: u64, input: impl Read) -> Result<Recording, CaptureError> {
    let mut reader = CaptureReader::default();
    let mut recording = Recording::default();
    let outcome = fill(&mut reader, &mut recording, limit, input);
    // What was left out is listed at the end of a fragmented datagram too, whose number lies further back.
    recording.skipped.sort_by_key(|packet| packet.number);
    match outcome {
        Ok(()) => Ok(recording),
        Err(CaptureError::Broken { packets, offset, reason, .. }) => {
            Err(CaptureError::Broken { packets, offset, reason, partial: Box::new(recording) })
        }
        Err(other) => Err(other),
    }
}

fn fill(
    reader: &mut CaptureReader,
    recording: &mut Recording,
    limit: u64,
    input: impl Read,
) -> Result<(), CaptureError> {
    // One octet more than is wanted shows that there are more.
    let mut input = input.take(limit + 1);
    let mut read = 0;
    let mut part = vec![0; PART];
    loop {
        let count = input.read(&mut part).map_err(CaptureError::Io)?;
        if count == 0 {
            reader.finish();
        } else {
            reader.feed(&part[..count]);
        }
        read += count as u64;
        if read > limit {
            return Err(CaptureError::TooLarge { limit });
        }
        while let Some(piece) = reader.next_piece()? {
            match piece {
                Piece::Lane(lane) => recording.lanes.push(lane),
                Piece::Frame(_, frame) => recording.frames.push(frame),
                Piece::Skipped(packet) => recording.skipped.push(packet),
            }
        }
        if count == 0 {
            return Ok(());
        }
    }
}

#[cfg(test)]
#[path = "pcapng_tests.rs"]
mod tests;
