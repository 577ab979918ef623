//! The reference Device's core, driven over real sockets, and the power it runs on.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::{AbortHandle, spawn_local};

use crate::device::{
    Action, Conduct, Device, DeviceError, Event, Folder, Fuse, Interrupted, LocalCondition, Post, PostOutcome,
    SafeStorage, StorageError,
};
use crate::findings::chain;
use crate::net::{MulticastReceiver, http};
use crate::spec::{ChannelEntry, ChannelLabel, NodeUri};
use crate::wire::syncml::model::MEDIA_TYPE;

use super::super::{Claim, ClaimKind, DeviceBrief, Power, PowerFailure, Stimulus, SubjectError};

/// Octets that one datagram may have.
const LARGEST_DATAGRAM: usize = 65_536;
/// How the name of an image begins that is being installed: firmware goes to one of two slots.
const IMAGES: &[&str] = &["slot-", "component-"];
/// How the name of an object begins that was received.
const OBJECTS: &[&str] = &["object-"];

/// What the instance asks of its driver.
pub(super) enum Order {
    Listen(oneshot::Sender<Result<(), SubjectError>>),
    Stimulate(Stimulus, oneshot::Sender<()>),
    /// Nothing is said of a Device without power.
    LookInside(Vec<NodeUri>, oneshot::Sender<Option<BTreeMap<NodeUri, Option<String>>>>),
}

/// A datagram, with the channel it came on.
type Heard = (ChannelLabel, SocketAddr, Vec<u8>);

pub(super) struct Driver {
    brief: DeviceBrief,
    conduct: fn() -> Box<dyn Conduct>,
    /// The core; none while the power is off.
    device: Option<Device>,
    /// How often the power came on.
    boots: u64,
    fuse: Fuse,
    /// The local conditions, which no loss of power changes.
    conditions: Vec<LocalCondition>,
    /// Whether the receiver is on; without it the Device hears no channel.
    receives: bool,
    claims: Rc<RefCell<Vec<Claim>>>,
    drops: Rc<RefCell<u64>>,
    trouble: Rc<RefCell<Option<String>>>,
    /// Told whenever one of these three has changed.
    told: Rc<Notify>,
    /// The channels that the core wants, and how each is heard; nothing is heard while the receiver is off.
    joined: BTreeMap<ChannelLabel, Option<Ear>>,
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
    pub(super) fn new(
        brief: DeviceBrief,
        conduct: fn() -> Box<dyn Conduct>,
        claims: Rc<RefCell<Vec<Claim>>>,
        drops: Rc<RefCell<u64>>,
        trouble: Rc<RefCell<Option<String>>>,
        told: Rc<Notify>,
    ) -> Result<Self, DeviceError> {
        let (ears, heard) = mpsc::unbounded_channel();
        let mut driver = Self {
            brief,
            conduct,
            device: None,
            boots: 0,
            fuse: Fuse::default(),
            conditions: Vec::new(),
            receives: true,
            claims,
            drops,
            trouble,
            told,
            joined: BTreeMap::new(),
            heard,
            ears,
            post: None,
        };
        driver.power_on()?;
        Ok(driver)
    }

    pub(super) async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Order>) {
        // A Device that is switched on but was not told to listen holds its first joins back.
        let Some(first) = orders.recv().await else { return };
        let mut next = Some(first);
        loop {
            if let Some(order) = next.take()
                && let Err(error) = self.obey(order)
                && !self.recovers(&error)
            {
                return;
            }
            self.act();
            let clock = self.brief.clock;
            let timeout = self.device.as_ref().and_then(Device::poll_timeout);
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
                    self.core(|device| device.handle_datagram(clock.now(), &channel, source, &octets))
                }
                outcome = posted => {
                    self.post = None;
                    self.core(|device| device.handle_post(clock.now(), outcome))
                }
                () = until_timeout => self.core(|device| device.handle_timeout(clock.now())),
            };
            if let Err(error) = result
                && !self.recovers(&error)
            {
                return;
            }
        }
    }

    /// Has the core do something, if it has power.
    fn core(&mut self, what: impl FnOnce(&mut Device) -> Result<(), DeviceError>) -> Result<(), DeviceError> {
        self.device.as_mut().map_or(Ok(()), what)
    }

    /// Whether the Device goes on after an error: after a loss of power, which comes back at once.
    fn recovers(&mut self, error: &DeviceError) -> bool {
        if !self.fuse.is_blown() {
            // The core fails with its storage alone, which is the host's.
            self.meet(error);
            return false;
        }
        self.power_off();
        if let Err(error) = self.power_on() {
            self.meet(&error);
        }
        self.device.is_some()
    }

    /// Takes the power away: the core goes as it is, and what is under way to it or from it is lost. What it has stored
    /// stays.
    fn power_off(&mut self) {
        self.device = None;
        self.post = None;
        for ear in std::mem::take(&mut self.joined).into_values() {
            self.part_with(ear);
        }
        while self.heard.try_recv().is_ok() {}
    }

    fn power_on(&mut self) -> Result<(), DeviceError> {
        if self.device.is_some() {
            return Ok(());
        }
        self.fuse.mend();
        let folder = Folder::open(&self.brief.folder).map_err(StorageError::Medium)?;
        let storage = SafeStorage::on(Interrupted::new(folder, self.fuse.clone()));
        // What was drawn before a restart must not be drawn again.
        let seed = self.brief.seed.wrapping_add(self.boots.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        self.boots += 1;
        let conduct = (self.conduct)();
        let mut device = Device::switch_on(self.brief.configuration.clone(), conduct, Box::new(storage), seed)?;
        for condition in &self.conditions {
            device.set_condition(*condition);
        }
        self.device = Some(device);
        Ok(())
    }

    fn obey(&mut self, order: Order) -> Result<(), DeviceError> {
        match order {
            Order::Listen(done) => {
                // The asker may have given up; then nobody is told.
                let _ = done.send(self.carry_out_joins());
                Ok(())
            }
            Order::Stimulate(stimulus, done) => {
                let result = self.stimulate(stimulus);
                // Whoever asked is told when the Device listens again, if that follows.
                if result.is_ok() {
                    self.act();
                }
                let _ = done.send(());
                result
            }
            Order::LookInside(nodes, done) => {
                let values = self
                    .device
                    .as_mut()
                    .map(|device| nodes.into_iter().map(|node| (node.clone(), device.node(node.as_str()))).collect());
                let _ = done.send(values);
                Ok(())
            }
        }
    }

    fn stimulate(&mut self, stimulus: Stimulus) -> Result<(), DeviceError> {
        let now = self.brief.clock.now();
        match stimulus {
            Stimulus::Condition(condition) => {
                if condition != LocalCondition::FullLog {
                    self.conditions.push(condition);
                }
                self.core(|device| {
                    device.set_condition(condition);
                    Ok(())
                })
            }
            Stimulus::Answer(campaign, answer) => self.core(|device| device.handle_answer(now, &campaign, answer)),
            Stimulus::Power(Power::Off) => {
                self.power_off();
                Ok(())
            }
            Stimulus::Power(Power::On) => self.power_on(),
            Stimulus::PowerFails(PowerFailure::WhileWriting) => {
                self.fuse.blow_while_writing(IMAGES);
                Ok(())
            }
            Stimulus::PowerFails(PowerFailure::OnceWritten) => {
                self.fuse.blow_once_written(IMAGES);
                Ok(())
            }
            Stimulus::PowerFails(PowerFailure::OnceReceived) => {
                self.fuse.blow_once_written(OBJECTS);
                Ok(())
            }
            Stimulus::WithdrawRegistration(server) => {
                self.brief.configuration.registrations.retain(|registration| registration.server != server);
                self.core(|device| device.withdraw_registration(now, &server))
            }
            Stimulus::Receiver(power) => {
                self.receives = power == Power::On;
                let labels: Vec<ChannelLabel> = self.joined.keys().cloned().collect();
                for label in labels {
                    let ear = self.joined.remove(&label).flatten();
                    self.part_with(ear);
                    if let Err(error) = self.join(label) {
                        self.meet(&error);
                    }
                }
                Ok(())
            }
        }
    }

    fn carry_out_joins(&mut self) -> Result<(), SubjectError> {
        while let Some(action) = self.device.as_mut().and_then(Device::poll_action) {
            self.carry_out(action)?;
        }
        Ok(())
    }

    fn act(&mut self) {
        if let Err(error) = self.carry_out_joins() {
            self.meet(&error);
        }
        while let Some(event) = self.device.as_mut().and_then(Device::poll_event) {
            self.claim(claim_of(event));
        }
    }

    /// Keeps what the host refused; the first tells most.
    fn meet(&self, error: &dyn std::error::Error) {
        self.trouble.borrow_mut().get_or_insert_with(|| chain(error));
        self.told.notify_one();
    }

    fn claim(&self, what: ClaimKind) {
        self.claims.borrow_mut().push(Claim { at: self.brief.clock.now(), what });
        self.told.notify_one();
    }

    fn carry_out(&mut self, action: Action) -> Result<(), SubjectError> {
        match action {
            Action::Join(label) => self.join(label)?,
            Action::Leave(label) => {
                let ear = self.joined.remove(&label).flatten();
                self.part_with(ear);
            }
            Action::Post(post) => self.post = Some(send(post).boxed_local()),
        }
        Ok(())
    }

    /// Closes a socket; what the kernel dropped goes with it, so it is asked now.
    fn part_with(&self, ear: Option<Ear>) {
        let drops = ear.and_then(|ear| ear.socket.drops()).unwrap_or(0);
        *self.drops.borrow_mut() += drops;
        if drops > 0 {
            self.told.notify_one();
        }
    }

    fn join(&mut self, label: ChannelLabel) -> Result<(), SubjectError> {
        if !self.receives {
            self.joined.insert(label, None);
            return Ok(());
        }
        // A label without an entry is a channel that this Device has no access to.
        let Some(entry) = self.brief.channels.get(&label) else { return Ok(()) };
        let source = self.device.as_ref().map_or(entry.source, |device| device.joined_source(entry.source));
        let entry = ChannelEntry { source, ..entry.clone() };
        let socket = MulticastReceiver::join(&entry).map_err(|source| SubjectError::Channel {
            name: self.brief.name.clone(),
            channel: label.to_string(),
            source,
        })?;
        let socket = Rc::new(socket);
        let task = spawn_local(hear(label.clone(), socket.clone(), self.ears.clone())).abort_handle();
        self.joined.insert(label, Some(Ear { task, socket }));
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
    match http::post(&post.url, post.body, MEDIA_TYPE, None, post.patience).await {
        Ok(reply) => PostOutcome::Answered { status: reply.status, retry_after: reply.retry_after, body: reply.body },
        Err(_) => PostOutcome::Failed,
    }
}

/// What an event of the core is among the claims.
fn claim_of(event: Event) -> ClaimKind {
    ClaimKind::Note(match event {
        Event::Prompted { campaign, may_decline } => return ClaimKind::Prompted { campaign, may_decline },
        Event::Settled { campaign, result } => return ClaimKind::Settled { campaign, code: result.code() },
        Event::Refused(refusal) => format!("a notification was not acted upon: {refusal}"),
        Event::Admitted(campaign) => format!("campaign `{campaign}` was taken up"),
        Event::FirmwareState(state) => format!("FUMO State is {}", state.number()),
        Event::BackingOff { campaign, due, .. } => format!("the report on `{campaign}` is due at {due}"),
        Event::Reported(campaign) => format!("the server has taken the report on `{campaign}`"),
        Event::GaveUp(campaign) => format!("the report on `{campaign}` was given up"),
    })
}
