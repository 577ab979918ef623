//! A campaign on the air: notification, carousel, closing, at a pace that receivers can follow ([FU-P-1]).

use std::time::Duration;

use crate::delivery::Sender;
use crate::spec::{CampaignId, ChannelLabel, Timestamp};

use super::core::Transmit;
use super::memory::Progress;
use super::plan::BroadcastPlan;

/// Packets that may be sent without a pause.
const BURST: u32 = 8;
/// The pause after a burst: 8 packets a millisecond, well below what one receiver on loopback can read.
const PAUSE: Duration = Duration::from_millis(1);

/// One campaign being sent.
pub(super) struct Broadcast {
    pub(super) campaign: CampaignId,
    notification: Vec<u8>,
    sender: Sender,
    plan: BroadcastPlan,
    channels: Channels,
    /// The next packet of the delivery, taken ahead to learn which cycle it belongs to.
    held: Option<Vec<u8>>,
    /// The cycle whose notification has been sent; they count from one.
    announced: u32,
    /// Cycles that were sent before a restart.
    cycles_before: u32,
    /// How many objects it sends.
    pub(super) objects: usize,
    sent_in_burst: u32,
    next_at: Timestamp,
}

/// Where its two kinds of datagram go.
#[derive(Debug, Clone)]
pub(super) struct Channels {
    pub(super) notification: ChannelLabel,
    pub(super) delivery: ChannelLabel,
}

impl Broadcast {
    pub(super) fn new(
        campaign: CampaignId,
        notification: Vec<u8>,
        sender: Sender,
        plan: BroadcastPlan,
        channels: Channels,
        cycles_before: u32,
        now: Timestamp,
    ) -> Self {
        Self {
            campaign,
            notification,
            objects: sender.objects(),
            sender,
            plan,
            channels,
            held: None,
            announced: 0,
            cycles_before,
            sent_in_burst: 0,
            next_at: now,
        }
    }

    /// When the next datagram is due.
    pub(super) fn next_at(&self) -> Timestamp {
        self.next_at
    }

    /// How far it has come.
    pub(super) fn progress(&self) -> Progress {
        Progress { cycle: self.cycles_before + self.sender.cycle(), table: self.sender.table_state() }
    }

    pub(super) fn is_finished(&self) -> bool {
        self.held.is_none() && self.sender.is_finished()
    }

    /// The next datagram, if one is due.
    ///
    /// Pauses count from what was really sent: a sender that was held up does not catch up in one burst.
    pub(super) fn next(&mut self, now: Timestamp) -> Option<Transmit> {
        if now < self.next_at {
            return None;
        }
        if self.held.is_none() {
            // A table is sent after the pause that follows the notification, and must still be good then.
            self.held = self.sender.next_packet(now + self.plan.cycle_gap);
        }
        self.held.as_ref()?;
        // A cycle begins with the notification; the pause after it lets Devices join before the first packet.
        if self.announced != self.sender.cycle() {
            let pause = if self.announced == 0 { self.plan.lead } else { self.plan.cycle_gap };
            self.announced = self.sender.cycle();
            self.pause(now, pause);
            return Some(Transmit { channel: self.channels.notification.clone(), octets: self.notification.clone() });
        }
        let octets = self.held.take()?;
        self.sent_in_burst += 1;
        if self.sent_in_burst >= BURST {
            self.pause(now, PAUSE);
        }
        Some(Transmit { channel: self.channels.delivery.clone(), octets })
    }

    fn pause(&mut self, now: Timestamp, span: Duration) {
        self.sent_in_burst = 0;
        self.next_at = now + span;
    }
}
