//! An announcement as a payload.

use std::time::Duration;

use coset::cbor;
use coset::cbor::value::Value;

use crate::spec::{
    Announcement, BasisPoints, Consent, Delivery, ObjectReference, Reporters, Reporting, Rollout, Severity, Target,
    Timestamp, UpdateKind,
};

use super::PROFILE_VERSION;

/// The payload of an announcement: the one deterministic encoding of its content.
///
/// What is absent or empty, and a sample of everybody, take no octets. Times and durations lose what is finer than a
/// millisecond. Content beyond the limits of the profile (more than eight entries of a list, a Content-Location above 255
/// octets, no attempts) is encoded as it stands, and refused by [`decode`](super::decode()).
pub fn encode(announcement: &Announcement) -> Vec<u8> {
    let mut octets = Vec::new();
    cbor::ser::into_writer(&announcement_map(announcement), &mut octets).expect("memory takes what is written to it");
    octets
}

fn announcement_map(announcement: &Announcement) -> Value {
    let kind: u64 = match announcement.kind {
        UpdateKind::Firmware => 0,
        UpdateKind::Software => 1,
        UpdateKind::Provisioning => 2,
    };
    let rollout = announcement.rollout;
    Entries::default()
        .with(1, PROFILE_VERSION)
        .with(2, announcement.campaign.as_str())
        .with(3, announcement.sequence.0)
        .with(4, announcement.issued_at.as_millis())
        .with(5, announcement.expires_at.as_millis())
        .with(6, kind)
        .with(7, target_map(&announcement.target))
        .with(8, delivery_map(&announcement.delivery))
        .with_some(9, announcement.consent.map(consent_map))
        .with_some(10, (rollout != Rollout::default()).then(|| rollout_map(rollout)))
        .with(11, reporting_map(announcement.reporting))
        .into_map()
}

fn target_map(target: &Target) -> Value {
    Entries::default()
        .with_some(1, target.manufacturer.as_deref())
        .with_some(2, target.model.as_deref())
        .with_list(3, target.hardware_versions.iter().map(String::as_str))
        .with_list(4, target.from_versions.iter().map(ToString::to_string))
        .with_some(5, target.component.as_ref().map(|component| component.as_str()))
        .with_list(6, target.groups.iter().map(String::as_str))
        .with_list(7, target.areas.iter().map(String::as_str))
        .with_some(8, target.share.map(BasisPoints::get))
        .with_some(9, target.resulting_version.as_ref().map(ToString::to_string))
        .into_map()
}

fn delivery_map(delivery: &Delivery) -> Value {
    Entries::default()
        .with(1, delivery.channel.as_str())
        .with(2, delivery.tsi.get())
        .with(3, object_map(&delivery.command))
        .with_list(4, delivery.packages.iter().map(object_map))
        .into_map()
}

fn object_map(object: &ObjectReference) -> Value {
    Entries::default()
        .with(1, object.location.as_str())
        .with(2, object.size)
        .with(3, Value::Bytes(object.sha256.to_vec()))
        .into_map()
}

fn consent_map(consent: Consent) -> Value {
    let severity: u64 = match consent.severity {
        Severity::Mandatory => 1,
        Severity::Optional => 2,
    };
    Entries::default().with(1, severity).with(2, millis(consent.longest_deferral)).into_map()
}

fn rollout_map(rollout: Rollout) -> Value {
    let window = rollout.start_window;
    Entries::default()
        .with_some(1, rollout.not_before.map(Timestamp::as_millis))
        .with_some(2, rollout.not_after.map(Timestamp::as_millis))
        .with_some(3, (window != Duration::ZERO).then(|| millis(window)))
        .into_map()
}

fn reporting_map(reporting: Reporting) -> Value {
    let who: u64 = match reporting.who {
        Reporters::Nobody => 0,
        Reporters::FailuresOnly => 1,
        Reporters::Everybody => 2,
    };
    let sample = reporting.sample;
    Entries::default()
        .with(1, who)
        .with(2, millis(reporting.offset))
        .with(3, millis(reporting.window))
        .with_some(4, (sample != BasisPoints::ALL).then(|| sample.get()))
        .with(5, reporting.attempts)
        .with(6, millis(reporting.retry_interval))
        .into_map()
}

/// Whole milliseconds; what needs more than 64 bits of them is as good as for ever.
fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// The entries of a map; whoever adds them does so with ascending keys.
#[derive(Default)]
struct Entries(Vec<(Value, Value)>);

impl Entries {
    fn with(mut self, key: u64, value: impl Into<Value>) -> Self {
        self.0.push((key.into(), value.into()));
        self
    }

    fn with_some(self, key: u64, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    fn with_list<T: Into<Value>>(self, key: u64, entries: impl Iterator<Item = T>) -> Self {
        let entries: Vec<Value> = entries.map(Into::into).collect();
        match entries.is_empty() {
            true => self,
            false => self.with(key, Value::Array(entries)),
        }
    }

    fn into_map(self) -> Value {
        Value::Map(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn the_smallest_announcement_has_these_octets() {
        let octets = encode(&samples::smallest());

        assert_eq!(octets, samples::smallest_octets());
    }

    #[test]
    fn times_lose_what_is_finer_than_a_millisecond() {
        let mut finer = samples::smallest();
        finer.issued_at = finer.issued_at + Duration::from_nanos(999_999);
        finer.reporting.window += Duration::from_micros(999);

        assert_eq!(encode(&finer), samples::smallest_octets());
    }

    #[test]
    fn an_endless_duration_saturates() {
        assert_eq!(millis(Duration::MAX), u64::MAX);
    }
}
