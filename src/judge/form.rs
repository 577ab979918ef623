//! Whether each part of a campaign on the air has the form that the profile gives it ([FU-P-1], profile sections 1 to 3),
//! and how much of it there is ([SC-NF-2]).

use std::collections::{BTreeMap, BTreeSet};

use crate::capture::recording::PROVIDER_LANE;
use crate::capture::{Notification, Sight, Sighting, Timeline};
use crate::spec::{Announcement, UpdateKind};
use crate::wire::fdt::{Fdt, FdtFile};
use crate::wire::package0::{Initiator, UiMode};
use crate::wire::syncml::model::MEDIA_TYPE;
use crate::wire::wsp::MAX_DATAGRAM;

use super::Outcome;

/// What is wrong, and where.
type Fault<'a> = (String, &'a Sighting);

/// A campaign as the provider sent it.
struct Campaign<'a> {
    announcement: &'a Announcement,
    notifications: Vec<(&'a Sighting, &'a Notification)>,
    /// Everything on its delivery channel, in order.
    delivery: Vec<&'a Sighting>,
}

/// The FLUTE session of what was seen on a delivery channel.
fn session_of(sight: &Sight) -> Option<u64> {
    match sight {
        Sight::Fdt { tsi, .. } | Sight::Symbol { tsi, .. } | Sight::CloseSession { tsi } | Sight::Bare { tsi, .. } => {
            Some(*tsi)
        }
        _ => None,
    }
}

fn announced(notification: &Notification) -> Option<&Announcement> {
    notification.announcement.as_ref().ok().map(|signed| &signed.announcement)
}

impl<'a> Campaign<'a> {
    fn of(timeline: &'a Timeline, campaign: &str) -> Option<Self> {
        let notifications = timeline.on(PROVIDER_LANE).filter_map(|sighting| match &sighting.what {
            Sight::Notification(notification) => {
                let is_own = announced(notification).is_some_and(|said| said.campaign.as_str() == campaign);
                is_own.then_some((sighting, notification.as_ref()))
            }
            _ => None,
        });
        let notifications: Vec<_> = notifications.collect();
        let announcement = announced(notifications.first()?.1)?;
        let session = announcement.delivery.tsi.get();
        let own = timeline.on(PROVIDER_LANE).filter(|sighting| session_of(&sighting.what) == Some(session));
        Some(Self { announcement, notifications, delivery: own.collect() })
    }

    fn tables(&self) -> impl Iterator<Item = (&'a Sighting, u32, &'a Fdt)> {
        self.delivery.iter().filter_map(|sighting| match &sighting.what {
            Sight::Fdt { instance, fdt, .. } => Some((*sighting, *instance, fdt.as_ref())),
            _ => None,
        })
    }

    /// What is wrong whoever recorded it.
    fn fault(&self) -> Option<Fault<'a>> {
        self.fault_of_notifications().or_else(|| self.fault_of_tables()).or_else(|| self.fault_of_flags())
    }

    fn fault_of_notifications(&self) -> Option<Fault<'a>> {
        let (_, first) = self.notifications.first()?;
        let said = self.announcement;
        let ui_mode = if said.consent.is_some() { UiMode::UserInteraction } else { UiMode::Background };
        self.notifications.iter().find_map(|(sighting, notification)| {
            let trigger = &notification.package0.trigger;
            let fault = if trigger.initiator != Initiator::Server {
                "a notification says that a client initiated it".to_owned()
            } else if trigger.ui_mode != ui_mode {
                format!("a notification with ui-mode {:?}", trigger.ui_mode)
            } else if notification.package0 != first.package0 {
                "a repeated notification is not the same datagram again".to_owned()
            } else if notification.octets > MAX_DATAGRAM {
                format!("a notification of {} octets", notification.octets)
            } else if said.expires_at <= said.issued_at {
                "an announcement that expires before it is issued".to_owned()
            } else if said.kind == UpdateKind::Firmware && said.target.resulting_version.is_none() {
                "a firmware campaign without its resulting version".to_owned()
            } else {
                return None;
            };
            Some((fault, *sighting))
        })
    }

    fn fault_of_tables(&self) -> Option<Fault<'a>> {
        let Some((last, _, table)) = self.tables().last() else {
            return Some(("no file table".to_owned(), self.notifications.first()?.0));
        };
        let end = self.delivery.last().map_or(last.at, |sighting| sighting.at);
        let said = self.announcement;
        let objects = std::iter::once(&said.delivery.command).chain(&said.delivery.packages);
        let missing =
            objects.into_iter().find(|object| !table.files.iter().any(|file| file.location == object.location));
        if let Some(object) = missing {
            return Some((format!("the last file table does not name `{}`", object.location), last));
        }
        if !table.complete {
            return Some(("the last file table does not say that it is complete".to_owned(), last));
        }
        let mut before: BTreeMap<u32, &Fdt> = BTreeMap::new();
        for (sighting, instance, table) in self.tables() {
            let fault = match before.last_key_value() {
                Some((newest, _)) if instance < *newest => Some(format!("FDT Instance ID {instance} after {newest}")),
                _ => before
                    .get(&instance)
                    .filter(|other| ***other != *table)
                    .map(|_| format!("FDT Instance ID {instance} stands for two contents")),
            };
            before.insert(instance, table);
            let fault = fault
                .or_else(|| (table.expires_at() <= end).then(|| "a file table that expires before the end".to_owned()))
                .or_else(|| table.files.iter().find_map(|file| fault_of_file(file, said)));
            if let Some(fault) = fault {
                return Some((fault, sighting));
            }
        }
        None
    }

    fn fault_of_flags(&self) -> Option<Fault<'a>> {
        let mut last_of_object: BTreeMap<u128, (&'a Sighting, bool)> = BTreeMap::new();
        for sighting in &self.delivery {
            let Sight::Symbol { toi, close_object, .. } = &sighting.what else { continue };
            if *toi == 0 {
                return Some(("a file table that does not fit one packet".to_owned(), sighting));
            }
            if let Some((closed, true)) = last_of_object.insert(*toi, (sighting, *close_object)) {
                return Some((format!("flag B for TOI {toi} before its last packet"), closed));
            }
        }
        let open = last_of_object.into_iter().find(|(_, (_, is_closed))| !is_closed);
        if let Some((toi, (sighting, _))) = open {
            return Some((format!("the last packet of TOI {toi} has no flag B"), sighting));
        }
        let closes = |sighting: &&&Sighting| {
            matches!(
                sighting.what,
                Sight::CloseSession { .. }
                    | Sight::Symbol { close_session: true, .. }
                    | Sight::Fdt { close_session: true, .. }
            )
        };
        let closing: Vec<_> = self.delivery.iter().filter(closes).collect();
        let last = self.delivery.last()?;
        match closing.len() {
            0 => Some(("the session was never closed".to_owned(), last)),
            1 => Some(("the session was closed by one packet, which may be lost".to_owned(), last)),
            _ => {
                let brings = |sighting: &&&Sighting| matches!(sighting.what, Sight::Symbol { .. } | Sight::Fdt { .. });
                let late = self.delivery.iter().find(|one| brings(one) && one.frame > closing[0].frame);
                late.map(|sighting| ("something came after the session was closed".to_owned(), *sighting))
            }
        }
    }

    /// Each cycle begins with the notification, and has a file table in front of its symbols.
    fn fault_of_order(&self) -> Option<Fault<'a>> {
        let starts = self.notifications.iter().map(|(sighting, _)| sighting.frame);
        let ends = self.notifications.iter().skip(1).map(|(sighting, _)| sighting.frame).chain([usize::MAX]);
        starts.zip(ends).find_map(|(start, end)| {
            let cycle = self.delivery.iter().filter(|sighting| (start..end).contains(&sighting.frame));
            let first =
                cycle.into_iter().find(|sighting| matches!(sighting.what, Sight::Fdt { .. } | Sight::Symbol { .. }))?;
            let has_table = matches!(first.what, Sight::Fdt { .. });
            (!has_table).then(|| ("a cycle without a file table in front of its symbols".to_owned(), *first))
        })
    }
}

fn fault_of_file(file: &FdtFile, said: &Announcement) -> Option<String> {
    let name = &file.location;
    let length = file.object_length();
    if file.content_length.is_none() || file.transfer_length.is_none() || file.content_type.is_none() {
        return Some(format!("the file table says not all of `{name}`: its lengths and its type"));
    }
    if file.content_encoding.is_some() {
        return Some(format!("`{name}` is sent with a content encoding"));
    }
    if length.and_then(|length| file.fec.oti(length)).is_none() {
        return Some(format!("the file table does not say how `{name}` is cut in symbols"));
    }
    let objects = std::iter::once(&said.delivery.command).chain(&said.delivery.packages);
    let announced = objects.into_iter().find(|object| object.location == *name);
    if let Some(object) = announced.filter(|object| Some(object.size) != length) {
        return Some(format!("`{name}` was announced with {} octets, and its file table says otherwise", object.size));
    }
    let is_command = *name == said.delivery.command.location;
    let is_typed = file.content_type.as_deref() == Some(MEDIA_TYPE);
    (is_command && !is_typed).then(|| format!("the Command `{name}` is of type {:?}", file.content_type))
}

pub(super) fn form(timeline: &Timeline, campaign: &str) -> Outcome {
    let accepted = "notification, file tables, flags and closing as profile sections 1 to 3 say";
    let Some(sent) = Campaign::of(timeline, campaign) else {
        return Outcome::fail(format!("campaign `{campaign}` was never announced"), accepted);
    };
    match sent.fault().or_else(|| sent.fault_of_order()) {
        // Nothing that the host may do to a receiver changes what was sent, or its order.
        Some((observed, sighting)) => Outcome::fail(observed, accepted).at(sighting.frame, sighting.at).beyond_doubt(),
        None => Outcome::pass(format!(
            "{} notification(s) and {} packets of campaign `{campaign}`",
            sent.notifications.len(),
            sent.delivery.len()
        )),
    }
}

/// What is on the air for a campaign, against what one Device would need: each packet once in each cycle.
pub(super) fn octets(timeline: &Timeline, campaign: &str, cycles: usize) -> Outcome {
    let Some(sent) = Campaign::of(timeline, campaign) else {
        return Outcome::fail(format!("campaign `{campaign}` was never announced"), "its octets");
    };
    let own = sent.announcement.delivery.tsi.get();
    let others: BTreeSet<u64> = timeline
        .on(PROVIDER_LANE)
        .filter_map(|sighting| match &sighting.what {
            Sight::Notification(notification) => Some(announced(notification)?.delivery.tsi.get()),
            _ => None,
        })
        .filter(|session| *session != own)
        .collect();
    let mut symbols = BTreeMap::new();
    let mut observed: usize = sent.notifications.iter().map(|(_, notification)| notification.octets).sum();
    let mut tables = 0;
    for sighting in timeline.on(PROVIDER_LANE) {
        if session_of(&sighting.what).is_none_or(|session| others.contains(&session)) {
            continue;
        }
        match &sighting.what {
            Sight::Symbol { tsi, toi, sbn, esi, payload_len, .. } => {
                observed += payload_len;
                symbols.insert((*tsi, *toi, *sbn, *esi), *payload_len);
            }
            Sight::Fdt { .. } => tables += 1,
            _ => {}
        }
    }
    let notification = sent.notifications.first().map_or(0, |(_, notification)| notification.octets);
    let needed = cycles * (notification + symbols.values().sum::<usize>());
    let told = format!("{observed} octets of notifications and symbols, and {tables} file tables");
    if observed > needed || tables > cycles {
        let accepted = format!("{needed} octets, and {cycles} file tables: each packet once in each cycle");
        return Outcome::fail(told, accepted);
    }
    Outcome::pass(format!("{told}, as for one Device"))
}
