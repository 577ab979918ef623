//! The leaves of one rule: their names, and each value as text.

use std::collections::BTreeMap;
use std::time::Duration;

use super::ScheduleError;
use crate::spec::{CareProcess, ExceptionRule, NodeUri, ReportTiming, RuleAction, Situation};
use crate::wire::DecodeError;
use crate::wire::mo::{shown, unsigned};

/// Every leaf that a rule may have.
pub(super) const LEAVES: [&str; 7] =
    ["Situation", "Action", "Offset", "Window", "Attempts", "RetryInterval", "Process"];
/// The leaves that a rule has only when it reports.
const TIMING: [&str; 4] = ["Offset", "Window", "Attempts", "RetryInterval"];
const CLAUSE: &str = "castproof profile 1, clause 4";

/// The leaves of one rule as they come in.
#[derive(Default)]
pub(super) struct Leaves<'a>(BTreeMap<&'static str, &'a str>);

impl<'a> Leaves<'a> {
    /// Takes a leaf's value.
    pub(super) fn set(&mut self, node: &str, leaf: &str, value: Option<&'a str>) -> Result<(), DecodeError> {
        let known = LEAVES.into_iter().find(|known| *known == leaf);
        let leaf = known.ok_or_else(|| invalid(node, "Rule", "a rule has no such leaf"))?;
        let value = value.ok_or_else(|| invalid(node, leaf, "no value"))?;
        match self.0.insert(leaf, value) {
            None => Ok(()),
            Some(_) => Err(invalid(node, leaf, "set twice")),
        }
    }

    /// The rule whose node is `rule`.
    pub(super) fn rule(&self, rule: &str) -> Result<ExceptionRule, DecodeError> {
        let action = match self.need(rule, "Action")? {
            "silent" => match TIMING.into_iter().find(|leaf| self.0.contains_key(leaf)) {
                None => RuleAction::StaySilent,
                Some(leaf) => return Err(invalid(&format!("{rule}/{leaf}"), leaf, "timing of a silent rule")),
            },
            "report" => RuleAction::Report(ReportTiming {
                offset: self.read(rule, "Offset", "milliseconds", millis)?,
                window: self.read(rule, "Window", "milliseconds", millis)?,
                attempts: self.read(rule, "Attempts", "a number from 1 to 255", |text| {
                    unsigned(text).filter(|attempts| *attempts > 0)
                })?,
                retry_interval: self.read(rule, "RetryInterval", "milliseconds", millis)?,
            }),
            other => return Err(unreadable(rule, "Action", other, "`report` or `silent`")),
        };
        Ok(ExceptionRule {
            situation: self.read(
                rule,
                "Situation",
                "any, class:4, class:5, status:<code> or node:<node>",
                situation,
            )?,
            action,
            process: self.read(rule, "Process", "re-provision, escalate or ignore", process)?,
        })
    }

    fn need(&self, rule: &str, leaf: &'static str) -> Result<&'a str, DecodeError> {
        self.0.get(leaf).copied().ok_or_else(|| invalid(&format!("{rule}/{leaf}"), leaf, "missing"))
    }

    fn read<T>(
        &self,
        rule: &str,
        leaf: &'static str,
        wanted: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, DecodeError> {
        let text = self.need(rule, leaf)?;
        read(text).ok_or_else(|| unreadable(rule, leaf, text, wanted))
    }
}

fn millis(text: &str) -> Option<Duration> {
    unsigned(text).map(Duration::from_millis)
}

/// The situation that the leaf `Situation` names; `None` when it names none.
pub fn situation(text: &str) -> Option<Situation> {
    match text.split_once(':') {
        None if text == "any" => Some(Situation::Any),
        Some(("class", "4")) => Some(Situation::StatusClass(4)),
        Some(("class", "5")) => Some(Situation::StatusClass(5)),
        Some(("status", code)) => unsigned(code).map(Situation::Status),
        Some(("node", node)) => NodeUri::new(node).ok().map(Situation::Node),
        _ => None,
    }
}

/// A situation as its leaf says it.
pub fn situation_text(situation: &Situation) -> Result<String, ScheduleError> {
    match situation {
        Situation::Any => Ok("any".into()),
        Situation::StatusClass(class @ (4 | 5)) => Ok(format!("class:{class}")),
        Situation::StatusClass(class) => Err(ScheduleError::StatusClass { class: *class }),
        Situation::Status(code) => Ok(format!("status:{code}")),
        Situation::Node(node) => Ok(format!("node:{node}")),
    }
}

fn process(text: &str) -> Option<CareProcess> {
    let all = [CareProcess::ReProvision, CareProcess::Escalate, CareProcess::Ignore];
    all.into_iter().find(|process| process_text(*process) == text)
}

/// A process as its leaf says it.
pub(super) fn process_text(process: CareProcess) -> &'static str {
    match process {
        CareProcess::ReProvision => "re-provision",
        CareProcess::Escalate => "escalate",
        CareProcess::Ignore => "ignore",
    }
}

fn unreadable(rule: &str, leaf: &'static str, found: &str, wanted: &str) -> DecodeError {
    invalid(&format!("{rule}/{leaf}"), leaf, format!("`{}`, wanted is {wanted}", shown(found)))
}

/// An error that names the node, for an item does not know its place.
pub(super) fn invalid(node: &str, field: &'static str, reason: impl Into<String>) -> DecodeError {
    let reason = format!("`{}`: {}", shown(node), reason.into());
    DecodeError { protocol: "exception schedule MO", offset: 0, field, reason, clause: CLAUSE }
}
