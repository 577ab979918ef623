//! Given: who there is, and what is peculiar about them.

use cucumber::gherkin::Step;
use cucumber::given;

use super::conditions::ConditionText;
use super::parameters::{DeviceNames, PopulationName};
use crate::stage::{Stage, StageError};

#[given(expr = "the population {population}")]
fn the_population(stage: &mut Stage, name: PopulationName, #[step] step: &Step) -> Result<(), StageError> {
    stage.at(step).populate(&name.0)
}

#[given(expr = "Device(s) {devices} {condition}")]
fn devices_are_peculiar(
    stage: &mut Stage,
    devices: DeviceNames,
    condition: ConditionText,
    #[step] step: &Step,
) -> Result<(), StageError> {
    stage.at(step).make(&devices.0, &condition.0)
}
