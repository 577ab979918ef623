//! Carrying out provisioning data: the exception schedule in front, then changes of settings ([SC-NF-3], [SC-NF-4]).

use crate::spec::NodeUri;
use crate::wire::mo::ReportedResult;
use crate::wire::mo::provisioning::ProvisioningReport;
use crate::wire::mo::schedule;
use crate::wire::syncml::{Command, Item, Items, Message, status};

use super::super::campaign::{CampaignRun, Failure};
use super::super::tree::{Tree, is_success};
use super::{Execution, Machine};

pub(super) fn provision(machine: &mut Machine<'_>, run: &CampaignRun, command: &Message) -> Execution {
    let campaign = run.announcement.campaign.as_str();
    let own_schedule = format!("{}/{campaign}/", schedule::ROOT);
    let is_allowed = command.body.iter().all(|command| is_provisioning(command, &own_schedule, campaign));
    if machine.conduct.refuses_command(!is_allowed) {
        return Execution { result: Failure::Command.of(&run.announcement), schedule: None };
    }
    let (scheduled, changes) = split_schedule(&command.body, &own_schedule);
    // A malformed schedule and none at all mean silence (profile section 4.4).
    let read = match schedule::from_items(&scheduled) {
        Err(_) if machine.conduct.heeds_the_rest_of_a_malformed_schedule() => {
            schedule::from_items(&good_rules(&scheduled)).ok().flatten()
        }
        read => read.ok().flatten(),
    };
    let schedule = read.map(|(_, schedule)| schedule);
    let statuses = machine.tree().run(&changes);

    let failing: Vec<(NodeUri, u16)> = statuses
        .iter()
        .filter(|item| !is_success(item.status) && item.status != status::ATOMIC_ROLL_BACK_OK)
        .filter_map(|item| Some((NodeUri::new(item.node.as_str()).ok()?, item.status)))
        .collect();
    let status = failing.first().map_or(status::OK, |(_, status)| *status);
    Execution { result: ReportedResult::Provisioning(ProvisioningReport { status, failing }), schedule }
}

impl Machine<'_> {
    fn tree(&mut self) -> Tree<'_> {
        let Self { traits, factory, conduct, memory, .. } = *self;
        Tree { traits, factory, conduct, state: self.state, memory }
    }
}

/// Whether a command of provisioning data touches nothing but settings, or the campaign's own schedule.
fn is_provisioning(command: &Command, own_schedule: &str, campaign: &str) -> bool {
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
            group.commands.iter().all(|inner| is_provisioning(inner, SETTINGS, campaign))
        }
        Command::Exec(exec) => is_below(&exec.item, SETTINGS) && exec.correlator.as_deref() == Some(campaign),
        _ => false,
    }
}

/// The leaves of those rules that are well-formed, as only a broken Device takes them.
fn good_rules(scheduled: &[Item]) -> Vec<Item> {
    let rule_of = |item: &Item| item.target.as_deref().and_then(|node| Some(node.rsplit_once('/')?.0.to_owned()));
    let is_good = |item: &&Item| {
        let rule: Vec<Item> = scheduled.iter().filter(|other| rule_of(other) == rule_of(item)).cloned().collect();
        schedule::from_items(&rule).is_ok()
    };
    scheduled.iter().filter(is_good).cloned().collect()
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
