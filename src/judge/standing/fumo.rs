//! The firmware update management object (OMA FUMO 1.0): its final alert, its state and its results.

use crate::spec::UpdateKind;
use crate::wire::mo::fumo;
use crate::wire::mo::{MARK_SUCCESS, TYPE_PREFIX};
use crate::wire::syncml::{Alert, Command, Exec, Item, Message};

use super::fumo_state::{state_readings, states};
use super::notification::{is_taken, sent_again};
use super::scene::{Dialogue, Scene, Turn};
use super::{Look, Spot, StandingCheck};

pub(super) static CHECKS: &[StandingCheck] = &[
    StandingCheck {
        requirement: "X-FUMO-01",
        accepted: "Status 202 to an Exec whose result is reported later",
        look: deferred,
    },
    StandingCheck {
        requirement: "X-FUMO-02",
        accepted: "the alert type of the operation that the Command executes, or downloadandupdate when none was reached",
        look: types,
    },
    StandingCheck {
        requirement: "X-FUMO-03",
        accepted: "the Correlator of an Exec, or the campaign, that the Device was given",
        look: correlators,
    },
    StandingCheck {
        requirement: "X-FUMO-05",
        accepted: "a Mark other than informational, harmless and indeterminate on a failure",
        look: marks,
    },
    StandingCheck {
        requirement: "X-FUMO-06",
        accepted: "no final alert after one that the server has taken",
        look: retries,
    },
    StandingCheck {
        requirement: "X-FUMO-07",
        accepted: "Source ./FUMO, Format int and a result code in digits",
        look: sources,
    },
    StandingCheck {
        requirement: "X-FUMO-08",
        accepted: "a State of the diagram, that can follow the one before and goes with the result that was reported",
        look: states,
    },
    StandingCheck {
        requirement: "X-FUMO-09",
        accepted: "State 20 after a failed download, or 10 with the next campaign",
        look: failed_downloads,
    },
    StandingCheck {
        requirement: "X-FUMO-10",
        accepted: "a result code of FUMO, and 401 only where the End User is asked",
        look: codes,
    },
    StandingCheck {
        requirement: "X-FUMO-11",
        accepted: "Data in the alert of a request, and Status 200 or 202 for it",
        look: requests,
    },
];

/// Marks that a failure must not have.
const HARMLESS: [&str; 3] = [MARK_SUCCESS, "harmless", "indeterminate"];

/// A final alert of a firmware update.
pub(super) struct Final<'a> {
    pub(super) spot: Spot,
    pub(super) device: &'a str,
    alert: &'a Alert,
    item: Option<&'a Item>,
}

impl Final<'_> {
    /// The Command of the campaign that it names, as far as the recording has it.
    pub(super) fn command<'s>(&self, scene: &'s Scene<'_>) -> Option<&'s Message> {
        scene.command_of(self.alert.correlator.as_deref()?)
    }

    pub(super) fn code(&self) -> Option<u16> {
        number(self.item?.data.as_deref()?)
    }
}

/// A result code in digits.
fn number(text: &str) -> Option<u16> {
    let text = text.trim();
    text.bytes().all(|octet| octet.is_ascii_digit()).then(|| text.parse().ok())?
}

/// The Type of an item without the prefix of the base text.
fn bare_type(item: &Item) -> &str {
    let media_type = item.meta.media_type.as_deref().unwrap_or_default();
    media_type.strip_prefix(TYPE_PREFIX.trim_end()).map_or(media_type, str::trim_start)
}

fn is_request(item: &Item) -> bool {
    matches!(bare_type(item), fumo::ALERT_DEVICE_REQUEST | fumo::ALERT_USER_REQUEST)
}

/// The final alerts of firmware updates: by their type, or by the campaign that they name.
pub(super) fn finals<'a>(scene: &Scene<'a>) -> Vec<Final<'a>> {
    let mut finals = Vec::new();
    for (dialogue, turn) in scene.requests() {
        for alert in turn.generic_alerts() {
            let item = alert.items.first();
            let by_type = item.is_some_and(|item| {
                matches!(bare_type(item), fumo::ALERT_DOWNLOAD | fumo::ALERT_UPDATE | fumo::ALERT_DOWNLOAD_AND_UPDATE)
            });
            let campaign = alert.correlator.as_deref().and_then(|campaign| scene.announcement(campaign));
            let by_campaign = campaign.is_some_and(|said| said.kind == UpdateKind::Firmware);
            if by_type || (by_campaign && !item.is_some_and(is_request)) {
                finals.push(Final { spot: turn.spot, device: dialogue.device, alert, item });
            }
        }
    }
    finals
}

/// Every command of a message, those inside groups too.
pub(super) fn execs(body: &[Command]) -> Vec<&Exec> {
    let mut found = Vec::new();
    for command in body {
        match command {
            Command::Exec(exec) => found.push(exec),
            Command::Sequence(group) | Command::Atomic(group) => found.extend(execs(&group.commands)),
            _ => {}
        }
    }
    found
}

/// The Execs that the DM Server gave a Device in sessions, with the answer that carried each.
fn execs_for<'a, 's>(scene: &'s Scene<'a>, device: &str) -> Vec<(&'s Dialogue<'a>, &'s Turn<'a>, &'a Exec)> {
    let own = scene.answers().filter(|(dialogue, ..)| dialogue.device == device);
    own.flat_map(|(dialogue, _, answer)| {
        execs(&answer.message.body).into_iter().map(move |exec| (dialogue, answer, exec))
    })
    .collect()
}

fn alert_of(exec: &Exec) -> Option<&'static str> {
    match exec.item.target.as_deref()? {
        fumo::DOWNLOAD => Some(fumo::ALERT_DOWNLOAD),
        fumo::UPDATE => Some(fumo::ALERT_UPDATE),
        fumo::DOWNLOAD_AND_UPDATE => Some(fumo::ALERT_DOWNLOAD_AND_UPDATE),
        _ => None,
    }
}

fn name<'s>(scene: &'s Scene<'_>, found: &Final<'s>) -> &'s str {
    scene.timeline.name_of(found.device)
}

fn deferred(scene: &Scene<'_>) -> Look {
    let mut look = Look::default();
    for dialogue in &scene.dialogues {
        for (_, given, exec) in
            execs_for(scene, dialogue.device).iter().filter(|(own, ..)| std::ptr::eq(*own, dialogue))
        {
            let own = |turn: &&Turn<'_>| turn.spot > given.spot && !turn.is_foreign;
            let statuses =
                dialogue.turns.iter().filter(own).flat_map(|turn| turn.statuses().map(move |status| (turn, status)));
            let mut statuses = statuses.filter(|(_, status)| {
                status.msg_ref == given.message.header.msg_id && status.cmd_ref == exec.cmd_id && status.cmd == "Exec"
            });
            let Some((turn, status)) = statuses.next() else { continue };
            let is_reported = finals(scene).iter().any(|found| {
                found.device == dialogue.device && found.spot > turn.spot && found.alert.correlator == exec.correlator
            });
            if status.code == 202 || is_reported {
                look.hold(turn.spot, status.code == 202, || {
                    let device = scene.timeline.name_of(dialogue.device);
                    format!("Device {device} answers by {} and reports later", status.code)
                });
            }
        }
    }
    look
}

fn types(scene: &Scene<'_>) -> Look {
    let mut look = Look::default();
    for found in finals(scene) {
        let shown = found.item.map(bare_type).unwrap_or_default();
        let correlator = found.alert.correlator.as_deref().unwrap_or_default();
        let command = scene.command_of(correlator).map(|command| execs(&command.body)).unwrap_or_default();
        let given = execs_for(scene, found.device);
        let given =
            given.iter().map(|(_, _, exec)| *exec).filter(|exec| exec.correlator.as_deref() == Some(correlator));
        let mut executed: Vec<&str> = command.into_iter().chain(given).filter_map(alert_of).collect();
        if executed.is_empty() {
            executed = vec![fumo::ALERT_DOWNLOAD, fumo::ALERT_UPDATE];
        }
        executed.push(fumo::ALERT_DOWNLOAD_AND_UPDATE);
        look.hold(found.spot, executed.contains(&shown), || {
            format!("Device {} reports `{correlator}` with type `{shown}`", name(scene, &found))
        });
    }
    look
}

fn correlators(scene: &Scene<'_>) -> Look {
    let mut look = Look::default();
    for found in finals(scene) {
        let given = execs_for(scene, found.device);
        let heard = scene.heard_by(found.device);
        let fault = match found.alert.correlator.as_deref() {
            None if given.iter().any(|(_, _, exec)| exec.correlator.is_none()) => None,
            None => Some("without a Correlator".to_owned()),
            Some(named) => {
                let is_given = given.iter().any(|(_, _, exec)| exec.correlator.as_deref() == Some(named));
                (!is_given && !heard.contains_key(named))
                    .then(|| format!("with Correlator `{named}`, which nothing had given it"))
            }
        };
        look.at(found.spot, fault.map(|fault| format!("Device {} reports {fault}", name(scene, &found))));
    }
    look
}

fn marks(scene: &Scene<'_>) -> Look {
    let mut look = Look::default();
    for found in finals(scene) {
        let Some(code) = found.code().filter(|code| code / 100 != 2) else { continue };
        let mark = found.item.and_then(|item| item.meta.mark.as_deref());
        look.hold(found.spot, mark.is_some_and(|mark| !HARMLESS.contains(&mark)), || {
            let mark = mark.map_or("without a Mark".into(), |mark| format!("with Mark {mark}"));
            format!("Device {} reports {code} {mark}", name(scene, &found))
        });
    }
    look
}

fn retries(scene: &Scene<'_>) -> Look {
    let mut look = Look::default();
    let again = sent_again(scene);
    for found in finals(scene) {
        let Some(correlator) = found.alert.correlator.as_deref() else { continue };
        let repeated = again.get(&(found.device, correlator)).copied().flatten();
        let observed = repeated.map(|_| {
            format!("Device {} reports `{correlator}` again after the server had taken it", name(scene, &found))
        });
        look.at(repeated.unwrap_or(found.spot), observed);
    }
    look
}

fn sources(scene: &Scene<'_>) -> Look {
    let mut look = Look::default();
    for found in finals(scene) {
        let text = |value: Option<&String>| value.map_or_else(|| "missing".to_owned(), |text| format!("`{text}`"));
        let source = found.item.and_then(|item| item.source.as_ref());
        let format = found.item.and_then(|item| item.meta.format.as_ref());
        let data = found.item.and_then(|item| item.data.as_ref());
        let fault = if source.map(String::as_str) != Some(fumo::ROOT) {
            Some(format!("Source {}", text(source)))
        } else if format.map(String::as_str) != Some("int") {
            Some(format!("Format {}", text(format)))
        } else {
            found.code().is_none().then(|| format!("Data {}", text(data)))
        };
        look.at(found.spot, fault.map(|fault| format!("the final alert of Device {}: {fault}", name(scene, &found))));
    }
    look
}

fn failed_downloads(scene: &Scene<'_>) -> Look {
    let mut look = Look::default();
    let readings = state_readings(scene);
    for found in finals(scene).iter().filter(|found| matches!(found.code(), Some(501 | 503))) {
        if scene.firmware_campaigns_of(found.device) != 1 {
            continue;
        }
        let later = readings.get(found.device).into_iter().flatten().filter(|reading| reading.spot > found.spot);
        for reading in later {
            let state = reading.value.unwrap_or_default().trim();
            look.hold(reading.spot, matches!(state, "10" | "20"), || {
                format!("State of Device {} is {state} after its download failed", name(scene, found))
            });
        }
    }
    look
}

/// Whether FUMO, or the part that it leaves to vendors, has this result code.
fn is_code(code: u16) -> bool {
    matches!(code, 200 | 250..=299 | 400..=412 | 450..=499 | 500..=503 | 550..=599)
}

fn codes(scene: &Scene<'_>) -> Look {
    let mut look = Look::default();
    for found in finals(scene) {
        let Some(code) = found.code() else { continue };
        let campaign = found.alert.correlator.as_deref().and_then(|campaign| scene.announcement(campaign));
        let fault = if !is_code(code) {
            Some(format!("Device {} reports {code}, which is no result of FUMO", name(scene, &found)))
        } else if code == 401 && campaign.is_some_and(|said| said.consent.is_none()) {
            Some(format!("Device {} reports 401, and nobody was to be asked", name(scene, &found)))
        } else {
            None
        };
        look.at(found.spot, fault);
    }
    look
}

fn requests(scene: &Scene<'_>) -> Look {
    let mut look = Look::default();
    for (dialogue, turn) in scene.requests() {
        let device = scene.timeline.name_of(dialogue.device);
        for alert in turn.generic_alerts() {
            let Some(item) = alert.items.first().filter(|item| is_request(item)) else { continue };
            look.hold(turn.spot, item.data.is_some(), || format!("Device {device} sends a request without Data"));
        }
    }
    for (_, request, answer) in scene.answers() {
        let accepted = answer.of_header().is_some_and(|status| status.code / 100 == 2);
        for alert in request.generic_alerts().filter(|_| accepted) {
            if alert.items.first().is_some_and(is_request) {
                look.hold(answer.spot, is_taken(request, answer, alert.cmd_id), || {
                    "the DM Server does not take the request of a Device".to_owned()
                });
            }
        }
    }
    look
}
