//! The LCT header and its extensions (RFC 5651), as ALC uses it (RFC 5775).
//!
//! The header of every FLUTE packet: which session, which object, whether either is about to close, and extensions. A
//! decoded header keeps the sizes of its fields and the bits nobody reads, so encoding it again gives the same octets.
//! Not here: what follows the header, which is [`super::alc`]'s business. HDR_LEN bounds a header to 1,020 octets, and
//! with it what decoding allocates (at most 254 extensions).

use super::DecodeError;

mod extension;

pub use extension::Extension;

const PROTOCOL: &str = "LCT";

/// How many words and half words the variable fields of a header take (the bits C, S, O and H).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldSizes {
    /// Words of Congestion Control Information, 1 to 4 (C + 1).
    pub cci_words: u8,
    /// Whether the TSI has a full word (S).
    pub tsi_word: bool,
    /// Full words of the TOI, 0 to 3 (O).
    pub toi_words: u8,
    /// Whether both TSI and TOI have a half word (H).
    pub half_word: bool,
}

impl FieldSizes {
    /// The smallest sizes that hold the two identifiers; without a TOI the TSI has 32 bits, as H would bring a TOI along.
    pub fn fitting(tsi: u64, toi: Option<u128>) -> Self {
        let sizes = |tsi_word, toi_words, half_word| Self { cci_words: 1, tsi_word, toi_words, half_word };
        match toi {
            None => sizes(true, 0, tsi >> 32 != 0),
            Some(toi) => {
                let toi_words = (0..3).find(|words| toi >> (32 * words + 16) == 0).unwrap_or(3);
                sizes(tsi >> 16 != 0, toi_words, true)
            }
        }
    }

    fn cci(self) -> usize {
        4 * usize::from(self.cci_words)
    }

    fn tsi(self) -> usize {
        4 * usize::from(self.tsi_word) + 2 * usize::from(self.half_word)
    }

    fn toi(self) -> usize {
        4 * usize::from(self.toi_words) + 2 * usize::from(self.half_word)
    }
}

/// Why a value cannot be put in octets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A value needs more bits than its field has.
    #[error("{field} {value} does not fit in {bits} bits")]
    TooWide {
        /// The field.
        field: &'static str,
        /// The value.
        value: u128,
        /// Bits of the field.
        bits: usize,
    },
    /// There is a TOI but no field for it, or a field but no TOI.
    #[error("TOI and the size of its field disagree")]
    ToiSize,
    /// The content of an extension does not end on a word boundary or is too long.
    #[error("extension {het} with content of {octets} octets")]
    ExtensionLength {
        /// Header Extension Type.
        het: u8,
        /// Octets of content.
        octets: usize,
    },
    /// The header is longer than HDR_LEN can say.
    #[error("header of {octets} octets, at most 1020 fit")]
    HeaderTooLong {
        /// Octets of the header.
        octets: usize,
    },
}

/// The header of an LCT packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LctHeader {
    /// Sizes of the fields below.
    pub sizes: FieldSizes,
    /// Protocol-Specific Indication, 2 bits; in ALC the upper one is the Source Packet Indicator.
    pub psi: u8,
    /// Reserved bits, 2; zero from a conforming sender, ignored by a receiver.
    pub reserved: u8,
    /// Congestion Control Information.
    pub cci: u128,
    /// Transport Session Identifier.
    pub tsi: u64,
    /// Transport Object Identifier; 0 is the FDT.
    pub toi: Option<u128>,
    /// Close Session (A): the sender is about to stop sending for the session.
    pub close_session: bool,
    /// Close Object (B): the sender is about to stop sending for the object.
    pub close_object: bool,
    /// Codepoint; FLUTE puts the FEC Encoding ID here.
    pub codepoint: u8,
    /// Header extensions in their order.
    pub extensions: Vec<Extension>,
}

impl LctHeader {
    /// A header in the smallest field sizes, without flags and extensions.
    pub fn new(tsi: u64, toi: Option<u128>, codepoint: u8) -> Self {
        let sizes = FieldSizes::fitting(tsi, toi);
        // A TSI of 48 bits needs the half word, and then there is a TOI field, whether wanted or not.
        let toi = if sizes.toi() > 0 { Some(toi.unwrap_or(0)) } else { None };
        Self {
            sizes,
            psi: 0,
            reserved: 0,
            cci: 0,
            tsi,
            toi,
            close_session: false,
            close_object: false,
            codepoint,
            extensions: Vec::new(),
        }
    }

    /// FLUTE version and FDT Instance ID of EXT_FDT, when the header has one.
    pub fn fdt_instance(&self) -> Option<(u8, u32)> {
        self.extensions.iter().find_map(|extension| match extension {
            Extension::Fdt { version, instance } => Some((*version, *instance)),
            _ => None,
        })
    }

    /// The content encoding of EXT_CENC; 0 when there is none.
    pub fn content_encoding(&self) -> u8 {
        let encoding = |extension: &Extension| match extension {
            Extension::Cenc { encoding, .. } => Some(*encoding),
            _ => None,
        };
        self.extensions.iter().find_map(encoding).unwrap_or(0)
    }

    /// The content of EXT_FTI, when the header has one.
    pub fn fti(&self) -> Option<&[u8]> {
        self.extensions.iter().find_map(|extension| match extension {
            Extension::Fti(octets) => Some(octets.as_slice()),
            _ => None,
        })
    }

    /// The octets of the header.
    ///
    /// # Errors
    /// [`EncodeError`] when a value does not fit its field or the header is longer than 1,020 octets.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let FieldSizes { cci_words, tsi_word, toi_words, half_word } = self.sizes;
        if !(1..=4).contains(&cci_words) {
            return Err(EncodeError::TooWide { field: "C", value: u128::from(cci_words.wrapping_sub(1)), bits: 2 });
        }
        fits("O", u128::from(toi_words), 2)?;
        fits("PSI", u128::from(self.psi), 2)?;
        fits("Res", u128::from(self.reserved), 2)?;
        fits("CCI", self.cci, 8 * self.sizes.cci())?;
        fits("TSI", u128::from(self.tsi), 8 * self.sizes.tsi())?;
        if self.toi.is_some() != (self.sizes.toi() > 0) {
            return Err(EncodeError::ToiSize);
        }
        let toi = self.toi.unwrap_or(0);
        fits("TOI", toi, 8 * self.sizes.toi())?;

        let mut octets = vec![
            0x10 | (cci_words - 1) << 2 | self.psi,
            u8::from(tsi_word) << 7
                | toi_words << 5
                | u8::from(half_word) << 4
                | self.reserved << 2
                | u8::from(self.close_session) << 1
                | u8::from(self.close_object),
            0,
            self.codepoint,
        ];
        for (value, size) in
            [(self.cci, self.sizes.cci()), (u128::from(self.tsi), self.sizes.tsi()), (toi, self.sizes.toi())]
        {
            octets.extend_from_slice(&value.to_be_bytes()[16 - size..]);
        }
        for extension in &self.extensions {
            extension.encode(&mut octets)?;
        }
        octets[2] = u8::try_from(octets.len() / 4).map_err(|_| EncodeError::HeaderTooLong { octets: octets.len() })?;
        Ok(octets)
    }

    /// The header at the start of `octets`, and how many octets it takes.
    ///
    /// # Errors
    /// [`DecodeError`] when the octets end too early, the version is not 1, there is no TSI (which ALC requires), or a
    /// length contradicts another.
    pub fn decode(octets: &[u8]) -> Result<(Self, usize), DecodeError> {
        let &[first, second, words, codepoint, ..] = octets else {
            let reason = format!("need 4 octets, have {}", octets.len());
            return Err(error(octets.len(), "header", reason, "RFC 5651 section 5.1"));
        };
        if first >> 4 != 1 {
            return Err(error(0, "V", format!("version {}, not 1", first >> 4), "RFC 5651 section 5.1"));
        }
        let sizes = FieldSizes {
            cci_words: (first >> 2 & 3) + 1,
            tsi_word: second & 0x80 != 0,
            toi_words: second >> 5 & 3,
            half_word: second & 0x10 != 0,
        };
        if sizes.tsi() == 0 {
            return Err(error(1, "TSI", "no TSI field".into(), "RFC 5775 section 2.1"));
        }
        let length = 4 * usize::from(words);
        let fields = 4 + sizes.cci() + sizes.tsi() + sizes.toi();
        if length < fields {
            let reason = format!("{length} octets, but the fields alone take {fields}");
            return Err(error(2, "HDR_LEN", reason, "RFC 5651 section 5.1"));
        }
        let Some(header) = octets.get(..length) else {
            let reason = format!("{length} octets, but the packet has {}", octets.len());
            return Err(error(2, "HDR_LEN", reason, "RFC 5651 section 5.1"));
        };

        let (cci, rest) = header[4..fields].split_at(sizes.cci());
        let (tsi, toi) = rest.split_at(sizes.tsi());
        let tsi = tsi.iter().fold(0, |value, octet| value << 8 | u64::from(*octet));
        let mut extensions = Vec::new();
        let mut offset = fields;
        while offset < length {
            let (extension, taken) = Extension::decode(&header[offset..], offset)?;
            extensions.push(extension);
            offset += taken;
        }
        let header = Self {
            sizes,
            psi: first & 3,
            reserved: second >> 2 & 3,
            cci: number(cci),
            tsi,
            toi: (!toi.is_empty()).then(|| number(toi)),
            close_session: second & 2 != 0,
            close_object: second & 1 != 0,
            codepoint,
            extensions,
        };
        Ok((header, length))
    }
}

fn number(octets: &[u8]) -> u128 {
    octets.iter().fold(0, |value, octet| value << 8 | u128::from(*octet))
}

pub(super) fn fits(field: &'static str, value: u128, bits: usize) -> Result<(), EncodeError> {
    if bits < 128 && value >> bits != 0 {
        return Err(EncodeError::TooWide { field, value, bits });
    }
    Ok(())
}

fn error(offset: usize, field: &'static str, reason: String, clause: &'static str) -> DecodeError {
    DecodeError { protocol: PROTOCOL, offset, field, reason, clause }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn variable(words: usize) -> impl Strategy<Value = Vec<u8>> {
        (1..=words).prop_flat_map(|words| vec(any::<u8>(), 4 * words - 2))
    }

    fn extension() -> impl Strategy<Value = Extension> {
        prop_oneof![
            variable(4).prop_map(Extension::Nop),
            (any::<u16>(), vec(any::<u32>(), 0..4)).prop_map(|(uses, values)| Extension::Time { uses, values }),
            variable(4).prop_map(Extension::Fti),
            (0..16u8, 0..1u32 << 20).prop_map(|(version, instance)| Extension::Fdt { version, instance }),
            (any::<u8>(), any::<u16>()).prop_map(|(encoding, reserved)| Extension::Cenc { encoding, reserved }),
            (3..64u8, variable(4)).prop_map(|(het, octets)| Extension::Unknown { het, octets }),
            (194..=255u8, vec(any::<u8>(), 3)).prop_map(|(het, octets)| Extension::Unknown { het, octets }),
        ]
    }

    fn header() -> impl Strategy<Value = LctHeader> {
        let sizes = (1..=4u8, any::<bool>(), 0..4u8, any::<bool>())
            .prop_filter("ALC has a TSI", |sizes| sizes.1 || sizes.3)
            .prop_map(|(cci_words, tsi_word, toi_words, half_word)| FieldSizes {
                cci_words,
                tsi_word,
                toi_words,
                half_word,
            });
        let numbers = (any::<u128>(), any::<u64>(), any::<u128>(), 0..4u8, 0..4u8, any::<u8>());
        (sizes, numbers, any::<(bool, bool)>(), vec(extension(), 0..6)).prop_map(
            |(sizes, (cci, tsi, toi, psi, reserved, codepoint), (close_session, close_object), extensions)| {
                let cut = |value: u128, size: usize| if size == 16 { value } else { value & ((1 << (8 * size)) - 1) };
                LctHeader {
                    sizes,
                    psi,
                    reserved,
                    cci: cut(cci, sizes.cci()),
                    tsi: tsi & ((1 << (8 * sizes.tsi())) - 1),
                    toi: (sizes.toi() > 0).then(|| cut(toi, sizes.toi())),
                    close_session,
                    close_object,
                    codepoint,
                    extensions,
                }
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn decoding_undoes_encoding(header in header(), rest in vec(any::<u8>(), 0..8)) {
            let mut octets = header.encode().unwrap();
            let length = octets.len();
            octets.extend(rest);

            prop_assert_eq!(LctHeader::decode(&octets), Ok((header, length)));
        }

        #[test]
        fn encoding_undoes_decoding(flags in any::<[u8; 2]>(), words in 3..20u8, rest in vec(any::<u8>(), 0..90)) {
            let octets = [&[0x10 | flags[0] & 0x0F, flags[1], words, 0][..], &rest].concat();

            if let Ok((header, length)) = LctHeader::decode(&octets) {
                prop_assert_eq!(header.encode().unwrap(), &octets[..length]);
            }
        }

        #[test]
        fn arbitrary_octets_never_panic(octets in vec(any::<u8>(), 0..64)) {
            let _ = LctHeader::decode(&octets);
        }
    }

    #[test]
    fn fields_stand_where_the_standard_puts_them() {
        let mut header = LctHeader::new(7, Some(0), 0);
        header.close_object = true;
        header.extensions.push(Extension::Fdt { version: 2, instance: 0x12345 });

        let octets = header.encode().unwrap();

        assert_eq!(octets, [0x10, 0x11, 4, 0, 0, 0, 0, 0, 0, 7, 0, 0, 192, 0x21, 0x23, 0x45]);
    }

    #[test]
    fn a_header_without_toi_has_a_toi_field_only_for_a_tsi_of_48_bits() {
        assert_eq!(LctHeader::new(7, None, 0).toi, None);
        assert_eq!(LctHeader::new(1 << 40, None, 0).toi, Some(0));
        assert_eq!(LctHeader::new(1 << 40, None, 0).encode().unwrap().len(), 16);
    }

    #[test]
    fn malformed_headers_are_refused_where_they_are_wrong() {
        let table: [(&[u8], usize, &str); 8] = [
            (&[], 0, "header"),
            (&[0x10, 0x90, 3], 3, "header"),
            (&[0x20, 0x10, 3, 0, 0, 0, 0, 0, 0, 7, 0, 0], 0, "V"),
            (&[0x10, 0x00, 2, 0, 0, 0, 0, 0], 1, "TSI"),
            (&[0x10, 0x10, 2, 0, 0, 0, 0, 0], 2, "HDR_LEN"),
            (&[0x10, 0x10, 4, 0, 0, 0, 0, 0, 0, 7, 0, 0], 2, "HDR_LEN"),
            (&[0x10, 0x10, 4, 0, 0, 0, 0, 0, 0, 7, 0, 0, 64, 0, 0, 0], 13, "HEL"),
            (&[0x10, 0x10, 4, 0, 0, 0, 0, 0, 0, 7, 0, 0, 64, 2, 0, 0], 13, "HEL"),
        ];

        for (octets, offset, field) in table {
            let refused = LctHeader::decode(octets).unwrap_err();
            assert_eq!((refused.offset, refused.field), (offset, field), "{octets:02X?}");
        }
    }

    #[test]
    fn values_wider_than_their_fields_are_refused() {
        let narrow = FieldSizes { cci_words: 1, tsi_word: false, toi_words: 0, half_word: true };
        let wide_tsi = LctHeader { sizes: narrow, ..LctHeader::new(0x1_0000, Some(1), 0) };
        let lost_toi = LctHeader { toi: None, ..LctHeader::new(7, Some(1), 0) };
        let odd = LctHeader { extensions: vec![Extension::Fti(vec![0; 3])], ..LctHeader::new(7, Some(1), 0) };
        let long = LctHeader { extensions: vec![Extension::Nop(vec![0; 1018]); 2], ..LctHeader::new(7, Some(1), 0) };

        assert_eq!(wide_tsi.encode(), Err(EncodeError::TooWide { field: "TSI", value: 0x1_0000, bits: 16 }));
        assert_eq!(lost_toi.encode(), Err(EncodeError::ToiSize));
        assert_eq!(odd.encode(), Err(EncodeError::ExtensionLength { het: 64, octets: 3 }));
        assert_eq!(long.encode(), Err(EncodeError::HeaderTooLong { octets: 2052 }));
    }
}
