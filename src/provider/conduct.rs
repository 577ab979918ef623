//! The points at which a Service Provider decides: one method each, conformant by default.
//!
//! A deliberately broken provider overrides one of them and is otherwise the reference.

use crate::spec::{CampaignId, CareProcess, SequenceNumber, SessionId};
use crate::wire::syncml::Message;

/// What a Service Provider remembers over a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Remembered {
    /// The sequence number of its last campaign.
    Sequence,
    /// The campaigns that are on the air.
    OnAir,
    /// What it knows of Devices, and where their care stands.
    Records,
    /// The DM sessions that are open, and the nonces.
    Sessions,
}

/// How a Device has proved who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Proof {
    /// By the credential of its account.
    Fits,
    /// It has shown none.
    Missing,
    /// It has shown one that does not fit.
    Wrong,
}

/// How a Service Provider decides, point by point.
pub trait Conduct: std::fmt::Debug {
    /// The sequence number of the next campaign ([FU-GAP-5]).
    fn next_sequence(&self, last: SequenceNumber) -> SequenceNumber {
        SequenceNumber(last.0.saturating_add(1))
    }

    /// Whether provisioning data is refused that carries no exception schedule ([SC-NF-1]).
    fn wants_a_schedule(&self) -> bool {
        true
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

    /// Whether this is remembered over a restart ([FU-P-1], [FU-P-2], [SC-POST-1]).
    fn remembers(&self, what: Remembered) -> bool {
        let _ = what;
        true
    }

    /// The SessionID under which a campaign goes on after a restart, given the one that it had ([FU-P-1]).
    fn resumes_as(&self, before: SessionId) -> SessionId {
        before
    }

    /// Whether a Device is believed to be who it says ([FU-P-2]).
    fn believes(&self, proof: Proof) -> bool {
        proof == Proof::Fits
    }

    /// The campaign to which a report belongs, given the one that it names and the newest ([FU-P-2], [SC-NF-6]).
    fn belongs_to<'a>(&self, named: &'a CampaignId, newest: &'a CampaignId) -> &'a CampaignId {
        let _ = newest;
        named
    }

    /// Whether Devices that stayed silent are recorded as successful when the transmission has ended ([FU-P-2]).
    fn presumes_success(&self) -> bool {
        false
    }

    /// Whether a Device counts as restored, given whether all commands of its care succeeded ([SC-POST-1]).
    fn is_restored(&self, succeeded: bool) -> bool {
        succeeded
    }

    /// Whether commands of care that the Device has carried out are given once more, given whether the provider has
    /// restarted since it gave them ([SC-NF-6], [SC-POST-1]).
    fn gives_again(&self, restarted: bool) -> bool {
        let _ = restarted;
        false
    }

    /// Whether the next process follows when one has failed ([SC-POST-1]).
    fn takes_next_step(&self) -> bool {
        true
    }

    /// A notification as it is sent, given as the profile would have it and the carousel cycle that it begins ([FU-P-1]).
    fn announces(&self, notification: Vec<u8>, cycle: u32) -> Vec<u8> {
        let _ = cycle;
        notification
    }

    /// What is sent for one datagram of the delivery, given its carousel cycle and how many Devices there are
    /// ([FU-P-1], [SC-NF-2]).
    fn delivers(&self, datagram: Vec<u8>, cycle: u32, devices: usize) -> Vec<Vec<u8>> {
        let _ = (cycle, devices);
        vec![datagram]
    }

    /// A DM message as it leaves the server, given as the profile would have it ([FU-P-2]).
    fn answers(&self, message: Message) -> Message {
        message
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
