//! The exception schedule in JSON; its words are those of the leaves in profile section 4.4.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Unfit, schema};
use crate::spec::{CareProcess, ExceptionRule, ExceptionSchedule, ReportTiming, RuleAction, Situation};
use crate::wire::mo::schedule::{situation, situation_text};

/// A rule of the exception schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// `node:<node URI>`, `status:<code>`, `class:4`, `class:5` or `any`.
    #[schemars(regex(pattern = r"^(any|class:[45]|status:[0-9]{1,5}|node:.+)$"))]
    pub situation: String,
    /// When to report; without it the Device stays silent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Timing>,
    /// What the server does for a Device that reported under this rule.
    #[schemars(schema_with = "schema::process")]
    pub process: CareProcess,
}

/// When a report is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Timing {
    /// Milliseconds to wait at least after the end of transmission.
    pub offset_ms: u64,
    /// Milliseconds of the window in which the delay after that is drawn.
    pub window_ms: u64,
    /// How often the report is tried.
    #[schemars(range(min = 1))]
    pub attempts: u8,
    /// Milliseconds between two attempts.
    pub retry_interval_ms: u64,
}

/// Whole milliseconds.
pub(super) fn ms(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// The schedule as rules.
pub(super) fn written(schedule: &ExceptionSchedule) -> Result<Vec<Rule>, Unfit> {
    let rule = |rule: &ExceptionRule| {
        let report = match rule.action {
            RuleAction::StaySilent => None,
            RuleAction::Report(ReportTiming { offset, window, attempts, retry_interval }) => Some(Timing {
                offset_ms: ms(offset),
                window_ms: ms(window),
                attempts,
                retry_interval_ms: ms(retry_interval),
            }),
        };
        let situation = situation_text(&rule.situation).map_err(Unfit::new)?;
        Ok(Rule { situation, report, process: rule.process })
    };
    schedule.rules.iter().map(rule).collect()
}

/// The schedule that the rules make.
pub(super) fn read(rules: &[Rule]) -> Result<ExceptionSchedule, Unfit> {
    let rule = |rule: &Rule| {
        let unknown = || Unfit(format!("`{}` is no situation of an exception schedule", rule.situation));
        let action = rule.report.map_or(RuleAction::StaySilent, |timing| {
            RuleAction::Report(ReportTiming {
                offset: Duration::from_millis(timing.offset_ms),
                window: Duration::from_millis(timing.window_ms),
                attempts: timing.attempts,
                retry_interval: Duration::from_millis(timing.retry_interval_ms),
            })
        });
        let situation: Situation = situation(&rule.situation).ok_or_else(unknown)?;
        Ok(ExceptionRule { situation, action, process: rule.process })
    };
    Ok(ExceptionSchedule { rules: rules.iter().map(rule).collect::<Result<_, _>>()? })
}
