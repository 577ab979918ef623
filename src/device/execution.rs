//! Carrying out a Command that was broadcast: FUMO, SCOMO and provisioning ([FU-NF-4], [SC-NF-3]).

use crate::spec::{ComponentId, ExceptionSchedule, NodeUri, UpdateKind};
use crate::wire::mo::fumo::{self, FumoResult, FumoState};
use crate::wire::mo::provisioning::ProvisioningReport;
use crate::wire::mo::scomo::{self, Operation, ScomoResult};
use crate::wire::mo::{ReportedResult, schedule};
use crate::wire::syncml::{Command, Item, Items, Message, status};

use super::campaign::{CampaignRun, Failure};
use super::state::{Component, DeviceState};
use super::storage::{Storage, StorageError};
use super::tree::{Tree, is_success};

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

/// What the execution may touch.
pub(super) struct Machine<'a> {
    pub(super) traits: &'a crate::spec::DeviceTraits,
    pub(super) state: &'a mut DeviceState,
    pub(super) storage: &'a mut dyn Storage,
    /// Whether the installer fails, a local condition that the wire cannot cause.
    pub(super) installer_fails: bool,
}

impl Machine<'_> {
    /// Carries out `command` for the campaign `run`, whose objects have all been received.
    pub(super) fn execute(&mut self, run: &CampaignRun, command: &Message) -> Execution {
        let only = |result| Execution { result, schedule: None };
        match run.announcement.kind {
            UpdateKind::Firmware => only(self.update_firmware(run, command)),
            UpdateKind::Software => only(self.update_component(run, command)),
            UpdateKind::Provisioning => self.provision(run, command),
        }
    }

    fn update_firmware(&mut self, run: &CampaignRun, command: &Message) -> ReportedResult {
        match self.install_firmware(run, command) {
            Ok(()) => {
                self.state.fumo_state = FumoState::UpdateSuccessfulNoData.number();
                ReportedResult::Firmware(FumoResult::SUCCESSFUL)
            }
            Err(failure) => {
                self.state.fumo_state = failure.fumo_state().number();
                failure.of(&run.announcement)
            }
        }
    }

    fn install_firmware(&mut self, run: &CampaignRun, command: &Message) -> Result<(), Failure> {
        let version = run.announcement.target.resulting_version.clone().ok_or(Failure::Command)?;
        let nodes = Nodes {
            url: fumo::DOWNLOAD_AND_UPDATE_PKG_URL.into(),
            operation: fumo::DOWNLOAD_AND_UPDATE.into(),
            others: vec![format!("{}/", fumo::ROOT)],
        };
        let image = self.commanded_package(run, command, &nodes)?;
        if self.installer_fails {
            return Err(Failure::Installation);
        }
        // The new image goes to the idle slot; only the state document, replaced as a whole, makes it the running one.
        let slot = self.state.active_slot.other();
        self.storage.replace(slot.object(), &image).map_err(|error| failure_of(&error))?;
        self.state.active_slot = slot;
        self.state.package_version = Some(version.clone());
        self.state.firmware = version;
        Ok(())
    }

    fn update_component(&mut self, run: &CampaignRun, command: &Message) -> ReportedResult {
        let fail = |failure: Failure| failure.of(&run.announcement);
        let target = &run.announcement.target;
        let (Some(component), Some(version)) = (target.component.clone(), target.resulting_version.clone()) else {
            return fail(Failure::Command);
        };
        let nodes = Nodes {
            url: scomo::package_url(&component),
            operation: scomo::operation(&component, Operation::DownloadInstall),
            others: [scomo::DOWNLOAD, DELIVERED, scomo::DEPLOYED].map(|root| format!("{root}/{component}/")).to_vec(),
        };
        let image = match self.commanded_package(run, command, &nodes) {
            Ok(image) => image,
            Err(failure) => return fail(failure),
        };

        if self.installer_fails {
            return fail(Failure::Installation);
        }
        let name = format!("component-{}.bin", run.id);
        if let Err(error) = self.storage.replace(&name, &image) {
            return fail(failure_of(&error));
        }
        let before = self.state.components.insert(component.clone(), Component { version, image: Some(name) });
        self.state.discarded.extend(before.and_then(|component| component.image));
        let result = ScomoResult::SUCCESSFUL;
        ReportedResult::Software { component, operation: Operation::DownloadInstall, result }
    }

    /// The package that the Command names, with an Exec of the operation after its URL was set.
    ///
    /// The whole document is looked at first: when it names a node that it must not, nothing of it is carried out.
    fn commanded_package(&self, run: &CampaignRun, command: &Message, nodes: &Nodes) -> Result<Vec<u8>, Failure> {
        let correlator = Some(run.announcement.campaign.as_str());
        let mut location = None;
        let mut is_executed = false;
        let mut is_implemented = true;
        for command in flatten(&command.body) {
            match command {
                Command::Replace(items) => {
                    for item in &items.items {
                        let node = item.target.as_deref().unwrap_or_default();
                        match nodes.place(node)? {
                            Place::Url if !is_executed => location.clone_from(&item.data),
                            Place::Url => return Err(Failure::Command),
                            Place::Operation | Place::Other => is_implemented = false,
                        }
                    }
                }
                Command::Exec(exec) if exec.correlator.as_deref() == correlator && !is_executed => {
                    match nodes.place(exec.item.target.as_deref().unwrap_or_default())? {
                        Place::Operation => is_executed = true,
                        Place::Url | Place::Other => is_implemented = false,
                    }
                }
                _ => return Err(Failure::Command),
            }
        }
        if !is_implemented {
            return Err(Failure::NotImplemented);
        }
        if !is_executed {
            return Err(Failure::Command);
        }
        let location = location.ok_or(Failure::BadUrl)?;
        let is_package = run.announcement.delivery.packages.iter().any(|package| package.location == location);
        let name = run.received.get(&location).filter(|_| is_package).ok_or(Failure::BadUrl)?;
        match self.storage.read(name) {
            Ok(Some(image)) => Ok(image),
            Ok(None) | Err(_) => Err(Failure::Installation),
        }
    }

    fn provision(&mut self, run: &CampaignRun, command: &Message) -> Execution {
        let own_schedule = format!("{}/{}/", schedule::ROOT, run.announcement.campaign);
        if !command.body.iter().all(|command| is_provisioning(command, &own_schedule)) {
            let result = Failure::Command.of(&run.announcement);
            return Execution { result, schedule: None };
        }
        let (scheduled, changes) = split_schedule(&command.body, &own_schedule);
        // A malformed schedule and none at all mean silence (profile section 4.4).
        let schedule = schedule::from_items(&scheduled).ok().flatten().map(|(_, schedule)| schedule);
        let has_room = self.storage.has_room_for(1);
        let mut tree = Tree { traits: self.traits, state: self.state, has_room };
        let statuses = tree.run(&changes);

        let failing: Vec<(NodeUri, u16)> = statuses
            .iter()
            .filter(|item| !is_success(item.status) && item.status != status::ATOMIC_ROLL_BACK_OK)
            .filter_map(|item| Some((NodeUri::new(item.node.as_str()).ok()?, item.status)))
            .collect();
        let status = failing.first().map_or(status::OK, |(_, status)| *status);
        Execution { result: ReportedResult::Provisioning(ProvisioningReport { status, failing }), schedule }
    }
}

/// Where packages lie that were delivered and not deployed.
const DELIVERED: &str = "./SCOMO/Inventory/Delivered";

/// The nodes that a Command for firmware or software may touch.
struct Nodes {
    url: String,
    operation: String,
    /// Where the other nodes of the object begin, none of which can be set or executed here.
    others: Vec<String>,
}

/// What a node is in a Command.
enum Place {
    Url,
    Operation,
    Other,
}

impl Nodes {
    fn place(&self, node: &str) -> Result<Place, Failure> {
        if node == self.url {
            Ok(Place::Url)
        } else if node == self.operation {
            Ok(Place::Operation)
        } else if self.others.iter().any(|root| node.starts_with(root)) {
            Ok(Place::Other)
        } else {
            Err(Failure::Command)
        }
    }
}

/// Whether a document is the Command of a campaign, and nothing else (profile section 4.1).
///
/// The digest in the signed announcement covers the document; these are the names inside it.
pub(super) fn is_of_campaign(run: &CampaignRun, message: &Message) -> bool {
    let header = &message.header;
    header.session_id == run.session.to_string()
        && header.msg_id == 1
        && header.target == TO_EVERYBODY
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

/// The commands of a body, with those inside Sequence and Atomic.
fn flatten(commands: &[Command]) -> Box<dyn Iterator<Item = &Command> + '_> {
    Box::new(commands.iter().flat_map(|command| match command {
        Command::Sequence(group) | Command::Atomic(group) => flatten(&group.commands),
        _ => Box::new(std::iter::once(command)) as Box<dyn Iterator<Item = &Command>>,
    }))
}

/// Whether a command of provisioning data touches nothing but settings, or the campaign's own schedule.
fn is_provisioning(command: &Command, own_schedule: &str) -> bool {
    // What follows the root is the name of a node.
    let is_below = |item: &Item, root: &str| {
        let node = item.target.as_deref().filter(|node| NodeUri::new(*node).is_ok()).unwrap_or_default();
        node.strip_prefix(root).is_some_and(|name| !name.is_empty())
    };
    match command {
        Command::Replace(items) => {
            items.items.iter().all(|item| is_below(item, SETTINGS) || is_below(item, own_schedule))
        }
        Command::Add(items) | Command::Delete(items) => items.items.iter().all(|item| is_below(item, SETTINGS)),
        // The schedule stands in front of the groups, not in them.
        Command::Sequence(group) | Command::Atomic(group) => {
            group.commands.iter().all(|inner| is_provisioning(inner, SETTINGS))
        }
        _ => false,
    }
}

/// The leaves of the schedule, and the commands without them.
fn split_schedule(body: &[Command], own_schedule: &str) -> (Vec<Item>, Vec<Command>) {
    let mut leaves = Vec::new();
    let mut changes = Vec::new();
    for command in body {
        let Command::Replace(replace) = command else {
            changes.push(command.clone());
            continue;
        };
        let is_leaf = |item: &Item| item.target.as_deref().is_some_and(|node| node.starts_with(own_schedule));
        let (scheduled, items): (Vec<Item>, Vec<Item>) = replace.items.iter().cloned().partition(is_leaf);
        leaves.extend(scheduled);
        if !items.is_empty() {
            changes.push(Command::Replace(Items { cmd_id: replace.cmd_id, items }));
        }
    }
    (leaves, changes)
}

/// Where the settings begin.
const SETTINGS: &str = "./Settings/";
