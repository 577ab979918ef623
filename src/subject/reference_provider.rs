//! The reference Service Provider behind the seam: its core, driven over real sockets.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::{AbortHandle, spawn_local};

use crate::adapter::ResultOfDevice;
use crate::findings::chain;
use crate::net::{Clock, MulticastSender, http};
use crate::provider::{CampaignPlan, Conduct, Conformant, Provider, Request};
use crate::spec::{CampaignId, Capabilities, Capability, ChannelLabel, DeviceId, SequenceNumber};
use crate::wire::syncml::model::MEDIA_TYPE;

use super::provider_store::ProviderStore;
use super::{ProviderBrief, ProviderInstance, ProviderSubject, Subject, SubjectError};

/// The database in the provider's folder.
const DATABASE: &str = "provider.redb";

/// The core of an instance; none once it has ended. Tasks that are still there then find nothing to work for.
type Running = Rc<RefCell<Option<Provider>>>;

/// What the reference Service Provider can do beyond what every one must.
const CAPABILITIES: [Capability; 2] = [Capability::ParityReedSolomon, Capability::ParityRaptorq];

/// The reference Service Provider, conformant or with one deviation.
pub struct ReferenceProvider {
    deviation: Option<String>,
    conduct: fn() -> Box<dyn Conduct>,
    lacking: Capabilities,
}

impl ReferenceProvider {
    /// The conformant one.
    pub fn conformant() -> Self {
        Self { deviation: None, conduct: || Box::new(Conformant), lacking: Capabilities::new() }
    }

    /// One that decides otherwise at one point.
    pub fn deviating(name: &str, conduct: fn() -> Box<dyn Conduct>) -> Self {
        Self { deviation: Some(name.to_owned()), conduct, lacking: Capabilities::new() }
    }

    /// One that declares these capabilities not; it has them all the same.
    #[must_use]
    pub fn without(mut self, lacking: Capabilities) -> Self {
        self.lacking = lacking;
        self
    }
}

impl Subject for ReferenceProvider {
    fn name(&self) -> String {
        match &self.deviation {
            None => "reference Service Provider".into(),
            Some(deviation) => format!("reference Service Provider, deviation {deviation}"),
        }
    }

    fn arguments(&self) -> Vec<String> {
        self.deviation.iter().flat_map(|deviation| ["--deviation".to_owned(), deviation.clone()]).collect()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::from(CAPABILITIES).difference(&self.lacking).copied().collect()
    }
}

impl ProviderSubject for ReferenceProvider {
    fn open(&self, brief: ProviderBrief) -> LocalBoxFuture<'_, Result<Box<dyn ProviderInstance>, SubjectError>> {
        async move {
            let interaction = |source| SubjectError::Interaction { name: brief.name.clone(), source };
            let senders = open_channels(&brief)?;
            let sources = senders.values().map(MulticastSender::local_addr).collect();
            let listener = TcpListener::bind(brief.listen).await.map_err(interaction)?;
            let address = listener.local_addr().map_err(interaction)?;
            let refused = |error: &dyn std::error::Error| SubjectError::Refused {
                name: brief.name.clone(),
                reason: chain(error),
            };
            std::fs::create_dir_all(&brief.folder).map_err(|error| refused(&error))?;
            let store = ProviderStore::open(&brief.folder.join(DATABASE)).map_err(|error| refused(&error))?;
            let provider = Provider::open(
                brief.configuration.clone(),
                (self.conduct)(),
                Box::new(store),
                brief.sequence,
                brief.seed,
                brief.clock.now(),
            );
            let provider = provider.map_err(|error| refused(&error))?;
            let provider = Rc::new(RefCell::new(Some(provider)));
            let server = serve(listener, provider.clone(), brief.clock).map_err(interaction)?;
            let work = Rc::new(Notify::new());
            let task = spawn_local(transmit(provider.clone(), senders, brief.clock, work.clone())).abort_handle();
            let instance = Instance {
                name: brief.name.clone(),
                address,
                sources,
                provider,
                clock: brief.clock,
                work,
                task,
                server: Some(server),
            };
            Ok(Box::new(instance) as Box<dyn ProviderInstance>)
        }
        .boxed_local()
    }
}

fn open_channels(brief: &ProviderBrief) -> Result<BTreeMap<ChannelLabel, MulticastSender>, SubjectError> {
    let open = |(label, entry): (&ChannelLabel, _)| match MulticastSender::open(entry) {
        Ok(sender) => Ok((label.clone(), sender)),
        Err(source) => Err(SubjectError::Channel { name: brief.name.clone(), channel: label.to_string(), source }),
    };
    brief.channels.iter().map(open).collect()
}

fn serve(listener: TcpListener, provider: Running, clock: Clock) -> std::io::Result<http::HttpServer> {
    http::serve(listener, move |request: http::HttpRequest| {
        let url = format!("http://{}{}", request.host, request.path);
        let request = Request { url: &url, content_type: request.content_type.as_deref(), body: &request.body };
        let Some(answer) = provider.borrow_mut().as_mut().map(|one| one.handle_request(clock.now(), request)) else {
            return http::HttpAnswer::status(503);
        };
        let content_type = if answer.status == 200 { MEDIA_TYPE } else { "text/plain; charset=utf-8" };
        http::HttpAnswer {
            status: answer.status,
            headers: vec![("Content-Type".into(), content_type.into())],
            body: answer.body,
        }
    })
}

/// Sends what is due, and waits for what is due next or for new work.
async fn transmit(provider: Running, senders: BTreeMap<ChannelLabel, MulticastSender>, clock: Clock, work: Rc<Notify>) {
    loop {
        let next = provider.borrow_mut().as_mut().and_then(|one| one.poll_transmit(clock.now()));
        if let Some(transmit) = next {
            if let Some(sender) = senders.get(&transmit.channel) {
                // A datagram that could not be sent is a datagram lost: the carousel brings it again.
                let _ = sender.send(&transmit.octets).await;
            }
            continue;
        }
        let due = provider.borrow().as_ref().and_then(Provider::poll_timeout);
        let until_due = async {
            match due {
                Some(when) => clock.sleep_until(when).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = until_due => {}
            () = work.notified() => {}
        }
    }
}

struct Instance {
    name: String,
    address: SocketAddr,
    sources: Vec<SocketAddr>,
    provider: Running,
    clock: Clock,
    work: Rc<Notify>,
    task: AbortHandle,
    server: Option<http::HttpServer>,
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
            let refused = |reason| SubjectError::Refused { name: self.name.clone(), reason };
            let pushed = self.provider.borrow_mut().as_mut().map(|one| one.push(self.clock.now(), &plan));
            let pushed = pushed.ok_or_else(|| refused("it has ended".into()))?;
            let sequence = pushed.map_err(|error| refused(chain(&error)))?;
            self.work.notify_one();
            Ok(sequence)
        }
        .boxed_local()
    }

    fn end(mut self: Box<Self>) -> LocalBoxFuture<'static, Vec<String>> {
        let server = self.server.take();
        drop(self);
        async move {
            if let Some(server) = server {
                server.close().await;
            }
            Vec::new()
        }
        .boxed_local()
    }

    fn record(&self, campaign: &CampaignId, device: &DeviceId) -> Option<ResultOfDevice> {
        let provider = self.provider.borrow();
        let record = provider.as_ref()?.record(campaign, device)?;
        Some(record.into())
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.task.abort();
        // The tasks end later; the database is closed now, so that it can be opened again.
        *self.provider.borrow_mut() = None;
    }
}
