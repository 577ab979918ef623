//! The Device's state machine: octets, answers and times in; actions and events out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, SocketAddr};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::delivery::Receiver;
use crate::spec::{CampaignId, ChannelLabel, ServerId, Timestamp, UpdateKind};
use crate::wire::mo::fumo::FumoState;

use super::action::{Action, DeviceError, Event, LocalCondition, PostOutcome, UserAnswer};
use super::admission::{self, Authentic, Refusal};
use super::campaign::{CampaignRun, Failure, Phase, RunId};
use super::conduct::{Conduct, Duty};
use super::configuration::DeviceConfiguration;
use super::session::ClientSession;
use super::state::{DeviceState, LogEntry};
use super::storage::{STATE, Storage};
use super::tree::{SettingsMemory, Tree};

/// Campaigns that a Device carries at the same time at most, waiting reports included; a further one is put off.
const MOST_RUNS: usize = 32;

/// Campaigns that a Device receives at the same time at most; a further one is put off.
const MOST_RECEPTIONS: usize = 8;

/// Events that are kept for whoever watches; the oldest is dropped first.
const MOST_EVENTS: usize = 1024;

/// Octets that a full storage still takes: a Command, but no package.
const ROOM_WHEN_FULL: u64 = 4096;

/// A Device.
pub struct Device {
    pub(super) configuration: DeviceConfiguration,
    pub(super) conduct: Box<dyn Conduct>,
    pub(super) storage: Box<dyn Storage>,
    pub(super) state: DeviceState,
    pub(super) random: ChaCha8Rng,
    pub(super) receivers: BTreeMap<RunId, Receiver>,
    pub(super) joined: BTreeSet<ChannelLabel>,
    /// Channels that a conformant Device would not join; only a broken one has any.
    pub(super) joined_for_others: BTreeSet<ChannelLabel>,
    /// The packet of a delivery channel before this one; kept only by a broken Device.
    pub(super) last_packet: Vec<u8>,
    pub(super) session: Option<ClientSession>,
    pub(super) installer_fails: bool,
    pub(super) storage_is_full: bool,
    pub(super) has_no_room_to_install: bool,
    pub(super) settings_fail: bool,
    /// The state document as last written, so that only changes are.
    pub(super) saved: Option<Vec<u8>>,
    pub(super) actions: VecDeque<Action>,
    pub(super) events: VecDeque<Event>,
}

impl Device {
    /// Switches a Device on: with the state that `storage` holds, or as it left the factory.
    ///
    /// # Errors
    /// [`DeviceError`] when the storage fails or holds no state document.
    pub fn switch_on(
        configuration: DeviceConfiguration,
        conduct: Box<dyn Conduct>,
        storage: Box<dyn Storage>,
        seed: u64,
    ) -> Result<Self, DeviceError> {
        let state: DeviceState = match storage.read(STATE)? {
            Some(octets) => serde_json::from_slice(&octets).map_err(DeviceError::State)?,
            None => DeviceState::factory(&configuration),
        };
        let mut device = Self {
            configuration,
            conduct,
            storage,
            state,
            random: ChaCha8Rng::seed_from_u64(seed),
            receivers: BTreeMap::new(),
            joined: BTreeSet::new(),
            joined_for_others: BTreeSet::new(),
            last_packet: Vec::new(),
            session: None,
            installer_fails: false,
            storage_is_full: false,
            has_no_room_to_install: false,
            settings_fail: false,
            saved: None,
            actions: VecDeque::new(),
            events: VecDeque::new(),
        };
        device.wake();
        for index in 0..device.state.runs.len() {
            device.resume(index);
            if device.state.runs[index].needs_delivery() {
                device.receive(index);
            }
        }
        device.remove_discarded()?;
        device.reconcile_channels();
        Ok(device)
    }

    /// Takes a datagram that came on `channel`.
    ///
    /// # Errors
    /// [`DeviceError`] when what it changed could not be kept.
    pub fn handle_datagram(
        &mut self,
        now: Timestamp,
        channel: &ChannelLabel,
        source: SocketAddr,
        octets: &[u8],
    ) -> Result<(), DeviceError> {
        let has_changed = if *channel == self.configuration.notification {
            self.handle_notification(now, octets)
        } else {
            self.handle_delivery(now, channel, source, octets)
        };
        // Most packets are one symbol among many; only what changes something, or comes when something is due, is worth
        // a look at every campaign and at the state document.
        if !has_changed && self.poll_timeout().is_none_or(|due| due > now) {
            return Ok(());
        }
        self.advance(now)
    }

    /// Takes the End User's answer to the prompt for `campaign`; an answer nobody asked for is ignored.
    ///
    /// # Errors
    /// [`DeviceError`] when what it changed could not be kept.
    pub fn handle_answer(
        &mut self,
        now: Timestamp,
        campaign: &CampaignId,
        answer: UserAnswer,
    ) -> Result<(), DeviceError> {
        let position = self.state.runs.iter().position(|run| {
            run.announcement.campaign == *campaign && matches!(run.phase, Phase::Offered { ask_at: None })
        });
        if let Some(index) = position {
            self.answer(now, index, answer);
        }
        self.advance(now)
    }

    /// Takes what came of the last [`Action::Post`].
    ///
    /// # Errors
    /// [`DeviceError`] when what it changed could not be kept.
    pub fn handle_post(&mut self, now: Timestamp, outcome: PostOutcome) -> Result<(), DeviceError> {
        self.take_post(now, outcome);
        self.advance(now)
    }

    /// Lets time pass; to be called when [`Device::poll_timeout`] is reached.
    ///
    /// # Errors
    /// [`DeviceError`] when what it changed could not be kept.
    pub fn handle_timeout(&mut self, now: Timestamp) -> Result<(), DeviceError> {
        self.advance(now)
    }

    /// Sets a local condition.
    pub fn set_condition(&mut self, condition: LocalCondition) {
        match condition {
            LocalCondition::StorageFull(full) => {
                self.storage_is_full = full;
                self.storage.limit(full.then_some(ROOM_WHEN_FULL));
            }
            LocalCondition::InstallerFails(fails) => self.installer_fails = fails,
            LocalCondition::NoRoomToInstall(is_full) => self.has_no_room_to_install = is_full,
            LocalCondition::SettingsFail(fail) => self.settings_fail = fail,
            LocalCondition::FullLog => self.state.fill_log(),
            LocalCondition::GivesWay(refusals) => self.state.refusals_left = Some(refusals),
        }
    }

    /// Withdraws the registration with a provider: what has not begun to be installed ends without a report ([FU-PRE-1]).
    ///
    /// # Errors
    /// [`DeviceError`] when what it changed could not be kept.
    pub fn withdraw_registration(&mut self, now: Timestamp, server: &ServerId) -> Result<(), DeviceError> {
        self.configuration.registrations.retain(|registration| registration.server != *server);
        for index in 0..self.state.runs.len() {
            self.end_unregistered(index);
        }
        self.advance(now)
    }

    /// When [`Device::handle_timeout`] is due, if nothing else happens first.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        let is_busy = self.session.is_some();
        let due = |run: &CampaignRun| match run.phase {
            // One session at a time: a due report waits for the one that is open, which ends with an event.
            Phase::BackingOff { .. } if is_busy => None,
            _ => run.next_timeout(),
        };
        self.state.runs.iter().filter_map(due).min()
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// From which source a channel is to be heard, given the one that its entry names.
    pub fn joined_source(&self, named: Option<IpAddr>) -> Option<IpAddr> {
        self.conduct.joined_source(named)
    }

    /// The status log, oldest first ([FU-NF-5]).
    pub fn status_log(&self) -> &[LogEntry] {
        &self.state.log
    }

    /// The value of a node of the management tree; `None` when there is none.
    pub fn node(&mut self, uri: &str) -> Option<String> {
        self.tree().leaf(uri).ok()
    }

    pub(super) fn tree(&mut self) -> Tree<'_> {
        let memory = self.settings_memory();
        let DeviceConfiguration { traits, settings, .. } = &self.configuration;
        Tree { traits, factory: settings, conduct: self.conduct.as_ref(), state: &mut self.state, memory }
    }

    /// What becomes of settings that are written now.
    pub(super) fn settings_memory(&self) -> SettingsMemory {
        if self.settings_fail {
            SettingsMemory::Fails
        } else if self.storage_is_full || !self.storage.has_room_for(1) {
            SettingsMemory::Full
        } else {
            SettingsMemory::Keeps
        }
    }

    /// Takes a notification; gives whether it changed anything that is kept.
    fn handle_notification(&mut self, now: Timestamp, octets: &[u8]) -> bool {
        let authentic = admission::authenticate(&self.configuration, &self.state, self.conduct.as_ref(), now, octets);
        match authentic.and_then(|authentic| self.admit(now, authentic)) {
            Ok(()) => true,
            Err(refusal) => {
                self.ask_although_refused(&refusal, octets);
                let has_told = self.tell_of_refusal(now, &refusal, octets);
                let has_heeded = self.heed_although_refused(&refusal, octets) || has_told;
                self.give_up_with_the_cycle(now, &refusal, octets);
                // Outside the rollout the sequence number is accepted all the same; a deviation may join.
                let has_changed = has_heeded || matches!(refusal, Refusal::Rollout | Refusal::Target);
                self.tell(Event::Refused(refusal));
                has_changed
            }
        }
    }

    fn admit(&mut self, now: Timestamp, authentic: Authentic) -> Result<(), Refusal> {
        let Authentic { server, session, announcement } = authentic;
        let conduct = self.conduct.as_ref();
        if let Err(refusal) = admission::check_relevance(&self.configuration, &self.state, conduct, &announcement) {
            if conduct.joins_for_others() {
                self.joined_for_others.insert(announcement.delivery.channel.clone());
            }
            return Err(refusal);
        }
        // Not accepted, so the next repetition brings it again.
        let receptions = self.state.runs.iter().filter(|run| run.needs_delivery()).count();
        if self.state.runs.len() >= MOST_RUNS || receptions >= MOST_RECEPTIONS {
            return Err(Refusal::Busy);
        }
        // Only what is accepted raises the bar for replays: a campaign for others must not shut out one for this Device.
        self.state.accept(server.clone(), announcement.sequence, announcement.campaign.clone());
        let is_over = announcement.rollout.not_after.is_some_and(|end| now > end);
        if self.conduct.finds_rollout_over(is_over) {
            return Err(Refusal::Rollout);
        }
        let earliest = announcement.rollout.not_before.map_or(now, |start| start.max(now));
        let drawn = earliest + self.draw(announcement.rollout.start_window);
        let start = self.conduct.begins_at(now, drawn);
        // What waits to be installed goes on waiting.
        if announcement.kind == UpdateKind::Firmware && self.state.fumo_state() != FumoState::ReadyToUpdate {
            let was_idle = self.state.fumo_state() == FumoState::Idle;
            self.state.fumo_state = FumoState::Idle.number();
            if !was_idle {
                self.tell(Event::FirmwareState(FumoState::Idle));
            }
        }
        self.tell(Event::Admitted(announcement.campaign.clone()));
        let id = self.state.next_run();
        self.state.runs.push(CampaignRun::new(id, server, session, announcement, start));
        // The carousel does not wait for the start: what is spread is installing.
        self.begin_reception(now, self.state.runs.len() - 1);
        Ok(())
    }

    /// Takes every step that is possible now, keeps the state, and brings the joined channels in line.
    fn advance(&mut self, now: Timestamp) -> Result<(), DeviceError> {
        for index in 0..self.state.runs.len() {
            self.step(now, index);
        }
        self.open_session(now);
        self.retire_runs();
        self.reconcile_channels();
        self.save()
    }

    fn step(&mut self, now: Timestamp, index: usize) {
        let run = &mut self.state.runs[index];
        if run.needs_delivery() && now >= run.latest_end {
            // No closing came; a Device that was off meanwhile still knows when the transmission ended.
            run.end_of_transmission = Some(run.latest_end);
        }
        match run.phase.clone() {
            Phase::Receiving if run.is_complete() => {
                run.phase = Phase::Waiting;
                self.step(now, index);
            }
            Phase::Receiving if run.end_of_transmission.is_some() => {
                let failure = if run.spoilt.is_empty() { Failure::Reception } else { Failure::Corrupted };
                self.settle_failure(now, index, failure);
                self.step(now, index);
            }
            Phase::Waiting if now >= run.start => {
                self.begin(now, index);
                self.step(now, index);
            }
            Phase::Offered { .. } if now >= run.offer_end() => {
                self.end_offer(now, index);
                self.step(now, index);
            }
            Phase::Offered { ask_at: Some(time) } if now >= time => self.prompt_again(index),
            Phase::AwaitingEnd(report) => {
                let early = self.conduct.neglects(Duty::AwaitTheEnd).then_some(report.settled_at);
                let Some(end) = early.or(run.end_of_transmission) else { return };
                let from = self.conduct.back_off_from(run.first_packet.unwrap_or(end), end);
                let offset = self.conduct.offset(report.offset);
                let wait = offset + self.draw(report.window);
                let due = if report.settled_at > end + wait {
                    // The deadline went by before there was anything to report.
                    report.settled_at + offset + self.draw(report.window)
                } else {
                    from + wait
                };
                let run = &mut self.state.runs[index];
                run.phase = Phase::BackingOff { due, report };
                let campaign = run.announcement.campaign.clone();
                self.tell(Event::BackingOff { campaign, end, due });
            }
            _ => {}
        }
    }

    /// Notes an event for whoever watches.
    pub(super) fn tell(&mut self, event: Event) {
        if self.events.len() >= MOST_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }
}
