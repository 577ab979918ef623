//! The reference Device behind the seam: its core, driven over real sockets.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, spawn_local};

use crate::device::{Action, Conduct, Conformant, Device, DeviceError, Event, FileStorage, Post, PostOutcome};
use crate::findings::chain;
use crate::net::{MulticastReceiver, http};
use crate::spec::{Capabilities, Capability, ChannelLabel};
use crate::wire::syncml::model::MEDIA_TYPE;

use super::{Claim, ClaimKind, DeviceBrief, DeviceInstance, DeviceSubject, Stimulus, SubjectError};

/// How long a Device waits for the answer to one message.
const ANSWER_DEADLINE: Duration = Duration::from_secs(5);
/// Octets that one datagram may have.
const LARGEST_DATAGRAM: usize = 65_536;

/// What the reference Device can do beyond what every Device must.
const CAPABILITIES: [Capability; 5] = [
    Capability::SoftwareComponents,
    Capability::StatusLog,
    Capability::UserApproval,
    Capability::ParityReedSolomon,
    Capability::ParityRaptorq,
];

/// The reference Device, conformant or with one deviation.
pub struct ReferenceDevice {
    deviation: Option<String>,
    conduct: fn() -> Box<dyn Conduct>,
    lacking: Capabilities,
}

impl ReferenceDevice {
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

impl DeviceSubject for ReferenceDevice {
    fn name(&self) -> String {
        match &self.deviation {
            None => "reference Device".into(),
            Some(deviation) => format!("reference Device, deviation {deviation}"),
        }
    }

    fn arguments(&self) -> Vec<String> {
        let deviation = self.deviation.iter().flat_map(|deviation| ["--deviation".to_owned(), deviation.clone()]);
        // The provider is asked to do without the same; once is enough.
        let lacking = self.lacking.iter().flat_map(|capability| ["--without".to_owned(), capability.to_string()]);
        deviation.chain(lacking).collect()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::from(CAPABILITIES).difference(&self.lacking).copied().collect()
    }

    fn open(&self, brief: DeviceBrief) -> LocalBoxFuture<'_, Result<Box<dyn DeviceInstance>, SubjectError>> {
        async move {
            let refused =
                |error: DeviceError| SubjectError::Refused { name: brief.name.clone(), reason: chain(&error) };
            let storage = FileStorage::open(&brief.folder).map_err(|error| refused(error.into()))?;
            let device =
                Device::switch_on(brief.configuration.clone(), (self.conduct)(), Box::new(storage), brief.seed)
                    .map_err(refused)?;
            let claims = Rc::new(RefCell::new(Vec::new()));
            let drops = Rc::new(RefCell::new(0));
            let trouble = Rc::new(RefCell::new(None));
            let (orders, inbox) = mpsc::unbounded_channel();
            let driver = Driver::new(brief.clone(), device, claims.clone(), drops.clone(), trouble.clone());
            let task = spawn_local(driver.run(inbox)).abort_handle();
            Ok(Box::new(Instance { name: brief.name, orders, claims, drops, trouble, task }) as Box<dyn DeviceInstance>)
        }
        .boxed_local()
    }
}

/// What the instance asks of its driver.
enum Order {
    Listen(oneshot::Sender<Result<(), SubjectError>>),
    Stimulate(Stimulus, oneshot::Sender<()>),
}

struct Instance {
    name: String,
    orders: mpsc::UnboundedSender<Order>,
    claims: Rc<RefCell<Vec<Claim>>>,
    drops: Rc<RefCell<u64>>,
    trouble: Rc<RefCell<Option<String>>>,
    task: AbortHandle,
}

impl Instance {
    fn gone(&self) -> SubjectError {
        SubjectError::Refused { name: self.name.clone(), reason: "the Device has ended".into() }
    }
}

impl DeviceInstance for Instance {
    fn listen(&self) -> LocalBoxFuture<'_, Result<(), SubjectError>> {
        async move {
            let (done, answer) = oneshot::channel();
            self.orders.send(Order::Listen(done)).map_err(|_| self.gone())?;
            answer.await.map_err(|_| self.gone())?
        }
        .boxed_local()
    }

    fn stimulate(&self, stimulus: Stimulus) -> LocalBoxFuture<'_, Result<(), SubjectError>> {
        async move {
            let (done, answer) = oneshot::channel();
            self.orders.send(Order::Stimulate(stimulus, done)).map_err(|_| self.gone())?;
            answer.await.map_err(|_| self.gone())
        }
        .boxed_local()
    }

    fn claims(&self) -> Vec<Claim> {
        self.claims.borrow().clone()
    }

    fn kernel_drops(&self) -> u64 {
        *self.drops.borrow()
    }

    fn trouble(&self) -> Option<String> {
        self.trouble.borrow().clone()
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A datagram, with the channel it came on.
type Heard = (ChannelLabel, SocketAddr, Vec<u8>);

struct Driver {
    brief: DeviceBrief,
    device: Device,
    claims: Rc<RefCell<Vec<Claim>>>,
    drops: Rc<RefCell<u64>>,
    trouble: Rc<RefCell<Option<String>>>,
    joined: BTreeMap<ChannelLabel, Ear>,
    heard: mpsc::UnboundedReceiver<Heard>,
    ears: mpsc::UnboundedSender<Heard>,
    post: Option<LocalBoxFuture<'static, PostOutcome>>,
}

/// A joined channel; dropping it leaves.
struct Ear {
    task: AbortHandle,
    socket: Rc<MulticastReceiver>,
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Driver {
    fn new(
        brief: DeviceBrief,
        device: Device,
        claims: Rc<RefCell<Vec<Claim>>>,
        drops: Rc<RefCell<u64>>,
        trouble: Rc<RefCell<Option<String>>>,
    ) -> Self {
        let (ears, heard) = mpsc::unbounded_channel();
        Self { brief, device, claims, drops, trouble, joined: BTreeMap::new(), heard, ears, post: None }
    }

    async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Order>) {
        // A Device that is switched on but was not told to listen holds its first joins back.
        let Some(first) = orders.recv().await else { return };
        let mut next = Some(first);
        loop {
            if let Some(order) = next.take() {
                self.obey(order);
            }
            self.act();
            let clock = self.brief.clock;
            let timeout = self.device.poll_timeout();
            let until_timeout = async {
                match timeout {
                    Some(when) => clock.sleep_until(when).await,
                    None => std::future::pending().await,
                }
            };
            let posted = async {
                match self.post.as_mut() {
                    Some(post) => post.await,
                    None => std::future::pending().await,
                }
            };
            let result = tokio::select! {
                // In this order: what was heard first is handled first, and time passes last.
                biased;
                order = orders.recv() => {
                    let Some(order) = order else { return };
                    next = Some(order);
                    Ok(())
                }
                heard = self.heard.recv() => {
                    let Some((channel, source, octets)) = heard else { return };
                    self.device.handle_datagram(clock.now(), &channel, source, &octets)
                }
                outcome = posted => {
                    self.post = None;
                    self.device.handle_post(clock.now(), outcome)
                }
                () = until_timeout => self.device.handle_timeout(clock.now()),
            };
            if let Err(error) = result {
                // The core fails with its storage alone, which is the host's.
                self.meet(&error);
                return;
            }
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Listen(done) => {
                // The asker may have given up; then nobody is told.
                let _ = done.send(self.carry_out_joins());
            }
            Order::Stimulate(stimulus, done) => {
                self.stimulate(stimulus);
                let _ = done.send(());
            }
        }
    }

    fn stimulate(&mut self, stimulus: Stimulus) {
        let now = self.brief.clock.now();
        match stimulus {
            Stimulus::Condition(condition) => self.device.set_condition(condition),
            Stimulus::Answer(campaign, answer) => {
                if let Err(error) = self.device.handle_answer(now, &campaign, answer) {
                    self.meet(&error);
                }
            }
        }
    }

    fn carry_out_joins(&mut self) -> Result<(), SubjectError> {
        while let Some(action) = self.device.poll_action() {
            self.carry_out(action)?;
        }
        Ok(())
    }

    fn act(&mut self) {
        if let Err(error) = self.carry_out_joins() {
            self.meet(&error);
        }
        while let Some(event) = self.device.poll_event() {
            self.claim(match event {
                Event::Prompted { campaign, may_decline } => ClaimKind::Prompted { campaign, may_decline },
                other => ClaimKind::Note(format!("{other:?}")),
            });
        }
    }

    /// Keeps what the host refused; the first tells most.
    fn meet(&self, error: &dyn std::error::Error) {
        self.trouble.borrow_mut().get_or_insert_with(|| chain(error));
    }

    fn claim(&self, what: ClaimKind) {
        self.claims.borrow_mut().push(Claim { at: self.brief.clock.now(), what });
    }

    fn carry_out(&mut self, action: Action) -> Result<(), SubjectError> {
        match action {
            Action::Join(label) => self.join(label)?,
            Action::Leave(label) => {
                // What the kernel dropped goes with the socket, so it is asked now.
                let left = self.joined.remove(&label);
                let drops = left.and_then(|ear| ear.socket.drops()).unwrap_or(0);
                *self.drops.borrow_mut() += drops;
            }
            Action::Post(post) => self.post = Some(send(post).boxed_local()),
        }
        Ok(())
    }

    fn join(&mut self, label: ChannelLabel) -> Result<(), SubjectError> {
        // A label without an entry is a channel that this Device has no access to.
        let Some(entry) = self.brief.channels.get(&label) else { return Ok(()) };
        let socket = MulticastReceiver::join(entry).map_err(|source| SubjectError::Channel {
            name: self.brief.name.clone(),
            channel: label.to_string(),
            source,
        })?;
        let socket = Rc::new(socket);
        let task = spawn_local(hear(label.clone(), socket.clone(), self.ears.clone())).abort_handle();
        self.joined.insert(label, Ear { task, socket });
        Ok(())
    }
}

async fn hear(label: ChannelLabel, socket: Rc<MulticastReceiver>, ears: mpsc::UnboundedSender<Heard>) {
    let mut buffer = vec![0; LARGEST_DATAGRAM];
    // A socket that fails hears nothing more; the scenario sees it as silence, the kernel's table as a leave.
    while let Ok((length, source)) = socket.recv(&mut buffer).await {
        if ears.send((label.clone(), source, buffer[..length].to_vec())).is_err() {
            return;
        }
    }
}

async fn send(post: Post) -> PostOutcome {
    match http::post(&post.url, post.body, MEDIA_TYPE, None, ANSWER_DEADLINE).await {
        Ok(reply) => PostOutcome::Answered { status: reply.status, retry_after: reply.retry_after, body: reply.body },
        Err(_) => PostOutcome::Failed,
    }
}
