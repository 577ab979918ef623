//! The payload of an announcement, and how it can be wrong.
//!
//! The right octets come from `wire`; they begin with the head of a map of ten or eleven entries and, as the first entry,
//! `01 01`, the profile version. What is wrong is done to these octets.

use super::Flaw;
use crate::spec::Announcement;
use crate::wire::announcement::encode;

/// Octets of padding that bring a notification over 1,400.
const PADDING: usize = 1300;

/// The payload, wrong in the way of `flaw` if that is one of the payload.
pub(super) fn payload(announcement: &Announcement, flaw: Flaw) -> Vec<u8> {
    let right = encode(announcement);
    let (head, entries) = (right[0], &right[1..]);
    let with_more = |more: &[u8]| [&[head + 1], entries, more].concat();
    match flaw {
        // A realistic mistake: the same content in another notation.
        Flaw::NotCbor => format!(r#"{{"campaign": "{}", "version": "2.0"}}"#, announcement.campaign).into_bytes(),
        // Keys 40 and 64, the last in order; the value is a text.
        Flaw::IgnorableField => with_more(&[0x18, 40, 0x63, b'n', b'e', b'w']),
        Flaw::CriticalField => with_more(&[0x18, 64, 0x63, b'n', b'e', b'w']),
        Flaw::IndefiniteLength => [&[0xBF], entries, &[0xFF]].concat(),
        Flaw::LongNumber => [&[head, 0x01, 0x18, 0x01], &entries[2..]].concat(),
        Flaw::DoubledField => [&[head + 1, 0x01, 0x01], entries].concat(),
        Flaw::MissingField => [&[head - 1], &entries[2..]].concat(),
        // The first entry at the end.
        Flaw::UnorderedFields => [&[head], &entries[2..], &entries[..2]].concat(),
        Flaw::OtherProfileVersion => [&[head, 0x01, 0x02], &entries[2..]].concat(),
        // A field that may be ignored, of more octets than a datagram may have.
        Flaw::TooLong => {
            let length = u16::try_from(PADDING).expect("a short text").to_be_bytes();
            with_more(&[&[0x18, 40, 0x59, length[0], length[1]][..], &[0; PADDING]].concat())
        }
        _ => right,
    }
}
