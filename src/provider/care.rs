//! The process that the schedule names for a Device that failed, and what follows when it fails too ([SC-NF-6],
//! [SC-POST-1]).
//!
//! The schedule on the wire names one process for a rule. The server's own plan ([`CareSteps`](super::CareSteps)) goes on
//! from there: when the commands of a step fail, or no status of theirs comes in time, the next step is taken. A step that
//! needs the Device waits until it opens a session. After the last one the Device needs attention.

use crate::spec::{CampaignId, CareProcess, DeviceId, NodeUri, RuleAction, Timestamp};
use crate::wire::mo::ReportedResult;
use crate::wire::mo::provisioning::ProvisioningReport;
use crate::wire::syncml::{Command, Item, Items, status};

use super::conduct::Conduct;
use super::core::{Event, Provider};
use super::memory::{CarePlan, Name};
use super::plan::SettingChange;
use super::record::CareState;

/// The process for a provisioning failure: that of the rule under which the Device reported, which is the one of the
/// first failing node whose rule says so.
///
/// A failure that no rule covers should not have been reported; the server leaves it.
fn scheduled_process(plan: &CarePlan, report: &ProvisioningReport) -> CareProcess {
    let Some(schedule) = &plan.schedule else { return CareProcess::Ignore };
    let mut rules = report.failing.iter().filter_map(|(node, status)| schedule.rule_for(node, *status));
    let reported = rules.find(|rule| matches!(rule.action, RuleAction::Report(_)));
    reported.map_or(CareProcess::Ignore, |rule| rule.process)
}

/// The commands that provision a Device again: what failed, and with Atomic everything.
fn re_provisioning(plan: &CarePlan, report: &ProvisioningReport, conduct: &dyn Conduct) -> Vec<Command> {
    let status_of = |change: &SettingChange| {
        report.failing.iter().find(|(node, _)| node == change.node()).map(|(_, status)| *status)
    };
    let again = plan.changes.iter().filter(|change| plan.atomic || conduct.sends_again(status_of(change).is_some()));
    again.filter_map(|change| Some(repaired(change, status_of(change))?.command(0))).collect()
}

/// Whether all that failed was to remove what is not there, so that the Device is as it should be.
fn is_as_wanted(plan: &CarePlan, report: &ProvisioningReport) -> bool {
    let is_gone = |(node, status): &(NodeUri, u16)| {
        let removes = |change: &SettingChange| matches!(change, SettingChange::Delete(removed) if removed == node);
        *status == status::NOT_FOUND && plan.changes.iter().any(removes)
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

/// The commands whose statuses say that they failed, as a report would tell it; `codes` are CmdID and status.
pub(super) fn failing(
    commands: &[Command],
    first: u32,
    codes: impl Iterator<Item = (u32, u16)>,
) -> Option<ProvisioningReport> {
    let failed: Vec<(u32, u16)> = codes.filter(|(_, code)| !status::is_success(*code)).collect();
    let node = |cmd_ref: u32| {
        let index = usize::try_from(cmd_ref.checked_sub(first)?).ok()?;
        let (Command::Replace(items) | Command::Add(items) | Command::Delete(items)) = commands.get(index)? else {
            return None;
        };
        NodeUri::new(items.items.first()?.target.clone()?).ok()
    };
    let status = failed.first()?.1;
    Some(ProvisioningReport {
        status,
        failing: failed.iter().filter_map(|(cmd_ref, code)| Some((node(*cmd_ref)?, *code))).collect(),
    })
}

impl Provider {
    /// Takes a report and gives the commands that follow in the same session, and whether they are care.
    ///
    /// Their `CmdID`s are zero; the message that carries them numbers them.
    pub(super) fn take_report(
        &mut self,
        now: Timestamp,
        device: &DeviceId,
        campaign: &CampaignId,
        result: &ReportedResult,
    ) -> Option<(Vec<Command>, bool)> {
        let plan = self.plans.get(campaign)?.clone();
        if self.records.note(campaign, device, result, now) {
            self.tell(Event::ReportTaken { campaign: campaign.clone(), device: device.clone() });
        }
        // Care whose statuses never came may have been lost with the answer, so a report that comes again gets it again.
        let had_care = self
            .records
            .get(campaign, device)
            .is_some_and(|record| !matches!(record.care, CareState::NotNeeded | CareState::InProgress));
        let mut commands = Vec::new();
        if self.conduct.cares_for(!result.is_success()) && self.conduct.cares_again(had_care) {
            commands = self.care(now, campaign, &plan, device, result);
        }
        self.keep_record(campaign, device);
        let is_care = !commands.is_empty();
        if !plan.inspect.is_empty() {
            let items = plan.inspect.iter().map(Item::for_target).collect();
            commands.push(Command::Get(Items { cmd_id: 0, items }));
        }
        Some((commands, is_care))
    }

    fn care(
        &mut self,
        now: Timestamp,
        campaign: &CampaignId,
        plan: &CarePlan,
        device: &DeviceId,
        result: &ReportedResult,
    ) -> Vec<Command> {
        let ReportedResult::Provisioning(report) = result else {
            // A failed update needs its package again, which only another broadcast can bring.
            self.set_care(campaign, device, CareState::NeedsAttention);
            return Vec::new();
        };
        let scheduled = self.conduct.process(scheduled_process(plan, report));
        loop {
            let Some(record) = self.records.get(campaign, device) else { return Vec::new() };
            let failing = record.failing.clone().unwrap_or_else(|| report.clone());
            let step = usize::try_from(record.failed_steps).unwrap_or(usize::MAX);
            let process = match step.checked_sub(1) {
                None => Some(scheduled),
                Some(next) => plan.steps.next.get(next).copied(),
            };
            let state = match process {
                Some(CareProcess::ReProvision) => {
                    let commands = re_provisioning(plan, &failing, self.conduct.as_ref());
                    if !commands.is_empty() {
                        self.set_care(campaign, device, CareState::InProgress);
                        self.records.await_care(campaign, device, Some(now + plan.steps.patience));
                        return commands;
                    }
                    if is_as_wanted(plan, &failing) {
                        CareState::Restored
                    } else {
                        // The report names nothing that the campaign could set.
                        self.fail_step(campaign, device, None);
                        continue;
                    }
                }
                Some(CareProcess::Ignore) => CareState::Ignored,
                Some(CareProcess::Escalate) | None => CareState::NeedsAttention,
            };
            self.set_care(campaign, device, state);
            return Vec::new();
        }
    }

    /// The statuses of care commands have come; gives the commands of the next step, when they failed.
    pub(super) fn care_answered(
        &mut self,
        now: Timestamp,
        campaign: &CampaignId,
        device: &DeviceId,
        failing: Option<ProvisioningReport>,
    ) -> Vec<Command> {
        self.records.await_care(campaign, device, None);
        let mut commands = Vec::new();
        if self.conduct.is_restored(failing.is_none()) {
            self.set_care(campaign, device, CareState::Restored);
        } else if self.conduct.takes_next_step() {
            self.fail_step(campaign, device, failing);
            let result = self.records.get(campaign, device).map(|record| record.result.clone());
            if let (Some(plan), Some(result)) = (self.plans.get(campaign).cloned(), result) {
                commands = self.care(now, campaign, &plan, device, &result);
            }
        }
        self.keep_record(campaign, device);
        commands
    }

    /// Care whose statuses are overdue has failed. A step that needs the Device is taken when it comes again.
    pub(super) fn care_overdue(&mut self, now: Timestamp) {
        while let Some((_, campaign, device)) = self.records.first_overdue().filter(|(until, ..)| *until <= now) {
            let (campaign, device) = (campaign.clone(), device.clone());
            self.records.await_care(&campaign, &device, None);
            if self.conduct.takes_next_step() {
                self.fail_step(&campaign, &device, None);
                let step = self.records.get(&campaign, &device).map_or(0, |record| record.failed_steps);
                let steps = self.plans.get(&campaign).map(|plan| plan.steps.next.as_slice()).unwrap_or_default();
                let next = usize::try_from(step).ok().and_then(|step| steps.get(step.checked_sub(1)?));
                match next {
                    Some(CareProcess::ReProvision) => {}
                    Some(CareProcess::Ignore) => self.set_care(&campaign, &device, CareState::Ignored),
                    Some(CareProcess::Escalate) | None => {
                        self.set_care(&campaign, &device, CareState::NeedsAttention);
                    }
                }
            }
            self.keep_record(&campaign, &device);
        }
    }

    fn fail_step(&mut self, campaign: &CampaignId, device: &DeviceId, failing: Option<ProvisioningReport>) {
        if let Some(record) = self.records.get_mut(campaign, device) {
            record.failed_steps = record.failed_steps.saturating_add(1);
            record.failing = failing.or_else(|| record.failing.take());
        }
    }

    fn set_care(&mut self, campaign: &CampaignId, device: &DeviceId, state: CareState) {
        if let Some(record) = self.records.get_mut(campaign, device) {
            record.care = state;
            self.tell(Event::Care { campaign: campaign.clone(), device: device.clone(), state });
        }
    }

    fn keep_record(&mut self, campaign: &CampaignId, device: &DeviceId) {
        if let Some(record) = self.records.get(campaign, device) {
            self.memory.keep(Name::Record(campaign, device), record);
        }
    }
}
