//! The plans of the relays, in the words in which findings keep them.

use crate::findings::{OddAccount, RelayPlan};

use super::Stage;
use super::air::AirPlan;

impl Stage {
    /// What the relays were to do, for each Device to whose traffic they were to do anything.
    pub(super) fn relay_plans(&self) -> Vec<RelayPlan> {
        let Some(brief) = &self.brief else { return Vec::new() };
        let plans = self.script.devices.iter().zip(1..).map(|(device, number)| RelayPlan {
            device: device.name.clone(),
            seed: AirPlan::seed(brief.seed, number),
            broadcast: device.air.iter().map(|rule| format!("{rule:?}")).collect(),
            interaction: device.link.iter().map(|rule| format!("{rule:?}")).collect(),
        });
        plans.filter(|plan| !plan.broadcast.is_empty() || !plan.interaction.is_empty()).collect()
    }
    /// The accounts about which something is odd.
    pub(super) fn odd_accounts(&self) -> Vec<OddAccount> {
        let accounts = self.script.devices.iter().map(|device| OddAccount {
            device: device.traits.id.to_string(),
            has_wrong_password: device.has_wrong_password,
            distrusts_server: device.distrusts_server,
        });
        accounts.filter(|account| account.has_wrong_password || account.distrusts_server).collect()
    }
}
