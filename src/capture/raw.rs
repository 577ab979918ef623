//! A recording of whole frames, as the kernel showed them: the headers are those of the wire, and not rebuilt.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketBlock;
use pcap_file::{DataLink, pcapng::blocks::section_header::SectionHeaderOption};

use super::pcapng::{CaptureError, begin_as, io_error};
use super::recording::{Lane, LaneId};
use crate::spec::Timestamp;

/// What the section comment says.
const COMMENT: &str = "Frames as the kernel showed them to a packet socket, each once, sorted into lanes by their addresses. On the \
                       interaction channel it is the Device's side of the relay. Steps, and what the air did, stand in the \
                       recording of the same name in the folder `captures`.";

/// A pcapng file that takes frames, with an Ethernet header each, as they come. What is given is in the file when it is
/// finished or dropped.
pub struct RawFile(PcapNgWriter<BufWriter<File>>);

impl RawFile {
    /// A file with one interface for each of these lanes.
    ///
    /// # Errors
    /// [`CaptureError::Io`] when the file cannot be made.
    pub fn create(path: &Path, lanes: &[Lane]) -> Result<Self, CaptureError> {
        let file = BufWriter::new(File::create(path).map_err(CaptureError::Io)?);
        let comment = SectionHeaderOption::Comment(Cow::Borrowed(COMMENT));
        begin_as(DataLink::ETHERNET, comment, lanes, file).map(Self)
    }

    /// Takes the next frame, of which `length` octets were on the wire.
    ///
    /// # Errors
    /// [`CaptureError::Io`] when it cannot be written.
    pub fn frame(&mut self, lane: LaneId, at: Timestamp, octets: &[u8], length: usize) -> Result<(), CaptureError> {
        let block = EnhancedPacketBlock {
            interface_id: lane.0,
            timestamp: Duration::from_nanos(at.as_nanos()),
            original_len: u32::try_from(length).unwrap_or(u32::MAX),
            data: Cow::Borrowed(octets),
            options: Vec::new(),
        };
        self.0.write_pcapng_block(block).map(drop).map_err(io_error)
    }

    /// Writes what is still held back.
    ///
    /// # Errors
    /// [`CaptureError::Io`] when it cannot be written.
    pub fn finish(mut self) -> Result<(), CaptureError> {
        self.0.get_mut().flush().map_err(CaptureError::Io)
    }
}
