//! What the sentences about the hostile sender do.

use std::time::Duration;

use super::attack::{flood, irrelevant, noise};
use super::{Attack, Flaw, Numbers, Transmission, forge};
use crate::capture::recording::PROVIDER_LANE;
use crate::capture::{Sight, Timeline};
use crate::net::MulticastSender;
use crate::provider::{BroadcastPlan, CampaignPlan};
use crate::spec::SequenceNumber;
use crate::stage::broadcasted::broadcasted;
use crate::stage::cast::{delivery_channel, notification_channel};
use crate::stage::running::{Running, SEQUENCE};
use crate::stage::scenes::recorded;
use crate::stage::{PATIENCE, Stage, StageError};

/// What the hostile sender is called in a recording.
const NAME: &str = "the hostile sender";
/// Where the SessionIDs of the hostile sender begin, far from those of the Service Provider.
const FIRST_SESSION: u16 = 0x7A00;
/// Where its sequence numbers begin: fresh to Devices, and below those of the Service Provider, who is to be heard later.
const FIRST_SEQUENCE: u64 = 500;
/// Datagrams that are sent without a pause, and the pause: what a receiver on loopback can read.
const BURST: usize = 8;
const PAUSE: Duration = Duration::from_millis(1);
/// How often the campaigns before this one are repeated.
const REPETITIONS: usize = 10;

impl Stage {
    /// Broadcasts a campaign that is right in everything but `flaw`.
    pub async fn broadcast_flawed(&mut self, campaign: &str, flaw: Flaw) -> Result<(), StageError> {
        self.open().await?;
        let plan = self.plan(campaign)?;
        let numbers = self.hostile_numbers(flaw)?;
        let forged = self.forged(&plan, numbers, flaw)?;
        let running = self.running.as_mut().ok_or(StageError::NotRaised)?;
        // What a Device that believes it would report has its place before the answer to the roll call.
        running.broadcasted.push(broadcasted(&plan, running.clock.now(), &running.lab));
        let pauses = BroadcastPlan::default();
        for (cycle, packets) in forged.cycles.iter().enumerate() {
            running.send_hostile(true, std::slice::from_ref(&forged.notification)).await?;
            // As the Service Provider does, so that Devices can join.
            let pause = running.lab.span(if cycle == 0 { pauses.lead } else { pauses.cycle_gap });
            running.clock.sleep_until(running.clock.now() + pause).await;
            running.send_hostile(false, packets).await?;
        }
        running.broadcast_ended(running.clock.now());
        Ok(())
    }

    /// Attacks while a campaign of the Service Provider is on the air.
    pub async fn attack(&mut self, attack: Attack, campaign: &str) -> Result<(), StageError> {
        self.open().await?;
        let plan = self.plan(campaign)?;
        let numbers = self.hostile_numbers(Flaw::Nothing)?;
        let running = self.running()?;
        let earlier: Vec<String> = running.broadcasted.iter().map(|entry| entry.campaign.to_string()).collect();
        let insider = running.insider();
        let (on_notification, packets) = match attack {
            Attack::Flood => (true, flood(&insider, &plan, numbers)),
            Attack::Irrelevant => (true, irrelevant(&insider, &plan, numbers)),
            Attack::Noise => (false, noise(&self.forged(&plan, numbers, Flaw::Nothing)?)),
            Attack::Frozen | Attack::OtherChannel => (true, Vec::new()),
        };
        self.start_broadcast(campaign, Duration::ZERO).await?;
        match attack {
            Attack::Frozen => {
                let running = self.running()?;
                let (notifications, packets): (Vec<_>, Vec<_>) =
                    earlier.iter().flat_map(|campaign| recorded(running, campaign)).partition(|(is_push, _)| *is_push);
                let octets = |recorded: Vec<(bool, Vec<u8>)>| recorded.into_iter().map(|(_, octets)| octets);
                let (notifications, packets) =
                    (octets(notifications).collect::<Vec<_>>(), octets(packets).collect::<Vec<_>>());
                for _ in 0..REPETITIONS {
                    running.send_hostile(true, &notifications).await?;
                    running.send_hostile(false, &packets).await?;
                }
            }
            Attack::OtherChannel => {
                let running = self.running()?;
                let own = |running: &Running, timeline: &Timeline| notification_of(running, timeline, campaign);
                let octets = running.until("the notification on the air", PATIENCE, own).await?;
                running.send_hostile(false, &vec![octets; 3 * BURST]).await?;
            }
            Attack::Flood | Attack::Irrelevant | Attack::Noise => {
                self.running()?.send_hostile(on_notification, &packets).await?;
            }
        }
        self.broadcast_ends(campaign).await
    }

    fn forged(&self, plan: &CampaignPlan, numbers: Numbers, flaw: Flaw) -> Result<Transmission, StageError> {
        let unfit = || StageError::Unprepared("a hostile sender broadcasts firmware or software".into());
        forge(&self.running()?.insider(), plan, numbers, flaw).ok_or_else(unfit)
    }

    /// The numbers of the hostile sender's next campaign.
    fn hostile_numbers(&mut self, flaw: Flaw) -> Result<Numbers, StageError> {
        let running = self.running.as_mut().ok_or(StageError::NotRaised)?;
        running.forgeries += 1;
        let last = highest_sequence(&running.recorder.timeline());
        let unprepared = || StageError::Unprepared("no campaign has been broadcast before".into());
        let sequence = match flaw {
            Flaw::SameSequence => last.ok_or_else(unprepared)?,
            Flaw::ForgedNext => last.unwrap_or(SEQUENCE) + 1,
            Flaw::LowerSequence => last.ok_or_else(unprepared)? - 1,
            _ => FIRST_SEQUENCE + u64::from(running.forgeries),
        };
        Ok(Numbers {
            sequence: SequenceNumber(sequence),
            session: FIRST_SESSION + running.forgeries,
            now: running.clock.now(),
        })
    }
}

impl Running {
    /// Sends datagrams of the hostile sender on one of the Service Provider's channels; when this returns, the air has
    /// taken them all.
    async fn send_hostile(&self, is_notification: bool, packets: &[Vec<u8>]) -> Result<(), StageError> {
        let label = if is_notification { notification_channel() } else { delivery_channel() };
        let sender = MulticastSender::open(&self.sender_channels()[&label])?;
        let own = sender.local_addr();
        self.recorder.stranger(own, NAME);
        let before = self.recorder.heard_from(own);
        for burst in packets.chunks(BURST) {
            for packet in burst {
                let sent = sender.send(packet).await;
                sent.map_err(|source| StageError::System { what: "send a hostile packet", source })?;
            }
            self.clock.sleep_until(self.clock.now() + PAUSE).await;
        }
        let is_relayed =
            |running: &Self, _: &Timeline| (running.recorder.heard_from(own) >= before + packets.len()).then_some(());
        self.until("the hostile packets on the air", PATIENCE, is_relayed).await
    }
}

/// The highest sequence number that was on the air.
fn highest_sequence(timeline: &Timeline) -> Option<u64> {
    let sequences = timeline.on(PROVIDER_LANE).filter_map(|sighting| match &sighting.what {
        Sight::Notification(notification) => Some(notification.announcement.as_ref().ok()?.announcement.sequence.0),
        _ => None,
    });
    sequences.max()
}

/// A campaign's notification as it was on the air.
fn notification_of(running: &Running, timeline: &Timeline, campaign: &str) -> Option<Vec<u8>> {
    let frame = timeline.on(PROVIDER_LANE).find_map(|sighting| match &sighting.what {
        Sight::Notification(notification) => {
            let said = &notification.announcement.as_ref().ok()?.announcement;
            (said.campaign.as_str() == campaign).then_some(sighting.frame)
        }
        _ => None,
    })?;
    Some(running.recorder.recording().frames.get(frame.checked_sub(1)?)?.packet.payload().to_vec())
}
