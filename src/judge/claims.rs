//! Checks on what the wire does not show: the kernel's table, prompts, the provider's record.

mod contradictions;

use super::{Beside, Outcome};

pub use contradictions::{Word, contradictions};

pub(super) fn membership(beside: &Beside, joining: &[String], staying_away: &[String]) -> Outcome {
    let accepted = format!("members of their delivery group: {}; never: {}", list(joining), list(staying_away));
    // An unreadable table, or one that nobody looked at, is held against nobody.
    if beside.memberships.is_empty() {
        return Outcome::inconclusive("the kernel's table was never seen", accepted);
    }
    for (at, joined) in &beside.memberships {
        if let Some(device) = staying_away.iter().find(|device| joined.contains(*device)) {
            let observed = format!("Device {device} was a member of its delivery group");
            let mut outcome = Outcome::fail(observed, accepted).beyond_doubt();
            outcome.at = Some(*at);
            return outcome;
        }
    }
    let was_member = |device: &&String| beside.memberships.iter().any(|(_, joined)| joined.contains(*device));
    if let Some(device) = joining.iter().find(|device| !was_member(device)) {
        return Outcome::fail(format!("Device {device} was never a member of its delivery group"), accepted);
    }
    Outcome::pass(format!("{} look(s) at the kernel's table", beside.memberships.len()))
}

fn list(devices: &[String]) -> String {
    if devices.is_empty() { "none".into() } else { devices.join(", ") }
}

fn prompts<'a>(beside: &'a Beside, device: &'a str, campaign: &'a str) -> impl Iterator<Item = bool> + 'a {
    let asked = beside.prompts.iter().filter(move |(who, what, _)| who == device && what == campaign);
    asked.map(|(_, _, may_decline)| *may_decline)
}

pub(super) fn asked(beside: &Beside, device: &str, campaign: &str, times: usize) -> Outcome {
    let accepted = format!("{times} prompt(s)");
    let count = prompts(beside, device, campaign).count();
    let observed = format!("Device {device} asked its End User {count} time(s) about campaign `{campaign}`");
    if count == times { Outcome::pass(observed) } else { Outcome::fail(observed, accepted) }
}

pub(super) fn decline_offered(beside: &Beside, device: &str, campaign: &str, offered: bool) -> Outcome {
    let word = |offered: bool| if offered { "offered" } else { "not offered" };
    let accepted = format!("declining is {}", word(offered));
    let found: Vec<bool> = prompts(beside, device, campaign).collect();
    let Some(deviating) = found.iter().find(|found| **found != offered).or(found.first()) else {
        return Outcome::fail(format!("Device {device} did not ask its End User"), accepted);
    };
    let observed = format!("declining is {} to the End User of Device {device}", word(*deviating));
    if *deviating == offered { Outcome::pass(observed) } else { Outcome::fail(observed, accepted) }
}

pub(super) fn record(beside: &Beside, device: &str, campaign: &str, outcome: &str) -> Outcome {
    let key = (device.to_owned(), campaign.to_owned());
    let found = beside.records.get(&key).map_or("unknown", String::as_str);
    let observed = format!("the record of Device {device} says {found}");
    if found == outcome { Outcome::pass(observed) } else { Outcome::fail(observed, outcome) }
}
