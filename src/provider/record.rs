//! What a Service Provider knows of each Device ([FU-P-2]). Silence leaves it open: unknown, never success.

use std::collections::BTreeMap;

use crate::spec::{CampaignId, DeviceId, Timestamp};
use crate::wire::mo::ReportedResult;

/// What is known of one Device and one campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRecord {
    /// What the Device reported first.
    pub result: ReportedResult,
    /// When.
    pub at: Timestamp,
    /// Reports after the first.
    pub duplicates: u32,
    /// Where its care stands.
    pub care: CareState,
}

/// Where the care for a Device stands ([SC-POST-1]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CareState {
    /// None was started.
    NotNeeded,
    /// Commands were sent; their statuses are awaited.
    InProgress,
    /// The Device matches the others again.
    Restored,
    /// Somebody has to look.
    NeedsAttention,
    /// The schedule said to leave it.
    Ignored,
}

/// Every record of every campaign.
#[derive(Debug, Default)]
pub(super) struct Records {
    records: BTreeMap<(CampaignId, DeviceId), DeviceRecord>,
}

impl Records {
    /// Notes a report; gives whether it is the first of this Device for this campaign.
    pub(super) fn note(
        &mut self,
        campaign: &CampaignId,
        device: &DeviceId,
        result: &ReportedResult,
        at: Timestamp,
    ) -> bool {
        match self.get_mut(campaign, device) {
            Some(record) => {
                record.duplicates = record.duplicates.saturating_add(1);
                false
            }
            None => {
                let record = DeviceRecord { result: result.clone(), at, duplicates: 0, care: CareState::NotNeeded };
                self.records.insert((campaign.clone(), device.clone()), record);
                true
            }
        }
    }

    /// The record of a Device; `None` says that nothing is known.
    pub(super) fn get(&self, campaign: &CampaignId, device: &DeviceId) -> Option<&DeviceRecord> {
        self.records.get(&(campaign.clone(), device.clone()))
    }

    pub(super) fn get_mut(&mut self, campaign: &CampaignId, device: &DeviceId) -> Option<&mut DeviceRecord> {
        self.records.get_mut(&(campaign.clone(), device.clone()))
    }
}
