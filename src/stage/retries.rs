//! How long Devices may go on attempting to report, by what goes wrong on their way to the DM Server.

use std::time::Duration;

use super::broadcasted::Broadcasted;
use super::link::LinkRule;
use super::script::DevicePlan;
use super::{Stage, StageError};

/// What answers, and the outage itself, may add to the time in which faults of the interaction channel come.
const SLACK: Duration = Duration::from_secs(1);

impl Stage {
    /// Waits until everything has gone wrong that was to go wrong on the ways to the DM Server, as long as conformant
    /// Devices may take to meet it. What a Device does not meet is for the judge to speak of.
    pub(super) async fn links_settle(&mut self) -> Result<(), StageError> {
        let rules: Vec<LinkRule> = self.script.devices.iter().filter_map(|device| device.link).collect();
        let running = self.running()?;
        let longest = |entry: &Broadcasted| {
            let most = rules.iter().map(|rule| entry.latest_report + retries(entry, *rule, 1..entry.attempts.max(1)));
            most.max().unwrap_or_default()
        };
        let within = running.broadcasted.iter().map(longest).max().unwrap_or_default();
        if rules.is_empty() || within.is_zero() {
            return Ok(());
        }
        match running
            .until("faults of the interaction channel", within + SLACK, |running, _| {
                running.links_are_spent().then_some(())
            })
            .await
        {
            Ok(()) | Err(StageError::OutOfTime { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// How long from now on reports may come of Devices for which a transmission ends with the expiry of its table.
    pub(super) fn latest_report_after_expiry(&self) -> Result<Duration, StageError> {
        if !self.script.devices.iter().any(|device| device.hears_to_expiry) {
            return Ok(Duration::ZERO);
        }
        let running = self.running()?;
        let now = running.clock.now();
        // On the wire it is a whole second.
        let end = |entry: &Broadcasted| (entry.expires_at + Duration::from_secs(1) + entry.latest_report).since(now);
        Ok(running.broadcasted.iter().map(end).max().unwrap_or_default())
    }

    /// How long a Device may wait for its next attempt when faults have ended; where nothing ends them, for all of them.
    pub(super) fn longest_retries(&self) -> Duration {
        let devices = self.script.devices.iter();
        let rules: Vec<LinkRule> =
            devices.clone().filter_map(|device| device.link).filter(|rule| rule.costs_attempts()).collect();
        let has_stranger = devices.clone().any(DevicePlan::is_stranger);
        let entries = self.running.iter().flat_map(|running| &running.broadcasted);
        let longest = |entry: &Broadcasted| {
            let last = rules.iter().map(|rule| {
                let failures = rule.failures(entry.attempts);
                retries(entry, *rule, failures..failures + 1)
            });
            let all = has_stranger.then(|| entry.retry_interval * entry.attempts);
            last.chain(all).max().unwrap_or_default()
        };
        entries.map(longest).max().unwrap_or_default()
    }
}

/// How long the pauses after these failed attempts may last together (profile section 5.7).
fn retries(entry: &Broadcasted, rule: LinkRule, failures: std::ops::Range<u32>) -> Duration {
    let window = if entry.window.is_zero() { entry.retry_interval } else { entry.window };
    let pause = |k: u32| {
        let redrawn = if rule.is_overload() { window * 2_u32.saturating_pow(k) } else { Duration::ZERO };
        entry.retry_interval.max(rule.retry_after()) + redrawn
    };
    failures.map(pause).sum()
}
