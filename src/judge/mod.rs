//! The judge: checks, each a pure function of the recording, its parameters and what was observed beside the traffic.
//!
//! Rank 4, without input or output: the same code judges a live run and a stored one. A `Then` sentence makes a
//! [`Check`] and asks for it; the run stores which checks were asked with which parameters.

mod attempts;
mod broadcast;
mod care;
mod check;
mod claims;
mod delays;
mod form;
mod readings;
mod records;
mod reports;
mod share;
pub mod standing;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::capture::Timeline;
use crate::findings::{Authority, Verdict};
use crate::spec::Timestamp;

pub use attempts::{attempts_made, peak_bound};
pub use check::Check;
pub use claims::{Word, contradictions};
pub use reports::{Report, answer_to, last_report, own_reports, reports_of};

/// Campaigns whose name begins like this are roll calls: the harness's fence, not the scenario's subject.
pub const ROLL_CALL: &str = "roll-call-";
/// Through how many hands a message passes before it is recorded, each of which may be held up (decision record 0007).
pub const HANDS: u32 = 3;

/// What is known beside the traffic, with the time at which it was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beside {
    /// Which Devices were members of their delivery group, by the kernel's word, at several moments.
    pub memberships: Vec<(Timestamp, BTreeSet<String>)>,
    /// Prompts: Device, campaign, and whether declining was offered.
    pub prompts: Vec<(String, String, bool)>,
    /// The provider's record: Device and campaign to outcome.
    #[serde(with = "records")]
    pub records: BTreeMap<(String, String), String>,
}

/// What a check rests on.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The recording, decoded.
    pub timeline: &'a Timeline,
    /// What is known beside it.
    pub beside: &'a Beside,
}

/// What a check came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The verdict.
    pub verdict: Verdict,
    /// What was observed.
    pub observed: String,
    /// What would have been accepted.
    pub accepted: String,
    /// The packet that decided, counted from one.
    pub packet: Option<usize>,
    /// When that was.
    pub at: Option<Timestamp>,
    /// Whether no slowness of the host can have caused it, as when something was done that should not have been.
    pub is_beyond_doubt: bool,
    /// Whether it was the slowness of the host that kept this from being judged, so that another try may.
    pub is_of_host: bool,
}

impl Outcome {
    pub(crate) fn new(verdict: Verdict, observed: impl Into<String>, accepted: impl Into<String>) -> Self {
        Self {
            verdict,
            observed: observed.into(),
            accepted: accepted.into(),
            packet: None,
            at: None,
            is_beyond_doubt: false,
            is_of_host: false,
        }
    }

    pub(crate) fn pass(observed: impl Into<String>) -> Self {
        Self::new(Verdict::Pass, observed, "")
    }

    pub(crate) fn fail(observed: impl Into<String>, accepted: impl Into<String>) -> Self {
        Self::new(Verdict::Fail, observed, accepted)
    }

    pub(crate) fn inconclusive(observed: impl Into<String>, accepted: impl Into<String>) -> Self {
        Self::new(Verdict::Inconclusive, observed, accepted)
    }

    /// What cannot be concluded because the host kept timers waiting.
    pub(crate) fn held_up(observed: impl Into<String>, accepted: impl Into<String>) -> Self {
        Self { is_of_host: true, ..Self::inconclusive(observed, accepted) }
    }

    pub(crate) fn beyond_doubt(mut self) -> Self {
        self.is_beyond_doubt = true;
        self
    }

    pub(crate) fn at(mut self, packet: usize, at: Timestamp) -> Self {
        self.packet = Some(packet);
        self.at = Some(at);
        self
    }
}

impl Check {
    /// The check's stable id.
    pub fn id(&self) -> &str {
        match self {
            Self::NoReport { .. } => "report.none",
            Self::ReportCount { .. } => "report.count",
            Self::ReportResult { .. } => "report.result",
            Self::ReportForm { .. } => "report.form",
            Self::ReportNode { .. } => "report.node",
            Self::ReportWindow { .. } => "report.window",
            Self::ReportSpread { .. } => "report.spread",
            Self::ReportAttempts { .. } => "report.attempts",
            Self::ReportRetry { .. } => "report.retry",
            Self::ReportRedraw { .. } => "report.redraw",
            Self::ReportRate { .. } => "report.rate",
            Self::Reading { id, .. } => id,
            Self::Share { .. } => "rollout.share",
            Self::NothingRead { .. } => "dm.refusal",
            Self::NoNode { .. } => "node.absent",
            Self::LogEntry { .. } => "log.entry",
            Self::Membership { .. } => "delivery.membership",
            Self::CareAddressees { .. } => "care.addressees",
            Self::Repetitions { .. } => "broadcast.repetitions",
            Self::NeverBroadcast { .. } => "broadcast.none",
            Self::BroadcastForm { .. } => "broadcast.form",
            Self::Octets { .. } => "broadcast.octets",
            Self::RisingSequence => "broadcast.sequence",
            Self::Asked { .. } => "consent.asked",
            Self::DeclineOffered { .. } => "consent.decline-offered",
            Self::Record { .. } => "record.outcome",
        }
    }

    /// What the check rests on.
    pub fn authority(&self) -> Authority {
        match self {
            Self::Membership { .. } => Authority::Kernel,
            Self::Asked { .. } | Self::DeclineOffered { .. } | Self::Record { .. } => Authority::Claim,
            _ => Authority::Wire,
        }
    }

    /// Every Device that the check names.
    pub fn devices(&self) -> Vec<&str> {
        let (lists, one): ([&[String]; 2], Option<&String>) = match self {
            Self::NoReport { devices, fenced, .. } => ([devices, fenced], None),
            Self::ReportCount { devices, .. }
            | Self::ReportForm { devices, .. }
            | Self::ReportWindow { devices, .. }
            | Self::ReportSpread { devices, .. }
            | Self::ReportAttempts { devices, .. }
            | Self::ReportRetry { devices, .. }
            | Self::ReportRedraw { devices, .. }
            | Self::ReportRate { devices, .. }
            | Self::Reading { devices, .. }
            | Self::Share { devices, .. }
            | Self::NothingRead { devices, .. }
            | Self::NoNode { devices, .. }
            | Self::CareAddressees { devices, .. } => ([devices, &[]], None),
            Self::Membership { joining, staying_away } => ([joining, staying_away], None),
            Self::ReportResult { device, .. }
            | Self::ReportNode { device, .. }
            | Self::LogEntry { device, .. }
            | Self::Asked { device, .. }
            | Self::DeclineOffered { device, .. }
            | Self::Record { device, .. } => ([&[], &[]], Some(device)),
            Self::Repetitions { .. }
            | Self::BroadcastForm { .. }
            | Self::Octets { .. }
            | Self::NeverBroadcast { .. }
            | Self::RisingSequence => ([&[], &[]], None),
        };
        lists.into_iter().flatten().chain(one).map(String::as_str).collect()
    }

    /// Judges the evidence.
    pub fn judge(&self, evidence: Evidence<'_>) -> Outcome {
        let timeline = evidence.timeline;
        match self {
            Self::NoReport { devices, fenced, fence } => reports::none(timeline, devices, fenced, fence),
            Self::ReportCount { devices, count, fence } => reports::count(timeline, devices, *count, fence),
            Self::ReportResult { device, code, fence } => reports::result(timeline, device, *code, fence),
            Self::ReportForm { devices, fence } => reports::form(timeline, devices, fence),
            Self::ReportNode { device, node, status, fence } => reports::node(timeline, device, node, *status, fence),
            Self::ReportWindow { devices, earliest, latest, tolerance, fence } => {
                delays::window(timeline, devices, (*earliest, *latest), *tolerance, fence)
            }
            Self::ReportSpread { devices, window, lag, fence } => {
                delays::spread(timeline, devices, *window, *lag, fence)
            }
            Self::ReportAttempts { devices, count, fence } => attempts::count(timeline, devices, *count, fence),
            Self::ReportRetry { devices, retry, window, tolerance } => {
                attempts::retries(timeline, devices, (*retry, *window), *tolerance)
            }
            Self::ReportRedraw { devices, retry, window, lag } => {
                attempts::redraws(timeline, devices, (*retry, *window), *lag)
            }
            Self::ReportRate { devices, most, span, window, lag, fence } => {
                attempts::rate(timeline, devices, (*most, *span), *window, *lag, fence)
            }
            Self::Reading { devices, node, value, fence, .. } => readings::value(timeline, devices, node, value, fence),
            Self::Share { devices, percent, value, fence } => share::share(timeline, devices, *percent, value, fence),
            Self::NothingRead { devices, fence } => readings::nothing(timeline, devices, fence),
            Self::NoNode { devices, node, fence } => readings::absent(timeline, devices, node, fence),
            Self::LogEntry { device, campaign, code, fence } => {
                readings::log_entry(timeline, device, campaign, *code, fence)
            }
            Self::Membership { joining, staying_away } => claims::membership(evidence.beside, joining, staying_away),
            Self::CareAddressees { devices, fence } => care::addressees(timeline, devices, fence),
            Self::Repetitions { campaign, count } => broadcast::repetitions(timeline, campaign, *count),
            Self::NeverBroadcast { campaign, broadcasted, fence } => {
                broadcast::never(timeline, campaign, broadcasted, fence)
            }
            Self::BroadcastForm { campaign } => form::form(timeline, campaign),
            Self::Octets { campaign, cycles } => form::octets(timeline, campaign, *cycles),
            Self::RisingSequence => broadcast::rising_sequence(timeline),
            Self::Asked { device, campaign, times } => claims::asked(evidence.beside, device, campaign, *times),
            Self::DeclineOffered { device, campaign, offered } => {
                claims::decline_offered(evidence.beside, device, campaign, *offered)
            }
            Self::Record { device, campaign, outcome } => claims::record(evidence.beside, device, campaign, outcome),
        }
    }
}
