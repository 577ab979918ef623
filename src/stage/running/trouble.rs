//! What the host did to a scenario, beside what the subjects do.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Running;
use crate::capture::Timeline;
use crate::findings::{CheckResult, Verdict};
use crate::judge::{HANDS, last_report};
use crate::net::kernel;
use crate::stage::scenes::tsi_of;

/// What vendors' Devices say of dropped datagrams, each in words.
pub(in crate::stage) enum SaidDrops {
    /// With any of it, nothing can be concluded.
    Doubts(Vec<String>),
    /// With any of it nothing passes, and what failed fails all the same.
    Excuses(Vec<String>),
}

impl Running {
    /// Why a failure may be this host's doing and not that of those concerned.
    pub(in crate::stage) fn doubt_of_timing(&self, concerned: &[&str]) -> Option<String> {
        self.host.doubt_of_timing(&self.air.samples(), concerned, self.starved())
    }

    /// Why this host may have kept a Device from all of a campaign; `None` while its session goes on, and where the Device
    /// was seen on the delivery channel.
    pub(in crate::stage) fn has_missed(&self, timeline: &Timeline, device: &str, campaign: &str) -> Option<String> {
        let session = tsi_of(timeline, campaign)?;
        let samples = self.air.samples();
        let mut own = samples.iter().filter(|sample| sample.tsi == Some(session));
        let is_over = own.clone().any(|sample| sample.at_end);
        let has_joined = own.any(|sample| sample.joined.contains(device));
        (is_over && !has_joined).then(|| self.doubt_of_timing(&[device])).flatten()
    }

    /// How long this host kept timers, or a subject that is a process of its own, waiting while reports were under way.
    ///
    /// What held it up before Devices began to wait, or after the last report had come, has moved none of them.
    pub(in crate::stage) fn lag_of_reports(&self) -> Duration {
        let last = last_report(&self.recorder.timeline()).unwrap_or_else(|| self.clock.now());
        self.host.mean_lag_between(self.last_broadcast_end, last).max(self.starved_since_broadcast() / HANDS)
    }

    /// What this host did to the scenario, each in words; with any of it, nothing can be concluded.
    pub(in crate::stage) fn doubts(&self) -> Vec<String> {
        let drops = Some(self.kernel_drops()).filter(|drops| *drops > 0);
        let drops = drops.map(|drops| format!("the kernel dropped {drops} datagram(s)"));
        drops.into_iter().chain(self.troubles()).collect()
    }

    /// What this process met that no waiting mends.
    pub(super) fn troubles(&self) -> Vec<String> {
        let troubles = self.devices.iter().filter_map(|(name, device)| Some(format!("{name}: {}", device.trouble()?)));
        let provider = self.provider.iter().filter_map(|provider| provider.trouble());
        let troubles = troubles.chain(provider.map(|trouble| format!("the Service Provider: {trouble}")));
        let own = self.host.doubt_of_means().into_iter().chain(self.doubt_of_clock());
        own.chain(self.air.trouble()).chain(troubles).collect()
    }

    /// That the host's clock was set meanwhile, by which a subject in a process of its own goes and castproof does not.
    fn doubt_of_clock(&self) -> Option<String> {
        let (device_is_foreign, provider_is_foreign) = self.is_foreign;
        (device_is_foreign || provider_is_foreign).then(|| self.host.doubt_of_clock()).flatten()
    }

    /// What vendors' implementations say that kept them from doing their part.
    pub(in crate::stage) fn excuses(&self) -> Vec<String> {
        let devices = self.devices.iter().filter_map(|(name, device)| Some(format!("{name}: {}", device.excuse()?)));
        let provider = self.provider.iter().filter_map(|provider| provider.excuse());
        devices.chain(provider.map(|excuse| format!("the Service Provider: {excuse}"))).collect()
    }

    /// The datagrams that vendors' Devices say were dropped on sockets which they have closed.
    ///
    /// With such a word nothing passes. A failure is inconclusive by it where the word may be true and lost datagrams may be
    /// why: this host's kernel lost as many, or knows nothing of the Device; and the Device said nothing in the recording that
    /// breaks a standard, which no loss explains. Else the failure stands.
    pub(in crate::stage) fn said_drops(&self, standing: &[CheckResult]) -> SaidDrops {
        let said =
            self.devices.iter().filter(|_| self.is_foreign.0).map(|(name, device)| (name, device.kernel_drops()));
        let said: Vec<(&String, u64)> = said.filter(|(_, drops)| *drops > 0).collect();
        let lost = if self.lab.is_elsewhere { None } else { self.losses.lost() };
        let all = said.iter().fold(0_u64, |all, (_, drops)| all.saturating_add(*drops));
        let may_be_true = lost.is_none_or(|lost| lost >= all);
        let is_beyond_loss = standing.iter().any(|check| check.verdict == Verdict::Fail);
        let beside = match lost {
            Some(lost) if !may_be_true => format!(", and this host lost {lost}"),
            _ => String::new(),
        };
        let word = |(name, drops)| format!("Device {name} says that its kernel dropped {drops} datagram(s){beside}");
        let words = said.into_iter().map(word).collect();
        if may_be_true && !is_beyond_loss { SaidDrops::Doubts(words) } else { SaidDrops::Excuses(words) }
    }

    /// What adapters did wrong, each in words.
    pub(in crate::stage) fn adapter_faults(&self) -> Vec<String> {
        let devices = self.devices.values().flat_map(|device| device.faults());
        let provider = self.provider.iter().flat_map(|provider| provider.faults());
        self.past_faults.iter().cloned().chain(devices).chain(provider).collect()
    }

    /// Datagrams that this host's kernel dropped, for anybody, as far as castproof sees it itself: what a vendor's Device says
    /// of sockets that it has closed is its word ([`Running::said_drops`]).
    fn kernel_drops(&self) -> u64 {
        // Where the host lost nothing nobody did.
        if self.losses.is_unmoved() {
            return 0;
        }
        let own = self.devices.values().filter(|_| !self.is_foreign.0);
        let closed: u64 = own.map(|device| device.kernel_drops()).sum();
        let ports = (0..self.lease.count()).map(|index| self.lease.port(index)).collect::<BTreeSet<_>>();
        let open = kernel::udp_sockets().into_iter().filter(|row| ports.contains(&row.local.port()));
        closed + open.map(|row| row.drops).sum::<u64>()
    }
}
