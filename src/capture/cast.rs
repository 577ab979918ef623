//! Who is who in a capture: its lanes, whose they are, and when it began.

use std::collections::HashMap;

use super::recording::{Lane, LaneId, PROVIDER_LANE};
use super::timeline::{Timeline, names};
use crate::spec::Timestamp;

/// Names that are kept at most; a capture may hold Devices without end.
const KNOWN: usize = 4096;

/// What the words of a line need to know of the capture around it.
#[derive(Debug, Clone, Default)]
pub(super) struct Cast {
    lanes: Vec<Lane>,
    /// Whether a lane is the provider's.
    pub(super) has_provider: bool,
    /// The time of the first frame.
    pub(super) started: Option<Timestamp>,
    /// Names that were looked up among these lanes.
    known: HashMap<String, String>,
}

impl Cast {
    /// That of a timeline.
    pub(super) fn of(timeline: &Timeline) -> Self {
        let mut cast = Self { started: timeline.started, ..Self::default() };
        timeline.lanes.iter().for_each(|lane| cast.join(lane.clone()));
        cast
    }

    /// Takes in the next lane.
    pub(super) fn join(&mut self, lane: Lane) {
        self.has_provider |= lane.name == PROVIDER_LANE;
        self.lanes.push(lane);
        self.known.clear();
    }

    /// The name of a lane.
    pub(super) fn lane(&self, lane: LaneId) -> &str {
        self.lanes.get(lane.0 as usize).map_or("unknown lane", |lane| &lane.name)
    }

    /// As [`Timeline::name_of`]. A capture has many lanes and many messages of each Device, so what was found is kept.
    pub(super) fn name_of(&mut self, dev_id: &str) -> &str {
        if !self.known.contains_key(dev_id) {
            if self.known.len() >= KNOWN {
                self.known.clear();
            }
            let lane = self.lanes.iter().find(|lane| names(lane, dev_id));
            let name = lane.map_or(dev_id, |lane| &lane.name);
            self.known.insert(dev_id.to_owned(), name.to_owned());
        }
        self.known.get(dev_id).map_or("", String::as_str)
    }
}
