//! A Command over FUMO or SCOMO: looked at as a whole, then carried out in document order (profile section 4.1).

use crate::wire::syncml::{Command, Item};

use super::super::campaign::Failure;
use super::super::conduct::Duty;
use super::Machine;

/// What a command does to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Replace,
    Exec,
    /// Add, Delete and Get, which no node of these objects takes here.
    Other,
}

/// A management object in the course of a Command.
pub(super) trait Object<'a> {
    fn machine(&mut self) -> &mut Machine<'a>;

    /// Whether the node takes the command at all; nothing is carried out yet.
    fn check(&self, verb: Verb, item: &Item) -> Result<(), Failure>;

    /// Sets a node that takes it.
    fn replace(&mut self, item: &Item) -> Result<(), Failure>;

    /// Executes a node that takes it.
    fn exec(&mut self, node: &str) -> Result<(), Failure>;
}

/// Looks at the whole document: when it names a node that it must not, nothing of it is carried out.
///
/// What the campaign must not ask outweighs what the Device does not have.
pub(super) fn check<'a>(object: &impl Object<'a>, commands: &[Command], campaign: &str) -> Result<(), Failure> {
    let mut lacking = Ok(());
    let mut executes = false;
    for command in flatten(commands) {
        let (verb, items) = match command {
            Command::Replace(items) => (Verb::Replace, items.items.as_slice()),
            Command::Exec(exec) => {
                if exec.correlator.as_deref() != Some(campaign) {
                    return Err(Failure::Command);
                }
                executes = true;
                (Verb::Exec, std::slice::from_ref(&exec.item))
            }
            Command::Add(items) | Command::Delete(items) | Command::Get(items) => (Verb::Other, items.items.as_slice()),
            _ => return Err(Failure::Command),
        };
        for item in items {
            match object.check(verb, item) {
                Err(Failure::NotImplemented) => lacking = Err(Failure::NotImplemented),
                other => other?,
            }
        }
    }
    lacking?;
    if executes { Ok(()) } else { Err(Failure::Command) }
}

/// Carries out commands in their order; a failure does not stop those that follow, except in an Atomic.
///
/// # Errors
/// The first failure.
pub(super) fn run<'a>(object: &mut impl Object<'a>, commands: &[Command]) -> Result<(), Failure> {
    let mut outcome = Ok(());
    for command in commands {
        outcome = outcome.and(run_one(object, command));
        if outcome.is_err() && !object.machine().conduct.goes_on_after_a_failure() {
            break;
        }
    }
    outcome
}

fn run_one<'a>(object: &mut impl Object<'a>, command: &Command) -> Result<(), Failure> {
    match command {
        Command::Replace(items) => {
            let mut outcome = Ok(());
            for item in &items.items {
                outcome = outcome.and(set(object, item));
            }
            outcome
        }
        Command::Exec(exec) => {
            let node = exec.item.target.as_deref().unwrap_or_default();
            object.check(Verb::Exec, &exec.item)?;
            object.exec(node)
        }
        Command::Sequence(group) => run(object, &group.commands),
        Command::Atomic(group) => {
            let before = object.machine().state.clone();
            let written = object.machine().written.len();
            let outcome = group.commands.iter().try_for_each(|inner| run_one(object, inner));
            if outcome.is_err() && !object.machine().conduct.neglects(Duty::RollBack) {
                object.machine().roll_back(before, written);
            }
            outcome
        }
        _ => Err(Failure::Command),
    }
}

fn set<'a>(object: &mut impl Object<'a>, item: &Item) -> Result<(), Failure> {
    object.check(Verb::Replace, item)?;
    object.replace(item)
}

/// The commands of a body, with those inside Sequence and Atomic.
pub(super) fn flatten(commands: &[Command]) -> Box<dyn Iterator<Item = &Command> + '_> {
    Box::new(commands.iter().flat_map(|command| match command {
        Command::Sequence(group) | Command::Atomic(group) => flatten(&group.commands),
        _ => Box::new(std::iter::once(command)) as Box<dyn Iterator<Item = &Command>>,
    }))
}

/// Whether an item's format is the one that its node has; without any it counts as that.
pub(super) fn has_format(item: &Item, format: &str) -> bool {
    item.meta.format.as_deref().is_none_or(|said| said == format)
}
