//! The Devices of a scenario: their ways to the DM Server, and how they are switched on.

use std::time::Duration;

use super::Running;
use crate::capture::recording::INTERACTION_LANE;
use crate::net::{BoundRelay, TcpRelay};
use crate::spec::ChannelTable;
use crate::stage::cast::notification_channel;
use crate::stage::link::LinkPlan;
use crate::stage::script::{DevicePlan, Script, Skew};
use crate::stage::{StageBrief, StageError};
use crate::subject::{DeviceBrief, Stimulus};

/// How far a clock is off that shows another time.
const HOUR: Duration = Duration::from_secs(3600);

impl Running {
    /// Switches on every Device that is on in the beginning: when this returns, they listen.
    ///
    /// Where one cannot be, the others are still open, and closed with everything else at the end of the scenario: an adapter
    /// has the next instance to open only when they are.
    pub(in crate::stage) async fn switch_all_on(
        &mut self,
        brief: &StageBrief,
        script: &Script,
    ) -> Result<(), StageError> {
        for (plan, table) in script.devices.iter().zip(std::mem::take(&mut self.tables)) {
            self.prepare(plan, table)?;
            if plan.is_on {
                self.switch_on(brief, plan).await?;
            }
            // Twenty Devices in one go would hold up the timers of the scenarios beside this one.
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// Sets up a Device's way to the DM Server and what it will be switched on with.
    fn prepare(&mut self, plan: &DevicePlan, channels: ChannelTable) -> Result<(), StageError> {
        let relay: BoundRelay = TcpRelay::bind_at(self.lab.any_port())
            .map_err(|source| StageError::System { what: "open a relay of the interaction channel", source })?;
        if let (Some(raw), Some(lane)) = (&self.raw, self.recorder.lane(INTERACTION_LANE)) {
            raw.route(relay.local_addr(), lane);
        }
        let number = self.briefs.len() as u64;
        let mut channels = channels;
        if plan.names_the_source {
            channels.values_mut().for_each(|entry| entry.source = Some(entry.interface));
        }
        let device = DeviceBrief {
            name: plan.name.clone(),
            configuration: self.cast.device(plan, relay.local_addr()),
            channels: if plan.listens_elsewhere { self.elsewhere(channels) } else { channels },
            folder: self.folder.path().join(&plan.name),
            seed: self.seed.wrapping_mul(1_000_003).wrapping_add(number),
            clock: match plan.skew {
                None => self.clock,
                Some(Skew::Slow) => self.clock.delayed(HOUR),
                Some(Skew::Fast) => self.clock.advanced(HOUR),
            },
        };
        let link = LinkPlan::new(plan.link, self.clock, self.outage.clone()).slowed(&self.lab);
        self.relays.push(relay.forward(self.provider_brief.listen, self.clock, link.clone(), self.events.clone()));
        self.links.insert(plan.name.clone(), link);
        self.ids.insert(plan.name.clone(), plan.traits.id.clone());
        self.briefs.insert(plan.name.clone(), device);
        Ok(())
    }

    /// The same channels, but that notifications are awaited where nothing is sent.
    fn elsewhere(&self, mut channels: ChannelTable) -> ChannelTable {
        if let Some(entry) = channels.get_mut(&notification_channel()) {
            let nobody = self.lease.entry(self.lease.count() - 1, entry.interface, entry.ttl);
            *entry = nobody;
        }
        channels
    }

    /// Switches a Device on; when this returns, it listens.
    pub(in crate::stage) async fn switch_on(
        &mut self,
        brief: &StageBrief,
        plan: &DevicePlan,
    ) -> Result<(), StageError> {
        let device = self.briefs.get(&plan.name).cloned();
        let device = device.ok_or_else(|| StageError::Unprepared(format!("no Device `{}`", plan.name)))?;
        let instance = brief.casting.device.open(device).await?;
        // Its end is waited for from now on, whatever comes of the rest.
        self.devices.insert(plan.name.clone(), instance);
        let instance = self.device(&plan.name)?;
        for condition in &plan.local {
            instance.stimulate(Stimulus::Condition(*condition)).await?;
        }
        for moment in &plan.power_losses {
            if let Some(failure) = moment.failure() {
                self.recorder.power(&plan.name);
                instance.stimulate(Stimulus::PowerFails(failure)).await?;
            }
        }
        instance.listen().await?;
        self.look_for_membership(&plan.name);
        Ok(())
    }
}
