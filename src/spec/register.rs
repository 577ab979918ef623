//! The register: every requirement, its source, its flows and whether it is covered.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A requirement's stable id, such as `FU-NF-2`; never renumbered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequirementId(String);

impl RequirementId {
    /// The id `text`; whether it exists is the register's to say.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequirementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The receiver.
    Device,
    /// The sender: the Service Provider with its DM Server.
    Provider,
    /// Both together.
    System,
}

/// How binding a requirement is, in the verb of its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Binding.
    Must,
    /// Binding unless there is a reason.
    Should,
    /// Optional.
    May,
}

/// Which kind of flow a scenario tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Flow {
    /// As the use case tells it.
    Normal,
    /// As it may also go.
    Alternative,
    /// When something is wrong.
    Exceptional,
}

/// Whether scenarios stand for a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Coverage {
    /// At least one scenario carries its tag.
    Covered,
    /// No scenario yet; `certify` lists it as not yet covered.
    Planned,
    /// Cannot be observed; the entry gives the reason.
    Excluded,
    /// Withdrawn; kept so that its id is never used again.
    Removed,
}

/// One flow of a requirement, and what tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowRow {
    /// What happens, in castproof's own words.
    pub flow: String,
    /// The scenarios that tell it: slugs, or the beginnings of slugs with a `*` behind them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<String>,
    /// The broken implementations that play it, where the flow is one that a sound implementation never takes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caught: Vec<String>,
    /// Why nothing tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excluded: Option<String>,
}

impl FlowRow {
    /// Whether a scenario with this slug tells the flow.
    pub fn is_told_by(&self, slug: &str) -> bool {
        let fits = |entry: &String| match entry.strip_suffix('*') {
            Some(beginning) => slug.starts_with(beginning),
            None => slug == entry,
        };
        self.by.iter().any(fits)
    }

    /// Whether nothing stands behind the flow: no scenario, no broken implementation, and no reason for either.
    pub fn is_open(&self) -> bool {
        self.by.is_empty() && self.caught.is_empty() && self.excluded.is_none()
    }
}

/// One row of the register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// The stable id.
    pub id: RequirementId,
    /// Where it comes from: a clause of a use case, or a standard.
    pub source: String,
    /// How binding it is.
    pub level: Level,
    /// Who is judged.
    pub roles: Vec<Role>,
    /// What is asked, in castproof's own words.
    pub text: String,
    /// The flows to cover, by kind.
    #[serde(default)]
    pub flows: BTreeMap<Flow, Vec<FlowRow>>,
    /// Whether scenarios stand for it.
    pub coverage: Coverage,
    /// Why it is excluded or removed, or what is still missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The whole register, as `features/requirements.yaml` holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// The dated name of this requirement set.
    pub set: String,
    /// The version of the wire profile that it speaks of.
    pub profile: u32,
    /// Every requirement.
    pub requirements: Vec<Requirement>,
}

/// Why the register cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// It is not YAML of the expected shape.
    #[error("read the register: {0}")]
    Malformed(String),
    /// Two rows share an id.
    #[error("requirement `{0}` stands in the register twice")]
    Duplicate(RequirementId),
    /// An excluded or removed row says no reason.
    #[error("requirement `{0}` is excluded or removed without a reason")]
    NoReason(RequirementId),
}

impl Register {
    /// Reads the register from YAML.
    ///
    /// # Errors
    /// [`RegisterError`] names the row, or the line and column, that is wrong.
    pub fn from_yaml(text: &str) -> Result<Self, RegisterError> {
        let register: Self = serde_yaml::from_str(text).map_err(|error| RegisterError::Malformed(error.to_string()))?;
        let mut seen = std::collections::BTreeSet::new();
        for row in &register.requirements {
            if !seen.insert(&row.id) {
                return Err(RegisterError::Duplicate(row.id.clone()));
            }
            let needs_reason = matches!(row.coverage, Coverage::Excluded | Coverage::Removed);
            if needs_reason && row.reason.as_deref().is_none_or(|reason| reason.trim().is_empty()) {
                return Err(RegisterError::NoReason(row.id.clone()));
            }
        }
        Ok(register)
    }

    /// The row with this id.
    pub fn get(&self, id: &RequirementId) -> Option<&Requirement> {
        self.requirements.iter().find(|row| row.id == *id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = "{id: FU-NF-1, source: '1.5-1', level: must, roles: [device], text: t, coverage: covered}";

    #[test]
    fn a_duplicate_row_is_refused() {
        let text = format!("set: '2026-11'\nprofile: 1\nrequirements: [{ROW}, {ROW}]");

        assert!(matches!(Register::from_yaml(&text), Err(RegisterError::Duplicate(_))));
    }

    #[test]
    fn an_exclusion_without_reason_is_refused() {
        let text = format!("set: s\nprofile: 1\nrequirements: [{}]", ROW.replace("covered", "excluded"));

        assert!(matches!(Register::from_yaml(&text), Err(RegisterError::NoReason(_))));
    }

    #[test]
    fn a_misspelt_field_is_named_with_its_line() {
        let text = format!("set: s\nprofile: 1\nrequirements:\n- {}", ROW.replace("level", "levle"));

        let message = Register::from_yaml(&text).unwrap_err().to_string();

        assert!(message.contains("levle") && message.contains("line 4"), "{message}");
    }
}
