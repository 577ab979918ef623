//! The exception schedule: what a Device does after provisioning, by what went wrong (profile section 4).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::NodeUri;

/// The scheduling information for exceptional situations ([SC-NF-1], [SC-NF-4]).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ExceptionSchedule {
    /// The rules; the most specific match wins, and of two that are equally specific the earlier.
    pub rules: Vec<ExceptionRule>,
}

/// What to do in one exceptional situation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExceptionRule {
    /// The situation that the rule is for.
    pub situation: Situation,
    /// Report or stay silent.
    pub action: RuleAction,
    /// The process that the server runs for a Device that reported under this rule ([SC-POST-1]).
    pub process: CareProcess,
}

/// A class of exceptional situations, from the most to the least specific.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Situation {
    /// A command on this node failed.
    Node(NodeUri),
    /// A command ended with this status code.
    Status(u16),
    /// A command ended with a status of this class (4 or 5).
    StatusClass(u8),
    /// Anything that is not a success.
    Any,
}

/// Report or stay silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RuleAction {
    /// Say nothing.
    StaySilent,
    /// Report, with this timing.
    Report(ReportTiming),
}

/// When a scheduled failure report is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportTiming {
    /// Wait at least this long after the end of transmission.
    pub offset: Duration,
    /// Then a uniformly distributed delay inside this window.
    pub window: Duration,
    /// How often the report is tried.
    pub attempts: u8,
    /// The wait between attempts.
    pub retry_interval: Duration,
}

/// What the server does for a Device that reported a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CareProcess {
    /// Sends the settings again, to that Device alone, in the session that it opened.
    ReProvision,
    /// Marks the Device as needing attention.
    Escalate,
    /// Notes the result and does nothing.
    Ignore,
}

impl Situation {
    /// Whether a command on `node` that ended with `status` is such a situation.
    pub fn covers(&self, node: &NodeUri, status: u16) -> bool {
        let failed = !(200..300).contains(&status);
        match self {
            Self::Node(named) => failed && named == node,
            Self::Status(code) => *code == status,
            Self::StatusClass(class) => status / 100 == u16::from(*class),
            Self::Any => failed,
        }
    }
}

impl ExceptionSchedule {
    /// The rule for a failed command, the most specific that matches; `None` means silence (profile section 4).
    ///
    /// Of two rules that are equally specific the earlier wins, so that every Device decides alike.
    pub fn rule_for(&self, node: &NodeUri, status: u16) -> Option<&ExceptionRule> {
        self.rules.iter().filter(|rule| rule.situation.covers(node, status)).min_by_key(|rule| &rule.situation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(situation: Situation, process: CareProcess) -> ExceptionRule {
        ExceptionRule { situation, action: RuleAction::StaySilent, process }
    }

    #[test]
    fn the_most_specific_rule_wins() {
        let node = NodeUri::new("./Settings/Apn").unwrap();
        let other = NodeUri::new("./Settings/Proxy").unwrap();
        let schedule = ExceptionSchedule {
            rules: vec![
                rule(Situation::Any, CareProcess::Ignore),
                rule(Situation::StatusClass(5), CareProcess::Escalate),
                rule(Situation::Node(node.clone()), CareProcess::ReProvision),
            ],
        };

        assert_eq!(schedule.rule_for(&node, 500).unwrap().process, CareProcess::ReProvision);
        assert_eq!(schedule.rule_for(&other, 500).unwrap().process, CareProcess::Escalate);
        assert_eq!(schedule.rule_for(&other, 404).unwrap().process, CareProcess::Ignore);
    }

    #[test]
    fn no_match_means_silence() {
        let node = NodeUri::new("./Settings/Apn").unwrap();
        let schedule = ExceptionSchedule { rules: vec![rule(Situation::Status(404), CareProcess::Ignore)] };

        assert!(schedule.rule_for(&node, 500).is_none());
        assert!(schedule.rule_for(&node, 200).is_none());
    }
}
