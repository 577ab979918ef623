//! A vendor's implementation in a run: its adapter, what its profile declares, and what the run tells of both.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use crate::findings::{AdapterFindings, CapabilityFindings, CapabilityState, ProbeFindings, ScenarioFindings};
use crate::spec::{Capabilities, Capability, Level, Register, RequirementId, Role};
use crate::stage::Casting;
use crate::subject::process::{Adapter, ProcessSubject};
use crate::subject::{ReferenceDevice, ReferenceProvider};

use super::Example;

/// A vendor's implementation, in one role; the reference plays the other.
#[derive(Clone)]
pub struct Foreign {
    adapter: Rc<Adapter>,
    declared: Capabilities,
    trailing: Vec<String>,
    probes: Rc<RefCell<Vec<ProbeFindings>>>,
}

impl Foreign {
    /// The implementation behind an adapter, whose profile declares these capabilities; `trailing` is the command that
    /// stood on the command line, for repeating a scenario.
    pub fn new(adapter: Adapter, declared: Capabilities, trailing: Vec<String>) -> Self {
        Self { adapter: Rc::new(adapter), declared, trailing, probes: Rc::default() }
    }

    /// The adapter.
    pub fn adapter(&self) -> &Adapter {
        &self.adapter
    }

    /// The role under test.
    pub fn role(&self) -> Role {
        self.adapter.role()
    }

    /// What the adapter declares and the profile does not: it is not tested.
    pub fn untested(&self) -> Vec<Capability> {
        self.adapter.capabilities().difference(&self.declared).copied().collect()
    }

    /// Who plays: the implementation in its role, chosen by these arguments, and the reference in the other.
    pub fn casting(&self, arguments: Vec<String>) -> Casting {
        let (adapter, declared) = (self.adapter.clone(), self.declared.clone());
        match self.role() {
            Role::Provider => Casting {
                device: Box::new(ReferenceDevice::conformant()),
                provider: Box::new(ProcessSubject::new(adapter, declared, arguments)),
            },
            Role::Device | Role::System => Casting {
                device: Box::new(ProcessSubject::new(adapter, declared, arguments)),
                provider: Box::new(ReferenceProvider::conformant()),
            },
        }
    }

    /// The command that stood on the command line, after `--`.
    pub(super) fn trailing(&self) -> &[String] {
        &self.trailing
    }

    pub(super) fn keep_transcript(&self, path: &Path) {
        self.adapter.keep_transcript(path);
    }

    pub(super) fn probed(&self, probes: Vec<ProbeFindings>) {
        *self.probes.borrow_mut() = probes;
    }

    /// What the run tells of the adapter, given the scenarios that have ended.
    pub(super) fn findings(&self, examples: &[Example], scenarios: &[ScenarioFindings]) -> AdapterFindings {
        let needs = |slug: &str, capability: &Capability| {
            examples.iter().any(|example| example.slug == slug && example.needs.contains(capability))
        };
        let state = |capability: &Capability| {
            CapabilityState::of(scenarios.iter().filter(|found| needs(&found.slug, capability)))
        };
        let greeting = self.adapter.greeting();
        AdapterFindings {
            role: self.role(),
            implementation: greeting.implementation.name.clone(),
            version: greeting.implementation.version.clone(),
            protocol: greeting.protocol,
            capabilities: self
                .declared
                .iter()
                .map(|capability| CapabilityFindings { name: capability.to_string(), state: state(capability) })
                .collect(),
            probes: self.probes.borrow().clone(),
            crashes: self.adapter.crashes(),
            warnings: self.adapter.warnings(),
        }
    }
}

/// Whether an adapter may say that it does not support what a scenario needs, and lose nothing by it: no requirement of the
/// scenario is a must, and no capability that was declared is to be shown by it.
pub(super) fn may_be_left_out(example: &Example, register: &Register) -> bool {
    let is_must = |id: &RequirementId| register.get(id).is_none_or(|row| row.level == Level::Must);
    example.needs.is_empty() && !example.requirements.iter().any(is_must)
}
