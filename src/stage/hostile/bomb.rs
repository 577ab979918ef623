//! Decompression bombs: few octets that inflate to many (zlib, RFC 1950; deflate with fixed codes, RFC 1951).

/// Octets that one match repeats: the longest that deflate has.
const RUN: usize = 258;

/// `start`, then so many runs of 258 spaces, compressed: 13 bits a run.
pub(super) fn zlib(start: &[u8], runs: usize) -> Vec<u8> {
    let mut bits = Bits::default();
    // One block, the last, with fixed codes.
    bits.put(1, 1);
    bits.put(0b01, 2);
    for octet in start.iter().chain([&b' ']) {
        bits.literal(*octet);
    }
    for _ in 0..runs {
        // Length 258, distance 1.
        bits.code(0b1100_0101, 8);
        bits.code(0, 5);
    }
    // The end of the block.
    bits.code(0, 7);
    let octets = start.iter().copied().chain(std::iter::repeat_n(b' ', 1 + runs * RUN));
    [&[0x78, 0x01], bits.octets().as_slice(), &adler32(octets).to_be_bytes()].concat()
}

/// Bits from the lowest of each octet up, as deflate packs them.
#[derive(Default)]
struct Bits {
    octets: Vec<u8>,
    used: usize,
}

impl Bits {
    /// A number, its lowest bit first.
    fn put(&mut self, number: u32, count: usize) {
        for bit in 0..count {
            if self.used.is_multiple_of(8) {
                self.octets.push(0);
            }
            let last = self.octets.last_mut().expect("one was pushed");
            *last |= ((number >> bit & 1) as u8) << (self.used % 8);
            self.used += 1;
        }
    }

    /// A code, its highest bit first.
    fn code(&mut self, code: u32, count: usize) {
        self.put(code.reverse_bits() >> (32 - count), count);
    }

    fn literal(&mut self, octet: u8) {
        match octet {
            0..=143 => self.code(0b0011_0000 + u32::from(octet), 8),
            144.. => self.code(0b1_1001_0000 + u32::from(octet - 144), 9),
        }
    }

    fn octets(self) -> Vec<u8> {
        self.octets
    }
}

fn adler32(octets: impl Iterator<Item = u8>) -> u32 {
    let (low, high) = octets.fold((1, 0), |(low, high), octet| {
        let low = (low + u32::from(octet)) % 65_521;
        (low, (high + low) % 65_521)
    });
    high << 16 | low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        assert_eq!(adler32(b"Wikipedia".iter().copied()), 0x11E6_0398);
    }

    #[test]
    fn a_short_text_has_the_octets_that_every_deflater_reads() {
        // `a` and then a space: 0x61 is 1001_0001, 0x20 is 0101_0000, the end is seven zeros.
        assert_eq!(zlib(b"a", 0), [0x78, 0x01, 0x4B, 0x54, 0x00, 0x00, 0x00, 0xE4, 0x00, 0x82]);
    }

    #[test]
    fn a_bomb_is_a_hundredth_of_what_it_becomes() {
        let bomb = zlib(b"<x/>", 1000);

        assert!(bomb.len() * 100 < 1000 * RUN);
    }
}
