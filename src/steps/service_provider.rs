//! The Service Provider.

use cucumber::gherkin::Step;
use cucumber::{given, then, when};

use super::events::RestartText;
use super::parameters::{CampaignName, DeviceName, Number, OutcomeText, ReportersText, Span};
use crate::stage::{Stage, StageError};

#[given(
    expr = "campaign {campaign} asks for reports {reporters}, {duration} to {duration} after the end of transmission"
)]
fn campaign_asks_for_reports(
    stage: &mut Stage,
    campaign: CampaignName,
    who: ReportersText,
    earliest: Span,
    latest: Span,
    #[step] step: &Step,
) {
    stage.at(step).ask_for_reports(&campaign.0, who.0, earliest.0, latest.0);
}

#[given(expr = "campaign {campaign} has been broadcast")]
#[when(expr = "the Service Provider broadcasts campaign {campaign}")]
async fn broadcasts(stage: &mut Stage, campaign: CampaignName, #[step] step: &Step) -> Result<(), StageError> {
    stage.at(step).broadcast(&campaign.0).await
}

#[when(expr = "the Service Provider broadcasts campaign {campaign} after it has expired")]
async fn broadcasts_expired(stage: &mut Stage, campaign: CampaignName, #[step] step: &Step) -> Result<(), StageError> {
    stage.at(step).broadcast_expired(&campaign.0).await
}

#[when(expr = "the Service Provider broadcasts campaigns {campaign} and {campaign} at once")]
async fn broadcasts_both(
    stage: &mut Stage,
    one: CampaignName,
    other: CampaignName,
    #[step] step: &Step,
) -> Result<(), StageError> {
    stage.at(step).broadcast_both(&one.0, &other.0).await
}

#[when(expr = "the Service Provider restarts {moment}")]
async fn restarts(stage: &mut Stage, moment: RestartText, #[step] step: &Step) -> Result<(), StageError> {
    stage.at(step).restart_provider(&moment.0).await
}

#[then(expr = "campaign {campaign} takes no more octets on the air than for one Device")]
fn takes_octets(stage: &mut Stage, campaign: CampaignName, #[step] step: &Step) -> Result<(), StageError> {
    stage.at(step).octets_on_air(&campaign.0)
}

#[then(expr = "campaign {campaign} is on the air {int} times")]
async fn is_on_the_air(
    stage: &mut Stage,
    campaign: CampaignName,
    times: Number,
    #[step] step: &Step,
) -> Result<(), StageError> {
    stage.at(step).on_air(&campaign.0, times.0.into()).await
}

#[then(expr = "each campaign has a higher sequence number than the one before")]
fn sequence_rises(stage: &mut Stage, #[step] step: &Step) -> Result<(), StageError> {
    stage.at(step).sequence_rises()
}

#[then(expr = "the Service Provider's record of Device {device} for campaign {campaign} says {outcome}")]
async fn record_says(
    stage: &mut Stage,
    device: DeviceName,
    campaign: CampaignName,
    outcome: OutcomeText,
    #[step] step: &Step,
) -> Result<(), StageError> {
    stage.at(step).recorded(&device.0, &campaign.0, &outcome.0).await
}

#[then(expr = "the traffic matches the golden recording")]
async fn traffic_is_golden(stage: &mut Stage, #[step] step: &Step) -> Result<(), StageError> {
    stage.at(step).match_golden().await
}
