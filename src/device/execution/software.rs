//! SCOMO: download, install, activate, deactivate and remove one component ([FU-NF-4], profile section 4.3).

use crate::spec::{ComponentId, Version};
use crate::wire::mo::ReportedResult;
use crate::wire::mo::scomo::{self, Operation, ScomoResult};
use crate::wire::syncml::{Command, Item, Message};

use super::super::campaign::{CampaignRun, Failure};
use super::super::state::{Component, StagedPackage};
use super::document::{self, Object, Verb, flatten, has_format};
use super::{Machine, failure_of};

pub(super) fn execute(machine: &mut Machine<'_>, run: &CampaignRun, command: &Message) -> ReportedResult {
    let Some(component) = run.announcement.target.component.clone() else {
        return Failure::Command.of(&run.announcement);
    };
    let executed = flatten(&command.body).find_map(|command| match command {
        Command::Exec(exec) => scomo::operation_of(exec.item.target.as_deref()?),
        _ => None,
    });
    let executed = executed.filter(|(named, _)| *named == component).map(|(_, operation)| operation);
    let mut software = Software { machine, run, component, url: None, operation: None };
    let checked = document::check(&software, &command.body, run.announcement.campaign.as_str());
    let outcome = match checked {
        Err(refusal) if software.machine.conduct.refuses_command(true) => Err(refusal),
        _ => document::run(&mut software, &command.body),
    };
    let operation = software.operation.or(executed).unwrap_or(Operation::DownloadInstall);
    let result = outcome.map_or_else(Failure::scomo_result, |()| ScomoResult::SUCCESSFUL);
    ReportedResult::Software { component: software.component, operation, result }
}

struct Software<'m, 'a> {
    machine: &'m mut Machine<'a>,
    run: &'m CampaignRun,
    component: ComponentId,
    url: Option<String>,
    /// The operation that the result is about: the first that failed, otherwise the last.
    operation: Option<Operation>,
}

impl<'a> Object<'a> for Software<'_, 'a> {
    fn machine(&mut self) -> &mut Machine<'a> {
        self.machine
    }

    fn check(&self, verb: Verb, item: &Item) -> Result<(), Failure> {
        let node = item.target.as_deref().unwrap_or_default();
        let roots = [scomo::DOWNLOAD, scomo::DELIVERED, scomo::DEPLOYED];
        let below = roots.into_iter().find_map(|root| {
            node.strip_prefix(root)?.strip_prefix('/')?.strip_prefix(self.component.as_str())?.strip_prefix('/')
        });
        // A node of another component is a forbidden node.
        let leaf = below.ok_or(Failure::Command)?;
        let is_operation = scomo::operation_of(node).is_some();
        let is_url = node == scomo::package_url(&self.component);
        match verb {
            Verb::Exec if is_operation => Ok(()),
            Verb::Replace if is_url && has_format(item, "chr") => Ok(()),
            // It is there, and takes something else.
            _ if is_operation || is_url || ["ID", "Version", "State"].contains(&leaf) => Err(Failure::Command),
            _ => Err(Failure::NotImplemented),
        }
    }

    fn replace(&mut self, item: &Item) -> Result<(), Failure> {
        self.url.clone_from(&item.data);
        Ok(())
    }

    fn exec(&mut self, node: &str) -> Result<(), Failure> {
        let (_, operation) = scomo::operation_of(node).ok_or(Failure::Command)?;
        self.operation = Some(operation);
        match self.machine.conduct.component_operation(operation) {
            Operation::Download => self.deliver(),
            Operation::DownloadInstall => self.download_install(true),
            Operation::DownloadInstallInactive => self.download_install(false),
            Operation::Install => self.install_delivered(true),
            Operation::InstallInactive => self.install_delivered(false),
            Operation::RemovePackage => self.remove_package(),
            Operation::Activate => self.set_active(true, Failure::Activation),
            Operation::Deactivate => self.set_active(false, Failure::Deactivation),
            Operation::Remove => self.remove(),
        }
    }
}

impl Software<'_, '_> {
    fn version(&self) -> Result<Version, Failure> {
        self.run.announcement.target.resulting_version.clone().ok_or(Failure::Command)
    }

    fn deliver(&mut self) -> Result<(), Failure> {
        let version = self.version()?;
        let package = self.machine.package(self.run, self.url.as_ref())?;
        let object = self.machine.keep("delivered", self.run, &package).map_err(|_| Failure::NoRoomToDownload)?;
        let before = self.machine.state.delivered.insert(self.component.clone(), StagedPackage { object, version });
        self.machine.state.discarded.extend(before.map(|package| package.object));
        Ok(())
    }

    fn download_install(&mut self, is_active: bool) -> Result<(), Failure> {
        let version = self.version()?;
        let package = self.machine.package(self.run, self.url.as_ref())?;
        self.install(&package, version, is_active)
    }

    fn install_delivered(&mut self, is_active: bool) -> Result<(), Failure> {
        let delivered = self.machine.state.delivered.get(&self.component).cloned().ok_or(Failure::Installation)?;
        // What was delivered earlier has to be what this campaign is about.
        if self.version()? != delivered.version {
            return Err(Failure::NotAcceptable);
        }
        let package = self.machine.storage.read(&delivered.object).ok().flatten().ok_or(Failure::Installation)?;
        self.install(&package, delivered.version, is_active)?;
        self.machine.state.delivered.remove(&self.component);
        self.machine.state.discarded.push(delivered.object);
        Ok(())
    }

    fn install(&mut self, package: &[u8], version: Version, is_active: bool) -> Result<(), Failure> {
        let image = self.machine.acceptable(package, &version)?;
        self.machine.installable()?;
        let image = self.machine.keep("component", self.run, image).map_err(|error| failure_of(&error))?;
        let component = Component { version, image: Some(image), is_active };
        let before = self.machine.state.components.insert(self.component.clone(), component);
        self.machine.state.discarded.extend(before.and_then(|component| component.image));
        Ok(())
    }

    fn remove_package(&mut self) -> Result<(), Failure> {
        self.working(Failure::Removal)?;
        let package = self.machine.state.delivered.remove(&self.component).ok_or(Failure::Removal)?;
        self.machine.state.discarded.push(package.object);
        Ok(())
    }

    fn set_active(&mut self, is_active: bool, failure: Failure) -> Result<(), Failure> {
        self.working(failure)?;
        self.machine.state.components.get_mut(&self.component).ok_or(failure)?.is_active = is_active;
        Ok(())
    }

    fn remove(&mut self) -> Result<(), Failure> {
        self.working(Failure::Removal)?;
        let component = self.machine.state.components.remove(&self.component).ok_or(Failure::Removal)?;
        self.machine.state.discarded.extend(component.image);
        Ok(())
    }

    /// A failing installer fails at all of its work.
    fn working(&self, failure: Failure) -> Result<(), Failure> {
        if self.machine.installer_fails { Err(failure) } else { Ok(()) }
    }
}
