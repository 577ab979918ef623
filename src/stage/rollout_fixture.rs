//! When Devices may act on a campaign fixture.

use std::time::Duration;

use serde::Deserialize;

use crate::spec::{Rollout, Timestamp};

/// When Devices may act, counted from when the campaign goes on the air.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct RolloutFixture {
    not_before_ms: Option<u64>,
    not_after_ms: Option<u64>,
    start_window_ms: u64,
}

impl RolloutFixture {
    /// The times of a campaign that goes on the air `now`.
    pub(super) fn at(self, now: Timestamp) -> Rollout {
        Rollout {
            not_before: self.not_before_ms.map(|span| now + Duration::from_millis(span)),
            not_after: self.not_after_ms.map(|span| now + Duration::from_millis(span)),
            start_window: Duration::from_millis(self.start_window_ms),
        }
    }
}
