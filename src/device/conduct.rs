//! The points at which a Device decides: one method each, conformant by default.
//!
//! A deliberately broken Device overrides one of them and is otherwise the reference. Each method is handed what the
//! profile would decide and gives what the Device does.

use crate::spec::{Reporters, Timestamp};

use super::action::UserAnswer;

/// How a Device decides, point by point.
pub trait Conduct: std::fmt::Debug {
    /// Whether an announcement is trusted, given whether its signature is valid ([FU-GAP-3]).
    fn trusts(&self, signature_is_valid: bool) -> bool {
        signature_is_valid
    }

    /// Whether an announcement is fresh, given whether its sequence number is above all accepted ones ([FU-GAP-5]).
    fn finds_fresh(&self, sequence_is_above: bool) -> bool {
        sequence_is_above
    }

    /// Until when an announcement is good, given what it says itself ([FU-GAP-5]).
    fn expiry(&self, announced: Timestamp) -> Timestamp {
        announced
    }

    /// Whether a datagram repeats a campaign the Device knows ([FU-NF-1]).
    fn recognises_repetition(&self, is_known: bool) -> bool {
        is_known
    }

    /// Whether the Device takes part, given whether the target matches ([FU-NF-2]).
    fn takes_part(&self, target_matches: bool) -> bool {
        target_matches
    }

    /// Whether the delivery channel is joined for a campaign that is for somebody else ([FU-NF-2]).
    fn joins_for_others(&self) -> bool {
        false
    }

    /// Whether the update is installed after this answer of the End User ([FU-OP-1], [FU-OP-2]).
    fn installs_after(&self, answer: UserAnswer) -> bool {
        answer == UserAnswer::Approve
    }

    /// Whether a result is reported, given the policy ([FU-AF-1]).
    fn reports(&self, who: Reporters, succeeded: bool) -> bool {
        match who {
            Reporters::Nobody => false,
            Reporters::FailuresOnly => !succeeded,
            Reporters::Everybody => true,
        }
    }

    /// Whether a provisioning failure is reported, given what the exception schedule says ([SC-NF-5]).
    fn reports_exception(&self, schedule_says_report: bool) -> bool {
        schedule_says_report
    }

    /// From when the back-off counts ([FU-AF-2]).
    fn back_off_from(&self, first_packet: Timestamp, end_of_transmission: Timestamp) -> Timestamp {
        let _ = first_packet;
        end_of_transmission
    }

    /// How many times a final report is sent ([FU-POST-1]).
    fn copies_of_a_report(&self) -> u8 {
        1
    }
}

/// The conduct that the profile asks for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Conformant;

impl Conduct for Conformant {}
