//! Checks on what a Device answers when the DM Server reads its management tree.

use crate::capture::{Side, Timeline};
use crate::wire::syncml::Command;

use super::Outcome;
use super::reports::answer_to;

/// What a Device answered for a node in the session of a roll call.
fn reading(timeline: &Timeline, device: &str, node: &str, fence: &str) -> Option<(Option<String>, usize)> {
    let opening = answer_to(timeline, device, fence)?;
    let sessions = timeline.sessions_of(device);
    let session = sessions.iter().find(|session| session.caller.session_id == opening.opening.header.session_id)?;
    // A Device that uses a SessionID again has earlier answers under it, which are older news.
    let is_later = |frame: usize| frame >= opening.packet;
    let answers =
        session.messages.iter().filter(|message| message.from == Side::Client && is_later(message.sighting.frame));
    let mut refused = None;
    for message in answers {
        for command in &message.message.body {
            match command {
                Command::Results(results) => {
                    let item = results.items.iter().find(|item| item.source.as_deref() == Some(node));
                    if let Some(item) = item {
                        return Some((Some(item.data.clone().unwrap_or_default()), message.sighting.frame));
                    }
                }
                Command::Status(status) if status.cmd == "Get" && status.target_refs.iter().any(|uri| uri == node) => {
                    refused = Some((None, message.sighting.frame));
                }
                _ => {}
            }
        }
    }
    refused
}

pub(super) fn value(timeline: &Timeline, devices: &[String], node: &str, value: &str, fence: &str) -> Outcome {
    let accepted = format!("{node} = {value}");
    let mut last = None;
    for device in devices {
        let Some((found, packet)) = reading(timeline, device, node, fence) else {
            return Outcome::fail(format!("Device {device} did not answer when {node} was read"), accepted);
        };
        if found.as_deref() != Some(value) {
            let found = found.unwrap_or_else(|| "no such node".into());
            let mut outcome = Outcome::fail(format!("Device {device} answered {node} = {found}"), accepted);
            outcome.packet = Some(packet);
            return outcome;
        }
        last = Some(packet);
    }
    let mut outcome = Outcome::pass(format!("{} Device(s) answered {node} = {value}", devices.len()));
    outcome.packet = last;
    outcome
}

pub(super) fn log_entry(timeline: &Timeline, device: &str, campaign: &str, code: u16, fence: &str) -> Outcome {
    let accepted = format!("one entry for campaign `{campaign}` with result {code}");
    let Some((Some(log), packet)) = reading(timeline, device, "./StatusLog", fence) else {
        return Outcome::fail(format!("Device {device} did not answer when its status log was read"), accepted);
    };
    let codes: Vec<u16> =
        log.lines().filter_map(entry).filter(|(named, _)| *named == campaign).map(|(_, code)| code).collect();
    let mut outcome = match codes.as_slice() {
        [only] if *only == code => Outcome::pass(format!("the status log of Device {device} holds result {code}")),
        [] => Outcome::fail(format!("the status log of Device {device} holds nothing of it"), accepted),
        _ => Outcome::fail(format!("the status log of Device {device} holds {codes:?}"), accepted),
    };
    outcome.packet = Some(packet);
    outcome
}

/// Campaign and code of a line: sequence, campaign, code, time. A campaign id may hold spaces (profile section 8).
fn entry(line: &str) -> Option<(&str, u16)> {
    let (_, rest) = line.split_once(' ')?;
    let (rest, _) = rest.rsplit_once(' ')?;
    let (campaign, code) = rest.rsplit_once(' ')?;
    Some((campaign, code.parse().ok()?))
}
