//! Units of time, and where a pcap file holds them.

use pcap_file::pcap::{PcapHeader, RawPcapPacket};
use pcap_file::{Endianness, TsResolution};

use super::recording::Lane;
use crate::spec::Timestamp;

/// `if_tsresol` when an interface does not give it: microseconds.
pub(super) const MICROSECONDS: u8 = 6;

/// `if_tsresol` of nanoseconds.
pub(super) const NANOSECONDS: u8 = 9;

/// How the times of an interface are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock {
    /// `if_tsresol`.
    pub(super) resolution: u8,
    /// `if_tsoffset`, in seconds; signed, though the crate reads it as unsigned.
    pub(super) offset: i64,
}

impl Clock {
    /// The time that this number of units stands for.
    pub(super) fn time(self, units: u64) -> Timestamp {
        let units = u128::from(units);
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

/// The one interface of a pcap file: lane, link type, clock, and the snap length, which does not matter here.
pub(super) fn interface(header: &PcapHeader) -> (Lane, u32, Clock, usize) {
    let resolution = match header.ts_resolution {
        TsResolution::MicroSecond => MICROSECONDS,
        TsResolution::NanoSecond => NANOSECONDS,
    };
    let lane = Lane { name: String::new(), description: String::new() };
    // `ts_correction` is zero in every file that is written today, and the upper half of the link type tells of a frame
    // check sequence, which the lengths inside the packet leave out.
    (lane, u32::from(header.datalink) & 0xFFFF, Clock { resolution, offset: 0 }, 0)
}

/// The time of a packet in units of its file. A fraction may be more than a second; it is added.
pub(super) fn units(header: &PcapHeader, raw: &RawPcapPacket<'_>) -> u64 {
    let second = match header.ts_resolution {
        TsResolution::MicroSecond => 1_000_000,
        TsResolution::NanoSecond => 1_000_000_000,
    };
    u64::from(raw.ts_sec) * second + u64::from(raw.ts_frac)
}

/// The length of the packet at the start of `rest`, its header included; `None` when that is not whole.
pub(super) fn length(header: &PcapHeader, rest: &[u8]) -> Option<usize> {
    let octets = rest.get(8..12)?.try_into().ok()?;
    let taken = match header.endianness {
        Endianness::Big => u32::from_be_bytes(octets),
        Endianness::Little => u32::from_le_bytes(octets),
    };
    Some(taken as usize + 16)
}
