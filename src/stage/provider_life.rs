//! What happens to the Service Provider: it restarts, and it broadcasts two campaigns at once.

use std::time::Duration;

use crate::capture::Timeline;
use crate::capture::recording::PROVIDER_LANE;
use crate::subject::ProviderInstance;

use super::link::LinkPlan;
use super::moments::package;
use super::running::Running;
use super::{PATIENCE, Stage, StageBrief, StageError};

/// When the Service Provider restarts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RestartMoment {
    /// When the package of a campaign is on the air for the first time.
    InTheMiddleOf(String),
    /// Before it broadcasts a campaign, when every report that was due has come.
    Before(String),
    /// When it has answered the report of a Device, and has not had the statuses of its care.
    Caring {
        /// The Device.
        device: String,
        /// The campaign that the Device reports about.
        campaign: String,
    },
}

impl Stage {
    /// Broadcasts two campaigns at the same time.
    pub async fn broadcast_both(&mut self, one: &str, other: &str) -> Result<(), StageError> {
        self.start_broadcast(one, Duration::ZERO).await?;
        self.start_broadcast(other, Duration::ZERO).await?;
        self.broadcast_ends(one).await?;
        let first_end = self.running()?.last_broadcast_end;
        self.broadcast_ends(other).await?;
        let running = self.running.as_mut().ok_or(StageError::NotRaised)?;
        running.last_broadcast_end = running.last_broadcast_end.max(first_end);
        Ok(())
    }

    /// Restarts the Service Provider: it ends as it is, and is opened again with what it has kept.
    pub async fn restart_provider(&mut self, moment: &RestartMoment) -> Result<(), StageError> {
        match moment {
            RestartMoment::InTheMiddleOf(campaign) => {
                self.start_broadcast(campaign, Duration::ZERO).await?;
                let some = |_: &Running, timeline: &Timeline| package(timeline, PROVIDER_LANE, campaign);
                self.running()?.until("the package on the air", PATIENCE, some).await?;
                self.restart().await?;
                self.broadcast_ends(campaign).await
            }
            RestartMoment::Before(campaign) => {
                self.roll_call().await?;
                self.restart().await?;
                self.broadcast(campaign).await
            }
            RestartMoment::Caring { device, campaign } => {
                self.open().await?;
                self.running()?.link(device)?.hold();
                self.start_broadcast(campaign, Duration::ZERO).await?;
                self.broadcast_ends(campaign).await?;
                self.answer_is_held(device, campaign).await?;
                self.restart().await
            }
        }
    }

    /// Waits until the answer to a report of a Device is held back; who missed the campaign will send none.
    async fn answer_is_held(&mut self, device: &str, campaign: &str) -> Result<(), StageError> {
        let what = "the answer to a report";
        let held = |running: &Running, timeline: &Timeline| {
            let is_held = running.link(device).is_ok_and(|link| link.is_holding());
            if is_held { Some(Ok(())) } else { running.has_missed(timeline, device, campaign).map(Err) }
        };
        let running = self.running()?;
        let doubt = match running.until(what, PATIENCE, held).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(doubt)) => doubt,
            // It may have joined too late for all of it.
            Err(error @ StageError::OutOfTime { .. }) => running.doubt_of_timing(&[device]).ok_or(error)?,
            Err(error) => return Err(error),
        };
        self.doubts.push(doubt);
        Err(StageError::Host { what: what.to_owned() })
    }

    async fn restart(&mut self) -> Result<(), StageError> {
        let brief = self.brief()?.clone();
        self.current_roll_call = None;
        self.running.as_mut().ok_or(StageError::NotRaised)?.restart_provider(&brief).await
    }
}

impl Running {
    /// The Service Provider.
    pub(super) fn provider(&self) -> Result<&dyn ProviderInstance, StageError> {
        self.provider.as_deref().ok_or(StageError::NotRaised)
    }

    /// Ends the Service Provider as it is, and starts it again with what it has kept.
    pub(super) async fn restart_provider(&mut self, brief: &StageBrief) -> Result<(), StageError> {
        if let Some(provider) = self.provider.take() {
            self.past_faults.extend(provider.end().await);
        }
        self.provider = Some(brief.casting.provider.open(self.provider_brief.clone()).await?);
        Ok(())
    }

    /// Has the Service Provider look up what it has recorded.
    pub(super) async fn look_up_records(&self) -> Result<(), StageError> {
        let campaigns = self.broadcasted.iter().map(|entry| &entry.campaign);
        let about = campaigns.flat_map(|campaign| self.device_ids().map(|id| (campaign.clone(), id.clone())));
        Ok(self.provider()?.look_up(about.collect()).await?)
    }

    /// A Device's way to the DM Server.
    pub(super) fn link(&self, device: &str) -> Result<&LinkPlan, StageError> {
        let link = self.links.get(device);
        link.ok_or_else(|| StageError::Unprepared(format!("no Device `{device}`")))
    }
}
