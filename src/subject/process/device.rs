//! A vendor's Device in the place of the reference Device.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use tokio::sync::OwnedSemaphorePermit;

use super::Adapter;
use super::conversation::Conversation;
use super::heard::InstanceState;
use crate::adapter::{Close, DeviceStimulus, DeviceVerb, Listen, NodeValues, QueryDevice, Stimulate};
use crate::spec::{Capabilities, NodeUri};
use crate::subject::{Claim, DeviceBrief, DeviceInstance, DeviceSubject, Stimulus, SubjectError};

/// A vendor's Device, reached through its adapter.
pub struct ProcessDevice {
    adapter: Rc<Adapter>,
    declared: Capabilities,
    arguments: Vec<String>,
}

impl ProcessDevice {
    /// The Device behind an adapter, which declares these capabilities; `arguments` choose it on the command line.
    pub fn new(adapter: Rc<Adapter>, declared: Capabilities, arguments: Vec<String>) -> Self {
        Self { adapter, declared, arguments }
    }
}

impl DeviceSubject for ProcessDevice {
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

    fn open(&self, brief: DeviceBrief) -> LocalBoxFuture<'_, Result<Box<dyn DeviceInstance>, SubjectError>> {
        async move {
            let adapter = &self.adapter;
            let slot = adapter.slot(&brief.name).await?;
            let conversation = adapter.conversation(&brief.name).await?;
            std::fs::create_dir_all(&brief.folder).map_err(|error| SubjectError::Host {
                name: brief.name.clone(),
                reason: format!("make its folder: {error}"),
            })?;
            let name = adapter.name_instance(&brief.name);
            let open = brief.to_open(name.clone(), adapter.clock);
            let state = conversation.enter(&name);
            let instance = Instance {
                adapter: adapter.clone(),
                conversation,
                brief,
                name,
                state,
                is_open: Cell::new(true),
                _slot: slot,
            };
            instance.ask("open", open).await?;
            Ok(Box::new(instance) as Box<dyn DeviceInstance>)
        }
        .boxed_local()
    }
}

struct Instance {
    adapter: Rc<Adapter>,
    conversation: Rc<Conversation>,
    brief: DeviceBrief,
    /// The name by which the adapter knows it.
    name: String,
    state: Arc<Mutex<InstanceState>>,
    is_open: Cell<bool>,
    _slot: OwnedSemaphorePermit,
}

impl Instance {
    async fn ask<A>(&self, what: &str, ask: A) -> Result<(), SubjectError>
    where
        A: crate::adapter::Ask<DeviceVerb>,
    {
        self.adapter.ask(&self.conversation, &self.brief.name, what, ask).await.map(drop)
    }
}

impl DeviceInstance for Instance {
    fn listen(&self) -> LocalBoxFuture<'_, Result<(), SubjectError>> {
        self.ask("listen", Listen { instance: self.name.clone() }).boxed_local()
    }

    fn stimulate(&self, stimulus: Stimulus) -> LocalBoxFuture<'_, Result<(), SubjectError>> {
        async move {
            let stimulus = DeviceStimulus::from(&stimulus);
            let kind = serde_json::to_value(&stimulus).ok();
            let kind = kind.and_then(|value| value["kind"].as_str().map(str::to_owned)).unwrap_or_default();
            let ask = Stimulate { instance: self.name.clone(), stimulus };
            self.ask(&format!("stimulus `{kind}`"), ask).await
        }
        .boxed_local()
    }

    fn look_inside(
        &self,
        nodes: Vec<NodeUri>,
    ) -> LocalBoxFuture<'_, Result<BTreeMap<NodeUri, Option<String>>, SubjectError>> {
        async move {
            let query = QueryDevice { instance: self.name.clone(), nodes: nodes.into_iter().collect() };
            let asked = self.adapter.ask(&self.conversation, &self.brief.name, "query", query);
            asked.await.map(|values: NodeValues| values.nodes)
        }
        .boxed_local()
    }

    fn claims(&self) -> Vec<Claim> {
        InstanceState::lock(&self.state).claims.clone()
    }

    fn kernel_drops(&self) -> u64 {
        InstanceState::lock(&self.state).drops
    }

    fn trouble(&self) -> Option<String> {
        InstanceState::lock(&self.state).trouble.clone()
    }

    fn faults(&self) -> Vec<String> {
        let faults = InstanceState::lock(&self.state).faults.clone();
        faults.into_iter().map(|fault| format!("{fault} ({})", self.brief.name)).collect()
    }

    fn end(self: Box<Self>) -> LocalBoxFuture<'static, ()> {
        async move {
            if self.conversation.ending().is_some() {
                return;
            }
            let closed = self.ask("close", Close { instance: self.name.clone() }).await;
            self.is_open.set(false);
            self.conversation.leave(&self.name);
            if let Err(error) = closed {
                self.adapter.warn(crate::findings::chain(&error));
            }
        }
        .boxed_local()
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        if self.is_open.get() {
            self.conversation.leave(&self.name);
            self.conversation.tell::<DeviceVerb, _>(Close { instance: self.name.clone() });
        }
    }
}
