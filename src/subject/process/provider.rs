//! A vendor's Service Provider in the place of the reference provider.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::instance::Instance;
use super::subject::ProcessSubject;
use crate::adapter::{
    CampaignRequests, OpenedProvider, ProviderVerb, Pushed, QueryProvider, ResultOfDevice, StartRequest,
};
use crate::findings::chain;
use crate::provider::CampaignPlan;
use crate::spec::{CampaignId, DeviceId, SequenceNumber};
use crate::subject::{Claim, ProviderBrief, ProviderInstance, ProviderSubject, SubjectError};

impl ProviderSubject for ProcessSubject {
    fn open(&self, brief: ProviderBrief) -> LocalBoxFuture<'_, Result<Box<dyn ProviderInstance>, SubjectError>> {
        async move {
            let instance = Instance::prepare(&self.adapter, &brief.name, "SP", &brief.folder, brief.clock).await?;
            let open = brief.to_open(instance.name.clone());
            let (instance, opened) = instance.open(open).await?;
            Ok(Box::new(Provider { instance, opened, records: RefCell::default() }) as Box<dyn ProviderInstance>)
        }
        .boxed_local()
    }
}

/// A Service Provider that is open.
struct Provider {
    instance: Instance<ProviderVerb>,
    /// What it said when it was opened.
    opened: OpenedProvider,
    /// What its record said when it was last looked up.
    records: RefCell<BTreeMap<(CampaignId, DeviceId), ResultOfDevice>>,
}

impl ProviderInstance for Provider {
    fn server_address(&self) -> SocketAddr {
        self.opened.address
    }

    fn sources(&self) -> Vec<SocketAddr> {
        self.opened.sources.clone()
    }

    fn push(&self, plan: CampaignPlan) -> LocalBoxFuture<'_, Result<SequenceNumber, SubjectError>> {
        async move {
            let unfit = |error| SubjectError::Unsupported {
                name: self.instance.title.clone(),
                what: format!("campaign `{}`", plan.campaign),
                why: chain(&error),
            };
            let CampaignRequests { care, start } = CampaignRequests::new(&self.instance.name, &plan).map_err(unfit)?;
            if let Some(care) = care {
                self.instance.ask("care", care).await?;
            }
            let Pushed { sequence } = match *start {
                StartRequest::Push(push) => self.instance.ask("push", push).await?,
                StartRequest::Provision(provision) => self.instance.ask("provision", provision).await?,
            };
            Ok(sequence)
        }
        .boxed_local()
    }

    fn claims(&self) -> Vec<Claim> {
        self.instance.claims()
    }

    fn excuse(&self) -> Option<String> {
        self.instance.excuse()
    }

    fn faults(&self) -> Vec<String> {
        self.instance.faults()
    }

    fn look_up(&self, about: Vec<(CampaignId, DeviceId)>) -> LocalBoxFuture<'_, Result<(), SubjectError>> {
        async move {
            let campaigns: BTreeSet<CampaignId> = about.into_iter().map(|(campaign, _)| campaign).collect();
            for campaign in campaigns {
                let query = QueryProvider { instance: self.instance.name.clone(), campaign: campaign.clone() };
                let said = self.instance.ask("query", query).await?;
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

    fn end(self: Box<Self>) -> LocalBoxFuture<'static, Vec<String>> {
        self.instance.end().boxed_local()
    }
}
