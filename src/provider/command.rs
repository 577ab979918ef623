//! The Command of a campaign: the usual one for what it brings, or the one that its planner wrote ([FU-NF-4], [SC-NF-1]).

use crate::spec::{ExceptionSchedule, NodeUri};
use crate::wire::mo::{fumo, schedule, scomo};
use crate::wire::syncml::{Command, Group, Item, Items, Message, SyncHdr};

use super::plan::{CampaignPlan, Content, Issue, PushError, SettingChange};

/// Stands in the Data of a planned command for the Content-Location of the campaign's package.
pub const PACKAGE_URL: &str = "{package}";

/// In what way a Command is not the usual one; the default is the usual one in everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommandPlan {
    /// The commands, instead of those that follow from the content. In provisioning data they follow the schedule. Their
    /// `CmdID`s are given when the Command is written, and so is the Correlator of an Exec that has none.
    pub commands: Option<Vec<Command>>,
    /// Whom it is addressed to; `None` is everybody.
    pub target: Option<String>,
    /// Whether the schedule is left out of provisioning data, though there is one.
    pub omits_schedule: bool,
}

impl CampaignPlan {
    pub(super) fn command(&self, issue: &Issue<'_>, package: &str) -> Result<Message, PushError> {
        let correlator = self.campaign.as_str();
        let planned = self.command.commands.clone().map(|mut commands| {
            for command in &mut commands {
                fill_in(command, package, correlator);
            }
            commands
        });
        let mut body = match (&self.content, planned) {
            (Content::Provisioning { schedule, .. }, Some(planned)) => {
                [self.scheduling(schedule.as_ref())?, planned].concat()
            }
            (Content::Provisioning { changes, atomic, schedule }, None) => {
                let commands = changes.iter().map(|change| change.command(0)).collect();
                let group = Group { cmd_id: 0, commands };
                let changes = if *atomic { Command::Atomic(group) } else { Command::Sequence(group) };
                [self.scheduling(schedule.as_ref())?, vec![changes]].concat()
            }
            (_, Some(planned)) => planned,
            (Content::Firmware(_), None) => fumo::download_and_update(package, correlator, 0),
            (Content::Software(component, _), None) => scomo::download_install(component, package, correlator, 0),
        };
        number(&mut body, &mut 0);
        let header = SyncHdr {
            session_id: issue.session.to_string(),
            msg_id: 1,
            target: self.command.target.clone().unwrap_or_else(|| "urn:castproof:broadcast".into()),
            source: issue.server.to_string(),
            source_name: None,
            resp_uri: None,
            cred: None,
        };
        Ok(Message { header, body, is_final: true })
    }

    fn scheduling(&self, schedule: Option<&ExceptionSchedule>) -> Result<Vec<Command>, PushError> {
        let Some(schedule) = schedule.filter(|_| !self.command.omits_schedule) else { return Ok(Vec::new()) };
        let items = schedule::to_items(&self.campaign, schedule)
            .map_err(|source| PushError::Schedule { campaign: self.campaign.clone(), source })?;
        Ok(vec![Command::Replace(Items { cmd_id: 0, items })])
    }
}

/// Gives each command its `CmdID`, in document order.
fn number(commands: &mut [Command], last: &mut u32) {
    for command in commands {
        *last += 1;
        command.set_cmd_id(*last);
        if let Command::Sequence(group) | Command::Atomic(group) = command {
            number(&mut group.commands, last);
        }
    }
}

fn fill_in(command: &mut Command, package: &str, correlator: &str) {
    match command {
        Command::Replace(items) | Command::Add(items) => {
            for data in items.items.iter_mut().filter_map(|item| item.data.as_mut()) {
                *data = data.replace(PACKAGE_URL, package);
            }
        }
        Command::Exec(exec) => {
            exec.correlator.get_or_insert_with(|| correlator.to_owned());
        }
        Command::Sequence(group) | Command::Atomic(group) => {
            group.commands.iter_mut().for_each(|inner| fill_in(inner, package, correlator));
        }
        Command::Delete(_) | Command::Get(_) | Command::Status(_) | Command::Alert(_) | Command::Results(_) => {}
    }
}

impl SettingChange {
    /// The node that changes.
    pub fn node(&self) -> &NodeUri {
        match self {
            Self::Replace(node, _) | Self::Add(node, _) | Self::Delete(node) => node,
        }
    }

    /// The change as a command.
    pub fn command(&self, cmd_id: u32) -> Command {
        let items = |item| Items { cmd_id, items: vec![item] };
        match self {
            Self::Replace(node, value) => Command::Replace(items(Item::text(node.as_str(), value))),
            Self::Add(node, value) => Command::Add(items(Item::text(node.as_str(), value))),
            Self::Delete(node) => Command::Delete(items(Item::for_target(node.as_str()))),
        }
    }
}
