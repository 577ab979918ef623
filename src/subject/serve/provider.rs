//! A Service Provider behind the adapter protocol.

use std::collections::BTreeMap;
use std::rc::Rc;

use tokio::sync::mpsc;

use crate::adapter::{
    Care, Done, ErrorKind, OpenProvider, OpenedProvider, Outcome, ProviderVerb, Provision, Push, Pushed, QueryProvider,
    RequestId, ResultsOfCampaign, Unfit,
};
use crate::net::Clock;
use crate::provider::{CampaignPlan, CareSteps};
use crate::spec::{CampaignId, DeviceId, Role};

use super::super::{ProviderBrief, ProviderInstance, ProviderSubject};
use super::{Mouth, Step, error, greet, outcome_of, run, serve};

/// What an instance is asked.
struct Asked {
    id: RequestId,
    what: What,
}

enum What {
    Push(Box<Push>),
    Provision(Box<Provision>),
    Care(Care),
    Query(QueryProvider),
    Close,
}

/// Serves a Service Provider: octets from castproof come from `inbox`, lines to it go to `lines`. Completes when castproof
/// has said `bye`, or `inbox` has ended, and all instances are closed.
pub async fn serve_provider(
    subject: Rc<dyn ProviderSubject>,
    inbox: mpsc::Receiver<Vec<u8>>,
    lines: mpsc::UnboundedSender<Vec<u8>>,
) {
    let mouth = Mouth(lines);
    let step = |id, verb| match verb {
        ProviderVerb::Hello(hello) => greet(&hello, Role::Provider, subject.name(), subject.capabilities()),
        ProviderVerb::Open(open) => {
            let (name, subject, mouth) = (open.instance.clone(), subject.clone(), mouth.clone());
            Step::Open(name, Box::new(move |inbox| run(instance(subject, id, open, inbox, mouth))))
        }
        ProviderVerb::Push(push) => Step::To(push.instance.clone(), Asked { id, what: What::Push(push) }),
        ProviderVerb::Provision(said) => Step::To(said.instance.clone(), Asked { id, what: What::Provision(said) }),
        ProviderVerb::Care(care) => Step::To(care.instance.clone(), Asked { id, what: What::Care(care) }),
        ProviderVerb::Query(query) => Step::To(query.instance.clone(), Asked { id, what: What::Query(query) }),
        ProviderVerb::Close(close) => Step::Close(close.instance, Asked { id, what: What::Close }),
        ProviderVerb::Bye(_) => Step::Bye,
    };
    serve(inbox, mouth.clone(), step).await;
}

async fn open(subject: &dyn ProviderSubject, open: &OpenProvider) -> Result<Box<dyn ProviderInstance>, Outcome> {
    // Started anew, since the host's clock may have been set since the last instance.
    let brief = ProviderBrief::of_open(open, Clock::start()).map_err(|unfit| error(ErrorKind::Malformed, unfit))?;
    subject.open(brief).await.map_err(|error| outcome_of(&error))
}

/// An instance, from `open` to `close`.
async fn instance(
    subject: Rc<dyn ProviderSubject>,
    id: RequestId,
    opened: Box<OpenProvider>,
    mut inbox: mpsc::UnboundedReceiver<Asked>,
    mouth: Mouth,
) {
    let provider = match open(subject.as_ref(), &opened).await {
        Ok(provider) => provider,
        Err(outcome) => return mouth.answer::<Done>(id, Err(outcome)),
    };
    let (address, sources) = (provider.server_address(), provider.sources());
    mouth.answer(id, Ok(OpenedProvider { address, sources }));
    let devices: Vec<DeviceId> = opened.accounts.keys().cloned().collect();
    // What was said of campaigns that have not come yet.
    let mut care: BTreeMap<CampaignId, CareSteps> = BTreeMap::new();
    while let Some(Asked { id, what }) = inbox.recv().await {
        match what {
            What::Care(said) => {
                care.insert(said.campaign.clone(), said.steps());
                mouth.answer(id, Ok(Done {}));
            }
            What::Push(push) => {
                let steps = care.remove(&push.campaign.id).unwrap_or_default();
                mouth.answer(id, start(provider.as_ref(), push.plan(steps)).await);
            }
            What::Provision(provision) => {
                let steps = care.remove(&provision.campaign.id).unwrap_or_default();
                mouth.answer(id, start(provider.as_ref(), provision.plan(steps)).await);
            }
            What::Query(query) => {
                let known = devices
                    .iter()
                    .filter_map(|device| Some((device.clone(), provider.record(&query.campaign, device)?)));
                mouth.answer(id, Ok(ResultsOfCampaign { results: known.collect() }));
            }
            What::Close => {
                provider.end().await;
                return mouth.answer(id, Ok(Done {}));
            }
        }
    }
    provider.end().await;
}

async fn start(provider: &dyn ProviderInstance, plan: Result<CampaignPlan, Unfit>) -> Result<Pushed, Outcome> {
    let plan = plan.map_err(|unfit| error(ErrorKind::Malformed, unfit))?;
    let sequence = provider.push(plan).await.map_err(|error| outcome_of(&error))?;
    Ok(Pushed { sequence })
}
