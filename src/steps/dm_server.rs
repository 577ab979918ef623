//! The DM Server: provisioning and care.

use cucumber::gherkin::Step;
use cucumber::{then, when};

use super::parameters::{CampaignName, DeviceNames};
use crate::stage::{Stage, StageError};

#[when(expr = "the DM Server broadcasts provisioning data {campaign}")]
async fn provisions(stage: &mut Stage, data: CampaignName, #[step] step: &Step) -> Result<(), StageError> {
    stage.at(step).broadcast(&data.0).await
}

#[when(expr = "the DM Server is told to broadcast provisioning data {campaign}")]
async fn is_told_to_provision(stage: &mut Stage, data: CampaignName, #[step] step: &Step) -> Result<(), StageError> {
    stage.at(step).attempt(&data.0).await
}

#[then(expr = "provisioning data {campaign} is never on the air")]
async fn is_never_on_the_air(stage: &mut Stage, data: CampaignName, #[step] step: &Step) -> Result<(), StageError> {
    stage.at(step).never_on_air(&data.0).await
}

#[then(expr = "the DM Server cares for Device(s) {devices} only")]
async fn cares_for(stage: &mut Stage, devices: DeviceNames, #[step] step: &Step) -> Result<(), StageError> {
    stage.at(step).cared_for(&devices.0).await
}

#[then(expr = "the DM Server cares for no Device")]
async fn cares_for_nobody(stage: &mut Stage, #[step] step: &Step) -> Result<(), StageError> {
    stage.at(step).cared_for(&[]).await
}
