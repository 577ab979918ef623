//! Announcements for the tests of this module.

use std::time::Duration;

use proptest::prelude::*;

use crate::spec::{
    Announcement, BasisPoints, CampaignId, ChannelLabel, ComponentId, Consent, Delivery, KeyId, ObjectReference,
    Reporters, Reporting, Rollout, SequenceNumber, Severity, Target, Timestamp, Tsi, UpdateKind, Version,
};
use crate::wire::wsp::MAX_DATAGRAM;

use super::{SigningKey, encode, sign};

pub(super) fn key_id() -> KeyId {
    KeyId::new("sp-2026").unwrap()
}

pub(super) fn signing_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// The announcement that has only what it must have.
pub(super) fn smallest() -> Announcement {
    Announcement {
        campaign: CampaignId::new("c").unwrap(),
        sequence: SequenceNumber(1),
        issued_at: Timestamp::from_millis(1000),
        expires_at: Timestamp::from_millis(2000),
        kind: UpdateKind::Firmware,
        target: Target::default(),
        delivery: Delivery {
            channel: ChannelLabel::new("d").unwrap(),
            tsi: Tsi::new(1).unwrap(),
            command: ObjectReference { location: "l".into(), size: 0, sha256: [0xAB; 32] },
            packages: vec![],
        },
        consent: None,
        rollout: Rollout::default(),
        reporting: Reporting { attempts: 1, retry_interval: Duration::ZERO, ..Reporting::default() },
    }
}

/// The octets of [`smallest`], written by hand; the comments give the offset of each key.
pub(super) fn smallest_octets() -> Vec<u8> {
    let mut octets = vec![0xA9];
    octets.extend([0x01, 0x01]); // 1: profile version
    octets.extend([0x02, 0x61, b'c']); // 3: campaign id
    octets.extend([0x03, 0x01]); // 6: sequence number
    octets.extend([0x04, 0x19, 0x03, 0xE8]); // 8: issued-at
    octets.extend([0x05, 0x19, 0x07, 0xD0]); // 12: expires-at
    octets.extend([0x06, 0x00]); // 16: kind
    octets.extend([0x07, 0xA0]); // 18: target
    octets.extend([0x08, 0xA3, 0x01, 0x61, b'd', 0x02, 0x01]); // 20: delivery; 22: channel; 25: TSI
    octets.extend([0x03, 0xA3, 0x01, 0x61, b'l', 0x02, 0x00, 0x03, 0x58, 0x20]); // 27: command; 34: SHA-256
    octets.extend([0xAB; 32]);
    octets.extend([0x0B, 0xA5, 0x01, 0x00, 0x02, 0x00, 0x03, 0x00, 0x05, 0x01, 0x06, 0x00]); // 69: reporting
    octets
}

/// An announcement with every key.
pub(super) fn fullest() -> Announcement {
    let object = |name: &str, size| ObjectReference {
        location: format!("http://sp.example/spring-patch/{name}"),
        size,
        sha256: [0x5A; 32],
    };
    Announcement {
        campaign: CampaignId::new("spring-patch").unwrap(),
        sequence: SequenceNumber(42),
        issued_at: Timestamp::from_millis(1_795_293_831_719),
        expires_at: Timestamp::from_millis(1_795_380_231_719),
        kind: UpdateKind::Software,
        target: Target {
            manufacturer: Some("Acme".into()),
            model: Some("Gauge 7".into()),
            hardware_versions: vec!["A".into(), "B".into()],
            from_versions: vec!["2.0".parse().unwrap(), "2.0.1".parse().unwrap()],
            component: Some(ComponentId::new("player").unwrap()),
            groups: vec!["pilot".into()],
            areas: vec!["north".into(), "south".into()],
            share: BasisPoints::new(2_500),
            resulting_version: Some("2.1".parse().unwrap()),
        },
        delivery: Delivery {
            channel: ChannelLabel::new("downloads").unwrap(),
            tsi: Tsi::new(Tsi::MAX).unwrap(),
            command: object("command.xml", 700),
            packages: vec![object("player.bin", 1 << 33)],
        },
        consent: Some(Consent { severity: Severity::Mandatory, longest_deferral: Duration::from_secs(86_400) }),
        rollout: Rollout {
            not_before: Some(Timestamp::from_millis(1_795_300_000_000)),
            not_after: Some(Timestamp::from_millis(1_795_370_000_000)),
            start_window: Duration::from_secs(600),
        },
        reporting: Reporting {
            who: Reporters::Everybody,
            offset: Duration::from_millis(250),
            window: Duration::from_secs(3600),
            sample: BasisPoints::new(100).unwrap(),
            attempts: 255,
            retry_interval: Duration::from_secs(30),
        },
    }
}

/// Announcements of all kinds, as far as they fit a datagram with their signature.
pub(super) fn announcements() -> impl Strategy<Value = Announcement> {
    let front = (name(64), any::<u64>(), millis(), millis(), one_of(&KINDS));
    let parts = (target(), delivery(), option(consent()), rollout(), reporting());
    let all = (front, parts).prop_map(|((campaign, sequence, issued_at, expires_at, kind), parts)| {
        let (target, delivery, consent, rollout, reporting) = parts;
        Announcement {
            campaign: CampaignId::new(campaign).unwrap(),
            sequence: SequenceNumber(sequence),
            issued_at,
            expires_at,
            kind,
            target,
            delivery,
            consent,
            rollout,
            reporting,
        }
    });
    let overhead = sign(&smallest(), &key_id(), &signing_key(), &[]).len() - encode(&smallest()).len() + 1;
    all.prop_filter("fits a datagram", move |one| encode(one).len() + overhead <= MAX_DATAGRAM)
}

const KINDS: [UpdateKind; 3] = [UpdateKind::Firmware, UpdateKind::Software, UpdateKind::Provisioning];

fn target() -> impl Strategy<Value = Target> {
    let versions = prop::collection::vec(version(), 0..=8);
    let texts = || prop::collection::vec(text(), 0..=8);
    let first = (option(text()), option(text()), texts(), versions, option(name(64)));
    let second = (texts(), texts(), option(basis_points()), option(version()));
    (first, second).prop_map(|(first, second)| {
        let (manufacturer, model, hardware_versions, from_versions, component) = first;
        let (groups, areas, share, resulting_version) = second;
        let component = component.map(|name| ComponentId::new(name).unwrap());
        Target {
            manufacturer,
            model,
            hardware_versions,
            from_versions,
            component,
            groups,
            areas,
            share,
            resulting_version,
        }
    })
}

fn delivery() -> impl Strategy<Value = Delivery> {
    let packages = prop::collection::vec(object(), 0..=8);
    (name(64), 0..=Tsi::MAX, object(), packages).prop_map(|(channel, tsi, command, packages)| Delivery {
        channel: ChannelLabel::new(channel).unwrap(),
        tsi: Tsi::new(tsi).unwrap(),
        command,
        packages,
    })
}

fn object() -> impl Strategy<Value = ObjectReference> {
    let location = prop_oneof![9 => "[ -~ü]{1,30}", 1 => "[ -~]{255}"];
    (location, integer(), any::<[u8; 32]>()).prop_map(|(location, size, sha256)| ObjectReference {
        location,
        size,
        sha256,
    })
}

fn consent() -> impl Strategy<Value = Consent> {
    let severity = one_of(&[Severity::Mandatory, Severity::Optional]);
    (severity, span()).prop_map(|(severity, longest_deferral)| Consent { severity, longest_deferral })
}

fn rollout() -> impl Strategy<Value = Rollout> {
    (option(millis()), option(millis()), prop_oneof![Just(Duration::ZERO), span()])
        .prop_map(|(not_before, not_after, start_window)| Rollout { not_before, not_after, start_window })
}

fn reporting() -> impl Strategy<Value = Reporting> {
    let who = one_of(&[Reporters::Nobody, Reporters::FailuresOnly, Reporters::Everybody]);
    (who, span(), span(), basis_points(), 1u8.., span()).prop_map(
        |(who, offset, window, sample, attempts, retry_interval)| Reporting {
            who,
            offset,
            window,
            sample,
            attempts,
            retry_interval,
        },
    )
}

fn name(max: usize) -> impl Strategy<Value = String> {
    prop_oneof![9 => "[ -~]{1,12}", 1 => proptest::string::string_regex(&format!("[ -~]{{{max}}}")).unwrap()]
}

/// Any text, control characters and the empty one included.
fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(any::<char>(), 0..8).prop_map(|characters| characters.into_iter().collect())
}

fn version() -> impl Strategy<Value = Version> {
    prop::collection::vec(any::<u32>(), 1..=4).prop_map(|numbers| {
        let text: Vec<String> = numbers.iter().map(u32::to_string).collect();
        text.join(".").parse().unwrap()
    })
}

/// Integers of every length that CBOR has.
fn integer() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0u32..64).prop_map(|(number, shift)| number >> shift)
}

fn span() -> impl Strategy<Value = Duration> {
    integer().prop_map(Duration::from_millis)
}

/// Times that a [`Timestamp`] can tell from its last one.
fn millis() -> impl Strategy<Value = Timestamp> {
    (0..=u64::MAX / 1_000_000).prop_map(Timestamp::from_millis)
}

fn basis_points() -> impl Strategy<Value = BasisPoints> {
    (0u16..=10_000).prop_map(|points| BasisPoints::new(points).unwrap())
}

fn option<T: std::fmt::Debug>(some: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    prop::option::of(some)
}

fn one_of<T: Clone + std::fmt::Debug + 'static>(values: &[T]) -> impl Strategy<Value = T> + use<T> {
    prop::sample::select(values.to_vec())
}
