//! The place where scenarios are played: this host alone, unless a bench network is named.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::net::{Realm, Span};
use crate::provider::{CampaignPlan, Content};
use crate::spec::{ReportTiming, RuleAction, Timestamp};

/// Where scenarios are played, and how slowly.
#[derive(Debug, Clone, PartialEq)]
pub struct Lab {
    /// The interface that everything happens on.
    pub interface: IpAddr,
    /// The groups and ports that are taken.
    pub realm: Realm,
    /// The ranges as they were given, for repeating a scenario.
    pub given: (Option<Span<Ipv4Addr>>, Option<Span<u16>>),
    /// Time to live of everything that is sent; 1 stays on the network of the interface.
    pub ttl: u8,
    /// How many times longer than usual the spans of scenarios are, and everything is waited for.
    pub time_scale: f64,
    /// Whether Devices hear the sender's own groups, with nothing between.
    pub is_direct: bool,
    /// Whether the Devices have their sockets on another host, of which this host's kernel knows nothing.
    pub is_elsewhere: bool,
}

impl Lab {
    /// The interface alone; everything else as usual.
    pub fn on(interface: IpAddr) -> Self {
        Self {
            interface,
            realm: Realm::default(),
            given: (None, None),
            ttl: 1,
            time_scale: 1.0,
            is_direct: false,
            is_elsewhere: false,
        }
    }

    /// The arguments of the command line that ask for it.
    pub fn arguments(&self) -> Vec<String> {
        let usual = Self::on(Ipv4Addr::LOCALHOST.into());
        let mut arguments = Vec::new();
        let mut say = |name: &str, value: Option<String>| {
            arguments.extend(value.map(|value| [name.to_owned(), value]).into_iter().flatten());
        };
        say("--interface", (self.interface != usual.interface).then(|| self.interface.to_string()));
        say("--groups", self.given.0.map(|span| format!("{}-{}", span.first, span.last)));
        say("--ports", self.given.1.map(|span| format!("{}-{}", span.first, span.last)));
        say("--ttl", (self.ttl != usual.ttl).then(|| self.ttl.to_string()));
        say("--time-scale", (self.time_scale > usual.time_scale).then(|| self.time_scale.to_string()));
        arguments.extend(self.is_direct.then(|| "--direct".to_owned()));
        arguments
    }

    /// Any free port of the interface; of the loopback interface at its usual address.
    pub(super) fn any_port(&self) -> SocketAddr {
        let usual = IpAddr::V4(Ipv4Addr::LOCALHOST);
        SocketAddr::new(if self.interface.is_loopback() { usual } else { self.interface }, 0)
    }

    /// Whether the kernel's table tells of each Device whether it is a member: each has a group of its own, on this host.
    pub(super) fn shows_members(&self) -> bool {
        !self.is_direct && !self.is_elsewhere
    }

    /// A span of a scenario here.
    pub(super) fn span(&self, usual: Duration) -> Duration {
        usual.mul_f64(self.time_scale)
    }

    /// A campaign that goes on the air `now`, with all its spans as they are here.
    pub(super) fn slow(&self, mut plan: CampaignPlan, now: Timestamp) -> CampaignPlan {
        if self.time_scale <= 1.0 {
            return plan;
        }
        let span = |usual: Duration| self.span(usual);
        let moment = |at: Timestamp| if at > now { now + span(at.since(now)) } else { now - span(now.since(at)) };
        plan.rollout.not_before = plan.rollout.not_before.map(moment);
        plan.rollout.not_after = plan.rollout.not_after.map(moment);
        plan.rollout.start_window = span(plan.rollout.start_window);
        plan.reporting.offset = span(plan.reporting.offset);
        plan.reporting.window = span(plan.reporting.window);
        plan.reporting.retry_interval = span(plan.reporting.retry_interval);
        if let Some(consent) = &mut plan.consent {
            consent.longest_deferral = span(consent.longest_deferral);
        }
        plan.lifetime = span(plan.lifetime);
        plan.broadcast.lead = span(plan.broadcast.lead);
        plan.broadcast.cycle_gap = span(plan.broadcast.cycle_gap);
        plan.care.patience = span(plan.care.patience);
        if let Content::Provisioning { schedule: Some(schedule), .. } = &mut plan.content {
            for rule in &mut schedule.rules {
                if let RuleAction::Report(timing) = rule.action {
                    rule.action = RuleAction::Report(ReportTiming {
                        offset: span(timing.offset),
                        window: span(timing.window),
                        retry_interval: span(timing.retry_interval),
                        ..timing
                    });
                }
            }
        }
        plan
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::spec::CampaignId;

    #[test]
    fn every_span_of_a_campaign_is_longer_in_a_slow_lab_and_nothing_else() {
        let lab = Lab { time_scale: 3.0, ..Lab::on(Ipv4Addr::LOCALHOST.into()) };
        let now = Timestamp::default() + Duration::from_secs(1000);
        let mut plan = CampaignPlan::new(CampaignId::new("x").unwrap(), Content::Firmware(Arc::from(vec![1_u8; 8])));
        plan.rollout.not_before = Some(now + Duration::from_secs(2));
        plan.rollout.not_after = Some(now - Duration::from_secs(1));
        plan.reporting.window = Duration::from_millis(400);

        let slow = lab.slow(plan.clone(), now);

        assert_eq!(slow.rollout.not_before, Some(now + Duration::from_secs(6)));
        assert_eq!(slow.rollout.not_after, Some(now - Duration::from_secs(3)));
        assert_eq!(slow.reporting.window, Duration::from_millis(1200));
        assert_eq!((slow.lifetime, slow.broadcast.lead), (plan.lifetime * 3, plan.broadcast.lead * 3));
        assert_eq!((slow.age, slow.broadcast.repetitions), (plan.age, plan.broadcast.repetitions));
        assert_eq!(Lab::on(lab.interface).slow(plan.clone(), now).lifetime, plan.lifetime);
    }

    #[test]
    fn a_lab_is_told_by_what_is_not_usual_about_it() {
        let usual = Lab::on(Ipv4Addr::LOCALHOST.into());
        let given = (Some("239.1.0.0-239.1.0.99".parse().unwrap()), Some("7000-7100".parse().unwrap()));
        let lab = Lab { given, ttl: 4, time_scale: 2.5, is_direct: true, ..usual.clone() };

        assert!(usual.arguments().is_empty());
        let words = "--groups 239.1.0.0-239.1.0.99 --ports 7000-7100 --ttl 4 --time-scale 2.5 --direct";
        assert_eq!(lab.arguments().join(" "), words);
    }
}
