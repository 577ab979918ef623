//! A payload as an announcement.

use std::time::Duration;

use crate::spec::{
    Announcement, BasisPoints, CampaignId, ChannelLabel, ComponentId, Consent, Delivery, ObjectReference, Reporters,
    Reporting, Rollout, SequenceNumber, Severity, Target, Timestamp, Tsi, UpdateKind, Version,
};
use crate::wire::DecodeError;
use crate::wire::form::{Form, Rule};
use crate::wire::wsp::MAX_DATAGRAM;

use super::cbor::Reader;
use super::{MAX_LOCATION, PROFILE_VERSION};

const PROTOCOL: &str = "announcement";

/// The announcement in a payload.
///
/// Times beyond the year 2554 become the last moment that a [`Timestamp`] knows.
///
/// # Errors
/// [`DecodeError`] when the octets are too many or cut short, are not deterministic CBOR, lack a mandatory key, hold a
/// critical key that is unknown, or a value outside its range (profile section 2).
pub fn decode(octets: &[u8]) -> Result<Announcement, DecodeError> {
    decode_within(octets, 0, Form::PROFILE)
}

/// As [`decode`], by a reader that holds the payload to `form`; it begins `base` octets into the message that errors
/// speak of.
pub(super) fn decode_within(octets: &[u8], base: usize, form: Form) -> Result<Announcement, DecodeError> {
    let mut reader = Reader::new(PROTOCOL, octets, base).held_to(form);
    if form.has(Rule::Length) && octets.len() > MAX_DATAGRAM {
        let reason = format!("{} octets, at most {MAX_DATAGRAM} are allowed", octets.len());
        return Err(reader.refuse(base + MAX_DATAGRAM, "announcement", reason));
    }
    let announcement = announcement(&mut reader)?;
    reader.finish("announcement")?;
    Ok(announcement)
}

fn announcement(reader: &mut Reader<'_>) -> Result<Announcement, DecodeError> {
    let start = reader.offset();
    let mut version = None;
    let mut campaign = None;
    let mut sequence = None;
    let mut issued_at = None;
    let mut expires_at = None;
    let mut kind = None;
    let mut target_of = None;
    let mut delivery_of = None;
    let mut consent_of = None;
    let mut rollout_of = Rollout::default();
    let mut reporting_of = None;
    reader.map("announcement", |reader, key| {
        match key {
            1 => version = Some(reader.within("profile version", PROFILE_VERSION..=PROFILE_VERSION)?),
            2 => campaign = Some(reader.parsed("campaign id", CampaignId::new)?),
            3 => sequence = Some(SequenceNumber(reader.unsigned("sequence number")?)),
            4 => issued_at = Some(Timestamp::from_millis(reader.unsigned("issued-at")?)),
            5 => expires_at = Some(Timestamp::from_millis(reader.unsigned("expires-at")?)),
            6 => kind = Some(update_kind(reader)?),
            7 => target_of = Some(target(reader)?),
            8 => delivery_of = Some(delivery(reader)?),
            9 => consent_of = Some(consent(reader)?),
            10 => rollout_of = rollout(reader)?,
            11 => reporting_of = Some(reporting(reader)?),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let missing = Missing { reader, start };
    missing.unless(version, "profile version")?;
    Ok(Announcement {
        campaign: missing.unless(campaign, "campaign id")?,
        sequence: missing.unless(sequence, "sequence number")?,
        issued_at: missing.unless(issued_at, "issued-at")?,
        expires_at: missing.unless(expires_at, "expires-at")?,
        kind: missing.unless(kind, "kind")?,
        target: missing.unless(target_of, "target")?,
        delivery: missing.unless(delivery_of, "delivery")?,
        consent: consent_of,
        rollout: rollout_of,
        reporting: missing.unless(reporting_of, "reporting")?,
    })
}

fn update_kind(reader: &mut Reader<'_>) -> Result<UpdateKind, DecodeError> {
    Ok(match reader.within("kind", 0..=2)? {
        0 => UpdateKind::Firmware,
        1 => UpdateKind::Software,
        _ => UpdateKind::Provisioning,
    })
}

fn target(reader: &mut Reader<'_>) -> Result<Target, DecodeError> {
    let mut target = Target::default();
    reader.map("target", |reader, key| {
        match key {
            1 => target.manufacturer = Some(reader.text("manufacturer")?.into()),
            2 => target.model = Some(reader.text("model")?.into()),
            3 => target.hardware_versions = texts(reader, "hardware versions")?,
            4 => target.from_versions = reader.list("from-versions", |reader| version(reader, "from-versions"))?,
            5 => target.component = Some(reader.parsed("component id", ComponentId::new)?),
            6 => target.groups = texts(reader, "groups")?,
            7 => target.areas = texts(reader, "areas")?,
            8 => target.share = Some(basis_points(reader, "share")?),
            9 => target.resulting_version = Some(version(reader, "resulting version")?),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(target)
}

fn delivery(reader: &mut Reader<'_>) -> Result<Delivery, DecodeError> {
    let start = reader.offset();
    let mut channel = None;
    let mut tsi = None;
    let mut command = None;
    let mut packages = Vec::new();
    reader.map("delivery", |reader, key| {
        match key {
            1 => channel = Some(reader.parsed("channel label", ChannelLabel::new)?),
            2 => {
                let number = reader.within("TSI", 0..=Tsi::MAX)?;
                tsi = Some(Tsi::new(number).expect("the range is that of a TSI"));
            }
            3 => command = Some(object(reader, "command")?),
            4 => packages = reader.list("packages", |reader| object(reader, "packages"))?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let missing = Missing { reader, start };
    Ok(Delivery {
        channel: missing.unless(channel, "channel label")?,
        tsi: missing.unless(tsi, "TSI")?,
        command: missing.unless(command, "command")?,
        packages,
    })
}

fn object(reader: &mut Reader<'_>, field: &'static str) -> Result<ObjectReference, DecodeError> {
    let start = reader.offset();
    let mut location = None;
    let mut size = None;
    let mut sha256 = None;
    reader.map(field, |reader, key| {
        match key {
            1 => location = Some(reader.parsed("Content-Location", content_location)?),
            2 => size = Some(reader.unsigned("size")?),
            3 => sha256 = Some(reader.byte_array("SHA-256")?),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let missing = Missing { reader, start };
    Ok(ObjectReference {
        location: missing.unless(location, "Content-Location")?,
        size: missing.unless(size, "size")?,
        sha256: missing.unless(sha256, "SHA-256")?,
    })
}

fn content_location(text: &str) -> Result<String, String> {
    match text.len() {
        1..=MAX_LOCATION => Ok(text.into()),
        len => Err(format!("{len} octets, 1 to {MAX_LOCATION} are allowed")),
    }
}

fn consent(reader: &mut Reader<'_>) -> Result<Consent, DecodeError> {
    let start = reader.offset();
    let mut severity = None;
    let mut longest_deferral = None;
    reader.map("consent", |reader, key| {
        match key {
            1 => {
                severity = Some(match reader.within("severity", 1..=2)? {
                    1 => Severity::Mandatory,
                    _ => Severity::Optional,
                });
            }
            2 => longest_deferral = Some(span(reader, "longest deferral")?),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let missing = Missing { reader, start };
    Ok(Consent {
        severity: missing.unless(severity, "severity")?,
        longest_deferral: missing.unless(longest_deferral, "longest deferral")?,
    })
}

fn rollout(reader: &mut Reader<'_>) -> Result<Rollout, DecodeError> {
    let mut rollout = Rollout::default();
    reader.map("rollout", |reader, key| {
        match key {
            1 => rollout.not_before = Some(Timestamp::from_millis(reader.unsigned("not-before")?)),
            2 => rollout.not_after = Some(Timestamp::from_millis(reader.unsigned("not-after")?)),
            3 => rollout.start_window = span(reader, "start window")?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(rollout)
}

fn reporting(reader: &mut Reader<'_>) -> Result<Reporting, DecodeError> {
    let start = reader.offset();
    let mut who = None;
    let mut offset = None;
    let mut window = None;
    let mut sample = BasisPoints::ALL;
    let mut attempts = None;
    let mut retry_interval = None;
    reader.map("reporting", |reader, key| {
        match key {
            1 => {
                who = Some(match reader.within("reporters", 0..=2)? {
                    0 => Reporters::Nobody,
                    1 => Reporters::FailuresOnly,
                    _ => Reporters::Everybody,
                });
            }
            2 => offset = Some(span(reader, "report offset")?),
            3 => window = Some(span(reader, "report window")?),
            4 => sample = basis_points(reader, "sample")?,
            5 => {
                let number = reader.within("attempts", 1..=255)?;
                attempts = Some(u8::try_from(number).expect("the range is that of an octet"));
            }
            6 => retry_interval = Some(span(reader, "retry interval")?),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let missing = Missing { reader, start };
    Ok(Reporting {
        who: missing.unless(who, "reporters")?,
        offset: missing.unless(offset, "report offset")?,
        window: missing.unless(window, "report window")?,
        sample,
        attempts: missing.unless(attempts, "attempts")?,
        retry_interval: missing.unless(retry_interval, "retry interval")?,
    })
}

fn texts(reader: &mut Reader<'_>, field: &'static str) -> Result<Vec<String>, DecodeError> {
    reader.list(field, |reader| Ok(reader.text(field)?.into()))
}

fn version(reader: &mut Reader<'_>, field: &'static str) -> Result<Version, DecodeError> {
    reader.parsed(field, |text| text.parse::<Version>())
}

fn basis_points(reader: &mut Reader<'_>, field: &'static str) -> Result<BasisPoints, DecodeError> {
    let number = reader.within(field, 0..=u64::from(BasisPoints::ALL.get()))?;
    Ok(u16::try_from(number).ok().and_then(BasisPoints::new).expect("the range is that of basis points"))
}

fn span(reader: &mut Reader<'_>, field: &'static str) -> Result<Duration, DecodeError> {
    reader.unsigned(field).map(Duration::from_millis)
}

/// Says which mandatory key a map lacks.
struct Missing<'r, 'a> {
    reader: &'r Reader<'a>,
    /// Where the map begins.
    start: usize,
}

impl Missing<'_, '_> {
    fn unless<T>(&self, value: Option<T>, field: &'static str) -> Result<T, DecodeError> {
        value.ok_or_else(|| self.reader.refuse(self.start, field, "missing"))
    }
}
