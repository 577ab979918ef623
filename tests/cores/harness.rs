//! A provider and Devices in one process, under virtual time.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use castproof::device::{self, Action, Device, DeviceConfiguration, MemoryStorage, Post, PostOutcome, Registration};
use castproof::device::{DeviceError, UserAnswer};
use castproof::provider::{self, CampaignPlan, DeviceRecord, Provider, ProviderConfiguration, Request};
use castproof::spec::{
    Account, CampaignId, ChannelLabel, DeviceId, DeviceTraits, KeyId, NodeUri, SequenceNumber, ServerId, Timestamp,
    Version,
};
use castproof::wire::announcement::SigningKey;
use castproof::wire::package0::GroupAccount;
use castproof::wire::syncml::{Command, Message, model::MEDIA_TYPE};

use crate::fuse::FusedStore;
pub(crate) use crate::plans::*;
pub(crate) use crate::supply::*;

pub(crate) const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const HOP: Duration = Duration::from_millis(1);

pub(crate) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) fn label(text: &str) -> ChannelLabel {
    ChannelLabel::new(text).unwrap()
}

pub(crate) fn campaign(text: &str) -> CampaignId {
    CampaignId::new(text).unwrap()
}

pub(crate) fn node(text: &str) -> NodeUri {
    NodeUri::new(text).unwrap()
}

pub(crate) fn version(text: &str) -> Version {
    text.parse().unwrap()
}

pub(crate) fn device_id(index: usize) -> DeviceId {
    DeviceId::new(format!("urn:imei:{index:015}")).unwrap()
}

pub(crate) fn server_id() -> ServerId {
    ServerId::new("sp.example").unwrap()
}

fn group() -> GroupAccount {
    GroupAccount { server: server_id(), password: "group-secret".into(), nonce: b"group-nonce".to_vec() }
}

pub(crate) fn account(index: usize) -> Account {
    Account {
        server: server_id(),
        server_url: "http://sp.example/dm".into(),
        user: format!("d{index}"),
        password: format!("secret-{index}"),
        server_password: "sp-secret".into(),
        server_nonce: b"start".to_vec(),
    }
}

pub(crate) fn provider_configuration(devices: usize) -> ProviderConfiguration {
    ProviderConfiguration {
        server: server_id(),
        group: group(),
        key_id: KeyId::new("sp-key-1").unwrap(),
        key: SigningKey::from_bytes(&[7; 32]),
        accounts: (0..devices).map(|index| (device_id(index), account(index))).collect(),
        notification: label("notification"),
        delivery: label("delivery-1"),
    }
}

pub(crate) fn device_configuration(index: usize) -> DeviceConfiguration {
    let provider = provider_configuration(0);
    DeviceConfiguration {
        traits: DeviceTraits {
            id: device_id(index),
            manufacturer: "Acme".into(),
            model: "X1".into(),
            hardware_version: "r1".into(),
            firmware: version("1.0"),
            software: BTreeMap::new(),
            groups: vec!["home".into()],
            area: None,
        },
        registrations: vec![Registration {
            server: server_id(),
            group: provider.group,
            keys: BTreeMap::from([(provider.key_id, provider.key.verifying_key())]),
            revoked: BTreeMap::new(),
        }],
        account: account(index),
        notification: label("notification"),
        settings: BTreeMap::from([(node("./Settings/Apn"), "old".into()), (node("./Settings/Locked"), "fixed".into())]),
        read_only: BTreeSet::from([node("./Settings/Locked")]),
    }
}

/// A Device with what it has done.
pub(crate) struct Node {
    pub(crate) configuration: DeviceConfiguration,
    pub(crate) storage: Kept,
    /// What its storage stands on, where its power can be lost at any operation.
    pub(crate) supply: Option<Supply>,
    pub(crate) device: Option<Device>,
    pub(crate) joined: BTreeSet<ChannelLabel>,
    pub(crate) ever_joined: BTreeSet<ChannelLabel>,
    pub(crate) events: Vec<(Timestamp, device::Event)>,
    /// Every message of its sessions with when it was sent, and the answer to each that the provider gave.
    pub(crate) posts: Vec<(Timestamp, Message)>,
    pub(crate) answers: Vec<Message>,
}

impl Node {
    pub(crate) fn device(&mut self) -> &mut Device {
        self.device.as_mut().expect("the Device is on")
    }

    /// The messages that hold a Generic Alert.
    pub(crate) fn reports(&self) -> Vec<Timestamp> {
        let is_report = |message: &Message| {
            message.body.iter().any(|command| matches!(command, Command::Alert(alert) if alert.code == 1226))
        };
        self.posts.iter().filter(|(_, message)| is_report(message)).map(|(at, _)| *at).collect()
    }

    pub(crate) fn results(&self) -> Vec<u16> {
        let result = |event: &device::Event| match event {
            device::Event::Settled { result, .. } => Some(result.code()),
            _ => None,
        };
        self.events.iter().filter_map(|(_, event)| result(event)).collect()
    }

    pub(crate) fn has(&self, wanted: impl Fn(&device::Event) -> bool) -> usize {
        self.events.iter().filter(|(_, event)| wanted(event)).count()
    }

    pub(crate) fn prompts(&self) -> usize {
        self.has(|event| matches!(event, device::Event::Prompted { .. }))
    }

    pub(crate) fn refusals(&self) -> Vec<device::Refusal> {
        let refusal = |event: &device::Event| match event {
            device::Event::Refused(refusal) => Some(refusal.clone()),
            _ => None,
        };
        self.events.iter().filter_map(|(_, event)| refusal(event)).collect()
    }
}

enum Work {
    Datagram(usize, ChannelLabel, Vec<u8>),
    Post(usize, Post),
    Outcome(usize, PostOutcome),
}

type Air = Box<dyn FnMut(usize, &ChannelLabel, &[u8]) -> Option<Vec<u8>>>;
type Front = Box<dyn FnMut(usize) -> Option<PostOutcome>>;

/// When the provider ends, to be started again at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crash {
    Never,
    /// When so many datagrams have been sent.
    AfterDatagram(usize),
    /// When it has dealt with so many requests; the last answer is lost.
    AfterRequest(usize),
    /// When it is to commit after so many commits.
    AtCommit(usize),
    /// The same, once it runs.
    Blowing,
}

pub(crate) fn open_provider(devices: usize, store: &FusedStore, now: Timestamp) -> Provider {
    let configuration = provider_configuration(devices);
    let conduct = Box::new(provider::Conformant);
    Provider::open(configuration, conduct, Box::new(store.clone()), SequenceNumber(40), 1, now).unwrap()
}

/// Everybody, and the time.
pub(crate) struct Net {
    pub(crate) now: Timestamp,
    pub(crate) provider: Provider,
    /// What the provider has kept.
    pub(crate) store: FusedStore,
    /// When the provider ends next, to be started again at once.
    pub(crate) crash: Crash,
    pub(crate) nodes: Vec<Node>,
    pub(crate) notifications: Vec<Vec<u8>>,
    pub(crate) delivery: Vec<Vec<u8>>,
    datagrams: usize,
    /// From which request on the answers are lost.
    swallowed_from: Option<usize>,
    pub(crate) provider_events: Vec<(Timestamp, provider::Event)>,
    /// What becomes of a datagram on its way to a Device.
    pub(crate) air: Air,
    /// What stands in front of the server: an outcome instead of its answer, by the number of the request.
    pub(crate) front: Front,
    requests: usize,
    queue: BTreeMap<(Timestamp, u64), Work>,
    queued: u64,
}

impl Net {
    pub(crate) fn new(devices: usize) -> Self {
        Self::of((0..devices).map(device_configuration).collect())
    }

    pub(crate) fn of(configurations: Vec<DeviceConfiguration>) -> Self {
        let store = FusedStore::default();
        let provider = open_provider(configurations.len(), &store, START);
        let nodes = configurations.into_iter().map(|configuration| Node {
            configuration,
            storage: Kept(Rc::new(RefCell::new(MemoryStorage::default()))),
            supply: None,
            device: None,
            joined: BTreeSet::new(),
            ever_joined: BTreeSet::new(),
            events: Vec::new(),
            posts: Vec::new(),
            answers: Vec::new(),
        });
        let mut net = Self {
            now: START,
            provider,
            store,
            crash: Crash::Never,
            nodes: nodes.collect(),
            notifications: Vec::new(),
            delivery: Vec::new(),
            datagrams: 0,
            swallowed_from: None,
            provider_events: Vec::new(),
            air: Box::new(|_, _, octets| Some(octets.to_vec())),
            front: Box::new(|_| None),
            requests: 0,
            queue: BTreeMap::new(),
            queued: 0,
        };
        for index in 0..net.nodes.len() {
            net.switch_on(index);
        }
        net
    }

    pub(crate) fn switch_on(&mut self, index: usize) {
        let node = &mut self.nodes[index];
        node.joined.clear();
        let storage = Box::new(node.storage.clone());
        let seed = 1000 + index as u64;
        let device =
            Device::switch_on(node.configuration.clone(), Box::new(device::Conformant), storage, seed).unwrap();
        node.device = Some(device);
        self.drain(index);
    }

    /// Takes the power away: what is under way to the Device or from it is lost.
    pub(crate) fn switch_off(&mut self, index: usize) {
        self.nodes[index].device = None;
        self.nodes[index].joined.clear();
        self.queue.retain(|_, work| match work {
            Work::Datagram(to, ..) | Work::Post(to, _) | Work::Outcome(to, _) => *to != index,
        });
    }

    pub(crate) fn push(&mut self, plan: &CampaignPlan) {
        self.provider.push(self.now, plan).unwrap();
    }

    pub(crate) fn answer(&mut self, index: usize, name: &str, answer: UserAnswer) {
        let now = self.now;
        let result = self.nodes[index].device().handle_answer(now, &campaign(name), answer);
        self.go_on(index, result);
    }

    pub(crate) fn notify(&mut self, index: usize, octets: &[u8]) {
        self.hear(index, "notification", octets);
    }

    pub(crate) fn hear(&mut self, index: usize, channel: &str, octets: &[u8]) {
        self.schedule(Duration::ZERO, Work::Datagram(index, label(channel), octets.to_vec()));
        self.run(ms(1));
    }

    pub(crate) fn record(&self, name: &str, index: usize) -> Option<&DeviceRecord> {
        self.provider.record(&campaign(name), &device_id(index))
    }

    /// When the last packet of the only campaign was sent.
    pub(crate) fn end_of_transmission(&self) -> Timestamp {
        let ended = |event: &provider::Event| matches!(event, provider::Event::TransmissionEnded(_));
        self.provider_events.iter().rfind(|(_, event)| ended(event)).expect("the transmission has ended").0
    }

    pub(crate) fn run(&mut self, span: Duration) {
        let end = self.now + span;
        for _ in 0..5_000_000 {
            self.transmit();
            let devices = self.nodes.iter().filter_map(|node| node.device.as_ref()?.poll_timeout());
            let queued = self.queue.keys().next().map(|(at, _)| *at);
            let next = devices.chain(queued).chain(self.provider.poll_timeout()).min();
            let Some(next) = next.filter(|next| *next <= end) else {
                self.now = end;
                return;
            };
            self.now = self.now.max(next);
            while let Some(entry) = self.queue.first_entry().filter(|entry| entry.key().0 <= self.now) {
                let work = entry.remove();
                self.carry(work);
            }
            for index in 0..self.nodes.len() {
                let now = self.now;
                if let Some(device) = &mut self.nodes[index].device
                    && device.poll_timeout().is_some_and(|due| due <= now)
                {
                    let result = device.handle_timeout(now);
                    self.go_on(index, result);
                }
            }
        }
        panic!("no end of steps at {}", self.now);
    }

    fn schedule(&mut self, after: Duration, work: Work) {
        self.queued += 1;
        self.queue.insert((self.now + after, self.queued), work);
    }

    fn transmit(&mut self) {
        if let Crash::AtCommit(commits) = self.crash {
            self.store.blow_after(commits);
            self.crash = Crash::Blowing;
        }
        while let Some(transmit) = self.poll_transmit() {
            if transmit.channel == label("notification") {
                self.notifications.push(transmit.octets.clone());
            } else {
                self.delivery.push(transmit.octets.clone());
            }
            for index in 0..self.nodes.len() {
                if !self.nodes[index].joined.contains(&transmit.channel) {
                    continue;
                }
                if let Some(octets) = (self.air)(index, &transmit.channel, &transmit.octets) {
                    self.schedule(Duration::ZERO, Work::Datagram(index, transmit.channel.clone(), octets));
                }
            }
        }
        while let Some(event) = self.provider.poll_event() {
            self.provider_events.push((self.now, event));
        }
    }

    fn poll_transmit(&mut self) -> Option<provider::Transmit> {
        let transmit = self.provider.poll_transmit(self.now);
        if self.store.is_blown() {
            self.restart_provider();
            return self.provider.poll_transmit(self.now);
        }
        self.datagrams += usize::from(transmit.is_some());
        if transmit.is_some() && self.crash == Crash::AfterDatagram(self.datagrams) {
            self.restart_provider();
        }
        transmit
    }

    /// Ends the provider as it is, and starts it again with what it has kept.
    pub(crate) fn restart_provider(&mut self) {
        self.store.mend();
        self.crash = Crash::Never;
        self.provider = open_provider(self.nodes.len(), &self.store, self.now);
    }

    /// Loses every answer of the provider from its so-manieth on; it has the requests all the same.
    pub(crate) fn swallow_answers_from(&mut self, number: usize) {
        self.swallowed_from = Some(number);
    }

    /// What the Device gets for a request.
    fn answered(&mut self, index: usize, request: Request<'_>) -> PostOutcome {
        let answer = self.provider.handle_request(self.now, request);
        if self.store.is_blown() || self.crash == Crash::AfterRequest(self.requests) {
            self.restart_provider();
            return PostOutcome::Failed;
        }
        if self.swallowed_from.is_some_and(|first| self.requests >= first) {
            return PostOutcome::Failed;
        }
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        self.nodes[index].answers.push(Message::from_xml(&answer.body).unwrap());
        PostOutcome::Answered { status: 200, retry_after: None, body: answer.body }
    }

    fn carry(&mut self, work: Work) {
        let now = self.now;
        match work {
            Work::Datagram(index, channel, octets) => {
                let source: SocketAddr = "192.0.2.1:4001".parse().unwrap();
                let result = self.nodes[index].device().handle_datagram(now, &channel, source, &octets);
                self.go_on(index, result);
            }
            Work::Post(index, post) => {
                let request = Request { url: &post.url, content_type: Some(MEDIA_TYPE), body: &post.body };
                self.requests += 1;
                let outcome = (self.front)(self.requests);
                let outcome = outcome.unwrap_or_else(|| self.answered(index, request));
                self.schedule(HOP, Work::Outcome(index, outcome));
            }
            Work::Outcome(index, outcome) => {
                let result = self.nodes[index].device().handle_post(now, outcome);
                self.go_on(index, result);
            }
        }
    }

    /// Does what a Device wants, or gives it its power back when it has lost it.
    fn go_on(&mut self, index: usize, result: Result<(), DeviceError>) {
        let has_lost_power = self.nodes[index].supply.as_ref().is_some_and(Supply::is_out);
        if !has_lost_power {
            result.unwrap();
            return self.drain(index);
        }
        self.switch_off(index);
        let now = self.now;
        let id = self.nodes[index].configuration.traits.id.clone();
        let supply = self.nodes[index].supply.as_mut().expect("it was just looked at");
        let has_reported = self.provider.record(&supply.campaign, &id).is_some();
        let storage = supply.restore(now, has_reported);
        self.nodes[index].storage = storage;
        self.switch_on(index);
    }

    fn drain(&mut self, index: usize) {
        let now = self.now;
        loop {
            let node = &mut self.nodes[index];
            while let Some(event) = node.device().poll_event() {
                node.events.push((now, event));
            }
            let Some(action) = node.device().poll_action() else { return };
            match action {
                Action::Join(channel) => {
                    node.ever_joined.insert(channel.clone());
                    assert!(node.joined.insert(channel));
                }
                Action::Leave(channel) => assert!(node.joined.remove(&channel)),
                Action::Post(post) => {
                    node.posts.push((now, Message::from_xml(&post.body).unwrap()));
                    self.schedule(HOP, Work::Post(index, post));
                }
            }
        }
    }
}
