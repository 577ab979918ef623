//! Checks on what the Service Provider sends ([FU-P-1]).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::capture::recording::PROVIDER_LANE;
use crate::capture::{Sight, Timeline};
use crate::spec::{Announcement, ObjectReference, SessionId};
use crate::wire::alc::{FecOti, Partition};
use crate::wire::fdt::{Fdt, FdtFile};

use super::{Outcome, ROLL_CALL};

/// The announcements on the provider's lane, each with its packet.
fn announcements(timeline: &Timeline) -> Vec<(usize, &Announcement)> {
    let sighted = timeline.on(PROVIDER_LANE).filter_map(|sighting| match &sighting.what {
        Sight::Notification(notification) => {
            Some((sighting.frame, &notification.announcement.as_ref().ok()?.announcement))
        }
        _ => None,
    });
    sighted.collect()
}

/// Whether the provider announced a campaign.
pub(super) fn is_announced(timeline: &Timeline, campaign: &str) -> bool {
    announcements(timeline).iter().any(|(_, said)| said.campaign.as_str() == campaign)
}

/// What the provider sent in one FLUTE session.
struct Sent<'a> {
    /// Its file tables, one for each time that one was sent.
    tables: Vec<&'a Fdt>,
    /// How often each symbol was sent: TOI, block, symbol. The table's own symbols are left out.
    symbols: BTreeMap<(u128, u32, u32), usize>,
}

impl<'a> Sent<'a> {
    fn of(timeline: &'a Timeline, session: u64) -> Self {
        let mut sent = Self { tables: Vec::new(), symbols: BTreeMap::new() };
        for sighting in timeline.on(PROVIDER_LANE) {
            match &sighting.what {
                Sight::Fdt { tsi, fdt, .. } if *tsi == session => sent.tables.push(fdt),
                Sight::Symbol { tsi, toi, sbn, esi, .. } if *tsi == session && *toi != 0 => {
                    *sent.symbols.entry((*toi, *sbn, *esi)).or_default() += 1;
                }
                _ => {}
            }
        }
        sent
    }

    /// The files of all tables; a newer table changes nothing of what an older one says.
    fn files(&self) -> BTreeMap<u128, &'a FdtFile> {
        let mut files = BTreeMap::new();
        for file in self.tables.iter().flat_map(|table| &table.files) {
            files.entry(file.toi).or_insert(file);
        }
        files
    }

    /// The first source symbol of an object that was not sent.
    ///
    /// The search ends after as many steps as symbols were sent, however long the object is said to be.
    fn missing(&self, toi: u128, partition: Partition) -> Option<(u64, u64)> {
        let is_sent = |sbn: u64, esi: u64| match (u32::try_from(sbn), u32::try_from(esi)) {
            (Ok(sbn), Ok(esi)) => self.symbols.contains_key(&(toi, sbn, esi)),
            _ => false,
        };
        (0..partition.blocks).find_map(|sbn| {
            let (length, _) = partition.block(sbn)?;
            (0..length).find(|esi| !is_sent(sbn, *esi)).map(|esi| (sbn, esi))
        })
    }
}

/// What is wrong with how the tables name an announced object.
fn fault_of_object(object: &ObjectReference, files: &BTreeMap<u128, &FdtFile>) -> Option<String> {
    let ObjectReference { location, size, .. } = object;
    match files.values().find(|file| file.location == *location) {
        None => Some(format!("no file table names `{location}`, which was announced")),
        Some(file) if file.object_length() != Some(*size) => {
            Some(format!("`{location}` was announced with {size} octets, and its file table says otherwise"))
        }
        Some(_) => None,
    }
}

pub(super) fn repetitions(timeline: &Timeline, campaign: &str, count: usize) -> Outcome {
    let accepted = format!("{count} notifications, a file table each time, and each symbol {count} times");
    let announcements = announcements(timeline);
    let own: Vec<_> = announcements.iter().filter(|(_, said)| said.campaign.as_str() == campaign).collect();
    let Some((_, said)) = own.first() else {
        return Outcome::fail(format!("campaign `{campaign}` was never announced"), accepted);
    };
    if own.len() != count {
        return Outcome::fail(format!("{} notification(s) of campaign `{campaign}`", own.len()), accepted);
    }
    let sent = Sent::of(timeline, said.delivery.tsi.get());
    if sent.symbols.is_empty() {
        return Outcome::fail(format!("no symbol of campaign `{campaign}` was sent"), accepted);
    }
    // At least one in each cycle (profile section 3.1): more is no fault.
    if sent.tables.len() < count {
        return Outcome::fail(format!("{} file table(s) of campaign `{campaign}`", sent.tables.len()), accepted);
    }
    let files = sent.files();
    let mut objects = std::iter::once(&said.delivery.command).chain(&said.delivery.packages);
    if let Some(observed) = objects.find_map(|object| fault_of_object(object, &files)) {
        return Outcome::fail(observed, accepted);
    }
    for (toi, file) in &files {
        let oti = file.object_length().and_then(|length| file.fec.oti(length));
        if oti.is_some_and(|oti| !matches!(oti, FecOti::NoCode { .. })) {
            let observed = format!("TOI {toi} is sent with repair symbols, whose repetitions nobody can count");
            return Outcome::inconclusive(observed, accepted);
        }
        let Some(partition) = oti.and_then(|oti| oti.partition()) else {
            return Outcome::fail(format!("the file table does not say how TOI {toi} is cut in symbols"), accepted);
        };
        if let Some((sbn, esi)) = sent.missing(*toi, partition) {
            return Outcome::fail(format!("symbol {esi} of block {sbn} of TOI {toi} was sent 0 time(s)"), accepted);
        }
    }
    if let Some(((toi, sbn, esi), times)) = sent.symbols.iter().find(|(_, times)| **times != count) {
        let observed = format!("symbol {esi} of block {sbn} of TOI {toi} was sent {times} time(s)");
        return Outcome::fail(observed, accepted);
    }
    Outcome::pass(format!("{count} notifications, {} symbols {count} times each", sent.symbols.len()))
}

pub(super) fn never(timeline: &Timeline, campaign: &str, broadcasted: &[String], fence: &str) -> Outcome {
    let accepted = format!("no notification of `{campaign}`, and nothing on the air that it could be");
    let announcements = announcements(timeline);
    let announcement_of = |campaign: &str| announcements.iter().find(|(_, said)| said.campaign.as_str() == campaign);
    if let Some((packet, _)) = announcement_of(campaign) {
        let mut outcome = Outcome::fail(format!("`{campaign}` was announced"), accepted);
        outcome.packet = Some(*packet);
        return outcome;
    }
    let fence = announcement_of(fence).map(|(packet, _)| *packet);
    if let Some(outcome) = stranger(timeline, broadcasted, fence.unwrap_or(usize::MAX), &accepted) {
        return outcome;
    }
    if fence.is_none() {
        return Outcome::inconclusive("nothing was on the air, not even the roll call after it", accepted);
    }
    Outcome::pass(format!("`{campaign}` was not announced before the roll call was, and nothing else instead"))
}

/// The first thing on the provider's lane before packet `end` that belongs to none of the campaigns that were broadcast:
/// the same data may go out under another name, or unannounced.
fn stranger(timeline: &Timeline, broadcasted: &[String], end: usize, accepted: &str) -> Option<Outcome> {
    let mut sessions = BTreeSet::new();
    let mut unreadable = None;
    for sighting in timeline.on(PROVIDER_LANE).filter(|sighting| sighting.frame < end) {
        let observed = match &sighting.what {
            Sight::Notification(notification) => match &notification.announcement {
                Ok(signed) => {
                    let said = &signed.announcement;
                    sessions.insert(said.delivery.tsi.get());
                    let campaign = said.campaign.as_str();
                    let is_known = campaign.starts_with(ROLL_CALL) || broadcasted.iter().any(|own| own == campaign);
                    (!is_known).then(|| format!("`{campaign}` was announced, which nobody had asked for"))
                }
                Err(_) => {
                    unreadable.get_or_insert(sighting);
                    None
                }
            },
            Sight::Fdt { tsi, .. } | Sight::Symbol { tsi, .. } => (!sessions.contains(tsi))
                .then(|| format!("data was sent in session {tsi}, which nothing had announced")),
            Sight::Malformed { .. } => {
                unreadable.get_or_insert(sighting);
                None
            }
            _ => None,
        };
        if let Some(observed) = observed {
            return Some(Outcome::fail(observed, accepted).at(sighting.frame, sighting.at));
        }
    }
    let found = unreadable?;
    Some(Outcome::inconclusive("a datagram that nobody can read was sent", accepted).at(found.frame, found.at))
}

pub(super) fn rising_sequence(timeline: &Timeline) -> Outcome {
    let accepted = "a higher sequence number for each new campaign, and the same SessionID and session to its end";
    let mut campaigns: BTreeMap<String, Identity> = BTreeMap::new();
    for sighting in timeline.on(PROVIDER_LANE) {
        let Sight::Notification(notification) = &sighting.what else { continue };
        let Ok(signed) = &notification.announcement else { continue };
        let said = &signed.announcement;
        let identity = Identity {
            sequence: said.sequence.0,
            session: notification.package0.trigger.session,
            tsi: said.delivery.tsi.get(),
        };
        let campaign = said.campaign.to_string();
        // A repetition may come after a later campaign has begun: carousels overlap.
        let fault =
            match campaigns.get(&campaign) {
                Some(first) if *first == identity => continue,
                Some(first) => Some(format!("campaign `{campaign}` is repeated as {identity}, it was {first}")),
                None => campaigns.iter().find(|(_, before)| before.sequence >= identity.sequence).map(
                    |(previous, before)| format!("campaign `{campaign}` is {identity} after `{previous}` was {before}"),
                ),
            };
        if let Some(observed) = fault {
            return Outcome::fail(observed, accepted).at(sighting.frame, sighting.at);
        }
        campaigns.insert(campaign, identity);
    }
    let campaigns = campaigns.keys().filter(|campaign| !campaign.starts_with(ROLL_CALL)).count();
    if campaigns < 2 {
        return Outcome::inconclusive(format!("{campaigns} campaign(s) on the air"), accepted);
    }
    Outcome::pass(format!("{campaigns} campaigns with rising sequence numbers"))
}

/// What a campaign is known by, from its first notification to its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    sequence: u64,
    session: SessionId,
    tsi: u64,
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{} with SessionID {} and TSI {}", self.sequence, self.session, self.tsi)
    }
}
