//! The points at which a Service Provider decides: one method each, conformant by default.
//!
//! A deliberately broken provider overrides one of them and is otherwise the reference.

use crate::spec::{CareProcess, SequenceNumber};

/// How a Service Provider decides, point by point.
pub trait Conduct: std::fmt::Debug {
    /// The sequence number of the next campaign ([FU-GAP-5]).
    fn next_sequence(&self, last: SequenceNumber) -> SequenceNumber {
        SequenceNumber(last.0.saturating_add(1))
    }

    /// Whether a Device that reported receives care, given whether it reported a failure ([SC-NF-6]).
    fn cares_for(&self, reported_failure: bool) -> bool {
        reported_failure
    }

    /// Whether a report starts care, given whether the Device has had care for this campaign ([SC-NF-6]).
    fn cares_again(&self, had_care: bool) -> bool {
        !had_care
    }

    /// The process that is run, given what the exception schedule names ([SC-POST-1]).
    fn process(&self, scheduled: CareProcess) -> CareProcess {
        scheduled
    }

    /// Whether a change is sent again to a Device that receives care, given whether it failed there ([SC-POST-1]).
    fn sends_again(&self, failed: bool) -> bool {
        failed
    }

    /// Whether an announced object is sent, given whether it is a package ([FU-P-1]).
    fn sends(&self, is_package: bool) -> bool {
        let _ = is_package;
        true
    }

    /// How many carousel cycles are sent, given how many the plan asks for ([FU-NF-3]).
    fn repetitions(&self, planned: u32) -> u32 {
        planned
    }
}

/// The conduct that the profile asks for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Conformant;

impl Conduct for Conformant {}
