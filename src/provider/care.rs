//! The process that the schedule names for a Device that failed ([SC-NF-6], [SC-POST-1]).

use crate::spec::{CareProcess, NodeUri, RuleAction};
use crate::wire::mo::provisioning::ProvisioningReport;
use crate::wire::syncml::{Command, status};

use super::conduct::Conduct;
use super::plan::{CampaignPlan, Content, SettingChange};

/// The process for a provisioning failure: that of the rule under which the Device reported, which is the one of the
/// first failing node whose rule says so.
///
/// A failure that no rule covers should not have been reported; the server leaves it.
pub(super) fn scheduled_process(plan: &CampaignPlan, report: &ProvisioningReport) -> CareProcess {
    let Some(schedule) = plan.schedule() else { return CareProcess::Ignore };
    let mut rules = report.failing.iter().filter_map(|(node, status)| schedule.rule_for(node, *status));
    let reported = rules.find(|rule| matches!(rule.action, RuleAction::Report(_)));
    reported.map_or(CareProcess::Ignore, |rule| rule.process)
}

/// The commands that provision a Device again: what failed, and with Atomic everything.
pub(super) fn re_provisioning(plan: &CampaignPlan, report: &ProvisioningReport, conduct: &dyn Conduct) -> Vec<Command> {
    let Content::Provisioning { changes, atomic, .. } = &plan.content else { return Vec::new() };
    let status_of = |change: &SettingChange| {
        report.failing.iter().find(|(node, _)| node == change.node()).map(|(_, status)| *status)
    };
    let again = changes.iter().filter(|change| *atomic || conduct.sends_again(status_of(change).is_some()));
    again.filter_map(|change| Some(repaired(change, status_of(change))?.command(0))).collect()
}

/// Whether all that failed was to remove what is not there, so that the Device is as it should be.
pub(super) fn is_as_wanted(plan: &CampaignPlan, report: &ProvisioningReport) -> bool {
    let Content::Provisioning { changes, .. } = &plan.content else { return false };
    let is_gone = |(node, status): &(NodeUri, u16)| {
        let removal = changes.iter().any(|change| matches!(change, SettingChange::Delete(removed) if removed == node));
        *status == status::NOT_FOUND && removal
    };
    !report.failing.is_empty() && report.failing.iter().all(is_gone)
}

/// A node that was missing is added rather than replaced once more; one that is gone already need not go.
fn repaired(change: &SettingChange, failed_with: Option<u16>) -> Option<SettingChange> {
    match (change, failed_with) {
        (SettingChange::Replace(node, value), Some(status::NOT_FOUND)) => {
            Some(SettingChange::Add(node.clone(), value.clone()))
        }
        (SettingChange::Add(node, value), Some(status::ALREADY_EXISTS)) => {
            Some(SettingChange::Replace(node.clone(), value.clone()))
        }
        (SettingChange::Delete(_), Some(status::NOT_FOUND)) => None,
        _ => Some(change.clone()),
    }
}
