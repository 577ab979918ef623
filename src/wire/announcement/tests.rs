//! What holds across the parts of this module: both directions, every malformed form, and any flipped bit.

use coset::TaggedCborSerializable as _;
use proptest::prelude::*;

use super::samples::{announcements, fullest, key_id, signing_key, smallest, smallest_octets};
use super::*;
use crate::spec::{BasisPoints, Rollout};
use crate::wire::wsp::MAX_DATAGRAM;

const TRIGGER_HEADER: &[u8] = &[0x02, 0xD8, 0, 0, 0, 0, 1, 2, b's', b'p'];

/// Where the payload of the signed smallest announcement begins: tag, array, protected, unprotected, head.
const PAYLOAD: usize = 1 + 1 + 1 + 13 + 1 + 2;

fn signed() -> Vec<u8> {
    sign(&smallest(), &key_id(), &signing_key(), TRIGGER_HEADER)
}

/// `octets` with those in `range` replaced.
fn splice(octets: &[u8], range: std::ops::Range<usize>, new: &[u8]) -> Vec<u8> {
    let mut octets = octets.to_vec();
    octets.splice(range, new.iter().copied());
    octets
}

/// The smallest announcement with some octets replaced.
fn changed(range: std::ops::Range<usize>, new: &[u8]) -> Vec<u8> {
    splice(&smallest_octets(), range, new)
}

/// The smallest announcement with `entry` inserted at `at`, counted in the map that begins at `map`.
fn with_entry(map: usize, at: usize, entry: &[u8]) -> Vec<u8> {
    let mut octets = changed(at..at, entry);
    octets[map] += 1;
    octets
}

/// The smallest announcement with `range` removed, counted in the map that begins at `map`.
fn without_entry(map: usize, range: std::ops::Range<usize>) -> Vec<u8> {
    let mut octets = smallest_octets();
    octets[map] -= 1;
    octets.drain(range);
    octets
}

#[test]
fn the_smallest_and_the_fullest_announcement_come_back() {
    for announcement in [smallest(), fullest()] {
        assert_eq!(decode(&encode(&announcement)), Ok(announcement));
    }
    assert_eq!(decode(&smallest_octets()), Ok(smallest()));
}

#[test]
fn an_explicit_default_means_what_absence_means() {
    let empty_rollout = with_entry(0, 69, &[0x0A, 0xA0]);
    let sample_of_all = with_entry(70, 77, &[0x04, 0x19, 0x27, 0x10]);

    assert_eq!(decode(&empty_rollout).unwrap().rollout, Rollout::default());
    assert_eq!(decode(&sample_of_all).unwrap().reporting.sample, BasisPoints::ALL);
}

#[test]
fn unknown_keys_below_64_are_ignored_at_every_level() {
    let value = [0x83, 0xF4, 0xA1, 0x61, b'k', 0x20, 0xC1, 0x00];
    let key = |key: &[u8]| [key, &value].concat();

    assert_eq!(decode(&with_entry(0, 81, &key(&[0x0C]))), Ok(smallest()));
    assert_eq!(decode(&with_entry(0, 81, &key(&[0x18, 0x3F]))), Ok(smallest()));
    assert_eq!(decode(&with_entry(0, 1, &key(&[0x00]))), Ok(smallest()));
    assert_eq!(decode(&with_entry(19, 20, &key(&[0x18, 0x20]))), Ok(smallest()));
    assert_eq!(decode(&with_entry(21, 69, &key(&[0x18, 0x20]))), Ok(smallest()));
    assert_eq!(decode(&with_entry(28, 69, &key(&[0x04]))), Ok(smallest()));
    assert_eq!(decode(&with_entry(70, 81, &key(&[0x07]))), Ok(smallest()));
}

#[test]
fn a_time_beyond_what_is_known_is_the_last_moment() {
    let never = changed(13..16, &[0x1B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);

    assert_eq!(decode(&never).unwrap().expires_at.as_nanos(), u64::MAX);
}

#[test]
fn every_malformed_payload_is_refused_where_it_is_wrong() {
    let nested = |depth: usize| with_entry(0, 81, &[&[0x0C], vec![0x81; depth].as_slice(), &[0x00]].concat());
    let location_256 = changed(30..32, &[&[0x79, 1, 0], [b'l'; 256].as_slice()].concat());
    let nine_texts = [&[0x03, 0x89], [0x60; 9].as_slice()].concat();
    let table: Vec<(&str, Vec<u8>, usize, &str)> = vec![
        ("empty", vec![], 0, "announcement"),
        ("too long", vec![0xA9; MAX_DATAGRAM + 1], MAX_DATAGRAM, "announcement"),
        ("no map", changed(0..1, &[0x89]), 0, "announcement"),
        ("indefinite map", changed(0..1, &[0xBF]), 0, "announcement"),
        ("padded count", changed(0..1, &[0xB8, 9]), 0, "announcement"),
        ("reserved head", changed(0..1, &[0xBC]), 0, "announcement"),
        ("claims 2^64-1 entries", changed(0..1, &[[0xBB].as_slice(), &[0xFF; 8]].concat()), 89, "announcement"),
        ("trailing octets", changed(81..81, &[0x00]), 81, "announcement"),
        ("padded key", changed(1..2, &[0x18, 0x01]), 1, "announcement"),
        ("text key", changed(1..2, &[0x61, b'1']), 1, "announcement"),
        ("negative key", changed(1..2, &[0x20]), 1, "announcement"),
        ("key twice", with_entry(0, 3, &[0x01, 0x01]), 3, "announcement"),
        (
            "keys out of order",
            [&[0xA9, 0x02, 0x61, b'c', 0x01, 0x01], &smallest_octets()[6..]].concat(),
            4,
            "announcement",
        ),
        ("critical key", with_entry(0, 81, &[0x18, 0x40, 0x00]), 81, "announcement"),
        ("critical key in the target", with_entry(19, 20, &[0x18, 0x40, 0x00]), 20, "target"),
        ("critical key in the delivery", with_entry(21, 69, &[0x18, 0x40, 0x00]), 69, "delivery"),
        ("critical key in an object", with_entry(28, 69, &[0x18, 0x40, 0x00]), 69, "command"),
        ("critical key in the reporting", with_entry(70, 81, &[0x18, 0x40, 0x00]), 81, "reporting"),
        ("unknown value seventeen deep", nested(17), 99, "announcement"),
        ("unknown value cut short", with_entry(0, 81, &[0x0C, 0x42, 0x00]), 82, "announcement"),
        ("no profile version", without_entry(0, 1..3), 0, "profile version"),
        ("profile version 2", changed(2..3, &[0x02]), 2, "profile version"),
        ("no campaign id", without_entry(0, 3..6), 0, "campaign id"),
        ("campaign id not text", changed(4..6, &[0x41, b'c']), 4, "campaign id"),
        ("campaign id empty", changed(4..6, &[0x60]), 4, "campaign id"),
        ("campaign id of 65 octets", changed(4..6, &[&[0x78, 65], [b'c'; 65].as_slice()].concat()), 4, "campaign id"),
        ("campaign id not UTF-8", changed(5..6, &[0xFF]), 4, "campaign id"),
        ("campaign id claims gigabytes", changed(4..6, &[0x7A, 0xFF, 0xFF, 0xFF, 0xFF]), 4, "campaign id"),
        ("no sequence number", without_entry(0, 6..8), 0, "sequence number"),
        ("negative sequence number", changed(7..8, &[0x20]), 7, "sequence number"),
        ("padded sequence number", changed(7..8, &[0x18, 0x01]), 7, "sequence number"),
        ("no issued-at", without_entry(0, 8..12), 0, "issued-at"),
        ("issued-at as float", changed(9..12, &[0xF9, 0, 0]), 9, "issued-at"),
        ("padded issued-at", changed(9..12, &[0x1A, 0, 0, 3, 0xE8]), 9, "issued-at"),
        ("no expires-at", without_entry(0, 12..16), 0, "expires-at"),
        ("expires-at as text", changed(13..16, &[0x61, b'9']), 13, "expires-at"),
        ("no kind", without_entry(0, 16..18), 0, "kind"),
        ("kind 3", changed(17..18, &[0x03]), 17, "kind"),
        ("no target", without_entry(0, 18..20), 0, "target"),
        ("target not a map", changed(19..20, &[0x80]), 19, "target"),
        ("manufacturer not text", with_entry(19, 20, &[0x01, 0x00]), 21, "manufacturer"),
        ("model not text", with_entry(19, 20, &[0x02, 0x00]), 21, "model"),
        ("hardware versions empty", with_entry(19, 20, &[0x03, 0x80]), 21, "hardware versions"),
        ("nine hardware versions", with_entry(19, 20, &nine_texts), 21, "hardware versions"),
        ("hardware version not text", with_entry(19, 20, &[0x03, 0x81, 0x00]), 22, "hardware versions"),
        ("from-version no version", with_entry(19, 20, &[0x04, 0x81, 0x62, b'0', b'1']), 22, "from-versions"),
        ("component id empty", with_entry(19, 20, &[0x05, 0x60]), 21, "component id"),
        ("groups not a list", with_entry(19, 20, &[0x06, 0x61, b'g']), 21, "groups"),
        ("areas of indefinite length", with_entry(19, 20, &[0x07, 0x9F, 0xFF]), 21, "areas"),
        ("share above all", with_entry(19, 20, &[0x08, 0x19, 0x27, 0x11]), 21, "share"),
        ("resulting version no version", with_entry(19, 20, &[0x09, 0x61, b'v']), 21, "resulting version"),
        ("no delivery", without_entry(0, 20..69), 0, "delivery"),
        ("no channel label", without_entry(21, 22..25), 21, "channel label"),
        ("channel label with a control character", changed(24..25, &[0x0A]), 23, "channel label"),
        ("no TSI", without_entry(21, 25..27), 21, "TSI"),
        ("TSI of 49 bits", changed(26..27, &[0x1B, 0, 1, 0, 0, 0, 0, 0, 0]), 26, "TSI"),
        ("no command", without_entry(21, 27..69), 21, "command"),
        ("no Content-Location", without_entry(28, 29..32), 28, "Content-Location"),
        ("Content-Location empty", changed(30..32, &[0x60]), 30, "Content-Location"),
        ("Content-Location of 256 octets", location_256, 30, "Content-Location"),
        ("no size", without_entry(28, 32..34), 28, "size"),
        ("negative size", changed(33..34, &[0x20]), 33, "size"),
        ("no SHA-256", without_entry(28, 34..69), 28, "SHA-256"),
        ("SHA-256 of 31 octets", changed(35..38, &[0x58, 0x1F]), 35, "SHA-256"),
        ("packages empty", with_entry(21, 69, &[0x04, 0x80]), 70, "packages"),
        ("package without anything", with_entry(21, 69, &[0x04, 0x81, 0xA0]), 71, "Content-Location"),
        ("consent without severity", with_entry(0, 69, &[0x09, 0xA1, 0x02, 0x00]), 70, "severity"),
        ("severity 0", with_entry(0, 69, &[0x09, 0xA2, 0x01, 0x00, 0x02, 0x00]), 72, "severity"),
        ("consent without deferral", with_entry(0, 69, &[0x09, 0xA1, 0x01, 0x01]), 70, "longest deferral"),
        ("not-before as text", with_entry(0, 69, &[0x0A, 0xA1, 0x01, 0x60]), 72, "not-before"),
        ("not-after negative", with_entry(0, 69, &[0x0A, 0xA1, 0x02, 0x20]), 72, "not-after"),
        ("start window null", with_entry(0, 69, &[0x0A, 0xA1, 0x03, 0xF6]), 72, "start window"),
        ("no reporting", without_entry(0, 69..81), 0, "reporting"),
        ("no reporters", without_entry(70, 71..73), 70, "reporters"),
        ("reporters 3", changed(72..73, &[0x03]), 72, "reporters"),
        ("no report offset", without_entry(70, 73..75), 70, "report offset"),
        ("no report window", without_entry(70, 75..77), 70, "report window"),
        ("sample above all", with_entry(70, 77, &[0x04, 0x19, 0x27, 0x11]), 78, "sample"),
        ("no attempts", without_entry(70, 77..79), 70, "attempts"),
        ("attempts zero", changed(78..79, &[0x00]), 78, "attempts"),
        ("attempts 256", changed(78..79, &[0x19, 0x01, 0x00]), 78, "attempts"),
        ("no retry interval", without_entry(70, 79..81), 70, "retry interval"),
    ];

    for (name, octets, offset, field) in table {
        let error = decode(&octets).expect_err(name);

        assert_eq!((error.offset, error.field), (offset, field), "{name}: {error}");
    }
    assert_eq!(decode(&nested(16)), Ok(smallest()));
}

#[test]
fn every_cut_is_refused() {
    let (payload, signed) = (encode(&fullest()), signed());

    for cut in 0..payload.len() {
        assert!(decode(&payload[..cut]).is_err(), "payload cut at {cut}");
    }
    for cut in 0..signed.len() {
        assert!(SignedAnnouncement::decode(&signed[..cut]).is_err(), "cut at {cut}");
    }
}

#[test]
fn a_signed_announcement_is_a_tagged_cose_sign1_of_two_headers() {
    let octets = signed();

    let head = [&[0xD2, 0x84, 0x4C, 0xA2, 0x01, 0x27, 0x04, 0x47], b"sp-2026".as_slice(), &[0xA0, 0x58, 81]].concat();
    assert_eq!(octets[..head.len()], head);
    assert_eq!(octets[head.len()..][..81], smallest_octets());
    assert_eq!(octets[head.len() + 81..][..2], [0x58, 64]);
    assert_eq!(octets.len(), head.len() + 81 + 2 + 64);
}

#[test]
fn an_independent_reader_verifies_what_is_signed() {
    let read = coset::CoseSign1::from_tagged_slice(&signed()).unwrap();

    let verified = read.verify_signature(TRIGGER_HEADER, |signature, octets| {
        signing_key().verifying_key().verify_strict(octets, &signature.try_into().unwrap())
    });

    assert!(verified.is_ok());
}

#[test]
fn another_key_or_trigger_header_does_not_verify() {
    let read = SignedAnnouncement::decode(&signed()).unwrap();
    let key = signing_key().verifying_key();
    let other = SigningKey::from_bytes(&[8; 32]).verifying_key();

    assert_eq!(read.key, key_id());
    assert_eq!(read.verify(&key, TRIGGER_HEADER), Ok(()));
    assert_eq!(read.verify(&other, TRIGGER_HEADER), Err(SignatureError { key: key_id() }));
    assert_eq!(read.verify(&key, &TRIGGER_HEADER[1..]), Err(SignatureError { key: key_id() }));
    assert_eq!(read.verify(&key, &[]), Err(SignatureError { key: key_id() }));
}

#[test]
fn the_signature_covers_keys_that_are_ignored() {
    let protected = coset::HeaderBuilder::new().algorithm(coset::iana::Algorithm::EdDSA).key_id(b"k".to_vec()).build();
    let signed = coset::CoseSign1Builder::new()
        .protected(protected)
        .payload(with_entry(0, 81, &[0x0C, 0x00]))
        .create_signature(TRIGGER_HEADER, |octets| {
            ed25519_dalek::Signer::sign(&signing_key(), octets).to_bytes().to_vec()
        })
        .build()
        .to_tagged_vec()
        .unwrap();
    let read = SignedAnnouncement::decode(&signed).unwrap();

    assert_eq!(read.announcement, smallest());
    assert_eq!(read.verify(&signing_key().verifying_key(), TRIGGER_HEADER), Ok(()));
}

#[test]
fn every_malformed_envelope_is_refused_where_it_is_wrong() {
    let good = signed();
    let changed = |range: std::ops::Range<usize>, new: &[u8]| splice(&good, range, new);
    let protected = |headers: &[u8]| {
        let head = 0x40 + u8::try_from(headers.len()).unwrap();
        changed(2..15, &[&[head], headers].concat())
    };
    let end = good.len();
    let table: Vec<(&str, Vec<u8>, usize, &str)> = vec![
        ("empty", vec![], 0, "COSE_Sign1"),
        ("too long", vec![0; MAX_DATAGRAM + 1], MAX_DATAGRAM, "COSE_Sign1"),
        ("untagged", good[1..].to_vec(), 0, "COSE_Sign1"),
        ("tag of COSE_Mac0", changed(0..1, &[0xD1]), 0, "COSE_Sign1"),
        ("padded tag", changed(0..1, &[0xD8, 18]), 0, "COSE_Sign1"),
        ("array of three", changed(1..2, &[0x83]), 1, "COSE_Sign1"),
        ("indefinite array", changed(1..2, &[0x9F]), 1, "COSE_Sign1"),
        ("claims 2^64-1 entries", changed(1..2, &[[0x9B].as_slice(), &[0xFF; 8]].concat()), 1, "COSE_Sign1"),
        ("protected as map", changed(2..3, &[]), 2, "protected"),
        ("protected empty", protected(&[]), 3, "protected"),
        ("no headers", protected(&[0xA0]), 3, "alg"),
        ("no algorithm", protected(&[0xA1, 0x04, 0x41, b'k']), 3, "alg"),
        ("ES256", protected(&[0xA2, 0x01, 0x26, 0x04, 0x41, b'k']), 5, "alg"),
        ("algorithm as text", protected(&[0xA2, 0x01, 0x61, b'x', 0x04, 0x41, b'k']), 5, "alg"),
        ("no key id", protected(&[0xA1, 0x01, 0x27]), 3, "kid"),
        ("key id as text", protected(&[0xA2, 0x01, 0x27, 0x04, 0x61, b'k']), 7, "kid"),
        ("key id empty", protected(&[0xA2, 0x01, 0x27, 0x04, 0x40]), 7, "kid"),
        ("key id not UTF-8", protected(&[0xA2, 0x01, 0x27, 0x04, 0x41, 0xFF]), 7, "kid"),
        ("another header", protected(&[0xA3, 0x01, 0x27, 0x03, 0x00, 0x04, 0x41, b'k']), 7, "protected"),
        ("headers out of order", protected(&[0xA2, 0x04, 0x41, b'k', 0x01, 0x27]), 7, "protected"),
        ("octets after the headers", protected(&[0xA2, 0x01, 0x27, 0x04, 0x41, b'k', 0x00]), 9, "protected"),
        ("unprotected header", changed(15..16, &[0xA1, 0x04, 0x41, b'k']), 15, "unprotected"),
        ("unprotected not a map", changed(15..16, &[0x80]), 15, "unprotected"),
        ("payload detached", changed(16..PAYLOAD - 1 + 81, &[0xF6]), 16, "payload"),
        ("payload claims gigabytes", changed(16..18, &[0x5A, 0xFF, 0xFF, 0xFF, 0xFF]), 16, "payload"),
        ("profile version 2", changed(PAYLOAD - 1 + 2..PAYLOAD + 2, &[0x02]), PAYLOAD - 1 + 2, "profile version"),
        (
            "signature of 63 octets",
            changed(end - 65..end, &[&[63], [0; 63].as_slice()].concat()),
            end - 66,
            "signature",
        ),
        ("no signature", good[..end - 66].to_vec(), end - 66, "signature"),
        ("trailing octet", changed(end..end, &[0x00]), end, "COSE_Sign1"),
    ];

    for (name, octets, offset, field) in table {
        let error = SignedAnnouncement::decode(&octets).expect_err(name);

        assert_eq!((error.offset, error.field), (offset, field), "{name}: {error}");
    }
}

#[test]
fn no_flipped_bit_of_the_message_or_the_trigger_header_is_overlooked() {
    let good = signed();
    let key = signing_key().verifying_key();

    for bit in 0..good.len() * 8 {
        let mut octets = good.clone();
        octets[bit / 8] ^= 1 << (bit % 8);
        let accepted = SignedAnnouncement::decode(&octets).is_ok_and(|read| read.verify(&key, TRIGGER_HEADER).is_ok());
        assert!(!accepted, "bit {bit}");
    }
    let read = SignedAnnouncement::decode(&good).unwrap();
    for bit in 0..TRIGGER_HEADER.len() * 8 {
        let mut header = TRIGGER_HEADER.to_vec();
        header[bit / 8] ^= 1 << (bit % 8);
        assert!(read.verify(&key, &header).is_err(), "bit {bit} of the trigger header");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn decoding_is_the_inverse_of_encoding(announcement in announcements()) {
        prop_assert_eq!(decode(&encode(&announcement)), Ok(announcement));
    }

    #[test]
    fn a_signed_announcement_comes_back_verified_and_no_flipped_bit_does(
        announcement in announcements(),
        secret: [u8; 32],
        header in prop::collection::vec(any::<u8>(), 1..40),
        bit: prop::sample::Index,
        header_bit: prop::sample::Index,
    ) {
        let secret = SigningKey::from_bytes(&secret);
        let key = secret.verifying_key();
        let octets = sign(&announcement, &key_id(), &secret, &header);
        let flipped = |octets: &[u8], index: &prop::sample::Index| {
            let (mut octets, bit) = (octets.to_vec(), index.index(octets.len() * 8));
            octets[bit / 8] ^= 1 << (bit % 8);
            octets
        };

        let read = SignedAnnouncement::decode(&octets).unwrap();
        prop_assert_eq!(&read.announcement, &announcement);
        prop_assert_eq!(read.verify(&key, &header), Ok(()));
        prop_assert!(read.verify(&key, &flipped(&header, &header_bit)).is_err());
        let changed = SignedAnnouncement::decode(&flipped(&octets, &bit));
        prop_assert!(!changed.is_ok_and(|read| read.verify(&key, &header).is_ok()));
    }

    #[test]
    fn changed_octets_never_panic(
        announcement in announcements(),
        at: prop::sample::Index,
        removed in 0usize..4,
        inserted in prop::collection::vec(any::<u8>(), 0..12),
    ) {
        for octets in [encode(&announcement), sign(&announcement, &key_id(), &signing_key(), &[])] {
            let at = at.index(octets.len());
            let changed = splice(&octets, at..octets.len().min(at + removed), &inserted);
            let _ = decode(&changed);
            let _ = SignedAnnouncement::decode(&changed);
        }
    }

    #[test]
    fn arbitrary_octets_never_panic(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(&octets);
        let _ = SignedAnnouncement::decode(&octets);
        let _ = SignedAnnouncement::decode(&splice(&[0xD2, 0x84], 2..2, &octets));
        let _ = decode(&with_entry(0, 81, &splice(&[0x0C], 1..1, &octets)));
    }
}
