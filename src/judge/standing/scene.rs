//! A recording arranged for the standing checks: the provider's own packets, and the DM sessions with who said what.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::SocketAddr;
use std::time::Duration;

use crate::capture::recording::{INTERACTION_LANE, POWER_COMMENT, PROVIDER_LANE};
use crate::capture::{Frame, Notification, Packet, Recording, Side, Sight, Sighting, Timeline};
use crate::spec::{Announcement, Timestamp, UpdateKind};
use crate::wire::syncml::{Alert, Command, Message, Status, alert};

use super::transfer::Transfer;
use super::{Known, Spot};

/// An answer that took as long need not have been heard. On a busy host it is held back on its further way too, and a Device
/// may hang up: the reference does so five seconds after it spoke.
const MAY_GIVE_UP: Duration = Duration::from_millis(2_500);

/// What the checks look at.
pub(super) struct Scene<'a> {
    /// The recording, decoded.
    pub timeline: &'a Timeline,
    /// What is known of accounts.
    pub known: &'a Known,
    /// The provider's own notifications, in order.
    pub announced: Vec<(Spot, &'a Notification)>,
    /// The provider's own datagrams that are meant for notifications and can be read as none.
    pub unreadable: Vec<(Spot, &'a Sight)>,
    /// The provider's FLUTE sessions.
    pub transfers: Vec<Transfer<'a>>,
    /// The DM sessions, in the order in which they began.
    pub dialogues: Vec<Dialogue<'a>>,
    /// What Devices received as notifications: the Device's name, and what it heard.
    pub heard: Vec<(&'a str, &'a Sighting, &'a Notification)>,
    /// The Devices that lost their power, by name.
    powerless: HashSet<&'a str>,
    /// The Commands that were sent whole, by campaign.
    commands: HashMap<&'a str, Message>,
    /// Connections that the relay or a stranger had a hand in.
    touched: HashSet<usize>,
}

/// One DM session: a Device and its SessionID, from one message 1 to the next.
pub(super) struct Dialogue<'a> {
    /// The Device's `DevId`.
    pub device: &'a str,
    /// Its messages in order.
    pub turns: Vec<Turn<'a>>,
}

/// A message of a DM session.
#[derive(Clone, Copy)]
pub(super) struct Turn<'a> {
    /// The packet that made it whole.
    pub spot: Spot,
    /// The connection.
    pub connection: usize,
    /// Who sent it.
    pub from: Side,
    /// The message.
    pub message: &'a Message,
    /// Whether it need not have been heard: the relay did something to its connection, or it is an answer for which a Device
    /// need not have waited.
    pub is_meddled: bool,
    /// Whether a stranger speaks on its connection.
    pub is_foreign: bool,
}

/// What a Device answered when a node was read; no value where it does not exist.
pub(super) struct Reading<'a> {
    /// The packet.
    pub spot: Spot,
    /// The Device's `DevId`.
    pub device: &'a str,
    /// The node.
    pub node: &'a str,
    /// The value.
    pub value: Option<&'a str>,
}

impl<'a> Scene<'a> {
    pub(super) fn of(recording: &'a Recording, timeline: &'a Timeline, known: &'a Known) -> Self {
        let ends = Touched::of(recording);
        let mut scene = Self {
            timeline,
            known,
            announced: Vec::new(),
            unreadable: Vec::new(),
            transfers: Vec::new(),
            dialogues: dialogues(timeline, &ends),
            heard: Vec::new(),
            powerless: powerless(recording),
            commands: HashMap::new(),
            touched: ends.connections(timeline),
        };
        scene.take_broadcast(recording);
        scene.commands = scene.transfers.iter().filter_map(command_in).collect();
        scene
    }

    fn take_broadcast(&mut self, recording: &'a Recording) {
        let provider = self.timeline.lane(PROVIDER_LANE);
        let interaction = self.timeline.lane(INTERACTION_LANE);
        let frames: HashMap<usize, &'a Frame> =
            recording.numbered().filter(|(_, frame)| Some(frame.lane) == provider).collect();
        for sighting in &self.timeline.sightings {
            let spot = (sighting.frame, sighting.at);
            if Some(sighting.lane) != provider {
                if let Sight::Notification(notification) = &sighting.what
                    && Some(sighting.lane) != interaction
                    && let Some(lane) = self.timeline.lanes.get(sighting.lane.0 as usize)
                {
                    self.heard.push((&lane.name, sighting, notification));
                }
                continue;
            }
            let Some(frame) = frames.get(&sighting.frame).filter(|frame| !frame.is_of_stranger()) else { continue };
            match &sighting.what {
                Sight::Notification(notification) => {
                    self.announced.push((spot, notification));
                    if let Ok(signed) = &notification.announcement {
                        self.begin_transfer(&signed.announcement);
                    }
                }
                what @ Sight::Malformed { protocol, .. } if matches!(*protocol, "WSP Push" | "Package #0") => {
                    self.unreadable.push((spot, what));
                }
                _ => {
                    if let Packet::Datagram { payload, .. } = &frame.packet {
                        Transfer::take(&mut self.transfers, spot, payload);
                    }
                }
            }
        }
    }

    /// A new campaign in a session number that was used before is another session.
    fn begin_transfer(&mut self, said: &'a Announcement) {
        let tsi = said.delivery.tsi.get();
        match self.transfers.iter_mut().rfind(|transfer| transfer.tsi == Some(tsi)) {
            Some(transfer) if transfer.announcement.is_none() => transfer.announcement = Some(said),
            Some(transfer) if transfer.announcement.is_some_and(|before| before.campaign == said.campaign) => {}
            _ => self.transfers.push(Transfer::announced(said)),
        }
    }

    /// The provider's announcement of a campaign; a stranger's, where the provider never made one.
    pub(super) fn announcement(&self, campaign: &str) -> Option<&'a Announcement> {
        let own = self.announced.iter().map(|(_, notification)| *notification);
        let heard = self.heard.iter().map(|(_, _, notification)| *notification);
        let mut said = own.chain(heard).filter_map(|heard| Some(&heard.announcement.as_ref().ok()?.announcement));
        said.find(|said| said.campaign.as_str() == campaign)
    }

    /// The Command of a campaign, as the provider sent it.
    pub(super) fn command_of(&self, campaign: &str) -> Option<&Message> {
        self.commands.get(campaign)
    }

    /// Whether a Device lost its power, so that it may have forgotten what it had just been told.
    pub(super) fn lost_power(&self, dev_id: &str) -> bool {
        self.powerless.contains(self.timeline.name_of(dev_id))
    }

    /// Whether the relay or a stranger had a hand in a connection.
    pub(super) fn is_touched(&self, connection: usize) -> bool {
        self.touched.contains(&connection)
    }

    /// The announcements that a Device heard, each campaign once.
    pub(super) fn heard_by(&self, dev_id: &str) -> BTreeMap<&'a str, &'a Announcement> {
        let name = self.timeline.name_of(dev_id);
        let own = self.heard.iter().filter(|(device, ..)| *device == name);
        let said = own.filter_map(|(_, _, heard)| Some(&heard.announcement.as_ref().ok()?.announcement));
        said.map(|said| (said.campaign.as_str(), said)).collect()
    }

    /// How many firmware campaigns a Device heard of.
    pub(super) fn firmware_campaigns_of(&self, dev_id: &str) -> usize {
        self.heard_by(dev_id).values().filter(|said| said.kind == UpdateKind::Firmware).count()
    }

    /// What a Device itself said, message by message.
    pub(super) fn requests(&self) -> impl Iterator<Item = (&Dialogue<'a>, &Turn<'a>)> {
        let turns = self.dialogues.iter().flat_map(|dialogue| dialogue.turns.iter().map(move |turn| (dialogue, turn)));
        turns.filter(|(_, turn)| turn.from == Side::Client && !turn.is_foreign)
    }

    /// The first message of each session that a Device began.
    pub(super) fn openings(&self) -> impl Iterator<Item = (&Dialogue<'a>, &Turn<'a>)> {
        let opening = |dialogue: &'_ Dialogue<'a>| dialogue.turns.first().map(|turn| turn.spot);
        self.requests()
            .filter(move |(dialogue, turn)| opening(dialogue) == Some(turn.spot) && turn.message.header.msg_id == 1)
    }

    /// Every answer of the DM Server with the message that it answers, where it came through as it was sent.
    pub(super) fn answers(&self) -> impl Iterator<Item = (&Dialogue<'a>, &Turn<'a>, &Turn<'a>)> {
        self.dialogues.iter().flat_map(|dialogue| {
            let pairs = dialogue.turns.iter().zip(dialogue.turns.iter().skip(1));
            pairs
                .filter(|(request, answer)| request.from == Side::Client && answer.from == Side::Server)
                .filter(|(request, answer)| request.connection == answer.connection && !answer.is_meddled)
                .map(move |(request, answer)| (dialogue, request, answer))
        })
    }

    /// What Devices said of their nodes.
    pub(super) fn readings(&self) -> Vec<Reading<'a>> {
        let mut readings = Vec::new();
        for (dialogue, turn) in self.requests() {
            let device = dialogue.device;
            for command in &turn.message.body {
                match command {
                    Command::Results(results) => readings.extend(results.items.iter().filter_map(|item| {
                        let node = item.source.as_deref()?;
                        Some(Reading { spot: turn.spot, device, node, value: Some(item.data.as_deref().unwrap_or("")) })
                    })),
                    Command::Status(status) if status.cmd == "Get" && status.code == 404 => {
                        let nodes = status.target_refs.iter();
                        readings.extend(nodes.map(|node| Reading { spot: turn.spot, device, node, value: None }));
                    }
                    _ => {}
                }
            }
        }
        readings
    }
}

impl Dialogue<'_> {
    /// Whether the relay did anything to it.
    pub(super) fn is_meddled(&self) -> bool {
        self.turns.iter().any(|turn| turn.is_meddled)
    }
}

impl<'a> Turn<'a> {
    /// The statuses in it.
    pub(super) fn statuses(&self) -> impl Iterator<Item = &'a Status> + use<'a> {
        self.message.body.iter().filter_map(|command| match command {
            Command::Status(status) => Some(status),
            _ => None,
        })
    }

    /// The status of the header of the message that it answers.
    pub(super) fn of_header(&self) -> Option<&'a Status> {
        self.statuses().find(|status| status.cmd_ref == 0)
    }

    /// The Generic Alerts in it.
    pub(super) fn generic_alerts(&self) -> impl Iterator<Item = &'a Alert> + use<'a> {
        self.message.body.iter().filter_map(|command| match command {
            Command::Alert(found) if found.code == alert::GENERIC => Some(found),
            _ => None,
        })
    }
}

/// Connections by the addresses of both ends.
#[derive(Default)]
struct Touched {
    meddled: HashSet<(SocketAddr, SocketAddr)>,
    foreign: HashSet<(SocketAddr, SocketAddr)>,
}

impl Touched {
    fn of(recording: &Recording) -> Self {
        let mut touched = Self::default();
        for frame in &recording.frames {
            let Packet::Segment { source, destination, .. } = &frame.packet else { continue };
            let ends = [(*source, *destination), (*destination, *source)];
            if frame.is_meddled_with() {
                touched.meddled.extend(ends);
            }
            if frame.is_of_stranger() {
                touched.foreign.extend(ends);
            }
        }
        touched
    }
}

impl Touched {
    fn connections(&self, timeline: &Timeline) -> HashSet<usize> {
        let touched = timeline.sightings.iter().filter_map(|sighting| match &sighting.what {
            Sight::ConnectionOpened { connection, client, server } => {
                let ends = (*client, *server);
                (self.meddled.contains(&ends) || self.foreign.contains(&ends)).then_some(*connection)
            }
            _ => None,
        });
        touched.collect()
    }
}

fn powerless(recording: &Recording) -> HashSet<&str> {
    let comments = recording.frames.iter().flat_map(|frame| &frame.comments);
    comments.filter_map(|comment| comment.strip_prefix(POWER_COMMENT)).collect()
}

/// The campaign of a session, and its Command.
fn command_in<'a>(transfer: &Transfer<'a>) -> Option<(&'a str, Message)> {
    let said = transfer.announcement?;
    let location = &said.delivery.command.location;
    let file = transfer.tables().flat_map(|(_, fdt)| &fdt.files).find(|file| file.location == *location)?;
    let message = Message::from_xml(&transfer.octets(file.toi)?).ok()?;
    Some((said.campaign.as_str(), message))
}

fn dialogues<'a>(timeline: &'a Timeline, touched: &Touched) -> Vec<Dialogue<'a>> {
    let mut dialogues: Vec<Dialogue<'a>> = Vec::new();
    // The dialogue that each Device's SessionID stands for at present, and whether it was just challenged.
    let mut current: HashMap<(&str, &str), (usize, bool)> = HashMap::new();
    let (mut meddled, mut foreign) = (BTreeSet::new(), BTreeSet::new());
    // When the last message of a Device came on each connection.
    let mut asked: HashMap<usize, Timestamp> = HashMap::new();
    for sighting in &timeline.sightings {
        let (from, connection, caller, message) = match &sighting.what {
            Sight::ConnectionOpened { connection, client, server } => {
                if touched.meddled.contains(&(*client, *server)) {
                    meddled.insert(*connection);
                }
                if touched.foreign.contains(&(*client, *server)) {
                    foreign.insert(*connection);
                }
                continue;
            }
            Sight::Request { connection, message, .. } => {
                let caller = (message.header.source.as_str(), message.header.session_id.as_str());
                (Side::Client, *connection, caller, &**message)
            }
            Sight::Response { connection, message: Some(message), answers: Some(caller), .. } => {
                (Side::Server, *connection, (caller.device.as_str(), caller.session_id.as_str()), &**message)
            }
            _ => continue,
        };
        let is_late = match from {
            Side::Client => {
                asked.insert(connection, sighting.at);
                false
            }
            Side::Server => asked.get(&connection).is_some_and(|at| sighting.at.since(*at) >= MAY_GIVE_UP),
        };
        let turn = Turn {
            spot: (sighting.frame, sighting.at),
            connection,
            from,
            message,
            is_meddled: is_late || meddled.contains(&connection),
            is_foreign: foreign.contains(&connection),
        };
        let known = current.get(&caller).copied();
        let begins = from == Side::Client && message.header.msg_id == 1;
        let index = match known {
            Some((index, is_challenged)) if !begins || is_challenged => index,
            _ => {
                dialogues.push(Dialogue { device: caller.0, turns: Vec::new() });
                dialogues.len() - 1
            }
        };
        let is_challenged =
            from == Side::Server && turn.of_header().is_some_and(|status| matches!(status.code, 401 | 407));
        current.insert(caller, (index, is_challenged));
        dialogues[index].turns.push(turn);
    }
    dialogues
}
