//! A vendor's implementation in the place of a reference.

use std::rc::Rc;

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::{Adapter, ProcessorWaits};
use crate::spec::Capabilities;
use crate::subject::{Places, Subject, SubjectError};

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

    fn is_foreign(&self) -> bool {
        true
    }

    fn processor_waits(&self) -> ProcessorWaits {
        self.adapter.processor_waits()
    }

    fn reserve(&self, instances: usize) -> LocalBoxFuture<'_, Result<Places, SubjectError>> {
        async move { self.adapter.places(instances).await.map(|places| Places { _held: Some(places) }) }.boxed_local()
    }

    fn arguments(&self) -> Vec<String> {
        self.arguments.clone()
    }

    fn capabilities(&self) -> Capabilities {
        self.declared.clone()
    }
}
