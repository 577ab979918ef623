//! The air: a relay between the sender's groups and one group per Device and channel, with a plan for each Device.
//!
//! It works because signed messages name channels and not addresses (profile section 0). So loss differs per Device,
//! the kernel's membership table tells which Device listens where, and neither root nor tc is needed.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use tokio::task::{AbortHandle, spawn_local};

use crate::capture::LaneId;
use crate::capture::recording::{AIR_COMMENT, PROVIDER_LANE};
use crate::net::multicast::LARGEST_DATAGRAM;
use crate::net::{Clock, JoinError, MulticastReceiver, MulticastSender, kernel};
use crate::spec::{ChannelEntry, ChannelLabel, ChannelTable, Timestamp};
use crate::wire::alc::AlcPacket;
use crate::wire::fdt::Fdt;

use super::plan::{AirPlan, Fate, Meaning, with_wrong_bit};
use super::recorder::{Datagram, Recorder};

/// File Delivery Tables that the air remembers to tell objects by name.
const MOST_TABLES: usize = 64;

/// How often the kernel's table is read for one sample.
const LOOKS: usize = 2;

/// One Device's side of the air.
pub(super) struct AirLane {
    /// The Device's name.
    pub device: String,
    /// Where its channels are.
    pub channels: ChannelTable,
    /// What happens to its packets.
    pub plan: Rc<RefCell<AirPlan>>,
}

/// Which Devices were members of their delivery group at one moment, by the kernel's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MembershipSample {
    /// When.
    pub at: Timestamp,
    /// The session whose table was sent.
    pub tsi: Option<u64>,
    /// The Devices that were members.
    pub joined: BTreeSet<String>,
}

/// The running relay; dropping it ends it.
pub(super) struct Air {
    tasks: Vec<AbortHandle>,
    plans: Vec<Rc<RefCell<AirPlan>>>,
    samples: Rc<RefCell<Vec<MembershipSample>>>,
    trouble: Rc<RefCell<Option<String>>>,
}

impl Drop for Air {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Air {
    /// Joins the sender's channels and relays what comes on them to every lane.
    ///
    /// # Errors
    /// [`JoinError`] when a channel cannot be joined or opened.
    pub(super) fn open(
        clock: Clock,
        recorder: &Recorder,
        sender: &ChannelTable,
        notification: &ChannelLabel,
        lanes: Vec<AirLane>,
    ) -> Result<Self, JoinError> {
        let samples = Rc::new(RefCell::new(Vec::new()));
        let groups = Rc::new(delivery_groups(&lanes, notification));
        let mut air = Self {
            tasks: Vec::new(),
            plans: lanes.iter().map(|lane| lane.plan.clone()).collect(),
            samples: samples.clone(),
            trouble: Rc::default(),
        };
        for (label, entry) in sender {
            let ear = MulticastReceiver::join(entry)?;
            let relay = Relay {
                clock,
                recorder: recorder.clone(),
                entry: entry.clone(),
                is_notification: label == notification,
                lanes: open_lanes(recorder, label, &lanes)?,
                tables: Vec::new(),
                groups: groups.clone(),
                samples: samples.clone(),
                trouble: air.trouble.clone(),
            };
            air.tasks.push(spawn_local(relay.run(ear)).abort_handle());
        }
        Ok(air)
    }

    /// Lets everything pass from now on.
    pub(crate) fn lift_plans(&self) {
        for plan in &self.plans {
            plan.borrow_mut().lift();
        }
    }

    /// What kept the air from carrying a packet, if anything did.
    pub(super) fn trouble(&self) -> Option<String> {
        self.trouble.borrow().clone()
    }

    /// The kernel's word on who listened, one sample for each File Delivery Table that was sent.
    pub(super) fn samples(&self) -> Vec<MembershipSample> {
        self.samples.borrow().clone()
    }
}

fn delivery_groups(lanes: &[AirLane], notification: &ChannelLabel) -> BTreeMap<String, ChannelEntry> {
    let delivery = |lane: &AirLane| {
        let entry = lane.channels.iter().find(|(label, _)| *label != notification);
        entry.map(|(_, entry)| (lane.device.clone(), entry.clone()))
    };
    lanes.iter().filter_map(delivery).collect()
}

fn open_lanes(recorder: &Recorder, label: &ChannelLabel, lanes: &[AirLane]) -> Result<Vec<Lane>, JoinError> {
    let mut opened = Vec::new();
    for lane in lanes {
        let (Some(entry), Some(id)) = (lane.channels.get(label), recorder.lane(&lane.device)) else { continue };
        let sender = MulticastSender::open(entry)?;
        let plan = lane.plan.clone();
        opened.push(Lane { device: lane.device.clone(), id, entry: entry.clone(), sender, plan });
    }
    Ok(opened)
}

/// One Device on one channel.
struct Lane {
    device: String,
    id: LaneId,
    entry: ChannelEntry,
    sender: MulticastSender,
    plan: Rc<RefCell<AirPlan>>,
}

struct Relay {
    clock: Clock,
    recorder: Recorder,
    entry: ChannelEntry,
    is_notification: bool,
    lanes: Vec<Lane>,
    tables: Vec<Fdt>,
    groups: Rc<BTreeMap<String, ChannelEntry>>,
    samples: Rc<RefCell<Vec<MembershipSample>>>,
    trouble: Rc<RefCell<Option<String>>>,
}

impl Relay {
    async fn run(mut self, ear: MulticastReceiver) {
        let mut buffer = vec![0; LARGEST_DATAGRAM];
        let error = loop {
            match ear.recv(&mut buffer).await {
                Ok((length, source)) => self.relay(source, &Arc::from(&buffer[..length])).await,
                Err(error) => break error,
            }
        };
        self.met(&error);
    }

    async fn relay(&mut self, source: SocketAddr, octets: &Arc<[u8]>) {
        let at = self.clock.now();
        let meaning = self.meaning(octets);
        if meaning == Meaning::Table {
            self.sample(at, AlcPacket::decode(octets).ok().map(|packet| packet.header.tsi));
        }
        let fates: Vec<Option<Fate>> = self.lanes.iter().map(|lane| lane.plan.borrow_mut().decide(&meaning)).collect();
        if let Some(lane) = self.recorder.lane(PROVIDER_LANE) {
            let packet = datagram(source, &self.entry, octets);
            self.recorder.datagram(at, lane, packet, remarks(&self.lanes, &fates));
        }
        for (lane, fate) in self.lanes.iter().zip(fates) {
            match fate {
                None => self.pass(lane, octets, Vec::new()).await,
                Some(Fate::Drop) => {}
                Some(Fate::FlipBit) => {
                    let remark = vec![format!("{AIR_COMMENT}one bit wrong")];
                    self.pass(lane, &with_wrong_bit(octets).into(), remark).await;
                }
            }
        }
    }

    async fn pass(&self, lane: &Lane, octets: &Arc<[u8]>, comments: Vec<String>) {
        // Recorded before it is sent, so that no answer to it can stand in front of it.
        let packet = datagram(lane.sender.local_addr(), &lane.entry, octets);
        self.recorder.datagram(self.clock.now(), lane.id, packet, comments);
        if let Err(error) = lane.sender.send(octets).await {
            self.met(&error);
        }
    }

    /// What the kernel does not take or give no counter tells of; the first tells most.
    fn met(&self, error: &std::io::Error) {
        self.trouble.borrow_mut().get_or_insert_with(|| format!("the air: {error}"));
    }

    fn meaning(&mut self, octets: &[u8]) -> Meaning {
        if self.is_notification {
            return Meaning::Notification;
        }
        let meaning = Meaning::of_delivery(octets, &self.tables);
        if meaning == Meaning::Table
            && let Some(table) = AlcPacket::decode(octets).ok().and_then(|packet| Fdt::from_xml(&packet.payload).ok())
            && !self.tables.contains(&table)
        {
            if self.tables.len() == MOST_TABLES {
                self.tables.remove(0);
            }
            self.tables.push(table);
        }
        meaning
    }

    /// Looks at the kernel's table. The relay's own membership must be in it, or the look proves nothing: then there is
    /// no sample. A row may be missing from one look, so several are taken together.
    fn sample(&self, at: Timestamp, tsi: Option<u64>) {
        let mut joined = BTreeSet::new();
        let mut sees_itself = false;
        for _ in 0..LOOKS {
            let Ok(memberships) = kernel::memberships() else { return };
            let is_member = |entry: &ChannelEntry| memberships.iter().any(|row| row.group == entry.group);
            sees_itself |= is_member(&self.entry);
            let found = self.groups.iter().filter(|(_, entry)| is_member(entry)).map(|(device, _)| device.clone());
            joined.extend(found);
        }
        if sees_itself {
            self.samples.borrow_mut().push(MembershipSample { at, tsi, joined });
        }
    }
}

fn datagram(source: SocketAddr, entry: &ChannelEntry, octets: &Arc<[u8]>) -> Datagram {
    Datagram { source, destination: SocketAddr::new(entry.group, entry.port), ttl: entry.ttl, octets: octets.clone() }
}

fn remarks(lanes: &[Lane], fates: &[Option<Fate>]) -> Vec<String> {
    let remark = |(lane, fate): (&Lane, &Option<Fate>)| match fate {
        None => None,
        Some(Fate::Drop) => Some(format!("{AIR_COMMENT}dropped for {}", lane.device)),
        Some(Fate::FlipBit) => Some(format!("{AIR_COMMENT}one bit wrong for {}", lane.device)),
    };
    lanes.iter().zip(fates).filter_map(remark).collect()
}
