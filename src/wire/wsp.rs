//! WSP connectionless Push, the envelope of a notification (profile section 1).
//!
//! One datagram is one [`Push`]: transaction id, PDU type, HeadersLen, Content-Type, X-Wap-Application-Id, further
//! headers, data. Only pushes of a DM notification are decoded, and the two codes must stand in the short form and in
//! this order, as OMA DM 1.2 asks of the sender. What the data say is the business of [`super::package0`].
//!
//! Bound: a decoded push holds copies of its headers and data, at most [`MAX_DATAGRAM`] octets together.

use super::DecodeError;
use super::form::{Form, Rule};

/// The most octets that a notification datagram may have (profile section 1).
pub const MAX_DATAGRAM: usize = 1400;

/// The most octets that may stand in front of the data, from the transaction id to the last header (DM 1.2 Notification).
///
/// The clause counts the bearer's header as well; that is not in the datagram, so it is not counted here.
pub const MAX_HEADERS: usize = 48;

const PROTOCOL: &str = "WSP Push";
const LAYOUT: &str = "WAP-230-WSP 8.2.4.1";
const UINTVAR: &str = "WAP-230-WSP 8.1.2";
const PUSH_BINDING: &str = "DM 1.2 Notification, WAP Push";
const PROFILE: &str = "profile section 1";

const PDU_TYPE_PUSH: u8 = 0x06;
/// `application/vnd.syncml.notification`, 0x44 as a short integer.
const CONTENT_TYPE: u8 = 0xC4;
/// The header X-Wap-Application-Id, 0x2F as a short integer.
const APPLICATION_ID: u8 = 0xAF;
/// `x-wap-application:syncml.dm`, 0x07 as a short integer.
const SYNCML_DM: u8 = 0x87;
/// A uintvar carries 32 bits, seven an octet.
const MAX_UINTVAR: usize = 5;

/// A connectionless Push PDU that carries a DM notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// The transaction id (TID), which only the sender gives a meaning.
    pub transaction: u8,
    /// The headers after X-Wap-Application-Id, as they stand in the datagram.
    pub headers: Vec<u8>,
    /// The data: Package #0.
    pub body: Vec<u8>,
}

impl Push {
    /// The push of `body` without further headers.
    pub fn notification(transaction: u8, body: Vec<u8>) -> Self {
        Self { transaction, headers: Vec::new(), body }
    }

    /// The push as a datagram.
    ///
    /// A push beyond [`MAX_HEADERS`] or [`MAX_DATAGRAM`] is encoded all the same, and refused by [`Push::decode`]: a
    /// sender that must be seen to break the rule needs it.
    pub fn encode(&self) -> Vec<u8> {
        let mut datagram = vec![self.transaction, PDU_TYPE_PUSH];
        push_uintvar(&mut datagram, self.headers.len() + 3);
        datagram.extend([CONTENT_TYPE, APPLICATION_ID, SYNCML_DM]);
        datagram.extend(&self.headers);
        datagram.extend(&self.body);
        datagram
    }

    /// The push in a datagram.
    ///
    /// # Errors
    /// [`DecodeError`] when the datagram is too long or cut short, is another PDU, does not begin its headers with the
    /// two codes of a DM notification, or has too many octets of headers.
    pub fn decode(datagram: &[u8]) -> Result<Self, DecodeError> {
        Self::decode_as(datagram, Form::PROFILE)
    }

    /// As [`Push::decode`], by a reader that holds it to `form`.
    ///
    /// # Errors
    /// [`DecodeError`], where a rule of `form` is broken.
    pub fn decode_as(datagram: &[u8], form: Form) -> Result<Self, DecodeError> {
        if form.has(Rule::Length) && datagram.len() > MAX_DATAGRAM {
            let reason = format!("{} octets, at most {MAX_DATAGRAM} are allowed", datagram.len());
            return Err(error(MAX_DATAGRAM, "datagram", reason, PROFILE));
        }
        let transaction = octet(datagram, 0, "TID", LAYOUT)?;
        expect(datagram, 1, "PDU type", PDU_TYPE_PUSH, LAYOUT)?;
        let (headers_len, headers_start) = uintvar(datagram, 2, "HeadersLen")?;
        let have = datagram.len() - headers_start;
        if headers_len > have {
            let reason = format!("{headers_len} octets of headers announced, {have} left");
            return Err(error(2, "HeadersLen", reason, LAYOUT));
        }
        let body_start = headers_start + headers_len;
        if body_start > MAX_HEADERS {
            let reason = format!("{body_start} octets of WSP header, at most {MAX_HEADERS} are allowed");
            return Err(error(2, "HeadersLen", reason, PUSH_BINDING));
        }
        let front = &datagram[..body_start];
        if form.has(Rule::ContentType) {
            expect(front, headers_start, "Content-Type", CONTENT_TYPE, PUSH_BINDING)?;
        }
        if form.has(Rule::ApplicationId) {
            expect(front, headers_start + 1, "X-Wap-Application-Id", APPLICATION_ID, PUSH_BINDING)?;
            expect(front, headers_start + 2, "X-Wap-Application-Id value", SYNCML_DM, PUSH_BINDING)?;
        }
        let headers = front.get(headers_start + 3..).unwrap_or_default().to_vec();
        Ok(Self { transaction, headers, body: datagram[body_start..].to_vec() })
    }
}

/// Whether a datagram is a connectionless Push of any kind, well formed or not.
///
/// Tells pushes from FLUTE, whose packets never have 0x06 in this place: it would mean a packet without a TSI.
pub fn looks_like_push(datagram: &[u8]) -> bool {
    matches!(datagram, [_, PDU_TYPE_PUSH, ..])
}

fn push_uintvar(out: &mut Vec<u8>, value: usize) {
    let groups = (usize::BITS - value.leading_zeros()).div_ceil(7).max(1);
    for group in (0..groups).rev() {
        let bits = (value >> (7 * group)) as u8 & 0x7F;
        out.push(if group == 0 { bits } else { bits | 0x80 });
    }
}

/// A uintvar at `start`, and where the octets after it begin.
fn uintvar(octets: &[u8], start: usize, field: &'static str) -> Result<(usize, usize), DecodeError> {
    let mut value = 0u64;
    for (index, octet) in octets.iter().enumerate().skip(start).take(MAX_UINTVAR) {
        if index == start && *octet == 0x80 {
            return Err(error(start, field, "longer than it needs to be: begins with 0x80".into(), UINTVAR));
        }
        value = value << 7 | u64::from(octet & 0x7F);
        if octet & 0x80 == 0 {
            let value = u32::try_from(value)
                .map_err(|_| error(start, field, format!("{value} does not fit 32 bits"), UINTVAR))?;
            // No datagram has as many octets as would not fit, so saturating keeps the later refusal right.
            return Ok((usize::try_from(value).unwrap_or(usize::MAX), index + 1));
        }
    }
    let reason = match octets.len() - start.min(octets.len()) {
        have if have < MAX_UINTVAR => format!("truncated after {have} octets"),
        _ => format!("does not end within {MAX_UINTVAR} octets"),
    };
    Err(error(start, field, reason, UINTVAR))
}

fn octet(octets: &[u8], offset: usize, field: &'static str, clause: &'static str) -> Result<u8, DecodeError> {
    octets.get(offset).copied().ok_or_else(|| error(offset, field, "truncated: need 1 octet, have 0".into(), clause))
}

fn expect(
    octets: &[u8],
    offset: usize,
    field: &'static str,
    expected: u8,
    clause: &'static str,
) -> Result<(), DecodeError> {
    match octet(octets, offset, field, clause)? {
        found if found == expected => Ok(()),
        found => Err(error(offset, field, format!("0x{found:02X}, only 0x{expected:02X} is allowed"), clause)),
    }
}

fn error(offset: usize, field: &'static str, reason: String, clause: &'static str) -> DecodeError {
    DecodeError { protocol: PROTOCOL, offset, field, reason, clause }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_notification_has_the_octets_that_stock_dissectors_read() {
        let push = Push::notification(0x01, vec![0xAA, 0xBB]);

        let datagram = push.encode();

        assert_eq!(datagram, [0x01, 0x06, 0x03, 0xC4, 0xAF, 0x87, 0xAA, 0xBB]);
        assert_eq!(Push::decode(&datagram), Ok(push));
    }

    #[test]
    fn further_headers_are_kept_as_they_are() {
        let datagram = [0x02, 0x06, 0x05, 0xC4, 0xAF, 0x87, 0xB4, 0x81, 0xAA];

        let push = Push::decode(&datagram).unwrap();

        assert_eq!(push, Push { transaction: 2, headers: vec![0xB4, 0x81], body: vec![0xAA] });
        assert_eq!(push.encode(), datagram);
    }

    #[test]
    fn header_octets_are_allowed_up_to_the_limit() {
        let fits = Push { transaction: 1, headers: vec![0xB4; MAX_HEADERS - 6], body: vec![] };
        let above = Push { transaction: 1, headers: vec![0xB4; MAX_HEADERS - 5], body: vec![] };

        assert_eq!(Push::decode(&fits.encode()), Ok(fits));
        assert_eq!(Push::decode(&above.encode()).unwrap_err().field, "HeadersLen");
    }

    #[test]
    fn a_datagram_is_allowed_up_to_the_limit() {
        let fits = Push::notification(1, vec![0; MAX_DATAGRAM - 6]);

        assert_eq!(Push::decode(&fits.encode()), Ok(fits));
    }

    #[test]
    fn every_malformed_form_is_refused_where_it_is_wrong() {
        let long = Push::notification(1, vec![0; MAX_DATAGRAM - 5]).encode();
        let three_octet_length = Push { transaction: 1, headers: vec![0; 1300], body: vec![] }.encode();
        let table: &[(&str, &[u8], usize, &str)] = &[
            ("empty", &[], 0, "TID"),
            ("cut after TID", &[1], 1, "PDU type"),
            ("confirmed push", &[1, 7, 3, 0xC4, 0xAF, 0x87], 1, "PDU type"),
            ("cut after PDU type", &[1, 6], 2, "HeadersLen"),
            ("cut inside HeadersLen", &[1, 6, 0x81], 2, "HeadersLen"),
            ("padded HeadersLen", &[1, 6, 0x80, 3, 0xC4, 0xAF, 0x87], 2, "HeadersLen"),
            ("six octets of HeadersLen", &[1, 6, 0x81, 0x80, 0x80, 0x80, 0x80, 0], 2, "HeadersLen"),
            ("33 bits of HeadersLen", &[1, 6, 0x90, 0x80, 0x80, 0x80, 0x00, 0xC4], 2, "HeadersLen"),
            ("32 bits of HeadersLen", &[1, 6, 0x8F, 0xFF, 0xFF, 0xFF, 0x7F, 0xC4], 2, "HeadersLen"),
            ("more headers than octets", &[1, 6, 4, 0xC4, 0xAF, 0x87], 2, "HeadersLen"),
            ("too many octets of headers", &three_octet_length, 2, "HeadersLen"),
            ("no headers", &[1, 6, 0, 0xC4, 0xAF, 0x87], 3, "Content-Type"),
            ("content type of DM XML", &[1, 6, 3, 0xC2, 0xAF, 0x87], 3, "Content-Type"),
            ("content type as text", &[1, 6, 4, b'x', 0, 0xAF, 0x87], 3, "Content-Type"),
            ("content type alone", &[1, 6, 1, 0xC4, 0xAF, 0x87], 4, "X-Wap-Application-Id"),
            ("another header first", &[1, 6, 5, 0xC4, 0xB4, 0x81, 0xAF, 0x87], 4, "X-Wap-Application-Id"),
            ("application id without value", &[1, 6, 2, 0xC4, 0xAF, 0x87], 5, "X-Wap-Application-Id value"),
            ("another application", &[1, 6, 3, 0xC4, 0xAF, 0x85], 5, "X-Wap-Application-Id value"),
            ("application id as long integer", &[1, 6, 4, 0xC4, 0xAF, 1, 7], 5, "X-Wap-Application-Id value"),
            ("too long", &long, MAX_DATAGRAM, "datagram"),
        ];

        for (name, octets, offset, field) in table {
            let error = Push::decode(octets).expect_err(name);

            assert_eq!((error.offset, error.field), (*offset, *field), "{name}: {error}");
        }
    }

    #[test]
    fn a_push_is_told_from_flute_even_when_it_is_broken() {
        assert!(looks_like_push(&Push::notification(0x10, vec![]).encode()));
        assert!(looks_like_push(&[1, 6, 3, 0xC2]));
        assert!(!looks_like_push(&[0x10, 0x90, 0x03, 0x00]));
        assert!(!looks_like_push(&[1]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn decoding_is_the_inverse_of_encoding(
            transaction: u8,
            headers in prop::collection::vec(any::<u8>(), 0..=MAX_HEADERS - 6),
            body in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let push = Push { transaction, headers, body };

            prop_assert_eq!(Push::decode(&push.encode()), Ok(push));
        }

        #[test]
        fn what_decodes_encodes_to_the_same_octets(
            mut octets in prop::collection::vec(any::<u8>(), 6..80),
            length in 0u8..60,
        ) {
            octets[1..6].copy_from_slice(&[6, length, 0xC4, 0xAF, 0x87]);

            if let Ok(push) = Push::decode(&octets) {
                prop_assert_eq!(push.encode(), octets);
            }
        }

        #[test]
        fn arbitrary_octets_never_panic(octets in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = Push::decode(&octets);
            let mut after_type = vec![1, 6];
            after_type.extend(&octets);
            let _ = Push::decode(&after_type);
        }

        #[test]
        fn a_uintvar_is_as_short_as_it_can_be(value in 0usize..=u32::MAX as usize) {
            let mut octets = Vec::new();

            push_uintvar(&mut octets, value);

            prop_assert!(octets.len() == 1 || octets[0] != 0x80);
            prop_assert_eq!(uintvar(&octets, 0, "value"), Ok((value, octets.len())));
        }
    }
}
