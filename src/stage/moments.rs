//! What happens to a Device in the middle of something: its power, its registration and its reception.
//!
//! The moment is seen on the wire wherever it shows there; that of an installation does not, and is left to the instance,
//! which stops at the write that was named ([`Moment::failure`]).

use std::time::Duration;

use crate::capture::recording::PROVIDER_LANE;
use crate::capture::{Sight, Timeline};
use crate::provider::BroadcastPlan;
use crate::spec::Timestamp;
use crate::subject::{Power, PowerFailure, Stimulus};

use super::running::Running;
use super::scenes::{closing, tsi_of};
use super::script::Moment;
use super::{PATIENCE, Stage, StageError};

/// What happens to a Device while a campaign is on the air.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    /// It is switched on in the middle of the package.
    SwitchedOn,
    /// It is switched on when the announcement has expired.
    SwitchedOnAfterExpiry,
    /// It is switched off in the middle of the package, and on with the next notification.
    SwitchedOffAndOn,
    /// Its registration is withdrawn when it has joined the delivery channel, before the package comes.
    LosesRegistration,
    /// It leaves all channels in the middle of the package, and joins them again with the next notification.
    LeavesAndRejoins,
}

/// What happens to the power of a Device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// It is switched on.
    On,
    /// It is switched off and on again.
    OffAndOn,
}

impl Moment {
    /// The moment of an installation that this is, if it is one.
    pub(super) fn failure(self) -> Option<PowerFailure> {
        match self {
            Self::Received => Some(PowerFailure::OnceReceived),
            Self::Writing => Some(PowerFailure::WhileWriting),
            Self::Written => Some(PowerFailure::OnceWritten),
            Self::Downloading | Self::WaitingToReport | Self::Asking | Self::Postponed => None,
        }
    }
}

impl Stage {
    /// Switches a Device on, or off and on.
    pub async fn switch(&mut self, device: &str, switch: Switch) -> Result<(), StageError> {
        match switch {
            Switch::On => self.switch_on(device).await,
            Switch::OffAndOn => {
                // Whatever was on its way to the Device has arrived: it goes out when nothing is going on.
                self.roll_call().await?;
                self.open().await?;
                self.power_cycle(device).await
            }
        }
    }

    /// Broadcasts a campaign, and lets something happen to a Device meanwhile.
    pub async fn broadcast_while(
        &mut self,
        device: &str,
        happening: Happening,
        campaign: &str,
    ) -> Result<(), StageError> {
        self.start_broadcast(campaign, Duration::ZERO).await?;
        match happening {
            Happening::SwitchedOn => self.switch_on_in_the_middle(device, campaign).await?,
            Happening::SwitchedOnAfterExpiry => self.switch_on_after_expiry(device, campaign).await?,
            Happening::SwitchedOffAndOn => {
                self.interrupt(device, campaign, Stimulus::Power).await?;
            }
            Happening::LeavesAndRejoins => {
                self.interrupt(device, campaign, Stimulus::Receiver).await?;
            }
            Happening::LosesRegistration => self.withdraw_registration(device, campaign).await?,
        }
        self.broadcast_ends(campaign).await?;
        self.power_fails_after(campaign).await
    }

    async fn switch_on_in_the_middle(&mut self, device: &str, campaign: &str) -> Result<(), StageError> {
        let running = self.running()?;
        let some = |_: &Running, timeline: &Timeline| package(timeline, PROVIDER_LANE, campaign);
        running.until("the package on the air", PATIENCE, some).await?;
        self.switch_on(device).await?;
        let listens = self.running()?.clock.now();
        self.broadcast_ends(campaign).await?;
        self.reserve_unless_notified(device, listens)
    }

    async fn switch_on_after_expiry(&mut self, device: &str, campaign: &str) -> Result<(), StageError> {
        let running = self.running()?;
        let expires_at = running.broadcasted.last().map_or(running.started, |entry| entry.expires_at);
        // The announcement counts in whole milliseconds.
        running.clock.sleep_until(expires_at + Duration::from_millis(1)).await;
        self.switch_on(device).await?;
        let listens = self.running()?.clock.now();
        self.broadcast_ends(campaign).await?;
        self.reserve_unless_notified(device, listens)
    }

    /// Each cycle begins with a notification, so one that comes later has a whole cycle behind it.
    fn reserve_unless_notified(&mut self, device: &str, listens: Timestamp) -> Result<(), StageError> {
        let timeline = self.running()?.recorder.timeline();
        let is_notification = |sight: &Sight| matches!(sight, Sight::Notification(_));
        let heard = timeline.on(device).any(|sighting| sighting.at >= listens && is_notification(&sighting.what));
        drop(timeline);
        if !heard {
            self.reservations.push(format!("Device {device} listened too late for a whole cycle of the carousel"));
        }
        Ok(())
    }

    /// Takes something from a Device in the middle of the package, and gives it back with the next notification.
    async fn interrupt(
        &mut self,
        device: &str,
        campaign: &str,
        stimulus: fn(Power) -> Stimulus,
    ) -> Result<(), StageError> {
        let running = self.running()?;
        // That a symbol was sent says not that the Device has begun to receive; that it has joined by then does. Where it
        // has not by the next notification either, it is for the judge to say what becomes of it.
        let has_begun = |running: &Running, timeline: &Timeline| {
            package(timeline, device, campaign)?;
            has_joined(running, timeline, device, campaign).or_else(|| notified_again(timeline, campaign))
        };
        running.until("the package on its way to the Device", PATIENCE, has_begun).await?;
        running.recorder.power(device);
        running.device(device)?.stimulate(stimulus(Power::Off)).await?;
        let since = running.clock.now();
        let what = "the next notification";
        let notified = |_: &Running, timeline: &Timeline| {
            let is_next = |sight: &Sight| matches!(sight, Sight::Notification(_));
            let is_notified = timeline.on(PROVIDER_LANE).any(|sighting| sighting.at > since && is_next(&sighting.what));
            // After its end there is none.
            (is_notified || closing(timeline, campaign).is_some()).then_some(is_notified)
        };
        if !running.until(what, PATIENCE, notified).await? {
            let lag = running.host.lag();
            if lag <= BroadcastPlan::default().cycle_gap {
                let status = format!("campaign `{campaign}` is over");
                return Err(StageError::OutOfTime { what: what.to_owned(), within: PATIENCE, status });
            }
            let lag = lag.as_millis();
            let over = format!("campaign `{campaign}` was over when Device {device} was off");
            self.doubts.push(format!("timers of this host came up to {lag} ms late, so {over}"));
            return Err(StageError::Host { what: what.to_owned() });
        }
        running.device(device)?.stimulate(stimulus(Power::On)).await?;
        Ok(())
    }

    async fn withdraw_registration(&mut self, device: &str, campaign: &str) -> Result<(), StageError> {
        let running = self.running()?;
        // That the notification was sent says not that the Device has read it; that it joined the delivery channel does.
        let has_acted = |running: &Running, timeline: &Timeline| {
            has_joined(running, timeline, device, campaign).or_else(|| package(timeline, device, campaign))
        };
        running.until("the Device on the delivery channel", PATIENCE, has_acted).await?;
        let server = running.server().clone();
        running.device(device)?.stimulate(Stimulus::WithdrawRegistration(server)).await?;
        let is_late = package(&running.recorder.timeline(), device, campaign).is_some();
        self.script.device(device)?.is_registered = false;
        if is_late {
            self.reservations.push("the package came before the registration was withdrawn".to_owned());
        }
        Ok(())
    }

    /// The power goes, and comes back at once.
    async fn power_cycle(&self, device: &str) -> Result<(), StageError> {
        self.running()?.recorder.power(device);
        let device = self.running()?.device(device)?;
        device.stimulate(Stimulus::Power(Power::Off)).await?;
        device.stimulate(Stimulus::Power(Power::On)).await?;
        Ok(())
    }

    fn losing_power(&self, moment: Moment) -> Vec<String> {
        let losing = self.script.devices.iter().filter(|plan| plan.power_losses.contains(&moment));
        losing.map(|plan| plan.name.clone()).collect()
    }

    /// Takes the power from the Devices that lose it during the download, as soon as a symbol was sent to them.
    pub(super) async fn power_fails_during(&mut self, campaign: &str) -> Result<(), StageError> {
        for device in self.losing_power(Moment::Downloading) {
            let some = |_: &Running, timeline: &Timeline| package(timeline, &device, campaign);
            self.running()?.until("the package on its way to the Device", PATIENCE, some).await?;
            self.power_cycle(&device).await?;
        }
        Ok(())
    }

    /// Takes the power from the Devices that lose it while they wait to report: between the end of transmission and the
    /// earliest report.
    pub(super) async fn power_fails_after(&mut self, campaign: &str) -> Result<(), StageError> {
        let devices = self.losing_power(Moment::WaitingToReport);
        if devices.is_empty() {
            return Ok(());
        }
        let running = self.running()?;
        let entry = running.broadcasted.iter().find(|entry| entry.campaign.as_str() == campaign);
        let offset = entry.map(|entry| entry.offset).unwrap_or_default();
        if offset.is_zero() {
            let reason = format!("campaign `{campaign}` lets nobody wait, so nobody can lose power while waiting");
            return Err(StageError::Unprepared(reason));
        }
        running.clock.sleep_until(running.last_broadcast_end + offset / 4 * 3).await;
        for device in &devices {
            self.power_cycle(device).await?;
        }
        let running = self.running()?;
        if running.clock.now() >= running.last_broadcast_end + offset {
            self.reservations.push("this host was so slow that the power was lost when reports were due".to_owned());
        }
        Ok(())
    }

    /// Takes the power from a Device that loses it at this moment.
    pub(super) async fn power_fails_at(&mut self, device: &str, moment: Moment) -> Result<(), StageError> {
        if self.losing_power(moment).iter().any(|name| name == device) {
            self.power_cycle(device).await
        } else {
            Ok(())
        }
    }
}

/// Whether a Device was seen on the delivery channel of a campaign.
fn has_joined(running: &Running, timeline: &Timeline, device: &str, campaign: &str) -> Option<()> {
    let session = tsi_of(timeline, campaign)?;
    let is_member = running.air.samples().iter().any(|look| look.tsi == Some(session) && look.joined.contains(device));
    is_member.then_some(())
}

/// Whether a campaign has been announced more than once.
fn notified_again(timeline: &Timeline, campaign: &str) -> Option<()> {
    let is_of_it = |sight: &Sight| match sight {
        Sight::Notification(notification) => {
            notification.announcement.as_ref().is_ok_and(|signed| signed.announcement.campaign.as_str() == campaign)
        }
        _ => false,
    };
    let told = timeline.on(PROVIDER_LANE).filter(|sighting| is_of_it(&sighting.what)).count();
    (told > 1).then_some(())
}

/// Whether a symbol of the first package of a campaign is on a lane; where it has none, of its Command.
pub(super) fn package(timeline: &Timeline, lane: &str, campaign: &str) -> Option<()> {
    let session = tsi_of(timeline, campaign)?;
    let packages = timeline.notifications().find_map(|(_, notification)| {
        let said = &notification.announcement.as_ref().ok()?.announcement;
        (said.campaign.as_str() == campaign).then_some(said.delivery.packages.len())
    })?;
    let object = if packages == 0 { 1 } else { 2 };
    let is_symbol =
        |sight: &Sight| matches!(sight, Sight::Symbol { tsi, toi, .. } if *tsi == session && *toi == object);
    timeline.on(lane).any(|sighting| is_symbol(&sighting.what)).then_some(())
}
