//! Checks on care: the server changes something on exactly the Devices that reported a failure ([SC-NF-6]).

use std::collections::{BTreeMap, BTreeSet};

use crate::capture::{DmMessage, Side, Timeline};
use crate::wire::mo::ReportedResult;
use crate::wire::syncml::{Command, Message, Status, alert, status};

use super::reports::{answer_to, correlators_of_care, is_challenge};
use super::{Outcome, ROLL_CALL};

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

/// The care that a Device was given in one session, in however many messages.
struct Care {
    /// The packet with the first of its commands.
    begins: usize,
    /// The packet with the last.
    ends: usize,
    /// Whether the Device had reported a failure in the session before any of it.
    is_due: bool,
    /// The campaigns whose failure it had reported there.
    failed: BTreeSet<String>,
    /// The packet in which the Device said what became of the commands.
    answered: Option<usize>,
    /// The packet in which a command was given again though the Device had carried it out.
    again: Option<usize>,
}

impl Care {
    /// Whether it comes on top of `earlier`: for the same failure, with the statuses already there. Without them the
    /// server may give its commands again (profile section 6.5).
    fn repeats(&self, earlier: &Self) -> bool {
        let is_answered = earlier.answered.is_some_and(|packet| packet < self.begins);
        is_answered && !earlier.failed.is_disjoint(&self.failed)
    }
}

fn statuses(message: &Message) -> impl Iterator<Item = &Status> {
    message.body.iter().filter_map(|command| match command {
        Command::Status(status) => Some(status),
        _ => None,
    })
}

/// The DM sessions of a Device. A SessionID that is used again begins a session anew with message 1, unless that answers
/// a challenge (profile section 6.4).
fn sessions<'a>(timeline: &'a Timeline, device: &str) -> Vec<Vec<DmMessage<'a>>> {
    let mut sessions: Vec<Vec<DmMessage<'a>>> = Vec::new();
    for session in timeline.sessions_of(device) {
        let (mut is_first, mut is_challenged) = (true, false);
        for message in session.messages {
            let begins = message.from == Side::Client && message.message.header.msg_id == 1 && !is_challenged;
            if message.from == Side::Server {
                is_challenged =
                    statuses(message.message).any(|status| status.cmd_ref == 0 && is_challenge(status.code));
            }
            match sessions.last_mut().filter(|_| !is_first && !begins) {
                Some(session) => session.push(message),
                None => sessions.push(vec![message]),
            }
            is_first = false;
        }
    }
    sessions
}

/// The campaigns whose failure a message of a Device reports: neither a roll call's nor that of earlier care.
fn failures(message: &Message, asked: &BTreeSet<String>) -> BTreeSet<String> {
    let alerts = message.body.iter().filter_map(|command| match command {
        Command::Alert(found) if found.code == alert::GENERIC => Some(found),
        _ => None,
    });
    let failed = alerts.filter(|found| ReportedResult::from_alert(found).is_ok_and(|result| !result.is_success()));
    let campaigns = failed.filter_map(|found| found.correlator.clone());
    campaigns.filter(|campaign| !campaign.starts_with(ROLL_CALL) && !asked.contains(campaign)).collect()
}

/// The nodes that a message of the server changes, each with the CmdID that does.
fn targets(message: &Message) -> Vec<(u32, &str)> {
    let items = message.body.iter().filter_map(|command| match command {
        Command::Replace(items) | Command::Add(items) | Command::Delete(items) => Some(items),
        _ => None,
    });
    let targets = items.flat_map(|items| items.items.iter().map(|item| (items.cmd_id, item.target.as_deref())));
    targets.filter_map(|(cmd_id, node)| Some((cmd_id, node?))).collect()
}

/// The care in one session; none when the server changed nothing that the Device let it change.
fn care_in(session: &[DmMessage<'_>], asked: &BTreeSet<String>) -> Option<Care> {
    let mut failed = BTreeSet::new();
    let mut care: Option<Care> = None;
    let mut carried_out: BTreeSet<&str> = BTreeSet::new();
    for (index, message) in session.iter().enumerate() {
        if message.from == Side::Client {
            failed.extend(failures(message.message, asked));
            continue;
        }
        if !changes_something(message.message) {
            continue;
        }
        let own = message.message.header.msg_id;
        let later = session[index..].iter().filter(|later| later.from == Side::Client);
        let answer = later.into_iter().find(|later| statuses(later.message).any(|status| status.msg_ref == own));
        // What a Device refuses for want of a credential it does not execute, and the server may send it again.
        let is_of_it = |status: &Status| status.msg_ref == own && is_challenge(status.code);
        if answer.is_some_and(|answer| statuses(answer.message).any(is_of_it)) {
            continue;
        }
        let targets = targets(message.message);
        let is_again = targets.iter().any(|(_, node)| carried_out.contains(node));
        let succeeded = |cmd_id: u32| {
            let is_good =
                |status: &Status| status.msg_ref == own && status.cmd_ref == cmd_id && status::is_success(status.code);
            answer.is_some_and(|answer| statuses(answer.message).any(is_good))
        };
        carried_out.extend(targets.iter().filter(|(cmd_id, _)| succeeded(*cmd_id)).map(|(_, node)| *node));
        let packet = message.sighting.frame;
        let answered = answer.map(|answer| answer.sighting.frame);
        let care = care.get_or_insert(Care {
            begins: packet,
            ends: packet,
            is_due: true,
            failed: BTreeSet::new(),
            answered,
            again: None,
        });
        care.again = care.again.or(is_again.then_some(packet));
        care.is_due &= !failed.is_empty();
        care.ends = packet;
        care.failed.clone_from(&failed);
        care.answered = care.answered.max(answered);
    }
    care
}

/// Device to the care that it was given, in order.
fn care(timeline: &Timeline) -> BTreeMap<String, Vec<Care>> {
    let mut all: BTreeMap<String, Vec<Care>> = BTreeMap::new();
    for device in timeline.lanes.iter().map(|lane| &lane.name) {
        let asked = correlators_of_care(timeline, device);
        let sessions = sessions(timeline, device);
        let mut care: Vec<Care> = sessions.iter().filter_map(|session| care_in(session, &asked)).collect();
        care.sort_by_key(|care| care.begins);
        if !care.is_empty() {
            all.insert(device.clone(), care);
        }
    }
    all
}

pub(super) fn addressees(timeline: &Timeline, devices: &[String], fence: &str) -> Outcome {
    let accepted = match devices {
        [] => "care for no Device".to_owned(),
        _ => format!("care for {} only, once each", devices.join(", ")),
    };
    let care = care(timeline);
    for (device, given) in &care {
        let outcome = |observed: String, care: &Care| {
            let mut outcome = Outcome::fail(observed, accepted.clone());
            outcome.packet = Some(care.ends);
            outcome
        };
        if let Some(care) = given.last().filter(|_| !devices.contains(device)) {
            return outcome(format!("the DM Server cared for Device {device}"), care);
        }
        if let Some(care) = given.iter().find(|care| !care.is_due) {
            let observed = format!("the DM Server cared for Device {device} in a session that no failure had opened");
            return outcome(observed, care);
        }
        if let Some((packet, care)) = given.iter().find_map(|care| Some((care.again?, care))) {
            let mut outcome =
                outcome(format!("the DM Server cared for Device {device} again for what had succeeded"), care);
            outcome.packet = Some(packet);
            return outcome;
        }
        let again = given.iter().enumerate().find(|(index, care)| given[..*index].iter().any(|one| care.repeats(one)));
        if let Some((index, care)) = again {
            return outcome(format!("the DM Server cared for Device {device} {} times", index + 1), care);
        }
    }
    if let Some(missed) = devices.iter().find(|device| !care.contains_key(*device)) {
        let observed = format!("the DM Server did not care for Device {missed}");
        return match answer_to(timeline, missed, fence) {
            Some(_) => Outcome::fail(observed, accepted),
            None => Outcome::inconclusive(format!("{observed}, which answered no later roll call"), accepted),
        };
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
