//! Carrying out a Command that was broadcast: [`firmware`], [`software`] and [`provisioning`] ([FU-NF-4], [SC-NF-3]).
//!
//! A Command is looked at as a whole before anything of it is carried out ([`document`]). What it changes lies in the
//! state document until that is kept, so an interruption leaves the old state or the new one.

mod document;
mod firmware;
mod provisioning;
mod software;

use crate::spec::{ComponentId, DeviceTraits, ExceptionSchedule, SettingsTree, UpdateKind, Version};
use crate::wire::announcement::VerifyingKey;
use crate::wire::mo::ReportedResult;
use crate::wire::mo::fumo::FumoState;
use crate::wire::package::PackageHeader;
use crate::wire::syncml::Message;

use super::campaign::{CampaignRun, Failure};
use super::conduct::Conduct;
use super::state::DeviceState;
use super::storage::{Storage, StorageError};
use super::tree::SettingsMemory;

/// What came of a Command.
pub(super) struct Execution {
    pub(super) result: ReportedResult,
    /// The exception schedule of provisioning data; `None` when it carried none or a malformed one.
    pub(super) schedule: Option<ExceptionSchedule>,
}

/// Stands where a campaign for software names no component, which its own form does not allow.
pub(super) fn unnamed_component() -> ComponentId {
    ComponentId::new("unnamed").expect("a short printable name")
}

/// The environment that packages run in on this Device.
const ENVIRONMENT: &str = "native";

/// What the execution may touch.
pub(super) struct Machine<'a> {
    pub(super) traits: &'a DeviceTraits,
    /// The settings with which it left the factory.
    pub(super) factory: &'a SettingsTree,
    /// The signing keys of the provider.
    pub(super) keys: Vec<VerifyingKey>,
    pub(super) conduct: &'a dyn Conduct,
    pub(super) state: &'a mut DeviceState,
    pub(super) storage: &'a mut dyn Storage,
    /// Whether the installer fails, a local condition that the wire cannot cause.
    pub(super) installer_fails: bool,
    /// Whether there is no room for what is installed.
    pub(super) has_no_room_to_install: bool,
    /// What becomes of settings that are written.
    pub(super) memory: SettingsMemory,
    /// The states that FUMO went through.
    pub(super) trail: Vec<FumoState>,
    /// The objects that were written.
    pub(super) written: Vec<String>,
}

impl Machine<'_> {
    /// Carries out `command` for the campaign `run`, whose objects have all been received.
    pub(super) fn execute(&mut self, run: &CampaignRun, command: &Message) -> Execution {
        let only = |result| Execution { result, schedule: None };
        match run.announcement.kind {
            UpdateKind::Firmware => only(firmware::execute(self, run, command)),
            UpdateKind::Software => only(software::execute(self, run, command)),
            UpdateKind::Provisioning => provisioning::provision(self, run, command),
        }
    }

    /// The announced package with this Content-Location.
    fn package(&self, run: &CampaignRun, location: Option<&String>) -> Result<Vec<u8>, Failure> {
        let location = location.ok_or(Failure::BadUrl)?;
        let is_package = run.announcement.delivery.packages.iter().any(|package| package.location == *location);
        let name = run.received.get(location).filter(|_| is_package).ok_or(Failure::BadUrl)?;
        match self.storage.read(name) {
            Ok(Some(image)) => Ok(image),
            Ok(None) | Err(_) => Err(Failure::Installation),
        }
    }

    /// The image in a package that this Device may install (profile section 4.5).
    fn acceptable<'p>(&self, package: &'p [u8], version: &Version) -> Result<&'p [u8], Failure> {
        let (header, image) = PackageHeader::split(package).map_err(|_| Failure::NotAcceptable)?;
        let is = |said: &Option<String>, own: &str| said.as_ref().is_none_or(|said| said == own);
        let is_made_for_it =
            is(&header.manufacturer, &self.traits.manufacturer) && is(&header.model, &self.traits.model);
        if !header.is_vouched(image, self.keys.iter()) {
            Err(Failure::Signature)
        } else if !self.conduct.accepts_package(is_made_for_it) {
            Err(Failure::OtherDevice)
        } else if !is(&header.environment, ENVIRONMENT) {
            Err(Failure::Environment)
        } else if !is(&header.version, &version.to_string()) {
            Err(Failure::NotAcceptable)
        } else {
            Ok(image)
        }
    }

    /// Whether an image can be written to where it runs.
    fn installable(&self) -> Result<(), Failure> {
        if self.has_no_room_to_install {
            Err(Failure::NoRoomToInstall)
        } else if self.installer_fails {
            Err(Failure::Installation)
        } else {
            Ok(())
        }
    }

    /// Writes an object under a name that nothing else has.
    fn keep(&mut self, kind: &str, run: &CampaignRun, octets: &[u8]) -> Result<String, StorageError> {
        let name = match self.written.len() {
            0 => format!("{kind}-{}.bin", run.id),
            further => format!("{kind}-{}-{further}.bin", run.id),
        };
        self.storage.replace(&name, octets)?;
        self.written.push(name.clone());
        Ok(name)
    }

    /// Takes back everything since `before`, but not that FUMO has tried.
    fn roll_back(&mut self, before: DeviceState, written_before: usize) {
        let tried = self.state.fumo_state();
        *self.state = before;
        self.state.discarded.extend(self.written[written_before..].iter().cloned());
        self.state.fumo_state = tried.number();
        match tried {
            FumoState::ReadyToUpdate if self.state.staged.is_some() => {}
            // The package that waited before is back, and waits again.
            _ if self.state.staged.is_some() => self.enter(FumoState::ReadyToUpdate),
            // What was there to be installed, or was installed, is no more.
            FumoState::ReadyToUpdate | FumoState::UpdateSuccessfulHaveData | FumoState::UpdateSuccessfulNoData => {
                self.enter(FumoState::Idle);
            }
            _ => {}
        }
    }

    fn enter(&mut self, state: FumoState) {
        self.trail.push(state);
        self.state.fumo_state = self.conduct.shown_state(state).number();
    }
}

/// Whether a document is the Command of a campaign, and nothing else (profile section 4.1).
///
/// The digest in the signed announcement covers the document; these are the names inside it.
pub(super) fn is_of_campaign(conduct: &dyn Conduct, run: &CampaignRun, message: &Message) -> bool {
    let header = &message.header;
    let is_for_everybody = header.target == TO_EVERYBODY;
    header.session_id == run.session.to_string()
        && header.msg_id == 1
        && conduct.obeys(is_for_everybody)
        && header.source == run.server.as_str()
        && header.cred.is_none()
        && message.is_final
}

/// The Target of a Command, which is for whoever the announcement is for.
const TO_EVERYBODY: &str = "urn:castproof:broadcast";

fn failure_of(error: &StorageError) -> Failure {
    match error {
        StorageError::Full { .. } => Failure::NoRoomToInstall,
        StorageError::Medium(_) => Failure::Installation,
    }
}
