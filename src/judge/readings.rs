//! Checks on what a Device answers when the DM Server reads its management tree.

use std::time::Duration;

use crate::capture::{Side, Timeline};
use crate::spec::Timestamp;
use crate::wire::syncml::Command;

use super::Outcome;
use super::reports::{answer_to, is_challenge};

/// Lines that a status log has at most (profile section 8).
const LOG_LINES: usize = 32;

/// What a Device answered for a node in the session of a roll call.
pub(super) fn reading(timeline: &Timeline, device: &str, node: &str, fence: &str) -> Option<(Option<String>, usize)> {
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
                // A server that has not proved itself gets no answer yet, which says nothing of the node.
                Command::Status(status)
                    if status.cmd == "Get"
                        && status.target_refs.iter().any(|uri| uri == node)
                        && status.code >= 400
                        && !is_challenge(status.code) =>
                {
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
            // Silence is no value: the Device may be off, out of reach, or slow (decision record 0003).
            return Outcome::inconclusive(format!("Device {device} did not answer when {node} was read"), accepted);
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

/// Whether Devices refuse everything that is read in the session of a roll call, for want of a credential that fits.
pub(super) fn nothing(timeline: &Timeline, devices: &[String], fence: &str) -> Outcome {
    let accepted = "every Get answered by 401 or 407, and no value".to_owned();
    let mut last = None;
    for device in devices {
        let Some(opening) = answer_to(timeline, device, fence) else {
            return Outcome::inconclusive(format!("Device {device} did not answer the roll call"), accepted);
        };
        let sessions = timeline.sessions_of(device);
        let id = &opening.opening.header.session_id;
        let messages = sessions.iter().filter(|session| session.caller.session_id == *id);
        let own = messages
            .flat_map(|session| &session.messages)
            .filter(|message| message.from == Side::Client && message.sighting.frame >= opening.packet);
        let mut refused = None;
        for message in own {
            for command in &message.message.body {
                match command {
                    Command::Results(_) => {
                        let mut outcome = Outcome::fail(format!("Device {device} gave a value"), accepted);
                        outcome.packet = Some(message.sighting.frame);
                        return outcome;
                    }
                    Command::Status(status) if status.cmd == "Get" && is_challenge(status.code) => {
                        refused = Some(message.sighting.frame);
                    }
                    _ => {}
                }
            }
        }
        if refused.is_none() {
            return Outcome::inconclusive(format!("Device {device} was not read"), accepted);
        }
        last = refused;
    }
    let mut outcome = Outcome::pass(format!("{} Device(s) refused to be read", devices.len()));
    outcome.packet = last;
    outcome
}

pub(super) fn absent(timeline: &Timeline, devices: &[String], node: &str, fence: &str) -> Outcome {
    let accepted = format!("no node {node}");
    let mut last = None;
    for device in devices {
        match reading(timeline, device, node, fence) {
            None => {
                let observed = format!("Device {device} did not answer when {node} was read");
                return Outcome::inconclusive(observed, accepted);
            }
            Some((Some(found), packet)) => {
                let mut outcome = Outcome::fail(format!("Device {device} answered {node} = {found}"), accepted);
                outcome.packet = Some(packet);
                return outcome;
            }
            Some((None, packet)) => last = Some(packet),
        }
    }
    let mut outcome = Outcome::pass(format!("{} Device(s) have no node {node}", devices.len()));
    outcome.packet = last;
    outcome
}

pub(super) fn log_entry(timeline: &Timeline, device: &str, campaign: &str, code: u16, fence: &str) -> Outcome {
    let accepted = format!("one entry for campaign `{campaign}` with result {code}");
    let Some((Some(log), packet)) = reading(timeline, device, "./StatusLog", fence) else {
        // The log is a capability, so a Device without it is not wrong either.
        return Outcome::inconclusive(format!("Device {device} gave no status log when it was read"), accepted);
    };
    let lines = log.lines().count();
    if lines > LOG_LINES {
        let observed = format!("the status log of Device {device} holds {lines} lines");
        let mut outcome = Outcome::fail(observed, format!("at most {LOG_LINES} lines"));
        outcome.packet = Some(packet);
        return outcome;
    }
    let codes: Vec<u16> =
        log.lines().filter_map(entry).filter(|entry| entry.campaign == campaign).map(|entry| entry.code).collect();
    let mut outcome = match codes.as_slice() {
        [only] if *only == code => Outcome::pass(format!("the status log of Device {device} holds result {code}")),
        [] => Outcome::fail(format!("the status log of Device {device} holds nothing of it"), accepted),
        _ => Outcome::fail(format!("the status log of Device {device} holds {codes:?}"), accepted),
    };
    outcome.packet = Some(packet);
    outcome
}

/// The latest moment at which a Device can have had its result for a campaign, by its status log.
///
/// The Device's clock need not be ours. But its result for the roll call stands in the same log and was there when the
/// answer was seen, and between two lines of one log the clock counts right.
pub(super) fn latest_result(timeline: &Timeline, device: &str, campaign: &str, fence: &str) -> Option<Timestamp> {
    let answer = answer_to(timeline, device, fence)?;
    let (log, _) = reading(timeline, device, "./StatusLog", fence)?;
    let log = log?;
    let noted = |campaign: &str| log.lines().filter_map(entry).rfind(|entry| entry.campaign == campaign);
    let before = noted(fence)?.at.checked_sub(noted(campaign)?.at)?;
    Some(answer.at - Duration::from_millis(before))
}

/// A line of a status log.
struct Entry<'a> {
    campaign: &'a str,
    code: u16,
    /// Milliseconds, by the Device's clock.
    at: u64,
}

/// Reads a line: sequence, campaign, code, time. A campaign id may hold spaces (profile section 8).
fn entry(line: &str) -> Option<Entry<'_>> {
    let (_, rest) = line.split_once(' ')?;
    let (rest, at) = rest.rsplit_once(' ')?;
    let (campaign, code) = rest.rsplit_once(' ')?;
    Some(Entry { campaign, code: code.parse().ok()?, at: at.parse().ok()? })
}
