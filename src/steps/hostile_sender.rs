//! The hostile sender, who would pass for the Service Provider.

use std::str::FromStr;

use cucumber::gherkin::Step;
use cucumber::{Parameter, given, when};

use super::parameters::{CampaignName, ParameterError};
use crate::stage::hostile::{Attack, Flaw};
use crate::stage::{Stage, StageError};

/// What is wrong with a campaign; the closed list of [`Flaw`].
#[derive(Debug)]
pub(super) struct FlawText(pub Flaw);

impl Parameter for FlawText {
    const REGEX: &'static str = Flaw::REGEX;
    const NAME: &'static str = "flaw";
}

impl FromStr for FlawText {
    type Err = ParameterError;
    fn from_str(text: &str) -> Result<Self, ParameterError> {
        Flaw::from_words(text).map(Self).ok_or_else(|| ParameterError::of(text, "it is no flaw"))
    }
}

/// What is done while a campaign is on the air; the closed list of [`Attack`].
#[derive(Debug)]
pub(super) struct AttackText(pub Attack);

impl Parameter for AttackText {
    const REGEX: &'static str = Attack::REGEX;
    const NAME: &'static str = "attack";
}

impl FromStr for AttackText {
    type Err = ParameterError;
    fn from_str(text: &str) -> Result<Self, ParameterError> {
        Attack::from_words(text).map(Self).ok_or_else(|| ParameterError::of(text, "it is no attack"))
    }
}

#[given(expr = "a hostile sender has broadcast campaign {campaign} with {flaw}")]
#[when(expr = "a hostile sender broadcasts campaign {campaign} with {flaw}")]
async fn broadcasts(
    stage: &mut Stage,
    campaign: CampaignName,
    flaw: FlawText,
    #[step] step: &Step,
) -> Result<(), StageError> {
    stage.at(step).broadcast_flawed(&campaign.0, flaw.0).await
}

#[when(expr = "a hostile sender {attack} while campaign {campaign} is on the air")]
async fn attacks(
    stage: &mut Stage,
    attack: AttackText,
    campaign: CampaignName,
    #[step] step: &Step,
) -> Result<(), StageError> {
    stage.at(step).attack(attack.0, &campaign.0).await
}

#[when(expr = "an unknown sender replays campaign {campaign}")]
async fn replays(stage: &mut Stage, campaign: CampaignName, #[step] step: &Step) -> Result<(), StageError> {
    stage.at(step).replay(&campaign.0).await
}
