//! What the stage remembers of a campaign that was put on the air: until when Devices may act on it.

use std::time::Duration;

use crate::provider::CampaignPlan;
use crate::spec::{ReportTiming, Reporters, Reporting, RuleAction, Severity, Timestamp};

use super::Lab;

/// Beyond this span what is to come is not waited for.
const SOON: Duration = Duration::from_secs(5);

/// A campaign that has been put on the air.
#[derive(Debug, Clone)]
pub(super) struct Broadcasted {
    /// Its name.
    pub campaign: crate::spec::CampaignId,
    /// The sequence number that it has, as the provider says.
    pub sequence: Option<crate::spec::SequenceNumber>,
    /// Until how long after the end of transmission reports may come.
    pub latest_report: Duration,
    /// From when on reports may come, counted from the end of transmission.
    pub offset: Duration,
    /// When its announcement expires.
    pub expires_at: Timestamp,
    /// The longest window from which Devices draw the delay of a report.
    pub window: Duration,
    /// How often a Device may attempt to report, at most.
    pub attempts: u32,
    /// The longest pause between two attempts that its timings announce.
    pub retry_interval: Duration,
    /// Its longest deferral, when it is mandatory.
    pub deferral: Option<Duration>,
}

/// What is to be remembered of a campaign that goes on the air now.
pub(super) fn broadcasted(plan: &CampaignPlan, now: Timestamp, lab: &Lab) -> Broadcasted {
    let Reporting { offset, window, attempts, retry_interval, .. } = plan.reporting;
    let announced = ReportTiming { offset, window, attempts, retry_interval };
    let is_asked = plan.reporting.who != Reporters::Nobody;
    let scheduled =
        plan.schedule().into_iter().flat_map(|schedule| &schedule.rules).filter_map(|rule| match rule.action {
            RuleAction::Report(timing) => Some(timing),
            RuleAction::StaySilent => None,
        });
    let timings = || scheduled.clone().chain(is_asked.then_some(announced));
    let mandatory = plan.consent.filter(|consent| consent.severity == Severity::Mandatory);
    // What a Device does of itself later on the air has its report later, too.
    let rollout_end = plan.rollout.not_after.map(|end| end.since(now));
    let lapse = plan.consent.map(|_| rollout_end.map_or(plan.lifetime, |end| end.min(plan.lifetime)));
    let start = plan.rollout.not_before.map(|start| start.since(now));
    let later = lapse.into_iter().chain(start).filter(|span| *span <= lab.span(SOON)).max().unwrap_or_default();
    let wait = timings().map(|timing| timing.offset + timing.window).max().unwrap_or_default();
    Broadcasted {
        campaign: plan.campaign.clone(),
        sequence: None,
        latest_report: wait + later,
        offset: plan.reporting.offset,
        expires_at: now + plan.lifetime,
        window: timings().map(|timing| timing.window).max().unwrap_or_default(),
        attempts: timings().map(|timing| timing.attempts.into()).max().unwrap_or_default(),
        retry_interval: timings().map(|timing| timing.retry_interval).max().unwrap_or_default(),
        deferral: mandatory.map(|consent| consent.longest_deferral),
    }
}
