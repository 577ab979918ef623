//! The scenario once it runs: leases, recorder, air, relays, and the opened subjects.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, spawn_local};

use crate::capture::{LaneId, Timeline};
use crate::device::DeviceConfiguration;
use crate::judge::Word;
use crate::judge::standing::Known;
use crate::net::{Clock, Lease, LossMark, RelayEvent, TcpRelay};
use crate::spec::{ChannelTable, DeviceId, SequenceNumber, Timestamp};
use crate::subject::{DeviceBrief, DeviceInstance, Places, ProviderBrief, ProviderInstance};

use super::air::{Air, AirLane, AirPlan};
use super::broadcasted::Broadcasted;
use super::cast::{Cast, notification_channel};
use super::channels::{Channels, lane};
use super::host::HostWatch;
use super::hostile::Insider;
use super::link::{LinkPlan, Outage};
use super::raw::RawRecording;
use super::recorder::Recorder;
use super::script::Script;
use super::work_folder::{kept_folder, work_folder};
use super::{Lab, StageBrief, StageError};
use starved::Starved;

mod claims;
mod devices;
mod starved;
mod trouble;
mod words;

pub(super) use trouble::SaidDrops;

/// Where the Service Provider's sequence numbers begin; those of the hostile sender are lower.
pub(super) const SEQUENCE: u64 = 1000;
/// How often a wait looks again when nothing was recorded: for claims, which no frame announces.
const TICK: Duration = Duration::from_millis(5);
/// How long a wait lets a burst go by before it looks again.
const BREATH: Duration = Duration::from_millis(1);

/// The running scenario.
pub(super) struct Running {
    /// When it began.
    pub started: Timestamp,
    /// Its clock.
    pub clock: Clock,
    /// What watches the host.
    pub host: HostWatch,
    /// What the host kept from subjects that are processes of their own.
    starved: Starved,
    /// Its recorder.
    pub recorder: Recorder,
    /// The air.
    pub air: Air,
    /// The Service Provider; none while it is being started again.
    pub(super) provider: Option<Box<dyn ProviderInstance>>,
    /// What it is started with.
    pub(super) provider_brief: ProviderBrief,
    /// When the first roll call was held; what is seen from then on is the harness's doing.
    pub first_roll_call: Option<Timestamp>,
    /// When the last of the scenario's own campaigns was over on the air.
    pub last_broadcast_end: Timestamp,
    /// The campaigns put on the air so far, roll calls excepted.
    pub broadcasted: Vec<Broadcasted>,
    cast: Cast,
    seed: u64,
    sender: ChannelTable,
    /// How many campaigns the hostile sender has made.
    pub forgeries: u16,
    devices: BTreeMap<String, Box<dyn DeviceInstance>>,
    briefs: BTreeMap<String, DeviceBrief>,
    ids: BTreeMap<String, DeviceId>,
    relays: Vec<TcpRelay>,
    pub(super) links: BTreeMap<String, LinkPlan>,
    outage: Outage,
    /// Where the Devices' channels are, in their order.
    tables: Vec<ChannelTable>,
    /// Where the relays tell what passes.
    events: mpsc::UnboundedSender<RelayEvent>,
    listener: AbortHandle,
    /// What writes the recording while it is made.
    writer: Option<AbortHandle>,
    /// The kernel's frames, where they are wanted.
    raw: Option<RawRecording>,
    /// What the host had lost before any socket of the scenario was opened.
    losses: LossMark,
    /// What adapters did wrong by instances that have ended since.
    pub(super) past_faults: Vec<String>,
    /// Where it is played.
    pub(super) lab: Lab,
    /// Whether the Devices, and the provider, are a vendor's.
    is_foreign: (bool, bool),
    /// What vendors' adapters said, and the kernel contradicted at once.
    contradicted: Vec<String>,
    /// What vendors' Devices said of their management trees.
    inside: Vec<Word>,
    // Last, so that ports and folders are given back after everything that uses them.
    lease: Lease,
    folder: TempDir,
    /// The places that adapters have for the instances.
    _places: [Places; 2],
}

impl Drop for Running {
    fn drop(&mut self) {
        self.listener.abort();
        self.writer.iter().for_each(AbortHandle::abort);
    }
}

impl Running {
    /// Opens everything but the Devices; [`Running::switch_all_on`] comes next.
    pub(super) async fn open(brief: &StageBrief, script: &Script, early_steps: &[String]) -> Result<Self, StageError> {
        // Before anything of the host is taken: others may have the places for a while.
        let casting = &brief.casting;
        let places = [casting.device.reserve(script.devices.len()).await?, casting.provider.reserve(1).await?];
        let losses = LossMark::now(brief.lab.interface);
        let cast = Cast::new(brief.seed);
        let channels = Channels::lease(brief, script.devices.len())?;
        let recorder = Recorder::new(script.devices.iter().map(lane).collect());
        for step in early_steps {
            recorder.step(step);
        }
        let writer = brief.live.clone().map(|path| {
            let (recorder, clock) = (recorder.clone(), brief.clock);
            spawn_local(async move { recorder.keep_writing(clock, &path).await }).abort_handle()
        });
        let raw = brief.raw.as_ref().map(|(capture, path)| {
            let raw = capture.begin(path, &recorder.recording().lanes);
            for (table, lane) in std::iter::once(&channels.sender).chain(&channels.devices).zip(0..) {
                table.values().for_each(|entry| raw.route((entry.group, entry.port).into(), LaneId(lane)));
            }
            raw
        });
        let plans = script.devices.iter().zip(&channels.devices).zip(1..);
        let lanes = plans.map(|((plan, table), number)| AirLane {
            device: plan.name.clone(),
            channels: table.clone(),
            plan: Rc::new(RefCell::new(AirPlan::new(plan.air.clone(), plan.seed_of_air(brief.seed, number)))),
        });
        let air =
            Air::open(brief.clock, &recorder, &channels.sender, &notification_channel(), lanes.collect(), &brief.lab)?;
        let folder = match &brief.kept {
            Some(kept) => kept_folder(kept, &brief.slug)?,
            None => work_folder()?,
        };
        let mut provider_brief = ProviderBrief {
            name: "the Service Provider".into(),
            configuration: cast.provider(&script.devices),
            channels: channels.sender.clone(),
            listen: brief.lab.any_port(),
            folder: folder.path().join("service-provider"),
            sequence: SequenceNumber(SEQUENCE),
            seed: brief.seed,
            clock: brief.clock,
        };
        let provider = brief.casting.provider.open(provider_brief.clone()).await?;
        // Opened again, it is where the relays expect it.
        provider_brief.listen = provider.server_address();
        let (events, inbox) = mpsc::unbounded_channel();
        let listener = spawn_local(listen(inbox, recorder.clone())).abort_handle();
        Ok(Self {
            started: brief.clock.now(),
            clock: brief.clock,
            recorder,
            air,
            provider: Some(provider),
            provider_brief,
            first_roll_call: None,
            last_broadcast_end: brief.clock.now(),
            broadcasted: Vec::new(),
            cast,
            seed: brief.seed,
            sender: channels.sender,
            forgeries: 0,
            devices: BTreeMap::new(),
            briefs: BTreeMap::new(),
            ids: BTreeMap::new(),
            relays: Vec::new(),
            links: BTreeMap::new(),
            outage: Outage::default(),
            tables: channels.devices,
            events,
            listener,
            writer,
            raw,
            losses,
            past_faults: Vec::new(),
            starved: Starved::begin(brief.casting.clone(), brief.clock.now()),
            host: HostWatch::open(brief.clock).slowed(brief.lab.time_scale),
            lab: brief.lab.clone(),
            is_foreign: (casting.device.is_foreign(), casting.provider.is_foreign()),
            contradicted: Vec::new(),
            inside: Vec::new(),
            lease: channels.lease,
            folder,
            _places: places,
        })
    }

    /// What the hostile sender knows.
    pub(super) fn insider(&self) -> Insider {
        self.cast.insider()
    }

    /// Lets everything pass from now on, on the air and on every way to the DM Server: what follows is the harness's own
    /// measurement.
    pub(super) fn lift_plans(&self) {
        self.air.lift_plans();
        for link in self.links.values() {
            link.lift();
        }
    }

    /// Whether everything has gone wrong that was to go wrong on the ways to the DM Server.
    pub(super) fn links_are_spent(&self) -> bool {
        let attempts = self.broadcasted.iter().map(|entry| entry.attempts).max().unwrap_or_default();
        self.links.values().all(|link| link.is_spent(attempts))
    }

    /// Where the sender's channels are.
    pub(super) fn sender_channels(&self) -> &ChannelTable {
        &self.sender
    }

    /// The DevIds of all Devices.
    pub(super) fn device_ids(&self) -> impl Iterator<Item = &DeviceId> {
        self.ids.values()
    }

    /// The Devices' names by DevId.
    pub(super) fn names(&self) -> BTreeMap<&str, &str> {
        self.ids.iter().map(|(name, id)| (id.as_str(), name.as_str())).collect()
    }

    /// A Device that is on.
    pub(super) fn device(&self, name: &str) -> Result<&dyn DeviceInstance, StageError> {
        let device = self.devices.get(name).map(Box::as_ref);
        device.ok_or_else(|| StageError::Unprepared(format!("Device `{name}` is not on")))
    }

    /// Waits until `probe` finds something; looks again whenever something was recorded.
    pub(super) async fn until<T>(
        &self,
        what: &str,
        within: Duration,
        mut probe: impl FnMut(&Self, &Timeline) -> Option<T>,
    ) -> Result<T, StageError> {
        let patience = self.host.patience(self.clock.now(), within);
        loop {
            // Asked before the look, so that there is always one after the deadline: the host may have held us up.
            let is_last_look = self.host.is_over(patience, self.clock.now());
            if let Some(found) = probe(self, &self.recorder.timeline()) {
                return Ok(found);
            }
            if let Some(fault) = self.adapter_faults().into_iter().next() {
                return Err(StageError::Adapter(fault));
            }
            if !self.troubles().is_empty() {
                return Err(StageError::Host { what: what.to_owned() });
            }
            if is_last_look {
                let frames = self.recorder.recording().frames.len();
                let status = format!("{frames} packets were recorded");
                return Err(StageError::OutOfTime { what: what.to_owned(), within, status });
            }
            // A burst is looked at once, not packet by packet.
            self.clock.sleep_until(self.clock.now() + BREATH).await;
            tokio::select! {
                () = self.recorder.changed() => {}
                () = self.clock.sleep_until(self.clock.now() + TICK) => {}
            }
        }
    }

    /// The Service Provider's name.
    pub(super) fn server(&self) -> &crate::spec::ServerId {
        self.cast.server()
    }

    /// The accounts that the traffic makes use of, as each side has them.
    pub(super) fn known(&self) -> Known {
        let configuration = &self.provider_brief.configuration;
        let account = |device: &DeviceBrief| {
            let DeviceConfiguration { traits, account, .. } = &device.configuration;
            (traits.id.to_string(), account.clone())
        };
        let server = configuration.accounts.iter().map(|(id, account)| (id.to_string(), account.clone()));
        Known {
            group: Some(configuration.group.clone()),
            devices: self.briefs.values().map(account).collect(),
            server: server.collect(),
        }
    }

    /// Ends everything; when this returns, the ports are free. Gives all that adapters did wrong.
    pub(super) async fn close(mut self) -> Vec<String> {
        // The recording is over, and so are the frames: the end of what is still open is told in neither.
        self.raw = None;
        // All at once: an adapter may take its time over each.
        let devices = std::mem::take(&mut self.devices).into_values().map(|device| device.end());
        self.past_faults.extend(futures::future::join_all(devices).await.into_iter().flatten());
        for relay in self.relays.drain(..) {
            relay.close().await;
        }
        if let Some(provider) = self.provider.take() {
            self.past_faults.extend(provider.end().await);
        }
        std::mem::take(&mut self.past_faults)
    }
}

async fn listen(mut inbox: mpsc::UnboundedReceiver<RelayEvent>, recorder: Recorder) {
    while let Some(event) = inbox.recv().await {
        recorder.connection(&event);
    }
}
