//! The reference Device behind the seam: what a scenario holds of it. [`driver`] drives its core over real sockets.

mod driver;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::{JoinHandle, spawn_local};

use crate::device::{Conduct, Conformant};
use crate::findings::chain;
use crate::spec::{Capabilities, Capability, NodeUri};

use super::{Claim, DeviceBrief, DeviceInstance, DeviceSubject, Stimulus, Subject, SubjectError};
use driver::{Driver, Order};

/// What the reference Device can do beyond what every Device must.
const CAPABILITIES: [Capability; 9] = [
    Capability::SoftwareComponents,
    Capability::ComponentOperations,
    Capability::FirmwareInTwoSteps,
    Capability::FirmwareInsideACommand,
    Capability::SettingsRestore,
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

impl Subject for ReferenceDevice {
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
}

impl DeviceSubject for ReferenceDevice {
    fn open(&self, brief: DeviceBrief) -> LocalBoxFuture<'_, Result<Box<dyn DeviceInstance>, SubjectError>> {
        async move {
            let claims = Rc::new(RefCell::new(Vec::new()));
            let drops = Rc::new(RefCell::new(0));
            let trouble = Rc::new(RefCell::new(None));
            let (orders, inbox) = mpsc::unbounded_channel();
            let name = brief.name.clone();
            let told = Rc::new(Notify::new());
            let driver = Driver::new(brief, self.conduct, claims.clone(), drops.clone(), trouble.clone(), told.clone());
            let driver = driver.map_err(|error| SubjectError::Refused { name: name.clone(), reason: chain(&error) })?;
            let task = Some(spawn_local(driver.run(inbox)));
            Ok(Box::new(Instance { name, orders, claims, drops, trouble, told, task }) as Box<dyn DeviceInstance>)
        }
        .boxed_local()
    }
}

struct Instance {
    name: String,
    orders: mpsc::UnboundedSender<Order>,
    claims: Rc<RefCell<Vec<Claim>>>,
    drops: Rc<RefCell<u64>>,
    trouble: Rc<RefCell<Option<String>>>,
    told: Rc<Notify>,
    /// The driver; none once it is ended.
    task: Option<JoinHandle<()>>,
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

    fn changed(&self) -> LocalBoxFuture<'_, ()> {
        self.told.notified().boxed_local()
    }

    fn look_inside(
        &self,
        nodes: Vec<NodeUri>,
    ) -> LocalBoxFuture<'_, Result<BTreeMap<NodeUri, Option<String>>, SubjectError>> {
        async move {
            let (done, answer) = oneshot::channel();
            self.orders.send(Order::LookInside(nodes, done)).map_err(|_| self.gone())?;
            let values = answer.await.map_err(|_| self.gone())?;
            let refused = || SubjectError::Refused { name: self.name.clone(), reason: "it has no power".into() };
            values.ok_or_else(refused)
        }
        .boxed_local()
    }

    fn end(mut self: Box<Self>) -> LocalBoxFuture<'static, Vec<String>> {
        let task = self.task.take();
        async move {
            let Some(task) = task else { return Vec::new() };
            task.abort();
            // An aborted task is cancelled, which is no trouble.
            let _ = task.await;
            // The tasks that hear a channel were aborted with it, and are dropped when they had their turn.
            tokio::task::yield_now().await;
            Vec::new()
        }
        .boxed_local()
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.task.iter().for_each(JoinHandle::abort);
    }
}
