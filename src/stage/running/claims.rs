//! What is known beside the traffic: what instances say of themselves, and what the kernel says of them.

use std::collections::BTreeMap;

use crate::adapter::{ResultOfDevice, Standing};
use crate::judge::Beside;
use crate::spec::Timestamp;
use crate::subject::{Claim, ClaimKind};

use super::Running;

impl Running {
    /// What the Devices have said of themselves, by name.
    pub(in crate::stage) fn claims(&self) -> Vec<(String, Claim)> {
        let mut all = Vec::new();
        for (name, device) in &self.devices {
            all.extend(device.claims().into_iter().map(|claim| (name.clone(), claim)));
        }
        all
    }

    /// How often the End User of a Device was asked about a campaign.
    pub(in crate::stage) fn prompts(&self, device: &str, campaign: &crate::spec::CampaignId) -> usize {
        let Some(device) = self.devices.get(device) else { return 0 };
        let is_prompt =
            |what: &ClaimKind| matches!(what, ClaimKind::Prompted { campaign: about, .. } if about == campaign);
        device.claims().iter().filter(|claim| is_prompt(&claim.what)).count()
    }

    /// Everything that is known beside the traffic.
    pub(in crate::stage) fn beside(&self) -> Beside {
        let is_scenario = |at: Timestamp| self.first_roll_call.is_none_or(|first| at < first);
        let samples = self.air.samples().into_iter().filter(|sample| is_scenario(sample.at) && !sample.at_end);
        let prompts = self.claims().into_iter().filter_map(|(device, claim)| match claim.what {
            ClaimKind::Prompted { campaign, may_decline } => Some((device, campaign.to_string(), may_decline)),
            ClaimKind::Settled { .. } | ClaimKind::Note(_) => None,
        });
        let mut records = BTreeMap::new();
        for broadcasted in &self.broadcasted {
            for (name, id) in &self.ids {
                if let Some(record) = self.provider.as_ref().and_then(|one| one.record(&broadcasted.campaign, id)) {
                    records.insert((name.clone(), broadcasted.campaign.to_string()), words(&record).to_owned());
                }
            }
        }
        Beside {
            memberships: samples.map(|sample| (sample.at, sample.joined)).collect(),
            prompts: prompts.collect(),
            records,
        }
    }
}

fn words(record: &ResultOfDevice) -> &'static str {
    match (record.care, record.success) {
        (Standing::Restored, _) => "restored",
        (Standing::NeedsAttention, _) => "needs attention",
        (_, true) => "success",
        (_, false) => "failure",
    }
}
