//! The timeline: what a recording means, one sighting after the other.
//!
//! Fed frame by frame, so the same code reads a running scenario and a stored capture. It decodes and attributes; it does
//! not judge. What it holds grows with the recording, for each frame a small number of sightings; whoever takes them away
//! with [`Timeline::take_sightings`] leaves it bounded.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use super::channels::{Carried, Channels};
use super::commands::Commands;
use super::conversation::Side;
use super::fdt_assembly::{Assembled, FdtAssembly};
use super::http::{HttpEvent, Interaction};
use super::recording::{Frame, Lane, LaneId, PROVIDER_LANE, Packet, Recording, lane_called};
use super::sight::{Caller, Fault, Notification, Sight, Sighting};
use crate::spec::Timestamp;
use crate::wire::DecodeError;
use crate::wire::alc::AlcPacket;
use crate::wire::announcement::SignedAnnouncement;
use crate::wire::package0::Package0;
use crate::wire::syncml::Message;
use crate::wire::wsp::{Push, looks_like_push};

/// [`Sight::Malformed::protocol`] of a datagram that is no push.
pub(super) const PUSH: &str = "WSP Push";

/// [`Sight::Malformed::protocol`] of a push that carries no Package #0.
pub(super) const PACKAGE0: &str = "Package #0";

/// [`Sight::Malformed::protocol`] of a datagram of a foreign capture that is on no channel.
pub(super) const UNKNOWN: &str = "unknown datagram";

/// [`Sight::Malformed::protocol`] of HTTP in a foreign capture that is not of the interaction channel.
pub(super) const OTHER_HTTP: &str = "other HTTP";

/// Connections whose callers are remembered.
pub(super) const REMEMBERED: usize = super::tcp::FOLLOWED;

/// Everything that was seen in a recording.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    /// The points of observation; [`LaneId`] is an index here.
    pub lanes: Vec<Lane>,
    /// What was seen, in the order in which it became whole.
    pub sightings: Vec<Sighting>,
    /// The time of the first frame.
    pub started: Option<Timestamp>,
    channels: Channels,
    assembly: FdtAssembly,
    commands: Commands,
    /// The Command that the present datagram completed.
    completed: Option<Sight>,
    interaction: Interaction,
    /// For each connection on which a Device spoke, whom the next answer belongs to.
    pub(super) callers: BTreeMap<usize, Option<Caller>>,
    /// Number, time and lane of the last segment.
    last_segment: Option<(usize, Timestamp, LaneId)>,
    /// The datagram decoded last, and what it is.
    last_decoded: Option<(Arc<[u8]>, Sight)>,
    /// Lanes that were looked at for the provider's, and the first of them that is.
    own: (usize, Option<LaneId>),
}

/// A DM session of one Device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DmSession<'a> {
    /// The Device and its SessionID.
    pub caller: Caller,
    /// Its messages in the order in which they were seen.
    pub messages: Vec<DmMessage<'a>>,
}

/// A message of a DM session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DmMessage<'a> {
    /// Who sent it: the Device is the client.
    pub from: Side,
    /// The sighting that holds it.
    pub sighting: &'a Sighting,
    /// The message.
    pub message: &'a Message,
}

impl Timeline {
    /// An empty timeline of a recording with these lanes.
    pub fn new(lanes: Vec<Lane>) -> Self {
        Self { lanes, ..Self::default() }
    }

    /// The timeline of a whole recording.
    pub fn of(recording: &Recording) -> Self {
        let mut timeline = Self::new(recording.lanes.clone());
        for (number, frame) in recording.numbered() {
            timeline.feed(number, frame);
        }
        timeline.finish();
        timeline
    }

    /// Takes the next frame; `number` counts from 1, as Wireshark does.
    pub fn feed(&mut self, number: usize, frame: &Frame) {
        self.started.get_or_insert(frame.at);
        match &frame.packet {
            Packet::Datagram { destination, payload, .. } => {
                let sight = self.datagram(frame.lane, *destination, payload);
                let completed = self.completed.take();
                let sights = std::iter::once(sight).chain(completed);
                self.add(number, frame.at, frame.lane, &frame.comments, sights);
            }
            Packet::Segment { .. } => {
                self.last_segment = Some((number, frame.at, frame.lane));
                let events = self.interaction.feed(&frame.packet);
                let sights = self.http(events);
                self.add(number, frame.at, frame.lane, &frame.comments, sights);
            }
        }
    }

    /// Tells what is left unfinished when no frame follows. Segments fed afterwards are no longer followed.
    pub fn finish(&mut self) {
        let events = self.interaction.finish();
        let sights = self.http(events);
        if let Some((number, at, lane)) = self.last_segment
            && !sights.is_empty()
        {
            self.add(number, at, lane, &[], sights);
        }
    }

    /// The sightings so far, which are no longer held; what comes later does not need them.
    pub fn take_sightings(&mut self) -> Vec<Sighting> {
        std::mem::take(&mut self.sightings)
    }

    /// The provider's lane, which shows that castproof made the recording; without it that is a foreign capture.
    fn provider(&mut self) -> Option<LaneId> {
        if self.own.0 != self.lanes.len() {
            self.own = (self.lanes.len(), self.lane(PROVIDER_LANE));
        }
        self.own.1
    }

    /// Whether castproof made the recording; else it is a foreign capture.
    pub(super) fn is_own(&mut self) -> bool {
        self.provider().is_some()
    }

    /// The lane called `name`.
    pub fn lane(&self, name: &str) -> Option<LaneId> {
        lane_called(&self.lanes, name)
    }

    /// What was seen on the lane called `name`; nothing when there is none.
    pub fn on(&self, name: &str) -> impl Iterator<Item = &Sighting> {
        let lane = self.lane(name);
        self.sightings.iter().filter(move |sighting| Some(sighting.lane) == lane)
    }

    /// Every notification, on every lane.
    pub fn notifications(&self) -> impl Iterator<Item = (&Sighting, &Notification)> {
        self.sightings.iter().filter_map(|sighting| match &sighting.what {
            Sight::Notification(notification) => Some((sighting, &**notification)),
            _ => None,
        })
    }

    /// Every DM message from a Device.
    pub fn requests(&self) -> impl Iterator<Item = (&Sighting, &Message)> {
        self.sightings.iter().filter_map(|sighting| match &sighting.what {
            Sight::Request { message, .. } => Some((sighting, &**message)),
            _ => None,
        })
    }

    /// The DM sessions of a Device, given by its name or its `DevId`, in the order in which they began.
    ///
    /// An answer belongs to the session of the request that it answers, whatever SessionID it carries.
    pub fn sessions_of(&self, device: &str) -> Vec<DmSession<'_>> {
        let mut sessions: Vec<DmSession<'_>> = Vec::new();
        // The lane's description is taken apart once, not for every message.
        let lane = self.lanes.iter().find(|lane| lane.name == device);
        let words: Vec<&str> = lane.into_iter().flat_map(words_of).collect();
        let is_device = |dev_id: &str| dev_id == device || words.contains(&dev_id);
        for sighting in &self.sightings {
            let Some(message) = sighting.what.message() else { continue };
            let (from, caller) = match &sighting.what {
                Sight::Request { message, .. } => (Side::Client, Some(caller_of(message))),
                Sight::Response { answers, .. } => (Side::Server, answers.clone()),
                _ => continue,
            };
            let Some(caller) = caller.filter(|caller| is_device(&caller.device)) else { continue };
            let message = DmMessage { from, sighting, message };
            match sessions.iter_mut().find(|session| session.caller == caller) {
                Some(session) => session.messages.push(message),
                None => sessions.push(DmSession { caller, messages: vec![message] }),
            }
        }
        sessions
    }

    /// The Device's name for a `DevId`: the lane whose description has it as a word, else the `DevId` itself.
    pub fn name_of<'a>(&'a self, dev_id: &'a str) -> &'a str {
        let known = self.lanes.iter().find(|lane| names(lane, dev_id));
        known.map_or(dev_id, |lane| &lane.name)
    }

    fn add(
        &mut self,
        number: usize,
        at: Timestamp,
        lane: LaneId,
        comments: &[String],
        sights: impl IntoIterator<Item = Sight>,
    ) {
        let before = self.sightings.len();
        let sighting = |what| Sighting { at, frame: number, lane, comments: Vec::new(), what };
        self.sightings.extend(sights.into_iter().map(sighting));
        if comments.is_empty() {
            return;
        }
        if self.sightings.len() == before {
            self.sightings.push(sighting(Sight::Remark));
        }
        self.sightings[before].comments = comments.to_vec();
    }

    fn push(&mut self, destination: SocketAddr, datagram: &Arc<[u8]>) -> Sight {
        let push = match Push::decode(datagram) {
            Ok(push) => push,
            Err(error) => return malformed(PUSH, error, datagram),
        };
        self.channels.saw_push(destination);
        match Package0::decode(&push.body) {
            Err(error) => malformed(PACKAGE0, error, datagram),
            Ok(package0) => {
                let announcement = SignedAnnouncement::decode(&package0.trigger.vendor);
                if let Ok(signed) = &announcement {
                    let delivery = &signed.announcement.delivery;
                    self.channels.saw_announcement(delivery.tsi.get());
                    self.commands.saw_announcement(delivery.tsi.get(), &delivery.command);
                }
                Sight::Notification(Arc::new(Notification {
                    push_transaction: push.transaction,
                    announcement,
                    package0,
                    octets: datagram.len(),
                }))
            }
        }
    }

    /// The datagram decoded last, when this is it again: a relay records the same octets once for each Device. What a
    /// Device received is only ever a repetition; what the provider sends may say more than it did the last time.
    fn again(&mut self, lane: LaneId, payload: &Arc<[u8]>) -> Option<&Sight> {
        let is_repetition = self.provider() != Some(lane);
        let (octets, sight) = self.last_decoded.as_ref()?;
        (Arc::ptr_eq(octets, payload) || is_repetition && octets == payload).then_some(sight)
    }

    /// What a datagram is.
    fn datagram(&mut self, lane: LaneId, destination: SocketAddr, payload: &Arc<[u8]>) -> Sight {
        if !self.is_own() {
            return match self.channels.carried(destination, payload) {
                Carried::Push => self.push(destination, payload),
                Carried::Alc(packet) => self.alc(lane, &packet, payload),
                Carried::NoAlc(error) => malformed("ALC", error, payload),
                Carried::Unknown(reason) => unreadable(UNKNOWN, reason, payload),
            };
        }
        match self.again(lane, payload) {
            Some(sight @ Sight::Notification(_)) => {
                let sight = sight.clone();
                self.channels.saw_push(destination);
                return sight;
            }
            Some(sight) if !matches!(sight, Sight::Malformed { .. }) => return sight.clone(),
            _ => {}
        }
        let sight = match looks_like_push(payload) {
            true => self.push(destination, payload),
            false => match AlcPacket::decode(payload) {
                Ok(packet) => self.alc(lane, &packet, payload),
                // A stray push does not make a delivery channel another one.
                Err(_) if self.channels.is_push_port(destination) => self.push(destination, payload),
                Err(error) => malformed("ALC", error, payload),
            },
        };
        // A part of a table means something else on every lane: each puts its own table together.
        let is_part = matches!(sight, Sight::Symbol { toi: 0, .. });
        self.last_decoded = (!is_part).then(|| (payload.clone(), sight.clone()));
        sight
    }

    fn alc(&mut self, lane: LaneId, packet: &AlcPacket, datagram: &Arc<[u8]>) -> Sight {
        let header = &packet.header;
        // What a Device of our own received repeats what the provider sent.
        let is_sent = self.provider().is_none_or(|provider| provider == lane);
        let (tsi, close_object, close_session) = (header.tsi, header.close_object, header.close_session);
        let payload_len = packet.payload.len();
        // Some senders put FTI and payload id into a closing packet, and still no data.
        if payload_len == 0 {
            return match close_session {
                true => Sight::CloseSession { tsi },
                false => Sight::Bare { tsi, toi: header.toi, close_object },
            };
        }
        let (Some(toi), Some(id)) = (header.toi, packet.payload_id) else {
            return unreadable("ALC", "a symbol without a TOI".into(), datagram);
        };
        if toi == 0
            && let Some((version, instance)) = header.fdt_instance()
        {
            match self.assembly.take(lane, instance, packet) {
                Assembled::Table(fdt) => {
                    if is_sent {
                        self.commands.saw_table(lane, tsi, &fdt);
                    }
                    return Sight::Fdt { tsi, instance, version, fdt, close_session };
                }
                Assembled::Malformed(error) => return malformed("FDT", error, datagram),
                Assembled::Unreadable(reason) => return unreadable("FDT", reason, datagram),
                Assembled::Part => {}
            }
        }
        if is_sent && toi != 0 {
            self.completed = self.commands.saw_symbol(lane, packet);
        }
        let (sbn, esi) = (id.block(), id.symbol());
        Sight::Symbol { tsi, toi, sbn, esi, payload_len, close_object, close_session }
    }

    fn http(&mut self, events: Vec<HttpEvent>) -> Vec<Sight> {
        let mut sights = Vec::new();
        for event in events {
            match event {
                HttpEvent::Opened { connection } => {
                    let ends = self.interaction.addresses(connection);
                    sights.extend(ends.map(|(client, server)| Sight::ConnectionOpened { connection, client, server }));
                }
                HttpEvent::Ended { connection, how } => {
                    self.callers.remove(&connection);
                    let ends = self.interaction.addresses(connection);
                    sights.extend(ends.map(|(client, _)| Sight::ConnectionClosed { connection, client, how }));
                }
                HttpEvent::Failure { connection, from, reason } => {
                    sights.push(Sight::HttpFailure { connection, from, reason });
                }
                HttpEvent::Message { connection, message, .. } => self.message(connection, message, &mut sights),
            }
        }
        sights
    }
}

pub(super) fn names(lane: &Lane, dev_id: &str) -> bool {
    // Few lanes have it at all, and most descriptions need not be taken apart.
    (lane.name == dev_id || lane.description.contains(dev_id)) && words_of(lane).any(|word| word == dev_id)
}

/// The words that may stand for a lane: its name, and those of its description, of which the DevId is one.
fn words_of(lane: &Lane) -> impl Iterator<Item = &str> {
    std::iter::once(lane.name.as_str()).chain(lane.description.split_whitespace())
}

pub(super) fn caller_of(message: &Message) -> Caller {
    Caller { device: message.header.source.clone(), session_id: message.header.session_id.clone() }
}

fn malformed(protocol: &'static str, error: DecodeError, datagram: &Arc<[u8]>) -> Sight {
    Sight::Malformed { protocol, fault: Fault::Undecodable(error), octets: Arc::clone(datagram), connection: None }
}

fn unreadable(protocol: &'static str, reason: String, datagram: &Arc<[u8]>) -> Sight {
    Sight::Malformed { protocol, fault: Fault::Unreadable(reason), octets: Arc::clone(datagram), connection: None }
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;
