//! The air: a relay between the sender's groups and one group per Device and channel, with a plan for each Device.
//!
//! It works because signed messages name channels and not addresses (profile section 0). So loss differs per Device,
//! the kernel's membership table tells which Device listens where, and neither root nor tc is needed.

mod carousel;
mod distortion;
mod plan;
mod relay;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use tokio::sync::Notify;
use tokio::task::{AbortHandle, spawn_local};

use crate::net::{Clock, Ears, JoinError, MulticastReceiver};
use crate::spec::{ChannelEntry, ChannelLabel, ChannelTable, Timestamp};

use super::lab::Lab;
use super::recorder::Recorder;

use carousel::Carousel;
pub(super) use distortion::{Foreign, Lie};
pub(super) use plan::{AirPlan, AirRule, DeliveredFile, Fate, PacketKind, Which};
use relay::{Relay, open_lanes};

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
    /// The session whose table was sent, or which was closed.
    pub tsi: Option<u64>,
    /// Whether the session was closed: who has all of it has left by then.
    pub at_end: bool,
    /// The Devices that were members.
    pub joined: BTreeSet<String>,
}

/// The running relay; dropping it ends it.
pub(super) struct Air {
    task: AbortHandle,
    plans: Vec<Rc<RefCell<AirPlan>>>,
    /// Wakes the relays when plans are lifted.
    lifted: Rc<Notify>,
    samples: Rc<RefCell<Vec<MembershipSample>>>,
    trouble: Rc<RefCell<Option<String>>>,
}

impl Drop for Air {
    fn drop(&mut self) {
        self.task.abort();
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
        lab: &Lab,
    ) -> Result<Self, JoinError> {
        let samples = Rc::new(RefCell::new(Vec::new()));
        let trouble = Rc::default();
        let groups = Rc::new(delivery_groups(&lanes, notification));
        let mut relays = Vec::new();
        let mut receivers = Vec::new();
        for (label, entry) in sender {
            receivers.push(MulticastReceiver::join(entry)?);
            relays.push(Relay {
                clock,
                recorder: recorder.clone(),
                entry: entry.clone(),
                is_notification: label == notification,
                lanes: open_lanes(recorder, label, &lanes)?,
                carousel: Carousel::default(),
                late: BTreeMap::new(),
                numbered: 0,
                groups: groups.clone(),
                is_direct: lab.is_direct,
                shows_members: lab.shows_members(),
                samples: samples.clone(),
                trouble: Rc::clone(&trouble),
            });
        }
        let lifted = Rc::new(Notify::new());
        let carrier = carry(clock, Ears::new(receivers), relays, lifted.clone(), trouble.clone());
        let plans = lanes.iter().map(|lane| lane.plan.clone()).collect();
        Ok(Self { task: spawn_local(carrier).abort_handle(), plans, lifted, samples, trouble })
    }

    /// Lets everything pass from now on, also what was held back; only a delivery that never ends goes on.
    pub(super) fn lift_plans(&self) {
        for plan in &self.plans {
            plan.borrow_mut().lift();
        }
        self.lifted.notify_one();
    }

    /// What kept the air from carrying a packet, if anything did.
    pub(super) fn trouble(&self) -> Option<String> {
        self.trouble.borrow().clone()
    }

    /// The kernel's word on who listened: a sample for each File Delivery Table that was sent, and one for the end of each
    /// session.
    pub(super) fn samples(&self) -> Vec<MembershipSample> {
        self.samples.borrow().clone()
    }
}

/// Carries what the sender sends, in the order in which the kernel took it in, whatever channel it is on; and what was put
/// off, when it is due.
async fn carry(
    clock: Clock,
    mut ears: Ears,
    mut relays: Vec<Relay>,
    lifted: Rc<Notify>,
    trouble: Rc<RefCell<Option<String>>>,
) {
    let error = loop {
        let due = relays.iter().filter_map(Relay::due).min();
        let is_due = async {
            match due {
                Some(at) => clock.sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = lifted.notified() => {
                for relay in &mut relays {
                    relay.flush().await;
                }
            }
            () = is_due => {
                for relay in &mut relays {
                    relay.send_late().await;
                }
            }
            heard = ears.next() => match heard {
                Ok((channel, packet)) => relays[channel].carry(packet.source, &packet.octets).await,
                Err(error) => break error,
            },
        }
    };
    met(&trouble, &error);
}

/// Remembers what the kernel does not take or give, which no counter tells of; the first tells most.
fn met(trouble: &RefCell<Option<String>>, error: &std::io::Error) {
    trouble.borrow_mut().get_or_insert_with(|| format!("the air: {error}"));
}

fn delivery_groups(lanes: &[AirLane], notification: &ChannelLabel) -> BTreeMap<String, ChannelEntry> {
    let delivery = |lane: &AirLane| {
        let entry = lane.channels.iter().find(|(label, _)| *label != notification);
        entry.map(|(_, entry)| (lane.device.clone(), entry.clone()))
    };
    lanes.iter().filter_map(delivery).collect()
}
