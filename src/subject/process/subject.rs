//! A vendor's implementation in the place of a reference.

use std::rc::Rc;

use super::Adapter;
use crate::spec::Capabilities;
use crate::subject::Subject;

/// A vendor's implementation of the role that its adapter plays.
pub struct ProcessSubject {
    pub(super) adapter: Rc<Adapter>,
    declared: Capabilities,
    arguments: Vec<String>,
}

impl ProcessSubject {
    /// The implementation behind an adapter, which declares these capabilities; `arguments` choose it on the command line.
    pub fn new(adapter: Rc<Adapter>, declared: Capabilities, arguments: Vec<String>) -> Self {
        Self { adapter, declared, arguments }
    }
}

impl Subject for ProcessSubject {
    fn name(&self) -> String {
        self.adapter.name()
    }

    /// The profile leaves an implementation free where the reference had to choose.
    fn has_golden_traffic(&self) -> bool {
        false
    }

    fn arguments(&self) -> Vec<String> {
        self.arguments.clone()
    }

    fn capabilities(&self) -> Capabilities {
        self.declared.clone()
    }
}
