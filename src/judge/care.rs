//! Checks on care: the server changes something on exactly the Devices that reported a failure ([SC-NF-6]).

use std::collections::BTreeMap;

use crate::capture::{Side, Timeline};
use crate::wire::syncml::{Command, Message};

use super::Outcome;
use super::reports::answer_to;

fn changes_something(message: &Message) -> bool {
    message.body.iter().any(|command| {
        matches!(
            command,
            Command::Replace(_)
                | Command::Add(_)
                | Command::Delete(_)
                | Command::Exec(_)
                | Command::Sequence(_)
                | Command::Atomic(_)
        )
    })
}

/// Device to the packets in which the server sent it commands that change something.
fn care(timeline: &Timeline) -> BTreeMap<String, Vec<usize>> {
    let mut care: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let lanes = timeline.lanes.iter().map(|lane| &lane.name);
    for device in lanes {
        let packets: Vec<usize> = timeline
            .sessions_of(device)
            .iter()
            .flat_map(|session| &session.messages)
            .filter(|message| message.from == Side::Server && changes_something(message.message))
            .map(|message| message.sighting.frame)
            .collect();
        if !packets.is_empty() {
            care.insert(device.clone(), packets);
        }
    }
    care
}

pub(super) fn addressees(timeline: &Timeline, devices: &[String], fence: &str) -> Outcome {
    let accepted = match devices {
        [] => "care for no Device".to_owned(),
        _ => format!("care for {} only, once each", devices.join(", ")),
    };
    let care = care(timeline);
    for (device, packets) in &care {
        let outcome = |observed: String| {
            let mut outcome = Outcome::fail(observed, accepted.clone());
            outcome.packet = packets.last().copied();
            outcome
        };
        if !devices.contains(device) {
            return outcome(format!("the DM Server cared for Device {device}"));
        }
        if packets.len() > 1 {
            return outcome(format!("the DM Server cared for Device {device} {} times", packets.len()));
        }
    }
    if let Some(missed) = devices.iter().find(|device| !care.contains_key(*device)) {
        return Outcome::fail(format!("the DM Server did not care for Device {missed}"), accepted);
    }
    let answers = |device: &str| answer_to(timeline, device, fence).is_some();
    if let Some(device) = devices.iter().find(|device| !answers(device)) {
        let observed = format!("no later answer of Device {device} to a roll call shows that its care was over");
        return Outcome::inconclusive(observed, accepted);
    }
    if !timeline.lanes.iter().any(|lane| answers(&lane.name)) {
        return Outcome::inconclusive("no later answer to a roll call shows that care was over", accepted);
    }
    Outcome::pass(match devices.len() {
        0 => "no Device received care".to_owned(),
        count => format!("{count} Device(s) received care, once each"),
    })
}
