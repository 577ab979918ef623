//! Checks on what the Service Provider sends ([FU-P-1]).

use std::collections::BTreeMap;

use crate::capture::recording::PROVIDER_LANE;
use crate::capture::{Sight, Timeline};

use super::{Outcome, ROLL_CALL};

/// The announcements on the provider's lane: packet, campaign, TSI and sequence number.
fn announcements(timeline: &Timeline) -> Vec<(usize, String, u64, u64)> {
    let sighted = timeline.on(PROVIDER_LANE).filter_map(|sighting| match &sighting.what {
        Sight::Notification(notification) => Some((sighting.frame, notification.announcement.as_ref().ok()?)),
        _ => None,
    });
    sighted
        .map(|(frame, signed)| {
            let said = &signed.announcement;
            (frame, said.campaign.to_string(), said.delivery.tsi.get(), said.sequence.0)
        })
        .collect()
}

/// Whether the provider announced a campaign.
pub(super) fn is_announced(timeline: &Timeline, campaign: &str) -> bool {
    announcements(timeline).iter().any(|(_, named, ..)| named == campaign)
}

pub(super) fn repetitions(timeline: &Timeline, campaign: &str, count: usize) -> Outcome {
    let accepted = format!("{count} notifications, and each symbol {count} times");
    let own: Vec<_> = announcements(timeline).into_iter().filter(|(_, named, ..)| named == campaign).collect();
    let Some((_, _, tsi, _)) = own.first() else {
        return Outcome::fail(format!("campaign `{campaign}` was never announced"), accepted);
    };
    if own.len() != count {
        return Outcome::fail(format!("{} notification(s) of campaign `{campaign}`", own.len()), accepted);
    }
    let mut symbols: BTreeMap<(u128, u32, u32), usize> = BTreeMap::new();
    for sighting in timeline.on(PROVIDER_LANE) {
        if let Sight::Symbol { tsi: session, toi, sbn, esi, .. } = &sighting.what
            && session == tsi
        {
            *symbols.entry((*toi, *sbn, *esi)).or_default() += 1;
        }
    }
    if symbols.is_empty() {
        return Outcome::fail(format!("no symbol of campaign `{campaign}` was sent"), accepted);
    }
    if let Some(((toi, sbn, esi), times)) = symbols.iter().find(|(_, times)| **times != count) {
        let observed = format!("symbol {esi} of block {sbn} of TOI {toi} was sent {times} time(s)");
        return Outcome::fail(observed, accepted);
    }
    Outcome::pass(format!("{count} notifications, {} symbols {count} times each", symbols.len()))
}

pub(super) fn never(timeline: &Timeline, campaign: &str, fence: &str) -> Outcome {
    let accepted = format!("no notification of `{campaign}`");
    let announcements = announcements(timeline);
    if let Some((packet, ..)) = announcements.iter().find(|(_, named, ..)| named == campaign) {
        let mut outcome = Outcome::fail(format!("`{campaign}` was announced"), accepted);
        outcome.packet = Some(*packet);
        return outcome;
    }
    if !announcements.iter().any(|(_, named, ..)| named == fence) {
        return Outcome::inconclusive("nothing was on the air, not even the roll call after it", accepted);
    }
    Outcome::pass(format!("`{campaign}` was not announced before the roll call was"))
}

pub(super) fn rising_sequence(timeline: &Timeline) -> Outcome {
    let accepted = "a higher sequence number for each new campaign";
    let mut numbers: BTreeMap<String, u64> = BTreeMap::new();
    for (packet, campaign, _, sequence) in announcements(timeline) {
        // A repetition may come after a later campaign has begun: carousels overlap.
        let fault = match numbers.get(&campaign) {
            Some(first) if *first == sequence => continue,
            Some(first) => Some(format!("campaign `{campaign}` is repeated as #{sequence}, it was #{first}")),
            None => numbers.iter().find(|(_, before)| **before >= sequence).map(|(previous, before)| {
                format!("campaign `{campaign}` has #{sequence} after `{previous}` had #{before}")
            }),
        };
        if let Some(observed) = fault {
            let mut outcome = Outcome::fail(observed, accepted);
            outcome.packet = Some(packet);
            return outcome;
        }
        numbers.insert(campaign, sequence);
    }
    let campaigns = numbers.keys().filter(|campaign| !campaign.starts_with(ROLL_CALL)).count();
    if campaigns < 2 {
        return Outcome::inconclusive(format!("{campaigns} campaign(s) on the air"), accepted);
    }
    Outcome::pass(format!("{campaigns} campaigns with rising sequence numbers"))
}
