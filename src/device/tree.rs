//! The management tree: what a DM Server may read and change.

use std::collections::BTreeSet;

use crate::spec::{ComponentId, DeviceTraits, NodeUri, SettingsTree};
use crate::wire::mo::provisioning::RESTORE;
use crate::wire::mo::{fumo, scomo};
use crate::wire::syncml::{Command, Item, status};

use super::conduct::{Conduct, Duty};
use super::state::DeviceState;

/// Settings that a Device keeps at most.
const MOST_SETTINGS: usize = 256;

/// The leaves that every Device has.
const FIXED: [&str; 11] = [
    "./DevInfo/DevId",
    "./DevInfo/Man",
    "./DevInfo/Mod",
    "./DevInfo/DmV",
    "./DevInfo/Lang",
    "./DevDetail/HwV",
    "./DevDetail/FwV",
    "./DevDetail/SwV",
    fumo::STATE,
    fumo::PKG_VERSION,
    "./StatusLog",
];

/// What a Get of a node gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NodeValue {
    pub(super) format: &'static str,
    pub(super) text: String,
}

/// What becomes of settings that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SettingsMemory {
    /// They are kept.
    Keeps,
    /// There is no room for more than there is.
    Full,
    /// Nothing can be written.
    Fails,
}

/// The tree over a Device's state.
pub(super) struct Tree<'a> {
    pub(super) traits: &'a DeviceTraits,
    /// The settings with which the Device left the factory.
    pub(super) factory: &'a SettingsTree,
    pub(super) conduct: &'a dyn Conduct,
    pub(super) state: &'a mut DeviceState,
    pub(super) memory: SettingsMemory,
}

/// How one item of a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ItemStatus {
    pub(super) node: String,
    pub(super) status: u16,
}

impl Tree<'_> {
    /// What a Get of a node gives, or the status that says why not: of an interior node the names of its children.
    pub(super) fn get(&self, uri: &str) -> Result<NodeValue, u16> {
        match self.leaf(uri) {
            Ok(text) => Ok(NodeValue { format: "chr", text }),
            Err(code) => self.children(uri).map(|text| NodeValue { format: "node", text }).ok_or(code),
        }
    }

    fn children(&self, uri: &str) -> Option<String> {
        let components = self.state.components.keys();
        let versions = components.flat_map(|id| [scomo::deployed_version(id), scomo::deployed_state(id)]);
        let delivered = self.state.delivered.keys().map(scomo::delivered_state);
        let settings = self.state.settings.keys().map(|node| node.as_str().to_owned());
        let fixed = FIXED.iter().map(|node| (*node).to_owned());
        let names: BTreeSet<String> = fixed
            .chain(versions)
            .chain(delivered)
            .chain(settings)
            .filter_map(|node| Some(node.strip_prefix(uri)?.strip_prefix('/')?.split('/').next()?.to_owned()))
            .collect();
        (!names.is_empty()).then(|| names.into_iter().collect::<Vec<_>>().join("/"))
    }

    /// The value of a leaf, or the status that says why not.
    pub(super) fn leaf(&self, uri: &str) -> Result<String, u16> {
        let traits = self.traits;
        let value = match uri {
            "./DevInfo/DevId" => traits.id.to_string(),
            "./DevInfo/Man" => traits.manufacturer.clone(),
            "./DevInfo/Mod" => traits.model.clone(),
            "./DevInfo/DmV" => "1.2".into(),
            "./DevInfo/Lang" => "en".into(),
            "./DevDetail/HwV" => traits.hardware_version.clone(),
            "./DevDetail/FwV" => self.state.firmware.to_string(),
            fumo::PKG_VERSION => self.state.package_version.as_ref().map(ToString::to_string).unwrap_or_default(),
            "./DevDetail/SwV" => self.software_version(),
            fumo::STATE => self.state.fumo_state.to_string(),
            "./StatusLog" => self.status_log(),
            _ => return self.component_leaf(uri).or_else(|| self.setting(uri)).ok_or(status::NOT_FOUND),
        };
        Ok(value)
    }

    fn software_version(&self) -> String {
        let versions: Vec<String> =
            self.state.components.iter().map(|(id, component)| format!("{id} {}", component.version)).collect();
        versions.join(", ")
    }

    fn status_log(&self) -> String {
        let lines: Vec<String> = self
            .state
            .log
            .iter()
            .map(|entry| format!("{} {} {} {}", entry.sequence.0, entry.campaign, entry.code, entry.at_ms))
            .collect();
        lines.join("\n")
    }

    fn component_leaf(&self, uri: &str) -> Option<String> {
        if let Some(delivered) = uri.strip_prefix(scomo::DELIVERED).and_then(|below| below.strip_prefix('/')) {
            let id = ComponentId::new(delivered.strip_suffix("/State")?).ok()?;
            return self.state.delivered.contains_key(&id).then(|| "10".into());
        }
        let (id, leaf) = uri.strip_prefix(scomo::DEPLOYED)?.strip_prefix('/')?.rsplit_once('/')?;
        let component = self.state.components.get(&ComponentId::new(id).ok()?)?;
        match leaf {
            "Version" => Some(component.version.to_string()),
            "State" => Some(if component.is_active { "20" } else { "10" }.into()),
            _ => None,
        }
    }

    fn setting(&self, uri: &str) -> Option<String> {
        self.state.settings.get(&NodeUri::new(uri).ok()?).cloned()
    }

    /// Runs Replace, Add, Delete, Exec, Sequence and Atomic; gives the status of every item, in order.
    pub(super) fn run(&mut self, commands: &[Command]) -> Vec<ItemStatus> {
        let mut statuses = Vec::new();
        for command in commands {
            statuses.extend(self.run_one(command));
            // A failure does not stop what follows it.
            if statuses.iter().any(|item| !is_success(item.status)) && !self.conduct.goes_on_after_a_failure() {
                break;
            }
        }
        statuses
    }

    fn run_one(&mut self, command: &Command) -> Vec<ItemStatus> {
        match command {
            Command::Replace(items) => self.each(&items.items, Self::replace),
            Command::Add(items) => self.each(&items.items, Self::add),
            Command::Delete(items) => self.each(&items.items, Self::delete),
            Command::Sequence(group) => self.run(&group.commands),
            Command::Atomic(group) => self.atomic(&group.commands),
            Command::Exec(exec) => self.each(std::slice::from_ref(&exec.item), Self::exec),
            Command::Status(_) | Command::Alert(_) | Command::Get(_) | Command::Results(_) => {
                vec![ItemStatus { node: command.name().into(), status: status::COMMAND_NOT_ALLOWED }]
            }
        }
    }

    fn each(&mut self, items: &[Item], run: fn(&mut Self, &NodeUri, &Item) -> u16) -> Vec<ItemStatus> {
        items
            .iter()
            .map(|item| {
                let target = item.target.clone().unwrap_or_default();
                let status = match NodeUri::new(target.as_str()) {
                    Ok(node) => run(self, &node, item),
                    Err(_) => status::COMMAND_FAILED,
                };
                ItemStatus { node: target, status }
            })
            .collect()
    }

    /// All or nothing: when one command fails, what the others changed is taken back ([SC-NF-3]).
    fn atomic(&mut self, commands: &[Command]) -> Vec<ItemStatus> {
        let before = self.state.settings.clone();
        let mut statuses = self.run(commands);
        if statuses.iter().any(|item| !is_success(item.status)) && !self.conduct.neglects(Duty::RollBack) {
            self.state.settings = before;
            for item in statuses.iter_mut().filter(|item| is_success(item.status)) {
                item.status = status::ATOMIC_ROLL_BACK_OK;
            }
        }
        statuses
    }

    fn replace(&mut self, node: &NodeUri, item: &Item) -> u16 {
        if let Some(refusal) = self.refusal(node) {
            return refusal;
        }
        if !self.state.settings.contains_key(node)
            && let Some(refusal) = self.conduct.refuses_change(status::NOT_FOUND)
        {
            return refusal;
        }
        self.store(node, item)
    }

    fn add(&mut self, node: &NodeUri, item: &Item) -> u16 {
        if let Some(refusal) = self.refusal(node) {
            return refusal;
        }
        if !node.as_str().starts_with("./Settings/") {
            return status::COMMAND_NOT_ALLOWED;
        }
        if self.state.settings.contains_key(node)
            && let Some(refusal) = self.conduct.refuses_change(status::ALREADY_EXISTS)
        {
            return refusal;
        }
        self.store(node, item)
    }

    fn delete(&mut self, node: &NodeUri, _item: &Item) -> u16 {
        if let Some(refusal) = self.refusal(node) {
            return refusal;
        }
        if !self.state.settings.contains_key(node) {
            return status::NOT_FOUND;
        }
        if self.memory == SettingsMemory::Fails {
            return status::COMMAND_FAILED;
        }
        self.state.settings.remove(node);
        status::OK
    }

    fn store(&mut self, node: &NodeUri, item: &Item) -> u16 {
        // Settings are text; another format would be stored as something it is not.
        if item.meta.format.as_deref().is_some_and(|format| format != "chr")
            && let Some(refusal) = self.conduct.refuses_change(status::UNSUPPORTED_TYPE_OR_FORMAT)
        {
            return refusal;
        }
        if self.memory == SettingsMemory::Fails {
            return status::COMMAND_FAILED;
        }
        let value = item.data.clone().unwrap_or_default();
        let before = self.state.settings.get(node);
        // What is no longer than before fits where that was.
        let grows = before.is_none_or(|before| value.len() > before.len());
        if (grows && self.memory == SettingsMemory::Full)
            || (before.is_none() && self.state.settings.len() >= MOST_SETTINGS)
        {
            return status::DEVICE_FULL;
        }
        self.state.settings.insert(node.clone(), value);
        status::OK
    }

    /// Puts every setting back to what the Device left the factory with (profile section 4.4).
    fn exec(&mut self, node: &NodeUri, _item: &Item) -> u16 {
        match node.as_str() {
            RESTORE if self.memory == SettingsMemory::Fails => status::COMMAND_FAILED,
            RESTORE => {
                self.state.settings.clone_from(self.factory);
                status::OK
            }
            _ if self.state.settings.contains_key(node) => status::COMMAND_NOT_ALLOWED,
            _ => status::NOT_FOUND,
        }
    }

    /// Why a node cannot be changed, if it cannot: nobody may, or this Device's access control says no.
    fn refusal(&mut self, node: &NodeUri) -> Option<u16> {
        let fixed = ["./DevInfo/", "./DevDetail/", "./FUMO/", "./SCOMO/Inventory/", "./StatusLog"];
        if node.as_str() == RESTORE || fixed.iter().any(|prefix| node.as_str().starts_with(prefix)) {
            return Some(status::COMMAND_NOT_ALLOWED);
        }
        if !self.state.read_only.contains(node) {
            return None;
        }
        match &mut self.state.refusals_left {
            Some(0) => return None,
            Some(left) => *left -= 1,
            None => {}
        }
        self.conduct.refuses_change(status::PERMISSION_DENIED)
    }
}

/// Whether a status code says that the command took effect.
pub(super) fn is_success(status: u16) -> bool {
    (200..300).contains(&status) && status != status::ATOMIC_ROLL_BACK_OK
}
