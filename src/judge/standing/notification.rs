//! Notifications: what they say, and what Devices make of them (OMA DM 1.2, notification).

use std::collections::{BTreeMap, BTreeSet};

use crate::capture::{Fault, Sight};

use super::scene::{Scene, Turn};
use super::{Look, StandingCheck};

pub(super) static CHECKS: &[StandingCheck] = &[
    StandingCheck {
        requirement: "X-DM-01",
        accepted: "one report at most of a campaign whose notification came several times",
        look: repeated,
    },
    StandingCheck {
        requirement: "X-DM-03",
        accepted: "no report of a campaign of which every notification had a wrong digest",
        look: wrong_digest,
    },
    StandingCheck { requirement: "X-DM-04", accepted: "version 11 in Package #0", look: version },
];

/// The campaigns that a message reports.
fn reported<'a>(turn: &Turn<'a>) -> impl Iterator<Item = &'a str> + use<'a> {
    turn.generic_alerts().filter_map(|alert| alert.correlator.as_deref())
}

/// Whether the server took an alert, and the Device was told so.
pub(super) fn is_taken(request: &Turn<'_>, answer: &Turn<'_>, cmd_id: u32) -> bool {
    let own = |status: &&crate::wire::syncml::Status| {
        status.cmd_ref == cmd_id && status.msg_ref == request.message.header.msg_id
    };
    answer.statuses().find(own).is_some_and(|status| matches!(status.code, 200 | 202))
}

/// The reports that a Device sent again after the server had taken them: Device, campaign, and the packet.
pub(super) fn sent_again<'a>(scene: &Scene<'a>) -> BTreeMap<(&'a str, &'a str), Option<super::Spot>> {
    let mut taken: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (dialogue, request, answer) in scene.answers().filter(|(_, request, _)| !request.is_foreign) {
        for alert in request.generic_alerts().filter(|alert| is_taken(request, answer, alert.cmd_id)) {
            if let Some(campaign) = alert.correlator.as_deref() {
                taken.entry((dialogue.device, campaign)).or_insert(answer.spot.0);
            }
        }
    }
    let mut again: BTreeMap<_, _> = BTreeMap::new();
    for (dialogue, turn) in scene.requests().filter(|(dialogue, _)| !scene.lost_power(dialogue.device)) {
        for campaign in reported(turn) {
            let key = (dialogue.device, campaign);
            let is_late = taken.get(&key).is_some_and(|packet| *packet < turn.spot.0);
            let first = again.entry(key).or_insert(None);
            *first = first.or_else(|| is_late.then_some(turn.spot));
        }
    }
    again
}

fn repeated(scene: &Scene<'_>) -> Look {
    let mut look = Look::default();
    let mut times: BTreeMap<(&str, &str), Vec<super::Spot>> = BTreeMap::new();
    for (device, sighting, heard) in &scene.heard {
        if let Ok(signed) = &heard.announcement {
            let key = (*device, signed.announcement.campaign.as_str());
            times.entry(key).or_default().push((sighting.frame, sighting.at));
        }
    }
    let again: BTreeMap<(&str, &str), super::Spot> = sent_again(scene)
        .into_iter()
        .filter_map(|((dev_id, campaign), spot)| Some(((scene.timeline.name_of(dev_id), campaign), spot?)))
        .collect();
    for ((device, campaign), spots) in times.iter().filter(|(_, spots)| spots.len() > 1) {
        let fault = again.get(&(*device, *campaign));
        let observed =
            fault.map(|_| format!("Device {device} reported `{campaign}` again after the server had taken it"));
        look.at(fault.copied().unwrap_or(spots[0]), observed);
    }
    look
}

fn wrong_digest(scene: &Scene<'_>) -> Look {
    let mut look = Look::default();
    let Some(group) = &scene.known.group else { return look };
    let (mut right, mut wrong) = (BTreeSet::new(), BTreeSet::new());
    for (_, sighting, heard) in &scene.heard {
        let Ok(signed) = &heard.announcement else { continue };
        let campaign = signed.announcement.campaign.as_str();
        if right.contains(campaign) {
            continue;
        }
        if heard.package0.verify(group) {
            right.insert(campaign);
        } else {
            wrong.insert((campaign, (sighting.frame, sighting.at)));
        }
    }
    for (campaign, spot) in wrong.into_iter().filter(|(campaign, _)| !right.contains(campaign)) {
        let report = scene.requests().find(|(_, turn)| reported(turn).any(|named| named == campaign));
        let observed = report.map(|(dialogue, turn)| {
            let device = scene.timeline.name_of(dialogue.device);
            (turn.spot, format!("Device {device} reports `{campaign}`, whose digest was wrong"))
        });
        let (spot, fault) = observed.map_or((spot, None), |(spot, fault)| (spot, Some(fault)));
        look.at(spot, fault);
    }
    look
}

fn version(scene: &Scene<'_>) -> Look {
    let mut look = Look::default();
    for (spot, _) in &scene.announced {
        look.at(*spot, None);
    }
    for (spot, sight) in &scene.unreadable {
        if let Sight::Malformed { fault: Fault::Undecodable(error), .. } = sight
            && error.field == "version"
        {
            look.at(*spot, Some(format!("the provider's notification has version {}", error.reason)));
        }
    }
    look
}
