//! What a single check concluded, and what was seen beside the traffic.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Asked, Authority, Verdict, schema};
use crate::spec::RequirementId;

/// Names a check, such as `report.result`; stable, because expected failures and the kill matrix are bound to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct CheckId(String);

impl CheckId {
    /// The id `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CheckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One evaluation of one check, with the evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CheckResult {
    /// The check.
    pub check: CheckId,
    /// The requirements that the check stands for.
    #[schemars(schema_with = "schema::requirement_ids")]
    pub requirements: Vec<RequirementId>,
    /// What the verdict rests on.
    pub authority: Authority,
    /// The verdict.
    pub verdict: Verdict,
    /// The sentence that asked; empty for a standing check, which judges every recording unasked.
    pub step: String,
    /// What was seen; for a check that does not apply, why not.
    pub observed: String,
    /// What would have been accepted.
    pub accepted: String,
    /// The packet of the recording that decided, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packet: Option<u64>,
    /// When that was, in milliseconds since the scenario began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_ms: Option<f64>,
    /// How it was asked; none for a standing check, which has no parameters and judges the whole recording.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
}

impl CheckResult {
    /// Whether no sentence asked for it.
    pub fn is_standing(&self) -> bool {
        self.step.is_empty()
    }

    /// Why the verdict is what it is, in one line.
    pub fn reason(&self) -> String {
        match self.verdict {
            Verdict::NotApplicable | Verdict::Pending => self.observed.clone(),
            _ if self.accepted.is_empty() => format!("{}: {}", self.check, self.observed),
            _ => format!("{}: observed {}, accepted {}", self.check, self.observed, self.accepted),
        }
    }
}

/// Something seen beside the traffic: a file, a fact of the kernel, or the adapter's word.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Observation {
    /// When, in milliseconds since the scenario began.
    pub at_ms: f64,
    /// Where it comes from.
    pub authority: Authority,
    /// What was looked at.
    pub what: String,
    /// What it was.
    pub value: String,
}
