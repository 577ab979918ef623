//! The relay of one channel: what comes from the sender goes to every lane, as the lane's plan says.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::capture::LaneId;
use crate::capture::recording::{AIR_COMMENT, PROVIDER_LANE};
use crate::net::{Clock, JoinError, MulticastSender, kernel};
use crate::spec::{ChannelEntry, ChannelLabel, Timestamp};
use crate::wire::alc::AlcPacket;
use crate::wire::fdt::Fdt;

use super::super::recorder::{Datagram, Recorder};
use super::carousel::{Carousel, Heard, Meaning};
use super::distortion::{Foreign, closing, lying, shadow, with_wrong_bit, without_flags};
use super::plan::{AirPlan, Fate};
use super::{AirLane, MembershipSample, met};

/// How often the kernel's table is read for one sample.
const LOOKS: usize = 2;
/// How far apart the symbols of a delivery that never ends come, once the sender is done.
const ECHO: Duration = Duration::from_millis(10);
/// How long they go on beyond the expiry of the file table, by which a Device must have given up.
const BEYOND: Duration = Duration::from_millis(200);
/// Symbols that are kept for that.
const MOST_ECHOES: usize = 32;
/// The address of a stranger on loopback, which a source-specific membership does not name.
const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// One Device on one channel.
pub(super) struct Lane {
    device: String,
    id: LaneId,
    entry: ChannelEntry,
    sender: MulticastSender,
    /// Sends from another address, where the plan has a stranger.
    stranger: Option<MulticastSender>,
    plan: Rc<RefCell<AirPlan>>,
    /// What is held back behind others, with how many are still to come before it.
    behind: VecDeque<(u32, Arc<[u8]>)>,
    /// A delivery that never ends: the symbols that go on, and the expiry of its table.
    echoes: VecDeque<Arc<[u8]>>,
    expires: Option<Timestamp>,
}

/// What is due later on a lane, given by its number.
pub(super) enum Late {
    /// A packet that was held back.
    Packet(usize, Arc<[u8]>),
    /// The next symbol of a delivery that never ends.
    Echo(usize),
}

/// The relay of one channel.
pub(super) struct Relay {
    pub(super) clock: Clock,
    pub(super) recorder: Recorder,
    pub(super) entry: ChannelEntry,
    pub(super) is_notification: bool,
    pub(super) lanes: Vec<Lane>,
    pub(super) carousel: Carousel,
    /// What is due, by time and by the order in which it was put off.
    pub(super) late: BTreeMap<(Timestamp, u64), Late>,
    pub(super) numbered: u64,
    pub(super) groups: Rc<BTreeMap<String, ChannelEntry>>,
    /// Whether Devices hear the sender itself: then nothing is sent on, and what they hear is what the sender sent.
    pub(super) is_direct: bool,
    pub(super) shows_members: bool,
    pub(super) samples: Rc<RefCell<Vec<MembershipSample>>>,
    pub(super) trouble: Rc<RefCell<Option<String>>>,
}

/// Opens a sender for each Device that has the channel.
pub(super) fn open_lanes(recorder: &Recorder, label: &ChannelLabel, lanes: &[AirLane]) -> Result<Vec<Lane>, JoinError> {
    let mut opened = Vec::new();
    for lane in lanes {
        let (Some(entry), Some(id)) = (lane.channels.get(label), recorder.lane(&lane.device)) else { continue };
        let plan = lane.plan.clone();
        let stranger = match plan.borrow().has_stranger() {
            true => Some(MulticastSender::open_from(entry, STRANGER)?),
            false => None,
        };
        opened.push(Lane {
            device: lane.device.clone(),
            id,
            entry: entry.clone(),
            sender: MulticastSender::open(entry)?,
            stranger,
            plan,
            behind: VecDeque::new(),
            echoes: VecDeque::new(),
            expires: None,
        });
    }
    Ok(opened)
}

impl Relay {
    /// When the first of what was put off is due.
    pub(super) fn due(&self) -> Option<Timestamp> {
        self.late.first_key_value().map(|((at, _), _)| *at)
    }

    /// Carries a packet of the sender to every lane.
    pub(super) async fn carry(&mut self, source: SocketAddr, octets: &Arc<[u8]>) {
        let at = self.clock.now();
        let heard = match self.is_notification {
            true => Heard::alone(Meaning::Notification),
            false => self.carousel.hear(octets),
        };
        if self.shows_members && (heard.meaning == Meaning::Table || heard.ends) {
            self.sample(at, AlcPacket::decode(octets).ok().map(|packet| packet.header.tsi), heard.ends);
        }
        let fates: Vec<Option<Fate>> = self.lanes.iter().map(|lane| lane.plan.borrow_mut().decide(&heard)).collect();
        if let Some(lane) = self.recorder.lane(PROVIDER_LANE) {
            let packet = datagram(source, &self.entry, octets);
            self.recorder.datagram(at, lane, packet, remarks(&self.lanes, &fates));
        }
        if self.is_direct {
            for lane in &self.lanes {
                self.recorder.datagram(at, lane.id, datagram(source, &lane.entry, octets), Vec::new());
            }
            return;
        }
        for (index, fate) in fates.into_iter().enumerate() {
            if heard.meaning == Meaning::Close {
                // What comes behind others comes before the end.
                self.let_go(index, u32::MAX).await;
                self.begin_echo(index);
            }
            match fate {
                None => self.pass(index, octets, None).await,
                Some(fate) => self.meddle(index, fate, &heard.meaning, octets).await,
            }
            self.let_go(index, 1).await;
        }
    }

    /// Does to a packet what the plan says.
    async fn meddle(&mut self, index: usize, fate: Fate, meaning: &Meaning, octets: &Arc<[u8]>) {
        match fate {
            Fate::Drop => {}
            Fate::FlipBit => self.pass(index, &with_wrong_bit(octets).into(), Some(fate)).await,
            Fate::Twice => {
                self.pass(index, octets, None).await;
                self.pass(index, octets, Some(fate)).await;
            }
            Fate::Late(span) => self.put_off(self.clock.now() + span, Late::Packet(index, octets.clone())),
            // One more, for the packet itself counts as well.
            Fate::Behind(count) => self.lanes[index].behind.push_back((count.saturating_add(1), octets.clone())),
            Fate::Closes => self.pass(index, &closing(octets).into(), Some(fate)).await,
            Fate::NeverCloses => {
                let octets: Arc<[u8]> = without_flags(octets).into();
                self.remember_echo(index, meaning, &octets);
                self.pass(index, &octets, Some(fate)).await;
            }
            Fate::Shadowed(foreign) => {
                self.pass_foreign(index, &shadow(octets, foreign).into(), foreign).await;
                self.pass(index, octets, Some(fate)).await;
            }
            Fate::Lies(lie) => self.pass(index, &lying(octets, lie).into(), Some(fate)).await,
        }
    }

    async fn pass(&self, index: usize, octets: &Arc<[u8]>, fate: Option<Fate>) {
        let lane = &self.lanes[index];
        self.send(lane, &lane.sender, octets, fate.map(Fate::words)).await;
    }

    async fn pass_foreign(&self, index: usize, octets: &Arc<[u8]>, foreign: Foreign) {
        let lane = &self.lanes[index];
        let (sender, remark) = match (foreign, &lane.stranger) {
            (Foreign::Source, Some(stranger)) => (stranger, "a foreign source"),
            _ => (&lane.sender, "a foreign session"),
        };
        self.send(lane, sender, octets, Some(format!("of {remark}"))).await;
    }

    async fn send(&self, lane: &Lane, sender: &MulticastSender, octets: &Arc<[u8]>, remark: Option<String>) {
        // Recorded before it is sent, so that no answer to it can stand in front of it.
        let packet = datagram(sender.local_addr(), &lane.entry, octets);
        let comments = remark.into_iter().map(|remark| format!("{AIR_COMMENT}{remark}")).collect();
        self.recorder.datagram(self.clock.now(), lane.id, packet, comments);
        if let Err(error) = sender.send(octets).await {
            met(&self.trouble, &error);
        }
    }

    fn put_off(&mut self, at: Timestamp, late: Late) {
        self.numbered += 1;
        self.late.insert((at, self.numbered), late);
    }

    /// Sends what is due.
    pub(super) async fn send_late(&mut self) {
        let now = self.clock.now();
        while let Some(entry) = self.late.first_entry()
            && entry.key().0 <= now
        {
            match entry.remove() {
                Late::Packet(index, octets) => self.late_packet(index, &octets).await,
                Late::Echo(index) => self.echo(index).await,
            }
        }
    }

    async fn late_packet(&self, index: usize, octets: &Arc<[u8]>) {
        let lane = &self.lanes[index];
        self.send(lane, &lane.sender, octets, Some("was held back".into())).await;
    }

    /// Sends everything that was held back.
    pub(super) async fn flush(&mut self) {
        for (at, late) in std::mem::take(&mut self.late) {
            match late {
                Late::Packet(index, octets) => self.late_packet(index, &octets).await,
                Late::Echo(_) => {
                    self.late.insert(at, late);
                }
            }
        }
        for index in 0..self.lanes.len() {
            self.let_go(index, u32::MAX).await;
        }
    }

    /// Counts packets that have passed, and sends what was held back behind them.
    async fn let_go(&mut self, index: usize, passed: u32) {
        for (left, _) in &mut self.lanes[index].behind {
            *left = left.saturating_sub(passed);
        }
        while self.lanes[index].behind.front().is_some_and(|(left, _)| *left == 0) {
            let Some((_, octets)) = self.lanes[index].behind.pop_front() else { return };
            self.late_packet(index, &octets).await;
        }
    }

    fn remember_echo(&mut self, index: usize, meaning: &Meaning, octets: &Arc<[u8]>) {
        let lane = &mut self.lanes[index];
        match meaning {
            Meaning::Table => {
                let table = AlcPacket::decode(octets).ok().and_then(|packet| Fdt::from_xml(&packet.payload).ok());
                lane.expires = table.map(|table| table.expires_at());
            }
            Meaning::Symbol { .. } => {
                if lane.echoes.len() == MOST_ECHOES {
                    lane.echoes.pop_front();
                }
                lane.echoes.push_back(octets.clone());
            }
            _ => {}
        }
    }

    /// Lets a delivery that never ends go on, now that its sender is done.
    fn begin_echo(&mut self, index: usize) {
        let goes_on = self.late.values().any(|late| matches!(late, Late::Echo(known) if *known == index));
        if !self.lanes[index].echoes.is_empty() && !goes_on {
            self.put_off(self.clock.now() + ECHO, Late::Echo(index));
        }
    }

    async fn echo(&mut self, index: usize) {
        let now = self.clock.now();
        let lane = &mut self.lanes[index];
        let is_over = lane.expires.is_none_or(|expires| now > expires + BEYOND);
        let Some(octets) = lane.echoes.pop_front().filter(|_| !is_over) else { return };
        lane.echoes.push_back(octets.clone());
        let lane = &self.lanes[index];
        self.send(lane, &lane.sender, &octets, Some("goes on and on".into())).await;
        self.put_off(now + ECHO, Late::Echo(index));
    }

    /// Looks at the kernel's table. The relay's own membership must be in it, or the look proves nothing: then there is
    /// no sample. A row may be missing from one look, so several are taken together, until none is missing.
    fn sample(&self, at: Timestamp, tsi: Option<u64>, at_end: bool) {
        let mut joined = BTreeSet::new();
        let mut sees_itself = false;
        for _ in 0..LOOKS {
            let Ok(memberships) = kernel::memberships() else { return };
            let is_member = |entry: &ChannelEntry| memberships.iter().any(|row| row.group == entry.group);
            sees_itself |= is_member(&self.entry);
            let found = self.groups.iter().filter(|(_, entry)| is_member(entry)).map(|(device, _)| device.clone());
            joined.extend(found);
            if sees_itself && joined.len() == self.groups.len() {
                break;
            }
        }
        if sees_itself {
            self.samples.borrow_mut().push(MembershipSample { at, tsi, at_end, joined });
        }
    }
}

fn datagram(source: SocketAddr, entry: &ChannelEntry, octets: &Arc<[u8]>) -> Datagram {
    Datagram { source, destination: SocketAddr::new(entry.group, entry.port), ttl: entry.ttl, octets: octets.clone() }
}

fn remarks(lanes: &[Lane], fates: &[Option<Fate>]) -> Vec<String> {
    let remark =
        |(lane, fate): (&Lane, &Option<Fate>)| Some(format!("{AIR_COMMENT}{} for {}", (*fate)?.words(), lane.device));
    lanes.iter().zip(fates).filter_map(remark).collect()
}
