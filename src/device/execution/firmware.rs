//! FUMO: Download, Update and DownloadAndUpdate, along the state diagram ([FU-NF-4], profile sections 4.2 and 5.5).

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::spec::Version;
use crate::wire::mo::ReportedResult;
use crate::wire::mo::fumo::{self, FumoResult, FumoState, Operation};
use crate::wire::syncml::{Command, Item, Message};

use super::super::campaign::{CampaignRun, Failure};
use super::super::state::StagedPackage;
use super::document::{self, Object, Verb, flatten, has_format};
use super::{Machine, failure_of};

/// The nodes that exist and are only read.
const READ_ONLY: [&str; 4] = [fumo::ROOT, fumo::STATE, fumo::PKG_NAME, fumo::PKG_VERSION];

pub(super) fn execute(machine: &mut Machine<'_>, run: &CampaignRun, command: &Message) -> ReportedResult {
    let executed = flatten(&command.body).find_map(|command| match command {
        Command::Exec(exec) => operation_of(exec.item.target.as_deref()?),
        _ => None,
    });
    let mut firmware = Firmware { machine, run, urls: BTreeMap::new(), operation: None, has_failed: false };
    let checked = document::check(&firmware, &command.body, run.announcement.campaign.as_str());
    let outcome = match checked {
        Err(refusal) if firmware.machine.conduct.refuses_command(true) => Err(refusal),
        _ => document::run(&mut firmware, &command.body),
    };
    let operation = firmware.operation.or(executed).unwrap_or(Operation::DownloadAndUpdate);
    let result = outcome.map_or_else(Failure::fumo_result, |()| FumoResult::SUCCESSFUL);
    ReportedResult::Firmware { operation, result }
}

struct Firmware<'m, 'a> {
    machine: &'m mut Machine<'a>,
    run: &'m CampaignRun,
    /// The PkgURL of each download operation.
    urls: BTreeMap<Operation, String>,
    /// The operation that the result is about: the first that failed, otherwise the last.
    operation: Option<Operation>,
    /// Whether it failed.
    has_failed: bool,
}

fn operation_of(node: &str) -> Option<Operation> {
    Operation::ALL.into_iter().find(|operation| operation.node() == node)
}

/// The operation to which a node that can be set belongs.
fn set_for(node: &str) -> Option<Operation> {
    match node {
        fumo::DOWNLOAD_PKG_URL => Some(Operation::Download),
        fumo::DOWNLOAD_AND_UPDATE_PKG_URL => Some(Operation::DownloadAndUpdate),
        fumo::UPDATE_PKG_DATA => Some(Operation::Update),
        _ => None,
    }
}

impl<'a> Object<'a> for Firmware<'_, 'a> {
    fn machine(&mut self) -> &mut Machine<'a> {
        self.machine
    }

    fn check(&self, verb: Verb, item: &Item) -> Result<(), Failure> {
        let node = item.target.as_deref().unwrap_or_default();
        let (is_set, is_executed) = (set_for(node), operation_of(node));
        match (verb, is_set, is_executed) {
            _ if !node.starts_with(fumo::ROOT) => Err(Failure::Command),
            (Verb::Exec, _, Some(_)) => Ok(()),
            (Verb::Replace, Some(Operation::Update), _) if item.meta.format.as_deref() == Some("bin") => Ok(()),
            (Verb::Replace, Some(Operation::Download | Operation::DownloadAndUpdate), _) if has_format(item, "chr") => {
                Ok(())
            }
            // It is there, and takes something else.
            (_, Some(_), _) | (_, _, Some(_)) => Err(Failure::Command),
            _ if READ_ONLY.contains(&node) => Err(Failure::Command),
            _ if node.starts_with("./FUMO/") => Err(Failure::NotImplemented),
            _ => Err(Failure::Command),
        }
    }

    fn replace(&mut self, item: &Item) -> Result<(), Failure> {
        let operation = set_for(item.target.as_deref().unwrap_or_default()).ok_or(Failure::Command)?;
        // A new package begins anew.
        if self.machine.state.fumo_state() == FumoState::ReadyToUpdate {
            self.unstage();
            self.machine.enter(FumoState::Idle);
        }
        let data = item.data.clone().unwrap_or_default();
        if operation == Operation::Update {
            let taken = self.take_data(&data);
            if taken.is_err() {
                self.note(operation, &taken);
            }
            return taken;
        }
        self.urls.insert(operation, data);
        Ok(())
    }

    fn exec(&mut self, node: &str) -> Result<(), Failure> {
        let operation = operation_of(node).ok_or(Failure::Command)?;
        let outcome = self.carry_out(operation);
        self.note(operation, &outcome);
        outcome
    }
}

impl Firmware<'_, '_> {
    /// Remembers an operation, unless an earlier one has failed: the result is about that.
    fn note(&mut self, operation: Operation, outcome: &Result<(), Failure>) {
        if !self.has_failed {
            self.operation = Some(operation);
            self.has_failed = outcome.is_err();
        }
    }

    fn carry_out(&mut self, operation: Operation) -> Result<(), Failure> {
        let location = self.urls.get(&operation).cloned();
        match self.machine.conduct.firmware_operation(operation) {
            Operation::Download => self.download(Operation::Download, location.as_ref()).map(|_| ()),
            Operation::Update => {
                let staged = self.machine.state.staged.clone();
                let staged = staged.filter(|_| self.machine.state.fumo_state() == FumoState::ReadyToUpdate);
                let staged = staged.ok_or(Failure::Command)?;
                let package = self.machine.storage.read(&staged.object).ok().flatten();
                self.unstage();
                self.update(&package.unwrap_or_default(), &staged.version)
            }
            Operation::DownloadAndUpdate => {
                let package = self.download(Operation::DownloadAndUpdate, location.as_ref())?;
                let version = self.version()?;
                self.update(&package, &version)
            }
        }
    }

    fn version(&self) -> Result<Version, Failure> {
        self.run.announcement.target.resulting_version.clone().ok_or(Failure::Command)
    }

    /// From idle to ready to update: 30, then 40 and 50, or 20. What waits for an Update to come is kept before State says so.
    fn download(&mut self, operation: Operation, location: Option<&String>) -> Result<Vec<u8>, Failure> {
        self.version()?;
        if self.machine.state.fumo_state() != FumoState::Idle {
            return Err(Failure::Command);
        }
        self.machine.enter(FumoState::DownloadProgressing);
        let package = self.machine.package(self.run, location).and_then(|package| match operation {
            Operation::Download => self.stage(&package).map(|()| package),
            _ => Ok(package),
        });
        if package.is_err() {
            self.machine.enter(FumoState::DownloadFailed);
        } else {
            self.machine.enter(FumoState::DownloadComplete);
            self.machine.enter(FumoState::ReadyToUpdate);
        }
        package
    }

    /// The package inside the Command: from idle to ready to update at once.
    fn take_data(&mut self, text: &str) -> Result<(), Failure> {
        if self.machine.state.fumo_state() != FumoState::Idle {
            return Err(Failure::Command);
        }
        let text: String = text.split_ascii_whitespace().collect();
        let package = BASE64.decode(text).map_err(|_| Failure::Command)?;
        self.stage(&package)?;
        self.machine.enter(FumoState::ReadyToUpdate);
        Ok(())
    }

    /// Keeps a package for the Update, which may come with a later campaign.
    fn stage(&mut self, package: &[u8]) -> Result<(), Failure> {
        let version = self.version()?;
        let object = self.machine.keep("package", self.run, package).map_err(|_| Failure::NoRoomToDownload)?;
        self.unstage();
        self.machine.state.staged = Some(StagedPackage { object, version });
        Ok(())
    }

    fn unstage(&mut self) {
        let staged = self.machine.state.staged.take();
        self.machine.state.discarded.extend(staged.map(|package| package.object));
    }

    /// From ready to update to the end: 60, then 90 and 100, or 70 and 80.
    fn update(&mut self, package: &[u8], version: &Version) -> Result<(), Failure> {
        self.machine.enter(FumoState::UpdateProgressing);
        let installed = self.install(package, version);
        let (with_data, without) = match installed {
            Ok(()) => (FumoState::UpdateSuccessfulHaveData, FumoState::UpdateSuccessfulNoData),
            Err(_) => (FumoState::UpdateFailedHaveData, FumoState::UpdateFailedNoData),
        };
        self.machine.enter(with_data);
        self.machine.enter(without);
        installed
    }

    fn install(&mut self, package: &[u8], version: &Version) -> Result<(), Failure> {
        // What was downloaded earlier has to be what this campaign is about.
        if self.version()? != *version {
            return Err(Failure::NotAcceptable);
        }
        let image = self.machine.acceptable(package, version)?;
        self.machine.installable()?;
        // The new image goes to the idle slot; only the state document, replaced as a whole, makes it the running one.
        let slot = self.machine.state.active_slot.other();
        self.machine.storage.replace(slot.object(), image).map_err(|error| failure_of(&error))?;
        self.machine.state.active_slot = slot;
        self.machine.state.package_version = Some(version.clone());
        self.machine.state.firmware = version.clone();
        Ok(())
    }
}
