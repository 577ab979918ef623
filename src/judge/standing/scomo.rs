//! The software component management object (OMA SCOMO 1.0): what operations leave behind, and their results.

use std::collections::BTreeMap;

use crate::spec::UpdateKind;
use crate::wire::mo::scomo;
use crate::wire::syncml::Item;

use super::scene::{Reading, Scene};
use super::{Look, Spot, StandingCheck};

macro_rules! after {
    ($requirement:literal, $operation:literal, $accepted:literal) => {
        StandingCheck { requirement: $requirement, accepted: $accepted, look: |scene| after(scene, $operation) }
    };
}

pub(super) static CHECKS: &[StandingCheck] = &[
    after!("X-SCOMO-01", "DownloadInstall", "the component deployed in the announced version, with State 20"),
    after!("X-SCOMO-02", "DownloadInstallInactive", "the component deployed in the announced version, with State 10"),
    after!("X-SCOMO-03", "Download", "what was deployed before, and nothing else"),
    after!("X-SCOMO-04", "Activate", "the component with State 20"),
    after!("X-SCOMO-05", "Deactivate", "the component with State 10"),
    after!("X-SCOMO-06", "Remove", "no such component in the inventory"),
    StandingCheck {
        requirement: "X-SCOMO-07",
        accepted: "a result code of SCOMO, and 1401 only where the End User is asked",
        look: codes,
    },
];

/// A report of an operation on a component.
struct Operated<'a> {
    spot: Spot,
    device: &'a str,
    campaign: &'a str,
    component: &'a str,
    operation: &'a str,
    code: u16,
}

/// The component and the operation that a node stands for; those of packages that are only delivered leave nothing behind
/// that a server may read.
fn operation_of(node: &str) -> Option<(&str, &str)> {
    let below = node.strip_prefix(scomo::DOWNLOAD).or_else(|| node.strip_prefix(scomo::DEPLOYED))?.strip_prefix('/')?;
    below.rsplit_once("/Operations/")
}

fn operated<'a>(scene: &Scene<'a>) -> Vec<Operated<'a>> {
    let mut found = Vec::new();
    for (dialogue, turn) in scene.requests() {
        for alert in turn.generic_alerts() {
            let Some(item) = alert.items.first().filter(|item| is_complete(item)) else { continue };
            let (Some(source), Some(data)) = (item.source.as_deref(), item.data.as_deref()) else { continue };
            let (Some((component, operation)), Some((result, _))) =
                (operation_of(source), scomo::parse_report_data(data))
            else {
                continue;
            };
            let campaign = alert.correlator.as_deref().unwrap_or_default();
            let (device, code) = (dialogue.device, result.0);
            found.push(Operated { spot: turn.spot, device, campaign, component, operation, code });
        }
    }
    found
}

fn is_complete(item: &Item) -> bool {
    item.meta.media_type.as_deref().is_some_and(|media_type| media_type.ends_with(scomo::ALERT_OPERATION_COMPLETE))
}

/// What the Device says of a component: whether a node of it was read, and its value.
fn readings_of<'r, 'a>(readings: &'r [Reading<'a>], of: &Operated<'_>, leaf: &str) -> Vec<&'r Reading<'a>> {
    let node = format!("{}/{}/{leaf}", scomo::DEPLOYED, of.component);
    readings.iter().filter(|reading| reading.device == of.device && reading.node == node).collect()
}

fn after(scene: &Scene<'_>, operation: &str) -> Look {
    let mut look = Look::default();
    let readings = scene.readings();
    for found in operated(scene).iter().filter(|found| found.operation == operation && found.code / 100 == 12) {
        // Another campaign for the component may have changed it since.
        let heard: BTreeMap<_, _> = scene.heard_by(found.device);
        let others = heard.values().filter(|said| {
            let component = said.target.component.as_ref().map(|component| component.as_str());
            said.kind == UpdateKind::Software && component == Some(found.component)
        });
        let Some(said) = scene.announcement(found.campaign).filter(|_| others.count() == 1) else { continue };
        let wanted = said.target.resulting_version.as_ref().map(ToString::to_string);
        let versions = readings_of(&readings, found, "Version");
        let states = readings_of(&readings, found, "State");
        let earlier = versions.iter().rfind(|reading| reading.spot < found.spot).map(|reading| reading.value);
        let device = scene.timeline.name_of(found.device);
        let told = |leaf: &str, value: Option<&str>| {
            let value = value.map_or("missing".to_owned(), |value| format!("`{value}`"));
            format!("{leaf} of `{}` on Device {device} is {value} after {operation}", found.component)
        };
        for reading in versions.iter().filter(|reading| reading.spot > found.spot) {
            let holds = match operation {
                "Remove" => reading.value.is_none(),
                // Who had the announced version already would have taken no part.
                "Download" => match earlier {
                    Some(earlier) => reading.value == earlier,
                    None => wanted.is_none() || reading.value != wanted.as_deref(),
                },
                "DownloadInstall" | "DownloadInstallInactive" => match &wanted {
                    Some(wanted) => reading.value == Some(wanted.as_str()),
                    None => reading.value.is_some(),
                },
                _ => reading.value.is_some(),
            };
            look.hold(reading.spot, holds, || told("Version", reading.value));
        }
        let state = match operation {
            "DownloadInstall" | "Activate" => Some("20"),
            "DownloadInstallInactive" | "Deactivate" => Some("10"),
            "Remove" => None,
            _ => continue,
        };
        for reading in states.iter().filter(|reading| reading.spot > found.spot) {
            look.hold(reading.spot, reading.value == state, || told("State", reading.value));
        }
    }
    look
}

/// Whether SCOMO, or the part that it leaves to vendors, has this result code.
fn is_code(code: u16) -> bool {
    matches!(code, 1200 | 1250..=1299 | 1400..=1413 | 1450..=1499 | 1500 | 1501 | 1550..=1599)
}

fn codes(scene: &Scene<'_>) -> Look {
    let mut look = Look::default();
    for found in operated(scene) {
        let Operated { code, device, .. } = found;
        let device = scene.timeline.name_of(device);
        let said = scene.announcement(found.campaign);
        let fault = if !is_code(code) {
            Some(format!("Device {device} reports {code}, which is no result of SCOMO"))
        } else if code == 1401 && said.is_some_and(|said| said.consent.is_none()) {
            Some(format!("Device {device} reports 1401, and nobody was to be asked"))
        } else {
            None
        };
        look.at(found.spot, fault);
    }
    look
}
