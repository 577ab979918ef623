//! The provider's state machine: plans, requests and times in; datagrams, answers and events out.

use std::collections::{BTreeMap, VecDeque};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::delivery::{Sender, SessionPlan};
use crate::spec::{
    Account, CampaignId, CareProcess, ChannelLabel, DeviceId, KeyId, SequenceNumber, ServerId, SessionId, Timestamp,
    Tsi,
};
use crate::wire::announcement::{SigningKey, sign};
use crate::wire::mo::ReportedResult;
use crate::wire::package0::{GroupAccount, Initiator, Package0, Trigger};
use crate::wire::syncml::{Command, Item, Items};
use crate::wire::wsp::{self, Push};

use super::broadcast::{Broadcast, Channels};
use super::care;
use super::conduct::Conduct;
use super::plan::{CampaignPlan, Content, Issue, Prepared, PushError};
use super::record::{CareState, DeviceRecord, Records};
use super::session::Sessions;

/// Events that are kept for whoever watches; the oldest is dropped first.
const MOST_EVENTS: usize = 4096;

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
    conduct: Box<dyn Conduct>,
    pub(super) random: ChaCha8Rng,
    sequence: SequenceNumber,
    session: u16,
    plans: BTreeMap<CampaignId, CampaignPlan>,
    on_air: Vec<Broadcast>,
    pub(super) sessions: Sessions,
    records: Records,
    events: VecDeque<Event>,
}

impl Provider {
    /// A provider that has sent nothing yet. Sequence numbers go on from `sequence`, which a real one keeps.
    pub fn new(
        configuration: ProviderConfiguration,
        conduct: Box<dyn Conduct>,
        sequence: SequenceNumber,
        seed: u64,
    ) -> Self {
        let random = ChaCha8Rng::seed_from_u64(seed);
        // SessionIDs follow the sequence numbers, which tell campaigns apart where 16 bits no longer do.
        let session = u16::try_from(sequence.0 % 0x7FFF).unwrap_or_default() + 1;
        Self {
            sessions: Sessions::new(&configuration.accounts),
            configuration,
            conduct,
            random,
            sequence,
            session,
            plans: BTreeMap::new(),
            on_air: Vec::new(),
            records: Records::default(),
            events: VecDeque::new(),
        }
    }

    /// Puts a campaign on the air.
    ///
    /// # Errors
    /// [`PushError`] when the campaign cannot be broadcast; nothing has been sent then.
    pub fn push(&mut self, now: Timestamp, plan: &CampaignPlan) -> Result<SequenceNumber, PushError> {
        if let Content::Provisioning { schedule: None, .. } = plan.content {
            return Err(PushError::NoSchedule(plan.campaign.clone()));
        }
        let sequence = self.conduct.next_sequence(self.sequence);
        let session = SessionId::new(self.session).expect("drawn from above zero and raised by one");
        let tsi = Tsi::new(u64::from(self.session)).expect("16 bits fit in 48");
        let channels = Channels {
            notification: self.configuration.notification.clone(),
            delivery: self.configuration.delivery.clone(),
        };
        let issue =
            Issue { server: &self.configuration.server, session, sequence, tsi, channel: &channels.delivery, now };
        let prepared = plan.prepare(&issue)?;
        let notification = self.notification(session, &prepared)?;
        let mut broadcast_plan = plan.broadcast;
        broadcast_plan.repetitions = self.conduct.repetitions(broadcast_plan.repetitions);
        let sender = self.sender(plan, &broadcast_plan, tsi, prepared, now)?;

        self.sequence = sequence;
        self.session = self.session.checked_add(1).unwrap_or(1);
        self.plans.insert(plan.campaign.clone(), plan.clone());
        let campaign = plan.campaign.clone();
        self.on_air.push(Broadcast::new(campaign, notification, sender, broadcast_plan, channels, now));
        Ok(sequence)
    }

    fn notification(&self, session: SessionId, prepared: &Prepared) -> Result<Vec<u8>, PushError> {
        let ProviderConfiguration { server, group, key_id, key, .. } = &self.configuration;
        let mut trigger = Trigger {
            ui_mode: prepared.ui_mode,
            initiator: Initiator::Server,
            session,
            server: server.clone(),
            vendor: Vec::new(),
        };
        trigger.vendor = sign(&prepared.announcement, key_id, key, &trigger.header());
        let package0 = Package0::seal(trigger, group).encode();
        let octets = Push::notification(session.get().to_be_bytes()[1], package0).encode();
        if octets.len() > wsp::MAX_DATAGRAM {
            let campaign = prepared.announcement.campaign.clone();
            return Err(PushError::TooLong { campaign, octets: octets.len(), most: wsp::MAX_DATAGRAM });
        }
        Ok(octets)
    }

    fn sender(
        &self,
        plan: &CampaignPlan,
        broadcast: &super::plan::BroadcastPlan,
        tsi: Tsi,
        prepared: Prepared,
        now: Timestamp,
    ) -> Result<Sender, PushError> {
        let session = SessionPlan {
            version: broadcast.version,
            symbol_length: broadcast.symbol_length,
            repetitions: broadcast.repetitions,
            expires_after: plan.lifetime,
            ..SessionPlan::new(tsi)
        };
        // The Command comes first, the packages after it.
        let objects = prepared.objects.into_iter().zip(0..).filter(|(_, index)| self.conduct.sends(*index > 0));
        Sender::new(session, objects.map(|(object, _)| object).collect(), now)
            .map_err(|error| PushError::Delivery { campaign: plan.campaign.clone(), reason: error.to_string() })
    }

    /// The next datagram, if one is due now.
    pub fn poll_transmit(&mut self, now: Timestamp) -> Option<Transmit> {
        let transmit = self.on_air.iter_mut().find_map(|broadcast| broadcast.next(now));
        let finished: Vec<Broadcast> = self.on_air.extract_if(.., |broadcast| broadcast.is_finished()).collect();
        for broadcast in finished {
            self.tell(Event::TransmissionEnded(broadcast.campaign));
        }
        transmit
    }

    /// When [`Provider::poll_transmit`] has something next.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.on_air.iter().map(Broadcast::next_at).min()
    }

    /// Notes an event for whoever watches.
    fn tell(&mut self, event: Event) {
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

    /// Takes a report and gives the commands that follow in the same session, and whether they are care.
    ///
    /// Their `CmdID`s are zero; the message that carries them numbers them.
    pub(super) fn take_report(
        &mut self,
        now: Timestamp,
        device: &DeviceId,
        campaign: &CampaignId,
        result: &ReportedResult,
    ) -> Option<(Vec<Command>, bool)> {
        let plan = self.plans.get(campaign)?.clone();
        if self.records.note(campaign, device, result, now) {
            self.tell(Event::ReportTaken { campaign: campaign.clone(), device: device.clone() });
        }
        // Care whose statuses never came may have been lost with the answer, so a report that comes again gets it again.
        let had_care = self
            .records
            .get(campaign, device)
            .is_some_and(|record| !matches!(record.care, CareState::NotNeeded | CareState::InProgress));
        let mut commands = Vec::new();
        if self.conduct.cares_for(!result.is_success()) && self.conduct.cares_again(had_care) {
            commands = self.care(&plan, device, result);
        }
        let is_care = !commands.is_empty();
        if !plan.inspect.is_empty() {
            let items = plan.inspect.iter().map(Item::for_target).collect();
            commands.push(Command::Get(Items { cmd_id: 0, items }));
        }
        Some((commands, is_care))
    }

    fn care(&mut self, plan: &CampaignPlan, device: &DeviceId, result: &ReportedResult) -> Vec<Command> {
        let ReportedResult::Provisioning(report) = result else {
            // A failed update needs its package again, which only another broadcast can bring.
            self.set_care(&plan.campaign, device, CareState::NeedsAttention);
            return Vec::new();
        };
        match self.conduct.process(care::scheduled_process(plan, report)) {
            CareProcess::ReProvision => {
                let commands = care::re_provisioning(plan, report, self.conduct.as_ref());
                let state = match commands.is_empty() {
                    false => CareState::InProgress,
                    true if care::is_as_wanted(plan, report) => CareState::Restored,
                    // The report names nothing that the campaign could set.
                    true => CareState::NeedsAttention,
                };
                self.set_care(&plan.campaign, device, state);
                commands
            }
            CareProcess::Escalate => {
                self.set_care(&plan.campaign, device, CareState::NeedsAttention);
                Vec::new()
            }
            CareProcess::Ignore => {
                self.set_care(&plan.campaign, device, CareState::Ignored);
                Vec::new()
            }
        }
    }

    pub(super) fn set_care(&mut self, campaign: &CampaignId, device: &DeviceId, state: CareState) {
        if let Some(record) = self.records.get_mut(campaign, device) {
            record.care = state;
            self.tell(Event::Care { campaign: campaign.clone(), device: device.clone(), state });
        }
    }
}
