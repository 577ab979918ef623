//! The state of a firmware update (OMA FUMO 1.0): its diagram, and how it goes with the result that was reported.

use std::collections::BTreeMap;

use crate::wire::mo::fumo::{self, FumoResult, FumoState};
use crate::wire::syncml::{Command, Message};

use super::Look;
use super::fumo::{Final, execs, finals};
use super::scene::{Reading, Scene};

/// The readings of State, by Device.
pub(super) fn state_readings<'a>(scene: &Scene<'a>) -> BTreeMap<&'a str, Vec<Reading<'a>>> {
    let mut by_device: BTreeMap<&str, Vec<Reading<'a>>> = BTreeMap::new();
    for reading in scene.readings() {
        if reading.node == fumo::STATE && reading.value.is_some() {
            by_device.entry(reading.device).or_default().push(reading);
        }
    }
    by_device
}

fn state_of(reading: &Reading<'_>) -> Option<FumoState> {
    reading.value?.trim().parse().ok().and_then(FumoState::from_number)
}

/// Whether one campaign can lead from one state to the other, in however many steps.
fn is_reachable(from: FumoState, to: FumoState) -> bool {
    let mut reached = vec![from];
    let mut index = 0;
    while let Some(state) = reached.get(index).copied() {
        // Idle ends a campaign; what follows it is another.
        let goes_on = state != FumoState::Idle || index == 0;
        let next = FumoState::ALL.into_iter().filter(|next| goes_on && state.can_follow(*next));
        let next: Vec<FumoState> = next.filter(|next| !reached.contains(next)).collect();
        reached.extend(next);
        index += 1;
    }
    reached.contains(&to) || (to == FumoState::Idle && from.is_terminal())
}

/// How much a Command asks for; its result is that of the first operation that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// One operation: the state is where that ended.
    Single,
    /// Several that take effect together or not at all.
    Together,
    /// Several, each by itself; or nothing is known of it.
    Several,
}

impl Shape {
    fn of(command: Option<&Message>) -> Self {
        let Some(command) = command else { return Self::Several };
        let is_together = command.body.iter().any(|command| matches!(command, Command::Atomic(_)));
        match execs(&command.body).len() {
            0 | 1 => Self::Single,
            _ if is_together && command.body.len() == 1 => Self::Together,
            _ => Self::Several,
        }
    }
}

/// Whether a state goes with a result that was reported, of a Command of this shape.
fn goes_with(state: FumoState, code: u16, shape: Shape) -> bool {
    use FumoState::{DownloadComplete, Idle, ReadyToUpdate, UpdateSuccessfulHaveData, UpdateSuccessfulNoData};
    let succeeded = matches!(state, UpdateSuccessfulHaveData | UpdateSuccessfulNoData);
    match code / 100 {
        // A Command may do no more than download.
        2 => succeeded || matches!(state, Idle | DownloadComplete | ReadyToUpdate),
        // The result is that of the first operation that failed; another may have led to any state all the same.
        _ if shape == Shape::Several => !matches!(state, FumoState::DownloadProgressing | FumoState::UpdateProgressing),
        // What failed while it was installed had been downloaded.
        _ if shape == Shape::Single
            && (code == FumoResult::UPDATE_FAILED.0 || code == FumoResult::OUT_OF_MEMORY_FOR_UPDATE.0) =>
        {
            matches!(state, Idle | ReadyToUpdate | FumoState::UpdateFailedHaveData | FumoState::UpdateFailedNoData)
        }
        _ => !succeeded && !matches!(state, FumoState::DownloadProgressing | FumoState::UpdateProgressing),
    }
}

pub(super) fn states(scene: &Scene<'_>) -> Look {
    let mut look = Look::default();
    let finals = finals(scene);
    for (dev_id, readings) in state_readings(scene) {
        let device = scene.timeline.name_of(dev_id);
        // With several campaigns a reading may belong to any of them.
        let is_simple = scene.firmware_campaigns_of(dev_id) <= 1;
        let mut before: Option<FumoState> = None;
        for reading in &readings {
            let Some(state) = state_of(reading) else {
                let value = reading.value.unwrap_or_default();
                look.at(reading.spot, Some(format!("State of Device {device} is `{value}`")));
                continue;
            };
            let jump = before.filter(|before| is_simple && !is_reachable(*before, state));
            let result = finals.iter().rfind(|found| found.device == dev_id && found.spot < reading.spot);
            let shape = result.map_or(Shape::Several, |found| Shape::of(found.command(scene)));
            let code = result.and_then(Final::code).filter(|code| is_simple && !goes_with(state, *code, shape));
            let now = state.number();
            let fault = match (jump, code) {
                (Some(before), _) => Some(format!("State of Device {device} is {now} after {}", before.number())),
                (None, Some(code)) => Some(format!("State of Device {device} is {now} after it reported {code}")),
                (None, None) => None,
            };
            look.at(reading.spot, fault);
            before = Some(state);
        }
    }
    look
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_after_several_operations_is_that_of_any_but_an_atomic_leaves_no_success() {
        for (shape, code, state, goes) in [
            (Shape::Single, 410, FumoState::UpdateFailedNoData, true),
            (Shape::Single, 410, FumoState::DownloadFailed, false),
            (Shape::Single, 400, FumoState::UpdateSuccessfulNoData, false),
            (Shape::Several, 410, FumoState::DownloadFailed, true),
            (Shape::Several, 410, FumoState::UpdateSuccessfulNoData, true),
            (Shape::Several, 400, FumoState::UpdateSuccessfulNoData, true),
            (Shape::Several, 400, FumoState::UpdateProgressing, false),
            (Shape::Together, 400, FumoState::UpdateSuccessfulNoData, false),
            (Shape::Together, 400, FumoState::ReadyToUpdate, true),
        ] {
            assert_eq!(goes_with(state, code, shape), goes, "{shape:?}, {code}, {state:?}");
        }
    }
}
