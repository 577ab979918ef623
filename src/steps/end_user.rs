//! The End User, who is asked.

use cucumber::gherkin::Step;
use cucumber::{given, then, when};

use super::events::AnsweredText;
use super::parameters::{AnswerText, CampaignName, DeviceName, Number, Offered};
use crate::stage::{Stage, StageError};

#[given(expr = "campaign {campaign} has been offered to the End User of Device {device}")]
async fn has_been_offered(
    stage: &mut Stage,
    campaign: CampaignName,
    device: DeviceName,
    #[step] step: &Step,
) -> Result<(), StageError> {
    stage.at(step).offered(&device.0, &campaign.0).await
}

#[given(expr = "the End User of Device {device} has {answered} the update")]
async fn has_answered(
    stage: &mut Stage,
    device: DeviceName,
    answer: AnsweredText,
    #[step] step: &Step,
) -> Result<(), StageError> {
    stage.at(step).answer(&device.0, answer.0).await
}

#[when(expr = "the End User of Device {device} {answer} the update")]
async fn answers(
    stage: &mut Stage,
    device: DeviceName,
    answer: AnswerText,
    #[step] step: &Step,
) -> Result<(), StageError> {
    stage.at(step).answer(&device.0, answer.0).await
}

#[when(expr = "the longest deferral of the update is over")]
async fn deferral_is_over(stage: &mut Stage, #[step] step: &Step) -> Result<(), StageError> {
    stage.at(step).deferral_ends().await
}

#[then(expr = "Device {device} asks its End User exactly {int} time(s)")]
async fn asks(stage: &mut Stage, device: DeviceName, times: Number, #[step] step: &Step) -> Result<(), StageError> {
    stage.at(step).asked(&device.0, times.0.into()).await
}

#[then(expr = "declining is {offered} to the End User of Device {device}")]
fn declining_is(
    stage: &mut Stage,
    offered: Offered,
    device: DeviceName,
    #[step] step: &Step,
) -> Result<(), StageError> {
    stage.at(step).decline_offered(&device.0, offered.0)
}
