//! Values of unknown keys: read, held to the rules of deterministic CBOR, and forgotten.

use crate::wire::DecodeError;

use super::cbor::{DETERMINISTIC, Head, Major, Reader, WELL_FORMED};
use super::float::{DOUBLE, HALF, SINGLE, narrows};

/// How deep an unknown value may nest; the walk recurses no further.
const MAX_DEPTH: usize = 16;

impl Reader<'_> {
    /// Reads any deterministic item and forgets it.
    pub(super) fn pass_over(&mut self, field: &'static str, depth: usize) -> Result<(), DecodeError> {
        let start = self.offset();
        if depth > MAX_DEPTH {
            return Err(self.refuse(start, field, format!("an unknown value nests deeper than {MAX_DEPTH}")));
        }
        let head = self.head(field)?;
        match head.major {
            Major::Unsigned | Major::Negative => Ok(()),
            Major::Bytes => self.take(head.argument, start, field).map(drop),
            Major::Text => self.text_octets(head.argument, start, field).map(drop),
            Major::Array => (0..head.argument).try_for_each(|_| self.pass_over(field, depth + 1)),
            Major::Map => self.pass_over_entries(field, head.argument, depth + 1),
            Major::Tag => {
                let content = self.rest();
                // A bignum that fits an integer, or has leading zeros, has a shorter form (RFC 8949 section 3.4.3).
                let padded_bignum = matches!(
                    content,
                    [0x40..=0x48, ..] | [0x49..=0x57, 0, ..] | [0x58, _, 0, ..] | [0x59, _, _, 0, ..]
                );
                if matches!(head.argument, 2 | 3) && padded_bignum {
                    return Err(self.error(start, field, "a bignum is longer than it needs to be", DETERMINISTIC));
                }
                self.pass_over(field, depth + 1)
            }
            Major::Simple => self.check_simple(&head, start, field),
        }
    }

    fn pass_over_entries(&mut self, field: &'static str, count: u64, depth: usize) -> Result<(), DecodeError> {
        let mut previous: Option<&[u8]> = None;
        for _ in 0..count {
            let (start, before) = (self.offset(), self.rest());
            self.pass_over(field, depth)?;
            let key = &before[..before.len() - self.rest().len()];
            if previous.is_some_and(|previous| previous >= key) {
                return Err(self.error(start, field, "keys of an unknown map do not ascend", DETERMINISTIC));
            }
            previous = Some(key);
            self.pass_over(field, depth)?;
        }
        Ok(())
    }

    fn check_simple(&self, head: &Head, start: usize, field: &'static str) -> Result<(), DecodeError> {
        let shorter_exists = match head.info {
            24 if head.argument < 32 => return Err(self.error(start, field, "a reserved simple value", WELL_FORMED)),
            26 => narrows(head.argument, &SINGLE, &HALF),
            27 => narrows(head.argument, &DOUBLE, &SINGLE),
            _ => false,
        };
        match shorter_exists {
            true => Err(self.error(start, field, "a float is longer than it needs to be", DETERMINISTIC)),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use coset::cbor;
    use coset::cbor::value::Value;
    use proptest::prelude::*;

    use super::*;

    /// Reads one item and nothing after it.
    fn check(octets: &[u8]) -> Result<(), DecodeError> {
        let mut reader = Reader::new("CBOR", octets, 0);
        reader.pass_over("item", 0)?;
        reader.finish("item")
    }

    #[test]
    fn what_is_not_deterministic_is_refused_where_it_is_wrong() {
        let table: &[(&str, &[u8], usize)] = &[
            ("padded integer", &[0x18, 0x17], 0),
            ("padded negative integer", &[0x39, 0x00, 0xFF], 0),
            ("padded length", &[0x58, 0x01, 0x00], 0),
            ("padded tag", &[0xD8, 0x01, 0x00], 0),
            ("integer of nine octets", &[0x82, 0x00, 0x1B, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF], 2),
            ("indefinite text", &[0x7F, 0x61, b'a', 0xFF], 0),
            ("break alone", &[0x81, 0xFF], 1),
            ("reserved simple value", &[0xF8, 0x1F], 0),
            ("wide single", &[0xFA, 0x3F, 0xC0, 0, 0], 0),
            ("wide double", &[0xFB, 0x3F, 0xF8, 0, 0, 0, 0, 0, 0], 0),
            ("bignum that is an integer", &[0xC2, 0x41, 0x01], 0),
            ("bignum with leading zeros", &[0xC3, 0x49, 0, 1, 1, 1, 1, 1, 1, 1, 1], 0),
            ("map key twice", &[0xA2, 0x01, 0x00, 0x01, 0x00], 3),
            ("map keys unsorted", &[0xA2, 0x61, b'a', 0x00, 0x01, 0x00], 4),
            ("text not UTF-8", &[0x61, 0xC3], 0),
            ("key without value", &[0xA1, 0x01], 2),
            ("nothing after a tag", &[0xC0], 1),
            ("second item", &[0x00, 0x00], 1),
        ];

        for (name, octets, offset) in table {
            let error = check(octets).expect_err(name);

            assert_eq!(error.offset, *offset, "{name}: {error}");
        }
    }

    #[test]
    fn hostile_nesting_and_claims_end_at_once() {
        for octet in [0x81, 0xA1, 0xC1, 0x9B, 0xBB, 0x5B] {
            assert!(check(&vec![octet; 1400]).is_err(), "0x{octet:02X}");
        }
    }

    /// Items of every kind, with map keys in order.
    fn values() -> impl Strategy<Value = Value> {
        let integers = (any::<i64>(), 0u32..64).prop_map(|(number, shift)| Value::Integer((number >> shift).into()));
        let floats = prop_oneof![any::<f64>(), any::<f32>().prop_map(f64::from), (-9i8..9).prop_map(f64::from)];
        let leaf = prop_oneof![
            integers,
            floats.prop_filter("no NaN", |float| !float.is_nan()).prop_map(Value::Float),
            prop::collection::vec(any::<u8>(), 0..30).prop_map(Value::Bytes),
            "[a-zü]{0,30}".prop_map(Value::Text),
            any::<bool>().prop_map(Value::Bool),
            Just(Value::Null),
        ];
        leaf.prop_recursive(4, 24, 5, |inner| {
            let entries = prop::collection::vec((inner.clone(), inner.clone()), 0..5);
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
                entries.prop_map(sorted_map),
                (4u64..40, inner).prop_map(|(tag, value)| Value::Tag(tag, Box::new(value))),
            ]
        })
    }

    fn sorted_map(mut entries: Vec<(Value, Value)>) -> Value {
        entries.sort_by_key(|(key, _)| octets_of(key));
        entries.dedup_by_key(|(key, _)| octets_of(key));
        Value::Map(entries)
    }

    fn octets_of(value: &Value) -> Vec<u8> {
        let mut octets = Vec::new();
        cbor::ser::into_writer(value, &mut octets).unwrap();
        octets
    }

    fn has_sorted_maps(value: &Value) -> bool {
        match value {
            Value::Array(entries) => entries.iter().all(has_sorted_maps),
            Value::Tag(_, value) => has_sorted_maps(value),
            Value::Map(entries) => {
                let keys: Vec<_> = entries.iter().map(|(key, _)| octets_of(key)).collect();
                keys.is_sorted_by(|one, next| one < next)
                    && entries.iter().all(|(key, value)| has_sorted_maps(key) && has_sorted_maps(value))
            }
            _ => true,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn what_an_independent_encoder_writes_is_accepted(value in values()) {
            prop_assert_eq!(check(&octets_of(&value)), Ok(()));
        }

        #[test]
        fn acceptance_means_that_encoding_again_gives_the_same_octets(
            value in values(),
            at: prop::sample::Index,
            octet: u8,
        ) {
            let mut octets = octets_of(&value);
            let at = at.index(octets.len());
            octets[at] = octet;
            let Ok(read) = cbor::de::from_reader::<Value, _>(octets.as_slice()) else { return Ok(()) };
            // The other reader forgets the difference between null and undefined, and what a NaN carries.
            prop_assume!(!octets.contains(&0xF7) && !format!("{read:?}").contains("NaN"));

            let same = octets_of(&read) == octets && has_sorted_maps(&read);

            prop_assert_eq!(check(&octets).is_ok(), same, "{:02X?}", octets);
        }
    }
}
