//! What a Service Provider knows of each Device ([FU-P-2]). Silence leaves it open: unknown, never success.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::spec::{CampaignId, DeviceId, Timestamp};
use crate::wire::mo::ReportedResult;
use crate::wire::mo::provisioning::ProvisioningReport;

/// What is known of one Device and one campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRecord {
    /// What the Device reported first.
    pub result: ReportedResult,
    /// When.
    pub at: Timestamp,
    /// Reports after the first.
    pub duplicates: u32,
    /// Where its care stands.
    pub care: CareState,
    /// How many processes have failed: the next is the first of those that the plan has after them.
    pub failed_steps: u32,
    /// What failed in the last of them.
    pub failing: Option<ProvisioningReport>,
    /// When commands whose statuses are awaited count as failed.
    pub care_until: Option<Timestamp>,
}

/// Where the care for a Device stands ([SC-POST-1]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CareState {
    /// None was started.
    NotNeeded,
    /// Commands were sent, and their statuses are awaited; or the next are ready for when the Device comes again.
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
    /// Care whose statuses are awaited, by when it counts as failed.
    awaited: BTreeSet<(Timestamp, CampaignId, DeviceId)>,
}

impl Records {
    /// Takes up what was kept.
    pub(super) fn restore(&mut self, records: BTreeMap<(CampaignId, DeviceId), DeviceRecord>) {
        let awaited = records
            .iter()
            .filter_map(|((campaign, device), record)| Some((record.care_until?, campaign.clone(), device.clone())));
        self.awaited = awaited.collect();
        self.records = records;
    }

    /// The care that is the first to count as failed, and when.
    pub(super) fn first_overdue(&self) -> Option<&(Timestamp, CampaignId, DeviceId)> {
        self.awaited.first()
    }

    /// Says until when the statuses of care are awaited.
    pub(super) fn await_care(&mut self, campaign: &CampaignId, device: &DeviceId, until: Option<Timestamp>) {
        let key = (campaign.clone(), device.clone());
        let Some(record) = self.records.get_mut(&key) else { return };
        if let Some(before) = std::mem::replace(&mut record.care_until, until) {
            self.awaited.remove(&(before, key.0.clone(), key.1.clone()));
        }
        self.awaited.extend(until.map(|until| (until, key.0, key.1)));
    }

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
                let record = DeviceRecord {
                    result: result.clone(),
                    at,
                    duplicates: 0,
                    care: CareState::NotNeeded,
                    failed_steps: 0,
                    failing: None,
                    care_until: None,
                };
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
