//! How long subjects that are processes of their own waited for a processor: what the host added to their times, which the
//! timers of this process do not show.

use std::rc::Rc;
use std::time::Duration;

use super::Running;
use crate::judge::HANDS;
use crate::spec::Timestamp;
use crate::stage::Casting;
use crate::subject::process::ProcessorWaits;

/// Looks at the kernel's count of both subjects.
pub(super) struct Starved {
    casting: Rc<Casting>,
    marks: Vec<(Timestamp, [ProcessorWaits; 2])>,
}

impl Starved {
    /// Counts from now on.
    pub(super) fn begin(casting: Rc<Casting>, now: Timestamp) -> Self {
        let mut starved = Self { casting, marks: Vec::new() };
        starved.mark(now);
        starved
    }

    fn mark(&mut self, at: Timestamp) {
        self.marks.push((at, self.now()));
    }

    fn now(&self) -> [ProcessorWaits; 2] {
        [self.casting.device.processor_waits(), self.casting.provider.processor_waits()]
    }

    /// The longest that anything of them has waited since the last mark that is not after `begin`, all its waits together.
    fn since(&self, begin: Timestamp) -> Duration {
        let earlier = self.marks.iter().rev().find(|(at, _)| *at <= begin).or(self.marks.first());
        let Some((_, earlier)) = earlier else { return Duration::ZERO };
        self.now().iter().zip(earlier).map(|(now, earlier)| now.longest_since(earlier)).max().unwrap_or_default()
    }
}

impl Running {
    /// Notes that the scenario's own campaign was over on the air.
    pub(in crate::stage) fn broadcast_ended(&mut self, at: Timestamp) {
        self.last_broadcast_end = at;
        self.starved.mark(at);
    }

    /// The longest that a subject that is a process of its own waited for a processor in this scenario.
    pub(super) fn starved(&self) -> Duration {
        self.starved.since(self.started)
    }

    /// The same, since the last broadcast.
    pub(super) fn starved_since_broadcast(&self) -> Duration {
        self.starved.since(self.last_broadcast_end)
    }

    /// What the host added at most to the time of anything, for each of the [`HANDS`] through which a message passes.
    pub(in crate::stage) fn lag(&self) -> Duration {
        self.host.lag().max(self.starved() / HANDS)
    }
}
