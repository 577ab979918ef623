//! The blocks of a pcapng file.

use std::borrow::Cow;

use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketOption;
use pcap_file::pcapng::blocks::interface_description::{InterfaceDescriptionBlock, InterfaceDescriptionOption};
use pcap_file::pcapng::blocks::packet::PacketOption;
use pcap_file::pcapng::{Block, PcapNgParser};
use pcap_file::{Endianness, PcapError};

use super::pcap_times::{Clock, MICROSECONDS};
use super::reader::{Captured, Intake, too_long};
use super::recording::Lane;

/// Section header and interface description: what later blocks cannot be understood without.
const FOUNDATIONS: [u32; 2] = [0x0A0D_0D0A, 1];

/// Obsolete packet block, simple packet block, enhanced packet block.
const PACKETS: [u32; 3] = [2, 3, 6];

/// Reads the block at the start of `rest` and gives its length; 0 when it is not whole.
///
/// A block that alone makes no sense is passed over, a packet block is listed. Without a section header or an interface
/// nothing after it could be trusted.
pub(super) fn block(
    parser: &mut PcapNgParser,
    rest: &[u8],
    longest: usize,
    intake: &mut Intake,
) -> Result<usize, String> {
    let order = parser.section().endianness;
    match length(rest, Some(order)) {
        Some(length) if length > longest => return Err(too_long(length)),
        _ => {}
    }
    match parser.next_block(rest) {
        Ok((after, block)) => {
            let length = rest.len() - after.len();
            take(block, parser, length, intake)?;
            Ok(length)
        }
        Err(error) => match sound_block(rest, order) {
            Some((kind, length)) if !FOUNDATIONS.contains(&kind) => {
                if PACKETS.contains(&kind) {
                    intake.skip(format!("malformed packet block: {error}"), true);
                }
                Ok(length)
            }
            Some(_) => Err(error.to_string()),
            // The frame is not there yet, or is wrong.
            None if matches!(error, PcapError::IncompleteBuffer) => Ok(0),
            None => Err(error.to_string()),
        },
    }
}

fn number(octets: &[u8], at: usize, order: Endianness) -> Option<u32> {
    let octets: [u8; 4] = octets.get(at..at.checked_add(4)?)?.try_into().ok()?;
    Some(match order {
        Endianness::Big => u32::from_be_bytes(octets),
        Endianness::Little => u32::from_le_bytes(octets),
    })
}

/// The length that the block at the start of `rest` claims, in the order of its section; a section header tells its own.
pub(super) fn length(rest: &[u8], order: Option<Endianness>) -> Option<usize> {
    let order = match number(rest, 0, Endianness::Big)? == FOUNDATIONS[0] {
        true if *rest.get(8)? == 0x4D => Endianness::Little,
        true => Endianness::Big,
        false => order?,
    };
    Some(number(rest, 4, order)? as usize)
}

/// Type and length of the block at the start of `rest`, when its frame is sound: then what follows can still be read.
fn sound_block(rest: &[u8], order: Endianness) -> Option<(u32, usize)> {
    let (kind, length) = (number(rest, 0, order)?, number(rest, 4, order)? as usize);
    let sound = length >= 12 && length.is_multiple_of(4) && number(rest, length - 4, order)? as usize == length;
    sound.then_some((kind, length))
}

fn take(block: Block<'_>, parser: &PcapNgParser, length: usize, intake: &mut Intake) -> Result<(), String> {
    let comment = |text: &Cow<'_, str>| text.to_string();
    match block {
        Block::SectionHeader(_) => intake.interfaces.clear(),
        Block::InterfaceDescription(block) => intake.describe(interface(&block), length)?,
        Block::EnhancedPacket(block) => intake.packet(Captured {
            interface: block.interface_id as usize,
            // The crate puts the file's number into nanoseconds whatever its unit is.
            time: Some(u64::try_from(block.timestamp.as_nanos()).unwrap_or(u64::MAX)),
            octets: &block.data,
            length: block.original_len as usize,
            comments: block
                .options
                .iter()
                .filter_map(|option| match option {
                    EnhancedPacketOption::Comment(text) => Some(comment(text)),
                    _ => None,
                })
                .collect(),
        }),
        Block::SimplePacket(block) => {
            // The block does not say how much was taken: all of it, up to the interface's limit.
            let limit = intake.interfaces.first().map_or(0, |interface| interface.snaplen);
            let limit = if limit == 0 { usize::MAX } else { limit };
            let length = block.original_len as usize;
            let taken = length.min(limit).min(block.data.len());
            let octets = &block.data[..taken];
            intake.packet(Captured { interface: 0, time: None, octets, length, comments: Vec::new() });
        }
        Block::Packet(block) => intake.packet(Captured {
            interface: block.interface_id.into(),
            // Two numbers, the higher first, which the crate takes for one.
            time: Some(match parser.section().endianness {
                Endianness::Big => block.timestamp,
                Endianness::Little => block.timestamp.rotate_left(32),
            }),
            octets: &block.data,
            length: block.original_len as usize,
            comments: block
                .options
                .iter()
                .filter_map(|option| match option {
                    PacketOption::Comment(text) => Some(comment(text)),
                    _ => None,
                })
                .collect(),
        }),
        Block::NameResolution(_)
        | Block::InterfaceStatistics(_)
        | Block::SystemdJournalExport(_)
        | Block::Unknown(_) => {}
    }
    Ok(())
}

fn interface(block: &InterfaceDescriptionBlock<'_>) -> (Lane, u32, Clock, usize) {
    let mut lane = Lane { name: String::new(), description: String::new() };
    let mut clock = Clock { resolution: MICROSECONDS, offset: 0 };
    for option in &block.options {
        match option {
            InterfaceDescriptionOption::IfName(name) => lane.name = name.to_string(),
            InterfaceDescriptionOption::IfDescription(text) => lane.description = text.to_string(),
            InterfaceDescriptionOption::IfTsResol(resolution) => clock.resolution = *resolution,
            InterfaceDescriptionOption::IfTsOffset(offset) => clock.offset = offset.cast_signed(),
            _ => {}
        }
    }
    (lane, block.linktype.into(), clock, block.snaplen as usize)
}
