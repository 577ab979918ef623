//! What a Command does: operations, refusals, groups of commands, settings and exception schedules.

use crate::device::Duty;
use crate::spec::{CampaignId, ExceptionRule, ExceptionSchedule, NodeUri, Situation};
use crate::wire::mo::fumo::{self, FumoResult, FumoState};
use crate::wire::mo::{ReportedResult, scomo};
use crate::wire::syncml::status;

use super::{ConductOf, Deviation};

pub(super) static DEVIATIONS: &[Deviation] = &[
    Deviation {
        name: "device.runs-download-as-update",
        description: "Installs at once what a Command tells it to download only.",
        requirements: &["FU-NF-4"],
        caught_by: "firmware.version",
        conduct: ConductOf::Device(|| Box::new(RunsDownloadAsUpdate)),
    },
    Deviation {
        name: "device.leaves-state-at-updating",
        description: "Leaves the State of FUMO at 60 when the update is over.",
        requirements: &["FU-NF-4"],
        caught_by: "node.value",
        conduct: ConductOf::Device(|| Box::new(LeavesStateAtUpdating)),
    },
    Deviation {
        name: "device.reports-one-code-for-all",
        description: "Reports 410 for every failure of an update.",
        requirements: &["FU-NF-4"],
        caught_by: "report.result",
        conduct: ConductOf::Device(|| Box::new(ReportsOneCodeForAll)),
    },
    Deviation {
        name: "device.keeps-half-of-an-atomic",
        description: "Keeps what it did of an Atomic before a command of it failed.",
        requirements: &["FU-NF-4", "SC-NF-3"],
        caught_by: "setting.value",
        conduct: ConductOf::Device(|| Box::new(KeepsHalfOfAnAtomic)),
    },
    Deviation {
        name: "device.stops-a-sequence",
        description: "Stops at the first command of a Sequence that fails.",
        requirements: &["FU-NF-4", "SC-NF-3"],
        caught_by: "setting.value",
        conduct: ConductOf::Device(|| Box::new(StopsASequence)),
    },
    Deviation {
        name: "device.obeys-forbidden-commands",
        description: "Carries out the rest of a Command that names a forbidden node.",
        requirements: &["FU-NF-4", "SC-NF-3"],
        caught_by: "setting.value",
        conduct: ConductOf::Device(|| Box::new(ObeysForbiddenCommands)),
    },
    Deviation {
        name: "device.obeys-commands-for-others",
        description: "Carries out a Command that is addressed to another Device.",
        requirements: &["FU-NF-4"],
        caught_by: "report.result",
        conduct: ConductOf::Device(|| Box::new(ObeysCommandsForOthers)),
    },
    Deviation {
        name: "device.activates-what-is-inactive",
        description: "Activates a component that is to be installed inactive.",
        requirements: &["FU-NF-4"],
        caught_by: "node.value",
        conduct: ConductOf::Device(|| Box::new(ActivatesWhatIsInactive)),
    },
    Deviation {
        name: "device.installs-what-it-is-to-download",
        description: "Installs a component at once that a Command tells it to download only.",
        requirements: &["FU-NF-4"],
        caught_by: "component.version",
        conduct: ConductOf::Device(|| Box::new(InstallsWhatItIsToDownload)),
    },
    Deviation {
        name: "device.deploys-what-it-downloads",
        description: "Deploys a component, inactive, that it is to download only (X-SCOMO-03).",
        requirements: &["FU-NF-4"],
        caught_by: "standing.x-scomo-03",
        conduct: ConductOf::Device(|| Box::new(DeploysWhatItDownloads)),
    },
    Deviation {
        name: "device.never-activates",
        description: "Leaves a component inactive that it is to activate, and says that it is done (X-SCOMO-04).",
        requirements: &["FU-NF-4"],
        caught_by: "standing.x-scomo-04",
        conduct: ConductOf::Device(|| Box::new(NeverActivates)),
    },
    Deviation {
        name: "device.never-deactivates",
        description: "Leaves a component active that it is to deactivate, and says that it is done.",
        requirements: &["FU-NF-4"],
        caught_by: "standing.x-scomo-05",
        conduct: ConductOf::Device(|| Box::new(NeverDeactivates)),
    },
    Deviation {
        name: "device.deactivates-what-is-to-go",
        description: "Deactivates a component that it is to remove, and says that it is done.",
        requirements: &["FU-NF-4"],
        caught_by: "standing.x-scomo-06",
        conduct: ConductOf::Device(|| Box::new(DeactivatesWhatIsToGo)),
    },
    Deviation {
        name: "device.removes-the-wrong-thing",
        description: "Removes the component where the delivered package is to go.",
        requirements: &["FU-NF-4"],
        caught_by: "node.absent",
        conduct: ConductOf::Device(|| Box::new(RemovesTheWrongThing)),
    },
    Deviation {
        name: "device.installs-foreign-packages",
        description: "Installs a package that is made for another model.",
        requirements: &["FU-NF-4"],
        caught_by: "report.result",
        conduct: ConductOf::Device(|| Box::new(InstallsForeignPackages)),
    },
    Deviation {
        name: "device.omits-the-correlator",
        description: "Sends its report without a Correlator.",
        requirements: &["FU-NF-4", "SC-NF-5"],
        caught_by: "report.count",
        conduct: ConductOf::Device(|| Box::new(OmitsTheCorrelator)),
    },
    Deviation {
        name: "device.overwrites-read-only",
        description: "Overwrites a setting that it is to keep.",
        requirements: &["SC-NF-3"],
        caught_by: "setting.value",
        conduct: ConductOf::Device(|| Box::new(OverwritesReadOnly)),
    },
    Deviation {
        name: "device.adds-over-what-exists",
        description: "Takes an Add of a setting that exists for a Replace.",
        requirements: &["SC-NF-3"],
        caught_by: "report.node",
        conduct: ConductOf::Device(|| Box::new(AddsOverWhatExists)),
    },
    Deviation {
        name: "device.stores-any-format",
        description: "Stores a value whatever format it has.",
        requirements: &["SC-NF-3"],
        caught_by: "report.node",
        conduct: ConductOf::Device(|| Box::new(StoresAnyFormat)),
    },
    Deviation {
        name: "device.takes-the-first-rule",
        description: "Follows the first rule of a schedule that matches, not the most specific one.",
        requirements: &["SC-NF-4"],
        caught_by: "report.none",
        conduct: ConductOf::Device(|| Box::new(TakesTheFirstRule)),
    },
    Deviation {
        name: "device.reports-without-a-rule",
        description: "Reports a failure that no rule of the schedule covers.",
        requirements: &["SC-NF-4"],
        caught_by: "report.none",
        conduct: ConductOf::Device(|| Box::new(ReportsWithoutARule)),
    },
    Deviation {
        name: "device.ignores-the-default-rule",
        description: "Is silent where only the default rule says to report.",
        requirements: &["SC-NF-4"],
        caught_by: "report.count",
        conduct: ConductOf::Device(|| Box::new(IgnoresTheDefaultRule)),
    },
    Deviation {
        name: "device.heeds-malformed-schedules",
        description: "Follows the good rules of a schedule that is malformed in another.",
        requirements: &["SC-NF-4"],
        caught_by: "report.none",
        conduct: ConductOf::Device(|| Box::new(HeedsMalformedSchedules)),
    },
];

broken_device!(RunsDownloadAsUpdate {
    fn firmware_operation(&self, executed: fumo::Operation) -> fumo::Operation {
        match executed {
            fumo::Operation::Download => fumo::Operation::DownloadAndUpdate,
            other => other,
        }
    }
});
broken_device!(LeavesStateAtUpdating {
    fn shown_state(&self, reached: FumoState) -> FumoState {
        if reached.is_terminal() && reached != FumoState::DownloadFailed { FumoState::UpdateProgressing } else { reached }
    }
});
broken_device!(ReportsOneCodeForAll {
    fn result(&self, result: ReportedResult) -> ReportedResult {
        match result {
            ReportedResult::Firmware { operation, result } if !result.is_success() => {
                ReportedResult::Firmware { operation, result: FumoResult::UPDATE_FAILED }
            }
            other => other,
        }
    }
});
broken_device!(KeepsHalfOfAnAtomic {
    fn neglects(&self, duty: Duty) -> bool {
        duty == Duty::RollBack
    }
});
broken_device!(StopsASequence {
    fn goes_on_after_a_failure(&self) -> bool {
        false
    }
});
broken_device!(ObeysForbiddenCommands {
    fn refuses_command(&self, _: bool) -> bool {
        false
    }
});
broken_device!(ObeysCommandsForOthers {
    fn obeys(&self, _: bool) -> bool {
        true
    }
});
broken_device!(ActivatesWhatIsInactive {
    fn component_operation(&self, executed: scomo::Operation) -> scomo::Operation {
        match executed {
            scomo::Operation::DownloadInstallInactive => scomo::Operation::DownloadInstall,
            scomo::Operation::InstallInactive => scomo::Operation::Install,
            other => other,
        }
    }
});
broken_device!(InstallsWhatItIsToDownload {
    fn component_operation(&self, executed: scomo::Operation) -> scomo::Operation {
        if executed == scomo::Operation::Download { scomo::Operation::DownloadInstall } else { executed }
    }
});
broken_device!(DeploysWhatItDownloads {
    fn component_operation(&self, executed: scomo::Operation) -> scomo::Operation {
        match executed {
            scomo::Operation::Download => scomo::Operation::DownloadInstallInactive,
            other => other,
        }
    }
});
broken_device!(NeverActivates {
    fn component_operation(&self, executed: scomo::Operation) -> scomo::Operation {
        if executed == scomo::Operation::Activate { scomo::Operation::Deactivate } else { executed }
    }
});
broken_device!(NeverDeactivates {
    fn component_operation(&self, executed: scomo::Operation) -> scomo::Operation {
        if executed == scomo::Operation::Deactivate { scomo::Operation::Activate } else { executed }
    }
});
broken_device!(DeactivatesWhatIsToGo {
    fn component_operation(&self, executed: scomo::Operation) -> scomo::Operation {
        if executed == scomo::Operation::Remove { scomo::Operation::Deactivate } else { executed }
    }
});
broken_device!(RemovesTheWrongThing {
    fn component_operation(&self, executed: scomo::Operation) -> scomo::Operation {
        if executed == scomo::Operation::RemovePackage { scomo::Operation::Remove } else { executed }
    }
});
broken_device!(InstallsForeignPackages {
    fn accepts_package(&self, _: bool) -> bool {
        true
    }
});
broken_device!(OmitsTheCorrelator {
    fn correlator(&self, _: &CampaignId) -> Option<String> {
        None
    }
});
broken_device!(OverwritesReadOnly {
    fn refuses_change(&self, refusal: u16) -> Option<u16> {
        (refusal != status::PERMISSION_DENIED).then_some(refusal)
    }
});
broken_device!(AddsOverWhatExists {
    fn refuses_change(&self, refusal: u16) -> Option<u16> {
        (refusal != status::ALREADY_EXISTS).then_some(refusal)
    }
});
broken_device!(StoresAnyFormat {
    fn refuses_change(&self, refusal: u16) -> Option<u16> {
        (refusal != status::UNSUPPORTED_TYPE_OR_FORMAT).then_some(refusal)
    }
});
broken_device!(TakesTheFirstRule {
    fn rule_for<'s>(&self, schedule: &'s ExceptionSchedule, node: &NodeUri, status: u16) -> Option<&'s ExceptionRule> {
        schedule.rules.iter().find(|rule| rule.situation.covers(node, status))
    }
});
broken_device!(ReportsWithoutARule {
    fn reports_exception(&self, _: bool) -> bool {
        true
    }
});
broken_device!(IgnoresTheDefaultRule {
    fn rule_for<'s>(&self, schedule: &'s ExceptionSchedule, node: &NodeUri, status: u16) -> Option<&'s ExceptionRule> {
        schedule.rule_for(node, status).filter(|rule| rule.situation != Situation::Any)
    }
});
broken_device!(HeedsMalformedSchedules {
    fn heeds_the_rest_of_a_malformed_schedule(&self) -> bool {
        true
    }
});
