//! The provider's state machine: plans, requests and times in; datagrams, answers and events out.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::delivery::{Sender, SessionPlan};
use crate::spec::{
    Account, Announcement, CampaignId, ChannelLabel, DeviceId, KeyId, SequenceNumber, ServerId, SessionId, Timestamp,
    Tsi,
};
use crate::wire::announcement::{SigningKey, sign};
use crate::wire::mo::ReportedResult;
use crate::wire::mo::fumo::{FumoResult, Operation};
use crate::wire::package0::{GroupAccount, Initiator, Package0, Trigger, UiMode};
use crate::wire::wsp::{self, Push};

use super::broadcast::{Broadcast, Channels};
use super::conduct::Conduct;
use super::memory::{CarePlan, Memory, Name, Numbers, OnAir};
use super::plan::{BroadcastPlan, CampaignPlan, Content, Issue, PackagesJoin, PushError};
use super::record::{CareState, DeviceRecord, Records};
use super::session::Sessions;
use super::store::{MemoryStore, Store, StoreError};

/// Events that are kept for whoever watches; the oldest is dropped first.
const MOST_EVENTS: usize = 4096;
/// How long the provider waits before it tries again to keep what its storage refused.
const RETRY: Duration = Duration::from_secs(1);

/// What a provider is configured with.
#[derive(Debug, Clone)]
pub struct ProviderConfiguration {
    /// Its DM Server's identifier.
    pub server: ServerId,
    /// The account behind Package #0's digest.
    pub group: GroupAccount,
    /// The name of its signing key.
    pub key_id: KeyId,
    /// The key itself.
    pub key: SigningKey,
    /// The Devices it manages.
    pub accounts: BTreeMap<DeviceId, Account>,
    /// The channel for notifications.
    pub notification: ChannelLabel,
    /// The channel for deliveries.
    pub delivery: ChannelLabel,
}

/// A datagram for a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transmit {
    /// The channel.
    pub channel: ChannelLabel,
    /// The datagram.
    pub octets: Vec<u8>,
}

/// A request on the interaction channel.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The URL that the Device addressed; RespURI repeats it.
    pub url: &'a str,
    /// `Content-Type`, with or without parameters.
    pub content_type: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The SyncML document, or a line of text that says what was wrong.
    pub body: Vec<u8>,
}

/// Something that happened inside; a claim, for whoever watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The last packet of a campaign was sent.
    TransmissionEnded(CampaignId),
    /// A Device's first report for a campaign came.
    ReportTaken {
        /// The campaign.
        campaign: CampaignId,
        /// The Device.
        device: DeviceId,
    },
    /// A Device's care reached this state.
    Care {
        /// The campaign.
        campaign: CampaignId,
        /// The Device.
        device: DeviceId,
        /// The state.
        state: CareState,
    },
}

/// A Service Provider with its DM Server.
pub struct Provider {
    pub(super) configuration: ProviderConfiguration,
    pub(super) conduct: Box<dyn Conduct>,
    pub(super) random: ChaCha8Rng,
    pub(super) memory: Memory,
    pub(super) numbers: Numbers,
    pub(super) plans: BTreeMap<CampaignId, CarePlan>,
    /// The campaign that was pushed last.
    pub(super) newest: Option<CampaignId>,
    pub(super) on_air: Vec<Broadcast>,
    /// Datagrams that are ready to be sent.
    outbox: VecDeque<Transmit>,
    /// When what could not be kept is tried again; nothing is sent before it is kept.
    held_until: Option<Timestamp>,
    pub(super) sessions: Sessions,
    pub(super) records: Records,
    events: VecDeque<Event>,
}

impl Provider {
    /// A provider that forgets everything when it ends. Sequence numbers go on from `sequence`.
    pub fn new(
        configuration: ProviderConfiguration,
        conduct: Box<dyn Conduct>,
        sequence: SequenceNumber,
        seed: u64,
    ) -> Self {
        let store = Box::new(MemoryStore::default());
        Self::open(configuration, conduct, store, sequence, seed, Timestamp::default())
            .expect("an empty storage in memory")
    }

    /// A provider that goes on with what `store` holds. Sequence numbers begin after `sequence` where it holds none.
    ///
    /// A campaign that was on the air goes on with the cycle that was broken off, from its notification, under the same
    /// numbers and with the same octets.
    ///
    /// # Errors
    /// [`StoreError`] when the storage cannot be read or written.
    pub fn open(
        configuration: ProviderConfiguration,
        conduct: Box<dyn Conduct>,
        store: Box<dyn Store>,
        sequence: SequenceNumber,
        seed: u64,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        // SessionIDs follow the sequence numbers, which tell campaigns apart where 16 bits no longer do.
        let session = u16::try_from(sequence.0 % 0x7FFF).unwrap_or_default() + 1;
        let session = SessionId::new(session).expect("a number above zero");
        let mut provider = Self {
            sessions: Sessions::new(&configuration.accounts),
            configuration,
            conduct,
            random: ChaCha8Rng::seed_from_u64(seed),
            memory: Memory::new(store),
            numbers: Numbers { sequence, session, starts: 0 },
            plans: BTreeMap::new(),
            newest: None,
            on_air: Vec::new(),
            outbox: VecDeque::new(),
            held_until: None,
            records: Records::default(),
            events: VecDeque::new(),
        };
        provider.resume(seed, now)?;
        Ok(provider)
    }

    /// Puts a campaign on the air.
    ///
    /// # Errors
    /// [`PushError`] when the campaign cannot be broadcast; nothing has been sent then.
    pub fn push(&mut self, now: Timestamp, plan: &CampaignPlan) -> Result<SequenceNumber, PushError> {
        let has_no_schedule = matches!(plan.content, Content::Provisioning { schedule: None, .. });
        if has_no_schedule && self.conduct.wants_a_schedule() {
            return Err(PushError::NoSchedule(plan.campaign.clone()));
        }
        let sequence = self.conduct.next_sequence(self.numbers.sequence);
        let session = self.numbers.session;
        let channels = self.channels();
        let tsi = tsi_of(session);
        let issue =
            Issue { server: &self.configuration.server, session, sequence, tsi, channel: &channels.delivery, now };
        let prepared = plan.prepare(&issue)?;
        let notification = self.notification(session, prepared.ui_mode, &prepared.announcement)?;
        let mut broadcast = plan.broadcast;
        broadcast.repetitions = self.conduct.repetitions(broadcast.repetitions);
        // The Command comes first, the packages after it.
        let objects = prepared.objects.into_iter().zip(0..).filter(|(_, index)| self.conduct.sends(*index > 0));
        let objects: Vec<_> = objects.map(|(object, _)| object).collect();
        let on_air = OnAir {
            campaign: plan.campaign.clone(),
            session,
            notification,
            objects: objects.iter().map(|one| (one.location.clone(), one.content_type.clone())).collect(),
            plan: broadcast,
            expires_at: prepared.announcement.expires_at,
        };
        let octets: Vec<_> = objects.iter().map(|object| object.octets.clone()).collect();
        let session_plan = SessionPlan {
            expires_after: plan.lifetime,
            at_first: (broadcast.packages_join == PackagesJoin::Later).then_some(1),
            ..session_plan(&broadcast, tsi)
        };
        let sender = Sender::new(session_plan, objects, now)
            .map_err(|error| PushError::Delivery { campaign: plan.campaign.clone(), reason: error.to_string() })?;
        let broadcast =
            Broadcast::new(on_air.campaign.clone(), on_air.notification.clone(), sender, broadcast, channels, 0, now);

        self.keep_campaign(plan, &on_air, &octets, &broadcast, sequence)
            .map_err(|source| PushError::Store { campaign: plan.campaign.clone(), source })?;
        self.on_air.push(broadcast);
        Ok(sequence)
    }

    /// Keeps a new campaign and the numbers that it takes; on the air it comes only afterwards.
    fn keep_campaign(
        &mut self,
        plan: &CampaignPlan,
        on_air: &OnAir,
        octets: &[std::sync::Arc<[u8]>],
        broadcast: &Broadcast,
        sequence: SequenceNumber,
    ) -> Result<(), StoreError> {
        let campaign = &plan.campaign;
        let care = CarePlan::from(plan);
        let session = self.numbers.session.get().checked_add(1).unwrap_or(1);
        self.numbers =
            Numbers { sequence, session: SessionId::new(session).expect("a number above zero"), ..self.numbers };
        self.memory.keep(Name::Numbers, &self.numbers);
        self.memory.keep(Name::Plan(campaign), &care);
        self.memory.keep(Name::OnAir(campaign), on_air);
        self.memory.keep(Name::Progress(campaign), &broadcast.progress());
        for (index, octets) in octets.iter().enumerate() {
            self.memory.keep_octets(Name::Object(campaign, index), octets.to_vec());
        }
        self.memory.commit()?;
        self.plans.insert(campaign.clone(), care);
        self.newest = Some(campaign.clone());
        Ok(())
    }

    pub(super) fn channels(&self) -> Channels {
        Channels {
            notification: self.configuration.notification.clone(),
            delivery: self.configuration.delivery.clone(),
        }
    }

    /// The datagram that announces a campaign.
    pub(super) fn notification(
        &self,
        session: SessionId,
        ui_mode: UiMode,
        announcement: &Announcement,
    ) -> Result<Vec<u8>, PushError> {
        let ProviderConfiguration { server, group, key_id, key, .. } = &self.configuration;
        let mut trigger =
            Trigger { ui_mode, initiator: Initiator::Server, session, server: server.clone(), vendor: Vec::new() };
        trigger.vendor = sign(announcement, key_id, key, &trigger.header());
        let package0 = Package0::seal(trigger, group).encode();
        let octets = Push::notification(session.get().to_be_bytes()[1], package0).encode();
        if octets.len() > wsp::MAX_DATAGRAM {
            let campaign = announcement.campaign.clone();
            return Err(PushError::TooLong { campaign, octets: octets.len(), most: wsp::MAX_DATAGRAM });
        }
        Ok(octets)
    }

    /// The next datagram, if one is due now.
    pub fn poll_transmit(&mut self, now: Timestamp) -> Option<Transmit> {
        self.care_overdue(now);
        loop {
            // Nothing is sent that the provider would not know of after a crash.
            if self.memory.commit().is_err() {
                self.held_until = Some(now + RETRY);
                return None;
            }
            self.held_until = None;
            if let Some(transmit) = self.outbox.pop_front() {
                return Some(transmit);
            }
            if !self.advance(now) {
                return None;
            }
        }
    }

    /// Takes the next datagram of the broadcast that has waited longest; gives whether there was any.
    fn advance(&mut self, now: Timestamp) -> bool {
        let Some(broadcast) = self.on_air.iter_mut().min_by_key(|broadcast| broadcast.next_at()) else { return false };
        let before = broadcast.progress();
        let transmit = broadcast.next(now);
        let after = broadcast.progress();
        if before != after {
            self.memory.keep(Name::Progress(&broadcast.campaign), &after);
        }
        let is_any = transmit.is_some();
        if let Some(transmit) = transmit {
            let devices = self.configuration.accounts.len();
            let Transmit { channel, octets } = transmit;
            if channel == self.configuration.delivery {
                let sent = self.conduct.delivers(octets, after.cycle, devices).into_iter();
                self.outbox.extend(sent.map(|octets| Transmit { channel: channel.clone(), octets }));
            } else {
                let octets = self.conduct.announces(octets, after.cycle);
                self.outbox.push_back(Transmit { channel, octets });
            }
        }
        let finished: Vec<Broadcast> = self.on_air.extract_if(.., |broadcast| broadcast.is_finished()).collect();
        for broadcast in finished {
            self.transmission_ended(now, broadcast.campaign, broadcast.objects);
        }
        is_any
    }

    fn transmission_ended(&mut self, now: Timestamp, campaign: CampaignId, objects: usize) {
        self.memory.forget(Name::OnAir(&campaign));
        self.memory.forget(Name::Progress(&campaign));
        for index in 0..objects {
            self.memory.forget(Name::Object(&campaign, index));
        }
        if self.conduct.presumes_success() {
            let devices: Vec<DeviceId> = self.configuration.accounts.keys().cloned().collect();
            for device in devices {
                self.records.note(
                    &campaign,
                    &device,
                    &ReportedResult::Firmware {
                        operation: Operation::DownloadAndUpdate,
                        result: FumoResult::SUCCESSFUL,
                    },
                    now,
                );
            }
        }
        self.tell(Event::TransmissionEnded(campaign));
    }

    /// When [`Provider::poll_transmit`] has something to do next.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        let broadcast = self.on_air.iter().map(Broadcast::next_at).min();
        let overdue = self.records.first_overdue().map(|(until, ..)| *until);
        let due = broadcast.into_iter().chain(overdue).min();
        match self.held_until {
            Some(held) => Some(due.map_or(held, |due| due.max(held))),
            None => due,
        }
    }

    /// Notes an event for whoever watches.
    pub(super) fn tell(&mut self, event: Event) {
        if self.events.len() >= MOST_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    /// Answers a request on the interaction channel.
    pub fn handle_request(&mut self, now: Timestamp, request: Request<'_>) -> Answer {
        super::server::handle(self, now, request)
    }

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// What is known of a Device; `None` is "unknown", whatever the Device did in silence ([FU-P-2]).
    pub fn record(&self, campaign: &CampaignId, device: &DeviceId) -> Option<&DeviceRecord> {
        self.records.get(campaign, device)
    }
}

/// The FLUTE session of a campaign: its SessionID, which no other campaign on the air has.
pub(super) fn tsi_of(session: SessionId) -> Tsi {
    Tsi::new(u64::from(session.get())).expect("16 bits fit in 48")
}

/// What a broadcast plan says of the session, whatever the campaign.
pub(super) fn session_plan(plan: &BroadcastPlan, tsi: Tsi) -> SessionPlan {
    SessionPlan {
        version: plan.version,
        symbol_length: plan.symbol_length,
        repetitions: plan.repetitions,
        parity: plan.parity,
        ..SessionPlan::new(tsi)
    }
}
