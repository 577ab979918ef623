//! The broadcast channels in words: notifications, tables, symbols.

use std::collections::HashMap;
use std::time::Duration;

use super::keys::{Keys, SignatureState};
use super::recording::LaneId;
use super::redaction::{Redaction, grouped, shortened};
use super::sight::Notification;
use crate::spec::{Announcement, BasisPoints, Reporters, Reporting, Severity, Target, Timestamp, UpdateKind};
use crate::wire::alc::Partition;
use crate::wire::fdt::Fdt;
use crate::wire::package0::{Initiator, UiMode};

/// A notification with its announcement.
pub(super) fn notification(seen: &Notification, keys: &Keys, redaction: Redaction) -> String {
    let trigger = &seen.package0.trigger;
    let ui_mode = match trigger.ui_mode {
        UiMode::NotSpecified => "not specified",
        UiMode::Background => "background",
        UiMode::Informative => "informative",
        UiMode::UserInteraction => "user interaction",
    };
    let initiator = match trigger.initiator {
        Initiator::Server => "",
        Initiator::Client => " by the client",
    };
    let package0 = format!("Push · Package #0 session {} ui {ui_mode}{initiator}", trigger.session);
    match &seen.announcement {
        Ok(signed) => {
            let state = match keys.state(seen) {
                Some(SignatureState::Good) => ", signature good",
                Some(SignatureState::Wrong) => ", signature wrong",
                // Two runs differ in what is known no more than in what is not.
                _ if redaction.0 => "",
                _ => ", unverified",
            };
            format!("{package0} · {} · key {}{state}", announcement(&signed.announcement, redaction), signed.key)
        }
        Err(error) => format!("{package0} · announcement malformed: {}", shortened(&error.to_string(), 200)),
    }
}

fn announcement(said: &Announcement, redaction: Redaction) -> String {
    let resulting = said.target.resulting_version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
    let kind = match said.kind {
        UpdateKind::Firmware => "firmware".to_owned(),
        UpdateKind::Software => match &said.target.component {
            Some(component) => format!("software {component}"),
            None => "software".to_owned(),
        },
        UpdateKind::Provisioning => "provisioning".to_owned(),
    };
    let mut parts = vec![
        format!("announcement {} {} {kind}{resulting} for {}", said.campaign, said.sequence, target(&said.target)),
        format!("Command {} octets", grouped(said.delivery.command.size)),
    ];
    parts.extend(said.delivery.packages.iter().map(|package| format!("package {} octets", grouped(package.size))));
    parts.push(format!("channel {} TSI {}", said.delivery.channel, said.delivery.tsi));
    if let Some(consent) = said.consent {
        let severity = match consent.severity {
            Severity::Mandatory => "mandatory",
            Severity::Optional => "optional",
        };
        parts.push(format!("consent {severity}, deferral {} ms", millis(consent.longest_deferral)));
    }
    let limits =
        [("not before", "not-before", said.rollout.not_before), ("not after", "not-after", said.rollout.not_after)];
    for (words, name, limit) in limits {
        parts.extend(limit.map(|time| format!("{words} {}", redaction.field(name, time))));
    }
    if !said.rollout.start_window.is_zero() {
        parts.push(format!("start window 0-{} ms", millis(said.rollout.start_window)));
    }
    parts.push(reporting(&said.reporting));
    let (issued, expires) = (redaction.field("issued", said.issued_at), redaction.field("expires", said.expires_at));
    parts.push(format!("issued {issued}, expires {expires}"));
    parts.join(" · ")
}

fn target(target: &Target) -> String {
    let mut words: Vec<String> = target.manufacturer.iter().chain(&target.model).cloned().collect();
    let mut any_of = |name: &str, values: Vec<String>| {
        if !values.is_empty() {
            words.push(format!("{name}{}", values.join("/")));
        }
    };
    any_of("hardware ", target.hardware_versions.clone());
    any_of("", target.from_versions.iter().map(ToString::to_string).collect());
    any_of("group ", target.groups.clone());
    any_of("area ", target.areas.clone());
    any_of("", target.share.map(|share| format!("a share of {}", percent(share))).into_iter().collect());
    if words.is_empty() { "every Device".to_owned() } else { words.join(" ") }
}

fn reporting(reporting: &Reporting) -> String {
    let who = match reporting.who {
        Reporters::Nobody => return "no reports".to_owned(),
        Reporters::FailuresOnly => "failures only",
        Reporters::Everybody => "everybody reports",
    };
    let (from, to) = (reporting.offset, reporting.offset.saturating_add(reporting.window));
    let sample = match reporting.sample {
        BasisPoints::ALL => String::new(),
        sample => format!(", sample {}", percent(sample)),
    };
    format!("{who}, {}-{} ms{sample}", millis(from), millis(to))
}

fn percent(share: BasisPoints) -> String {
    match (share.get() / 100, share.get() % 100) {
        (whole, 0) => format!("{whole} %"),
        (whole, rest) => format!("{whole}.{rest:02} %"),
    }
}

fn millis(span: Duration) -> String {
    grouped(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
}

/// An FDT Instance seen at `at`.
pub(super) fn table(tsi: u64, instance: u32, version: u8, fdt: &Fdt, at: Timestamp, redaction: Redaction) -> String {
    let version = if version == 1 { " (version 1)" } else { "" };
    let files: Vec<String> = fdt
        .files
        .iter()
        .map(|file| {
            let name = file.location.rsplit('/').find(|part| !part.is_empty()).unwrap_or(&file.location);
            format!("{} {}", file.toi, shortened(name, 60))
        })
        .collect();
    let files = if files.is_empty() { "no files".to_owned() } else { files.join(", ") };
    let complete = if fdt.complete { " · complete" } else { "" };
    let lifetime = format!("+{} s", grouped(fdt.expires_at().since(at).as_secs()));
    let expires = redaction.field("expires", lifetime);
    format!("FDT {instance}{version} of TSI {tsi}: {files}{complete} · expires {expires}")
}

/// Objects that are known at most.
const KNOWN: usize = 65_536;

/// How the objects of the sessions are cut, as the tables seen so far say: by lane, TSI and TOI.
#[derive(Debug, Default)]
pub(super) struct Objects(HashMap<(LaneId, u64, u128), Partition>);

impl Objects {
    /// Takes in a table.
    pub(super) fn learn(&mut self, lane: LaneId, tsi: u64, fdt: &Fdt) {
        for file in &fdt.files {
            let oti = file.object_length().and_then(|length| file.fec.oti(length));
            if let Some(partition) = oti.and_then(|oti| oti.partition()) {
                // A capture may hold tables without end. Without its entry a symbol is told without the number of all.
                if self.0.len() >= KNOWN {
                    self.0.clear();
                }
                self.0.insert((lane, tsi, file.toi), partition);
            }
        }
    }
}

/// Symbols of one block in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SymbolRun {
    pub(super) tsi: u64,
    pub(super) toi: u128,
    pub(super) sbn: u32,
    pub(super) first: u32,
    pub(super) last: u32,
    /// Flag B of the last one.
    pub(super) close_object: bool,
    /// Flag A of the last one.
    pub(super) close_session: bool,
}

impl SymbolRun {
    /// Whether `next` goes on where this run ends.
    pub(super) fn goes_on_with(&self, next: &Self) -> bool {
        (self.tsi, self.toi, self.sbn) == (next.tsi, next.toi, next.sbn)
            && self.last.checked_add(1) == Some(next.first)
            && !self.close_object
            && !self.close_session
    }

    /// The run in words; `session` tells which session it is, where there are several.
    pub(super) fn words(&self, lane: LaneId, objects: &Objects, session: &str) -> String {
        let partition = objects.0.get(&(lane, self.tsi, self.toi));
        let block = match partition {
            Some(partition) if partition.blocks > 1 => format!(" block {}", self.sbn),
            None if self.sbn > 0 => format!(" block {}", self.sbn),
            _ => String::new(),
        };
        let symbols = match self.first == self.last {
            true => format!("symbol {}", self.first),
            false => format!("symbols {}-{}", self.first, self.last),
        };
        let of = partition.and_then(|partition| partition.block(self.sbn.into()));
        let of = of.map(|(symbols, _)| format!(" of {symbols}")).unwrap_or_default();
        let last = if self.close_object { " · last of object" } else { "" };
        let close = if self.close_session { " · close session" } else { "" };
        format!("{session}TOI {}{block} {symbols}{of}{last}{close}", self.toi)
    }
}
