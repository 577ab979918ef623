//! A strict reader of deterministic CBOR: every item has one encoding, and errors know where they are.
//!
//! A general CBOR library reads more than the profile allows (indefinite lengths, padded integers, keys in any order) and
//! forgets offsets; so this reads the few forms that are left. It reserves nothing on the word of a length.

use crate::wire::DecodeError;
use crate::wire::form::{Form, Rule};

use super::{FIRST_CRITICAL_KEY, MAX_LIST, PROFILE};

pub(super) const DETERMINISTIC: &str = "RFC 8949 section 4.2.1";
pub(super) const WELL_FORMED: &str = "RFC 8949 section 3";

/// The major types, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Major {
    Unsigned,
    Negative,
    Bytes,
    Text,
    Array,
    Map,
    Tag,
    Simple,
}

impl Major {
    fn name(self) -> &'static str {
        match self {
            Self::Unsigned => "an unsigned integer",
            Self::Negative => "a negative integer",
            Self::Bytes => "a byte string",
            Self::Text => "a text",
            Self::Array => "an array",
            Self::Map => "a map",
            Self::Tag => "a tag",
            Self::Simple => "a simple value or float",
        }
    }
}

/// The head of an item: its major type, its additional information, and the argument.
pub(super) struct Head {
    pub(super) major: Major,
    pub(super) info: u8,
    pub(super) argument: u64,
}

/// A position in octets.
pub(super) struct Reader<'a> {
    protocol: &'static str,
    octets: &'a [u8],
    at: usize,
    /// Where `octets` begin in the message that errors speak of.
    base: usize,
    form: Form,
}

impl<'a> Reader<'a> {
    pub(super) fn new(protocol: &'static str, octets: &'a [u8], base: usize) -> Self {
        Self { protocol, octets, at: 0, base, form: Form::PROFILE }
    }

    /// The reader with other rules.
    pub(super) fn held_to(self, form: Form) -> Self {
        Self { form, ..self }
    }

    /// Octets from the start of the message to the next item.
    pub(super) fn offset(&self) -> usize {
        self.base + self.at
    }

    /// The octets that are left.
    pub(super) fn rest(&self) -> &'a [u8] {
        &self.octets[self.at..]
    }

    /// An error of the profile's making at `offset`.
    pub(super) fn refuse(&self, offset: usize, field: &'static str, reason: impl Into<String>) -> DecodeError {
        self.error(offset, field, reason, PROFILE)
    }

    pub(super) fn error(
        &self,
        offset: usize,
        field: &'static str,
        reason: impl Into<String>,
        clause: &'static str,
    ) -> DecodeError {
        DecodeError { protocol: self.protocol, offset, field, reason: reason.into(), clause }
    }

    /// Ends the walk: nothing may follow.
    pub(super) fn finish(&self, field: &'static str) -> Result<(), DecodeError> {
        match self.rest().len() {
            0 => Ok(()),
            left => Err(self.refuse(self.offset(), field, format!("{left} octets follow the end"))),
        }
    }

    pub(super) fn unsigned(&mut self, field: &'static str) -> Result<u64, DecodeError> {
        self.item(Major::Unsigned, field)
    }

    /// An unsigned integer of the range that the profile gives the field.
    pub(super) fn within(
        &mut self,
        field: &'static str,
        range: std::ops::RangeInclusive<u64>,
    ) -> Result<u64, DecodeError> {
        let start = self.offset();
        match self.unsigned(field)? {
            value if range.contains(&value) => Ok(value),
            value => {
                let reason = format!("{value}, {} to {} are allowed", range.start(), range.end());
                Err(self.refuse(start, field, reason))
            }
        }
    }

    /// The argument of a negative integer: 7 stands for -8.
    pub(super) fn negative(&mut self, field: &'static str) -> Result<u64, DecodeError> {
        self.item(Major::Negative, field)
    }

    pub(super) fn bytes(&mut self, field: &'static str) -> Result<&'a [u8], DecodeError> {
        let start = self.offset();
        let length = self.item(Major::Bytes, field)?;
        self.take(length, start, field)
    }

    pub(super) fn byte_array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], DecodeError> {
        let start = self.offset();
        let octets = self.bytes(field)?;
        octets
            .try_into()
            .map_err(|_| self.refuse(start, field, format!("{} octets, exactly {N} are allowed", octets.len())))
    }

    pub(super) fn text(&mut self, field: &'static str) -> Result<&'a str, DecodeError> {
        let start = self.offset();
        let length = self.item(Major::Text, field)?;
        self.text_octets(length, start, field)
    }

    /// A text that something else must accept as well.
    pub(super) fn parsed<T, E: std::fmt::Display>(
        &mut self,
        field: &'static str,
        parse: impl FnOnce(&'a str) -> Result<T, E>,
    ) -> Result<T, DecodeError> {
        let start = self.offset();
        let text = self.text(field)?;
        parse(text).map_err(|fault| self.refuse(start, field, fault.to_string()))
    }

    pub(super) fn tag(&mut self, field: &'static str, number: u64) -> Result<(), DecodeError> {
        self.exactly(Major::Tag, field, number)
    }

    pub(super) fn array(&mut self, field: &'static str, count: u64) -> Result<(), DecodeError> {
        self.exactly(Major::Array, field, count)
    }

    pub(super) fn empty_map(&mut self, field: &'static str) -> Result<(), DecodeError> {
        self.exactly(Major::Map, field, 0)
    }

    /// A list of one to [`MAX_LIST`] entries.
    pub(super) fn list<T>(
        &mut self,
        field: &'static str,
        mut entry: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let start = self.offset();
        let count = self.item(Major::Array, field)?;
        if count == 0 || count > MAX_LIST as u64 {
            return Err(self.refuse(start, field, format!("{count} entries, 1 to {MAX_LIST} are allowed")));
        }
        (0..count).map(|_| entry(self)).collect()
    }

    /// A map with ascending unsigned keys. `entry` reads the value of a key that it knows and returns whether it did; of
    /// the others, those below 64 are passed over and those from 64 up are refused.
    pub(super) fn map(
        &mut self,
        field: &'static str,
        mut entry: impl FnMut(&mut Self, u64) -> Result<bool, DecodeError>,
    ) -> Result<(), DecodeError> {
        let count = self.item(Major::Map, field)?;
        let mut previous = None;
        for _ in 0..count {
            let start = self.offset();
            let head = self.head(field)?;
            if head.major != Major::Unsigned {
                let reason = format!("a key is {}, keys are unsigned integers", head.major.name());
                return Err(self.refuse(start, field, reason));
            }
            let key = head.argument;
            match previous {
                Some(previous) if key == previous => {
                    return Err(self.error(start, field, format!("key {key} stands twice"), DETERMINISTIC));
                }
                Some(previous) if key < previous => {
                    let reason = format!("key {key} follows key {previous}, keys ascend");
                    return Err(self.error(start, field, reason, DETERMINISTIC));
                }
                _ => previous = Some(key),
            }
            if !entry(self, key)? {
                if !self.form.has(Rule::IgnorableKeys)
                    || (key >= FIRST_CRITICAL_KEY && self.form.has(Rule::CriticalKeys))
                {
                    return Err(self.refuse(start, field, format!("critical key {key} is unknown")));
                }
                self.pass_over(field, 0)?;
            }
        }
        Ok(())
    }

    fn exactly(&mut self, major: Major, field: &'static str, expected: u64) -> Result<(), DecodeError> {
        let start = self.offset();
        match self.item(major, field)? {
            found if found == expected => Ok(()),
            found => {
                let what = if major == Major::Tag { "tag" } else { "entries:" };
                Err(self.refuse(start, field, format!("{what} {found}, only {expected} is allowed")))
            }
        }
    }

    fn item(&mut self, major: Major, field: &'static str) -> Result<u64, DecodeError> {
        let start = self.offset();
        let head = self.head(field)?;
        if head.major != major {
            let reason = format!("{} where {} is expected", head.major.name(), major.name());
            return Err(self.refuse(start, field, reason));
        }
        Ok(head.argument)
    }

    pub(super) fn head(&mut self, field: &'static str) -> Result<Head, DecodeError> {
        let start = self.offset();
        let initial = self.take(1, start, field)?[0];
        let major = match initial >> 5 {
            0 => Major::Unsigned,
            1 => Major::Negative,
            2 => Major::Bytes,
            3 => Major::Text,
            4 => Major::Array,
            5 => Major::Map,
            6 => Major::Tag,
            _ => Major::Simple,
        };
        let info = initial & 0x1F;
        let (width, least) = match info {
            24 => (1, 24),
            25 => (2, 1 << 8),
            26 => (4, 1 << 16),
            27 => (8, 1 << 32),
            31 => return Err(self.error(start, field, "an indefinite length or a break", DETERMINISTIC)),
            28..=30 => {
                return Err(self.error(start, field, format!("reserved additional information {info}"), WELL_FORMED));
            }
            _ => return Ok(Head { major, info, argument: u64::from(info) }),
        };
        let octets = self.take(width, start, field)?;
        let argument = octets.iter().fold(0, |sum, octet| sum << 8 | u64::from(*octet));
        // The octets of a float are no number; `check_simple` sees to them.
        if argument < least && major != Major::Simple {
            return Err(self.error(start, field, format!("{argument} is longer than it needs to be"), DETERMINISTIC));
        }
        Ok(Head { major, info, argument })
    }

    pub(super) fn text_octets(
        &mut self,
        length: u64,
        start: usize,
        field: &'static str,
    ) -> Result<&'a str, DecodeError> {
        let octets = self.take(length, start, field)?;
        std::str::from_utf8(octets).map_err(|_| self.error(start, field, "a text is not UTF-8", WELL_FORMED))
    }

    /// The next `need` octets, of the item that began at `start`.
    pub(super) fn take(&mut self, need: u64, start: usize, field: &'static str) -> Result<&'a [u8], DecodeError> {
        let left = self.rest();
        match usize::try_from(need).ok().and_then(|need| left.get(..need)) {
            Some(taken) => {
                self.at += taken.len();
                Ok(taken)
            }
            None => {
                let reason = format!("truncated: need {need} octets, have {}", left.len());
                Err(self.error(start, field, reason, WELL_FORMED))
            }
        }
    }
}
