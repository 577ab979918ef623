//! Checks on reports: how many, and what they say.

use std::collections::BTreeSet;

use crate::capture::{DmMessage, DmSession, Ending, Side, Sight, Timeline};
use crate::spec::Timestamp;
use crate::wire::mo::{MARK_SUCCESS, ReportedResult};
use crate::wire::syncml::{Alert, Command, Item, Message, alert, status};

use super::broadcast::is_announced;
use super::{Outcome, ROLL_CALL};

/// Marks that a failure must not have (profile section 6.2).
const HARMLESS: [&str; 3] = [MARK_SUCCESS, "harmless", "indeterminate"];

/// A report: a Generic Alert of a Device.
///
/// An alert that the server has not taken may be sent again: in answer to a challenge, or in a later session as another
/// attempt. So may one whose answer was cut off: the Device cannot know what became of it. That is the same report. One
/// that was taken and comes again is a second one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// When it was first sent.
    pub at: Timestamp,
    /// The packet.
    pub packet: usize,
    /// The campaign that its correlator names; empty without one.
    pub campaign: String,
    /// The alert.
    pub alert: Alert,
    /// The first message of the session in which it was first sent.
    pub opening: Message,
    /// The packet that carried it last.
    last_sent: usize,
    /// Whether the server has taken it, and the Device could see that.
    is_taken: bool,
}

impl Report {
    /// Whether it answers a roll call of the harness.
    pub fn is_roll_call(&self) -> bool {
        self.campaign.starts_with(ROLL_CALL)
    }

    fn is_repeated_by(&self, other: &Self) -> bool {
        let is_same = self.campaign == other.campaign && self.alert.items == other.alert.items;
        is_same && !self.is_taken && self.last_sent != other.packet
    }
}

/// Every report of a Device, in the order in which they were first sent.
pub fn reports_of(timeline: &Timeline, device: &str) -> Vec<Report> {
    let mut sent = Vec::new();
    for session in timeline.sessions_of(device) {
        let mut requests = session.messages.iter().filter(|message| message.from == Side::Client);
        let Some(opening) = requests.next().map(|request| request.message) else { continue };
        for (index, request) in session.messages.iter().enumerate().filter(|(_, found)| found.from == Side::Client) {
            let answers = || session.messages[index..].iter().filter(|found| found.from == Side::Server);
            for command in &request.message.body {
                let Command::Alert(found) = command else { continue };
                if found.code != alert::GENERIC {
                    continue;
                }
                sent.push(Report {
                    at: request.sighting.at,
                    packet: request.sighting.frame,
                    campaign: found.correlator.clone().unwrap_or_default(),
                    alert: found.clone(),
                    opening: opening.clone(),
                    last_sent: request.sighting.frame,
                    is_taken: answers().any(|answer| {
                        takes(answer.message, request.message, found)
                            && (!is_cut_off(timeline, answer) || goes_on(&session, request))
                    }),
                });
            }
        }
    }
    sent.sort_by_key(|report| report.packet);
    let mut reports: Vec<Report> = Vec::new();
    for report in sent {
        match reports.iter_mut().find(|earlier| earlier.is_repeated_by(&report)) {
            Some(earlier) => {
                earlier.last_sent = report.packet;
                earlier.is_taken = report.is_taken;
            }
            None => reports.push(report),
        }
    }
    reports
}

/// Whether an answer of the server takes an alert: with Status 200 or 202 (profile section 5.7).
fn takes(answer: &Message, request: &Message, alert: &Alert) -> bool {
    answer.body.iter().any(|command| match command {
        Command::Status(status) => {
            let is_of_alert = status.msg_ref == request.header.msg_id && status.cmd_ref == alert.cmd_id;
            is_of_alert && matches!(status.code, 200 | 202)
        }
        _ => false,
    })
}

/// Whether the connection of an answer was reset from the server's side after it: the relay or the server may have taken
/// it back before the Device read it.
fn is_cut_off(timeline: &Timeline, answer: &DmMessage<'_>) -> bool {
    let Sight::Response { connection: answered, .. } = answer.sighting.what else { return false };
    timeline.sightings.iter().any(|sighting| {
        let is_reset = matches!(
            sighting.what,
            Sight::ConnectionClosed { connection, how: Ending::Reset(Side::Server), .. } if connection == answered
        );
        is_reset && sighting.frame > answer.sighting.frame
    })
}

/// Whether the Device went on in the session, as it does when it has read the answer. A session that begins again under
/// the same SessionID begins with its first message.
fn goes_on(session: &DmSession<'_>, request: &DmMessage<'_>) -> bool {
    session.messages.iter().any(|message| {
        message.from == Side::Client
            && message.sighting.frame > request.sighting.frame
            && message.message.header.msg_id > request.message.header.msg_id
    })
}

/// Whether a status asks for a credential; what was sent with it has had no effect (profile section 6.4).
pub(super) fn is_challenge(code: u16) -> bool {
    matches!(code, status::INVALID_CREDENTIALS | status::MISSING_CREDENTIALS)
}

/// The reports of a Device that the scenario is about: neither answers to roll calls nor results of care.
pub fn own_reports(timeline: &Timeline, device: &str) -> Vec<Report> {
    let asked = correlators_of_care(timeline, device);
    let is_own = |report: &Report| !report.is_roll_call() && !asked.contains(&report.campaign);
    reports_of(timeline, device).into_iter().filter(is_own).collect()
}

/// When the last report came that answers no roll call.
pub fn last_report(timeline: &Timeline) -> Option<Timestamp> {
    let is_report = |command: &Command| match command {
        Command::Alert(found) if found.code == alert::GENERIC => {
            !found.correlator.as_deref().unwrap_or_default().starts_with(ROLL_CALL)
        }
        _ => false,
    };
    let reporting = timeline.requests().filter(|(_, message)| message.body.iter().any(is_report));
    reporting.map(|(sighting, _)| sighting.at).max()
}

/// The correlators of what the server told a Device to execute; it reports the result under them (profile section 6.5).
pub(super) fn correlators_of_care(timeline: &Timeline, device: &str) -> BTreeSet<String> {
    let sessions = timeline.sessions_of(device);
    let messages = sessions.iter().flat_map(|session| &session.messages);
    let commands = messages.filter(|message| message.from == Side::Server).flat_map(|message| &message.message.body);
    let correlators = commands.filter_map(|command| match command {
        Command::Exec(exec) => exec.correlator.clone(),
        _ => None,
    });
    correlators.filter(|correlator| !correlator.is_empty()).collect()
}

/// When a Device answered a roll call.
pub fn answer_to(timeline: &Timeline, device: &str, fence: &str) -> Option<Report> {
    reports_of(timeline, device).into_iter().find(|report| report.campaign == fence)
}

/// That a Device sent no report: a failure where it answered the roll call after which none can come, else nothing.
pub(super) fn without_report(timeline: &Timeline, device: &str, fence: &str, accepted: &str) -> Outcome {
    match answer_to(timeline, device, fence) {
        Some(_) => Outcome::fail(format!("Device {device} sent no report"), accepted),
        None => Outcome::inconclusive(
            format!("Device {device} sent no report, but it did not answer the roll call after it either"),
            accepted,
        ),
    }
}

/// Octets from a Device that nobody can read: with them about, nobody can say that nothing was reported.
fn unreadable_request(timeline: &Timeline) -> Option<Outcome> {
    let found = timeline.sightings.iter().find(|sighting| match sighting.what {
        Sight::Malformed { connection: Some((_, Side::Client)), .. } => true,
        Sight::HttpFailure { from: Side::Client, connection, .. } => {
            !is_reset_with(timeline, connection, sighting.frame)
        }
        _ => false,
    })?;
    let observed = "a Device sent something on the interaction channel that is no DM message";
    Some(Outcome::inconclusive(observed, "readable messages alone").at(found.frame, found.at))
}

/// Whether the server's side reset a connection with this very frame: what the Device was about to say is not its fault.
fn is_reset_with(timeline: &Timeline, reset: usize, frame: usize) -> bool {
    timeline.sightings.iter().any(|sighting| {
        let is_reset = matches!(
            sighting.what,
            Sight::ConnectionClosed { connection, how: Ending::Reset(Side::Server), .. } if connection == reset
        );
        is_reset && sighting.frame == frame
    })
}

pub(super) fn words(report: &Report) -> String {
    match ReportedResult::from_alert(&report.alert) {
        Ok(result) => format!("result {} for campaign `{}`", result.code(), report.campaign),
        Err(error) => format!("a report for campaign `{}` that cannot be read: {error}", report.campaign),
    }
}

pub(super) fn all(devices: &[String]) -> String {
    match devices {
        [] => "no Device".into(),
        [one] => format!("Device {one}"),
        [first, .., last] => format!("{} Devices, {first} to {last}", devices.len()),
    }
}

pub(super) fn none(timeline: &Timeline, devices: &[String], fenced: &[String], fence: &str) -> Outcome {
    let accepted = "no report";
    for device in devices {
        if let Some(report) = own_reports(timeline, device).first() {
            let observed = format!("Device {device} reported {}", words(report));
            return Outcome::fail(observed, accepted).at(report.packet, report.at);
        }
        if let Some((packet, at)) = session_without_report(timeline, device) {
            let observed = format!("Device {device} opened a DM session that is no report");
            return Outcome::fail(observed, accepted).at(packet, at);
        }
    }
    if let Some(outcome) = unreadable_request(timeline) {
        return outcome;
    }
    // Silence counts when a later event shows that a report would have been seen.
    let witnesses: Vec<_> = fenced.iter().map(|device| (device, answer_to(timeline, device, fence))).collect();
    if let Some((device, _)) = witnesses.iter().find(|(_, answer)| answer.is_none()) {
        let observed = format!("no report, but Device {device} did not answer the roll call that proves it could");
        return Outcome::inconclusive(observed, accepted);
    }
    let Some(last) = witnesses.iter().filter_map(|(_, answer)| answer.as_ref()).max_by_key(|report| report.at) else {
        return Outcome::inconclusive("no report, and no Device to vouch that one would have been seen", accepted);
    };
    Outcome::pass(format!("no report of {} before the roll call was answered", all(devices))).at(last.packet, last.at)
}

/// The first message of a session of a Device in which no Generic Alert is sent.
fn session_without_report(timeline: &Timeline, device: &str) -> Option<(usize, Timestamp)> {
    let reports = |message: &Message| {
        let is_report = |command: &Command| matches!(command, Command::Alert(found) if found.code == alert::GENERIC);
        message.body.iter().any(is_report)
    };
    let sessions = timeline.sessions_of(device);
    let idle = sessions.iter().find(|session| !session.messages.iter().any(|message| reports(message.message)))?;
    idle.messages.first().map(|message| (message.sighting.frame, message.sighting.at))
}

pub(super) fn count(timeline: &Timeline, devices: &[String], expected: usize, fence: &str) -> Outcome {
    let accepted = format!("exactly {expected} report(s) of each Device");
    let mut last = None;
    for device in devices {
        let reports = own_reports(timeline, device);
        if reports.is_empty() && expected > 0 {
            return without_report(timeline, device, fence, &accepted);
        }
        let is_fenced = answer_to(timeline, device, fence).is_some();
        // What came is too much at any time; what did not come may still be due.
        if reports.len() > expected || (reports.len() < expected && is_fenced) {
            let listed: Vec<String> = reports.iter().map(words).collect();
            let observed = format!("Device {device} sent {} report(s): {}", reports.len(), listed.join("; "));
            let outcome = Outcome::fail(observed, accepted);
            return match reports.last() {
                Some(report) => outcome.at(report.packet, report.at),
                None => outcome,
            };
        }
        if !is_fenced {
            let observed =
                format!("{} report(s), but Device {device} did not answer the roll call after them", reports.len());
            return Outcome::inconclusive(observed, accepted);
        }
        last = reports.last().map(|report| (report.packet, report.at)).max(last);
    }
    if let Some(outcome) = unreadable_request(timeline) {
        return outcome;
    }
    let outcome = Outcome::pass(format!("{expected} report(s) of {}", all(devices)));
    match last {
        Some((packet, at)) => outcome.at(packet, at),
        None => outcome,
    }
}

/// Holds every report of a Device that the scenario is about against `is_right`, which also says what it saw.
fn each(
    timeline: &Timeline,
    device: &str,
    fence: &str,
    accepted: &str,
    is_right: impl Fn(&Report) -> (bool, String),
) -> Outcome {
    let mut outcome = None;
    for report in own_reports(timeline, device) {
        let (is_right, observed) = is_right(&report);
        if !is_right {
            return Outcome::fail(observed, accepted).at(report.packet, report.at);
        }
        outcome = Some(Outcome::pass(observed).at(report.packet, report.at));
    }
    outcome.unwrap_or_else(|| without_report(timeline, device, fence, accepted))
}

pub(super) fn result(timeline: &Timeline, device: &str, code: u16, fence: &str) -> Outcome {
    each(timeline, device, fence, &format!("result {code}"), |report| {
        let is_right = ReportedResult::from_alert(&report.alert).is_ok_and(|result| result.code() == code);
        (is_right, format!("Device {device} reported {}", words(report)))
    })
}

pub(super) fn node(timeline: &Timeline, device: &str, node: &str, status: u16, fence: &str) -> Outcome {
    each(timeline, device, fence, &format!("failing node {node} with status {status}"), |report| {
        let failing = match ReportedResult::from_alert(&report.alert) {
            Ok(ReportedResult::Provisioning(report)) => report.failing,
            _ => Vec::new(),
        };
        let named: Vec<String> = failing.iter().map(|(node, status)| format!("{node} {status}")).collect();
        let named = if named.is_empty() { "no node".into() } else { named.join(", ") };
        let is_named = failing.iter().any(|(uri, code)| uri.as_str() == node && *code == status);
        (is_named, format!("Device {device} named {named}"))
    })
}

/// The form of a report (profile section 6.2): the session begins with Alert 1201 and DevInfo, the alert can be read,
/// names a campaign that was announced, and has the Source, Format and Mark that belong to its result.
pub(super) fn form(timeline: &Timeline, devices: &[String], fence: &str) -> Outcome {
    let accepted = "Alert 1201, DevInfo, and a Generic Alert with Type, Format, Correlator and the right Mark";
    for device in devices {
        let reports = own_reports(timeline, device);
        if reports.is_empty() {
            return without_report(timeline, device, fence, accepted);
        }
        for report in reports {
            if let Some(fault) = fault_of(timeline, &report) {
                return Outcome::fail(format!("Device {device}: {fault}"), accepted).at(report.packet, report.at);
            }
        }
    }
    Outcome::pass(format!("reports of {} in the form of the profile", all(devices)))
}

fn fault_of(timeline: &Timeline, report: &Report) -> Option<String> {
    let body = &report.opening.body;
    let begins = body.iter().any(|command| matches!(command, Command::Alert(a) if a.code == alert::CLIENT_INITIATED));
    let has_dev_info = body.iter().any(|command| match command {
        Command::Replace(items) => items.items.iter().any(|item| item.source.as_deref() == Some("./DevInfo/DevId")),
        _ => false,
    });
    if !begins {
        return Some("the session does not begin with Alert 1201".into());
    }
    if !has_dev_info {
        return Some("the first message brings no DevInfo".into());
    }
    if report.campaign.is_empty() {
        return Some("the Generic Alert has no Correlator".into());
    }
    if !is_announced(timeline, &report.campaign) {
        return Some(format!("the Correlator `{}` names no campaign that was announced", report.campaign));
    }
    let result = match ReportedResult::from_alert(&report.alert) {
        Ok(result) => result,
        Err(error) => return Some(error.to_string()),
    };
    let wanted = result.to_alert(report.alert.cmd_id, None);
    let items = report.alert.items.iter().zip(&wanted.items);
    items.into_iter().find_map(|(item, wanted)| fault_of_item(item, wanted, result.is_success()))
}

fn fault_of_item(item: &Item, wanted: &Item, is_success: bool) -> Option<String> {
    let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| "missing".into());
    if item.source != wanted.source {
        return Some(format!("the item's Source is {}, not {}", shown(&item.source), shown(&wanted.source)));
    }
    if item.meta.format != wanted.meta.format {
        return Some(format!("the item's Format is {}, not {}", shown(&item.meta.format), shown(&wanted.meta.format)));
    }
    let mark = item.meta.mark.as_deref();
    let fits = match is_success {
        true => mark == Some(MARK_SUCCESS),
        false => mark.is_some_and(|mark| !HARMLESS.contains(&mark)),
    };
    let word = if is_success { "success" } else { "failure" };
    (!fits).then(|| format!("the Mark of a {word} is {}", shown(&item.meta.mark)))
}
