//! What Given and When sentences do: casting, broadcasting, answering, forging, replaying.

use std::time::Duration;

use crate::capture::recording::PROVIDER_LANE;
use crate::capture::{Packet, Sight, Sighting, Timeline};
use crate::device::UserAnswer;
use crate::judge::Check;
use crate::net::MulticastSender;
use crate::provider::{BroadcastPlan, CampaignPlan};
use crate::spec::{CampaignId, Reporters, Timestamp};
use crate::subject::{ClaimKind, Stimulus, SubjectError};

use super::broadcasted::broadcasted;
use super::cast::{delivery_channel, notification_channel};
use super::host::Patience;
use super::running::Running;
use super::script::{Condition, Moment};
use super::{PATIENCE, Stage, StageError};

/// How long a sender is silent in the middle of a carousel, at most.
const QUIET: Duration = Duration::from_secs(1);
/// How long a Device takes from a notification to a join, when others do the same.
const TURN: Duration = Duration::from_millis(2);
/// The longest pause after a notification: the sender does not yet count as silent.
const LONGEST_LEAD: Duration = Duration::from_millis(400);
/// How long the End User of a scenario postpones an update: longer than any deferral, which then cuts it short.
const POSTPONEMENT: Duration = Duration::from_secs(3600);
/// How long the End User postpones an update briefly.
const BRIEF_POSTPONEMENT: Duration = Duration::from_millis(400);
/// Why a scenario is not played in a lab where Devices hear the sender itself.
const NOTHING_BETWEEN: &str = "something has to happen to packets between the sender and one Device, and with --direct \
                               nothing stands between them";

/// The End User's answer to a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Install now.
    Approve,
    /// Do not install.
    Decline,
    /// Not now.
    Postpone,
    /// Not now, but soon.
    PostponeBriefly,
}

impl Stage {
    /// Casts a population.
    pub fn populate(&mut self, name: &str) -> Result<(), StageError> {
        let fixtures = self.brief()?.fixtures.clone();
        Ok(self.script.populate(&fixtures, name)?)
    }

    /// Makes Devices peculiar.
    pub fn make(&mut self, devices: &[String], condition: &Condition) -> Result<(), StageError> {
        if self.running.is_some() {
            return Err(StageError::Unprepared(
                "a Device is as it is from the start; say so before anything is broadcast".into(),
            ));
        }
        for device in devices {
            self.script.device(device)?.apply(condition.clone());
        }
        Ok(())
    }

    /// Says who reports for a campaign, and when.
    pub fn ask_for_reports(&mut self, campaign: &str, who: Reporters, earliest: Duration, latest: Duration) {
        self.script.report(campaign, who, earliest, latest.saturating_sub(earliest));
    }

    pub(super) async fn open(&mut self) -> Result<(), StageError> {
        if self.running.is_none() {
            let brief = self.brief()?.clone();
            if let Some(plans) = &brief.relays {
                plans.take_over(&mut self.script)?;
            }
            if brief.lab.is_direct && self.script.needs_the_air() {
                return Err(StageError::NotHere(NOTHING_BETWEEN));
            }
            let running = Running::open(&brief, &self.script, &self.early_steps).await?;
            // Kept before anything can go wrong with a Device: what is open has to be closed in the end.
            self.running.insert(running).switch_all_on(&brief, &self.script).await?;
        }
        self.current_roll_call = None;
        Ok(())
    }

    pub(super) fn plan(&self, campaign: &str) -> Result<CampaignPlan, StageError> {
        let brief = self.brief()?;
        let now = brief.clock.now();
        let mut plan = brief.lab.slow(self.script.campaign(&brief.fixtures, campaign, now)?, now);
        plan.broadcast.lead = plan.broadcast.lead.max(self.time_to_join());
        Ok(plan)
    }

    /// How long the pause after a notification is at least, so that every Device of the scenario can join the delivery: they
    /// share a process, in which each takes its turn.
    pub(super) fn time_to_join(&self) -> Duration {
        let devices = u32::try_from(self.script.devices.len()).unwrap_or(u32::MAX);
        TURN.saturating_mul(devices).min(LONGEST_LEAD)
    }

    /// Broadcasts a campaign from its notification to its closing packets.
    pub async fn broadcast(&mut self, campaign: &str) -> Result<(), StageError> {
        self.start_broadcast(campaign, Duration::ZERO).await?;
        self.power_fails_during(campaign).await?;
        self.broadcast_ends(campaign).await?;
        self.power_fails_after(campaign).await
    }

    /// Broadcasts a campaign whose announcement expired an hour ago.
    pub async fn broadcast_expired(&mut self, campaign: &str) -> Result<(), StageError> {
        self.start_broadcast(campaign, Duration::from_secs(3600)).await?;
        self.broadcast_ends(campaign).await
    }

    pub(super) async fn start_broadcast(&mut self, campaign: &str, age: Duration) -> Result<(), StageError> {
        self.open().await?;
        let plan = CampaignPlan { age, ..self.plan(campaign)? };
        let running = self.running.as_mut().ok_or(StageError::NotRaised)?;
        let mut entry = broadcasted(&plan, running.clock.now(), &running.lab);
        entry.sequence = Some(running.provider()?.push(plan).await?);
        running.broadcasted.push(entry);
        Ok(())
    }

    pub(super) async fn broadcast_ends(&mut self, campaign: &str) -> Result<(), StageError> {
        let what = format!("the closing packet of campaign `{campaign}`");
        let running = self.running.as_mut().ok_or(StageError::NotRaised)?;
        // A session that is never closed is for the judge to speak of: it is over when nothing comes any more.
        let mut last = None;
        let ended = running.until(&what, PATIENCE, |running, timeline| {
            closing(timeline, campaign).or_else(|| running.is_quiet(timeline, campaign, &mut last))
        });
        let ended = ended.await?;
        running.broadcast_ended(ended);
        Ok(())
    }

    /// Tells the Service Provider to broadcast something that it may refuse.
    pub async fn attempt(&mut self, campaign: &str) -> Result<(), StageError> {
        self.open().await?;
        let plan = self.plan(campaign)?;
        match self.running()?.provider()?.push(plan).await {
            // Whether it is on the air is for the judge to see.
            Ok(_) | Err(SubjectError::Refused { .. } | SubjectError::Declined { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Sends once more what was recorded of a campaign.
    pub async fn replay(&mut self, campaign: &str) -> Result<(), StageError> {
        self.open().await?;
        let running = self.running()?;
        let packets = recorded(running, campaign);
        if packets.is_empty() {
            return Err(StageError::Unprepared(format!("campaign `{campaign}` has not been broadcast")));
        }
        let senders = running.sender_channels();
        let notification = MulticastSender::open(&senders[&notification_channel()])?;
        let delivery = MulticastSender::open(&senders[&delivery_channel()])?;
        for sender in [&notification, &delivery] {
            running.recorder.stranger(sender.local_addr(), "whoever sends a recording again");
        }
        for (is_notification, octets) in packets {
            let sender = if is_notification { &notification } else { &delivery };
            let seen = running.recorder.recording().frames.len();
            sender.send(&octets).await.map_err(|source| StageError::System { what: "replay a packet", source })?;
            // One at a time: the air has taken it before the next is sent, so nothing is lost to a full buffer.
            let relayed =
                |running: &Running, _: &Timeline| (running.recorder.recording().frames.len() > seen).then_some(());
            running.until("a replayed packet on the air", PATIENCE, relayed).await?;
            // As the Service Provider does, so that Devices can join.
            if is_notification {
                let joined = running.clock.now() + running.lab.span(BroadcastPlan::default().lead);
                running.clock.sleep_until(joined).await;
            }
        }
        Ok(())
    }

    /// Switches a Device on.
    pub async fn switch_on(&mut self, device: &str) -> Result<(), StageError> {
        self.open().await?;
        let brief = self.brief()?.clone();
        let plan = self.script.device(device)?;
        plan.is_on = true;
        let plan = plan.clone();
        let running = self.running.as_mut().ok_or(StageError::NotRaised)?;
        running.switch_on(&brief, &plan).await
    }

    /// Waits until the End User of a Device is asked about a campaign.
    pub async fn offered(&mut self, device: &str, campaign: &str) -> Result<(), StageError> {
        self.broadcast(campaign).await?;
        self.prompt_of(device, campaign).await
    }

    async fn prompt_of(&mut self, device: &str, campaign: &str) -> Result<(), StageError> {
        let asked = CampaignId::new(campaign).map_err(|error| StageError::Unprepared(error.to_string()))?;
        self.prompted(device, &asked, 1).await?;
        let running = self.running()?;
        let at = running.claims().into_iter().find_map(|(name, claim)| match claim.what {
            ClaimKind::Prompted { campaign: about, .. } if name == device && about == asked => Some(claim.at),
            _ => None,
        });
        let at = at.unwrap_or_else(|| running.clock.now());
        let deferral = running.broadcasted.iter().find(|entry| entry.campaign.as_str() == campaign);
        if let Some(deferral) = deferral.and_then(|entry| entry.deferral) {
            self.deferrals.push(at + deferral);
        }
        self.power_fails_at(device, Moment::Asking).await
    }

    /// Waits until the End User of a Device was asked so many times; a Device that does not ask fails.
    async fn prompted(&mut self, device: &str, campaign: &CampaignId, times: usize) -> Result<(), StageError> {
        let running = self.running()?;
        let is_asked = |running: &Running, _: &Timeline| (running.prompts(device, campaign) >= times).then_some(());
        match running.until("a prompt to the End User", PATIENCE, is_asked).await {
            Err(StageError::OutOfTime { .. }) => {
                self.require(&Check::Asked { device: device.to_owned(), campaign: campaign.to_string(), times })
            }
            waited => waited,
        }
    }

    /// Gives the End User's answer, once the question stands.
    pub async fn answer(&mut self, device: &str, answer: Answer) -> Result<(), StageError> {
        self.open().await?;
        let campaign = self.running()?.broadcasted.last().map(|entry| entry.campaign.clone());
        let campaign = campaign.ok_or_else(|| StageError::Unprepared("nothing was offered".into()))?;
        let answered = self.answers.entry(device.to_owned()).or_default();
        *answered += 1;
        let asked = *answered;
        self.prompted(device, &campaign, asked).await?;
        let span = match answer {
            Answer::PostponeBriefly => self.brief()?.lab.span(BRIEF_POSTPONEMENT),
            Answer::Approve | Answer::Decline | Answer::Postpone => POSTPONEMENT,
        };
        let running = self.running()?;
        let now = running.clock.now();
        let user = match answer {
            Answer::Approve => UserAnswer::Approve,
            Answer::Decline => UserAnswer::Decline,
            Answer::Postpone | Answer::PostponeBriefly => UserAnswer::Postpone(span),
        };
        running.device(device)?.stimulate(Stimulus::Answer(campaign, user)).await?;
        if !matches!(user, UserAnswer::Postpone(_)) {
            return Ok(());
        }
        // The first brief postponement ends before the deferral does, unless the host held the answer up.
        let is_late = asked == 1 && self.first_deferral().is_some_and(|end| now + span >= end);
        if is_late && answer == Answer::PostponeBriefly {
            self.reservations.push("this host was so slow that the answer came too late to be asked again".to_owned());
        }
        self.power_fails_at(device, Moment::Postponed).await
    }

    /// The end of the deferral that is the first to end, unless it was waited for.
    pub(super) fn first_deferral(&self) -> Option<Timestamp> {
        self.deferrals.iter().min().copied()
    }

    /// Whether a deferral that the scenario takes to be running is over.
    pub(super) fn doubt_of_deferral(&self) -> Result<Option<String>, StageError> {
        let now = self.running()?.clock.now();
        let is_over = self.first_deferral().is_some_and(|end| now >= end);
        Ok(is_over.then(|| "this host was so slow that the longest deferral ended before the reading".to_owned()))
    }

    /// Lets time pass until the longest deferral of what was offered is over.
    pub async fn deferral_ends(&mut self) -> Result<(), StageError> {
        self.open().await?;
        let end = self.deferrals.iter().max().copied();
        let end = end.ok_or_else(|| StageError::Unprepared("nothing mandatory was offered".into()))?;
        self.running()?.clock.sleep_until(end + Duration::from_millis(1)).await;
        self.deferrals.clear();
        Ok(())
    }
}

/// The FLUTE session of a campaign, as the sender announced it.
pub(super) fn tsi_of(timeline: &Timeline, campaign: &str) -> Option<u64> {
    timeline.on(PROVIDER_LANE).find_map(|sighting| match &sighting.what {
        Sight::Notification(notification) => {
            let said = &notification.announcement.as_ref().ok()?.announcement;
            (said.campaign.as_str() == campaign).then_some(said.delivery.tsi.get())
        }
        _ => None,
    })
}

impl Running {
    /// When the last packet of a campaign was sent, once nothing has come for a while; `last` remembers that packet, and
    /// how long it is waited for another.
    fn is_quiet(&self, timeline: &Timeline, campaign: &str, last: &mut Option<(usize, Patience)>) -> Option<Timestamp> {
        let session = tsi_of(timeline, campaign)?;
        let is_own = |sighting: &&Sighting| match sighting.what {
            Sight::Symbol { tsi, .. } | Sight::Fdt { tsi, .. } => tsi == session,
            Sight::Notification(_) => true,
            _ => false,
        };
        let newest = timeline.on(PROVIDER_LANE).filter(is_own).last()?;
        let now = self.clock.now();
        match last {
            Some((frame, patience)) if *frame == newest.frame => self.host.is_over(*patience, now).then_some(newest.at),
            _ => {
                *last = Some((newest.frame, self.host.patience(now, QUIET)));
                None
            }
        }
    }
}

/// When the session of a campaign was last closed.
pub(super) fn closing(timeline: &Timeline, campaign: &str) -> Option<Timestamp> {
    let session = tsi_of(timeline, campaign)?;
    // Some senders set the flag on the last packet that brings something.
    let closes = timeline.on(PROVIDER_LANE).filter(|sighting| match sighting.what {
        Sight::CloseSession { tsi }
        | Sight::Symbol { tsi, close_session: true, .. }
        | Sight::Fdt { tsi, close_session: true, .. } => tsi == session,
        _ => false,
    });
    closes.map(|sighting| sighting.at).last()
}

/// What the sender sent for a campaign, in order; whether each is a notification.
pub(super) fn recorded(running: &Running, campaign: &str) -> Vec<(bool, Vec<u8>)> {
    let timeline = running.recorder.timeline();
    let Some(session) = tsi_of(&timeline, campaign) else { return Vec::new() };
    let is_notification = |sight: &Sight| match sight {
        Sight::Notification(notification) => {
            let said = notification.announcement.as_ref().ok().map(|signed| &signed.announcement.campaign);
            (said.map(CampaignId::as_str) == Some(campaign)).then_some(true)
        }
        Sight::Fdt { tsi, .. } | Sight::Symbol { tsi, .. } | Sight::CloseSession { tsi } => {
            (*tsi == session).then_some(false)
        }
        _ => None,
    };
    let recording = running.recorder.recording();
    let packets = timeline.on(PROVIDER_LANE).filter_map(|sighting| {
        let kind = is_notification(&sighting.what)?;
        match &recording.frames.get(sighting.frame.checked_sub(1)?)?.packet {
            Packet::Datagram { payload, .. } => Some((kind, payload.to_vec())),
            Packet::Segment { .. } => None,
        }
    });
    packets.collect()
}
