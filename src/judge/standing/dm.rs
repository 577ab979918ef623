//! The form of DM messages (OMA DM 1.2, representation and protocol).

use crate::capture::{Fault, Side, Sight};
use crate::wire::syncml::{Command, Message, alert};

use super::scene::{Dialogue, Scene, Turn};
use super::{Look, StandingCheck};

pub(super) static CHECKS: &[StandingCheck] = &[
    StandingCheck {
        requirement: "X-DM-02",
        accepted: "one to four upper-case hexadecimal digits without a leading zero",
        look: session_ids,
    },
    StandingCheck {
        requirement: "X-DM-05",
        accepted: "Alert 1201 in a session that a Device opens by itself, 1200 and its SessionID in answer to a notification",
        look: alert_codes,
    },
    StandingCheck {
        requirement: "X-DM-06",
        accepted: "Replace of DevId, Man, Mod, DmV and Lang in the first message of a session",
        look: dev_info,
    },
    StandingCheck {
        requirement: "X-DM-07",
        accepted: "Status, Replace, Results and Alert from a Device, and nothing else",
        look: commands,
    },
];

/// The nodes of DevInfo.
const DEV_INFO: [&str; 5] = ["DevId", "Man", "Mod", "DmV", "Lang"];

/// Whether a SessionID has the form that it should have.
fn is_session_id(text: &str) -> bool {
    let digits = text.bytes().all(|octet| octet.is_ascii_digit() || (b'A'..=b'F').contains(&octet));
    digits && (1..=4).contains(&text.len()) && (text.len() == 1 || !text.starts_with('0'))
}

fn session_ids(scene: &Scene<'_>) -> Look {
    let mut look = Look::default();
    for (dialogue, turn) in scene.requests() {
        let id = turn.message.header.session_id.as_str();
        look.hold(turn.spot, is_session_id(id), || {
            format!("Device {} writes SessionID `{id}`", scene.timeline.name_of(dialogue.device))
        });
    }
    for (_, request, answer) in scene.answers() {
        let (asked, id) = (request.message.header.session_id.as_str(), answer.message.header.session_id.as_str());
        let holds = is_session_id(id) || !is_session_id(asked);
        look.hold(answer.spot, holds, || format!("the DM Server writes SessionID `{id}`"));
    }
    for sighting in &scene.timeline.sightings {
        if let Sight::Malformed { fault: Fault::Undecodable(error), connection: Some((connection, from)), .. } =
            &sighting.what
            && error.field == "SessionID"
            && !scene.is_touched(*connection)
        {
            let who = if *from == Side::Client { "a Device" } else { "the DM Server" };
            look.at((sighting.frame, sighting.at), Some(format!("{who} writes a SessionID that is {}", error.reason)));
        }
    }
    // The Command of a campaign has the SessionID of its notification.
    for (spot, notification) in &scene.announced {
        let Ok(signed) = &notification.announcement else { continue };
        let Some(command) = scene.command_of(signed.announcement.campaign.as_str()) else { continue };
        let (id, wanted) = (&command.header.session_id, notification.package0.trigger.session.to_string());
        look.hold(*spot, is_session_id(id) && *id == wanted, || {
            format!("the Command of `{}` has SessionID `{id}`, its notification {wanted}", signed.announcement.campaign)
        });
    }
    look
}

fn has_alert(message: &Message, code: u32) -> bool {
    message.body.iter().any(|command| matches!(command, Command::Alert(found) if found.code == code))
}

fn alert_codes(scene: &Scene<'_>) -> Look {
    let mut look = Look::default();
    for (dialogue, turn) in scene.openings() {
        look.at(turn.spot, alert_fault(scene, dialogue, turn));
    }
    look
}

fn alert_fault(scene: &Scene<'_>, dialogue: &Dialogue<'_>, turn: &Turn<'_>) -> Option<String> {
    let device = scene.timeline.name_of(dialogue.device);
    let (by_server, by_client) =
        (has_alert(turn.message, alert::SERVER_INITIATED), has_alert(turn.message, alert::CLIENT_INITIATED));
    let id = &turn.message.header.session_id;
    match (by_server, by_client) {
        (true, true) => Some(format!("Device {device} begins session {id} with both Alert 1200 and Alert 1201")),
        (false, false) => Some(format!("Device {device} begins session {id} with neither Alert 1200 nor Alert 1201")),
        (false, true) => None,
        (true, false) if turn.generic_alerts().next().is_some() => {
            Some(format!("Device {device} begins session {id}, a report, with Alert 1200"))
        }
        (true, false) => {
            let heard = scene.heard.iter().filter(|(name, ..)| *name == device);
            let mut sessions = heard.map(|(_, _, heard)| heard.package0.trigger.session.to_string());
            (!sessions.any(|session| session == *id))
                .then(|| format!("Device {device} sends Alert 1200 in session {id}, which no notification names"))
        }
    }
}

fn dev_info(scene: &Scene<'_>) -> Look {
    let mut look = Look::default();
    for (dialogue, turn) in scene.openings() {
        let items = turn.message.body.iter().filter_map(|command| match command {
            Command::Replace(items) => Some(&items.items),
            _ => None,
        });
        let nodes: Vec<&str> =
            items.flatten().filter_map(|item| item.source.as_deref().or(item.target.as_deref())).collect();
        let is_there = |leaf: &&&str| {
            nodes.iter().any(|node| node.strip_prefix("./").unwrap_or(node).strip_prefix("DevInfo/") == Some(**leaf))
        };
        let missing: Vec<&str> = DEV_INFO.iter().filter(|leaf| !is_there(leaf)).copied().collect();
        look.hold(turn.spot, missing.is_empty(), || {
            let device = scene.timeline.name_of(dialogue.device);
            format!(
                "Device {device} begins session {} without DevInfo {}",
                turn.message.header.session_id,
                missing.join(", ")
            )
        });
    }
    look
}

fn commands(scene: &Scene<'_>) -> Look {
    let mut look = Look::default();
    for (dialogue, turn) in scene.requests() {
        let is_allowed = |command: &&Command| {
            matches!(command, Command::Status(_) | Command::Replace(_) | Command::Results(_) | Command::Alert(_))
        };
        let odd = turn.message.body.iter().find(|command| !is_allowed(command));
        look.hold(turn.spot, odd.is_none(), || {
            let name = odd.map_or("nothing", Command::name);
            format!("Device {} sends {name}", scene.timeline.name_of(dialogue.device))
        });
    }
    look
}
