//! Commands of a planned Command document, in JSON.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Unfit;
use crate::wire::syncml::{Command, Exec, Group, Item, Items, Meta};

/// A command of the body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "command", rename_all = "kebab-case", deny_unknown_fields)]
pub enum PlannedCommand {
    /// Replace.
    Replace {
        /// Its items.
        items: Vec<PlannedItem>,
    },
    /// Add.
    Add {
        /// Its items.
        items: Vec<PlannedItem>,
    },
    /// Delete.
    Delete {
        /// Its items.
        items: Vec<PlannedItem>,
    },
    /// Get.
    Get {
        /// Its items.
        items: Vec<PlannedItem>,
    },
    /// Exec.
    Exec {
        /// Its one item.
        item: PlannedItem,
        /// Its Correlator; without it the campaign id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        correlator: Option<String>,
    },
    /// Sequence.
    Sequence {
        /// The commands inside.
        commands: Vec<PlannedCommand>,
    },
    /// Atomic.
    Atomic {
        /// The commands inside.
        commands: Vec<PlannedCommand>,
    },
}

/// An item of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlannedItem {
    /// `Target/LocURI`.
    pub node: String,
    /// `Meta/Format`; without it there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// `Meta/Type`; without it there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#type: Option<String>,
    /// `Data`, in which `{package}` stands for the Content-Location of the campaign's package; without it there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
}

impl TryFrom<&Command> for PlannedCommand {
    type Error = Unfit;

    fn try_from(command: &Command) -> Result<Self, Unfit> {
        let items = |items: &Items| items.items.iter().map(PlannedItem::try_from).collect::<Result<Vec<_>, _>>();
        let inner = |group: &Group| group.commands.iter().map(Self::try_from).collect::<Result<Vec<_>, _>>();
        Ok(match command {
            Command::Replace(all) => Self::Replace { items: items(all)? },
            Command::Add(all) => Self::Add { items: items(all)? },
            Command::Delete(all) => Self::Delete { items: items(all)? },
            Command::Get(all) => Self::Get { items: items(all)? },
            Command::Exec(exec) => Self::Exec { item: (&exec.item).try_into()?, correlator: exec.correlator.clone() },
            Command::Sequence(group) => Self::Sequence { commands: inner(group)? },
            Command::Atomic(group) => Self::Atomic { commands: inner(group)? },
            Command::Status(_) | Command::Alert(_) | Command::Results(_) => {
                return Err(Unfit(format!("no Command document is planned with {}", command.name())));
            }
        })
    }
}

impl TryFrom<&Item> for PlannedItem {
    type Error = Unfit;

    fn try_from(item: &Item) -> Result<Self, Unfit> {
        let Item { target: Some(node), source: None, meta: Meta { media_type, format, mark: None }, data } =
            item.clone()
        else {
            return Err(Unfit::new("an item of a planned command has a target, and neither source nor mark"));
        };
        Ok(Self { node, format, r#type: media_type, data })
    }
}

impl From<&PlannedCommand> for Command {
    fn from(planned: &PlannedCommand) -> Self {
        // Numbered when the Command is written.
        let cmd_id = 0;
        let items = |items: &[PlannedItem]| Items { cmd_id, items: items.iter().map(Item::from).collect() };
        let group = |commands: &[PlannedCommand]| Group { cmd_id, commands: commands.iter().map(Self::from).collect() };
        match planned {
            PlannedCommand::Replace { items: all } => Self::Replace(items(all)),
            PlannedCommand::Add { items: all } => Self::Add(items(all)),
            PlannedCommand::Delete { items: all } => Self::Delete(items(all)),
            PlannedCommand::Get { items: all } => Self::Get(items(all)),
            PlannedCommand::Exec { item, correlator } => {
                Self::Exec(Exec { cmd_id, correlator: correlator.clone(), item: item.into() })
            }
            PlannedCommand::Sequence { commands } => Self::Sequence(group(commands)),
            PlannedCommand::Atomic { commands } => Self::Atomic(group(commands)),
        }
    }
}

impl From<&PlannedItem> for Item {
    fn from(planned: &PlannedItem) -> Self {
        let PlannedItem { node, format, r#type, data } = planned.clone();
        Self { target: Some(node), source: None, meta: Meta { media_type: r#type, format, mark: None }, data }
    }
}
