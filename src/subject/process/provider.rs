//! A vendor's Service Provider in the place of the reference provider.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use tokio::sync::OwnedSemaphorePermit;

use super::Adapter;
use super::conversation::Conversation;
use super::heard::InstanceState;
use crate::adapter::{
    Ask, CampaignRequests, Close, OpenedProvider, ProviderVerb, Pushed, QueryProvider, ResultOfDevice, StartRequest,
};
use crate::findings::chain;
use crate::provider::CampaignPlan;
use crate::spec::{CampaignId, Capabilities, DeviceId, SequenceNumber};
use crate::subject::{Claim, ProviderBrief, ProviderInstance, ProviderSubject, SubjectError};

/// A vendor's Service Provider, reached through its adapter.
pub struct ProcessProvider {
    adapter: Rc<Adapter>,
    declared: Capabilities,
    arguments: Vec<String>,
}

impl ProcessProvider {
    /// The provider behind an adapter, which declares these capabilities; `arguments` choose it on the command line.
    pub fn new(adapter: Rc<Adapter>, declared: Capabilities, arguments: Vec<String>) -> Self {
        Self { adapter, declared, arguments }
    }
}

impl ProviderSubject for ProcessProvider {
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

    fn open(&self, brief: ProviderBrief) -> LocalBoxFuture<'_, Result<Box<dyn ProviderInstance>, SubjectError>> {
        async move {
            let adapter = &self.adapter;
            let slot = adapter.slot(&brief.name).await?;
            let conversation = adapter.conversation(&brief.name).await?;
            std::fs::create_dir_all(&brief.folder).map_err(|error| SubjectError::Host {
                name: brief.name.clone(),
                reason: format!("make its folder: {error}"),
            })?;
            let name = adapter.name_instance("SP");
            let open = brief.to_open(name.clone(), adapter.clock);
            let state = conversation.enter(&name);
            let mut instance = Instance {
                adapter: adapter.clone(),
                conversation,
                title: brief.name.clone(),
                name,
                address: brief.listen,
                sources: Vec::new(),
                records: RefCell::default(),
                state,
                is_open: Cell::new(true),
                _slot: slot,
            };
            let OpenedProvider { address, sources } = instance.ask("open", open).await?;
            (instance.address, instance.sources) = (address, sources);
            Ok(Box::new(instance) as Box<dyn ProviderInstance>)
        }
        .boxed_local()
    }
}

struct Instance {
    adapter: Rc<Adapter>,
    conversation: Rc<Conversation>,
    /// Its name for people.
    title: String,
    /// The name by which the adapter knows it.
    name: String,
    address: SocketAddr,
    sources: Vec<SocketAddr>,
    /// What its record said when it was last looked up.
    records: RefCell<BTreeMap<(CampaignId, DeviceId), ResultOfDevice>>,
    state: Arc<Mutex<InstanceState>>,
    is_open: Cell<bool>,
    _slot: OwnedSemaphorePermit,
}

impl Instance {
    async fn ask<A: Ask<ProviderVerb>>(&self, what: &str, ask: A) -> Result<A::Ok, SubjectError> {
        self.adapter.ask(&self.conversation, &self.title, what, ask).await
    }
}

impl ProviderInstance for Instance {
    fn server_address(&self) -> SocketAddr {
        self.address
    }

    fn sources(&self) -> Vec<SocketAddr> {
        self.sources.clone()
    }

    fn push(&self, plan: CampaignPlan) -> LocalBoxFuture<'_, Result<SequenceNumber, SubjectError>> {
        async move {
            let unfit = |error| SubjectError::Unsupported {
                name: self.title.clone(),
                what: format!("campaign `{}`", plan.campaign),
                why: chain(&error),
            };
            let CampaignRequests { care, start } = CampaignRequests::new(&self.name, &plan).map_err(unfit)?;
            if let Some(care) = care {
                self.ask("care", care).await?;
            }
            let Pushed { sequence } = match *start {
                StartRequest::Push(push) => self.ask("push", push).await?,
                StartRequest::Provision(provision) => self.ask("provision", provision).await?,
            };
            Ok(sequence)
        }
        .boxed_local()
    }

    fn claims(&self) -> Vec<Claim> {
        InstanceState::lock(&self.state).claims.clone()
    }

    fn trouble(&self) -> Option<String> {
        InstanceState::lock(&self.state).trouble.clone()
    }

    fn faults(&self) -> Vec<String> {
        InstanceState::lock(&self.state).faults.clone()
    }

    fn look_up(&self, about: Vec<(CampaignId, DeviceId)>) -> LocalBoxFuture<'_, Result<(), SubjectError>> {
        async move {
            let campaigns: BTreeSet<CampaignId> = about.into_iter().map(|(campaign, _)| campaign).collect();
            for campaign in campaigns {
                let query = QueryProvider { instance: self.name.clone(), campaign: campaign.clone() };
                let said = self.ask("query", query).await?;
                let mut records = self.records.borrow_mut();
                records.extend(said.results.into_iter().map(|(device, result)| ((campaign.clone(), device), result)));
            }
            Ok(())
        }
        .boxed_local()
    }

    fn record(&self, campaign: &CampaignId, device: &DeviceId) -> Option<ResultOfDevice> {
        self.records.borrow().get(&(campaign.clone(), device.clone())).copied()
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
                self.adapter.warn(chain(&error));
            }
        }
        .boxed_local()
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        if self.is_open.get() {
            self.conversation.leave(&self.name);
            self.conversation.tell::<ProviderVerb, _>(Close { instance: self.name.clone() });
        }
    }
}
