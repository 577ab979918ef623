//! What a run found out about the adapter through which an implementation was reached.

use std::fmt::Write;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text::one_line;
use super::{ScenarioFindings, Verdict, schema};
use crate::spec::Role;

/// An adapter, as it named itself and as the run met it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AdapterFindings {
    /// The role under test.
    #[schemars(schema_with = "schema::role")]
    pub role: Role,
    /// The implementation's name, by its own word.
    pub implementation: String,
    /// Its version, by its own word.
    pub version: String,
    /// The version of the adapter protocol that was agreed.
    pub protocol: u32,
    /// What the profile declares, and what the run showed of it.
    pub capabilities: Vec<CapabilityFindings>,
    /// What the honesty probes found, in the order in which they were made.
    pub probes: Vec<ProbeFindings>,
    /// How often the adapter broke off and was started again.
    pub crashes: u32,
    /// What is odd about the adapter and stopped nobody, such as lines that are no JSON objects.
    pub warnings: Vec<String>,
}

/// A declared capability.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CapabilityFindings {
    /// Its name.
    pub name: String,
    /// What the run showed.
    pub state: CapabilityState,
}

/// What a run showed of a declared capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CapabilityState {
    /// Scenarios that need it came to a verdict, and all passed.
    Proven,
    /// A scenario that needs it failed.
    Failed,
    /// No scenario that needs it came to a verdict.
    Unproven,
}

impl CapabilityState {
    /// What follows from the verdicts of the scenarios that need a capability.
    pub fn of<'a>(scenarios: impl IntoIterator<Item = &'a ScenarioFindings>) -> Self {
        let verdicts = scenarios.into_iter().map(|found| found.verdict);
        verdicts.fold(Self::Unproven, |state, verdict| match (state, verdict) {
            (_, Verdict::Fail) | (Self::Failed, _) => Self::Failed,
            (_, Verdict::Pass) => Self::Proven,
            (state, _) => state,
        })
    }
}

/// An honesty probe: whether what the adapter says is what happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProbeFindings {
    /// The probe's stable name, such as `unknown-verb`.
    pub probe: String,
    /// What an honest adapter does.
    pub expected: String,
    /// How it came out.
    pub outcome: ProbeOutcome,
    /// What was observed.
    pub observed: String,
    /// What to do about it; empty where the probe held.
    pub advice: String,
}

/// How a probe came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProbeOutcome {
    /// The adapter is honest in this.
    Held,
    /// The adapter said one thing, and another happened.
    Contradicted,
    /// It could not be told.
    Unclear,
}

impl ProbeFindings {
    /// Whether the adapter was caught at it.
    pub fn is_miss(&self) -> bool {
        self.outcome == ProbeOutcome::Contradicted
    }

    /// The probe in words, with advice where it did not hold. Ends with a line feed.
    pub fn words(&self) -> String {
        let (mark, word) = match self.outcome {
            ProbeOutcome::Held => (Verdict::Pass.mark(), "held"),
            ProbeOutcome::Contradicted => (Verdict::AdapterContradicted.mark(), "contradicted"),
            ProbeOutcome::Unclear => (Verdict::Inconclusive.mark(), "unclear"),
        };
        let mut text = format!("  {mark} {:<22} {word:<13} {}\n", one_line(&self.probe), one_line(&self.observed));
        if self.outcome != ProbeOutcome::Held {
            let _ = writeln!(text, "      expected  {}", one_line(&self.expected));
            let _ = writeln!(text, "      advice    {}", one_line(&self.advice));
        }
        text
    }
}

impl AdapterFindings {
    /// Whether a probe caught the adapter at saying one thing while another happened; no result of it is worth anything
    /// then.
    pub fn is_contradicted(&self) -> bool {
        self.probes.iter().any(ProbeFindings::is_miss)
    }

    /// The adapter in words, for the summary. Ends with a line feed.
    pub fn words(&self) -> String {
        let role = match self.role {
            Role::Device => "Device",
            Role::Provider => "Service Provider",
            Role::System => "system",
        };
        let name = one_line(&format!("{} {}", self.implementation, self.version));
        let mut text = format!("adapter\n  {name}, in the role of the {role}, protocol {}\n", self.protocol);
        for (state, word) in [
            (CapabilityState::Proven, "proven"),
            (CapabilityState::Failed, "declared, and failing"),
            (CapabilityState::Unproven, "unproven: declared, and no scenario came to a verdict on it"),
        ] {
            let names: Vec<String> =
                self.capabilities.iter().filter(|one| one.state == state).map(|one| one_line(&one.name)).collect();
            if !names.is_empty() {
                let _ = writeln!(text, "  {word}: {}", names.join(", "));
            }
        }
        match self.crashes {
            0 => {}
            1 => text.push_str("  it broke off once\n"),
            times => {
                let _ = writeln!(text, "  it broke off {times} times");
            }
        }
        for warning in &self.warnings {
            let _ = writeln!(text, "  {}", one_line(warning));
        }
        text.extend(self.probes.iter().filter(|probe| probe.outcome != ProbeOutcome::Held).map(ProbeFindings::words));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::scenario::tests::scenario;
    use super::*;

    #[test]
    fn a_capability_is_proven_by_a_pass_and_failed_by_a_failure_whatever_else_there_is() {
        let with = |verdict| ScenarioFindings { verdict, ..scenario("a", "R", Vec::new()) };
        let table: [(&[Verdict], CapabilityState); 5] = [
            (&[], CapabilityState::Unproven),
            (&[Verdict::AdapterFault, Verdict::Inconclusive, Verdict::NotApplicable], CapabilityState::Unproven),
            (&[Verdict::Inconclusive, Verdict::Pass], CapabilityState::Proven),
            (&[Verdict::Fail, Verdict::Pass], CapabilityState::Failed),
            (&[Verdict::Pass, Verdict::Fail, Verdict::Inconclusive], CapabilityState::Failed),
        ];

        for (verdicts, state) in table {
            let found: Vec<_> = verdicts.iter().map(|verdict| with(*verdict)).collect();

            assert_eq!(CapabilityState::of(&found), state, "{verdicts:?}");
        }
    }
}
