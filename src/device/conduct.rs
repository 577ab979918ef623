//! The points at which a Device decides: one method each, conformant by default.
//!
//! A deliberately broken Device overrides one of them and is otherwise the reference. Each method is handed what the
//! profile would decide and gives what the Device does.

use std::time::Duration;

use crate::spec::{BasisPoints, Reporters, Timestamp, Version};

use super::action::UserAnswer;

/// What of a Device a campaign's target is held against ([FU-NF-2], [FU-GAP-2]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aspect {
    /// Manufacturer.
    Manufacturer,
    /// Model.
    Model,
    /// Hardware version.
    Hardware,
    /// The installed versions that may be updated.
    FromVersion,
    /// Groups.
    Group,
    /// Areas.
    Area,
}

/// What a Device keeps over a restart ([FU-PRE-2]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// A campaign that is being received, or waits for its start.
    Download,
    /// That an update is postponed, and until when.
    Postponement,
    /// A report that is due.
    Report,
    /// When a report is due.
    Deadline,
    /// The status log.
    Log,
}

/// What the time up to the next attempt to report consists of (profile section 5.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// As announced.
    pub retry_interval: Duration,
    /// What an overloaded server asks for.
    pub retry_after: Duration,
    /// Drawn from the doubled window; nothing where the server was not overloaded.
    pub redrawn: Duration,
}

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

    /// Whether one aspect of the target counts as matching, given whether it does ([FU-NF-2], [FU-GAP-2]).
    fn matches(&self, aspect: Aspect, does: bool) -> bool {
        let _ = aspect;
        does
    }

    /// Whether the Device belongs to a share, given whether it does by the hash of its name ([FU-GAP-2]).
    fn belongs_to(&self, share: BasisPoints, does: bool) -> bool {
        let _ = share;
        does
    }

    /// Whether one version is newer than another ([FU-NF-2]).
    fn is_newer(&self, offered: &Version, installed: &Version) -> bool {
        offered > installed
    }

    /// Whether a notification is still worth acting upon, so long after it was issued ([FU-PRE-2]).
    fn takes_up_late(&self, age: Duration) -> bool {
        let _ = age;
        true
    }

    /// Whether the rollout's time is over, given whether it is by the Device's clock ([FU-GAP-2]).
    fn finds_rollout_over(&self, is_over: bool) -> bool {
        is_over
    }

    /// When the Device may begin, given when the rollout and the start window let it ([FU-GAP-2]).
    fn begins_at(&self, now: Timestamp, start: Timestamp) -> Timestamp {
        let _ = now;
        start
    }

    /// Whether the campaigns of a provider end when the registration with it is withdrawn ([FU-PRE-1]).
    fn ends_with_its_registration(&self) -> bool {
        true
    }

    /// Whether something is still known after a restart ([FU-PRE-2]).
    fn remembers(&self, memory: Memory) -> bool {
        let _ = memory;
        true
    }

    /// How often a report that is due is still to be sent after a restart, given how often it was before ([FU-PRE-2]).
    fn copies_after_a_restart(&self, copies: u8) -> u8 {
        copies
    }

    /// Whether the new version is noted before its image is written ([FU-PRE-2]).
    fn notes_the_version_first(&self) -> bool {
        false
    }

    /// How many entries the status log keeps at most, given what the profile allows ([FU-NF-5]).
    fn log_bound(&self, bound: usize) -> usize {
        bound
    }

    /// Whether a DM Server is trusted, given whether it has proved itself ([FU-NF-5]).
    fn trusts_server(&self, has_proved_itself: bool) -> bool {
        has_proved_itself
    }

    /// Whether the End User is asked, given whether the campaign wants consent ([FU-OP-1]).
    fn asks(&self, wants_consent: bool) -> bool {
        wants_consent
    }

    /// Whether the End User is asked before the announcement is trusted ([FU-OP-1]).
    fn asks_before_trust(&self) -> bool {
        false
    }

    /// Whether a repetition makes the Device ask once more ([FU-OP-1]).
    fn asks_for_each_repetition(&self) -> bool {
        false
    }

    /// Whether declining is offered, and heeded, given whether the update is optional ([FU-OP-2]).
    fn lets_decline(&self, is_optional: bool) -> bool {
        is_optional
    }

    /// From when the longest deferral counts, given the first offer; asked when an update is postponed ([FU-OP-2]).
    fn deferral_from(&self, now: Timestamp, first_offer: Timestamp) -> Timestamp {
        let _ = now;
        first_offer
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

    /// The offset that a report keeps to, given the announced one ([FU-AF-2]).
    fn offset(&self, announced: Duration) -> Duration {
        announced
    }

    /// The random part of a delay, given what was drawn ([FU-AF-2], [FU-GAP-4]).
    fn random_delay(&self, drawn: Duration) -> Duration {
        drawn
    }

    /// How long the Device waits for an answer, given how long it should ([FU-POST-1]).
    fn patience(&self, due: Duration) -> Duration {
        due
    }

    /// Whether an answer of this HTTP status that acknowledges nothing counts as a receipt ([FU-POST-1]).
    fn takes_for_a_receipt(&self, http_status: u16) -> bool {
        let _ = http_status;
        false
    }

    /// How many attempts are left after one that failed, given how many should be ([FU-POST-1]).
    fn attempts_left(&self, due: u8) -> u8 {
        due
    }

    /// How long the Device waits for its next attempt ([FU-POST-1], [FU-GAP-4]).
    fn pause(&self, pause: Pause) -> Duration {
        pause.retry_interval.max(pause.retry_after) + pause.redrawn
    }

    /// Whether a result that could not be reported stays in the status log ([SC-NF-5]).
    fn keeps_unreported(&self) -> bool {
        true
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
