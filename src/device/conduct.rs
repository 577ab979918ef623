//! The points at which a Device decides: one method each, conformant by default.
//!
//! A deliberately broken Device overrides one of them and is otherwise the reference. Each method is handed what the
//! profile would decide and gives what the Device does.

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::Duration;

use crate::delivery::ReceiverLimits;
use crate::spec::{
    BasisPoints, CampaignId, ChannelLabel, ExceptionRule, ExceptionSchedule, NodeUri, Reporters, SequenceNumber,
    Timestamp, Tsi, Version,
};
use crate::wire::form::Form;
use crate::wire::mo::fumo::{self, FumoState};
use crate::wire::mo::{ReportedResult, scomo};
use crate::wire::syncml::Message;

use super::action::UserAnswer;

mod points;

pub use points::{Aspect, Duty, Memory, Occasion, Pause};

/// How a Device decides, point by point.
pub trait Conduct: std::fmt::Debug {
    /// Whether an announcement is trusted, given whether its signature is valid ([FU-GAP-3]).
    fn trusts(&self, signature_is_valid: bool) -> bool {
        signature_is_valid
    }

    /// What a notification is held to in its form ([FU-NF-1]).
    fn form(&self) -> Form {
        Form::PROFILE
    }

    /// The channel that is joined whatever arrives as a notification ([FU-NF-1]).
    fn joins_at_any_push(&self) -> Option<ChannelLabel> {
        None
    }

    /// Whether an announcement is read that nobody signed ([FU-GAP-3]).
    fn reads_unsigned(&self) -> bool {
        false
    }

    /// Whether the Device acts for a provider, given whether it is registered with it ([FU-PRE-1]).
    fn serves(&self, is_registered: bool) -> bool {
        is_registered
    }

    /// Whether a notification is of the group, given whether its digest fits ([FU-NF-1]).
    fn fits_digest(&self, does: bool) -> bool {
        does
    }

    /// Whether a key is tried, given whether the announcement names it ([FU-GAP-3]).
    fn tries_key(&self, is_named: bool) -> bool {
        is_named
    }

    /// Whether a key that was revoked counts no more ([FU-GAP-3]).
    fn heeds_revocation(&self) -> bool {
        true
    }

    /// Whether the signature must cover the trigger header too ([FU-GAP-3]).
    fn binds_trigger(&self) -> bool {
        true
    }

    /// Whether a sequence number is above the highest that was accepted ([FU-GAP-5]).
    fn is_above(&self, offered: SequenceNumber, accepted: SequenceNumber) -> bool {
        offered > accepted
    }

    /// Whether the sequence number of a campaign that is not trusted counts as accepted ([FU-GAP-5]).
    fn remembers_untrusted(&self) -> bool {
        false
    }

    /// Whether the delivery channel is joined before the announcement is trusted ([FU-GAP-3]).
    fn joins_before_trust(&self) -> bool {
        false
    }

    /// What is taken from the delivery channel at most ([FU-NF-3], [FU-GAP-5]).
    fn reception(&self) -> ReceiverLimits {
        ReceiverLimits::default()
    }

    /// Whether an object is used, given whether size and digest are as announced ([FU-GAP-3]).
    fn accepts_object(&self, is_package: bool, is_as_announced: bool) -> bool {
        let _ = is_package;
        is_as_announced
    }

    /// The Command that the octets of an object are; `None` where it is not well-formed ([FU-GAP-3]).
    fn reads_command(&self, octets: &[u8]) -> Option<Message> {
        Message::from_xml(octets).ok()
    }

    /// Whether a Command is carried out, given whether its header is that of the campaign's ([FU-GAP-3]).
    fn carries_out(&self, is_of_campaign: bool) -> bool {
        is_of_campaign
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
    fn matches(&self, _: Aspect, does: bool) -> bool {
        does
    }

    /// Whether the Device belongs to a share, given whether it does by the hash of its name ([FU-GAP-2]).
    fn belongs_to(&self, _: BasisPoints, does: bool) -> bool {
        does
    }

    /// Whether one version is newer than another ([FU-NF-2]).
    fn is_newer(&self, offered: &Version, installed: &Version) -> bool {
        offered > installed
    }

    /// Whether a campaign is taken up that is fresh, given when it was issued ([FU-PRE-2]).
    fn takes_up(&self, _: Timestamp) -> bool {
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

    /// Whether something is still known after a restart ([FU-PRE-2]).
    fn remembers(&self, _: Memory) -> bool {
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

    /// Whether the End User is asked on an occasion on which nobody should be ([FU-OP-1]).
    fn asks_wrongly(&self, _: Occasion) -> bool {
        false
    }

    /// Whether something is left undone that has to be done; each duty names its requirements.
    fn neglects(&self, _: Duty) -> bool {
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

    /// Whether a Command is refused as a whole, given whether the profile refuses it ([FU-NF-4], [SC-NF-3]).
    fn refuses_command(&self, is_wrong: bool) -> bool {
        is_wrong
    }

    /// Whether a Command is obeyed, given whether it is addressed to everybody ([FU-NF-4]).
    fn obeys(&self, is_for_everybody: bool) -> bool {
        is_for_everybody
    }

    /// The operation of FUMO that is carried out, given the one that is executed ([FU-NF-4]).
    fn firmware_operation(&self, executed: fumo::Operation) -> fumo::Operation {
        executed
    }

    /// The operation of SCOMO that is carried out, given the one that is executed ([FU-NF-4]).
    fn component_operation(&self, executed: scomo::Operation) -> scomo::Operation {
        executed
    }

    /// The state of FUMO that is kept, given the one that is reached ([FU-NF-4]).
    fn shown_state(&self, reached: FumoState) -> FumoState {
        reached
    }

    /// Whether a package is installed, given whether it is made for this Device ([FU-NF-4]).
    fn accepts_package(&self, is_made_for_it: bool) -> bool {
        is_made_for_it
    }

    /// Whether commands are carried out after one before them has failed ([FU-NF-4], [SC-NF-3]).
    fn goes_on_after_a_failure(&self) -> bool {
        true
    }

    /// With which status a change of a setting is refused, given that of the profile ([SC-NF-3]).
    fn refuses_change(&self, refusal: u16) -> Option<u16> {
        Some(refusal)
    }

    /// The result that is noted and reported, given the one that came of it ([FU-NF-4]).
    fn result(&self, result: ReportedResult) -> ReportedResult {
        result
    }

    /// The Correlator of a report ([FU-NF-4], [SC-NF-5]).
    fn correlator(&self, campaign: &CampaignId) -> Option<String> {
        Some(campaign.to_string())
    }

    /// The rule of an exception schedule that decides about a failure ([SC-NF-4]).
    fn rule_for<'s>(&self, schedule: &'s ExceptionSchedule, node: &NodeUri, status: u16) -> Option<&'s ExceptionRule> {
        schedule.rule_for(node, status)
    }

    /// Whether the good rules of a malformed schedule are heeded ([SC-NF-4]).
    fn heeds_the_rest_of_a_malformed_schedule(&self) -> bool {
        false
    }

    /// From when the back-off counts ([FU-AF-2]).
    fn back_off_from(&self, first_packet: Timestamp, end_of_transmission: Timestamp) -> Timestamp {
        let _ = first_packet;
        end_of_transmission
    }

    /// From which source a channel is heard, given the one that its entry names ([FU-NF-3]).
    fn joined_source(&self, named: Option<IpAddr>) -> Option<IpAddr> {
        named
    }

    /// The packet of a delivery channel as the Device reads it for its own session ([FU-NF-3]).
    fn hears<'a>(&self, own: Tsi, packet: &'a [u8]) -> Cow<'a, [u8]> {
        let _ = own;
        Cow::Borrowed(packet)
    }

    /// Whether what has come of the objects is thrown away before this packet ([FU-NF-3]).
    fn begins_anew_with(&self, packet: &[u8]) -> bool {
        let _ = packet;
        false
    }

    /// Whether reception fails with a packet that is the same as the one before ([FU-NF-3]).
    fn fails_with_a_repeated_packet(&self) -> bool {
        false
    }

    /// Until when the transmission may last, given the expiry of its file table ([FU-NF-3]).
    fn latest_end(&self, expiry: Timestamp) -> Timestamp {
        expiry
    }

    /// The result that is noted of a failure, given its code ([FU-NF-3]).
    fn result_of_failure(&self, result: ReportedResult) -> ReportedResult {
        result
    }

    /// The offset that a report keeps to, given the announced one ([FU-AF-2]).
    fn offset(&self, announced: Duration) -> Duration {
        announced
    }

    /// The random part of a delay, given what was drawn and the window it was drawn from ([FU-AF-2], [FU-GAP-4]).
    fn random_delay(&self, drawn: Duration, window: Duration) -> Duration {
        let _ = window;
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

    /// The window of the next delay after an overload answer, given the one so far and the doubled one ([FU-GAP-4]).
    fn widened(&self, window: Duration, doubled: Duration) -> Duration {
        let _ = window;
        doubled
    }

    /// How long the Device waits for its next attempt ([FU-POST-1], [FU-GAP-4]).
    fn pause(&self, pause: Pause) -> Duration {
        pause.retry_interval.max(pause.retry_after) + pause.redrawn
    }

    /// A DM message as it leaves the Device, given as the profile would have it ([FU-POST-1]).
    fn writes(&self, message: Message) -> Message {
        message
    }

    /// How many times a final report is sent, given whether it tells success ([FU-POST-1]).
    fn copies_of_a_report(&self, succeeded: bool) -> u8 {
        let _ = succeeded;
        1
    }
}

/// The conduct that the profile asks for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Conformant;

impl Conduct for Conformant {}
