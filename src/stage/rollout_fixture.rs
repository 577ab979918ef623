//! When Devices may act on a campaign fixture.

use std::time::Duration;

use serde::Deserialize;

use crate::spec::{Rollout, Timestamp};

/// When Devices may act, counted from when the campaign goes on the air.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct RolloutFixture {
    not_before_ms: Option<u64>,
    /// Negative is before: a time that was over when the campaign began.
    not_after_ms: Option<i64>,
    start_window_ms: u64,
}

impl RolloutFixture {
    /// The times of a campaign that goes on the air `now`.
    pub(super) fn at(self, now: Timestamp) -> Rollout {
        Rollout {
            not_before: self.not_before_ms.map(|span| now + Duration::from_millis(span)),
            not_after: self.not_after_ms.map(|span| {
                let magnitude = Duration::from_millis(span.unsigned_abs());
                if span < 0 { now - magnitude } else { now + magnitude }
            }),
            start_window: Duration::from_millis(self.start_window_ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_time_to_begin_may_lie_before_the_campaign() {
        let now = Timestamp::from_millis(100_000);
        let at = |fixture: &str| serde_yaml::from_str::<RolloutFixture>(fixture).unwrap().at(now).not_after;

        let times = [at("{not-after-ms: -60000}"), at("{not-after-ms: 700}"), at("{start-window-ms: 5}")];

        assert_eq!(times, [Some(Timestamp::from_millis(40_000)), Some(Timestamp::from_millis(100_700)), None]);
    }
}
